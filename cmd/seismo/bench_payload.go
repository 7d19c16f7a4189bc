package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"strings"
	"time"
)

//go:embed payloads/*.json
var payloads embed.FS

// template is an event with places for what differs between two events of one issue.
type template struct {
	parts [3]string // before the event id, between id and timestamp, after the timestamp
}

const (
	idMark   = "00000000feedfeedfeedfeed00000000"
	timeMark = "2000-01-01T00:00:00.000000Z"
)

// event returns an event with this id and time.
func (t template) event(id string, at time.Time) []byte {
	const layout = "2006-01-02T15:04:05.000000Z"
	b := make([]byte, 0, len(t.parts[0])+len(t.parts[1])+len(t.parts[2])+64)
	b = append(b, t.parts[0]...)
	b = append(b, id...)
	b = append(b, t.parts[1]...)
	b = at.UTC().AppendFormat(b, layout)
	return append(b, t.parts[2]...)
}

// templates makes events of n issues: the real events of kind ("small", "typical", or a file) in turn, each with an
// exception type of its own, as n defects in one application would have.
func templates(kind string, n int) ([]template, error) {
	var events [][]byte
	switch kind {
	case "small", "typical":
		entries, err := payloads.ReadDir("payloads")
		if err != nil {
			return nil, fmt.Errorf("read the payloads: %w", err)
		}
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), kind) && !(kind == "typical" && e.Name() == "small.json") {
				continue
			}
			b, err := payloads.ReadFile(path.Join("payloads", e.Name()))
			if err != nil {
				return nil, fmt.Errorf("read the payloads: %w", err)
			}
			events = append(events, b)
		}
	default:
		b, err := os.ReadFile(kind)
		if err != nil {
			return nil, fmt.Errorf("read the payload: %w", err)
		}
		events = append(events, b)
	}
	out := make([]template, n)
	for i := range out {
		t, err := newTemplate(events[i%len(events)], i)
		if err != nil {
			return nil, err
		}
		out[i] = t
	}
	return out, nil
}

func newTemplate(event []byte, issue int) (template, error) {
	var m map[string]any
	if err := json.Unmarshal(event, &m); err != nil {
		return template{}, fmt.Errorf("the payload is no event: %w", err)
	}
	m["event_id"], m["timestamp"] = idMark, timeMark
	delete(m, "fingerprint")
	vary(m, word(issue))
	b, err := json.Marshal(m)
	if err != nil {
		return template{}, fmt.Errorf("encode the payload: %w", err)
	}
	before, rest, ok1 := strings.Cut(string(b), idMark)
	between, after, ok2 := strings.Cut(rest, timeMark)
	if !ok1 || !ok2 { // cannot happen: keys are encoded in order, event_id before timestamp
		return template{}, fmt.Errorf("the payload has no place for id and time")
	}
	return template{[3]string{before, between, after}}, nil
}

// vary makes the event one of another issue: its last exception gets another type, or its message another word.
func vary(m map[string]any, word string) {
	for _, key := range []string{"exception", "sentry.interfaces.Exception"} {
		values, ok := m[key].([]any)
		if !ok {
			if e, isMap := m[key].(map[string]any); isMap {
				values, _ = e["values"].([]any)
			}
		}
		if len(values) == 0 {
			continue
		}
		if last, ok := values[len(values)-1].(map[string]any); ok {
			last["type"] = fmt.Sprint(last["type"], word)
			return
		}
	}
	m["message"] = fmt.Sprint("bench message ", word)
}

// word spells a number in letters, because digits are not what issues are told apart by.
func word(n int) string {
	s := ""
	for {
		s = string(rune('A'+n%26)) + s
		if n = n/26 - 1; n < 0 {
			return s
		}
	}
}
