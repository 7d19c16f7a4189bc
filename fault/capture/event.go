package capture

import (
	"encoding/json"
	"log/slog"
	"net"
	"path"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faultlog"
)

// Event is a report as it is sent (https://develop.sentry.dev/sdk/data-model/event-payloads/).
type Event struct {
	ID          ID                 `json:"event_id"`
	Time        time.Time          `json:"timestamp"`
	Platform    string             `json:"platform"`
	Level       string             `json:"level"` // debug, info, warning, error, fatal
	Logger      string             `json:"logger,omitempty"`
	Transaction string             `json:"transaction,omitempty"` // pattern of the route
	Server      string             `json:"server_name,omitempty"`
	Release     string             `json:"release,omitempty"`
	Environment string             `json:"environment,omitempty"`
	Message     *Message           `json:"logentry,omitempty"`
	Exceptions  Values[Exception]  `json:"exception,omitzero"` // innermost first
	Tags        map[string]string  `json:"tags,omitempty"`
	Extra       map[string]any     `json:"extra,omitempty"` // attributes
	User        *User              `json:"user,omitempty"`
	Request     *Request           `json:"request,omitempty"`
	Breadcrumbs Values[Breadcrumb] `json:"breadcrumbs,omitzero"` // oldest first
	Contexts    map[string]any     `json:"contexts,omitempty"`
	Fingerprint []string           `json:"fingerprint,omitempty"`
	SDK         SDK                `json:"sdk"`

	// Err is the error reported, for BeforeSend; nil for messages.
	Err error `json:"-"`
}

// Values is a list as the protocol writes it.
type Values[T any] struct {
	Values []T `json:"values,omitempty"`
}

// IsZero keeps empty lists out of the JSON.
func (v Values[T]) IsZero() bool { return len(v.Values) == 0 }

// Message is the text of a report without an error.
type Message struct {
	Message   string `json:"message"`
	Formatted string `json:"formatted,omitempty"`
}

// Exception is one error of a chain.
type Exception struct {
	Type       string      `json:"type"`
	Value      string      `json:"value"`
	Module     string      `json:"module,omitempty"`
	Stacktrace *Stacktrace `json:"stacktrace,omitempty"`
	Mechanism  Mechanism   `json:"mechanism"`
}

// Mechanism says how an error was caught and how it stands to the others of its chain.
type Mechanism struct {
	Type    string `json:"type"`
	Handled bool   `json:"handled"`
	ID      int    `json:"exception_id"`
	Parent  *int   `json:"parent_id,omitempty"`
	Group   bool   `json:"is_exception_group,omitempty"`
}

// Stacktrace is a stack, outermost call first.
type Stacktrace struct {
	Frames []Frame `json:"frames"`
}

// Frame is one call.
type Frame struct {
	Function string `json:"function"`
	Module   string `json:"module,omitempty"`   // import path
	Filename string `json:"filename,omitempty"` // import path and file name, the same with and without -trimpath
	AbsPath  string `json:"abs_path,omitempty"` // as the compiler recorded it
	Line     int    `json:"lineno,omitempty"`
	InApp    bool   `json:"in_app"`
}

