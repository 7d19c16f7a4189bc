package web_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/auth"
	"github.com/seismohq/seismo/internal/catalog"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/issue"
	"github.com/seismohq/seismo/internal/project"
	"github.com/seismohq/seismo/internal/web"
)

// testNow is the moment at which all pages are made: Saturday 03:02:43 in Oslo.
var testNow = time.Date(2026, 11, 21, 2, 2, 43, 0, time.UTC)

const testPassword = "correct horse battery"

// site is the pages on a real catalog and an event store in memory.
type site struct {
	handler  http.Handler
	catalog  *catalog.Store
	events   *memory
	auth     *auth.Auth
	now      time.Time
	org      account.OrgID
	mara     account.User
	jonas    account.User
	projects map[string]project.Project
	cookie   *http.Cookie
	position uint64
}

func newSite(tb testing.TB, change ...func(*web.Options)) *site {
	tb.Helper()
	s := &site{events: &memory{}, now: testNow, projects: map[string]project.Project{}}
	ctx := context.Background()
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	var err error
	s.catalog, err = catalog.Open(ctx, "sqlite://"+filepath.Join(tb.TempDir(), "catalog.db"), catalog.Options{Now: func() time.Time { return s.now }})
	must(err)
	tb.Cleanup(func() { _ = s.catalog.Close() })
	public := &url.URL{Scheme: "http", Host: "errors.example:8000"}
	s.auth, err = auth.New(s.catalog, auth.Options{PublicURL: public, Now: func() time.Time { return s.now }, Password: auth.Argon{Memory: 64, Passes: 1}})
	must(err)
	o := web.Options{PublicURL: public, Now: func() time.Time { return s.now }, Version: "1.0.0"}
	for _, c := range change {
		c(&o)
	}
	s.handler, err = web.New(s.catalog, s.events, s.auth, o)
	must(err)
	org, err := s.catalog.CreateOrganization(ctx, "halden", "Halden Outdoor")
	must(err)
	s.org = org.ID
	s.mara, err = s.auth.EnsureAdmin(ctx, s.org, "mara@halden.example", testPassword)
	must(err)
	s.jonas, _, err = s.auth.Invite(ctx, s.org, "jonas@halden.example", "Jonas Weber", account.RoleMember)
	must(err)
	s.cookie = s.signIn(tb, "mara@halden.example")
	return s
}

func (s *site) signIn(tb testing.TB, email string) *http.Cookie {
	tb.Helper()
	res := s.do(http.MethodPost, "/login", url.Values{"email": {email}, "password": {testPassword}})
	if res.StatusCode != http.StatusSeeOther || len(res.Cookies()) == 0 {
		tb.Fatalf("sign-in: status %d\n%s", res.StatusCode, res.body)
	}
	return res.Cookies()[0]
}

func (s *site) project(tb testing.TB, name, prefix string) project.Project {
	tb.Helper()
	p, err := s.catalog.CreateProject(context.Background(), s.org, catalog.ProjectInput{Name: name, Prefix: prefix, Platform: "go"})
	if err != nil {
		tb.Fatal(err)
	}
	s.projects[name] = p
	return p
}

// record puts a group of occurrences into the catalog and returns its issue.
func (s *site) record(tb testing.TB, g catalog.Group) issue.Issue {
	tb.Helper()
	got, err := s.catalog.Record(context.Background(), catalog.Batch{Log: "test", From: s.position, To: s.position + 1, Groups: []catalog.Group{g}})
	if err != nil {
		tb.Fatal(err)
	}
	s.position++
	i, err := s.catalog.GetIssue(context.Background(), s.org, got.Issues[0].ID)
	if err != nil {
		tb.Fatal(err)
	}
	return i
}

func (s *site) set(tb testing.TB, i issue.Issue, actor account.User, status issue.Status) issue.Issue {
	tb.Helper()
	i, err := s.catalog.UpdateIssue(context.Background(), s.org, i.ID, catalog.IssueChange{Actor: actor.ID, Status: &status})
	if err != nil {
		tb.Fatal(err)
	}
	return i
}

// key is a grouping key by a number.
func key(n int) event.Key { return event.Key{byte(n >> 8), byte(n), 0xaa} }

// entry is the lean part of a sample event.
func (s *site) entry(p project.Project, n int, at time.Time) eventstore.Entry {
	x := samples[0]
	return eventstore.Entry{
		Project: p.ID, ID: eventID(n), Keys: []event.Key{key(1)}, Timestamp: at, Level: x.level, Release: x.release, Environment: "production",
		Title: x.typ + ": " + x.value, User: "id:u_20418", Tags: []event.Tag{{Key: "environment", Value: "production"}, {Key: "release", Value: x.release}, {Key: "region", Value: "eu-west-1"}},
	}
}

// store puts an event into the store under a key.
func (s *site) store(tb testing.TB, k event.Key, e *event.Event) {
	tb.Helper()
	payload, err := e.AppendJSON(nil)
	if err != nil {
		tb.Fatal(err)
	}
	s.events.add(eventstore.Entry{
		Project: e.Project, ID: e.ID, Keys: []event.Key{k}, Timestamp: e.Timestamp, Received: e.Received, Level: e.Level,
		Environment: e.Environment, Release: e.Release, User: e.User.Identity(), Title: e.Title, Tags: e.Tags, Payload: payload,
	})
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body string
}

// do sends a request as a browser on the same site would. Headers come in pairs.
func (s *site) do(method, target string, form url.Values, headers ...string) answer {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, "http://errors.example:8000"+target, body)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if s.cookie != nil {
		r.AddCookie(s.cookie)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	res := w.Result()
	b, _ := io.ReadAll(res.Body)
	return answer{res, string(b)}
}

func (s *site) get(target string, headers ...string) answer {
	return s.do(http.MethodGet, target, nil, headers...)
}

// eventID is an event id by a number.
func eventID(n int) event.ID {
	id, err := event.ParseID(fmt.Sprintf("%032x", n))
	if err != nil {
		panic(err)
	}
	return id
}
