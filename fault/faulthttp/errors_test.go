package faulthttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/audit"
	"github.com/seismohq/seismo/fault/faulthttp"
	"github.com/seismohq/seismo/fault/faultlog"
)

// spy collects everything an Errors tells the rest of the program.
type spy struct {
	mu       sync.Mutex
	log      bytes.Buffer
	captured []error
	codes    []fault.Code
	requests []string
	events   []audit.Event
}

func (s *spy) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(b)
}

func (s *spy) ObserveRequest(method, pattern string, status int, _ time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, method+" "+pattern+" "+http.StatusText(status))
}

func (s *spy) ObserveError(c fault.Code) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes = append(s.codes, c)
}

func (s *spy) Record(_ context.Context, ev audit.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, ev)
	return nil
}

func (s *spy) capture(_ context.Context, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.captured = append(s.captured, err)
}

func (s *spy) records(t *testing.T) []map[string]any {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []map[string]any
	for line := range bytes.Lines(s.log.Bytes()) {
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

func (s *spy) config() faulthttp.Config {
	return faulthttp.Config{Log: slog.New(faultlog.NewHandler(s, nil)), Metrics: s, Capture: s.capture, Audit: s}
}

// serve runs one request through middleware, mux and handler.
func serve(c faulthttp.Config, r *http.Request, f faulthttp.HandlerFunc) *httptest.ResponseRecorder {
	errs := faulthttp.New(c)
	mux := http.NewServeMux()
	mux.Handle("GET /x/{id}", f)
	w := httptest.NewRecorder()
	errs.Middleware(errs.Mux(mux)).ServeHTTP(w, r)
	return w
}

func get(accept string) *http.Request {
	r := httptest.NewRequest("GET", "/x/1", nil)
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	r.Header.Set("X-Request-Id", "request-1")
	return r
}

func TestWrite(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err    error
		status int
		body   string // without request_id
		header http.Header
		level  string
	}{
		"conflict":      {fault.Wrap(fault.New(fault.Conflict, "name is taken"), "secret"), 409, `{"title":"Conflict","status":409,"detail":"name is taken","code":"CONFLICT"`, nil, "WARN"},
		"unknown":       {errors.New("pq: secret"), 500, `{"title":"Internal error","status":500,"code":"INTERNAL_ERROR"`, nil, "ERROR"},
		"invalid":       {fault.Invalid(fault.FieldError{Field: "a", Rule: "r", Message: "m", Param: "p"}), 422, `{"title":"Validation failed","status":422,"detail":"validation failed: a m","code":"VALIDATION_ERROR","errors":[{"field":"a","rule":"r","message":"m","param":"p"}]`, nil, "WARN"},
		"retry":         {fault.With(fault.New(fault.Unavailable, "secret"), fault.RetryAfter(1500*time.Millisecond)), 503, `{"title":"Service unavailable","status":503,"code":"UNAVAILABLE"`, http.Header{"Retry-After": {"2"}}, "ERROR"},
		"retry at once": {fault.With(fault.New(fault.RateLimited, "slow down"), fault.RetryAfter(0)), 429, `{"title":"Too many requests","status":429,"detail":"slow down","code":"RATE_LIMITED"`, http.Header{"Retry-After": {"0"}}, "WARN"},
		"401":           {fault.New(fault.Unauthorized, "log in"), 401, `{"title":"Authentication required","status":401,"detail":"log in","code":"UNAUTHORIZED"`, http.Header{"Www-Authenticate": {"Bearer"}}, "WARN"},
		"own header":    {fault.With(fault.New(fault.Unauthorized, "log in"), fault.Header("WWW-Authenticate", "Basic"), fault.Header("X-A", "1"), fault.Header("X-A", "2")), 401, `{"title":"Authentication required","status":401,"detail":"log in","code":"UNAUTHORIZED"`, http.Header{"Www-Authenticate": {"Basic"}, "X-A": {"1", "2"}}, "WARN"},
		"body too large": {
			func() error {
				_, err := io.ReadAll(http.MaxBytesReader(nil, io.NopCloser(strings.NewReader("abc")), 1))
				return fault.Wrap(err, "read body")
			}(), 413, `{"title":"Too large","status":413,"code":"TOO_LARGE"`, nil, "WARN",
		},
		"our cancellation": {context.Canceled, 503, `{"title":"Service unavailable","status":503,"code":"UNAVAILABLE"`, nil, "ERROR"},
		"deadline":         {context.DeadlineExceeded, 504, `{"title":"Timed out","status":504,"code":"TIMEOUT"`, nil, "ERROR"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &spy{}
			w := serve(s.config(), get(""), func(w http.ResponseWriter, _ *http.Request) error {
				w.Header().Set("Content-Length", "5")
				w.Header().Set("Content-Encoding", "gzip")
				w.Header().Set("Etag", "x")
				return tt.err
			})
			want := tt.body + `,"request_id":"request-1"}`
			if w.Code != tt.status || w.Body.String() != want {
				t.Errorf("got  %d %s\nwant %d %s", w.Code, w.Body, tt.status, want)
			}
			for k, v := range map[string]string{"Content-Type": "application/problem+json", "Content-Encoding": "", "Etag": "", "Vary": "Accept", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "X-Request-Id": "request-1"} {
				if got := w.Header().Get(k); got != v {
					t.Errorf("%s: %q, want %q", k, got, v)
				}
			}
			for k, v := range tt.header {
				if got := w.Header()[k]; !reflect.DeepEqual(got, v) {
					t.Errorf("%s: %q, want %q", k, got, v)
				}
			}
			recs := s.records(t)
			if len(recs) != 1 {
				t.Fatalf("%d records: %s", len(recs), &s.log)
			}
			if r := recs[0]; r["level"] != tt.level || r["status"] != float64(tt.status) || r["path"] != "/x/1" || r["request_id"] != "request-1" || r["method"] != "GET" {
				t.Errorf("record %v", r)
			}
			if n := len(s.captured); (n == 1) != (tt.status >= 500) || n > 1 {
				t.Errorf("captured %d", n)
			}
			if len(s.codes) != 1 || len(s.requests) != 1 || s.requests[0] != "GET GET /x/{id} "+http.StatusText(tt.status) {
				t.Errorf("metrics %v %v", s.codes, s.requests)
			}
		})
	}
}

