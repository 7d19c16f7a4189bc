package web

import (
	"context"
	"fmt"
	"html/template"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/catalog"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/issue"
	"github.com/seismohq/seismo/internal/project"
)

// Shell is what stands around every page.
type Shell struct {
	Title   string
	Theme   string // "light", "dark" or ""
	Bare    bool   // without sidebar: sign-in, errors
	Active  string // entry of the navigation: "issues" or "projects"
	Here    string // path and query of this page
	Org     string
	User    person
	New     int64 // issues that are new
	Nav     []navProject
	Ingest  ingestView
	Modules []string // islands of this page, by name
	Preload []string // every module that will be loaded
	Live    string   // address of the stream; "" where a page has nothing live
	Manage  bool     // may create projects
	Fonts   []string // to be loaded early
	Version string
}

// navProject is a project in the sidebar.
type navProject struct {
	Name    string
	URL     string
	Dot     string // "", "hot" (far above its usual rate) or "off" (nothing for a day)
	Surge   string // "6.1×"
	Current bool
}

// ingestView says how much arrives.
type ingestView struct {
	Rate  string // events in the last whole minute
	Trace template.HTMLAttr
}

// preload lists every module of a page, so that the browser need not find them one after the other.
func (s *site) preload(bare bool, islands []string) []string {
	names := []string{"swap", "keys", "islands/chrome", "islands/toasts"}
	if !bare {
		names = append(names, "islands/palette")
	}
	for _, name := range islands {
		if name == "live-feed" {
			names = append(names, "live")
		}
		names = append(names, "islands/"+name)
	}
	for i, name := range names {
		names[i] = s.files.path("js/" + name + ".js")
	}
	return names
}

// bareShell is the shell of pages for people who are not signed in.
func (v *visit) bareShell(title string) Shell {
	sh := Shell{Title: title, Theme: v.theme, Bare: true, Here: v.r.URL.RequestURI(), Preload: v.site.preload(true, nil), Version: v.site.opts.Version}
	if v.site.files.fonts {
		for _, f := range fontFiles {
			sh.Fonts = append(sh.Fonts, v.site.files.path(f))
		}
	}
	return sh
}

// shell fills what stands around a member's page.
func (v *visit) shell(title, active string, sc scope, islands ...string) (Shell, error) {
	sh := v.bareShell(title)
	sh.Bare, sh.Active, sh.Modules, sh.Preload = false, active, islands, v.site.preload(false, islands)
	sh.User = personOf(int64(v.actor.User), v.actor.Name)
	sh.Manage = v.actor.May("manage")
	org, err := v.site.catalog.GetOrganization(v.ctx, v.actor.Org)
	if err != nil {
		return sh, fault.Wrap(err, "find the organization")
	}
	sh.Org = line(org.Name)
	if sh.New, err = v.newIssues(); err != nil {
		return sh, err
	}
	pulse := v.site.ingest.get(v.ctx, v.site, v.actor.Org, sc.Projects, v.now)
	sh.Ingest = pulse.view()
	for _, p := range sc.Projects {
		n := navProject{Name: line(p.Name), URL: v.site.path(address("/issues", nil, "project", p.Slug)), Current: p.ID == sc.Project.ID}
		n.Dot, n.Surge = pulse.state(p.ID)
		sh.Nav = append(sh.Nav, n)
	}
	sh.Live = v.site.path("/live")
	return sh, nil
}

// newIssues is the count beside Issues in the sidebar.
func (v *visit) newIssues() (int64, error) {
	n, err := v.site.catalog.CountIssues(v.ctx, v.actor.Org, catalog.IssueQuery{Statuses: []issue.Status{issue.New}})
	return n, fault.Wrap(err, "count new issues")
}

// projects lists the projects of the reader's organization.
func (v *visit) projects() ([]project.Project, error) {
	p, err := v.site.catalog.ListProjects(v.ctx, v.actor.Org)
	return p, fault.Wrap(err, "list the projects")
}

// members returns the people of the organization by id.
func (v *visit) members() (map[account.UserID]person, error) {
	list, err := v.site.catalog.ListMembers(v.ctx, v.actor.Org)
	if err != nil {
		return nil, fault.Wrap(err, "list the members")
	}
	out := make(map[account.UserID]person, len(list))
	for _, m := range list {
		name := m.User.Name
		if name == "" {
			name = m.User.Email
		}
		out[m.User.ID] = personOf(int64(m.User.ID), name)
	}
	return out, nil
}

