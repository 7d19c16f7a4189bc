// Package catalogtest holds both dialects of the catalog to its promises.
package catalogtest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/catalog"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/issue"
	"github.com/seismohq/seismo/internal/outcome"
	"github.com/seismohq/seismo/internal/project"
)

// Epoch is the time at which the clock of a Fixture starts.
var Epoch = time.Date(2026, 11, 21, 7, 30, 0, 123456000, time.UTC)

// Fixture is a catalog with two organizations that must not see each other.
type Fixture struct {
	*catalog.Store
	Org, Other   account.OrgID
	Shop, Theirs project.Project
	Key          project.Key
	Now          time.Time

	position uint64
}

// Open opens a catalog with a clock of its own.
type Open func(t *testing.T, o catalog.Options) *catalog.Store

// New returns a Fixture.
func New(t *testing.T, open Open) *Fixture {
	t.Helper()
	f := &Fixture{Now: Epoch}
	f.Store = open(t, catalog.Options{Now: func() time.Time { return f.Now }})
	ctx := t.Context()
	a, err := f.CreateOrganization(ctx, "main", "Main")
	must(t, err)
	b, err := f.CreateOrganization(ctx, "other", "Other")
	must(t, err)
	f.Org, f.Other = a.ID, b.ID
	f.Shop, err = f.CreateProject(ctx, f.Org, catalog.ProjectInput{Name: "Checkout", Platform: "go"})
	must(t, err)
	f.Theirs, err = f.CreateProject(ctx, f.Other, catalog.ProjectInput{Name: "Checkout"})
	must(t, err)
	keys, err := f.ListKeys(ctx, f.Org, f.Shop.ID)
	must(t, err)
	f.Key = keys[0]
	return f
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, what string, err error, want fault.Code) {
	t.Helper()
	if err == nil || fault.CodeOf(err) != want {
		t.Errorf("%s: %v (code %s), want %s", what, err, fault.CodeOf(err), want)
	}
}

// K returns a grouping key.
func K(n int) event.Key {
	return event.Key{0: byte(n >> 8), 1: byte(n), 15: 1}
}

// G returns a group of so many occurrences that were last seen so long after the epoch.
func G(p project.ID, count int64, after time.Duration, keys ...event.Key) catalog.Group {
	return catalog.Group{
		Project: p, Keys: keys, Count: count, FirstSeen: Epoch.Add(after), LastSeen: Epoch.Add(after), Title: "E: boom", Type: "E", Value: "boom",
		Culprit: "main in f", Location: "a.go", Function: "f", Platform: "go", Level: event.Error, FirstRelease: "1", LastRelease: "1",
	}
}

// Record records groups as the next batch of the fixture's queue.
func (f *Fixture) Record(t *testing.T, groups ...catalog.Group) catalog.Recorded {
	t.Helper()
	r, err := f.Store.Record(t.Context(), catalog.Batch{Log: "log", From: f.position, To: f.position + 10, Groups: groups})
	must(t, err)
	f.position += 10
	return r
}

// Run runs the suite.
func Run(t *testing.T, open Open) {
	for name, test := range map[string]func(*testing.T, *Fixture){
		"organizations and teams":           testTeams,
		"users and members":                 testUsers,
		"projects and keys":                 testProjects,
		"sessions":                          testSessions,
		"links are used once":               testLinks,
		"tokens":                            testTokens,
		"recording creates issues":          testRecordCreates,
		"recording adds up":                 testRecordAdds,
		"a batch is recorded once":          testRecordOnce,
		"keys are attached to their issue":  testRecordAttaches,
		"a resolved issue regresses":        testRegression,
		"recording two partitions at once":  testConcurrent,
		"outcomes add up":                   testOutcomes,
		"issues are listed in every order":  testListOrders,
		"issues are filtered":               testListFilters,
		"issues are changed":                testUpdate,
		"activity is a feed":                testFeed,
		"users are counted again":           testStale,
		"tenants are kept apart":            testTenants,
		"a project that is gone is skipped": testGoneProject,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, New(t, open))
		})
	}
}

