// Package app wires the parts to a running server: it opens the engines, starts the roles, and stops them in the
// direction data flows.
//
// engines.go, inlets.go and outlets.go are the only files that name concrete implementations.
package app

import (
	"context"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faultlog"
	"github.com/seismohq/seismo/internal/config"
	"github.com/seismohq/seismo/internal/envelope"
	"github.com/seismohq/seismo/internal/pipeline"
	"github.com/seismohq/seismo/internal/retention"
)

// Process is what the server may use of the process it runs in.
type Process struct {
	Version        string
	Stdout, Stderr io.Writer        // what people read at the start; the log
	Now            func() time.Time // nil: time.Now
}

// App is a server that is being wired or running.
type App struct {
	config  *config.Config
	process Process
	log     *slog.Logger
	metrics *prometheus.Registry
	public  *url.URL
	engines *engines
}

// Run serves until ctx ends, and returns once all work in hand is settled and all engines are closed.
func Run(ctx context.Context, c *config.Config, p Process) error {
	if p.Now == nil {
		p.Now = time.Now
	}
	public, err := url.Parse(c.URL)
	if err != nil {
		return fault.Wrap(err, "read the public address")
	}
	a := &App{config: c, process: p, log: newLogger(c, p.Stderr), metrics: prometheus.NewRegistry(), public: public}
	a.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fault.Wrap(err, "make the data directory")
	}
	unlock, err := lock(filepath.Join(c.Data, "seismo.lock"))
	if err != nil {
		return err
	}
	defer unlock()
	if a.engines, err = a.openEngines(ctx); err != nil {
		return err
	}
	err = a.serve(ctx)
	if closeErr := a.engines.close(a.log, c.DrainTimeout); err == nil {
		err = closeErr
	}
	return err
}

// role is a part that runs until its context ends.
type role struct {
	name string
	run  func(context.Context) error
}

// serve runs the roles in stages. They start from the last to the first and stop from the first to the last, the way
// data flows: no more requests, then the last counts of the door, then the batches in hand.
func (a *App) serve(ctx context.Context) error {
	people, err := a.people()
	if err != nil {
		return err
	}
	greeting, err := a.start(ctx, people)
	if err != nil {
		return err
	}
	door := a.door()
	behind, err := a.rolesBehindTheDoor()
	if err != nil {
		return err
	}
	srv, err := a.server(people, door)
	if err != nil {
		return err
	}
	greeting.announce(a.process.Stdout, a.process.Version, a.public)
	return runStages(ctx, [][]role{{{"server", srv.Run}}, {{"door", door.Run}}, behind})
}

// runStages returns once all roles have ended: because ctx ended, or because one of them failed.
func runStages(ctx context.Context, stages [][]role) error {
	failed := make(chan error, len(stages)*4)
	type stage struct {
		stop context.CancelFunc
		wg   sync.WaitGroup
	}
	running := make([]stage, len(stages))
	for i := len(stages) - 1; i >= 0; i-- {
		own, stop := context.WithCancel(context.WithoutCancel(ctx))
		running[i].stop = stop
		for _, r := range stages[i] {
			running[i].wg.Go(func() {
				if err := r.run(own); err != nil {
					failed <- fault.Wrap(err, "run a role", slog.String("role", r.name))
				} else if own.Err() == nil {
					failed <- fault.New(fault.Internal, "a role ended by itself", slog.String("role", r.name))
				}
			})
		}
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	for i := range running {
		running[i].stop()
		running[i].wg.Wait()
	}
	close(failed)
	for e := range failed {
		err = fault.Join(err, e)
	}
	return err
}

func (a *App) has(role string) bool { return slices.Contains(a.config.Roles, role) }

func (a *App) limits() envelope.Limits {
	return envelope.Limits{
		EnvelopeBytes: int64(a.config.MaxEnvelopeBytes), EventBytes: int(a.config.MaxEventBytes),
		AttachmentBytes: int(a.config.MaxAttachmentBytes),
	}
}

// component returns the logger of a part.
func (a *App) component(name string) *slog.Logger { return a.log.With("component", name) }

func (a *App) rolesBehindTheDoor() ([]role, error) {
	var roles []role
	e := a.engines
	if a.has("pipeline") {
		p, err := pipeline.New(e.queue, e.events, e.blobs, e.catalog, pipeline.Options{
			Logger: a.component("pipeline"), Registerer: a.metrics, Now: a.process.Now, Limits: a.limits(),
		})
		if err != nil {
			return nil, err
		}
		roles = append(roles, role{"pipeline", p.Run})
	}
	if a.has("retention") {
		r := retention.New(e.events, e.blobs, retention.Options{
			Logger: a.component("retention"), Now: a.process.Now,
			Events: time.Duration(a.config.RetentionDays) * 24 * time.Hour, Raw: a.config.RawRetention,
			RawPrefixes: []string{pipeline.RawPrefix, pipeline.AsidePrefix},
		})
		roles = append(roles, role{"retention", r.Run})
	}
	return roles, nil
}

func newLogger(c *config.Config, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // the settings were checked
	o := &faultlog.Options{Level: level, Format: faultlog.FormatJSON}
	terminal := false
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	if c.LogFormat == "text" || c.LogFormat == "auto" && terminal {
		o.Format, o.Color = faultlog.FormatText, terminal
	}
	// Errors are written with what they carry, but for secrets; their own JSON form is for clients and says less.
	return slog.New(faultlog.NewHandler(w, o))
}
