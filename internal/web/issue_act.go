package web

import (
	"log/slog"
	"net/url"
	"strconv"
	"strings"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/catalog"
	"github.com/seismohq/seismo/internal/issue"
)

// act is something a reader can do to an issue.
type act struct {
	status issue.Status // "" for assign
	done   string       // what the message says after the id
}

var acts = map[string]act{
	"resolve":     {issue.Resolved, "resolved"},
	"acknowledge": {issue.Acknowledged, "acknowledged"},
	"start":       {issue.InProgress, "in progress"},
	"ignore":      {issue.Ignored, "ignored. It will not come back by itself"},
	"reopen":      {issue.New, "open again"},
	"assign":      {"", "assigned"},
}

// toast is a message that floats for a while, with the way back where there is one.
type toast struct {
	Text    string
	Bad     bool
	Undo    []string // issues and what they were: "CHK-4F2 new 17"
	UndoURL string
	Request string // id of a request that failed
}

// maxBulk is how many issues one bulk act takes.
const maxBulk = 500

// done is what became of one issue of an act.
type done struct {
	issue   issue.Issue
	was     issue.Status // "" where nothing is to be undone
	refused string
}

// named finds issues by their short ids; those that do not exist are left out.
func (v *visit) named(ids []string) ([]issue.Issue, error) {
	var out []issue.Issue
	for _, id := range ids {
		i, err := v.site.catalog.GetIssueByShortID(v.ctx, v.actor.Org, issue.NormalShortID(id))
		if fault.CodeOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return nil, fault.Wrap(err, "find an issue")
		}
		out = append(out, i)
	}
	return out, nil
}

// issueAct is POST /issues/{id}/{act}.
func (s *site) issueAct(v *visit) error {
	a, ok := acts[v.r.PathValue("act")]
	if !ok {
		return fault.New(fault.NotFound, "there is no such act")
	}
	if err := v.r.ParseForm(); err != nil {
		return fault.With(fault.Wrap(err, "read the form"), fault.WithCode(fault.BadRequest))
	}
	i, err := s.catalog.GetIssueByShortID(v.ctx, v.actor.Org, issue.NormalShortID(v.r.PathValue("id")))
	if err != nil {
		return fault.Wrap(err, "find an issue")
	}
	version, _ := strconv.ParseInt(v.r.PostForm.Get("version"), 10, 64) // without one, whatever it is now
	d, err := v.apply(i, a, version)
	if err != nil {
		return err
	}
	return v.answerActs(a, []done{d})
}

// bulkAct is POST /issues/bulk: one act on every issue that is ticked.
func (s *site) bulkAct(v *visit) error {
	if err := v.r.ParseForm(); err != nil {
		return fault.With(fault.Wrap(err, "read the form"), fault.WithCode(fault.BadRequest))
	}
	a, ok := acts[v.r.PostForm.Get("act")]
	ids := v.r.PostForm["issue"]
	if !ok || len(ids) > maxBulk {
		return fault.New(fault.BadRequest, "there is no such act")
	}
	issues, err := v.named(ids)
	if err != nil {
		return err
	}
	all := make([]done, 0, len(issues))
	for _, i := range issues {
		d, err := v.apply(i, a, 0)
		if err != nil {
			return err
		}
		all = append(all, d)
	}
	return v.answerActs(a, all)
}

// undoActs is POST /issues/undo: each "was" names an issue, its status before, and the version the act left it at.
func (s *site) undoActs(v *visit) error {
	if err := v.r.ParseForm(); err != nil || len(v.r.PostForm["was"]) > maxBulk {
		return fault.New(fault.BadRequest, "cannot read what to undo")
	}
	var all []done
	for _, w := range v.r.PostForm["was"] {
		id, status, version, ok := parseWas(w)
		if !ok {
			return fault.New(fault.BadRequest, "cannot read what to undo")
		}
		issues, err := v.named([]string{id})
		if err != nil {
			return err
		}
		for _, i := range issues {
			d, err := v.apply(i, act{status: status}, version)
			if err != nil {
				return err
			}
			d.was = ""
			all = append(all, d)
		}
	}
	return v.answerActs(act{done: "as before"}, all)
}

func parseWas(s string) (id string, status issue.Status, version int64, ok bool) {
	parts := strings.Split(s, " ")
	if len(parts) != 3 {
		return "", "", 0, false
	}
	version, err := strconv.ParseInt(parts[2], 10, 64)
	status = issue.Status(parts[1])
	return parts[0], status, version, err == nil && status.Valid()
}

