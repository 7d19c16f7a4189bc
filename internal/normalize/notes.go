package normalize

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/seismohq/seismo/internal/event"
)

// The types of problems; the words are upstream's, which users know.
const (
	problemInvalid = "invalid_data"
	problemFuture  = "future_timestamp"
	problemPast    = "past_timestamp"
	problemDrift   = "clock_drift"
)

// The rule and the kinds of our own remarks.
const (
	ruleLimit   = "!limit"
	substituted = "s"
	removed     = "x"
)

// step is one step into the event: a name, or a place in a list.
type step struct {
	name  string
	index int
}

func (r *reader) enter(name string)  { r.path = append(r.path, step{name, -1}) }
func (r *reader) enterAt(index int)  { r.path = append(r.path, step{"", index}) }
func (r *reader) at(index int)       { r.path[len(r.path)-1].index = index }
func (r *reader) leave()             { r.path = r.path[:len(r.path)-1] }
func (r *reader) full(list int) bool { return list >= maxNotes }

// where returns the path of name below where we are. It is called only when there is something to say.
func (r *reader) where(name string) string {
	var b []byte
	for _, s := range r.path {
		if len(b) > 0 {
			b = append(b, '.')
		}
		if s.name != "" {
			b = append(b, s.name...)
		} else {
			b = strconv.AppendInt(b, int64(s.index), 10)
		}
	}
	if name != "" {
		if len(b) > 0 {
			b = append(b, '.')
		}
		b = append(b, name...)
	}
	const enough = 300
	if len(b) > enough {
		b = append(cutBytes(b, enough), "..."...)
	}
	return string(b)
}

// cutBytes cuts b at most bytes, not within a character.
func cutBytes(b []byte, most int) []byte {
	for most > 0 && !utf8.RuneStart(b[most]) {
		most--
	}
	return b[:most]
}

// problem notes that the attribute could not be used.
func (r *reader) problem(kind, name string, v value) {
	if r.full(len(r.e.Errors)) {
		return
	}
	const enough = 200
	shown := ""
	if len(v) > 0 {
		if v.kind() == event.String {
			shown = v[0].text
		} else {
			shown = string(appendJSON(nil, v, enough))
		}
		shown, _ = cutText(shown, enough)
	}
	r.e.Errors = append(r.e.Errors, event.Problem{Type: kind, Name: r.where(name), Value: shown})
}

// invalid notes that the attribute is of no use, unless it says nothing at all.
func (r *reader) invalid(name string, v value) {
	if !v.empty() {
		r.problem(problemInvalid, name, v)
	}
}

func (r *reader) remark(m event.Remark) {
	if !r.full(len(r.e.Remarks)) {
		r.e.Remarks = append(r.e.Remarks, m)
	}
}

// shortened remarks that a text was cut: it now ends with a marker of some bytes.
func (r *reader) shortened(name string, now, marker, before int) {
	if r.full(len(r.e.Remarks)) {
		return
	}
	r.remark(event.Remark{Path: r.where(name), Rule: ruleLimit, Kind: substituted, From: now - marker, To: now, Len: before})
}

// dropped remarks that only some entries of a list or map were kept.
func (r *reader) dropped(name string, kept, of int) {
	if r.full(len(r.e.Remarks)) {
		return
	}
	r.remark(event.Remark{Path: r.where(name), Rule: ruleLimit, Kind: removed, Note: fmt.Sprintf("kept %d of %d", kept, of)})
}

const ellipsis = "..."

// cutText cuts s to at most so many characters, the marker included, and reports whether it had to.
func cutText(s string, chars int) (string, bool) {
	if len(s) <= chars || utf8.RuneCountInString(s) <= chars {
		return s, false
	}
	n := 0
	for i := range s {
		if n == chars-len(ellipsis) {
			return s[:i] + ellipsis, true
		}
		n++
	}
	return s, false
}

// limit cuts a text that is too long and remarks it.
func (r *reader) limit(name, s string, chars int) string {
	if len(s) <= chars {
		return s
	}
	cut, was := cutText(s, chars)
	if was {
		r.shortened(name, len(cut), len(ellipsis), len(s))
	}
	return cut
}
