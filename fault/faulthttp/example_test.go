package faulthttp_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faulthttp"
)

var quiet = slog.New(slog.DiscardHandler)

func fetch(h http.Handler, path, accept string) {
	r := httptest.NewRequest("GET", path, nil)
	r.Header.Set("Accept", accept)
	r.Header.Set("X-Request-Id", "request-1")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("Content-Type"))
	fmt.Println(w.Body)
}

func Example() {
	getProject := func(_ http.ResponseWriter, r *http.Request) error {
		return fault.ResourceNotFound("project", r.PathValue("id"))
	}
	errs := faulthttp.New(faulthttp.Config{Log: quiet})
	mux := http.NewServeMux()
	mux.Handle("GET /projects/{id}", faulthttp.HandlerFunc(getProject))
	fetch(errs.Middleware(errs.Mux(mux)), "/projects/7", "application/json")
	// Output:
	// 404 application/json
	// {"title":"Not found","status":404,"detail":"project not found","code":"NOT_FOUND","request_id":"request-1"}
}

func ExampleErrors_Write() {
	errs := faulthttp.New(faulthttp.Config{Log: quiet})
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		errs.Write(w, r, fault.Wrap(io.ErrUnexpectedEOF, "read row")) // nothing of this is shown
	})
	fetch(h, "/", "text/plain")
	// Output:
	// 500 text/plain; charset=utf-8
	// Internal error
}

func ExampleErrors_Middleware() {
	errs := faulthttp.New(faulthttp.Config{Log: quiet})
	fetch(errs.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") })), "/", "text/plain")
	// Output:
	// 500 text/plain; charset=utf-8
	// Internal error
}

func ExampleErrors_Mux() {
	errs := faulthttp.New(faulthttp.Config{Log: quiet})
	fetch(errs.Mux(http.NewServeMux()), "/nowhere", "")
	// Output:
	// 404 application/problem+json
	// {"title":"Not found","status":404,"detail":"no such page","code":"NOT_FOUND"}
}

func ExampleHook() {
	errs := faulthttp.New(faulthttp.Config{Log: quiet, Hook: func(_ context.Context, _ *http.Request, err error, p *faulthttp.Problem) *faulthttp.Problem {
		p.Ext = map[string]any{"docs": "https://example.com/errors/" + string(p.Code)}
		return p
	}})
	fetch(errs.Handler(func(http.ResponseWriter, *http.Request) error { return fault.Conflict }), "/", "")
	// Output:
	// 409 application/problem+json
	// {"title":"Conflict","status":409,"code":"CONFLICT","docs":"https://example.com/errors/CONFLICT"}
}

func ExampleFlaskEnvelope() {
	errs := faulthttp.New(faulthttp.Config{Log: quiet, Envelope: faulthttp.FlaskEnvelope})
	fetch(errs.Handler(func(http.ResponseWriter, *http.Request) error { return fault.New(fault.Conflict, "name is taken") }), "/", "")
	// Output:
	// 409 application/json
	// {"error":{"code":409,"name":"CONFLICT","message":"name is taken"}}
}

func ExampleDRFEnvelope() {
	errs := faulthttp.New(faulthttp.Config{Log: quiet, Envelope: faulthttp.DRFEnvelope})
	fetch(errs.Handler(func(http.ResponseWriter, *http.Request) error {
		return fault.Invalid(fault.FieldError{Field: "name", Rule: "required", Message: "is required"})
	}), "/", "")
	// Output:
	// 422 application/json
	// {"name":["is required"]}
}

func ExampleNewStream() {
	errs := faulthttp.New(faulthttp.Config{Log: quiet})
	h := errs.Middleware(faulthttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		return faulthttp.NewStream(w, r).Run(func(_ context.Context, s *faulthttp.Stream) error {
			if err := s.Send("progress", 50); err != nil {
				return err
			}
			return fault.New(fault.Conflict, "somebody else changed it")
		})
	}))
	fetch(h, "/", "")
	// Output:
	// 200 text/event-stream
	// event: progress
	// data: 50
	//
	// event: error
	// data: {"title":"Conflict","status":409,"detail":"somebody else changed it","code":"CONFLICT","request_id":"request-1"}
}

func ExampleResponseError() {
	srv := httptest.NewServer(faulthttp.New(faulthttp.Config{Log: quiet}).Handler(func(http.ResponseWriter, *http.Request) error {
		return fault.New(fault.Conflict, "name is taken")
	}))
	defer srv.Close()
	resp, err := http.Get(srv.URL)
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	fmt.Println(faulthttp.ResponseError(resp))
	// Output: name is taken
}

func ExampleProblemOf() {
	p := faulthttp.ProblemOf(fault.New(fault.TooLarge, "at most 5 MB"))
	fmt.Println(p.Status, p.Title, p.Detail)
	// Output: 413 Too large at most 5 MB
}
