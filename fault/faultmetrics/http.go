package faultmetrics

import (
	"strconv"
	"time"

	"github.com/seismohq/seismo/fault"
)

// HTTP counts for faulthttp: the histogram http_request_duration_seconds by method, route and status, the counter
// fault_errors_total by code, and fault_ignored_total, what fault.Ignore dropped.
type HTTP struct {
	duration *Histogram
	errors   *Counter
}

// NewHTTP registers the metrics.
func NewHTTP(r *Registry) *HTTP {
	r.Func("counter", "fault_ignored_total", "Errors dropped on purpose.", func() float64 { return float64(fault.Ignored()) })
	return &HTTP{
		duration: r.Histogram("http_request_duration_seconds", "Time to answer requests.", nil, "method", "route", "status"),
		errors:   r.Counter("fault_errors_total", "Errors answered, by code.", "code"),
	}
}

// ObserveRequest counts a request. Methods outside of RFC 9110 and 5789 are counted as "other", since clients may invent
// any.
func (h *HTTP) ObserveRequest(method, pattern string, status int, d time.Duration) {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE":
	default:
		method = "other"
	}
	h.duration.Observe(d.Seconds(), method, pattern, strconv.Itoa(status))
}

// ObserveError counts an error. Codes this program did not register, as remote servers may send, are counted as "other".
func (h *HTTP) ObserveError(c fault.Code) {
	if !c.Registered() {
		c = "other"
	}
	h.errors.Inc(string(c))
}
