package faultlog

import (
	"context"
	"encoding"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"

	"github.com/seismohq/seismo/fault"
)

// LevelCritical is for when the program cannot do its work.
const LevelCritical = slog.Level(12)

// LevelName returns DEBUG, INFO, WARN, ERROR or CRITICAL, with a distance for levels between: "WARN+1".
func LevelName(l slog.Level) string {
	if l < LevelCritical {
		return l.String()
	}
	if l == LevelCritical {
		return "CRITICAL"
	}
	return "CRITICAL+" + strconv.Itoa(int(l-LevelCritical))
}

// ParseLevel reads a level by name in any case; "warning", "fatal" and numbers are understood too. Errors:
// [fault.Validation].
func ParseLevel(s string) (slog.Level, error) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "warning":
		return slog.LevelWarn, nil
	case "critical", "fatal":
		return LevelCritical, nil
	}
	if n, err := strconv.Atoi(strings.TrimSpace(s)); err == nil && n >= -100 && n <= 100 {
		return slog.Level(n), nil
	}
	var l slog.Level
	if err := l.UnmarshalText([]byte(strings.TrimSpace(s))); err != nil {
		return 0, fault.Invalid(fault.FieldError{Field: "level", Rule: "level", Message: "must be debug, info, warn, error or critical"})
	}
	return l, nil
}

type contextKey struct{}

// Context returns a context whose attributes the handlers of this package add to every record logged with it, outside of any
// group.
func Context(ctx context.Context, attrs ...slog.Attr) context.Context {
	old := contextAttrs(ctx)
	return context.WithValue(ctx, contextKey{}, append(old[:len(old):len(old)], attrs...))
}

func contextAttrs(ctx context.Context) []slog.Attr {
	if ctx == nil {
		return nil
	}
	attrs, _ := ctx.Value(contextKey{}).([]slog.Attr)
	return attrs
}

// ContextAttrs returns the attributes added by [Context], outermost first. The slice must not be changed.
func ContextAttrs(ctx context.Context) []slog.Attr { return contextAttrs(ctx) }

type lazy func() any

func (f lazy) LogValue() slog.Value { return slog.AnyValue(f()) }

// Lazy is a value that is worked out only when the record is written:
//
//	slog.Debug("plan", "tree", faultlog.Lazy(func() any { return plan.Explain() }))
func Lazy(f func() any) slog.LogValuer { return lazy(f) }

// Secret holds a value that must not be printed: in fmt, slog, JSON and text it is "[redacted]". The value comes out through
// [Secret.Reveal] alone, which is easy to search for. The zero Secret holds the zero T.
type Secret[T any] struct {
	// A pointer, because fmt prints unexported fields of other structs without asking their methods: then it prints an
	// address.
	p *T
}

// NewSecret returns a Secret that holds v.
func NewSecret[T any](v T) Secret[T] { return Secret[T]{&v} }

// Reveal returns the value.
func (s Secret[T]) Reveal() T {
	if s.p == nil {
		var zero T
		return zero
	}
	return *s.p
}

// String returns "[redacted]".
func (s Secret[T]) String() string { return Redacted }

// GoString returns "[redacted]".
func (s Secret[T]) GoString() string { return Redacted }

// Format prints "[redacted]" for every verb.
func (s Secret[T]) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, Redacted) // a fmt.State has nowhere to report
}

// LogValue returns "[redacted]".
func (s Secret[T]) LogValue() slog.Value { return slog.StringValue(Redacted) }

// MarshalJSON returns "[redacted]".
func (s Secret[T]) MarshalJSON() ([]byte, error) { return []byte(`"` + Redacted + `"`), nil }

// MarshalText returns "[redacted]".
func (s Secret[T]) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// UnmarshalJSON reads the value, so that a Secret can stand in a configuration.
func (s *Secret[T]) UnmarshalJSON(b []byte) error {
	v := new(T)
	if err := json.Unmarshal(b, v); err != nil {
		// The error of encoding/json may quote the value.
		return fault.New(fault.BadRequest, "malformed secret")
	}
	s.p = v
	return nil
}

// UnmarshalText reads the value when T is string or an encoding.TextUnmarshaler.
func (s *Secret[T]) UnmarshalText(b []byte) error {
	v := new(T)
	switch x := any(v).(type) {
	case *string:
		*x = string(b)
	case encoding.TextUnmarshaler:
		if x.UnmarshalText(b) != nil {
			return fault.New(fault.BadRequest, "malformed secret")
		}
	default:
		return fault.New(fault.Unimplemented, "secret of this type has no text form")
	}
	s.p = v
	return nil
}
