package envelope

import (
	"bytes"
	"log/slog"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fastjson"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/outcome"
)

// Parse reads an envelope.
//
// It returns an error only when nothing of it can be used: Validation for a header line that is no JSON object and for an
// envelope that was cut off within its first item, TooLarge for a header line over 64 KiB. The envelope returned with an
// error holds what was received and is lost. Everything else that is wrong concerns one item and stands in its Problem;
// items of types we do not know are no problem at all. An envelope without items is valid.
func Parse(b []byte, l Limits) (Envelope, error) {
	var e Envelope
	err := e.parse(b, l, true)
	return e, err
}

// Frame is Parse for the door: it fills only what admission needs (EventID, DSN, Raw and Items) and uses the memory that
// e.Items already has.
func (e *Envelope) Frame(b []byte, l Limits) error {
	*e = Envelope{Items: e.Items[:0]}
	return e.parse(b, l, false)
}

// invalid returns an error that carries its reason slug. It has no stack: it is made for what others sent.
func invalid(c fault.Code, reason, msg string) error {
	return fault.With(fault.New(c, msg, slog.String("reason", reason)), fault.NoStack)
}

// Reason returns the reason slug of an error from this package, for its outcome; "invalid" when it carries none.
func Reason(err error) string {
	for a := range fault.Attrs(err) {
		if a.Key == "reason" {
			return a.Value.String()
		}
	}
	return "invalid"
}

func (e *Envelope) parse(b []byte, l Limits, full bool) error {
	p := parsers.Get().(*fastjson.Parser)
	line, rest, _ := cutLine(b)
	defer func() {
		// A parser keeps memory for as many values as it has seen: one that met a huge header is not kept.
		if len(line) <= 8<<10 {
			parsers.Put(p)
		}
	}()
	if len(line) > maxHeaderLine {
		return invalid(fault.TooLarge, ProblemTooLarge, "envelope header is too long")
	}
	e.Raw = line
	o, err := parseObject(p, line)
	if err != nil {
		return invalid(fault.Validation, ProblemHeader, "envelope header is not a JSON object")
	}
	e.readHeader(o, full)

	f := framer{limits: l, parser: p, full: full, items: e.Items}
	for len(rest) > 0 && !f.done {
		rest = f.next(rest)
	}
	e.Items = f.items
	if f.complete == 0 && len(e.Items) > 0 {
		if last := e.Items[len(e.Items)-1]; last.Problem == ProblemTruncated {
			return invalid(fault.Validation, ProblemTruncated, "envelope is cut off within its first item")
		}
		return invalid(fault.Validation, ProblemItemHeader, "header of the first item is not a JSON object")
	}
	return nil
}

var parsers = sync.Pool{New: func() any { return new(fastjson.Parser) }}

// cutLine cuts b after its first line. The line comes without "\n" and surrounding blanks; only "\n" ends a line.
func cutLine(b []byte) (line, rest []byte, ended bool) {
	line, rest, ended = bytes.Cut(b, newline)
	return bytes.Trim(line, " \t\r"), rest, ended
}

var newline = []byte{'\n'}

func parseObject(p *fastjson.Parser, line []byte) (*fastjson.Object, error) {
	v, err := p.ParseBytes(line)
	if err != nil {
		return nil, err
	}
	return v.Object()
}

// readHeader takes the known keys. A key whose value cannot be used is as good as absent.
func (e *Envelope) readHeader(o *fastjson.Object, full bool) {
	if id, err := event.ParseID(stringOf(o.Get("event_id"))); err == nil {
		e.EventID = id
	}
	e.DSN = stringOf(o.Get("dsn"))
	if !full {
		return
	}
	e.SentAt = parseTime(stringOf(o.Get("sent_at")))
	if sdk := o.Get("sdk"); sdk != nil {
		e.SDK = SDK{Name: stringOf(sdk.Get("name")), Version: stringOf(sdk.Get("version"))}
	}
	v := o.Get("trace")
	if v == nil {
		return
	}
	trace, err := v.Object()
	if err != nil || trace.Len() == 0 {
		return
	}
	trace.Visit(func(key []byte, v *fastjson.Value) {
		if s := stringOf(v); s != "" {
			if e.Trace == nil {
				e.Trace = make(map[string]string, trace.Len())
			}
			e.Trace[strings.ToValidUTF8(string(key), "\uFFFD")] = s
		}
	})
}

// framer cuts items off an envelope's rest.
type framer struct {
	limits Limits
	parser *fastjson.Parser
	full   bool
	items  []Item

	done     bool
	complete int // items whose framing was whole
	sessions int
	hasEvent bool
}

