// Package ingest is the door: who are you, may you enter, make it durable.
//
// It is the part that is the same for every protocol. A protocol is a folder below (sentry) that reads a request into a
// Parcel, asks the door, and puts the answer into the words of its clients. The door reads no more of an item than
// admission needs: what it means is decided in package pipeline.
package ingest

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/envelope"
	"github.com/seismohq/seismo/internal/queue"
)

// Options adjust a Door. The zero value is a sane default.
type Options struct {
	Logger     *slog.Logger          // nil: discards
	Registerer prometheus.Registerer // nil: no metrics
	Now        func() time.Time      // nil: time.Now

	Limits         envelope.Limits // of envelopes and items; the zero value is the protocol's
	MaxBodyBytes   int64           // of a request on the wire; 0: 20 MiB. Never more than a record of the queue can hold
	MaxUploadBytes int64           // the same for crash dumps and attachments sent alone; 0: as MaxBodyBytes

	// MemoryBytes is how much memory the bodies of requests over 64 KiB may take together before more of them are refused
	// with Unavailable; 0: 128 MiB.
	MemoryBytes int64

	// Quota decides about rates; nil admits everything.
	Quota Quota

	// Disk returns an error while there is not enough room for more events, see DiskFloor; nil: not asked.
	Disk func() error

	KeyTTL         time.Duration // how long what the catalog said of a key is believed; 0: 10 s
	PublishTimeout time.Duration // how long a request waits to become durable; 0: 30 s
	FlushEvery     time.Duration // how long refusals are counted together before they are published; 0: 1 s
	FlushTimeout   time.Duration // how long publishing the last of them may take; 0: 10 s
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Quota == nil {
		o.Quota = noQuota{}
	}
	if o.Disk == nil {
		o.Disk = func() error { return nil }
	}
	bytes := func(v *int64, def int64) {
		if *v <= 0 {
			*v = def
		}
	}
	bytes(&o.MaxBodyBytes, 20<<20)
	o.MaxBodyBytes = min(o.MaxBodyBytes, maxBodyInRecord)
	bytes(&o.MaxUploadBytes, o.MaxBodyBytes)
	o.MaxUploadBytes = min(o.MaxUploadBytes, maxBodyInRecord)
	bytes(&o.MemoryBytes, 128<<20)
	duration := func(v *time.Duration, def time.Duration) {
		if *v <= 0 {
			*v = def
		}
	}
	duration(&o.KeyTTL, 10*time.Second)
	duration(&o.PublishTimeout, 30*time.Second)
	duration(&o.FlushEvery, time.Second)
	duration(&o.FlushTimeout, 10*time.Second)
	return o
}

// maxBodyInRecord leaves room for the header of a delivery: at most some headers of a request, each bounded by the server.
const maxBodyInRecord = queue.MaxRecordBytes - 512<<10

// Door admits what comes in and makes it durable. Its methods may be called from many goroutines.
type Door struct {
	queue    queue.Queue
	opts     Options
	keys     *keyCache
	gate     gate
	refusals refusals
	metrics  *metrics

	parcels  sync.Pool
	memory   atomic.Int64  // of bodies over smallBody, in bytes
	heavy    chan struct{} // a place for each body that is large when opened
	spread   atomic.Uint64 // partition of what has no event id
	draining atomic.Bool
}

// New returns a Door. Run must run for counted refusals to reach the queue.
func New(q queue.Queue, keys Keys, o Options) *Door {
	o = o.withDefaults()
	d := &Door{queue: q, opts: o, keys: newKeyCache(keys, o.KeyTTL, o.Now), heavy: make(chan struct{}, 2)}
	d.gate.init(q, o.Disk, o.Now)
	d.metrics = newMetrics(o.Registerer, &d.memory)
	d.refusals.metrics = d.metrics
	d.parcels.New = func() any { return &Parcel{door: d} }
	return d
}

// Now returns the time by the door's clock.
func (d *Door) Now() time.Time { return d.opts.Now() }

// Admit says whether there is room for anything at all, before a body is read. The error is Unavailable with a RetryAfter.
func (d *Door) Admit(ctx context.Context) error {
	if d.draining.Load() {
		return unavailable("draining", "server is stopping", 5*time.Second)
	}
	return d.gate.check(ctx)
}

// Drain makes Admit refuse from now on. What was admitted before is still delivered.
func (d *Door) Drain() { d.draining.Store(true) }

// Ready returns nil when a request would be admitted.
func (d *Door) Ready(ctx context.Context) error {
	if err := d.Admit(ctx); err != nil {
		return err
	}
	return d.queue.Ready(ctx)
}

// Run publishes counted refusals until ctx ends; then it refuses what still comes, publishes what is left and returns. So
// end it after the last request was answered and before the queue is closed. It runs once.
func (d *Door) Run(ctx context.Context) error {
	// A Publish that is cut short may have worked or not, and no count may be published twice. So that happens only at the
	// very end.
	last, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(d.opts.FlushTimeout, cancel) })()
	ticks := time.NewTicker(d.opts.FlushEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			if err := d.publishRefusals(last); err != nil {
				d.opts.Logger.Warn("counted refusals are not published yet", "error", err)
			}
		case <-ctx.Done():
			d.Drain()
			return fault.Wrap(d.publishRefusals(last), "publish the last counted refusals")
		}
	}
}

// unavailable returns an error that clients answer by trying again later.
func unavailable(reason, msg string, after time.Duration) error {
	return refusal(fault.Unavailable, reason, msg, fault.RetryAfter(after), fault.Public(msg))
}

// refusal returns an error that carries the reason of the outcome, as envelope.Reason finds it. It has no stack: it is
// made for what others sent.
func refusal(c fault.Code, reason, msg string, opts ...fault.Option) error {
	return fault.With(fault.New(c, msg, slog.String("reason", reason)), append(opts, fault.NoStack)...)
}
