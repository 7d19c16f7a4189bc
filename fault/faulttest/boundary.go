package faulttest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faulthttp"
	"github.com/seismohq/seismo/fault/faultlog"
)

// BoundaryFunc makes the handler of an application in some framework, whose route GET /fail calls f in the framework's own
// kind of handler and answers with its error or panic by way of errs, built from the given Config.
type BoundaryFunc func(c faulthttp.Config, f func(ctx context.Context) error) http.Handler

// RunBoundary holds a boundary to the promises of package faulthttp, one subtest each: the right status, nothing internal in
// the response, one log record of the right level, one captured report for statuses of 500 and above, and safety from
// panics.
func RunBoundary(t *testing.T, boundary BoundaryFunc) {
	const secret = "hunter2"
	leaky := fmt.Errorf("pq: password authentication failed for %s host=10.0.0.5", secret)
	tests := map[string]struct {
		f      func(ctx context.Context) error
		status int
		level  string
		code   fault.Code
	}{
		"client's mistake":         {func(context.Context) error { return fault.Wrap(fault.New(fault.Conflict, "name is taken"), secret) }, 409, "WARN", fault.Conflict},
		"unknown error":            {func(context.Context) error { return leaky }, 500, "ERROR", fault.Internal},
		"unknown error, wrapped":   {func(context.Context) error { return fault.Wrap(leaky, "query", slog.String("q", secret)) }, 500, "ERROR", fault.Internal},
		"foreign error with code":  {func(context.Context) error { return fault.With(leaky, fault.WithCode(fault.NotFound)) }, 404, "WARN", fault.NotFound},
		"unavailable":              {func(context.Context) error { return fault.New(fault.Unavailable, secret) }, 503, "ERROR", fault.Unavailable},
		"validation":               {func(context.Context) error { return fault.Invalid(fault.FieldError{Field: "a", Rule: "r"}) }, 422, "WARN", fault.Validation},
		"joined":                   {func(context.Context) error { return errors.Join(fault.NotFound, leaky) }, 500, "ERROR", fault.Internal},
		"panic with text":          {func(context.Context) error { panic(secret) }, 500, "ERROR", fault.Internal},
		"panic with an error":      {func(context.Context) error { panic(fault.New(fault.NotFound, secret)) }, 500, "ERROR", fault.Internal},
		"panic of the runtime":     {func(context.Context) error { var p *http.Request; return p.ParseForm() }, 500, "ERROR", fault.Internal},
		"deadline":                 {func(context.Context) error { return fault.Wrap(context.DeadlineExceeded, secret) }, 504, "ERROR", fault.Timeout},
		"canceled, client waiting": {func(context.Context) error { return fault.Wrap(context.Canceled, secret) }, 503, "ERROR", fault.Unavailable},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &sink{}
			h := boundary(s.config(), tt.f)
			srv := httptest.NewServer(h)
			defer srv.Close()
			resp, err := srv.Client().Get(srv.URL + "/fail")
			if err != nil {
				t.Fatal(err)
			}
			p := RequireProblem(t, resp, tt.code)
			if resp.StatusCode != tt.status {
				t.Errorf("status %d, want %d", resp.StatusCode, tt.status)
			}
			RequireNoLeak(t, fmt.Sprintf("%+v %v", p, resp.Header), secret, "pq:", "10.0.0.5")
			s.check(t, tt.level, tt.status >= 500)
		})
	}
	t.Run("no error", func(t *testing.T) {
		t.Parallel()
		s := &sink{}
		srv := httptest.NewServer(boundary(s.config(), func(context.Context) error { return nil }))
		defer srv.Close()
		resp, err := srv.Client().Get(srv.URL + "/fail")
		if err != nil {
			t.Fatal(err)
		}
		fault.Ignore(resp.Body.Close(), "only the status counts")
		if resp.StatusCode >= 400 || s.log.Len() > 0 || s.captured > 0 {
			t.Errorf("status %d, %d reports, log %s", resp.StatusCode, s.captured, &s.log)
		}
	})
}

// sink collects what a boundary tells.
type sink struct {
	mu       sync.Mutex
	log      bytes.Buffer
	captured int
}

// Write takes a log record.
func (s *sink) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(b)
}

func (s *sink) config() faulthttp.Config {
	return faulthttp.Config{
		Log: slog.New(faultlog.NewHandler(s, &faultlog.Options{Level: slog.LevelDebug})),
		Capture: func(context.Context, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.captured++
		},
	}
}

func (s *sink) check(t *testing.T, level string, captured bool) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := bytes.Split(bytes.TrimSpace(s.log.Bytes()), []byte("\n"))
	if len(lines) != 1 {
		t.Fatalf("%d log records: %s", len(lines), &s.log)
	}
	var rec struct {
		Level string
		Error struct{ Stack []fault.Frame }
	}
	if err := json.Unmarshal(lines[0], &rec); err != nil {
		t.Fatal(err)
	}
	if rec.Level != level {
		t.Errorf("logged at %s, want %s", rec.Level, level)
	}
	if level != "ERROR" && len(rec.Error.Stack) > 0 {
		t.Error("a stack below ERROR")
	}
	if want := map[bool]int{true: 1, false: 0}[captured]; s.captured != want {
		t.Errorf("captured %d times, want %d", s.captured, want)
	}
}