func TestWriteNil(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	faulthttp.New(faulthttp.Config{}).Write(w, get(""), nil)
	if w.Body.Len() > 0 || len(w.Header()) > 0 {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
}

func TestWriteClientGone(t *testing.T) {
	t.Parallel()
	s := &spy{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := serve(s.config(), get("").WithContext(ctx), func(_ http.ResponseWriter, r *http.Request) error { return fault.Wrap(r.Context().Err(), "query") })
	if recs := s.records(t); w.Code != 499 || len(recs) != 1 || recs[0]["level"] != "INFO" || len(s.captured) != 0 {
		t.Errorf("%d %v %v", w.Code, recs, s.captured)
	}
}

func TestWriteHead(t *testing.T) {
	t.Parallel()
	r := get("")
	r.Method = http.MethodHead
	w := serve((&spy{}).config(), r, func(http.ResponseWriter, *http.Request) error { return fault.New(fault.Conflict, "x") })
	if w.Code != 409 || w.Body.Len() != 0 || w.Header().Get("Content-Length") == "" {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
}

func TestPanic(t *testing.T) {
	t.Parallel()
	s := &spy{}
	w := serve(s.config(), get(""), func(http.ResponseWriter, *http.Request) error { panic("secret") })
	recs := s.records(t)
	if w.Code != 500 || strings.Contains(w.Body.String(), "secret") || len(recs) != 1 || len(s.captured) != 1 {
		t.Fatalf("%d %s %v %v", w.Code, w.Body, recs, s.captured)
	}
	e := recs[0]["error"].(map[string]any)
	frame := e["stack"].([]any)[0].(map[string]any)
	if e["msg"] != "panic: secret" || !strings.Contains(frame["function"].(string), "TestPanic") || recs[0]["level"] != "ERROR" {
		t.Errorf("%v", recs)
	}
	if s.requests[0] != "GET GET /x/{id} Internal Server Error" {
		t.Errorf("%v", s.requests)
	}
}

func TestAbortPassesThrough(t *testing.T) {
	t.Parallel()
	s := &spy{}
	defer func() {
		if v := recover(); v != http.ErrAbortHandler { //nolint:errorlint // as net/http compares
			t.Errorf("recovered %v", v)
		}
		if len(s.records(t)) != 0 {
			t.Error("logged")
		}
	}()
	serve(s.config(), get(""), func(http.ResponseWriter, *http.Request) error { panic(http.ErrAbortHandler) })
}

// A client must not take half an answer for a whole one; but an answer that was an error anyway stays.
func TestErrorAfterResponseBegan(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		f   faulthttp.HandlerFunc
		cut bool
	}{
		"returned":        {func(w http.ResponseWriter, _ *http.Request) error { w.WriteHeader(200); return io.EOF }, true},
		"panicked":        {func(w http.ResponseWriter, _ *http.Request) error { _, _ = io.WriteString(w, "half"); panic(1) }, true},
		"own error page":  {func(w http.ResponseWriter, _ *http.Request) error { w.WriteHeader(404); return fault.NotFound }, false},
		"early hints":     {func(w http.ResponseWriter, _ *http.Request) error { w.WriteHeader(103); return fault.NotFound }, false},
		"nothing written": {func(http.ResponseWriter, *http.Request) error { return fault.NotFound }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &spy{}
			cut := false
			func() {
				defer func() { cut = recover() == http.ErrAbortHandler }() //nolint:errorlint // as net/http compares
				serve(s.config(), get(""), tt.f)
			}()
			if cut != tt.cut || len(s.records(t)) != 1 {
				t.Errorf("cut %v, want %v; %s", cut, tt.cut, &s.log)
			}
		})
	}
}

func TestHook(t *testing.T) {
	t.Parallel()
	err := fault.New(fault.Conflict, "name is taken")
	for name, tt := range map[string]struct {
		hook   faulthttp.Hook
		status int
		part   string
		logs   int
	}{
		"keeps": {func(context.Context, *http.Request, error, *faulthttp.Problem) *faulthttp.Problem { return nil }, 409, `"detail":"name is taken"`, 1},
		"rewrites": {func(_ context.Context, _ *http.Request, err error, p *faulthttp.Problem) *faulthttp.Problem {
			if errors.Is(err, fault.Conflict) {
				p.Status, p.Detail, p.Ext = 418, "I am a teapot", map[string]any{"z": 1, "a": []int{1}, "status": 1, "bad": func() {}}
			}
			return p
		}, 418, `"detail":"I am a teapot","code":"CONFLICT","request_id":"request-1","a":[1],"z":1}`, 1},
		"nonsense status": {func(_ context.Context, _ *http.Request, _ error, p *faulthttp.Problem) *faulthttp.Problem {
			p.Status = 42
			return p
		}, 409, `"status":409`, 1},
		"panics": {func(_ context.Context, _ *http.Request, _ error, p *faulthttp.Problem) *faulthttp.Problem {
			p.Detail = "half done"
			panic("hook")
		}, 409, `"detail":"name is taken"`, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &spy{}
			c := s.config()
			c.Hook = tt.hook
			w := serve(c, get(""), func(http.ResponseWriter, *http.Request) error { return err })
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.part) || !json.Valid(w.Body.Bytes()) || len(s.records(t)) != tt.logs {
				t.Errorf("%d %s %s", w.Code, w.Body, &s.log)
			}
		})
	}
}

