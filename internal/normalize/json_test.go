package normalize

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/seismohq/seismo/internal/event"
)

func parseText(t testing.TB, s string) (value, bool) {
	t.Helper()
	p := new(parser)
	return p.parse(clean([]byte(s)))
}

func TestParse(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return strings.Repeat("[", n) + `{"a":"]"}` + strings.Repeat("]", n) }
	for _, tt := range []struct{ name, in, want string }{
		{"scalars", ` [ null, true ,false,1,-2.5e3,"x" ] `, `[null,true,false,1,-2.5e3,"x"]`},
		{"objects", "{\"a\" :{},\t\"b\":[ ],\r\n\"c\":{\"d\":[{}]}}", `{"a":{},"b":[],"c":{"d":[{}]}}`},
		{"escapes", `"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"`, `"\"\\/\u0008\u000c\n\r\té😀"`},
		{"unknown escape stays", `"\q"`, `"\\q"`},
		{"short unicode escape stays", `"\u12"`, `"\\u12"`},
		{"escaped backslash before the end", `["\\","a"]`, `["\\","a"]`},
		{"half a surrogate pair", `"a\ud83db"`, `"a` + "\ufffd" + `b"`},
		{"half a pair before another escape", `"\ud83d\u0041"`, `"` + "\ufffd" + `A"`},
		{"escaped NUL", `"a\u0000b"`, `"ab"`},
		{"raw NUL", "\"a\x00b\"", `"ab"`},
		{"raw control characters", "\"a\x01\x1f\t\n\rb\x7f\"", "\"a  \\t\\n\\rb\x7f\""},
		{"raw control character behind others", "\"0123456789\n0123456789\x02\"", `"0123456789\n0123456789 "`},
		{"no UTF-8", "\"a\xff\xfeb\"", `"a` + "\ufffd" + `b"`},
		{"byte order mark", "\ufeff{}", `{}`},
		{"numbers without a JSON form", `[NaN,Infinity,-Infinity]`, `["NaN","Infinity","-Infinity"]`},
		{"numbers that are none", `[01,+5,1.,.5]`, `["01","+5","1.",".5"]`},
		{"repeated keys are kept", `{"a":1,"a":2}`, `{"a":1,"a":2}`},
		{"escaped key", `{"\u0061\n":1}`, `{"a\n":1}`},
		{"as deep as it gets", deep(jsonDepth - 1), deep(jsonDepth - 1)},
		{"deeper becomes text", deep(jsonDepth), strings.Repeat("[", jsonDepth) + `"{\"a\":\"]\"}"` + strings.Repeat("]", jsonDepth)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, ok := parseText(t, tt.in)
			if !ok {
				t.Fatal("refused")
			}
			if got := string(appendJSON(nil, v, 1<<20)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", " ", "{", "[", `"`, `"\`, `"\"`, "{}x", "[1 2]", "[1,]", "{,}", `{"a"}`, `{"a":}`, `{"a":1,}`, "{a:1}", "nul", "None", "'a'", "-", "e", "+", "[1}", `{"a":1]`,
		strings.Repeat("[", 1<<20), strings.Repeat("[", 1<<20) + "]", strings.Repeat(`{"a":`, 500) + "nope",
	} {
		if _, ok := parseText(t, in); ok {
			t.Errorf("%.30q was taken", in)
		}
	}
}

func TestGetTakesTheLast(t *testing.T) {
	t.Parallel()
	v, _ := parseText(t, `{"a":1,"b":{"a":9},"a":2}`)
	if got := v.get("a"); got[0].text != "2" {
		t.Errorf("got %v", got)
	}
	if v.get("c") != nil || v.get("b").get("a")[0].text != "9" || len(v.get("a").kids()) != 0 {
		t.Error("get found what is not there")
	}
}

// FuzzJSON holds the parser to the standard library's: it takes whatever that takes, with the same meaning.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e3,null,true,"\u00e9\ud83d\ude00"]}`, `"\ud83d"`, `[NaN]`, `[[[[]]]]`, "\"\xff\"", `{"a":1,"a":{"b":2}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		v, ok := parseText(t, in)
		if ok {
			check(t, v)
		}
		var want any
		d := json.NewDecoder(strings.NewReader(in))
		d.UseNumber()
		if hasControl(in) || strings.HasPrefix(in, "\ufeff") || !utf8.ValidString(in) || !json.Valid([]byte(in)) || d.Decode(&want) != nil {
			return
		}
		if !ok {
			t.Fatal("refused valid JSON")
		}
		if strings.Contains(in, `\u0000`) || depth(want) > jsonDepth {
			return
		}
		if got := goValue(v); !reflect.DeepEqual(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

// check holds what walking a value relies on.
func check(t *testing.T, v value) {
	t.Helper()
	if int(v[0].size) != len(v) || v.kids().count() != int(v[0].kids) || !utf8.ValidString(v[0].text) || strings.IndexByte(v[0].text, 0) >= 0 {
		t.Fatalf("bad node %+v of %d", v[0], len(v))
	}
	for k := v.kids(); len(k) > 0; k = k.rest() {
		check(t, k.first())
	}
}

func depth(v any) (d int) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			d = max(d, depth(x))
		}
		return d + 1
	case map[string]any:
		for _, x := range v {
			d = max(d, depth(x))
		}
		return d + 1
	}
	return 0
}

func goValue(v value) any {
	switch n := v[0]; n.kind {
	case event.Bool:
		return n.text == "true"
	case event.Number:
		return json.Number(n.text)
	case event.String:
		return n.text
	case event.List:
		list := []any{}
		for k := v.kids(); len(k) > 0; k = k.rest() {
			list = append(list, goValue(k.first()))
		}
		return list
	case event.Object:
		m := map[string]any{}
		for k := v.kids(); len(k) > 0; k = k.rest() {
			m[k[0].key] = goValue(k.first())
		}
		return m
	}
	return nil
}
