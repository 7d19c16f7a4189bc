package fault

import (
	"context"
	"iter"
	"log/slog"
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
	msg := ""
	for e := err; e != nil; {
		switch l := e.(type) {
		case *Error:
			if l.more != nil && l.more.hasPublic {
				if l.more.public == "" {
					return info.Title
				}
				return l.more.public
			}
			if msg == "" && l.cause == nil && l.code.Info().Status < 500 && (l.more == nil || !l.more.private) {
				msg = l.msg
			}
			e = l.cause
		case *Wrapped:
			e = l.cause
		default:
			e = inward(e)
		}
	}
	if msg != "" && info.Status < 500 {
		return msg
	}
	return info.Title
}

// inward returns the next error within one of another package: of a joined error the worst member, the one that decides the
// code.
func inward(err error) error {
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return e.Unwrap()
	case interface{ Unwrap() []error }:
		subs := e.Unwrap()
		if _, i, _ := worst(subs); i >= 0 {
			return subs[i]
		}
	}
	return nil
}

// options calls f for the options of err, outermost first, until it returns false; of a joined error for those of its worst
// member.
func options(err error, f func(*extra) bool) {
	for err != nil {
		switch e := err.(type) {
		case *Error:
			if e.more != nil && !f(e.more) {
				return
			}
			err = e.cause
		case *Wrapped:
			err = e.cause
		default:
			err = inward(err)
		}
	}
}

// walk calls f for the attributes and options of the whole tree, depth first, until it returns false.
func walk(err error, f func([]slog.Attr, *extra) bool) bool {
	for err != nil {
		switch e := err.(type) {
		case *Error:
			if (e.attrs != nil || e.more != nil) && !f(e.attrs, e.more) {
				return false
			}
			err = e.cause
		case *Wrapped:
			if e.attrs != nil && !f(e.attrs, nil) {
				return false
			}
			err = e.cause
		case interface{ Unwrap() error }:
			err = e.Unwrap()
		case interface{ Unwrap() []error }:
			for _, sub := range e.Unwrap() {
				if !walk(sub, f) {
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
	walk(err, func(_ []slog.Attr, more *extra) bool {
		switch {
		case more == nil || len(more.fields) == 0:
		case out == nil:
			out, shared = more.fields, true
		case shared:
			out, shared = append(append([]FieldError(nil), out...), more.fields...), false
		default:
			out = append(out, more.fields...)
		}
		return true
	})
	return out
}

// Attrs yields the attributes of the whole tree, outermost first.
func Attrs(err error) iter.Seq[slog.Attr] {
	return func(yield func(slog.Attr) bool) {
		walk(err, func(attrs []slog.Attr, _ *extra) bool {
			for _, a := range attrs {
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
	options(err, func(more *extra) bool {
		d = more.retryAfter
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
	options(err, func(more *extra) bool {
		h = more.hint
		return h == ""
	})
	return h
}

// HeadersOf yields the response headers set with [Header], outermost first.
func HeadersOf(err error) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		options(err, func(more *extra) bool {
			for _, h := range more.headers {
				if !yield(h[0], h[1]) {
					return false
				}
			}
			return true
		})
	}
}