func testTeams(t *testing.T, f *Fixture) {
	ctx := t.Context()
	_, err := f.CreateOrganization(ctx, "main", "Again")
	wantCode(t, "the same slug", err, fault.Conflict)
	orgs, err := f.ListOrganizations(ctx)
	must(t, err)
	if len(orgs) != 2 || orgs[0].Slug != "main" || !orgs[0].CreatedAt.Equal(Epoch) {
		t.Errorf("organizations: %+v", orgs)
	}
	if o, err := f.GetOrganization(ctx, f.Org); err != nil || o.Name != "Main" {
		t.Errorf("organization: %+v, %v", o, err)
	}
	_, err = f.GetOrganization(ctx, 99)
	wantCode(t, "no organization", err, fault.NotFound)
	team, err := f.CreateTeam(ctx, f.Org, "core", "Core")
	must(t, err)
	_, err = f.CreateTeam(ctx, f.Org, "core", "Core")
	wantCode(t, "the same team", err, fault.Conflict)
	_, err = f.CreateTeam(ctx, f.Other, "core", "Core")
	must(t, err)
	if teams, err := f.ListTeams(ctx, f.Org); err != nil || len(teams) != 1 || teams[0] != team {
		t.Errorf("teams: %+v, %v", teams, err)
	}
	u, err := f.CreateUser(ctx, "ada@example.org", "Ada", "")
	must(t, err)
	wantCode(t, "who is no member", f.AddTeamMember(ctx, f.Org, team.ID, u.ID), fault.NotFound)
	must(t, f.PutMember(ctx, f.Org, u.ID, account.RoleMember))
	must(t, f.AddTeamMember(ctx, f.Org, team.ID, u.ID))
	must(t, f.AddTeamMember(ctx, f.Org, team.ID, u.ID))
	wantCode(t, "a team of others", f.AddTeamMember(ctx, f.Other, team.ID, u.ID), fault.NotFound)
	must(t, f.AddTeamProject(ctx, f.Org, team.ID, f.Shop.ID))
	wantCode(t, "a project of others", f.AddTeamProject(ctx, f.Org, team.ID, f.Theirs.ID), fault.NotFound)
}

func testUsers(t *testing.T, f *Fixture) {
	ctx := t.Context()
	u, err := f.CreateUser(ctx, "ada@example.org", "Ada", "hash")
	must(t, err)
	_, err = f.CreateUser(ctx, "ada@example.org", "Eve", "hash")
	wantCode(t, "the same address", err, fault.Conflict)
	got, hash, err := f.GetUserByEmail(ctx, "ada@example.org")
	if err != nil || hash != "hash" || got != u {
		t.Errorf("user: %+v %q %v", got, hash, err)
	}
	_, _, err = f.GetUserByEmail(ctx, "eve@example.org")
	wantCode(t, "no user", err, fault.NotFound)
	must(t, f.CreateSession(ctx, catalog.Session{Hash: [32]byte{1}, User: u.ID, CreatedAt: f.Now, ExpiresAt: f.Now.Add(time.Hour)}))
	must(t, f.SetPassword(ctx, u.ID, "new"))
	if _, hash, err := f.GetUserByEmail(ctx, u.Email); err != nil || hash != "new" {
		t.Errorf("password: %q, %v", hash, err)
	}
	_, err = f.GetSession(ctx, [32]byte{1})
	wantCode(t, "a session before the new password", err, fault.NotFound)
	wantCode(t, "password of nobody", f.SetPassword(ctx, 99, "x"), fault.NotFound)

	must(t, f.PutMember(ctx, f.Org, u.ID, account.RoleMember))
	must(t, f.PutMember(ctx, f.Org, u.ID, account.RoleAdmin))
	wantCode(t, "a member who is nobody", f.PutMember(ctx, f.Org, 99, account.RoleAdmin), fault.NotFound)
	m, err := f.GetMember(ctx, f.Org, u.ID)
	if err != nil || m.Role != account.RoleAdmin || m.User != u {
		t.Errorf("member: %+v, %v", m, err)
	}
	_, err = f.GetMember(ctx, f.Other, u.ID)
	wantCode(t, "member of others", err, fault.NotFound)
	if all, err := f.ListMemberships(ctx, u.ID); err != nil || len(all) != 1 || all[0].Org != f.Org {
		t.Errorf("memberships: %+v, %v", all, err)
	}
	if all, err := f.ListMembers(ctx, f.Other); err != nil || len(all) != 0 {
		t.Errorf("members of others: %+v, %v", all, err)
	}
}

