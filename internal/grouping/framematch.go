package grouping

import (
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

type matcherKind uint8

const (
	matchFunction matcherKind = iota
	matchModule
	matchPath
	matchPackage
	matchApp
	matchFamily
	matchPlatform
	matchCategory
	matchType
	matchValue
	matchMechanism
	attributes = matchPackage + 1 // the kinds before are texts of the frame, and indexed
)

func (k matcherKind) ofException() bool { return k >= matchType }

// frameMatcher is one condition on a frame or on the exception it belongs to.
type frameMatcher struct {
	kind      matcherKind
	negate    bool
	want      bool // app
	families  family
	platforms uint32 // bit per platform
	glob      glob
}

func compileFrameMatcher(c *cursor, m matcherText) (frameMatcher, error) {
	fm := frameMatcher{negate: m.negate}
	mode := globText
	switch m.key {
	case "function", "stack.function":
		fm.kind = matchFunction
	case "module", "stack.module":
		fm.kind = matchModule
	case "path", "stack.abs_path":
		fm.kind, mode = matchPath, globPath
	case "package", "stack.package":
		fm.kind, mode = matchPackage, globPath
	case "category":
		fm.kind = matchCategory
	case "type", "error.type":
		fm.kind = matchType
	case "value", "error.value":
		fm.kind = matchValue
	case "mechanism", "error.mechanism":
		fm.kind = matchMechanism
	case "app":
		fm.kind = matchApp
		want, ok := boolText(m.pattern)
		if !ok {
			return fm, c.failAt(m.pos, "app needs yes or no")
		}
		fm.want = want
		return fm, nil
	case "family":
		fm.kind = matchFamily
		for name := range strings.SplitSeq(m.pattern, ",") {
			f := familyOf(name)
			if f == 0 {
				return fm, c.failAt(m.pos, "family is one of native, javascript, other and all")
			}
			fm.families |= f
		}
		return fm, nil
	case "platform":
		fm.kind = matchPlatform
		for name := range strings.SplitSeq(m.pattern, ",") {
			p := platformOf(name)
			if p == platOther && name != "other" {
				return fm, c.failAt(m.pos, "unknown platform "+clip(name, 40))
			}
			fm.platforms |= 1 << p
		}
		return fm, nil
	default:
		return fm, c.failAt(m.pos, "unknown matcher "+clip(m.key, 40))
	}
	fm.glob = compileGlob(m.pattern, mode)
	return fm, nil
}

// admits reports whether the matcher can hold for frames of a platform at all.
func (m *frameMatcher) admits(p platform) bool {
	switch m.kind {
	case matchFamily:
		return (m.families&p.family() != 0) != m.negate
	case matchPlatform:
		return (m.platforms&(1<<p) != 0) != m.negate
	}
	return true
}

// frameState is a frame while rules are applied to it.
type frameState struct {
	frame    *event.Frame
	category string
	rule     *StackRule // the last one that took the frame in or out of grouping
	platform platform
	app      tri
	group    tri
}

// tri is yes, no or not known.
type tri int8

const (
	unknown tri = iota
	yes
	no
)

func triOf(b bool) tri {
	if b {
		return yes
	}
	return no
}

func (m *frameMatcher) holds(s *frameState, x *event.Exception) bool {
	return m.positive(s, x) != m.negate
}

func (m *frameMatcher) positive(s *frameState, x *event.Exception) bool {
	switch m.kind {
	case matchApp:
		return (s.app == yes) == m.want
	case matchFamily:
		return m.families&s.platform.family() != 0
	case matchPlatform:
		return m.platforms&(1<<s.platform) != 0
	case matchCategory:
		return s.category != "" && m.glob.match(s.category)
	case matchType:
		return x != nil && x.Type != "" && m.glob.match(x.Type)
	case matchValue:
		return x != nil && x.Value != "" && m.glob.match(x.Value)
	case matchMechanism:
		return x != nil && x.Mechanism != nil && x.Mechanism.Type != "" && m.glob.match(x.Mechanism.Type)
	}
	text := m.kind.text(s.frame)
	return text != "" && m.glob.match(text)
}

// text returns what an attribute matcher looks at.
func (k matcherKind) text(f *event.Frame) string {
	switch k {
	case matchFunction:
		return f.Function
	case matchModule:
		return f.Module
	case matchPath:
		if f.AbsPath != "" {
			return f.AbsPath
		}
		return f.Filename
	case matchPackage:
		return f.Package
	}
	return ""
}

// holds reports whether the whole rule fits frame i.
func (r *StackRule) holds(states []frameState, i int, x *event.Exception) bool {
	for k := range r.matchers {
		if !r.matchers[k].holds(&states[i], x) {
			return false
		}
	}
	if r.caller != nil && (i == 0 || !r.caller.holds(&states[i-1], x)) {
		return false
	}
	return r.callee == nil || i+1 < len(states) && r.callee.holds(&states[i+1], x)
}
