package faulthttp

import (
	"context"
	"errors"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/audit"
	"github.com/seismohq/seismo/fault/faultlog"
)

// Hook may change the response to an error. It gets a copy of the problem that would be sent and returns the one to send;
// nil keeps it. A panic in the hook is logged and its answer ignored, so that it cannot hide the original error.
type Hook func(ctx context.Context, r *http.Request, err error, p *Problem) *Problem

// Metrics is told about requests and errors; faultmetrics.HTTP implements it.
type Metrics interface {
	// ObserveRequest gets the pattern of the route, "" when none matched, so that labels stay few.
	ObserveRequest(method, pattern string, status int, d time.Duration)
	ObserveError(code fault.Code)
}

// Auditor receives refused accesses; *audit.Logger implements it.
type Auditor interface {
	Record(ctx context.Context, ev audit.Event) error
}

// Config of [New]. The zero value works.
type Config struct {
	Hook     Hook
	Envelope Envelope // shape of JSON bodies; nil means RFC9457
	// Pages holds html/template files: "404.html" for one status, "4xx.html" and "5xx.html" for a class. They get a [Page].
	// Without a fitting file a plain built-in page is used.
	Pages fs.FS
	// Log receives one record for each error; nil means slog.Default().
	Log *slog.Logger
	// Audit receives an access.denied event for each response with status 403; nil means none.
	Audit Auditor
	// Actor names the user of a request for audit events; nil means the user of basic authentication, if any.
	Actor func(r *http.Request) string
	// Capture receives errors of status 500 and above; nil means none. The method Report of capture.Client fits.
	Capture func(ctx context.Context, err error)
	Metrics Metrics
	// TrustedProxies may set X-Forwarded-For; see ClientIP.
	TrustedProxies []netip.Prefix
	// TraceID returns the id of the trace of a request, "" when there is none; it is added to logs and problems.
	TraceID func(ctx context.Context) string
}

// Errors writes errors as responses. It is safe for concurrent use.
type Errors struct {
	c     Config
	pages *template.Template
}

// New returns an Errors. It panics when a file of c.Pages is no valid template: such a program should not start.
func New(c Config) *Errors {
	if c.Envelope == nil {
		c.Envelope = RFC9457
	}
	e := &Errors{c: c}
	if c.Pages != nil {
		e.pages = parsePages(c.Pages)
	}
	return e
}

func (e *Errors) log() *slog.Logger {
	if e.c.Log != nil {
		return e.c.Log
	}
	return slog.Default()
}

// Write answers r with err: status, headers, a body the client can read, one log record, and where configured metrics, an
// audit event and a captured report. Where [Errors.Middleware] runs and the response has already begun, it only records the
// error. It does nothing for a nil error.
func (e *Errors) Write(w http.ResponseWriter, r *http.Request, err error) {
	e.write(w, r, err)
}

// write reports whether the error came after a successful response began, which the caller should then cut.
func (e *Errors) write(w http.ResponseWriter, r *http.Request, err error) (cut bool) {
	if err == nil {
		return false
	}
	err = translate(r, err)
	s := scopeOf(r.Context())
	status := 0
	if s != nil {
		status = s.w.status
	}
	p := e.hooked(r, err, e.problem(r, s, err))
	e.record(r, s, err, p.Status, status != 0)
	if status != 0 {
		return status < 400
	}
	e.send(w, r, err, p)
	return false
}

// translate gives a code to errors of net/http and of cancelled requests that have none.
func translate(r *http.Request, err error) error {
	code := fault.CodeOf(err)
	if code == fault.Internal {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return fault.With(err, fault.WithCode(fault.TooLarge))
		}
	}
	if code == fault.Canceled && r.Context().Err() == nil {
		// Not the client went away but something of ours was stopped; the client waits and may try again.
		return fault.With(err, fault.WithCode(fault.Unavailable))
	}
	return err
}

func (e *Errors) problem(r *http.Request, s *scope, err error) *Problem {
	p := ProblemOf(err)
	if s != nil {
		p.RequestID = s.id
	}
	if e.c.TraceID != nil {
		p.TraceID = e.c.TraceID(r.Context())
	}
	return p
}

