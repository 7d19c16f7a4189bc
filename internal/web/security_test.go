package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/catalog"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/issue"
	"github.com/seismohq/seismo/internal/project"
)

func TestHeaders(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, target := range []string{"/issues", "/nowhere", "/login", "/static/x/app.css", "/issues/CHK-001/events/latest.json"} {
		h := s.get(target).Header
		for name, want := range map[string]string{
			"Content-Security-Policy":    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"Cross-Origin-Opener-Policy": "same-origin",
			"Referrer-Policy":            "same-origin",
			"X-Content-Type-Options":     "nosniff",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q", target, name, got)
			}
		}
	}
}

func TestSignInIsNeeded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cookie = nil
	for target, want := range map[string]string{
		"/":                      "/login",
		"/issues?q=a+b":          "/login?next=%2Fissues%3Fq%3Da%2Bb",
		"/issues/CHK-001":        "/login?next=%2Fissues%2FCHK-001",
		"/projects/new":          "/login?next=%2Fprojects%2Fnew",
		"/events/" + key1Event(): "/login?next=%2Fevents%2F" + key1Event(),
	} {
		if res := s.get(target); res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != want {
			t.Errorf("%s: status %d to %q, want %q", target, res.StatusCode, res.Header.Get("Location"), want)
		}
	}
	for _, target := range []string{"/issues/CHK-001/resolve", "/issues/bulk", "/projects/new"} {
		if res := s.do(http.MethodPost, target, url.Values{}); res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/login" {
			t.Errorf("POST %s: status %d", target, res.StatusCode)
		}
	}
	if res := s.get("/live"); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("/live: status %d", res.StatusCode)
	}
}

func key1Event() string { return eventID(1).String() }

// TestSignInLeadsBack goes on where the reader wanted to go, but never off this server.
func TestSignInLeadsBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for next, want := range map[string]string{
		"/issues?q=a":          "/issues?q=a",
		"":                     "/",
		"//evil.example/x":     "/",
		"/\\evil.example":      "/",
		"https://evil.example": "/",
		"javascript:alert(1)":  "/",
		"/login?next=/login":   "/",
		"/\r\nSet-Cookie: a=b": "/",
	} {
		res := s.do(http.MethodPost, "/login", url.Values{"email": {"mara@halden.example"}, "password": {testPassword}, "next": {next}})
		if got := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || got != want {
			t.Errorf("next %q leads to %q (%d), want %q", next, got, res.StatusCode, want)
		}
	}
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if res := s.do(http.MethodPost, "/logout", url.Values{}); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("status %d", res.StatusCode)
	}
	if res := s.get("/issues"); res.StatusCode != http.StatusSeeOther {
		t.Errorf("still signed in: status %d", res.StatusCode)
	}
}

// TestOtherSitesAreRefused sends the posts of a page that somebody else made.
func TestOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	small(t, s)
	for name, headers := range map[string][]string{
		"by fetch metadata": {"Sec-Fetch-Site", "cross-site"},
		"by origin":         {"Sec-Fetch-Site", "", "Origin", "https://evil.example"},
	} {
		for _, target := range []string{"/issues/CHK-001/resolve", "/logout", "/login", "/theme"} {
			res := s.do(http.MethodPost, target, url.Values{"email": {"a"}}, headers...)
			if res.StatusCode != http.StatusForbidden {
				t.Errorf("%s, %s: status %d", name, target, res.StatusCode)
			}
		}
	}
	i, err := s.catalog.GetIssueByShortID(t.Context(), s.org, "CHK-001")
	if err != nil || i.Status != issue.New {
		t.Errorf("the issue is %s, %v", i.Status, err)
	}
}

func (s *site) viewer(tb testing.TB, org account.OrgID) {
	tb.Helper()
	u, err := s.auth.EnsureAdmin(tb.Context(), org, "vera@halden.example", testPassword)
	if err == nil && org == s.org {
		err = s.catalog.PutMember(tb.Context(), org, u.ID, account.RoleViewer)
	}
	if err != nil {
		tb.Fatal(err)
	}
	s.cookie = nil
	s.cookie = s.signIn(tb, "vera@halden.example")
}

// TestRoles holds what a role may do, on the page and behind it.
func TestRoles(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	small(t, s)
	s.viewer(t, s.org)
	for _, target := range []string{"/issues/CHK-001/resolve", "/issues/bulk", "/issues/undo", "/projects/new"} {
		if res := s.do(http.MethodPost, target, url.Values{"act": {"resolve"}, "issue": {"CHK-001"}, "name": {"x"}}); res.StatusCode != http.StatusForbidden {
			t.Errorf("a viewer's POST %s: status %d", target, res.StatusCode)
		}
	}
	for _, target := range []string{"/issues", "/issues/CHK-001", "/projects"} {
		res := s.get(target)
		sound(t, res.body)
		for _, never := range []string{"/resolve", "/assign", "/projects/new", `name="act"`} {
			if strings.Contains(res.body, never) {
				t.Errorf("%s offers %s to a viewer", target, never)
			}
		}
	}
}

