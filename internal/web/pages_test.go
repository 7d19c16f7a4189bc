package web_test

import (
	"flag"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/catalog"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/issue"
	"github.com/seismohq/seismo/internal/web"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// small fills a site with one project and three issues, of which one has whole events.
func small(tb testing.TB, s *site) (nilPointer, timeout, fixed issue.Issue) {
	tb.Helper()
	p := s.project(tb, "checkout-api", "CHK")
	x := samples[0]
	group := func(n int, x sample, ago time.Duration, count int64) issue.Issue {
		return s.record(tb, catalog.Group{
			Project: p.ID, Keys: []event.Key{key(n)}, Count: count, FirstSeen: s.now.Add(-ago - time.Hour), LastSeen: s.now.Add(-ago),
			Unhandled: x.unhandled, Users: x.users, Title: x.typ + ": " + x.value, Type: x.typ, Value: x.value, Location: x.at, Function: x.fn,
			Level: x.level, Platform: "go", FirstRelease: x.release, LastRelease: x.release,
		})
	}
	nilPointer = group(1, x, 12*time.Second, 3)
	timeout = group(2, sample{typ: "context.deadlineExceeded", value: "GET https://rates.example/v2/quote", at: "rates/client.go:203", fn: "(*Client).Quote", level: event.Warning}, 3*24*time.Hour, 1200)
	fixed = s.set(tb, group(3, samples[2], 5*time.Hour, 40), s.jonas, issue.Resolved)
	for n := range 3 {
		at := s.now.Add(-12*time.Second - time.Duration(2-n)*20*time.Minute)
		e := s.entry(p, n+1, at)
		s.store(tb, key(1), sampleEvent(x, e))
	}
	return nilPointer, timeout, fixed
}

var volatile = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`/static/[0-9a-f]{16}/`), "/static/HASH/"},
	{regexp.MustCompile(`[0-9a-f]{32}@errors`), "KEY@errors"},
	{regexp.MustCompile(`sentry_key=[0-9a-f]{32}`), "sentry_key=KEY"},
	{regexp.MustCompile(`(?m)^<link rel="preload".*as="font".*\n`), ""}, // present after make fonts
	{regexp.MustCompile(`request [0-9a-f]{32}`), "request ID"},
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	for _, v := range volatile {
		got = v.pattern.ReplaceAllString(got, v.with)
	}
	file := filepath.Join("testdata", name+".html")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; go test -update rewrites it (-want +got):\n%s", file, diff)
	}
}

// TestPages renders each page and each part of one, and compares it with what was accepted.
func TestPages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	small(t, s)
	for _, tc := range []struct {
		name, target, fragment string
		status                 int
	}{
		{"issue_list", "/issues", "", 200},
		{"issue_list_typed", "/issues?q=level:warning&q=nonsense:1", "rows", 200},
		{"issue_list_entered", "/issues?q=level:fatal+pointer", "stream", 200},
		{"issue_list_live", "/issues?since=2026-11-21T02:00:00Z&row=CHK-001&row=CHK-999", "live", 200},
		{"issue_list_no_match", "/issues?q=is:unresolved&q=level:info", "", 200},
		{"issue", "/issues/CHK-001", "", 200},
		{"issue_all_frames", "/issues/CHK-001/events/first?frames=all", "stack", 200},
		{"issue_raw", "/issues/CHK-001/events/first?frames=raw", "stack", 200},
		{"issue_filtered", "/issues/CHK-001/events/latest?q=release:1.0", "event", 200},
		{"issue_no_event", "/issues/CHK-002", "event", 200},
		{"project_list", "/projects", "", 200},
		{"project_new", "/projects/new", "", 200},
		{"project_setup", "/projects/checkout-api/setup?language=python", "", 200},
		{"error", "/nowhere", "", 404},
		{"error_part", "/issues/CHK-404", "event", 404},
	} {
		t.Run(tc.name, func(t *testing.T) {
			res := s.get(tc.target, "Fragment", tc.fragment)
			if res.StatusCode != tc.status || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") || res.Header.Get("Cache-Control") != "no-store" {
				t.Fatalf("status %d, header %v\n%s", res.StatusCode, res.Header, res.body)
			}
			sound(t, res.body)
			golden(t, tc.name, res.body)
		})
	}
}

