package event

import (
	stdjson "encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seismohq/seismo/fault"
)

// fill sets every field below v to something that is not zero and differs from its neighbours.
func fill(v reflect.Value, n *int, depth int) {
	*n++
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = time.Date(2026, 2, 3, 4, 5, 6, *n*1000, time.UTC)
		return
	case *Value:
		*x = sampleValue(*n)
		return
	case *Map:
		*x = sampleValue(*n).Map
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d <&\"\\\n\x01é\u2028>", *n))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint8:
		v.SetUint(uint64(*n % 256))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n, depth)
	case reflect.Slice:
		if v.Type().Elem() == reflect.TypeFor[Component]() && depth > 12 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), n, depth+1)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), n, depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n, depth+1)
		}
	default:
		panic("fill does not know " + v.Type().String())
	}
}

func sampleValue(n int) Value {
	return Value{Kind: Object, Map: Map{
		{"z", Value{Kind: Number, Text: fmt.Sprintf("%d.250e+3", n)}},
		{"a", Value{Kind: List, List: []Value{{}, {Kind: Bool, Text: "true"}, {Kind: Bool, Text: "false"}, Str("x\ty")}}},
		{"", Value{Kind: Object, Map: Map{}}},
		{"empty", Value{Kind: List, List: []Value{}}},
	}}
}

func filled() *Event {
	e, n := new(Event), 0
	fill(reflect.ValueOf(e).Elem(), &n, 0)
	return e
}

// byTags is the JSON form as the struct tags say it.
func byTags(t *testing.T, e *Event) string {
	t.Helper()
	type event Event
	b, err := json.Marshal((*event)(e), json.WithMarshalers(json.MarshalToFunc(func(enc *jsontext.Encoder, x time.Time) error {
		return enc.WriteToken(jsontext.String(x.Format("2006-01-02T15:04:05.000000Z07:00")))
	})))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAppendJSONFollowsTheTags(t *testing.T) {
	t.Parallel()
	emptied := filled()
	for v, i := reflect.ValueOf(emptied).Elem(), 0; i < v.NumField(); i++ {
		if f := v.Field(i); f.Kind() == reflect.Slice {
			f.Set(reflect.MakeSlice(f.Type(), 0, 0))
		}
	}
	for name, e := range map[string]*Event{
		"all fields": filled(), "zero": {}, "empty lists": emptied,
		"zero parts": {
			Message: &Message{}, Exceptions: make([]Exception, 1), Threads: make([]Thread, 1), Stacktrace: &Stacktrace{}, User: &User{},
			Request: &Request{}, Contexts: make([]Context, 1), Breadcrumbs: make([]Breadcrumb, 1), Tags: make([]Tag, 1), SDK: &SDK{},
			DebugImages: make([]Map, 1), Errors: make([]Problem, 1), Remarks: make([]Remark, 1), Template: &Frame{},
			Grouping: &Grouping{Variants: make([]Variant, 1)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := e.AppendJSON([]byte("x"))
			if err != nil {
				t.Fatal(err)
			}
			// Compared as values too, because encoders may escape differently.
			if diff := cmp.Diff(canonical(t, byTags(t, e)), canonical(t, string(got[1:]))); got[0] != 'x' || diff != "" {
				t.Errorf("AppendJSON differs from the tags (-tags +by hand):\n%s", diff)
			}
		})
	}
}

func canonical(t *testing.T, s string) string {
	t.Helper()
	v := jsontext.Value(s)
	if err := v.Indent(jsontext.CanonicalizeRawInts(false), jsontext.PreserveRawStrings(false)); err != nil {
		t.Fatalf("%v in %s", err, s)
	}
	return string(v)
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	e := filled()
	b, err := e.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e, got); diff != "" {
		t.Errorf("Parse differs (-want +got):\n%s", diff)
	}
	std, err := stdjson.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var viaStd Event
	if err := stdjson.Unmarshal(std, &viaStd); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e, &viaStd); diff != "" {
		t.Errorf("encoding/json differs (-want +got):\n%s", diff)
	}
	var plain Request // parts of an event work with encoding/json as well
	part, err := stdjson.Marshal(e.Request)
	if err != nil {
		t.Fatal(err)
	}
	if err := stdjson.Unmarshal(part, &plain); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e.Request, &plain); diff != "" {
		t.Errorf("a part through encoding/json differs (-want +got):\n%s", diff)
	}
}

