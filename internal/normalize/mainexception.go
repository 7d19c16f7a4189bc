package normalize

import (
	"slices"
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// MainException returns the index of the exception that names the event, -1 without exceptions. It is the one that was
// caught, the last, except where that one is known to be only a wrapper.
func MainException(e *event.Event) int {
	list := e.Exceptions
	last := len(list) - 1
	if last <= 0 {
		return last
	}
	if i := groupLeaf(list); i >= 0 {
		return i
	}
	x := &list[last]
	switch {
	case x.Type == "Error" && reactWrapper(x.Value):
		for i := last - 1; i >= 0; i-- {
			if m := list[i].Mechanism; m != nil && m.Source == "cause" {
				return i
			}
		}
	case rxWrapper(x):
		if x.Mechanism != nil && x.Mechanism.ID != nil {
			for i := range list {
				if m := list[i].Mechanism; m != nil && m.ParentID != nil && *m.ParentID == *x.Mechanism.ID && i != last {
					return i
				}
			}
		}
		return last - 1
	}
	return last
}

// reactWrapper reports whether a message is one of those that React puts around what really went wrong.
func reactWrapper(s string) bool {
	for _, prefix := range [...]string{
		"There was an error during concurrent rendering but React was able to recover",
		"There was an error while hydrating",
		"Hydration failed because",
	} {
		if strings.HasPrefix(s, prefix) {
			return true
		}
	}
	return false
}

func rxWrapper(x *event.Exception) bool {
	name := x.Type[strings.LastIndexByte(x.Type, '.')+1:]
	switch name {
	case "OnErrorNotImplementedException", "CompositeException", "UndeliverableException":
		return x.Module == "" || strings.Contains(x.Module, "reactivex") || strings.HasPrefix(x.Module, "rx.")
	}
	return false
}

// groupLeaf returns the exception that an exception group is about, when it is about one: from the root down through all
// groups, the first exceptions that are none, if they are all alike. It returns -1 otherwise, also for a tree that is none:
// with an id missing or repeated, without root, or with a cycle.
func groupLeaf(list []event.Exception) int {
	root := treeRoot(list)
	if root < 0 || !list[root].Mechanism.IsGroup {
		return -1
	}
	leaf := -1
	seen := make([]bool, len(list))
	pending := []int{root}
	for len(pending) > 0 {
		i := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if seen[i] {
			return -1
		}
		seen[i] = true
		m, kids := list[i].Mechanism, len(pending)
		for k := range list {
			if p := list[k].Mechanism.ParentID; m.IsGroup && p != nil && *p == *m.ID {
				pending = append(pending, k)
			}
		}
		switch {
		case len(pending) > kids:
		case leaf < 0 || alike(&list[leaf], &list[i]):
			leaf = i
		default:
			return -1
		}
	}
	return leaf
}

// treeRoot returns the root of the tree that exceptions form by their ids, -1 when they form none.
func treeRoot(list []event.Exception) int {
	root, groups := -1, false
	for i := range list {
		m := list[i].Mechanism
		if m == nil || m.ID == nil {
			return -1
		}
		groups = groups || m.IsGroup
		if m.ParentID == nil {
			if root >= 0 {
				return -1
			}
			root = i
		}
	}
	if !groups || root < 0 {
		return -1
	}
	parents := make([]int, len(list))
	for i := range list {
		m := list[i].Mechanism
		parents[i] = -1
		for k := range list {
			id := *list[k].Mechanism.ID
			if k != i && id == *m.ID {
				return -1
			}
			if m.ParentID != nil && id == *m.ParentID {
				parents[i] = k
			}
		}
	}
	for i := range list { // every exception is below the root
		at, steps := i, 0
		for ; at >= 0 && at != root && steps <= len(list); steps++ {
			at = parents[at]
		}
		if at != root {
			return -1
		}
	}
	return root
}

// alike reports whether two exceptions look like the same problem: their type, and their stack traces or, without those,
// their values.
func alike(a, b *event.Exception) bool {
	if a.Type != b.Type {
		return false
	}
	if a.Stacktrace == nil || b.Stacktrace == nil {
		return a.Stacktrace == b.Stacktrace && a.Value == b.Value
	}
	return slices.EqualFunc(a.Stacktrace.Frames, b.Stacktrace.Frames, func(f, g event.Frame) bool {
		return f.Function == g.Function && f.Module == g.Module && f.Filename == g.Filename
	})
}
