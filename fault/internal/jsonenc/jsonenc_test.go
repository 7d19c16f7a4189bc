package jsonenc_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/seismohq/seismo/fault/internal/jsonenc"
)

func TestAppendValue(t *testing.T) {
	t.Parallel()
	for want, in := range map[string]any{
		`"a\"\\\n\r\t\u0000\u001b\u007f"`:  "a\"\\\n\r\t\x00\x1b\x7f",
		`"é日\u0085\u202e\u2028\ufffd"`:     "é日\u0085\u202e\u2028\xff",
		`-5`:                               -5,
		`18446744073709551615`:             uint64(math.MaxUint64),
		`0.1`:                              0.1,
		`"NaN"`:                            math.NaN(),
		`"+Inf"`:                           math.Inf(1),
		`true`:                             true,
		`"1m0s"`:                           time.Minute,
		`"2026-01-02T03:04:05.000000006Z"`: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC),
		`null`:                             nil,
		`"boom"`:                           errors.New("boom"),
		`"MONDAY"`:                         stringer("monday"),
		`"<raw>"`:                          []byte("<raw>"),
		`{"A":1}`:                          struct{ A int }{1},
		`{"a":1}`:                          slog.GroupValue(slog.Int("a", 1), slog.Int("a", 2), slog.Group("b")),
		`"2"`:                              jsonString("2"),
		`"{F:{}}"`:                         struct{ F broken }{},
	} {
		if got := string(jsonenc.AppendValue(nil, slog.AnyValue(in))); got != want {
			t.Errorf("%#v: got %s, want %s", in, got, want)
		}
	}
}

type stringer string

func (s stringer) String() string { return strings.ToUpper(string(s)) }

type jsonString string

func (s jsonString) MarshalJSON() ([]byte, error) { return []byte(`"` + s + `"`), nil }
func (jsonString) Error() string                  { return "not this" }

type broken struct{}

func (broken) MarshalJSON() ([]byte, error) { return nil, errors.New("broken") }

func FuzzAppendString(f *testing.F) {
	f.Add("a\"\\\n\x00é\u202e\xff\u2028\U0001f600")
	f.Fuzz(func(t *testing.T, s string) {
		js := jsonenc.AppendString(nil, s)
		var got string
		if err := json.Unmarshal(js, &got); err != nil {
			t.Fatalf("%q gives %s: %v", s, js, err)
		}
		if utf8.ValidString(s) && got != s {
			t.Errorf("%q comes back as %q", s, got)
		}
		for _, r := range string(js) {
			if r < ' ' || r == 0x7f || jsonenc.Hostile(r) {
				t.Errorf("%q holds %q", js, r)
			}
		}
	})
}
