package grouping

import (
	"strings"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/event"
)

// FingerprintRule is one line of fingerprint rules: which events it means, and the fingerprint they get.
//
//	matcher:pattern …  ->  part, "part with blanks", {{ variable }}   title="text with {{ variables }}"
//
// Matchers are type, value (also error.type, error.value), message, logger, level, tags.<key>, release, sdk, family;
// function, module, path, package (also stack.…), app; thread.id, thread.name, thread.state, thread.crashed,
// thread.current. "!" negates. Matchers about exceptions must all hold for the same exception, those about frames for the
// same frame, those about threads for the same thread.
type FingerprintRule struct {
	Line  int      // of the text, from 1
	Parts []string // the fingerprint as written, variables not filled in
	Title string   // as written; "" for none

	matchers [subjects][]fingerprintMatcher
	parts    []template
	title    template
	sources  []matcherText
	hint     string
}

// subject is what a matcher looks at. The cheap ones come first.
type subject uint8

const (
	subjectEvent subject = iota
	subjectException
	subjectThread
	subjectFrame
	subjects
)

// fingerprintMatcher is one condition on an event or on a part of it.
type fingerprintMatcher struct {
	key    string // normalised: error.type is type
	negate bool
	want   bool // of the matchers that take yes or no
	words  []string
	fams   family
	glob   glob
}

// fingerprintKeys says what each matcher looks at, and how it compares.
var fingerprintKeys = map[string]struct {
	key     string
	subject subject
	mode    globMode
}{
	"type": {"type", subjectException, globText}, "error.type": {"type", subjectException, globText},
	"value": {"value", subjectException, globTextFold}, "error.value": {"value", subjectException, globTextFold},
	"message": {"message", subjectEvent, globTextFold}, "logger": {"logger", subjectEvent, globText},
	"level": {"level", subjectEvent, globTextFold}, "release": {"release", subjectEvent, globPath},
	"sdk": {"sdk", subjectEvent, globText}, "family": {"family", subjectEvent, globText},
	"function": {"function", subjectFrame, globText}, "stack.function": {"function", subjectFrame, globText},
	"module": {"module", subjectFrame, globText}, "stack.module": {"module", subjectFrame, globText},
	"path": {"path", subjectFrame, globPath}, "stack.abs_path": {"path", subjectFrame, globPath},
	"package": {"package", subjectFrame, globPath}, "stack.package": {"package", subjectFrame, globPath},
	"app":       {"app", subjectFrame, globText},
	"thread.id": {"thread.id", subjectThread, globTextFold}, "thread.name": {"thread.name", subjectThread, globTextFold},
	"thread.state":   {"thread.state", subjectThread, globTextFold},
	"thread.crashed": {"thread.crashed", subjectThread, globText}, "thread.current": {"thread.current", subjectThread, globText},
}

// ParseFingerprintRules reads fingerprint rules, one a line; lines that begin with "#" are comments. Errors: Validation
// that wraps a *RuleError.
func ParseFingerprintRules(text string) ([]FingerprintRule, error) {
	return parseFingerprintRules(text, "rule ")
}

