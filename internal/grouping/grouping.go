// Package grouping says which problem an event belongs to: it computes grouping keys from what happened, and explains
// them. It does no I/O, reads no clock, and does not know issues: which issue owns a key is the catalog's opinion.
//
// The rules of the trade are in docs/grouping.md. The keys of a version never change: whatever would change one is a new
// version, and the goldens in testdata hold version 1 to that.
package grouping

import (
	"sync"

	"github.com/seismohq/seismo/internal/event"
)

// V1 is the first version of the algorithm.
const V1 = "v1"

// Options are the settings of one project's grouping. The zero value groups by the built-in rules alone.
type Options struct {
	Version          string // of the algorithm; "" is the newest, V1
	FingerprintRules string // text of the project's fingerprint rules, see ParseFingerprintRules
	StackRules       string // text of the project's stack-trace rules, see ParseStackRules
}

// Grouper computes grouping keys by one version of the algorithm and one project's rules. It never changes and may be used
// by many goroutines at once.
type Grouper struct {
	fingerprints []FingerprintRule
	stack        *ruleSet // nil: the built-in rules alone
	pool         sync.Pool
}

// New compiles the rules of a project. Errors: Validation for an unknown version, or for rules that cannot be read; those
// wrap a *RuleError with line and column.
func New(o Options) (*Grouper, error) {
	if o.Version != "" && o.Version != V1 {
		return nil, unknownVersion()
	}
	builtin() // here rather than under the first event
	g := &Grouper{}
	var err error
	if g.fingerprints, err = ParseFingerprintRules(o.FingerprintRules); err != nil {
		return nil, err
	}
	stack, err := ParseStackRules(o.StackRules)
	if err != nil {
		return nil, err
	}
	if len(stack) > 0 {
		g.stack = newRuleSet(stack, false)
	}
	return g, nil
}

// Group computes the grouping keys of an event and explains them. The event is not changed; its frames should have been
// marked by MarkFrames.
//
// There are one or two keys, the primary one first. With stack traces the first is computed from the frames in app, if
// any of them counts, and the other from all frames; a fingerprint has one. Work and result are bounded whatever the event
// holds: of a trace the innermost 250 frames count, of a chain of exceptions 50.
func (g *Grouper) Group(e *event.Event) event.Grouping {
	w := g.work()
	defer g.done(w)
	w.event, w.plat = e, platformOf(e.Platform)
	return w.group()
}

// work is the memory one call works in. It is reused, so nothing of it may be part of a result; explain is the exception,
// and is given away.
type work struct {
	grouper    *Grouper
	event      *event.Event
	plat       platform
	rules      ruleScratch
	frames     []frameInfo
	order      []int32
	causes     []exceptionWork
	digests    []byte // of single exceptions
	joined     []byte // of variants
	images     []image
	imagesRead bool
	explain    explainer
}

func (g *Grouper) work() *work {
	w, _ := g.pool.Get().(*work)
	if w == nil {
		w = &work{grouper: g}
	}
	return w
}

// done clears what refers to the event, so that the pool does not keep events alive.
func (g *Grouper) done(w *work) {
	clear(w.frames)
	clear(w.causes)
	clear(w.images)
	clear(w.rules.states[:cap(w.rules.states)]) // holds the longest of several traces
	w.event = nil
	w.frames, w.order, w.causes = w.frames[:0], w.order[:0], w.causes[:0]
	w.digests, w.joined, w.images = w.digests[:0], w.joined[:0], w.images[:0]
	if w.rules.states = w.rules.states[:0]; cap(w.rules.states) > 4*maxFrames {
		w.rules = ruleScratch{} // one event of thousands of frames should not make all others pay
	}
	w.imagesRead = false
	w.explain = explainer{}
	g.pool.Put(w)
}
