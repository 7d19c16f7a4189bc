package ingest

import (
	"context"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/project"
)

// Keys finds the key of a DSN and its project. NotFound when there is none.
type Keys interface {
	GetKeyByPublic(ctx context.Context, public string) (project.Key, project.Project, error)
}

// Sender is who a request comes from.
type Sender struct {
	Key     project.Key
	Project project.Project
}

// Identify finds the sender by the public part of a key. p is the project that the request named; 0 when it named none.
//
// Errors: Unauthorized for what cannot be a key; Denied for one that is unknown, disabled or of another project;
// Unavailable when that cannot be found out now. For a disabled key the sender is returned along with the error.
func (d *Door) Identify(ctx context.Context, public string, p project.ID) (Sender, error) {
	if !wellFormed(public) {
		return Sender{}, refusal(fault.Unauthorized, "invalid_key", "key is missing or malformed")
	}
	s, err := d.keys.get(ctx, public)
	switch {
	case fault.CodeOf(err) == fault.NotFound && err != nil:
		return Sender{}, refusal(fault.Denied, "unknown_key", "key is unknown")
	case err != nil:
		d.opts.Logger.Warn("key cannot be looked up", "error", err)
		return Sender{}, unavailable("catalog_unavailable", "key cannot be looked up now", 5*time.Second)
	case p != 0 && p != s.Key.Project:
		return Sender{}, refusal(fault.Denied, "project_mismatch", "key is of another project")
	case !s.Key.Enabled:
		return s, refusal(fault.Denied, "key_disabled", "key is disabled")
	}
	return s, nil
}

// wellFormed reports whether s may be the public part of a key: word characters, as SDKs accept them in a DSN.
func wellFormed(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_') {
			return false
		}
	}
	return true
}

const (
	// maxKeys bounds the cache; an entry is some hundred bytes.
	maxKeys = 10_000

	// staleFor is how long a known key is believed when the catalog does not answer: an outage there is no reason to refuse
	// events that the queue can keep.
	staleFor = time.Hour

	lookupTimeout = 5 * time.Second
)

// keyCache remembers what the catalog said of keys, also that it knows nothing of one: a client with an old DSN must not
// cost a query per request. Both kinds are bounded apart, so that invented keys cannot push out real ones.
type keyCache struct {
	source Keys
	ttl    time.Duration
	now    func() time.Time

	mu      sync.RWMutex
	found   map[string]*cachedKey
	missing map[string]time.Time // when it was asked

	lookups singleflight.Group
}

type cachedKey struct {
	Sender
	at time.Time
}

func newKeyCache(source Keys, ttl time.Duration, now func() time.Time) *keyCache {
	return &keyCache{source: source, ttl: ttl, now: now, found: map[string]*cachedKey{}, missing: map[string]time.Time{}}
}

func (c *keyCache) get(ctx context.Context, public string) (Sender, error) {
	now := c.now()
	c.mu.RLock()
	k := c.found[public]
	missed, isMissing := c.missing[public]
	c.mu.RUnlock()
	if k != nil && now.Sub(k.at) < c.ttl {
		return k.Sender, nil
	}
	if isMissing && now.Sub(missed) < c.ttl {
		return Sender{}, errNoKey
	}
	s, err := c.lookup(ctx, strings.Clone(public))
	if err != nil && fault.CodeOf(err) != fault.NotFound && k != nil && now.Sub(k.at) < staleFor {
		return k.Sender, nil
	}
	return s, err
}

var errNoKey = refusal(fault.NotFound, "unknown_key", "key is unknown")

// lookup asks the catalog, once for all who ask at the same time.
func (c *keyCache) lookup(ctx context.Context, public string) (Sender, error) {
	v, err, _ := c.lookups.Do(public, func() (any, error) {
		// The answer is for others too, so it does not end with the request that happened to ask first.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookupTimeout)
		defer cancel()
		k, p, err := c.source.GetKeyByPublic(ctx, public)
		s := Sender{k, p}
		c.mu.Lock()
		defer c.mu.Unlock()
		switch {
		case err == nil:
			delete(c.missing, public)
			makeRoom(c.found)
			c.found[public] = &cachedKey{s, c.now()}
		case fault.CodeOf(err) == fault.NotFound:
			delete(c.found, public)
			makeRoom(c.missing)
			c.missing[public] = c.now()
		}
		return s, err
	})
	return v.(Sender), err
}

// makeRoom keeps a cache within its bound by forgetting a tenth of it, whichever come first.
func makeRoom[V any](m map[string]V) {
	if len(m) < maxKeys {
		return
	}
	n := 0
	for k := range m {
		delete(m, k)
		if n++; n == maxKeys/10 {
			return
		}
	}
}
