package faulthttp

import (
	"net/http"

	"github.com/seismohq/seismo/fault"
)

var (
	errNoRoute  = fault.With(fault.New(fault.NotFound, "no such page"), fault.NoStack)
	errNoMethod = fault.With(fault.New(fault.MethodNotAllowed, "method not allowed here"), fault.NoStack)
)

// Mux returns m with its own answers (404 where no pattern matches, 405 with Allow) in our shape. Responses of the handlers
// in m are left alone.
func (e *Errors) Mux(m *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mw, ok := w.(*writer)
		if !ok {
			mw = &writer{ResponseWriter: w}
		}
		outer := mw.mux // a mux within a mux
		mw.mux = r
		m.ServeHTTP(mw, r)
		mw.mux = outer
		if mw.dropped == 0 {
			return
		}
		err := errNoRoute
		if mw.dropped == http.StatusMethodNotAllowed {
			err = errNoMethod
		}
		mw.dropped = 0
		e.Write(w, r, err)
	})
}

// NotFound answers with [fault.NotFound], for routers that take such a handler.
func NotFound(w http.ResponseWriter, r *http.Request) { answer(w, r, errNoRoute) }

// MethodNotAllowed answers with [fault.MethodNotAllowed], for routers that take such a handler. The router sets Allow.
func MethodNotAllowed(w http.ResponseWriter, r *http.Request) { answer(w, r, errNoMethod) }

func answer(w http.ResponseWriter, r *http.Request, err error) {
	e := bare
	if s := scopeOf(r.Context()); s != nil {
		e = s.errs
	}
	e.Write(w, r, err)
}