// TestOtherOrganizations shows nothing of one organization to a member of another.
func TestOtherOrganizations(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	small(t, s)
	other, err := s.catalog.CreateOrganization(t.Context(), "other", "Other")
	if err != nil {
		t.Fatal(err)
	}
	s.viewer(t, other.ID)
	for _, target := range []string{
		"/issues/CHK-001", "/issues/CHK-001/events/latest", "/issues/CHK-001/events/" + key1Event() + ".json", "/events/" + key1Event(), "/projects/checkout-api/setup",
	} {
		if res := s.get(target); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d", target, res.StatusCode)
		}
	}
	for _, target := range []string{"/issues", "/issues?project=checkout-api", "/projects"} {
		if res := s.get(target); strings.Contains(res.body, "checkout-api") && !strings.Contains(target, "checkout-api") || strings.Contains(res.body, "CHK-001") {
			t.Errorf("%s shows another organization", target)
		}
	}
	if res := s.do(http.MethodPost, "/issues/CHK-001/resolve", url.Values{}); res.StatusCode != http.StatusNotFound {
		t.Errorf("resolving: status %d", res.StatusCode)
	}
}

// TestEventOfAnotherIssue does not show an event under an issue that it does not belong to.
func TestEventOfAnotherIssue(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	small(t, s)
	for _, target := range []string{"/issues/CHK-002/events/" + key1Event(), "/issues/CHK-002/events/" + key1Event() + ".json"} {
		if res := s.get(target); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d", target, res.StatusCode)
		}
	}
	if res := s.get("/events/" + key1Event()); res.Header.Get("Location") != "/issues/CHK-001/events/"+key1Event() {
		t.Errorf("the event is found at %q", res.Header.Get("Location"))
	}
}

// The texts of applications that mean harm, or went wrong.
var hostile = []string{
	`<script>alert(1)</script>`,
	`"><img src=x onerror=alert(1)>`,
	`'; alert(1); //`,
	`javascript:alert(1)`,
	`</code></pre></details></main><h1>fake</h1>`,
	"{{.Secret}} ${7*7} <%= 1 %>",
	"safe\u202egnp.exe\u2066\u200b\ufeffnothing",
	"bell\x07 escape\x1b[31mred null\x00 cr\rover",
	"\xff\xfe broken \xc3\x28 utf-8",
	"https://evil.example/\u202e\"onmouseover=alert(1)",
	"data:text/html,<script>alert(1)</script>",
	strings.Repeat("long ", 2000),
	strings.Repeat("x", 10_000),
	strings.Repeat("🜂", 3000),
	"line\nline\u2028line\u2029line",
}

// TestHostileText puts them into every place of an event, and looks at what reaches the page.
func TestHostileText(t *testing.T) {
	t.Parallel()
	for n, evil := range hostile {
		t.Run(strings.ToValidUTF8(evil[:min(len(evil), 20)], "?"), func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			p := s.project(t, "shop", "SHP")
			at := s.now.Add(-time.Minute)
			e := hostileEvent(evil, p.ID, at)
			e.ID = eventID(n + 1)
			s.store(t, key(1), e)
			cut := evil[:min(len(evil), 4000)] // the catalog keeps one line
			s.record(t, catalog.Group{
				Project: p.ID, Keys: []event.Key{key(1)}, Count: 1, FirstSeen: at, LastSeen: at, Title: cut, Type: cut, Value: evil[:min(len(evil), 1<<20)],
				Culprit: cut, Location: cut, Function: cut, Platform: cut, Level: event.Error, FirstRelease: cut, LastRelease: cut, Unhandled: true,
			})
			for _, target := range []string{"/issues", "/issues/SHP-001", "/issues/SHP-001?frames=all", "/issues/SHP-001?frames=raw", "/issues?q=" + url.QueryEscape(cut), "/issues/SHP-001/events/latest?q=" + url.QueryEscape("tags.x:"+cut)} {
				res := s.get(target)
				if res.StatusCode != http.StatusOK {
					t.Errorf("%.60s: status %d\n%.2000s", target, res.StatusCode, res.body)
					continue
				}
				sound(t, res.body)
				if len(res.body) > 1<<20 {
					t.Errorf("%.60s: %d bytes", target, len(res.body))
				}
			}
			res := s.get("/issues/SHP-001/events/" + e.ID.String() + ".json")
			if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/json; charset=utf-8" {
				t.Errorf("JSON: status %d, %s", res.StatusCode, res.Header.Get("Content-Type"))
			}
		})
	}
}

