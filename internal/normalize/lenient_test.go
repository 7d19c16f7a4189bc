package normalize

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seismohq/seismo/internal/event"
)

// of parses one value.
func of(t testing.TB, s string) value {
	t.Helper()
	v, ok := parseText(t, s)
	if !ok {
		t.Fatalf("%s is no JSON", s)
	}
	return v
}

func newReader() *reader {
	return open(Input{Received: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)})
}

func TestText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want, python string }{
		{"text", `"a b"`, "a b", "a b"},
		{"whole number", `42`, "42", "42"},
		{"number keeps its digits", `1.50`, "1.50", "1.50"},
		{"true", `true`, "true", "True"},
		{"false", `false`, "false", "False"},
		{"null", `null`, "", ""},
		{"arguments of console.error", `["failed:",{"a":1},3,true,["x","y"]]`, `failed: {"a":1} 3 true x y`, `failed: {"a":1} 3 true x y`},
		{"object", `{"b":[1, 2],"a":"\u00e9\n"}`, `{"b":[1,2],"a":"é\n"}`, `{"b":[1,2],"a":"é\n"}`},
		{"empty object", `{}`, "", ""},
		{"empty list", `[]`, "", ""},
		{"no UTF-8", "\"a\xffb\"", "a\ufffdb", "a\ufffdb"},
		{"NUL", "\"a\x00b\\u0000c\"", "abc", "abc"},
		{"NaN", `NaN`, "NaN", "NaN"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := of(t, tt.in)
			if got := text(v); got != tt.want {
				t.Errorf("text is %q, want %q", got, tt.want)
			}
			if got := pythonText(v); got != tt.python {
				t.Errorf("in tags it is %q, want %q", got, tt.python)
			}
		})
	}
	if got := text(of(t, "["+strings.Repeat(`"`+strings.Repeat("x", 1000)+`",`, 1000)+"1]")); len(got) > longText+2000 {
		t.Errorf("a text made from a list has %d bytes", len(got))
	}
	if got := text(of(t, "{"+strings.Repeat(`"k":"`+strings.Repeat("x", 1000)+`",`, 1000)+`"a":1}`)); len(got) > longText+2000 {
		t.Errorf("a text made from an object has %d bytes", len(got))
	}
}

func TestInteger(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{
		`7`: 7, `-7`: -7, `7.0`: 7, `7e2`: 700, `"7"`: 7, `" 7 "`: 7, `"7.0"`: 7, `0`: 0, `9007199254740993`: 9007199254740993,
	} {
		if got, ok := integer(of(t, in)); !ok || got != want {
			t.Errorf("%s is %d, %v", in, got, ok)
		}
	}
	for _, in := range []string{`7.5`, `"x"`, `""`, `null`, `true`, `[7]`, `{}`, `NaN`, `1e300`, `"0x10"`} {
		if got, ok := integer(of(t, in)); ok {
			t.Errorf("%s is %d", in, got)
		}
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int{
		`7`: 7, `"7"`: 7, `7.0`: 7, `0`: 0, `-1`: 0, `"-1"`: 0, `NaN`: 0, `1.5`: 0, `[]`: 0, `12345678901`: 12345678901, `1e3`: 1000, `-0`: 0,
	} {
		r := newReader()
		if got := r.count("n", of(t, in)); got != want {
			t.Errorf("%s is %d, want %d", in, got, want)
		}
		if bad := strings.Contains(`NaN 1.5`, in); bad != (len(r.e.Errors) == 1) {
			t.Errorf("%s: problems %v", in, r.e.Errors)
		}
	}
}

func TestBoolean(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		`true`: true, `1`: true, `"true"`: true, `"yes"`: true, `"True"`: true, `"1"`: true,
		`false`: false, `0`: false, `"false"`: false, `"no"`: false, `"0"`: false,
	} {
		if got, ok := boolean(of(t, in)); !ok || got != want {
			t.Errorf("%s is %v, %v", in, got, ok)
		}
	}
	for _, in := range []string{`2`, `"maybe"`, `null`, `[]`, `{}`, `""`} {
		if got, ok := boolean(of(t, in)); ok {
			t.Errorf("%s is %v", in, got)
		}
	}
}

