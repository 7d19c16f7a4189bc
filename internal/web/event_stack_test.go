package web

import (
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seismohq/seismo/internal/event"
)

func frames(spec string) *event.Stacktrace {
	s := &event.Stacktrace{}
	for n, part := range strings.Fields(spec) { // outermost first: "app:main lib:net/http"
		kind, name, _ := strings.Cut(part, ":")
		app := kind == "app"
		f := event.Frame{Function: name, Module: name, Filename: name + ".x", Line: n + 1}
		if kind != "?" {
			f.InApp = &app
		}
		s.Frames = append(s.Frames, f)
	}
	return s
}

// outline writes groups as text: "*f" is open, "lib" is pale, "[…]" is folded.
func outline(groups []frameGroup) string {
	var out []string
	for _, g := range groups {
		if g.Folded != "" {
			out = append(out, "["+g.Folded+"]")
			continue
		}
		f := g.Frames[0]
		s := f.Function
		if f.Lib {
			s = "(" + s + ")"
		}
		if f.Open {
			s = "*" + s
		}
		out = append(out, s)
	}
	return strings.ReplaceAll(strings.Join(out, " "), hard, " ")
}

func TestFramesAreFolded(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		in   string
		all  bool
		want string
	}{
		"innermost first":        {"app:main app:inner", false, "*inner main"},
		"a run is folded":        {"app:main lib:a lib:b lib:a app:f", false, "*f [3 frames in a and b] main"},
		"a single one is not":    {"app:main lib:a app:f", false, "*f (a) main"},
		"opens where it is ours": {"app:main app:f lib:x lib:y", false, "[2 frames in y and x] *f main"},
		"many libraries":         {"app:f lib:a lib:b lib:c lib:d", false, "[4 frames in d, c and 2 more] *f"},
		"all":                    {"app:main lib:a lib:b app:f", true, "*f (b) (a) main"},
		"nothing is ours":        {"lib:a lib:b lib:c", false, "*c b a"},
		"nothing is known":       {"?:a ?:b", false, "*b a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := stackBuilder{paint: &painter{}, all: tc.all}
			got, _ := b.groups(frames(tc.in), true)
			if outline(got) != tc.want {
				t.Errorf("%s, want %s", outline(got), tc.want)
			}
		})
	}
}

func TestFramesAreBounded(t *testing.T) {
	t.Parallel()
	b := stackBuilder{paint: &painter{}}
	s := frames(strings.Repeat("app:f ", 1000))
	for i := range s.Frames {
		s.Frames[i].ContextLine = "code"
	}
	s.Omitted = 7
	groups, note := b.groups(s, true)
	if len(groups) != maxFrames || b.sources != maxSource || note != "750"+hard+"more frames in the JSON. 7"+hard+"frames were left out by the sender or on the way in." {
		t.Errorf("%d groups, %d with source, %q", len(groups), b.sources, note)
	}
}

