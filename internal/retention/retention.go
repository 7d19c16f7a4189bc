// Package retention removes what is past its time: stored events, and items kept as they came.
package retention

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/blob"
	"github.com/seismohq/seismo/internal/eventstore"
)

// Options say how long things are kept. The zero value keeps events for 90 days and raw items for a day.
type Options struct {
	Logger *slog.Logger     // nil: discards
	Now    func() time.Time // nil: time.Now

	Events      time.Duration // age of events at which they are removed; 0: 90 days
	Raw         time.Duration // age of raw items; 0: 24 h
	RawPrefixes []string      // blob prefixes whose next segment is the hour, as 2006-01-02T15
	Every       time.Duration // between two rounds; 0: 1 h
}

// Retention is the part that removes.
type Retention struct {
	events eventstore.Store
	blobs  blob.Store
	opts   Options
}

// New returns a Retention; Run starts it.
func New(events eventstore.Store, blobs blob.Store, o Options) *Retention {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Events == 0 {
		o.Events = 90 * 24 * time.Hour
	}
	if o.Raw == 0 {
		o.Raw = 24 * time.Hour
	}
	if o.Every == 0 {
		o.Every = time.Hour
	}
	return &Retention{events: events, blobs: blobs, opts: o}
}

// Run removes once at start and then every hour, until ctx ends.
func (r *Retention) Run(ctx context.Context) error {
	tick := time.NewTicker(r.opts.Every)
	defer tick.Stop()
	for {
		if err := r.Once(ctx); err != nil && ctx.Err() == nil {
			r.opts.Logger.Warn("removal is late", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Once removes what is past its time now.
func (r *Retention) Once(ctx context.Context) error {
	deleted, err := r.events.DeleteBefore(ctx, r.opts.Now().Add(-r.opts.Events))
	if err != nil {
		return fault.Wrap(err, "remove old events")
	}
	if deleted.Events > 0 {
		r.opts.Logger.Info("old events removed", "events", deleted.Events, "bytes", deleted.Bytes)
	}
	oldest := r.opts.Now().Add(-r.opts.Raw).UTC().Format("2006-01-02T15")
	for _, prefix := range r.opts.RawPrefixes {
		if err := r.removeRaw(ctx, prefix, oldest); err != nil {
			return fault.Wrap(err, "remove raw items", slog.String("prefix", prefix))
		}
	}
	return nil
}

func (r *Retention) removeRaw(ctx context.Context, prefix, oldest string) error {
	for info, err := range r.blobs.List(ctx, prefix) {
		if err != nil {
			return err
		}
		hour, _, _ := strings.Cut(strings.TrimPrefix(info.Key, prefix), "/")
		if hour >= oldest { // keys come in order, so the rest is younger
			return nil
		}
		if err := r.blobs.Delete(ctx, info.Key); err != nil {
			return err
		}
	}
	return nil
}
