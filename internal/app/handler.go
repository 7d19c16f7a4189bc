package app

import (
	"net/http"
	"strings"

	"github.com/seismohq/seismo/fault/faulthttp"
	"github.com/seismohq/seismo/internal/api"
	"github.com/seismohq/seismo/internal/auth"
	"github.com/seismohq/seismo/internal/ingest"
	"github.com/seismohq/seismo/internal/server"
	"github.com/seismohq/seismo/internal/web"
)

// people is the part that knows who is asking.
func (a *App) people() (*auth.Auth, error) {
	client := faulthttp.New(faulthttp.Config{TrustedProxies: a.config.Proxies()})
	return auth.New(a.engines.catalog, auth.Options{
		PublicURL: a.public, Logger: a.component("auth"), Now: a.process.Now,
		SessionDuration: a.config.SessionDuration, ClientIP: client.ClientIP,
	})
}

// server serves everything on one address.
func (a *App) server(people *auth.Auth, door *ingest.Door) (*server.Server, error) {
	e, mux, stopping := a.engines, http.NewServeMux(), make(chan struct{})
	checks := []server.Check{
		{Name: "catalog", Ready: e.catalog.Ready},
		{Name: "event store", Ready: e.events.Ready},
		{Name: "blob store", Ready: e.blobs.Ready},
		{Name: "queue", Ready: e.queue.Ready},
	}
	if a.has("ingest") {
		checks = append(checks, server.Check{Name: "door", Ready: door.Ready})
	}
	ready := server.NewReadiness(a.component("readiness"), checks...)
	mux.Handle("/healthz", server.Health())
	mux.Handle("/readyz", ready)
	mux.Handle("/metrics", server.Metrics(a.metrics))
	if a.has("web") {
		calls := api.New(e.catalog, e.events, people, api.Options{PublicURL: a.public, Logger: a.component("api"), Now: a.process.Now})
		mux.Handle("/api/", people.Bearer(calls))
		pages, err := web.New(e.catalog, e.events, people, web.Options{
			PublicURL: a.public, Logger: a.component("web"), Now: a.process.Now, Dev: a.config.Dev, Version: a.process.Version,
			Stopping: stopping,
		})
		if err != nil {
			return nil, err
		}
		mux.Handle("/", pages)
	}
	handler := stripPrefix(strings.TrimRight(a.public.Path, "/"), mux)
	if a.has("ingest") {
		handler = a.inlets(door, handler)
	}
	return server.New(handler, server.Options{
		Listen: a.config.Listen, CertFile: a.config.TLSCert, KeyFile: a.config.TLSKey,
		OnDrain: func() { door.Drain(); close(stopping) }, // once: a server stops once
		Logger:  a.component("server"), Readiness: ready, DrainTimeout: a.config.DrainTimeout,
	})
}

// stripPrefix takes the path prefix of the public address off, where a proxy in front has not done so.
func stripPrefix(prefix string, next http.Handler) http.Handler {
	if prefix == "" {
		return next
	}
	stripped := http.StripPrefix(prefix, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rest, ok := strings.CutPrefix(r.URL.Path, prefix); ok && strings.HasPrefix(rest, "/") {
			stripped.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
