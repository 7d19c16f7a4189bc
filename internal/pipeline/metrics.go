package pipeline

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	items   *prometheus.CounterVec
	repeats prometheus.Counter
	retries prometheus.Counter
	batch   prometheus.Histogram
	seconds prometheus.Histogram
	lag     prometheus.Gauge
}

func newMetrics(r prometheus.Registerer) *metrics {
	f := promauto.With(r)
	return &metrics{
		items: f.NewCounterVec(prometheus.CounterOpts{
			Name: "seismo_pipeline_items_total", Help: "Items by category and outcome.",
		}, []string{"category", "outcome"}),
		repeats: f.NewCounter(prometheus.CounterOpts{
			Name: "seismo_pipeline_repeats_total", Help: "Events that had been stored before.",
		}),
		retries: f.NewCounter(prometheus.CounterOpts{
			Name: "seismo_pipeline_retries_total", Help: "Steps that were tried again because an engine was unavailable.",
		}),
		batch: f.NewHistogram(prometheus.HistogramOpts{
			Name: "seismo_pipeline_batch_items", Help: "Items per batch.", Buckets: prometheus.ExponentialBuckets(1, 4, 8),
		}),
		seconds: f.NewHistogram(prometheus.HistogramOpts{
			Name: "seismo_pipeline_batch_seconds", Help: "Time to settle a batch.", Buckets: prometheus.ExponentialBuckets(0.001, 4, 8),
		}),
		lag: f.NewGauge(prometheus.GaugeOpts{
			Name: "seismo_pipeline_lag_seconds", Help: "Time from receipt to settled, of the newest item of the last batch.",
		}),
	}
}

func (m *metrics) settled(b *batch, took time.Duration, now time.Time) {
	var newest time.Time
	for _, it := range b.items {
		m.items.WithLabelValues(string(it.Category), string(it.outcome)).Inc()
		if it.delivery.Received.After(newest) {
			newest = it.delivery.Received
		}
	}
	m.batch.Observe(float64(len(b.items)))
	m.seconds.Observe(took.Seconds())
	if !newest.IsZero() {
		m.lag.Set(now.Sub(newest).Seconds())
	}
}
