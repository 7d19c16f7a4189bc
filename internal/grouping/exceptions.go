package grouping

import (
	"bytes"
	"slices"
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// maxExceptions is how many exceptions of a chain are looked at: half of them from each end.
const maxExceptions = 50

// exceptionWork is one exception on its way into keys.
type exceptionWork struct {
	x       *event.Exception
	trace   trace
	wrapper bool
	omit    string         // why an exception group leaves it out
	bytes   [variants]span // of work.digests
	shown   [variants]event.Component
}

// span is a part of a byte slice.
type span struct{ from, to int }

// exceptions groups by the exceptions of the event. It reports false when they say nothing at all.
func (w *work) exceptions(out *outcome) bool {
	list := w.event.Exceptions
	if len(list) == 0 {
		return false
	}
	w.causes = w.causes[:0]
	for i := range list {
		if len(list) > maxExceptions && i >= maxExceptions/2 && i < len(list)-maxExceptions/2 {
			continue
		}
		x := &list[i]
		w.causes = append(w.causes, exceptionWork{x: x, trace: w.build(x.Stacktrace, x)})
	}
	w.markWrappers()
	stacks := [variants]bool{}
	for i := range w.causes {
		c := &w.causes[i]
		for v := range variants {
			stacks[v] = stacks[v] || c.trace.picked[v].counts()
		}
	}
	for i := range w.causes {
		for v := range variants {
			w.exception(&w.causes[i], v)
		}
	}
	order, group := w.exceptionOrder(stacks)
	if !slices.ContainsFunc(order, func(i int) bool { return w.causes[i].shown[variantSystem].Contributes }) {
		return false
	}
	out.strategy = partException
	out.uses[variantSystem] = true
	out.uses[variantApp] = stacks[variantApp] || !stacks[variantSystem]
	for v := range variants {
		if out.uses[v] {
			out.bytes[v], out.shown[v] = w.chain(order, group, v)
		}
	}
	out.quality = w.exceptionQuality(order)
	return true
}

// exception computes one exception's part of a variant.
func (w *work) exception(c *exceptionWork, v variant) {
	x := c.x
	start := len(w.digests)
	b := appendMark(w.digests, tagException)
	parts := w.explain.list(4)[:0]
	counts := false
	if x.Type != "" {
		if x.Mechanism != nil && x.Mechanism.Synthetic {
			parts = append(parts, idle(partType, "made up by the SDK"))
		} else {
			parts = append(parts, w.explain.leaf(partType, x.Type, ""))
			b = appendText(b, tagType, x.Type)
			counts = true
		}
	}
	domain, code := nsError(x)
	suppressed := c.wrapper && w.otherStack(c, v)
	value, hint := w.valueOf(c, v, suppressed, domain != "")
	switch {
	case value != "":
		parts = append(parts, w.explain.leaf(partValue, value, hint))
		b = appendText(b, tagValue, digestValue(value))
		counts = true
	case hint != "":
		parts = append(parts, idle(partValue, hint))
	}
	if domain != "" {
		parts = append(parts, event.Component{Name: partNSError, Contributes: true, Values: []string{domain, code}})
		b = appendText(appendText(b, tagNSError, domain), tagNSError, code)
		counts = true
	}
	switch {
	case suppressed:
		parts = append(parts, idle(partStacktrace, "of a wrapper: its cause has one"))
	case c.trace.picked[v].counts():
		parts = append(parts, w.explainTrace(&c.trace, v))
		b = w.digest(b, &c.trace, v)
		counts = true
	case x.Stacktrace != nil && len(x.Stacktrace.Frames) > 0:
		parts = append(parts, w.explainTrace(&c.trace, v))
	}
	w.digests = b
	c.bytes[v] = span{start, len(b)}
	c.shown[v] = event.Component{Name: partException, Contributes: counts, Components: parts}
}

// valueOf decides whether an exception's value counts, and returns it with its variable parts replaced.
func (w *work) valueOf(c *exceptionWork, v variant, suppressed, hasNSError bool) (value, hint string) {
	x := c.x
	if x.Value == "" {
		return "", ""
	}
	if suppressed {
		return "", "of a wrapper: it repeats its cause"
	}
	if c.trace.picked[v].counts() {
		if v == variantApp || !w.vague(&c.trace) {
			return "", "the stack trace says more"
		}
		hint = "the stack trace alone would not tell this error from others"
	}
	if hasNSError {
		return "", "the error's domain and code say more"
	}
	value = parameterize(x.Value)
	if value != x.Value && hint == "" {
		hint = hintReplaced
	}
	return value, hint
}

const hintReplaced = "variable parts replaced"

// vague reports whether the frames of a trace say too little about the error: they are a framework's, all of one module,
// or the application's own are handlers that all errors pass through, or minified.
func (w *work) vague(t *trace) bool {
	if t.anyApp {
		return !t.usableApp && (t.handler || t.minified)
	}
	if !t.explicit {
		return false // nobody said whose frames these are
	}
	first := ""
	for _, i := range t.picked[variantSystem].order {
		in := &w.frames[i]
		unit := in.module.value
		if unit == "" {
			unit = in.frame.Package
		}
		if unit == "" {
			unit = orText(in.filename.value, in.function.value)
		}
		if first == "" {
			first = unit
		}
		if unit != first {
			return false
		}
	}
	return true
}

// nsError returns domain and code of an error of Apple's platforms.
func nsError(x *event.Exception) (domain, code string) {
	if x.Mechanism == nil {
		return "", ""
	}
	ns, ok := x.Mechanism.Meta.Get("ns_error")
	if !ok {
		return "", ""
	}
	return ns.Map.Text("domain"), ns.Map.Text("code")
}

// markWrappers finds exceptions that only carry another one. Those of concurrency and reflection say nothing of their own.
func (w *work) markWrappers() {
	if len(w.causes) < 2 {
		return
	}
	for i := range w.causes {
		name := w.causes[i].x.Type
		name = name[strings.LastIndexByte(name, '.')+1:]
		switch name {
		case "InvocationTargetException", "ExecutionException", "UndeclaredThrowableException", "TargetInvocationException",
			"CompletionException", "AggregateException", "ExceptionInInitializerError", "TypeInitializationException":
			m := w.causes[i].x.Mechanism
			w.causes[i].wrapper = i > 0 && (m == nil || !m.IsGroup) // the first is the cause of all and wraps nothing
		}
	}
}

// otherStack reports whether an exception that is no wrapper has a stack trace that counts.
func (w *work) otherStack(c *exceptionWork, v variant) bool {
	for i := range w.causes {
		if o := &w.causes[i]; o != c && !o.wrapper && o.trace.picked[v].counts() {
			return true
		}
	}
	return false
}

// chain joins the exceptions that count into one variant.
func (w *work) chain(order []int, group bool, v variant) ([]byte, event.Component) {
	start := len(w.joined)
	list := w.explain.list(len(w.causes))[:0]
	var before []byte
	for _, i := range order {
		c := &w.causes[i]
		b := w.digests[c.bytes[v].from:c.bytes[v].to]
		shown := c.shown[v]
		switch {
		case !shown.Contributes:
		case bytes.Equal(b, before):
			shown = idle(partException, "the same as the exception before it")
		default:
			w.joined = append(w.joined, b...)
			before = b
		}
		list = append(list, shown)
	}
	for i := range w.causes {
		if group && w.causes[i].omit != "" {
			list = append(list, idle(partException, w.causes[i].omit))
		}
	}
	if len(list) == 1 {
		return w.joined[start:], list[0]
	}
	return w.joined[start:], event.Component{Name: partChain, Contributes: true, Components: list}
}

// exceptionQuality says "low" when names would have made a better key.
func (w *work) exceptionQuality(order []int) string {
	for _, i := range order {
		t := &w.causes[i].trace
		if t.minified && !t.usableApp || t.picked[variantSystem].counts() && w.allUnnamed(t) {
			return qualityLow
		}
	}
	return ""
}

func (w *work) allUnnamed(t *trace) bool {
	for _, i := range t.picked[variantSystem].order {
		if !w.frames[i].unnamed {
			return false
		}
	}
	return true
}
