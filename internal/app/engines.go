package app

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/blob"
	"github.com/seismohq/seismo/internal/blob/disk"
	"github.com/seismohq/seismo/internal/catalog"
	"github.com/seismohq/seismo/internal/config"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/eventstore/sqlite"
	"github.com/seismohq/seismo/internal/queue"
	"github.com/seismohq/seismo/internal/queue/jetstream"
)

// engines are the four seams, opened.
type engines struct {
	queue   queue.Queue
	catalog *catalog.Store
	events  eventstore.Store
	blobs   blob.Store

	opened []closer
}

type closer struct {
	name  string
	close func() error
}

// openEngines opens what the four URLs say. Every pair of seam and engine stands here.
func (a *App) openEngines(ctx context.Context) (*engines, error) {
	e, c := &engines{}, a.config
	fail := func(err error, seam string) (*engines, error) {
		fault.Ignore(e.close(a.log, c.DrainTimeout), "the error that stops the start is reported")
		return nil, fault.Wrap(err, "open the "+seam)
	}
	var err error

	switch scheme, rest, _ := strings.Cut(c.Blobs, "://"); scheme {
	case "file":
		e.blobs, err = disk.Open(rest)
	default:
		err = unknownEngine("blobs", scheme)
	}
	if err != nil {
		return fail(err, "blob store")
	}
	e.opened = append(e.opened, closer{"blob store", e.blobs.Close})

	switch scheme, _, _ := strings.Cut(c.Catalog, "://"); scheme {
	case "sqlite", "postgres", "postgresql":
		e.catalog, err = catalog.Open(ctx, c.Catalog, catalog.Options{Now: a.process.Now, Logger: a.component("catalog")})
	default:
		err = unknownEngine("catalog", scheme)
	}
	if err != nil {
		return fail(err, "catalog")
	}
	e.opened = append(e.opened, closer{"catalog", e.catalog.Close})

	switch scheme, rest, _ := strings.Cut(c.Events, "://"); scheme {
	case "sqlite":
		e.events, err = sqlite.Open(ctx, rest, sqlite.Options{Logger: a.component("eventstore"), Now: a.process.Now, SegmentMaxEvents: c.SegmentMaxEvents})
	default:
		err = unknownEngine("events", scheme)
	}
	if err != nil {
		return fail(err, "event store")
	}
	e.opened = append(e.opened, closer{"event store", e.events.Close})

	switch scheme, _, _ := strings.Cut(c.Queue, "://"); scheme {
	case "jetstream", "nats":
		e.queue, err = jetstream.Open(ctx, c.Queue, jetstream.Options{
			Logger: a.component("queue"), Registerer: a.metrics, Partitions: c.QueuePartitions, MaxBytes: int64(c.QueueMaxBytes),
		})
	default:
		err = unknownEngine("queue", scheme)
	}
	if err != nil {
		return fail(err, "queue")
	}
	e.opened = append(e.opened, closer{"queue", e.queue.Close})
	return e, nil
}

func unknownEngine(setting, scheme string) error {
	return &config.Error{Name: setting, Reason: "there is no engine " + scheme + "://"}
}

// close closes the engines in reverse order of opening, each within the bound, and returns the first error.
func (e *engines) close(log *slog.Logger, bound time.Duration) error {
	var first error
	for i := len(e.opened) - 1; i >= 0; i-- {
		c := e.opened[i]
		done := make(chan error, 1)
		go func() { done <- c.close() }()
		var err error
		select {
		case err = <-done:
		case <-time.After(bound):
			err = fault.New(fault.Timeout, "an engine did not close in time")
		}
		if err != nil {
			log.Error("engine did not close well", "engine", c.name, "error", err)
			if first == nil {
				first = fault.Wrap(err, "close the "+c.name)
			}
		}
	}
	return first
}
