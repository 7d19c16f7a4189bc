package queuetest

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/queue"
)

// Fake is a queue in memory, for tests of what stands before and behind a queue. It is held to the same contract as the
// engines, and Reopen stands for a restart of the process.
type Fake struct {
	log *memoryLog

	mu      sync.Mutex
	broken  error
	closed  bool
	closing context.Context
	shut    context.CancelFunc
	calls   sync.WaitGroup
}

var _ queue.Queue = (*Fake)(nil)

// memoryLog is what survives a restart.
type memoryLog struct {
	id       string
	maxBytes uint64
	parts    []*memoryPartition

	mu       sync.Mutex
	messages uint64
	bytes    uint64
}

type memoryPartition struct {
	reader chan struct{} // one place

	mu       sync.Mutex
	last     uint64
	messages []queue.Message
	more     chan struct{} // closed at the next publish
}

var (
	errClosed = fault.New(fault.Unavailable, "queue is closed")
	errEnded  = fault.New(fault.Unavailable, "consumer is closed")
	logs      atomic.Int64
)

// Memory returns an empty queue of 4 partitions and 32 MiB.
func Memory() *Fake { return MemoryOf(4, 32<<20) }

// MemoryOf returns an empty queue.
func MemoryOf(partitions int, maxBytes uint64) *Fake {
	l := &memoryLog{id: "memory-queue-" + strconv.FormatInt(1000+logs.Add(1), 10), maxBytes: maxBytes}
	for range partitions {
		l.parts = append(l.parts, &memoryPartition{reader: make(chan struct{}, 1), more: make(chan struct{})})
	}
	return open(l)
}

func open(l *memoryLog) *Fake {
	f := &Fake{log: l}
	f.closing, f.shut = context.WithCancel(context.Background())
	return f
}

// Reopen closes the queue and opens it again: all that was published and not acknowledged is in it.
func (f *Fake) Reopen() *Fake {
	fault.Ignore(f.Close(), "it never fails")
	return open(f.log)
}

// Fail makes Publish, Ready, Stats, Fetch and Ack fail with err until it is called with nil.
func (f *Fake) Fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = err
}

// enter counts a call. Who got no error calls f.calls.Done.
func (f *Fake) enter() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closed:
		return errClosed
	case f.broken != nil:
		return f.broken
	}
	f.calls.Add(1)
	return nil
}

// Log implements [queue.Queue].
func (f *Fake) Log() string { return f.log.id }

// Partitions implements [queue.Queue].
func (f *Fake) Partitions() int { return len(f.log.parts) }

// Publish implements [queue.Queue].
func (f *Fake) Publish(ctx context.Context, partition int, record []byte) error {
	return f.PublishGroup(ctx, partition, record)
}

// PublishGroup publishes several records as one message, as an engine does with calls that wait together.
func (f *Fake) PublishGroup(ctx context.Context, partition int, records ...[]byte) error {
	if err := f.enter(); err != nil {
		return err
	}
	defer f.calls.Done()
	if err := f.check(partition); err != nil {
		return err
	}
	m := queue.Message{Partition: partition}
	for _, r := range records {
		if len(r) > queue.MaxRecordBytes {
			return fault.New(fault.TooLarge, "record is too large for the queue")
		}
		m.Records = append(m.Records, slices.Clone(r))
	}
	if ctx.Err() != nil {
		return fault.Wrap(ctx.Err(), "publish to the queue")
	}
	if !f.log.reserve(m) {
		return fault.With(fault.New(fault.Unavailable, "queue is full"), fault.RetryAfter(1))
	}
	p := f.log.parts[partition]
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last++
	m.Position = p.last
	p.messages = append(p.messages, m)
	close(p.more)
	p.more = make(chan struct{})
	return nil
}

func (f *Fake) check(partition int) error {
	if partition < 0 || partition >= len(f.log.parts) {
		return fault.New(fault.Validation, "queue has no such partition", slog.Int("partition", partition))
	}
	return nil
}

