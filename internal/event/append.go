package event

import (
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/seismohq/seismo/fault"
)

// maxDepth is how deep a Value may be nested in JSON that is written or read. Normalisation keeps far below it.
const maxDepth = 1000

var (
	errNumber = fault.With(fault.New(fault.Internal, "number of an event is no JSON number"), fault.NoStack)
	errDepth  = fault.With(fault.New(fault.Internal, "value of an event is nested too deeply"), fault.NoStack)
	errTime   = fault.With(fault.New(fault.Internal, "time of an event is outside the years 0 to 9999"), fault.NoStack)
)

// writer appends JSON by hand: it is a third of what reflection costs, and the pipeline writes every event. A test holds
// it to the struct tags.
type writer struct {
	b   []byte
	err error // the first
}

// key starts a member of the object in progress.
func (w *writer) key(name string) {
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
	w.b = append(w.b, '"')
	w.b = append(w.b, name...)
	w.b = append(w.b, '"', ':')
}

// text writes a member that is left out when empty.
func (w *writer) text(name, s string) {
	if s != "" {
		w.key(name)
		w.b = appendString(w.b, s)
	}
}

func (w *writer) always(name, s string) {
	w.key(name)
	w.b = appendString(w.b, s)
}

func (w *writer) integer(name string, n int64) {
	if n != 0 {
		w.key(name)
		w.b = strconv.AppendInt(w.b, n, 10)
	}
}

func (w *writer) number(n int64) { w.b = strconv.AppendInt(w.b, n, 10) }

func (w *writer) truth(f bool) { w.b = strconv.AppendBool(w.b, f) }

func (w *writer) pointer(name string, n *int) {
	if n != nil {
		w.key(name)
		w.b = strconv.AppendInt(w.b, int64(*n), 10)
	}
}

func (w *writer) flag(name string, f bool) {
	if f {
		w.key(name)
		w.b = append(w.b, "true"...)
	}
}

func (w *writer) maybe(name string, f *bool) {
	if f != nil {
		w.key(name)
		w.b = strconv.AppendBool(w.b, *f)
	}
}

func (w *writer) value(name string, v *Value) {
	if v.Kind != Null {
		w.key(name)
		w.raw(v, 0)
	}
}

func (w *writer) object(name string, m Map) {
	if m != nil {
		w.key(name)
		w.fields(m, 0)
	}
}

func (w *writer) strings(name string, list []string) {
	if list == nil {
		return
	}
	w.key(name)
	w.b = append(w.b, '[')
	for i, s := range list {
		w.comma(i)
		w.b = appendString(w.b, s)
	}
	w.b = append(w.b, ']')
}

func (w *writer) tags(name string, tags []Tag) {
	if tags == nil {
		return
	}
	w.key(name)
	w.b = append(w.b, '[')
	for i := range tags {
		w.comma(i)
		w.b = append(w.b, `{"key":`...)
		w.b = appendString(w.b, tags[i].Key)
		w.b = append(w.b, `,"value":`...)
		w.b = append(appendString(w.b, tags[i].Value), '}')
	}
	w.b = append(w.b, ']')
}

func (w *writer) time(name string, t time.Time) {
	w.key(name)
	var ok bool
	if w.b, ok = appendTime(w.b, t); !ok && w.err == nil {
		w.err = errTime
	}
}

// comma separates the i-th element of a list from the one before.
func (w *writer) comma(i int) {
	if i > 0 {
		w.b = append(w.b, ',')
	}
}

func (w *writer) raw(v *Value, depth int) {
	switch v.Kind {
	case Null:
		w.b = append(w.b, "null"...)
	case Bool:
		w.b = strconv.AppendBool(w.b, v.Text == "true")
	case Number:
		if !IsNumber(v.Text) && w.err == nil {
			w.err = errNumber
		}
		w.b = append(w.b, v.Text...)
	case String:
		w.b = appendString(w.b, v.Text)
	case List:
		if depth++; depth > maxDepth {
			w.tooDeep()
			return
		}
		w.b = append(w.b, '[')
		for i := range v.List {
			w.comma(i)
			w.raw(&v.List[i], depth)
		}
		w.b = append(w.b, ']')
	case Object:
		w.fields(v.Map, depth)
	}
}

func (w *writer) fields(m Map, depth int) {
	if depth++; depth > maxDepth {
		w.tooDeep()
		return
	}
	w.b = append(w.b, '{')
	for i := range m {
		w.comma(i)
		w.b = append(appendString(w.b, m[i].Key), ':')
		w.raw(&m[i].Value, depth)
	}
	w.b = append(w.b, '}')
}

func (w *writer) tooDeep() {
	w.b = append(w.b, "null"...)
	if w.err == nil {
		w.err = errDepth
	}
}

// plain are the bytes that stand for themselves in a JSON string.
var plain = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// plain8 reports whether all of eight bytes are plain, at once; it may say no where it is yes.
func plain8(s string) bool {
	_ = s[7]
	x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	const each = 0x0101010101010101
	// The top bit of a byte is set by: no ASCII, less than a blank, equal to a quote, equal to a backslash.
	return (x|(x-each*' ')|((x^each*'"')-each)|((x^each*'\\')-each))&(each*0x80) == 0
}

// appendString appends s as a JSON string. Bytes that are no UTF-8 become U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		if i+8 <= len(s) && plain8(s[i:i+8]) {
			i += 8
			continue
		}
		c := s[i]
		if plain[c] {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[start:i]...), "\ufffd"...)
				start = i + 1
			}
			i += size
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
			const hex = "0123456789abcdef"
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}

// appendTime appends t as RFC 3339 in UTC with microseconds, cutting what is finer. It reports false for a year that
// RFC 3339 cannot say.
func appendTime(b []byte, t time.Time) ([]byte, bool) {
	t = t.UTC()
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return append(b, `""`...), false
	}
	hour, minute, second := t.Clock()
	micros := t.Nanosecond() / 1000
	two := func(b []byte, n int, end byte) []byte { return append(b, byte('0'+n/10), byte('0'+n%10), end) }
	b = append(b, '"', byte('0'+year/1000), byte('0'+year/100%10))
	b = two(b, year%100, '-')
	b = two(b, int(month), '-')
	b = two(b, day, 'T')
	b = two(b, hour, ':')
	b = two(b, minute, ':')
	b = two(b, second, '.')
	for div := 100_000; div > 0; div /= 10 {
		b = append(b, byte('0'+micros/div%10))
	}
	return append(b, 'Z', '"'), true
}

// IsNumber reports whether s is a number by the grammar of JSON (RFC 8259 section 6), which the Text of a Number must be.
func IsNumber(s string) bool {
	i := 0
	if i < len(s) && s[i] == '-' {
		i++
	}
	digits := func() bool {
		start := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		return i > start
	}
	if i < len(s) && s[i] == '0' {
		i++
	} else if !digits() {
		return false
	}
	if i < len(s) && s[i] == '.' {
		if i++; !digits() {
			return false
		}
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		if i++; i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if !digits() {
			return false
		}
	}
	return i == len(s)
}
