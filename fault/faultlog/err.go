package faultlog

import (
	"log/slog"
	"slices"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/internal/jsonenc"
)

// ErrorKey is the key of the attribute [Err] makes.
const ErrorKey = "error"

// Err returns the attribute "error" for err: a group of its message "msg", "code", "attrs", field errors, "hint" and "stack".
// The handlers of this package write the stack for records of level ERROR and above; under other handlers it is there when
// the code of the error asks for ERROR. A nil error gives an empty attribute, which handlers leave out.
func Err(err error) slog.Attr {
	if err == nil {
		return slog.Attr{}
	}
	return slog.Attr{Key: ErrorKey, Value: slog.AnyValue(errValue{err})}
}

// errValue expands under any slog handler; those of this package look inside instead.
type errValue struct{ err error }

// ErrorOf returns the error an attribute holds: one made by [Err], or any value that is an error. It is nil when there is
// none.
func ErrorOf(a slog.Attr) error { return errorOf(a.Value) }

// LogValue returns the error as a group.
func (v errValue) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("msg", v.err.Error()),
		slog.String("code", string(fault.CodeOf(v.err))),
	}
	if of := slices.Collect(fault.Attrs(v.err)); len(of) > 0 {
		attrs = append(attrs, slog.Attr{Key: "attrs", Value: slog.GroupValue(of...)})
	}
	if f := fault.Fields(v.err); len(f) > 0 {
		attrs = append(attrs, slog.Any("fields", f))
	}
	if h := fault.HintOf(v.err); h != "" {
		attrs = append(attrs, slog.String("hint", h))
	}
	if fault.InfoOf(v.err).Level >= slog.LevelError {
		if s := fault.StackOf(v.err); s != nil {
			attrs = append(attrs, slog.String("stack", s.String()))
		}
	}
	return slog.GroupValue(attrs...)
}

// errorOf returns the error in v, if it is one.
func errorOf(v slog.Value) error {
	switch x := v.Any().(type) {
	case errValue:
		return x.err
	case slog.LogValuer: // chose another form for itself
		return nil
	case error:
		return x
	}
	return nil
}

// appendError appends the object for err.
func (h *handler) appendError(b []byte, err error, level slog.Level) []byte {
	b = append(b, `{"msg":`...)
	b = jsonenc.AppendString(b, h.o.Redact.String(err.Error()))
	b = append(b, `,"code":`...)
	b = jsonenc.AppendString(b, string(fault.CodeOf(err)))
	n := len(b)
	for a := range fault.Attrs(err) {
		b = h.appendAttr(b, a, level)
	}
	if len(b) > n {
		// The attributes came as ,"k":v; the first comma gives way to the opening of their object.
		b = slices.Replace(b, n, n+1, []byte(`,"attrs":{`)...)
		b = append(b, '}')
	}
	if f := fault.Fields(err); len(f) > 0 {
		b = append(b, `,"fields":`...)
		b = h.o.Redact.AppendJSON(b, slog.AnyValue(f))
	}
	if hint := fault.HintOf(err); hint != "" {
		b = append(b, `,"hint":`...)
		b = jsonenc.AppendString(b, hint)
	}
	if level >= slog.LevelError {
		if s := fault.StackOf(err); s != nil {
			b = append(b, `,"stack":`...)
			b = s.AppendJSON(b)
		}
	}
	return append(b, '}')
}
