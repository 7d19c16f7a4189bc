package web

import (
	"net/url"
	"strings"
	"time"

	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/project"
)

// span is a time range that a reader can choose.
type span struct {
	Name  string // as in the address
	Words string // "Last 24 hours"
	In    string // "in the last 24 hours"
	Last  time.Duration
	Spark time.Duration // a bar of a sparkline: about 24 of them
	Bar   time.Duration // a bar of a chart: about 90 of them
	Since string        // what the change is against
}

var spans = []span{
	{"1h", "Last hour", "in the last hour", time.Hour, 3 * time.Minute, time.Minute, "the hour before"},
	{"6h", "Last 6 hours", "in the last 6 hours", 6 * time.Hour, 15 * time.Minute, 5 * time.Minute, "the 6 hours before"},
	{"24h", "Last 24 hours", "in the last 24 hours", day, time.Hour, 15 * time.Minute, "the day before"},
	{"7d", "Last 7 days", "in the last 7 days", 7 * day, 7 * time.Hour, 2 * time.Hour, "the week before"},
	{"30d", "Last 30 days", "in the last 30 days", 30 * day, 30 * time.Hour, 8 * time.Hour, "the 30 days before"},
	{"90d", "Last 90 days", "in the last 90 days", 90 * day, 90 * time.Hour, day, "the 90 days before"},
}

const defaultSpan = 2

func spanNamed(name string) span {
	for _, s := range spans {
		if s.Name == name {
			return s
		}
	}
	return spans[defaultSpan]
}

// scope is what the figures of a page are about: it stands in the top bar and in the address.
type scope struct {
	Projects []project.Project // all of the organization
	Project  project.Project   // the one that is chosen; zero: all
	Env      string            // environment; "": all
	Span     span
}

// readScope takes the scope from the address. A project that does not exist is no scope: the page then shows all.
func readScope(q url.Values, projects []project.Project) scope {
	sc := scope{Projects: projects, Env: q.Get("env"), Span: spanNamed(q.Get("range"))}
	if len(sc.Env) > 64 {
		sc.Env = ""
	}
	for _, p := range projects {
		if p.Slug == q.Get("project") {
			sc.Project = p
		}
	}
	return sc
}

// chosen returns the projects in scope.
func (sc scope) chosen() []project.Project {
	if sc.Project.ID != 0 {
		return []project.Project{sc.Project}
	}
	return sc.Projects
}

func (sc scope) ids() []project.ID {
	if sc.Project.ID != 0 {
		return []project.ID{sc.Project.ID}
	}
	return nil // all
}

// filter is the time range with the environment, up to a minute from now: clocks of applications run ahead.
func (sc scope) filter(now time.Time) eventstore.Filter {
	f := eventstore.Filter{Range: sc.Span.until(now)}
	if sc.Env != "" {
		f.Conditions = append(f.Conditions, eventstore.Condition{Field: "environment", Values: []string{sc.Env}})
	}
	return f
}

func (s span) until(now time.Time) eventstore.Range {
	to := now.Truncate(time.Minute).Add(time.Minute)
	return eventstore.Range{From: to.Add(-s.Last), To: to}
}

// name returns the project's name and the slug that stands in addresses.
func (sc scope) project(id project.ID) project.Project {
	for _, p := range sc.Projects {
		if p.ID == id {
			return p
		}
	}
	return project.Project{}
}

// address returns a path with the parameters of q that say something, changed by pairs of name and value; "" removes one.
func address(path string, q url.Values, changes ...string) string {
	out := url.Values{}
	for k, values := range q {
		for _, v := range values {
			if v != "" {
				out.Add(k, v)
			}
		}
	}
	for i := 0; i+1 < len(changes); i += 2 {
		if changes[i+1] == "" {
			out.Del(changes[i])
		} else {
			out.Set(changes[i], changes[i+1])
		}
	}
	if len(out) == 0 {
		return path
	}
	// A colon is allowed in a query and common in ours: people read addresses.
	return path + "?" + strings.ReplaceAll(out.Encode(), "%3A", ":")
}

// choice is one entry of a menu.
type choice struct {
	Words   string
	URL     string
	Current bool
}

// menu is a button that opens choices. Its id ties the two together.
type menu struct {
	ID      string
	Label   string // for those who cannot see it
	Words   string
	Wide    bool   // left out on phones
	Hint    string // tooltip
	Choices []choice
}
