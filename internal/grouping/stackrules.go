package grouping

import (
	"strconv"
	"strings"
)

// StackRule is one line of stack-trace rules: which frames it means and what it does to them.
//
//	[ caller ] | matcher… | [ callee ]   action…
//
// Matchers are function, module, path, package (each also as stack.function, stack.module, stack.abs_path,
// stack.package), app, family, platform, category, type, value, mechanism (each also as error.type …); "!" negates. All of
// them must hold for the frame. Actions are +app, -app, +group and -group, for the frame itself, with "^" for the frames it
// called or with "v" for the frames that led to it; and category=name, max-frames=n, min-frames=n, invert-stacktrace=1.
type StackRule struct {
	Line int // of the text, from 1

	caller, callee *frameMatcher
	matchers       []frameMatcher
	actions        []stackAction
	sources        [3][]matcherText // as written: caller, matchers, callee
	hint           string           // names the rule in explanations
}

type actionKind uint8

const (
	actApp actionKind = iota
	actGroup
	actCategory
	actMaxFrames
	actMinFrames
	actInvert
)

type actionRange uint8

const (
	rangeSelf    actionRange = iota
	rangeCallees             // ^
	rangeCallers             // v
)

type stackAction struct {
	kind  actionKind
	reach actionRange
	on    bool
	n     int
	text  string
}

// ParseStackRules reads stack-trace rules, one a line; lines that begin with "#" are comments. Errors: Validation that
// wraps a *RuleError.
func ParseStackRules(text string) ([]StackRule, error) { return parseStackRules(text, "rule ") }

