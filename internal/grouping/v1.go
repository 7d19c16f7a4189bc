package grouping

import (
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// outcome is what the winning strategy makes of an event.
type outcome struct {
	strategy string
	uses     [variants]bool
	bytes    [variants][]byte
	shown    [variants]event.Component
	quality  string
}

const (
	strategyThreads    = "threads"
	strategyStacktrace = "stacktrace"
	strategyTemplate   = "template"
	strategySecurity   = "security"
	strategyMessage    = "message"
	strategyFallback   = "fallback"
	strategyChecksum   = "checksum"

	qualityLow = "low"

	nameCustom   = "custom"
	nameFallback = "fallback"
)

// group computes the keys of an event by version 1.
func (w *work) group() event.Grouping {
	g := event.Grouping{Algorithm: V1}
	f := w.fingerprint()
	g.Title = f.title
	if len(f.parts) > 0 && !f.automatic() && !f.mixed() {
		b, shown := w.custom(&f)
		g.Strategy = strategyFingerprint
		g.Keys = []event.Key{keyOf(b)}
		g.Variants = []event.Variant{{Name: nameCustom, Key: g.Keys[0], Component: shown}}
		return g
	}
	var out outcome
	w.automatic(&out)
	g.Strategy, g.Quality = out.strategy, out.quality
	g.Keys = make([]event.Key, 0, variants)
	g.Variants = make([]event.Variant, 0, variants)
	for v := range variants {
		if !out.uses[v] {
			continue
		}
		b, shown := out.bytes[v], out.shown[v]
		if f.mixed() {
			g.Strategy = strategyFingerprint
			b, shown = w.splice(&f, b, shown)
		}
		k := keyOf(b)
		if len(g.Keys) > 0 && g.Keys[0] == k {
			continue // all frames are in app, or there are none
		}
		name := variantNames[v]
		switch out.strategy {
		case strategyFallback:
			name = nameFallback
		case strategyChecksum:
			name = nameCustom
		}
		g.Keys = append(g.Keys, k)
		g.Variants = append(g.Variants, event.Variant{Name: name, Key: k, Component: shown})
	}
	return g
}

// automatic takes the first strategy that has something to say.
func (w *work) automatic(out *outcome) {
	w.joined = w.joined[:0]
	switch {
	case w.checksum(out):
	case w.exceptions(out):
	case w.threads(out):
	case w.stacktrace(out):
	case w.template(out):
	case w.security(out):
	case w.message(out):
	default:
		w.fallback(out)
	}
	for v := range variants {
		if out.uses[v] {
			b := appendText(make([]byte, 0, len(out.bytes[v])+16), tagStrategy, out.strategy)
			out.bytes[v] = append(b, out.bytes[v]...)
		}
	}
}

// single makes an outcome whose variants do not differ.
func (out *outcome) single(strategy string, b []byte, shown event.Component) {
	out.strategy = strategy
	out.uses[variantApp] = true
	out.bytes[variantApp] = b
	out.shown[variantApp] = shown
}

// checksum is the explicit hash of old clients.
func (w *work) checksum(out *outcome) bool {
	sum := w.event.Checksum
	if sum == "" {
		return false
	}
	out.single(strategyChecksum, appendText(nil, tagText, sum), w.explain.leaf(strategyChecksum, sum, "sent by the client"))
	return true
}

// threads groups by the thread that crashed.
func (w *work) threads(out *outcome) bool {
	t := crashedThread(w.event.Threads)
	return t != nil && w.ofTrace(out, strategyThreads, t.Stacktrace)
}

// crashedThread is the one thread that crashed, or is current, or has frames at all; nil when that is not one.
func crashedThread(threads []event.Thread) *event.Thread {
	for _, is := range [...]func(*event.Thread) bool{
		func(t *event.Thread) bool { return t.Crashed },
		func(t *event.Thread) bool { return t.Current },
		func(t *event.Thread) bool { return t.Stacktrace != nil && len(t.Stacktrace.Frames) > 0 },
	} {
		var found *event.Thread
		n := 0
		for i := range threads {
			if is(&threads[i]) {
				found = &threads[i]
				n++
			}
		}
		if n == 1 && found.Stacktrace != nil {
			return found
		}
		if n == 1 {
			return nil
		}
	}
	return nil
}

func (w *work) stacktrace(out *outcome) bool {
	return w.ofTrace(out, strategyStacktrace, w.event.Stacktrace)
}

// ofTrace groups by one stack trace without exception.
func (w *work) ofTrace(out *outcome, strategy string, st *event.Stacktrace) bool {
	t := w.build(st, nil)
	if !t.picked[variantSystem].counts() {
		return false
	}
	out.strategy = strategy
	for v := range variants {
		if !t.picked[v].counts() {
			continue
		}
		start := len(w.joined)
		w.joined = w.digest(w.joined, &t, v)
		out.uses[v] = true
		out.bytes[v] = w.joined[start:]
		out.shown[v] = w.explainTrace(&t, v)
	}
	if w.allUnnamed(&t) {
		out.quality = qualityLow
	}
	return true
}

// template groups by the place in a template that could not be rendered, which old clients send beside the error.
func (w *work) template(out *outcome) bool {
	f := w.event.Template
	if f == nil {
		return false
	}
	file, line := orText(f.Filename, f.AbsPath), evenBlanks(f.ContextLine)
	if file == "" && line == "" {
		return false
	}
	file = lowerASCII(baseName(file))
	shown := event.Component{Name: strategyTemplate, Contributes: true, Components: []event.Component{
		w.explain.leaf(partFilename, file, ""), w.explain.leaf(partContextLine, line, ""),
	}}
	out.single(strategyTemplate, appendText(appendText(nil, tagFilename, file), tagContext, line), shown)
	return true
}

// message groups by a log message: its template where there is one.
func (w *work) message(out *outcome) bool {
	m := w.event.Message
	if m == nil {
		return false
	}
	text, hint := m.Template, "the template, without its parameters"
	if text == "" || m.Formatted != "" && !hasWords(text) {
		text, hint = m.Formatted, ""
	}
	clean := parameterize(text)
	if clean == "" {
		return false
	}
	if clean != text {
		hint = hintReplaced
	} else if m.Formatted == "" || text != m.Template {
		hint = ""
	}
	out.single(strategyMessage, appendText(nil, tagText, digestValue(clean)), w.explain.leaf(partMessage, clean, hint))
	return true
}

// hasWords reports whether a template says anything beside its placeholders: "%s" and "{}: {}" do not.
func hasWords(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '%':
			if i+1 < len(s) && s[i+1] == '(' {
				end := strings.IndexByte(s[i:], ')')
				if end < 0 {
					return true
				}
				i += end
			}
			i++ // the verb
			for i < len(s) && (isDigit(s[i]) || strings.IndexByte("+-#.*", s[i]) >= 0) {
				i++
			}
		case c == '{':
			end := strings.IndexByte(s[i:], '}')
			if end < 0 {
				return true
			}
			i += end
		case isLetter(c) || c >= 0x80:
			return true
		}
	}
	return false
}

// fallback puts everything of one type that says nothing into one issue of the project.
func (w *work) fallback(out *outcome) {
	kind := string(w.event.Type)
	if kind == "" {
		kind = string(event.TypeDefault)
	}
	out.single(strategyFallback, appendText(nil, tagText, kind), w.explain.leaf("type", kind, "nothing else is known about the event"))
	out.quality = qualityLow
}