// Request is the HTTP request during which the error happened.
type Request struct {
	Method  string            `json:"method,omitempty"`
	URL     string            `json:"url,omitempty"`
	Query   string            `json:"query_string,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Env     map[string]string `json:"env,omitempty"`
}

// SDK names this package.
type SDK struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// sdk is what we tell servers about us.
var sdk = SDK{Name: "fault.go", Version: "0.1.0"}

func levelName(l slog.Level) string {
	switch {
	case l >= faultlog.LevelCritical:
		return "fatal"
	case l >= slog.LevelError:
		return "error"
	case l >= slog.LevelWarn:
		return "warning"
	case l >= slog.LevelInfo:
		return "info"
	}
	return "debug"
}

// event makes the report of a job.
func (c *Client) event(j *job) *Event {
	e := &Event{
		ID: j.id, Time: j.at.UTC(), Platform: "go", Level: levelName(j.level), Server: c.o.Server, Release: c.o.Release, Environment: c.o.Environment,
		Transaction: j.request.pattern, SDK: sdk, Err: j.err, Tags: map[string]string{},
		Contexts: map[string]any{
			"runtime": map[string]string{"name": "go", "version": runtime.Version()},
			"os":      map[string]string{"name": runtime.GOOS},
			"device":  map[string]string{"arch": runtime.GOARCH},
		},
	}
	if j.err != nil {
		c.exceptions(e, j)
		e.Tags["code"] = string(j.code)
		e.Fingerprint = fault.FingerprintPartsOf(j.err)
		if h := fault.HintOf(j.err); h != "" {
			e.Contexts["fault"] = map[string]string{"hint": h, "public": fault.PublicMessage(j.err)}
		}
	} else {
		e.Message = &Message{Message: j.message}
	}
	if len(j.attrs) > 0 {
		e.Extra = object(j.attrs)
	}
	if s := j.scope; s != nil {
		for _, t := range s.tags {
			e.Tags[t.key] = t.value
		}
		if s.user != nil {
			u := *s.user // BeforeSend may change it
			e.User = &u
		}
		for cr := s.last; cr != nil && len(e.Breadcrumbs.Values) < maxBreadcrumbs; cr = cr.prev {
			b := Breadcrumb{Time: cr.at.UTC(), Level: levelName(cr.level), Category: "log", Message: cr.msg}
			if len(cr.attrs) > 0 {
				b.Data = object(cr.attrs)
			}
			e.Breadcrumbs.Values = append(e.Breadcrumbs.Values, b)
		}
		slices.Reverse(e.Breadcrumbs.Values)
	}
	for _, t := range j.tags {
		e.Tags[t.key] = t.value
	}
	c.request(e, j.request)
	return e
}

func (c *Client) exceptions(e *Event, j *job) {
	for i, l := range slices.Backward(j.links) { // innermost first
		x := Exception{Type: l.typ, Value: l.text, Mechanism: Mechanism{Type: "generic", Handled: true, ID: i, Group: l.group}}
		if l.parent >= 0 {
			x.Mechanism.Type, x.Mechanism.Parent = "chained", &l.parent
		}
		if l.panic {
			x.Mechanism.Type, x.Mechanism.Handled = "panic", false
		}
		s := l.stack
		if i == 0 {
			s = j.stack // the origin's, on the error that gives the report its title
			if j.fatal {
				x.Mechanism.Handled = false
			}
		}
		if s != nil {
			x.Stacktrace = &Stacktrace{Frames: c.frames(s)}
		}
		e.Exceptions.Values = append(e.Exceptions.Values, x)
	}
}

func (c *Client) frames(s *fault.Stack) []Frame {
	var out []Frame
	for f := range s.Frames() {
		pkg := f.Package()
		out = append(out, Frame{
			Function: f.Name(), Module: pkg, Filename: pkg + "/" + path.Base(f.File), AbsPath: f.File, Line: f.Line,
			InApp: f.InApp || slices.ContainsFunc(c.o.InApp, func(p string) bool { return pkg == p || strings.HasPrefix(pkg, strings.TrimSuffix(p, "/")+"/") }),
		})
	}
	slices.Reverse(out)
	return out
}

func (c *Client) request(e *Event, q request) {
	if q.method == "" {
		return
	}
	e.Request = &Request{Method: q.method, URL: q.scheme + "://" + q.host + q.path, Query: q.query, Headers: map[string]string{}}
	for i, k := range headerNames {
		if q.headers[i] != "" {
			e.Request.Headers[k] = q.headers[i]
		}
	}
	if ip, _, err := net.SplitHostPort(q.remote); err == nil {
		e.Request.Env = map[string]string{"REMOTE_ADDR": ip}
	}
}

func object(attrs []slog.Attr) map[string]any {
	m := make(map[string]any, len(attrs))
	for _, a := range attrs {
		if _, ok := m[a.Key]; !ok { // outermost first
			m[a.Key] = a.Value
		}
	}
	return m
}

// redact removes secrets from every text of e that can hold one. It runs last, so that nothing added by BeforeSend passes.
func (c *Client) redact(e *Event) {
	r := c.o.Redact
	clean := func(m map[string]any) {
		for k, v := range m {
			av, ok := v.(slog.Value)
			if !ok {
				av = slog.AnyValue(v)
			}
			m[k] = json.RawMessage(r.AppendJSONOf(nil, k, av))
		}
	}
	pairs := func(m map[string]string, most int) {
		for k, v := range m {
			if r.SecretKey(k) {
				m[k] = faultlog.Redacted
				continue
			}
			if v = r.String(v); len(v) > most {
				v = strings.ToValidUTF8(v[:most], "")
			}
			m[k] = v
		}
	}
	if m := e.Message; m != nil {
		m.Message, m.Formatted = r.String(m.Message), r.String(m.Formatted)
	}
	for i := range e.Exceptions.Values {
		e.Exceptions.Values[i].Value = r.String(e.Exceptions.Values[i].Value)
	}
	clean(e.Extra)
	clean(e.Contexts)
	pairs(e.Tags, 200)
	for i := range e.Breadcrumbs.Values {
		b := &e.Breadcrumbs.Values[i]
		b.Message = r.String(b.Message)
		clean(b.Data)
	}
	if q := e.Request; q != nil {
		q.URL, q.Query = r.String(q.URL), r.String(q.Query)
		pairs(q.Headers, 1000)
		pairs(q.Env, 1000)
	}
	e.Transaction = r.String(e.Transaction)
}
