package capture

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faulthttp"
	"github.com/seismohq/seismo/fault/faultlog"
)

// ID identifies a report: 32 hexadecimal digits. It is empty when there is none.
type ID string

// job is the snapshot of an error that the caller takes. Everything in it is immutable or copied, so the worker can read it
// later.
type job struct {
	id      ID
	at      time.Time
	level   slog.Level
	err     error // nil for a message
	code    fault.Code
	message string
	links   []link
	space   [2]link // of links, for most errors
	attrs   []slog.Attr
	tags    []tag
	scope   *scope
	request request
	stack   *fault.Stack
	// key is equal for likely repeats, which are dropped first when the queue is full.
	key   uint64
	fatal bool
}

// link is one error of a chain, outermost first.
type link struct {
	typ    string
	text   string
	stack  *fault.Stack
	parent int // index of the link that wraps this one, -1 for the first
	panic  bool
	group  bool // a joined error
}

// maxLinks bounds the errors of one report.
const maxLinks = 20

// chain fills the links from err. Layers of package fault that follow each other are one link, since the text of the first
// contains the others.
func (j *job) chain(err error, parent int) {
	for err != nil && len(j.links) < maxLinks {
		l := link{parent: parent}
		var next error
		var more []error
		switch e := err.(type) {
		case *fault.Error, *fault.Wrapped:
			l.typ, l.text = string(fault.CodeOf(e)), e.Error()
			for next = errors.Unwrap(e); isLayer(next); {
				next = errors.Unwrap(next)
			}
		case *fault.PanicError:
			l.typ, l.text, l.panic = "panic", e.Error(), true
			l.stack = fault.StackOf(e)
			next = e.Unwrap()
		case fault.Code:
			if parent >= 0 {
				return // its text stands in the link around it
			}
			l.typ, l.text = string(e), e.Info().Title
		default:
			l.typ, l.text = reflect.TypeOf(err).String(), err.Error()
			switch u := err.(type) {
			case interface{ Unwrap() error }:
				next = u.Unwrap()
			case interface{ Unwrap() []error }:
				more = u.Unwrap()
				l.group = true
			}
		}
		j.links = append(j.links, l)
		parent = len(j.links) - 1
		for _, sub := range more {
			n := len(j.links)
			j.chain(sub, parent)
			if n < len(j.links) && j.links[n].stack == nil {
				j.links[n].stack = fault.StackOf(sub)
			}
		}
		err = next
	}
}

// isLayer: package fault made it, and its text is in the text of the layer around it.
func isLayer(err error) bool {
	switch err.(type) {
	case *fault.Error, *fault.Wrapped:
		return true
	}
	return false
}

// freeze makes attributes safe to read later: values that others may change are written out now.
func freeze(r *faultlog.Redactor, attrs []slog.Attr) []slog.Attr {
	safe := func(a slog.Attr) bool {
		switch a.Value.Kind() {
		case slog.KindAny, slog.KindLogValuer, slog.KindGroup:
			return false
		}
		return true
	}
	if !slices.ContainsFunc(attrs, func(a slog.Attr) bool { return !safe(a) }) {
		return attrs
	}
	out := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		if safe(a) {
			out[i] = a
			continue
		}
		v := a.Value.Resolve()
		switch v.Kind() {
		case slog.KindGroup:
			v = slog.GroupValue(freeze(r, v.Group())...)
		case slog.KindAny:
			// Without secrets by type or tag, which cannot be told later.
			v = r.Value("", v)
		}
		out[i] = slog.Attr{Key: a.Key, Value: v}
	}
	return out
}

// request is what a report says about the HTTP request: plain values, so that taking them costs nothing.
type request struct {
	method, scheme, host, path, query, remote string
	headers                                   [len(headerNames)]string
	pattern                                   string
}

// headerNames are those worth reporting. Others may be secret in ways no rule knows.
var headerNames = [...]string{"User-Agent", "Referer", "Content-Type", "Accept", "X-Request-Id"}

func requestOf(ctx context.Context) (q request) {
	r := faulthttp.Request(ctx)
	if r == nil {
		return q
	}
	q = request{method: r.Method, scheme: "http", host: r.Host, path: r.URL.Path, query: r.URL.RawQuery, remote: r.RemoteAddr, pattern: r.Pattern}
	if r.TLS != nil {
		q.scheme = "https"
	}
	for i, k := range headerNames {
		if v := r.Header[http.CanonicalHeaderKey(k)]; len(v) > 0 {
			q.headers[i] = v[0]
		}
	}
	return q
}

// originOf returns the stack of the origin of err. Beside those fault.StackOf knows it reads the stacks of errors by
// pkg/errors and its descendants, whose method StackTrace returns a slice of some uintptr type. It is here because the
// reflection it takes would add 100 kB to programs that use nothing but package fault.
func originOf(err error) *fault.Stack {
	found := fault.StackOf(err)
	for e := err; e != nil; e = errors.Unwrap(e) {
		switch e.(type) {
		case *fault.Error, *fault.Wrapped, *fault.PanicError, fault.Code:
			continue
		}
		if s := stackTrace(e); s != nil {
			found = s
		}
	}
	return found
}

var noStackTrace sync.Map // types without the method; a program has a bounded number of types

func stackTrace(err error) *fault.Stack {
	t := reflect.TypeOf(err)
	if _, ok := noStackTrace.Load(t); ok {
		return nil
	}
	m := reflect.ValueOf(err).MethodByName("StackTrace")
	if !m.IsValid() || m.Type().NumIn() != 0 || m.Type().NumOut() != 1 || m.Type().Out(0).Kind() != reflect.Slice || m.Type().Out(0).Elem().Kind() != reflect.Uintptr {
		noStackTrace.Store(t, true)
		return nil
	}
	v := m.Call(nil)[0]
	pcs := make([]uintptr, v.Len())
	for i := range pcs {
		pcs[i] = uintptr(v.Index(i).Uint())
	}
	return fault.NewStack(pcs)
}
