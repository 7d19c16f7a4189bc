package fault

import (
	"context"
	"errors"
	"sync"
)

// Group runs functions in goroutines and collects their errors. Panics become errors; the first error cancels the context
// of the group. The zero Group works, without a context. It must not be copied.
type Group struct {
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup
	slots  chan struct{}

	mu   sync.Mutex
	errs []error
}

// NewGroup returns a group and a context that ends when a function fails, when Wait returns, or with ctx. Its cause is the
// first error.
func NewGroup(ctx context.Context) (*Group, context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	return &Group{cancel: cancel}, ctx
}

// SetLimit lets at most n functions run at once; Go then blocks until one may start. It must be called before Go. Zero or
// less means no limit.
func (g *Group) SetLimit(n int) {
	g.slots = nil
	if n > 0 {
		g.slots = make(chan struct{}, n)
	}
}

// Go runs f in a goroutine of the group.
func (g *Group) Go(f func() error) {
	if g.slots != nil {
		g.slots <- struct{}{}
	}
	g.wg.Add(1)
	go func() {
		defer g.wg.Done()
		if g.slots != nil {
			defer func() { <-g.slots }()
		}
		if err := Try(f); err != nil {
			g.mu.Lock()
			g.errs = append(g.errs, err)
			first := len(g.errs) == 1
			g.mu.Unlock()
			if first && g.cancel != nil {
				g.cancel(err)
			}
		}
	}()
}

// Wait returns once all functions have, with all their errors joined, in the order they failed. Errors after the first that
// only say the context was cancelled are left out: they are its echo.
func (g *Group) Wait() error {
	g.wg.Wait()
	if g.cancel != nil {
		g.cancel(nil)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.errs) == 0 {
		return nil
	}
	kept := g.errs[:1:1]
	for _, err := range g.errs[1:] {
		if !errors.Is(err, context.Canceled) {
			kept = append(kept, err)
		}
	}
	if len(kept) == 1 {
		return kept[0]
	}
	return Join(kept...)
}
