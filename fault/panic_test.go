package fault_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seismohq/seismo/fault"
)

func TestRecover(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		f    func()
		text string
		is   error
	}{
		"text":         {func() { panic("boom") }, "panic: boom", nil},
		"error":        {func() { panic(io.EOF) }, "panic: EOF", io.EOF},
		"nil":          {func() { panic(nil) }, "panic: panic called with nil argument", nil},
		"runtime":      {func() { i := 3; _ = []int{}[i] }, "panic: runtime error: index out of range [3] with length 0", nil},
		"in a defer":   {func() { defer func() { panic("second") }(); panic("first") }, "panic: second", nil},
		"value":        {func() { panic(struct{ A int }{4}) }, "panic: {4}", nil},
		"nested panic": {func() { defer func() { _ = recover(); panic("again") }(); panic("first") }, "panic: again", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := fault.Try(func() error { tt.f(); return nil })
			if err == nil || err.Error() != tt.text {
				t.Fatalf("error %v, want %q", err, tt.text)
			}
			p, ok := errors.AsType[*fault.PanicError](err)
			if !ok || p.FaultCode() != fault.Internal {
				t.Errorf("no PanicError: %T", err)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("is not %v", tt.is)
			}
			if fs := functions(fault.StackOf(err)); !strings.HasPrefix(fs[0], "fault_test.TestRecover") {
				t.Errorf("stack does not begin where it panicked: %v", fs)
			}
		})
	}
}

func TestRecoverReplacesStaleError(t *testing.T) {
	t.Parallel()
	f := func() (err error) {
		defer fault.Recover(&err)
		err = io.EOF
		panic("boom")
	}
	if err := f(); err == nil || err.Error() != "panic: boom" {
		t.Error(err)
	}
}

func TestRecoverLetsThrough(t *testing.T) {
	t.Parallel()
	t.Run("no panic", func(t *testing.T) {
		t.Parallel()
		if err := fault.Try(func() error { return io.EOF }); err != io.EOF { //nolint:errorlint // must be the same value
			t.Error(err)
		}
	})
	t.Run("Goexit", func(t *testing.T) {
		t.Parallel()
		var after atomic.Bool
		done := make(chan struct{})
		go func() {
			defer close(done)
			err := fault.Try(func() error { runtime.Goexit(); return nil })
			after.Store(true)
			_ = err
		}()
		<-done
		if after.Load() {
			t.Error("Goexit was stopped")
		}
	})
	t.Run("ErrAbortHandler", func(t *testing.T) {
		t.Parallel()
		defer func() {
			if v := recover(); v != http.ErrAbortHandler { //nolint:errorlint // as net/http compares
				t.Errorf("recovered %v", v)
			}
		}()
		err := fault.Try(func() error { panic(http.ErrAbortHandler) })
		t.Errorf("returned %v", err)
	})
}

// The hook is global, so everything about it is one test.
func TestUncaught(t *testing.T) {
	got := make(chan error, 10)
	fault.OnUncaught(func(_ context.Context, err error) { got <- err })
	defer fault.OnUncaught(nil)
	receive := func() error {
		select {
		case err := <-got:
			return err
		case <-time.After(10 * time.Second):
			t.Fatal("the hook was not called")
			return nil
		}
	}
	fault.Go(t.Context(), "worker", func(context.Context) error { return errSentinel })
	err := receive()
	if !errors.Is(err, errSentinel) {
		t.Error(err)
	}
	for a := range fault.Attrs(err) {
		if a.Key != "goroutine" || a.Value.String() != "worker" {
			t.Errorf("attribute %v", a)
		}
	}
	fault.Go(t.Context(), "worker", func(context.Context) error { panic("boom") })
	if err := receive(); err.Error() != "run goroutine: panic: boom" {
		t.Error(err)
	}
	func() {
		defer fault.Recover(nil)
		panic("nobody listens")
	}()
	if err := receive(); err.Error() != "panic: nobody listens" {
		t.Error(err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	fault.Go(ctx, "cancelled", func(ctx context.Context) error {
		defer close(done)
		<-ctx.Done()
		return fault.Wrap(ctx.Err(), "read")
	})
	cancel()
	<-done
	fault.Go(t.Context(), "next", func(context.Context) error { return nil })
	fault.Uncaught(t.Context(), nil)
	fault.Uncaught(t.Context(), io.EOF)
	if err := receive(); err != io.EOF { //nolint:errorlint // must be the same value
		t.Errorf("a cancelled goroutine was reported: %v", err)
	}

	fault.OnUncaught(func(context.Context, error) { panic("hook") })
	fault.Uncaught(t.Context(), io.EOF) // must return
}

func TestGroup(t *testing.T) {
	t.Parallel()
	t.Run("all fine", func(t *testing.T) {
		t.Parallel()
		g, ctx := fault.NewGroup(t.Context())
		g.Go(func() error { return nil })
		if err := g.Wait(); err != nil || ctx.Err() == nil {
			t.Error(err, ctx.Err())
		}
	})
	t.Run("first error cancels and echoes are dropped", func(t *testing.T) {
		t.Parallel()
		g, ctx := fault.NewGroup(t.Context())
		for range 3 {
			g.Go(func() error { <-ctx.Done(); return ctx.Err() })
		}
		g.Go(func() error { return errSentinel })
		if err := g.Wait(); err != errSentinel { //nolint:errorlint // must be the same value
			t.Error(err)
		}
		if context.Cause(ctx) != errSentinel { //nolint:errorlint // must be the same value
			t.Error(context.Cause(ctx))
		}
	})
	t.Run("all errors", func(t *testing.T) {
		t.Parallel()
		var g fault.Group
		g.Go(func() error { return io.EOF })
		g.Go(func() error { panic("boom") })
		err := g.Wait()
		if _, ok := errors.AsType[*fault.PanicError](err); !ok || !errors.Is(err, io.EOF) {
			t.Error(err)
		}
	})
	t.Run("limit", func(t *testing.T) {
		t.Parallel()
		var g fault.Group
		var running, most atomic.Int32
		g.SetLimit(2)
		for range 20 {
			g.Go(func() error {
				if n := running.Add(1); n > most.Load() {
					most.Store(n)
				}
				runtime.Gosched()
				running.Add(-1)
				return nil
			})
		}
		if err := g.Wait(); err != nil || most.Load() > 2 {
			t.Error(err, most.Load())
		}
	})
}
