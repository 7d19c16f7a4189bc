package grouping

import (
	"strconv"
	"unicode/utf8"

	"github.com/seismohq/seismo/internal/event"
)

// Names of components in explanations, for those who show them.
const (
	partException   = "exception"
	partChain       = "exceptions"
	partType        = "type"
	partValue       = "value"
	partNSError     = "ns_error"
	partStacktrace  = "stacktrace"
	partFrame       = "frame"
	partModule      = "module"
	partFilename    = "filename"
	partFunction    = "function"
	partContextLine = "context_line"
	partMessage     = "message"
	partFingerprint = "fingerprint"
	partDefault     = "default"
)

const (
	maxHint  = 200 // bytes of a hint
	maxShown = 512 // bytes of a value that an explanation repeats
)

// explainer hands out memory for explanations in chunks: a tree of hundreds of small parts costs a few allocations.
type explainer struct {
	comps []event.Component
	texts []string
}

// list returns n components, all zero.
func (x *explainer) list(n int) []event.Component {
	if n == 0 {
		return nil
	}
	if len(x.comps)+n > cap(x.comps) {
		x.comps = make([]event.Component, 0, max(n, 48))
	}
	at := len(x.comps)
	x.comps = x.comps[:at+n]
	return x.comps[at : at+n : at+n]
}

// text returns a list of one value, cut to what is worth showing.
func (x *explainer) text(s string) []string {
	if len(x.texts) == cap(x.texts) {
		x.texts = make([]string, 0, 48)
	}
	at := len(x.texts)
	x.texts = append(x.texts, clip(s, maxShown))
	return x.texts[at : at+1 : at+1]
}

// leaf is a component that counts with one value.
func (x *explainer) leaf(name, value, hint string) event.Component {
	return event.Component{Name: name, Contributes: true, Hint: hint, Values: x.text(value)}
}

// idle is a component that does not count.
func idle(name, hint string) event.Component { return event.Component{Name: name, Hint: hint} }

// parts explains the attributes of a frame that counts.
func (x *explainer) parts(in *frameInfo) []event.Component {
	list := x.list(4)
	n := 0
	for _, p := range [...]struct {
		name string
		part *part
	}{{partModule, &in.module}, {partFilename, &in.filename}, {partFunction, &in.function}, {partContextLine, &in.context}} {
		switch {
		case p.part.value != "":
			list[n] = event.Component{Name: p.name, Contributes: true, Hint: p.part.hint, Values: x.text(p.part.value)}
		case p.part.hint == "", p.part == &in.filename && in.function.value != "":
			continue // that a file does not count beside a function is nothing special
		default:
			list[n] = event.Component{Name: p.name, Hint: p.part.hint}
		}
		n++
	}
	x.comps = x.comps[:len(x.comps)-4+n] // nothing was handed out since
	return list[:n:n]
}

// frames folds n neighbouring frames that do not count for the same reason.
func frames(n int, why string) event.Component {
	if n > 1 {
		why = strconv.Itoa(n) + " frames: " + why
	}
	return event.Component{Name: partFrame, Hint: why}
}

// clip cuts a text to at most n bytes and an ellipsis, between characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
