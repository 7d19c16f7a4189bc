package faulthttp_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faulthttp"
)

func TestRequestID(t *testing.T) {
	t.Parallel()
	for in, keep := range map[string]bool{"request-1": true, "abc": false, "": false, "has blank": false, "line\nbreak": false, strings.Repeat("a", 129): false, "0af7651916cd43dd8448eb211c80319c": true} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("X-Request-Id", in)
		var seen string
		var req *http.Request
		w := httptest.NewRecorder()
		faulthttp.New(faulthttp.Config{}).Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithCancel(r.Context())
			defer cancel()
			seen, req = faulthttp.RequestID(ctx), faulthttp.Request(ctx)
			if req != r {
				t.Error("Request gives another request")
			}
		})).ServeHTTP(w, r)
		if (seen == in) != keep || len(seen) < 8 || w.Header().Get("X-Request-Id") != seen {
			t.Errorf("%q became %q, header %q", in, seen, w.Header().Get("X-Request-Id"))
		}
	}
	if faulthttp.RequestID(t.Context()) != "" || faulthttp.Request(t.Context()) != nil {
		t.Error("an id outside of a request")
	}
}

func TestMux(t *testing.T) {
	t.Parallel()
	s := &spy{}
	errs := faulthttp.New(s.config())
	inner := http.NewServeMux()
	inner.HandleFunc("GET /in", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "in") })
	mux := http.NewServeMux()
	mux.HandleFunc("GET /x", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "x") })
	mux.HandleFunc("GET /own", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "own", 404) })
	mux.Handle("/sub/", http.StripPrefix("/sub", errs.Mux(inner)))
	const problem = "application/problem+json"
	for _, outer := range map[string]http.Handler{"with middleware": errs.Middleware(errs.Mux(mux)), "without": errs.Mux(mux)} {
		for _, tt := range []struct {
			method, path string
			status       int
			contentType  string
			allow        string
		}{
			{"GET", "/x", 200, "", ""},
			{"POST", "/x", 405, problem, "GET, HEAD"},
			{"GET", "/none", 404, problem, ""},
			{"GET", "/own", 404, "text/plain; charset=utf-8", ""},
			{"GET", "/sub/in", 200, "", ""},
			{"GET", "/sub/none", 404, problem, ""},
			{"DELETE", "/sub/in", 405, problem, "GET, HEAD"},
			{"GET", "/sub", 307, "text/html; charset=utf-8", ""},
		} {
			w := httptest.NewRecorder()
			outer.ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, nil))
			if w.Code != tt.status || tt.contentType != "" && w.Header().Get("Content-Type") != tt.contentType || w.Header().Get("Allow") != tt.allow {
				t.Errorf("%s %s: %d %v", tt.method, tt.path, w.Code, w.Header())
			}
		}
	}
}

func TestHandlersForOtherRouters(t *testing.T) {
	t.Parallel()
	s := &spy{}
	errs := faulthttp.New(s.config())
	for status, h := range map[int]http.HandlerFunc{404: faulthttp.NotFound, 405: faulthttp.MethodNotAllowed} {
		w := httptest.NewRecorder()
		errs.Middleware(h).ServeHTTP(w, get(""))
		if w.Code != status {
			t.Errorf("%d, want %d", w.Code, status)
		}
	}
	if len(s.records(t)) != 2 {
		t.Errorf("%s", &s.log)
	}
	w := httptest.NewRecorder()
	errs.Handler(func(http.ResponseWriter, *http.Request) error { return fault.Conflict }).ServeHTTP(w, get(""))
	if w.Code != 409 || len(s.records(t)) != 3 {
		t.Errorf("%d", w.Code)
	}
	if err := faulthttp.HumaError(404, "no such project", io.EOF, fault.NotFound); err.GetStatus() != 404 || err.Error() != "no such project" {
		t.Errorf("%+v", err)
	}
	js, err := json.Marshal(faulthttp.HumaError(500, "secret", errors.New("secret")))
	if err != nil || string(js) != `{"title":"Internal error","status":500,"code":"INTERNAL_ERROR"}` {
		t.Errorf("%s %v", js, err)
	}
	if got := faulthttp.HumaError(422, "x").ContentType("application/json"); got != "application/problem+json" {
		t.Error(got)
	}
}

