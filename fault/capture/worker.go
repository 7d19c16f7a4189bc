package capture

import (
	"context"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faultlog"
)

const (
	// maxInFlight is how many reports travel at once while the server is well.
	maxInFlight = 8
	// reportEvery is how often the server hears of losses when there is nothing else to send.
	reportEvery = 30 * time.Second
)

type flush struct{ done chan struct{} }

// worker owns everything between the queue and the server. All its fields belong to the goroutine of run.
type worker struct {
	c        *Client
	ctx      context.Context // of requests
	cancel   context.CancelFunc
	pending  []item // made, next to be sent
	inFlight int
	results  chan result
	failing  bool // one probe at a time
	mute     bool // the server refuses us: no client reports alone until it takes something
	backoff  time.Duration
	blocked  time.Time // no sending before
	waiting  []flush
	reported time.Time
	trouble  string // the last kind told
	timer    *time.Timer
}

func newWorker(c *Client) *worker {
	ctx, cancel := context.WithCancel(context.Background())
	return &worker{c: c, ctx: ctx, cancel: cancel, results: make(chan result, maxInFlight), reported: c.now(), timer: time.NewTimer(0)}
}

func (w *worker) run() {
	defer close(w.c.done)
	for {
		w.fill()
		w.dispatch()
		w.answer()
		w.timer.Reset(w.sleep())
		select {
		case <-w.c.queue.wake:
		case r := <-w.results:
			w.settle(r)
		case f := <-w.c.flushes:
			w.waiting = append(w.waiting, f)
		case <-w.timer.C:
		case <-w.c.stop:
			w.finish()
			return
		}
	}
}

// fill makes reports from jobs: for sending at once while that works, for the spool otherwise. Without a spool jobs wait in
// the queue, whose rules say what is dropped.
func (w *worker) fill() {
	for {
		direct := len(w.pending) < 2*maxInFlight && !w.isBlocked() && (!w.failing || w.c.spool == nil)
		if !direct && w.c.spool == nil {
			return
		}
		j := w.c.queue.pop()
		if j == nil {
			return
		}
		it, ok := w.c.build(j)
		if !ok {
			continue
		}
		if direct || !w.c.spoolItem(it) {
			w.pending = append(w.pending, it)
			w.trimPending()
		}
	}
}

// trimPending bounds the memory when the spool fails.
func (w *worker) trimPending() {
	if n := len(w.pending) - w.c.o.Queue - 2*maxInFlight; n > 0 {
		w.c.ledger.dropped(droppedQueue, n, false)
		w.pending = append([]item(nil), w.pending[n:]...)
	}
}

func (w *worker) isBlocked() bool { return w.c.now().Before(w.blocked) }

func (w *worker) dispatch() {
	if w.isBlocked() {
		return
	}
	most := maxInFlight
	if w.failing {
		most = 1
	}
	for w.inFlight < most {
		it, ok := w.next()
		if !ok {
			return
		}
		w.inFlight++
		go func() { w.results <- w.c.send(w.ctx, it) }()
	}
}

func (w *worker) next() (item, bool) {
	if len(w.pending) > 0 {
		it := w.pending[0]
		w.pending = w.pending[1:]
		return it, true
	}
	if w.c.spool != nil {
		it, lost, ok := w.c.spool.next()
		w.c.ledger.dropped(droppedSpool, lost, true)
		if ok {
			return it, true
		}
	}
	// A client report travels with other reports, or alone after a while or when somebody waits.
	now := w.c.now()
	if w.inFlight == 0 && !w.mute && (len(w.waiting) > 0 || now.Sub(w.reported) >= reportEvery) && w.c.ledger.hasReports() {
		w.reported = now
		return item{}, true
	}
	return item{}, false
}

