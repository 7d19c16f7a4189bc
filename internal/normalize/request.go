package normalize

import (
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// request reads the HTTP request in progress.
func (r *reader) request() {
	v := r.sent.request
	q := new(event.Request)
	r.enter("request")
	if v.kind() == event.Object {
		r.requestParts(q, v)
	} else {
		r.invalid("", v)
	}
	r.splitURL(q)
	r.cookieHeader(q)
	r.browserAgent(q)
	r.body(q)
	r.leave()
	if q.URL != "" || q.Method != "" || q.Query != nil || q.Fragment != "" || q.Cookies != nil || q.Headers != nil || q.Data.Kind != event.Null ||
		q.Env != nil || q.BodySize != 0 || q.APITarget != "" || q.ContentType != "" {
		r.e.Request = q
	}
}

func (r *reader) requestParts(q *event.Request, v value) {
	for k := v.kids(); len(k) > 0; k = k.rest() {
		v := k.first()
		if v.empty() {
			continue
		}
		switch key := k[0].key; key {
		case "url":
			q.URL = r.word(key, v, maxPath)
		case "method":
			q.Method = r.method(v)
		case "query_string":
			q.Query = r.query(v)
		case "fragment":
			q.Fragment = r.short(key, v, maxPath)
		case "cookies":
			q.Cookies = r.cookies(v)
		case "headers":
			q.Headers = r.headers(v)
		case "data":
			if v.kind() == event.String {
				q.Data = event.Str(v[0].text) // body makes of it what it is
			} else {
				q.Data = r.any(key, v, r.limits.RequestBytes, depthExtra)
			}
		case "env":
			q.Env = r.object(key, v, r.limits.RequestBytes, depthOther)
		case "body_size":
			q.BodySize = int64(r.count(key, v))
		case "api_target":
			q.APITarget = r.word(key, v, maxLogger)
		case "inferred_content_type":
			q.ContentType = r.word(key, v, maxServer)
		}
	}
}

func (r *reader) method(v value) string {
	m := strings.ToUpper(strings.TrimSpace(text(v)))
	if len(m) < 3 || len(m) > 32 || !only(m, func(c byte) bool { return c >= 'A' && c <= 'Z' || c == '-' || c == '_' }) {
		r.invalid("method", v)
		return ""
	}
	return m
}

// splitURL moves query and fragment of the URL to their own attributes, where those are empty.
func (r *reader) splitURL(q *event.Request) {
	if strings.HasSuffix(q.URL, "…") { // how some SDKs mark a URL they cut
		q.URL = strings.TrimSuffix(q.URL, "…") + ellipsis
	}
	rest, fragment, _ := strings.Cut(q.URL, "#")
	if q.Fragment == "" {
		q.Fragment = fragment
	}
	rest, query, _ := strings.Cut(rest, "?")
	if q.Query == nil && query != "" {
		q.Query = r.limitPairs("query_string", parsePairs(r.pairs[:0], query, '&', unquote))
	}
	q.URL = rest
}

func (r *reader) query(v value) []event.Tag {
	if scalar(v) {
		return r.limitPairs("query_string", parsePairs(r.pairs[:0], strings.TrimPrefix(text(v), "?"), '&', unquote))
	}
	pairs := r.pairs[:0]
	for key, val := range r.entries("query_string", v) {
		if val.kind() != event.List {
			pairs = append(pairs, event.Tag{Key: key, Value: text(val)})
			continue
		}
		for k := val.kids(); len(k) > 0; k = k.rest() {
			pairs = append(pairs, event.Tag{Key: key, Value: text(k.first())})
		}
	}
	return r.limitPairs("query_string", pairs)
}

func (r *reader) cookies(v value) []event.Tag {
	if scalar(v) {
		return r.limitPairs("cookies", parsePairs(r.pairs[:0], text(v), ';', nil))
	}
	pairs := r.pairs[:0]
	for key, val := range r.entries("cookies", v) {
		pairs = append(pairs, event.Tag{Key: key, Value: text(val)})
	}
	return r.limitPairs("cookies", pairs)
}

func (r *reader) headers(v value) []event.Tag {
	pairs := r.pairs[:0]
	for key, val := range r.entries("headers", v) {
		if key = strings.TrimSpace(key); key == "" {
			continue
		}
		s := ""
		if val.kind() == event.List {
			var all []string
			for k := val.kids(); len(k) > 0; k = k.rest() {
				all = append(all, text(k.first()))
			}
			s = strings.Join(all, ",")
		} else {
			s = text(val)
		}
		pairs = append(pairs, event.Tag{Key: titleCase(key), Value: s})
	}
	return r.limitPairs("headers", pairs)
}

// limitPairs copies what fits of pairs that stand in the reader's scratch memory.
func (r *reader) limitPairs(name string, pairs []event.Tag) []event.Tag {
	r.pairs = pairs[:0]
	if len(pairs) == 0 {
		return nil
	}
	left := r.limits.RequestBytes
	out := make([]event.Tag, 0, len(pairs))
	for _, p := range pairs {
		if left <= 0 {
			r.dropped(name, len(out), len(pairs))
			break
		}
		if len(p.Key) > maxServer {
			p.Key, _ = cutText(p.Key, maxServer)
		}
		left -= len(p.Key) + len(p.Value) + 24 // what the JSON of a pair costs
		if left < 0 {
			b := bag{r, max(left+len(p.Value), 0)}
			r.enter(name)
			p.Value = b.text(p.Key, p.Value)
			r.leave()
		}
		out = append(out, p)
	}
	clear(pairs)
	return out
}

// titleCase returns the name of a header as it is mostly written: Content-Type.
func titleCase(s string) string {
	title := func(i int, c byte) byte {
		switch start := i == 0 || s[i-1] == '-'; {
		case start && c >= 'a' && c <= 'z':
			return c - 'a' + 'A'
		case !start && c >= 'A' && c <= 'Z':
			return c - 'A' + 'a'
		}
		return c
	}
	for i := range len(s) {
		if title(i, s[i]) != s[i] {
			b := make([]byte, len(s))
			for j := range len(s) {
				b[j] = title(j, s[j])
			}
			return string(b)
		}
	}
	return s
}

// cookieHeader takes the cookies out of the headers.
func (r *reader) cookieHeader(q *event.Request) {
	for i := range q.Headers {
		if q.Headers[i].Key != "Cookie" {
			continue
		}
		if q.Cookies == nil {
			q.Cookies = r.limitPairs("cookies", parsePairs(r.pairs[:0], q.Headers[i].Value, ';', nil))
		}
		if q.Cookies != nil {
			if q.Headers = append(q.Headers[:i], q.Headers[i+1:]...); len(q.Headers) == 0 {
				q.Headers = nil
			}
		}
		return
	}
}

// browserAgent notes the user agent of the connection on events of browsers, which cannot know it or leave it out. Others
// than browsers send JavaScript events too, through libraries of which the name says nothing.
func (r *reader) browserAgent(q *event.Request) {
	if r.e.Platform == "javascript" && strings.HasPrefix(r.in.UserAgent, "Mozilla/") && q.Header("User-Agent") == "" {
		q.Headers = append(q.Headers, event.Tag{Key: "User-Agent", Value: r.limit("headers.User-Agent", r.in.UserAgent, maxPath)})
	}
}
