package pipeline

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/catalog"
	"github.com/seismohq/seismo/internal/envelope"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/outcome"
	"github.com/seismohq/seismo/internal/queue"
)

// batch is what the worker has in hand: the items of some messages, each with its end.
type batch struct {
	messages []queue.Message
	items    []*item
	counts   []outcome.Count // that the door counted: requests refused as a whole
}

// item is one item of an envelope on its way.
type item struct {
	delivery *envelope.Delivery
	header   *envelope.Envelope // what it came in; never nil
	envelope.Item
	arrival event.Arrival
	now     time.Time

	// What became of it.
	outcome outcome.Outcome
	reason  string
	effects []*effect // events to be appended
	keep    bool      // as it came, for a short time
	detail  string    // why it was set aside

	discarded []outcome.Count // what a client report says
}

// effect is one event that an item carries: one for most items, several for a list of browser reports.
type effect struct {
	item   *item
	entry  eventstore.Entry
	group  catalog.Group // what it does to the catalog
	counts bool          // known once it is appended: false for a repeat
}

// end gives the item its outcome.
func (it *item) end(o outcome.Outcome, reason string) { it.outcome, it.reason = o, reason }

// open reads the messages and works each item as far as it can be worked without the engines.
func (p *Pipeline) open(messages []queue.Message) *batch {
	b := &batch{messages: messages}
	for _, m := range messages {
		index := 0
		for _, record := range m.Records {
			for _, it := range p.openRecord(b, m, record) {
				it.arrival = queue.Arrival(p.queue.Log(), m, index)
				index++
				p.work(it)
				b.items = append(b.items, it)
			}
		}
	}
	return b
}

// openRecord returns the items of one record. A record that cannot be read at all is one poisonous item.
func (p *Pipeline) openRecord(b *batch, m queue.Message, record []byte) []*item {
	d, err := envelope.ParseDelivery(record)
	if err != nil {
		p.opts.Logger.Error("record cannot be read", "position", m.Position, "error", err)
		it := p.newItem(&envelope.Delivery{Received: p.opts.Now(), Body: record}, &envelope.Envelope{}, envelope.Item{Type: "record", Category: outcome.Unknown, Payload: record})
		it.aside("unreadable_record", err.Error())
		return []*item{it}
	}
	if d.Form == envelope.FormOutcomes {
		var counts []outcome.Count
		if err := json.Unmarshal(d.Body, &counts); err != nil {
			p.opts.Logger.Error("counted outcomes cannot be read", "position", m.Position, "error", err)
		}
		b.counts = append(b.counts, counts...)
		return nil
	}
	env, err := envelope.Decode(&d, p.opts.Limits)
	if err != nil {
		// The door has read it before, so this is a setting that changed since or a defect of ours.
		it := p.newItem(&d, &envelope.Envelope{}, envelope.Item{Type: "envelope", Category: outcome.Unknown, Payload: d.Body})
		it.aside("unreadable_body", err.Error())
		return []*item{it}
	}
	items := make([]*item, len(env.Items))
	for i := range env.Items {
		items[i] = p.newItem(&d, &env, env.Items[i])
	}
	for _, r := range d.Refused {
		if r.Item < len(items) {
			items[r.Item].end(r.Outcome, r.Reason)
		}
	}
	return items
}

func (p *Pipeline) newItem(d *envelope.Delivery, env *envelope.Envelope, it envelope.Item) *item {
	return &item{delivery: d, header: env, Item: it, now: p.opts.Now()}
}

// aside sets a poisonous item aside: it ends as invalid and is kept with the reason.
func (it *item) aside(reason, detail string) {
	it.end(outcome.Invalid, reason)
	it.effects, it.keep, it.detail = nil, true, detail
}

// work hands an item to the file of its type. It never panics.
func (p *Pipeline) work(it *item) {
	if it.outcome != "" {
		return
	}
	if it.Problem != "" {
		it.end(outcome.Invalid, it.Problem)
		return
	}
	handle := p.handlers[it.Type]
	if handle == nil {
		handle = p.handlers[unknownType]
	}
	if err := fault.Try(func() error { handle(p, it); return nil }); err != nil {
		p.opts.Logger.Error("item is set aside", "item_type", it.Type, "project", int64(it.delivery.Project), "error", err)
		it.aside("internal_error", err.Error())
	}
}

