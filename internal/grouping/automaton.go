package grouping

// maxNeedle is how much of a pattern's literal text an automaton looks for, in bytes. A part is enough to find candidates,
// and the bound keeps the tables small whatever rules say.
const maxNeedle = 16

// automaton finds which of many texts occur in a subject, in one pass over it: the algorithm of Aho and Corasick with all
// transitions precomputed. Anchored, it finds only texts the subject begins with, and stops as soon as none can follow.
//
// It only proposes: what it finds is then compared by the rule itself.
type automaton struct {
	classes  [256]uint8 // bytes that no needle tells apart share a class
	width    int        // number of classes
	next     []uint32   // state*width + class → state*width, with foundBit
	found    [][]uint16 // state → rules whose needle ends here
	anchored bool
	paths    bool
}

// foundBit marks transitions into states where a needle ends.
const foundBit = 1 << 31

// needle is a text to look for and the rule that asked for it.
type needle struct {
	text string
	rule uint16
}

// newAutomaton builds the automaton, or returns nil for no needles. With paths, letters of either case and both slashes
// are equal, and a slash at the beginning does not count; needles must be lower-case with "/" then, and without that slash.
func newAutomaton(needles []needle, anchored, paths bool) *automaton {
	if len(needles) == 0 {
		return nil
	}
	a := &automaton{width: 1, anchored: anchored, paths: paths}
	for _, n := range needles {
		for i := range len(n.text) {
			if c := n.text[i]; a.classes[c] == 0 && a.width < 256 {
				a.classes[c] = uint8(a.width)
				a.width++
			}
		}
	}
	if paths {
		for c := byte('A'); c <= 'Z'; c++ {
			a.classes[c] = a.classes[c+'a'-'A']
		}
		a.classes['\\'] = a.classes['/']
	}
	a.addState()
	for _, n := range needles {
		a.add(n)
	}
	if !anchored {
		a.link()
	}
	for i, to := range a.next {
		a.next[i] = to * uint32(a.width)
		if len(a.found[to]) > 0 {
			a.next[i] |= foundBit
		}
	}
	return a
}

func (a *automaton) addState() uint32 {
	a.next = append(a.next, make([]uint32, a.width)...)
	a.found = append(a.found, nil)
	return uint32(len(a.found) - 1)
}

func (a *automaton) add(n needle) {
	state := uint32(0)
	for i := range len(n.text) {
		at := int(state)*a.width + int(a.classes[n.text[i]])
		if a.next[at] == 0 {
			to := a.addState() // grows next, so the place is found anew
			a.next[at] = to
		}
		state = a.next[at]
	}
	a.found[state] = append(a.found[state], n.rule)
}

// link fills the transitions that fall back to a shorter needle, level by level.
func (a *automaton) link() {
	fail := make([]uint32, len(a.found))
	var queue []uint32
	for c := range a.width {
		if to := a.next[c]; to != 0 {
			queue = append(queue, to)
		}
	}
	for len(queue) > 0 {
		state := queue[0]
		queue = queue[1:]
		a.found[state] = append(a.found[state], a.found[fail[state]]...)
		for c := range a.width {
			at := int(state)*a.width + c
			back := a.next[int(fail[state])*a.width+c]
			if to := a.next[at]; to != 0 {
				fail[to] = back
				queue = append(queue, to)
			} else {
				a.next[at] = back
			}
		}
	}
}

// scan adds to found a candidate for each needle that occurs in text.
func (a *automaton) scan(text string, frame int, found []candidate) []candidate {
	if a.paths && len(text) > 0 && (text[0] == '/' || text[0] == '\\') {
		text = text[1:]
	}
	text = text[:min(len(text), maxPathSubject)]
	state := uint32(0)
	next := a.next
	for i := 0; i < len(text); i++ {
		state = next[int(state)+int(a.classes[text[i]])]
		if state&foundBit != 0 {
			state &^= foundBit
			for _, rule := range a.found[int(state)/a.width] {
				found = append(found, newCandidate(rule, frame))
			}
		}
		if state == 0 && a.anchored {
			break
		}
	}
	return found
}

// candidate is a rule that may fit a frame, packed so that sorting puts rules in their order.
type candidate uint64

func newCandidate(rule uint16, frame int) candidate {
	return candidate(rule)<<32 | candidate(uint32(frame))
}

func (c candidate) rule() int  { return int(c >> 32) }
func (c candidate) frame() int { return int(uint32(c)) }