func (w *worker) settle(r result) {
	w.inFlight--
	onDisk := r.item.from != nil
	alone := r.item.payload == nil
	if r.verdict != taken {
		w.c.ledger.returnReports(r.reports)
	}
	if r.wait > 0 {
		w.block(r.wait)
	}
	switch r.verdict {
	case taken:
		w.failing, w.mute, w.backoff, w.trouble = false, false, 0, ""
		if !alone {
			w.c.ledger.sent(onDisk)
			w.release(r.item)
		}
	case refused:
		w.tell("refused", "error report refused", r.err)
		w.mute = true
		if !alone {
			w.c.ledger.dropped(droppedRefused, 1, onDisk)
			w.release(r.item)
		}
	case retry:
		w.tell("retry", "error reports wait", r.err)
		w.failing = true
		if r.wait == 0 {
			w.backoff = min(max(2*w.backoff, w.c.o.RetryMin), w.c.o.RetryMax)
			w.block(w.backoff/2 + rand.N(w.backoff/2+1)) // jitter, so that processes do not return all at once
		}
		if !alone {
			r.item.attempts++
			w.keep(r.item)
		}
		w.secure()
	}
}

// secure moves what waits in memory to the spool: while the server fails it may wait for long, and the process may be
// killed.
func (w *worker) secure() {
	for w.c.spool != nil && len(w.pending) > 0 && w.c.spoolItem(w.pending[0]) {
		w.pending = w.pending[1:]
	}
}

func (w *worker) block(d time.Duration) {
	if t := w.c.now().Add(d); t.After(w.blocked) {
		w.blocked = t
	}
}

func (w *worker) release(it item) {
	if it.from != nil {
		w.c.spool.settle(it)
	}
}

// keep puts a report back that could not be sent.
func (w *worker) keep(it item) {
	switch {
	case it.from != nil:
		if !w.c.spool.giveBack(it) {
			w.c.ledger.dropped(droppedSpool, 1, true)
		}
	case w.c.spool != nil && w.c.spoolItem(it):
	default:
		w.pending = append(w.pending, it)
		w.trimPending()
	}
}

// idle: nothing left to send.
func (w *worker) idle() bool {
	s := w.c.ledger.stats()
	return s.Queued+s.Spooled == 0 && w.inFlight == 0
}

func (w *worker) answer() {
	if len(w.waiting) == 0 || !w.idle() {
		return
	}
	if w.c.ledger.hasReports() && !w.failing && !w.mute && !w.isBlocked() {
		return // told first; when that fails it must not hold up the flush
	}
	for _, f := range w.waiting {
		close(f.done)
	}
	w.waiting = nil
}

// sleep is how long the worker has nothing to do but wait for others.
func (w *worker) sleep() time.Duration {
	if d := w.blocked.Sub(w.c.now()); d > 0 {
		return d
	}
	return reportEvery
}

// finish ends the worker: what is still there goes to the spool or is dropped.
func (w *worker) finish() {
	w.cancel()
	for w.inFlight > 0 {
		w.settle(<-w.results)
	}
	for j := w.c.queue.pop(); j != nil; j = w.c.queue.pop() {
		if it, ok := w.c.build(j); ok {
			w.pending = append(w.pending, it)
		}
	}
	for _, it := range w.pending {
		if w.c.spool == nil || !w.c.spoolItem(it) {
			w.c.ledger.dropped(droppedAtClose, 1, false)
		}
	}
	w.pending = nil
	if w.c.spool != nil {
		if err := w.c.spool.close(); err != nil {
			w.tell("spool", "error report spool not closed", err)
		}
	}
	w.timer.Stop()
}

// tell logs trouble of the client itself, once for each kind in a row.
func (w *worker) tell(kind, msg string, err error) {
	if w.trouble == kind || w.ctx.Err() != nil && kind == "retry" {
		return
	}
	w.trouble = kind
	w.c.o.Log.LogAttrs(context.WithValue(context.Background(), ownKey{}, true), slog.LevelWarn, msg, faultlog.Err(err))
}

// ownKey marks contexts of records the client wrote itself.
type ownKey struct{}

// build makes the report of a job. It reports false when there is none, which it counts.
func (c *Client) build(j *job) (it item, ok bool) {
	reason := droppedInternal
	err := fault.Try(func() error {
		e := c.event(j)
		if c.o.BeforeSend != nil {
			if e = c.o.BeforeSend(e); e == nil {
				reason = droppedByHook
				return fault.Canceled
			}
			e.ID = j.id
		}
		c.redact(e)
		payload, err := json.Marshal(e)
		it = item{id: j.id, payload: payload}
		return err
	})
	if err != nil {
		c.ledger.dropped(reason, 1, false)
		return item{}, false
	}
	return it, true
}