// The wrapped writer must not take abilities away: with a real server flushing, hijacking, deadlines and files work.
func TestWriterAbilities(t *testing.T) {
	t.Parallel()
	errs := faulthttp.New((&spy{}).config())
	mux := http.NewServeMux()
	mux.HandleFunc("/flush", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "first")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("/hijack", func(w http.ResponseWriter, _ *http.Request) {
		c, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = rw.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
		_ = rw.Flush()
		_ = c.Close()
	})
	mux.HandleFunc("/copy", func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Error(err)
		}
		_, _ = io.Copy(w, strings.NewReader(strings.Repeat("x", 100_000)))
	})
	srv := httptest.NewServer(errs.Middleware(errs.Mux(mux)))
	defer srv.Close()
	fetch := func(path string) *http.Response {
		ctx, cancel := context.WithCancel(t.Context())
		t.Cleanup(cancel)
		r, _ := http.NewRequestWithContext(ctx, "GET", srv.URL+path, nil)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = resp.Body.Close() })
		return resp
	}
	buf := make([]byte, 5)
	resp := fetch("/flush")
	if _, err := io.ReadFull(resp.Body, buf); err != nil || string(buf) != "first" {
		t.Error(err, string(buf))
	}
	_ = resp.Body.Close()
	for path, n := range map[string]int{"/hijack": 2, "/copy": 100_000} {
		if b, err := io.ReadAll(fetch(path).Body); err != nil || len(b) != n {
			t.Errorf("%s: %d bytes, %v", path, len(b), err)
		}
	}
	// A writer without the ability says so instead of panicking.
	w := httptest.NewRecorder()
	errs.Middleware(mux).ServeHTTP(w, httptest.NewRequest("GET", "/copy2", nil))
	errs.Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, _, err := w.(http.Hijacker).Hijack(); !errors.Is(err, http.ErrNotSupported) {
			t.Error(err)
		}
	})).ServeHTTP(w, get(""))
}

func TestClientIP(t *testing.T) {
	t.Parallel()
	errs := faulthttp.New(faulthttp.Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}})
	for name, tt := range map[string]struct {
		remote, want string
		xff          []string
	}{
		"direct":              {"203.0.113.1:5", "203.0.113.1", nil},
		"untrusted sets it":   {"203.0.113.1:5", "203.0.113.1", []string{"1.2.3.4"}},
		"one proxy":           {"10.0.0.1:5", "203.0.113.1", []string{"203.0.113.1"}},
		"client lies":         {"10.0.0.1:5", "203.0.113.1", []string{"1.2.3.4, 203.0.113.1"}},
		"two proxies":         {"10.0.0.1:5", "203.0.113.1", []string{"1.2.3.4, 203.0.113.1", "10.0.0.2"}},
		"all proxies":         {"10.0.0.1:5", "10.0.0.3", []string{"10.0.0.3, 10.0.0.2"}},
		"rubbish behind":      {"10.0.0.1:5", "10.0.0.2", []string{"203.0.113.1, unknown, 10.0.0.2"}},
		"rubbish":             {"10.0.0.1:5", "10.0.0.1", []string{"<script>"}},
		"empty":               {"10.0.0.1:5", "10.0.0.1", []string{""}},
		"ports":               {"10.0.0.1:5", "203.0.113.1", []string{"203.0.113.1:4711"}},
		"ipv6":                {"[fd00::1]:5", "2001:db8::1", []string{"2001:db8::1"}},
		"ipv6 brackets":       {"[fd00::1]:5", "2001:db8::1", []string{"[2001:db8::1]"}},
		"ipv6 brackets, port": {"[fd00::1]:5", "2001:db8::1", []string{"[2001:db8::1]:80"}},
		"mapped":              {"[::ffff:10.0.0.1]:5", "203.0.113.1", []string{"::ffff:203.0.113.1"}},
		"unix socket":         {"@", "invalid IP", []string{"1.2.3.4"}},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tt.remote
		for _, v := range tt.xff {
			r.Header.Add("X-Forwarded-For", v)
		}
		if got := errs.ClientIP(r).String(); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

func TestResponseError(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status      int
		contentType string
		body        string
		retry       string
		code        fault.Code
		public      string
		wait        time.Duration
	}{
		"fine":           {200, "text/plain", "x", "", "", "", -1},
		"problem":        {409, "application/problem+json; charset=utf-8", `{"status":409,"code":"CONFLICT","detail":"taken"}`, "", fault.Conflict, "taken", -1},
		"html":           {502, "text/html", "<h1>secret</h1>", "", fault.Unavailable, "Service unavailable", -1},
		"html 404":       {404, "text/html", "secret", "", fault.NotFound, "Not found", -1},
		"contradiction":  {503, "application/json", `{"status":404,"code":"NOT_FOUND"}`, "", fault.Unavailable, "Service unavailable", -1},
		"broken":         {500, "application/json", `{`, "", fault.Internal, "Internal error", -1},
		"retry seconds":  {429, "", "", "7", fault.RateLimited, "Too many requests", 7 * time.Second},
		"retry too long": {429, "", "", "99999999", fault.RateLimited, "Too many requests", 24 * time.Hour},
		"retry past":     {503, "", "", "Mon, 02 Jan 2006 15:04:05 GMT", fault.Unavailable, "Service unavailable", 0},
		"retry rubbish":  {503, "", "", "soon", fault.Unavailable, "Service unavailable", -1},
	} {
		resp := &http.Response{StatusCode: tt.status, Header: http.Header{"Content-Type": {tt.contentType}, "Retry-After": {tt.retry}}, Body: io.NopCloser(strings.NewReader(tt.body))}
		err := faulthttp.ResponseError(resp)
		wait, ok := fault.RetryAfterOf(err)
		if !ok {
			wait = -1
		}
		if fault.CodeOf(err) != tt.code || fault.PublicMessage(err) != tt.public || wait != tt.wait {
			t.Errorf("%s: %+v %v", name, err, wait)
		}
	}
}

