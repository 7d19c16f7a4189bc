// Package normalize turns what SDKs really send into the one event.Event the rest of Seismo relies on, and says what it
// mended on the way. It is pure: what it needs beside the payload, time included, is in Input.
//
// Nothing an SDK sends can be relied on: every attribute may be absent, null or of a neighbouring type. A bad attribute
// loses itself, never the event. The protocol is https://develop.sentry.dev/sdk/foundations/envelopes/event-payloads/;
// where real SDKs do something else, the comment at the place says which one.
//
// It does not look into user agents, redact, group, or decide which frames are the application's own: that is what the
// pipeline does next. Finish then computes what depends on it.
package normalize

import (
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/project"
)

// Input is what is known about an event beside its payload.
type Input struct {
	Project    project.ID
	Received   time.Time  // when the server took it; needed, since everything is measured against it
	SentAt     time.Time  // when the SDK sent it, by the SDK's clock; zero when unknown
	EventID    event.ID   // from the envelope header; wins over the payload's unless zero
	FallbackID event.ID   // for an event without a usable id; zero: a random one
	ClientIP   netip.Addr // of the connection, for "{{auto}}"; zero when unknown
	UserAgent  string     // of the connection, for browser events without one
	SDKName    string     // from the envelope header, for events without sdk
	SDKVersion string
	ItemType   string // of the envelope item: "event", "feedback", "raw_security", "nel"…; may be empty

	// Release and Environment are for payloads that cannot carry them: security reports have them in item headers.
	Release     string
	Environment string

	Limits Limits
}

// The values of Reason.
const (
	ReasonJSON     = "invalid_json"
	ReasonTooLarge = "too_large"
	ReasonReport   = "invalid_report" // JSON, but no security report
)

// Event reads the JSON of one event.
//
// Errors, with a reason slug (see Reason): Validation when body is no JSON object, TooLarge when it is longer than
// Limits.Bytes. Everything else that is wrong costs only itself and stands in the event's Errors or Remarks.
//
// Tags, identity of the user, title and the like are texts of their own; all other texts share memory with a copy of body,
// which lives as long as any of them.
func Event(body []byte, in Input) (*event.Event, error) {
	r := open(in)
	defer r.close()
	doc, err := r.parse(body)
	if err != nil {
		return nil, err
	}
	if doc.kind() != event.Object {
		return nil, refuse(fault.Validation, ReasonJSON, "event is not a JSON object")
	}
	r.attributes(doc)
	r.event()
	return r.e, nil
}

// Reason returns the reason slug of an error of this package, for the item's outcome; "invalid" when it carries none.
func Reason(err error) string {
	for a := range fault.Attrs(err) {
		if a.Key == "reason" {
			return a.Value.String()
		}
	}
	return "invalid"
}

// refuse returns an error that carries its reason slug. It has no stack: it is made for what others sent.
func refuse(c fault.Code, reason, msg string) error {
	return fault.With(fault.New(c, msg, slog.String("reason", reason)), fault.NoStack)
}

// reader is one event in the making. Readers are pooled.
type reader struct {
	in     Input
	limits Limits
	json   parser
	e      *event.Event
	sent   attributes
	path   []step // where in the event we are, for problems and remarks

	mem struct { // for the small lists of the event
		fields slab[event.Field]
		values slab[event.Value]
		texts  slab[string]
		flags  slab[bool]
	}

	frames int // how many more frames the event may have
	bare   int // how many frames of the stack trace in progress lost their details
	pairs  []event.Tag
	darwin bool // the event is of an Apple system
}

var readers = sync.Pool{New: func() any { return new(reader) }}

func open(in Input) *reader {
	r := readers.Get().(*reader)
	in.Received = micros(in.Received)
	r.in, r.limits = in, in.Limits.withDefaults()
	r.frames = r.limits.AllFrames
	r.e = &event.Event{Project: in.Project, Received: in.Received}
	return r
}

// close returns the reader to the pool without anything that belongs to the event.
func (r *reader) close() {
	r.json.release()
	if cap(r.pairs) > 1000 {
		r.pairs = nil
	}
	clear(r.pairs[:cap(r.pairs)])
	*r = reader{json: r.json, path: r.path[:0], pairs: r.pairs[:0]}
	readers.Put(r)
}

func (r *reader) parse(body []byte) (value, error) {
	if len(body) > r.limits.Bytes {
		return nil, refuse(fault.TooLarge, ReasonTooLarge, "event is too large")
	}
	doc, ok := r.json.parse(clean(body))
	if !ok {
		return nil, refuse(fault.Validation, ReasonJSON, "event is not valid JSON")
	}
	// Most of what is not a known attribute becomes one field of a map each.
	r.mem.fields.chunk = min(max(len(doc)/4, 16), 256)
	r.mem.values.chunk, r.mem.texts.chunk, r.mem.flags.chunk = 32, 64, 64
	return doc, nil
}

// event fills in the event from the attributes sent. The order matters: what others depend on comes first.
func (r *reader) event() {
	r.identity()
	r.platform()
	r.sdk()
	r.contexts()
	r.darwin = r.isDarwin()
	r.exceptions()
	r.threads()
	r.topStacktrace()
	r.moveStacktraces()
	r.message()
	r.legacySecurity()
	r.kind()
	r.level()
	r.names()
	r.request()
	r.user()
	r.addresses()
	r.breadcrumbs()
	r.clock()
	r.maps()
	r.fingerprint()
	r.debugImages()
	r.sentProblems()
	r.meta(r.sent.meta)
	r.tags()
	r.release()
	r.finishTags()
	r.others()
	Finish(r.e)
}

// keep returns a text that does not hold on to the whole body. It is for what outlives the event: what indexes, lists and
// counters remember.
func keep(s string) string { return strings.Clone(s) }

func micros(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Microsecond)
}
