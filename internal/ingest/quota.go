package ingest

import (
	"context"
	"time"

	"github.com/seismohq/seismo/internal/outcome"
)

// Quota decides about rates.
type Quota interface {
	// Admit is asked once per request, with how many items of each category it holds, and returns the limits that stand
	// against this sender now: those categories are refused, all others count as used. It may name further categories that
	// clients had better not send. It is called from many goroutines and must not wait for anything slow.
	Admit(ctx context.Context, s Sender, at time.Time, demand []Demand) []Limit
}

// Demand says how many items of one category a request holds.
type Demand struct {
	Category outcome.Category
	Quantity int
}

// Limit says that some categories are refused for a while.
type Limit struct {
	Categories []outcome.Category // none: every category
	Scope      Scope
	Reason     string // slug, also of the outcome: "project_rate"
	RetryAfter time.Duration
}

// Scope says what a limit is for.
type Scope string

// The scopes.
const (
	ScopeOrganization Scope = "organization"
	ScopeProject      Scope = "project"
	ScopeKey          Scope = "key"
)

// Covers reports whether the limit refuses items of the category. What clients report about themselves is never refused.
func (l *Limit) Covers(c outcome.Category) bool {
	if c == outcome.Internal {
		return false
	}
	for _, have := range l.Categories {
		if have == c {
			return true
		}
	}
	return len(l.Categories) == 0
}

type noQuota struct{}

func (noQuota) Admit(context.Context, Sender, time.Time, []Demand) []Limit { return nil }
