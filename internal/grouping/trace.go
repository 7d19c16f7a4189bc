package grouping

import "github.com/seismohq/seismo/internal/event"

// maxFrames is how many frames of a trace are looked at, from the innermost outwards. Normalisation keeps as many.
const maxFrames = 250

// variant is one of the two ways to look at a stack trace.
type variant uint8

const (
	variantApp    variant = iota // frames of the application
	variantSystem                // all frames
	variants
)

var variantNames = [variants]string{"app", "system"}

// trace is a stack trace on its way into keys.
type trace struct {
	first, end int // of work.frames
	picked     [variants]selection
	hint       string // why nothing of it counts
	anyApp     bool   // a frame is in app
	usableApp  bool   // one that also counts
	explicit   bool   // the SDK or a rule spoke about every frame
	handler    bool
	minified   bool
}

// selection is what counts of a trace in one variant.
type selection struct {
	order    []int32 // frames in the order of the digest; empty: the trace does not count
	why      string  // it does not
	overflow bool    // only the cycle of a stack overflow counts
}

func (s *selection) counts() bool { return len(s.order) > 0 }

// build applies the rules of grouping to a trace and picks what counts.
func (w *work) build(st *event.Stacktrace, x *event.Exception) trace {
	t := trace{first: len(w.frames), explicit: true}
	if st == nil || len(st.Frames) == 0 {
		t.end = t.first
		t.hint = "has no frames"
		return t
	}
	list := st.Frames[max(0, len(st.Frames)-maxFrames):]
	states := w.rules.states[:0]
	for i := range list {
		f := &list[i]
		s := frameState{frame: f, platform: framePlatform(f, w.plat), app: appOf(f)}
		if len(f.Data) > 0 {
			s.category = f.Data.Text("category")
		}
		states = append(states, s)
	}
	w.rules.states = states
	var lim limits
	builtin().stack.grouping.run(states, x, &w.rules, &lim)
	if w.grouper.stack != nil {
		w.grouper.stack.grouping.run(states, x, &w.rules, &lim)
	}
	for i := range states {
		w.addFrame(&t, &states[i])
	}
	t.end = len(w.frames)
	if len(list) == 1 && pointless(&w.frames[t.first]) {
		w.frames[t.first].ignored = "a single frame without function says only which file was loaded"
	}
	overflow := x != nil && isOverflow(x)
	t.picked[variantApp] = w.pick(&t, variantApp, lim, overflow)
	// The cycle alone may be a library's. It stands for the whole only if it is the application's, or nothing else is.
	overflow = overflow && (t.picked[variantApp].overflow || !t.picked[variantApp].counts())
	t.picked[variantSystem] = w.pick(&t, variantSystem, lim, overflow)
	return t
}

func (w *work) addFrame(t *trace, s *frameState) {
	w.frames = append(w.frames, frameInfo{frame: s.frame, plat: s.platform, inApp: s.app == yes})
	in := &w.frames[len(w.frames)-1]
	in.handler = s.category == categoryHandler
	if s.group == no {
		in.ignored = s.rule.hint
	} else {
		w.describe(in)
	}
	t.anyApp = t.anyApp || in.inApp
	t.usableApp = t.usableApp || in.inApp && in.ignored == ""
	t.explicit = t.explicit && s.app != unknown
	t.handler = t.handler || in.handler && in.inApp
	t.minified = t.minified || in.minified
}

// categoryHandler is what projects call functions that many different errors pass through.
const categoryHandler = "handler"

// pointless recognises the single frame that browsers report for an error outside of any function.
func pointless(in *frameInfo) bool {
	if in.plat != platJavaScript && in.plat != platNode || in.function.value != "" {
		return false
	}
	path := in.frame.AbsPath
	if path == "" {
		path = in.frame.Filename
	}
	return isWebURL(path) || hasAnyPrefix(path, "/", "file:", "app:") || len(path) > 2 && path[1] == ':'
}

