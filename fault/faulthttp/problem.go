package faulthttp

import (
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/internal/jsonenc"
)

// Problem is a problem document, https://www.rfc-editor.org/rfc/rfc9457, with the members code, errors, request_id and
// trace_id besides those of the RFC. All of it is public.
type Problem struct {
	Type      string             // URI of the kind of problem; empty means about:blank
	Title     string             // the same for every problem of a code
	Status    int                // HTTP status
	Detail    string             // this occurrence, for people; empty when there is nothing to add to the title
	Instance  string             // URI of the occurrence
	Code      fault.Code         // what clients key on
	Errors    []fault.FieldError // what is wrong with the input
	RequestID string             // what a user can quote
	TraceID   string             //
	Ext       map[string]any     // further members; they cannot replace the ones above
}

// ProblemOf returns the problem document of err, which holds only public text. The fields of the input are left out for
// statuses of 500 and above. It returns nil for nil.
func ProblemOf(err error) *Problem {
	if err == nil {
		return nil
	}
	info := fault.InfoOf(err)
	p := &Problem{Type: info.TypeURI, Title: info.Title, Status: info.Status, Code: fault.CodeOf(err)}
	if d := fault.PublicMessage(err); d != info.Title {
		p.Detail = d
	}
	if info.Status < 500 {
		p.Errors = fault.Fields(err)
	}
	return p
}

func (p *Problem) clone() *Problem {
	q := *p
	q.Errors = slices.Clone(p.Errors)
	q.Ext = maps.Clone(p.Ext)
	return &q
}

// MarshalJSON returns the document.
func (p *Problem) MarshalJSON() ([]byte, error) { return p.append(make([]byte, 0, 256)), nil }

func (p *Problem) append(b []byte) []byte {
	str := func(key, v string) {
		if v != "" {
			b = append(b, key...)
			b = append(jsonenc.AppendString(b, v), ',')
		}
	}
	b = append(b, '{')
	str(`"type":`, p.Type)
	str(`"title":`, p.Title)
	b = append(b, `"status":`...)
	b = append(strconv.AppendInt(b, int64(p.Status), 10), ',')
	str(`"detail":`, p.Detail)
	str(`"instance":`, p.Instance)
	str(`"code":`, string(p.Code))
	if len(p.Errors) > 0 {
		b = append(b, `"errors":[`...)
		for i, f := range p.Errors {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, '{')
			b = append(b, `"field":`...)
			b = append(jsonenc.AppendString(b, f.Field), ',')
			str(`"rule":`, f.Rule)
			str(`"message":`, f.Message)
			str(`"param":`, f.Param)
			b[len(b)-1] = '}'
		}
		b = append(b, "],"...)
	}
	str(`"request_id":`, p.RequestID)
	str(`"trace_id":`, p.TraceID)
	if len(p.Ext) > 0 {
		b = p.appendExt(b)
	}
	b[len(b)-1] = '}'
	return b
}

func (p *Problem) appendExt(b []byte) []byte {
	for _, k := range slices.Sorted(maps.Keys(p.Ext)) {
		switch k {
		case "type", "title", "status", "detail", "instance", "code", "errors", "request_id", "trace_id":
			continue
		}
		js, err := json.Marshal(p.Ext[k])
		if err != nil {
			continue // a member that cannot be written must not cost the document
		}
		b = append(jsonenc.AppendString(b, k), ':')
		b = append(append(b, js...), ',')
	}
	return b
}

// Envelope is a shape of JSON error bodies: it appends the body to b and names its media type.
type Envelope func(b []byte, p *Problem) (body []byte, contentType string)

// RFC9457 is the default envelope.
func RFC9457(b []byte, p *Problem) ([]byte, string) { return p.append(b), typeProblem }

// FlaskEnvelope gives {"error":{"code":<status>,"name","message","details"}}, as Flask programs usually do. Note that
// "code" is the number there and "name" the machine-readable code.
func FlaskEnvelope(b []byte, p *Problem) ([]byte, string) {
	b = append(b, `{"error":{"code":`...)
	b = strconv.AppendInt(b, int64(p.Status), 10)
	b = append(b, `,"name":`...)
	b = jsonenc.AppendString(b, string(p.Code))
	b = append(b, `,"message":`...)
	b = jsonenc.AppendString(b, p.message())
	if len(p.Errors) > 0 {
		b = append(b, `,"details":`...)
		b = appendByField(b, p.Errors)
	}
	return append(b, "}}"...), typeJSON
}

// DRFEnvelope gives {"detail":…,"code":…}, and for validation errors lists of messages by field, as Django REST framework
// does; messages about the whole input stand under "non_field_errors".
func DRFEnvelope(b []byte, p *Problem) ([]byte, string) {
	if len(p.Errors) > 0 {
		return appendByField(b, p.Errors), typeJSON
	}
	b = append(b, `{"detail":`...)
	b = jsonenc.AppendString(b, p.message())
	b = append(b, `,"code":`...)
	b = jsonenc.AppendString(b, string(p.Code))
	return append(b, '}'), typeJSON
}

func (p *Problem) message() string {
	if p.Detail != "" {
		return p.Detail
	}
	return p.Title
}

// appendByField appends {"field":["message",…]}, fields in the order they first appear.
func appendByField(b []byte, fields []fault.FieldError) []byte {
	var names []string
	by := map[string][]string{}
	for _, f := range fields {
		name := f.Field
		if name == "" {
			name = "non_field_errors"
		}
		msg := f.Message
		if msg == "" {
			msg = f.Rule
		}
		if _, ok := by[name]; !ok {
			names = append(names, name)
		}
		by[name] = append(by[name], msg)
	}
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(jsonenc.AppendString(b, name), ":["...)
		for j, msg := range by[name] {
			if j > 0 {
				b = append(b, ',')
			}
			b = jsonenc.AppendString(b, msg)
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

// ResponseError is the client's side: it returns nil for a response with a status below 400, else the error the response
// describes. A problem document gives back its code, message and fields; any other body is not kept, and the code follows
// from the status. Retry-After is taken over. It reads at most 64 KiB and does not close the body.
func ResponseError(resp *http.Response) error {
	if resp.StatusCode < 400 {
		return nil
	}
	var err error
	if mt, _, merr := mime.ParseMediaType(resp.Header.Get("Content-Type")); merr == nil && (mt == typeProblem || mt == typeJSON) {
		body, rerr := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
		if rerr == nil {
			err = fault.Parse(body)
		}
	}
	if err == nil || fault.InfoOf(err).Status != resp.StatusCode {
		c := fault.CodeForStatus(resp.StatusCode)
		// Not New: the text of a status is no message for our own clients.
		err = fault.With(fault.Newf(fault.Internal, "remote answered %d", resp.StatusCode), fault.WithCode(c))
	}
	if d, ok := parseRetryAfter(resp.Header.Get("Retry-After"), time.Now()); ok {
		err = fault.With(err, fault.RetryAfter(d))
	}
	return err
}

// parseRetryAfter reads seconds or a date (RFC 9110, 10.2.3); at most a day counts.
func parseRetryAfter(v string, now time.Time) (time.Duration, bool) {
	if v == "" {
		return 0, false
	}
	const most = 24 * time.Hour
	if s, err := strconv.ParseUint(v, 10, 31); err == nil {
		return min(time.Duration(s)*time.Second, most), true
	}
	if t, err := http.ParseTime(v); err == nil {
		return min(max(t.Sub(now), 0), most), true
	}
	return 0, false
}
