package normalize

import (
	"net/url"
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// csp reads a violation of a content security policy. Its attributes are kept under the dashed names of the older form:
// effective-directive, violated-directive, blocked-uri, document-uri, source-file and so on.
func (r *reader) csp(rep report) string {
	m := r.object("security", rep.body, r.limits.ContextBytes, depthOther)
	for i := range m {
		m[i].Key = dashed(m[i].Key)
		switch m[i].Key { // of the Reporting API
		case "blocked-url":
			m[i].Key = "blocked-uri"
		case "document-url":
			m[i].Key = "document-uri"
		case "sample":
			m[i].Key = "script-sample"
		}
	}
	m = m.Unique()
	if m.Text("document-uri") == "" && rep.url != "" {
		m.Set("document-uri", event.Str(r.limit("security.document-uri", rep.url, maxPath)))
	}
	violated := m.Text("violated-directive")
	effective, _, _ := strings.Cut(m.Text("effective-directive"), " ")
	if effective == "" { // Safari and Firefox before 2017
		effective, _, _ = strings.Cut(strings.TrimSpace(violated), " ")
	}
	effective = strings.ToLower(effective)
	if effective != "" {
		m.Set("effective-directive", event.Str(effective))
	}
	r.e.Security = m
	if r.e.Request != nil {
		r.e.Request.URL = m.Text("document-uri")
		if ref := m.Text("referrer"); ref != "" {
			r.e.Request.Headers = append(r.e.Request.Headers, event.Tag{Key: "Referer", Value: ref})
		}
	}
	r.tag("effective-directive", effective)
	r.tag("blocked-uri", m.Text("blocked-uri"))
	return cspMessage(effective, violated, m.Text("blocked-uri"), m.Text("document-uri"))
}

// dashed returns a name with dashes: blockedURL, blocked_uri and blocked-uri are one.
func dashed(s string) string {
	if strings.IndexFunc(s, func(c rune) bool { return c == '_' || c >= 'A' && c <= 'Z' }) < 0 {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '_':
			b.WriteByte('-')
		case c >= 'A' && c <= 'Z':
			if i > 0 && s[i-1] >= 'a' && s[i-1] <= 'z' {
				b.WriteByte('-')
			}
			b.WriteByte(c - 'A' + 'a')
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// cspMessage says what was blocked: "Blocked 'script' from 'evil.example'".
func cspMessage(directive, violated, blocked, document string) string {
	what := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(directive, "-elem"), "-attr"), "-src")
	switch what {
	case "img":
		what = "image"
	case "":
		what = "content"
	}
	switch blocked {
	case "inline":
		return "Blocked unsafe inline '" + what + "'"
	case "eval", "wasm-eval":
		return "Blocked unsafe eval() '" + what + "'"
	}
	host := hostOf(blocked)
	if blocked == "" || blocked == "self" || blocked == "'self'" || host != "" && host == hostOf(document) {
		switch {
		case blocked != "" && blocked != "self" && blocked != "'self'":
		case strings.Contains(violated, "'unsafe-inline'"):
			return "Blocked unsafe inline '" + what + "'"
		case strings.Contains(violated, "'unsafe-eval'"):
			return "Blocked unsafe eval() '" + what + "'"
		}
		host = "self"
	}
	if host == "" {
		host = cutPlain(blocked, maxName) // a scheme or a word
	}
	return "Blocked '" + what + "' from '" + host + "'"
}

// hostOf returns the host of a URL with its port, "" for what has none.
func hostOf(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}

// noise reports whether a violation was not the site's doing: browser extensions, and pages and images of the browser
// itself.
func (rep report) noise() bool {
	if rep.kind != event.TypeCSP {
		return false
	}
	for k := rep.body.kids(); len(k) > 0; k = k.rest() {
		switch dashed(k[0].key) {
		case "blocked-uri", "blocked-url", "source-file":
			scheme, _, _ := strings.Cut(strings.ToLower(k[0].text), ":")
			switch {
			case strings.HasSuffix(scheme, "-extension"), scheme == "about", scheme == "data", scheme == "blob",
				scheme == "safari-web-extension", scheme == "webkit-masked-url", scheme == "chrome", scheme == "resource",
				scheme == "webviewprogressproxy", scheme == "ms-browser-extension", scheme == "mxaddon-pkg", scheme == "jar":
				return true
			}
		}
	}
	return false
}