// pick lists what counts in a variant.
func (w *work) pick(t *trace, v variant, lim limits, overflow bool) selection {
	start := len(w.order)
	for i := t.first; i < t.end; i++ {
		in := &w.frames[i]
		switch {
		case in.ignored != "":
			in.why[v] = whyIgnored
		case v == variantApp && !in.inApp:
			in.why[v] = whyNotInApp
		default:
			w.order = append(w.order, int32(i))
		}
	}
	order := w.order[start:]
	if lim.invert {
		reverse(order)
	}
	kept, cycle := w.collapse(order, v)
	sel := selection{order: kept}
	if overflow && len(cycle) > 0 {
		w.keepOnly(kept, cycle, v, whyOverflow)
		sel.order, sel.overflow = cycle, true
	}
	if lim.maxFrames > 0 && len(sel.order) > lim.maxFrames {
		inner := sel.order[len(sel.order)-lim.maxFrames:]
		w.keepOnly(sel.order, inner, v, whyMaxFrames)
		sel.order = inner
	}
	switch {
	case len(sel.order) == 0 && t.hint == "":
		sel.why = "no frame counts"
		if v == variantApp && !t.anyApp {
			sel.why = "no frame is in app"
		}
	case len(sel.order) < lim.minFrames:
		sel.why = reasons[whyMinFrames]
		w.keepOnly(sel.order, nil, v, whyMinFrames)
		sel.order = nil
	}
	w.order = w.order[:start+len(order)]
	return sel
}

// keepOnly gives the frames of from that are not in kept a reason.
func (w *work) keepOnly(from, kept []int32, v variant, why reason) {
	for _, i := range from {
		w.frames[i].why[v] = why
	}
	for _, i := range kept {
		w.frames[i].why[v] = counts
	}
}

func reverse(s []int32) {
	for i, j := 0, len(s)-1; i < j; i, j = i+1, j-1 {
		s[i], s[j] = s[j], s[i]
	}
}

// reason says why a frame does not count in a variant.
type reason uint8

const (
	counts     reason = iota // it does count
	whyIgnored               // in no variant, see frameInfo.ignored
	whyNotInApp
	whyRecursion
	whyOverflow
	whyMaxFrames
	whyMinFrames
)

var reasons = [...]string{
	whyNotInApp:  "not in app",
	whyRecursion: "repeats frames before it: recursion counts once",
	whyOverflow:  "not part of the recursion that used up the stack",
	whyMaxFrames: "beyond max-frames",
	whyMinFrames: "fewer frames than min-frames",
}

// reasonOf is the reason in words; "" for a frame that counts.
func (in *frameInfo) reasonOf(v variant) string {
	if in.why[v] == whyIgnored {
		return in.ignored
	}
	return reasons[in.why[v]]
}

// sameFate reports whether two frames do not count for the same reason, so that they can be shown as one.
func (in *frameInfo) sameFate(o *frameInfo, v variant) bool {
	return in.why[v] != counts && in.why[v] == o.why[v] && (in.why[v] != whyIgnored || in.ignored == o.ignored)
}

// digest appends the frames that count in v.
func (w *work) digest(b []byte, t *trace, v variant) []byte {
	b = appendMark(b, tagStack)
	for _, i := range t.picked[v].order {
		in := &w.frames[i]
		b = appendMark(b, tagFrame)
		if in.module.value != "" {
			b = appendText(b, tagModule, in.module.value)
		}
		if in.filename.value != "" {
			b = appendText(b, tagFilename, in.filename.value)
		}
		if in.function.value != "" {
			b = appendText(b, tagFunction, in.function.value)
		}
		if in.context.value != "" {
			b = appendText(b, tagContext, in.context.value)
		}
	}
	return b
}

// explainTrace lists the frames in the order of the trace, those that do not count folded.
func (w *work) explainTrace(t *trace, v variant) event.Component {
	c := event.Component{Name: partStacktrace, Contributes: t.picked[v].counts(), Hint: t.hint}
	if !c.Contributes {
		if c.Hint == "" {
			c.Hint = t.picked[v].why
		}
		if v == variantApp && t.picked[variantSystem].counts() {
			return c // the other variant lists the frames
		}
	}
	n := 0
	for i := t.first; i < t.end; i++ {
		if i == t.first || !w.frames[i].sameFate(&w.frames[i-1], v) {
			n++
		}
	}
	list := w.explain.list(n)
	at := 0
	for i := t.first; i < t.end; at++ {
		in := &w.frames[i]
		if in.why[v] == counts {
			w.explainFrame(&list[at], in)
			i++
			continue
		}
		from := i
		for i < t.end && in.sameFate(&w.frames[i], v) {
			i++
		}
		list[at] = frames(i-from, in.reasonOf(v))
	}
	c.Components = list
	return c
}

// explainFrame explains a frame that counts, in the same words for both variants.
func (w *work) explainFrame(c *event.Component, in *frameInfo) {
	if in.shown == nil {
		in.shown = w.explain.parts(in)
	}
	c.Name, c.Contributes, c.Components = partFrame, true, in.shown
}
