package normalize

import (
	"net/url"
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// maxPairs bounds query strings and the like, each pair of which costs far more than its two bytes. It is more than fits.
const maxPairs = 1000

// parsePairs reads "a=b&c=d" or "a=b; c=d" into pairs. What cannot be unquoted stays as it is.
func parsePairs(pairs []event.Tag, s string, between byte, unquote func(string) string) []event.Tag {
	for s != "" && len(pairs) < maxPairs {
		part := s
		if i := strings.IndexByte(s, between); i >= 0 {
			part, s = s[:i], s[i+1:]
		} else {
			s = ""
		}
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		key, val, _ := strings.Cut(part, "=")
		if unquote != nil {
			key, val = unquote(key), unquote(val)
		}
		pairs = append(pairs, event.Tag{Key: key, Value: val})
	}
	return pairs
}

// unquote resolves %XX and + of a form.
func unquote(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	if u, err := url.QueryUnescape(s); err == nil {
		return clean([]byte(u))
	}
	return s
}

// body turns a request body that was sent as text into what it means: JSON or a form.
func (r *reader) body(q *event.Request) {
	if q.Data.Kind != event.String {
		return
	}
	s := strings.TrimSpace(q.Data.Text)
	sent := strings.ToLower(q.Header("Content-Type"))
	maybe := func(kind string) bool { return sent == "" || strings.Contains(sent, kind) }
	inferred := ""
	switch {
	case s == "":
		q.Data = event.Value{}
	case maybe("json") && (s[0] == '{' || s[0] == '['):
		p := new(parser) // the other one's nodes are still in use
		if v, ok := p.parse(s); ok {
			q.Data = r.any("data", v, r.limits.RequestBytes, depthExtra)
			inferred = "application/json"
		}
	case maybe("form-urlencoded") && strings.Contains(s, "=") && !strings.ContainsAny(s, " \n\t{<\""):
		if v := r.form(s); v.Kind != event.Null {
			q.Data = v
			inferred = "application/x-www-form-urlencoded"
		}
	}
	if q.ContentType == "" {
		q.ContentType = inferred
	}
	if q.Data.Kind == event.String {
		b := bag{r, r.limits.RequestBytes}
		q.Data.Text = b.text("data", q.Data.Text)
	}
}

// form reads a form; null when the text is more likely none. A repeated name becomes a list.
func (r *reader) form(s string) (v event.Value) {
	pairs := parsePairs(r.pairs[:0], s, '&', unquote)
	if len(pairs) == 0 || len(pairs) == 1 && pairs[0].Value == "" {
		return v
	}
	m := make(event.Map, 0, len(pairs))
	for _, p := range r.limitPairs("data", pairs) {
		v := event.Str(p.Value)
		if old, ok := m.Get(p.Key); ok {
			if old.Kind != event.List {
				old = event.Value{Kind: event.List, List: []event.Value{old}}
			}
			old.List = append(old.List, v)
			v = old
		}
		m.Set(p.Key, v)
	}
	return event.Value{Kind: event.Object, Map: m}
}
