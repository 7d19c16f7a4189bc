package web

import (
	"net/url"
	"strings"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/catalog"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/issue"
)

// issueListPage is the issue stream.
type issueListPage struct {
	Shell
	Heading  string
	Tabs     []tab
	Search   issueSearch
	Hidden   []hiddenField // the rest of the address, for the form
	Problems []token       // parts of the search that are not understood
	Menus    []menu        // scope
	Sort     menu
	Columns  sortLinks
	Volume   volume
	Rows     []issueRow
	Shown    string // "50 of 126 issues"
	Empty    *emptyState
	Waiting  bool   // for the first event ever: there is nothing to draw
	Newer    string // address of the first page, on later ones
	Older    string // address of the next page
	Fresh    freshBar
	Since    string // when the page was made: what was first seen after it is new
	Triage   bool
}

type tab struct {
	ID      string
	Words   string
	URL     string
	Count   string
	Current bool
}

type hiddenField struct{ Name, Value string }

// sortLinks are the heads of columns that sort.
type sortLinks struct{ Events, Users, Seen, By string }

// volume is the strip above the list.
type volume struct {
	Events string
	Users  string
	Change string
	Up     bool
	Since  string
	Chart  chart
	Failed string // request id, when the strip could not be read
}

// emptyState says why there is nothing, and the next step.
type emptyState struct {
	Trace   string // "flat" or "tremor"; "" for none
	Title   string
	Code    string // a search, shown as such in front of the text
	Text    string
	URL     string
	As      string
	Other   string
	OtherAs string
}

// freshBar stands above the list when new issues wait.
type freshBar struct {
	Count int64
	URL   string
}

const pageSize = 50

// maxScan is how many pages of the catalog are read to fill one page of a search that only the event store can answer.
const maxScan = 10

var sorts = []struct{ Name, Words string }{
	{"impact", "Impact"}, {"last_seen", "Last seen"}, {"first_seen", "First seen"}, {"events", "Events"}, {"users", "Users"},
}

func sortNamed(name string) string {
	for _, s := range sorts {
		if s.Name == name {
			return name
		}
	}
	return sorts[0].Name
}

// listRequest is what the address of the stream says.
type listRequest struct {
	values  url.Values
	sc      scope
	view    view
	search  issueSearch
	members map[account.UserID]person
	sort    string
}

func (v *visit) readList(values url.Values) (listRequest, error) {
	projects, err := v.projects()
	if err != nil {
		return listRequest{}, err
	}
	members, err := v.members()
	if err != nil {
		return listRequest{}, err
	}
	l := listRequest{values: values, sc: readScope(values, projects), view: viewNamed(values.Get("view")), members: members, sort: sortNamed(values.Get("sort"))}
	l.search = v.compile(readSearch(values), &l.sc, members)
	l.search.links(v.site.path("/issues"), values)
	if l.search.Env != "" {
		l.sc.Env = l.search.Env
	}
	if l.search.Query.Projects == nil {
		l.search.Query.Projects = l.sc.ids()
	}
	return l, nil
}

// query returns what to ask the catalog for a view.
func (l listRequest) query(w view) catalog.IssueQuery {
	q := l.search.Query
	if !l.search.Statuses {
		q.Statuses = w.Statuses
	}
	q.Sort, q.Limit = l.sort, pageSize
	return q
}

// issueList is the page /issues and its parts: "stream" (what Enter in the query field changes), "rows" (what typing changes:
// all but the field itself) and "live" (figures that moved on).
func (s *site) issueList(v *visit) error {
	l, err := v.readList(v.r.URL.Query())
	if err != nil {
		return err
	}
	if v.fragment == "live" {
		return v.liveFigures(l)
	}
	p := issueListPage{Heading: "Issues", Search: l.search, Since: v.now.UTC().Format(time.RFC3339), Triage: v.actor.May("triage")}
	if p.Shell, err = v.shell("Issues", "issues", l.sc, "issue-list", "query-field", "chart-readout", "live-feed"); err != nil {
		return err
	}
	if err := v.fillList(&p, l); err != nil {
		return err
	}
	switch v.fragment {
	case "stream":
		return v.render(200, "issue_list", "entered", p)
	case "rows":
		return v.render(200, "issue_list", "typed", p)
	}
	return v.render(200, "issue_list", "shell", p)
}

