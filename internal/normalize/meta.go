package normalize

import (
	"github.com/seismohq/seismo/internal/event"
)

// meta keeps what SDKs and proxies say they did to the event before it came here: a tree that mirrors the payload, in
// which the key "" holds {"rem": [[rule, kind, from, to]], "err": […], "len": n}.
func (r *reader) meta(v value) {
	if v.kind() != event.Object {
		r.invalid("_meta", v)
		return
	}
	r.path = r.path[:0]
	r.metaTree(v)
}

func (r *reader) metaTree(v value) {
	if v.kind() != event.Object || r.full(len(r.e.Remarks)) {
		return
	}
	for k := v.kids(); len(k) > 0; k = k.rest() {
		switch key := k[0].key; key {
		case "":
			r.metaNote(k.first())
		case "values": // our lists have no wrapper
			r.metaTree(k.first())
		default:
			r.enter(key)
			r.metaTree(k.first())
			r.leave()
		}
	}
}

func (r *reader) metaNote(v value) {
	length, _ := integer(v.get("len"))
	if length < 0 || length > 1<<31 {
		length = 0
	}
	noted := false
	for k := r.remarks(v.get("rem")); len(k) > 0 && !r.full(len(r.e.Remarks)); k = k.rest() {
		m := event.Remark{Path: r.where(""), Kind: annotated, Len: int(length)}
		i := 0
		for part := k.first().kids(); len(part) > 0; part = part.rest() {
			switch v := part.first(); i {
			case 0:
				m.Rule, _ = cutText(text(v), maxName)
			case 1:
				if kind := text(v); len(kind) == 1 {
					m.Kind = kind
				}
			case 2:
				m.From = place(v)
			case 3:
				m.To = place(v)
			}
			i++
		}
		if m.Rule != "" {
			r.remark(m)
			noted = true
		}
	}
	for k := r.remarks(v.get("err")); len(k) > 0 && !r.full(len(r.e.Errors)); k = k.rest() {
		el := k.first() // a word, or a word and details
		p := event.Problem{Type: problemInvalid, Name: r.where("")}
		if el.kind() == event.List && el[0].kids > 0 {
			el = el.kids().first()
		}
		if s := text(el); s != "" {
			p.Type, _ = cutText(s, maxName)
		}
		r.e.Errors = append(r.e.Errors, p)
	}
	if !noted && length > 0 {
		r.remark(event.Remark{Path: r.where(""), Rule: ruleLimit, Kind: substituted, Len: int(length)})
	}
}

// annotated is the kind of a remark that changed nothing.
const annotated = "a"

func (r *reader) remarks(v value) values {
	if v.kind() != event.List {
		return nil
	}
	return v.kids()
}

// place reads one end of a range of bytes.
func place(v value) int {
	if n, ok := integer(v); ok && n >= 0 && n < 1<<31 {
		return int(n)
	}
	return 0
}

// sentProblems reads what the SDK already had to say about the event.
func (r *reader) sentProblems() {
	for k := r.elements("errors", r.sent.errors); len(k) > 0; k = k.rest() {
		v := k.first()
		if v.kind() != event.Object || v.empty() || r.full(len(r.e.Errors)) {
			r.invalid("errors", v)
			continue
		}
		p := event.Problem{
			Type: r.short("errors", v.get("type"), maxLogger), Name: r.short("errors", v.get("name"), maxServer),
			Value: r.short("errors", v.get("value"), maxServer),
		}
		if p.Type == "" {
			p.Type = problemInvalid
		}
		r.e.Errors = append(r.e.Errors, p)
	}
}
