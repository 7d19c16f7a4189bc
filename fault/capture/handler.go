package capture

import (
	"context"
	"log/slog"
	"slices"

	"github.com/seismohq/seismo/fault/faultlog"
)

// Handler returns a handler that passes records on to next, and makes those of level min and above reports of c: of the error
// among their attributes, or of their message. Records below become breadcrumbs of the context's scope, or, without one, of
// the client. Records of a boundary that reports by itself are not reported twice.
func Handler(next slog.Handler, min slog.Level, c *Client) slog.Handler {
	return &handler{next: next, min: min, c: c}
}

type handler struct {
	next   slog.Handler
	min    slog.Level
	c      *Client
	attrs  []slog.Attr
	prefix string // open groups
}

// Enabled follows next: a report needs no record, but a program that silences its log means it.
func (h *handler) Enabled(ctx context.Context, l slog.Level) bool { return h.next.Enabled(ctx, l) }

// WithGroup returns a handler for records within the group.
func (h *handler) WithGroup(name string) slog.Handler {
	n := *h
	n.next = h.next.WithGroup(name)
	if name != "" {
		n.prefix += name + "."
	}
	return &n
}

// WithAttrs returns a handler for records with the attributes.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	n := *h
	n.next = h.next.WithAttrs(attrs)
	n.attrs = append(h.attrs[:len(h.attrs):len(h.attrs)], h.prefixed(attrs)...)
	return &n
}

func (h *handler) prefixed(attrs []slog.Attr) []slog.Attr {
	if h.prefix == "" {
		return attrs
	}
	out := slices.Clone(attrs)
	for i := range out {
		out[i].Key = h.prefix + out[i].Key
	}
	return out
}

// Handle passes the record on and reports it. The error is that of next.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	if h.c != nil && h.c.enabled && ctx.Value(ownKey{}) == nil {
		h.report(ctx, r)
	}
	return h.next.Handle(ctx, r)
}

func (h *handler) report(ctx context.Context, r slog.Record) {
	attrs := slices.Concat(faultlog.ContextAttrs(ctx), h.attrs)
	var err error
	r.Attrs(func(a slog.Attr) bool {
		if err == nil {
			if err = faultlog.ErrorOf(a); err != nil {
				return true
			}
		}
		a.Key = h.prefix + a.Key
		attrs = append(attrs, a)
		return true
	})
	if r.Level < h.min {
		if err != nil {
			attrs = append(attrs, slog.String("error", err.Error()))
		}
		scope := Scope(ctx)
		if scope == nil {
			scope = &h.c.root
		}
		scope.add(crumb{at: r.Time, level: r.Level, msg: r.Message, attrs: attrs})
		return
	}
	if err == nil {
		h.c.Message(ctx, r.Level, r.Message, attrs...)
		return
	}
	h.c.Error(ctx, err, Level(r.Level), Attrs(append(attrs, slog.String("log", r.Message))...))
}