// next reads one item, or a blank line in its place, and returns what follows.
func (f *framer) next(b []byte) []byte {
	line, rest, _ := cutLine(b)
	if len(line) == 0 {
		return rest
	}
	if len(f.items) >= f.limits.items() {
		f.stop(ProblemTooMany, b)
		return nil
	}
	if len(line) > maxHeaderLine {
		f.stop(ProblemItemHeader, b)
		return nil
	}
	o, err := parseObject(f.parser, line)
	if err != nil {
		f.stop(ProblemItemHeader, b)
		return nil
	}
	f.items = append(f.items, Item{Headers: line})
	it := &f.items[len(f.items)-1]
	kind := f.readItemHeader(it, o)

	n, framed := length(o.Get("length"))
	if !framed {
		it.Payload, rest, _ = bytes.Cut(rest, newline)
		if kind.JSON {
			it.Payload = bytes.TrimSuffix(it.Payload, []byte{'\r'})
		}
	} else {
		// After the announced bytes there must be a line's end or that of the envelope. If not, nobody knows where the next
		// item begins. Upstream refuses the whole envelope then; we keep what was whole.
		if n > uint64(len(rest)) || n < uint64(len(rest)) && rest[n] != '\n' {
			it.Payload, it.Problem = rest, ProblemTruncated
			f.done = true
			return nil
		}
		it.Payload, rest = rest[:n], rest[n:]
		if len(rest) > 0 {
			rest = rest[1:]
		}
	}
	f.complete++
	f.check(it, kind)
	return rest
}

// stop ends the framing: what is left counts as one item with this problem.
func (f *framer) stop(problem string, rest []byte) {
	f.items = append(f.items, Item{Category: outcome.Unknown, Payload: rest, Problem: problem})
	f.done = true
}

func (f *framer) readItemHeader(it *Item, o *fastjson.Object) *Kind {
	kind := kindOf[""]
	if t := o.Get("type"); t != nil {
		if s, err := t.StringBytes(); err == nil {
			kind = kindOf[string(s)] // no copy of the name of a known type
		}
		if kind == nil {
			it.Type = stringOf(t)
		}
	}
	if kind == nil {
		k, _ := KindOf(it.Type)
		kind = &k
	}
	it.Type, it.Category = kind.Type, kind.Category
	if f.full || kind.limit == limitAttachment {
		it.Filename = stringOf(o.Get("filename"))
		it.ContentType = stringOf(o.Get("content_type"))
		it.AttachmentType = stringOf(o.Get("attachment_type"))
		if n, ok := length(o.Get("item_count")); ok && n <= math.MaxInt32 {
			it.ItemCount = int(n)
		}
	}
	return kind
}

// check finds what is wrong with an item whose framing is whole.
func (f *framer) check(it *Item, kind *Kind) {
	if len(it.Payload) > f.limits.Payload(*kind) {
		it.Problem = ProblemTooLarge
		return
	}
	switch it.Type {
	case "event", "transaction":
		// An envelope carries one of them. Upstream refuses others; we take the first.
		if f.hasEvent {
			it.Problem = ProblemDuplicate
		}
		f.hasEvent = true
	case "session":
		if f.sessions++; f.sessions > maxSessions {
			it.Problem = ProblemTooMany
		}
	}
}

// length reads a count of bytes or items: a whole number of 0 or more, also as a string. ok is false for anything else,
// which is then as good as absent.
func length(v *fastjson.Value) (n uint64, ok bool) {
	if v == nil {
		return 0, false
	}
	switch v.Type() {
	case fastjson.TypeNumber:
		f, err := v.Float64()
		if err != nil || f < 0 || f != math.Trunc(f) || f > 1<<53 {
			return 0, false
		}
		return uint64(f), true
	case fastjson.TypeString:
		s, _ := v.StringBytes()
		if len(s) == 0 || len(s) > 15 {
			return 0, false
		}
		for _, c := range s {
			if c < '0' || c > '9' {
				return 0, false
			}
			n = n*10 + uint64(c-'0')
		}
		return n, true
	}
	return 0, false
}

// stringOf returns the text of a string, number or boolean as valid UTF-8; "" for anything else.
func stringOf(v *fastjson.Value) string {
	if v == nil {
		return ""
	}
	switch v.Type() {
	case fastjson.TypeString:
		s, _ := v.StringBytes()
		return strings.ToValidUTF8(string(s), "\uFFFD")
	case fastjson.TypeNumber, fastjson.TypeTrue, fastjson.TypeFalse:
		return string(v.MarshalTo(nil))
	}
	return ""
}

// parseTime reads RFC 3339 with any offset and up to nine digits of a second, also without offset (then it is UTC).
// Anything else is the zero time.
func parseTime(s string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		// Years at the edge become unwritable when moved to UTC.
		if t, err := time.Parse(layout, s); err == nil && t.Year() > 0 && t.Year() < 9999 {
			return t.UTC()
		}
	}
	return time.Time{}
}
