package retry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/retry"
)

func TestDo(t *testing.T) {
	t.Parallel()
	down := fault.New(fault.Unavailable, "down")
	tests := map[string]struct {
		policy  retry.Policy
		errs    []error // by attempt; the last one repeats
		timeout time.Duration
		want    error
		calls   int
		least   time.Duration
		most    time.Duration
	}{
		"at once":               {errs: []error{nil}, calls: 1},
		"second time":           {errs: []error{down, nil}, calls: 2, most: 100 * time.Millisecond},
		"for good":              {errs: []error{fault.NotFound}, want: fault.NotFound, calls: 1},
		"unknown is for good":   {errs: []error{io.EOF}, want: io.EOF, calls: 1},
		"for good later":        {errs: []error{down, fault.NotFound}, want: fault.NotFound, calls: 2, most: 100 * time.Millisecond},
		"used up":               {errs: []error{down}, want: down, calls: 5, most: 1500 * time.Millisecond},
		"one attempt":           {policy: retry.Policy{Attempts: 1}, errs: []error{down}, want: down, calls: 1},
		"asked to wait":         {errs: []error{fault.With(io.EOF, fault.RetryAfter(time.Minute)), nil}, calls: 2, least: time.Minute, most: 66 * time.Second},
		"asked to come at once": {errs: []error{fault.With(io.EOF, fault.RetryAfter(0)), nil}, calls: 2, most: time.Millisecond},
		"no time to wait":       {errs: []error{fault.With(io.EOF, fault.RetryAfter(time.Minute))}, timeout: time.Second, want: io.EOF, calls: 1},
		"until the end":         {policy: retry.Policy{Attempts: -1, Max: 100 * time.Millisecond}, errs: []error{down}, timeout: 10 * time.Second, want: down, calls: -1, least: 9 * time.Second, most: 10 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if tt.timeout > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.timeout)
					defer cancel()
				}
				begin, calls := time.Now(), 0
				err := tt.policy.Do(ctx, func(context.Context) error {
					calls++
					return tt.errs[min(calls, len(tt.errs))-1]
				})
				took := time.Since(begin)
				if !errors.Is(err, tt.want) || tt.calls > 0 && calls != tt.calls || took < tt.least || took > tt.most {
					t.Errorf("%v after %d calls and %v", err, calls, took)
				}
			})
		})
	}
}

func TestDoCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		begin := time.Now()
		err := retry.Policy{Attempts: -1}.Do(ctx, func(context.Context) error {
			return fault.With(fault.New(fault.Unavailable, "down"), fault.RetryAfter(time.Hour))
		})
		if fault.CodeOf(err) != fault.Unavailable || time.Since(begin) != time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
	})
}

func TestWait(t *testing.T) {
	t.Parallel()
	p := retry.Policy{Min: time.Second, Max: 5 * time.Second}
	for attempt, most := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 4: 5 * time.Second, 1000: 5 * time.Second} {
		var longest time.Duration
		for range 200 {
			d := p.Wait(attempt)
			if d <= 0 || d > most {
				t.Fatalf("attempt %d waits %v", attempt, d)
			}
			longest = max(longest, d)
		}
		if longest < most/2 {
			t.Errorf("attempt %d never waits longer than %v", attempt, longest)
		}
	}
}

func TestBreaker(t *testing.T) {
	t.Parallel()
	now := time.Now()
	b := retry.NewBreaker(retry.BreakerOptions{Failures: 2, Cooldown: time.Minute, Now: func() time.Time { return now }})
	call := func(err error) error { return b.Do(t.Context(), func(context.Context) error { return err }) }
	refused := func() bool {
		ran := false
		err := b.Do(t.Context(), func(context.Context) error { ran = true; return nil })
		if d, ok := fault.RetryAfterOf(err); !ran && (fault.CodeOf(err) != fault.Unavailable || !ok || d <= 0) {
			t.Errorf("refused with %v", err)
		}
		return !ran
	}
	step := func(what string, got, want bool) {
		t.Helper()
		if got != want {
			t.Errorf("%s: refused %v, want %v", what, got, want)
		}
	}
	_ = call(io.EOF)
	_ = call(fault.NotFound) // the caller's mistake ends the row
	_ = call(io.EOF)
	step("one failure", refused(), false)
	_ = call(io.EOF)
	_ = call(fault.Unavailable)
	step("two in a row", refused(), true)
	if !b.Open() {
		t.Error("not open")
	}
	now = now.Add(time.Minute)
	_ = b.Do(t.Context(), func(context.Context) error {
		step("during the probe", refused(), true)
		return io.EOF
	})
	step("probe failed", refused(), true)
	now = now.Add(time.Minute)
	if err := call(nil); err != nil || b.Open() {
		t.Error(err)
	}
	step("probe worked", refused(), false)

	for range 2 {
		_ = fault.Try(func() error { return b.Do(t.Context(), func(context.Context) error { panic(1) }) })
	}
	step("panics", refused(), true)
	now = now.Add(time.Minute)
	_ = call(nil)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 5 {
		_ = b.Do(gone, func(ctx context.Context) error { return fault.With(ctx.Err(), fault.WithCode(fault.Internal)) })
	}
	step("the caller went away", refused(), false)
}

func Example() {
	calls := 0
	err := retry.Policy{Min: time.Millisecond}.Do(context.Background(), func(context.Context) error {
		if calls++; calls < 3 {
			return fault.New(fault.Unavailable, "not yet")
		}
		return nil
	})
	fmt.Println(calls, err)
	// Output: 3 <nil>
}

func ExampleBreaker() {
	b := retry.NewBreaker(retry.BreakerOptions{Failures: 1})
	_ = b.Do(context.Background(), func(context.Context) error { return fault.New(fault.Timeout, "no answer") })
	err := b.Do(context.Background(), func(context.Context) error { return nil })
	fmt.Println(err)
	// Output: circuit breaker is open
}
