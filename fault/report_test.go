package fault_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seismohq/seismo/fault"
)

func TestFormat(t *testing.T) {
	t.Parallel()
	err := fault.With(fault.Wrap(fault.With(io.EOF, fault.NoStack), "read", slog.String("path", "a b"), slog.Int("n", 3)),
		fault.WithCode(fault.Unavailable), fault.Hint("is the disk there?"))
	for format, want := range map[string]string{
		"%v":  "read: EOF",
		"%s":  "read: EOF",
		"%q":  `"read: EOF"`,
		"%d":  "%!d(*fault.Error=read: EOF)",
		"%+v": "read: EOF\ncode=UNAVAILABLE path=\"a b\" n=3\nhint: is the disk there?\n",
	} {
		if got := fmt.Sprintf(format, err); got != want {
			t.Errorf("%s gives %q, want %q", format, got, want)
		}
	}
	got := fmt.Sprintf("%+v", fault.Wrap(origin(), "a"))
	if !strings.HasPrefix(got, "a: x\ncode=CONFLICT\ngithub.com/seismohq/seismo/fault_test.origin\n\t") {
		t.Errorf("%s", got)
	}
	got = fmt.Sprintf("%+v", fault.Try(func() error { return panics() }))
	if !strings.HasPrefix(got, "panic: assignment to entry in nil map\ncode=INTERNAL_ERROR\ngithub.com/seismohq/seismo/fault_test.panics\n\t") {
		t.Errorf("%s", got)
	}
}

type valuer struct{}

func (valuer) LogValue() slog.Value { return slog.GroupValue(slog.Int("in", 1)) }

func TestReport(t *testing.T) {
	t.Parallel()
	err := fault.With(fault.Wrap(fault.Newf(fault.Conflict, "row %d", 5), "insert",
		slog.Int("a", 1), slog.Int("a", 2), slog.Any("nan", math.NaN()), slog.Any("v", valuer{}), slog.Any("err", io.EOF),
		slog.Duration("d", time.Second), slog.Time("t", time.Unix(0, 0).UTC()), slog.Any("s", []string{"x"}), slog.Any("fn", t.Name),
		slog.Any("nil", nil), slog.Bool("b", true), slog.Uint64("u", math.MaxUint64), slog.Float64("f", 0.5), slog.Any("bytes", []byte("hi")),
		slog.Group("g", slog.String("k", "line\nbreak \x1b[31m \u202e \u009b \xff")),
	), fault.Hint("h"), fault.RetryAfter(time.Second))
	r := fault.Report(err)
	if r.Code != fault.Conflict || r.Status != 409 || r.Level != slog.LevelWarn || r.Message != "insert: row 5" || r.Public != "row 5" ||
		r.Hint != "h" || r.RetryAfter != time.Second || !reflect.DeepEqual(r.Chain, []string{"insert", "row 5"}) || r.Stack == nil || r.Panic {
		t.Errorf("%+v", r)
	}
	js, jerr := json.Marshal(r)
	if jerr != nil {
		t.Fatal(jerr)
	}
	var got struct {
		Code  string
		Chain []string
		Attrs map[string]any
		Stack []fault.Frame
		Retry int `json:"retry_after_ms"`
	}
	if err := json.Unmarshal(js, &got); err != nil {
		t.Fatalf("%v in %s", err, js)
	}
	fn := got.Attrs["fn"].(string)
	delete(got.Attrs, "fn")
	want := map[string]any{
		"a": 1.0, "nan": "NaN", "v": map[string]any{"in": 1.0}, "err": "EOF", "d": "1s", "t": "1970-01-01T00:00:00Z", "s": []any{"x"}, "nil": nil,
		"b": true, "u": float64(math.MaxUint64), "f": 0.5, "bytes": "hi", "g": map[string]any{"k": "line\nbreak \x1b[31m \u202e \u009b \ufffd"},
	}
	if !reflect.DeepEqual(got.Attrs, want) || !strings.HasPrefix(fn, "0x") || got.Code != "CONFLICT" || len(got.Stack) == 0 || got.Retry != 1000 {
		t.Errorf("%+v\nwant attrs %v", got, want)
	}
	for _, raw := range []string{"\n", "\x1b", "\u202e", "\u009b"} {
		if strings.Contains(string(js), raw) {
			t.Errorf("%q stands in the JSON as it is", raw)
		}
	}

	for name, tt := range map[string]struct {
		err   error
		typ   string
		chain []string
		panic bool
	}{
		"foreign":         {fault.Wrap(io.EOF, "a"), "*errors.errorString", []string{"a", "EOF"}, false},
		"foreign between": {fault.Wrap(fmt.Errorf("b: %w", io.EOF), "a"), "*errors.errorString", []string{"a", "b: EOF", "EOF"}, false},
		"join":            {fault.Wrap(errors.Join(io.EOF), "a"), "*errors.joinError", []string{"a", "EOF"}, false},
		"panic":           {fault.Wrap(fault.Try(func() error { panic(1) }), "a"), "*fault.PanicError", []string{"a", "panic: 1"}, true},
		"code":            {fault.NotFound, "fault.Code", []string{"NOT_FOUND"}, false},
	} {
		r := fault.Report(tt.err)
		if r.Type != tt.typ || !reflect.DeepEqual(r.Chain, tt.chain) || r.Panic != tt.panic {
			t.Errorf("%s: %s %v %v", name, r.Type, r.Chain, r.Panic)
		}
		if js := r.AppendJSON(nil); !json.Valid(js) {
			t.Errorf("%s: %s", name, js)
		}
	}
}