// apply does an act on one issue. That somebody was quicker is no error: it says so in its answer.
func (v *visit) apply(i issue.Issue, a act, version int64) (done, error) {
	change := catalog.IssueChange{Actor: v.actor.User, Version: version}
	if a.status != "" {
		change.Status = &a.status
	} else {
		who, err := v.assignee()
		if err != nil {
			return done{}, err
		}
		change.Assignee = &who
	}
	got, err := v.site.catalog.UpdateIssue(v.ctx, v.actor.Org, i.ID, change)
	if fault.CodeOf(err) == fault.Conflict {
		return v.refused(i.ID)
	}
	if err != nil {
		return done{}, fault.Wrap(err, "change an issue", slog.String("issue", i.ShortID))
	}
	d := done{issue: got}
	if a.status != "" && i.Status != got.Status {
		d.was = i.Status
	}
	return d, nil
}

// assignee reads whom to assign: "me", nobody, or a member by id.
func (v *visit) assignee() (account.UserID, error) {
	switch value := v.r.PostForm.Get("assignee"); value {
	case "me":
		return v.actor.User, nil
	case "", "0":
		return 0, nil
	default:
		members, err := v.members()
		if err != nil {
			return 0, err
		}
		id, err := strconv.ParseInt(value, 10, 64)
		if _, ok := members[account.UserID(id)]; err != nil || !ok {
			return 0, fault.New(fault.BadRequest, "there is no such member")
		}
		return account.UserID(id), nil
	}
}

// refused says what an issue is now and who made it so.
func (v *visit) refused(id issue.ID) (done, error) {
	i, err := v.site.catalog.GetIssue(v.ctx, v.actor.Org, id)
	if err != nil {
		return done{}, fault.Wrap(err, "read an issue again")
	}
	feed, err := v.site.catalog.ListActivity(v.ctx, v.actor.Org, id, 1)
	if err != nil {
		return done{}, fault.Wrap(err, "read what happened to an issue")
	}
	members, err := v.members()
	if err != nil {
		return done{}, err
	}
	text := i.ShortID + " changed meanwhile."
	if len(feed) > 0 {
		what := activityWords(feed[0], members)
		text = i.ShortID + " was " + what.Passive + ", " + v.ago(feed[0].At).Text + "."
	}
	return done{issue: i, refused: text}, nil
}

// answerActs answers an act: with the changed parts, or by going back to where it was done.
func (v *visit) answerActs(a act, all []done) error {
	status := 200
	var t toast
	names, refused := []string{}, []string{}
	for _, d := range all {
		if d.refused != "" {
			refused = append(refused, d.refused)
			continue
		}
		names = append(names, d.issue.ShortID)
		if d.was != "" {
			t.Undo = append(t.Undo, d.issue.ShortID+" "+string(d.was)+" "+strconv.FormatInt(d.issue.Version, 10))
		}
	}
	switch {
	case len(names) == 1:
		t.Text = names[0] + " " + a.done
	case len(names) > 1:
		t.Text = number(int64(len(names))) + " issues " + a.done
	}
	if len(refused) > 0 {
		status = 409
		t.Bad = len(names) == 0
		if len(refused) > 3 {
			refused = append(refused[:3], "And "+number(int64(len(refused)-3))+" more.")
		}
		t.Text = strings.TrimPrefix(strings.TrimSuffix(t.Text, ".")+". ", ". ") + strings.Join(refused, " ")
	}
	t.UndoURL = v.site.path("/issues/undo")
	back := v.back("/issues")
	u, err := url.Parse(back)
	if err != nil {
		u = &url.URL{Path: "/issues"}
	}
	onIssue := strings.HasPrefix(u.Path, "/issues/")
	if v.fragment == "" {
		if len(refused) > 0 {
			return v.refusedPage(all[0].issue, t.Text)
		}
		return v.seeOther(back)
	}
	if onIssue && len(all) == 1 {
		return v.issueParts(status, all[0], u, t)
	}
	return v.rowParts(status, all, u.Query(), t)
}

// rowParts is the answer to an act in the stream: the rows, the counters, the message.
type rowParts struct {
	Rows  []issueRow
	Tabs  []tab
	New   int64
	Toast toast
}

func (v *visit) rowParts(status int, all []done, values url.Values, t toast) error {
	l, err := v.readList(values)
	if err != nil {
		return err
	}
	p := rowParts{Toast: t}
	maker := rowMaker{v: v, sc: l.sc, members: l.members, view: l.view}
	if l.search.Statuses {
		maker.view = view{Statuses: l.search.Query.Statuses}
	}
	issues := make([]issue.Issue, len(all))
	for i, d := range all {
		issues[i] = d.issue
	}
	if p.Rows, err = maker.rows(issues, true); err != nil {
		return err
	}
	for i, d := range all {
		p.Rows[i].Refused = d.refused
		p.Rows[i].Ticked = d.refused != "" && v.r.URL.Path == "/issues/bulk"
	}
	if p.Tabs, err = v.tabs(l); err != nil {
		return err
	}
	if p.New, err = v.newIssues(); err != nil {
		return err
	}
	return v.render(status, "issue_list", "acted", p)
}
