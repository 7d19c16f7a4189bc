package grouping_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/grouping"
)

var update = flag.Bool("update", false, "rewrite the goldens: only for a new version of the algorithm")

// TestCases reads testdata/*.txtar. Each file of an archive is a case: two events in a small notation, and whether they are
// the same problem. The notation:
//
//	# why                               a comment
//	want same | different               the events share their primary key, or share no key
//	strategy NAME, quality NAME, title TEXT, shows TEXT     what must hold for the first event besides
//	stack RULE, fingerprint-rule RULE   rules of the project
//	event a                             begins an event
//	event b like a                      begins one that is a copy, changed by the lines that follow: replace "old" "new"
//	platform NAME, level, logger, transaction, release, sdk, type, checksum
//	tag KEY VALUE, fingerprint PART…, message TEXT, template TEXT
//	exception TYPE: VALUE               then: mechanism KEY=VALUE…, frame…
//	thread KEY=VALUE…, stacktrace       then: frame…
//	frame in|out|unknown KEY=VALUE…     module function file path line col code package raw platform addr data.KEY
//	image KEY=VALUE…, security KEY VALUE
func TestCases(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	golden := newGolden(t, "testdata/keys.golden")
	count := 0
	for _, name := range files {
		topic := strings.TrimSuffix(filepath.Base(name), ".txtar")
		for _, f := range readArchive(t, name) {
			count++
			t.Run(topic+"/"+f.name, func(t *testing.T) { runCase(t, golden, topic+"/"+f.name, f.text) })
		}
	}
	if count < 150 {
		t.Errorf("only %d cases", count)
	}
	golden.done(t)
}

// file is one of a txtar archive: what follows a line "-- name --".
type file struct{ name, text string }

// readArchive reads the format of golang.org/x/tools/txtar, which is too little to depend on a module for.
func readArchive(t *testing.T, path string) []file {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var files []file
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "-- "); ok && strings.HasSuffix(name, " --") {
			files = append(files, file{name: strings.TrimSuffix(name, " --")})
		} else if len(files) > 0 {
			files[len(files)-1].text += line
		}
	}
	return files
}

func runCase(t *testing.T, golden *golden, name, text string) {
	c, err := readCase(text)
	if err != nil {
		t.Fatal(err)
	}
	g, err := grouping.New(grouping.Options{StackRules: c.stack, FingerprintRules: c.fingerprints})
	if err != nil {
		t.Fatal(err)
	}
	group := func(lines []string) event.Grouping {
		e, err := readEvent(lines)
		if err != nil {
			t.Fatal(err)
		}
		g.MarkFrames(e)
		got := g.Group(e)
		checkGrouping(t, got)
		return got
	}
	a, b := group(c.a), group(c.b)
	shared := slices.ContainsFunc(a.Keys, func(k event.Key) bool { return slices.Contains(b.Keys, k) })
	if c.want == "same" && a.Keys[0] != b.Keys[0] || c.want == "different" && shared {
		t.Errorf("want %s\n--- a\n%s--- b\n%s", c.want, render(a), render(b))
	}
	if c.strategy != "" && a.Strategy != c.strategy {
		t.Errorf("strategy %q, want %q", a.Strategy, c.strategy)
	}
	if c.quality != "" && a.Quality != c.quality {
		t.Errorf("quality %q, want %q", a.Quality, c.quality)
	}
	if c.title != "" && a.Title != c.title {
		t.Errorf("title %q, want %q", a.Title, c.title)
	}
	for _, s := range c.shows {
		if !strings.Contains(render(a), s) {
			t.Errorf("explanation lacks %q:\n%s", s, render(a))
		}
	}
	golden.check(t, name, keysLine(a)+" | "+keysLine(b))
}

// checkGrouping holds what must be true of every result.
func checkGrouping(t *testing.T, g event.Grouping) {
	t.Helper()
	if len(g.Keys) < 1 || len(g.Keys) > 2 || len(g.Variants) != len(g.Keys) || g.Algorithm != "v1" || g.Strategy == "" {
		t.Errorf("malformed result: %d keys, %d variants, algorithm %q, strategy %q", len(g.Keys), len(g.Variants), g.Algorithm, g.Strategy)
	}
	for i, v := range g.Variants {
		if v.Key != g.Keys[i] || v.Key.IsZero() || !v.Component.Contributes {
			t.Errorf("variant %d %q does not explain key %s", i, v.Name, g.Keys[i])
		}
	}
}

func keysLine(g event.Grouping) string {
	var s []string
	for _, v := range g.Variants {
		s = append(s, v.Name+"="+v.Key.String())
	}
	return strings.Join(s, " ")
}

// render writes an explanation for people.
func render(g event.Grouping) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s by %s", g.Algorithm, g.Strategy)
	if g.Quality != "" {
		fmt.Fprintf(&b, ", quality %s", g.Quality)
	}
	b.WriteByte('\n')
	for _, v := range g.Variants {
		fmt.Fprintf(&b, "%s %s\n", v.Name, v.Key)
		renderComponent(&b, &v.Component, "  ")
	}
	return b.String()
}

func renderComponent(b *strings.Builder, c *event.Component, indent string) {
	b.WriteString(indent)
	if !c.Contributes {
		b.WriteString("- ")
	}
	b.WriteString(c.Name)
	for _, v := range c.Values {
		b.WriteString(" " + strconv.Quote(v))
	}
	if c.Name == "frame" && c.Contributes {
		for _, p := range c.Components {
			if p.Contributes {
				fmt.Fprintf(b, " %s=%s", p.Name, strings.Join(p.Values, " "))
			}
			if p.Hint != "" {
				fmt.Fprintf(b, " (%s: %s)", p.Name, p.Hint)
			}
		}
		b.WriteByte('\n')
		return
	}
	if c.Hint != "" {
		b.WriteString(" (" + c.Hint + ")")
	}
	b.WriteByte('\n')
	for i := range c.Components {
		renderComponent(b, &c.Components[i], indent+"  ")
	}
}

// golden is a file of "name: value" lines.
type golden struct {
	path string
	want map[string]string
	got  map[string]string
}

func newGolden(t *testing.T, path string) *golden {
	g := &golden{path: path, want: map[string]string{}, got: map[string]string{}}
	text, err := os.ReadFile(path)
	if err != nil && !*update {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); ok {
			g.want[name] = value
		}
	}
	return g
}

func (g *golden) check(t *testing.T, name, got string) {
	t.Helper()
	if _, twice := g.got[name]; twice {
		t.Errorf("%s stands twice", name)
	}
	g.got[name] = got
	if !*update && g.want[name] != got {
		t.Errorf("keys changed, which is a new version of the algorithm\n got %s\nwant %s", got, g.want[name])
	}
}

func (g *golden) done(t *testing.T) {
	t.Helper()
	if !*update {
		return
	}
	var lines []string
	for name, value := range g.got {
		lines = append(lines, name+": "+value+"\n")
	}
	slices.Sort(lines)
	if err := os.WriteFile(g.path, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
}
