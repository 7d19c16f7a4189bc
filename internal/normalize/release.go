package normalize

import (
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// release sets release, dist and environment. Values that cannot be names are dropped: cut or mended they would name
// something else. It runs after tags, which old SDKs used for these names.
func (r *reader) release() {
	e := r.e
	e.Release = r.name("release", r.sent.release, e.Release, r.in.Release, maxName, "\r\n\t/\\")
	e.Environment = r.name("environment", r.sent.environment, e.Environment, r.in.Environment, maxLogger, "\r\n\t/")
	if strings.EqualFold(e.Environment, "none") {
		r.problem(problemInvalid, "environment", r.sent.environment)
		e.Environment = ""
	}
	// A dist tells the builds of one release apart, so without one it means nothing.
	e.Dist = r.name("dist", r.sent.dist, e.Dist, "", maxLogger, "")
	if e.Dist != "" && (e.Release == "" || !only(e.Dist, isDist)) {
		r.problem(problemInvalid, "dist", r.sent.dist)
		e.Dist = ""
	}
}

// name returns the first that was given of the attribute, a tag and the item header, if it can be a name.
func (r *reader) name(name string, sent value, tag, header string, most int, bad string) string {
	s := strings.TrimSpace(text(sent))
	if s == "" {
		s = tag
	}
	if s == "" {
		s = strings.TrimSpace(header)
	}
	if s == "" {
		return ""
	}
	if _, long := cutText(s, most); long || s == "." || s == ".." || strings.ContainsAny(s, bad) {
		r.problem(problemInvalid, name, value{{kind: event.String, text: s, size: 1}})
		return ""
	}
	return keep(s)
}

func isDist(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-'
}

// only reports whether s consists of nothing else.
func only(s string, allowed func(byte) bool) bool {
	for i := range len(s) {
		if !allowed(s[i]) {
			return false
		}
	}
	return true
}
