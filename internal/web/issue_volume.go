package web

import (
	"log/slog"
	"strings"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faulthttp"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/project"
)

// stripHeight is the height of the bars above the list, in px.
const stripHeight = 72

// volume reads the strip above the list: all events in scope, whatever issue they belong to. When it fails the list stands.
func (v *visit) volume(l listRequest) volume {
	out, err := v.readVolume(l)
	if err != nil {
		id := faulthttp.RequestID(v.ctx)
		v.site.log.LogAttrs(v.ctx, slog.LevelWarn, "cannot read the volume", slog.String("request_id", id), slog.Any("error", err))
		return volume{Failed: id}
	}
	return out
}

func (v *visit) readVolume(l listRequest) (volume, error) {
	filter := l.sc.filter(v.now)
	if len(l.search.Query.Levels) > 0 {
		c := eventstore.Condition{Field: "level"}
		for _, level := range l.search.Query.Levels {
			c.Values = append(c.Values, string(level))
		}
		filter.Conditions = append(filter.Conditions, c)
	}
	before := filter
	before.Range = eventstore.Range{From: filter.Range.From.Add(-l.sc.Span.Last), To: filter.Range.From}
	var sum []eventstore.Bucket
	var earlier, users int64
	for _, p := range l.projects() {
		got, err := v.site.events.Histogram(v.ctx, p.ID, eventstore.HistogramQuery{Filter: filter, Step: l.sc.Span.Bar})
		if err != nil {
			return volume{}, fault.Wrap(err, "read the volume", slog.Int64("project", int64(p.ID)))
		}
		sum = addBuckets(sum, got)
		got, err = v.site.events.Histogram(v.ctx, p.ID, eventstore.HistogramQuery{Filter: before, Step: l.sc.Span.Bar})
		if err != nil {
			return volume{}, fault.Wrap(err, "read the volume before", slog.Int64("project", int64(p.ID)))
		}
		earlier += total(got)
		n, err := v.site.events.Users(v.ctx, p.ID, nil, filter.Range)
		if err != nil {
			return volume{}, fault.Wrap(err, "count the users", slog.Int64("project", int64(p.ID)))
		}
		users += n
	}
	now := total(sum)
	out := volume{Events: plural(now, "event", "events"), Since: l.sc.Span.Since}
	out.Change, out.Up = changeWords(now, earlier)
	if users > 0 && len(filter.Conditions) == 0 { // users are not counted by environment or level
		out.Users = plural(users, "user", "users")
	}
	label := "Events by severity, " + strings.ToLower(l.sc.Span.Words) + ": " + out.Events
	if out.Change != "" {
		label += ", " + out.Change + " on " + out.Since
	}
	out.Chart = barChart(sum, stripHeight, label)
	return out, nil
}

// projects returns those that the search or else the scope names.
func (l listRequest) projects() []project.Project {
	if len(l.search.Query.Projects) == 0 {
		return l.sc.chosen()
	}
	var out []project.Project
	for _, id := range l.search.Query.Projects {
		if p := l.sc.project(id); p.ID != 0 {
			out = append(out, p)
		}
	}
	return out
}

// addBuckets adds counts of the same times.
func addBuckets(sum, more []eventstore.Bucket) []eventstore.Bucket {
	for i, b := range more {
		if i == len(sum) {
			sum = append(sum, eventstore.Bucket{Start: b.Start})
		}
		sum[i].Count += b.Count
		for l := range b.ByLevel {
			sum[i].ByLevel[l] += b.ByLevel[l]
		}
	}
	return sum
}

func total(buckets []eventstore.Bucket) (n int64) {
	for _, b := range buckets {
		n += b.Count
	}
	return n
}

// emptyList says why no issue is shown and what would show some.
func (v *visit) emptyList(l listRequest) (*emptyState, error) {
	if len(l.sc.Projects) == 0 {
		return &emptyState{
			Trace: "tremor", Title: "No project yet", Text: "A project is one application that sends its errors here.",
			URL: v.site.path("/projects/new"), As: "Create a project",
		}, nil
	}
	if l.search.Text != "" || l.sc.Env != "" {
		return v.emptySearch(l)
	}
	waiting, err := v.firstTremor(l)
	if err != nil || waiting != nil {
		return waiting, err
	}
	q := l.query(views[0])
	open, err := v.site.catalog.CountIssues(v.ctx, v.actor.Org, q)
	if err != nil {
		return nil, fault.Wrap(err, "count the open issues")
	}
	e := &emptyState{Trace: "flat", Title: "All quiet"}
	switch {
	case l.view.Name == "unresolved":
		e.Text = "No issue is open. What is solved or ignored stands in the other views."
	case open > 0:
		e.Text = "No issue is " + strings.ToLower(l.view.Words) + ". " + plural(open, "known issue is", "known issues are") + " still open."
		e.URL, e.As = v.site.path(address("/issues", l.values, "view", "", "after", "")), "Show all unresolved"
	default:
		e.Text = "No issue is " + strings.ToLower(l.view.Words) + "."
	}
	return e, nil
}