// Consume implements [queue.Queue].
func (f *Fake) Consume(ctx context.Context, partition int) (queue.Consumer, error) {
	if err := f.enter(); err != nil {
		return nil, err
	}
	defer f.calls.Done()
	if err := f.check(partition); err != nil {
		return nil, err
	}
	p := f.log.parts[partition]
	select {
	case p.reader <- struct{}{}:
	case <-ctx.Done():
		return nil, fault.Wrap(ctx.Err(), "open a partition of the queue")
	case <-f.closing.Done():
		return nil, errClosed
	}
	c := &memoryConsumer{f: f, p: p}
	c.life, c.end = context.WithCancel(f.closing)
	// The partition is given back once.
	context.AfterFunc(c.life, func() { <-p.reader }) //nolint:contextcheck // whoever closes, not a call, ends it
	return c, nil
}

// Stats implements [queue.Queue].
func (f *Fake) Stats(context.Context) (queue.Stats, error) {
	if err := f.enter(); err != nil {
		return queue.Stats{}, err
	}
	defer f.calls.Done()
	f.log.mu.Lock()
	defer f.log.mu.Unlock()
	return queue.Stats{Messages: f.log.messages, Bytes: f.log.bytes, MaxBytes: f.log.maxBytes}, nil
}

// Ready implements [queue.Queue].
func (f *Fake) Ready(context.Context) error {
	if err := f.enter(); err != nil {
		return err
	}
	f.calls.Done()
	return nil
}

// Close implements [queue.Queue].
func (f *Fake) Close() error {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.shut()
	f.calls.Wait()
	return nil
}

func size(m queue.Message) (n uint64) {
	for _, r := range m.Records {
		n += uint64(len(r)) + 8
	}
	return n
}

// reserve counts a message, unless the log is full.
func (l *memoryLog) reserve(m queue.Message) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bytes >= l.maxBytes {
		return false
	}
	l.messages++
	l.bytes += size(m)
	return true
}

type memoryConsumer struct {
	f       *Fake
	p       *memoryPartition
	life    context.Context
	end     context.CancelFunc
	fetched uint64
}

// Fetch implements [queue.Consumer].
func (c *memoryConsumer) Fetch(ctx context.Context, maxBytes int) ([]queue.Message, error) {
	for {
		if err := c.enter(); err != nil {
			return nil, err
		}
		got, more := c.take(maxBytes)
		c.f.calls.Done()
		if len(got) > 0 && ctx.Err() == nil {
			c.fetched = got[len(got)-1].Position
			return got, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, fault.Wrap(ctx.Err(), "fetch from the queue")
		case <-c.life.Done():
			return nil, errEnded
		}
	}
}

func (c *memoryConsumer) enter() error {
	if c.life.Err() != nil {
		return errEnded
	}
	return c.f.enter()
}

func (c *memoryConsumer) take(maxBytes int) (got []queue.Message, more chan struct{}) {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	total := 0
	for _, m := range c.p.messages {
		if m.Position <= c.fetched {
			continue
		}
		total += int(size(m))
		if len(got) > 0 && total > maxBytes {
			break
		}
		got = append(got, m)
	}
	return got, c.p.more
}

// Ack implements [queue.Consumer].
func (c *memoryConsumer) Ack(ctx context.Context, position uint64) error {
	if err := c.enter(); err != nil {
		return err
	}
	defer c.f.calls.Done()
	if ctx.Err() != nil {
		return fault.Wrap(ctx.Err(), "acknowledge to the queue")
	}
	if position > c.fetched {
		return fault.New(fault.Validation, "position was not fetched")
	}
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	for len(c.p.messages) > 0 && c.p.messages[0].Position <= position {
		c.f.log.mu.Lock()
		c.f.log.messages--
		c.f.log.bytes -= size(c.p.messages[0])
		c.f.log.mu.Unlock()
		c.p.messages = c.p.messages[1:]
	}
	return nil
}

// Close implements [queue.Consumer].
func (c *memoryConsumer) Close() error {
	c.end()
	return nil
}