func (v *visit) fillList(p *issueListPage, l listRequest) error {
	var err error
	if p.Tabs, err = v.tabs(l); err != nil {
		return err
	}
	p.Fresh.URL = v.site.path(address("/issues", l.values, "after", ""))
	for _, name := range []string{"view", "project", "env", "range", "sort"} {
		if value := l.values.Get(name); value != "" {
			p.Hidden = append(p.Hidden, hiddenField{name, value})
		}
	}
	for _, t := range l.search.Tokens {
		if t.Reason != "" {
			p.Problems = append(p.Problems, t)
		}
	}
	if p.Menus, err = v.scopeMenus(l.sc, "/issues", l.values); err != nil {
		return err
	}
	v.sortMenu(p, l)
	p.Volume = v.volume(l)
	issues, next, err := v.page(l)
	if err != nil {
		return err
	}
	maker := rowMaker{v: v, sc: l.sc, members: l.members, view: l.view}
	if l.search.Statuses {
		maker.view = view{Statuses: l.search.Query.Statuses}
	}
	if p.Rows, err = maker.rows(issues, l.search.Env == "" && l.sc.Env == ""); err != nil {
		return err
	}
	p.Shown = shown(len(p.Rows), p.Tabs, l)
	if next != "" {
		p.Older = v.site.path(address("/issues", l.values, "after", next))
	}
	if l.values.Get("after") != "" {
		p.Newer = p.Fresh.URL
	}
	if len(p.Rows) == 0 {
		if p.Empty, err = v.emptyList(l); err != nil {
			return err
		}
		p.Waiting = p.Empty.Trace == "tremor"
	}
	return nil
}

// page reads one page of issues. The catalog knows no environments: with one in scope, pages are read until enough of their
// issues had events there.
func (v *visit) page(l listRequest) ([]issue.Issue, string, error) {
	q := l.query(l.view)
	q.Cursor = l.values.Get("after")
	maker := rowMaker{v: v, sc: l.sc}
	var out []issue.Issue
	for range maxScan {
		got, err := v.site.catalog.ListIssues(v.ctx, v.actor.Org, q)
		if err != nil {
			return nil, "", fault.Wrap(err, "list the issues")
		}
		if l.sc.Env == "" {
			return got.Issues, got.Next, nil
		}
		fig, err := maker.figures(got.Issues)
		if err != nil {
			return nil, "", err
		}
		for _, i := range got.Issues {
			if fig[i.ID].events > 0 {
				out = append(out, i)
			}
		}
		q.Cursor = got.Next
		// A page may hold more than usual: stopping in its middle would need a cursor of our own.
		if got.Next == "" || len(out) >= pageSize/2 {
			break
		}
	}
	return out, q.Cursor, nil
}

// tabs counts the views. With an environment in scope there are no counts: the catalog does not know them.
func (v *visit) tabs(l listRequest) ([]tab, error) {
	out := make([]tab, len(views))
	for i, w := range views {
		name := w.Name
		if i == 0 {
			name = ""
		}
		out[i] = tab{
			ID: "n-" + w.Name, Words: w.Words, Current: w.Name == l.view.Name && !l.search.Statuses,
			URL: v.site.path(address("/issues", l.values, "view", name, "after", "")),
		}
		if l.sc.Env != "" {
			continue
		}
		q := l.search.Query
		q.Statuses = w.Statuses
		n, err := v.site.catalog.CountIssues(v.ctx, v.actor.Org, q)
		if err != nil {
			return nil, fault.Wrap(err, "count the issues of a view")
		}
		out[i].Count = number(n)
	}
	return out, nil
}

