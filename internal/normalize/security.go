package normalize

import (
	"crypto/sha256"
	"strings"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/event"
)

// Security reads the reports browsers send on their own: CSP violations in both their forms, Expect-CT, Expect-Staple and
// HPKP reports, and the lists of the Reporting API (https://www.w3.org/TR/reporting-1/) with CSP and network errors.
//
// It returns no event for what says nothing about the site: violations by browser extensions and the like, and reports of
// types we do not know. Errors, with a reason slug: Validation when body is no JSON or none of these, TooLarge as Event.
func Security(body []byte, in Input) ([]*event.Event, error) {
	r := open(in)
	defer r.close()
	doc, err := r.parse(body)
	if err != nil {
		return nil, err
	}
	list := values(doc)
	if doc.kind() == event.List {
		list = doc.kids()
	}
	var out []*event.Event
	known := false
	for i := 0; len(list) > 0 && i < maxReports; i, list = i+1, list.rest() {
		v := list.first()
		rep, ok := reportOf(v)
		if !ok {
			continue
		}
		known = true
		if rep.read != nil && !rep.noise() {
			r.begin(in, i)
			r.report(rep)
			out = append(out, r.e)
		}
	}
	if !known && (doc.kind() != event.List || doc[0].kids > 0) {
		return nil, refuse(fault.Validation, ReasonReport, "body is not a security report")
	}
	return out, nil
}

// maxReports bounds the reports of one body; browsers send at most a hundred.
const maxReports = 200

// report is one report before it is read.
type report struct {
	kind  event.Type
	body  value
	read  func(*reader, report) string // fills in Security and returns the message; nil for types we do not know
	url   string                       // of the Reporting API; what it says about the document
	agent string
	age   int64 // milliseconds
}

// reportOf finds out what a report is about; false for what is none.
func reportOf(v value) (report, bool) {
	for _, form := range [...]struct {
		key string
		report
	}{
		{"csp-report", report{kind: event.TypeCSP, read: (*reader).csp}},
		{"expect-ct-report", report{kind: event.TypeExpectCT, read: (*reader).hostReport}},
		{"expect-staple-report", report{kind: event.TypeExpectStaple, read: (*reader).hostReport}},
	} {
		if body := v.get(form.key); body.kind() == event.Object {
			form.body = body
			return form.report, true
		}
	}
	if typ, body := v.get("type"), v.get("body"); typ.kind() == event.String && body.kind() == event.Object {
		rep := report{body: body, url: text(v.get("url")), agent: text(v.get("user_agent"))}
		if age, ok := integer(v.get("age")); ok && age > 0 && age < int64(maxPast/time.Millisecond) {
			rep.age = age
		}
		switch typ[0].text {
		case "csp-violation":
			rep.kind, rep.read = event.TypeCSP, (*reader).csp
		case "network-error":
			rep.kind, rep.read = event.TypeNEL, (*reader).nel
		}
		return rep, true
	}
	if v.get("known-pins").kind() == event.List && scalar(v.get("hostname")) {
		return report{kind: event.TypeHPKP, body: v, read: (*reader).hostReport}, true
	}
	return report{}, false
}

// begin starts the event of the i-th report of a body. Only the first has the id that was given out; those of the others
// follow from it, so that a body that is delivered again makes the same events.
func (r *reader) begin(in Input, i int) {
	if in.EventID.IsZero() {
		if in.EventID = in.FallbackID; in.EventID.IsZero() {
			in.EventID = event.NewID()
		}
	}
	if i > 0 {
		sum := sha256.Sum256(append(in.EventID[:], byte(i), byte(i>>8)))
		copy(in.EventID[:], sum[:])
		in.EventID[6] = in.EventID[6]&0x0f | 0x80 // version 8: custom, RFC 9562 section 5.8
		in.EventID[8] = in.EventID[8]&0x3f | 0x80
	}
	r.e = &event.Event{ID: in.EventID, Project: in.Project, Received: r.in.Received, Timestamp: r.in.Received}
	r.sent, r.path = attributes{}, r.path[:0]
}

