package web

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/search"
)

// eventView is one event as the page shows it. Everything in it comes from an application, and is bounded.
type eventView struct {
	ID       string
	Level    event.Level
	Message  *text // of an event without exception
	Stack    stackView
	Crumbs   crumbsView
	Request  *requestView
	User     []fact
	Contexts []contextView
	Tags     []eventTag
	Facts    []fact // what it is: SDK, release, when it came
	Modules  []fact
	Remarks  []string // what was mended, cut or removed
	Grouping *groupingView
}

// fact is a name and a value.
type fact struct {
	Name     string
	Value    text
	Filtered bool   // it was taken out because it may be secret
	Link     string // http or https; "" for most
	Mono     bool
}

// contextView is one group of facts.
type contextView struct {
	Name  string
	Facts []fact
	More  string // how many are left out
}

type eventTag struct{ Key, Value, URL string }

// requestView is the HTTP request in progress.
type requestView struct {
	Line    string // method and address
	Facts   []fact
	Query   []fact
	Headers []fact
	Cookies []fact
	Body    *text
	Curl    string // the request as a command
}

// filteredText is what scrubbing leaves in the place of a secret.
const filteredText = "[Filtered]"

// maxFacts bounds one group of facts.
const maxFacts = 60

func (v *visit) eventView(q issueRequest, e *event.Event, stored eventstore.Stored) eventView {
	out := eventView{ID: stored.ID.String(), Level: e.Level}
	mode := v.framesMode()
	out.Stack = v.stackView(q, e, mode)
	if len(e.Exceptions) == 0 && e.Message != nil {
		t := foldText(firstOf(e.Message.Formatted, e.Message.Template))
		out.Message = &t
	}
	out.Crumbs = v.crumbs(e)
	if e.Request != nil {
		out.Request = request(e.Request)
	}
	out.User = userFacts(e.User)
	out.Contexts = contexts(e)
	for _, t := range e.Tags {
		out.Tags = append(out.Tags, eventTag{Key: line(t.Key), Value: line(t.Value), URL: v.tagURL(q, t.Key, t.Value)})
		if len(out.Tags) == maxFacts {
			break
		}
	}
	out.Facts = v.eventFacts(e, stored)
	for _, m := range e.Modules[:min(len(e.Modules), 200)] {
		out.Modules = append(out.Modules, fact{Name: line(m.Key), Value: foldFact(m.Value), Mono: true})
	}
	out.Remarks = remarks(e)
	if e.Grouping != nil {
		out.Grouping = grouping(e.Grouping)
	}
	return out
}

// tagURL is the address of the events of the issue that share a tag, or "" where it could not be read back.
func (v *visit) tagURL(q issueRequest, key, value string) string {
	term := termText(key, value)
	got := search.Parse(readSearch(url.Values{"q": {term}}))
	if value == "" || len(got.Words) > 0 || len(got.Terms) != 1 || got.Terms[0].Value != value || got.Terms[0].Text != term {
		return ""
	}
	return v.site.path(address("/issues/"+q.issue.ShortID+"/events/latest", nil, "q", term))
}

