package normalize_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seismohq/seismo/internal/normalize"
)

// compact returns a sample as an SDK sends it, without indentation.
func compact(t testing.TB, name string) []byte {
	t.Helper()
	v := jsontext.Value(readFile(t, samples+name+".json"))
	if err := v.Compact(); err != nil {
		t.Fatal(err)
	}
	return v
}

// BenchmarkEvent measures normalising and writing, on samples of about 8 KB and one of 31 KB.
func BenchmarkEvent(b *testing.B) {
	for _, name := range []string{"sentry-node-exception-weird", "bugsink-exception-group", "sentry-aspnetcore", "bugsink-user-id-as-int"} {
		body := compact(b, name)
		in := input()
		b.Run(strings.TrimPrefix(filepath.Base(name), "bugsink-"), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			var out []byte
			for b.Loop() {
				e, err := normalize.Event(body, in)
				if err != nil {
					b.Fatal(err)
				}
				if out, err = e.AppendJSON(out[:0]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkWorst measures events of a megabyte that are made to cost as much as possible.
func BenchmarkWorst(b *testing.B) {
	bodies := worst()
	for _, name := range slices.Sorted(maps.Keys(bodies)) {
		body := []byte(bodies[name])
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := normalize.Event(body, input()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestAllocations holds a typical event to few allocations, of which the time follows.
func TestAllocations(t *testing.T) {
	body, in := compact(t, "sentry-node-exception-weird"), input()
	got := testing.AllocsPerRun(100, func() {
		if _, err := normalize.Event(body, in); err != nil {
			t.Fatal(err)
		}
	})
	if got > 60 {
		t.Errorf("%v allocations", got)
	}
}
