package server

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/seismohq/seismo/fault"
)

// Health answers /healthz: the process lives. It asks nothing, since a restart would not mend an engine that is away.
func Health() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answerStatus(w, http.StatusOK, status{Status: "ok"})
	})
}

// Metrics answers /metrics.
func Metrics(g prometheus.Gatherer) http.Handler {
	return promhttp.HandlerFor(g, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// Check asks one part whether it can work.
type Check struct {
	Name  string // of the part, shown to whoever asks
	Ready func(ctx context.Context) error
}

// checkTimeout bounds each check; load balancers give up after some seconds themselves.
const checkTimeout = 2 * time.Second

// Readiness answers /readyz: 200 while all parts can work, 503 with the names of those that cannot, and 503 from the
// moment the server begins to stop.
type Readiness struct {
	log      *slog.Logger
	checks   []Check
	draining atomic.Bool
}

// NewReadiness returns a Readiness. log may be nil.
func NewReadiness(log *slog.Logger, checks ...Check) *Readiness {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Readiness{log: log, checks: checks}
}

// Drain makes it say no from now on.
func (r *Readiness) Drain() { r.draining.Store(true) }

// ServeHTTP implements http.Handler.
func (r *Readiness) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if r.draining.Load() {
		answerStatus(w, http.StatusServiceUnavailable, status{Status: "stopping"})
		return
	}
	if failed := r.failed(req.Context()); len(failed) > 0 {
		answerStatus(w, http.StatusServiceUnavailable, status{Status: "not ready", Failed: failed})
		return
	}
	answerStatus(w, http.StatusOK, status{Status: "ready"})
}

// failed runs the checks side by side and returns the names of those that failed, in their order.
func (r *Readiness) failed(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	names := make([]string, len(r.checks))
	var wg sync.WaitGroup
	for i, c := range r.checks {
		wg.Go(func() {
			if err := fault.Try(func() error { return c.Ready(ctx) }); err != nil {
				r.log.Warn("part is not ready", "part", c.Name, "error", err)
				names[i] = c.Name
			}
		})
	}
	wg.Wait()
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

type status struct {
	Status string   `json:"status"`
	Failed []string `json:"failed,omitempty"`
}

func answerStatus(w http.ResponseWriter, code int, s status) {
	body, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings always have a JSON form
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, err = w.Write(append(body, '\n'))
	fault.Ignore(err, "a client that has gone cannot be told")
}