func shown(n int, tabs []tab, l listRequest) string {
	if l.sc.Env != "" {
		return plural(int64(n), "issue", "issues") + " with events in " + line(l.sc.Env) + ", " + strings.ToLower(l.sc.Span.Words)
	}
	for _, t := range tabs {
		if t.Current && t.Count != number(int64(n)) {
			return number(int64(n)) + " of " + t.Count + hard + "issues"
		}
	}
	return plural(int64(n), "issue", "issues")
}

func (v *visit) sortMenu(p *issueListPage, l listRequest) {
	link := func(name string) string {
		if name == sorts[0].Name {
			name = ""
		}
		return v.site.path(address("/issues", l.values, "sort", name, "after", ""))
	}
	p.Sort = menu{ID: "m-sort", Label: "Sort"}
	for _, s := range sorts {
		p.Sort.Choices = append(p.Sort.Choices, choice{s.Words, link(s.Name), s.Name == l.sort})
		if s.Name == l.sort {
			p.Sort.Words = s.Words
		}
	}
	if l.sort == "impact" {
		p.Sort.Hint = "Fatal first, then regressed or escalating, then users, then last seen"
	}
	p.Columns = sortLinks{Events: link("events"), Users: link("users"), Seen: link("last_seen"), By: l.sort}
}

// scopeMenus are the choices of the top bar: project, environment, range.
func (v *visit) scopeMenus(sc scope, path string, values url.Values) ([]menu, error) {
	link := func(name, value string) string {
		return v.site.path(address(path, values, name, value, "after", ""))
	}
	projects := menu{ID: "m-project", Label: "Project", Words: "All projects", Wide: true}
	projects.Choices = append(projects.Choices, choice{"All projects", link("project", ""), sc.Project.ID == 0})
	for _, p := range sc.Projects {
		projects.Choices = append(projects.Choices, choice{line(p.Name), link("project", p.Slug), p.ID == sc.Project.ID})
	}
	if sc.Project.ID != 0 {
		projects.Words = line(sc.Project.Name)
	}
	names, err := v.environments(sc)
	if err != nil {
		return nil, err
	}
	envs := menu{ID: "m-env", Label: "Environment", Words: "All environments", Wide: true}
	envs.Choices = append(envs.Choices, choice{"All environments", link("env", ""), sc.Env == ""})
	for _, name := range names {
		envs.Choices = append(envs.Choices, choice{line(name), link("env", name), name == sc.Env})
	}
	if sc.Env != "" {
		envs.Words = line(sc.Env)
	}
	ranges := menu{ID: "m-range", Label: "Time range", Words: sc.Span.Words}
	for i, s := range spans {
		name := s.Name
		if i == defaultSpan {
			name = ""
		}
		ranges.Choices = append(ranges.Choices, choice{s.Words, link("range", name), s.Name == sc.Span.Name})
	}
	return []menu{projects, envs, ranges}, nil
}

// environments lists those that events of the scope came from, most frequent first.
func (v *visit) environments(sc scope) ([]string, error) {
	var names []string
	if sc.Env != "" {
		names = append(names, sc.Env)
	}
	seen := map[string]bool{sc.Env: true, "": true}
	for _, p := range sc.chosen() {
		got, err := v.site.events.TopTags(v.ctx, p.ID, eventstore.TagQuery{
			Tags: []string{"environment"}, Limit: 10, Filter: eventstore.Filter{Range: sc.Span.until(v.now)},
		})
		if err != nil {
			return nil, fault.Wrap(err, "list the environments")
		}
		for _, t := range got {
			for _, value := range t.Top {
				if !seen[value.Value] && len(names) < 20 {
					seen[value.Value] = true
					names = append(names, value.Value)
				}
			}
		}
	}
	return names, nil
}
