package ingest

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/envelope"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/outcome"
	"github.com/seismohq/seismo/internal/project"
	"github.com/seismohq/seismo/internal/queue"
)

// Deliver makes an opened parcel durable and returns the limits that the client should know of. When it returns nil the
// parcel survives a crash. Items that the quota refuses are marked in it. A parcel without items is not kept.
//
// Errors: RateLimited when the quota refuses all items, which are counted here; Unavailable when the queue cannot take the
// parcel; Canceled or Timeout when ctx or the time for publishing ended first, and then nobody knows whether it is durable.
func (d *Door) Deliver(ctx context.Context, s Sender, p *Parcel) ([]Limit, error) {
	items := p.Envelope.Items
	if len(items) == 0 {
		return nil, nil
	}
	p.Project, p.Org, p.Key = s.Key.Project, s.Key.Org, s.Key.ID
	p.EventID = p.eventID()

	limits := d.opts.Quota.Admit(ctx, s, p.Received, p.countDemand())
	if len(limits) > 0 && p.refuse(limits) {
		d.metrics.received(items)
		for _, r := range p.Refused {
			d.refusals.add(s.Key.Project, p.Received, items[r.Item].Category, r.Outcome, r.Reason, 1)
		}
		return limits, refusal(fault.RateLimited, limits[0].Reason, "rate limit is reached", fault.RetryAfter(longest(limits)))
	}
	p.record = p.AppendTo(p.record[:0])
	if err := d.publish(ctx, p); err != nil {
		return limits, err
	}
	d.metrics.received(items)
	d.metrics.bodyBytes(p.Form, len(p.Body))
	return limits, nil
}

func (p *Parcel) eventID() event.ID {
	if p.EventID.IsZero() {
		return p.Envelope.EventID
	}
	return p.EventID
}

// publish puts the record into the partition of its event, so that repeats of an event and what belongs to it stay in
// order. What belongs to no event is spread.
func (d *Door) publish(ctx context.Context, p *Parcel) error {
	ctx, cancel := context.WithTimeout(ctx, d.opts.PublishTimeout)
	defer cancel()
	var key [24]byte
	binary.LittleEndian.PutUint64(key[:8], uint64(p.Project))
	copy(key[8:], p.EventID[:])
	if p.EventID.IsZero() {
		binary.LittleEndian.PutUint64(key[8:], d.spread.Add(1))
	}
	start := time.Now()
	err := d.queue.Publish(ctx, queue.Partition(key[:], d.queue.Partitions()), p.record)
	d.metrics.publishSeconds.Observe(time.Since(start).Seconds())
	if err == nil {
		return nil
	}
	// The engine may still hold the record, so its memory is not used again.
	p.record = nil
	switch fault.CodeOf(err) {
	case fault.Canceled, fault.Timeout:
		return fault.Wrap(err, "wait for the parcel to become durable")
	case fault.TooLarge:
		return refusal(fault.TooLarge, envelope.ProblemTooLarge, "body is too large")
	case fault.Unavailable:
	default:
		d.opts.Logger.Error("parcel cannot be published", "project", int64(p.Project), "error", err)
	}
	after, ok := fault.RetryAfterOf(err)
	if !ok {
		after = 10 * time.Second
	}
	return unavailable("queue_unavailable", "queue does not take more now", after)
}

// countDemand counts the usable items by category.
func (p *Parcel) countDemand() []Demand {
	p.demand = p.demand[:0]
next:
	for i := range p.Envelope.Items {
		it := &p.Envelope.Items[i]
		if it.Problem != "" {
			continue
		}
		for j := range p.demand {
			if p.demand[j].Category == it.Category {
				p.demand[j].Quantity++
				continue next
			}
		}
		p.demand = append(p.demand, Demand{it.Category, 1})
	}
	return p.demand
}

// refuse marks the items that limits cover, and reports whether none is left. In that case the bad items are marked, too.
func (p *Parcel) refuse(limits []Limit) bool {
	left := 0
	for i := range p.Envelope.Items {
		it := &p.Envelope.Items[i]
		if it.Problem != "" {
			continue
		}
		if l := covering(limits, it.Category); l != nil {
			p.Refused = append(p.Refused, envelope.Refused{Item: i, Outcome: outcome.RateLimited, Reason: l.Reason})
		} else {
			left++
		}
	}
	if left > 0 {
		return false
	}
	for i := range p.Envelope.Items {
		if it := &p.Envelope.Items[i]; it.Problem != "" {
			p.Refused = append(p.Refused, envelope.Refused{Item: i, Outcome: outcome.Invalid, Reason: it.Problem})
		}
	}
	return true
}

func covering(limits []Limit, c outcome.Category) *Limit {
	for i := range limits {
		if limits[i].Covers(c) {
			return &limits[i]
		}
	}
	return nil
}

func longest(limits []Limit) time.Duration {
	var d time.Duration
	for i := range limits {
		d = max(d, limits[i].RetryAfter)
	}
	return d
}

// Refuse counts a request of a known project that was refused as a whole: each of its items, as far as they are known,
// under the reason of err. A request whose items are not known counts as one.
//
// Nothing is counted when the client went away, since nobody knows what it will do, nor what Deliver has counted.
func (d *Door) Refuse(p *Parcel, to project.ID, err error) {
	how, reason := outcome.Invalid, envelope.Reason(err)
	switch fault.CodeOf(err) {
	case fault.Canceled, fault.Timeout, fault.RateLimited:
		return
	case fault.Unavailable:
		how = outcome.RateLimited
	case fault.Internal:
		reason = "internal_error"
	}
	items := p.Envelope.Items
	if len(items) == 0 {
		d.refusals.add(to, p.Received, outcome.Unknown, how, reason, 1)
		return
	}
	d.metrics.received(items)
	for i := range items {
		itemHow, itemReason := how, reason
		if items[i].Problem != "" {
			itemHow, itemReason = outcome.Invalid, items[i].Problem
		}
		d.refusals.add(to, p.Received, items[i].Category, itemHow, itemReason, 1)
	}
}
