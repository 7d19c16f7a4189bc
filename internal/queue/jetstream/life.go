package jetstream

import "context"

// life is how long something serves: until it is ended, for a reason. It holds a context because that is what ends other
// contexts without a goroutine for each.
type life struct {
	ctx context.Context
	end context.CancelCauseFunc // with the reason; the first one counts
}

// newLife begins a life, which ends with that of parent if there is one.
func newLife(parent *life) *life {
	ctx := context.Background()
	if parent != nil {
		ctx = parent.ctx
	}
	l := &life{}
	l.ctx, l.end = context.WithCancelCause(ctx)
	return l
}

// over returns the reason why the life has ended, or nil.
func (l *life) over() error {
	return context.Cause(l.ctx) //nolint:contextcheck // the life, not a call, is asked
}

// bind returns a context that ends with ctx or with the life. The returned function frees what that takes.
func (l *life) bind(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(l.ctx, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

// because returns why a call with ctx failed: the life has ended, its context has, or else err, which is the engine's.
func (l *life) because(ctx context.Context, err error) error {
	if over := l.over(); over != nil {
		return over
	}
	return ended(ctx, err, "ask the queue server")
}
