package capture_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/capture"
	"github.com/seismohq/seismo/fault/faulthttp"
	"github.com/seismohq/seismo/fault/faultlog"
	"github.com/seismohq/seismo/fault/faulttest"
)

var quiet = slog.New(slog.DiscardHandler)

func newClient(t *testing.T, o capture.Options) *capture.Client {
	t.Helper()
	if o.Log == nil {
		o.Log = quiet
	}
	if o.RetryMin == 0 {
		o.RetryMin, o.RetryMax = time.Millisecond, 20*time.Millisecond
	}
	c, err := capture.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(cancelled()) })
	return c
}

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func flush(t *testing.T, c *capture.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := c.Flush(ctx); err != nil {
		t.Fatalf("%+v %+v", err, c.Stats())
	}
}

// balanced checks the promise of the package.
func balanced(t *testing.T, s capture.Stats) {
	t.Helper()
	sum := s.Sent + s.Spooled + s.Queued
	for _, n := range s.Dropped {
		sum += n
	}
	if s.Captured+s.Adopted != sum {
		t.Errorf("captured %d + adopted %d are not the sum of %+v", s.Captured, s.Adopted, s)
	}
}

//go:noinline
func origin() error { return fault.New(fault.Unavailable, "no answer", slog.Int("shard", 3)) }

// get follows a path of keys and indices.
func get(v any, path ...any) any {
	for _, p := range path {
		switch k := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[k]
		case int:
			l, _ := v.([]any)
			if k < 0 {
				k += len(l)
			}
			if k < 0 || k >= len(l) {
				return nil
			}
			v = l[k]
		}
	}
	return v
}

func TestErrorEvent(t *testing.T) {
	t.Parallel()
	srv := faulttest.NewServer(t)
	c := newClient(t, capture.Options{DSN: srv.DSN(), Environment: "staging", Release: "shop@1.2.3", Server: "web-1"})
	ctx := capture.NewScope(t.Context())
	capture.SetUser(ctx, capture.User{ID: "u-1"})
	capture.SetTag(ctx, "region", "eu")
	capture.AddBreadcrumb(ctx, "cache miss", slog.String("key", "k"))
	err := fault.With(fault.Wrap(origin(), "load cart", slog.String("cart", "c-7"), slog.String("password", "hunter2"), slog.Any("any", map[string]int{"x": 1})),
		fault.Fingerprint("carts", "{{ default }}"), fault.Hint("is it up?"))
	id := c.Error(ctx, err, capture.Tag("attempt", "2"), capture.Level(slog.LevelWarn))
	flush(t, c)
	evs := srv.Events()
	if len(evs) != 1 {
		t.Fatalf("%d events", len(evs))
	}
	e := evs[0]
	for _, tt := range []struct {
		want any
		path []any
	}{
		{string(id), []any{"event_id"}},
		{"go", []any{"platform"}},
		{"warning", []any{"level"}},
		{"staging", []any{"environment"}},
		{"shop@1.2.3", []any{"release"}},
		{"web-1", []any{"server_name"}},
		{"u-1", []any{"user", "id"}},
		{"eu", []any{"tags", "region"}},
		{"2", []any{"tags", "attempt"}},
		{"UNAVAILABLE", []any{"tags", "code"}},
		{"c-7", []any{"extra", "cart"}},
		{3.0, []any{"extra", "shard"}},
		{"[redacted]", []any{"extra", "password"}},
		{map[string]any{"x": 1.0}, []any{"extra", "any"}},
		{"is it up?", []any{"contexts", "fault", "hint"}},
		{[]any{"carts", "{{ default }}"}, []any{"fingerprint"}},
		{"cache miss", []any{"breadcrumbs", "values", 0, "message"}},
		{"k", []any{"breadcrumbs", "values", 0, "data", "key"}},
		{nil, []any{"exception", "values", 1}},
		{"UNAVAILABLE", []any{"exception", "values", 0, "type"}},
		{"load cart: no answer", []any{"exception", "values", 0, "value"}},
		{true, []any{"exception", "values", 0, "mechanism", "handled"}},
		{"origin", []any{"exception", "values", 0, "stacktrace", "frames", -1, "function"}},
		{"github.com/seismohq/seismo/fault/capture_test", []any{"exception", "values", 0, "stacktrace", "frames", -1, "module"}},
		{"github.com/seismohq/seismo/fault/capture_test/capture_test.go", []any{"exception", "values", 0, "stacktrace", "frames", -1, "filename"}},
		{true, []any{"exception", "values", 0, "stacktrace", "frames", -1, "in_app"}},
		{false, []any{"exception", "values", 0, "stacktrace", "frames", 0, "in_app"}},
		{"fault.go", []any{"sdk", "name"}},
	} {
		if got := get(e, tt.path...); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%v is %v, want %v", tt.path, got, tt.want)
		}
	}
	if ts, err := time.Parse(time.RFC3339Nano, get(e, "timestamp").(string)); err != nil || time.Since(ts) > time.Minute {
		t.Errorf("timestamp %v %v", ts, err)
	}
	if js, _ := json.Marshal(e); bytes.Contains(js, []byte("hunter2")) {
		t.Errorf("leaks: %s", js)
	}
	balanced(t, c.Stats())
}

