// Package eventstore is the seam to what happened: events with their grouping keys, appended once, found by id, key, time
// and tag, counted without reading them, and removed as a whole. Stored events are never edited.
//
// It knows nothing of issues: the catalog says which issue owns which keys, and asks here with those keys.
package eventstore

import (
	"context"
	"time"

	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/project"
)

// MaxBatch is the most entries one Append takes.
const MaxBatch = 1000

// MaxKeys is the most grouping keys one query takes.
const MaxKeys = 1000

// MaxPage is the most events one List returns.
const MaxPage = 1000

// Store keeps events.
//
// Its methods may be called from many goroutines. Errors: NotFound where a method says so; Validation for an entry or a
// query that breaks the shape its type states; Unavailable when the engine cannot serve now (disk full, server away).
type Store interface {
	// Append stores entries and returns once they would survive a crash; all of the call or nothing of it.
	//
	// It is idempotent by (project, event id): an entry already stored is skipped. The answer has one Appended per entry, in
	// their order. Two entries of one call with the same id: the first is stored, the second is a repeat.
	Append(ctx context.Context, entries []Entry) ([]Appended, error)

	// Get returns one event. NotFound when the project has none of that id.
	Get(ctx context.Context, p project.ID, id event.ID) (Stored, error)

	// List returns the events whose primary key is one of q.Keys (no keys: of the whole project), newest first by
	// (Timestamp, id).
	List(ctx context.Context, p project.ID, q ListQuery) (Page, error)

	// Neighbours returns the events just older and just newer than (at, id) in the order of List, and how many match in all
	// and are older than it. Missing neighbours are zero ids.
	Neighbours(ctx context.Context, p project.ID, q ListQuery, at time.Time, id event.ID) (Neighbours, error)

	// Histogram counts events per step of time. Buckets start at multiples of Step since the Unix epoch, oldest first, and
	// cover the range without gaps.
	Histogram(ctx context.Context, p project.ID, q HistogramQuery) ([]Bucket, error)

	// Histograms does the same for many keys at once, each alone: one series per key that has events. It counts all levels.
	Histograms(ctx context.Context, p project.ID, q HistogramQuery) (map[event.Key][]Bucket, error)

	// Totals counts events and distinct users of each key (no keys: of every key of the project) within the range. Keys
	// without events are left out.
	Totals(ctx context.Context, p project.ID, keys []event.Key, r Range) (map[event.Key]Totals, error)

	// Users counts the distinct users of all the keys together.
	Users(ctx context.Context, p project.ID, keys []event.Key, r Range) (int64, error)

	// TopTags returns for each tag key (or only for those in q.Tags) its number of values and the most frequent values of all
	// the keys together, by falling count and then by value; tag keys by name.
	TopTags(ctx context.Context, p project.ID, q TagQuery) ([]TagCounts, error)

	// DeleteBefore removes what was received before t, as far as the engine can do so cheaply: it may keep up to a day more,
	// never less. The space is free when it returns.
	DeleteBefore(ctx context.Context, t time.Time) (Deleted, error)

	// DeleteProject removes everything of a project. The space is free when it returns.
	DeleteProject(ctx context.Context, p project.ID) (Deleted, error)

	// DeleteUser removes the events of one user (event.User.Identity) of a project, and the user from all counts of distinct
	// users. The payloads are gone from the disk when it returns.
	DeleteUser(ctx context.Context, p project.ID, identity string) (Deleted, error)

	// Stats says how much is stored.
	Stats(ctx context.Context) (Stats, error)

	// Ready returns nil when Append is expected to work.
	Ready(ctx context.Context) error

	// Close waits for calls in progress and releases the engine.
	Close() error
}

// Entry is one event to be stored. The lean attributes are what lists, filters and counts read; Payload holds the whole.
type Entry struct {
	Project     project.ID
	ID          event.ID
	Arrival     event.Arrival
	Keys        []event.Key // 1 to 4; the first is the primary one, by which events are listed and counted
	Timestamp   time.Time   // when it happened; kept in microseconds
	Received    time.Time
	Level       event.Level
	Environment string
	Release     string
	User        string // event.User.Identity, or ""
	Title       string
	Trace       string // trace id, 32 hex digits, or ""
	Tags        []event.Tag
	Payload     []byte // the JSON of event.Event, at most 4 MiB
}

// Appended says what became of an entry.
type Appended struct {
	// Counts is true when the stored event carries this entry's Arrival: it was stored just now, or this is a redelivery of
	// the arrival that stored it. False: a repeat of an event that another arrival stored.
	Counts bool
}

// Stored is an event as stored.
type Stored struct {
	Row
	Keys    []event.Key
	Payload []byte
}

// Row is what lists show of an event.
type Row struct {
	ID          event.ID
	Project     project.ID
	Key         event.Key // the primary one
	Timestamp   time.Time
	Received    time.Time
	Level       event.Level
	Environment string
	Release     string
	User        string
	Title       string
	Trace       string
}

// Range is a half-open range of event timestamps. A zero From or To leaves that side open.
type Range struct{ From, To time.Time }

// Condition is one condition on an event. All conditions of a filter must hold.
type Condition struct {
	// Field is "level", "environment", "release", "user" (identity), "trace", "title" or "id", or "tags." and a tag's key.
	Field string
	// Values: one of them must be equal; in "title" one must be contained, whatever the case. "*" at the start or end of
	// any value stands for anything. The empty value is that of an event without the attribute.
	Values []string
	Negate bool
}

// Filter narrows a query.
type Filter struct {
	Range      Range
	Conditions []Condition
}

// ListQuery asks for events.
type ListQuery struct {
	Keys   []event.Key
	Filter Filter
	Cursor string // from Page.Next; "" starts at the newest
	Limit  int    // 1 to MaxPage; 0: 100
	Oldest bool   // the other order: oldest first
}

// Page is a part of a list.
type Page struct {
	Rows []Row
	Next string // cursor of the next page; "" at the end
}

// Neighbours is where an event stands in a list.
type Neighbours struct {
	Older, Newer event.ID
	First, Last  event.ID // oldest and newest of all
	Total        int64    // events that match
	Position     int64    // of this one, counted from the oldest as 1
}

// HistogramQuery asks for counts over time. The Filter's range must have both ends.
type HistogramQuery struct {
	Keys   []event.Key
	Filter Filter
	Step   time.Duration // a whole number of minutes, at most 2 000 steps in the range
}

// Bucket is one step of a histogram.
type Bucket struct {
	Start   time.Time
	Count   int64
	ByLevel [6]int64 // by event.Level.Rank
}

// Totals is what was counted for one key.
type Totals struct {
	Events    int64
	Users     int64
	FirstSeen time.Time
	LastSeen  time.Time
}

// TagQuery asks for tag values. Conditions other than the range are answered from rows and may be slow.
type TagQuery struct {
	Keys   []event.Key
	Filter Filter
	Tags   []string // only these tag keys; none: all
	Limit  int      // values per key; 0: 10
}

// TagCounts is the distribution of one tag.
type TagCounts struct {
	Key    string
	Total  int64 // events that have the tag
	Values int64 // distinct values
	Top    []TagCount
}

// TagCount is how often a tag had one value.
type TagCount struct {
	Value    string
	Count    int64
	LastSeen time.Time
}

// Deleted says what was removed.
type Deleted struct {
	Events int64
	Bytes  int64 // of disk that came free, as far as known
}

// Stats says how much is stored.
type Stats struct {
	Events   int64
	Bytes    int64     // of disk
	Oldest   time.Time // received; zero when empty
	Segments int       // parts that can be removed as a whole
}
