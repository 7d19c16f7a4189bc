package auth

import (
	"net/netip"
	"sync"
	"time"
)

// maxTracked bounds the memory of a limiter: about 100 bytes each.
const maxTracked = 20_000

// limiter allows a burst of attempts per key and one more every so often after that. It keeps one time per key: when the
// key would be untouched again ("generic cell rate algorithm", as in ATM's traffic contract).
type limiter struct {
	burst int
	every time.Duration

	mu   sync.Mutex
	free map[string]time.Time
}

func newLimiter(burst int, every time.Duration) *limiter {
	return &limiter{burst: burst, every: every, free: map[string]time.Time{}}
}

// take counts an attempt and returns how long the key has to wait; 0 means that the attempt is allowed.
func (l *limiter) take(key string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	free := l.free[key]
	if free.Before(now) {
		free = now
	}
	if wait := free.Add(l.every).Sub(now) - time.Duration(l.burst)*l.every; wait > 0 {
		return wait
	}
	if _, known := l.free[key]; !known && len(l.free) >= maxTracked {
		l.sweep(now)
	}
	l.free[key] = free.Add(l.every)
	return 0
}

// give takes an attempt back: it succeeded.
func (l *limiter) give(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if free, ok := l.free[key]; ok {
		l.free[key] = free.Add(-l.every)
	}
}

// sweep makes room: what is untouched again goes, and when everything is in use, everything goes. The second lets an
// attacker with thousands of addresses start over, but never lets the map grow.
func (l *limiter) sweep(now time.Time) {
	for k, free := range l.free {
		if !free.After(now) {
			delete(l.free, k)
		}
	}
	if len(l.free) >= maxTracked {
		clear(l.free)
	}
}

// ipKey is what attempts of an address count for: itself, or for IPv6 its /64, which one person usually has whole.
func ipKey(a netip.Addr) string {
	if a = a.Unmap(); a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}
