package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// maxCrumbs is how many breadcrumbs a page shows: the latest ones.
const maxCrumbs = 100

// crumbsView is what happened before the event, oldest first; the last row is the event itself.
type crumbsView struct {
	Rows  []crumb
	Kinds []string // that occur, for the filter; none when there is only one
	Cut   string   // how many earlier ones are left out
}

type crumb struct {
	Offset string
	At     when
	Kind   string // http, sql, log or ui
	Icon   string
	Name   string // category as the sender has it
	What   text
	Result string
	Class  string // warning, error or end
	Data   []fact
}

// kindOf sorts what SDKs call categories and types into few kinds.
func kindOf(c *event.Breadcrumb) (kind, icon string) {
	name := strings.ToLower(c.Category + " " + c.Type)
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(name, p) })
	}
	switch {
	case has("http", "fetch", "xhr", "request"):
		return "http", "globe"
	case has("query", "sql", "redis", "db", "cache", "mongo"):
		return "sql", "database"
	case has("ui", "navigation", "touch", "click", "user", "lifecycle"):
		return "ui", "pointer"
	default:
		return "log", "console"
	}
}

var kindWords = map[string]string{"http": "HTTP", "sql": "SQL", "log": "Log", "ui": "UI"}

func (v *visit) crumbs(e *event.Event) crumbsView {
	var out crumbsView
	list := e.Breadcrumbs
	if n := len(list); n > maxCrumbs {
		out.Cut = plural(int64(n-maxCrumbs), "earlier breadcrumb", "earlier breadcrumbs") + " in the JSON"
		list = list[n-maxCrumbs:]
	}
	if len(list) == 0 {
		return out
	}
	for i := range list {
		c := v.crumb(e, &list[i])
		if !slices.Contains(out.Kinds, c.Kind) {
			out.Kinds = append(out.Kinds, c.Kind)
		}
		out.Rows = append(out.Rows, c)
	}
	if len(out.Kinds) == 1 {
		out.Kinds = nil
	}
	slices.Sort(out.Kinds)
	end := crumb{Offset: "0.000" + hard + "s", At: v.exact(e.Timestamp), Kind: "end", Icon: "alert", Name: "error", What: foldText(e.Title), Class: "end"}
	if e.Unhandled() {
		end.Result = "unhandled"
	}
	out.Rows = append(out.Rows, end)
	return out
}

func (v *visit) crumb(e *event.Event, c *event.Breadcrumb) crumb {
	kind, icon := kindOf(c)
	out := crumb{Kind: kind, Icon: icon, Name: line(firstOf(c.Category, c.Type)), At: v.exact(c.Timestamp)}
	if !c.Timestamp.IsZero() {
		out.Offset = offset(c.Timestamp, e.Timestamp)
	}
	switch c.Level {
	case event.Warning:
		out.Class = "warning"
	case event.Error, event.Fatal:
		out.Class = "error"
	}
	used := []string{}
	take := func(key string) string {
		s := c.Data.Text(key)
		if s != "" {
			used = append(used, key)
		}
		return s
	}
	what := c.Message
	if kind == "http" && what == "" {
		what = strings.TrimSpace(take("method") + " " + shortURL(take("url")))
	}
	if c.Category == "navigation" && what == "" {
		what = shortURL(take("from")) + " → " + shortURL(take("to"))
	}
	out.Result = result(take("status_code"), firstOf(take("duration_ms"), take("duration")))
	if code, err := strconv.Atoi(c.Data.Text("status_code")); err == nil && code >= 500 && out.Class == "" {
		out.Class = "warning"
	}
	var rest event.Map
	for _, f := range c.Data {
		if !slices.Contains(used, f.Key) {
			rest = append(rest, f)
		}
	}
	out.Data, _ = mapFacts(rest[:min(len(rest), 30)])
	if what == "" && len(out.Data) > 0 {
		what = out.Data[0].Name + ": " + out.Data[0].Value.Head
	}
	out.What = foldFact(what)
	return out
}

// result joins what came of it: "200 · 18 ms".
func result(status, took string) string {
	if took != "" && isNumber(took) {
		took += hard + "ms"
	}
	return line(strings.Trim(status+" · "+took, " ·"))
}

// shortURL leaves out scheme and host of long addresses: the path tells them apart.
func shortURL(s string) string {
	if u, err := url.Parse(s); err == nil && u.Host != "" && len(s) > 60 {
		return u.RequestURI()
	}
	return s
}

// queryPart writes a text as part of a query.
func queryPart(s string) string { return url.QueryEscape(s) }
