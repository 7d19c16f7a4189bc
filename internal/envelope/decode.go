package envelope

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"

	"github.com/valyala/fastjson"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/event"
)

// Decode returns what a delivery of any form carries, as an envelope: an event that came to the store route is one item of
// type event, the files of a multipart form are attachments, each browser report is an item, and so on. Door and pipeline
// both call it, so Delivery.Refused speaks of these items.
//
// EventID is that of the delivery; without one, that of the envelope or of the event. FormOutcomes has no items.
//
// Errors are those of Open and Parse; Validation for a body that is not of its form at all.
func Decode(d *Delivery, l Limits) (Envelope, error) {
	if d.Form == FormOutcomes {
		return Envelope{}, nil
	}
	body, err := Open(d.Encoding, d.Body, l.opened(d.Form))
	if err != nil {
		return Envelope{}, err
	}
	e, err := decodeForm(d, body, l)
	if !d.EventID.IsZero() {
		e.EventID = d.EventID
	}
	return e, err
}

// opened returns how many bytes the body of a form may have after decompression. What is one document needs no room for
// many: an event in base64 is longer by a third, and lists of browser reports are short.
func (l Limits) opened(f Form) int64 {
	switch f {
	case FormStore, FormSecurity, FormNEL, FormCheckIn:
		k, _ := KindOf("event")
		return min(4*int64(l.Payload(k)), l.Envelope())
	}
	return l.Envelope()
}

func decodeForm(d *Delivery, body []byte, l Limits) (Envelope, error) {
	switch d.Form {
	case FormEnvelope:
		return Parse(body, l)
	case FormStore:
		return decodeStore(body, l)
	case FormMinidump:
		return decodeMinidump(d.ContentType, body, l)
	case FormAttachments:
		return decodeAttachments(d.ContentType, body, l)
	case FormUnreal:
		if len(body) == 0 {
			return Envelope{}, invalid(fault.Validation, ProblemMissing, "crash report is empty")
		}
		return Envelope{Items: []Item{l.item("unreal_report", body)}}, nil
	case FormSecurity:
		return decodeReports("raw_security", d, body, l)
	case FormNEL:
		return decodeReports("nel", d, body, l)
	case FormCheckIn:
		return decodeCheckIn(d.Params, body, l)
	}
	return Envelope{}, invalid(fault.Unsupported, ProblemUnknownFormat, "delivery has a form this server does not know")
}

// item returns an item that did not come in an envelope.
func (l Limits) item(itemType string, payload []byte) Item {
	k, _ := KindOf(itemType)
	it := Item{Type: itemType, Category: k.Category, Payload: payload}
	if len(payload) > l.Payload(k) {
		it.Problem = ProblemTooLarge
	}
	return it
}

// decodeStore reads the body of the store route, see DecodeStore.
func decodeStore(body []byte, l Limits) (Envelope, error) {
	k, _ := KindOf("event")
	payload, err := DecodeStore(body, int64(l.Payload(k)))
	if err != nil {
		return Envelope{}, err
	}
	it := l.item("event", payload)
	if it.Problem != "" {
		return Envelope{Items: []Item{it}}, nil
	}
	e := Envelope{}
	err = withJSON(payload, func(v *fastjson.Value) error {
		if v.Type() != fastjson.TypeObject {
			return invalid(fault.Validation, ProblemJSON, "event is not a JSON object")
		}
		e.EventID = eventID(v)
		if stringOf(v.Get("type")) == "transaction" {
			it = l.item("transaction", payload)
		}
		return nil
	})
	e.Items = []Item{it}
	return e, err
}

func eventID(v *fastjson.Value) event.ID {
	id, err := event.ParseID(stringOf(v.Get("event_id")))
	if err != nil {
		return event.ID{}
	}
	return id
}

// withJSON parses b and hands the value to f, which must not keep it.
func withJSON(b []byte, f func(*fastjson.Value) error) error {
	p := parsers.Get().(*fastjson.Parser)
	v, err := p.ParseBytes(b)
	if err != nil {
		parsers.Put(p)
		return invalid(fault.Validation, ProblemJSON, "body is not JSON")
	}
	err = f(v)
	if len(b) <= 8<<10 {
		parsers.Put(p)
	}
	return err
}

