package normalize_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/normalize"
)

// members are the attributes of a JSON object.
type members = map[string]json.RawMessage

func decoded(t testing.TB, b []byte) members {
	t.Helper()
	var m members
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func encoded(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// follows says which attributes of the result depend on an attribute sent, beside the one of its own name.
var follows = map[string][]string{
	"event_id":    {},
	"timestamp":   {"breadcrumbs"}, // shifted with it
	"platform":    {"exception", "threads", "stacktrace", "user", "request", "culprit", "title", "metadata", "location"},
	"type":        {"level"},
	"exception":   {"type", "title", "culprit", "metadata", "location", "level"},
	"stacktrace":  {"exception", "title", "culprit", "metadata", "location"},
	"threads":     {"exception", "title", "culprit", "metadata", "location"},
	"logentry":    {"title", "type"},
	"message":     {"logentry", "title", "type"},
	"contexts":    {"exception"},
	"request":     {"user", "culprit"},
	"sdk":         {"user"},
	"release":     {"dist"},
	"transaction": {"culprit"},
	"tags":        {"release", "dist", "environment"},
	"culprit":     {"other"},
	"debug_meta":  {"debug_images", "other"},
}

// TestBadAttributeLosesOnlyItself replaces each attribute of each real event by what is none.
func TestBadAttributeLosesOnlyItself(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"values":[`, 200) + strings.Repeat(`]}`, 200)
	bad := []string{"null", "[]", "{}", `""`, "0", "true", `"text"`, "[[[[]]]]", `[null,7,"x",[],{}]`, `{"values":7}`, "NaN", deep}
	for _, file := range sampleFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			body := readFile(t, file)
			want := result(t, body)
			for name := range decoded(t, body) {
				for _, b := range bad {
					got := result(t, replaced(t, body, name, b))
					// Tags follow from everything, and what was wrong is said in errors and remarks.
					depend := append([]string{name, "tags", "errors", "remarks", "other"}, follows[name]...)
					for _, result := range []members{want, got} {
						for attribute := range result {
							if !slices.Contains(depend, attribute) && !bytes.Equal(want[attribute], got[attribute]) {
								t.Errorf("%s = %.40s changes %s:\n%s", name, b, attribute, cmp.Diff(string(want[attribute]), string(got[attribute])))
							}
						}
					}
				}
			}
		})
	}
}

func result(t testing.TB, body []byte) members {
	t.Helper()
	e, err := normalize.Event(body, input())
	if err != nil {
		t.Fatalf("%v: %.200s", err, body)
	}
	b, err := e.AppendJSON(nil)
	if err != nil {
		t.Fatalf("%v: %.200s", err, body)
	}
	return decoded(t, b)
}

// replaced returns body with another value for an attribute, as text: encoders would refuse some of them.
func replaced(t testing.TB, body []byte, name, value string) []byte {
	t.Helper()
	m := decoded(t, body)
	const here = `"<here>"`
	m[name] = json.RawMessage(here)
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Replace(b, encoded(t, json.RawMessage(here)), []byte(value), 1)
}

// TestFormsAreEqual holds the forms SDKs choose between to one result.
func TestFormsAreEqual(t *testing.T) {
	t.Parallel()
	each := func(name string, change func(testing.TB, members) bool) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := 0
			for _, file := range sampleFiles(t) {
				body := readFile(t, file)
				m := decoded(t, body)
				if !change(t, m) {
					continue
				}
				changed++
				if diff := cmp.Diff(normalized(t, body, input()), normalized(t, encoded(t, m), input())); diff != "" {
					t.Errorf("%s: %s", file, diff)
				}
			}
			if changed < 3 {
				t.Errorf("applies to %d samples only", changed)
			}
		})
	}
	lists := []string{"exception", "breadcrumbs", "threads"}
	each("lists without a wrapper", func(_ testing.TB, m members) (changed bool) {
		for _, name := range lists {
			if inner, ok := decodedIf(m[name])["values"]; ok {
				m[name], changed = inner, true
			}
		}
		return changed
	})
	each("a single object for a list", func(_ testing.TB, m members) (changed bool) {
		for _, name := range lists {
			var elements []json.RawMessage
			if json.Unmarshal(decodedIf(m[name])["values"], &elements) == nil && len(elements) == 1 {
				m[name], changed = elements[0], true
			}
		}
		return changed
	})
	each("nulls among list elements", func(t testing.TB, m members) (changed bool) {
		for _, name := range lists {
			var elements []json.RawMessage
			if json.Unmarshal(decodedIf(m[name])["values"], &elements) == nil && len(elements) > 0 {
				m[name], changed = encoded(t, append([]json.RawMessage{json.RawMessage("null")}, elements...)), true
			}
		}
		return changed
	})
	asPairs := func(t testing.TB, raw json.RawMessage, pair func(k string, v event.Value) any) (json.RawMessage, bool) {
		var m event.Map
		if len(raw) == 0 || raw[0] != '{' || m.UnmarshalJSON(raw) != nil || len(m) == 0 {
			return nil, false
		}
		pairs := []any{}
		for _, f := range m {
			pairs = append(pairs, pair(f.Key, f.Value))
		}
		return encoded(t, pairs), true
	}
	for form, pair := range map[string]func(k string, v event.Value) any{
		"maps as lists of pairs":           func(k string, v event.Value) any { return []any{k, v} },
		"maps as lists of keys and values": func(k string, v event.Value) any { return map[string]any{"key": k, "value": v} },
	} {
		each(form, func(t testing.TB, m members) (changed bool) {
			for _, name := range []string{"tags", "modules", "extra", "contexts"} {
				if pairs, ok := asPairs(t, m[name], pair); ok {
					m[name], changed = pairs, true
				}
			}
			if request := decodedIf(m["request"]); request != nil {
				for _, name := range []string{"headers", "cookies", "env", "query_string"} {
					if pairs, ok := asPairs(t, request[name], pair); ok {
						request[name], changed = pairs, true
					}
				}
				m["request"] = encoded(t, request)
			}
			return changed
		})
	}
	each("dashed upper-case id", func(t testing.TB, m members) bool {
		var s string
		if json.Unmarshal(m["event_id"], &s) != nil || len(s) != 32 {
			return false
		}
		s = strings.ToUpper(s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:])
		m["event_id"] = encoded(t, s)
		return true
	})
	each("legacy names", func(_ testing.TB, m members) bool {
		for short, long := range map[string]string{
			"exception": "Exception", "logentry": "Message", "stacktrace": "Stacktrace", "request": "Http", "user": "User",
			"breadcrumbs": "Breadcrumbs", "contexts": "Contexts", "threads": "Threads",
		} {
			if v, ok := m[short]; ok {
				delete(m, short)
				m["sentry.interfaces."+long] = v
			}
		}
		return true
	})
}

func decodedIf(b json.RawMessage) (m members) {
	_ = json.Unmarshal(b, &m)
	return m
}

// TestNothingIsLost finds every text and number of every sample in what became of it.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	for _, file := range sampleFiles(t) {
		body := readFile(t, file)
		in := input()
		found := map[string]bool{}
		leaves(t, []byte(normalized(t, body, in)), "", func(_, s string) { found[s] = true })
		leaves(t, body, "", func(path, s string) {
			switch {
			case s == "" || found[s], strings.HasSuffix(path, "timestamp"), s == "{{auto}}":
			case strings.HasSuffix(path, "query_string"): // taken apart
			case strings.HasSuffix(path, "event_id") && len(s) == 36: // undashed
			default:
				t.Errorf("%s: %s = %q is lost", filepath.Base(file), path, s)
			}
		})
	}
}

func leaves(t testing.TB, b json.RawMessage, path string, f func(path, text string)) {
	t.Helper()
	switch b = bytes.TrimSpace(b); b[0] {
	case '{':
		for k, v := range decoded(t, b) {
			leaves(t, v, path+"."+k, f)
		}
	case '[':
		var list []json.RawMessage
		if err := json.Unmarshal(b, &list); err != nil {
			t.Fatal(err)
		}
		for _, v := range list {
			leaves(t, v, path, f)
		}
	case '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			t.Fatal(err)
		}
		f(path, s)
	case 'n', 'f': // null and false are what absent means
	default:
		f(path, string(b))
	}
}

// TestStoredForm holds the stored form of every sample to being read back, and Finish and DeriveTags to being repeatable.
func TestStoredForm(t *testing.T) {
	t.Parallel()
	for _, file := range sampleFiles(t) {
		e, err := normalize.Event(readFile(t, file), input())
		if err != nil {
			t.Fatal(err)
		}
		first := indented(t, e)
		normalize.Finish(e)
		normalize.DeriveTags(e)
		if diff := cmp.Diff(first, indented(t, e)); diff != "" {
			t.Errorf("%s: not repeatable: %s", file, diff)
		}
		back, err := event.Parse([]byte(first))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, indented(t, back)); diff != "" {
			t.Errorf("%s: not read back: %s", file, diff)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body string
		code       fault.Code
		reason     string
	}{
		{"nothing", "", fault.Validation, "invalid_json"},
		{"no JSON", "hello", fault.Validation, "invalid_json"},
		{"cut off", `{"message":"x`, fault.Validation, "invalid_json"},
		{"list", `[]`, fault.Validation, "invalid_json"},
		{"text", `"x"`, fault.Validation, "invalid_json"},
		{"null", `null`, fault.Validation, "invalid_json"},
		{"two objects", `{}{}`, fault.Validation, "invalid_json"},
		{"too large", `{"message":"` + strings.Repeat("x", 1000) + `"}`, fault.TooLarge, "too_large"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := input()
			in.Limits.Bytes = 1000
			e, err := normalize.Event([]byte(tt.body), in)
			if e != nil || fault.CodeOf(err) != tt.code || normalize.Reason(err) != tt.reason {
				t.Errorf("got %v with reason %s", err, normalize.Reason(err))
			}
		})
	}
	if e, err := normalize.Event([]byte("\ufeff {} \r\n\x00"), input()); err != nil || e.Title != "<unlabeled event>" || e.ID != input().FallbackID {
		t.Errorf("the empty event is %v, %v", e, err)
	}
}

