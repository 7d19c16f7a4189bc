package fault

import (
	"errors"
	"io"
	"sync/atomic"
)

// View returns the outbound twin of err for frameworks that send err.Error() to clients (gRPC, Connect, GraphQL, fiber):
// its text is [PublicMessage], its code and fields are those of err, and errors.Is and errors.As still reach the original.
// It returns nil for nil.
func View(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := err.(view); ok {
		return err
	}
	return view{err}
}

type view struct{ err error }

func (v view) Error() string { return PublicMessage(v.err) }
func (v view) Unwrap() error { return v.err }

// GoString keeps %#v from printing the original.
func (v view) GoString() string { return "fault.View(" + v.Error() + ")" }

// MarshalJSON gives the public form, as for *Error.
func (v view) MarshalJSON() ([]byte, error) { return appendPublic(nil, v.err), nil }

var ignored atomic.Uint64

// Ignore drops err, saying why. It is the one way to drop an error on purpose: a reader sees the reason, analysers know the
// name, and [Ignored] counts what was dropped. Nil errors are fine and do not count.
func Ignore(err error, why string) {
	if err != nil {
		_ = why // the reason is for readers
		ignored.Add(1)
	}
}

// Ignored returns how many errors [Ignore] dropped since the program started.
func Ignored() uint64 { return ignored.Load() }

// Close closes c and joins its error to *errp, for use with defer where a failed Close means lost data.
func Close(c io.Closer, errp *error) {
	if err := c.Close(); err != nil {
		*errp = errors.Join(*errp, Wrap(err, "close"))
	}
}
