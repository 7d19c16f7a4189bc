// Package issue holds the words for a problem that people act on: its status, flags, and what happened to it.
//
// An issue is an opinion: it owns grouping keys, and the events stored under those keys are its occurrences.
package issue

import (
	"strconv"
	"strings"
	"time"

	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/project"
)

// ID identifies an issue on the server; people say its short id instead.
type ID int64

// String returns the decimal form.
func (id ID) String() string { return strconv.FormatInt(int64(id), 10) }

// Status is where an issue stands in its life.
type Status string

// The statuses. "unresolved" is no status: it means New, Acknowledged or InProgress.
const (
	New          Status = "new"
	Acknowledged Status = "acknowledged"
	InProgress   Status = "in_progress"
	Resolved     Status = "resolved"
	Ignored      Status = "ignored"
)

// Statuses lists every status in the order of an issue's life.
var Statuses = []Status{New, Acknowledged, InProgress, Resolved, Ignored}

// Unresolved reports whether the issue still asks for work.
func (s Status) Unresolved() bool { return s == New || s == Acknowledged || s == InProgress }

// Valid reports whether s is one of the statuses.
func (s Status) Valid() bool { return s.Unresolved() || s == Resolved || s == Ignored }

// Issue is one problem and the people's opinion of it.
type Issue struct {
	ID      ID
	Org     account.OrgID
	Project project.ID
	ShortID string // such as "CHK-4F2", unique within the organization

	Title    string // one line; Type and Value joined, or the message
	Type     string // exception type; empty for messages
	Value    string // exception value or message, first line
	Culprit  string // where, in words: transaction or function
	Location string // file of the crash frame
	Function string // function of the crash frame
	Level    event.Level
	Platform string
	Category Category

	Status     Status
	Regressed  bool           // came back after it was resolved, and nobody resolved it since
	Escalating bool           // its rate left its usual band
	Unhandled  bool           // at least one occurrence was not handled by the application
	Assignee   account.UserID // 0: nobody

	Count        int64 // occurrences ever counted, exact
	Users        int64 // distinct users among the stored occurrences; brought up to date within seconds
	FirstSeen    time.Time
	LastSeen     time.Time
	FirstRelease string
	LastRelease  string

	Version   int64 // grows with every change by people; guards against lost updates
	UpdatedAt time.Time
}

// Category says how bad an issue is for the organization, P1 the worst. Empty: not rated.
type Category string

// ActivityKind names what happened to an issue.
type ActivityKind string

// The kinds of activity.
const (
	FirstSeen       ActivityKind = "first_seen"
	Regression      ActivityKind = "regressed"
	StatusChanged   ActivityKind = "status_changed"
	AssigneeChanged ActivityKind = "assigned"
)

// Activity is one entry of the feed that alerting and the issue page read.
type Activity struct {
	ID      int64 // grows with time, across the whole server: the feed's cursor
	Org     account.OrgID
	Project project.ID
	Issue   ID
	Kind    ActivityKind
	Actor   account.UserID // 0: the server itself
	At      time.Time
	From    string // status or assignee before, where the kind has one
	To      string // status or assignee after
	Release string // release of the event that caused it, where an event did
}

// ShortID returns the id people say aloud: the project's prefix and the running number n (from 1) in base 32 without the
// letters that are misread, padded to three digits.
func ShortID(prefix string, n int64) string {
	// Crockford's alphabet: no I, L, O, U. https://www.crockford.com/base32.html
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	var b []byte
	for ; n > 0 || len(b) < 3; n /= 32 {
		b = append(b, digits[n%32])
	}
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return prefix + "-" + string(b)
}

// NormalShortID returns the short id that s means: upper case, with the letters people misread put right.
func NormalShortID(s string) string {
	prefix, n, ok := strings.Cut(strings.ToUpper(strings.TrimSpace(s)), "-")
	if !ok {
		return prefix
	}
	return prefix + "-" + strings.NewReplacer("I", "1", "L", "1", "O", "0").Replace(n)
}