// DecodeStore finds the JSON in what clients post to the legacy store route without naming an encoding: JSON as it is,
// zlib or gzip, or base64 of these, perhaps as the form field sentry_data. limit is in bytes of the result.
//
// Old clients of PHP, Python and C# do so; https://develop.sentry.dev/sdk/foundations/transport/store/.
func DecodeStore(body []byte, limit int64) ([]byte, error) {
	b := bytes.TrimSpace(body)
	if v, ok := bytes.CutPrefix(b, []byte("sentry_data=")); ok {
		v, _, _ = bytes.Cut(v, []byte{'&'})
		s, err := url.QueryUnescape(string(v))
		if err != nil {
			return nil, invalid(fault.Validation, ProblemEncoding, "form field sentry_data is not readable")
		}
		b = []byte(s)
	}
	if len(b) == 0 {
		return nil, invalid(fault.Validation, ProblemMissing, "body is empty")
	}
	if b[0] == '{' {
		return b, nil
	}
	if packed := packing(b); packed != "" {
		return Open(packed, b, limit)
	}
	b, err := unbase64(b)
	if err != nil || len(b) == 0 {
		return nil, invalid(fault.Validation, ProblemJSON, "body is neither JSON, zlib nor base64")
	}
	return Open(packing(b), b, limit)
}

// packing returns the encoding that the first bytes of b show, or "".
func packing(b []byte) string {
	switch {
	case IsZlib(b):
		return "deflate"
	case bytes.HasPrefix(b, []byte{0x1f, 0x8b}):
		return "gzip"
	}
	return ""
}

// unbase64 decodes either alphabet, with or without padding and line breaks. A blank within is a plus sign that was taken
// for one in a query.
func unbase64(b []byte) ([]byte, error) {
	clean := make([]byte, 0, len(b))
	for _, c := range b {
		switch c {
		case '\r', '\n', '\t', '=':
		case '-', ' ':
			clean = append(clean, '+')
		case '_':
			clean = append(clean, '/')
		default:
			clean = append(clean, c)
		}
	}
	n, err := base64.RawStdEncoding.Decode(clean, clean)
	return clean[:n], err
}

// decodeReports reads what browsers send: one report, or with the Reporting API a list of them.
func decodeReports(itemType string, d *Delivery, body []byte, l Limits) (Envelope, error) {
	var e Envelope
	err := withJSON(body, func(v *fastjson.Value) error {
		switch v.Type() {
		case fastjson.TypeObject:
			e.Items = []Item{l.item(itemType, body)}
			return nil
		case fastjson.TypeArray:
			list, _ := v.Array()
			for _, report := range list[:min(len(list), l.items())] {
				it := l.item(itemType, report.MarshalTo(nil))
				if report.Type() != fastjson.TypeObject && it.Problem == "" {
					it.Problem = ProblemReport
				}
				e.Items = append(e.Items, it)
			}
			return nil
		}
		return invalid(fault.Validation, ProblemReport, "report is neither a JSON object nor a list")
	})
	for i := range e.Items {
		e.Items[i].ContentType = d.ContentType
	}
	return e, err
}

// decodeCheckIn makes one check_in item of the path, the query and a JSON body. The query wins over the body.
func decodeCheckIn(params map[string]string, body []byte, l Limits) (Envelope, error) {
	fields := map[string]json.RawMessage{}
	if body = bytes.TrimSpace(body); len(body) > 0 {
		if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
			return Envelope{}, invalid(fault.Validation, ProblemJSON, "check-in is not a JSON object")
		}
	}
	for _, k := range []string{"status", "check_in_id", "environment", "release"} {
		if v := params[k]; v != "" {
			fields[k] = appendJSON(nil, v)
		}
	}
	if d, err := strconv.ParseFloat(params["duration"], 64); err == nil && d >= 0 && d < 1e12 {
		fields["duration"] = appendJSON(nil, d)
	}
	fields["monitor_slug"] = appendJSON(nil, params["slug"])
	return Envelope{Items: []Item{l.item("check_in", appendJSON(nil, fields))}}, nil
}
