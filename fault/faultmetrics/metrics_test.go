package faultmetrics_test

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faulthttp"
	"github.com/seismohq/seismo/fault/faultmetrics"
)

var _ faulthttp.Metrics = (*faultmetrics.HTTP)(nil)

func text(t *testing.T, r *faultmetrics.Registry) string {
	t.Helper()
	var b strings.Builder
	if n, err := r.WriteTo(&b); err != nil || int(n) != b.Len() {
		t.Fatal(n, err)
	}
	return b.String()
}

func TestText(t *testing.T) {
	t.Parallel()
	r := faultmetrics.New()
	h := r.Histogram("z_seconds", "Time.", []float64{0.1, 1}, "route")
	for _, v := range []float64{0.1, 0.05, 0.5, 2, math.Inf(1)} {
		h.Observe(v, "GET /")
	}
	c := r.Counter("a_total", "Back\\slash\nline.", "l", "m")
	c.Inc("x", "1")
	c.Add(2.5, "x", "1")
	c.Inc("quote\"back\\line\n\xff", "")
	r.Func("gauge", "m", "Now.", func() float64 { return -3 })
	r.Counter("none_total", "Nothing yet.")
	want := `# HELP a_total Back\\slash\nline.
# TYPE a_total counter
a_total{l="quote\"back\\line\n` + "\ufffd" + `",m=""} 1
a_total{l="x",m="1"} 3.5
# HELP m Now.
# TYPE m gauge
m -3
# HELP none_total Nothing yet.
# TYPE none_total counter
# HELP z_seconds Time.
# TYPE z_seconds histogram
z_seconds_bucket{route="GET /",le="0.1"} 2
z_seconds_bucket{route="GET /",le="1"} 3
z_seconds_bucket{route="GET /",le="+Inf"} 5
z_seconds_sum{route="GET /"} +Inf
z_seconds_count{route="GET /"} 5
`
	if got := text(t, r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestBrokenPrograms(t *testing.T) {
	t.Parallel()
	r := faultmetrics.New()
	c := r.Counter("a_total", "", "l")
	for name, f := range map[string]func(){
		"name":         func() { r.Counter("a-b", "") },
		"empty":        func() { r.Counter("", "") },
		"digit":        func() { r.Counter("1a", "") },
		"label":        func() { r.Counter("b", "", "a:b") },
		"reserved":     func() { r.Counter("b", "", "__b") },
		"twice":        func() { r.Counter("a_total", "") },
		"labels":       func() { r.Counter("b", "", "a", "b", "c", "d", "e") },
		"bounds":       func() { r.Histogram("b", "", []float64{1, 1}) },
		"kind":         func() { r.Func("x", "b", "", nil) },
		"down":         func() { c.Add(-1, "x") },
		"nan":          func() { c.Add(math.NaN(), "x") },
		"label values": func() { c.Inc() },
	} {
		if fault.Try(func() error { f(); return nil }) == nil {
			t.Errorf("%s: no panic", name)
		}
	}
}

func TestSeriesAreBounded(t *testing.T) {
	t.Parallel()
	r := faultmetrics.New()
	c := r.Counter("a_total", "", "l")
	for i := range faultmetrics.MaxSeries + 50 {
		c.Inc(fmt.Sprint(i))
	}
	c.Inc("0") // known ones still count
	got := text(t, r)
	if !strings.Contains(got, `a_total{l="other"} 50`) || !strings.Contains(got, `a_total{l="0"} 2`) || strings.Count(got, "\n") > faultmetrics.MaxSeries+3 {
		t.Errorf("%d lines", strings.Count(got, "\n"))
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	r := faultmetrics.New()
	c := r.Counter("a_total", "", "l")
	h := r.Histogram("b", "", nil)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 500 {
				c.Inc(fmt.Sprint(i % 3))
				h.Observe(1)
				if i%100 == 0 {
					_, _ = r.WriteTo(io.Discard)
				}
			}
		})
	}
	wg.Wait()
	if got := text(t, r); !strings.Contains(got, `a_total{l="0"} 668`) || !strings.Contains(got, "b_sum 2000\nb_count 2000") {
		t.Error(got)
	}
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	r := faultmetrics.New()
	h := faultmetrics.NewHTTP(r)
	h.ObserveRequest("GET", "GET /x", 200, 3*time.Millisecond)
	h.ObserveRequest("INVENTED", "", 404, time.Second)
	h.ObserveError(fault.NotFound)
	h.ObserveError("FROM_A_REMOTE")
	got := text(t, r)
	for _, want := range []string{
		`http_request_duration_seconds_bucket{method="GET",route="GET /x",status="200",le="0.005"} 1`,
		`http_request_duration_seconds_count{method="other",route="",status="404"} 1`,
		`fault_errors_total{code="NOT_FOUND"} 1`, `fault_errors_total{code="other"} 1`, "fault_ignored_total ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
}

func Example() {
	reg := faultmetrics.New()
	mails := reg.Counter("mails_total", "Mails sent.", "outcome")
	mails.Inc("delivered")
	if _, err := reg.WriteTo(os.Stdout); err != nil { // usually in the handler of /metrics
		panic(err)
	}
	// Output:
	// # HELP mails_total Mails sent.
	// # TYPE mails_total counter
	// mails_total{outcome="delivered"} 1
}

func BenchmarkObserve(b *testing.B) {
	h := faultmetrics.NewHTTP(faultmetrics.New())
	b.ReportAllocs()
	for b.Loop() {
		h.ObserveRequest("GET", "GET /x", 200, time.Millisecond)
	}
}
