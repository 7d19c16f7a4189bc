package faulttest_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/capture"
	"github.com/seismohq/seismo/fault/faulthttp"
	"github.com/seismohq/seismo/fault/faulttest"
)

// fails runs f with a test of its own and returns what it complained about, "" when it passed.
func fails(t *testing.T, f func(t testing.TB)) string {
	t.Helper()
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	return r.text
}

type recorder struct {
	testing.TB
	text string
}

func (r *recorder) Helper() {}
func (r *recorder) Fatalf(format string, args ...any) {
	r.text = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Fatal(args ...any) {
	r.text = fmt.Sprint(args...)
	runtime.Goexit()
}

func response(status int, contentType, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(body))}
}

func TestAssertions(t *testing.T) {
	t.Parallel()
	invalid := fault.Invalid(fault.FieldError{Field: "a", Rule: "r"})
	for name, tt := range map[string]struct {
		f    func(t testing.TB)
		want string
	}{
		"code":        {func(t testing.TB) { faulttest.RequireCode(t, invalid, fault.Validation) }, ""},
		"no error":    {func(t testing.TB) { faulttest.RequireCode(t, nil, "") }, ""},
		"other code":  {func(t testing.TB) { faulttest.RequireCode(t, io.EOF, fault.NotFound) }, `code "INTERNAL_ERROR", want "NOT_FOUND"`},
		"field":       {func(t testing.TB) { faulttest.RequireField(t, invalid, "a", "r") }, ""},
		"other field": {func(t testing.TB) { faulttest.RequireField(t, invalid, "b", "r") }, "no field error b/r"},
		"no leak":     {func(t testing.TB) { faulttest.RequireNoLeak(t, "not found", "hunter2") }, ""},
		"leak":        {func(t testing.TB) { faulttest.RequireNoLeak(t, "x hunter2", "hunter2") }, `leaks "hunter2"`},
		"stack":       {func(t testing.TB) { faulttest.RequireNoLeak(t, "at main.go:12") }, "shows internals"},
		"problem": {func(t testing.TB) {
			faulttest.RequireProblem(t, response(404, "application/problem+json", `{"status":404,"code":"NOT_FOUND"}`), fault.NotFound)
		}, ""},
		"other problem": {func(t testing.TB) {
			faulttest.RequireProblem(t, response(404, "application/problem+json", `{"status":409,"code":"NOT_FOUND"}`), fault.NotFound)
		}, "status 409 under status 404"},
		"other type": {func(t testing.TB) { faulttest.RequireProblem(t, response(404, "text/html", ``), fault.NotFound) }, "content type"},
		"broken": {func(t testing.TB) {
			faulttest.RequireProblem(t, response(404, "application/problem+json", `{`), fault.NotFound)
		}, "unexpected end"},
		"golden is missing": {func(t testing.TB) { faulttest.Golden(t, "none.json", nil) }, "FAULT_UPDATE=1"},
	} {
		if got := fails(t, tt.f); tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestGolden(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("FAULT_UPDATE", "1")
	faulttest.Golden(t, "a/b.json", []byte(`{"code":"X","request_id":"1"}`))
	t.Setenv("FAULT_UPDATE", "")
	faulttest.Golden(t, "a/b.json", []byte(`{"code":"X","request_id":"2"}`))
	if got := fails(t, func(t testing.TB) { faulttest.Golden(t, "a/b.json", []byte(`{"code":"Y"}`)) }); !strings.Contains(got, "differs") {
		t.Error(got)
	}
	if b, err := os.ReadFile(filepath.Join("testdata", "a", "b.json")); err != nil || string(b) != `{"code":"X","request_id":"…"}` {
		t.Errorf("%s %v", b, err)
	}
}

func TestServer(t *testing.T) {
	t.Parallel()
	srv := faulttest.NewServer(t)
	c, err := capture.New(capture.Options{DSN: srv.DSN(), Log: slog.New(slog.DiscardHandler), RetryMin: time.Millisecond, RetryMax: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	srv.Respond(func(n int) faulttest.Response { return faulttest.Response{Lose: n == 1} })
	id := c.Error(t.Context(), fault.New(fault.Internal, "x"))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := c.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if got := srv.IDs(); !reflect.DeepEqual(got, []string{string(id)}) || srv.Repeats() != 1 || srv.Requests() != 2 || len(srv.Events()) != 1 || len(srv.Discarded()) != 0 {
		t.Errorf("%v, %d repeats, %d requests", got, srv.Repeats(), srv.Requests())
	}
}

func ExampleRunBoundary() {
	test := func(t *testing.T) { // in a test of your own
		faulttest.RunBoundary(t, func(c faulthttp.Config, f func(ctx context.Context) error) http.Handler {
			errs := faulthttp.New(c)
			return errs.Middleware(faulthttp.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error { return f(r.Context()) }))
		})
	}
	_ = test
	// Output:
}

func ExampleRequireProblem() {
	test := func(t *testing.T) { // in a test of your own
		w := httptest.NewRecorder()
		faulthttp.NotFound(w, httptest.NewRequest("GET", "/", nil))
		p := faulttest.RequireProblem(t, w.Result(), fault.NotFound)
		faulttest.RequireNoLeak(t, p.Detail)
	}
	_ = test
	// Output:
}
