// Package faultmetrics counts requests and errors and shows the numbers in the text format of Prometheus
// (https://prometheus.io/docs/instrumenting/exposition_formats/), without a client library.
//
//	reg := faultmetrics.New()
//	errs := faulthttp.New(faulthttp.Config{Metrics: faultmetrics.NewHTTP(reg)})
//	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) { reg.WriteTo(w) })
//
// It is for programs that need these numbers and few of their own. Those that use a metrics library already implement
// faulthttp.Metrics with it instead.
package faultmetrics

import (
	"cmp"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// MaxSeries is how many combinations of label values a metric keeps. Further ones are counted together under the label
// value "other", so that hostile input cannot fill the memory.
const MaxSeries = 1000

// maxLabels bounds the label names of a metric, so that their values make a map key without allocating.
const maxLabels = 4

// Registry holds metrics. It is safe for concurrent use.
type Registry struct {
	mu      sync.Mutex
	metrics []*metric
}

// New returns an empty Registry.
func New() *Registry { return &Registry{} }

type labels [maxLabels]string

type metric struct {
	name, help, kind string
	labels           []string
	bounds           []float64 // of a histogram
	read             func() float64

	mu     sync.RWMutex
	series map[labels]*series
}

// series is one combination of label values.
type series struct {
	sum    atomic.Uint64   // bits of a float64: the value of a counter, the sum of a histogram
	counts []atomic.Uint64 // of a histogram: observations by bucket, the last beyond all bounds
}

// register panics on a broken program: a bad name, too many labels, or a name used twice.
func (r *Registry) register(m *metric) *metric {
	for i, n := range append([]string{m.name}, m.labels...) {
		if !validName(n, i == 0) {
			panic("faultmetrics: bad name " + strconv.Quote(n))
		}
	}
	if len(m.labels) > maxLabels {
		panic("faultmetrics: " + m.name + " has more than 4 labels")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	i, found := slices.BinarySearchFunc(r.metrics, m, func(a, b *metric) int { return cmp.Compare(a.name, b.name) })
	if found {
		panic("faultmetrics: " + m.name + " registered twice")
	}
	m.series = map[labels]*series{}
	r.metrics = slices.Insert(r.metrics, i, m)
	return m
}

func validName(s string, colon bool) bool {
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || colon && c == ':' || i > 0 && c >= '0' && c <= '9') {
			return false
		}
	}
	return s != "" && !strings.HasPrefix(s, "__")
}

// at returns the series of the label values.
func (m *metric) at(values []string) *series {
	if len(values) != len(m.labels) {
		panic("faultmetrics: " + m.name + " wants " + strconv.Itoa(len(m.labels)) + " label values")
	}
	var key labels
	copy(key[:], values)
	m.mu.RLock()
	s := m.series[key]
	m.mu.RUnlock()
	if s != nil {
		return s
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.series) >= MaxSeries && m.series[key] == nil {
		for i := range m.labels {
			key[i] = "other"
		}
	}
	s = m.series[key]
	if s == nil {
		s = &series{}
		if m.kind == "histogram" {
			s.counts = make([]atomic.Uint64, len(m.bounds)+1)
		}
		m.series[key] = s
	}
	return s
}

func (s *series) add(v float64) {
	for {
		old := s.sum.Load()
		if s.sum.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+v)) {
			return
		}
	}
}

// Counter counts things that only grow.
type Counter struct{ m *metric }

// Counter registers a counter; its name should end in "_total". It panics on a bad or repeated name, as all methods that
// register do.
func (r *Registry) Counter(name, help string, labels ...string) *Counter {
	return &Counter{r.register(&metric{name: name, help: help, kind: "counter", labels: labels})}
}

// Add adds v, which must not be negative, to the series of the label values. It panics when their number is wrong.
func (c *Counter) Add(v float64, values ...string) {
	if !(v >= 0) {
		panic("faultmetrics: " + c.m.name + " cannot go down")
	}
	c.m.at(values).add(v)
}

