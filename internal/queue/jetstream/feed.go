package jetstream

import (
	"context"
	"encoding/json"
	"log/slog"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/seismohq/seismo/fault"
)

const (
	// idleAfter is when the server forgets a reader that asks for nothing. The next request makes another one.
	idleAfter = 5 * time.Minute

	// makeWait is how long the server may take to make a reader. A cluster may choose a node for it that has just died, and
	// then never answers; the next try finds another one.
	makeWait = 2 * time.Second

	// batchMost is how many messages one request may bring.
	batchMost = 256

	// requestLife is how long the server keeps a request open, heartbeat how often it says so. Two heartbeats missed mean
	// that the request is lost.
	requestLife = 30 * time.Second
	heartbeat   = 5 * time.Second

	// grace is how long the end of a batch is waited for after its last message.
	grace = 50 * time.Millisecond
)

// feed gets the messages of one stream, in order and without gaps.
//
// What it reads with is a JetStream consumer without acknowledgements that lives in the memory of one server. It may go
// away at any time, and messages may be lost on their way; either is noticed, and another one begins where this ended. It
// speaks the protocol of pull requests itself, https://docs.nats.io/nats-concepts/jetstream/consumers, because the client
// library does not offer to wait for the first message and then take what else is there.
type feed struct {
	conn   *connection
	stream jetstream.Stream
	name   string // of the stream
	log    *slog.Logger
	inbox  string
	in     chan *nats.Msg
	sub    *nats.Subscription

	floor    uint64 // position of the first message when the feed began; 0: not known yet
	source   string // name of the JetStream consumer; empty: there is none
	order    uint64 // its number of the last message that came
	open     string // reply subject of the request that the server has; empty: none
	left     int    // messages that it may still bring
	requests int
}

// raw is a message as it stands in the stream.
type raw struct {
	position uint64
	data     []byte
}

// request is https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-13.md. With no_wait and expires
// the server waits for a first message, sends what there is and ends the request.
type request struct {
	Batch     int           `json:"batch"`
	MaxBytes  int           `json:"max_bytes,omitempty"`
	NoWait    bool          `json:"no_wait"`
	Expires   time.Duration `json:"expires"`
	Heartbeat time.Duration `json:"idle_heartbeat"`
}

func newFeed(conn *connection, p *partition, log *slog.Logger) (*feed, error) {
	f := &feed{
		conn: conn, stream: p.stream, name: p.name, log: log,
		inbox: conn.nc.NewInbox(), in: make(chan *nats.Msg, 4*batchMost),
	}
	var err error
	f.sub, err = conn.nc.ChanSubscribe(f.inbox+".*", f.in)
	return f, fault.Wrap(err, "subscribe to messages of the queue")
}