// TestDoor renders the pages for people who are not signed in.
func TestDoor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cookie = nil
	org, err := s.catalog.CreateOrganization(t.Context(), "new", "New")
	if err != nil {
		t.Fatal(err)
	}
	link, err := s.auth.SetupLink(t.Context(), org.ID)
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(link)
	_, invite, err := s.auth.Invite(t.Context(), s.org, "lin@halden.example", "Lin Chen", account.RoleViewer)
	if err != nil {
		t.Fatal(err)
	}
	i, _ := url.Parse(invite)
	hide := func(body string) string {
		return strings.ReplaceAll(body, u.Query().Get("token"), "TOKEN")
	}
	for _, tc := range []struct {
		name, method, target string
		form                 url.Values
		status               int
	}{
		{"login", "GET", "/login?next=/issues/CHK-001", nil, 200},
		{"login_wrong", "POST", "/login", url.Values{"email": {"mara@halden.example"}, "password": {"no"}}, 401},
		{"setup", "GET", u.RequestURI(), nil, 200},
		{"setup_wrong", "POST", "/setup", url.Values{"token": {u.Query().Get("token")}, "email": {"a"}, "password": {"short"}}, 422},
		{"setup_used", "GET", "/setup?token=nonsense", nil, 404},
		{"invite", "GET", i.Path, nil, 200},
		{"invite_wrong", "POST", i.Path, url.Values{"password": {"short"}}, 422},
	} {
		t.Run(tc.name, func(t *testing.T) {
			res := s.do(tc.method, tc.target, tc.form)
			if res.StatusCode != tc.status {
				t.Fatalf("status %d\n%s", res.StatusCode, res.body)
			}
			sound(t, res.body)
			golden(t, tc.name, hide(res.body))
		})
	}
}

// TestEmptyStates names the reason and the next step.
func TestEmptyStates(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	says := func(target string, want ...string) {
		t.Helper()
		res := s.get(target)
		for _, w := range want {
			if !strings.Contains(res.body, w) {
				t.Errorf("%s does not say %q", target, w)
			}
		}
	}
	says("/issues", "No project yet", `href="/projects/new"`)
	says("/projects", "No project yet")
	p := s.project(t, "checkout-api", "CHK")
	says("/issues", "Waiting for the first tremor", `href="/projects/checkout-api/setup"`)
	says("/projects/checkout-api/setup", "Waiting for the first tremor", "Send a test event")
	s.store(t, key(1), sampleEvent(samples[0], s.entry(p, 1, s.now.Add(-time.Minute))))
	says("/issues", "All quiet")
	says("/projects/checkout-api/setup", "It works")
	i := s.record(t, catalog.Group{Project: p.ID, Keys: []event.Key{key(1)}, Count: 1, FirstSeen: s.now, LastSeen: s.now, Title: "E: v", Type: "E", Value: "v", Level: event.Error})
	says("/issues?view=ignored", "All quiet", "1\u00a0known issue is still open", "Show all unresolved")
	says("/issues?q=level:fatal", "No issue matches", "Nothing for <code>level:fatal</code>", "Without level:fatal there is 1.", "Remove level:fatal")
	says("/issues?q=nothing-like-it", "Clear the search")
	says("/issues?env=nowhere", "No issue matches", "Search 90 days")
	s.set(t, i, s.mara, issue.Resolved)
	says("/issues", "All quiet")
}

// TestSectionFails shows an error in the place of the part that failed; the page stands.
func TestSectionFails(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	small(t, s)
	s.events.failing = os.ErrDeadlineExceeded
	res := s.get("/issues")
	if res.StatusCode != http.StatusOK || !strings.Contains(res.body, "This chart could not be loaded.") || !strings.Contains(res.body, "issue-CHK-001") {
		t.Errorf("status %d\n%s", res.StatusCode, res.body)
	}
	golden(t, "issue_list_failed_chart", res.body)
}

// TestUnderAPath keeps the path of the public address in every link, and takes requests with and without it.
func TestUnderAPath(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *web.Options) {
		o.PublicURL = &url.URL{Scheme: "http", Host: "errors.example:8000", Path: "/seismo/"}
	})
	small(t, s)
	for _, target := range []string{"/issues", "/seismo/issues", "/seismo/issues/CHK-001", "/seismo/projects"} {
		res := s.get(target)
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%s: status %d", target, res.StatusCode)
		}
		for _, m := range regexp.MustCompile(` (?:href|action|formaction|src|data-url|data-href)="(/[^"]*)"`).FindAllStringSubmatch(res.body, -1) {
			if !strings.HasPrefix(m[1], "/seismo/") {
				t.Errorf("%s links to %s", target, m[1])
			}
		}
	}
	for target, want := range map[string]string{"/seismo": "/seismo/", "/seismo/": "/seismo/issues"} {
		if got := s.get(target).Header.Get("Location"); got != want {
			t.Errorf("%s leads to %q, want %q", target, got, want)
		}
	}
	res := s.do(http.MethodPost, "/seismo/issues/CHK-001/resolve", url.Values{}, "Referer", "http://errors.example:8000/seismo/issues?view=new")
	if got := res.Header.Get("Location"); got != "/seismo/issues?view=new" {
		t.Errorf("an act leads to %q", got)
	}
}
