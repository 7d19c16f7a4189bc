package auth

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/catalog"
)

// TokenPrefix begins every API token we make, so that scanners for leaked secrets can tell them.
const TokenPrefix = "seismo_"

// CreateToken makes an API token for a user and returns its secret, which is shown this once. It allows at most what limit
// names and never more than the user may at the time of use. A zero expires means that it does not end.
func (a *Auth) CreateToken(ctx context.Context, org account.OrgID, user account.UserID, name string, limit Permission, expires time.Time) (string, catalog.Token, error) {
	if limit.rank() == 0 {
		return "", catalog.Token{}, fault.Invalid(fault.FieldError{Field: "scope", Rule: "oneof", Message: "must be read, triage, manage or administer"})
	}
	secret, _ := newSecret()
	secret = TokenPrefix + secret
	t, err := a.keepToken(ctx, org, user, name, limit, expires, secret)
	return secret, t, err
}

// EnsureToken makes sure that a token with this very secret and all rights exists. With user 0 it belongs to nobody.
func (a *Auth) EnsureToken(ctx context.Context, org account.OrgID, user account.UserID, secret string) error {
	hash, ok := hashOf(secret)
	if !ok {
		return fault.New(fault.Validation, "the API token is too long")
	}
	_, err := a.catalog.GetToken(ctx, hash)
	if fault.CodeOf(err) == fault.NotFound {
		_, err = a.keepToken(ctx, org, user, "administrator", Administer, time.Time{}, secret)
	}
	return fault.Wrap(err, "make sure of the administrator's token")
}

func (a *Auth) keepToken(ctx context.Context, org account.OrgID, user account.UserID, name string, limit Permission, expires time.Time, secret string) (catalog.Token, error) {
	hash, _ := hashOf(secret)
	prefix := secret[:min(len(secret), len(TokenPrefix)+4)]
	if !strings.HasPrefix(secret, TokenPrefix) {
		prefix = "" // somebody chose it: no part of it may be shown
	}
	t, err := a.catalog.CreateToken(ctx, catalog.Token{
		Hash: hash, Prefix: prefix, Org: org, User: user, Name: name, Scopes: []string{string(limit)}, ExpiresAt: expires,
	})
	return t, fault.Wrap(err, "keep the token", slog.Int64("org", int64(org)))
}

// Bearer is the middleware of the API: it puts the actor of the request's token ("Authorization: Bearer …", RFC 6750)
// into the context. Requests without a token pass without an actor; a token that is wrong is refused with 401.
func (a *Auth) Bearer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			next.ServeHTTP(w, r)
			return
		}
		actor, err := a.tokenActor(r, strings.TrimSpace(secret))
		if err != nil {
			a.errors.Write(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(WithActor(r.Context(), actor)))
	})
}

func (a *Auth) tokenActor(r *http.Request, secret string) (Actor, error) {
	// Only failures count: nobody guesses 256 bits, but an operator may have chosen a short token.
	ip, now := ipKey(a.opts.ClientIP(r)), a.now()
	wrong := fault.New(fault.Unauthorized, "the API token is not valid")
	hash, ok := hashOf(secret)
	if wait := a.ips.take(ip, now); wait > 0 {
		return Actor{}, fault.With(fault.New(fault.RateLimited, "too many attempts"), fault.RetryAfter(wait))
	}
	if !ok {
		return Actor{}, wrong
	}
	t, err := a.catalog.GetToken(r.Context(), hash)
	if fault.CodeOf(err) == fault.NotFound || (err == nil && !t.ExpiresAt.IsZero() && !t.ExpiresAt.After(now)) {
		return Actor{}, wrong
	}
	a.ips.give(ip)
	if err != nil {
		return Actor{}, fault.Wrap(err, "find the token")
	}
	actor := Actor{Org: t.Org, User: t.User, Name: t.Name, Limit: limitOf(t.Scopes)}
	if t.User != 0 {
		m, err := a.catalog.GetMember(r.Context(), t.Org, t.User)
		if fault.CodeOf(err) == fault.NotFound {
			return Actor{}, wrong
		}
		if err != nil {
			return Actor{}, fault.Wrap(err, "find whose token it is")
		}
		actor.Name, actor.Email, actor.Role = m.User.Name, m.User.Email, m.Role
	}
	return actor, a.noteUse(r.Context(), t.ID, now)
}

// limitOf returns the most that scopes allow.
func limitOf(scopes []string) Permission {
	limit := Permission("none") // may nothing
	for _, p := range Permissions {
		if slices.Contains(scopes, string(p)) {
			limit = p
		}
	}
	return limit
}

// noteUse writes when a token was used, at most once a minute each.
func (a *Auth) noteUse(ctx context.Context, id int64, now time.Time) error {
	a.touchMu.Lock()
	if now.Sub(a.touched[id]) < time.Minute {
		a.touchMu.Unlock()
		return nil
	}
	if len(a.touched) >= maxTracked {
		clear(a.touched)
	}
	a.touched[id] = now
	a.touchMu.Unlock()
	return fault.Wrap(ignoreNotFound(a.catalog.TouchToken(ctx, id, now.UTC())), "note the use of a token")
}