func TestAudit(t *testing.T) {
	t.Parallel()
	s := &spy{}
	c := s.config()
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	r := get("")
	r.SetBasicAuth("ann", "hunter2")
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	serve(c, r, func(http.ResponseWriter, *http.Request) error {
		return fault.Wrap(fault.New(fault.Denied, "not yours"), "open project")
	})
	want := []audit.Event{{
		Actor: "ann", Action: audit.AccessDenied, ResourceType: "http", ResourceID: "GET /x/1", IP: "203.0.113.9", Outcome: audit.Refused,
		Reason: "open project: not yours",
	}}
	if !reflect.DeepEqual(s.events, want) {
		t.Errorf("%+v", s.events)
	}
	c.Actor = func(*http.Request) string { return "u-1" }
	serve(c, r, func(http.ResponseWriter, *http.Request) error { return fault.Unauthorized })
	serve(c, r, func(http.ResponseWriter, *http.Request) error { return fault.Denied })
	if len(s.events) != 2 || s.events[1].Actor != "u-1" {
		t.Errorf("%+v", s.events)
	}
}

func TestTraceID(t *testing.T) {
	t.Parallel()
	s := &spy{}
	c := s.config()
	c.TraceID = func(context.Context) string { return "trace-1" }
	w := serve(c, get(""), func(http.ResponseWriter, *http.Request) error { return fault.NotFound })
	if !strings.Contains(w.Body.String(), `"trace_id":"trace-1"`) || s.records(t)[0]["trace_id"] != "trace-1" {
		t.Errorf("%s %s", w.Body, &s.log)
	}
}