func TestSourceLines(t *testing.T) {
	t.Parallel()
	b := stackBuilder{paint: &painter{}}
	f := &event.Frame{Filename: "a.unknown", Line: 10, PreContext: []string{"1", "2", "3", "4", "5", "6", "7\r"}, ContextLine: "a < b\u202e", PostContext: []string{"x", strings.Repeat("y", 1000)}}
	var got []string
	for _, l := range b.source(f, true) {
		mark := " "
		if l.Hit {
			mark = ">"
		}
		got = append(got, fmt.Sprintf("%s%d %.20s", mark, l.Number, l.Code))
	}
	want := []string{" 5 3", " 6 4", " 7 5", " 8 6", " 9 7", ">10 a &lt; b⟨U+202E⟩", " 11 x", " 12 " + strings.Repeat("y", 20)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestVariables(t *testing.T) {
	t.Parallel()
	vars := event.Map{
		{Key: "s", Value: event.Str("it's \"x\"")},
		{Key: "n", Value: event.Value{Kind: event.Number, Text: "1.50"}},
		{Key: "none", Value: event.Value{}},
		{Key: "repr", Value: event.Str("None")},
		{Key: "list", Value: event.Value{Kind: event.List, List: []event.Value{event.Str("a"), {Kind: event.Object, Map: event.Map{{Key: "k", Value: event.Value{Kind: event.Bool, Text: "true"}}}}}}},
	}
	text := func(platform string) string {
		b := stackBuilder{platform: platform}
		var out []string
		for _, v := range b.vars(vars) {
			mark := ""
			if v.Nil {
				mark = "!"
			}
			out = append(out, v.Name+"="+mark+v.Value.Head)
		}
		return strings.Join(out, " ")
	}
	for platform, want := range map[string]string{
		"go":     `s="it's \"x\"" n=1.50 none=!nil repr=!None list=["a", {k: true}]`,
		"python": `s=it's "x" n=1.50 none=!None repr=!None list=["a", {k: true}]`,
	} {
		if got := text(platform); got != want {
			t.Errorf("%s: %s\nwant %s", platform, got, want)
		}
	}
}

// TestChain shows what was caught first, and under it what caused it.
func TestChain(t *testing.T) {
	t.Parallel()
	s := &site{files: &fileTree{}}
	v := testVisit()
	v.site = s
	v.r = mustRequest("/issues/A-1")
	e := &event.Event{Platform: "java", Exceptions: []event.Exception{
		{Type: "Root", Value: "r", Stacktrace: frames("app:a")},
		{Type: "Middle", Value: "m"},
		{Type: "Outer", Value: "o", Stacktrace: frames("app:b lib:c")},
	}}
	got := v.stackView(issueRequest{values: url.Values{}}, e, framesApp)
	var lines []string
	for _, p := range got.Parts {
		lines = append(lines, fmt.Sprintf("%s %v %s -> %s %s", p.Type, p.Cause, outline(p.Groups), p.Next, p.Note))
	}
	want := []string{
		"Outer false (c) *b -> cause-1 ", "Middle true  -> cause-2 This exception came without a stack trace.", "Root true a ->  ",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	raw := rawTrace(e)
	if raw != "Outer: o\n  at c (c.x:2)\n  at b (b.x:1)\nCaused by: Middle: m\nCaused by: Root: r\n  at a (a.x:1)\n" {
		t.Errorf("raw:\n%s", raw)
	}
}

func TestPaint(t *testing.T) {
	t.Parallel()
	p := &painter{}
	for name, tc := range map[string]struct {
		file, platform, code, want string
	}{
		"go":          {"a.go", "", `if s == "<b>" { return 1 } // x`, `<span class="k">if</span> s == <span class="s">&#34;&lt;b&gt;&#34;</span> { <span class="k">return</span> <span class="n">1</span> } <span class="c">// x</span>`},
		"by platform": {"x", "python", `return None`, `<span class="k">return</span> <span class="k">None</span>`},
		"unknown":     {"x.zzz", "", `a < b`, ``},
	} {
		got := p.lines([]string{tc.code}, tc.file, tc.platform)
		if tc.want == "" {
			if got != nil {
				t.Errorf("%s: %v", name, got)
			}
			continue
		}
		if len(got) != 1 || string(got[0]) != tc.want {
			t.Errorf("%s: %v\nwant %s", name, got, tc.want)
		}
	}
	if got := p.lines([]string{strings.Repeat("x", maxPainted)}, "a.go", ""); got != nil {
		t.Error("paints without bound")
	}
	for i := range 3 * maxKept {
		p.lines([]string{fmt.Sprint(i)}, "a.zzz", "")
	}
	if len(p.kept) > maxKept {
		t.Errorf("keeps %d", len(p.kept))
	}
}

// FuzzPaint holds painted code to the text it was made from: the same lines, all of it escaped.
func FuzzPaint(f *testing.F) {
	for _, s := range []string{"if x { // y\n\"z\"", "/* a\nb */ c", "<script>\n'", "`a\nb`", "#{x}\n\"\"\"\n"} {
		f.Add(s, "a.go", "go")
		f.Add(s, "a.py", "python")
		f.Add(s, "a.js", "javascript")
		f.Add(s, "", "ruby")
	}
	f.Fuzz(func(t *testing.T, code, file, platform string) {
		raw := strings.Split(visible(code), "\n")
		got := (&painter{}).lines(raw, file, platform)
		if got == nil {
			return
		}
		if len(got) != len(raw) {
			t.Fatalf("%d lines of %d", len(got), len(raw))
		}
		for i, l := range got {
			plain := string(l)
			for _, c := range []string{"k", "s", "n", "c"} {
				plain = strings.ReplaceAll(plain, `<span class="`+c+`">`, "")
			}
			plain = strings.ReplaceAll(plain, "</span>", "")
			if want := template.HTMLEscapeString(raw[i]); plain != want {
				t.Errorf("line %d of %q: %q, want %q", i, code, plain, want)
			}
		}
	})
}
