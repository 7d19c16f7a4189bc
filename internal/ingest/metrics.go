package ingest

import (
	"strconv"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seismohq/seismo/internal/envelope"
	"github.com/seismohq/seismo/internal/outcome"
)

type metrics struct {
	requests       *prometheus.CounterVec
	requestsOK     map[envelope.Form]prometheus.Counter // with status 200
	items          *prometheus.CounterVec
	itemsOf        map[string]prometheus.Counter // by known type, so that the hot path looks up no labels
	itemsUnknown   prometheus.Counter
	refusedItems   *prometheus.CounterVec
	refusalsLost   prometheus.Counter
	bytes          map[envelope.Form]prometheus.Counter
	bytesOther     prometheus.Counter
	publishSeconds prometheus.Histogram
}

func newMetrics(r prometheus.Registerer, memory *atomic.Int64) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "seismo_ingest_requests_total",
			Help: "Requests answered, by form and HTTP status.",
		}, []string{"form", "status"}),
		items: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "seismo_ingest_items_total",
			Help: "Items received, by item type; types we do not know count as unknown.",
		}, []string{"type"}),
		refusedItems: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "seismo_ingest_refused_items_total",
			Help: "Items of requests that were refused as a whole, by category, outcome and reason.",
		}, []string{"category", "outcome", "reason"}),
		refusalsLost: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "seismo_ingest_refusal_counts_lost_total",
			Help: "Refused items whose count was given up because the queue could not be told of it.",
		}),
		publishSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "seismo_ingest_publish_seconds",
			Help:    "Time a request waits to become durable.",
			Buckets: []float64{.0005, .001, .002, .004, .008, .016, .032, .064, .128, .256, .512, 1, 2, 4, 8, 16},
		}),
		itemsOf: map[string]prometheus.Counter{},
		bytes:   map[envelope.Form]prometheus.Counter{},

		requestsOK: map[envelope.Form]prometheus.Counter{},
	}
	bodyBytes := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "seismo_ingest_body_bytes_total",
		Help: "Bytes of delivered bodies as they came over the wire, by form.",
	}, []string{"form"})
	for _, k := range envelope.Kinds() {
		m.itemsOf[k.Type] = m.items.WithLabelValues(k.Type)
	}
	m.itemsUnknown = m.items.WithLabelValues("unknown")
	for f := envelope.FormEnvelope; f <= envelope.FormCheckIn; f++ {
		m.bytes[f] = bodyBytes.WithLabelValues(f.String())
		m.requestsOK[f] = m.requests.WithLabelValues(f.String(), "200")
	}
	m.bytesOther = bodyBytes.WithLabelValues("unknown")
	if r != nil {
		r.MustRegister(m.requests, m.items, m.refusedItems, m.refusalsLost, bodyBytes, m.publishSeconds,
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{
				Name: "seismo_ingest_large_bodies_bytes",
				Help: "Memory that the bodies of large requests take now.",
			}, func() float64 { return float64(memory.Load()) }))
	}
	return m
}

// Answered counts a request that was answered with an HTTP status, for metrics.
func (d *Door) Answered(f envelope.Form, status int) {
	if c := d.metrics.requestsOK[f]; c != nil && status == 200 {
		c.Inc()
		return
	}
	d.metrics.requests.WithLabelValues(f.String(), strconv.Itoa(status)).Inc()
}

func (m *metrics) received(items []envelope.Item) {
	for i := range items {
		if c := m.itemsOf[items[i].Type]; c != nil {
			c.Inc()
		} else {
			m.itemsUnknown.Inc()
		}
	}
}

func (m *metrics) bodyBytes(f envelope.Form, n int) {
	if c := m.bytes[f]; c != nil {
		c.Add(float64(n))
	} else {
		m.bytesOther.Add(float64(n))
	}
}

func (m *metrics) refused(c outcome.Category, o outcome.Outcome, reason string, n int64) {
	m.refusedItems.WithLabelValues(string(c), string(o), reason).Add(float64(n))
}
