package grouping

import (
	"slices"
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// maxCycle is the longest cycle of calls that counts as recursion, in frames.
const maxCycle = 8

// collapse removes repetitions from order, in place: a function that calls itself counts once, however deep it went, and
// so do functions that call each other in turn. It returns what is left and, of that, the cycle that ran longest.
//
// Where a cycle is cut depends on chance (the size of the stack, the limit of frames), so a cycle always begins with the
// same frame, and an unfinished turn at its end does not count.
func (w *work) collapse(order []int32, v variant) (kept, longest []int32) {
	// Functions that call themselves first: their repetitions would hide a longer cycle they are part of.
	order, self := w.collapsePeriods(order, v, 1, 1)
	kept, cycle := w.collapsePeriods(order, v, 2, maxCycle)
	if self.frames <= cycle.frames {
		return kept, kept[cycle.at : cycle.at+cycle.period]
	}
	if at := slices.Index(kept, order[self.at]); at >= 0 {
		return kept, kept[at : at+1]
	}
	return kept, kept[cycle.at : cycle.at+cycle.period]
}

// cycle is a run of repetitions: where its one turn stands, how long that is, and how many frames the run had.
type cycle struct{ at, period, frames int }

func (w *work) collapsePeriods(order []int32, v variant, least, most int) ([]int32, cycle) {
	out := 0
	var longest cycle
	for i := 0; i < len(order); {
		p, end := w.repetition(order, i, least, most)
		if p == 0 {
			order[out] = order[i]
			out++
			i++
			continue
		}
		for _, k := range order[i+p : end] {
			w.frames[k].why[v] = whyRecursion
		}
		if end-i > longest.frames {
			longest = cycle{out, p, end - i}
		}
		copy(order[out:], order[i:i+p])
		w.rotate(order[out : out+p])
		out += p
		i = end
	}
	return order[:out], longest
}

// repetition looks for a cycle that begins at i and runs at least twice. It returns its length and the end of the run, an
// unfinished turn included; 0 for none. Each frame is compared at most maxCycle times before a run consumes it.
func (w *work) repetition(order []int32, i, least, most int) (period, end int) {
	for p := least; p <= most && i+2*p <= len(order); p++ {
		j := i + p
		for j < len(order) && w.same(order[j], order[j-p]) {
			j++
		}
		if j-i >= 2*p {
			return p, j
		}
	}
	return 0, 0
}

// same reports whether two frames count with the same parts.
func (w *work) same(a, b int32) bool {
	x, y := &w.frames[a], &w.frames[b]
	return x.function.value == y.function.value && x.module.value == y.module.value &&
		x.filename.value == y.filename.value && x.context.value == y.context.value
}

// rotate turns a cycle so that its least frame comes first.
func (w *work) rotate(cycle []int32) {
	least := 0
	for i := 1; i < len(cycle); i++ {
		if w.compare(cycle[i], cycle[least]) < 0 {
			least = i
		}
	}
	if least > 0 {
		copy(cycle, append(slices.Clone(cycle[least:]), cycle[:least]...))
	}
}

func (w *work) compare(a, b int32) int {
	x, y := &w.frames[a], &w.frames[b]
	if c := strings.Compare(x.module.value, y.module.value); c != 0 {
		return c
	}
	if c := strings.Compare(x.filename.value, y.filename.value); c != 0 {
		return c
	}
	if c := strings.Compare(x.function.value, y.function.value); c != 0 {
		return c
	}
	return strings.Compare(x.context.value, y.context.value)
}

// isOverflow recognises the errors of languages for a stack that is used up. How such a recursion was entered, and what it
// happened to call last, differs from one occurrence to the next.
func isOverflow(x *event.Exception) bool {
	switch x.Type {
	case "StackOverflowError", "StackOverflowException", "RecursionError", "SystemStackError":
		return true
	case "RangeError":
		return strings.HasPrefix(x.Value, "Maximum call stack")
	case "InternalError":
		return strings.HasPrefix(x.Value, "too much recursion")
	case "RuntimeError":
		return strings.HasPrefix(x.Value, "maximum recursion depth")
	}
	return false
}
