package faultlog

import (
	"context"
	"io"
	"log/slog"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/seismohq/seismo/fault/internal/jsonenc"
)

// Formats of [Options] and [Config].
const (
	FormatJSON = "json" // one object a line
	FormatText = "text" // for people who develop
)

// Options of [NewHandler]. The zero value writes JSON at INFO.
type Options struct {
	Level     slog.Leveler // records below are dropped; nil means INFO
	Format    string       // FormatJSON, also when empty, or FormatText
	Redact    *Redactor    // nil means the defaults
	AddSource bool         // add file and line of the call as "source"
	Color     bool         // colour the level, for terminals; text only
}

// NewHandler returns a handler that writes each record to w as one call of Write; calls do not overlap.
//
// Beside what slog asks of a handler it expands errors (see [Err]), adds the fields of the context (see [Context]), removes
// secrets, and escapes control characters in messages, keys and values, so that no input can forge a line.
func NewHandler(w io.Writer, o *Options) slog.Handler {
	h := &handler{out: &output{w: w}}
	if o != nil {
		h.o = *o
	}
	if h.o.Level == nil {
		h.o.Level = slog.LevelInfo
	}
	if h.o.Format == FormatText {
		return &textHandler{handler: *h}
	}
	return h
}

type output struct {
	mu sync.Mutex
	w  io.Writer
}

func (o *output) write(b []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, err := o.w.Write(b)
	return err
}

type handler struct {
	o   Options
	out *output
	// pre holds the attributes of WithAttrs as JSON members, each after a comma, with the groups they stand in opened.
	pre []byte
	// unopened groups came after the last attribute: they are written when one follows, since empty groups are left out.
	unopened []string
	opened   int
}

// Enabled reports whether records of the level are written.
func (h *handler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.o.Level.Level() }

// WithGroup returns a handler that puts what follows into the group.
func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	n := *h
	n.unopened = append(h.unopened[:len(h.unopened):len(h.unopened)], name)
	return &n
}

// WithAttrs returns a handler that adds the attributes to every record.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	n := *h
	b := append(make([]byte, 0, len(h.pre)+64), h.pre...)
	b, opened := n.appendInGroups(b, attrs)
	if opened {
		n.opened += len(n.unopened)
		n.unopened = nil
	}
	n.pre = b
	return &n
}

// appendInGroups appends the attributes, opening the unopened groups when there is something to write.
func (h *handler) appendInGroups(b []byte, attrs []slog.Attr) (out []byte, opened bool) {
	start := len(b)
	for _, g := range h.unopened {
		b = append(b, ',')
		b = jsonenc.AppendString(b, g)
		b = append(b, ":{"...)
	}
	n := len(b)
	for _, a := range attrs {
		b = h.appendAttr(b, a, slog.LevelInfo)
	}
	if len(b) == n {
		return b[:start], false
	}
	return h.dropComma(b, n), true
}

// dropComma removes the comma at n when it follows the opening of a group.
func (h *handler) dropComma(b []byte, n int) []byte {
	if n > 0 && b[n-1] == '{' {
		return append(b[:n], b[n+1:]...)
	}
	return b
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 1024); return &b }}

// Handle writes one record.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	buf := buffers.Get().(*[]byte)
	defer func() {
		if cap(*buf) <= 64<<10 { // a huge record must not stay in memory
			buffers.Put(buf)
		}
	}()
	b := (*buf)[:0]
	b = append(b, '{')
	if !r.Time.IsZero() {
		b = append(b, `"time":"`...)
		b = r.Time.UTC().AppendFormat(b, time.RFC3339Nano)
		b = append(b, `",`...)
	}
	b = append(b, `"level":"`...)
	b = append(b, LevelName(r.Level)...)
	b = append(b, `","msg":`...)
	b = jsonenc.AppendString(b, h.o.Redact.String(r.Message))
	if h.o.AddSource && r.PC != 0 {
		b = append(b, `,"source":`...)
		b = jsonenc.AppendString(b, source(r.PC))
	}
	for _, a := range contextAttrs(ctx) {
		b = h.appendAttr(b, a, r.Level)
	}
	b = append(b, h.pre...)
	open := h.opened
	start := len(b)
	for _, g := range h.unopened {
		b = append(b, ',')
		b = jsonenc.AppendString(b, g)
		b = append(b, ":{"...)
	}
	n := len(b)
	r.Attrs(func(a slog.Attr) bool {
		b = h.appendAttr(b, a, r.Level)
		return true
	})
	if len(b) == n {
		b = b[:start]
	} else {
		if len(h.unopened) > 0 {
			b = h.dropComma(b, n)
		}
		open += len(h.unopened)
	}
	for range open {
		b = append(b, '}')
	}
	b = append(b, "}\n"...)
	*buf = b
	return h.out.write(b)
}

// appendAttr appends ,"key":value, or nothing for an empty attribute.
func (h *handler) appendAttr(b []byte, a slog.Attr, level slog.Level) []byte {
	if k := a.Value.Kind(); k == slog.KindAny || k == slog.KindLogValuer {
		if err := errorOf(a.Value); err != nil {
			b = append(b, ',')
			b = jsonenc.AppendString(b, a.Key)
			b = append(b, ':')
			return h.appendError(b, err, level)
		}
	}
	v := a.Value.Resolve()
	if a.Key == "" && v.Kind() == slog.KindAny && v.Any() == nil {
		return b
	}
	if v.Kind() == slog.KindGroup && !h.o.Redact.secretValue(a.Key, slog.KindGroup) {
		return h.appendGroup(b, a.Key, v.Group(), level)
	}
	b = append(b, ',')
	b = jsonenc.AppendString(b, a.Key)
	b = append(b, ':')
	return h.o.Redact.AppendJSONOf(b, a.Key, v)
}

func (h *handler) appendGroup(b []byte, key string, attrs []slog.Attr, level slog.Level) []byte {
	start := len(b)
	if key != "" {
		b = append(b, ',')
		b = jsonenc.AppendString(b, key)
		b = append(b, ":{"...)
	}
	n := len(b)
	for _, a := range attrs {
		b = h.appendAttr(b, a, level)
	}
	switch {
	case len(b) == n:
		return b[:start]
	case key == "":
		return b
	}
	return append(h.dropComma(b, n), '}')
}

func source(pc uintptr) string {
	f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	return f.File + ":" + strconv.Itoa(f.Line)
}
