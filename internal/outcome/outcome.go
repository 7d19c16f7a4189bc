// Package outcome holds the words for how an item ended. Every item that arrives ends in exactly one outcome, and the
// number received is always their sum.
package outcome

import (
	"time"

	"github.com/seismohq/seismo/internal/project"
)

// Outcome is how an item ended.
type Outcome string

// The outcomes. ClientDiscard is not ours: it is what SDKs report to have dropped, and stands beside the sum.
const (
	Accepted      Outcome = "accepted"
	Filtered      Outcome = "filtered"
	RateLimited   Outcome = "rate_limited"
	Invalid       Outcome = "invalid"
	ClientDiscard Outcome = "client_discard"
)

// Category is the kind of data an item counts as, in the words SDKs use in rate limits.
// See https://develop.sentry.dev/sdk/expected-features/rate-limiting/.
type Category string

// The categories.
const (
	Error       Category = "error"
	Default     Category = "default"
	Security    Category = "security"
	Transaction Category = "transaction"
	Span        Category = "span"
	Attachment  Category = "attachment"
	Session     Category = "session"
	Monitor     Category = "monitor"
	LogItem     Category = "log_item"
	TraceMetric Category = "trace_metric"
	Profile     Category = "profile"
	ProfChunk   Category = "profile_chunk"
	Replay      Category = "replay"
	Feedback    Category = "feedback"
	UserReport  Category = "user_report_v2"
	Metric      Category = "metric_bucket"
	Internal    Category = "internal"
	Unknown     Category = "unknown"
)

// Count says how many items of one project ended the same way within an hour.
type Count struct {
	Project  project.ID
	Hour     time.Time // start of the hour in UTC in which the items were received
	Category Category
	Outcome  Outcome
	Reason   string // why, as a short slug ("too_large", "project_rate"); empty for accepted
	Quantity int64
}

// Hour returns the start of the hour that t falls in, in UTC.
func Hour(t time.Time) time.Time { return t.UTC().Truncate(time.Hour) }
