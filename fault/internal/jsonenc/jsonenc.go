// Package jsonenc appends JSON without reflection where that is possible. It is the one place of the module that knows how
// text and slog values look in JSON.
package jsonenc

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// Hostile reports whether a terminal or viewer acts on r beyond ASCII: C1 controls, line separators, and the marks that turn
// the direction of text. All of them fit into four hexadecimal digits.
func Hostile(r rune) bool {
	return r >= 0x80 && r <= 0x9f || r == 0x200e || r == 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// AppendString appends s as a JSON string. Bytes that are not UTF-8 become the replacement character; controls and [Hostile]
// runes are escaped.
func AppendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' && c != 0x7f {
				i++
				continue
			}
			b = append(b, s[start:i]...)
			switch c {
			case '"', '\\':
				b = append(b, '\\', c)
			case '\n':
				b = append(b, '\\', 'n')
			case '\r':
				b = append(b, '\\', 'r')
			case '\t':
				b = append(b, '\\', 't')
			default:
				b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 || Hostile(r) {
			b = append(b, s[start:i]...)
			b = append(b, '\\', 'u', hex[r>>12&0xf], hex[r>>8&0xf], hex[r>>4&0xf], hex[r&0xf])
			i += size
			start = i
			continue
		}
		i += size
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

// AppendValue appends an attribute value: errors and Stringers as text, groups as objects, the rest as encoding/json would.
func AppendValue(b []byte, v slog.Value) []byte {
	v = v.Resolve()
	switch v.Kind() {
	case slog.KindString:
		return AppendString(b, v.String())
	case slog.KindInt64:
		return strconv.AppendInt(b, v.Int64(), 10)
	case slog.KindUint64:
		return strconv.AppendUint(b, v.Uint64(), 10)
	case slog.KindFloat64:
		if f := v.Float64(); math.IsNaN(f) || math.IsInf(f, 0) {
			return AppendString(b, v.String())
		}
		return strconv.AppendFloat(b, v.Float64(), 'g', -1, 64)
	case slog.KindBool:
		return strconv.AppendBool(b, v.Bool())
	case slog.KindDuration:
		return AppendString(b, v.Duration().String())
	case slog.KindTime:
		return AppendString(b, v.Time().Format(time.RFC3339Nano))
	case slog.KindGroup:
		return AppendAttrs(b, v.Group())
	}
	switch x := v.Any().(type) {
	case nil:
		return append(b, "null"...)
	case json.Marshaler: // first, so that types keep control over what they show
	case error:
		return AppendString(b, x.Error())
	case fmt.Stringer:
		return AppendString(b, x.String())
	case []byte:
		return AppendString(b, string(x))
	}
	if js, err := json.Marshal(v.Any()); err == nil {
		return append(b, js...)
	}
	return AppendString(b, fmt.Sprintf("%+v", v.Any()))
}

// AppendAttrs appends an object. Of equal keys the first counts: attributes come outermost first.
func AppendAttrs(b []byte, attrs []slog.Attr) []byte {
	b = append(b, '{')
	n := len(b)
next:
	for i, a := range attrs {
		for _, earlier := range attrs[:i] {
			if earlier.Key == a.Key {
				continue next
			}
		}
		if len(b) > n {
			b = append(b, ',')
		}
		b = AppendString(b, a.Key)
		b = append(b, ':')
		b = AppendValue(b, a.Value)
	}
	return append(b, '}')
}