type exception struct {
	typ, value, mechanism string
	parent                any
	stack                 bool
}

func TestChains(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err  error
		want []exception // innermost first
	}{
		"foreign": {io.EOF, []exception{{"*errors.errorString", "EOF", "generic", nil, false}}},
		"foreign wrapped": {fault.Wrap(io.EOF, "read"), []exception{
			{"*errors.errorString", "EOF", "chained", 0.0, false}, {"INTERNAL_ERROR", "read: EOF", "generic", nil, true},
		}},
		"ours are one": {fault.With(fault.Wrap(fault.New(fault.Timeout, "a"), "b"), fault.Hint("h")), []exception{{"TIMEOUT", "b: a", "generic", nil, true}}},
		"foreign between": {fault.Wrap(fmt.Errorf("mid: %w", origin()), "top"), []exception{
			{"UNAVAILABLE", "no answer", "chained", 1.0, false}, {"*fmt.wrapError", "mid: no answer", "chained", 0.0, false}, {"UNAVAILABLE", "top: mid: no answer", "generic", nil, true},
		}},
		"code": {fault.Wrap(fault.Internal, "x"), []exception{{"INTERNAL_ERROR", "x: INTERNAL_ERROR", "generic", nil, true}}},
		"joined": {errors.Join(io.EOF, origin()), []exception{
			{"UNAVAILABLE", "no answer", "chained", 0.0, true}, {"*errors.errorString", "EOF", "chained", 0.0, false}, {"*errors.joinError", "EOF\nno answer", "generic", nil, true},
		}},
		"panic": {fault.Wrap(fault.Try(func() error { panic("boom") }), "work"), []exception{
			{"panic", "panic: boom", "panic", 0.0, true}, {"INTERNAL_ERROR", "work: panic: boom", "generic", nil, true},
		}},
		"secret in the text": {fmt.Errorf("dial postgres://u:hunter2@h"), []exception{{"*fmt.wrapError", "", "", nil, false}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := faulttest.NewServer(t)
			c := newClient(t, capture.Options{DSN: srv.DSN()})
			c.Error(t.Context(), tt.err)
			flush(t, c)
			e := srv.Events()[0]
			if strings.Contains(fmt.Sprint(e), "hunter2") {
				t.Fatalf("leaks: %v", e)
			}
			if name == "secret in the text" {
				return
			}
			var got []exception
			list, _ := get(e, "exception", "values").([]any)
			for _, v := range list {
				got = append(got, exception{
					get(v, "type").(string), get(v, "value").(string), get(v, "mechanism", "type").(string), get(v, "mechanism", "parent_id"), get(v, "stacktrace") != nil,
				})
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %v\nwant %v", got, tt.want)
			}
		})
	}
}

type pkgError struct{ pcs []uintptr }

type pkgFrame uintptr

func (pkgError) Error() string { return "pkg" }
func (e pkgError) StackTrace() []pkgFrame {
	var out []pkgFrame
	for _, pc := range e.pcs {
		out = append(out, pkgFrame(pc))
	}
	return out
}

type oddError struct{ error }

func (oddError) StackTrace() string { return "text" }

//go:noinline
func foreignOrigin() error {
	pcs := make([]uintptr, 100)
	return pkgError{pcs[:runtime.Callers(1, pcs)]}
}

