// Package envelope is the wire format: the envelopes SDKs send and what the door makes of any request, the Delivery that
// goes through the queue.
//
// It is pure: it frames, decompresses and names things, for the door and the pipeline alike, so that both see the same
// items under the same numbers. What an item's payload means is no business of this package.
//
// The grammar is https://develop.sentry.dev/sdk/foundations/transport/envelopes/; where we are more lenient than that, the
// comment at the place says so.
package envelope

import (
	"time"

	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/outcome"
)

// Envelope is one parsed envelope. Raw and Payload are parts of the parsed bytes, not copies.
type Envelope struct {
	EventID event.ID  // zero when absent, as it is for sessions, logs, check-ins and more
	SentAt  time.Time // zero when absent or unreadable
	DSN     string    // of a tunnelled envelope
	SDK     SDK
	Trace   map[string]string // the dynamic sampling context: trace_id, release, …; nil when absent
	Raw     []byte            // the header line

	Items []Item
}

// SDK names the client that sent an envelope.
type SDK struct {
	Name    string // "sentry.python"
	Version string
}

// Item is one item of an envelope.
type Item struct {
	Type     string // as sent: one of Kinds, or something we do not know
	Category outcome.Category

	Filename       string
	ContentType    string
	AttachmentType string
	ItemCount      int    // what the header of a container claims; 0 when absent
	Headers        []byte // the header line as it came; nil for an item that did not come in an envelope
	Payload        []byte

	// Problem is why the item is invalid, as the reason of its outcome; empty for a good item. It counts as received all
	// the same. A truncated item's payload is what was there of it.
	Problem string
}

// The values of Item.Problem, and of Reason for envelopes without any good item.
const (
	ProblemTooLarge      = "too_large"
	ProblemTruncated     = "truncated_item"
	ProblemItemHeader    = "invalid_item_header"
	ProblemDuplicate     = "duplicate_item"
	ProblemTooMany       = "too_many_items"
	ProblemHeader        = "invalid_header"
	ProblemEncoding      = "invalid_encoding"
	ProblemMultipart     = "invalid_multipart"
	ProblemJSON          = "invalid_json"
	ProblemMissing       = "missing_payload"
	ProblemReport        = "invalid_report"
	ProblemUnknownFormat = "unknown_format"
)

// Limits bound what Parse and Decode take. The zero value of each field is its default.
type Limits struct {
	EnvelopeBytes   int64 // after decompression; 200 MiB
	EventBytes      int   // event, transaction, user report, feedback, span, log and metric items; 1 MiB
	AttachmentBytes int   // one attachment; 20 MiB
	Items           int   // items in one envelope; 10 000
}

const (
	// maxHeaderLine bounds the header lines of envelope and item: a full trace header can exceed 8 KiB.
	maxHeaderLine = 64 << 10

	// maxSessions is how many session items one envelope may hold; upstream's limit.
	maxSessions = 100
)

// Envelope returns how many bytes an envelope may have after decompression.
func (l Limits) Envelope() int64 {
	if l.EnvelopeBytes > 0 {
		return l.EnvelopeBytes
	}
	return 200 << 20
}

func (l Limits) items() int {
	if l.Items > 0 {
		return l.Items
	}
	return 10_000
}
