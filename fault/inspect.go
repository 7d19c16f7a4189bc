package fault

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"reflect"
	"strconv"
	"time"
)

// CodeOf returns the outermost code of err, "" for nil. Without any code, context.Canceled is [Canceled] and
// context.DeadlineExceeded is [Timeout]; everything else is [Internal]: a missing file or row is the caller's business only
// where the program says so. In a joined error the worst member counts. Types of other packages take part by a method
// FaultCode() Code.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if c, _ := find(err); c != "" {
		return c
	}
	return Internal
}

// HasCode reports whether a layer of err gives it a code. Without one [CodeOf] is [Internal]; a boundary to another library
// may know better, and gives its errors a code where they have none.
func HasCode(err error) bool {
	c, _ := find(err)
	return c != ""
}

// find returns the code of err, or "", and the error of the tree that gave it.
func find(err error) (Code, error) {
	for err != nil {
		switch e := err.(type) {
		case *Error:
			if e.code != "" {
				return e.code, e
			}
			err = e.cause
			continue
		case *Wrapped:
			err = e.cause
			continue
		case Code:
			return e, e
		}
		return findForeign(err)
	}
	return "", nil
}

func findForeign(err error) (Code, error) {
	if c, ok := err.(interface{ FaultCode() Code }); ok {
		return c.FaultCode(), err
	}
	switch {
	case err == context.Canceled: //nolint:errorlint // unwrapping is done here
		return Canceled, err
	case err == context.DeadlineExceeded: //nolint:errorlint // unwrapping is done here
		return Timeout, err
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return find(e.Unwrap())
	case interface{ Unwrap() []error }:
		c, _, at := worst(e.Unwrap())
		return c, at
	case interface{ Is(error) bool }: // such as the context errors of other packages
		switch {
		case e.Is(context.Canceled):
			return Canceled, err
		case e.Is(context.DeadlineExceeded):
			return Timeout, err
		}
	}
	return "", err
}

// worst returns the code, the position and the deciding error of the worst of errs.
func worst(errs []error) (code Code, index int, at error) {
	index = -1
	var bad Info
	for i, sub := range errs {
		if sub == nil {
			continue
		}
		c, a := find(sub)
		if c == "" {
			c = Internal
		}
		if info := c.Info(); index < 0 || worse(info, bad) {
			code, index, at, bad = c, i, a, info
		}
	}
	return code, index, at
}

func worse(a, b Info) bool {
	if a.Level != b.Level {
		return a.Level > b.Level
	}
	if a.Retryable != b.Retryable {
		return !a.Retryable
	}
	return a.Status > b.Status
}

// InfoOf returns how the code of err is treated; the zero Info for nil. An error made by [Parse] with a code this program
// does not know is treated by the status it came with.
func InfoOf(err error) Info {
	if err == nil {
		return Info{}
	}
	c, at := find(err)
	if e, ok := at.(*Error); ok && e.more != nil && e.more.status != 0 && !c.Registered() {
		return CodeForStatus(e.more.status).Info()
	}
	return c.Info()
}

// PublicMessage returns the text a client may see; "" for nil. It is the outermost [Public] text, else the message of the
// error that gave the code if its status is below 500, else the title of the code.
func PublicMessage(err error) string {
	if err == nil {
		return ""
	}
	info := InfoOf(err)
	msg, explicit := "", false
	layers(err, func(e part) bool {
		if e.more != nil && e.more.hasPublic {
			msg, explicit = e.more.public, true
			return false
		}
		if msg == "" && e.code != "" && e.cause == nil && e.msg != "" && e.code.Info().Status < 500 && (e.more == nil || !e.more.private) {
			msg = e.msg
		}
		return true
	})
	if msg != "" && (explicit || info.Status < 500) {
		return msg
	}
	return info.Title
}

// layers calls f for the layers made by this package, outermost first, until it returns false. In a joined error it goes on
// with the worst member, the one that decides the code.
func layers(err error, f func(part) bool) {
	for err != nil {
		if p, ok := partOf(err); ok {
			if !f(p) {
				return
			}
			err = p.cause
			continue
		}
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			err = e.Unwrap()
		case interface{ Unwrap() []error }:
			subs := e.Unwrap()
			_, i, _ := worst(subs)
			if i < 0 {
				return
			}
			err = subs[i]
		default:
			return
		}
	}
}

// all calls f for every layer of the tree made by this package, depth first, until it returns false.
func all(err error, f func(part) bool) bool {
	for err != nil {
		if p, ok := partOf(err); ok {
			if !f(p) {
				return false
			}
			err = p.cause
			continue
		}
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			err = e.Unwrap()
		case interface{ Unwrap() []error }:
			for _, sub := range e.Unwrap() {
				if !all(sub, f) {
					return false
				}
			}
			return true
		default:
			return true
		}
	}
	return true
}

// Fields returns the field errors of the whole tree. The slice must not be changed: it is the error's own when one error
// holds them all.
func Fields(err error) []FieldError {
	var out []FieldError
	shared := false
	all(err, func(e part) bool {
		if e.more == nil || len(e.more.fields) == 0 {
			return true
		}
		if out == nil {
			out, shared = e.more.fields, true
			return true
		}
		if shared {
			out, shared = append([]FieldError(nil), out...), false
		}
		out = append(out, e.more.fields...)
		return true
	})
	return out
}

// Attrs yields the attributes of the whole tree, outermost first.
func Attrs(err error) iter.Seq[slog.Attr] {
	return func(yield func(slog.Attr) bool) {
		all(err, func(e part) bool {
			for _, a := range e.attrs {
				if !yield(a) {
					return false
				}
			}
			return true
		})
	}
}

// RetryAfterOf returns when trying again makes sense, and whether the error says so; see [RetryAfter].
func RetryAfterOf(err error) (time.Duration, bool) {
	var d time.Duration
	layers(err, func(e part) bool {
		if e.more != nil && e.more.retryAfter > 0 {
			d = e.more.retryAfter
		}
		return d == 0
	})
	if d == 1 { // how RetryAfter(0) is kept apart from none
		return 0, true
	}
	return d, d > 0
}

// HintOf returns the outermost [Hint], "" when there is none.
func HintOf(err error) string {
	var h string
	layers(err, func(e part) bool {
		if e.more != nil {
			h = e.more.hint
		}
		return h == ""
	})
	return h
}

// HeadersOf yields the response headers set with [Header], outermost first.
func HeadersOf(err error) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		layers(err, func(e part) bool {
			if e.more == nil {
				return true
			}
			for _, h := range e.more.headers {
				if !yield(h[0], h[1]) {
					return false
				}
			}
			return true
		})
	}
}

// FingerprintPartsOf returns the outermost parts set with [Fingerprint], nil when there are none.
func FingerprintPartsOf(err error) []string {
	var parts []string
	layers(err, func(e part) bool {
		if e.more != nil {
			parts = e.more.fingerprint
		}
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
		if f, ok := partOf(e); ok {
			if f.more != nil && f.more.template != "" {
				h.add(f.more.template)
			} else {
				h.add(f.msg)
			}
		} else if p, ok := e.(*PanicError); ok {
			h.add("panic " + reflect.TypeOf(p.Value).String())
		} else {
			h.add(reflect.TypeOf(e).String())
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
