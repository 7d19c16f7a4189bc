package web

import (
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/auth"
	"github.com/seismohq/seismo/internal/catalog"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/issue"
	"github.com/seismohq/seismo/internal/project"
)

var testTime = time.Date(2026, 11, 21, 2, 2, 43, 0, time.UTC)

func testVisit() *visit {
	return &visit{site: &site{}, actor: auth.Actor{User: 7}, now: testTime, zone: time.UTC}
}

func TestCompile(t *testing.T) {
	t.Parallel()
	yes, me, nobody, jonas := true, account.UserID(7), account.UserID(0), account.UserID(8)
	sc := scope{Projects: []project.Project{{ID: 1, Slug: "shop"}, {ID: 2, Slug: "api"}}}
	members := map[account.UserID]person{8: {First: "Jonas", Name: "Jonas Weber"}}
	for text, want := range map[string]struct {
		query    catalog.IssueQuery
		env      string
		statuses bool
		wrong    string // first part that is not understood
	}{
		"":                          {},
		"deadlock detected":         {query: catalog.IssueQuery{Text: "deadlock detected"}},
		`"deadlock detected"`:       {query: catalog.IssueQuery{Text: "deadlock detected"}},
		"is:unresolved":             {query: catalog.IssueQuery{Statuses: []issue.Status{issue.New, issue.Acknowledged, issue.InProgress}}, statuses: true},
		"is:in-progress is:ignored": {query: catalog.IssueQuery{Statuses: []issue.Status{issue.InProgress, issue.Ignored}}, statuses: true},
		"is:regressed x":            {query: catalog.IssueQuery{Regressed: &yes, Text: "x"}},
		"is:mine":                   {query: catalog.IssueQuery{Assignee: &me}},
		"is:unassigned":             {query: catalog.IssueQuery{Assignee: &nobody}},
		"assignee:jonas":            {query: catalog.IssueQuery{Assignee: &jonas}},
		"level:error level:fatal":   {query: catalog.IssueQuery{Levels: []event.Level{event.Error, event.Fatal}}},
		"level:>=warning":           {query: catalog.IssueQuery{Levels: []event.Level{event.Fatal, event.Error, event.Warning}}},
		"project:api":               {query: catalog.IssueQuery{Projects: []project.ID{2}}},
		"env:production":            {env: "production"},
		"first:24h":                 {query: catalog.IssueQuery{FirstSeen: catalog.TimeRange{From: testTime.Add(-day)}}},
		"last:90m":                  {query: catalog.IssueQuery{LastSeen: catalog.TimeRange{From: testTime.Add(-90 * time.Minute)}}},
		"project:nope level:info":   {query: catalog.IssueQuery{Levels: []event.Level{event.Info}}, wrong: "project:nope"},
		"release:1.2":               {wrong: "release:1.2"},
		"!level:info":               {wrong: "!level:info"},
		"is:odd":                    {wrong: "is:odd"},
		"level:loud":                {wrong: "level:loud"},
		"last:yesterday":            {wrong: "last:yesterday"},
		"first:99999999d":           {wrong: "first:99999999d"},
		"first:0h":                  {wrong: "first:0h"},
		"assignee:nobody-here":      {wrong: "assignee:nobody-here"},
		"env:a env:b":               {env: "a", wrong: "env:b"},
		"http://a.example/b:c":      {query: catalog.IssueQuery{Text: "http://a.example/b:c"}},
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			sc := sc
			got := testVisit().compile(text, &sc, members)
			if diff := cmp.Diff(want.query, got.Query); diff != "" {
				t.Errorf("query (-want +got):\n%s", diff)
			}
			wrong := ""
			for _, tok := range got.Tokens {
				if tok.Reason != "" && wrong == "" {
					wrong = tok.Text
				}
			}
			if got.Env != want.env || got.Statuses != want.statuses || wrong != want.wrong {
				t.Errorf("env %q, statuses %v, not understood %q; want %q, %v, %q", got.Env, got.Statuses, wrong, want.env, want.statuses, want.wrong)
			}
		})
	}
}

// TestTokensCanBeRemoved gives each token the address of the same page without it.
func TestTokensCanBeRemoved(t *testing.T) {
	t.Parallel()
	values := url.Values{"q": {"is:new level:error", `"two words"`}, "view": {"new"}, "after": {"cursor"}, "sort": {""}}
	sc := scope{}
	s := testVisit().compile(readSearch(values), &sc, nil)
	s.links("/issues", values)
	got := []string{s.Tokens[0].Remove, s.Tokens[1].Remove}
	want := []string{"/issues?q=level:error&q=%22two+words%22&view=new", "/issues?q=is:new&q=%22two+words%22&view=new"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzSearch(f *testing.F) {
	for _, s := range []string{"is:new a", `level:>= "x`, "last:1h first:9d", "\x00\u202e", "env:a env:b project:c", strings.Repeat("a:b ", 400)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text := readSearch(url.Values{"q": {s}})
		if len(text) > maxQuery || !utf8.ValidString(text) || strings.ContainsFunc(text, invisible) {
			t.Errorf("read %q from %q", text, s)
		}
		if again := readSearch(url.Values{"q": {text}}); again != text {
			t.Errorf("reading again gives %q from %q", again, text)
		}
		sc := scope{}
		q := testVisit().compile(text, &sc, nil)
		q.links("/issues", url.Values{"q": {text}})
		for _, tok := range q.Tokens {
			if !strings.HasPrefix(tok.Remove, "/issues") {
				t.Errorf("token %q leads to %q", tok.Text, tok.Remove)
			}
		}
	})
}