// pulse is how much an organization receives.
type pulse struct {
	at      time.Time
	minutes []int64                // of all projects, oldest first; the last one is not over
	hours   map[project.ID][]int64 // of each project, over a day
}

const (
	traceMinutes = 50
	pulseFor     = 10 * time.Second // how long a pulse is good for all readers of an organization
	maxPulses    = 1000
)

// ingestCache shares the pulse among the pages of an organization.
type ingestCache struct {
	mu   sync.Mutex
	orgs map[account.OrgID]*pulseEntry
}

type pulseEntry struct {
	mu  sync.Mutex
	now pulse
}

func (c *ingestCache) init() { c.orgs = map[account.OrgID]*pulseEntry{} }

func (c *ingestCache) get(ctx context.Context, s *site, org account.OrgID, projects []project.Project, now time.Time) pulse {
	c.mu.Lock()
	e, ok := c.orgs[org]
	if !ok {
		if len(c.orgs) >= maxPulses {
			clear(c.orgs)
		}
		e = &pulseEntry{}
		c.orgs[org] = e
	}
	c.mu.Unlock()
	e.mu.Lock() // readers who come meanwhile wait for the one that asks
	defer e.mu.Unlock()
	if age := now.Sub(e.now.at); age >= 0 && age < pulseFor && len(e.now.hours) == len(projects) {
		return e.now
	}
	p, err := readPulse(ctx, s.events, projects, now)
	if err != nil {
		// The foot of the sidebar is not worth an error page.
		s.log.LogAttrs(ctx, slog.LevelWarn, "cannot read the ingest rate", slog.Any("error", err))
		return pulse{}
	}
	e.now = p
	return p
}

func readPulse(ctx context.Context, events Events, projects []project.Project, now time.Time) (pulse, error) {
	p := pulse{at: now, minutes: make([]int64, traceMinutes), hours: map[project.ID][]int64{}}
	minute := now.Truncate(time.Minute)
	for _, pr := range projects {
		got, err := events.Histogram(ctx, pr.ID, eventstore.HistogramQuery{Step: time.Minute, Filter: eventstore.Filter{
			Range: eventstore.Range{From: minute.Add(-(traceMinutes - 1) * time.Minute), To: minute.Add(time.Minute)},
		}})
		if err != nil {
			return p, err
		}
		for i := range min(len(got), traceMinutes) {
			p.minutes[i] += got[i].Count
		}
		hours, err := events.Histogram(ctx, pr.ID, eventstore.HistogramQuery{Step: time.Hour, Filter: eventstore.Filter{
			Range: eventstore.Range{From: now.Truncate(time.Hour).Add(-23 * time.Hour), To: now.Truncate(time.Hour).Add(time.Hour)},
		}})
		if err != nil {
			return p, err
		}
		p.hours[pr.ID] = counts(hours)
	}
	return p, nil
}

// rate is the events of the last whole minute.
func (p pulse) rate() int64 {
	if len(p.minutes) < 2 {
		return 0
	}
	return p.minutes[len(p.minutes)-2]
}

// trace draws the minutes as a seismogram: bars around a line, on a grid of 200 by 28.
func (p pulse) trace() string {
	var top int64 = 1
	for _, n := range p.minutes {
		top = max(top, n)
	}
	var b strings.Builder
	for i := range traceMinutes {
		h := 2.0
		if i < len(p.minutes) {
			h += float64(p.minutes[i]) / float64(top) * 22
		}
		fmt.Fprintf(&b, "M%d %sh2v%sh-2z", i*200/traceMinutes, short(14-h/2), short(h))
	}
	return b.String()
}

func (p pulse) view() ingestView {
	return ingestView{Rate: number(p.rate()), Trace: template.HTMLAttr(`d="` + p.trace() + `"`)} //nolint:gosec // made of numbers
}

// state says how a project does: its dot, and how many times its usual rate it is at.
func (p pulse) state(id project.ID) (dot, times string) {
	hours := p.hours[id]
	var sum int64
	for _, n := range hours {
		sum += n
	}
	if sum == 0 {
		return "off", ""
	}
	if f := surge(hours); f >= 2 {
		return "hot", strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0") + "×"
	}
	return "", ""
}
