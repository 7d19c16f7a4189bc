package auth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/auth"
)

const (
	org      = account.OrgID(7)
	password = "correct horse battery"
)

// quick are parameters that make tests fast. They are as good as the default ones for everything but secrets.
var quick = auth.Argon{Memory: 64, Passes: 1, Threads: 1}

type server struct {
	*auth.Auth
	catalog *memory
	now     time.Time
}

func newServer(t *testing.T, change ...func(*auth.Options)) *server {
	t.Helper()
	s := &server{catalog: newMemory(), now: time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)}
	o := auth.Options{Password: quick, Now: func() time.Time { return s.now }, PublicURL: &url.URL{Scheme: "https", Host: "errors.example"}}
	for _, c := range change {
		c(&o)
	}
	var err error
	if s.Auth, err = auth.New(s.catalog, o); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *server) admin(t *testing.T) account.User {
	t.Helper()
	u, err := s.EnsureAdmin(t.Context(), org, "Mara@Example.org", password)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func request(cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return r
}

// signIn returns the cookie of a sign-in, or its error.
func (s *server) signIn(email, pass string) (*http.Cookie, error) {
	w := httptest.NewRecorder()
	err := s.SignIn(w, request(), email, pass)
	if cookies := w.Result().Cookies(); len(cookies) > 0 {
		return cookies[0], err
	}
	return nil, err
}

// who returns the actor that a page would see, and what was answered.
func (s *server) who(middleware func(http.Handler) http.Handler, r *http.Request) (auth.Actor, bool, *http.Response) {
	var actor auth.Actor
	var ok bool
	w := httptest.NewRecorder()
	middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { actor, ok = auth.ActorOf(r.Context()) })).ServeHTTP(w, r)
	return actor, ok, w.Result()
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	u := s.admin(t)
	invited, _, err := s.Invite(t.Context(), org, "new@example.org", "New", account.RoleMember)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		email, password string
		want            fault.Code
	}{
		"right":                      {"mara@example.org", password, ""},
		"case and blanks do not cut": {"  MARA@example.org ", password, ""},
		"wrong password":             {"mara@example.org", password + "x", fault.Unauthorized},
		"nobody":                     {"nobody@example.org", password, fault.Unauthorized},
		"nothing":                    {"", "", fault.Unauthorized},
		"invited, no password yet":   {invited.Email, "", fault.Unauthorized},
		"a password of a megabyte":   {"mara@example.org", strings.Repeat("x", 1<<20), fault.Unauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			cookie, err := s.signIn(tc.email, tc.password)
			if tc.want != "" {
				if fault.CodeOf(err) != tc.want || cookie != nil {
					t.Fatalf("error %v, cookie %v; want %s and none", err, cookie, tc.want)
				}
				if err.Error() != "e-mail or password is wrong" {
					t.Errorf("the error %q says which of them is wrong", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			actor, ok, _ := s.who(s.Session, request(cookie))
			want := auth.Actor{Org: org, User: u.ID, Name: "mara", Email: "mara@example.org", Role: account.RoleOwner}
			if !ok || actor != want {
				t.Errorf("actor %+v, want %+v", actor, want)
			}
		})
	}
}

func TestSessionCookie(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		base   url.URL
		name   string
		secure bool
	}{
		"https": {url.URL{Scheme: "https", Host: "x.org"}, "__Host-seismo_session", true},
		"http":  {url.URL{Scheme: "http", Host: "x.org:8000", Path: "/seismo"}, "seismo_session", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, func(o *auth.Options) { o.PublicURL = &tc.base })
			s.admin(t)
			c, err := s.signIn("mara@example.org", password)
			if err != nil {
				t.Fatal(err)
			}
			if c.Name != tc.name || c.Secure != tc.secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" {
				t.Errorf("cookie %+v", c)
			}
			for hash := range s.catalog.sessions {
				if strings.Contains(string(hash[:]), c.Value) {
					t.Error("the secret itself is stored")
				}
			}
		})
	}
}

func TestSessionRollsAndEnds(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(o *auth.Options) { o.SessionDuration = 10 * time.Hour })
	s.admin(t)
	c, err := s.signIn("mara@example.org", password)
	if err != nil {
		t.Fatal(err)
	}
	valid := func() bool { _, ok, _ := s.who(s.Session, request(c)); return ok }
	s.now = s.now.Add(30 * time.Minute)
	if !valid() || s.catalog.touches != 0 {
		t.Fatalf("valid %v after half an hour, %d writes; want none for so little", valid(), s.catalog.touches)
	}
	for range 3 { // each use within the duration prolongs it
		s.now = s.now.Add(9 * time.Hour)
		if !valid() {
			t.Fatalf("ended at %s although it was in use", s.now)
		}
	}
	if s.catalog.touches != 3 {
		t.Errorf("%d writes, want 3", s.catalog.touches)
	}
	s.now = s.now.Add(10*time.Hour + time.Second)
	if valid() {
		t.Error("valid longer than the duration after its last use")
	}
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.admin(t)
	c, err := s.signIn("mara@example.org", password)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	if err := s.SignOut(w, request(c)); err != nil {
		t.Fatal(err)
	}
	if got := w.Result().Cookies(); len(got) != 1 || got[0].MaxAge >= 0 {
		t.Errorf("cookies %v, want one that removes", got)
	}
	if _, ok, _ := s.who(s.Session, request(c)); ok {
		t.Error("still signed in")
	}
}

