package faultlog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faultlog"
)

func decode(t *testing.T, b []byte) []map[string]any {
	t.Helper()
	var out []map[string]any
	for line := range bytes.Lines(b) {
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		out = append(out, m)
	}
	return out
}

func TestSlogContract(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		buf.Reset()
		return faultlog.NewHandler(&buf, nil)
	}, func(t *testing.T) map[string]any { return decode(t, buf.Bytes())[0] })
}

type tagged struct {
	Name   string `json:"name"`
	Pin    string `fault:"secret"`
	APIKey string
	Inner  map[string]any `json:"inner,omitempty"`
	hidden string
}

type account string

func TestHandlerJSON(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		log  func(*slog.Logger)
		want string // after time
	}{
		"plain":          {func(l *slog.Logger) { l.Info("started", "port", 80) }, `{"level":"INFO","msg":"started","port":80}`},
		"critical":       {func(l *slog.Logger) { l.Log(t.Context(), faultlog.LevelCritical, "x") }, `{"level":"CRITICAL","msg":"x"}`},
		"between levels": {func(l *slog.Logger) { l.Log(t.Context(), faultlog.LevelCritical+1, "x") }, `{"level":"CRITICAL+1","msg":"x"}`},
		"forged line":    {func(l *slog.Logger) { l.Info("a\n{\"msg\":\"b\"}", "k\n", "v\r\x1b[0m") }, `{"level":"INFO","msg":"a\n{\"msg\":\"b\"}","k\n":"v\r\u001b[0m"}`},
		"groups":         {func(l *slog.Logger) { l.With("a", 1).WithGroup("g").With("b", 2).WithGroup("h").Info("x", "c", 3) }, `{"level":"INFO","msg":"x","a":1,"g":{"b":2,"h":{"c":3}}}`},
		"empty group":    {func(l *slog.Logger) { l.WithGroup("g").With("b", 2).WithGroup("h").Info("x") }, `{"level":"INFO","msg":"x","g":{"b":2}}`},
		"group of group": {func(l *slog.Logger) { l.WithGroup("g").Info("x", slog.Group("h", slog.Group("i"))) }, `{"level":"INFO","msg":"x"}`},
		"inlined group":  {func(l *slog.Logger) { l.WithGroup("g").Info("x", slog.Group("", "a", 1, "b", 2)) }, `{"level":"INFO","msg":"x","g":{"a":1,"b":2}}`},
		"context": {func(l *slog.Logger) {
			ctx := faultlog.Context(faultlog.Context(t.Context(), slog.Int("a", 1)), slog.String("token", "s3cret"))
			l.WithGroup("g").InfoContext(ctx, "x", "b", 2)
		}, `{"level":"INFO","msg":"x","a":1,"token":"[redacted]","g":{"b":2}}`},
		"lazy": {func(l *slog.Logger) { l.Info("x", "v", faultlog.Lazy(func() any { return 5 })) }, `{"level":"INFO","msg":"x","v":5}`},
		"secret value": {func(l *slog.Logger) {
			l.Info("x", "v", faultlog.NewSecret("s3cret"), "w", []any{faultlog.NewSecret(5)})
		}, `{"level":"INFO","msg":"x","v":"[redacted]","w":["[redacted]"]}`},
		"secret keys": {func(l *slog.Logger) {
			l.With("password", "s3cret").WithGroup("h").Info("x", "X-Api-Key", "s3cret", slog.Group("g", "sessionID", "s3cret"), slog.Group("auth", "a", "s3cret"))
		}, `{"level":"INFO","msg":"x","password":"[redacted]","h":{"X-Api-Key":"[redacted]","g":{"sessionID":"[redacted]"},"auth":"[redacted]"}}`},
		"headers": {func(l *slog.Logger) {
			l.Info("x", "h", map[string][]string{"Authorization": {"s3cret"}, "Accept": {"a"}})
		}, `{"level":"INFO","msg":"x","h":{"Accept":["a"],"Authorization":"[redacted]"}}`},
		"tags": {func(l *slog.Logger) {
			l.Info("x", "s", &tagged{"n", "s3cret", "s3cret", map[string]any{"token": "s3cret", "n": 5}, "s3cret"})
		}, `{"level":"INFO","msg":"x","s":{"name":"n","Pin":"[redacted]","APIKey":"[redacted]","inner":{"n":5,"token":"[redacted]"}}}`},
		"type":            {func(l *slog.Logger) { l.Info("x", "a", account("s3cret"), "b", []account{"s3cret"}) }, `{"level":"INFO","msg":"x","a":"[redacted]","b":["[redacted]"]}`},
		"raw json":        {func(l *slog.Logger) { l.Info("x", "j", json.RawMessage(`{"a":[{"password":"s3cret","n":1e3}]}`)) }, `{"level":"INFO","msg":"x","j":{"a":[{"n":1e3,"password":"[redacted]"}]}}`},
		"message":         {func(l *slog.Logger) { l.Info("connect postgres://u:s3cret@h/db") }, `{"level":"INFO","msg":"connect postgres://u:[redacted]@h/db"}`},
		"panicking value": {func(l *slog.Logger) { l.Info("x", "v", panicker{}) }, `{"level":"INFO","msg":"x","v":"[faultlog_test.panicker panicked]"}`},
		"types": {func(l *slog.Logger) {
			l.Info("x", "d", time.Second, "t", time.Unix(0, 0).UTC(), "f", 1.5, "n", nil, "b", []byte("hi"), "bin", []byte{0xff}, "ch", make(chan int), "p", (*int)(nil), "m", map[int]bool{2: true, 1: false})
		}, `{"level":"INFO","msg":"x","d":"1s","t":"1970-01-01T00:00:00Z","f":1.5,"n":null,"b":"hi","bin":"/w==","ch":"[chan int]","p":null,"m":{"1":false,"2":true}}`},
		"error": {func(l *slog.Logger) {
			l.Info("x", faultlog.Err(fault.Wrap(fault.With(io.EOF, fault.NoStack, fault.Hint("h")), "read", slog.Int("n", 1), slog.String("token", "s3cret"))))
		}, `{"level":"INFO","msg":"x","error":{"msg":"read: EOF","code":"INTERNAL_ERROR","attrs":{"n":1,"token":"[redacted]"},"hint":"h"}}`},
		"bare error": {func(l *slog.Logger) { l.Warn("x", "err", errors.New("token=s3cret")) }, `{"level":"WARN","msg":"x","err":{"msg":"token=[redacted]","code":"INTERNAL_ERROR"}}`},
		"nil error":  {func(l *slog.Logger) { l.Warn("x", faultlog.Err(nil)) }, `{"level":"WARN","msg":"x"}`},
		"field error": {func(l *slog.Logger) {
			l.Warn("x", faultlog.Err(fault.Invalid(fault.FieldError{Field: "a", Rule: "r"})))
		}, `{"level":"WARN","msg":"x","error":{"msg":"validation failed: a breaks rule r","code":"VALIDATION_ERROR","fields":[{"field":"a","rule":"r"}]}}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var buf bytes.Buffer
			tt.log(slog.New(faultlog.NewHandler(&buf, &faultlog.Options{Redact: faultlog.NewRedactor().Types(account(""))})))
			got := buf.String()
			if strings.Count(got, "\n") != 1 {
				t.Fatalf("not one line: %q", got)
			}
			decode(t, buf.Bytes())
			_, got, _ = strings.Cut(got, ",")
			if got = "{" + strings.TrimSpace(got); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

type panicker struct{}

func (panicker) MarshalJSON() ([]byte, error) { panic("broken") }

func TestHandlerStackByLevel(t *testing.T) {
	t.Parallel()
	for _, level := range []slog.Level{slog.LevelWarn, slog.LevelError} {
		for _, format := range []string{faultlog.FormatJSON, faultlog.FormatText} {
			var buf bytes.Buffer
			l := slog.New(faultlog.NewHandler(&buf, &faultlog.Options{Format: format}))
			l.LogAttrs(t.Context(), level, "x", faultlog.Err(fault.New(fault.Conflict, "y")))
			if has := strings.Contains(buf.String(), "TestHandlerStackByLevel"); has != (level >= slog.LevelError) {
				t.Errorf("%s at %s: stack %v", format, level, has)
			}
		}
	}
	// Other handlers know no such rule: there the code decides.
	for code, want := range map[fault.Code]bool{fault.Conflict: false, fault.Internal: true} {
		var buf bytes.Buffer
		slog.New(slog.NewJSONHandler(&buf, nil)).Warn("x", faultlog.Err(fault.New(code, "y", slog.Int("n", 1))))
		m := decode(t, buf.Bytes())[0]["error"].(map[string]any)
		if _, has := m["stack"]; has != want || m["msg"] != "y" || m["code"] != string(code) || m["attrs"].(map[string]any)["n"] != 1.0 {
			t.Errorf("%s: %v", code, m)
		}
	}
}

func TestHandlerText(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		log  func(*slog.Logger)
		want string
	}{
		"plain":       {func(l *slog.Logger) { l.Info("started", "port", 80, "s", "a b", "e", "") }, "INFO  started port=80 s=\"a b\" e=\"\"\n"},
		"forged line": {func(l *slog.Logger) { l.Info("a\nINFO b\x1b[31m", "k\n", "v\n\u202e") }, "INFO  a\\nINFO b\\x1b[31m k\\n=\"v\\n\\u202e\"\n"},
		"groups":      {func(l *slog.Logger) { l.WithGroup("g").With("a", 1).Info("x", slog.Group("h", "b", 2)) }, "INFO  x g.a=1 g.h.b=2\n"},
		"secret":      {func(l *slog.Logger) { l.Info("x", "password", "s3cret", "v", faultlog.NewSecret(1)) }, "INFO  x password=[redacted] v=[redacted]\n"},
		"struct":      {func(l *slog.Logger) { l.Info("x", "s", tagged{Name: "n"}) }, "INFO  x s=\"{\\\"name\\\":\\\"n\\\",\\\"Pin\\\":\\\"[redacted]\\\",\\\"APIKey\\\":\\\"[redacted]\\\"}\"\n"},
		"error": {func(l *slog.Logger) {
			l.Warn("save", faultlog.Err(fault.Wrap(fault.New(fault.Conflict, "taken"), "insert", slog.Int("row", 1))))
		}, "WARN  save error=\"insert: taken\" code=CONFLICT row=1\n"},
		"context": {func(l *slog.Logger) { l.InfoContext(faultlog.Context(t.Context(), slog.Int("a", 1)), "x", "b", 2) }, "INFO  x a=1 b=2\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var buf bytes.Buffer
			tt.log(slog.New(faultlog.NewHandler(&buf, &faultlog.Options{Format: faultlog.FormatText})))
			if _, got, _ := strings.Cut(buf.String(), " "); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
	var buf bytes.Buffer
	slog.New(faultlog.NewHandler(&buf, &faultlog.Options{Format: faultlog.FormatText, Color: true, AddSource: true})).Error("x")
	if got := buf.String(); !strings.Contains(got, "\x1b[31mERROR\x1b[0m x source=") || !strings.Contains(got, "handler_test.go:") {
		t.Errorf("%q", got)
	}
}

func TestHandlerIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	base := slog.New(faultlog.NewHandler(&buf, nil))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			l := base.With("a", 1).WithGroup("g")
			for range 200 {
				l.Info("x", "b", strings.Repeat("y", 100))
			}
		})
	}
	wg.Wait()
	if n := len(decode(t, buf.Bytes())); n != 800 {
		t.Errorf("%d records", n)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestHandlerReturnsWriteErrors(t *testing.T) {
	t.Parallel()
	h := faultlog.NewHandler(failingWriter{}, nil)
	if err := h.Handle(t.Context(), slog.NewRecord(time.Now(), slog.LevelInfo, "x", 0)); !errors.Is(err, io.ErrShortWrite) {
		t.Error(err)
	}
	if h.Enabled(context.Background(), slog.LevelDebug) {
		t.Error("DEBUG is on by default")
	}
}

func TestLazyBelowLevel(t *testing.T) {
	t.Parallel()
	slog.New(faultlog.NewHandler(io.Discard, nil)).Debug("x", "v", faultlog.Lazy(func() any {
		t.Error("evaluated")
		return nil
	}))
}
