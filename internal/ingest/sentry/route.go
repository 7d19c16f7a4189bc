package sentry

import (
	"strings"

	"github.com/seismohq/seismo/internal/envelope"
)

// route is what the path of a request says.
type route struct {
	form    envelope.Form
	project string // as it stands in the path; "" on /api/store/, where the key tells
	key     string // where the path carries one
	slug    string // of a monitor
	eventID string // that attachments belong to
	tunnel  bool
}

// match reads a path below the prefix. Each route is accepted with and without trailing slash, and with doubled slashes,
// which come of DSNs with a slash too many: a redirect would lose the body.
//
// The paths are those of upstream's Relay; https://develop.sentry.dev/sdk/foundations/transport/. /api/0/ is the web API
// and /api/v1/ our own: they are not ours here.
func match(path string) (route, bool) {
	seg, rest := cutSegment(path)
	if seg != "api" {
		return route{}, false
	}
	var r route
	r.project, rest = cutSegment(rest)
	if r.project == "store" && isEnd(rest) {
		return route{form: envelope.FormStore}, true
	}
	if r.project == "0" || r.project == "v1" || r.project == "" {
		return route{}, false
	}
	leaf, rest := cutSegment(rest)
	ok := isEnd(rest)
	switch leaf {
	case "envelope":
		r.form = envelope.FormEnvelope
	case "tunnel":
		r.form, r.tunnel = envelope.FormEnvelope, true
	case "store":
		r.form = envelope.FormStore
	case "minidump":
		r.form = envelope.FormMinidump
	case "security", "csp-report":
		r.form = envelope.FormSecurity
	case "nel":
		r.form = envelope.FormNEL
	case "unreal":
		r.form = envelope.FormUnreal
		r.key, rest = cutSegment(rest)
		ok = r.key != "" && isEnd(rest)
	case "cron":
		r.form = envelope.FormCheckIn
		r.slug, rest = cutSegment(rest)
		r.key, rest = cutSegment(rest)
		ok = r.slug != "" && isEnd(rest)
	case "events":
		r.form = envelope.FormAttachments
		r.eventID, rest = cutSegment(rest)
		seg, rest = cutSegment(rest)
		ok = seg == "attachments" && isEnd(rest)
	default:
		ok = false
	}
	return r, ok
}

// cutSegment returns the first segment of a path and what follows it.
func cutSegment(path string) (segment, rest string) {
	path = strings.TrimLeft(path, "/")
	if i := strings.IndexByte(path, '/'); i >= 0 {
		return path[:i], path[i:]
	}
	return path, ""
}

func isEnd(rest string) bool { return strings.Trim(rest, "/") == "" }

// methods returns the methods of a route beside OPTIONS, as CORS and Allow name them.
func (r *route) methods() string {
	switch r.form {
	case envelope.FormCheckIn:
		return "GET, POST"
	case envelope.FormStore:
		return "POST, GET"
	}
	return "POST"
}

func (r *route) allows(method string) bool {
	return method == "POST" || method == "GET" && (r.form == envelope.FormCheckIn || r.form == envelope.FormStore)
}
