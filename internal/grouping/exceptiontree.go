package grouping

import (
	"bytes"
	"cmp"
	"slices"
)

// exceptionOrder returns the exceptions that count, in the order of the digest, and whether an exception group decided it.
//
// Without a group that is the list as it came. A group is seen as the errors in it: the same error thrown by three tasks
// at once is that error, whatever gathered it. See docs/grouping.md.
func (w *work) exceptionOrder(stacks [variants]bool) (order []int, group bool) {
	all := make([]int, len(w.causes))
	for i := range all {
		all[i] = i
	}
	if !slices.ContainsFunc(w.causes, func(c exceptionWork) bool { return c.x.Mechanism != nil && c.x.Mechanism.IsGroup }) {
		return all, false
	}
	t, ok := newExceptionTree(w.causes)
	if !ok {
		return all, false
	}
	v := variantApp
	if !stacks[variantApp] {
		v = variantSystem
	}
	leaves := t.leaves(w.causes)
	digest := func(i int) []byte { return w.digests[w.causes[i].bytes[v].from:w.causes[i].bytes[v].to] }
	slices.SortStableFunc(leaves, func(a, b int) int {
		return cmp.Or(cmp.Compare(w.causes[a].x.Type, w.causes[b].x.Type), bytes.Compare(digest(a), digest(b)))
	})
	distinct := slices.CompactFunc(slices.Clone(leaves), func(a, b int) bool { return bytes.Equal(digest(a), digest(b)) })
	if len(distinct) == 1 {
		order = t.firstChildren(distinct[0])
		slices.Sort(order)
	} else {
		order = distinct
		if !slices.Contains(order, t.root) {
			order = append(order, t.root)
		}
	}
	for i := range w.causes {
		if slices.Contains(order, i) {
			continue
		}
		w.causes[i].omit = "part of an exception group that others stand for"
		if slices.Contains(leaves, i) {
			w.causes[i].omit = "the same as another error of the group"
		}
	}
	return order, true
}

// exceptionTree is the tree that exception_id and parent_id make of a list.
type exceptionTree struct {
	root     int
	children [][]int
}

// newExceptionTree reports false unless every exception has an id of its own, all but one have a parent in the list, and
// all descend from that one.
func newExceptionTree(causes []exceptionWork) (*exceptionTree, bool) {
	byID := make(map[int]int, len(causes))
	for i := range causes {
		m := causes[i].x.Mechanism
		if m == nil || m.ID == nil {
			return nil, false
		}
		if _, twice := byID[*m.ID]; twice {
			return nil, false
		}
		byID[*m.ID] = i
	}
	t := &exceptionTree{root: -1, children: make([][]int, len(causes))}
	for i := range causes {
		parent := causes[i].x.Mechanism.ParentID
		if parent == nil {
			if t.root >= 0 {
				return nil, false
			}
			t.root = i
			continue
		}
		p, ok := byID[*parent]
		if !ok || p == i {
			return nil, false
		}
		t.children[p] = append(t.children[p], i)
	}
	if t.root < 0 {
		return nil, false
	}
	for _, c := range t.children {
		slices.SortFunc(c, func(a, b int) int { return cmp.Compare(*causes[a].x.Mechanism.ID, *causes[b].x.Mechanism.ID) })
	}
	reached := 0
	for queue := []int{t.root}; len(queue) > 0; queue = queue[1:] {
		reached++
		queue = append(queue, t.children[queue[0]]...)
	}
	return t, reached == len(causes)
}

// leaves walks down through groups to the errors in them.
func (t *exceptionTree) leaves(causes []exceptionWork) []int {
	var out []int
	for queue := []int{t.root}; len(queue) > 0; queue = queue[1:] {
		i := queue[0]
		if causes[i].x.Mechanism.IsGroup && len(t.children[i]) > 0 {
			queue = append(queue, t.children[i]...)
			continue
		}
		out = append(out, i)
	}
	return out
}

// firstChildren is an error with its cause, the cause's cause and so on.
func (t *exceptionTree) firstChildren(i int) []int {
	out := []int{i}
	for len(t.children[i]) > 0 {
		i = t.children[i][0]
		out = append(out, i)
	}
	return out
}