func TestElements(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		want     []string
		problem  bool
	}{
		{"list", `[{"a":1},{"a":2}]`, []string{`{"a":1}`, `{"a":2}`}, false},
		{"wrapped", `{"values":[{"a":1},{"a":2}]}`, []string{`{"a":1}`, `{"a":2}`}, false},
		{"wrapped single", `{"values":{"a":1}}`, []string{`{"a":1}`}, false},
		{"single object", `{"a":1}`, []string{`{"a":1}`}, false},
		{"nulls stand", `[null,{"a":1}]`, []string{`null`, `{"a":1}`}, false},
		{"empty object", `{}`, nil, false},
		{"empty list", `[]`, nil, false},
		{"wrapped null", `{"values":null}`, nil, false},
		{"wrapped empty", `{"values":{}}`, nil, false},
		{"null", `null`, nil, false},
		{"empty text", `""`, nil, false},
		{"number", `3`, nil, true},
		{"wrapped number", `{"values":3}`, nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newReader()
			var got []string
			for k := r.elements("x", of(t, tt.in)); len(k) > 0; k = k.rest() {
				got = append(got, string(appendJSON(nil, k.first(), 100)))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if (len(r.e.Errors) > 0) != tt.problem {
				t.Errorf("problems: %v", r.e.Errors)
			}
		})
	}
}

func TestEntries(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in, want string
		problems       int
	}{
		{"map", `{"a":1,"b":"x"}`, "a=1 b=x", 0},
		{"pairs", `[["a",1],["b","x"]]`, "a=1 b=x", 0},
		{"keys and values", `[{"key":"a","value":1},{"key":"b","value":"x"}]`, "a=1 b=x", 0},
		{"names and versions", `[{"name":"a","version":1},{"name":"b","value":"x"}]`, "a=1 b=x", 0},
		{"numbers as keys", `[[1,2]]`, "1=2", 0},
		{"key alone", `[["a"]]`, "a=", 0},
		{"bad ones among good ones", `[["a",1],7,null,["b","c","d"],[[],1],{"x":1},["b",2]]`, "a=1 b=2", 4},
		{"null", `null`, "", 0},
		{"empty", `[]`, "", 0},
		{"text", `"a=1"`, "", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newReader()
			var got []string
			for key, v := range r.entries("x", of(t, tt.in)) {
				got = append(got, key+"="+text(v))
			}
			if strings.Join(got, " ") != tt.want || len(r.e.Errors) != tt.problems {
				t.Errorf("got %q with problems %v", got, r.e.Errors)
			}
		})
	}
}

func TestTimestamp(t *testing.T) {
	t.Parallel()
	utc := func(h, m, s, micros int) time.Time { return time.Date(2026, 2, 3, h, m, s, micros*1000, time.UTC) }
	for _, tt := range []struct {
		in   string
		want time.Time
	}{
		{`"2026-02-03T04:05:06Z"`, utc(4, 5, 6, 0)},
		{`"2026-02-03t04:05:06z"`, utc(4, 5, 6, 0)},
		{`"2026-02-03T04:05:06"`, utc(4, 5, 6, 0)},
		{`"2026-02-03 04:05:06"`, utc(4, 5, 6, 0)},
		{`"2026-02-03T04:05"`, utc(4, 5, 0, 0)},
		{`"2026-02-03"`, utc(0, 0, 0, 0)},
		{`"2026-02-03T04:05:06.1Z"`, utc(4, 5, 6, 100000)},
		{`"2026-02-03T04:05:06.123456789Z"`, utc(4, 5, 6, 123456)},
		{`"2026-02-03T04:05:06,123Z"`, utc(4, 5, 6, 123000)},
		{`"2026-02-03T04:05:06.000001+00:00"`, utc(4, 5, 6, 1)},
		{`"2026-02-03T02:05:06.123456789-02:00"`, utc(4, 5, 6, 123456)},
		{`"2026-02-03T09:35:06+0530"`, utc(4, 5, 6, 0)},
		{`"2026-02-03T06:05:06+02"`, utc(4, 5, 6, 0)},
		{`"2026-02-03 04:05:06 UTC"`, utc(4, 5, 6, 0)},
		{`"2026-02-03 04:05:06 +0000"`, utc(4, 5, 6, 0)},
		{`"2026-02-02T23:59:60Z"`, utc(0, 0, 0, 0)},
		{`1770091506`, utc(4, 5, 6, 0)},
		{`1770091506.123456`, utc(4, 5, 6, 123456)},
		{`1770091506.1234567`, utc(4, 5, 6, 123456)},
		{`1.770091506e9`, utc(4, 5, 6, 0)},
		{`"1770091506.5"`, utc(4, 5, 6, 500000)},
		{`1770091506123`, utc(4, 5, 6, 123000)},
		{`"1770091506123"`, utc(4, 5, 6, 123000)},
		{`0`, time.Unix(0, 0).UTC()},
	} {
		if got, ok := timestamp(of(t, tt.in)); !ok || !got.Equal(tt.want) || got.Location() != time.UTC {
			t.Errorf("%s is %v, %v; want %v", tt.in, got, ok, tt.want)
		}
	}
	for _, in := range []string{
		`null`, `true`, `[]`, `{}`, `""`, `"yesterday"`, `"2026-02-30"`, `"2026-13-01"`, `"2026-02-03T25:00:00Z"`, `"2026-02-03T04:60"`,
		`"2026-02-03X04:05:06"`, `"2026-02-03T04:05:06 PST"`, `"0000-01-01"`, `-5`, `NaN`, `Infinity`, `1e400`, `99999999999999999999999`, `"2026-02-03T04:05:06+99:00"`,
	} {
		if got, ok := timestamp(of(t, in)); ok {
			t.Errorf("%s is %v", in, got)
		}
	}
}