// firstTremor is the state of projects that never sent an event.
func (v *visit) firstTremor(l listRequest) (*emptyState, error) {
	for _, p := range l.sc.chosen() {
		got, err := v.site.events.List(v.ctx, p.ID, eventstore.ListQuery{Limit: 1})
		if err != nil {
			return nil, fault.Wrap(err, "look for an event", slog.Int64("project", int64(p.ID)))
		}
		if len(got.Rows) > 0 {
			return nil, nil //nolint:nilnil // no such state
		}
	}
	p := l.sc.chosen()[0]
	return &emptyState{
		Trace: "tremor", Title: "Waiting for the first tremor",
		Text: "Point any Sentry SDK at " + line(p.Name) + ". This page changes by itself when the first event arrives.",
		URL:  v.site.path("/projects/" + p.Slug + "/setup"), As: "Set up " + line(p.Name),
	}, nil
}

// emptySearch names the term that is worth dropping most, and how many issues there would be without it.
func (v *visit) emptySearch(l listRequest) (*emptyState, error) {
	e := &emptyState{Title: "No issue matches", Code: line(l.search.Text)}
	if l.sc.Env != "" {
		e.Text = " with events in " + line(l.sc.Env) + " " + l.sc.Span.In
	}
	e.Text += "."
	var best int64
	for _, t := range l.search.Tokens {
		if t.Reason != "" {
			continue
		}
		var rest []string
		for _, o := range l.search.Tokens {
			if o.Text != t.Text {
				rest = append(rest, o.Text)
			}
		}
		sc := l.sc
		other := listRequest{sc: sc, view: l.view, search: v.compile(strings.Join(append(rest, l.search.Words), " "), &sc, l.members)}
		if other.search.Query.Projects == nil {
			other.search.Query.Projects = sc.ids()
		}
		if other.search.Env != "" || strings.HasPrefix(t.Key, "env") {
			continue // only the event store could count these
		}
		n, err := v.site.catalog.CountIssues(v.ctx, v.actor.Org, other.query(l.view))
		if err != nil {
			return nil, fault.Wrap(err, "count the issues without a term")
		}
		if n > best {
			best = n
			e.URL, e.As = t.Remove, "Remove "+line(t.Text)
		}
	}
	if best > 0 {
		e.Text += " Without " + strings.TrimPrefix(e.As, "Remove ") + " there " + map[bool]string{true: "is ", false: "are "}[best == 1] + number(best) + "."
	} else {
		e.URL, e.As = v.site.path(address("/issues", l.values, "q", "", "env", "", "after", "")), "Clear the search"
	}
	if l.sc.Env != "" && l.sc.Span.Name != "90d" {
		e.Other, e.OtherAs = v.site.path(address("/issues", l.values, "range", "90d", "after", "")), "Search 90 days"
	}
	return e, nil
}

// livePage is what changes in place while the stream is read.
type livePage struct {
	Tabs  []tab
	New   int64
	Fresh freshBar
	Cells []issueRow
}

// maxCells bounds how many rows one live request refreshes.
const maxCells = 100

// liveFigures answers the part "live": counts of the tabs, the bar of new issues, and the figures of the rows named by
// "row". What the rows say of status or order stays as it is: nothing moves by itself.
func (v *visit) liveFigures(l listRequest) error {
	var p livePage
	var err error
	if p.Tabs, err = v.tabs(l); err != nil {
		return err
	}
	q := l.query(views[1])
	if !l.search.Statuses {
		q.Statuses = l.view.Statuses
	}
	if at, err := time.Parse(time.RFC3339, l.values.Get("since")); err == nil && l.values.Get("after") == "" {
		q.FirstSeen.From = at
		if p.Fresh.Count, err = v.site.catalog.CountIssues(v.ctx, v.actor.Org, q); err != nil {
			return fault.Wrap(err, "count the new issues")
		}
	}
	if p.New, err = v.newIssues(); err != nil {
		return err
	}
	p.Fresh.URL = v.site.path(address("/issues", l.values, "since", "", "row", "", "after", ""))
	maker := rowMaker{v: v, sc: l.sc, members: l.members, view: l.view}
	ids := l.values["row"]
	issues, err := v.named(ids[:min(len(ids), maxCells)])
	if err != nil {
		return err
	}
	if p.Cells, err = maker.rows(issues, true); err != nil {
		return err
	}
	return v.render(200, "issue_list", "live", p)
}
