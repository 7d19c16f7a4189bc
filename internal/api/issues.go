package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/auth"
	"github.com/seismohq/seismo/internal/catalog"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/issue"
	"github.com/seismohq/seismo/internal/project"
	"github.com/seismohq/seismo/internal/search"
)

type issueJSON struct {
	ID           string       `json:"id"`
	ShortID      string       `json:"short_id"`
	Project      string       `json:"project"` // slug
	Title        string       `json:"title"`
	Type         string       `json:"type"`
	Value        string       `json:"value"`
	Culprit      string       `json:"culprit"`
	Location     string       `json:"location"`
	Function     string       `json:"function"`
	Level        event.Level  `json:"level"`
	Platform     string       `json:"platform"`
	Category     string       `json:"category"` // P1 to P4; empty: not rated
	Status       issue.Status `json:"status"`
	Regressed    bool         `json:"regressed"`
	Escalating   bool         `json:"escalating"`
	Unhandled    bool         `json:"unhandled"`
	Assignee     string       `json:"assignee"` // user id; empty: nobody
	Count        int64        `json:"count"`
	Users        int64        `json:"users"`
	FirstSeen    time.Time    `json:"first_seen"`
	LastSeen     time.Time    `json:"last_seen"`
	FirstRelease string       `json:"first_release"`
	LastRelease  string       `json:"last_release"`
	Version      int64        `json:"version"`
	URL          string       `json:"url"`
}

func (a *API) issueOf(i issue.Issue, slug string) issueJSON {
	out := issueJSON{
		ID: i.ID.String(), ShortID: i.ShortID, Project: slug, Title: i.Title, Type: i.Type, Value: i.Value, Culprit: i.Culprit,
		Location: i.Location, Function: i.Function, Level: i.Level, Platform: i.Platform, Category: string(i.Category),
		Status: i.Status, Regressed: i.Regressed, Escalating: i.Escalating, Unhandled: i.Unhandled,
		Count: i.Count, Users: i.Users, FirstSeen: i.FirstSeen.UTC(), LastSeen: i.LastSeen.UTC(),
		FirstRelease: i.FirstRelease, LastRelease: i.LastRelease, Version: i.Version,
		URL: a.opts.PublicURL.JoinPath("issues", i.ShortID).String(),
	}
	if i.Assignee != 0 {
		out.Assignee = strconv.FormatInt(int64(i.Assignee), 10)
	}
	return out
}

const maxIssues = 500

func (a *API) listIssues(r *http.Request, actor auth.Actor) (any, error) {
	values := r.URL.Query()
	q := catalog.IssueQuery{Sort: values.Get("sort"), Cursor: values.Get("cursor")}
	var err error
	if q.Limit, err = limit(r, maxIssues); err != nil {
		return nil, err
	}
	if err := a.compile(r.Context(), actor, search.Parse(values.Get("q")), &q); err != nil {
		return nil, err
	}
	for _, name := range values["project"] {
		if name == "" {
			continue
		}
		p, err := a.project(r.Context(), actor.Org, name)
		if err != nil {
			return nil, err
		}
		q.Projects = append(q.Projects, p.ID)
	}
	issues, err := a.catalog.ListIssues(r.Context(), actor.Org, q)
	if err != nil {
		return nil, err
	}
	slugs, err := a.slugs(r.Context(), actor.Org)
	if err != nil {
		return nil, err
	}
	out := page[issueJSON]{Items: []issueJSON{}, Next: issues.Next}
	for _, i := range issues.Issues {
		out.Items = append(out.Items, a.issueOf(i, slugs[i.Project]))
	}
	return out, nil
}

func (a *API) slugs(ctx context.Context, org account.OrgID) (map[project.ID]string, error) {
	projects, err := a.catalog.ListProjects(ctx, org)
	if err != nil {
		return nil, err
	}
	slugs := make(map[project.ID]string, len(projects))
	for _, p := range projects {
		slugs[p.ID] = p.Slug
	}
	return slugs, nil
}

