package capture

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// User is who was affected.
type User struct {
	ID       string `json:"id,omitempty"`
	Username string `json:"username,omitempty"`
	Email    string `json:"email,omitempty"`
	IP       string `json:"ip_address,omitempty"`
}

// Breadcrumb is something that happened before an error.
type Breadcrumb struct {
	Time     time.Time      `json:"timestamp"`
	Level    string         `json:"level,omitempty"`
	Category string         `json:"category,omitempty"`
	Message  string         `json:"message,omitempty"`
	Data     map[string]any `json:"data,omitempty"`
}

// maxBreadcrumbs is how many of the last ones a report shows.
const maxBreadcrumbs = 50

// scope is what is known about the surroundings of an error. It is never changed once made, so a report can hold it without
// copying.
type scope struct {
	user *User
	tags []tag // later ones count
	last *crumb
}

type tag struct{ key, value string }

// crumb is a list that only grows at its front and so can be shared.
type crumb struct {
	at    time.Time
	level slog.Level
	msg   string
	attrs []slog.Attr
	prev  *crumb
	n     int // length of the list
}

// ScopeRef is the scope of a context. It is safe for concurrent use.
type ScopeRef struct{ p atomic.Pointer[scope] }

type scopeKey struct{}

// NewScope returns a context with a scope of its own, which begins as a copy of the one it replaces. Whatever is set below
// is seen by reports made with it or with contexts derived from it.
func NewScope(ctx context.Context) context.Context {
	r := &ScopeRef{}
	if old := Scope(ctx); old != nil {
		r.p.Store(old.p.Load())
	}
	return context.WithValue(ctx, scopeKey{}, r)
}

// Scope returns the scope of ctx, nil when it has none.
func Scope(ctx context.Context) *ScopeRef {
	if ctx == nil {
		return nil
	}
	r, _ := ctx.Value(scopeKey{}).(*ScopeRef)
	return r
}

// Middleware gives each request a scope. It belongs outside of faulthttp's, whose request is then part of the reports.
func Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(NewScope(r.Context())))
	})
}

// SetUser says who is affected by errors reported with ctx. Without a scope in ctx it does nothing.
func SetUser(ctx context.Context, u User) {
	Scope(ctx).update(func(s *scope) { s.user = &u })
}

// SetTag adds a tag to errors reported with ctx. Without a scope in ctx it does nothing. Tags are few and short: a report
// shows 200 bytes of a value.
func SetTag(ctx context.Context, key, value string) {
	Scope(ctx).update(func(s *scope) { s.tags = append(s.tags[:len(s.tags):len(s.tags)], tag{key, value}) })
}

// AddBreadcrumb notes something that may explain a later error. Without a scope in ctx it does nothing.
func AddBreadcrumb(ctx context.Context, msg string, attrs ...slog.Attr) {
	Scope(ctx).add(crumb{at: time.Now(), level: slog.LevelInfo, msg: msg, attrs: attrs})
}

func (r *ScopeRef) load() *scope {
	if r == nil {
		return nil
	}
	return r.p.Load()
}

func (r *ScopeRef) update(change func(*scope)) {
	if r == nil {
		return
	}
	for {
		old := r.p.Load()
		next := &scope{}
		if old != nil {
			*next = *old
		}
		change(next)
		if r.p.CompareAndSwap(old, next) {
			return
		}
	}
}

func (r *ScopeRef) add(c crumb) {
	c.attrs = freeze(nil, c.attrs)
	r.update(func(s *scope) {
		n := c
		n.prev, n.n = s.last, 1
		if s.last != nil {
			n.n = s.last.n + 1
		}
		if n.n > 2*maxBreadcrumbs {
			n.prev, n.n = s.last.cut(maxBreadcrumbs), maxBreadcrumbs+1
		}
		s.last = &n
	})
}

// cut copies the last n, so that the older ones can be forgotten.
func (c *crumb) cut(n int) *crumb {
	if c == nil || n == 0 {
		return nil
	}
	d := *c
	d.prev, d.n = c.prev.cut(n-1), n
	return &d
}
