package web_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/catalog"
	"github.com/seismohq/seismo/internal/issue"
)

const streamURL = "http://errors.example:8000/issues?view=new&range=7d"

func (s *site) issue(tb testing.TB, id string) issue.Issue {
	tb.Helper()
	i, err := s.catalog.GetIssueByShortID(tb.Context(), s.org, id)
	if err != nil {
		tb.Fatal(err)
	}
	return i
}

func has(t *testing.T, body string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(body, w) {
			t.Errorf("the answer lacks %q:\n%.3000s", w, body)
		}
	}
}

// TestActs does each act with a plain form, as a browser without JavaScript would.
func TestActs(t *testing.T) {
	t.Parallel()
	for act, want := range map[string]issue.Status{
		"resolve": issue.Resolved, "acknowledge": issue.Acknowledged, "start": issue.InProgress, "ignore": issue.Ignored,
	} {
		t.Run(act, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			small(t, s)
			res := s.do(http.MethodPost, "/issues/CHK-001/"+act, url.Values{"version": {"1"}}, "Referer", streamURL)
			if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/issues?view=new&range=7d" {
				t.Errorf("status %d to %q", res.StatusCode, res.Header.Get("Location"))
			}
			if got := s.issue(t, "CHK-001").Status; got != want {
				t.Errorf("the issue is %s, want %s", got, want)
			}
			if want == issue.Resolved || want == issue.Ignored {
				s.do(http.MethodPost, "/issues/CHK-001/reopen", url.Values{})
				if got := s.issue(t, "CHK-001").Status; got != issue.New {
					t.Errorf("opened again the issue is %s", got)
				}
			}
		})
	}
}

// TestActGoesBackToUsOnly ignores a Referer of another site.
func TestActGoesBackToUsOnly(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	small(t, s)
	for referer, want := range map[string]string{
		"":                                      "/issues",
		"https://evil.example/issues":           "/issues",
		"http://errors.example:8000//evil.x/":   "/issues",
		"http://errors.example:8000/issues?q=a": "/issues?q=a",
	} {
		res := s.do(http.MethodPost, "/issues/CHK-001/acknowledge", url.Values{}, "Referer", referer)
		if got := res.Header.Get("Location"); got != want {
			t.Errorf("from %q to %q, want %q", referer, got, want)
		}
	}
}

// TestActOnARow answers with the row, the counters and the way back.
func TestActOnARow(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	small(t, s)
	version := strconv.FormatInt(s.issue(t, "CHK-001").Version, 10)
	res := s.do(http.MethodPost, "/issues/CHK-001/resolve", url.Values{"version": {version}}, "Fragment", "issue-CHK-001", "Referer", streamURL)
	if res.StatusCode != http.StatusOK {
		t.Fatalf("status %d\n%s", res.StatusCode, res.body)
	}
	sound(t, res.body)
	now := strconv.FormatInt(s.issue(t, "CHK-001").Version, 10)
	has(t, res.body, `<li class="issue gone" id="issue-CHK-001"`, `id="n-unresolved">1<`, `id="n-resolved">2<`, `id="n-nav">1<`, "CHK-001 resolved", `name="was" value="CHK-001 new `+now+`"`, "last 7 days")
	golden(t, "row_resolved", res.body)

	undo := s.do(http.MethodPost, "/issues/undo", url.Values{"was": {"CHK-001 new " + now}}, "Fragment", "toasts", "Referer", streamURL)
	has(t, undo.body, `<li class="issue" id="issue-CHK-001"`, "CHK-001 as before")
	if got := s.issue(t, "CHK-001").Status; got != issue.New {
		t.Errorf("after undo the issue is %s", got)
	}
	again := s.do(http.MethodPost, "/issues/undo", url.Values{"was": {"CHK-001 new " + now}}, "Fragment", "toasts", "Referer", streamURL)
	if again.StatusCode != http.StatusConflict {
		t.Errorf("undoing twice: status %d", again.StatusCode)
	}
}

