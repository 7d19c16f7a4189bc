package auth

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/catalog"
)

// SignIn checks e-mail and password and starts a web session, whose cookie it sets on w. Errors: Unauthorized when they
// are wrong (it does not say which of them), RateLimited with the time to wait after too many failures.
func (a *Auth) SignIn(w http.ResponseWriter, r *http.Request, email, password string) error {
	email = normalEmail(email)
	ip := ipKey(a.opts.ClientIP(r))
	if err := a.attempt(ip, email); err != nil {
		return err
	}
	if len(email) > 320 || len(password) > MaxPassword {
		email, password = "", "" // no account has them; the check below takes its usual time
	}
	user, hash, err := a.catalog.GetUserByEmail(r.Context(), email)
	if ignoreNotFound(err) != nil {
		return fault.Wrap(err, "find the account")
	}
	right, err := a.hasher.verify(r.Context(), password, hash)
	if err != nil {
		return err
	}
	if !right || user.ID == 0 {
		a.log.Warn("sign-in failed", "ip", ip)
		return fault.New(fault.Unauthorized, "e-mail or password is wrong")
	}
	a.ips.give(ip)
	a.accounts.give(email)
	return a.start(w, r, user.ID)
}

// attempt counts one try of an address at an account. The address comes first, so that it cannot fill the table of
// accounts.
func (a *Auth) attempt(ip, email string) error {
	now := a.now()
	wait := a.ips.take(ip, now)
	if wait == 0 {
		wait = a.accounts.take(email, now)
	}
	if wait == 0 {
		return nil
	}
	wait = (wait + time.Second - 1).Truncate(time.Second)
	return fault.With(fault.New(fault.RateLimited, "too many attempts", slog.String("ip", ip)), fault.RetryAfter(wait))
}

// start makes a session and sets its cookie. A session the browser had before ends.
func (a *Auth) start(w http.ResponseWriter, r *http.Request, user account.UserID) error {
	if old, ok := a.cookieHash(r); ok {
		if err := ignoreNotFound(a.catalog.DeleteSession(r.Context(), old)); err != nil {
			return fault.Wrap(err, "end the session before")
		}
	}
	secret, hash := newSecret()
	now := a.now().UTC()
	s := catalog.Session{
		Hash: hash, User: user, CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(a.opts.SessionDuration),
		IP: a.opts.ClientIP(r).String(), UserAgent: cut(r.UserAgent(), 256),
	}
	if err := a.catalog.CreateSession(r.Context(), s); err != nil {
		return fault.Wrap(err, "keep the session")
	}
	http.SetCookie(w, a.cookie(secret, int(a.opts.SessionDuration/time.Second)))
	return nil
}

// SignOut ends the web session of the request, if there is one, and removes its cookie.
func (a *Auth) SignOut(w http.ResponseWriter, r *http.Request) error {
	http.SetCookie(w, a.cookie("", -1))
	hash, ok := a.cookieHash(r)
	if !ok {
		return nil
	}
	return fault.Wrap(ignoreNotFound(a.catalog.DeleteSession(r.Context(), hash)), "end the session")
}

// Session is the middleware of web pages: it puts the actor of a valid session into the context of the request, and
// leaves requests without one as they are. Using a session prolongs it.
func (a *Auth) Session(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		actor, ok, err := a.sessionActor(w, r)
		if err != nil {
			// The page would send people to sign in although they are; better to say that it is our fault.
			a.errors.Write(w, r, err)
			return
		}
		if ok {
			r = r.WithContext(WithActor(r.Context(), actor))
		}
		next.ServeHTTP(w, r)
	})
}

func (a *Auth) sessionActor(w http.ResponseWriter, r *http.Request) (Actor, bool, error) {
	hash, ok := a.cookieHash(r)
	if !ok {
		return Actor{}, false, nil
	}
	s, err := a.catalog.GetSession(r.Context(), hash)
	if fault.CodeOf(err) == fault.NotFound || (err == nil && !s.ExpiresAt.After(a.now())) {
		return Actor{}, false, nil
	}
	if err != nil {
		return Actor{}, false, fault.Wrap(err, "find the session")
	}
	members, err := a.catalog.ListMemberships(r.Context(), s.User)
	if err != nil {
		return Actor{}, false, fault.Wrap(err, "find the organization", slog.Int64("user", int64(s.User)))
	}
	if len(members) == 0 {
		return Actor{}, false, nil
	}
	// Written once in a while only: it is a write for each page otherwise.
	now := a.now().UTC()
	if full := now.Add(a.opts.SessionDuration); full.Sub(s.ExpiresAt) > min(a.opts.SessionDuration/10, time.Hour) {
		if err := ignoreNotFound(a.catalog.TouchSession(r.Context(), hash, now, full)); err != nil {
			return Actor{}, false, fault.Wrap(err, "prolong the session")
		}
		if c, err := r.Cookie(a.cookieName()); err == nil {
			http.SetCookie(w, a.cookie(c.Value, int(a.opts.SessionDuration/time.Second)))
		}
	}
	m := members[0]
	return Actor{Org: m.Org, User: s.User, Name: m.User.Name, Email: m.User.Email, Role: m.Role}, true, nil
}

// cookieName has the prefix by which browsers keep a cookie to this very host over https.
// See https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#name-the-__host-prefix.
func (a *Auth) cookieName() string {
	if a.opts.PublicURL.Scheme == "https" {
		return "__Host-seismo_session"
	}
	return "seismo_session"
}

func (a *Auth) cookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: a.cookieName(), Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: a.opts.PublicURL.Scheme == "https",
	}
}

func (a *Auth) cookieHash(r *http.Request) ([32]byte, bool) {
	c, err := r.Cookie(a.cookieName())
	if err != nil {
		return [32]byte{}, false
	}
	return hashOf(c.Value)
}

// cut returns at most n bytes of s, valid UTF-8.
func cut(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return string([]rune(s))
}
