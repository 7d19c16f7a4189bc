package retry

import (
	"context"
	"sync"
	"time"

	"github.com/seismohq/seismo/fault"
)

// BreakerOptions of [NewBreaker].
type BreakerOptions struct {
	Failures int           // in a row, after which the breaker opens; 0 means 5
	Cooldown time.Duration // how long it stays open before one call may try; 0 means 10 s
	Now      func() time.Time
}

// Breaker keeps calls away from something that is down, so that nobody waits for it and it can recover. Failures are errors
// of status 500 and above; what the caller did wrong, or its going away, is none. It is safe for concurrent use.
type Breaker struct {
	o BreakerOptions

	mu      sync.Mutex
	failed  int       // in a row
	until   time.Time // open before
	probing bool      // one call is trying
}

// NewBreaker returns a closed breaker.
func NewBreaker(o BreakerOptions) *Breaker {
	if o.Failures <= 0 {
		o.Failures = 5
	}
	if o.Cooldown <= 0 {
		o.Cooldown = 10 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Breaker{o: o}
}

// Do calls f, or, while the breaker is open, returns at once with [fault.Unavailable] and the time to come back. After the
// cooldown one call goes through: its success closes the breaker, its failure opens it again. A panic of f is a failure.
func (b *Breaker) Do(ctx context.Context, f func(ctx context.Context) error) error {
	wait, probe, open := b.enter()
	if open {
		return fault.With(fault.New(fault.Unavailable, "circuit breaker is open"), fault.RetryAfter(wait), fault.NoStack)
	}
	failed := true
	defer func() { b.leave(probe, failed) }()
	err := f(ctx)
	failed = err != nil && fault.InfoOf(err).Status >= 500 && ctx.Err() == nil
	return err
}

func (b *Breaker) enter() (wait time.Duration, probe, open bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed < b.o.Failures {
		return 0, false, false
	}
	if wait = b.until.Sub(b.o.Now()); wait > 0 {
		return wait, false, true
	}
	if b.probing {
		return b.o.Cooldown, false, true
	}
	b.probing = true
	return 0, true, false
}

func (b *Breaker) leave(probe, failed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if probe {
		b.probing = false
	}
	if !failed {
		b.failed = 0
		return
	}
	b.failed++
	if b.failed >= b.o.Failures {
		b.until = b.o.Now().Add(b.o.Cooldown)
	}
}

// Open reports whether calls are refused now.
func (b *Breaker) Open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failed >= b.o.Failures && b.o.Now().Before(b.until)
}
