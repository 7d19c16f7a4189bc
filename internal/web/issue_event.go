package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/issue"
)

// filtered reports whether only some events of the issue are asked for.
func (q issueRequest) filtered() bool {
	return len(q.filter.Terms) > 0 || len(q.filter.Words) > 0 || q.sc.Env != ""
}

// list returns the query that all events of the page belong to. Terms are level:, env:, release:, user:, trace: or any tag;
// words are looked for in the title.
func (q issueRequest) list() eventstore.ListQuery {
	l := eventstore.ListQuery{Keys: q.keys}
	add := func(field, value string, negate bool) {
		l.Filter.Conditions = append(l.Filter.Conditions, eventstore.Condition{Field: field, Values: []string{value}, Negate: negate})
	}
	if q.sc.Env != "" {
		add("environment", q.sc.Env, false)
	}
	for _, t := range q.filter.Terms {
		key, _, _ := strings.Cut(strings.TrimPrefix(t.Text, "!"), ":")
		field := "tags." + key // in the letters it was typed in: keys of tags differ by case
		switch t.Key {
		case "level", "release", "user", "trace", "environment":
			field = t.Key
		case "env":
			field = "environment"
		}
		add(field, t.Value, t.Negate)
	}
	for _, w := range q.filter.Words {
		add("title", w, false)
	}
	return l
}

// event finds the event that is asked for, and where it stands among the others.
func (v *visit) event(q issueRequest, name string) (eventstore.Stored, eventNav, error) {
	var nav eventNav
	none := fault.New(fault.NotFound, "the issue has no such event")
	if len(q.keys) == 0 {
		return eventstore.Stored{}, nav, none
	}
	var id event.ID
	var err error
	list := q.list()
	switch name {
	case "first", "latest":
		list.Limit, list.Oldest = 1, name == "first"
		page, err := v.site.events.List(v.ctx, q.issue.Project, list)
		if err != nil {
			return eventstore.Stored{}, nav, fault.Wrap(err, "find the event at the end", slog.String("issue", q.issue.ShortID))
		}
		if len(page.Rows) == 0 {
			return eventstore.Stored{}, nav, none
		}
		id = page.Rows[0].ID
	default:
		if id, err = event.ParseID(name); err != nil {
			return eventstore.Stored{}, nav, none
		}
	}
	stored, err := v.ownEvent(q.issue, q.keys, id)
	if err != nil {
		return stored, nav, err
	}
	list.Limit, list.Oldest = 0, false
	n, err := v.site.events.Neighbours(v.ctx, q.issue.Project, list, stored.Timestamp, stored.ID)
	if err != nil {
		return stored, nav, fault.Wrap(err, "find the neighbours of an event", slog.String("event_id", stored.ID.String()))
	}
	return stored, v.eventNav(q, stored, n), nil
}

// ownEvent reads an event of the issue: what belongs to another one does not exist here.
func (v *visit) ownEvent(i issue.Issue, keys []event.Key, id event.ID) (eventstore.Stored, error) {
	stored, err := v.site.events.Get(v.ctx, i.Project, id)
	if err != nil {
		return stored, fault.Wrap(err, "read an event", slog.String("event_id", id.String()))
	}
	for _, own := range keys {
		for _, k := range stored.Keys {
			if own == k {
				return stored, nil
			}
		}
	}
	return stored, fault.New(fault.NotFound, "the event belongs to another issue")
}

func (v *visit) eventNav(q issueRequest, stored eventstore.Stored, n eventstore.Neighbours) eventNav {
	base := "/issues/" + q.issue.ShortID + "/events/"
	link := func(name string) string { return v.site.path(address(base+name, q.values)) }
	nav := eventNav{
		First: link("first"), Latest: link("latest"), IsFirst: stored.ID == n.First, IsLast: stored.ID == n.Last,
		Position: number(n.Position), Total: number(n.Total), At: v.exact(stored.Timestamp),
		Short: stored.Timestamp.In(v.zone).Format("15:04:05"), Ago: v.ago(stored.Timestamp),
		JSON: v.site.path(base + stored.ID.String() + ".json"),
	}
	if !n.Older.IsZero() {
		nav.Older = link(n.Older.String())
	}
	if !n.Newer.IsZero() {
		nav.Newer = link(n.Newer.String())
	}
	if q.filtered() {
		nav.Filter = line(strings.TrimSpace(readSearch(q.values)))
		if q.sc.Env != "" {
			nav.Filter = strings.TrimSpace("env:" + line(q.sc.Env) + " " + nav.Filter)
		}
		nav.Clear = v.site.path(address(base+stored.ID.String(), q.values, "q", "", "env", ""))
	}
	return nav
}

// eventJSON answers with an event as it is stored, indented for people.
func (v *visit) eventJSON(i issue.Issue, name string) error {
	id, err := event.ParseID(name)
	if err != nil {
		return fault.New(fault.NotFound, "there is no such event")
	}
	keys, err := v.site.catalog.IssueKeys(v.ctx, i.Org, i.ID)
	if err != nil {
		return fault.Wrap(err, "find the keys of an issue")
	}
	stored, err := v.ownEvent(i, keys, id)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, stored.Payload, "", "  "); err != nil {
		return fault.Wrap(err, "indent a stored event", slog.String("event_id", id.String()))
	}
	h := v.w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Disposition", `inline; filename="`+id.String()+`.json"`)
	h.Set("Cache-Control", "no-store")
	return v.send(http.StatusOK, b.Bytes())
}

// findEvent is GET /events/{event}: it finds the issue of an event, in whatever project, and goes there.
func (s *site) findEvent(v *visit) error {
	id, err := event.ParseID(strings.TrimSpace(v.r.PathValue("event")))
	if err != nil {
		return fault.New(fault.NotFound, "there is no such event")
	}
	projects, err := v.projects()
	if err != nil {
		return err
	}
	for _, p := range projects {
		stored, err := s.events.Get(v.ctx, p.ID, id)
		if fault.CodeOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return fault.Wrap(err, "look for an event")
		}
		owners, err := s.catalog.IssuesByKeys(v.ctx, p.ID, stored.Keys)
		if err != nil {
			return fault.Wrap(err, "find the issue of an event")
		}
		for _, k := range stored.Keys {
			owner, ok := owners[k]
			if !ok {
				continue
			}
			i, err := s.catalog.GetIssue(v.ctx, v.actor.Org, owner)
			if err != nil {
				return fault.Wrap(err, "read the issue of an event")
			}
			return v.seeOther("/issues/" + url.PathEscape(i.ShortID) + "/events/" + id.String())
		}
	}
	return fault.New(fault.NotFound, "no project has this event")
}

// offset is a time before the event: "−2.314 s".
func offset(t, event time.Time) string {
	d := t.Sub(event)
	sign := "−"
	if d >= 0 {
		sign = ""
		if d > 0 {
			sign = "+"
		}
	}
	d = d.Abs()
	if d < time.Minute {
		return fmt.Sprintf("%s%.3f%ss", sign, d.Seconds(), hard)
	}
	return sign + duration(d)
}
