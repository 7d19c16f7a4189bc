package web

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/issue"
	"github.com/seismohq/seismo/internal/search"
)

// issuePage is one issue with one of its events.
type issuePage struct {
	Shell
	Head    issueHead
	Menus   []menu
	Figures issueFigures
	Chart   chart
	Where   *eventNav
	Event   *eventView
	Empty   *emptyState // why there is no event
	Aside   issueAside
	Toast   toast
}

// issueHead is the top of the page: what it is and what can be done.
type issueHead struct {
	ShortID  string
	URL      string
	Project  string
	ListURL  string // the stream of the project
	Level    event.Level
	Word     string // of the level
	Type     string
	Message  text
	Culprit  string
	Chips    []chip
	Status   statusView
	Version  int64
	Triage   bool
	Rate     string // events in the last minute; "" for none
	Members  []memberChoice
	Assignee *person
	Refused  string
	Copy     string // the issue as Markdown
}

type memberChoice struct {
	ID      int64
	Who     person
	Current bool
}

type issueFigures struct {
	Events   string
	InAll    string
	Users    string
	UsersAll string
	First    when
	FirstIn  string
	Last     when
	LastIn   string
	Span     string
}

// eventNav is the row by which one goes from event to event.
type eventNav struct {
	First, Latest   string
	IsFirst, IsLast bool
	Older, Newer    string // addresses; "" at the ends
	Position, Total string
	Filter          string // the search that events match
	Clear           string // address without it
	At              when
	Short           string // time of day, for narrow screens
	Ago             when
	JSON            string
	Sections        []sectionLink
}

type sectionLink struct {
	ID    string
	Words string
	Count string
}

const trendHeight = 96

// issueRequest is what an issue's page is made from.
type issueRequest struct {
	issue   issue.Issue
	keys    []event.Key
	sc      scope
	members map[account.UserID]person
	values  url.Values
	filter  search.Query // of events
}

// issuePage is GET /issues/{id} and …/events/{event}. A name of an event that ends in .json gets the event itself.
func (s *site) issuePage(v *visit) error {
	short := v.r.PathValue("id")
	if n := issue.NormalShortID(short); n != short {
		return v.seeOther("/issues/" + url.PathEscape(n)) // people type them by hand
	}
	i, err := s.catalog.GetIssueByShortID(v.ctx, v.actor.Org, short)
	if err != nil {
		return fault.Wrap(err, "find an issue")
	}
	name := v.r.PathValue("event")
	if id, ok := strings.CutSuffix(name, ".json"); ok {
		return v.eventJSON(i, id)
	}
	q, err := v.readIssue(i, v.r.URL.Query())
	if err != nil {
		return err
	}
	if name == "" {
		name = "latest"
	}
	p, err := v.fillIssue(q, name)
	if err != nil {
		return err
	}
	switch {
	case v.fragment == "event":
		return v.render(http.StatusOK, "issue", "event", p)
	case v.fragment == "stack" && p.Event != nil:
		return v.render(http.StatusOK, "issue", "stack", *p.Event)
	}
	return v.render(http.StatusOK, "issue", "shell", p)
}

func (v *visit) readIssue(i issue.Issue, values url.Values) (issueRequest, error) {
	projects, err := v.projects()
	if err != nil {
		return issueRequest{}, err
	}
	q := issueRequest{issue: i, values: values, sc: readScope(values, projects), filter: search.Parse(readSearch(values))}
	q.sc.Project = q.sc.project(i.Project)
	if values.Get("range") == "" {
		q.sc.Span = spanFor(v.now.Sub(i.LastSeen))
	}
	if q.members, err = v.members(); err != nil {
		return q, err
	}
	q.keys, err = v.site.catalog.IssueKeys(v.ctx, i.Org, i.ID)
	return q, fault.Wrap(err, "find the keys of an issue")
}

// spanFor returns the shortest usual range in which an issue that was last seen that long ago shows anything.
func spanFor(age time.Duration) span {
	for _, s := range spans[defaultSpan:] {
		if age < s.Last*3/4 {
			return s
		}
	}
	return spans[len(spans)-1]
}

