// Package jetstream is the queue on NATS JetStream, https://docs.nats.io/nats-concepts/jetstream: a server inside this
// process that keeps its files in a directory, or an external server or cluster. Both are one client, which differs only
// in how it connects.
//
// # Layout
//
// Each partition is a stream of its own, named SEISMO_0, SEISMO_1 and so on, with file storage and limits retention. One
// stream for all partitions was measured too and is slower (one lock and one fsync after the other: 48 instead of 61
// thousand records of 3 KB a second), and acknowledging would be worse: taking messages out of the middle of a stream
// makes the server load every later block of a backlog, whereas cutting off the head of a stream costs one fsync however
// many messages go. So the stream itself is the only state: what is in it is not acknowledged, readers keep nothing.
//
// # Group commit
//
// The server calls fsync once per message. Publish calls of one partition that wait together are therefore one message of
// up to 512 KiB (see message.go), and only few groups are on their way at a time, so that the others grow.
//
// # Failure
//
// A disk that refuses a write makes the server give up the stream until it is started again. For the server in this
// process the Queue does that, and takes records again as soon as the disk takes writes (see embedded.go); reading and
// acknowledging go on meanwhile. An external server is waited for and reconnected to for ever; groups carry an id there,
// so that one whose answer was lost can be sent again without being stored twice.
package jetstream

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/queue"
)

const (
	// maxPayload is the largest message that the server must take: one record of the largest size and its framing.
	maxPayload = queue.MaxRecordBytes + 1<<20

	// maxWaitingBytes is how much of records may wait in memory for an engine that does not keep up. Beyond it Publish
	// refuses at once.
	maxWaitingBytes = 64 << 20
)

// Options adjust a Queue. The zero value is a sane default.
type Options struct {
	Logger     *slog.Logger          // nil: discards
	Registerer prometheus.Registerer // nil: no metrics

	Name       string        // of the streams, which get -partition appended with "_"; empty: SEISMO
	Partitions int           // of a new log, 1 to 256; another number than an existing log has is an error. 0: what the log has, 4 for a new one
	MaxBytes   int64         // stored bytes of all partitions at which Publish refuses. 0: 4 GiB
	Replicas   int           // of an external log, 1 to 5. 0: 3 in a cluster, 1 on a single server
	OpenWait   time.Duration // how long Open waits for an external server. 0: 30 s
	LeaseTTL   time.Duration // external: after this long without a sign of life another process may consume a partition. 0: 15 s

	GroupBytes int // of records in one message; a larger record has a message to itself. 0: 512 KiB
	InFlight   int // groups of all partitions on their way at a time. 0: 2 in this process, one per partition outside
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Name == "" {
		o.Name = "SEISMO"
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 4 << 30
	}
	if o.OpenWait == 0 {
		o.OpenWait = 30 * time.Second
	}
	if o.LeaseTTL == 0 {
		o.LeaseTTL = 15 * time.Second
	}
	if o.GroupBytes == 0 {
		o.GroupBytes = 512 << 10
	}
	return o
}

// Queue is a log in JetStream. It implements [queue.Queue].
type Queue struct {
	opts     Options
	log      string
	conn     *connection
	embedded *embedded // nil: the server is elsewhere
	server   *life     // of a server elsewhere: never ends
	leases   *leases   // nil: no other process can reach the log
	parts    []*partition
	flights  chan struct{} // one place per group on its way
	gauge    gauge
	metrics  *metrics
	waiting  atomic.Int64 // bytes of records in memory that are not durable yet
	away     atomic.Bool  // the last group could not be stored; while there is no connection either, calls need not wait

	open    *life          // ends when Close is called
	writers sync.WaitGroup // one goroutine per partition

	mu        sync.RWMutex
	closed    bool
	calls     sync.WaitGroup // in progress
	consumers map[*consumer]struct{}
}

var _ queue.Queue = (*Queue)(nil)

// Open opens the log behind a URL, and makes it when it is not there:
//
//   - jetstream://DIR (jetstream:///abs/dir or jetstream://relative/dir) runs the server in this process with its files in
//     DIR. One process at a time can have DIR open; the error of the second one, of code Conflict, names the first.
//   - nats://HOST:PORT[,HOST:PORT…], or tls:// for TLS, is an external server or cluster. Its max_payload must be at least
//     22 MiB. User and password may stand before the host; further settings are query parameters, see target.
//
// Errors: Validation for settings that cannot work, such as another number of partitions than the log has; Unavailable
// when the server does not answer within OpenWait.
func Open(ctx context.Context, url string, o Options) (*Queue, error) {
	o = o.withDefaults()
	t, err := parseTarget(url)
	if err != nil {
		return nil, err
	}
	if err := t.apply(&o); err != nil {
		return nil, err
	}
	q := &Queue{
		opts: o, metrics: newMetrics(o.Registerer), consumers: map[*consumer]struct{}{},
		open: newLife(nil), server: newLife(nil),
	}
	if t.dir != "" {
		q.embedded, err = startEmbedded(ctx, t.dir, o.Logger, q.metrics)
		if err != nil {
			return nil, err
		}
		q.conn, err = connect("", q.embedded.connectOptions(), o.Logger)
	} else {
		q.conn, err = dial(ctx, t, o)
	}
	if err == nil {
		err = q.begin(ctx)
	}
	if err != nil {
		return nil, fault.Wrap(fault.Join(err, q.release()), "open the queue")
	}
	q.metrics.watch(q)
	return q, nil
}

