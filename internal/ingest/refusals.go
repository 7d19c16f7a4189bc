package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/envelope"
	"github.com/seismohq/seismo/internal/outcome"
	"github.com/seismohq/seismo/internal/project"
)

const (
	// maxRefusals bounds the counts in memory, for the time the queue cannot take them.
	maxRefusals = 100_000

	// refusalsPerRecord bounds one record to less than a megabyte.
	refusalsPerRecord = 5000
)

// refusals counts what was refused as a whole, and so never reaches the queue by itself. The pipeline records the counts
// once, like everything in the queue.
type refusals struct {
	metrics *metrics

	mu     sync.Mutex
	counts map[refusalKey]int64
}

type refusalKey struct {
	project  project.ID
	hour     int64 // Unix seconds of its start
	category outcome.Category
	outcome  outcome.Outcome
	reason   string
}

func (r *refusals) add(p project.ID, at time.Time, c outcome.Category, o outcome.Outcome, reason string, n int64) {
	r.metrics.refused(c, o, reason, n)
	r.merge(refusalKey{p, outcome.Hour(at).Unix(), c, o, reason}, n)
}

func (r *refusals) merge(k refusalKey, n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts = map[refusalKey]int64{}
	}
	if _, known := r.counts[k]; !known && len(r.counts) >= maxRefusals {
		r.metrics.refusalsLost.Add(float64(n))
		return
	}
	r.counts[k] += n
}

// take returns all counts, in a fixed order, and forgets them.
func (r *refusals) take() []outcome.Count {
	r.mu.Lock()
	counts := r.counts
	r.counts = nil
	r.mu.Unlock()
	list := make([]outcome.Count, 0, len(counts))
	for k, n := range counts {
		list = append(list, outcome.Count{
			Project: k.project, Hour: time.Unix(k.hour, 0).UTC(), Category: k.category, Outcome: k.outcome, Reason: k.reason, Quantity: n,
		})
	}
	slices.SortFunc(list, func(a, b outcome.Count) int {
		return cmp.Or(cmp.Compare(a.Project, b.Project), a.Hour.Compare(b.Hour), cmp.Compare(a.Category, b.Category),
			cmp.Compare(a.Outcome, b.Outcome), cmp.Compare(a.Reason, b.Reason))
	})
	return list
}

// publishRefusals puts the counts into the queue: deliveries of FormOutcomes whose body is a JSON list of outcome.Count.
// Counts that the queue did not take are kept for the next time. Those of which nobody knows whether it did, because Run
// ran out of time, are given up: a count recorded twice is worse than one that a metric says was lost.
func (d *Door) publishRefusals(ctx context.Context) error {
	list := d.refusals.take()
	for len(list) > 0 {
		n := min(len(list), refusalsPerRecord)
		if err := d.publishCounts(ctx, list[:n]); err != nil {
			if c := fault.CodeOf(err); c == fault.Canceled || c == fault.Timeout {
				d.refusals.lose(list[:n])
				list = list[n:]
			}
			d.refusals.putBack(list)
			return err
		}
		list = list[n:]
	}
	return nil
}

func (r *refusals) putBack(list []outcome.Count) {
	for _, c := range list {
		r.merge(refusalKey{c.Project, c.Hour.Unix(), c.Category, c.Outcome, c.Reason}, c.Quantity)
	}
}

func (r *refusals) lose(list []outcome.Count) {
	for _, c := range list {
		r.metrics.refusalsLost.Add(float64(c.Quantity))
	}
}

func (d *Door) publishCounts(ctx context.Context, list []outcome.Count) error {
	body, err := json.Marshal(list)
	if err != nil {
		return fault.Wrap(err, "encode counted refusals")
	}
	record := (&envelope.Delivery{Form: envelope.FormOutcomes, Received: d.opts.Now(), Body: body}).AppendTo(nil)
	partition := int(d.spread.Add(1) % uint64(d.queue.Partitions()))
	return fault.Wrap(d.queue.Publish(ctx, partition, record), "publish counted refusals")
}
