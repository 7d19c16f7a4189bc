package normalize

import (
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// attributes are the values at the top of an event, by their names today.
type attributes struct {
	eventID, timestamp, platform, level, kind, logger, transaction, server, release, dist, environment, culprit, site value
	logentry, message, exception, threads, stacktrace, template, user, request, contexts, breadcrumbs, tags, extra    value
	modules, fingerprint, checksum, sdk, debugMeta, errors, meta, csp, hpkp, expectCT, expectStaple                   value

	others values // the whole event, when there are names that are not ours
}

// slot returns where the value of a name goes, nil for names we do not know.
func (a *attributes) slot(name string) *value {
	switch name {
	case "event_id":
		return &a.eventID
	case "timestamp":
		return &a.timestamp
	case "platform":
		return &a.platform
	case "level":
		return &a.level
	case "type":
		return &a.kind
	case "logger":
		return &a.logger
	case "transaction":
		return &a.transaction
	case "server_name":
		return &a.server
	case "release":
		return &a.release
	case "dist":
		return &a.dist
	case "environment":
		return &a.environment
	case "culprit":
		return &a.culprit
	case "site":
		return &a.site
	case "logentry", "sentry.interfaces.Message":
		return &a.logentry
	case "message":
		return &a.message
	case "exception", "sentry.interfaces.Exception":
		return &a.exception
	case "threads", "sentry.interfaces.Threads":
		return &a.threads
	case "stacktrace", "sentry.interfaces.Stacktrace":
		return &a.stacktrace
	case "template", "sentry.interfaces.Template":
		return &a.template
	case "user", "sentry.interfaces.User":
		return &a.user
	case "request", "sentry.interfaces.Http":
		return &a.request
	case "contexts", "sentry.interfaces.Contexts":
		return &a.contexts
	case "breadcrumbs", "sentry.interfaces.Breadcrumbs":
		return &a.breadcrumbs
	case "tags":
		return &a.tags
	case "extra":
		return &a.extra
	case "modules":
		return &a.modules
	case "fingerprint":
		return &a.fingerprint
	case "checksum":
		return &a.checksum
	case "sdk", "sentry.interfaces.Sdk":
		return &a.sdk
	case "debug_meta", "sentry.interfaces.DebugMeta":
		return &a.debugMeta
	case "errors":
		return &a.errors
	case "_meta":
		return &a.meta
	case "csp", "sentry.interfaces.Csp":
		return &a.csp
	case "hpkp", "sentry.interfaces.Hpkp":
		return &a.hpkp
	case "expectct", "sentry.interfaces.ExpectCT":
		return &a.expectCT
	case "expectstaple", "sentry.interfaces.ExpectStaple":
		return &a.expectStaple
	}
	return nil
}

// ours are the names of what we set ourselves, whatever was sent. Events that went through another server have them.
func ours(name string) bool {
	switch name {
	case "project", "project_id", "received", "title", "location", "metadata", "hashes", "key_id":
		return true
	}
	return false
}

// attributes sorts the values at the top of the event. Of a repeated name the last value counts, and null never hides
// another: old SDKs send both "exception" and "sentry.interfaces.Exception".
func (r *reader) attributes(doc value) {
	for k := doc.kids(); len(k) > 0; k = k.rest() {
		slot := r.sent.slot(k[0].key)
		switch {
		case slot == nil:
			r.sent.others = doc.kids()
		case k[0].kind != event.Null:
			*slot = k.first()
		}
	}
}

// others keeps what stands at the top and is not known.
func (r *reader) others() {
	b := bag{r, r.limits.OtherBytes}
	m := r.e.Other // what others already put there
	for k := r.sent.others; len(k) > 0; k = k.rest() {
		if v := k.first(); !v.empty() && r.sent.slot(k[0].key) == nil && !ours(k[0].key) {
			if b.left <= 0 {
				r.dropped("other", len(m), len(m)+k.count())
				break
			}
			r.enter("other")
			m = append(m, b.field(k[0].key, v, depthOther))
			r.leave()
		}
	}
	r.e.Other = m.Unique()
}

// identity sets the event's id.
func (r *reader) identity() {
	e := r.e
	if e.ID = r.in.EventID; !e.ID.IsZero() {
		return
	}
	if sent := r.sent.eventID; !sent.empty() {
		id, err := event.ParseID(strings.TrimSpace(text(sent)))
		if e.ID = id; err == nil && !id.IsZero() {
			return
		}
		r.invalid("event_id", sent)
	}
	if e.ID = r.in.FallbackID; e.ID.IsZero() {
		e.ID = event.NewID()
	}
}

// platforms are the ones the protocol knows. Others are kept as they are and behave as "other".
var platforms = []string{
	"javascript", "python", "java", "php", "node", "ruby", "csharp", "go", "native", "cocoa", "objc", "other", "elixir", "perl",
	"groovy", "haskell", "c", "as3", "cfml",
}

func (r *reader) platform() {
	sent := strings.ToLower(r.word("platform", r.sent.platform, maxLogger))
	r.e.Platform = "other"
	for _, known := range platforms {
		if sent == known {
			r.e.Platform = known
			return
		}
	}
	if sent != "" {
		r.e.Platform = keep(sent)
	}
}

// kind sets the type: what the event holds says it better than what was sent.
func (r *reader) kind() {
	e := r.e
	sent := event.Type(strings.ToLower(text(r.sent.kind)))
	switch {
	case e.Security != nil:
		if e.Type == "" {
			e.Type = event.TypeCSP
		}
	case len(e.Exceptions) > 0:
		e.Type = event.TypeError
	case sent == event.TypeTransaction || r.in.ItemType == "transaction":
		e.Type = event.TypeTransaction
	case sent == event.TypeFeedback || r.in.ItemType == "feedback":
		e.Type = event.TypeFeedback
	default:
		e.Type = event.TypeDefault
	}
}

func (r *reader) level() {
	e := r.e
	e.Level = event.Error
	if e.Type == event.TypeTransaction || e.Type == event.TypeFeedback {
		e.Level = event.Info
	}
	e.Level = r.severity("level", r.sent.level, e.Level)
}

// severity reads a level, with the names and numbers of Python's logging and the names of others.
func (r *reader) severity(name string, v value, other event.Level) event.Level {
	if v.kind() == event.Null {
		return other
	}
	switch strings.ToLower(strings.TrimSpace(text(v))) {
	case "fatal", "critical", "50", "alert", "emergency":
		return event.Fatal
	case "error", "40":
		return event.Error
	case "warning", "warn", "30":
		return event.Warning
	case "info", "log", "20", "notice":
		return event.Info
	case "debug", "10", "trace":
		return event.Debug
	case "":
		return other
	}
	r.invalid(name, v)
	return other
}

// names sets what the event calls itself and where it came from.
func (r *reader) names() {
	e := r.e
	e.Logger = keep(r.logger())
	e.Transaction = keep(r.word("transaction", r.sent.transaction, maxName))
	e.ServerName = keep(r.word("server_name", r.sent.server, maxServer))
	e.Checksum = r.word("checksum", r.sent.checksum, maxFingerprint)
	if c := r.word("culprit", r.sent.culprit, maxName); c != "" {
		// Finish computes a better one if it can, and takes this one otherwise.
		e.Other = append(e.Other, event.Field{Key: "culprit", Value: event.Str(c)})
	}
}

// logger cuts the names of loggers where they can be cut: prose behind a word, dotted names in front of a part.
func (r *reader) logger() string {
	s := strings.TrimSpace(text(r.sent.logger))
	if strings.ContainsAny(s, "\r\n") {
		s = strings.NewReplacer("\r", "", "\n", "").Replace(s)
	}
	full, cut := s, false
	if s, cut = cutText(s, maxLogger); !cut {
		return s
	}
	if strings.ContainsRune(full, ' ') {
		if i := strings.LastIndexByte(s, ' '); i > 0 {
			s = s[:i] + ellipsis
		}
	} else if tail := full[max(0, len(full)-maxLogger+1):]; strings.Contains(tail, ".") {
		s = "*" + tail[strings.IndexByte(tail, '.'):]
	}
	r.remark(event.Remark{Path: "logger", Rule: ruleLimit, Kind: substituted, Len: len(full)})
	return s
}
