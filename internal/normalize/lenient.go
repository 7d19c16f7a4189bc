package normalize

import (
	"iter"
	"math"
	"strconv"
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// The functions below are the only ones that turn what was sent into what was meant. Everything else goes by them.

// longText bounds the JSON that an object in the place of a text is turned into.
const longText = 64 << 10

// text reads a text. Numbers and booleans become their text, lists their elements joined by blanks (React Native sends
// the arguments of console.error so), objects their JSON.
func text(v value) string {
	switch v.kind() {
	case event.String, event.Number, event.Bool:
		return v[0].text
	case event.List:
		var b strings.Builder
		for k := v.kids(); len(k) > 0 && b.Len() < longText; k = k.rest() {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(text(k.first()))
		}
		return b.String()
	case event.Object:
		if v[0].kids > 0 {
			return string(appendJSON(nil, v, longText))
		}
	}
	return ""
}

// pythonText is text with True and False for booleans, as they stand in tags and fingerprints.
func pythonText(v value) string {
	if v.kind() == event.Bool {
		if v[0].text == "true" {
			return "True"
		}
		return "False"
	}
	return text(v)
}

// short reads a text of limited length.
func (r *reader) short(name string, v value, chars int) string {
	if v.kind() == event.String && len(v[0].text) <= chars {
		return v[0].text
	}
	return r.limit(name, text(v), chars)
}

// word is short without blanks around.
func (r *reader) word(name string, v value, chars int) string {
	return r.limit(name, strings.TrimSpace(text(v)), chars)
}

// scalar reports whether the value is a text, number or boolean.
func scalar(v value) bool {
	k := v.kind()
	return k == event.String || k == event.Number || k == event.Bool
}

// integer reads a whole number: also a float without fraction, also as text.
func integer(v value) (int64, bool) {
	if k := v.kind(); k != event.Number && k != event.String {
		return 0, false
	}
	s := strings.TrimSpace(v[0].text)
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// count reads a whole number. A negative one is 0, as is what is none: Java has line -2 for native methods.
func (r *reader) count(name string, v value) int {
	// Lines and columns are most of the numbers of an event, and short.
	if v.kind() == event.Number && len(v[0].text) <= 9 {
		n := 0
		for _, c := range []byte(v[0].text) {
			if c < '0' || c > '9' {
				n = -1
				break
			}
			n = n*10 + int(c-'0')
		}
		if n >= 0 {
			return n
		}
	}
	n, ok := integer(v)
	if !ok {
		r.invalid(name, v)
	}
	return int(max(n, 0))
}

// boolean reads a truth: also 0 and 1, also as text.
func boolean(v value) (is, ok bool) {
	if !scalar(v) {
		return false, false
	}
	switch v[0].text {
	case "true", "1", "True", "TRUE", "yes", "Yes", "YES", "1.0":
		return true, true
	case "false", "0", "False", "FALSE", "no", "No", "NO", "0.0":
		return false, true
	}
	return false, false
}

// flag reads a boolean of which absent means false.
func (r *reader) flag(name string, v value) bool {
	is, ok := boolean(v)
	if !ok {
		r.invalid(name, v)
	}
	return is
}

// maybe reads a boolean of which absent means unknown.
func (r *reader) maybe(name string, v value) *bool {
	is, ok := boolean(v)
	if !ok {
		r.invalid(name, v)
		return nil
	}
	return r.bool(is)
}

func (r *reader) bool(is bool) *bool {
	b := append(r.mem.flags.take(1), is)
	return &b[0]
}

// elements reads a list: also {"values": […]}, also a single object. Elements that say nothing are among them.
func (r *reader) elements(name string, v value) values {
	switch v.kind() {
	case event.List:
		return v.kids()
	case event.Object:
		if v[0].kids == 0 {
			return nil
		}
		if inner := v.get("values"); len(inner) > 0 {
			if inner.kind() != event.List && inner.kind() != event.Object {
				r.invalid(name, inner)
				return nil
			}
			if inner.kind() == event.Object && inner[0].kids == 0 {
				return nil
			}
			if inner.kind() == event.List {
				return inner.kids()
			}
			return values(inner)
		}
		return values(v)
	default:
		r.invalid(name, v)
		return nil
	}
}

// entries reads a map: also a list of pairs, also a list of {"key":…,"value":…} (or "name" and "version").
func (r *reader) entries(name string, v value) iter.Seq2[string, value] {
	return func(yield func(string, value) bool) {
		switch v.kind() {
		case event.Object:
			for k := v.kids(); len(k) > 0; k = k.rest() {
				if !yield(k[0].key, k.first()) {
					return
				}
			}
		case event.List:
			for k := v.kids(); len(k) > 0; k = k.rest() {
				key, val, ok := entry(k.first())
				if !ok {
					r.invalid(name, k.first())
					continue
				}
				if !yield(key, val) {
					return
				}
			}
		default:
			r.invalid(name, v)
		}
	}
}

// entry reads one entry of a map that was sent as a list.
func entry(v value) (key string, val value, ok bool) {
	switch v.kind() {
	case event.List:
		k := v.kids()
		if v[0].kids == 0 || v[0].kids > 2 || !scalar(k.first()) {
			return "", nil, false
		}
		if rest := k.rest(); len(rest) > 0 {
			val = rest.first()
		}
		return k[0].text, val, true
	case event.Object:
		for _, names := range [...][2]string{{"key", "value"}, {"name", "value"}, {"name", "version"}} {
			if k := v.get(names[0]); scalar(k) {
				if val = v.get(names[1]); val != nil {
					return k[0].text, val, true
				}
			}
		}
	}
	return "", nil, false
}

// address reads a memory address: hexadecimal text as it is, in lower case; decimal text and numbers as hexadecimal.
func (r *reader) address(name string, v value) string {
	if v.empty() {
		return ""
	}
	s := strings.TrimSpace(text(v))
	if digits, ok := strings.CutPrefix(strings.ToLower(s), "0x"); ok && len(digits) <= 16 {
		if _, err := strconv.ParseUint(digits, 16, 64); err == nil {
			return "0x" + digits
		}
	}
	if n, err := strconv.ParseUint(s, 10, 64); err == nil {
		return "0x" + strconv.FormatUint(n, 16)
	}
	if n, ok := integer(v); ok && n >= 0 {
		return "0x" + strconv.FormatInt(n, 16)
	}
	r.invalid(name, v)
	return ""
}
