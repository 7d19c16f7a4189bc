package faulthttp

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/seismohq/seismo/fault"
)

// sendTimeout is how long a stalled client may hold up one event.
const sendTimeout = 30 * time.Second

// Stream sends server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). It is safe for
// concurrent use.
type Stream struct {
	errs *Errors
	w    http.ResponseWriter
	rc   *http.ResponseController
	r    *http.Request

	mu   sync.Mutex
	gone bool // an event could not be sent
}

// NewStream begins a response of server-sent events. The server's WriteTimeout no longer applies; instead each event must
// be taken by the client within 30 seconds.
func NewStream(w http.ResponseWriter, r *http.Request) *Stream {
	s := &Stream{errs: bare, w: w, rc: http.NewResponseController(w), r: r}
	if sc := scopeOf(r.Context()); sc != nil {
		s.errs = sc.errs
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	w.WriteHeader(http.StatusOK)
	fault.Ignore(s.rc.Flush(), "a writer that cannot flush sends when it likes")
	return s
}

// Send sends one event. An empty event name means "message". data is text when it is a string or []byte, else JSON. Errors:
// [fault.Validation] for a name with a line break, [fault.Canceled] when the client is gone, [fault.Internal] when data
// has no JSON form.
func (s *Stream) Send(event string, data any) error {
	if strings.ContainsAny(event, "\r\n") {
		return fault.Invalid(fault.FieldError{Field: "event", Rule: "line", Message: "must be one line"})
	}
	var text string
	switch d := data.(type) {
	case string:
		text = d
	case []byte:
		text = string(d)
	default:
		js, err := json.Marshal(data)
		if err != nil {
			return fault.Wrap(err, "encode event")
		}
		text = string(js)
	}
	var b strings.Builder
	if event != "" {
		b.WriteString("event: " + event + "\n")
	}
	for line := range strings.SplitSeq(lineBreaks.Replace(text), "\n") {
		b.WriteString("data: " + line + "\n")
	}
	b.WriteByte('\n')
	return s.write(b.String())
}

// All three line ends of the format would otherwise let data end the field it stands in.
var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// Ping sends a comment, which keeps proxies from closing a quiet connection.
func (s *Stream) Ping() error { return s.write(": \n\n") }

func (s *Stream) write(frame string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.r.Context().Err(); err != nil {
		return fault.With(fault.Wrap(err, "send event"), fault.WithCode(fault.Canceled), fault.NoStack)
	}
	fault.Ignore(s.rc.SetWriteDeadline(time.Now().Add(sendTimeout)), "not every writer has deadlines")
	defer func() { // the connection may serve more requests
		fault.Ignore(s.rc.SetWriteDeadline(time.Time{}), "not every writer has deadlines")
	}()
	_, err := s.w.Write([]byte(frame))
	if err == nil {
		err = s.rc.Flush()
	}
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		s.gone = true
		return fault.With(fault.Wrap(err, "send event"), fault.WithCode(fault.Canceled), fault.NoStack)
	}
	return nil
}

// Run calls f and settles how it ends. That the client went away is logged at INFO and is no error. Any other error or
// panic is recorded as [Errors.Write] would and told to the client in an event "error" whose data is the problem document. It
// always returns nil, so that a handler can end with "return stream.Run(…)"; f itself cleans up with defer.
func (s *Stream) Run(f func(ctx context.Context, s *Stream) error) error {
	ctx := s.r.Context()
	err := fault.Try(func() error { return f(ctx, s) })
	if err == nil {
		return nil
	}
	if s.left(err) {
		s.errs.log().LogAttrs(ctx, slog.LevelInfo, "client left stream", slog.String("path", s.r.URL.Path), slog.String("request_id", RequestID(ctx)))
		return nil
	}
	err = translate(s.r, err)
	sc := scopeOf(ctx)
	p := s.errs.hooked(s.r, err, s.errs.problem(s.r, sc, err))
	s.errs.record(s.r, sc, err, p.Status, true)
	fault.Ignore(s.Send("error", p), "the client is gone, and the error is recorded already")
	return nil
}

// left reports whether err only says that the client went away.
func (s *Stream) left(err error) bool {
	if s.r.Context().Err() != nil {
		return errors.Is(err, fault.Canceled) || errors.Is(err, context.Canceled)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone && errors.Is(err, fault.Canceled)
}
