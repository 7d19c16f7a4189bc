package jetstream

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/queue"
)

const (
	// sendWait is how long a group is tried before its callers are told that the engine is unavailable. A cluster elects
	// another leader in 1 to 5 s, under load in up to 9.
	sendWait = 15 * time.Second

	// tryWait is how long one answer of an external server is waited for before the group is sent again.
	tryWait = 3 * time.Second

	// keepBuffer is the largest buffer of a group that is used again.
	keepBuffer = 1 << 20
)

// partition collects the records of one partition into groups.
type partition struct {
	index  int
	name   string // of the stream, and its subject
	stream jetstream.Stream
	limit  int           // bytes of a group
	wake   chan struct{} // something waits; closed at the end
	reader chan struct{} // one place: who reads the partition in this process

	mu      sync.Mutex
	waiting []*group // oldest first; the last one may still grow
}

// group is what becomes one message.
type group struct {
	buf     []byte
	records int
	bytes   int           // of the records
	done    chan struct{} // closed when err is what became of it
	err     error
}

var buffers sync.Pool // of *[]byte

func newPartition(index int, s jetstream.Stream, limit int) *partition {
	return &partition{
		index: index, name: s.CachedInfo().Config.Name, stream: s, limit: limit,
		wake: make(chan struct{}, 1), reader: make(chan struct{}, 1),
	}
}

// Publish implements [queue.Queue].
func (q *Queue) Publish(ctx context.Context, partition int, record []byte) error {
	if !q.enter() {
		return errClosed
	}
	defer q.calls.Done()
	if partition < 0 || partition >= len(q.parts) {
		return fault.New(fault.Validation, "queue has no such partition", slog.Int("partition", partition))
	}
	err := q.publish(ctx, q.parts[partition], record)
	if err != nil {
		q.metrics.refused(err)
	}
	return err
}

func (q *Queue) publish(ctx context.Context, p *partition, record []byte) error {
	if len(record) > queue.MaxRecordBytes {
		return errLarge
	}
	if err := ctx.Err(); err != nil {
		return fault.Wrap(err, "publish to the queue")
	}
	if err := q.life().over(); err != nil {
		return q.failed(err)
	}
	if q.away.Load() && !q.conn.nc.IsConnected() {
		return errAway
	}
	if !q.gauge.room(ctx) {
		return errFull
	}
	if q.waiting.Load() > maxWaitingBytes {
		return errBehind
	}
	q.waiting.Add(int64(len(record)))
	g := p.add(record)
	select {
	case p.wake <- struct{}{}:
	default:
	}
	select {
	case <-g.done:
		return g.err
	case <-ctx.Done():
		return fault.Wrap(ctx.Err(), "wait for a record to become durable")
	}
}

// add copies a record into the youngest group, or into a new one if it does not fit.
func (p *partition) add(record []byte) *group {
	p.mu.Lock()
	defer p.mu.Unlock()
	var g *group
	if n := len(p.waiting); n > 0 && len(p.waiting[n-1].buf)+len(record)+framing <= p.limit {
		g = p.waiting[n-1]
	} else {
		g = &group{done: make(chan struct{})}
		if b, ok := buffers.Get().(*[]byte); ok {
			g.buf = (*b)[:0]
		}
		if need := len(record) + framing; cap(g.buf) < need {
			g.buf = make([]byte, 0, need)
		}
		p.waiting = append(p.waiting, g)
	}
	g.buf = appendRecord(g.buf, record)
	g.records++
	g.bytes += len(record)
	return g
}

// take returns the oldest group, which then grows no longer, or nil.
func (p *partition) take() *group {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 {
		return nil
	}
	g := p.waiting[0]
	p.waiting[0] = nil
	p.waiting = p.waiting[1:]
	return g
}

func (p *partition) empty() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting) == 0
}

// write sends the groups of one partition, one after the other, until the queue is closed and none waits.
func (q *Queue) write(p *partition) {
	for range p.wake {
		for !p.empty() {
			// First the place, then the group: it grows as long as it waits.
			q.flights <- struct{}{}
			g := p.take()
			err := q.send(p, g)
			<-q.flights
			q.away.Store(err != nil)
			q.settle(p, g, err)
			if err != nil {
				// What waited meanwhile would wait as long again, in vain.
				for g := p.take(); g != nil; g = p.take() {
					q.settle(p, g, err)
				}
			}
		}
	}
}

// settle tells the callers of a group what became of it.
func (q *Queue) settle(p *partition, g *group, err error) {
	if err == nil {
		q.gauge.stored(messageSize(p.name, g.buf))
		q.metrics.stored(g.records, g.bytes)
	}
	q.waiting.Add(-int64(g.bytes))
	g.err = err
	if cap(g.buf) <= keepBuffer {
		buf := g.buf
		buffers.Put(&buf)
	}
	g.buf = nil
	close(g.done)
}

// send publishes one group and returns once the engine has made it durable.
func (q *Queue) send(p *partition, g *group) error {
	start := time.Now()
	defer func() { q.metrics.send(time.Since(start)) }()
	life := q.life()
	ctx, cancel := context.WithTimeout(context.Background(), sendWait)
	defer cancel()
	ctx, stop := life.bind(ctx)
	defer stop()
	msg := &nats.Msg{Subject: p.name, Data: g.buf}
	if q.embedded == nil {
		// With an id the server stores it once, however often it is sent.
		msg.Header = nats.Header{jetstream.MsgIDHeader: {nuid.Next()}}
	}
	for {
		err := q.try(ctx, msg)
		switch {
		case err == nil:
			return nil
		case life.over() != nil:
			return q.failed(life.over())
		case errors.Is(err, nats.ErrMaxPayload):
			// The server's limit was lowered since Open.
			return fault.With(fault.Wrap(err, "publish to the queue"), fault.WithCode(fault.TooLarge))
		case ctx.Err() == nil && (unsent(err) || unanswered(err)):
			sleep(ctx, trySpace)
		default:
			return q.failed(err)
		}
	}
}

func (q *Queue) try(ctx context.Context, msg *nats.Msg) error {
	if q.embedded == nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, tryWait)
		defer cancel()
	}
	_, err := q.conn.js.PublishMsg(ctx, msg, jetstream.WithRetryAttempts(0))
	return err
}

// failed is the error of calls that the engine could not serve.
func (q *Queue) failed(err error) error {
	return unavailable(err, "publish to the queue", retryAway)
}
