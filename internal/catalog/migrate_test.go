package catalog

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMigrationsComeInPairs holds the two dialects to the same numbers and names, without a gap.
func TestMigrationsComeInPairs(t *testing.T) {
	t.Parallel()
	names := map[string][]string{}
	for _, dialect := range []string{"sqlite", "postgres"} {
		all, err := migrationsOf(dialect)
		if err != nil || len(all) == 0 {
			t.Fatalf("%s: %d migrations, %v", dialect, len(all), err)
		}
		for i, m := range all {
			if m.number != i+1 {
				t.Errorf("%s: %s is not number %d", dialect, m.name, i+1)
			}
			names[dialect] = append(names[dialect], m.name)
		}
	}
	if diff := cmp.Diff(names["sqlite"], names["postgres"]); diff != "" {
		t.Errorf("the dialects differ (-sqlite +postgres):\n%s", diff)
	}
}

func FuzzParseCursor(f *testing.F) {
	row := issueRow{impact: 7}
	f.Add(row.cursor("impact", sorts["impact"]))
	f.Add("x")
	f.Fuzz(func(t *testing.T, s string) {
		values, err := parseCursor(s, "impact", 3)
		if err == nil && len(values) != 3 {
			t.Errorf("%d values", len(values))
		}
	})
}