func testProjects(t *testing.T, f *Fixture) {
	ctx := t.Context()
	if f.Shop.Slug != "checkout" || f.Shop.Prefix != "CHC" || f.Theirs.Slug != "checkout" {
		t.Errorf("project: %+v", f.Shop)
	}
	for _, want := range []struct{ name, slug, prefix string }{
		{"Checkout", "checkout-2", "CHC2"},
		{"Checkout", "checkout-3", "CHC3"},
		{"Web shop (new)", "web-shop-new", "WSN"},
		{"Ünïcode", "n-code", "PRJ"},
		{"4711", "project-4711", "471"},
	} {
		p, err := f.CreateProject(ctx, f.Org, catalog.ProjectInput{Name: want.name})
		if err != nil || p.Slug != want.slug || len(p.Prefix) < 2 || len(p.Prefix) > 4 {
			t.Errorf("%q: slug %q, prefix %q, %v; want %q %q", want.name, p.Slug, p.Prefix, err, want.slug, want.prefix)
		}
	}
	_, err := f.CreateProject(ctx, f.Org, catalog.ProjectInput{Name: "x", Slug: "checkout"})
	wantCode(t, "a slug that stands", err, fault.Conflict)
	_, err = f.CreateProject(ctx, 99, catalog.ProjectInput{Name: "x"})
	wantCode(t, "no organization", err, fault.NotFound)
	k, p, err := f.GetKeyByPublic(ctx, f.Key.Public)
	if err != nil || k != f.Key || p != f.Shop || len(k.Public) != 32 || !k.Enabled {
		t.Errorf("key: %+v of %+v, %v", k, p, err)
	}
	_, _, err = f.GetKeyByPublic(ctx, strings.Repeat("0", 32))
	wantCode(t, "no key", err, fault.NotFound)
	second, err := f.CreateKey(ctx, f.Org, f.Shop.ID, "browser")
	must(t, err)
	_, err = f.CreateKey(ctx, f.Other, f.Shop.ID, "browser")
	wantCode(t, "key for a project of others", err, fault.NotFound)
	must(t, f.SetKeyEnabled(ctx, f.Org, second.ID, false))
	wantCode(t, "key of others", f.SetKeyEnabled(ctx, f.Other, second.ID, true), fault.NotFound)
	keys, err := f.ListKeys(ctx, f.Org, f.Shop.ID)
	if err != nil || len(keys) != 2 || keys[1].Enabled || keys[1].Label != "browser" {
		t.Errorf("keys: %+v, %v", keys, err)
	}
}

func testSessions(t *testing.T, f *Fixture) {
	ctx := t.Context()
	u, err := f.CreateUser(ctx, "ada@example.org", "Ada", "")
	must(t, err)
	hash := [32]byte{7}
	in := catalog.Session{Hash: hash, User: u.ID, CreatedAt: f.Now, LastSeen: f.Now, ExpiresAt: f.Now.Add(time.Hour), IP: "::1", UserAgent: "x"}
	must(t, f.CreateSession(ctx, in))
	if got, err := f.GetSession(ctx, hash); err != nil || got != in {
		t.Errorf("session: %+v, %v", got, err)
	}
	must(t, f.TouchSession(ctx, hash, f.Now.Add(time.Minute), f.Now.Add(2*time.Hour)))
	f.Now = f.Now.Add(90 * time.Minute)
	if all, err := f.ListSessions(ctx, u.ID); err != nil || len(all) != 1 || !all[0].LastSeen.Equal(Epoch.Add(time.Minute)) {
		t.Errorf("sessions: %+v, %v", all, err)
	}
	f.Now = f.Now.Add(time.Hour)
	_, err = f.GetSession(ctx, hash)
	wantCode(t, "an expired session", err, fault.NotFound)
	must(t, f.DeleteSession(ctx, hash))
	wantCode(t, "touch of none", f.TouchSession(ctx, hash, f.Now, f.Now), fault.NotFound)
}