// begin finds or makes the streams, and starts what writes to them.
func (q *Queue) begin(ctx context.Context) error {
	streams, log, err := openStreams(ctx, q.conn.js, q.opts, q.embedded == nil)
	if err != nil {
		return err
	}
	q.log = log
	// On one machine groups take turns at one disk: more than two on their way only makes each of them smaller (1.2 KB
	// records, 64 callers, 4 partitions: 69 thousand a second with two, 46 thousand with four). Far away they wait for
	// the network, and partitions have different leaders.
	inFlight := 2
	if q.embedded == nil {
		inFlight = len(streams)
		if q.leases, err = openLeases(ctx, q.conn.js, q.opts, streams[0].CachedInfo().Config.Replicas); err != nil {
			return err
		}
	}
	if q.opts.InFlight > 0 {
		inFlight = q.opts.InFlight
	}
	q.flights = make(chan struct{}, inFlight)
	var names []string
	for i, s := range streams {
		q.parts = append(q.parts, newPartition(i, s, q.opts.GroupBytes))
		names = append(names, s.CachedInfo().Config.Name)
	}
	if err := q.gauge.open(ctx, q.conn.js, q.opts.MaxBytes, names); err != nil {
		return err
	}
	for _, p := range q.parts {
		q.writers.Go(func() { q.write(p) }) //nolint:contextcheck // it lives as long as the queue
	}
	return nil
}

// Log implements [queue.Queue]: a digest of the random ids that the streams were given when they were made.
func (q *Queue) Log() string { return q.log }

// Partitions implements [queue.Queue].
func (q *Queue) Partitions() int { return len(q.parts) }

// Stats implements [queue.Queue]. It asks the engine at most once a second (less often for more than 20 partitions) and
// adds what this process published and acknowledged since. Bytes includes the engine's own, about 40 per message.
func (q *Queue) Stats(ctx context.Context) (queue.Stats, error) {
	if !q.enter() {
		return queue.Stats{}, errClosed
	}
	defer q.calls.Done()
	return q.gauge.stats(ctx)
}

// Ready implements [queue.Queue]: all streams answered within the last second, and there is room.
func (q *Queue) Ready(ctx context.Context) error {
	if !q.enter() {
		return errClosed
	}
	defer q.calls.Done()
	if err := q.life().over(); err != nil {
		return q.failed(err)
	}
	s, err := q.gauge.stats(ctx)
	if err != nil {
		return err
	}
	if s.MaxBytes > 0 && s.Bytes >= s.MaxBytes {
		return errFull
	}
	return nil
}

// Close implements [queue.Queue]. When the engine is away it waits for calls in progress, but for none longer than it
// takes them to give up.
func (q *Queue) Close() error {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return nil
	}
	q.closed = true
	q.open.end(errClosed)
	q.mu.Unlock()

	q.calls.Wait()
	for _, p := range q.parts {
		close(p.wake)
	}
	q.writers.Wait()
	q.mu.Lock()
	open := slices.Collect(maps.Keys(q.consumers))
	q.mu.Unlock()
	var closing sync.WaitGroup // together: while the engine is away each takes its time
	for _, c := range open {
		closing.Go(func() { fault.Ignore(c.Close(), "it never fails") })
	}
	closing.Wait()
	return q.release()
}

// release lets go of what Open took, as far as it came.
func (q *Queue) release() error {
	q.metrics.unwatch()
	if q.conn != nil {
		q.conn.close()
	}
	if q.embedded != nil {
		return q.embedded.stop()
	}
	return nil
}

// enter counts a call, unless the queue is closed. Who got true calls q.calls.Done.
func (q *Queue) enter() bool {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.closed {
		return false
	}
	q.calls.Add(1)
	return true
}

// life ends when the server in this process has failed.
func (q *Queue) life() *life {
	if q.embedded != nil {
		return q.embedded.life()
	}
	return q.server
}

// connection is a client of the server, and says when it had to connect again.
type connection struct {
	nc *nats.Conn
	js jetstream.JetStream

	mu    sync.Mutex
	again chan struct{} // closed at the next reconnect
}

// connect connects to the servers once; after that the client reconnects by itself, for ever.
func connect(servers string, more []nats.Option, logger *slog.Logger) (*connection, error) {
	c := &connection{again: make(chan struct{})}
	opts := append([]nats.Option{
		nats.Name("seismo queue"),
		nats.Timeout(5 * time.Second),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		nats.IgnoreAuthErrorAbort(), // credentials that are being rotated come back
		nats.ReconnectBufSize(-1),   // a record is sent now or refused, never later behind the caller's back
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				logger.Warn("connection to the queue server was lost", "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) {
			logger.Info("connected to the queue server again")
			c.mu.Lock()
			defer c.mu.Unlock()
			close(c.again)
			c.again = make(chan struct{})
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			logger.Warn("queue server reported an error", "error", err)
		}),
	}, more...)
	var err error
	if c.nc, err = nats.Connect(servers, opts...); err != nil {
		return nil, unavailable(err, "connect to the queue server", retryAway)
	}
	if c.js, err = jetstream.New(c.nc, jetstream.WithDefaultTimeout(apiWait)); err != nil {
		c.nc.Close()
		return nil, fault.Wrap(err, "open the JetStream client")
	}
	return c, nil
}

// reconnected returns a channel that is closed at the next reconnect.
func (c *connection) reconnected() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.again
}

func (c *connection) close() { c.nc.Close() }