func (v *visit) fillIssue(q issueRequest, eventName string) (issuePage, error) {
	var p issuePage
	var err error
	i := q.issue
	if p.Shell, err = v.shell(i.ShortID+" "+line(i.Title), "issues", q.sc, "issue-detail", "chart-readout", "copy-button"); err != nil {
		return p, err
	}
	feed, err := v.site.catalog.ListActivity(v.ctx, i.Org, i.ID, maxActivity)
	if err != nil {
		return p, fault.Wrap(err, "read what happened to an issue")
	}
	series, err := v.fillFigures(&p, q)
	if err != nil {
		return p, err
	}
	p.Head = v.head(q, series, feed)
	if p.Head.Rate, err = v.lastMinute(q); err != nil {
		return p, err
	}
	p.Aside = v.aside(q, feed)
	if p.Aside.Tags, err = v.tagDistributions(q); err != nil {
		return p, err
	}
	menus, err := v.scopeMenus(q.sc, "/issues/"+i.ShortID, q.values)
	if err != nil {
		return p, err
	}
	p.Menus = menus[1:] // an issue belongs to one project
	stored, nav, err := v.event(q, eventName)
	if fault.CodeOf(err) == fault.NotFound && (eventName == "latest" || eventName == "first") {
		p.Empty = noEvent(q, v.site.path("/issues/"+i.ShortID))
		return p, nil
	}
	if err != nil {
		return p, err
	}
	p.Where = &nav
	e, err := event.Parse(stored.Payload)
	if err != nil {
		return p, fault.Wrap(err, "read a stored event", slog.String("event_id", stored.ID.String()))
	}
	view := v.eventView(q, e, stored)
	p.Event = &view
	p.Where.Sections = view.sections()
	return p, nil
}

func noEvent(q issueRequest, clear string) *emptyState {
	if q.filtered() {
		return &emptyState{Title: "No event matches", Code: line(readSearch(q.values)), Text: ".", URL: clear, As: "Clear the search"}
	}
	return &emptyState{Trace: "flat", Title: "No stored event", Text: "The events of this issue are past their retention, or are being stored this moment. Its counts stay."}
}

// head fills the top of the page.
func (v *visit) head(q issueRequest, series []int64, feed []issue.Activity) issueHead {
	i := q.issue
	p := q.sc.project(i.Project)
	h := issueHead{
		ShortID: i.ShortID, URL: v.site.path("/issues/" + i.ShortID), Project: line(p.Name),
		ListURL: v.site.path(address("/issues", nil, "project", p.Slug)), Level: i.Level, Word: levelWord(i.Level),
		Type: line(i.Type), Message: foldText(i.Value), Culprit: culprit(i), Status: statusOf(i.Status), Version: i.Version,
		Triage: v.actor.May("triage"),
	}
	regressed := ""
	for _, a := range feed { // newest first
		if a.Kind == issue.Regression {
			regressed = a.Release
			break
		}
	}
	h.Chips = chips(i, series, v.now, regressed)
	if i.Type == "" && i.Value == "" {
		h.Message = foldText(i.Title)
	}
	for id, who := range q.members {
		h.Members = append(h.Members, memberChoice{int64(id), who, id == i.Assignee})
	}
	sortMembers(h.Members)
	if i.Assignee != 0 {
		who, ok := q.members[i.Assignee]
		if !ok {
			who = personOf(int64(i.Assignee), "Somebody who left")
		}
		h.Assignee = &who
	}
	h.Copy = markdown(i, v.site.opts.PublicURL.JoinPath("issues", i.ShortID).String())
	return h
}

func culprit(i issue.Issue) string {
	fn, at := line(i.Function), line(i.Location)
	switch {
	case fn != "" && at != "":
		return fn + " — " + at
	case i.Culprit != "":
		return line(i.Culprit)
	}
	return fn + at
}

// markdown is an issue as people paste it into a ticket or a chat.
func markdown(i issue.Issue, link string) string {
	var b strings.Builder
	b.WriteString("**[" + i.ShortID + "](" + link + ")** " + line(i.Title) + "\n")
	if c := culprit(i); c != "" {
		b.WriteString("\nin `" + strings.ReplaceAll(c, "`", "'") + "`\n")
	}
	b.WriteString("\n" + strings.ReplaceAll(plural(i.Count, "event", "events"), thin, " ") + ", " + string(i.Level) + ", " + string(i.Status))
	if i.LastRelease != "" {
		b.WriteString(", last in " + shortRelease(i.LastRelease))
	}
	return b.String() + "\n"
}