func (r *reader) report(rep report) {
	e := r.e
	e.Type, e.Platform, e.Level, e.Logger = rep.kind, "javascript", event.Error, string(rep.kind)
	e.Timestamp = e.Timestamp.Add(-time.Duration(rep.age) * time.Millisecond)
	e.Request = &event.Request{}
	agent := rep.agent
	if agent == "" {
		agent = r.in.UserAgent
	}
	message := rep.read(r, rep)
	if agent != "" {
		e.Request.Headers = append(e.Request.Headers, event.Tag{Key: "User-Agent", Value: r.limit("request.headers.User-Agent", agent, maxPath)})
	}
	r.enter("request")
	r.splitURL(e.Request)
	r.leave()
	if e.Request.URL == "" && e.Request.Headers == nil {
		e.Request = nil
	}
	e.Message = &event.Message{Formatted: r.limit("logentry.formatted", message, r.limits.MessageChars)}
	if r.in.ClientIP.IsValid() {
		e.User = &event.User{IPAddress: r.in.ClientIP.WithZone("").Unmap().String()}
	}
	r.release()
	r.finishTags()
	Finish(e)
}

// legacySecurity reads a report inside an event, as old servers and relays pass them on.
func (r *reader) legacySecurity() {
	for _, form := range [...]struct {
		v value
		report
	}{
		{r.sent.csp, report{kind: event.TypeCSP, read: (*reader).csp}},
		{r.sent.hpkp, report{kind: event.TypeHPKP, read: (*reader).hostReport}},
		{r.sent.expectCT, report{kind: event.TypeExpectCT, read: (*reader).hostReport}},
		{r.sent.expectStaple, report{kind: event.TypeExpectStaple, read: (*reader).hostReport}},
	} {
		if form.v.kind() != event.Object || form.v.empty() {
			r.invalid("csp", form.v)
			continue
		}
		form.body = form.v
		r.e.Type = form.kind
		message := form.read(r, form.report)
		if r.e.Message == nil {
			r.e.Message = &event.Message{Formatted: r.limit("logentry.formatted", message, r.limits.MessageChars)}
		}
		return
	}
}

// hostReport reads what is known of Expect-CT, Expect-Staple and HPKP reports, which no browser sends any more.
func (r *reader) hostReport(rep report) string {
	m := r.object("security", rep.body, r.limits.ContextBytes, depthOther)
	for i := range m {
		m[i].Key = dashed(m[i].Key)
	}
	r.e.Security = m
	host := m.Text("hostname")
	switch rep.kind {
	case event.TypeExpectCT:
		return "Expect-CT failed for '" + host + "'"
	case event.TypeExpectStaple:
		return "Expect-Staple failed for '" + host + "'"
	}
	return "Public key pinning validation failed for '" + host + "'"
}

// nel reads a network error (https://www.w3.org/TR/network-error-logging/).
func (r *reader) nel(rep report) string {
	m := r.object("security", rep.body, r.limits.ContextBytes, depthOther)
	if rep.url != "" {
		m.Set("url", event.Str(r.limit("security.url", rep.url, maxPath)))
	}
	r.e.Security = m
	if r.e.Request != nil {
		r.e.Request.URL = m.Text("url")
		r.e.Request.Method = r.method(rep.body.get("method"))
	}
	typ, status := m.Text("type"), m.Text("status_code")
	r.tag("nel.type", typ)
	r.tag("nel.phase", m.Text("phase"))
	r.tag("nel.protocol", m.Text("protocol"))
	switch {
	case strings.HasPrefix(typ, "http.") && status != "" && status != "0":
		return "Network error: " + typ + " (HTTP " + status + ")"
	case typ == "":
		return "Network error"
	}
	return "Network error: " + typ
}

// tag adds a tag of a report.
func (r *reader) tag(key, val string) {
	if val = tagText(val); val != "" {
		r.e.Tags = append(r.e.Tags, event.Tag{Key: key, Value: keep(val)})
	}
}
