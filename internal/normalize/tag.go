package normalize

import (
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// tags reads the tags sent. Some names are attributes of the event today, which old SDKs set by a tag.
func (r *reader) tags() {
	v := r.sent.tags
	e := r.e
	n := 0
	if len(v) > 0 {
		n = min(int(v[0].kids), r.limits.Tags)
	}
	e.Tags = append(make([]event.Tag, 0, n+derivedTags), e.Tags...) // a security report's stand already
	r.enter("tags")
	for name, v := range r.entries("", v) {
		key, ok := tagKey(name)
		if !ok {
			r.problem(problemInvalid, name, v)
			continue
		}
		val := pythonText(v)
		if val == "" {
			continue
		}
		switch strings.TrimPrefix(key, "sentry:") {
		case "environment":
			promote(&e.Environment, val)
		case "release":
			promote(&e.Release, val)
		case "dist":
			promote(&e.Dist, val)
		case "user", "filename", "function":
		default:
			if len(e.Tags) == r.limits.Tags {
				if n++; n == r.limits.Tags+1 {
					r.dropped("", len(e.Tags), int(r.sent.tags[0].kids))
				}
				continue
			}
			if val = r.tagValue(key, val); val != "" && e.Tag(key) == "" {
				e.Tags = append(e.Tags, event.Tag{Key: keep(key), Value: keep(val)})
			}
		}
	}
	r.leave()
}

func promote(to *string, tag string) {
	if *to == "" {
		*to = strings.TrimSpace(tag)
	}
}

// tagKey returns the key of a tag as it is kept; false for one that cannot be.
func tagKey(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if strings.ContainsRune(s, ' ') {
		s = strings.ReplaceAll(s, " ", "-")
	}
	return s, s != "" && len(s) <= maxName && only(s, func(c byte) bool { return isDist(c) || c == ':' })
}

func (r *reader) tagValue(key, s string) string {
	cut := tagText(s)
	if strings.HasSuffix(cut, "…") && len(cut) < len(s) {
		r.shortened(key, len(cut), len("…"), len(s))
	}
	return cut
}

// tagText returns a value as tags have it: one line of at most 200 characters.
func tagText(s string) string {
	s = strings.TrimSpace(s)
	if strings.ContainsAny(s, "\r\n") {
		s = strings.TrimSpace(strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ").Replace(s))
	}
	if len(s) > maxName {
		if cut, was := cutText(s, maxName+len(ellipsis)-1); was {
			s = strings.TrimSuffix(cut, ellipsis) + "…"
		}
	}
	return s
}

// finishTags adds the derived tags, which make way for nobody: among too many tags the sender's last ones go.
func (r *reader) finishTags() {
	sent := len(r.e.Tags)
	if cut := deriveTags(r.e, r.limits.Tags); cut > 0 {
		r.dropped("tags", sent-cut, sent)
	}
	if site := tagText(text(r.sent.site)); site != "" && r.e.Tag("site") == "" && len(r.e.Tags) < r.limits.Tags {
		r.e.Tags = append(r.e.Tags, event.Tag{Key: "site", Value: keep(site)})
	}
	if len(r.e.Tags) == 0 {
		r.e.Tags = nil
	}
}
