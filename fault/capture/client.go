package capture

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faultlog"
)

// Client reports errors. It is safe for concurrent use. A nil *Client is a disabled one.
type Client struct {
	o       Options
	dsn     dsn
	enabled bool
	now     func() time.Time
	root    ScopeRef // breadcrumbs of code without a scope
	recent  recent

	ledger  ledger
	queue   *queue
	spool   *spool // nil without one
	flushes chan flush
	stop    chan struct{}
	done    chan struct{}
	closing atomic.Bool
}

// New returns a client and starts its worker, which [Client.Close] ends. Errors: [fault.Validation] for a bad DSN, those of
// making the spool.
func New(o Options) (*Client, error) {
	o.defaults()
	c := &Client{o: o, now: time.Now, enabled: o.DSN != "" && !o.Disabled}
	if !c.enabled {
		return c, nil
	}
	var err error
	if c.dsn, err = parseDSN(o.DSN); err != nil {
		return nil, err
	}
	if o.Spool.Dir != "" {
		var found int
		if c.spool, found, err = openSpool(o.Spool, c.now); err != nil {
			return nil, err
		}
		c.ledger.adopted(found)
	}
	c.queue = newQueue(o.Queue)
	c.flushes = make(chan flush)
	c.stop, c.done = make(chan struct{}), make(chan struct{})
	w := newWorker(c)
	go w.run()
	return c, nil
}

// EventOption changes one report.
type EventOption func(*job)

// Level sets the level of a report.
func Level(l slog.Level) EventOption { return func(j *job) { j.level = l } }

// Tag adds a tag to a report.
func Tag(key, value string) EventOption {
	return func(j *job) { j.tags = append(j.tags, tag{key, value}) }
}

// Attrs adds attributes to a report.
func Attrs(attrs ...slog.Attr) EventOption {
	return func(j *job) { j.attrs = append(j.attrs[:len(j.attrs):len(j.attrs)], attrs...) }
}

// Error reports err with what the scope and the request of ctx tell about it, and returns the id of the report: empty for a
// nil error, an ignored code, one that was not sampled, or a disabled client. It never blocks on the network. One error
// reported again at once, by a log handler below a boundary for example, gives the first id and no second report.
func (c *Client) Error(ctx context.Context, err error, opts ...EventOption) ID {
	if c == nil || !c.enabled || err == nil {
		return ""
	}
	j := c.newError(ctx, err, opts)
	if j == nil {
		return ""
	}
	if id := c.recent.seen(err, j); id != "" {
		return id
	}
	return c.enqueue(j)
}

// Report is [Client.Error] in the shape of hooks such as fault.OnUncaught and faulthttp.Config.Capture.
func (c *Client) Report(ctx context.Context, err error) { c.Error(ctx, err) }

// Message reports a text without an error. It should be constant; what varies goes into attrs.
func (c *Client) Message(ctx context.Context, level slog.Level, msg string, attrs ...slog.Attr) ID {
	if c == nil || !c.enabled || msg == "" {
		return ""
	}
	j := c.newJob(ctx, level)
	j.message = msg
	j.attrs = freeze(c.o.Redact, attrs)
	for i := range len(msg) {
		j.key = (j.key ^ uint64(msg[i])) * 1099511628211
	}
	return c.enqueue(j)
}

// Recover reports a panic of the surrounding function and panics again: "defer client.Recover(ctx)". Because the program may
// end right after, it returns only when the report is on disk, or, without a spool, sent, for at most two seconds.
func (c *Client) Recover(ctx context.Context) {
	v := recover()
	if v == nil {
		return
	}
	if c == nil || !c.enabled || fault.IsAbort(v) {
		panic(v)
	}
	if j := c.newError(ctx, fault.FromPanic(v), []EventOption{Level(faultlog.LevelCritical)}); j != nil {
		j.fatal = true
		c.ledger.captured()
		if !c.store(j) {
			c.overflow(j)
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			fault.Ignore(c.Flush(ctx), "the panic goes on either way")
			cancel()
		}
	}
	panic(v)
}

func (c *Client) newJob(ctx context.Context, level slog.Level) *job {
	j := &job{id: newID(), at: c.now(), level: level, request: requestOf(ctx), scope: Scope(ctx).load()}
	if j.scope == nil {
		j.scope = c.root.load()
	}
	return j
}