// Errors of other libraries bring their stacks.
func TestForeignStacks(t *testing.T) {
	t.Parallel()
	srv := faulttest.NewServer(t)
	c := newClient(t, capture.Options{DSN: srv.DSN()})
	for range 2 {
		c.Error(t.Context(), fault.Wrap(fmt.Errorf("x: %w", foreignOrigin()), "top"))
	}
	c.Error(t.Context(), oddError{io.EOF})
	flush(t, c)
	n := 0
	for _, e := range srv.Events() {
		if get(e, "exception", "values", -1, "stacktrace", "frames", -1, "function") == "foreignOrigin" {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d events with the foreign stack", n)
	}
}

func TestChainsAreBounded(t *testing.T) {
	t.Parallel()
	srv := faulttest.NewServer(t)
	c := newClient(t, capture.Options{DSN: srv.DSN()})
	err := io.EOF
	for i := range 100 {
		err = fmt.Errorf("%d: %w", i, errors.Join(err, io.ErrClosedPipe))
	}
	c.Error(t.Context(), err)
	flush(t, c)
	list, _ := get(srv.Events()[0], "exception", "values").([]any)
	if len(list) != 20 {
		t.Errorf("%d exceptions", len(list))
	}
}

func TestRequestAndUserOfMiddleware(t *testing.T) {
	t.Parallel()
	srv := faulttest.NewServer(t)
	c := newClient(t, capture.Options{DSN: srv.DSN()})
	errs := faulthttp.New(faulthttp.Config{Log: quiet, Capture: c.Report})
	mux := http.NewServeMux()
	mux.Handle("GET /x/{id}", faulthttp.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
		capture.SetUser(r.Context(), capture.User{ID: "u-1", IP: "203.0.113.1"})
		return origin()
	}))
	r := httptest.NewRequest("GET", "/x/1?a=b&access_token=hunter2", nil)
	r.Header.Set("User-Agent", "ua")
	r.Header.Set("Authorization", "Bearer hunter2")
	r.Header.Set("Cookie", "s=hunter2")
	capture.Middleware(errs.Middleware(errs.Mux(mux))).ServeHTTP(httptest.NewRecorder(), r)
	flush(t, c)
	e := srv.Events()[0]
	want := map[string]any{"method": "GET", "url": "http://example.com/x/1", "query_string": "a=b&access_token=[redacted]", "headers": map[string]any{"User-Agent": "ua"}, "env": map[string]any{"REMOTE_ADDR": "192.0.2.1"}}
	if got := get(e, "request"); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	if get(e, "user", "id") != "u-1" || get(e, "transaction") != "GET /x/{id}" || strings.Contains(fmt.Sprint(e), "hunter2") {
		t.Errorf("%v", e)
	}
}

func TestWhatIsNotReported(t *testing.T) {
	t.Parallel()
	srv := faulttest.NewServer(t)
	c := newClient(t, capture.Options{DSN: srv.DSN(), Ignore: []fault.Code{fault.NotFound}})
	for _, err := range []error{nil, fault.New(fault.NotFound, "x"), context.Canceled, fault.Wrap(context.Canceled, "x")} {
		if id := c.Error(t.Context(), err); id != "" {
			t.Errorf("%v is reported", err)
		}
	}
	if c.Message(t.Context(), slog.LevelError, "") != "" {
		t.Error("an empty message is reported")
	}
	if s := c.Stats(); s.Captured != 0 {
		t.Errorf("%+v", s)
	}
	for name, c := range map[string]*capture.Client{
		"nil": nil, "no DSN": newClient(t, capture.Options{}), "disabled": newClient(t, capture.Options{DSN: srv.DSN(), Disabled: true}),
	} {
		ctx := t.Context()
		if c.Error(ctx, io.EOF) != "" || c.Message(ctx, slog.LevelError, "x") != "" || c.Flush(ctx) != nil || c.Close(ctx) != nil || c.Stats().Captured != 0 {
			t.Errorf("%s does something", name)
		}
		c.Report(ctx, io.EOF)
		err := fault.Try(func() error { defer c.Recover(ctx); panic("boom") })
		if err == nil {
			t.Errorf("%s swallows panics", name)
		}
	}
	for _, dsn := range []string{"x", "ftp://k@h/1", "http://h/1", "http://k@h", "http://k@h/", "http://k@/1", "http://k@h:x/1", "http://user:hunter2@h"} {
		_, err := capture.New(capture.Options{DSN: dsn})
		if !errors.Is(err, fault.Validation) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", dsn, err)
		}
	}
}