// Inc adds 1.
func (c *Counter) Inc(values ...string) { c.Add(1, values...) }

// Func registers a metric that is read when it is written out. kind is "counter" or "gauge".
func (r *Registry) Func(kind, name, help string, read func() float64) {
	if kind != "counter" && kind != "gauge" {
		panic("faultmetrics: kind " + kind)
	}
	r.register(&metric{name: name, help: help, kind: kind, read: read})
}

// Histogram counts observations by size.
type Histogram struct{ m *metric }

// Histogram registers a histogram with the given upper bounds, which must ascend; nil means [DefaultBounds].
func (r *Registry) Histogram(name, help string, bounds []float64, labels ...string) *Histogram {
	if bounds == nil {
		bounds = DefaultBounds
	}
	for i := 1; i < len(bounds); i++ {
		if !(bounds[i-1] < bounds[i]) {
			panic("faultmetrics: bounds of " + name + " do not ascend")
		}
	}
	return &Histogram{r.register(&metric{name: name, help: help, kind: "histogram", labels: labels, bounds: bounds})}
}

// DefaultBounds suit the time of requests, in seconds.
var DefaultBounds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// Observe counts v in the series of the label values. It panics when their number is wrong.
func (h *Histogram) Observe(v float64, values ...string) {
	s := h.m.at(values)
	i, _ := slices.BinarySearch(h.m.bounds, v) // the first bound that is not below v
	s.counts[i].Add(1)
	s.add(v)
}

// WriteTo writes all metrics, sorted by name and labels.
func (r *Registry) WriteTo(w io.Writer) (int64, error) {
	r.mu.Lock()
	metrics := slices.Clone(r.metrics)
	r.mu.Unlock()
	var b []byte
	for _, m := range metrics {
		b = m.append(b)
	}
	n, err := w.Write(b)
	return int64(n), err
}

func (m *metric) append(b []byte) []byte {
	b = append(b, "# HELP "+m.name+" "+helpEscape.Replace(m.help)+"\n# TYPE "+m.name+" "+m.kind+"\n"...)
	if m.read != nil {
		return m.line(b, "", labels{}, "", m.read())
	}
	m.mu.RLock()
	keys := make([]labels, 0, len(m.series))
	for k := range m.series {
		keys = append(keys, k)
	}
	m.mu.RUnlock()
	slices.SortFunc(keys, func(a, b labels) int { return slices.Compare(a[:], b[:]) })
	for _, k := range keys {
		m.mu.RLock()
		s := m.series[k]
		m.mu.RUnlock()
		sum := math.Float64frombits(s.sum.Load())
		if m.kind != "histogram" {
			b = m.line(b, "", k, "", sum)
			continue
		}
		var n uint64
		for i := range s.counts {
			n += s.counts[i].Load()
			le := "+Inf"
			if i < len(m.bounds) {
				le = strconv.FormatFloat(m.bounds[i], 'g', -1, 64)
			}
			b = m.line(b, "_bucket", k, le, float64(n))
		}
		b = m.line(b, "_sum", k, "", sum)
		b = m.line(b, "_count", k, "", float64(n))
	}
	return b
}

var (
	helpEscape  = strings.NewReplacer("\\", `\\`, "\n", `\n`)
	valueEscape = strings.NewReplacer("\\", `\\`, "\n", `\n`, `"`, `\"`)
)

func (m *metric) line(b []byte, suffix string, values labels, le string, v float64) []byte {
	b = append(b, m.name+suffix...)
	sep := byte('{')
	pair := func(name, value string) {
		b = append(b, sep)
		b = append(b, name+`="`+valueEscape.Replace(strings.ToValidUTF8(value, "\ufffd"))+`"`...)
		sep = ','
	}
	for i, name := range m.labels {
		pair(name, values[i])
	}
	if le != "" {
		pair("le", le)
	}
	if sep == ',' {
		b = append(b, '}')
	}
	b = append(b, ' ')
	b = strconv.AppendFloat(b, v, 'g', -1, 64)
	return append(b, '\n')
}