func (e *Errors) hooked(r *http.Request, err error, p *Problem) (out *Problem) {
	if e.c.Hook == nil {
		return p
	}
	defer func() {
		if v := recover(); v != nil {
			e.log().LogAttrs(r.Context(), slog.LevelError, "error hook panicked", faultlog.Err(fault.FromPanic(v)))
			out = p
		}
	}()
	q := e.c.Hook(r.Context(), r, err, p.clone())
	if q == nil {
		return p
	}
	if q.Status < 200 || q.Status > 599 {
		q.Status = p.Status
	}
	return q
}

// record tells everyone who must know about the error, once.
func (e *Errors) record(r *http.Request, s *scope, err error, status int, started bool) {
	ctx := r.Context()
	info := fault.InfoOf(err)
	log := e.log()
	if log.Enabled(ctx, info.Level) {
		attrs := make([]slog.Attr, 0, 8)
		attrs = append(attrs, slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Int("status", status))
		if s != nil {
			attrs = append(attrs, slog.String("request_id", s.id))
		}
		if e.c.TraceID != nil {
			if id := e.c.TraceID(ctx); id != "" {
				attrs = append(attrs, slog.String("trace_id", id))
			}
		}
		if started {
			attrs = append(attrs, slog.Bool("response_started", true))
		}
		log.LogAttrs(ctx, info.Level, "request failed", append(attrs, faultlog.Err(err))...)
	}
	if e.c.Metrics != nil {
		e.c.Metrics.ObserveError(fault.CodeOf(err))
	}
	if e.c.Capture != nil && info.Status >= 500 {
		e.c.Capture(ctx, err)
	}
	if e.c.Audit != nil && info.Status == http.StatusForbidden {
		e.audit(r, err)
	}
}

func (e *Errors) audit(r *http.Request, err error) {
	ev := audit.Event{
		Actor:        e.actor(r),
		Action:       audit.AccessDenied,
		ResourceType: "http",
		ResourceID:   r.Method + " " + r.URL.Path,
		Outcome:      audit.Refused,
		Reason:       err.Error(),
	}
	if ip := e.ClientIP(r); ip.IsValid() {
		ev.IP = ip.String()
	}
	if err := e.c.Audit.Record(r.Context(), ev); err != nil {
		e.log().LogAttrs(r.Context(), slog.LevelError, "audit record lost", faultlog.Err(err))
	}
}

func (e *Errors) actor(r *http.Request) string {
	if e.c.Actor != nil {
		return e.c.Actor(r)
	}
	user, _, _ := r.BasicAuth()
	return user
}

// send writes headers and body.
func (e *Errors) send(w http.ResponseWriter, r *http.Request, err error, p *Problem) {
	h := w.Header()
	// What the handler said about the body it did not send.
	if len(h) > 0 {
		for _, k := range [...]string{"Content-Encoding", "Content-Range", "Content-Disposition", "Etag", "Last-Modified", "Expires"} {
			delete(h, k)
		}
	}
	for k, v := range fault.HeadersOf(err) {
		h.Add(k, v)
	}
	if d, ok := fault.RetryAfterOf(err); ok && h.Get("Retry-After") == "" {
		h.Set("Retry-After", strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10))
	}
	if p.Status == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "" {
		h.Set("WWW-Authenticate", "Bearer") // RFC 9110, 11.6.1: a 401 must have one
	}
	body, contentType := e.body(r, p)
	values := [...]string{"nosniff", "no-store", contentType, strconv.Itoa(len(body)), "Accept"} // one allocation instead of five
	for i, k := range [...]string{"X-Content-Type-Options", "Cache-Control", "Content-Type", "Content-Length", "Vary"} {
		if k == "Vary" && len(h[k]) > 0 {
			h.Add(k, values[i])
			continue
		}
		h[k] = values[i : i+1 : i+1]
	}
	w.WriteHeader(p.Status)
	if r.Method == http.MethodHead {
		return
	}
	_, werr := w.Write(body)
	fault.Ignore(werr, "the client is gone, and the error is recorded already")
}
