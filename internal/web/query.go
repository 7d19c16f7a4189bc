package web

import (
	"net/url"
	"strings"
	"time"

	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/catalog"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/issue"
	"github.com/seismohq/seismo/internal/search"
)

// maxQuery bounds what is read of a search, in bytes.
const maxQuery = 1000

// view is a tab of the issue stream.
type view struct {
	Name     string // as in the address; the first one's is left out
	Words    string
	Statuses []issue.Status
}

var views = []view{
	{"unresolved", "All unresolved", []issue.Status{issue.New, issue.Acknowledged, issue.InProgress}},
	{"new", "New", []issue.Status{issue.New}},
	{"resolved", "Resolved", []issue.Status{issue.Resolved}},
	{"ignored", "Ignored", []issue.Status{issue.Ignored}},
}

func viewNamed(name string) view {
	for _, v := range views {
		if v.Name == name {
			return v
		}
	}
	return views[0]
}

// shows reports whether an issue of this status stands in the view.
func (v view) shows(s issue.Status) bool {
	for _, o := range v.Statuses {
		if o == s {
			return true
		}
	}
	return false
}

// token is one part of a search as the query field shows it.
type token struct {
	Key    string // with its colon, and "!" before it when negated; "" for words
	Value  string
	Text   string // as typed
	Remove string // address without it
	Reason string // why it is not understood; "" when it is
}

// issueSearch is a search compiled as far as the catalog reaches.
type issueSearch struct {
	Query    catalog.IssueQuery
	Env      string
	Statuses bool // it names statuses itself: the tab's do not apply
	Tokens   []token
	Words    string // what is no token, as typed
	Text     string // all of it, as typed
}

// readSearch reads the q parameters: each part that became a token is one of them, what is being typed is another.
func readSearch(q url.Values) string {
	text, _ := splitRunes(strings.Join(q["q"], " "), maxQuery)
	text = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || r == '\r' {
			return ' '
		}
		if invisible(r) { // nobody types them, and they would turn the field around
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	return strings.Join(strings.Fields(text), " ")
}

// compile turns a search into conditions. A part that is not understood is kept with the reason, and the rest applies.
func (v *visit) compile(text string, sc *scope, members map[account.UserID]person) issueSearch {
	parsed := search.Parse(text)
	s := issueSearch{Text: text}
	s.Query.Text = strings.Join(parsed.Words, " ")
	for _, w := range parsed.Words {
		if strings.ContainsAny(w, " :") {
			w = `"` + w + `"` // as it must be typed to be read as one word again
		}
		s.Words = strings.TrimPrefix(s.Words+" "+w, " ")
	}
	for _, t := range parsed.Terms {
		key, _, _ := strings.Cut(t.Text, ":")
		tok := token{Key: key + ":", Value: t.Value, Text: t.Text}
		tok.Reason = s.term(v, t, sc, members)
		s.Tokens = append(s.Tokens, tok)
	}
	return s
}

const onlyPlain = "cannot be negated yet"

// term applies one term and returns why it cannot, or "".
func (s *issueSearch) term(v *visit, t search.Term, sc *scope, members map[account.UserID]person) string {
	if t.Negate {
		return onlyPlain
	}
	switch t.Key {
	case "is":
		return s.is(v, t.Value)
	case "level":
		return s.level(t.Value)
	case "project":
		for _, p := range sc.Projects {
			if strings.EqualFold(p.Slug, t.Value) {
				s.Query.Projects = append(s.Query.Projects, p.ID)
				return ""
			}
		}
		return "there is no such project"
	case "env", "environment":
		if s.Env != "" && s.Env != t.Value {
			return "only one environment at a time"
		}
		s.Env = t.Value
		return ""
	case "assignee":
		return s.assignee(v, t.Value, members)
	case "first":
		return since(v.now, t.Value, &s.Query.FirstSeen)
	case "last":
		return since(v.now, t.Value, &s.Query.LastSeen)
	}
	return "only is:, level:, project:, env:, assignee:, first: and last: are understood"
}

func (s *issueSearch) is(v *visit, value string) string {
	yes := true
	status := issue.Status(strings.ReplaceAll(value, "-", "_"))
	switch {
	case value == "unresolved":
		s.Query.Statuses, s.Statuses = append(s.Query.Statuses, views[0].Statuses...), true
	case status.Valid():
		s.Query.Statuses, s.Statuses = append(s.Query.Statuses, status), true
	case value == "regressed":
		s.Query.Regressed = &yes
	case value == "escalating":
		s.Query.Escalating = &yes
	case value == "mine":
		s.Query.Assignee = &v.actor.User
	case value == "unassigned":
		s.Query.Assignee = new(account.UserID)
	default:
		return "new, acknowledged, in-progress, resolved, ignored, unresolved, regressed, escalating, mine or unassigned"
	}
	return ""
}

// level understands level:error and level:>=warning.
func (s *issueSearch) level(value string) string {
	name, least := strings.CutPrefix(value, ">=")
	l := event.Level(strings.ToLower(strings.TrimSpace(name)))
	if l.Rank() == 0 {
		return "fatal, error, warning, info or debug"
	}
	for _, o := range []event.Level{event.Fatal, event.Error, event.Warning, event.Info, event.Debug} {
		if o == l || least && o.Rank() > l.Rank() {
			s.Query.Levels = append(s.Query.Levels, o)
		}
	}
	return ""
}

func (s *issueSearch) assignee(v *visit, value string, members map[account.UserID]person) string {
	switch value {
	case "me":
		s.Query.Assignee = &v.actor.User
		return ""
	case "none":
		s.Query.Assignee = new(account.UserID)
		return ""
	}
	for id, p := range members {
		if strings.EqualFold(p.First, value) || strings.EqualFold(p.Name, value) {
			s.Query.Assignee = &id
			return ""
		}
	}
	return "me, none, or the name of a member"
}

// since understands 24h, 7d and the like: within that time from now.
func since(now time.Time, value string, r *catalog.TimeRange) string {
	n, unit := strings.TrimRight(value, "mhdw"), time.Duration(0)
	switch {
	case strings.HasSuffix(value, "m"):
		unit = time.Minute
	case strings.HasSuffix(value, "h"):
		unit = time.Hour
	case strings.HasSuffix(value, "d"):
		unit = day
	case strings.HasSuffix(value, "w"):
		unit = 7 * day
	}
	count := 0
	for _, c := range n {
		if c < '0' || c > '9' || count > 10_000 {
			return "a span such as 90m, 24h or 7d"
		}
		count = count*10 + int(c-'0')
	}
	if unit == 0 || count == 0 || len(n) != len(value)-1 {
		return "a span such as 90m, 24h or 7d"
	}
	r.From = now.Add(-time.Duration(count) * unit)
	return ""
}

// links gives each token the address of the page without it.
func (s *issueSearch) links(path string, q url.Values) {
	for i := range s.Tokens {
		rest := url.Values{}
		for k, values := range q {
			if k != "q" && k != "after" {
				rest[k] = values
			}
		}
		for k, other := range s.Tokens {
			if k != i {
				rest.Add("q", other.Text)
			}
		}
		if s.Words != "" {
			rest.Add("q", s.Words)
		}
		s.Tokens[i].Remove = address(path, rest)
	}
}
