package jetstream

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/queue"
)

const (
	// fetchWait is how long Fetch tries to reach the engine before it says that it is unavailable.
	fetchWait = 15 * time.Second

	// byeWait is how long Close tells the engine that a reader has gone. It forgets readers by itself.
	byeWait = time.Second
)

var errReader = fault.New(fault.Unavailable, "consumer is closed")

// consumer reads one partition.
type consumer struct {
	q    *Queue
	part *partition
	life *life  // ends with the consumer, the queue or the lease
	free func() // gives the partition back

	mu      sync.Mutex // held by each method; Close of the queue comes from elsewhere
	closed  bool
	feed    *feed
	trimmer *trimmer
	fetched uint64  // position of the last message that Fetch returned
	sizes   []sized // fetched and not acknowledged
}

// sized is a message that was fetched.
type sized struct {
	position uint64
	bytes    int64
}

// Consume implements [queue.Queue]. Outside this process it holds a lease; when that is lost, because this process did
// not run for long or the server was away, Fetch and Ack fail with Unavailable and another process may go on.
func (q *Queue) Consume(ctx context.Context, partition int) (queue.Consumer, error) {
	if !q.enter() {
		return nil, errClosed
	}
	defer q.calls.Done()
	if partition < 0 || partition >= len(q.parts) {
		return nil, fault.New(fault.Validation, "queue has no such partition", slog.Int("partition", partition))
	}
	bound, stop := q.open.bind(ctx)
	defer stop()
	c, err := q.consume(bound, q.parts[partition])
	if err != nil {
		return nil, fault.Wrap(q.open.because(ctx, err), "open a partition of the queue", slog.Int("partition", partition))
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.consumers[c] = struct{}{}
	return c, nil
}

func (q *Queue) consume(ctx context.Context, p *partition) (*consumer, error) {
	select {
	case p.reader <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c := &consumer{q: q, part: p, life: newLife(q.open)}
	c.free = func() {
		c.life.end(errReader)
		<-p.reader
	}
	if q.leases != nil {
		l, err := q.leases.acquire(ctx, p.index, c.life)
		if err != nil {
			c.free()
			return nil, err
		}
		free := c.free
		c.free = func() { //nolint:contextcheck // it is called when the consumer is closed
			l.release()
			free()
		}
	}
	var err error
	log := q.opts.Logger.With("partition", p.index)
	if c.feed, err = newFeed(q.conn, p, log); err != nil {
		c.free()
		return nil, err
	}
	c.trimmer = startTrimmer(p.stream, &q.gauge, log) //nolint:contextcheck // it lives as long as the consumer
	return c, nil
}

// Fetch implements [queue.Consumer].
func (c *consumer) Fetch(ctx context.Context, maxBytes int) ([]queue.Message, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.life.over(); err != nil {
		return nil, err
	}
	bound, stop := c.life.bind(ctx)
	defer stop()
	for {
		raw, err := c.feed.next(bound, max(maxBytes, 1), c.fetched+1)
		if err != nil {
			return nil, fault.Wrap(c.life.because(ctx, err), "fetch from the queue", slog.Int("partition", c.part.index))
		}
		var messages []queue.Message
		for _, m := range raw {
			c.fetched = m.position
			c.sizes = append(c.sizes, sized{m.position, messageSize(c.part.name, m.data)})
			records, err := parseRecords(m.data)
			if err != nil {
				// Not written by us. It goes with the next acknowledgement.
				c.q.opts.Logger.Error("message of the queue cannot be read and is skipped",
					"partition", c.part.index, "position", m.position, "error", err)
				c.q.metrics.unreadable.Inc()
				continue
			}
			messages = append(messages, queue.Message{Partition: c.part.index, Position: m.position, Records: records})
		}
		if len(messages) > 0 {
			return messages, nil
		}
	}
}

// Ack implements [queue.Consumer]. The messages are removed within trimPause, or when the consumer is closed.
func (c *consumer) Ack(ctx context.Context, position uint64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.life.over(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return fault.Wrap(ctx.Err(), "acknowledge to the queue")
	}
	if position > c.fetched {
		// The engine would skip to it and never deliver what is stored there later.
		return fault.New(fault.Validation, "position was not fetched", slog.Uint64("position", position), slog.Uint64("fetched", c.fetched))
	}
	var messages, bytes int64
	for len(c.sizes) > 0 && c.sizes[0].position <= position {
		messages, bytes = messages+1, bytes+c.sizes[0].bytes
		c.sizes = c.sizes[1:]
	}
	if messages > 0 {
		c.trimmer.ack(position, messages, bytes)
	}
	return nil
}

// Close implements [queue.Consumer].
func (c *consumer) Close() error {
	c.life.end(errReader) // so that a Fetch in progress lets go
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	c.trimmer.close()
	c.feed.close()
	c.free()
	c.q.mu.Lock()
	defer c.q.mu.Unlock()
	delete(c.q.consumers, c)
	return nil
}
