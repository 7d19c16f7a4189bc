// Package ingesttest holds what tests of the door and of its protocols need: a queue that shows what it was given and can
// be made to fail, and a table of keys.
package ingesttest

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/envelope"
	"github.com/seismohq/seismo/internal/outcome"
	"github.com/seismohq/seismo/internal/project"
	"github.com/seismohq/seismo/internal/queue"
)

// Queue is a queue of which only publishing works. The zero value is ready. What it took can be read back at any time.
type Queue struct {
	// Before is called by each Publish; an error refuses the record. Nil takes everything.
	Before func(ctx context.Context) error

	mu      sync.Mutex
	records [][]byte
	parts   []int
	stats   queue.Stats
}

// Log implements queue.Queue.
func (q *Queue) Log() string { return "ingesttest-ingesttest" }

// Partitions implements queue.Queue.
func (q *Queue) Partitions() int { return 4 }

// Publish implements queue.Queue.
func (q *Queue) Publish(ctx context.Context, partition int, record []byte) error {
	if q.Before != nil {
		if err := q.Before(ctx); err != nil {
			return err
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.records = append(q.records, bytes.Clone(record))
	q.parts = append(q.parts, partition)
	return nil
}

// Consume implements queue.Queue by refusing.
func (q *Queue) Consume(context.Context, int) (queue.Consumer, error) {
	return nil, fault.New(fault.Unimplemented, "this queue has no consumers")
}

// Stats implements queue.Queue.
func (q *Queue) Stats(context.Context) (queue.Stats, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.stats, nil
}

// SetStats sets what Stats returns.
func (q *Queue) SetStats(s queue.Stats) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stats = s
}

// Ready implements queue.Queue.
func (q *Queue) Ready(context.Context) error { return nil }

// Close implements queue.Queue.
func (q *Queue) Close() error { return nil }

// Deliveries returns what was published, without counted refusals, in order.
func (q *Queue) Deliveries(t testing.TB) []envelope.Delivery {
	t.Helper()
	return q.all(t, func(f envelope.Form) bool { return f != envelope.FormOutcomes })
}

// Counts returns the counted refusals that were published.
func (q *Queue) Counts(t testing.TB) []outcome.Count {
	t.Helper()
	var all []outcome.Count
	for _, d := range q.all(t, func(f envelope.Form) bool { return f == envelope.FormOutcomes }) {
		var counts []outcome.Count
		if err := json.Unmarshal(d.Body, &counts); err != nil {
			t.Fatalf("counts cannot be read: %v", err)
		}
		all = append(all, counts...)
	}
	return all
}

// PartitionsUsed returns the partitions that records went to, each once, in order.
func (q *Queue) PartitionsUsed() []int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(q.parts)))
}

func (q *Queue) all(t testing.TB, want func(envelope.Form) bool) []envelope.Delivery {
	t.Helper()
	q.mu.Lock()
	defer q.mu.Unlock()
	var list []envelope.Delivery
	for _, r := range q.records {
		d, err := envelope.ParseDelivery(r)
		if err != nil {
			t.Fatalf("record cannot be read: %v", err)
		}
		if want(d.Form) {
			list = append(list, d)
		}
	}
	return list
}

// Keys is a table of keys by their public part. It counts how often it is asked.
type Keys struct {
	mu    sync.Mutex
	table map[string]project.Key
	err   error
	Asked atomic.Int64
}

// NewKeys returns a table of these keys.
func NewKeys(keys ...project.Key) *Keys {
	k := &Keys{table: map[string]project.Key{}}
	for _, key := range keys {
		k.Set(key)
	}
	return k
}

// Set adds or replaces a key.
func (k *Keys) Set(key project.Key) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.table[key.Public] = key
}

// Fail makes the table answer with err; nil makes it work again.
func (k *Keys) Fail(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.err = err
}

// GetKeyByPublic implements ingest.Keys.
func (k *Keys) GetKeyByPublic(_ context.Context, public string) (project.Key, project.Project, error) {
	k.Asked.Add(1)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err != nil {
		return project.Key{}, project.Project{}, k.err
	}
	key, ok := k.table[public]
	if !ok {
		return project.Key{}, project.Project{}, fault.ResourceNotFound("key", "")
	}
	return key, project.Project{ID: key.Project, Org: key.Org, Slug: "shop"}, nil
}
