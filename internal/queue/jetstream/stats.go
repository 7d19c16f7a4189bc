package jetstream

import (
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/seismohq/seismo/internal/queue"
)

// statsWait is how long the engine may take to say how full a stream is.
const statsWait = 2 * time.Second

// gauge knows how full the log is, without asking the engine each time.
type gauge struct {
	js       jetstream.JetStream
	streams  []string
	max      int64
	interval time.Duration // between two questions

	mu       sync.Mutex
	messages int64 // as the engine said, and what this process changed since
	bytes    int64
	ackedM   int64     // of them, what is acknowledged and not removed yet
	ackedB   int64     //
	asked    time.Time // when the engine was asked last
	asking   bool
	err      error // of the last question
}

// messageSize is what a message takes in a stream, as the server counts it: a header of 22 bytes, the subject, the data
// and a checksum.
func messageSize(subject string, data []byte) int64 { return int64(22 + len(subject) + len(data) + 8) }

func (g *gauge) open(ctx context.Context, js jetstream.JetStream, limit int64, streams []string) error {
	g.js, g.max, g.streams = js, limit, streams
	g.interval = max(time.Second, time.Duration(len(streams))*50*time.Millisecond)
	g.ask(ctx)
	return g.err
}

// stored counts one message that this process published.
func (g *gauge) stored(bytes int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.messages++
	g.bytes += bytes
}

// acknowledged counts messages that are to be removed; trimmed that they were.
func (g *gauge) acknowledged(messages, bytes int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ackedM += messages
	g.ackedB += bytes
}

func (g *gauge) trimmed(messages, bytes int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.messages -= messages
	g.bytes -= bytes
	g.ackedM -= messages
	g.ackedB -= bytes
}

// room reports whether one more record may be published. When the engine cannot be asked, publishing will tell.
func (g *gauge) room(ctx context.Context) bool {
	g.refresh(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.bytes-g.ackedB < g.max
}

func (g *gauge) stats(ctx context.Context) (queue.Stats, error) {
	g.refresh(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return queue.Stats{}, g.err
	}
	return g.now(), nil
}

// now returns what is known. g.mu is held.
func (g *gauge) now() queue.Stats {
	return queue.Stats{
		Messages: uint64(max(g.messages-g.ackedM, 0)),
		Bytes:    uint64(max(g.bytes-g.ackedB, 0)),
		MaxBytes: uint64(g.max),
	}
}

// refresh asks the engine if that was long ago. One call does; others meanwhile take what is known.
func (g *gauge) refresh(ctx context.Context) {
	g.mu.Lock()
	if g.asking || time.Since(g.asked) < g.interval {
		g.mu.Unlock()
		return
	}
	g.asking = true
	g.mu.Unlock()
	g.ask(ctx)
}

// ask asks the engine about all streams.
func (g *gauge) ask(ctx context.Context) {
	g.mu.Lock()
	messages, bytes := g.messages, g.bytes
	g.mu.Unlock()

	// The answer serves all callers, so it does not end with the one that asks.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), statsWait)
	defer cancel()
	var state struct{ messages, bytes int64 }
	var failed error
	for _, name := range g.streams {
		s, err := g.js.Stream(ctx, name)
		if err != nil {
			failed = unavailable(err, "ask how full the queue is", retryAway)
			break
		}
		state.messages += int64(s.CachedInfo().State.Msgs)
		state.bytes += int64(s.CachedInfo().State.Bytes)
	}

	g.mu.Lock()
	defer g.mu.Unlock()
	g.asking, g.asked, g.err = false, time.Now(), failed
	if failed == nil {
		// What changed while the engine was asked may be in its answer or not. The error is small and lasts until the
		// next question.
		g.messages = state.messages + g.messages - messages
		g.bytes = state.bytes + g.bytes - bytes
	}
}

// last returns what is known without asking.
func (g *gauge) last() queue.Stats {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now()
}
