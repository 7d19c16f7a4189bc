package jetstream

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// trimPause is how long a trimmer rests after each cut. To empty a stream costs the server half a millisecond in which
// nothing can be published to it; at full speed that would happen after each group.
const trimPause = 100 * time.Millisecond

// trimmer cuts acknowledged messages off the head of a stream: the first at once, those that follow closely together.
// What it had no time for when the process is killed comes again, which acknowledging allows for.
type trimmer struct {
	stream jetstream.Stream
	gauge  *gauge
	log    *slog.Logger
	wake   chan struct{} // of one place: there is something to cut
	stop   context.CancelFunc
	ended  chan struct{}

	mu       sync.Mutex
	position uint64 // up to which messages are acknowledged
	messages int64  // that are acknowledged and still there
	bytes    int64
}

func startTrimmer(stream jetstream.Stream, g *gauge, log *slog.Logger) *trimmer {
	t := &trimmer{stream: stream, gauge: g, log: log, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	ctx, stop := context.WithCancel(context.Background())
	t.stop = stop
	go t.run(ctx)
	return t
}

// ack notes that messages up to position can go: so many more, of so many bytes.
func (t *trimmer) ack(position uint64, messages, bytes int64) {
	t.mu.Lock()
	t.position = position
	t.messages += messages
	t.bytes += bytes
	t.mu.Unlock()
	t.gauge.acknowledged(messages, bytes)
	t.kick()
}

func (t *trimmer) kick() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

func (t *trimmer) run(ctx context.Context) {
	defer close(t.ended)
	for failed := false; ; {
		select {
		case <-t.wake:
		case <-ctx.Done():
			return
		}
		err := t.cut(ctx, apiWait)
		wait := trimPause
		if err != nil && ctx.Err() == nil {
			if !failed {
				t.log.Warn("acknowledged messages cannot be removed yet", "error", err)
			}
			wait = retryAway
			t.kick()
		}
		failed = err != nil
		if !sleep(ctx, wait) {
			return
		}
	}
}

// cut removes what is acknowledged.
func (t *trimmer) cut(ctx context.Context, wait time.Duration) error {
	t.mu.Lock()
	position, messages, bytes := t.position, t.messages, t.bytes
	t.mu.Unlock()
	if messages == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if err := t.stream.Purge(ctx, jetstream.WithPurgeSequence(position+1)); err != nil {
		return err
	}
	t.mu.Lock()
	t.messages -= messages
	t.bytes -= bytes
	t.mu.Unlock()
	t.gauge.trimmed(messages, bytes)
	return nil
}

// close cuts what is left. What cannot be cut comes again.
func (t *trimmer) close() {
	t.stop()
	<-t.ended
	if err := t.cut(context.Background(), byeWait); err != nil {
		t.log.Warn("acknowledged messages could not be removed and will come again", "error", err)
		t.mu.Lock()
		defer t.mu.Unlock()
		t.gauge.acknowledged(-t.messages, -t.bytes)
	}
}
