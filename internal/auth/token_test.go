package auth_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/auth"
)

func bearer(secret string) *http.Request {
	r := request()
	r.Header.Set("Authorization", "bearer "+secret) // the scheme is case-insensitive: RFC 9110, 11.1
	return r
}

func TestToken(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	u := s.admin(t)
	secret, token, err := s.CreateToken(t.Context(), org, u.ID, "deploy", auth.Triage, s.now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(secret, "seismo_") || len(secret) < 40 || !strings.HasPrefix(secret, token.Prefix) || len(token.Prefix) > 12 {
		t.Errorf("secret %q, prefix %q", secret, token.Prefix)
	}
	actor, ok, _ := s.who(s.Bearer, bearer(secret))
	if !ok || actor.User != u.ID || actor.Org != org || !actor.May(auth.Triage) || actor.May(auth.Manage) {
		t.Errorf("actor %+v", actor)
	}
	if err := s.catalog.PutMember(t.Context(), org, u.ID, account.RoleViewer); err != nil {
		t.Fatal(err)
	}
	if actor, _, _ := s.who(s.Bearer, bearer(secret)); actor.May(auth.Triage) || !actor.May(auth.Read) {
		t.Error("a token may more than the person it belongs to")
	}
	s.now = s.now.Add(time.Hour)
	if _, ok, res := s.who(s.Bearer, bearer(secret)); ok || res.StatusCode != http.StatusUnauthorized {
		t.Errorf("after its end: actor %v, status %d", ok, res.StatusCode)
	}
}

func TestTokenOfSomebodyWhoLeft(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	u := s.admin(t)
	secret, _, err := s.CreateToken(t.Context(), org, u.ID, "old", auth.Read, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	s.catalog.members = nil
	if _, ok, res := s.who(s.Bearer, bearer(secret)); ok || res.StatusCode != http.StatusUnauthorized {
		t.Errorf("actor %v, status %d", ok, res.StatusCode)
	}
}

func TestEnsureToken(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for range 2 {
		if err := s.EnsureToken(t.Context(), org, 0, "chosen-by-an-operator"); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.catalog.tokens) != 1 {
		t.Errorf("%d tokens, want 1", len(s.catalog.tokens))
	}
	for _, token := range s.catalog.tokens {
		if token.Prefix != "" {
			t.Errorf("shows %q of a secret that somebody chose", token.Prefix)
		}
	}
	actor, ok, _ := s.who(s.Bearer, bearer("chosen-by-an-operator"))
	if !ok || !actor.May(auth.Administer) || actor.User != 0 {
		t.Errorf("actor %+v", actor)
	}
}

func TestBearerRefuses(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(o *auth.Options) { o.AttemptsPerIP = 5 })
	if _, ok, res := s.who(s.Bearer, request()); ok || res.StatusCode != http.StatusOK {
		t.Errorf("without a token: actor %v, status %d; want to pass without one", ok, res.StatusCode)
	}
	for _, secret := range []string{"", "seismo_nope", strings.Repeat("x", 10_000)} {
		_, ok, res := s.who(s.Bearer, bearer(secret))
		if ok || res.StatusCode != http.StatusUnauthorized || !strings.HasPrefix(res.Header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("token %.20q: actor %v, status %d, header %v", secret, ok, res.StatusCode, res.Header)
		}
		var problem struct{ Code fault.Code }
		if err := json.NewDecoder(res.Body).Decode(&problem); err != nil || problem.Code != fault.Unauthorized {
			t.Errorf("problem %+v, %v", problem, err)
		}
	}
	var last int
	for range 5 {
		_, _, res := s.who(s.Bearer, bearer("seismo_nope"))
		last = res.StatusCode
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("status %d after many wrong tokens, want 429", last)
	}
}

func TestUseIsNotedOnceAMinute(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	u := s.admin(t)
	secret, _, err := s.CreateToken(t.Context(), org, u.ID, "ci", auth.Read, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		s.who(s.Bearer, bearer(secret))
	}
	s.now = s.now.Add(time.Minute)
	s.who(s.Bearer, bearer(secret))
	if s.catalog.touches != 2 {
		t.Errorf("%d writes, want 2", s.catalog.touches)
	}
}

func TestMay(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		actor auth.Actor
		most  auth.Permission
	}{
		"owner":                   {auth.Actor{User: 1, Role: account.RoleOwner}, auth.Administer},
		"manager":                 {auth.Actor{User: 1, Role: account.RoleManager}, auth.Manage},
		"member":                  {auth.Actor{User: 1, Role: account.RoleMember}, auth.Triage},
		"viewer":                  {auth.Actor{User: 1, Role: account.RoleViewer}, auth.Read},
		"unknown role":            {auth.Actor{User: 1, Role: "guest"}, ""},
		"nobody":                  {auth.Actor{}, ""},
		"owner's narrow token":    {auth.Actor{User: 1, Role: account.RoleOwner, Limit: auth.Read}, auth.Read},
		"viewer's wide token":     {auth.Actor{User: 1, Role: account.RoleViewer, Limit: auth.Administer}, auth.Read},
		"server's token":          {auth.Actor{Limit: auth.Administer}, auth.Administer},
		"token of unknown scopes": {auth.Actor{User: 1, Role: account.RoleOwner, Limit: "none"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			may := tc.most != ""
			for _, p := range auth.Permissions {
				if got := tc.actor.May(p); got != may {
					t.Errorf("May(%s) = %v, want %v", p, got, may)
				}
				if p == tc.most {
					may = false
				}
			}
			if tc.actor.May("everything") {
				t.Error("may what does not exist")
			}
		})
	}
}