// One error that passes a logging and a reporting boundary is one report; a sentinel that happens twice is two.
func TestRepeatedError(t *testing.T) {
	t.Parallel()
	srv := faulttest.NewServer(t)
	c := newClient(t, capture.Options{DSN: srv.DSN()})
	err := origin()
	if a, b := c.Error(t.Context(), err), c.Error(t.Context(), err); a != b || a == "" {
		t.Errorf("ids %q and %q", a, b)
	}
	if a, b := c.Error(t.Context(), io.EOF), c.Error(t.Context(), io.EOF); a == b {
		t.Error("a sentinel is reported once only")
	}
	flush(t, c)
	if n := len(srv.Events()); n != 3 {
		t.Errorf("%d events", n)
	}
}

func TestBeforeSendAndSampling(t *testing.T) {
	t.Parallel()
	srv := faulttest.NewServer(t)
	c := newClient(t, capture.Options{DSN: srv.DSN(), BeforeSend: func(e *capture.Event) *capture.Event {
		switch {
		case errors.Is(e.Err, fault.Timeout):
			return nil
		case errors.Is(e.Err, fault.Conflict):
			panic("hook")
		}
		e.Extra = map[string]any{"token": "hunter2", "note": "password=hunter2"}
		e.ID = "changed"
		return e
	}})
	c.Error(t.Context(), fault.New(fault.Timeout, "x"))
	c.Error(t.Context(), fault.New(fault.Conflict, "x"))
	id := c.Error(t.Context(), origin())
	flush(t, c)
	want := map[string]uint64{"before_send": 1, "internal_sdk_error": 1}
	if s := c.Stats(); !reflect.DeepEqual(s.Dropped, want) || s.Sent != 1 {
		t.Errorf("%+v", s)
	}
	e := srv.Events()[0]
	if get(e, "event_id") != string(id) || !reflect.DeepEqual(get(e, "extra"), map[string]any{"token": "[redacted]", "note": "password=[redacted]"}) {
		t.Errorf("%v", e)
	}
	if got := srv.Discarded(); !reflect.DeepEqual(got, map[string]int{"before_send": 1, "internal_sdk_error": 1}) {
		t.Errorf("server was told %v", got)
	}
	balanced(t, c.Stats())

	half := newClient(t, capture.Options{DSN: srv.DSN(), SampleRate: 0.5})
	for range 400 {
		half.Message(t.Context(), slog.LevelInfo, "x")
	}
	flush(t, half)
	if s := half.Stats(); s.Sent < 100 || s.Sent > 300 || s.Dropped["sample_rate"] != 400-s.Sent {
		t.Errorf("%+v", s)
	}
	balanced(t, half.Stats())
}

func TestHandler(t *testing.T) {
	t.Parallel()
	srv := faulttest.NewServer(t)
	c := newClient(t, capture.Options{DSN: srv.DSN()})
	var out bytes.Buffer
	log := slog.New(capture.Handler(faultlog.NewHandler(&out, nil), slog.LevelError, c))
	ctx := faultlog.Context(capture.NewScope(t.Context()), slog.String("request_id", "r1"))
	log.InfoContext(ctx, "step one", "n", 1)
	log.WarnContext(ctx, "step two", faultlog.Err(io.EOF))
	log.With("component", "cart").WithGroup("g").With("a", 1).ErrorContext(ctx, "save failed", "b", 2, faultlog.Err(origin()))
	log.ErrorContext(ctx, "just a text", "password", "hunter2")
	log.Log(ctx, faultlog.LevelCritical, "bare", "err", io.ErrClosedPipe)
	log.DebugContext(ctx, "below the level of the log")
	flush(t, c)
	evs := srv.Events()
	if len(evs) != 3 || strings.Count(out.String(), "\n") != 5 {
		t.Fatalf("%d events, log %s", len(evs), &out)
	}
	for _, e := range evs {
		crumbs, _ := get(e, "breadcrumbs", "values").([]any)
		if len(crumbs) != 2 || get(crumbs[0], "message") != "step one" || get(crumbs[1], "level") != "warning" {
			t.Errorf("breadcrumbs %v", crumbs)
		}
		switch {
		case get(e, "logentry", "message") == "just a text":
			if get(e, "extra", "password") != "[redacted]" || get(e, "extra", "request_id") != "r1" || get(e, "level") != "error" {
				t.Errorf("%v", e)
			}
		case get(e, "level") == "fatal":
			if get(e, "exception", "values", 0, "value") != io.ErrClosedPipe.Error() || get(e, "extra", "log") != "bare" {
				t.Errorf("%v", e)
			}
		default:
			if get(e, "exception", "values", 0, "type") != "UNAVAILABLE" || get(e, "extra", "log") != "save failed" || get(e, "extra", "component") != "cart" || get(e, "extra", "g.a") != 1.0 || get(e, "extra", "g.b") != 2.0 {
				t.Errorf("%v", e)
			}
		}
	}
	// Without a scope breadcrumbs belong to the client.
	log.Info("alone")
	log.Error("x")
	flush(t, c)
	if got := get(srv.Events()[3], "breadcrumbs", "values", 0, "message"); got != "alone" {
		t.Errorf("%v", got)
	}
}

