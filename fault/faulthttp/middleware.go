package faulthttp

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/seismohq/seismo/fault"
)

// RequestIDHeader carries the id of a request in and out.
const RequestIDHeader = "X-Request-Id"

// scope is everything about one request in one allocation: it is the request's context and holds its writer.
type scope struct {
	context.Context
	errs   *Errors
	req    *http.Request
	w      writer
	id     string
	header [1]string // the value of the response header, without a slice of its own
}

type scopeKey struct{}

// Value makes the scope reachable from contexts derived from it.
func (s *scope) Value(key any) any {
	if key == (scopeKey{}) {
		return s
	}
	return s.Context.Value(key)
}

func scopeOf(ctx context.Context) *scope {
	s, _ := ctx.Value(scopeKey{}).(*scope)
	return s
}

// RequestID returns the id [Errors.Middleware] gave to the request of ctx, "" outside of one.
func RequestID(ctx context.Context) string {
	if s := scopeOf(ctx); s != nil {
		return s.id
	}
	return ""
}

// Request returns the request whose context ctx is derived from, as the middleware passed it on, or nil. It must not be
// changed, and is only valid while the request is handled.
func Request(ctx context.Context) *http.Request {
	if s := scopeOf(ctx); s != nil {
		return s.req
	}
	return nil
}

// Middleware turns panics of next into responses, gives the request an id (that of its header X-Request-Id when that is a
// sane one), and lets [Errors.Write] see whether a response has begun. A panic with http.ErrAbortHandler passes through. When
// a panic strikes after a successful response began, the connection is cut, so that the client does not take half an answer
// for a whole one.
//
// The writer it passes on supports http.ResponseController, and http.Flusher, http.Hijacker and io.ReaderFrom by themselves.
func (e *Errors) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := &scope{Context: r.Context(), errs: e, w: writer{ResponseWriter: w}}
		s.id = requestID(r)
		s.header[0] = s.id
		w.Header()[RequestIDHeader] = s.header[:]
		r = r.WithContext(s)
		s.req = r
		var start time.Time
		if e.c.Metrics != nil {
			start = time.Now()
		}
		defer func() {
			v := recover()
			abort := v != nil && fault.IsAbort(v)
			if v != nil && !abort {
				abort = e.write(&s.w, r, fault.FromPanic(v))
			}
			if e.c.Metrics != nil {
				e.c.Metrics.ObserveRequest(r.Method, r.Pattern, s.w.sent(), time.Since(start))
			}
			if abort {
				panic(http.ErrAbortHandler)
			}
		}()
		next.ServeHTTP(&s.w, r)
	})
}

func requestID(r *http.Request) string {
	if ids := r.Header[RequestIDHeader]; len(ids) == 1 && saneID(ids[0]) {
		return ids[0]
	}
	const digits = "0123456789abcdef"
	var b [32]byte
	for i, u := 0, uint64(0); i < len(b); i++ { // unique, not secret
		if i%16 == 0 {
			u = rand.Uint64()
		}
		b[i] = digits[u&15]
		u >>= 4
	}
	return string(b[:])
}

// saneID keeps out what would be awkward in logs and headers.
func saneID(id string) bool {
	if len(id) < 8 || len(id) > 128 {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == ':':
		default:
			return false
		}
	}
	return true
}

// HandlerFunc is a handler that returns its error. As an http.Handler it answers through the [Errors] whose middleware runs
// around it, or else through one with the zero Config. An error returned after a successful response began cuts the
// connection.
type HandlerFunc func(w http.ResponseWriter, r *http.Request) error

var bare = New(Config{})

// ServeHTTP calls f and answers its error.
func (f HandlerFunc) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e := bare
	if s := scopeOf(r.Context()); s != nil {
		e = s.errs
	}
	e.serve(f, w, r)
}

// Handler returns f as a handler that answers through e, with or without middleware.
func (e *Errors) Handler(f HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { e.serve(f, w, r) })
}

func (e *Errors) serve(f HandlerFunc, w http.ResponseWriter, r *http.Request) {
	if err := f(w, r); err != nil && e.write(w, r, err) {
		panic(http.ErrAbortHandler)
	}
}