func TestSignInEndsTheSessionBefore(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.admin(t)
	first, err := s.signIn("mara@example.org", password)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SignIn(httptest.NewRecorder(), request(first), "mara@example.org", password); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := s.who(s.Session, request(first)); ok {
		t.Error("the browser's earlier session still works")
	}
}

func TestSessionLookupFails(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.admin(t)
	c, _ := s.signIn("mara@example.org", password)
	s.catalog.failing["GetSession"] = fault.New(fault.Unavailable, "catalog is away")
	if _, ok, res := s.who(s.Session, request(c)); ok || res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("signed in %v, status %d; want 503, not a request to sign in", ok, res.StatusCode)
	}
}

func TestSignInIsLimited(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(o *auth.Options) { o.AttemptsPerAccount, o.AttemptsPerIP = 3, 5 })
	s.admin(t)
	for i := range 3 {
		if _, err := s.signIn("mara@example.org", "wrong"); fault.CodeOf(err) != fault.Unauthorized {
			t.Fatalf("attempt %d: %v", i, err)
		}
	}
	_, err := s.signIn("mara@example.org", password)
	wait, ok := fault.RetryAfterOf(err)
	if fault.CodeOf(err) != fault.RateLimited || !ok || wait != 30*time.Second {
		t.Fatalf("after three failures: %v, wait %s; want to wait 30 s even with the right password", err, wait)
	}
	s.now = s.now.Add(30 * time.Second)
	if _, err := s.signIn("mara@example.org", password); err != nil {
		t.Errorf("after waiting: %v", err)
	}
	// Other accounts from the same address: its own burst is used up by now, whatever the account.
	limited := false
	for i := range 6 {
		_, err := s.signIn(strings.Repeat("a", i+1)+"@example.org", "wrong")
		limited = limited || fault.CodeOf(err) == fault.RateLimited
	}
	if !limited {
		t.Error("one address may try as many accounts as it likes")
	}
}

func TestSuccessIsNotAFailure(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(o *auth.Options) { o.AttemptsPerAccount, o.AttemptsPerIP = 2, 2 })
	s.admin(t)
	for i := range 10 {
		if _, err := s.signIn("mara@example.org", password); err != nil {
			t.Fatalf("sign-in %d: %v", i, err)
		}
	}
}

func setup(t *testing.T, s *server) string {
	t.Helper()
	link, err := s.SetupLink(t.Context(), org)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(link)
	if err != nil || u.Host != "errors.example" || u.Path != "/setup" {
		t.Fatalf("link %q", link)
	}
	return u.Query().Get("token")
}

var mara = auth.Person{Name: " Mara Oduya ", Email: "Mara@example.org", Password: password}

func TestSetUp(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	old := setup(t, s)
	token := setup(t, s)
	if err := s.CheckSetup(t.Context(), old); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("the link before: %v, want NotFound", err)
	}
	w := httptest.NewRecorder()
	if err := s.SetUp(w, request(), token, mara); err != nil {
		t.Fatal(err)
	}
	actor, ok, _ := s.who(s.Session, request(w.Result().Cookies()...))
	if !ok || actor.Role != account.RoleOwner || actor.Name != "Mara Oduya" || actor.Email != "mara@example.org" || actor.Org != org {
		t.Errorf("actor %+v", actor)
	}
	if err := s.SetUp(httptest.NewRecorder(), request(), token, auth.Person{Name: "Eve", Email: "eve@example.org", Password: password}); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("second use: %v, want NotFound", err)
	}
	if link, err := s.SetupLink(t.Context(), org); err != nil || link != "" {
		t.Errorf("link %q, error %v; want none once there is an administrator", link, err)
	}
}

func TestSetUpRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		person auth.Person
		field  string
	}{
		"no name":               {auth.Person{Email: "a@b.org", Password: password}, "name"},
		"no e-mail":             {auth.Person{Name: "A", Email: "a", Password: password}, "email"},
		"an address with name":  {auth.Person{Name: "A", Email: "A <a@b.org>", Password: password}, "email"},
		"a short password":      {auth.Person{Name: "A", Email: "a@b.org", Password: "short"}, "password"},
		"a very long password":  {auth.Person{Name: "A", Email: "a@b.org", Password: strings.Repeat("x", 600)}, "password"},
		"the e-mail again":      {auth.Person{Name: "A", Email: "mara@example.org", Password: "Mara@example.org"}, "password"},
		"ten letters of Hangul": {auth.Person{Name: "A", Email: "", Password: "가나다라마바사아자차"}, "email"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			token := setup(t, s)
			err := s.SetUp(httptest.NewRecorder(), request(), token, tc.person)
			fields := fault.Fields(err)
			if fault.CodeOf(err) != fault.Validation || len(fields) != 1 || fields[0].Field != tc.field {
				t.Fatalf("error %v, fields %v; want one about %s", err, fields, tc.field)
			}
			if err := s.CheckSetup(t.Context(), token); err != nil {
				t.Errorf("the link is gone: %v", err)
			}
		})
	}
}

func TestSetUpKeepsTheLinkWhenItFails(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	token := setup(t, s)
	s.catalog.failing["CreateUser"] = fault.New(fault.Unavailable, "disk full")
	if err := s.SetUp(httptest.NewRecorder(), request(), token, mara); !errors.Is(err, fault.Unavailable) {
		t.Fatalf("error %v", err)
	}
	delete(s.catalog.failing, "CreateUser")
	if err := s.SetUp(httptest.NewRecorder(), request(), token, mara); err != nil {
		t.Errorf("second try: %v", err)
	}
}

func TestSetUpOnceUnderConcurrency(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	token := setup(t, s)
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range 8 {
		wg.Go(func() {
			p := auth.Person{Name: "P", Email: strings.Repeat("p", i+1) + "@example.org", Password: password}
			if s.SetUp(httptest.NewRecorder(), request(), token, p) == nil {
				mu.Lock()
				won++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if won != 1 || len(s.catalog.users) != 1 {
		t.Errorf("%d set up, %d users; want one of each", won, len(s.catalog.users))
	}
}

func TestInvite(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	u, link, err := s.Invite(t.Context(), org, "Jonas@example.org", "Jonas Weber", account.RoleMember)
	if err != nil {
		t.Fatal(err)
	}
	token, ok := strings.CutPrefix(link, "https://errors.example/invite/")
	if !ok || token == "" {
		t.Fatalf("link %q", link)
	}
	if err := s.CheckSetup(t.Context(), token); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("an invitation as setup link: %v, want NotFound", err)
	}
	if got, err := s.CheckInvite(t.Context(), token); err != nil || got != u {
		t.Errorf("invitation of %+v, %v; want %+v", got, err, u)
	}
	if err := s.AcceptInvite(httptest.NewRecorder(), request(), token, "short"); fault.CodeOf(err) != fault.Validation {
		t.Errorf("a short password: %v", err)
	}
	if err := s.AcceptInvite(httptest.NewRecorder(), request(), token, password); err != nil {
		t.Fatal(err)
	}
	if err := s.AcceptInvite(httptest.NewRecorder(), request(), token, password); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("second use: %v, want NotFound", err)
	}
	if _, err := s.signIn("jonas@example.org", password); err != nil {
		t.Errorf("sign-in: %v", err)
	}
	if _, _, err := s.Invite(t.Context(), org, "jonas@example.org", "", account.RoleMember); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("inviting a member: %v, want Conflict", err)
	}
	if _, link, err := s.Invite(t.Context(), org+1, "jonas@example.org", "", account.RoleViewer); err != nil || link != "" {
		t.Errorf("a person with a password got the link %q, %v: whoever invites could take the account over", link, err)
	}
}

func TestInvitationEnds(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	_, link, err := s.Invite(t.Context(), org, "jonas@example.org", "Jonas", account.RoleMember)
	if err != nil {
		t.Fatal(err)
	}
	s.now = s.now.AddDate(0, 0, 8)
	if _, err := s.CheckInvite(t.Context(), strings.TrimPrefix(link, "https://errors.example/invite/")); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("after eight days: %v, want NotFound", err)
	}
}

func TestEnsureAdmin(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	first := s.admin(t)
	again, err := s.EnsureAdmin(context.Background(), org, "mara@example.org", "another password")
	if err != nil || again != first {
		t.Fatalf("%+v, %v; want %+v", again, err, first)
	}
	if _, err := s.signIn("mara@example.org", password); err != nil {
		t.Errorf("a restart changed the password: %v", err)
	}
	if _, err := s.EnsureAdmin(context.Background(), org, "x@example.org", ""); fault.CodeOf(err) != fault.Validation {
		t.Errorf("an administrator without password: %v", err)
	}
}