func TestValueJSON(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"keeps the order of keys", `{"b":1,"a":2}`, `{"b":1,"a":2}`},
		{"keeps numbers as text", `[1.50,1e400,-0,12345678901234567890123]`, `[1.50,1e400,-0,12345678901234567890123]`},
		{"last of repeated keys wins at the first place", `{"a":1,"b":2,"a":3}`, `{"a":3,"b":2}`},
		{"mends UTF-8", "[\"a\xffb\"]", "[\"a\ufffdb\"]"},
		{"escapes control characters", `"\u0000\u001f\b\t\n\r\f\"\\\/"`, `"\u0000\u001f\u0008\t\n\r\u000c\"\\/"`},
		{"scalars", `[null,true,false,"",0]`, `[null,true,false,"",0]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var v Value
			if err := v.UnmarshalJSON([]byte(tt.in)); err != nil {
				t.Fatal(err)
			}
			got, err := v.AppendJSON(nil)
			if err != nil || string(got) != tt.want {
				t.Errorf("got %s, %v; want %s", got, err, tt.want)
			}
		})
	}
}

func TestMapUnique(t *testing.T) {
	t.Parallel()
	for _, n := range []int{3, 40} {
		var m Map
		for i := range 3 * n {
			m = append(m, Field{fmt.Sprint(i % n), Value{Kind: Number, Text: fmt.Sprint(i)}})
		}
		m = m.Unique()
		if len(m) != n || m[1].Key != "1" || m[1].Value.Text != fmt.Sprint(2*n+1) {
			t.Errorf("%d keys: got %v", n, m)
		}
	}
}

func TestNotEncodable(t *testing.T) {
	t.Parallel()
	deep := func(n int) Value {
		v := Value{}
		for range n {
			v = Value{Kind: List, List: []Value{v}}
		}
		return v
	}
	f := func(name string, e *Event, want bool) {
		t.Helper()
		b, err := e.AppendJSON(nil)
		if (err == nil) != want {
			t.Errorf("%s: error %v", name, err)
		}
		if err != nil && fault.CodeOf(err) != fault.Internal {
			t.Errorf("%s: code %v", name, fault.CodeOf(err))
		}
		if err == nil {
			if _, err := Parse(b); err != nil {
				t.Errorf("%s: cannot be read back: %v", name, err)
			}
		}
	}
	f("no number", &Event{Extra: Map{{"a", Value{Kind: Number, Text: "NaN"}}}}, false)
	f("year 10000", &Event{Timestamp: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, false)
	f("year 9999", &Event{Timestamp: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}, true)
	f("too deep", &Event{Extra: Map{{"a", deep(maxDepth)}}}, false)
	f("just deep enough", &Event{Extra: Map{{"a", deep(maxDepth - 1)}}}, true)
}

func TestIsNumber(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"0": true, "-0": true, "10": true, "1.5": true, "1e5": true, "1E-5": true, "-1.25e+10": true,
		"": false, "-": false, "01": false, "1.": false, ".5": false, "1e": false, "1e+": false, "+1": false, "NaN": false, "1 ": false, "0x1": false,
	} {
		if IsNumber(s) != want {
			t.Errorf("IsNumber(%q) is %v", s, !want)
		}
	}
}

func TestParseRejects(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", "null x", "[]", `{"event_id":"xyz"}`, `{"timestamp":"yesterday"}`, `{"extra":[]}`, `{"tags":{}}`,
		`{"extra":` + strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1) + "}",
	} {
		if _, err := Parse([]byte(in)); fault.CodeOf(err) != fault.Validation {
			t.Errorf("%.40s: got %v", in, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("../../testdata/events/*.json")
	for _, name := range files {
		if b, err := os.ReadFile(name); err == nil && len(b) < 8<<10 {
			f.Add(b)
		}
	}
	b, err := filled().AppendJSON(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"timestamp":"2026-01-01T10:00:00.1234567+02:00","extra":{"a":{"a":1,"a":2}}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		first, err := Parse(in)
		if err != nil {
			return
		}
		b1, err := first.AppendJSON(nil)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		second, err := Parse(b1)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, b1)
		}
		if diff := cmp.Diff(first, second, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("unstable:\n%s", diff)
		}
		if b2, err := second.AppendJSON(nil); err != nil || string(b2) != string(b1) {
			t.Fatalf("unstable: %v\n%s\n%s", err, b1, b2)
		}
	})
}

func BenchmarkAppendJSON(b *testing.B) {
	e, buf := filled(), []byte(nil)
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = e.AppendJSON(buf[:0])
	}
	b.SetBytes(int64(len(buf)))
}

func BenchmarkAppendByTags(b *testing.B) {
	type event Event
	e := filled()
	b.ReportAllocs()
	for b.Loop() {
		_, _ = json.Marshal((*event)(e))
	}
}

func BenchmarkParse(b *testing.B) {
	raw, _ := filled().AppendJSON(nil)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(raw); err != nil {
			b.Fatal(err)
		}
	}
}
