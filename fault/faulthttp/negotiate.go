package faulthttp

import (
	"bytes"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
	"strings"

	"github.com/seismohq/seismo/fault"
)

const (
	typeProblem = "application/problem+json"
	typeJSON    = "application/json"
	typeHTML    = "text/html; charset=utf-8"
	typeText    = "text/plain; charset=utf-8"
)

// offers in the order preferred among equals.
var offers = [...]string{typeProblem, typeJSON, "text/html", "text/plain"}

// negotiate returns the offer the Accept header likes best, by the rules of RFC 9110, 12.5.1: of the ranges that match an
// offer the most specific gives its weight. A problem document when there is no header, or when none of our types will do:
// an error in the wrong format beats none.
func negotiate(accept string) string {
	if accept == "" || accept == "*/*" {
		return typeProblem
	}
	var weight [len(offers)]int    // in thousandths
	var specific [len(offers)]int8 // of the range that gave it
	for part := range strings.SplitSeq(accept, ",") {
		rng, params, _ := strings.Cut(part, ";")
		rng = strings.ToLower(strings.TrimSpace(rng))
		q := quality(params)
		for i, offer := range offers {
			var how int8
			switch {
			case rng == offer:
				how = 3
			case strings.HasSuffix(rng, "/*") && rng != "*/*" && strings.HasPrefix(offer, rng[:len(rng)-1]):
				how = 2
			case rng == "*/*":
				how = 1
			}
			if how > specific[i] {
				weight[i], specific[i] = q, how
			}
		}
	}
	best := 0
	for i := range offers {
		if weight[i] > weight[best] {
			best = i
		}
	}
	return offers[best]
}

// quality reads "q=0.8" among the parameters; what cannot be read counts as 1.
func quality(params string) int {
	for p := range strings.SplitSeq(params, ";") {
		k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		if k != "q" && k != "Q" {
			continue
		}
		f, err := strconv.ParseFloat(v, 64)
		if err != nil || !(f >= 0 && f <= 1) {
			return 1000
		}
		return int(f * 1000)
	}
	return 1000
}

func (e *Errors) body(r *http.Request, p *Problem) (body []byte, contentType string) {
	switch offer := negotiate(r.Header.Get("Accept")); offer {
	case "text/html":
		return e.page(p), typeHTML
	case "text/plain":
		return []byte(p.message() + "\n"), typeText
	default:
		body, contentType = e.c.Envelope(make([]byte, 0, 256), p)
		if offer == typeJSON && contentType == typeProblem {
			contentType = typeJSON
		}
		return body, contentType
	}
}

// Page is what templates of Config.Pages get.
type Page struct {
	Status    int
	Title     string
	Detail    string
	Code      fault.Code
	Errors    []fault.FieldError
	RequestID string
	TraceID   string
}

var builtinPage = template.Must(template.New("").Parse(`<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.Title}}</title></head>
<body>
<h1>{{.Title}}</h1>
{{with .Detail}}<p>{{.}}</p>
{{end}}{{with .Errors}}<ul>{{range .}}<li>{{.Field}} {{.Message}}</li>{{end}}</ul>
{{end}}<p>Error {{.Status}}{{with .RequestID}}, request {{.}}{{end}}</p>
</body>
</html>
`))

func parsePages(pages fs.FS) *template.Template {
	names, err := fs.Glob(pages, "*.html")
	if err != nil || len(names) == 0 {
		return nil
	}
	return template.Must(template.ParseFS(pages, names...))
}

func (e *Errors) page(p *Problem) []byte {
	data := Page{Status: p.Status, Title: p.Title, Detail: p.Detail, Code: p.Code, Errors: p.Errors, RequestID: p.RequestID, TraceID: p.TraceID}
	var buf bytes.Buffer
	if e.pages != nil {
		status := strconv.Itoa(p.Status)
		for _, name := range [...]string{status + ".html", status[:1] + "xx.html"} {
			t := e.pages.Lookup(name)
			if t == nil {
				continue
			}
			if err := t.Execute(&buf, data); err == nil {
				return buf.Bytes()
			} else { //nolint:revive // the scope of err
				e.log().Error("error page failed", "page", name, "error", err)
				buf.Reset()
			}
		}
	}
	err := builtinPage.Execute(&buf, data)
	fault.Ignore(err, "a fixed template into memory")
	return buf.Bytes()
}
