// Package audit records who did what: logins, refused accesses, changes of sensitive data, users, roles and settings. Audit
// records go to a sink of their own, are never sampled or filtered by level, and can be chained by hashes so that a removed
// or changed record is noticed.
//
// It does not decide what must be recorded, and it is no place for errors or statistics.
package audit

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faultlog"
)

// Action names what was done. Programs add their own in the same form, "noun.verb".
type Action string

// The actions every program with users has.
const (
	Login          Action = "auth.login"
	Logout         Action = "auth.logout"
	LoginFailed    Action = "auth.login_failed"
	PasswordChange Action = "auth.password_change"
	AccessDenied   Action = "access.denied"
	Create         Action = "resource.create"
	Update         Action = "resource.update"
	Delete         Action = "resource.delete"
	RoleChange     Action = "role.change"
	UserAdmin      Action = "user.admin"
	ConfigChange   Action = "config.change"
	FlagChange     Action = "flag.change"
)

// The outcomes of an event.
const (
	Success = "success"
	Refused = "refused"
	Failed  = "failed"
)

// Event is one thing that was done or refused.
type Event struct {
	Time         time.Time // zero means now; written in UTC as "timestamp"
	Actor        string    // id of the user, written as "user_id"; empty becomes "anonymous"
	Action       Action    // required
	ResourceType string    // "project", "user"
	ResourceID   string
	Count        int         // resources touched, written as "resource_count"; zero with a ResourceID becomes 1
	IP           string      // address of the actor without port, written as "ip_address"
	Outcome      string      // Success, Refused or Failed; empty becomes Success
	Reason       string      // why it was refused or failed
	Attrs        []slog.Attr // anything else, written as the group "attrs"; floats, times and other types become text
}

// Options of a [Logger]. The zero value records without a chain.
type Options struct {
	Chained bool             // add "seq", "prev" and "hash" to each record, see [Verify]
	From    Chain            // where the chain of the sink stands, as Verify returned it; zero starts a new one
	Key     []byte           // makes the hashes HMACs, which who can write the sink but lacks the key cannot forge
	Now     func() time.Time // clock; nil means time.Now
	// Redact removes secrets before a record is hashed and written; nil means the defaults of faultlog.
	Redact *faultlog.Redactor
}

// Logger writes audit records. It is safe for concurrent use; records are written one at a time.
type Logger struct {
	h slog.Handler
	o Options

	mu    sync.Mutex
	chain Chain
}

// New returns a logger that writes through the handler of l, whatever its level. Give it a logger of its own, whose sink
// nothing else writes to; faultlog.Logs.Audit is one.
func New(l *slog.Logger, o Options) *Logger {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Logger{h: l.Handler(), o: o, chain: o.From}
}

// Record writes ev and returns once the handler took it. When it returns an error ([fault.Unavailable], or
// [fault.Validation] for an event without action) nothing was recorded, so the caller should refuse the action: fail
// closed.
func (l *Logger) Record(ctx context.Context, ev Event) error {
	if ev.Action == "" {
		return fault.Invalid(fault.FieldError{Field: "action", Rule: "required", Message: "is required"})
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if ev.Time.IsZero() {
		ev.Time = l.o.Now()
	}
	attrs := l.attrsOf(ev)
	next := l.chain
	if l.o.Chained {
		attrs = append(attrs, slog.Uint64("seq", next.Seq+1), slog.String("prev", next.Hash))
		next = Chain{Seq: next.Seq + 1, Hash: sum(canonicalAttrs(attrs), next.Hash, l.o.Key)}
		attrs = append(attrs, slog.String("hash", next.Hash))
	}
	r := slog.NewRecord(ev.Time.UTC(), slog.LevelInfo, "audit", 0)
	r.AddAttrs(attrs...)
	if err := l.h.Handle(ctx, r); err != nil {
		err = fault.Wrap(err, "write audit record", slog.String("action", string(ev.Action)))
		return fault.With(err, fault.WithCode(fault.Unavailable))
	}
	l.chain = next
	return nil
}

// Chain returns where the chain stands.
func (l *Logger) Chain() Chain {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.chain
}

// attrsOf returns the fields of ev in a form that every handler writes alike, already redacted, so that the hash fits what
// is read back.
func (l *Logger) attrsOf(ev Event) []slog.Attr {
	if ev.Actor == "" {
		ev.Actor = "anonymous"
	}
	if ev.Outcome == "" {
		ev.Outcome = Success
	}
	if ev.Count == 0 && ev.ResourceID != "" {
		ev.Count = 1
	}
	attrs := []slog.Attr{
		slog.String("timestamp", ev.Time.UTC().Format(time.RFC3339Nano)),
		slog.String("user_id", l.o.Redact.String(ev.Actor)),
		slog.String("action", string(ev.Action)),
		slog.String("outcome", ev.Outcome),
		slog.String("resource_type", ev.ResourceType),
		slog.String("resource_id", l.o.Redact.String(ev.ResourceID)),
		slog.Int("resource_count", ev.Count),
		slog.String("ip_address", ev.IP),
	}
	if ev.Reason != "" {
		attrs = append(attrs, slog.String("reason", l.o.Redact.String(ev.Reason)))
	}
	if len(ev.Attrs) > 0 {
		attrs = append(attrs, slog.Attr{Key: "attrs", Value: slog.GroupValue(l.plain(ev.Attrs)...)})
	}
	return attrs
}

// plain turns values that handlers write differently (times, durations, floats, other types) into text.
func (l *Logger) plain(attrs []slog.Attr) []slog.Attr {
	out := make([]slog.Attr, 0, len(attrs))
	for _, a := range attrs {
		if slices.ContainsFunc(out, func(b slog.Attr) bool { return a.Key == b.Key }) {
			continue // readers of JSON differ about which of two counts
		}
		v := l.o.Redact.Value(a.Key, a.Value)
		switch v.Kind() {
		case slog.KindInt64, slog.KindUint64, slog.KindBool:
		case slog.KindGroup:
			if len(v.Group()) == 0 || a.Key == "" {
				continue // handlers leave out or inline such groups
			}
			v = slog.GroupValue(l.plain(v.Group())...)
		default:
			v = slog.StringValue(v.String())
		}
		out = append(out, slog.Attr{Key: a.Key, Value: v})
	}
	return out
}
