package eventstore

import (
	"log/slog"
	"strings"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/event"
)

// MaxEntryKeys is the most grouping keys of one entry.
const MaxEntryKeys = 4

// MaxPayloadBytes is the longest payload of one entry.
const MaxPayloadBytes = 4 << 20

// MaxSteps is the most steps that the range of a histogram may hold.
const MaxSteps = 2000

// DefaultPage and DefaultTagValues are the limits of a query that states none.
const (
	DefaultPage      = 100
	DefaultTagValues = 10
)

// The shapes of this package's types, checked alike by every engine.

// Check returns Validation when the entry breaks the shape its type states.
func (e *Entry) Check() error {
	bad := func(rule string) error {
		return fault.New(fault.Validation, "the entry is not of the shape of an event", slog.String("rule", rule),
			slog.Int64("project", int64(e.Project)), slog.String("event_id", e.ID.String()))
	}
	switch {
	case e.Project <= 0:
		return bad("project")
	case e.ID.IsZero():
		return bad("id")
	case len(e.Keys) < 1 || len(e.Keys) > MaxEntryKeys:
		return bad("keys")
	case !storable(e.Timestamp):
		return bad("timestamp")
	case !storable(e.Received):
		return bad("received")
	case e.Trace != "" && !isTrace(e.Trace):
		return bad("trace")
	case len(e.Payload) > MaxPayloadBytes:
		return bad("payload")
	}
	for _, k := range e.Keys {
		if k.IsZero() {
			return bad("keys")
		}
	}
	for i := range e.Tags {
		if e.Tags[i].Key == "" {
			return bad("tags")
		}
	}
	if e.AttributeBytes() > MaxPayloadBytes {
		return bad("attributes")
	}
	return nil
}

// AttributeBytes returns how long the texts of the lean attributes are together.
func (e *Entry) AttributeBytes() int {
	n := len(e.Level) + len(e.Environment) + len(e.Release) + len(e.User) + len(e.Title) + len(e.Trace)
	for i := range e.Tags {
		n += len(e.Tags[i].Key) + len(e.Tags[i].Value)
	}
	return n
}

// CheckBatch returns Validation when one Append may not take the entries.
func CheckBatch(entries []Entry) error {
	if len(entries) > MaxBatch {
		return fault.New(fault.Validation, "too many entries for one append", slog.Int("entries", len(entries)))
	}
	for i := range entries {
		if err := entries[i].Check(); err != nil {
			return err
		}
	}
	return nil
}

// storable reports whether t is set and within the years that RFC 3339 can say.
func storable(t time.Time) bool { return !t.IsZero() && t.UTC().Year() >= 0 && t.UTC().Year() <= 9999 }

func isTrace(s string) bool {
	if len(s) != 32 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}

// CheckKeys returns Validation when one query may not take the keys.
func CheckKeys(keys []event.Key) error {
	if len(keys) > MaxKeys {
		return fault.New(fault.Validation, "too many grouping keys for one query", slog.Int("keys", len(keys)))
	}
	return nil
}

// Check returns Validation for a condition on a field that does not exist, or without values.
func (f *Filter) Check() error {
	for i := range f.Conditions {
		c := &f.Conditions[i]
		if len(c.Values) == 0 {
			return fault.New(fault.Validation, "a condition needs a value", slog.String("field", c.Field))
		}
		switch c.Field {
		case "level", "environment", "release", "user", "trace", "title", "id":
		default:
			if key, ok := strings.CutPrefix(c.Field, "tags."); !ok || key == "" {
				return fault.New(fault.Validation, "there is no such field to filter by", slog.String("field", c.Field))
			}
		}
	}
	return nil
}

// Check returns Validation when the query breaks the shape its type states, and sets the default limit.
func (q *ListQuery) Check() error {
	if q.Limit == 0 {
		q.Limit = DefaultPage
	}
	if q.Limit < 1 || q.Limit > MaxPage {
		return fault.New(fault.Validation, "the limit of a list is between 1 and 1000", slog.Int("limit", q.Limit))
	}
	if err := CheckKeys(q.Keys); err != nil {
		return err
	}
	return q.Filter.Check()
}

// Check returns Validation when the query breaks the shape its type states.
func (q *HistogramQuery) Check() error {
	r := q.Filter.Range
	switch {
	case r.From.IsZero() || r.To.IsZero():
		return fault.New(fault.Validation, "a histogram needs both ends of its range")
	case q.Step < time.Minute || q.Step%time.Minute != 0:
		return fault.New(fault.Validation, "the step of a histogram is a whole number of minutes", slog.Duration("step", q.Step))
	case r.To.Sub(r.From)/q.Step > MaxSteps:
		return fault.New(fault.Validation, "a histogram has at most 2000 steps", slog.Duration("step", q.Step))
	}
	if err := CheckKeys(q.Keys); err != nil {
		return err
	}
	return q.Filter.Check()
}

// Check returns Validation when the query breaks the shape its type states, and sets the default limit.
func (q *TagQuery) Check() error {
	if q.Limit == 0 {
		q.Limit = DefaultTagValues
	}
	if q.Limit < 0 {
		return fault.New(fault.Validation, "the limit of a tag query is not negative", slog.Int("limit", q.Limit))
	}
	if err := CheckKeys(q.Keys); err != nil {
		return err
	}
	return q.Filter.Check()
}

// Buckets returns the empty buckets of the query, oldest first. It is nil for an empty range.
func (q *HistogramQuery) Buckets() []Bucket {
	if !q.Filter.Range.From.Before(q.Filter.Range.To) {
		return nil
	}
	var out []Bucket
	for t := StepStart(q.Filter.Range.From, q.Step); t.Before(q.Filter.Range.To); t = t.Add(q.Step) {
		out = append(out, Bucket{Start: t})
	}
	return out
}

// StepStart returns the last multiple of step since the Unix epoch that is not after t.
func StepStart(t time.Time, step time.Duration) time.Time {
	seconds, width := t.Unix(), int64(step/time.Second)
	past := seconds % width
	if past < 0 {
		past += width
	}
	return time.Unix(seconds-past, 0).UTC()
}
