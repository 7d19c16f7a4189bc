package fault

import (
	"encoding/json"
	"log/slog"
	"strings"
)

// maxProblem bounds what Parse reads of a document: a problem is small, and what is larger comes from something else.
const maxProblem = 64 << 10

// Parse is the client's side of RFC 9457: it returns the error a problem document describes, with its code, status, public
// message and field errors, so that errors.Is(err, fault.NotFound) works across the wire. It always returns an error.
//
// A document without a code gets the one that fits its status. What is not a problem document gives an [Internal] error.
// Note that the text is public again when the error is passed on to another client: at a boundary where the remote's
// answer is not ours, wrap it in [With] and [WithCode]. Bodies over 64 KiB are not read.
func Parse(problem []byte) error {
	var p struct {
		Title  string          `json:"title"`
		Status int             `json:"status"`
		Detail string          `json:"detail"`
		Code   string          `json:"code"`
		Errors json.RawMessage `json:"errors"`
	}
	bad := func(msg string) error {
		return &Error{code: Internal, msg: msg, attrs: []slog.Attr{slog.Int("size", len(problem))}, more: callers(2).alone()}
	}
	if len(problem) > maxProblem {
		return bad("problem document too large")
	}
	if err := json.Unmarshal(problem, &p); err != nil {
		return bad("malformed problem document")
	}
	e := &Error{code: Code(p.Code), msg: p.Detail, more: &extra{template: "remote problem", stack: callers(1)}}
	if p.Status >= 400 && p.Status <= 599 {
		e.more.status = p.Status
	}
	if !validCode(p.Code) {
		if e.more.status == 0 {
			return bad("not a problem document")
		}
		e.code = CodeForStatus(p.Status)
	}
	// Other servers put other things under "errors", which is no member of the RFC: then there are no fields.
	if json.Unmarshal(p.Errors, &e.more.fields) != nil {
		e.more.fields = nil
	}
	if strings.TrimSpace(e.msg) == "" {
		e.msg = p.Title
	}
	if e.msg != "" && !e.code.Registered() {
		e.more.public, e.more.hasPublic = e.msg, InfoOf(e).Status < 500
	}
	return e
}
