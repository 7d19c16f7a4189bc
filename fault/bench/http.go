package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/danielgtaylor/huma/v2"
	"github.com/getsentry/sentry-go"
	sentryhttp "github.com/getsentry/sentry-go/http"
	"github.com/ory/herodot"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faulthttp"
)

// discard is a response nobody reads.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

type silent struct{}

func (silent) ReportError(*http.Request, int, error, ...any) {}

func httpGroup() []comparison {
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	quiet := slog.New(slog.DiscardHandler)
	errs := faulthttp.New(faulthttp.Config{Log: quiet})
	ours := errs.Middleware(ok)
	theirs := sentryhttp.New(sentryhttp.Options{}).Handle(ok)
	if err := sentry.Init(sentry.ClientOptions{}); err != nil {
		panic(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	err := fault.New(fault.Conflict, "name is taken")
	her := herodot.NewJSONWriter(silent{})
	herErr := herodot.ErrConflict.WithReason("name is taken")
	return []comparison{
		{name: "middleware, no error / sentryhttp", target: 0.20, allocs: 6, ours: func() { ours.ServeHTTP(discard{http.Header{}}, r) }, theirs: func() { theirs.ServeHTTP(discard{http.Header{}}, r) }},
		{
			name: "problem document / huma model + json", target: 1.5, ours: func() { sink, _ = faulthttp.ProblemOf(err).MarshalJSON() },
			theirs: func() { sink, _ = json.Marshal(huma.NewError(409, "name is taken")) },
		},
		{
			name: "problem response / herodot", target: 0.25, ours: func() { errs.Write(discard{http.Header{}}, r, err) },
			theirs: func() { her.WriteError(discard{http.Header{}}, r, herErr) },
		},
	}
}
