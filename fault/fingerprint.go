package fault

import (
	"errors"
	"reflect"
	"strconv"
)

// FingerprintPartsOf returns the outermost parts set with [Fingerprint], nil when there are none.
func FingerprintPartsOf(err error) []string {
	var parts []string
	options(err, func(more *extra) bool {
		parts = more.fingerprint
		return parts == nil
	})
	return parts
}

// FingerprintOf returns a short text that is equal for errors of one kind: the parts given with [Fingerprint], else the
// code, the constant messages and the in-app functions of the stack without their lines. Attributes, formatted values and
// messages of other libraries do not count, so it is stable between builds and between occurrences.
func FingerprintOf(err error) string {
	if err == nil {
		return ""
	}
	h := fnv(14695981039346656037)
	if parts := FingerprintPartsOf(err); parts != nil {
		for _, p := range parts {
			if p == "{{ default }}" {
				p = defaultFingerprint(err).String()
			}
			h.add(p)
		}
		return h.String()
	}
	return defaultFingerprint(err).String()
}

func defaultFingerprint(err error) fnv {
	h := fnv(14695981039346656037)
	h.add(string(CodeOf(err)))
	for e := err; e != nil; {
		switch l := e.(type) {
		case *Error:
			if l.more != nil && l.more.template != "" {
				h.add(l.more.template)
			} else {
				h.add(l.msg)
			}
		case *Wrapped:
			h.add(l.msg)
		case *PanicError:
			h.add("panic " + typeName(l.Value))
		default:
			h.add(typeName(e))
		}
		e = errors.Unwrap(e)
	}
	if s := StackOf(err); s != nil {
		h ^= fnv(s.symbols().inApp)
		h *= 1099511628211
	}
	return h
}

// fnv is FNV-1a, with a separator after each text.
type fnv uint64

func (h *fnv) add(s string) {
	for i := range len(s) {
		*h = (*h ^ fnv(s[i])) * 1099511628211
	}
	*h = (*h ^ 0xff) * 1099511628211
}

func (h fnv) String() string {
	s := strconv.FormatUint(uint64(h), 16)
	return "0000000000000000"[len(s):] + s
}

func typeName(v any) string {
	if t := reflect.TypeOf(v); t != nil {
		return t.String()
	}
	return "nil"
}