// compile turns a search into what the catalog understands. A term it does not know is an error here: a script must not
// get more than it asked for.
func (a *API) compile(ctx context.Context, actor auth.Actor, s search.Query, q *catalog.IssueQuery) error {
	yes := true
	for _, t := range s.Terms {
		switch {
		case t.Negate:
			return invalid("q", "term", "cannot negate "+t.Text)
		case t.Key == "is" && t.Value == "unresolved":
			q.Statuses = append(q.Statuses, issue.New, issue.Acknowledged, issue.InProgress)
		case t.Key == "is" && t.Value == "regressed":
			q.Regressed = &yes
		case t.Key == "is" && t.Value == "escalating":
			q.Escalating = &yes
		case t.Key == "is" && t.Value == "in-progress":
			q.Statuses = append(q.Statuses, issue.InProgress)
		case t.Key == "is" && issue.Status(t.Value).Valid():
			q.Statuses = append(q.Statuses, issue.Status(t.Value))
		case t.Key == "is" && t.Value == "mine":
			q.Assignee = &actor.User
		case t.Key == "level" && event.Level(t.Value).Rank() > 0:
			q.Levels = append(q.Levels, event.Level(t.Value))
		case t.Key == "project":
			p, err := a.project(ctx, actor.Org, t.Value)
			if err != nil {
				return err
			}
			q.Projects = append(q.Projects, p.ID)
		default:
			return invalid("q", "term", "cannot search by "+t.Text)
		}
	}
	for i, w := range s.Words {
		if i > 0 {
			q.Text += " "
		}
		q.Text += w
	}
	return nil
}

// issue finds the issue named in the path, by id or short id.
func (a *API) issue(r *http.Request, actor auth.Actor) (issue.Issue, error) {
	name := r.PathValue("id")
	if n, err := strconv.ParseInt(name, 10, 64); err == nil {
		return a.catalog.GetIssue(r.Context(), actor.Org, issue.ID(n))
	}
	return a.catalog.GetIssueByShortID(r.Context(), actor.Org, issue.NormalShortID(name))
}

func (a *API) answerIssue(r *http.Request, i issue.Issue) (any, error) {
	p, err := a.catalog.GetProject(r.Context(), i.Org, i.Project)
	if err != nil {
		return nil, err
	}
	return a.issueOf(i, p.Slug), nil
}

func (a *API) getIssue(r *http.Request, actor auth.Actor) (any, error) {
	i, err := a.issue(r, actor)
	if err != nil {
		return nil, err
	}
	return a.answerIssue(r, i)
}

func (a *API) updateIssue(r *http.Request, actor auth.Actor) (any, error) {
	var in struct {
		Status   *issue.Status `json:"status"`
		Assignee *string       `json:"assignee"` // user id; "": nobody
		Version  int64         `json:"version"`  // as read before; 0: whatever it is now
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	change := catalog.IssueChange{Actor: actor.User, Status: in.Status, Version: in.Version}
	if in.Status != nil && !in.Status.Valid() {
		return nil, invalid("status", "oneof", "must be new, acknowledged, in_progress, resolved or ignored")
	}
	if in.Assignee != nil {
		var id account.UserID
		if *in.Assignee != "" {
			n, err := strconv.ParseInt(*in.Assignee, 10, 64)
			if err != nil {
				return nil, invalid("assignee", "format", "is not a user id")
			}
			id = account.UserID(n)
		}
		change.Assignee = &id
	}
	i, err := a.issue(r, actor)
	if err != nil {
		return nil, err
	}
	if i, err = a.catalog.UpdateIssue(r.Context(), actor.Org, i.ID, change); err != nil {
		return nil, err
	}
	return a.answerIssue(r, i)
}

type eventRowJSON struct {
	ID          event.ID    `json:"event_id"`
	Timestamp   time.Time   `json:"timestamp"`
	Received    time.Time   `json:"received"`
	Level       event.Level `json:"level"`
	Environment string      `json:"environment"`
	Release     string      `json:"release"`
	User        string      `json:"user"`
	Title       string      `json:"title"`
	Trace       string      `json:"trace"`
}

func (a *API) listEvents(r *http.Request, actor auth.Actor) (any, error) {
	i, err := a.issue(r, actor)
	if err != nil {
		return nil, err
	}
	keys, err := a.catalog.IssueKeys(r.Context(), actor.Org, i.ID)
	if err != nil {
		return nil, err
	}
	q := eventstore.ListQuery{Keys: keys, Cursor: r.URL.Query().Get("cursor")}
	if q.Limit, err = limit(r, eventstore.MaxPage); err != nil {
		return nil, err
	}
	events, err := a.events.List(r.Context(), i.Project, q)
	if err != nil {
		return nil, err
	}
	out := page[eventRowJSON]{Items: []eventRowJSON{}, Next: events.Next}
	for _, e := range events.Rows {
		out.Items = append(out.Items, eventRowJSON{
			ID: e.ID, Timestamp: e.Timestamp.UTC(), Received: e.Received.UTC(), Level: e.Level,
			Environment: e.Environment, Release: e.Release, User: e.User, Title: e.Title, Trace: e.Trace,
		})
	}
	return out, nil
}
