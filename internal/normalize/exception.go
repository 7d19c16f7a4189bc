package normalize

import (
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// exceptions reads the chain of exceptions.
func (r *reader) exceptions() {
	list := r.elements("exception", r.sent.exception)
	n := 0
	for k := list; len(k) > 0; k = k.rest() {
		if says(k.first()) {
			n++
		}
	}
	if n == 0 {
		return
	}
	most := r.limits.Exceptions
	cut := max(n-most, 0) // as many in the middle are left out: the root cause and what was caught tell the most
	r.e.Exceptions = make([]event.Exception, 0, n-cut)
	r.enter("exception")
	r.enterAt(0)
	i := 0
	for k := list; len(k) > 0; k = k.rest() {
		v := k.first()
		if !says(v) {
			r.invalid("", v)
			continue
		}
		if i < most/2 || i >= most/2+cut {
			r.at(len(r.e.Exceptions))
			r.e.Exceptions = append(r.e.Exceptions, event.Exception{})
			r.exception(&r.e.Exceptions[len(r.e.Exceptions)-1], v)
		}
		i++
	}
	r.leave()
	r.leave()
	if cut > 0 {
		r.dropped("exception", n-cut, n)
	}
}

// says reports whether an element of the chain is an exception: an object with anything in it, or a bare text.
func says(v value) bool {
	if v.kind() == event.String {
		return v[0].text != ""
	}
	if v.kind() != event.Object {
		return false
	}
	for k := v.kids(); len(k) > 0; k = k.rest() {
		if !k.first().empty() {
			return true
		}
	}
	return false
}

func (r *reader) exception(x *event.Exception, v value) {
	if v.kind() == event.String {
		x.Value = r.short("value", v, r.limits.MessageChars)
	}
	var trace value
	for k := v.kids(); v.kind() == event.Object && len(k) > 0; k = k.rest() {
		switch v := k.first(); k[0].key {
		case "type":
			x.Type = r.word("type", v, maxType)
		case "value":
			x.Value = r.short("value", v, r.limits.MessageChars)
		case "module":
			x.Module = r.short("module", v, maxFunction)
		case "thread_id":
			x.ThreadID = r.short("thread_id", v, maxIdentity)
		case "mechanism":
			x.Mechanism = r.mechanism(v)
		case "stacktrace":
			trace = v
		}
	}
	x.Stacktrace = r.stacktrace("stacktrace", trace)
	if x.Type == "" {
		x.Type, x.Value = splitType(x.Value)
	}
}

// splitType takes the type off a value such as "TypeError: x is undefined". It wants the blank behind the colon: a URL
// has none.
func splitType(s string) (typ, rest string) {
	head, tail, ok := strings.Cut(s, ": ")
	if !ok || head == "" || len(head) > maxType || !only(head, isTypeName) || head[0] >= '0' && head[0] <= '9' {
		return "", s
	}
	return head, strings.TrimSpace(tail)
}

func isTypeName(c byte) bool { return isDist(c) && c != '-' || c == '$' || c >= 0x80 }

// mechanism reads how an exception was caught. A bare text is its type.
func (r *reader) mechanism(v value) *event.Mechanism {
	if v.empty() {
		return nil
	}
	r.enter("mechanism")
	defer r.leave()
	m := new(event.Mechanism)
	if v.kind() == event.String {
		m.Type = r.word("type", v, maxName)
		return m
	}
	if v.kind() != event.Object {
		r.invalid("", v)
		return nil
	}
	for k := v.kids(); len(k) > 0; k = k.rest() {
		switch v := k.first(); k[0].key {
		case "type":
			m.Type = r.word("type", v, maxName)
		case "handled":
			// Only a literal false makes an issue unhandled, so nothing else is taken for one.
			if v.kind() == event.Bool {
				m.Handled = r.bool(v[0].text == "true")
			} else {
				r.invalid("handled", v)
			}
		case "synthetic":
			m.Synthetic = r.flag("synthetic", v)
		case "exception_id":
			m.ID = r.number("exception_id", v)
		case "parent_id":
			m.ParentID = r.number("parent_id", v)
		case "is_exception_group":
			m.IsGroup = r.flag("is_exception_group", v)
		case "source":
			m.Source = r.short("source", v, maxServer)
		case "description":
			m.Description = r.short("description", v, r.limits.MessageChars)
		case "help_link":
			m.HelpLink = r.short("help_link", v, maxPath)
		case "data":
			m.Data = r.object("data", v, r.limits.ContextBytes, depthOther)
		case "meta":
			m.Meta = r.object("meta", v, r.limits.ContextBytes, depthOther)
		case "mach_exception", "posix_signal": // where cocoa SDKs before 2018 put what is in meta now
			m.Meta = append(m.Meta, r.legacyMeta(k[0].key, v)...)
		}
	}
	r.nameMeta(m.Meta)
	return m
}

func (r *reader) legacyMeta(name string, v value) event.Map {
	m := r.object("meta", v, r.limits.ContextBytes, depthOther)
	if m == nil {
		return nil
	}
	if name == "posix_signal" {
		name = "signal"
		for i := range m {
			if m[i].Key == "signal" {
				m[i].Key = "number"
			}
		}
	}
	return event.Map{{Key: name, Value: event.Value{Kind: event.Object, Map: m}}}
}

// number reads an exception id; nil when there is none.
func (r *reader) number(name string, v value) *int {
	n, ok := integer(v)
	if !ok {
		r.invalid(name, v)
		return nil
	}
	i := int(n)
	return &i
}
