package fault

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Error is a layer of an error that [New] and its relatives or [With] made: it may have a code and options. Programs hold it
// as a plain error and look inside with [CodeOf], [Attrs], [StackOf] and the like; the type is exported for documentation.
//
// It is immutable and safe for concurrent use. Its JSON form is the public one, see [Error.MarshalJSON]; the internal form is
// [Report].
type Error struct {
	code  Code   // empty: this layer does not change the code
	msg   string // empty: this layer has only options
	cause error
	attrs []slog.Attr
	more  *extra // nil, the stack alone, or the stack and rare parts
}

// Wrapped is a layer of an error that [Wrap] made. It is a type of its own because it is smaller than an [Error], and has no
// method Is, which errors.Is would call on every layer.
type Wrapped struct {
	msg   string
	cause error
	attrs []slog.Attr
	more  *extra // nil, or the stack alone
}

// extra holds the stack and what few errors have. The one of an error that has a stack only belongs to the stack, which is
// interned: so an error is one allocation of 80 bytes and a wrap one of 64.
type extra struct {
	stack       *Stack
	template    string // format of Newf: groups errors whose text varies
	public      string
	hasPublic   bool
	private     bool // msg is not public although the code's status is below 500
	noStack     bool
	status      int // of a parsed problem with a code we do not know
	retryAfter  time.Duration
	hint        string
	fingerprint []string
	headers     [][2]string
	fields      []FieldError
}

// New returns an error with a code and a constant message, and the stack of the caller.
//
// The message is shown to clients when the code's status is below 500, so write it for them: "name is taken", without
// values, paths or SQL. What varies goes into attrs, which stay internal. Called while packages initialise it makes a
// sentinel: such an error carries no stack, and the first [Wrap] adds the one that matters.
func New(c Code, msg string, attrs ...slog.Attr) error {
	return &Error{code: c, msg: msg, attrs: attrs, more: callers(1).alone()}
}

// Newf is [New] with a message formatted at once. The format, not the text, decides how errors are grouped; the arguments
// are not kept. When an argument is itself an error the message is not shown to clients: use [Wrap] to keep a cause.
func Newf(c Code, format string, args ...any) error {
	m := &extra{template: format, stack: callers(1)}
	for _, a := range args {
		if _, ok := a.(error); ok {
			m.private = true
		}
	}
	return &Error{code: c, msg: fmt.Sprintf(format, args...), more: m}
}

// Wrap adds internal context: a constant message that says what the program was doing, and attributes the caller of the
// wrapping function cannot know. It returns nil for a nil err. The code and the public text stay those of err. A stack is
// taken only when err has none.
func Wrap(err error, msg string, attrs ...slog.Attr) error {
	if err == nil {
		return nil
	}
	e := &Wrapped{msg: msg, cause: err, attrs: attrs}
	if !hasStack(err) {
		e.more = callers(1).alone()
	}
	return e
}

// Join returns an error that wraps the given ones, or nil when all are nil. [CodeOf] is the code of the worst of them: the
// one logged at the highest level, then one that cannot be retried, then the highest status.
func Join(errs ...error) error { return errors.Join(errs...) }

// ResourceNotFound returns a [NotFound] error "<resource> not found". The id becomes an attribute: it is often what a
// client sent, so it has no place in a message.
func ResourceNotFound(resource string, id any) error {
	return &Error{
		code:  NotFound,
		msg:   resource + " not found",
		attrs: []slog.Attr{slog.String("resource", resource), slog.Any("id", id)},
		more:  callers(1).alone(),
	}
}

// Error returns the internal text: the messages of all layers, outermost first, joined by ": ". It is for logs and
// operators; what a client may see is [PublicMessage].
func (e *Error) Error() string { return text(e) }

// Error returns the internal text, as for *[Error].
func (w *Wrapped) Error() string { return text(w) }

// text works in one pass for the length and one to fill, so that a chain of any depth costs one allocation.
func text(err error) string {
	var n, parts int
	var only string
	last := err
	for {
		msg, cause, ours := split(last)
		if !ours {
			break
		}
		if msg != "" {
			n += len(msg) + 2
			parts++
			only = msg
		}
		last = cause
	}
	var tail string
	if last != nil {
		tail = last.Error()
		n += len(tail)
		parts++
		only = tail
	}
	switch parts {
	case 0:
		return string(CodeOf(err))
	case 1:
		return only
	}
	var b strings.Builder
	b.Grow(n)
	for {
		msg, cause, ours := split(err)
		if !ours {
			break
		}
		if msg != "" {
			if b.Len() > 0 {
				b.WriteString(": ")
			}
			b.WriteString(msg)
		}
		err = cause
	}
	if last != nil {
		b.WriteString(": ")
		b.WriteString(tail)
	}
	return b.String()
}

// split takes a layer of this package apart.
func split(err error) (msg string, cause error, ours bool) {
	switch e := err.(type) {
	case *Error:
		return e.msg, e.cause, true
	case *Wrapped:
		return e.msg, e.cause, true
	}
	return "", nil, false
}

// Unwrap returns the wrapped error, or nil at the origin.
func (e *Error) Unwrap() error { return e.cause }

// Unwrap returns the wrapped error.
func (w *Wrapped) Unwrap() error { return w.cause }

// Is makes errors.Is(err, code) true for the code of any layer.
func (e *Error) Is(target error) bool {
	c, ok := target.(Code)
	return ok && c == e.code && c != ""
}
