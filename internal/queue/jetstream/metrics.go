package jetstream

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seismohq/seismo/fault"
)

type metrics struct {
	registerer prometheus.Registerer
	registered []prometheus.Collector

	records    prometheus.Counter
	bytes      prometheus.Counter
	groups     prometheus.Counter
	errors     *prometheus.CounterVec
	seconds    prometheus.Histogram
	restarts   prometheus.Counter
	unreadable prometheus.Counter
}

func newMetrics(r prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "seismo", Subsystem: "queue", Name: name, Help: help})
	}
	m := &metrics{
		registerer: r,
		records:    counter("records_total", "Records made durable."),
		bytes:      counter("record_bytes_total", "Bytes of records made durable."),
		groups:     counter("groups_total", "Messages that records were made durable with; records per group is how well waiting calls share a write."),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "seismo", Subsystem: "queue", Name: "publish_errors_total", Help: "Publish calls that failed, by the code of their error.",
		}, []string{"code"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "seismo", Subsystem: "queue", Name: "group_seconds", Help: "Time from sending a group to the answer that it is durable.",
			Buckets: prometheus.ExponentialBuckets(0.0002, 3, 11), // 0.2 ms to 12 s
		}),
		restarts:   counter("restarts_total", "Starts of the queue server in this process after its disk refused a write."),
		unreadable: counter("unreadable_total", "Messages that could not be read and were skipped."),
	}
	return m
}

// watch registers the metrics, and what is asked of the queue when they are read.
func (m *metrics) watch(q *Queue) {
	if m.registerer == nil {
		return
	}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "seismo", Subsystem: "queue", Name: name, Help: help}, value)
	}
	m.registered = []prometheus.Collector{
		m.records, m.bytes, m.groups, m.errors, m.seconds, m.restarts, m.unreadable,
		gauge("messages", "Messages stored and not acknowledged.", func() float64 { return float64(q.gauge.last().Messages) }),
		gauge("stored_bytes", "Bytes that they take.", func() float64 { return float64(q.gauge.last().Bytes) }),
		gauge("max_bytes", "Bytes at which publishing is refused.", func() float64 { return float64(q.opts.MaxBytes) }),
		gauge("waiting_bytes", "Bytes of records in memory that wait to become durable.", func() float64 { return float64(q.waiting.Load()) }),
	}
	m.registerer.MustRegister(m.registered...)
}

// unwatch takes the metrics back, so that the queue can be opened again with the same registerer.
func (m *metrics) unwatch() {
	for _, c := range m.registered {
		m.registerer.Unregister(c)
	}
	m.registered = nil
}

func (m *metrics) stored(records, bytes int) {
	m.records.Add(float64(records))
	m.bytes.Add(float64(bytes))
	m.groups.Inc()
}

func (m *metrics) send(d time.Duration) { m.seconds.Observe(d.Seconds()) }

func (m *metrics) refused(err error) {
	m.errors.WithLabelValues(strings.ToLower(string(fault.CodeOf(err)))).Inc()
}
