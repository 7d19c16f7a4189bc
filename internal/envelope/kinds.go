package envelope

import "github.com/seismohq/seismo/internal/outcome"

// Action says what is done with items of a type as long as no setting says otherwise.
type Action uint8

// The actions. The zero Action is that of types we do not know.
const (
	Hold  Action = iota // not known: counted, and kept as it came for a short time
	Store               // used
	Count               // counted, its content aggregated
	Drop                // accepted and dropped
)

// Kind is what is known about one item type.
type Kind struct {
	Type     string
	Category outcome.Category
	Action   Action
	JSON     bool // the payload is one JSON document

	limit int // bytes of payload; or one of the two below
}

const (
	limitEvent      = 0
	limitAttachment = -1

	// A container holds many entries, each of which may be as long as an event; upstream's max_container_size.
	limitContainer = 12 << 20
)

// kinds lists the item types of https://develop.sentry.dev/sdk/foundations/transport/envelope-items/ and the ones that
// were retired since, which old SDKs still send. To add a type: a row here, a file in package pipeline.
var kinds = []Kind{
	{"event", outcome.Error, Store, true, limitEvent},
	{"transaction", outcome.Transaction, Store, true, limitEvent},
	{"span", outcome.Span, Store, true, limitContainer},
	{"log", outcome.LogItem, Store, true, limitContainer},
	{"otel_log", outcome.LogItem, Store, true, limitEvent},
	{"otel_span", outcome.Span, Store, true, limitEvent},
	{"trace_metric", outcome.TraceMetric, Drop, true, limitContainer},
	{"session", outcome.Session, Store, true, limitEvent},
	{"sessions", outcome.Session, Store, true, limitEvent},
	{"attachment", outcome.Attachment, Store, false, limitAttachment},
	{"user_report", outcome.UserReport, Store, true, limitEvent},
	{"feedback", outcome.Feedback, Store, true, limitEvent},
	{"check_in", outcome.Monitor, Store, true, 100 << 10},
	{"client_report", outcome.Internal, Count, true, 4 << 10},
	{"raw_security", outcome.Security, Store, true, limitEvent},
	{"nel", outcome.Security, Store, true, limitEvent},

	{"profile", outcome.Profile, Drop, true, 50 << 20},
	{"profile_chunk", outcome.ProfChunk, Drop, true, 50 << 20},
	{"profile_chunk_ui", outcome.ProfChunk, Drop, true, 50 << 20},
	{"replay_event", outcome.Replay, Drop, true, 10 << 20},
	{"replay_recording", outcome.Replay, Drop, false, 100 << 20},
	{"replay_video", outcome.Replay, Drop, false, 100 << 20},

	{"statsd", outcome.Metric, Drop, false, limitEvent},
	{"metric", outcome.Metric, Drop, false, limitEvent},
	{"metric_meta", outcome.Metric, Drop, true, limitEvent},
	{"metric_buckets", outcome.Metric, Drop, true, limitEvent},

	// Reserved for what servers send each other; Decode makes form_data and unreal_report of requests of those forms.
	{"security", outcome.Security, Drop, true, limitEvent},
	{"form_data", outcome.Internal, Drop, true, limitEvent},
	{"unreal_report", outcome.Error, Drop, false, limitAttachment},
	{"integration", outcome.Unknown, Drop, false, limitEvent},
}

var kindOf = func() map[string]*Kind {
	m := make(map[string]*Kind, len(kinds))
	for i := range kinds {
		m[kinds[i].Type] = &kinds[i]
	}
	return m
}()

// KindOf returns what is known about an item type, and whether anything is. Of an unknown type the category is Unknown,
// the action Hold and the limit that of an attachment.
func KindOf(itemType string) (Kind, bool) {
	if k := kindOf[itemType]; k != nil {
		return *k, true
	}
	return Kind{Type: itemType, Category: outcome.Unknown, limit: limitAttachment}, false
}

// Kinds returns the known item types.
func Kinds() []Kind { return append([]Kind(nil), kinds...) }

// Payload returns how many bytes the payload of an item of kind k may have.
func (l Limits) Payload(k Kind) int {
	switch k.limit {
	case limitEvent:
		if l.EventBytes > 0 {
			return l.EventBytes
		}
		return 1 << 20
	case limitAttachment:
		if l.AttachmentBytes > 0 {
			return l.AttachmentBytes
		}
		return 20 << 20
	}
	return k.limit
}
