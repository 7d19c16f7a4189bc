package normalize

import (
	"time"

	"github.com/seismohq/seismo/internal/event"
)

const (
	// maxDrift is how far a sender's clock may be off before we set it right; upstream's value. Below it the difference
	// may be the way through the net, a queue or a proxy.
	maxDrift = 55 * time.Minute

	maxFuture = time.Minute
	maxPast   = 30 * 24 * time.Hour
)

// clock sets the event's time, by the server's clock: a sender whose clock is far off, or an event that is impossibly new
// or too old to be sorted in, has all its times shifted by the same span.
func (r *reader) clock() {
	e := r.e
	e.Timestamp = r.timestamp("timestamp", r.sent.timestamp)
	if e.Timestamp.IsZero() {
		e.Timestamp = e.Received
		return
	}
	if e.Received.IsZero() {
		return
	}
	if drift := e.Received.Sub(r.in.SentAt); !r.in.SentAt.IsZero() && (drift > maxDrift || drift < -maxDrift) {
		r.shift(drift, problemDrift)
	}
	switch age := e.Received.Sub(e.Timestamp); {
	case age < -maxFuture:
		r.shift(age, problemFuture)
	case age > maxPast:
		r.shift(age, problemPast)
	}
}

// shift moves all times of the event and says so.
func (r *reader) shift(by time.Duration, why string) {
	e := r.e
	by = by.Truncate(time.Microsecond)
	if !r.full(len(e.Errors)) {
		e.Errors = append(e.Errors, event.Problem{Type: why, Name: "timestamp", Value: e.Timestamp.Format(time.RFC3339Nano)})
	}
	e.Timestamp = e.Timestamp.Add(by)
	for i := range e.Breadcrumbs {
		if t := &e.Breadcrumbs[i].Timestamp; !t.IsZero() {
			*t = clamp(t.Add(by))
		}
	}
}

// clamp keeps a time within the years that can be written down.
func clamp(t time.Time) time.Time {
	if y := t.Year(); y < 1 || y > 9999 {
		return time.Time{}
	}
	return t
}
