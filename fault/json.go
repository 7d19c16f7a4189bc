package fault

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// appendString appends s as a JSON string. Bytes that are not UTF-8 become the replacement character, and U+2028/2029 are
// escaped, as encoding/json does.
func appendString(b []byte, s string) []byte {
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
		if r == utf8.RuneError && size == 1 || r == '\u2028' || r == '\u2029' {
			b = append(b, s[start:i]...)
			if r == utf8.RuneError {
				b = append(b, `\ufffd`...)
			} else {
				b = append(b, `\u202`...)
				b = append(b, hex[r&0xf])
			}
			i += size
			start = i
			continue
		}
		i += size
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

// appendValue appends an attribute value: errors and Stringers as text, groups as objects, the rest as encoding/json would.
func appendValue(b []byte, v slog.Value) []byte {
	v = v.Resolve()
	switch v.Kind() {
	case slog.KindString:
		return appendString(b, v.String())
	case slog.KindInt64:
		return strconv.AppendInt(b, v.Int64(), 10)
	case slog.KindUint64:
		return strconv.AppendUint(b, v.Uint64(), 10)
	case slog.KindFloat64:
		if f := v.Float64(); math.IsNaN(f) || math.IsInf(f, 0) {
			return appendString(b, v.String())
		}
		return strconv.AppendFloat(b, v.Float64(), 'g', -1, 64)
	case slog.KindBool:
		return strconv.AppendBool(b, v.Bool())
	case slog.KindDuration:
		return appendString(b, v.Duration().String())
	case slog.KindTime:
		return appendString(b, v.Time().Format(time.RFC3339Nano))
	case slog.KindGroup:
		return appendAttrs(b, v.Group())
	}
	switch x := v.Any().(type) {
	case nil:
		return append(b, "null"...)
	case json.Marshaler: // first, so that types keep control over what they show
	case error:
		return appendString(b, x.Error())
	case fmt.Stringer:
		return appendString(b, x.String())
	case []byte:
		return appendString(b, string(x))
	}
	if js, err := json.Marshal(v.Any()); err == nil {
		return append(b, js...)
	}
	return appendString(b, fmt.Sprintf("%+v", v.Any()))
}

// appendAttrs appends an object. Of equal keys the first counts: attributes come outermost first.
func appendAttrs(b []byte, attrs []slog.Attr) []byte {
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
		b = appendString(b, a.Key)
		b = append(b, ':')
		b = appendValue(b, a.Value)
	}
	return append(b, '}')
}

func (f Frame) appendJSON(b []byte) []byte {
	b = append(b, `{"function":`...)
	b = appendString(b, f.Function)
	b = append(b, `,"file":`...)
	b = appendString(b, f.File)
	b = append(b, `,"line":`...)
	b = strconv.AppendInt(b, int64(f.Line), 10)
	if f.InApp {
		b = append(b, `,"in_app":true`...)
	}
	return append(b, '}')
}

func appendFields(b []byte, fields []FieldError) []byte {
	b = append(b, '[')
	for i, f := range fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"field":`...)
		b = appendString(b, f.Field)
		for _, p := range [...][2]string{{"rule", f.Rule}, {"message", f.Message}, {"param", f.Param}} {
			if p[1] != "" {
				b = append(b, `,"`+p[0]+`":`...)
				b = appendString(b, p[1])
			}
		}
		b = append(b, '}')
	}
	return append(b, ']')
}
