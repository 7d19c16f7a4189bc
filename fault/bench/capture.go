package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/getsentry/sentry-go"
	pkgerrors "github.com/pkg/errors"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/capture"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// fakeTransport takes events and forgets them.
type fakeTransport struct{}

func (fakeTransport) Configure(sentry.ClientOptions)        {}
func (fakeTransport) SendEvent(*sentry.Event)               {}
func (fakeTransport) Flush(time.Duration) bool              { return true }
func (fakeTransport) FlushWithContext(context.Context) bool { return true }
func (fakeTransport) Close()                                {}

// captureGroup compares what the caller pays. Ours hands over to a worker whose server is unreachable, so that the worker
// does not compete for the processor: what is measured is the path of a caller with room in the queue or without.
func captureGroup() []comparison {
	down := &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, io.EOF })}
	quiet := slog.New(slog.DiscardHandler)
	client, err := capture.New(capture.Options{DSN: "http://k@127.0.0.1:1/1", Log: quiet, HTTP: down, RetryMin: time.Hour})
	if err != nil {
		panic(err)
	}
	fake, err := sentry.NewClient(sentry.ClientOptions{Dsn: "http://k@127.0.0.1:1/1", Transport: fakeTransport{}})
	if err != nil {
		panic(err)
	}
	ok := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		_, err := io.Copy(io.Discard, r.Body)
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, err
	})}
	real, err := sentry.NewClient(sentry.ClientOptions{Dsn: "http://k@127.0.0.1:1/1", HTTPClient: ok})
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	scope := sentry.NewScope()
	foreign := pkgerrors.Wrap(errors.New("disk full"), "save cart")
	// Several, since one error captured twice is one report.
	var errs [64]error
	for i := range errs {
		errs[i] = fault.Wrap(faultSentinel, "save cart")
	}
	n := 0
	ours := func() {
		client.Error(ctx, errs[n%len(errs)])
		n++
	}
	return []comparison{
		{
			name: "capture, on the caller / sentry fake transport", target: 0.20, allocs: 8, ours: ours,
			theirs: func() { fake.CaptureException(foreign, &sentry.EventHint{}, scope) },
		},
		{
			name: "capture, on the caller / sentry default", target: 0.10, ours: ours,
			theirs: func() { real.CaptureException(foreign, &sentry.EventHint{}, scope) },
		},
	}
}