// TestSomebodyWasQuicker refuses an act on an issue that changed since the page was made, and says who changed it.
func TestSomebodyWasQuicker(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	i, _, _ := small(t, s)
	version := url.Values{"version": {strconv.FormatInt(i.Version, 10)}}
	s.set(t, i, s.jonas, issue.Resolved)
	s.now = s.now.Add(20e9)

	row := s.do(http.MethodPost, "/issues/CHK-001/ignore", version, "Fragment", "issue-CHK-001", "Referer", streamURL)
	if row.StatusCode != http.StatusConflict {
		t.Fatalf("status %d", row.StatusCode)
	}
	sound(t, row.body)
	has(t, row.body, `class="issue gone refused" id="issue-CHK-001"`, "CHK-001 was already resolved by Jonas, 20\u00a0s ago.", `role="alert"`)

	head := s.do(http.MethodPost, "/issues/CHK-001/ignore", version, "Fragment", "issue-head", "Referer", "http://errors.example:8000/issues/CHK-001")
	if head.StatusCode != http.StatusConflict {
		t.Fatalf("status %d", head.StatusCode)
	}
	sound(t, head.body)
	has(t, head.body, `id="issue-head"`, "already resolved by Jonas", `id="state"`, `id="dock"`)

	plain := s.do(http.MethodPost, "/issues/CHK-001/ignore", version, "Referer", streamURL)
	if plain.StatusCode != http.StatusConflict {
		t.Fatalf("without JavaScript: status %d", plain.StatusCode)
	}
	sound(t, plain.body)
	has(t, plain.body, "<!doctype html>", "already resolved by Jonas")
	if got := s.issue(t, "CHK-001").Status; got != issue.Resolved {
		t.Errorf("the issue is %s", got)
	}
}

func TestActOnTheIssuePage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	small(t, s)
	res := s.do(http.MethodPost, "/issues/CHK-001/acknowledge", url.Values{}, "Fragment", "issue-head", "Referer", "http://errors.example:8000/issues/CHK-001/events/first?q=a")
	if res.StatusCode != http.StatusOK {
		t.Fatalf("status %d\n%s", res.StatusCode, res.body)
	}
	sound(t, res.body)
	golden(t, "issue_acknowledged", res.body)
	for _, assignee := range []struct {
		value string
		want  account.UserID
	}{{"me", s.mara.ID}, {strconv.Itoa(int(s.jonas.ID)), s.jonas.ID}, {"0", 0}} {
		res := s.do(http.MethodPost, "/issues/CHK-001/assign", url.Values{"assignee": {assignee.value}}, "Fragment", "issue-head", "Referer", "http://errors.example:8000/issues/CHK-001")
		if got := s.issue(t, "CHK-001").Assignee; res.StatusCode != http.StatusOK || got != assignee.want {
			t.Errorf("assigning %q: status %d, assignee %d", assignee.value, res.StatusCode, got)
		}
	}
}

func TestBulk(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	small(t, s)
	res := s.do(http.MethodPost, "/issues/bulk", url.Values{"act": {"ignore"}, "issue": {"CHK-001", "chk-002", "CHK-999"}}, "Fragment", "rows", "Referer", streamURL)
	if res.StatusCode != http.StatusOK {
		t.Fatalf("status %d\n%s", res.StatusCode, res.body)
	}
	sound(t, res.body)
	has(t, res.body, "2 issues ignored", `id="issue-CHK-001"`, `id="issue-CHK-002"`, `value="CHK-001 new `, `value="CHK-002 new `)
	for _, id := range []string{"CHK-001", "CHK-002"} {
		if got := s.issue(t, id).Status; got != issue.Ignored {
			t.Errorf("%s is %s", id, got)
		}
	}
}