func testLinks(t *testing.T, f *Fixture) {
	ctx := t.Context()
	l := catalog.Link{Hash: [32]byte{1}, Purpose: "setup", Org: f.Org, Role: account.RoleOwner, ExpiresAt: f.Now.Add(time.Hour)}
	must(t, f.CreateLink(ctx, l))
	if got, err := f.GetLink(ctx, l.Hash); err != nil || got != l {
		t.Errorf("link: %+v, %v", got, err)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	used := 0
	for range 8 {
		wg.Go(func() {
			if _, err := f.UseLink(ctx, l.Hash); err == nil {
				mu.Lock()
				used++
				mu.Unlock()
			} else if fault.CodeOf(err) != fault.NotFound {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if used != 1 {
		t.Errorf("the link was used %d times", used)
	}
	l.Hash = [32]byte{2}
	must(t, f.CreateLink(ctx, l))
	f.Now = f.Now.Add(time.Hour)
	_, err := f.UseLink(ctx, l.Hash)
	wantCode(t, "an expired link", err, fault.NotFound)
	must(t, f.DeleteLinks(ctx, "setup"))
}

func testTokens(t *testing.T, f *Fixture) {
	ctx := t.Context()
	in := catalog.Token{Hash: [32]byte{1}, Prefix: "seismo_ab", Org: f.Org, Name: "ci", Scopes: []string{"read", "triage"}, ExpiresAt: f.Now.Add(time.Hour)}
	made, err := f.CreateToken(ctx, in)
	must(t, err)
	_, err = f.CreateToken(ctx, in)
	wantCode(t, "the same token", err, fault.Conflict)
	if got, err := f.GetToken(ctx, in.Hash); err != nil || !cmp.Equal(got, made) || !cmp.Equal(got.Scopes, in.Scopes) {
		t.Errorf("token: %+v, %v", got, err)
	}
	must(t, f.TouchToken(ctx, made.ID, f.Now))
	wantCode(t, "token of others", f.DeleteToken(ctx, f.Other, made.ID), fault.NotFound)
	if all, err := f.ListTokens(ctx, f.Org); err != nil || len(all) != 1 || !all[0].LastUsed.Equal(f.Now) {
		t.Errorf("tokens: %+v, %v", all, err)
	}
	f.Now = f.Now.Add(2 * time.Hour)
	_, err = f.GetToken(ctx, in.Hash)
	wantCode(t, "an expired token", err, fault.NotFound)
	must(t, f.DeleteToken(ctx, f.Org, made.ID))
}

func testRecordCreates(t *testing.T, f *Fixture) {
	g := G(f.Shop.ID, 3, time.Minute, K(1), K(2))
	g.FirstSeen, g.Users, g.Unhandled = Epoch, true, true
	r := f.Record(t, g, G(f.Shop.ID, 1, 0, K(3)), G(f.Theirs.ID, 1, 0, K(1)))
	if len(r.Issues) != 3 || !r.Issues[0].Created || r.Issues[0].ID == r.Issues[1].ID || r.Issues[2].ShortID != f.Theirs.Prefix+"-001" {
		t.Fatalf("recorded: %+v", r)
	}
	got, err := f.GetIssueByShortID(t.Context(), f.Org, r.Issues[0].ShortID)
	must(t, err)
	want := issue.Issue{
		ID: r.Issues[0].ID, Org: f.Org, Project: f.Shop.ID, ShortID: r.Issues[0].ShortID, Title: "E: boom", Type: "E", Value: "boom", Culprit: "main in f",
		Location: "a.go", Function: "f", Level: event.Error, Platform: "go", Status: issue.New, Unhandled: true, Count: 3,
		FirstSeen: Epoch, LastSeen: Epoch.Add(time.Minute), FirstRelease: "1", LastRelease: "1", Version: 1, UpdatedAt: Epoch,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("issue (-want +got):\n%s", diff)
	}
	keys, err := f.IssueKeys(t.Context(), f.Org, got.ID)
	if diff := cmp.Diff([]event.Key{K(1), K(2)}, keys); diff != "" || err != nil {
		t.Errorf("keys (-want +got):\n%s%v", diff, err)
	}
	owners, err := f.IssuesByKeys(t.Context(), f.Shop.ID, []event.Key{K(2), K(3), K(9)})
	if diff := cmp.Diff(map[event.Key]issue.ID{K(2): r.Issues[0].ID, K(3): r.Issues[1].ID}, owners); diff != "" || err != nil {
		t.Errorf("owners (-want +got):\n%s%v", diff, err)
	}
}

func testRecordAdds(t *testing.T, f *Fixture) {
	id := f.Record(t, G(f.Shop.ID, 2, time.Hour, K(1))).Issues[0].ID
	late := G(f.Shop.ID, 3, 0, K(1)) // happened before the first one, arrived after it
	late.Title, late.FirstRelease = "late", "0.9"
	f.Record(t, late)
	newer := G(f.Shop.ID, 5, 2*time.Hour, K(1))
	newer.Title, newer.LastRelease, newer.Level, newer.Unhandled = "newer", "2", event.Fatal, true
	f.Record(t, newer)
	got, err := f.GetIssue(t.Context(), f.Org, id)
	must(t, err)
	if got.Count != 10 || got.Title != "newer" || got.Level != event.Fatal || !got.Unhandled || !got.FirstSeen.Equal(Epoch) || !got.LastSeen.Equal(Epoch.Add(2*time.Hour)) ||
		got.FirstRelease != "0.9" || got.LastRelease != "2" || got.Version != 1 {
		t.Errorf("issue: %+v", got)
	}
}

func testRecordOnce(t *testing.T, f *Fixture) {
	ctx := t.Context()
	b := catalog.Batch{Log: "log", Partition: 3, From: 0, To: 7, Groups: []catalog.Group{G(f.Shop.ID, 2, 0, K(1))}, Outcomes: []outcome.Count{
		{Project: f.Shop.ID, Hour: Epoch, Category: outcome.Error, Outcome: outcome.Accepted, Quantity: 2},
	}}
	r, err := f.Store.Record(ctx, b)
	must(t, err)
	again, err := f.Store.Record(ctx, b)
	if err != nil || !again.Already {
		t.Errorf("the same batch: %+v, %v", again, err)
	}
	b.From, b.To = 5, 9
	_, err = f.Store.Record(ctx, b)
	wantCode(t, "a batch that overlaps", err, fault.Conflict)
	b.From, b.To = 8, 9
	_, err = f.Store.Record(ctx, b)
	wantCode(t, "a batch with a gap", err, fault.Conflict)
	b.Log, b.From = "another log", 0
	_, err = f.Store.Record(ctx, b)
	must(t, err)
	got, err := f.GetIssue(ctx, f.Org, r.Issues[0].ID)
	if err != nil || got.Count != 4 {
		t.Errorf("count %d, %v", got.Count, err)
	}
	at, err := f.Positions(ctx, "log")
	if diff := cmp.Diff(map[int]uint64{3: 7}, at); diff != "" || err != nil {
		t.Errorf("positions (-want +got):\n%s%v", diff, err)
	}
}

func testRecordAttaches(t *testing.T, f *Fixture) {
	first := f.Record(t, G(f.Shop.ID, 1, 0, K(1), K(2))).Issues[0].ID
	r := f.Record(t, G(f.Shop.ID, 1, 0, K(5), K(2)), G(f.Shop.ID, 1, 0, K(5)))
	if r.Issues[0].ID != first || r.Issues[0].Created {
		t.Errorf("recorded: %+v", r)
	}
	keys, err := f.IssueKeys(t.Context(), f.Org, first)
	if diff := cmp.Diff([]event.Key{K(1), K(2), K(5)}, keys); diff != "" || err != nil {
		t.Errorf("keys (-want +got):\n%s%v", diff, err)
	}
	if r = f.Record(t, G(f.Shop.ID, 1, 0, K(5))); r.Issues[0].ID != first {
		t.Errorf("an attached key has another issue: %+v", r)
	}
	many := make([]catalog.Group, 1200)
	for i := range many {
		many[i] = G(f.Shop.ID, 1, 0, K(100+i))
	}
	f.Record(t, many...)
	r = f.Record(t, many...)
	for _, i := range r.Issues {
		if i.Created || i.ID == 0 {
			t.Fatalf("recorded: %+v", i)
		}
	}
}

func testRegression(t *testing.T, f *Fixture) {
	ctx := t.Context()
	id := f.Record(t, G(f.Shop.ID, 1, 0, K(1))).Issues[0].ID
	resolved := issue.Resolved
	f.Now = Epoch.Add(time.Hour)
	_, err := f.UpdateIssue(ctx, f.Org, id, catalog.IssueChange{Status: &resolved})
	must(t, err)
	if r := f.Record(t, G(f.Shop.ID, 1, 30*time.Minute, K(1))); r.Issues[0].Regressed {
		t.Error("an event from before the resolution is a regression")
	}
	g := G(f.Shop.ID, 1, 2*time.Hour, K(1))
	g.LastRelease = "2"
	if r := f.Record(t, g); !r.Issues[0].Regressed {
		t.Error("an event after the resolution is no regression")
	}
	if r := f.Record(t, g); r.Issues[0].Regressed {
		t.Error("it regressed twice")
	}
	got, err := f.GetIssue(ctx, f.Org, id)
	if err != nil || got.Status != issue.New || !got.Regressed || got.Count != 4 {
		t.Errorf("issue: %+v, %v", got, err)
	}
	a, err := f.ListActivity(ctx, f.Org, id, 10)
	if err != nil || len(a) != 3 || a[0].Kind != issue.Regression || a[0].Release != "2" || a[2].Kind != issue.FirstSeen {
		t.Errorf("activity: %+v, %v", a, err)
	}
	ignored := issue.Ignored
	_, err = f.UpdateIssue(ctx, f.Org, id, catalog.IssueChange{Status: &ignored})
	must(t, err)
	f.Record(t, G(f.Shop.ID, 1, 5*time.Hour, K(1)))
	if got, err := f.GetIssue(ctx, f.Org, id); err != nil || got.Status != issue.Ignored {
		t.Errorf("an ignored issue came back: %+v, %v", got, err)
	}
}

func testConcurrent(t *testing.T, f *Fixture) {
	const partitions, batches = 4, 8
	var wg sync.WaitGroup
	for p := range partitions {
		wg.Go(func() {
			for b := range batches {
				var groups []catalog.Group
				for k := range 20 {
					groups = append(groups, G(f.Shop.ID, 1, time.Duration(b)*time.Second, K(b*5+(k+p)%20), K(1000+b*5+(k+p)%20)))
				}
				if _, err := f.Store.Record(context.WithoutCancel(t.Context()), catalog.Batch{Log: "log", Partition: p, From: uint64(b), To: uint64(b + 1), Groups: groups}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	page, err := f.ListIssues(t.Context(), f.Org, catalog.IssueQuery{Limit: 500})
	must(t, err)
	sum := int64(0)
	for _, i := range page.Issues {
		sum += i.Count
	}
	if want := (batches-1)*5 + 20; len(page.Issues) != want || sum != partitions*batches*20 {
		t.Errorf("%d issues with %d events, want %d with %d", len(page.Issues), sum, want, partitions*batches*20)
	}
}

func testOutcomes(t *testing.T, f *Fixture) {
	ctx := t.Context()
	count := func(p project.ID, hour time.Time, reason string, n int64) outcome.Count {
		return outcome.Count{Project: p, Hour: hour, Category: outcome.Error, Outcome: outcome.Invalid, Reason: reason, Quantity: n}
	}
	for i := range uint64(2) {
		_, err := f.Store.Record(ctx, catalog.Batch{Log: "log", From: i, To: i + 1, Outcomes: []outcome.Count{
			count(f.Shop.ID, Epoch, "a", 1), count(f.Shop.ID, Epoch, "b", 2), count(f.Theirs.ID, Epoch, "a", 4), count(f.Shop.ID, Epoch.Add(time.Hour), "a", 8),
		}})
		must(t, err)
	}
	hour := outcome.Hour(Epoch)
	got, err := f.ListOutcomes(ctx, f.Org, 0, hour, hour.Add(time.Hour))
	if diff := cmp.Diff([]outcome.Count{count(f.Shop.ID, hour, "a", 2), count(f.Shop.ID, hour, "b", 4)}, got); diff != "" || err != nil {
		t.Errorf("outcomes (-want +got):\n%s%v", diff, err)
	}
	if got, err := f.ListOutcomes(ctx, f.Org, f.Theirs.ID, hour, hour.Add(time.Hour)); err != nil || len(got) != 0 {
		t.Errorf("outcomes of others: %+v, %v", got, err)
	}
}

func testListOrders(t *testing.T, f *Fixture) {
	ctx := t.Context()
	for i := range 25 {
		g := G(f.Shop.ID, int64(1+i*7%25), time.Duration(i*11%25)*time.Minute, K(i))
		g.FirstSeen = Epoch.Add(-time.Duration(i*3%25) * time.Minute)
		g.Users = true
		if i%9 == 0 {
			g.Level = event.Fatal
		}
		f.Record(t, g)
	}
	stale, err := f.StaleIssues(ctx, 100)
	must(t, err)
	for n, x := range stale {
		must(t, f.SetUsers(ctx, x, int64(n*13%25)))
	}
	rank := map[string]func(i issue.Issue) int64{
		"":           func(i issue.Issue) int64 { return i.LastSeen.UnixMicro() },
		"last_seen":  func(i issue.Issue) int64 { return i.LastSeen.UnixMicro() },
		"first_seen": func(i issue.Issue) int64 { return i.FirstSeen.UnixMicro() },
		"events":     func(i issue.Issue) int64 { return i.Count },
		"users":      func(i issue.Issue) int64 { return i.Users },
		"impact": func(i issue.Issue) int64 {
			n := i.Users
			if i.Level == event.Fatal {
				n += 1000
			}
			return n
		},
	}
	for sort, of := range rank {
		var all []issue.Issue
		q := catalog.IssueQuery{Sort: sort, Limit: 7}
		for {
			page, err := f.ListIssues(ctx, f.Org, q)
			must(t, err)
			all = append(all, page.Issues...)
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
		seen := map[issue.ID]bool{}
		for n, i := range all {
			seen[i.ID] = true
			if n > 0 && of(all[n-1]) < of(i) {
				t.Errorf("sort %q: %d stands before %d", sort, of(all[n-1]), of(i))
			}
		}
		if len(all) != 25 || len(seen) != 25 {
			t.Errorf("sort %q: %d issues, %d distinct", sort, len(all), len(seen))
		}
	}
	_, err = f.ListIssues(ctx, f.Org, catalog.IssueQuery{Sort: "beauty"})
	wantCode(t, "an unknown order", err, fault.Validation)
	_, err = f.ListIssues(ctx, f.Org, catalog.IssueQuery{Cursor: "x"})
	wantCode(t, "a broken cursor", err, fault.Validation)
	page, err := f.ListIssues(ctx, f.Org, catalog.IssueQuery{Limit: 1})
	must(t, err)
	_, err = f.ListIssues(ctx, f.Org, catalog.IssueQuery{Sort: "users", Cursor: page.Next})
	wantCode(t, "a cursor of another order", err, fault.Validation)
	_, err = f.ListIssues(ctx, f.Org, catalog.IssueQuery{Limit: 501})
	wantCode(t, "too many", err, fault.Validation)
}

func testListFilters(t *testing.T, f *Fixture) {
	ctx := t.Context()
	web, err := f.CreateProject(ctx, f.Org, catalog.ProjectInput{Name: "Web"})
	must(t, err)
	a, b, c := G(f.Shop.ID, 1, 0, K(1)), G(f.Shop.ID, 1, time.Hour, K(2)), G(web.ID, 1, 2*time.Hour, K(1))
	a.Value, b.Value, c.Value = "100% of_quota", "Timeout while reading", "timeout"
	b.Level = event.Warning
	r := f.Record(t, a, b, c)
	resolved, yes := issue.Resolved, true
	_, err = f.UpdateIssue(ctx, f.Org, r.Issues[0].ID, catalog.IssueChange{Status: &resolved})
	must(t, err)
	u, err := f.CreateUser(ctx, "ada@example.org", "Ada", "")
	must(t, err)
	must(t, f.PutMember(ctx, f.Org, u.ID, account.RoleMember))
	_, err = f.UpdateIssue(ctx, f.Org, r.Issues[1].ID, catalog.IssueChange{Assignee: &u.ID})
	must(t, err)
	for name, tc := range map[string]struct {
		q    catalog.IssueQuery
		want string
	}{
		"all":        {catalog.IssueQuery{}, "cba"},
		"project":    {catalog.IssueQuery{Projects: []project.ID{web.ID}}, "c"},
		"status":     {catalog.IssueQuery{Statuses: []issue.Status{issue.New, issue.Acknowledged}}, "cb"},
		"level":      {catalog.IssueQuery{Levels: []event.Level{event.Warning, event.Fatal}}, "b"},
		"assignee":   {catalog.IssueQuery{Assignee: &u.ID}, "b"},
		"regressed":  {catalog.IssueQuery{Regressed: &yes}, ""},
		"escalating": {catalog.IssueQuery{Escalating: &yes}, ""},
		"text":       {catalog.IssueQuery{Text: "TIMEOUT"}, "cb"},
		"two words":  {catalog.IssueQuery{Text: "timeout reading"}, "b"},
		"a percent":  {catalog.IssueQuery{Text: "100% of_"}, "a"},
		"no joker":   {catalog.IssueQuery{Text: "t_meout"}, ""},
		"short id":   {catalog.IssueQuery{Text: r.Issues[2].ShortID}, "c"},
		"last seen":  {catalog.IssueQuery{LastSeen: catalog.TimeRange{From: Epoch.Add(time.Hour), To: Epoch.Add(2 * time.Hour)}}, "b"},
		"first seen": {catalog.IssueQuery{FirstSeen: catalog.TimeRange{To: Epoch.Add(time.Minute)}}, "a"},
	} {
		page, err := f.ListIssues(ctx, f.Org, tc.q)
		must(t, err)
		got := ""
		for _, i := range page.Issues {
			for n, x := range r.Issues {
				if x.ID == i.ID {
					got += string(rune('a' + n))
				}
			}
		}
		n, err := f.CountIssues(ctx, f.Org, tc.q)
		if err != nil || got != tc.want || n != int64(len(tc.want)) {
			t.Errorf("%s: %q (%d), want %q, %v", name, got, n, tc.want, err)
		}
	}
}

func testUpdate(t *testing.T, f *Fixture) {
	ctx := t.Context()
	id := f.Record(t, G(f.Shop.ID, 1, 0, K(1))).Issues[0].ID
	u, err := f.CreateUser(ctx, "ada@example.org", "Ada", "")
	must(t, err)
	ack, odd := issue.Acknowledged, issue.Status("odd")
	_, err = f.UpdateIssue(ctx, f.Org, id, catalog.IssueChange{Assignee: &u.ID})
	wantCode(t, "who is no member", err, fault.Validation)
	must(t, f.PutMember(ctx, f.Org, u.ID, account.RoleMember))
	got, err := f.UpdateIssue(ctx, f.Org, id, catalog.IssueChange{Actor: u.ID, Status: &ack, Assignee: &u.ID, Version: 1})
	if err != nil || got.Status != ack || got.Assignee != u.ID || got.Version != 2 {
		t.Errorf("issue: %+v, %v", got, err)
	}
	stored, err := f.GetIssue(ctx, f.Org, id)
	if diff := cmp.Diff(stored, got); diff != "" || err != nil {
		t.Errorf("what was answered is not what was stored:\n%s%v", diff, err)
	}
	_, err = f.UpdateIssue(ctx, f.Org, id, catalog.IssueChange{Status: &ack, Version: 1})
	wantCode(t, "an old version", err, fault.Conflict)
	same, err := f.UpdateIssue(ctx, f.Org, id, catalog.IssueChange{Status: &ack})
	if err != nil || same.Version != 2 {
		t.Errorf("a change of nothing: %+v, %v", same, err)
	}
	_, err = f.UpdateIssue(ctx, f.Org, id, catalog.IssueChange{Status: &odd})
	wantCode(t, "an unknown status", err, fault.Validation)
	_, err = f.UpdateIssue(ctx, f.Other, id, catalog.IssueChange{Status: &ack})
	wantCode(t, "an issue of others", err, fault.NotFound)
	a, err := f.ListActivity(ctx, f.Org, id, 10)
	if err != nil || len(a) != 3 || a[1].Kind != issue.StatusChanged || a[1].From != "new" || a[1].To != "acknowledged" || a[1].Actor != u.ID ||
		a[0].Kind != issue.AssigneeChanged || a[0].To != fmt.Sprint(u.ID) {
		t.Errorf("activity: %+v, %v", a, err)
	}
}

func testFeed(t *testing.T, f *Fixture) {
	f.Record(t, G(f.Shop.ID, 1, 0, K(1)), G(f.Theirs.ID, 1, 0, K(1)), G(f.Shop.ID, 1, 0, K(2)))
	var after int64
	for n := range 3 {
		feed, err := f.Feed(t.Context(), after, 1)
		if err != nil || len(feed) != 1 || feed[0].ID <= after || feed[0].Kind != issue.FirstSeen {
			t.Fatalf("entry %d: %+v, %v", n, feed, err)
		}
		after = feed[0].ID
	}
	if feed, err := f.Feed(t.Context(), after, 10); err != nil || len(feed) != 0 {
		t.Errorf("the end: %+v, %v", feed, err)
	}
}

func testStale(t *testing.T, f *Fixture) {
	ctx := t.Context()
	g := G(f.Shop.ID, 1, 0, K(1))
	g.Users = true
	id := f.Record(t, g, G(f.Shop.ID, 1, 0, K(2))).Issues[0].ID
	stale, err := f.StaleIssues(ctx, 10)
	must(t, err)
	if len(stale) != 1 || stale[0].ID != id || stale[0].Org != f.Org || stale[0].Project != f.Shop.ID {
		t.Fatalf("stale: %+v", stale)
	}
	f.Record(t, g) // between the count and its result
	must(t, f.SetUsers(ctx, stale[0], 7))
	again, err := f.StaleIssues(ctx, 10)
	must(t, err)
	if len(again) != 1 {
		t.Fatalf("an event that came meanwhile is forgotten: %+v", again)
	}
	must(t, f.SetUsers(ctx, again[0], 8))
	if left, err := f.StaleIssues(ctx, 10); err != nil || len(left) != 0 {
		t.Errorf("stale: %+v, %v", left, err)
	}
	if i, err := f.GetIssue(ctx, f.Org, id); err != nil || i.Users != 8 || i.Version != 1 {
		t.Errorf("issue: %+v, %v", i, err)
	}
}

func testTenants(t *testing.T, f *Fixture) {
	ctx := t.Context()
	id := f.Record(t, G(f.Shop.ID, 1, 0, K(1))).Issues[0]
	_, err := f.GetIssue(ctx, f.Other, id.ID)
	wantCode(t, "issue", err, fault.NotFound)
	_, err = f.GetIssueByShortID(ctx, f.Other, id.ShortID)
	wantCode(t, "issue by short id", err, fault.NotFound)
	_, err = f.GetProject(ctx, f.Other, f.Shop.ID)
	wantCode(t, "project", err, fault.NotFound)
	if keys, err := f.IssueKeys(ctx, f.Other, id.ID); err != nil || len(keys) != 0 {
		t.Errorf("keys of others: %v, %v", keys, err)
	}
	if a, err := f.ListActivity(ctx, f.Other, id.ID, 10); err != nil || len(a) != 0 {
		t.Errorf("activity of others: %v, %v", a, err)
	}
	if page, err := f.ListIssues(ctx, f.Other, catalog.IssueQuery{Projects: []project.ID{f.Shop.ID}}); err != nil || len(page.Issues) != 0 {
		t.Errorf("issues of others: %v, %v", page, err)
	}
	if keys, err := f.ListKeys(ctx, f.Other, f.Shop.ID); err != nil || len(keys) != 0 {
		t.Errorf("keys of others: %v, %v", keys, err)
	}
	if owners, err := f.IssuesByKeys(ctx, f.Theirs.ID, []event.Key{K(1)}); err != nil || len(owners) != 0 {
		t.Errorf("owners of others: %v, %v", owners, err)
	}
}

func testGoneProject(t *testing.T, f *Fixture) {
	r := f.Record(t, G(4711, 1, 0, K(1)), G(f.Shop.ID, 1, 0, K(1)))
	if r.Issues[0].ID != 0 || r.Issues[1].ID == 0 {
		t.Errorf("recorded: %+v", r)
	}
}
