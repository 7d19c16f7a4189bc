package web_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/project"
)

// memory is an event store in memory: as much of the contract as the pages use, by reading every entry each time.
type memory struct {
	mu      sync.Mutex
	entries []eventstore.Entry
	failing error // of the queries that count
}

func (m *memory) add(e ...eventstore.Entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries = append(m.entries, e...)
	slices.SortFunc(m.entries, func(a, b eventstore.Entry) int {
		if c := a.Timestamp.Compare(b.Timestamp); c != 0 {
			return c
		}
		return bytes.Compare(a.ID[:], b.ID[:])
	})
}

func matches(e *eventstore.Entry, p project.ID, keys []event.Key, f eventstore.Filter) bool {
	if e.Project != p || len(keys) > 0 && !slices.Contains(keys, e.Keys[0]) ||
		!f.Range.From.IsZero() && e.Timestamp.Before(f.Range.From) || !f.Range.To.IsZero() && !e.Timestamp.Before(f.Range.To) {
		return false
	}
	for _, c := range f.Conditions {
		if holds(e, c) == c.Negate {
			return false
		}
	}
	return true
}

func holds(e *eventstore.Entry, c eventstore.Condition) bool {
	got := ""
	switch c.Field {
	case "level":
		got = string(e.Level)
	case "environment":
		got = e.Environment
	case "release":
		got = e.Release
	case "user":
		got = e.User
	case "trace":
		got = e.Trace
	case "title":
		return slices.ContainsFunc(c.Values, func(v string) bool { return strings.Contains(strings.ToLower(e.Title), strings.ToLower(v)) })
	default:
		for _, t := range e.Tags {
			if "tags."+t.Key == c.Field {
				got = t.Value
			}
		}
	}
	return slices.Contains(c.Values, got)
}

func (m *memory) each(p project.ID, keys []event.Key, f eventstore.Filter, do func(*eventstore.Entry)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.entries {
		if matches(&m.entries[i], p, keys, f) {
			do(&m.entries[i])
		}
	}
}

func (m *memory) Get(_ context.Context, p project.ID, id event.ID) (got eventstore.Stored, err error) {
	err = fault.New(fault.NotFound, "no such event")
	m.each(p, nil, eventstore.Filter{}, func(e *eventstore.Entry) {
		if e.ID == id {
			got, err = eventstore.Stored{Row: row(e), Keys: e.Keys, Payload: e.Payload}, nil
		}
	})
	return got, err
}

func row(e *eventstore.Entry) eventstore.Row {
	return eventstore.Row{ID: e.ID, Project: e.Project, Key: e.Keys[0], Timestamp: e.Timestamp, Received: e.Received, Level: e.Level, Environment: e.Environment, Release: e.Release, User: e.User, Title: e.Title, Trace: e.Trace}
}

func (m *memory) List(_ context.Context, p project.ID, q eventstore.ListQuery) (page eventstore.Page, _ error) {
	m.each(p, q.Keys, q.Filter, func(e *eventstore.Entry) { page.Rows = append(page.Rows, row(e)) })
	if !q.Oldest {
		slices.Reverse(page.Rows)
	}
	if q.Limit > 0 {
		page.Rows = page.Rows[:min(q.Limit, len(page.Rows))]
	}
	return page, nil
}

func (m *memory) Neighbours(ctx context.Context, p project.ID, q eventstore.ListQuery, at time.Time, id event.ID) (n eventstore.Neighbours, err error) {
	q.Limit, q.Oldest = 0, true
	page, err := m.List(ctx, p, q)
	for i, r := range page.Rows {
		before := r.Timestamp.Before(at) || r.Timestamp.Equal(at) && bytes.Compare(r.ID[:], id[:]) < 0
		if i == 0 {
			n.First = r.ID
		}
		n.Last = r.ID
		switch {
		case before:
			n.Older = r.ID
			n.Position++
		case r.ID != id && n.Newer.IsZero():
			n.Newer = r.ID
		}
		n.Total++
	}
	n.Position++
	return n, err
}

func buckets(q eventstore.HistogramQuery) []eventstore.Bucket {
	var out []eventstore.Bucket
	step := int64(q.Step / time.Second)
	for at := q.Filter.Range.From.Unix() / step * step; at < q.Filter.Range.To.Unix(); at += step {
		out = append(out, eventstore.Bucket{Start: time.Unix(at, 0).UTC()})
	}
	return out
}

func put(b []eventstore.Bucket, q eventstore.HistogramQuery, e *eventstore.Entry) {
	i := int(e.Timestamp.Sub(b[0].Start) / q.Step)
	b[i].Count++
	b[i].ByLevel[e.Level.Rank()]++
}

func (m *memory) Histogram(_ context.Context, p project.ID, q eventstore.HistogramQuery) ([]eventstore.Bucket, error) {
	b := buckets(q)
	m.each(p, q.Keys, q.Filter, func(e *eventstore.Entry) { put(b, q, e) })
	return b, m.failing
}

func (m *memory) Histograms(_ context.Context, p project.ID, q eventstore.HistogramQuery) (map[event.Key][]eventstore.Bucket, error) {
	out := map[event.Key][]eventstore.Bucket{}
	m.each(p, q.Keys, q.Filter, func(e *eventstore.Entry) {
		if out[e.Keys[0]] == nil {
			out[e.Keys[0]] = buckets(q)
		}
		put(out[e.Keys[0]], q, e)
	})
	return out, nil
}

func (m *memory) Totals(_ context.Context, p project.ID, keys []event.Key, r eventstore.Range) (map[event.Key]eventstore.Totals, error) {
	out := map[event.Key]eventstore.Totals{}
	users := map[string]bool{}
	m.each(p, keys, eventstore.Filter{Range: r}, func(e *eventstore.Entry) {
		t := out[e.Keys[0]]
		t.Events++
		if u := e.Keys[0].String() + e.User; e.User != "" && !users[u] {
			users[u] = true
			t.Users++
		}
		out[e.Keys[0]] = t
	})
	return out, nil
}

func (m *memory) Users(_ context.Context, p project.ID, keys []event.Key, r eventstore.Range) (int64, error) {
	users := map[string]bool{}
	m.each(p, keys, eventstore.Filter{Range: r}, func(e *eventstore.Entry) {
		if e.User != "" {
			users[e.User] = true
		}
	})
	return int64(len(users)), nil
}

func (m *memory) TopTags(_ context.Context, p project.ID, q eventstore.TagQuery) ([]eventstore.TagCounts, error) {
	values := map[string]map[string]int64{}
	m.each(p, q.Keys, q.Filter, func(e *eventstore.Entry) {
		for _, t := range e.Tags {
			if len(q.Tags) > 0 && !slices.Contains(q.Tags, t.Key) {
				continue
			}
			if values[t.Key] == nil {
				values[t.Key] = map[string]int64{}
			}
			values[t.Key][t.Value]++
		}
	})
	var out []eventstore.TagCounts
	for key, counts := range values {
		c := eventstore.TagCounts{Key: key, Values: int64(len(counts))}
		for v, n := range counts {
			c.Total += n
			c.Top = append(c.Top, eventstore.TagCount{Value: v, Count: n})
		}
		slices.SortFunc(c.Top, func(a, b eventstore.TagCount) int {
			if a.Count != b.Count {
				return int(b.Count - a.Count)
			}
			return strings.Compare(a.Value, b.Value)
		})
		c.Top = c.Top[:min(len(c.Top), max(q.Limit, 1))]
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b eventstore.TagCounts) int { return strings.Compare(a.Key, b.Key) })
	return out, nil
}
