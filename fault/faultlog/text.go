package faultlog

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/internal/jsonenc"
)

// textHandler writes a line for people, and below it the stack of errors:
//
//	15:04:05.000 ERROR save cart cart=7 error="write row: disk full" code=UNAVAILABLE
//	    shop/cart.(*Cart).Save
//	        /src/shop/cart/cart.go:41
type textHandler struct {
	handler
	prefix string // of keys, the open groups: "a.b."
	text   []byte // attributes of WithAttrs
}

// WithGroup returns a handler that prefixes the keys that follow.
func (h *textHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	n := *h
	n.prefix += name + "."
	return &n
}

// WithAttrs returns a handler that adds the attributes to every record.
func (h *textHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	n := *h
	l := line{h: h, b: slices.Clone(h.text), level: slog.LevelInfo}
	for _, a := range attrs {
		l.attr(h.prefix, a)
	}
	n.text = l.b
	return &n
}

// Handle writes one record.
func (h *textHandler) Handle(ctx context.Context, r slog.Record) error {
	l := line{h: h, b: make([]byte, 0, 256), level: r.Level}
	if !r.Time.IsZero() {
		l.b = r.Time.AppendFormat(l.b, "15:04:05.000 ")
	}
	l.levelName(r.Level)
	l.b = append(l.b, Clean(h.o.Redact.String(r.Message))...)
	for _, a := range contextAttrs(ctx) {
		l.attr("", a)
	}
	l.b = append(l.b, h.text...)
	r.Attrs(func(a slog.Attr) bool {
		l.attr(h.prefix, a)
		return true
	})
	if h.o.AddSource && r.PC != 0 {
		l.pair("source", source(r.PC))
	}
	l.b = append(l.b, '\n')
	l.b = append(l.b, l.stack...)
	return h.out.write(l.b)
}

// line is a record in the making.
type line struct {
	h     *textHandler
	b     []byte
	stack []byte
	level slog.Level
}

func (l *line) levelName(level slog.Level) {
	name := LevelName(level)
	if !l.h.o.Color {
		l.b = append(l.b, name...)
	} else {
		colour := "34" // blue
		switch {
		case level >= slog.LevelError:
			colour = "31"
		case level >= slog.LevelWarn:
			colour = "33"
		case level >= slog.LevelInfo:
			colour = "32"
		}
		l.b = append(l.b, "\x1b["+colour+"m"+name+"\x1b[0m"...)
	}
	for range max(1, 6-len(name)) { // align INFO and ERROR
		l.b = append(l.b, ' ')
	}
}

func (l *line) pair(key, value string) {
	l.b = append(l.b, ' ')
	l.b = append(l.b, Clean(key)...)
	l.b = append(l.b, '=')
	l.b = appendText(l.b, value)
}

func (l *line) attr(prefix string, a slog.Attr) {
	if k := a.Value.Kind(); k == slog.KindAny || k == slog.KindLogValuer {
		if err := errorOf(a.Value); err != nil {
			l.error(prefix, a.Key, err)
			return
		}
	}
	v := a.Value.Resolve()
	if a.Key == "" && v.Kind() == slog.KindAny && v.Any() == nil {
		return
	}
	redact := l.h.o.Redact
	switch {
	case redact.secretValue(a.Key, v.Kind()):
		l.pair(prefix+a.Key, Redacted)
	case v.Kind() == slog.KindGroup:
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, sub := range v.Group() {
			l.attr(prefix, sub)
		}
	case v.Kind() == slog.KindString:
		l.pair(prefix+a.Key, redact.String(v.String()))
	case v.Kind() == slog.KindAny:
		js := string(redact.AppendJSON(nil, v))
		if s, err := strconv.Unquote(js); err == nil {
			js = s
		}
		l.pair(prefix+a.Key, js)
	default:
		l.pair(prefix+a.Key, v.String())
	}
}

func (l *line) error(prefix, key string, err error) {
	l.pair(prefix+key, l.h.o.Redact.String(err.Error()))
	if c := fault.CodeOf(err); c != fault.Internal {
		l.pair(prefix+"code", string(c))
	}
	for a := range fault.Attrs(err) {
		l.attr(prefix, a)
	}
	if h := fault.HintOf(err); h != "" {
		l.pair(prefix+"hint", h)
	}
	if l.level < slog.LevelError {
		return
	}
	for f := range fault.StackOf(err).Frames() {
		l.stack = append(l.stack, "    "+f.Function+"\n        "+f.File+":"...)
		l.stack = strconv.AppendInt(l.stack, int64(f.Line), 10)
		l.stack = append(l.stack, '\n')
	}
}

// appendText appends s, quoted where a reader could not tell where it ends.
func appendText(b []byte, s string) []byte {
	plain := s != "" && strings.IndexFunc(s, func(r rune) bool {
		return r <= ' ' || r == '"' || r == '=' || r == 0x7f || r == utf8.RuneError || r > 0x7f && !unicode.IsPrint(r)
	}) < 0
	if plain {
		return append(b, s...)
	}
	return strconv.AppendQuote(b, s)
}

// Clean makes s safe to print in a line of a log or a terminal: control characters, runes that turn the direction of text,
// and bytes that are not UTF-8 become escapes such as \n and \x1b. A clean text is returned as it is. The handlers of this
// package do it by themselves; Clean is for writers that do not.
func Clean(s string) string {
	i := 0
	for ; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= 0x7f {
			break
		}
	}
	if i == len(s) {
		return s
	}
	b := append(make([]byte, 0, len(s)+8), s[:i]...)
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(b, `\x`...)
			b = append(b, "0123456789abcdef"[s[i]>>4], "0123456789abcdef"[s[i]&0xf])
		case r < ' ' || r == 0x7f || jsonenc.Hostile(r):
			q := strconv.AppendQuoteRuneToASCII(nil, r)
			b = append(b, q[1:len(q)-1]...)
		default:
			b = append(b, s[i:i+size]...)
		}
		i += size
	}
	return string(b)
}