func TestStream(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		f       func(ctx context.Context, s *faulthttp.Stream) error
		want    string
		records int
	}{
		"events": {func(_ context.Context, s *faulthttp.Stream) error {
			return fault.Join(s.Send("", "a\nb\r\nc\rd"), s.Send("n", map[string]int{"x": 1}), s.Send("e", []byte("")), s.Ping())
		}, "data: a\ndata: b\ndata: c\ndata: d\n\nevent: n\ndata: {\"x\":1}\n\nevent: e\ndata: \n\n: \n\n", 0},
		"error": {func(context.Context, *faulthttp.Stream) error {
			return fault.Wrap(fault.New(fault.Conflict, "taken"), "secret")
		}, "event: error\ndata: {\"title\":\"Conflict\",\"status\":409,\"detail\":\"taken\",\"code\":\"CONFLICT\",\"request_id\":\"request-1\"}\n\n", 1},
		"panic": {
			func(context.Context, *faulthttp.Stream) error { panic("secret") },
			"event: error\ndata: {\"title\":\"Internal error\",\"status\":500,\"code\":\"INTERNAL_ERROR\",\"request_id\":\"request-1\"}\n\n", 1,
		},
		"bad name":  {func(_ context.Context, s *faulthttp.Stream) error { return s.Send("a\ndata: forged", "x") }, "event: error\ndata: {\"title\":\"Validation failed\"", 1},
		"bad value": {func(_ context.Context, s *faulthttp.Stream) error { return s.Send("a", func() {}) }, "event: error\ndata: {\"title\":\"Internal error\"", 1},
	} {
		s := &spy{}
		w := serve(s.config(), get(""), func(w http.ResponseWriter, r *http.Request) error { return faulthttp.NewStream(w, r).Run(tt.f) })
		if w.Code != 200 || !strings.HasPrefix(w.Body.String(), tt.want) || w.Header().Get("Content-Type") != "text/event-stream" || len(s.records(t)) != tt.records || !w.Flushed {
			t.Errorf("%s: %d %q %s", name, w.Code, w.Body, &s.log)
		}
	}
}

func TestStreamClientGone(t *testing.T) {
	t.Parallel()
	s := &spy{}
	cleaned := make(chan struct{})
	errs := faulthttp.New(s.config())
	finished := make(chan struct{})
	srv := httptest.NewServer(errs.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(finished)
		faulthttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
			return faulthttp.NewStream(w, r).Run(func(ctx context.Context, s *faulthttp.Stream) error {
				defer close(cleaned)
				for {
					if err := s.Send("tick", "x"); err != nil {
						return fault.Wrap(err, "tick")
					}
					select {
					case <-ctx.Done():
						return ctx.Err()
					case <-time.After(time.Millisecond):
					}
				}
			})
		}).ServeHTTP(w, r)
	})))
	defer srv.Close()
	resp, err := http.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	<-cleaned
	<-finished
	if recs := s.records(t); len(recs) != 1 || recs[0]["level"] != "INFO" || len(s.captured) != 0 || len(s.codes) != 0 {
		t.Errorf("%s %v %v", &s.log, s.captured, s.codes)
	}
}

func BenchmarkMiddleware(b *testing.B) {
	h := faulthttp.New(faulthttp.Config{}).Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }))
	r := httptest.NewRequest("GET", "/", nil)
	w := httptest.NewRecorder()
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}

func BenchmarkProblem(b *testing.B) {
	errs := faulthttp.New(faulthttp.Config{Log: slog.New(slog.DiscardHandler)})
	r := httptest.NewRequest("GET", "/", nil)
	err := fault.Wrap(fault.New(fault.Conflict, "name is taken"), "create")
	b.ReportAllocs()
	for b.Loop() {
		errs.Write(discard{http.Header{}}, r, err)
	}
}

type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

func FuzzClientIP(f *testing.F) {
	f.Add("10.0.0.1:5", "1.2.3.4, [::1]:80,, x%eth0")
	errs := faulthttp.New(faulthttp.Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	f.Fuzz(func(t *testing.T, remote, xff string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = remote
		r.Header["X-Forwarded-For"] = []string{xff}
		got := errs.ClientIP(r)
		if ap, err := netip.ParseAddrPort(remote); err == nil && !netip.MustParsePrefix("10.0.0.0/8").Contains(ap.Addr().Unmap()) && got != ap.Addr().Unmap() {
			t.Errorf("%q from %q gives %v", xff, remote, got)
		}
	})
}
