package web

import (
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/issue"
)

// maxActivity is how much of an issue's past the page shows.
const maxActivity = 100

// issueAside stands beside the event: the life of the issue, its tags, what happened.
type issueAside struct {
	Life     []lifeStep
	Assignee *person
	Tags     []tagView
	Activity []activityView
}

// lifeStep is one status on the way from new to resolved.
type lifeStep struct {
	Status  issue.Status // "" for one that was not reached: an empty ring
	Class   string
	Word    string
	Who     string
	Note    string
	At      when
	Passed  bool // reached, and left again
	Current bool
}

type tagView struct {
	Key    string
	Values []tagValue
}

type tagValue struct {
	Value  string
	URL    string
	Share  string
	Width  string // of its bar: "97%"
	Strong bool   // over nine tenths: likely to be part of the cause
}

type activityView struct {
	Who  *person
	Icon string
	Text string
	At   when
}

// words say what happened, actively ("resolved it") and passively ("resolved by Jonas").
type words struct{ Active, Passive string }

func activityWords(a issue.Activity, members map[account.UserID]person) words {
	by := " by somebody who left"
	if who, ok := members[a.Actor]; ok {
		by = " by " + who.First
	} else if a.Actor == 0 {
		by = " by the server"
	}
	in := ""
	if a.Release != "" {
		in = " in " + shortRelease(a.Release)
	}
	switch a.Kind {
	case issue.FirstSeen:
		return words{"First seen" + in, "first seen" + in}
	case issue.Regression:
		return words{"Regressed" + in, "found to have regressed" + in}
	case issue.AssigneeChanged:
		name := "nobody"
		for id, p := range members {
			if userText(id) == a.To {
				name = p.First
			}
		}
		if a.To == userText(a.Actor) {
			return words{"took it over", "taken over" + by}
		}
		if a.To == "" || a.To == "0" {
			return words{"unassigned it", "unassigned" + by}
		}
		return words{"assigned it to " + name, "assigned to " + name + by}
	case issue.StatusChanged:
		switch issue.Status(a.To) {
		case issue.Resolved:
			return words{"resolved it" + in, "already resolved" + by}
		case issue.Ignored:
			return words{"ignored it", "already ignored" + by}
		case issue.Acknowledged:
			return words{"acknowledged it", "already acknowledged" + by}
		case issue.InProgress:
			return words{"started work", "put in progress" + by}
		case issue.New:
			return words{"opened it again", "opened again" + by}
		}
	}
	return words{"changed it", "changed" + by}
}

func (v *visit) aside(q issueRequest, feed []issue.Activity) issueAside {
	a := issueAside{Life: v.life(q, feed)}
	if q.issue.Assignee != 0 {
		if who, ok := q.members[q.issue.Assignee]; ok {
			a.Assignee = &who
		}
	}
	for _, e := range feed {
		view := activityView{Text: activityWords(e, q.members).Active, At: v.clock(e.At), Icon: "activity"}
		if who, ok := q.members[e.Actor]; ok && e.Actor != 0 {
			view.Who = &who
		}
		switch e.Kind {
		case issue.FirstSeen:
			view.Icon = "flag"
		case issue.Regression:
			view.Icon = "again"
		}
		a.Activity = append(a.Activity, view)
	}
	return a
}

// life is the way of the issue through its statuses, since it last came back.
func (v *visit) life(q issueRequest, feed []issue.Activity) []lifeStep {
	path := []issue.Status{issue.New, issue.Acknowledged, issue.InProgress, issue.Resolved}
	if q.issue.Status == issue.Ignored {
		path = []issue.Status{issue.New, issue.Ignored}
	}
	reached := map[issue.Status]issue.Activity{}
	for _, e := range slices.Backward(feed) { // oldest first
		switch e.Kind {
		case issue.FirstSeen, issue.Regression:
			clear(reached)
			reached[issue.New] = e
		case issue.StatusChanged:
			to := issue.Status(e.To)
			if to == issue.New {
				clear(reached)
			}
			reached[to] = e
		}
	}
	now := slices.Index(path, q.issue.Status)
	var steps []lifeStep
	var born time.Time
	for n, s := range path {
		look := statusOf(s)
		e, ok := reached[s]
		step := lifeStep{Status: s, Class: look.Class, Word: look.Word, Current: n == now, Passed: n < now}
		if n > now || (!ok && n < now) {
			step.Status, step.Class = "", ""
		}
		if ok && n <= now {
			step.At = v.clock(e.At)
			if who, known := q.members[e.Actor]; known {
				step.Who = who.First
			}
			switch {
			case s == issue.New:
				born = e.At
				if e.Kind != issue.StatusChanged {
					step.Note = activityWords(e, q.members).Active
				}
			case !born.IsZero():
				step.Note = "after " + duration(e.At.Sub(born))
			}
		}
		steps = append(steps, step)
	}
	return steps
}

// The tags of the aside: how many, and how many values of each.
const (
	maxTags      = 5
	maxTagValues = 4
)

// telling are tags that say most about a cause, in this order; others follow by name.
var telling = []string{"release", "environment", "level", "browser", "os", "device", "runtime", "server_name", "transaction", "url"}

// tagDistributions reads how the events of the issue spread over the values of its tags.
func (v *visit) tagDistributions(q issueRequest) ([]tagView, error) {
	if len(q.keys) == 0 {
		return nil, nil
	}
	got, err := v.site.events.TopTags(v.ctx, q.issue.Project, eventstore.TagQuery{Keys: q.keys, Limit: maxTagValues})
	if err != nil {
		return nil, fault.Wrap(err, "read the tags of an issue", slog.String("issue", q.issue.ShortID))
	}
	slices.SortStableFunc(got, func(a, b eventstore.TagCounts) int { return tagRank(a) - tagRank(b) })
	var out []tagView
	for _, t := range got {
		// A tag that is different each time says nothing: ids, urls with numbers.
		if len(out) == maxTags || len(t.Top) == 0 || t.Total > 20 && t.Values > t.Total*9/10 {
			continue
		}
		out = append(out, v.tagView(q, t))
	}
	return out, nil
}

func tagRank(t eventstore.TagCounts) int {
	if i := slices.Index(telling, t.Key); i >= 0 {
		return i
	}
	return len(telling)
}

func (v *visit) tagView(q issueRequest, t eventstore.TagCounts) tagView {
	out := tagView{Key: line(t.Key)}
	for _, top := range t.Top {
		share := float64(top.Count) / float64(max(t.Total, 1))
		out.Values = append(out.Values, tagValue{
			Value: line(top.Value), Share: percent(top.Count, t.Total), Width: short(share*100) + "%",
			Strong: share > 0.9 && t.Values > 1, URL: v.tagURL(q, t.Key, top.Value),
		})
	}
	return out
}

// userText is a user's id as activity holds it.
func userText(id account.UserID) string { return strconv.FormatInt(int64(id), 10) }

// termText writes a term of a search.
func termText(key, value string) string {
	if strings.ContainsAny(value, " \t\n\"") {
		value = `"` + strings.ReplaceAll(value, `"`, "") + `"`
	}
	return key + ":" + value
}

func sortMembers(m []memberChoice) {
	slices.SortFunc(m, func(a, b memberChoice) int { return strings.Compare(a.Who.Name+a.Who.Tint, b.Who.Name+b.Who.Tint) })
}
