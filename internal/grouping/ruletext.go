package grouping

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seismohq/seismo/fault"
)

// Bounds of a project's rules, so that one project cannot make grouping slow for all.
const (
	MaxRules     = 500       // lines with a rule
	MaxRuleBytes = 64 * 1024 // of the whole text
	maxMatchers  = 16        // of one rule
	maxParts     = 32        // of one fingerprint
)

// RuleError says where rules could not be read. The rule parsers return it wrapped with code Validation and with the same
// text as public message; get it with errors.As.
type RuleError struct {
	Line   int // from 1
	Column int // from 1, in bytes
	Text   string
}

// Error returns the text with its place, such as "line 3, column 14: unknown matcher".
func (e *RuleError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Text)
}

func ruleFault(err error) error {
	var at *RuleError
	if !errors.As(err, &at) {
		return err
	}
	return fault.With(err, fault.WithCode(fault.Validation), fault.Public(at.Error()))
}

// ruleLines calls rule for each line that holds one, with a cursor at its beginning.
func ruleLines(text string, rule func(c *cursor) error) error {
	if len(text) > MaxRuleBytes {
		return ruleFault(&RuleError{Line: 1, Column: 1, Text: fmt.Sprintf("rules are longer than %d bytes", MaxRuleBytes)})
	}
	number, rules := 0, 0
	for line := range strings.Lines(text) {
		number++
		c := &cursor{text: strings.TrimRight(line, "\r\n"), line: number}
		c.blanks()
		if c.done() || c.peek() == '#' {
			continue
		}
		if rules++; rules > MaxRules {
			return ruleFault(c.fail(fmt.Sprintf("more than %d rules", MaxRules)))
		}
		if err := rule(c); err != nil {
			return ruleFault(err)
		}
	}
	return nil
}

// cursor reads one line of rules.
type cursor struct {
	text string
	pos  int
	line int
}

func (c *cursor) done() bool { return c.pos >= len(c.text) }

// peek returns the next byte, or 0 at the end.
func (c *cursor) peek() byte {
	if c.done() {
		return 0
	}
	return c.text[c.pos]
}

func (c *cursor) blanks() {
	for !c.done() && isBlank(c.text[c.pos]) {
		c.pos++
	}
}

// take steps over s if it comes next.
func (c *cursor) take(s string) bool {
	if strings.HasPrefix(c.text[c.pos:], s) {
		c.pos += len(s)
		return true
	}
	return false
}

func (c *cursor) fail(text string) error { return c.failAt(c.pos, text) }

func (c *cursor) failAt(pos int, text string) error {
	return &RuleError{Line: c.line, Column: pos + 1, Text: text}
}

// word reads the bytes ok accepts.
func (c *cursor) word(ok func(byte) bool) string {
	start := c.pos
	for !c.done() && ok(c.text[c.pos]) {
		c.pos++
	}
	return c.text[start:c.pos]
}

// quoted reads a string in double quotes. Backslash escapes a quote or a backslash, \n a newline, \t a tab; before
// anything else it stays, so that Windows paths can be written as they are.
func (c *cursor) quoted() (string, error) {
	start := c.pos
	c.pos++
	var b strings.Builder
	for !c.done() {
		ch := c.text[c.pos]
		c.pos++
		switch {
		case ch == '"':
			return b.String(), nil
		case ch == '\\' && !c.done():
			next := c.text[c.pos]
			c.pos++
			switch next {
			case '"', '\\':
				b.WriteByte(next)
			case 'n':
				b.WriteByte('\n')
			case 't':
				b.WriteByte('\t')
			default:
				b.WriteByte('\\')
				b.WriteByte(next)
			}
		default:
			b.WriteByte(ch)
		}
	}
	return "", c.failAt(start, "the quote is not closed")
}

// matcherText is one "!key:pattern" as it was written.
type matcherText struct {
	key     string
	pattern string
	negate  bool
	pos     int // of the key
}

func (m *matcherText) String() string {
	s := m.key + ":"
	if m.negate {
		s = "!" + s
	}
	if m.pattern == "" || strings.ContainsAny(m.pattern, " \t\"]") {
		return s + `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(m.pattern) + `"`
	}
	return s + m.pattern
}

// matcher reads one matcher. Inside brackets an unquoted pattern ends before the closing one.
func (c *cursor) matcher(inBrackets bool) (matcherText, error) {
	m := matcherText{pos: c.pos}
	m.negate = c.take("!")
	m.pos = c.pos
	if c.peek() == '"' {
		key, err := c.quoted()
		if err != nil {
			return m, err
		}
		m.key = key
	} else {
		m.key = c.word(isKeyByte)
	}
	if m.key == "" {
		return m, c.fail("a matcher such as function:name is missing")
	}
	if !c.take(":") {
		return m, c.fail("a colon and a pattern are missing after " + m.key)
	}
	start := c.pos
	if c.peek() == '"' {
		pattern, err := c.quoted()
		if err != nil {
			return m, err
		}
		if next := c.peek(); next != 0 && !isBlank(next) && (!inBrackets || next != ']') {
			return m, c.fail("a blank is missing after the quote")
		}
		m.pattern = pattern
	} else {
		m.pattern = c.word(func(b byte) bool { return !isBlank(b) })
		if inBrackets && strings.HasSuffix(m.pattern, "]") && strings.Count(m.pattern, "[") < strings.Count(m.pattern, "]") {
			m.pattern = m.pattern[:len(m.pattern)-1]
			c.pos--
		}
		if m.pattern == "" {
			return m, c.failAt(start, "the pattern is missing after "+m.key)
		}
	}
	if len(m.pattern) > maxPattern {
		return m, c.failAt(start, fmt.Sprintf("the pattern is longer than %d bytes", maxPattern))
	}
	return m, nil
}

// bracketed reads "[ matcher ]".
func (c *cursor) bracketed() (matcherText, error) {
	c.pos++ // the bracket
	c.blanks()
	m, err := c.matcher(true)
	if err != nil {
		return m, err
	}
	c.blanks()
	if !c.take("]") {
		return m, c.fail("a closing bracket is missing; brackets hold one matcher")
	}
	return m, nil
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' }

func isKeyByte(b byte) bool {
	return isAlnum(b) || b == '_' || b == '.' || b == '-'
}