func TestBreadcrumbsAreBounded(t *testing.T) {
	t.Parallel()
	srv := faulttest.NewServer(t)
	c := newClient(t, capture.Options{DSN: srv.DSN()})
	ctx := capture.NewScope(t.Context())
	for i := range 1000 {
		capture.AddBreadcrumb(ctx, fmt.Sprint(i))
	}
	inner := capture.NewScope(ctx)
	capture.AddBreadcrumb(inner, "inner")
	c.Error(ctx, origin())
	flush(t, c)
	list, _ := get(srv.Events()[0], "breadcrumbs", "values").([]any)
	if len(list) != 50 || get(list, 0, "message") != "950" || get(list, -1, "message") != "999" {
		t.Errorf("%d: %v", len(list), list)
	}
	// Nothing to do without a scope.
	capture.AddBreadcrumb(t.Context(), "x")
	capture.SetTag(t.Context(), "a", "b")
	capture.SetUser(t.Context(), capture.User{})
}

// The client's own trouble must not come back to it.
func TestOwnTroubleIsNotCaptured(t *testing.T) {
	t.Parallel()
	srv := faulttest.NewServer(t)
	srv.Respond(func(int) faulttest.Response { return faulttest.Response{Status: 403} })
	var out bytes.Buffer
	var c *capture.Client
	h := &late{}
	c = newClient(t, capture.Options{DSN: srv.DSN(), Log: slog.New(h)})
	h.set(capture.Handler(faultlog.NewHandler(&out, nil), slog.LevelDebug, c))
	for range 5 {
		c.Error(t.Context(), origin())
	}
	flush(t, c)
	if s := c.Stats(); s.Captured != 5 || s.Dropped["send_error"] != 5 {
		t.Errorf("%+v", s)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if n := strings.Count(out.String(), "\n"); n != 1 || !strings.Contains(out.String(), `"status":403`) {
		t.Errorf("%d records: %s", n, &out)
	}
}

// late is a handler that is set after it was given away.
type late struct {
	mu sync.Mutex
	h  slog.Handler
}

func (l *late) set(h slog.Handler) { l.mu.Lock(); l.h = h; l.mu.Unlock() }
func (l *late) get() slog.Handler  { l.mu.Lock(); defer l.mu.Unlock(); return l.h }

func (l *late) Enabled(ctx context.Context, v slog.Level) bool  { return l.get().Enabled(ctx, v) }
func (l *late) Handle(ctx context.Context, r slog.Record) error { return l.get().Handle(ctx, r) }
func (l *late) WithAttrs(a []slog.Attr) slog.Handler            { return l.get().WithAttrs(a) }
func (l *late) WithGroup(n string) slog.Handler                 { return l.get().WithGroup(n) }

func TestRecover(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"", t.TempDir()} {
		srv := faulttest.NewServer(t)
		c := newClient(t, capture.Options{DSN: srv.DSN(), Spool: capture.Spool{Dir: dir}})
		err := fault.Try(func() error {
			defer c.Recover(t.Context())
			panic("boom")
		})
		if err == nil || err.Error() != "panic: boom" {
			t.Errorf("the panic did not go on: %v", err)
		}
		flush(t, c)
		e := srv.Events()[0]
		if get(e, "level") != "fatal" || get(e, "exception", "values", 0, "mechanism", "handled") != false || !strings.HasPrefix(get(e, "exception", "values", 0, "stacktrace", "frames", -1, "function").(string), "TestRecover") {
			t.Errorf("%v", e)
		}
		func() {
			defer func() {
				if recover() != http.ErrAbortHandler { //nolint:errorlint // as net/http compares
					t.Error("ErrAbortHandler was changed")
				}
			}()
			defer c.Recover(t.Context())
			panic(http.ErrAbortHandler)
		}()
		if s := c.Stats(); s.Captured != 1 {
			t.Errorf("%+v", s)
		}
		balanced(t, c.Stats())
	}
}

