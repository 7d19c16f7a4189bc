// Package pipeline turns what the door made durable into facts and opinions: it reads the queue, hands each item to the
// file of its type, appends events to the event store and records their effect in the catalog.
//
// Nothing is lost and nothing is counted twice, because each step can be repeated:
//
//   - a partition is worked by one worker at a time, in order;
//   - eventstore.Append skips what is stored, and tells a redelivery of an arrival from a repeat of an event;
//   - catalog.Record stores all counts of a batch together with the queue position that it covers, and what is at or
//     before that position is never counted again;
//   - the queue is acknowledged only after both.
package pipeline

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/blob"
	"github.com/seismohq/seismo/internal/catalog"
	"github.com/seismohq/seismo/internal/envelope"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/grouping"
	"github.com/seismohq/seismo/internal/issue"
	"github.com/seismohq/seismo/internal/queue"
)

// Issues is what the pipeline needs of the catalog.
type Issues interface {
	Positions(ctx context.Context, log string) (map[int]uint64, error)
	Record(ctx context.Context, b catalog.Batch) (catalog.Recorded, error)
	StaleIssues(ctx context.Context, limit int) ([]catalog.StaleIssue, error)
	IssueKeys(ctx context.Context, org account.OrgID, id issue.ID) ([]event.Key, error)
	SetUsers(ctx context.Context, x catalog.StaleIssue, users int64) error
}

// Options adjust a Pipeline. The zero value is a sane default.
type Options struct {
	Logger     *slog.Logger          // nil: discards
	Registerer prometheus.Registerer // nil: no metrics
	Now        func() time.Time      // nil: time.Now

	Limits     envelope.Limits // of items; the zero value is the protocol's
	FetchBytes int             // of queued records worked as one batch; 0: 2 MiB
	RetryAfter time.Duration   // first pause after a step failed, doubled up to 32 times this; 0: 250 ms
	Every      time.Duration   // from the beginning of one batch of a partition to that of the next, unless it was full; 0: 100 ms
	UserPause  time.Duration   // between two rounds of bringing user counts up to date; 0: 1 s
}

// Pipeline works the queue.
type Pipeline struct {
	queue    queue.Queue
	events   eventstore.Store
	blobs    blob.Store
	issues   Issues
	grouper  *grouping.Grouper
	opts     Options
	metrics  *metrics
	handlers map[string]handler
}

// New returns a Pipeline; Run starts it.
func New(q queue.Queue, events eventstore.Store, blobs blob.Store, issues Issues, o Options) (*Pipeline, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.FetchBytes == 0 {
		o.FetchBytes = 2 << 20
	}
	if o.RetryAfter == 0 {
		o.RetryAfter = 250 * time.Millisecond
	}
	if o.Every == 0 {
		o.Every = 100 * time.Millisecond
	}
	if o.UserPause == 0 {
		o.UserPause = time.Second
	}
	grouper, err := grouping.New(grouping.Options{})
	if err != nil {
		return nil, fault.Wrap(err, "build the grouping")
	}
	return &Pipeline{
		queue: q, events: events, blobs: blobs, issues: issues,
		grouper: grouper, opts: o, metrics: newMetrics(o.Registerer), handlers: handlers(),
	}, nil
}

// Run works all partitions until ctx ends, and returns once the batches in hand are settled or given up. What was given
// up is delivered again at the next start.
func (p *Pipeline) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for partition := range p.queue.Partitions() {
		wg.Go(func() { p.runPartition(ctx, partition) })
	}
	wg.Go(func() { p.refreshUsers(ctx) })
	wg.Wait()
	return nil
}

// runPartition works one partition, and begins again from what is recorded whenever that fails.
func (p *Pipeline) runPartition(ctx context.Context, partition int) {
	log := p.opts.Logger.With("partition", partition)
	retry := p.newBackoff()
	for ctx.Err() == nil {
		err := p.consume(ctx, partition, retry)
		if ctx.Err() != nil {
			return
		}
		log.Warn("partition begins again", "error", err)
		retry.wait(ctx)
	}
}

