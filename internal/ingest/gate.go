package ingest

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/seismohq/seismo/internal/queue"
)

// gateEvery is how old the answer may be whether there is room. Within it a full queue refuses by itself.
const gateEvery = 100 * time.Millisecond

// gate says whether there is room for more, without asking disk and queue for each request.
type gate struct {
	queue queue.Queue
	disk  func() error
	now   func() time.Time

	next  atomic.Int64 // Unix nanoseconds at which somebody asks again
	state atomic.Pointer[gateState]
}

type gateState struct{ err error }

func (g *gate) init(q queue.Queue, disk func() error, now func() time.Time) {
	g.queue, g.disk, g.now = q, disk, now
	g.state.Store(&gateState{})
}

func (g *gate) check(ctx context.Context) error {
	now := g.now().UnixNano()
	// One request asks; those that come meanwhile take the answer before.
	if next := g.next.Load(); now >= next && g.next.CompareAndSwap(next, now+int64(gateEvery)) {
		g.state.Store(&gateState{g.ask(ctx)})
	}
	return g.state.Load().err
}

func (g *gate) ask(ctx context.Context) error {
	if err := g.disk(); err != nil {
		return unavailable("disk_full", "disk is nearly full", time.Minute)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	s, err := g.queue.Stats(ctx)
	if err != nil {
		return unavailable("queue_unavailable", "queue does not answer", 10*time.Second)
	}
	// The last bit of room is for counted refusals: a full queue must be able to say what it cost.
	if s.MaxBytes > 0 && s.Bytes >= s.MaxBytes-s.MaxBytes/64 {
		return unavailable("queue_full", "queue is full", 10*time.Second)
	}
	return nil
}