func TestFromEnv(t *testing.T) {
	for _, k := range []string{"SENTRY_DSN", "ERROR_REPORTING_ENDPOINT", "ERROR_REPORTING_API_KEY", "ERROR_REPORTING_ENABLED", "SENTRY_ENVIRONMENT", "APP_ENV", "SENTRY_RELEASE", "ERROR_REPORTING_SPOOL_DIR"} {
		t.Setenv(k, "")
	}
	if o := capture.FromEnv(); !reflect.DeepEqual(o, capture.Options{}) {
		t.Errorf("%+v", o)
	}
	t.Setenv("ERROR_REPORTING_ENDPOINT", "https://errors.example.com/7")
	t.Setenv("ERROR_REPORTING_API_KEY", "k")
	t.Setenv("APP_ENV", "staging")
	t.Setenv("ERROR_REPORTING_ENABLED", "No")
	if o := capture.FromEnv(); o.DSN != "https://k@errors.example.com/7" || o.Environment != "staging" || !o.Disabled {
		t.Errorf("%+v", o)
	}
	t.Setenv("SENTRY_DSN", "https://other@errors.example.com/8")
	t.Setenv("ERROR_REPORTING_ENABLED", "true")
	if o := capture.FromEnv(); o.DSN != "https://other@errors.example.com/8" || o.Disabled {
		t.Errorf("%+v", o)
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	srv := faulttest.NewServer(t)
	c := newClient(t, capture.Options{DSN: srv.DSN(), Queue: 50, Spool: capture.Spool{Dir: t.TempDir()}})
	ctx := capture.NewScope(t.Context())
	var ids []string
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 100 {
				capture.SetTag(ctx, "i", fmt.Sprint(i))
				capture.AddBreadcrumb(ctx, "x", slog.Any("m", map[string]int{"a": i}))
				id := c.Error(ctx, fault.Wrap(origin(), "x", slog.Any("m", map[string]int{"a": i})))
				mu.Lock()
				ids = append(ids, string(id))
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	flush(t, c)
	slices.Sort(ids)
	if got := srv.IDs(); !slices.Equal(got, ids) {
		t.Errorf("%d of %d arrived", len(got), len(ids))
	}
	balanced(t, c.Stats())
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// What the caller pays: alone, while the worker is busy on the other core, and when the queue is full.
func BenchmarkError(b *testing.B) {
	var fine roundTripper = func(r *http.Request) (*http.Response, error) {
		_, err := io.Copy(io.Discard, r.Body)
		return &http.Response{StatusCode: 200, Body: http.NoBody}, err
	}
	var down roundTripper = func(*http.Request) (*http.Response, error) { return nil, io.EOF }
	for name, o := range map[string]capture.Options{
		"sent":     {HTTP: &http.Client{Transport: fine}, Queue: 100_000},
		"dropping": {HTTP: &http.Client{Transport: down}},
		"spooling": {HTTP: &http.Client{Transport: down}, Spool: capture.Spool{Dir: b.TempDir()}},
	} {
		b.Run(name, func(b *testing.B) {
			o.DSN, o.Log = "http://k@127.0.0.1:1/1", quiet
			c, err := capture.New(o)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = c.Close(cancelled()) }()
			ctx := capture.NewScope(context.Background())
			capture.SetTag(ctx, "a", "b")
			b.ReportAllocs()
			for b.Loop() {
				c.Error(ctx, fault.Wrap(origin(), "load"))
			}
		})
	}
}
