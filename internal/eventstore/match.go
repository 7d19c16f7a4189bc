package eventstore

import (
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// Match reports whether the condition holds for an event whose attribute has this value: "" for one without it. The
// caller looks the attribute up by c.Field.
func (c *Condition) Match(value string) bool {
	for _, want := range c.Values {
		if c.matchOne(want, value) {
			return !c.Negate
		}
	}
	return c.Negate
}

func (c *Condition) matchOne(want, value string) bool {
	switch c.Field {
	case "title":
		if want == "" {
			return value == ""
		}
		return strings.Contains(strings.ToLower(value), strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(want, "*"), "*")))
	case "id":
		if id, err := event.ParseID(want); err == nil {
			return id.String() == value
		}
		want = strings.ToLower(want)
	case "trace":
		value, want = strings.ToLower(value), strings.ToLower(want)
	}
	tail, start := strings.CutPrefix(want, "*")
	core, end := strings.CutSuffix(tail, "*")
	switch {
	case start && tail == "":
		return true
	case start && end:
		return strings.Contains(value, core)
	case start:
		return strings.HasSuffix(value, core)
	case end:
		return strings.HasPrefix(value, core)
	}
	return value == want
}
