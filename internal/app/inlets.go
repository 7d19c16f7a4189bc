package app

import (
	"net/http"

	"github.com/seismohq/seismo/internal/ingest"
	"github.com/seismohq/seismo/internal/ingest/sentry"
)

// door is the core that all protocols come in by.
func (a *App) door() *ingest.Door {
	return ingest.New(a.engines.queue, a.engines.catalog, ingest.Options{
		Logger: a.component("ingest"), Registerer: a.metrics, Now: a.process.Now, Limits: a.limits(),
		MaxBodyBytes: int64(a.config.MaxBodyBytes), Disk: ingest.DiskFloor(a.config.Data, uint64(a.config.DiskFloor)),
		FlushTimeout: a.config.DrainTimeout,
	})
}

// inlets puts the protocols in front of everything else: they must see paths as they came. One line each.
func (a *App) inlets(door *ingest.Door, next http.Handler) http.Handler {
	return sentry.New(door, sentry.Options{
		Prefix: a.public.Path, TrustedProxies: a.config.Proxies(), Logger: a.component("ingest"), Next: next,
	})
}
