package auth

import (
	"context"
	"slices"

	"github.com/seismohq/seismo/internal/account"
)

// Permission is what an act needs. Each one includes those before it. The values are also the scopes of API tokens.
type Permission string

// The permissions, least first.
const (
	Read       Permission = "read"       // see everything of the organization
	Triage     Permission = "triage"     // change issues
	Manage     Permission = "manage"     // projects, keys and their settings
	Administer Permission = "administer" // members, tokens, settings of the organization
)

// Permissions lists every permission, least first.
var Permissions = []Permission{Read, Triage, Manage, Administer}

func (p Permission) rank() int { return slices.Index(Permissions, p) + 1 }

// Of returns the most that a role may do, or "" for an unknown role.
func Of(r account.Role) Permission {
	switch r {
	case account.RoleOwner, account.RoleAdmin:
		return Administer
	case account.RoleManager:
		return Manage
	case account.RoleMember:
		return Triage
	case account.RoleViewer:
		return Read
	}
	return ""
}

// Actor is who asks, in the organization it acts in.
type Actor struct {
	Org   account.OrgID
	User  account.UserID // 0: a token that belongs to the server and not to a person
	Name  string
	Email string
	Role  account.Role // "" for a token of nobody
	Limit Permission   // of a token: the most it may do, whatever the role; "" for a web session
}

// May reports whether the actor is allowed what p names.
func (a Actor) May(p Permission) bool {
	need := p.rank()
	if need == 0 || (a.User != 0 && Of(a.Role).rank() < need) {
		return false
	}
	if a.Limit == "" {
		return a.User != 0
	}
	return a.Limit.rank() >= need
}

type actorKey struct{}

// WithActor returns a context that carries a.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorOf returns who asks, and false when nobody signed in.
func ActorOf(ctx context.Context) (Actor, bool) {
	a, ok := ctx.Value(actorKey{}).(Actor)
	return a, ok
}