// worst are events of a megabyte that are made to cost as much as possible.
func worst() map[string]string {
	repeat := func(before, part, after string) string {
		return before + strings.Repeat(part+",", (1<<20-len(before)-len(after))/(len(part)+1)-1) + part + after
	}
	return map[string]string{
		"frames":             repeat(`{"exception":[{"type":"E","stacktrace":{"frames":[`, `{"function":"f","filename":"a.py","lineno":1,"in_app":true,"vars":{"a":1}}`, `]}}]}`),
		"tiny frames":        repeat(`{"threads":[{"stacktrace":{"frames":[`, `{"lineno":1}`, `]}}]}`),
		"threads":            repeat(`{"threads":[`, `{"stacktrace":{"frames":[{"lineno":1},{"lineno":1},{"lineno":1}]}}`, `]}`),
		"exceptions":         repeat(`{"exception":[`, `{"type":"E"}`, `]}`),
		"breadcrumbs":        repeat(`{"breadcrumbs":[`, `{"message":"x"}`, `]}`),
		"tags":               repeat(`{"tags":[`, `["a","b"]`, `]}`),
		"numbers in extra":   repeat(`{"extra":{"a":[`, `1`, `]}}`),
		"lists in extra":     repeat(`{"extra":{"a":[`, `[]`, `]}}`),
		"same key in extra":  repeat(`{"extra":{`, `"a":1`, `}}`),
		"bad fingerprint":    repeat(`{"fingerprint":[`, `[1]`, `]}`),
		"contexts":           repeat(`{"contexts":[`, `["a",{"b":1}]`, `]}`),
		"images":             repeat(`{"debug_meta":{"images":[`, `{"type":"elf"}`, `]}}`),
		"remarks":            repeat(`{"_meta":{"a":{"":{"rem":[`, `["@x","x"]`, `]}}}}`),
		"problems":           repeat(`{"errors":[`, `{"type":"x"}`, `]}`),
		"query":              `{"request":{"url":"http://x/?` + strings.Repeat("a=b&", 250_000) + `"}}`,
		"body as JSON":       `{"request":{"data":"[` + strings.Repeat("0,", 500_000) + `0]"}}`,
		"body as form":       `{"request":{"data":"` + strings.Repeat("a=b&", 250_000) + `"}}`,
		"control characters": repeat(`{"exception":[`, `{"type":"`+strings.Repeat("\x01", 200)+`","value":"`+strings.Repeat("\x02", 8000)+`"}`, `]}`),
		"control in extra":   `{"extra":{"a":"` + strings.Repeat("\x01", 1<<20-20) + `"}}`,
		"no UTF-8":           `{"extra":{"a":"` + strings.Repeat("\xffa", 1<<19-20) + `"}}`,
		"unknown":            repeat(`{`, `"a":[1,2,3]`, `}`),
		"packages":           repeat(`{"sdk":{"packages":[`, `{"name":"a","version":"1"}`, `]}}`),
		"modules":            repeat(`{"modules":[`, `["a","1"]`, `]}`),
		"nesting":            `{"extra":` + strings.Repeat("[", 1<<19-20) + strings.Repeat("]", 1<<19-20) + `}`,
		"nested objects":     `{"a":` + strings.Repeat(`{"a":`, 170_000) + "1" + strings.Repeat("}", 170_000) + `}`,
		"escapes":            `{"extra":{"a":"` + strings.Repeat(`\u0001`, 170_000) + `"}}`,
		"braces":             `{"logentry":{"message":"` + strings.Repeat("{}", 500_000) + `","params":[1]}}`,
		"template":           `{"platform":"native","stacktrace":{"frames":[{"function":"` + strings.Repeat("<", 500_000) + `"}]}}`,
	}
}