func FuzzDate(f *testing.F) {
	for _, s := range []string{"2026-02-03T04:05:06Z", "2024-02-29T04:05:06.123456789-02:00", "1770091506.5", "2026-02-03 04:05:06 +0000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := timestamp(value{{kind: event.String, text: s, size: 1}})
		if ok && (got.Year() < 0 || got.Year() > 9999) {
			t.Fatalf("%q is %v", s, got)
		}
		if want, err := time.Parse(time.RFC3339Nano, s); err == nil && want.Year() > 0 && (!ok || !got.Equal(want.UTC().Truncate(time.Microsecond))) {
			t.Fatalf("%q is %v, %v; want %v", s, got, ok, want)
		}
	})
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`"0x7FFee4c0"`: "0x7ffee4c0", `"0X10"`: "0x10", `"16"`: "0x10", `16`: "0x10", `16.0`: "0x10", `18446744073709551615`: "0xffffffffffffffff",
		`""`: "", `null`: "", `"0xzz"`: "", `"nowhere"`: "", `-1`: "", `"0x11112222333344445555"`: "", `[]`: "",
	} {
		if got := newReader().address("a", of(t, in)); got != want {
			t.Errorf("%s is %q, want %q", in, got, want)
		}
	}
}

func TestObject(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 100)
	for _, tt := range []struct {
		name, in     string
		bytes, depth int
		want         string
		remarks      []event.Remark
	}{
		{"map", `{"b":1,"a":[true,null,{"c":"d"}]}`, 1000, 5, `{"b":1,"a":[true,null,{"c":"d"}]}`, nil},
		{"pairs", `[["b",1],["a","x"]]`, 1000, 5, `{"b":1,"a":"x"}`, nil},
		{"keys and values", `[{"key":"b","value":1}]`, 1000, 5, `{"b":1}`, nil},
		{"bare list", `["x",["y"]]`, 1000, 5, `{"0":"x","1":["y"]}`, nil},
		{"bare text", `"x"`, 1000, 5, `{"value":"x"}`, nil},
		{"last of repeated keys", `{"a":1,"b":2,"a":3}`, 1000, 5, `{"a":3,"b":2}`, nil},
		{"nothing", `[]`, 1000, 5, `null`, nil},
		{
			"too deep becomes text", `{"a":{"b":{"c":[1,{"d":"é"}]}}}`, 1000, 2,
			`{"a":{"b":"{\"c\":[1,{\"d\":\"é\"}]}"}}`, nil,
		},
		{
			"long text is cut, not within a character", `{"a":"` + long + `","b":1}`, 40, 5,
			`{"a":"` + strings.Repeat("é", 16) + `..."}`,
			[]event.Remark{
				{Path: "x.a", Rule: "!limit", Kind: "s", From: 32, To: 35, Len: 200},
				{Path: "x", Rule: "!limit", Kind: "x", Note: "kept 1 of 2"},
			},
		},
		{
			"long list loses its tail", `{"a":[1,2,3,4,5,6,7,8,9]}`, 20, 5, `{"a":[1,2,3,4,5,6]}`,
			[]event.Remark{{Path: "x.a", Rule: "!limit", Kind: "x", Note: "kept 6 of 9"}},
		},
		{
			"long map loses its tail", `{"a":{"b":1,"c":2,"d":3}}`, 18, 5, `{"a":{"b":1,"c":2}}`,
			[]event.Remark{{Path: "x.a", Rule: "!limit", Kind: "x", Note: "kept 2 of 3"}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newReader()
			m := r.object("x", of(t, tt.in), tt.bytes, tt.depth)
			got := "null"
			if m != nil {
				b, err := m.MarshalJSON()
				if err != nil {
					t.Fatal(err)
				}
				got = string(b)
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if diff := cmp.Diff(tt.remarks, r.e.Remarks); diff != "" {
				t.Error(diff)
			}
			if len(r.path) != 0 {
				t.Errorf("still at %v", r.path)
			}
		})
	}
}

func TestCutText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in, want string
		chars    int
	}{
		{"abcdef", "abcdef", 6}, {"abcdefg", "abc...", 6}, {"ääääää", "ääääää", 6}, {"äääääää", "äää...", 6}, {"", "", 6},
	} {
		if got, was := cutText(tt.in, tt.chars); got != tt.want || was != (tt.in != tt.want) {
			t.Errorf("%q is %q, %v", tt.in, got, was)
		}
	}
}