// TestVeryLongLines shows the beginning of what is a megabyte, and says how much is left out.
func TestVeryLongLines(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.project(t, "shop", "SHP")
	long := strings.Repeat("abcdefg ", 1<<17)
	e := &event.Event{
		ID: eventID(1), Project: p.ID, Timestamp: s.now, Received: s.now, Level: event.Error, Title: "long", Platform: "javascript",
		Exceptions: []event.Exception{{Type: "E", Value: long, Stacktrace: &event.Stacktrace{Frames: []event.Frame{
			{Function: "f", Filename: "a.min.js", Line: 1, InApp: yes(), PreContext: []string{long}, ContextLine: long, Vars: event.Map{{Key: "v", Value: event.Str(long)}}},
		}}}},
		Request: &event.Request{URL: "https://x.example/", Headers: []event.Tag{{Key: "Cookie", Value: long}}, Data: event.Str(long)},
	}
	s.store(t, key(1), e)
	s.record(t, catalog.Group{Project: p.ID, Keys: []event.Key{key(1)}, Count: 1, FirstSeen: s.now, LastSeen: s.now, Title: "E", Type: "E", Value: long, Level: event.Error})
	for _, target := range []string{"/issues", "/issues/SHP-001", "/issues/SHP-001?frames=raw"} {
		res := s.get(target)
		if res.StatusCode != http.StatusOK || len(res.body) > 150_000 {
			t.Errorf("%s: status %d, %d bytes", target, res.StatusCode, len(res.body))
		}
		sound(t, res.body)
	}
	if res := s.get("/issues/SHP-001"); !strings.Contains(res.body, "1.0\u00a0MB more in the JSON") {
		t.Error("the page does not say how much is left out")
	}
}

func hostileEvent(evil string, p project.ID, at time.Time) *event.Event {
	text := event.Str(evil)
	m := event.Map{{Key: evil, Value: text}, {Key: "list", Value: event.Value{Kind: event.List, List: []event.Value{text, {Kind: event.Object, Map: event.Map{{Key: evil, Value: text}}}}}}}
	frames := []event.Frame{
		{Function: evil, Module: evil, Filename: evil, AbsPath: evil, Line: 3, InApp: no()},
		{Function: evil, Module: evil, Filename: evil, Line: 3, InApp: no()},
		{Function: evil, Filename: "a.js", AbsPath: "https://x/" + evil, Line: 3, InApp: yes(), PreContext: []string{evil, evil}, ContextLine: evil, PostContext: []string{evil}, Vars: m},
	}
	tag := []event.Tag{{Key: evil, Value: evil}, {Key: "x", Value: evil}}
	return &event.Event{
		Project: p, Type: event.TypeError, Timestamp: at, Received: at, Platform: evil, Level: event.Error, Title: evil, Culprit: evil, Location: evil,
		Logger: evil, Transaction: evil, ServerName: evil, Release: evil, Dist: evil, Environment: evil,
		Message: &event.Message{Template: evil, Formatted: evil, Params: text},
		Exceptions: []event.Exception{
			{Type: evil, Value: evil, Module: evil, Mechanism: &event.Mechanism{Type: evil, HelpLink: evil, Source: evil, Data: m}, Stacktrace: &event.Stacktrace{Frames: frames}},
			{Type: evil, Value: evil, Mechanism: &event.Mechanism{Type: evil, Handled: no(), HelpLink: evil}, Stacktrace: &event.Stacktrace{Frames: frames}},
		},
		Threads:  []event.Thread{{ID: evil, Name: evil, State: evil, Crashed: true}},
		User:     &event.User{ID: evil, Username: evil, Name: evil, Email: evil, IPAddress: evil, Geo: m, Data: m},
		Request:  &event.Request{URL: evil, Method: evil, Query: tag, Fragment: evil, Cookies: tag, Headers: tag, Data: text, Env: m, ContentType: evil},
		Contexts: []event.Context{{Name: evil, Type: evil, Data: m}, {Name: "os", Type: "os", Data: m}},
		Breadcrumbs: []event.Breadcrumb{
			{Timestamp: at, Type: evil, Category: evil, Level: event.Level(evil), Message: evil, Data: m},
			{Timestamp: at, Type: "http", Category: "http", Level: event.Info, Data: event.Map{{Key: "url", Value: text}, {Key: "method", Value: text}, {Key: "status_code", Value: text}, {Key: "duration", Value: text}}},
			{Timestamp: at, Type: "navigation", Category: "navigation", Level: event.Error, Data: event.Map{{Key: "from", Value: text}, {Key: "to", Value: text}}},
		},
		Tags: tag, Extra: m, Modules: tag, Fingerprint: []string{evil}, SDK: &event.SDK{Name: evil, Version: evil}, Security: m, Other: m,
		Errors:  []event.Problem{{Type: evil, Name: evil, Value: evil}},
		Remarks: []event.Remark{{Path: evil, Rule: evil, Kind: evil, Note: evil}},
		Grouping: &event.Grouping{Algorithm: evil, Strategy: evil, Variants: []event.Variant{{Name: evil, Component: event.Component{
			Name: evil, Hint: evil, Values: []string{evil}, Components: []event.Component{{Name: evil, Contributes: true, Values: []string{evil}}},
		}}}},
	}
}