// next returns messages from position start on, at least one.
func (f *feed) next(ctx context.Context, maxBytes int, start uint64) ([]raw, error) {
	var failing time.Time
	for {
		err := f.ensure(ctx, start)
		if err == nil {
			failing = time.Time{}
			start = max(start, f.floor)
			var got []raw
			got, err = f.pull(ctx, maxBytes, start)
			if err != nil {
				f.log.Debug("reader of the queue begins again", "error", err)
				f.source, f.open = "", ""
			}
			if len(got) > 0 {
				return got, nil
			}
			if err == nil && ctx.Err() == nil {
				continue // the request ended, and there was nothing
			}
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if failing.IsZero() {
			failing = time.Now()
		}
		if time.Since(failing) > fetchWait {
			return nil, unavailable(err, "reach the queue server", retryAway)
		}
		if !sleep(ctx, trySpace) {
			return nil, ctx.Err()
		}
	}
}

// ensure makes the JetStream consumer, if there is none.
func (f *feed) ensure(ctx context.Context, start uint64) error {
	if f.source != "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, makeWait)
	defer cancel()
	if f.floor == 0 {
		// The server that is read from may be a little behind the leader, and still have what was acknowledged.
		s, err := f.conn.js.Stream(ctx, f.name)
		if err != nil {
			return fault.Wrap(err, "find the begin of a partition of the queue")
		}
		f.floor = max(s.CachedInfo().State.FirstSeq, 1)
	}
	start = max(start, f.floor)
	config := jetstream.ConsumerConfig{
		DeliverPolicy:     jetstream.DeliverAllPolicy,
		AckPolicy:         jetstream.AckNonePolicy,
		MemoryStorage:     true,
		Replicas:          1,
		InactiveThreshold: idleAfter,
	}
	if start > 1 {
		config.DeliverPolicy, config.OptStartSeq = jetstream.DeliverByStartSequencePolicy, start
	}
	c, err := f.stream.CreateConsumer(ctx, config)
	if err != nil {
		return fault.Wrap(err, "make a reader of the queue")
	}
	f.source, f.order, f.open = c.CachedInfo().Name, 0, ""
	return nil
}

// pull takes the messages of one request. It returns neither messages nor an error when the request ended without any.
// With an error, the JetStream consumer is of no use any more.
func (f *feed) pull(ctx context.Context, maxBytes int, start uint64) ([]raw, error) {
	again := f.conn.reconnected()
	if f.open == "" {
		if err := f.ask(request{Batch: batchMost, MaxBytes: maxBytes, NoWait: true, Expires: requestLife, Heartbeat: heartbeat}); err != nil {
			return nil, err
		}
	}
	silence := time.NewTimer(2*heartbeat + grace)
	defer silence.Stop()
	var got []raw
	for {
		var m *nats.Msg
		select {
		case m = <-f.in:
		case <-silence.C:
			if len(got) > 0 {
				// The server says nothing when a request has ended with exactly the bytes it asked for. Should it be
				// open all the same, it ends by itself.
				f.open = ""
				return got, nil
			}
			return nil, fault.New(fault.Timeout, "reader of the queue got no heartbeat")
		case <-again:
			// The server forgot the request with the connection.
			f.open = ""
			return got, nil
		case <-ctx.Done():
			return got, nil // next looks at ctx, unless there is something to return
		}
		if status := m.Header.Get("Status"); status != "" && len(m.Data) == 0 {
			end, err := f.status(m, status, len(got) > 0)
			if end || err != nil {
				return got, err
			}
			if status == "100" {
				silence.Reset(2 * heartbeat)
			}
			continue
		}
		r, ok, err := f.message(m, start)
		if err != nil {
			return got, err
		}
		if ok {
			got, start = append(got, r), r.position+1
			silence.Reset(grace)
		}
		if f.left--; f.left == 0 {
			f.open = ""
			return got, nil
		}
	}
}

func (f *feed) ask(r request) error {
	f.requests++
	f.open, f.left = f.inbox+"."+strconv.Itoa(f.requests), r.Batch
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	subject := "$JS.API.CONSUMER.MSG.NEXT." + f.name + "." + f.source
	return f.conn.nc.PublishRequest(subject, f.open, body)
}

// status deals with a word of the server about a request, and reports whether the request has ended.
func (f *feed) status(m *nats.Msg, status string, some bool) (end bool, err error) {
	if m.Subject != f.open {
		return false, nil // of an earlier one
	}
	switch status {
	case "100": // a heartbeat
		return false, nil
	case "404", "408": // there is no more; its time has passed
		f.open = ""
		return true, nil
	case "409":
		f.open = ""
		if m.Header.Get("Description") != "Message Size Exceeds MaxBytes" {
			break // the consumer was deleted, the server stops, and so on
		}
		if some {
			return true, nil
		}
		// The first message alone is larger than what was asked for. It is delivered whole.
		return false, f.ask(request{Batch: 1, NoWait: true, Expires: requestLife, Heartbeat: heartbeat})
	}
	return true, fault.New(fault.Unavailable, "server ended a read of the queue",
		slog.String("status", status), slog.String("description", m.Header.Get("Description")))
}

// message looks at the place of a message: false is one that was returned already or belongs to an earlier reader, an
// error a gap.
func (f *feed) message(m *nats.Msg, start uint64) (raw, bool, error) {
	meta, err := m.Metadata()
	if err != nil {
		return raw{}, false, fault.Wrap(err, "read the place of a message of the queue")
	}
	if meta.Consumer != f.source {
		return raw{}, false, nil
	}
	if meta.Sequence.Consumer != f.order+1 {
		return raw{}, false, fault.New(fault.Unavailable, "message of the queue was lost on its way")
	}
	f.order++
	if meta.Sequence.Stream < start {
		return raw{}, false, nil
	}
	return raw{meta.Sequence.Stream, m.Data}, true, nil
}

// close ends the feed. The server forgets the JetStream consumer by itself, but a word saves its memory.
func (f *feed) close() {
	fault.Ignore(f.sub.Unsubscribe(), "the connection is closed, and with it the subscription")
	if f.source == "" || !f.conn.nc.IsConnected() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), byeWait)
	defer cancel()
	fault.Ignore(f.stream.DeleteConsumer(ctx, f.source), "the server deletes it when it has been idle")
}
