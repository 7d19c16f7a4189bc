package grouping

import (
	"slices"
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// ruleSet is a list of stack-trace rules, compiled so that a frame meets only the rules that may fit it.
type ruleSet struct {
	marking  rulePass // decides what is in app, and categories
	grouping rulePass // decides what counts, and the limits of a trace
}

// rulePass is the part of a set that acts in one of the two passes.
type rulePass struct {
	rules   []*StackRule
	indexes [platforms]*ruleIndex // several platforms may share one
}

// ruleIndex finds the rules of a pass that may fit a frame of one platform.
type ruleIndex struct {
	always []uint16               // rules without a text to look for
	starts [attributes]*automaton // what texts begin with
	parts  [attributes]*automaton // what they hold anywhere
	active []matcherKind          // attributes that are looked at at all
}

// newRuleSet compiles rules. With split, each platform gets an index without the rules that cannot hold for it: more
// memory for less work, which pays for the built-in rules and not for the few of a project.
func newRuleSet(rules []StackRule, split bool) *ruleSet {
	s := &ruleSet{}
	for i := range rules {
		if rules[i].marks() {
			s.marking.rules = append(s.marking.rules, &rules[i])
		}
		if rules[i].groups() {
			s.grouping.rules = append(s.grouping.rules, &rules[i])
		}
	}
	s.marking.index(split)
	s.grouping.index(split)
	return s
}

func (p *rulePass) index(split bool) {
	if len(p.rules) == 0 {
		return
	}
	var shared *ruleIndex
	for pl := range platforms {
		if split || shared == nil {
			shared = newRuleIndex(p.rules, pl, split)
		}
		p.indexes[pl] = shared
	}
}

func newRuleIndex(rules []*StackRule, pl platform, split bool) *ruleIndex {
	ix := &ruleIndex{}
	var starts, parts [attributes][]needle
	for n, r := range rules {
		if split && !r.admits(pl) {
			continue
		}
		kind, text, anchored := r.needle()
		switch {
		case text == "":
			ix.always = append(ix.always, uint16(n))
		case anchored:
			starts[kind] = append(starts[kind], needle{text, uint16(n)})
		default:
			parts[kind] = append(parts[kind], needle{text, uint16(n)})
		}
	}
	for kind := range attributes {
		paths := kind == matchPath || kind == matchPackage
		ix.starts[kind] = newAutomaton(starts[kind], true, paths)
		ix.parts[kind] = newAutomaton(parts[kind], false, paths)
		if ix.starts[kind] != nil || ix.parts[kind] != nil {
			ix.active = append(ix.active, kind)
		}
	}
	return ix
}

func (r *StackRule) admits(p platform) bool {
	for i := range r.matchers {
		if !r.matchers[i].admits(p) {
			return false
		}
	}
	return true
}

// needle returns a text that occurs in every frame the rule fits, from its most telling matcher, and whether the attribute
// begins with it: then it is found, or not, within a few bytes.
func (r *StackRule) needle() (kind matcherKind, text string, anchored bool) {
	for i := range r.matchers {
		m := &r.matchers[i]
		if m.negate || m.kind >= attributes {
			continue
		}
		start, lit := trimSlash(m.glob.start(), m.glob.mode), trimSlash(m.glob.literal(), m.glob.mode)
		// The beginning is found faster, but "http" tells less than the host that follows somewhere.
		if start != "" && 2*len(start) >= len(lit) {
			if !anchored || len(start) > len(text) {
				kind, text, anchored = m.kind, start[:min(len(start), maxNeedle)], true
			}
		} else if !anchored && len(lit) > len(text) {
			kind, text = m.kind, lit
		}
	}
	if !anchored {
		text = text[max(0, len(text)-maxNeedle):]
	}
	return kind, text, anchored
}

// trimSlash removes the leading slash that a path may lack.
func trimSlash(s string, mode globMode) string {
	if mode == globPath {
		return strings.TrimPrefix(s, "/")
	}
	return s
}

// limits are what rules say about a whole trace.
type limits struct {
	maxFrames int // 0: all
	minFrames int
	invert    bool
}

// run applies the pass to the frames of one trace: each rule is first compared with all frames and then acts, so that it
// sees the state before it. Scratch is reused memory.
func (p *rulePass) run(states []frameState, x *event.Exception, scratch *ruleScratch, lim *limits) {
	if len(p.rules) == 0 || len(states) == 0 {
		return
	}
	found := scratch.found[:0]
	for i := range states {
		ix := p.indexes[states[i].platform]
		for _, kind := range ix.active {
			text := kind.text(states[i].frame)
			if text == "" {
				continue
			}
			if a := ix.starts[kind]; a != nil {
				found = a.scan(text, i, found)
			}
			if a := ix.parts[kind]; a != nil {
				found = a.scan(text, i, found)
			}
		}
		for _, rule := range ix.always {
			found = append(found, newCandidate(rule, i))
		}
	}
	slices.Sort(found)
	scratch.found = found
	for i := 0; i < len(found); {
		rule := p.rules[found[i].rule()]
		hits := scratch.hits[:0]
		n := found[i].rule()
		for ; i < len(found) && found[i].rule() == n; i++ {
			if i > 0 && found[i] == found[i-1] {
				continue
			}
			if frame := found[i].frame(); rule.holds(states, frame, x) {
				hits = append(hits, frame)
			}
		}
		scratch.hits = hits
		if len(hits) > 0 {
			p.act(rule, states, hits, lim)
		}
	}
}

// ruleScratch is memory that rules are applied in.
type ruleScratch struct {
	found  []candidate
	hits   []int
	states []frameState
}

// act carries a rule's actions out for the frames it fits. Only those of the pass at hand have an effect.
func (p *rulePass) act(r *StackRule, states []frameState, hits []int, lim *limits) {
	for i := range r.actions {
		a := &r.actions[i]
		switch a.kind {
		case actMaxFrames, actMinFrames, actInvert:
			if lim != nil {
				lim.set(a)
			}
			continue
		}
		if (lim != nil) != (a.kind == actGroup) {
			continue
		}
		// Ranges of several hits overlap; the widest one is their union.
		switch a.reach {
		case rangeCallees:
			for k := hits[0] + 1; k < len(states); k++ {
				states[k].set(a, r)
			}
		case rangeCallers:
			for k := range hits[len(hits)-1] {
				states[k].set(a, r)
			}
		default:
			for _, k := range hits {
				states[k].set(a, r)
			}
		}
	}
}

func (l *limits) set(a *stackAction) {
	switch a.kind {
	case actMaxFrames:
		l.maxFrames = a.n
	case actMinFrames:
		l.minFrames = a.n
	case actInvert:
		l.invert = a.on
	}
}

func (s *frameState) set(a *stackAction, r *StackRule) {
	switch a.kind {
	case actApp:
		s.app = triOf(a.on)
	case actCategory:
		s.category = a.text
	case actGroup:
		s.group, s.rule = triOf(a.on), r
	}
}