func levelWord(l event.Level) string {
	if l == "" {
		return ""
	}
	return strings.ToUpper(string(l[:1])) + string(l[1:])
}

// fillFigures counts events and users in scope and draws the trend. It returns the counts of the trend.
func (v *visit) fillFigures(p *issuePage, q issueRequest) ([]int64, error) {
	i, filter := q.issue, q.sc.filter(v.now)
	p.Figures = issueFigures{
		InAll: number(i.Count) + " in all", Users: "0", First: v.ago(i.FirstSeen), Last: v.ago(i.LastSeen),
		FirstIn: shortRelease(i.FirstRelease), LastIn: shortRelease(i.LastRelease), Span: strings.ToLower(q.sc.Span.Words),
	}
	if i.Users > 0 {
		p.Figures.UsersAll = number(i.Users) + " in all"
	}
	if len(q.keys) == 0 {
		return nil, nil
	}
	got, err := v.site.events.Histogram(v.ctx, i.Project, eventstore.HistogramQuery{Keys: q.keys, Filter: filter, Step: q.sc.Span.Bar})
	if err != nil {
		return nil, fault.Wrap(err, "read the trend of an issue", slog.String("issue", i.ShortID))
	}
	for k := range got { // one issue has one colour, whatever level its events had
		got[k].ByLevel = [6]int64{}
		got[k].ByLevel[max(i.Level.Rank(), 1)] = got[k].Count
	}
	series := counts(got)
	p.Chart = barChart(got, trendHeight, trendWords(series, p.Figures.Span))
	p.Chart.Axis = axis(got, v.zone)
	p.Figures.Events = number(total(got))
	users, err := v.site.events.Users(v.ctx, i.Project, q.keys, filter.Range)
	if err != nil {
		return nil, fault.Wrap(err, "count the users of an issue", slog.String("issue", i.ShortID))
	}
	p.Figures.Users = number(users)
	return series, nil
}

// lastMinute says how many events came within the last minute.
func (v *visit) lastMinute(q issueRequest) (string, error) {
	if len(q.keys) == 0 || v.now.Sub(q.issue.LastSeen) > 2*time.Minute {
		return "", nil
	}
	to := v.now.Truncate(time.Minute)
	got, err := v.site.events.Histogram(v.ctx, q.issue.Project, eventstore.HistogramQuery{Keys: q.keys, Step: time.Minute, Filter: eventstore.Filter{
		Range: eventstore.Range{From: to.Add(-time.Minute), To: to},
	}})
	if err != nil || total(got) == 0 {
		return "", fault.Wrap(err, "read the rate of an issue")
	}
	return plural(total(got), "event", "events"), nil
}

// issueParts answers an act on the issue's own page: its head, its state, the message.
func (v *visit) issueParts(status int, d done, u *url.URL, t toast) error {
	q, err := v.readIssue(d.issue, u.Query())
	if err != nil {
		return err
	}
	var p issuePage
	p.Toast = t
	feed, err := v.site.catalog.ListActivity(v.ctx, d.issue.Org, d.issue.ID, maxActivity)
	if err != nil {
		return fault.Wrap(err, "read what happened to an issue")
	}
	series, err := v.fillFigures(&p, q)
	if err != nil {
		return err
	}
	p.Head = v.head(q, series, feed)
	p.Head.Refused = d.refused
	p.Aside = v.aside(q, feed)
	return v.render(status, "issue", "acted", p)
}

// refusedPage is the answer to an act that was refused, without JavaScript: the issue as it is now, with the reason.
func (v *visit) refusedPage(i issue.Issue, reason string) error {
	q, err := v.readIssue(i, url.Values{})
	if err != nil {
		return err
	}
	p, err := v.fillIssue(q, "latest")
	if err != nil {
		return err
	}
	p.Head.Refused = reason
	return v.render(http.StatusConflict, "issue", "shell", p)
}
