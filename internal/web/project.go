package web

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/catalog"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/project"
)

// projectListPage is /projects.
type projectListPage struct {
	Shell
	Heading  string
	Projects []projectRow
	Empty    *emptyState
}

type projectRow struct {
	Name     string
	Platform string
	Issues   string // address of its issues
	Setup    string
	Open     string // how many issues are open
	Events   string // in the last day
	Dot      string
	Surge    string
}

func (s *site) projectList(v *visit) error {
	projects, err := v.projects()
	if err != nil {
		return err
	}
	sc := readScope(url.Values{}, projects)
	p := projectListPage{Heading: "Projects"}
	if p.Shell, err = v.shell("Projects", "projects", sc); err != nil {
		return err
	}
	pulse := s.ingest.get(v.ctx, s, v.actor.Org, projects, v.now)
	for _, pr := range projects {
		row := projectRow{
			Name: line(pr.Name), Platform: platformName(pr.Platform), Issues: s.path(address("/issues", nil, "project", pr.Slug)),
			Setup: s.path("/projects/" + pr.Slug + "/setup"),
		}
		row.Dot, row.Surge = pulse.state(pr.ID)
		var sum int64
		for _, n := range pulse.hours[pr.ID] {
			sum += n
		}
		row.Events = number(sum)
		open, err := s.catalog.CountIssues(v.ctx, v.actor.Org, catalog.IssueQuery{Projects: []project.ID{pr.ID}, Statuses: views[0].Statuses})
		if err != nil {
			return fault.Wrap(err, "count the open issues of a project")
		}
		row.Open = number(open)
		p.Projects = append(p.Projects, row)
	}
	if len(projects) == 0 {
		p.Empty = &emptyState{
			Trace: "tremor", Title: "No project yet", Text: "A project is one application that sends its errors here.",
			URL: s.path("/projects/new"), As: "Create a project",
		}
	}
	return v.render(http.StatusOK, "project_list", "shell", p)
}

// projectNewPage is /projects/new.
type projectNewPage struct {
	Shell
	Heading   string
	Form      form
	Platforms []choice // URL is the value
}

func (s *site) newProject(v *visit) error { return v.projectForm(form{}, http.StatusOK) }

func (v *visit) projectForm(f form, status int) error {
	projects, err := v.projects()
	if err != nil {
		return err
	}
	p := projectNewPage{Heading: "New project", Form: f}
	if p.Shell, err = v.shell("New project", "projects", readScope(url.Values{}, projects)); err != nil {
		return err
	}
	for _, o := range platforms {
		p.Platforms = append(p.Platforms, choice{Words: o.Words, URL: o.Name, Current: o.Name == f.Values["platform"]})
	}
	return v.render(status, "project_new", "shell", p)
}

func (s *site) createProject(v *visit) error {
	if err := v.parseForm(); err != nil {
		return err
	}
	name, platform := strings.TrimSpace(v.r.PostForm.Get("name")), v.r.PostForm.Get("platform")
	values := map[string]string{"name": name, "platform": platform}
	refuse := func(message string) error {
		return v.projectForm(form{Values: values, Wrong: map[string]string{"name": message}}, http.StatusUnprocessableEntity)
	}
	switch {
	case name == "":
		return refuse("is missing")
	case len(name) > 100:
		return refuse("is too long")
	}
	if platformName(platform) == "" {
		platform = ""
	}
	p, err := s.catalog.CreateProject(v.ctx, v.actor.Org, catalog.ProjectInput{Name: name, Platform: platform})
	switch fault.CodeOf(err) {
	case "":
		return v.seeOther("/projects/" + p.Slug + "/setup")
	case fault.Conflict:
		return refuse("is another project's already")
	case fault.Validation:
		return refuse("cannot be used")
	}
	return fault.Wrap(err, "create a project")
}

// projectSetupPage is /projects/{slug}/setup: the DSN, what to put where, and the wait for the first event.
type projectSetupPage struct {
	Shell
	Heading   string
	Slug      string
	DSN       string
	Keys      int
	Languages []choice
	Language  platform
	Steps     []step
	Waiting   bool
	First     when
	IssuesURL string
	Listening string // host and port
	TestURL   string // address that takes the test event
	Check     string // this page again
}

// step is one thing to do: words, and code to copy.
type step struct {
	Words string
	File  string
	Code  string
}

func (s *site) projectSetup(v *visit) error {
	pr, err := s.catalog.GetProjectBySlug(v.ctx, v.actor.Org, v.r.PathValue("slug"))
	if err != nil {
		return fault.Wrap(err, "find a project")
	}
	keys, err := s.catalog.ListKeys(v.ctx, v.actor.Org, pr.ID)
	if err != nil {
		return fault.Wrap(err, "list the keys of a project")
	}
	projects, err := v.projects()
	if err != nil {
		return err
	}
	values := v.r.URL.Query()
	sc := readScope(url.Values{"project": {pr.Slug}}, projects)
	p := projectSetupPage{
		Heading: "Set up " + line(pr.Name), Slug: pr.Slug, IssuesURL: s.path(address("/issues", nil, "project", pr.Slug)),
		Listening: s.opts.PublicURL.Host, Check: s.path("/projects/" + pr.Slug + "/setup"),
	}
	if p.Shell, err = v.shell(p.Heading, "projects", sc, "copy-button", "first-event", "live-feed"); err != nil {
		return err
	}
	for _, k := range keys {
		if !k.Enabled {
			continue
		}
		p.Keys++
		if p.DSN == "" {
			p.DSN = k.DSN(s.opts.PublicURL)
			p.TestURL = s.path("/api/" + pr.ID.String() + "/envelope/?sentry_key=" + k.Public + "&sentry_version=7")
		}
	}
	p.Language = platformNamed(firstOf(values.Get("language"), pr.Platform))
	for _, o := range platforms {
		p.Languages = append(p.Languages, choice{o.Words, s.path(address("/projects/"+pr.Slug+"/setup", nil, "language", o.Name)), o.Name == p.Language.Name})
	}
	for _, st := range p.Language.Steps {
		p.Steps = append(p.Steps, step{Words: st.Words, File: st.File, Code: strings.ReplaceAll(st.Code, dsnMark, p.DSN)})
	}
	got, err := s.events.List(v.ctx, pr.ID, eventstore.ListQuery{Limit: 1, Oldest: true})
	if err != nil {
		return fault.Wrap(err, "look for the first event")
	}
	p.Waiting = len(got.Rows) == 0
	if !p.Waiting {
		p.First = v.ago(got.Rows[0].Timestamp)
	}
	if v.fragment == "arrival" {
		return v.render(http.StatusOK, "project_setup", "arrival", p)
	}
	return v.render(http.StatusOK, "project_setup", "shell", p)
}