func (c *Client) newError(ctx context.Context, err error, opts []EventOption) *job {
	code := fault.CodeOf(err)
	if code == fault.Canceled || slices.Contains(c.o.Ignore, code) {
		return nil
	}
	j := c.newJob(ctx, fault.InfoOf(err).Level)
	j.err, j.code, j.stack = err, code, originOf(err)
	j.links = j.space[:0]
	j.chain(err, -1)
	for a := range fault.Attrs(err) {
		j.attrs = append(j.attrs, a)
	}
	for _, o := range opts {
		o(j)
	}
	j.attrs = freeze(c.o.Redact, j.attrs)
	j.key = j.stack.Hash() ^ uint64(len(code))<<56
	if j.stack == nil && len(j.links) > 0 {
		j.key = uint64(len(j.links[0].text)) + 1
	}
	return j
}

const hexDigits = "0123456789abcdef"

// newID is unique, not secret.
func newID() ID {
	var b [32]byte
	for i, u := 0, uint64(0); i < len(b); i++ {
		if i%16 == 0 {
			u = rand.Uint64()
		}
		b[i] = hexDigits[u&15]
		u >>= 4
	}
	return ID(b[:])
}

// enqueue hands a job to the worker, or drops it by the rules.
func (c *Client) enqueue(j *job) ID {
	c.ledger.captured()
	if c.o.SampleRate < 1 && rand.Float64() >= c.o.SampleRate {
		c.ledger.dropped(droppedSampled, 1, false)
		return ""
	}
	ok, closed := c.queue.push(j)
	switch {
	case ok:
	case closed:
		if !c.store(j) {
			c.ledger.dropped(droppedAtClose, 1, false)
			return ""
		}
	case c.store(j): // the queue is full: the caller pays for the disk, and nothing is lost
	default:
		c.overflow(j)
	}
	return j.id
}

func (c *Client) overflow(j *job) {
	if c.queue.replace(j) != nil {
		c.ledger.dropped(droppedQueue, 1, false)
	}
}

// store makes the report and writes it to the spool. It reports false when the job is still to be dealt with.
func (c *Client) store(j *job) bool {
	if c.spool == nil {
		return false
	}
	it, ok := c.build(j)
	if !ok {
		return true // dropped and counted
	}
	if !c.spoolItem(it) {
		return false
	}
	c.queue.notify()
	return true
}

// spoolItem moves a report from memory to the spool.
func (c *Client) spoolItem(it item) bool {
	lost, err := c.spool.append(it.id, it.payload)
	c.ledger.dropped(droppedSpool, lost, true)
	if err != nil {
		return false
	}
	c.ledger.spooled()
	return true
}

// Flush returns once every report was sent, or with an error ([fault.Unavailable], the number undelivered as attribute) when
// ctx ends before. Reports in the spool count: they are safe, but not delivered.
func (c *Client) Flush(ctx context.Context) error {
	if c == nil || !c.enabled {
		return nil
	}
	f := flush{done: make(chan struct{})}
	select {
	case c.flushes <- f:
	case <-c.done:
	case <-ctx.Done():
		return c.undelivered(ctx)
	}
	select {
	case <-f.done:
		return nil
	case <-c.done:
	case <-ctx.Done():
	}
	return c.undelivered(ctx)
}

func (c *Client) undelivered(ctx context.Context) error {
	s := c.ledger.stats()
	if s.Queued+s.Spooled == 0 {
		return nil
	}
	return fault.With(fault.New(fault.Unavailable, "error reports not delivered", slog.Uint64("queued", s.Queued), slog.Uint64("spooled", s.Spooled), slog.Any("cause", context.Cause(ctx))),
		fault.Hint("is the server of the DSN reachable?"))
}

// Close flushes within ctx, then ends the client: what was not delivered stays in the spool, where the next process finds
// it, or is dropped and counted. It returns an error when something was not delivered, as Flush does. Reports captured
// later go to the spool or are dropped.
func (c *Client) Close(ctx context.Context) error {
	if c == nil || !c.enabled || !c.closing.CompareAndSwap(false, true) {
		return nil
	}
	c.queue.close()
	err := c.Flush(ctx)
	close(c.stop)
	<-c.done
	return err
}

// Stats returns where reports went so far.
func (c *Client) Stats() Stats {
	if c == nil {
		return Stats{}
	}
	return c.ledger.stats()
}

// recent remembers the last errors reported.
type recent struct {
	mu   sync.Mutex
	errs [8]error
	ids  [8]ID
	at   int
}

// seen returns the id under which this very error was reported before, and otherwise remembers it. Only errors with a stack
// of their own count: a sentinel may well happen twice.
func (r *recent) seen(err error, j *job) ID {
	if j.stack == nil || !reflect.TypeOf(err).Comparable() {
		return ""
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, e := range r.errs {
		if e == err { //nolint:errorlint // the same value, not of the same kind
			return r.ids[i]
		}
	}
	r.errs[r.at], r.ids[r.at] = err, j.id
	r.at = (r.at + 1) % len(r.errs)
	return ""
}
