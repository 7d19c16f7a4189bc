package grouping

import (
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// security groups the reports that browsers send on their own. Normalisation names their attributes with dashes.
func (w *work) security(out *outcome) bool {
	m := w.event.Security
	if len(m) == 0 {
		return false
	}
	kind := string(w.event.Type)
	switch w.event.Type {
	case event.TypeCSP:
		directive := m.Text("effective-directive")
		if directive == "" {
			return false
		}
		w.report(out, kind, "directive", directive, "blocked", cspBlocked(m))
	case event.TypeNEL:
		w.report(out, kind, "type", m.Text("type"), "hostname", hostOf(m.Text("url")))
	default:
		w.report(out, kind, "hostname", lowerASCII(m.Text("hostname")), "", "")
	}
	return true
}

// report is the outcome for a report about one or two named things.
func (w *work) report(out *outcome, kind, name, value, name2, value2 string) {
	c := event.Component{Name: strategySecurity, Contributes: true, Components: []event.Component{
		w.explain.leaf("kind", kind, ""), w.explain.leaf(name, value, ""),
	}}
	b := appendText(appendText(nil, tagText, kind), tagText, value)
	if name2 != "" {
		c.Components = append(c.Components, w.explain.leaf(name2, value2, ""))
		b = appendText(b, tagText, value2)
	}
	out.single(strategySecurity, b, c)
}

// cspBlocked is what a policy blocked: the page's own unsafe code, or a foreign host or scheme.
func cspBlocked(m event.Map) string {
	blocked := strings.Trim(lowerASCII(m.Text("blocked-uri")), "'")
	switch blocked {
	case "inline", "unsafe-inline":
		return "'unsafe-inline'"
	case "eval", "unsafe-eval":
		return "'unsafe-eval'"
	case "wasm-eval":
		return "'wasm-unsafe-eval'"
	}
	host := hostOf(blocked)
	if blocked == "" || blocked == "self" || host != "" && host == hostOf(m.Text("document-uri")) {
		violated := m.Text("violated-directive")
		switch {
		case host != "":
		case strings.Contains(violated, "'unsafe-inline'"):
			return "'unsafe-inline'" // browsers before CSP 3 say so only in the directive
		case strings.Contains(violated, "'unsafe-eval'"):
			return "'unsafe-eval'"
		}
		return "'self'"
	}
	if host != "" {
		return host
	}
	scheme, _, _ := strings.Cut(blocked, ":")
	return scheme
}

// hostOf returns the host of a URL without port, in lower case; "" for what has none.
func hostOf(s string) string {
	_, rest, ok := strings.Cut(s, "://")
	if !ok {
		return ""
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	if i := strings.LastIndexByte(rest, ':'); i > 0 && allDigits(rest[i+1:]) {
		rest = rest[:i]
	}
	return lowerASCII(rest)
}
