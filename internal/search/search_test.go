package search_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seismohq/seismo/internal/search"
)

func TestParse(t *testing.T) {
	t.Parallel()
	term := func(text, key, value string, negate bool) search.Term {
		return search.Term{Text: text, Key: key, Value: value, Negate: negate}
	}
	for name, tc := range map[string]struct {
		in   string
		want search.Query
	}{
		"nothing":          {"  ", search.Query{}},
		"words":            {"connection refused", search.Query{Words: []string{"connection", "refused"}}},
		"quoted words":     {`"connection refused"`, search.Query{Words: []string{"connection refused"}}},
		"terms":            {"is:unresolved Level:error", search.Query{Terms: []search.Term{term("is:unresolved", "is", "unresolved", false), term("Level:error", "level", "error", false)}}},
		"negated":          {"!level:info", search.Query{Terms: []search.Term{term("!level:info", "level", "info", true)}}},
		"quoted value":     {`release:"my app 1"`, search.Query{Terms: []search.Term{term(`release:"my app 1"`, "release", "my app 1", false)}}},
		"a url is a word":  {"http://x.org/a", search.Query{Words: []string{"http://x.org/a"}}},
		"a scope is too":   {"Foo::bar a: :b", search.Query{Words: []string{"Foo::bar", "a:", ":b"}}},
		"an open quote":    {`say "hello`, search.Query{Words: []string{"say", "hello"}}},
		"a tag with a dot": {"customer.tier:pro", search.Query{Terms: []search.Term{term("customer.tier:pro", "customer.tier", "pro", false)}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, search.Parse(tc.in)); diff != "" {
				t.Errorf("Parse(%q) (-want +got):\n%s", tc.in, diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"is:new a", `a:"b c" d`, "!x:y", "\"", "::"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q := search.Parse(s)
		if len(q.Terms)+len(q.Words) > len(s) {
			t.Errorf("%d parts from %d bytes", len(q.Terms)+len(q.Words), len(s))
		}
	})
}