// TestBounds holds the worst a megabyte can be made of to the limits of what is stored.
func TestBounds(t *testing.T) {
	t.Parallel()
	for name, body := range worst() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := normalize.Event([]byte(body), input())
			if err != nil {
				t.Fatal(err)
			}
			b, err := e.AppendJSON(nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(b) > 2<<20 {
				t.Errorf("%d bytes became %d", len(body), len(b))
			}
			if n := len(e.Errors) + len(e.Remarks); n > 200 {
				t.Errorf("%d problems and remarks", n)
			}
		})
	}
}

func FuzzEvent(f *testing.F) {
	for _, file := range sampleFiles(f) {
		if b := compact(f, strings.TrimSuffix(filepath.Base(file), ".json")); len(b) < 10<<10 {
			f.Add([]byte(b))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		in := input()
		in.SentAt = in.Received.Add(-3 * time.Hour)
		e, err := normalize.Event(body, in)
		if err != nil {
			return
		}
		first, err := e.AppendJSON(nil)
		if err != nil {
			t.Fatalf("cannot be written: %v", err)
		}
		back, err := event.Parse(first)
		if err != nil {
			t.Fatalf("cannot be read back: %v\n%s", err, first)
		}
		again, err := back.AppendJSON(nil)
		if err != nil || !bytes.Equal(first, again) {
			t.Fatalf("unstable: %v\n%s\n%s", err, first, again)
		}
		if len(first) > 8*len(body)+8<<10 {
			t.Fatalf("%d bytes became %d", len(body), len(first))
		}
		normalize.Finish(e)
		if again, _ = e.AppendJSON(nil); !bytes.Equal(first, again) {
			t.Fatalf("Finish is not repeatable\n%s\n%s", first, again)
		}
	})
}
