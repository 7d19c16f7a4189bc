package server

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faulthttp"
)

// wrap puts around the handler what every request gets: a time limit, an id, an answer when the handler panics, and at
// level debug a line in the log.
func (s *Server) wrap(next http.Handler) http.Handler {
	return s.limitTime(s.opts.Errors.Middleware(accessLog(s.opts.Logger, next)))
}

// limitTime bounds how long a client may take to send its body and to read its answer. The settings of http.Server for it
// would end streams of events too, which have no end by nature.
func (s *Server) limitTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		now := time.Now()
		if r.ContentLength != 0 {
			fault.Ignore(c.SetReadDeadline(now.Add(s.opts.BodyTimeout)), "a connection without deadlines has no limit")
		}
		deadline := now.Add(s.opts.AnswerTimeout)
		if isStream(r) {
			deadline = time.Time{} // none, and not that of the request before
		}
		fault.Ignore(c.SetWriteDeadline(deadline), "a connection without deadlines has no limit")
		next.ServeHTTP(w, r)
	})
}

// isStream says whether the client asks for server-sent events.
func isStream(r *http.Request) bool {
	for _, accept := range r.Header["Accept"] {
		if strings.Contains(accept, "text/event-stream") {
			return true
		}
	}
	return false
}

func accessLog(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !log.Enabled(r.Context(), slog.LevelDebug) {
			next.ServeHTTP(w, r)
			return
		}
		start := time.Now()
		sw := &statusWriter{ResponseWriter: w}
		defer func() {
			// Neither query nor headers: they carry keys.
			log.Debug("request", "method", r.Method, "path", r.URL.Path, "status", sw.status, "bytes", sw.bytes,
				"duration", time.Since(start), "request_id", faulthttp.RequestID(r.Context()))
		}()
		next.ServeHTTP(sw, r)
	})
}

// statusWriter remembers what was answered.
type statusWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 || w.status < 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Flush implements http.Flusher.
func (w *statusWriter) Flush() {
	fault.Ignore(http.NewResponseController(w.ResponseWriter).Flush(), "http.Flusher has no error to return")
}

// contentSecurityPolicy allows what stands in files of our own and nothing else: no inline script or style, no frame
// around us, forms that post to us only.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// SecurityHeaders adds to every answer of the UI and the API what keeps a browser from doing anything with it that was not
// meant. Handlers may override them. Ingest routes are not wrapped in it: they answer scripts of other origins.
func SecurityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}
