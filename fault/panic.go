package fault

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
)

// PanicError is a panic turned into an error. Its code is [Internal], whatever was panicked with: a panic is a bug.
type PanicError struct {
	Value any // what was given to panic
	stack *Stack
}

// Error returns "panic: " and the value.
func (p *PanicError) Error() string {
	if err, ok := p.Value.(error); ok {
		return "panic: " + err.Error()
	}
	return fmt.Sprintf("panic: %v", p.Value)
}

// Unwrap returns the value when it is an error.
func (p *PanicError) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// FaultCode returns [Internal].
func (p *PanicError) FaultCode() Code { return Internal }

// Recover turns a panic of the surrounding function into an error:
//
//	func work() (err error) {
//		defer fault.Recover(&err)
//
// The error is a *[PanicError] with the stack of the panic, and replaces what *errp held. runtime.Goexit is let through, and
// so is a panic with http.ErrAbortHandler, which net/http needs to see. It must be deferred directly. With a nil errp the
// error goes to the hook of [OnUncaught].
func Recover(errp *error) {
	v := recover()
	if v == nil {
		return
	}
	err := FromPanic(v)
	if errp == nil {
		Uncaught(context.Background(), err)
		return
	}
	*errp = err
}

// FromPanic returns the *[PanicError] for a value that recover gave, with the stack of the panic. It must be called by the
// deferred function that recovered. It returns nil for nil and panics again with http.ErrAbortHandler.
func FromPanic(v any) error {
	if v == nil {
		return nil
	}
	if IsAbort(v) {
		panic(v)
	}
	return &PanicError{Value: v, stack: panicStack()}
}

// IsAbort reports whether v is http.ErrAbortHandler, by its text: this package does not import net/http.
func IsAbort(v any) bool {
	err, ok := v.(error)
	return ok && err.Error() == "net/http: abort Handler" && fmt.Sprintf("%T", v) == "*errors.errorString"
}

// panicStack returns the stack from the panicking call on, without the machinery of the panic above it.
func panicStack() *Stack {
	var buf [2 * maxDepth]uintptr
	pcs := buf[:runtime.Callers(2, buf[:])]
	name := func(pc uintptr) string {
		if f := runtime.FuncForPC(pc - 1); f != nil {
			return f.Name()
		}
		return ""
	}
	at := slices.IndexFunc(pcs, func(pc uintptr) bool { return name(pc) == "runtime.gopanic" })
	if at >= 0 {
		// Under gopanic stand the runtime's own callers of it: panicmem, sigpanic, goPanicIndex…
		at++
		for at < len(pcs)-1 && strings.HasPrefix(name(pcs[at]), "runtime.") {
			at++
		}
		pcs = pcs[at:]
	}
	return NewStack(pcs)
}

// Try runs f and returns its error, or its panic as an error.
func Try(f func() error) (err error) {
	defer Recover(&err)
	return f()
}

var uncaught atomic.Pointer[func(context.Context, error)]

// OnUncaught sets the hook for errors nobody receives: those of [Go], and panics that middleware caught. The default logs
// them with slog at ERROR. A nil hook restores the default. Call it once, from main.
func OnUncaught(hook func(context.Context, error)) {
	if hook == nil {
		uncaught.Store(nil)
		return
	}
	uncaught.Store(&hook)
}

// Uncaught gives err to the hook of [OnUncaught]. It returns even when the hook panics.
func Uncaught(ctx context.Context, err error) {
	if err == nil {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			fmt.Fprintf(os.Stderr, "fault: the hook for uncaught errors panicked: %v, with: %v\n", v, err)
		}
	}()
	if hook := uncaught.Load(); hook != nil {
		(*hook)(ctx, err)
		return
	}
	attrs := []slog.Attr{slog.Any("error", err), slog.String("code", string(CodeOf(err)))}
	attrs = slices.AppendSeq(attrs, Attrs(err))
	slog.LogAttrs(ctx, slog.LevelError, "uncaught error", append(attrs, slog.String("stack", StackOf(err).String()))...)
}

// Go runs f in a goroutine whose error or panic reaches the hook of [OnUncaught], with the name as attribute "goroutine",
// instead of vanishing or ending the process. An error that only says that ctx was cancelled is not reported. The caller
// still owns the goroutine: something must wait for it, see [Group].
func Go(ctx context.Context, name string, f func(context.Context) error) {
	go func() {
		err := Try(func() error { return f(ctx) })
		if err == nil || ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return
		}
		Uncaught(ctx, Wrap(err, "run goroutine", slog.String("goroutine", name)))
	}()
}
