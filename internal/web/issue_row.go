package web

import (
	"fmt"
	"html/template"
	"log/slog"
	"strings"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/issue"
	"github.com/seismohq/seismo/internal/project"
)

// issueRow is one issue in the stream.
type issueRow struct {
	ShortID  string
	URL      string
	Level    event.Level
	Type     string // or the message, where there is no type
	Message  string
	Location string
	Function string
	Project  string
	Chips    []chip
	Spark    template.HTML
	Events   string
	Users    string // "" when no event had a user
	Seen     when
	Status   statusView
	Assignee *person
	Version  int64
	Triage   bool   // the reader may act
	Gone     bool   // it no longer belongs to the view, and goes with the next load
	Refused  string // why an act on it was not done
	Ticked   bool   // selected: what a bulk act could not do stays so
}

// chip is a fact on an issue.
type chip struct {
	Class string // colour
	Icon  string
	Text  string
}

// figures is what the event store says of one issue within the scope.
type figures struct {
	events int64
	users  int64
	series []int64
}

// rowMaker turns issues into rows of one reader's page.
type rowMaker struct {
	v       *visit
	sc      scope
	members map[account.UserID]person
	view    view
}

// rows fills rows for issues, in their order. keep says whether an issue without events in the scope is shown.
func (m rowMaker) rows(issues []issue.Issue, keep bool) ([]issueRow, error) {
	fig, err := m.figures(issues)
	if err != nil {
		return nil, err
	}
	out := make([]issueRow, 0, len(issues))
	for _, i := range issues {
		f := fig[i.ID]
		if !keep && f.events == 0 {
			continue
		}
		out = append(out, m.row(i, f))
	}
	return out, nil
}

// figures asks the event store once per project for all its issues.
func (m rowMaker) figures(issues []issue.Issue) (map[issue.ID]figures, error) {
	ctx, now := m.v.ctx, m.v.now
	keysOf := make(map[issue.ID][]event.Key, len(issues))
	byProject := map[project.ID][]event.Key{}
	for _, i := range issues {
		keys, err := m.v.site.catalog.IssueKeys(ctx, i.Org, i.ID)
		if err != nil {
			return nil, fault.Wrap(err, "find the keys of an issue", slog.Int64("issue", int64(i.ID)))
		}
		keysOf[i.ID] = keys
		byProject[i.Project] = append(byProject[i.Project], keys...)
	}
	filter := m.sc.filter(now)
	series := map[event.Key][]eventstore.Bucket{}
	totals := map[event.Key]eventstore.Totals{}
	for p, keys := range byProject {
		for len(keys) > 0 {
			part := keys[:min(len(keys), eventstore.MaxKeys)]
			keys = keys[len(part):]
			h, err := m.v.site.events.Histograms(ctx, p, eventstore.HistogramQuery{Keys: part, Filter: filter, Step: m.sc.Span.Spark})
			if err != nil {
				return nil, fault.Wrap(err, "read the trends", slog.Int64("project", int64(p)))
			}
			t, err := m.v.site.events.Totals(ctx, p, part, filter.Range)
			if err != nil {
				return nil, fault.Wrap(err, "read the totals", slog.Int64("project", int64(p)))
			}
			for k, b := range h {
				series[k] = b
			}
			for k, v := range t {
				totals[k] = v
			}
		}
	}
	out := make(map[issue.ID]figures, len(issues))
	for _, i := range issues {
		f, err := m.sum(i, keysOf[i.ID], series, totals, filter.Range)
		if err != nil {
			return nil, err
		}
		out[i.ID] = f
	}
	return out, nil
}

func (m rowMaker) sum(i issue.Issue, keys []event.Key, series map[event.Key][]eventstore.Bucket, totals map[event.Key]eventstore.Totals, r eventstore.Range) (figures, error) {
	var f figures
	busy := 0
	for _, k := range keys {
		if t := totals[k]; t.Events > 0 {
			busy++
			f.users += t.Users
		}
		for n, b := range series[k] {
			if n == len(f.series) {
				f.series = append(f.series, 0)
			}
			f.series[n] += b.Count
			f.events += b.Count
		}
	}
	if busy > 1 && f.users > 0 { // one person may stand under several keys
		var err error
		if f.users, err = m.v.site.events.Users(m.v.ctx, i.Project, keys, r); err != nil {
			return f, fault.Wrap(err, "count the users of an issue", slog.Int64("issue", int64(i.ID)))
		}
	}
	return f, nil
}

func (m rowMaker) row(i issue.Issue, f figures) issueRow {
	p := m.sc.project(i.Project)
	if f.series == nil {
		f.series = make([]int64, int(m.sc.Span.Last/m.sc.Span.Spark))
	}
	r := issueRow{
		ShortID: i.ShortID, URL: m.v.site.path("/issues/" + i.ShortID), Level: i.Level,
		Type: line(i.Type), Message: line(i.Value), Location: pathTail(i.Location), Function: line(i.Function), Project: line(p.Name),
		Chips: chips(i, f.series, m.v.now, ""), Spark: sparkline(f.series, trendWords(f.series, strings.ToLower(m.sc.Span.Words))),
		Events: number(f.events), Seen: m.v.seen(i.LastSeen), Status: statusOf(i.Status), Version: i.Version,
		Triage: m.v.actor.May("triage"), Gone: !m.view.shows(i.Status),
	}
	if f.users > 0 {
		r.Users = number(f.users)
	}
	if r.Type == "" {
		if r.Type, r.Message = line(i.Value), ""; r.Type == "" {
			r.Type = line(i.Title)
		}
	}
	if i.Assignee != 0 {
		who, ok := m.members[i.Assignee]
		if !ok {
			who = personOf(int64(i.Assignee), "Somebody who left")
		}
		r.Assignee = &who
	}
	return r
}

// pathTail returns the end of a file's path: the part that tells it apart.
func pathTail(p string) string {
	p = line(p)
	if parts := strings.Split(p, "/"); len(parts) > 3 && len(p) > 32 {
		return "…/" + strings.Join(parts[len(parts)-2:], "/")
	}
	return p
}

// maxChips is how many facts stand on an issue at most.
const maxChips = 3

// chips returns the facts of an issue, most telling first. regressed is the release in which it came back, where known.
func chips(i issue.Issue, series []int64, now time.Time, regressed string) []chip {
	var out []chip
	if i.Regressed {
		c := chip{"fatal", "again", "Regressed"}
		if regressed != "" {
			c.Text += " in " + shortRelease(regressed)
		}
		out = append(out, c)
	}
	if i.Escalating {
		c := chip{"warning", "up", "Escalating"}
		if f := surge(series); f > 0 {
			c.Text = strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0") + "×"
		}
		out = append(out, c)
	}
	if i.Status == issue.New && !i.Regressed && now.Sub(i.FirstSeen) < day {
		c := chip{"accent", "flag", "New"}
		if i.FirstRelease != "" {
			c.Text += " in " + shortRelease(i.FirstRelease)
		}
		out = append(out, c)
	}
	if i.Unhandled {
		out = append(out, chip{"", "", "Unhandled"})
	}
	return out[:min(len(out), maxChips)]
}
