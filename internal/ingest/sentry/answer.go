package sentry

import (
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/envelope"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/ingest"
	"github.com/seismohq/seismo/internal/outcome"
)

// answer tells the client what became of its request.
func (x *exchange) answer(err error) {
	if len(x.limits) > 0 {
		x.w.Header()["X-Sentry-Rate-Limits"] = []string{rateLimits(x.limits)}
	}
	if err != nil {
		err = x.fail(err)
	}
	if err == nil {
		x.succeed()
	}
}

// fail answers with the error, or returns nil when the client is to see success all the same.
func (x *exchange) fail(err error) error {
	code := fault.CodeOf(err)
	if x.sender.Key.Project != 0 {
		x.door.Refuse(x.parcel, x.sender.Key.Project, err)
	}
	if code == fault.RateLimited && x.dropsSilently() {
		return nil
	}
	status := fault.InfoOf(err).Status
	level := slog.LevelDebug
	switch code {
	case fault.Validation:
		status = http.StatusBadRequest // what SDKs and upstream know, rather than 422
	case fault.Canceled:
		// While the body was read: the client has gone, or sends nonsense. While publishing: it has gone, most likely.
		status = http.StatusBadRequest
	case fault.Timeout:
		status = http.StatusServiceUnavailable
	case fault.Internal:
		level = slog.LevelError
	}
	x.log.Log(x.r.Context(), level, "request is refused",
		"project", int64(x.sender.Key.Project), "form", x.route.form.String(), "status", status, "error", err)
	x.writeError(status, err)
	return err
}

// dropsSilently says whether clients of this route retry at once, or page someone, when they are told of a rate limit.
func (x *exchange) dropsSilently() bool {
	switch x.route.form {
	case envelope.FormMinidump, envelope.FormUnreal, envelope.FormCheckIn:
		x.w.Header().Del("X-Sentry-Rate-Limits")
		return true
	}
	return false
}

// writeError answers in the shape of upstream: detail for people, causes for us, and a header for those who only see that.
func (x *exchange) writeError(status int, err error) {
	detail := fault.PublicMessage(err)
	h := x.w.Header()
	for key, value := range fault.HeadersOf(err) {
		h.Set(key, value)
	}
	if after, ok := fault.RetryAfterOf(err); ok {
		h.Set("Retry-After", strconv.FormatInt(seconds(after), 10))
	} else if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "10")
	}
	h.Set("X-Sentry-Error", ascii(detail))
	h["Content-Type"] = typeJSON
	body, jsonErr := json.Marshal(struct {
		Detail string   `json:"detail"`
		Causes []string `json:"causes"`
	}{detail, []string{envelope.Reason(err)}})
	if jsonErr != nil {
		panic(jsonErr) // strings always have a JSON form
	}
	x.door.Answered(x.route.form, status)
	x.w.WriteHeader(status)
	x.write(body)
}

func (x *exchange) succeed() {
	status := http.StatusOK
	h := x.w.Header()
	var buf [64]byte
	body := buf[:0]
	switch x.route.form {
	case envelope.FormEnvelope:
		h["Content-Type"] = typeJSON
		body = appendID(body, x.parcel.Envelope.EventID)
	case envelope.FormStore:
		h["Content-Type"] = typeJSON
		body = appendID(body, x.parcel.EventID)
		if x.r.Method == http.MethodGet {
			h.Set("Content-Type", "image/gif")
			body = pixel
		}
	case envelope.FormMinidump, envelope.FormUnreal:
		h.Set("Content-Type", "text/plain; charset=utf-8")
		body = append(body, x.parcel.EventID.Dashed()...)
	case envelope.FormAttachments:
		status = http.StatusCreated
	case envelope.FormCheckIn:
		status = http.StatusAccepted
	}
	x.door.Answered(x.route.form, status)
	x.w.WriteHeader(status)
	x.write(body)
}

// write sends the body. A client that has gone meanwhile cannot be told.
func (x *exchange) write(body []byte) {
	if len(body) == 0 {
		return
	}
	if _, err := x.w.Write(body); err != nil {
		x.log.Debug("answer is not delivered", "error", err)
	}
}

// pixel is a transparent image of one pixel: the answer to an <img> that carries an event.
var pixel = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")

func appendID(b []byte, id event.ID) []byte {
	if id.IsZero() {
		return append(b, "{}"...)
	}
	b = append(b, `{"id":"`...)
	b = hex.AppendEncode(b, id[:])
	return append(b, `"}`...)
}

// rateLimits writes limits as SDKs read them: "60:error;default:project:project_rate, …".
// See https://develop.sentry.dev/sdk/expected-features/rate-limiting/.
func rateLimits(limits []ingest.Limit) string {
	var b strings.Builder
	for i := range limits {
		l := &limits[i]
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.FormatInt(seconds(l.RetryAfter), 10))
		b.WriteByte(':')
		for j, c := range l.Categories {
			if j > 0 {
				b.WriteByte(';')
			}
			b.WriteString(wireCategory(c))
		}
		b.WriteByte(':')
		b.WriteString(string(l.Scope))
		b.WriteByte(':')
		b.WriteString(l.Reason)
	}
	return b.String()
}

// wireCategory returns the names under which SDKs know a category, where they do not agree on one.
func wireCategory(c outcome.Category) string {
	switch c {
	case outcome.TraceMetric:
		return "trace_metric;metric" // the latter in JavaScript
	case outcome.ProfChunk:
		return "profile_chunk;profile_chunk_ui"
	}
	return string(c)
}

// seconds rounds up: a client that comes back too early is refused again.
func seconds(d time.Duration) int64 {
	return max(int64(math.Ceil(d.Seconds())), 1)
}

// ascii makes a text fit for a header.
func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s[:min(len(s), 200)])
}

// refused returns an error that carries the reason of the outcome, as envelope.Reason finds it. It has no stack: it is
// made for what others sent.
func refused(c fault.Code, reason, msg string) error {
	return fault.With(fault.New(c, msg, slog.String("reason", reason)), fault.NoStack)
}