// sections lists what the page holds, for jumping.
func (e eventView) sections() []sectionLink {
	out := []sectionLink{{ID: "stack", Words: "Stack trace"}}
	if e.Stack.Empty() {
		out[0].Words = "Message"
	}
	count := func(n int) string { return number(int64(n)) }
	if n := len(e.Crumbs.Rows); n > 0 {
		out = append(out, sectionLink{"crumbs", "Breadcrumbs", count(n)})
	}
	if e.Request != nil {
		out = append(out, sectionLink{ID: "request", Words: "Request"})
	}
	out = append(out, sectionLink{ID: "context", Words: "Context"})
	if n := len(e.Tags); n > 0 {
		out = append(out, sectionLink{"event-tags", "Tags", count(n)})
	}
	if e.Grouping != nil {
		out = append(out, sectionLink{ID: "grouping", Words: "Grouping"})
	}
	return out
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func newFact(name, value string) fact {
	f := fact{Name: line(name), Value: foldFact(value), Filtered: value == filteredText}
	f.Link = webLink(value)
	f.Mono = looksLikeCode(value)
	return f
}

// looksLikeCode reports whether a value reads better in the typeface of code: ids, paths, addresses.
func looksLikeCode(s string) bool {
	return len(s) > 3 && !strings.Contains(s, " ") && strings.ContainsAny(s, "0123456789_/:=.-") && !isNumber(s)
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

// mapFacts lists the entries of a map; lists and objects in it are shown as JSON.
func mapFacts(m event.Map) (out []fact, more string) {
	for i, f := range m {
		if i == maxFacts {
			return out, plural(int64(len(m)-maxFacts), "more entry", "more entries") + " in the JSON"
		}
		out = append(out, newFact(f.Key, valueText(f.Value)))
	}
	return out, ""
}

// valueText is a value as one text: strings as they are, the rest as JSON, and no longer than is ever shown.
func valueText(v event.Value) string {
	var b strings.Builder
	writeValue(&b, v, true)
	return b.String()
}

// maxValue bounds what is written of one value.
const maxValue = shortLimit + longLimit + 1000

func writeValue(b *strings.Builder, v event.Value, top bool) {
	if b.Len() > maxValue {
		return
	}
	switch v.Kind {
	case event.Null:
		b.WriteString("null")
	case event.Bool, event.Number:
		b.WriteString(v.Text)
	case event.String:
		s, _ := splitRunes(v.Text, maxValue)
		if !top {
			s = strconv.Quote(s)
		}
		b.WriteString(s)
	case event.List:
		b.WriteByte('[')
		for i, o := range v.List {
			if i > 0 {
				b.WriteString(", ")
			}
			if b.Len() > maxValue {
				b.WriteString("…")
				break
			}
			writeValue(b, o, false)
		}
		b.WriteByte(']')
	case event.Object:
		b.WriteByte('{')
		for i, f := range v.Map {
			if i > 0 {
				b.WriteString(", ")
			}
			if b.Len() > maxValue {
				b.WriteString("…")
				break
			}
			b.WriteString(f.Key + ": ")
			writeValue(b, f.Value, false)
		}
		b.WriteByte('}')
	}
}

func request(r *event.Request) *requestView {
	out := &requestView{Line: line(strings.TrimSpace(r.Method + " " + r.URL))}
	group := func(tags []event.Tag) (facts []fact) {
		for _, t := range tags[:min(len(tags), maxFacts)] {
			facts = append(facts, newFact(t.Key, t.Value))
		}
		return facts
	}
	out.Query, out.Headers, out.Cookies = group(r.Query), group(r.Headers), group(r.Cookies)
	add := func(name, value string) {
		if value != "" {
			out.Facts = append(out.Facts, newFact(name, value))
		}
	}
	add("Fragment", r.Fragment)
	add("Content type", r.ContentType)
	if r.BodySize > 0 {
		add("Body size", bytesOf(r.BodySize))
	}
	env, _ := mapFacts(r.Env)
	out.Facts = append(out.Facts, env...)
	if r.Data.Kind != event.Null {
		t := foldText(valueText(r.Data))
		out.Body = &t
	}
	out.Curl = curl(r)
	return out
}

// curl writes the request as a command. All of it comes from an application: every part is quoted for a POSIX shell, and
// what cannot be seen is left out, so that pasting it runs nothing but curl.
func curl(r *event.Request) string {
	if webLink(r.URL) == "" {
		return ""
	}
	quote := func(s string) string {
		s = strings.Map(func(c rune) rune {
			if invisible(c) || c == '\n' || c == '\t' {
				return -1
			}
			return c
		}, s)
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	link := r.URL
	for i, t := range r.Query[:min(len(r.Query), maxFacts)] {
		if len(t.Key)+len(t.Value) > 1000 {
			continue
		}
		link += map[bool]string{true: "?", false: "&"}[i == 0] + queryPart(t.Key) + "=" + queryPart(t.Value)
	}
	var b strings.Builder
	b.WriteString("curl")
	if r.Method != "" && r.Method != "GET" {
		b.WriteString(" -X " + quote(r.Method))
	}
	for _, h := range r.Headers[:min(len(r.Headers), maxFacts)] {
		if h.Value != filteredText && len(h.Key)+len(h.Value) < 1000 {
			b.WriteString(" -H " + quote(h.Key+": "+h.Value))
		}
	}
	if r.Data.Kind == event.String && len(r.Data.Text) < 10_000 && r.Data.Text != filteredText {
		b.WriteString(" --data-raw " + quote(r.Data.Text))
	}
	b.WriteString(" " + quote(link))
	return b.String()
}

func userFacts(u *event.User) []fact {
	if u == nil {
		return nil
	}
	var out []fact
	for _, f := range [][2]string{{"ID", u.ID}, {"Username", u.Username}, {"Name", u.Name}, {"E-mail", u.Email}, {"IP address", u.IPAddress}} {
		if f[1] != "" {
			out = append(out, newFact(f[0], f[1]))
		}
	}
	geo, _ := mapFacts(u.Geo)
	data, _ := mapFacts(u.Data)
	return append(append(out, geo...), data...)
}

// names are those of contexts as people know them.
var contextNames = map[string]string{
	"os": "Operating system", "client_os": "Client system", "browser": "Browser", "device": "Device", "runtime": "Runtime", "app": "App",
	"trace": "Trace", "gpu": "GPU", "culture": "Culture", "cloud_resource": "Cloud", "response": "Response", "extra": "Additional data",
}

func contexts(e *event.Event) []contextView {
	var out []contextView
	add := func(name string, m event.Map) {
		if len(m) == 0 || len(out) == 40 {
			return
		}
		c := contextView{Name: firstOf(contextNames[name], line(name))}
		c.Facts, c.More = mapFacts(m)
		out = append(out, c)
	}
	for _, c := range e.Contexts {
		add(c.Name, c.Data)
	}
	add("extra", e.Extra)
	add("Security report", e.Security)
	add("Not understood", e.Other)
	return out
}

func (v *visit) eventFacts(e *event.Event, stored eventstore.Stored) []fact {
	var out []fact
	add := func(name, value string) {
		if value != "" {
			out = append(out, newFact(name, value))
		}
	}
	add("Event", stored.ID.String())
	add("Release", e.Release)
	add("Distribution", e.Dist)
	add("Environment", e.Environment)
	add("Server", e.ServerName)
	add("Transaction", e.Transaction)
	add("Logger", e.Logger)
	if e.SDK != nil {
		add("SDK", strings.TrimSpace(e.SDK.Name+" "+e.SDK.Version))
	}
	if !stored.Received.IsZero() {
		add("Received", stored.Received.In(v.zone).Format("15:04:05.000 MST")+lag(stored.Received.Sub(stored.Timestamp)))
	}
	return out
}

func lag(d time.Duration) string {
	if d < time.Second {
		return ""
	}
	return ", " + duration(d) + " later"
}

// maxRemarks bounds the list of what is not as it was sent.
const maxRemarks = 20

// remarks says what is not as it was sent.
func remarks(e *event.Event) []string {
	var out []string
	for _, p := range e.Errors {
		out = append(out, strings.TrimSpace(line(p.Name)+" could not be used: "+strings.ReplaceAll(line(p.Type), "_", " ")))
	}
	kinds := map[string]string{"s": "was replaced", "x": "was removed", "m": "was masked", "p": "was made anonymous", "a": "was mended"}
	for _, r := range e.Remarks {
		what := firstOf(kinds[r.Kind], "was changed")
		if r.Kind == "x" && r.Len > 0 {
			what = "was cut from " + bytesOf(int64(r.Len))
		}
		s := line(r.Path) + " " + what
		if r.Note != "" {
			s += ": " + line(r.Note)
		} else if r.Rule != "" {
			s += " (" + line(r.Rule) + ")"
		}
		out = append(out, s)
	}
	if len(out) > maxRemarks {
		out = append(out[:maxRemarks], plural(int64(len(out)-maxRemarks), "more remark", "more remarks")+" in the JSON")
	}
	return out
}
