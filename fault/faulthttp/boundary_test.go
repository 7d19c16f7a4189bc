package faulthttp_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/seismohq/seismo/fault/faulthttp"
	"github.com/seismohq/seismo/fault/faulttest"
)

func TestBoundary(t *testing.T) {
	t.Parallel()
	faulttest.RunBoundary(t, func(c faulthttp.Config, f func(ctx context.Context) error) http.Handler {
		errs := faulthttp.New(c)
		mux := http.NewServeMux()
		mux.Handle("GET /fail", faulthttp.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error { return f(r.Context()) }))
		return errs.Middleware(errs.Mux(mux))
	})
}