func TestPublicJSON(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"title only": {fault.New(fault.Internal, "secret"), `{"title":"Internal error","status":500,"code":"INTERNAL_ERROR"}`},
		"detail":     {fault.Wrap(fault.New(fault.Conflict, "name is taken"), "secret", slog.String("secret", "secret")), `{"title":"Conflict","status":409,"detail":"name is taken","code":"CONFLICT"}`},
		"type":       {fault.New(quota, "x"), `{"type":"https://example.com/quota","title":"Quota exceeded","status":429,"detail":"x","code":"QUOTA_EXCEEDED"}`},
		"fields": {
			fault.Invalid(fault.FieldError{Field: "items/0/n", Rule: "max", Message: "is too large", Param: "5"}),
			`{"title":"Validation failed","status":422,"detail":"validation failed: items/0/n is too large","code":"VALIDATION_ERROR","errors":[{"field":"items/0/n","rule":"max","message":"is too large","param":"5"}]}`,
		},
		"fields of a 500": {fault.With(fault.Invalid(fault.FieldError{Field: "secret"}), fault.WithCode(fault.Internal)), `{"title":"Internal error","status":500,"code":"INTERNAL_ERROR"}`},
		"panic":           {fault.Try(func() error { panic("secret") }), `{"title":"Internal error","status":500,"code":"INTERNAL_ERROR"}`},
	} {
		js, err := json.Marshal(map[string]any{"error": tt.err})
		if want := `{"error":` + tt.want + `}`; err != nil || string(js) != want {
			t.Errorf("%s:\n got %s %v\nwant %s", name, js, err, want)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		doc    string
		code   fault.Code
		status int
		public string
		fields int
	}{
		"ours":            {`{"title":"Conflict","status":409,"detail":"name is taken","code":"CONFLICT"}`, fault.Conflict, 409, "name is taken", 0},
		"no detail":       {`{"title":"Conflict","status":409,"code":"CONFLICT"}`, fault.Conflict, 409, "Conflict", 0},
		"no code":         {`{"title":"Nope","status":404}`, fault.NotFound, 404, "Nope", 0},
		"code unknown":    {`{"status":404,"detail":"gone","code":"THEIR_OWN"}`, "THEIR_OWN", 404, "gone", 0},
		"unknown and 5xx": {`{"status":503,"detail":"their secret","code":"THEIR_OWN"}`, "THEIR_OWN", 503, "Service unavailable", 0},
		"5xx":             {`{"status":500,"detail":"their secret","code":"INTERNAL_ERROR"}`, fault.Internal, 500, "Internal error", 0},
		"code only":       {`{"code":"CONFLICT"}`, fault.Conflict, 409, "Conflict", 0},
		"bad code":        {`{"code":"not a code","status":404}`, fault.NotFound, 404, "Not found", 0},
		"fields":          {`{"status":422,"code":"VALIDATION_ERROR","errors":[{"field":"a"},{"field":"b"}]}`, fault.Validation, 422, "Validation failed", 2},
		"other errors":    {`{"status":422,"code":"VALIDATION_ERROR","errors":{"a":["is required"]}}`, fault.Validation, 422, "Validation failed", 0},
		"no problem":      {`{"hello":1}`, fault.Internal, 500, "Internal error", 0},
		"status 200":      {`{"status":200}`, fault.Internal, 500, "Internal error", 0},
		"html":            {`<html>`, fault.Internal, 500, "Internal error", 0},
		"empty":           {``, fault.Internal, 500, "Internal error", 0},
		"null":            {`null`, fault.Internal, 500, "Internal error", 0},
		"wrong types":     {`{"status":"404"}`, fault.Internal, 500, "Internal error", 0},
		"too large":       {`{"code":"CONFLICT","detail":"` + strings.Repeat("x", 64<<10) + `"}`, fault.Internal, 500, "Internal error", 0},
	} {
		err := fault.Parse([]byte(tt.doc))
		if c, i, p, f := fault.CodeOf(err), fault.InfoOf(err), fault.PublicMessage(err), fault.Fields(err); c != tt.code || i.Status != tt.status || p != tt.public || len(f) != tt.fields {
			t.Errorf("%s: %s %d %q %v", name, c, i.Status, p, f)
		}
		if !errors.Is(err, tt.code) {
			t.Errorf("%s: is not %s", name, tt.code)
		}
	}
}

// What we write we can read, and reading again changes nothing.
func FuzzParse(f *testing.F) {
	for _, err := range []error{fault.New(fault.Conflict, "name is taken"), fault.Invalid(fault.FieldError{Field: "a", Rule: "r", Message: "m", Param: "p"}), io.EOF, fault.New(quota, "x")} {
		js, jerr := json.Marshal(fault.View(err))
		if jerr != nil {
			f.Fatal(jerr)
		}
		f.Add(js)
	}
	f.Add([]byte(`{"title":null,"status":4e2,"code":"A_B","errors":[null]}`))
	f.Add([]byte(`{"status":404.5}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		once := fault.Parse(doc)
		js, err := json.Marshal(once)
		if err != nil || !json.Valid(js) {
			t.Fatalf("%s %v", js, err)
		}
		twice := fault.Parse(js)
		if fault.CodeOf(once) != fault.CodeOf(twice) || fault.InfoOf(once).Status != fault.InfoOf(twice).Status || len(fault.Fields(once)) != len(fault.Fields(twice)) && fault.InfoOf(once).Status < 500 {
			t.Fatalf("%+v\n%+v", once, twice)
		}
	})
}