func parseStackRules(text, hint string) ([]StackRule, error) {
	var rules []StackRule
	err := ruleLines(text, func(c *cursor) error {
		r, err := parseStackRule(c)
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

func parseStackRule(c *cursor) (StackRule, error) {
	r := StackRule{Line: c.line}
	if c.peek() == '[' {
		m, err := c.bracketed()
		if err != nil {
			return r, err
		}
		if r.caller, err = compileBracketed(c, m); err != nil {
			return r, err
		}
		r.sources[0] = append(r.sources[0], m)
		c.blanks()
		if !c.take("|") {
			return r, c.fail("a | is missing after the caller")
		}
		c.blanks()
	}
	if err := parseMatchers(c, &r); err != nil {
		return r, err
	}
	if c.take("|") {
		c.blanks()
		if c.peek() != '[' {
			return r, c.fail("a callee in brackets is missing after |")
		}
		m, err := c.bracketed()
		if err != nil {
			return r, err
		}
		if r.callee, err = compileBracketed(c, m); err != nil {
			return r, err
		}
		r.sources[2] = append(r.sources[2], m)
	}
	return r, parseActions(c, &r)
}

func compileBracketed(c *cursor, m matcherText) (*frameMatcher, error) {
	fm, err := compileFrameMatcher(c, m)
	if err == nil && fm.kind.ofException() {
		err = c.failAt(m.pos, "brackets are for frames, and "+m.key+" is about the exception")
	}
	return &fm, err
}

func parseMatchers(c *cursor, r *StackRule) error {
	for {
		c.blanks()
		if next := c.peek(); next == '|' || startsAction(c.text[c.pos:]) || next == 0 {
			break
		}
		if len(r.matchers) == maxMatchers {
			return c.fail("too many matchers")
		}
		m, err := c.matcher(false)
		if err != nil {
			return err
		}
		fm, err := compileFrameMatcher(c, m)
		if err != nil {
			return err
		}
		r.matchers = append(r.matchers, fm)
		r.sources[1] = append(r.sources[1], m)
	}
	if len(r.matchers) == 0 {
		return c.fail("a matcher such as function:name is missing")
	}
	return nil
}

// startsAction tells an action from a matcher: the word before "=" or the sign says it.
func startsAction(s string) bool {
	switch s = strings.TrimLeft(s, "^v"); {
	case strings.HasPrefix(s, "+"), strings.HasPrefix(s, "-"):
		return true
	}
	i := 0
	for i < len(s) && isKeyByte(s[i]) {
		i++
	}
	return i > 0 && i < len(s) && s[i] == '='
}

func parseActions(c *cursor, r *StackRule) error {
	for {
		c.blanks()
		if c.done() || c.peek() == '#' && len(r.actions) > 0 {
			break
		}
		if len(r.actions) == maxMatchers {
			return c.fail("too many actions")
		}
		a, err := parseAction(c)
		if err != nil {
			return err
		}
		r.actions = append(r.actions, a)
	}
	if len(r.actions) == 0 {
		return c.fail("an action such as -app or -group is missing")
	}
	return nil
}

func parseAction(c *cursor) (stackAction, error) {
	start := c.pos
	word := c.word(func(b byte) bool { return !isBlank(b) })
	name, value, isVar := strings.Cut(word, "=")
	if !isVar {
		return parseFlag(c, start, word)
	}
	a := stackAction{text: value, on: true}
	switch name {
	case "category":
		a.kind = actCategory
		if value == "" || strings.ContainsFunc(value, func(r rune) bool { return r > 127 || !isKeyByte(byte(r)) }) {
			return a, c.failAt(start, "a category is a word of letters, digits, dots, dashes and underscores")
		}
		return a, nil
	case "max-frames", "min-frames":
		a.kind = actMaxFrames
		if name == "min-frames" {
			a.kind = actMinFrames
		}
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 || n > maxFrames {
			return a, c.failAt(start, name+" needs a number from 0 to "+strconv.Itoa(maxFrames))
		}
		a.n = n
		return a, nil
	case "invert-stacktrace":
		a.kind = actInvert
		on, ok := boolText(value)
		if !ok {
			return a, c.failAt(start, "invert-stacktrace needs 1 or 0")
		}
		a.on = on
		return a, nil
	}
	return a, c.failAt(start, "unknown action "+clip(name, 40))
}

func parseFlag(c *cursor, start int, word string) (stackAction, error) {
	var a stackAction
	rest := word
	switch {
	case strings.HasPrefix(rest, "^"):
		a.reach, rest = rangeCallees, rest[1:]
	case strings.HasPrefix(rest, "v"):
		a.reach, rest = rangeCallers, rest[1:]
	}
	switch rest {
	case "+app":
		a.kind, a.on = actApp, true
	case "-app":
		a.kind = actApp
	case "+group":
		a.kind, a.on = actGroup, true
	case "-group":
		a.kind = actGroup
	default:
		return a, c.failAt(start, "unknown action "+clip(word, 40))
	}
	return a, nil
}

func boolText(s string) (value, ok bool) {
	switch strings.ToLower(s) {
	case "1", "yes", "true", "on":
		return true, true
	case "0", "no", "false", "off":
		return false, true
	}
	return false, false
}

// String returns the rule in its canonical text; parsing that gives the same rule.
func (r *StackRule) String() string {
	var b strings.Builder
	if r.caller != nil {
		b.WriteString("[ " + r.sources[0][0].String() + " ] | ")
	}
	for i := range r.sources[1] {
		b.WriteString(r.sources[1][i].String() + " ")
	}
	if r.callee != nil {
		b.WriteString("| [ " + r.sources[2][0].String() + " ] ")
	}
	for i := range r.actions {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(r.actions[i].String())
	}
	return b.String()
}

func (a *stackAction) String() string {
	switch a.kind {
	case actCategory:
		return "category=" + a.text
	case actMaxFrames:
		return "max-frames=" + strconv.Itoa(a.n)
	case actMinFrames:
		return "min-frames=" + strconv.Itoa(a.n)
	case actInvert:
		if a.on {
			return "invert-stacktrace=1"
		}
		return "invert-stacktrace=0"
	}
	s := [...]string{rangeSelf: "", rangeCallees: "^", rangeCallers: "v"}[a.reach]
	if a.on {
		s += "+"
	} else {
		s += "-"
	}
	if a.kind == actApp {
		return s + "app"
	}
	return s + "group"
}

// marks reports whether the rule acts in the first pass, which decides what is in app.
func (r *StackRule) marks() bool {
	for i := range r.actions {
		if k := r.actions[i].kind; k == actApp || k == actCategory {
			return true
		}
	}
	return false
}

// groups reports whether the rule acts in the second pass, which decides what counts.
func (r *StackRule) groups() bool {
	for i := range r.actions {
		if k := r.actions[i].kind; k != actApp && k != actCategory {
			return true
		}
	}
	return false
}