func (p *Pipeline) consume(ctx context.Context, partition int, retry *backoff) error {
	c, err := p.queue.Consume(ctx, partition)
	if err != nil {
		return fault.Wrap(err, "open a partition")
	}
	defer func() { fault.Ignore(c.Close(), "the partition is given back by the engine all the same") }()
	positions, err := p.issues.Positions(ctx, p.queue.Log())
	if err != nil {
		return fault.Wrap(err, "read the recorded positions")
	}
	position := positions[partition]
	for {
		messages, err := c.Fetch(ctx, p.opts.FetchBytes)
		if err != nil {
			return fault.Wrap(err, "fetch from the queue")
		}
		began, full := time.Now(), size(messages) >= p.opts.FetchBytes/2
		last := messages[len(messages)-1].Position
		for len(messages) > 0 && messages[0].Position <= position {
			messages = messages[1:]
		}
		if len(messages) > 0 {
			if err := p.settle(ctx, partition, position, messages); err != nil {
				return err
			}
			position = last
		}
		if err := c.Ack(ctx, last); err != nil {
			return fault.Wrap(err, "acknowledge to the queue")
		}
		retry.reset()
		// Every batch costs some syncs of the disk, so that few large ones leave more of it to the door than many small ones.
		// After a rest the first event is worked at once.
		if !full {
			pause(ctx, p.opts.Every-time.Since(began))
		}
	}
}

func size(messages []queue.Message) int {
	n := 0
	for _, m := range messages {
		for _, r := range m.Records {
			n += len(r)
		}
	}
	return n
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// settle brings a batch to its end: all its items have their outcome, and the catalog says so.
func (p *Pipeline) settle(ctx context.Context, partition int, from uint64, messages []queue.Message) error {
	start := p.opts.Now()
	b := p.open(messages)
	if err := p.append(ctx, b); err != nil {
		return err
	}
	if err := p.keepRaw(ctx, b); err != nil {
		return err
	}
	record := b.fold(p.queue.Log(), partition, from)
	if err := p.try(ctx, "record in the catalog", func() error {
		_, err := p.issues.Record(ctx, record)
		return err
	}); err != nil {
		return err
	}
	p.metrics.settled(b, p.opts.Now().Sub(start), p.opts.Now())
	return nil
}

// try repeats a step while its engine is unavailable; any other error, and the end of ctx, end it.
func (p *Pipeline) try(ctx context.Context, what string, step func() error) error {
	retry := p.newBackoff()
	for {
		err := step()
		if err == nil || fault.CodeOf(err) != fault.Unavailable || ctx.Err() != nil {
			return fault.Wrap(err, what)
		}
		p.opts.Logger.Warn("step is tried again", "step", what, "error", err)
		p.metrics.retries.Inc()
		retry.wait(ctx)
	}
}

// backoff is a pause that doubles.
type backoff struct{ first, next time.Duration }

func (p *Pipeline) newBackoff() *backoff { return &backoff{p.opts.RetryAfter, p.opts.RetryAfter} }

func (b *backoff) reset() { b.next = b.first }

func (b *backoff) wait(ctx context.Context) {
	pause(ctx, b.next)
	b.next = min(2*b.next, 32*b.first)
}

// refreshUsers brings the user counts of issues up to date that the worker has marked as stale. They are opinions on
// facts of the event store, so they are asked for there and written over.
func (p *Pipeline) refreshUsers(ctx context.Context) {
	const round = 200
	for ctx.Err() == nil {
		start := time.Now()
		stale, err := p.issues.StaleIssues(ctx, round)
		for _, s := range stale {
			if err == nil {
				err = p.refreshUser(ctx, s)
			}
		}
		if err != nil && ctx.Err() == nil {
			p.opts.Logger.Warn("user counts are late", "error", err)
		}
		// Counting takes at most a tenth of the time, however many users an issue has.
		pause(ctx, max(p.opts.UserPause, 9*time.Since(start)))
	}
}

func (p *Pipeline) refreshUser(ctx context.Context, x catalog.StaleIssue) error {
	keys, err := p.issues.IssueKeys(ctx, x.Org, x.ID)
	if err != nil {
		return err
	}
	users, err := p.events.Users(ctx, x.Project, keys[:min(len(keys), eventstore.MaxKeys)], eventstore.Range{})
	if err != nil {
		return err
	}
	return p.issues.SetUsers(ctx, x, users)
}