func TestEnvelopes(t *testing.T) {
	t.Parallel()
	invalid := fault.Invalid(fault.FieldError{Field: "a", Message: "one"}, fault.FieldError{Rule: "whole"}, fault.FieldError{Field: "a", Message: "two"})
	for name, tt := range map[string]struct {
		env  faulthttp.Envelope
		err  error
		want string
	}{
		"flask":        {faulthttp.FlaskEnvelope, fault.New(fault.Conflict, "taken"), `{"error":{"code":409,"name":"CONFLICT","message":"taken"}}`},
		"flask fields": {faulthttp.FlaskEnvelope, invalid, `{"error":{"code":422,"name":"VALIDATION_ERROR","message":"validation failed: a one; breaks rule whole; a two","details":{"a":["one","two"],"non_field_errors":["whole"]}}}`},
		"drf":          {faulthttp.DRFEnvelope, errors.New("secret"), `{"detail":"Internal error","code":"INTERNAL_ERROR"}`},
		"drf fields":   {faulthttp.DRFEnvelope, invalid, `{"a":["one","two"],"non_field_errors":["whole"]}`},
	} {
		c := (&spy{}).config()
		c.Envelope = tt.env
		w := serve(c, get(""), func(http.ResponseWriter, *http.Request) error { return tt.err })
		if w.Body.String() != tt.want || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: %s %s", name, w.Body, w.Header().Get("Content-Type"))
		}
	}
}

func TestNegotiation(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]string{
		"":                         "application/problem+json",
		"*/*":                      "application/problem+json",
		"application/json":         "application/json",
		"application/*":            "application/problem+json",
		"application/problem+json": "application/problem+json",
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": "text/html; charset=utf-8",
		"text/plain":                             "text/plain; charset=utf-8",
		"text/*":                                 "text/html; charset=utf-8",
		"text/html;q=0.5, application/json":      "application/json",
		"text/html;q=0.5, application/json;q=.4": "text/html; charset=utf-8",
		"*/*, application/json;q=0":              "application/problem+json",
		"*/*, application/problem+json;q=0":      "application/json",
		"application/json;q=nonsense":            "application/json",
		"APPLICATION/JSON; charset=x ; Q=0.3":    "application/json",
		"image/png":                              "application/problem+json",
		"text/html;q=0":                          "application/problem+json",
		";;;,,,":                                 "application/problem+json",
		"*/*;q=0.1, text/plain":                  "text/plain; charset=utf-8",
	} {
		w := serve((&spy{}).config(), get(accept), func(http.ResponseWriter, *http.Request) error { return fault.NotFound })
		if got := w.Header().Get("Content-Type"); got != want {
			t.Errorf("%q gives %s, want %s", accept, got, want)
		}
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	pages := fstest.MapFS{
		"404.html": {Data: []byte(`{{template "head" .}} nothing here`)},
		"4xx.html": {Data: []byte(`{{define "head"}}<b>{{.Title}}</b>{{end}}{{template "head" .}} {{.Detail}} {{range .Errors}}{{.Field}}{{end}}`)},
		"500.html": {Data: []byte(`{{.NoSuchField}}`)},
	}
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"status":           {fault.NotFound, "<b>Not found</b> nothing here"},
		"class, escaped":   {fault.New(fault.Conflict, "<script>"), "<b>Conflict</b> &lt;script&gt; "},
		"fields":           {fault.Invalid(fault.FieldError{Field: "<a>", Message: "m"}), "<b>Validation failed</b> validation failed: &lt;a&gt; m &lt;a&gt;"},
		"broken: built in": {errors.New("secret"), "<h1>Internal error</h1>"},
		"none: built in":   {fault.Unavailable, "<h1>Service unavailable</h1>"},
	} {
		c := (&spy{}).config()
		c.Pages = pages
		w := serve(c, get("text/html"), func(http.ResponseWriter, *http.Request) error { return tt.err })
		if !strings.Contains(w.Body.String(), tt.want) || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %s", name, w.Body)
		}
	}
	if fault.Try(func() error {
		faulthttp.New(faulthttp.Config{Pages: fstest.MapFS{"500.html": {Data: []byte("{{")}}})
		return nil
	}) == nil {
		t.Error("a broken template is accepted")
	}
	faulthttp.New(faulthttp.Config{Pages: fstest.MapFS{}})
	w := serve((&spy{}).config(), get("text/plain"), func(http.ResponseWriter, *http.Request) error { return fault.New(fault.Conflict, "taken") })
	if w.Body.String() != "taken\n" {
		t.Errorf("%q", w.Body)
	}
}

func FuzzAccept(f *testing.F) {
	f.Add("text/html;q=0.5, */*;q=1e0")
	f.Add("a/b;q=;;,/*")
	f.Fuzz(func(t *testing.T, accept string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Accept"] = []string{accept}
		w := httptest.NewRecorder()
		faulthttp.New(faulthttp.Config{Log: slog.New(slog.DiscardHandler)}).Write(w, r, fault.NotFound)
		if w.Code != 404 || w.Body.Len() == 0 || w.Header().Get("Content-Type") == "" {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}
