package fault

import (
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/seismohq/seismo/fault/internal/jsonenc"
)

// Record is the full internal form of an error: everything a log, an error tracker or an operator can use, nothing a client
// may see.
type Record struct {
	Code        Code
	Status      int
	Level       slog.Level
	Message     string // the internal text
	Public      string // what clients see
	Type        string // Go type of the root cause
	Fingerprint string
	Hint        string
	RetryAfter  time.Duration
	Chain       []string // messages layer by layer, outermost first
	Attrs       []slog.Attr
	Fields      []FieldError
	Panic       bool
	Stack       *Stack
}

// Report returns the internal form of err; the zero Record for nil.
func Report(err error) Record {
	if err == nil {
		return Record{}
	}
	info := InfoOf(err)
	r := Record{
		Code:        CodeOf(err),
		Status:      info.Status,
		Level:       info.Level,
		Message:     err.Error(),
		Public:      PublicMessage(err),
		Fingerprint: FingerprintOf(err),
		Hint:        HintOf(err),
		Attrs:       slices.Collect(Attrs(err)),
		Fields:      Fields(err),
		Stack:       StackOf(err),
	}
	r.RetryAfter, _ = RetryAfterOf(err)
	for e := err; e != nil; {
		root := e
		var msg string
		switch x := e.(type) {
		case *Error:
			msg, e = x.msg, x.cause
		case *Wrapped:
			msg, e = x.msg, x.cause
		case *PanicError:
			r.Panic = true
			msg, e = x.Error(), x.Unwrap()
		case interface{ Unwrap() error }:
			msg, e = e.Error(), x.Unwrap()
		default:
			msg, e = e.Error(), nil
		}
		if msg != "" {
			r.Chain = append(r.Chain, msg)
		}
		r.Type = typeName(root)
	}
	return r
}

// MarshalJSON returns the one JSON schema of internal reports: code, status, level, message, public, type, fingerprint,
// hint, retry_after_ms, chain, attrs, fields, panic, stack; what is empty is left out.
func (r Record) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil), nil }

// AppendJSON appends the JSON form to b.
func (r Record) AppendJSON(b []byte) []byte {
	str := func(key, v string) {
		if v != "" {
			b = append(b, `,"`+key+`":`...)
			b = jsonenc.AppendString(b, v)
		}
	}
	b = append(b, `{"code":`...)
	b = jsonenc.AppendString(b, string(r.Code))
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(r.Status), 10)
	str("level", r.Level.String())
	str("message", r.Message)
	str("public", r.Public)
	str("type", r.Type)
	str("fingerprint", r.Fingerprint)
	str("hint", r.Hint)
	if r.RetryAfter > 0 {
		b = append(b, `,"retry_after_ms":`...)
		b = strconv.AppendInt(b, r.RetryAfter.Milliseconds(), 10)
	}
	if len(r.Chain) > 1 {
		b = append(b, `,"chain":[`...)
		for i, m := range r.Chain {
			if i > 0 {
				b = append(b, ',')
			}
			b = jsonenc.AppendString(b, m)
		}
		b = append(b, ']')
	}
	if len(r.Attrs) > 0 {
		b = append(b, `,"attrs":`...)
		b = jsonenc.AppendAttrs(b, r.Attrs)
	}
	if len(r.Fields) > 0 {
		b = append(b, `,"fields":`...)
		b = appendFields(b, r.Fields)
	}
	if r.Panic {
		b = append(b, `,"panic":true`...)
	}
	if r.Stack != nil {
		b = append(b, `,"stack":`...)
		b = r.Stack.AppendJSON(b)
	}
	return append(b, '}')
}

// MarshalJSON returns the public form, a problem document of RFC 9457 with the members type, title, status, detail, code and
// errors. It holds nothing internal, so an error that strays into a response does no harm.
func (e *Error) MarshalJSON() ([]byte, error) { return appendPublic(nil, e), nil }

// MarshalJSON returns the public form, as for *[Error].
func (w *Wrapped) MarshalJSON() ([]byte, error) { return appendPublic(nil, w), nil }

// MarshalJSON returns the public form, as for *[Error].
func (p *PanicError) MarshalJSON() ([]byte, error) { return appendPublic(nil, p), nil }

func appendPublic(b []byte, err error) []byte {
	info := InfoOf(err)
	b = append(b, '{')
	if info.TypeURI != "" {
		b = append(b, `"type":`...)
		b = append(jsonenc.AppendString(b, info.TypeURI), ',')
	}
	b = append(b, `"title":`...)
	b = jsonenc.AppendString(b, info.Title)
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(info.Status), 10)
	if d := PublicMessage(err); d != info.Title {
		b = append(b, `,"detail":`...)
		b = jsonenc.AppendString(b, d)
	}
	b = append(b, `,"code":`...)
	b = jsonenc.AppendString(b, string(CodeOf(err)))
	if f := Fields(err); len(f) > 0 && info.Status < 500 {
		b = append(b, `,"errors":`...)
		b = appendFields(b, f)
	}
	return append(b, '}')
}
