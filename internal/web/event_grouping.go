package web

import (
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// groupingView says why the event belongs to its issue.
type groupingView struct {
	Words    string
	Low      bool // better with source maps or symbols
	Variants []variantView
}

type variantView struct {
	Name    string
	Words   string
	Key     string
	Primary bool
	Parts   []partView
}

// partView is one part that a key was, or was not, computed from. The tree is shown flat, with its depth.
type partView struct {
	Depth       int
	Name        string
	Value       string
	Hint        string
	Contributes bool
}

// maxParts bounds what is shown of one explanation: a trace of hundreds of frames has thousands of parts.
const maxParts = 150

var strategyWords = map[string]string{
	"fingerprint": "the fingerprint that the SDK or a rule set",
	"exception":   "the stack of the exception",
	"exceptions":  "the stacks of the chain of exceptions",
	"threads":     "the stack of the crashed thread",
	"stacktrace":  "the stack trace",
	"message":     "the message, with numbers and ids taken out",
	"template":    "the template of the message",
	"security":    "the directive and address of the security report",
	"fallback":    "its project and type alone: it has neither stack nor message",
}

var variantWords = map[string]string{
	"app": "Frames of the application", "system": "All frames", "custom": "Fingerprint", "fallback": "Fallback",
}

func grouping(g *event.Grouping) *groupingView {
	out := &groupingView{Low: g.Quality == "low"}
	out.Words = firstOf(strategyWords[g.Strategy], line(g.Strategy))
	for i, variant := range g.Variants {
		if i == 8 {
			break
		}
		v := variantView{
			Name: line(variant.Name), Words: firstOf(variantWords[variant.Name], line(variant.Name)), Key: variant.Key.String(),
			Primary: len(g.Keys) > 0 && variant.Key == g.Keys[0],
		}
		v.add(&variant.Component, 0)
		out.Variants = append(out.Variants, v)
	}
	return out
}

func (v *variantView) add(c *event.Component, depth int) {
	if len(v.Parts) == maxParts || depth > 8 {
		return
	}
	value := strings.Join(c.Values, " · ")
	v.Parts = append(v.Parts, partView{Depth: depth, Name: line(c.Name), Value: line(value), Hint: line(c.Hint), Contributes: c.Contributes})
	for i := range c.Components {
		v.add(&c.Components[i], depth+1)
	}
}
