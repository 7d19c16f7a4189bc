package web

import (
	"html/template"
	"strconv"
	"strings"

	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/issue"
)

// icons are drawn on a grid of 16 with a line of 1.5.
var icons = map[string]string{
	"search":   "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.8 10.8 14 14",
	"inbox":    "M2 9h3.2l1 2h3.6l1-2H14M3.2 3h9.6L14 9v4H2V9z",
	"plus":     "M8 3v10M3 8h10",
	"down":     "M4 6l4 4 4-4",
	"up":       "M4 10l4-4 4 4",
	"left":     "M10 4 6 8l4 4",
	"right":    "M6 4l4 4-4 4",
	"moon":     "M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z",
	"cross":    "M4 4l8 8M12 4l-8 8",
	"again":    "M13.5 3v3.5H10M2.5 13V9.5H6M13 6.3A5.5 5.5 0 0 0 3.4 5M3 9.7A5.5 5.5 0 0 0 12.6 11",
	"eye":      "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 9.8a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6z",
	"slash":    "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM3.8 12.2l8.4-8.4",
	"check":    "M3 8.5 6.5 12 13 4.5",
	"flag":     "M3.5 14V2.5h8L10 5.25 11.5 8h-8",
	"person":   "M8 8a2.8 2.8 0 1 0 0-5.6A2.8 2.8 0 0 0 8 8zM2.8 13.8c.5-2.6 2.6-4 5.2-4s4.7 1.4 5.2 4",
	"layers":   "M8 2l6 3-6 3-6-3zM2 8l6 3 6-3M2 11l6 3 6-3",
	"more":     "M3 8h.01M8 8h.01M13 8h.01",
	"copy":     "M5.5 5.5h8v8h-8zM3.5 10.5h-1v-8h8v1",
	"globe":    "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM2 8h12M8 2c2 1.8 2.6 3.8 2.6 6S10 12.2 8 14M8 2C6 3.8 5.4 5.8 5.4 8S6 12.2 8 14",
	"database": "M13 4c0 1.1-2.2 2-5 2S3 5.1 3 4s2.2-2 5-2 5 .9 5 2zM3 4v8c0 1.1 2.2 2 5 2s5-.9 5-2V4M3 8c0 1.1 2.2 2 5 2s5-.9 5-2",
	"pointer":  "M3 2.5 12.5 7 8.5 8.5 7 12.5z",
	"console":  "M2.5 3h11v10h-11zM5 6.5 7 8 5 9.5M8.5 10H11",
	"alert":    "M8 2.2 14.5 13.5h-13zM8 6.5v3M8 11.5h.01",
	"shield":   "M8 1.8 13 4v4c0 3-2.2 5-5 6.2C5.2 13 3 11 3 8V4z",
	"leave":    "M6.5 2.5h-4v11h4M10 5l3 3-3 3M13 8H6",
	"activity": "M2 8h2.6l1.2-3 2.4 6.4 2.2-8L12 8h2",
	"code":     "M5 4 1.5 8 5 12M11 4l3.5 4L11 12",
}

// icon returns a drawing that stands beside a word or in a labelled button, so it has no name of its own.
func icon(name string) template.HTML {
	return template.HTML(`<svg class="i" viewBox="0 0 16 16" aria-hidden="true"><path d="` + icons[name] + `"/></svg>`) //nolint:gosec // made of constants
}

// severityGlyph returns the shape of a level, which bears its word for those who cannot see it.
func severityGlyph(l event.Level) template.HTML {
	shape := `<circle cx="8" cy="8" r="3"/>`
	switch l {
	case event.Fatal:
		shape = `<path d="M5 1h6l4 4v6l-4 4H5l-4-4V5z"/><path class="cut" d="M5.7 5.7l4.6 4.6M10.3 5.7l-4.6 4.6"/>`
	case event.Error:
		shape = `<path d="M8 .8 15.2 8 8 15.2.8 8z"/><path class="cut" d="M8 4.8v3.8M8 11v.01"/>`
	case event.Warning:
		shape = `<path d="M8 1.4 15.4 14.6H.6z"/><path class="cut" d="M8 6.2v3.6M8 12.2v.01"/>`
	case event.Info:
		shape = `<circle cx="8" cy="8" r="5.5"/><path d="M8 7.5v3.2M8 5.2v.01"/>`
	default:
		l = event.Debug
	}
	return template.HTML(`<svg class="sev sev-` + string(l) + `" viewBox="0 0 16 16" role="img" aria-label="` + string(l) + `">` + shape + `</svg>`) //nolint:gosec // made of constants
}

// statusView is how a status looks: the class of its colour and its word. Its shape is statusRing's.
type statusView struct {
	Status issue.Status
	Class  string
	Word   string
}

func statusOf(s issue.Status) statusView {
	switch s {
	case issue.Acknowledged:
		return statusView{s, "st-ack", "Acknowledged"}
	case issue.InProgress:
		return statusView{s, "st-prog", "In progress"}
	case issue.Resolved:
		return statusView{s, "st-done", "Resolved"}
	case issue.Ignored:
		return statusView{s, "st-ign", "Ignored"}
	default:
		return statusView{issue.New, "st-new", "New"}
	}
}

// statusRing returns the shape of a status; "" is the empty ring of one that was not reached.
func statusRing(s issue.Status) template.HTML {
	shape := `<circle cx="8" cy="8" r="6"/>`
	switch s {
	case issue.New:
		shape = `<circle cx="8" cy="8" r="6" stroke-dasharray="2.4 2.3"/><circle class="fill" cx="8" cy="8" r="2.2"/>`
	case issue.Acknowledged:
		shape += `<path d="M8 4.8V8l2.2 1.4"/>`
	case issue.InProgress:
		shape += `<path class="fill" d="M8 4.2a3.8 3.8 0 0 1 0 7.6z"/>`
	case issue.Resolved:
		shape = `<circle class="fill" cx="8" cy="8" r="6.9"/><path class="tick" d="M5 8.3 7.2 10.5 11 5.8"/>`
	case issue.Ignored:
		shape += `<path d="M3.9 12.1l8.2-8.2"/>`
	}
	return template.HTML(`<svg class="ring" viewBox="0 0 16 16" aria-hidden="true">` + shape + `</svg>`) //nolint:gosec // made of constants
}

// person is somebody as the page shows them.
type person struct {
	Name     string
	First    string // the name they are called by in sentences
	Initials string
	Tint     string // p1 to p5
}

func personOf(id int64, name string) person {
	name = line(name)
	p := person{Name: name, First: name, Tint: "p" + strconv.FormatInt(id%5+1, 10)}
	var letters []rune
	start := true
	for _, r := range name {
		if start && r != ' ' {
			letters = append(letters, r)
		}
		start = r == ' ' || r == '.' || r == '-'
	}
	switch n := len(letters); {
	case n > 2:
		letters = []rune{letters[0], letters[n-1]}
	case n == 0:
		letters = []rune("?")
	}
	p.Initials = upper(letters)
	for i, r := range name {
		if r == ' ' {
			p.First = name[:i]
			break
		}
	}
	return p
}

func upper(letters []rune) string {
	return strings.ToUpper(string(letters))
}