// append stores the events of a batch and learns which of them count.
func (p *Pipeline) append(ctx context.Context, b *batch) error {
	var waiting []*effect
	for _, it := range b.items {
		waiting = append(waiting, it.effects...)
	}
	for len(waiting) > 0 {
		n := min(len(waiting), eventstore.MaxBatch)
		if err := p.appendSome(ctx, waiting[:n]); err != nil {
			return err
		}
		waiting = waiting[n:]
	}
	return nil
}

func (p *Pipeline) appendSome(ctx context.Context, effects []*effect) error {
	entries := make([]eventstore.Entry, len(effects))
	for i, e := range effects {
		entries[i] = e.entry
	}
	var appended []eventstore.Appended
	err := p.try(ctx, "append events", func() (err error) {
		appended, err = p.events.Append(ctx, entries)
		return err
	})
	switch {
	case err == nil:
		for i, e := range effects {
			if e.counts = appended[i].Counts; !e.counts {
				p.metrics.repeats.Inc()
			}
		}
		return nil
	case ctx.Err() != nil:
		return err
	case len(effects) == 1:
		p.opts.Logger.Error("event is set aside", "event_id", entries[0].ID.String(), "project", int64(entries[0].Project), "error", err)
		effects[0].item.aside("not_storable", err.Error())
		return nil
	}
	// One entry spoils the call, and the store does not say which: halve until it stands alone.
	half := len(effects) / 2
	if err := p.appendSome(ctx, effects[:half]); err != nil {
		return err
	}
	return p.appendSome(ctx, effects[half:])
}

// fold adds up what the batch does to the catalog.
func (b *batch) fold(log string, partition int, from uint64) catalog.Batch {
	out := catalog.Batch{Log: log, Partition: partition, From: from, To: b.messages[len(b.messages)-1].Position}
	groups := map[groupKey]int{}
	counts := map[outcome.Count]int64{}
	for _, c := range b.counts {
		q := c.Quantity
		c.Quantity, c.Hour = 0, outcome.Hour(c.Hour)
		counts[c] += q
	}
	for _, it := range b.items {
		counts[outcome.Count{
			Project: it.delivery.Project, Hour: outcome.Hour(it.delivery.Received),
			Category: it.Category, Outcome: it.outcome, Reason: it.reason,
		}]++
		for _, c := range it.discarded {
			q := c.Quantity
			c.Quantity = 0
			counts[c] += q
		}
		for _, e := range it.effects {
			if !e.counts {
				continue
			}
			key := groupKey{e.group.Project, e.group.Keys[0]}
			if i, ok := groups[key]; ok {
				merge(&out.Groups[i], &e.group)
			} else {
				groups[key] = len(out.Groups)
				out.Groups = append(out.Groups, e.group)
			}
		}
	}
	for c, q := range counts {
		c.Quantity = q
		out.Outcomes = append(out.Outcomes, c)
	}
	return out
}

// merge adds the occurrences of g to into, which has the same primary key.
func merge(into, g *catalog.Group) {
	older := *into
	if !g.LastSeen.Before(into.LastSeen) {
		*into = *g
	}
	into.Count = older.Count + g.Count
	into.Unhandled = older.Unhandled || g.Unhandled
	into.Users = older.Users || g.Users
	into.Keys = older.Keys
	for _, k := range g.Keys {
		if !slices.Contains(into.Keys, k) {
			into.Keys = append(into.Keys[:len(into.Keys):len(into.Keys)], k)
		}
	}
	into.FirstSeen, into.LastSeen = older.FirstSeen, older.LastSeen
	into.FirstRelease, into.LastRelease = older.FirstRelease, older.LastRelease
	if g.FirstSeen.Before(into.FirstSeen) {
		into.FirstSeen, into.FirstRelease = g.FirstSeen, g.FirstRelease
	}
	if !g.LastSeen.Before(into.LastSeen) {
		into.LastSeen, into.LastRelease = g.LastSeen, g.LastRelease
	}
}

func shortLine(s string, limit int) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return s
}
