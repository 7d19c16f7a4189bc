package fault

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Error is one layer of an error made by this package. Programs hold it as a plain error and look inside with [CodeOf],
// [Attrs], [StackOf] and the like; the type is exported for errors.As and for documentation.
//
// An Error is immutable and safe for concurrent use. Its JSON form is the public one, see [Error.MarshalJSON]; the internal
// form is [Report].
type Error struct {
	code  Code   // empty: this layer does not change the code
	msg   string // empty: this layer has only options
	cause error
	attrs []slog.Attr
	stack *Stack
	more  *extra // the rare parts, so that the common error is one allocation of 96 bytes
}

// extra holds what few errors have.
type extra struct {
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
	return &Error{code: c, msg: msg, attrs: attrs, stack: callers(1)}
}

// Newf is [New] with a message formatted at once. The format, not the text, decides how errors are grouped; the arguments
// are not kept. When an argument is itself an error the message is not shown to clients: use [Wrap] to keep a cause.
func Newf(c Code, format string, args ...any) error {
	m := &extra{template: format}
	for _, a := range args {
		if _, ok := a.(error); ok {
			m.private = true
		}
	}
	return &Error{code: c, msg: fmt.Sprintf(format, args...), stack: callers(1), more: m}
}

// Wrap adds internal context: a constant message that says what the program was doing, and attributes the caller of the
// wrapping function cannot know. It returns nil for a nil err. The code and the public text stay those of err. A stack is
// taken only when err has none.
func Wrap(err error, msg string, attrs ...slog.Attr) error {
	if err == nil {
		return nil
	}
	e := &Error{msg: msg, cause: err, attrs: attrs}
	if !hasStack(err) {
		e.stack = callers(1)
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
		stack: callers(1),
	}
}

// Error returns the internal text: the messages of all layers, outermost first, joined by ": ". It is for logs and
// operators; what a client may see is [PublicMessage].
func (e *Error) Error() string {
	// One pass for the length and one to fill, so that a chain of any depth costs one allocation.
	var n, parts int
	last := e
	for {
		if last.msg != "" {
			n += len(last.msg) + 2
			parts++
		}
		next, ok := last.cause.(*Error)
		if !ok {
			break
		}
		last = next
	}
	var tail string
	if last.cause != nil {
		tail = last.cause.Error()
		n += len(tail)
		parts++
	}
	if parts == 0 {
		return string(CodeOf(e))
	}
	if parts == 1 && tail != "" {
		return tail
	}
	if parts == 1 && e.msg != "" {
		return e.msg
	}
	var b strings.Builder
	b.Grow(n)
	for l := e; ; l = l.cause.(*Error) {
		if l.msg != "" {
			if b.Len() > 0 {
				b.WriteString(": ")
			}
			b.WriteString(l.msg)
		}
		if l == last {
			break
		}
	}
	if last.cause != nil {
		if b.Len() > 0 {
			b.WriteString(": ")
		}
		b.WriteString(tail)
	}
	return b.String()
}

// Unwrap returns the wrapped error, or nil at the origin.
func (e *Error) Unwrap() error { return e.cause }

// Is makes errors.Is(err, code) true for the code of any layer.
func (e *Error) Is(target error) bool {
	c, ok := target.(Code)
	return ok && c == e.code
}
