// Package retry tries again what may work later, and leaves alone what is down.
//
//	err := retry.Policy{}.Do(ctx, func(ctx context.Context) error { return client.Send(ctx, msg) })
//
// Whether to try again is a property of the error: its code is retryable (fault.Unavailable, fault.Timeout,
// fault.RateLimited and registered ones), or it says when (fault.RetryAfter). Everything else ends at once.
package retry

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/seismohq/seismo/fault"
)

// Policy says how often and how long to try. The zero Policy tries 5 times with waits of up to 0.1, 0.2, 0.4 and 0.8 s.
type Policy struct {
	Attempts int           // including the first; 0 means 5, negative means until ctx ends
	Min      time.Duration // most the first wait can be; 0 means 100 ms
	Max      time.Duration // most any wait can be, unless the error asks for more; 0 means 10 s
}

// Do calls f until it succeeds, fails for good, or the attempts are used up, and returns its last error with the number of
// attempts as attribute. When ctx ends before the next attempt could begin it does not wait for that: the error of f is
// worth more than the context's.
func (p Policy) Do(ctx context.Context, f func(ctx context.Context) error) error {
	attempts := p.Attempts
	if attempts == 0 {
		attempts = 5
	}
	for n := 1; ; n++ {
		err := f(ctx)
		if err == nil {
			return nil
		}
		if n == attempts || !Retryable(err) || ctx.Err() != nil {
			return give(err, n)
		}
		wait := p.Wait(n)
		if d, ok := fault.RetryAfterOf(err); ok {
			wait = d + rand.N(d/10+1) // not everybody at the same moment
		}
		if end, ok := ctx.Deadline(); ok && time.Until(end) < wait {
			return give(err, n)
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return give(err, n)
		}
	}
}

func give(err error, n int) error {
	if n == 1 {
		return err
	}
	return fault.Wrap(err, "give up", slog.Int("attempts", n))
}

// Wait returns how long to wait after the given attempt, counted from 1: a random time up to a bound that doubles from Min
// to Max, so that those who failed together do not return together.
func (p Policy) Wait(attempt int) time.Duration {
	bound, most := p.Min, p.Max
	if bound <= 0 {
		bound = 100 * time.Millisecond
	}
	if most <= 0 {
		most = 10 * time.Second
	}
	for i := 1; i < attempt && bound < most; i++ {
		bound *= 2
	}
	return rand.N(min(bound, most)) + 1
}

// Retryable reports whether what gave err may work later.
func Retryable(err error) bool {
	if err == nil {
		return false
	}
	_, asked := fault.RetryAfterOf(err)
	return asked || fault.InfoOf(err).Retryable
}