func TestActsRefuse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	small(t, s)
	many := url.Values{"act": {"resolve"}}
	for range 501 {
		many.Add("issue", "CHK-001")
	}
	for name, tc := range map[string]struct {
		target string
		form   url.Values
		status int
	}{
		"unknown act":        {"/issues/CHK-001/explode", url.Values{}, 404},
		"unknown issue":      {"/issues/CHK-999/resolve", url.Values{}, 404},
		"unknown bulk act":   {"/issues/bulk", url.Values{"act": {"explode"}, "issue": {"CHK-001"}}, 400},
		"too many":           {"/issues/bulk", many, 400},
		"somebody unknown":   {"/issues/CHK-001/assign", url.Values{"assignee": {"999"}}, 400},
		"nonsense to undo":   {"/issues/undo", url.Values{"was": {"CHK-001"}}, 400},
		"unknown status":     {"/issues/undo", url.Values{"was": {"CHK-001 gone 1"}}, 400},
		"a form of megabyte": {"/issues/bulk", url.Values{"act": {strings.Repeat("x", 1<<20)}}, 400},
	} {
		t.Run(name, func(t *testing.T) {
			if res := s.do(http.MethodPost, tc.target, tc.form); res.StatusCode != tc.status {
				t.Errorf("status %d, want %d", res.StatusCode, tc.status)
			}
		})
	}
}

func TestCreateProject(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	res := s.do(http.MethodPost, "/projects/new", url.Values{"name": {"Checkout API"}, "platform": {"go"}})
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/projects/checkout-api/setup" {
		t.Fatalf("status %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	has(t, s.get("/projects/checkout-api/setup").body, "go get github.com/getsentry/sentry-go", "@errors.example:8000/1")
	for name, wrong := range map[string]string{"": "The name is missing.", strings.Repeat("x", 101): "The name is too long."} {
		res := s.do(http.MethodPost, "/projects/new", url.Values{"name": {name}, "platform": {"go"}})
		if res.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%.10q: status %d", name, res.StatusCode)
		}
		sound(t, res.body)
		has(t, res.body, wrong, `aria-invalid="true"`, `value="go" checked`)
	}
}

// TestPaging goes through all issues by the links of the pages.
func TestPaging(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.project(t, "shop", "SHP")
	for n := range 120 {
		s.record(t, catalog.Group{Project: p.ID, Keys: []eventKey{key(n + 1)}, Count: 1, FirstSeen: s.now, LastSeen: s.now, Title: "E", Type: "E", Value: strconv.Itoa(n), Level: "error"})
	}
	seen := map[string]bool{}
	target := "/issues?sort=first_seen&q=level:error"
	for pages := 0; target != ""; pages++ {
		if pages > 3 {
			t.Fatal("no end")
		}
		res := s.get(target)
		sound(t, res.body)
		for _, m := range rowPattern.FindAllStringSubmatch(res.body, -1) {
			if seen[m[1]] {
				t.Errorf("%s stands twice", m[1])
			}
			seen[m[1]] = true
		}
		if pages == 0 {
			has(t, res.body, "50 of 120\u00a0issues")
		} else {
			has(t, res.body, "First page")
		}
		target = ""
		if m := nextPattern.FindStringSubmatch(res.body); m != nil {
			target = strings.ReplaceAll(m[1], "&amp;", "&")
		}
	}
	if len(seen) != 120 {
		t.Errorf("%d issues, want 120", len(seen))
	}
}

// TestEnvironment lists the issues that had events there.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	seed(t, s)
	all, staging, nowhere := s.get("/issues"), s.get("/issues?env=staging"), s.get("/issues?q=env:nowhere")
	count := func(a answer) int { return len(rowPattern.FindAllString(a.body, -1)) }
	if count(all) != 11 || count(staging) == 0 || count(staging) > count(all) || count(nowhere) != 0 {
		t.Errorf("%d issues in all, %d with events in staging, %d nowhere", count(all), count(staging), count(nowhere))
	}
	has(t, staging.body, "with events in staging, last 24 hours", `aria-label="Environment: staging"`)
}