func parseFingerprintRules(text, hint string) ([]FingerprintRule, error) {
	var rules []FingerprintRule
	err := ruleLines(text, func(c *cursor) error {
		r, err := parseFingerprintRule(c)
		if err != nil {
			return err
		}
		r.hint = hint + clip(r.String(), maxHint)
		rules = append(rules, r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return rules, nil
}

func parseFingerprintRule(c *cursor) (FingerprintRule, error) {
	r := FingerprintRule{Line: c.line}
	for {
		c.blanks()
		if c.take("->") {
			break
		}
		if c.done() {
			return r, c.fail("-> and a fingerprint are missing")
		}
		if len(r.sources) == maxMatchers {
			return r, c.fail("too many matchers")
		}
		m, err := c.matcher(false)
		if err != nil {
			return r, err
		}
		if err := r.addMatcher(c, m); err != nil {
			return r, err
		}
	}
	if len(r.sources) == 0 {
		return r, c.failAt(0, "a matcher such as type:Name is missing")
	}
	return r, r.parseParts(c)
}

func (r *FingerprintRule) addMatcher(c *cursor, m matcherText) error {
	fm := fingerprintMatcher{key: m.key, negate: m.negate}
	on, mode := subjectEvent, globText
	if !strings.HasPrefix(m.key, "tags.") || m.key == "tags." {
		k, ok := fingerprintKeys[m.key]
		if !ok {
			return c.failAt(m.pos, "unknown matcher "+clip(m.key, 40))
		}
		fm.key, on, mode = k.key, k.subject, k.mode
	}
	switch fm.key {
	case "app", "thread.crashed", "thread.current":
		want, ok := boolText(m.pattern)
		if !ok {
			return c.failAt(m.pos, fm.key+" needs yes or no")
		}
		fm.want = want
	case "family":
		for name := range strings.SplitSeq(m.pattern, ",") {
			f := familyOf(name)
			if f == 0 {
				return c.failAt(m.pos, "family is one of native, javascript, other and all")
			}
			fm.fams |= f
		}
	case "sdk":
		fm.words = strings.Split(m.pattern, ",")
	default:
		fm.glob = compileGlob(m.pattern, mode)
	}
	r.matchers[on] = append(r.matchers[on], fm)
	r.sources = append(r.sources, m)
	return nil
}

// parseParts reads what stands after the arrow.
func (r *FingerprintRule) parseParts(c *cursor) error {
	for {
		for isBlank(c.peek()) || c.peek() == ',' {
			c.pos++
		}
		if c.done() {
			break
		}
		start := c.pos
		if name := attributeName(c.text[c.pos:]); name != "" {
			if name != "title" {
				return c.fail("unknown attribute " + clip(name, 40))
			}
			c.pos += len(name) + 1
			title, err := c.quoted()
			if err != nil {
				return err
			}
			r.Title, r.title = title, compileTemplate(title)
			continue
		}
		part, err := c.part()
		if err != nil {
			return err
		}
		if len(r.Parts) == maxParts {
			return c.failAt(start, "too many parts in the fingerprint")
		}
		r.Parts = append(r.Parts, part)
		r.parts = append(r.parts, compileTemplate(part))
	}
	if len(r.Parts) == 0 {
		return c.fail("a fingerprint is missing after ->")
	}
	return nil
}

// attributeName returns the word before ="…".
func attributeName(s string) string {
	i := 0
	for i < len(s) && isKeyByte(s[i]) {
		i++
	}
	if i > 0 && strings.HasPrefix(s[i:], `="`) {
		return s[:i]
	}
	return ""
}

// part reads one part: quoted, or up to a blank or comma outside of {{ }}.
func (c *cursor) part() (string, error) {
	if c.peek() == '"' {
		return c.quoted()
	}
	start := c.pos
	for !c.done() {
		if c.take("{{") {
			end := strings.Index(c.text[c.pos:], "}}")
			if end < 0 {
				return "", c.failAt(c.pos-2, "the variable is not closed with }}")
			}
			c.pos += end + 2
			continue
		}
		if b := c.peek(); isBlank(b) || b == ',' {
			break
		}
		c.pos++
	}
	return c.text[start:c.pos], nil
}

// String returns the rule in its canonical text; parsing that gives the same rule.
func (r *FingerprintRule) String() string {
	var b strings.Builder
	for i := range r.sources {
		b.WriteString(r.sources[i].String() + " ")
	}
	b.WriteString("->")
	for i, p := range r.Parts {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(" " + quotePart(p))
	}
	if r.Title != "" {
		b.WriteString(` title="` + escapeQuoted(r.Title) + `"`)
	}
	return b.String()
}

func quotePart(p string) string {
	if _, ok := variableOf(p); ok {
		return p
	}
	if p == "" || strings.ContainsAny(p, " \t,\"\\={}\n") {
		return `"` + escapeQuoted(p) + `"`
	}
	return p
}

func escapeQuoted(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(s)
}

// match reports whether the rule means the event.
func (r *FingerprintRule) match(w *work) bool {
	for i := range r.matchers[subjectEvent] {
		if m := &r.matchers[subjectEvent][i]; m.event(w) == m.negate {
			return false
		}
	}
	if ms := r.matchers[subjectException]; len(ms) > 0 && !anyOf(w.event.Exceptions, ms, (*fingerprintMatcher).exception) {
		return false
	}
	if ms := r.matchers[subjectThread]; len(ms) > 0 && !anyOf(w.event.Threads, ms, (*fingerprintMatcher).thread) {
		return false
	}
	ms := r.matchers[subjectFrame]
	return len(ms) == 0 || w.anyTrace(func(st *event.Stacktrace) bool { return anyOf(st.Frames, ms, (*fingerprintMatcher).frame) })
}

// anyOf reports whether all matchers hold for one and the same element.
func anyOf[T any](list []T, ms []fingerprintMatcher, holds func(*fingerprintMatcher, *T) bool) bool {
next:
	for i := range list {
		for k := range ms {
			if holds(&ms[k], &list[i]) == ms[k].negate {
				continue next
			}
		}
		return true
	}
	return false
}

// anyTrace calls f for the stack traces a rule may look at, until it returns true.
func (w *work) anyTrace(f func(*event.Stacktrace) bool) bool {
	for i := range w.event.Exceptions {
		if st := w.event.Exceptions[i].Stacktrace; st != nil && f(st) {
			return true
		}
	}
	if st := w.event.Stacktrace; st != nil && f(st) {
		return true
	}
	t := crashedThread(w.event.Threads)
	return t != nil && f(t.Stacktrace)
}

func (m *fingerprintMatcher) event(w *work) bool {
	e := w.event
	switch m.key {
	case "message":
		if msg := e.Message; msg != nil && (msg.Formatted != "" && m.glob.match(msg.Formatted) || msg.Template != "" && m.glob.match(msg.Template)) {
			return true
		}
		for i := range e.Exceptions {
			if v := e.Exceptions[i].Value; v != "" && m.glob.match(v) {
				return true
			}
		}
		return false
	case "logger":
		return e.Logger != "" && m.glob.match(e.Logger)
	case "level":
		return e.Level != "" && m.glob.match(string(e.Level))
	case "release":
		return e.Release != "" && m.glob.match(e.Release)
	case "family":
		return m.fams&w.plat.family() != 0
	case "sdk":
		return e.SDK != nil && m.sdk(e.SDK.Name)
	}
	value := e.Tag(strings.TrimPrefix(m.key, "tags."))
	return value != "" && m.glob.match(value)
}

// sdk compares a name or its family: sentry.javascript means sentry.javascript.react too.
func (m *fingerprintMatcher) sdk(name string) bool {
	for _, w := range m.words {
		if w == "all" || name == w || strings.HasPrefix(name, w) && name[len(w)] == '.' {
			return true
		}
	}
	return false
}

func (m *fingerprintMatcher) exception(x *event.Exception) bool {
	if m.key == "type" {
		return x.Type != "" && m.glob.match(x.Type)
	}
	return x.Value != "" && m.glob.match(x.Value)
}

func (m *fingerprintMatcher) thread(t *event.Thread) bool {
	switch m.key {
	case "thread.crashed":
		return t.Crashed == m.want
	case "thread.current":
		return t.Current == m.want
	case "thread.name":
		return t.Name != "" && m.glob.match(t.Name)
	case "thread.state":
		return t.State != "" && m.glob.match(t.State)
	}
	return t.ID != "" && m.glob.match(t.ID)
}

func (m *fingerprintMatcher) frame(f *event.Frame) bool {
	switch m.key {
	case "function":
		return f.Function != "" && m.glob.match(f.Function)
	case "module":
		return f.Module != "" && m.glob.match(f.Module)
	case "package":
		return f.Package != "" && m.glob.match(f.Package)
	case "app":
		return f.App() == m.want
	}
	return f.AbsPath != "" && m.glob.match(f.AbsPath) || f.Filename != "" && m.glob.match(f.Filename)
}

// unreadableVersion is for New.
func unknownVersion() error {
	return fault.New(fault.Validation, "unknown version of the grouping algorithm")
}
