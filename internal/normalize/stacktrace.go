package normalize

import (
	"fmt"

	"github.com/seismohq/seismo/internal/event"
)

// stacktrace reads a stack trace: also a bare list of frames. It is nil when there are no frames.
func (r *reader) stacktrace(name string, v value) *event.Stacktrace {
	if v.empty() {
		return nil
	}
	r.enter(name)
	defer r.leave()
	list := v
	if v.kind() == event.Object {
		list = v.get("frames")
	}
	frames, omitted := r.frameList(list)
	if len(frames) == 0 {
		return nil
	}
	t := &event.Stacktrace{Frames: frames, Omitted: omitted}
	if v.kind() == event.Object {
		for k := v.kids(); len(k) > 0; k = k.rest() {
			switch v := k.first(); k[0].key {
			case "registers":
				t.Registers = r.object("registers", v, r.limits.VarsBytes, depthOther)
			case "frames_omitted":
				t.Omitted += r.framesOmitted(v)
			case "snapshot":
				t.Snapshot = r.flag("snapshot", v)
			}
		}
	}
	return t
}

// framesOmitted reads [from, to), the frames an SDK left out.
func (r *reader) framesOmitted(v value) int {
	if v.empty() {
		return 0
	}
	if v.kind() != event.List {
		return r.count("frames_omitted", v)
	}
	if v[0].kids == 2 {
		from, ok1 := integer(v.kids().first())
		to, ok2 := integer(v.kids().rest().first())
		if ok1 && ok2 && 0 <= from && from <= to {
			return int(to - from)
		}
	}
	r.invalid("frames_omitted", v)
	return 0
}

func frameCount(k values) (n int) {
	for ; len(k) > 0; k = k.rest() {
		if k[0].kind == event.Object {
			n++
		}
	}
	return n
}

// frameList reads the last frames of a list, which are where it happened, and counts the others.
func (r *reader) frameList(v value) (frames []event.Frame, omitted int) {
	if v.empty() {
		return nil, 0
	}
	list := r.elements("frames", v)
	n := frameCount(list)
	keep := min(n, r.limits.Frames, r.frames)
	if keep < n {
		r.dropped("frames", keep, n)
	}
	r.frames -= keep
	if keep == 0 {
		return nil, n
	}
	skip := n - keep
	for ; skip > 0; list = list.rest() {
		if list[0].kind == event.Object {
			skip--
		}
	}
	detailed := r.detailed(list, keep)
	r.bare = 0
	frames = make([]event.Frame, 0, keep)
	r.enter("frames")
	r.enterAt(0)
	for ; len(list) > 0; list = list.rest() {
		v := list.first()
		if v.kind() != event.Object {
			r.invalid("", v)
			continue
		}
		i := len(frames)
		r.at(i)
		frames = append(frames, event.Frame{})
		r.frame(&frames[i], v, detailed == nil || detailed[i])
	}
	r.leave()
	r.leave()
	if r.bare > 0 {
		r.remark(event.Remark{
			Path: r.where("frames"), Rule: ruleLimit, Kind: removed,
			Note: fmt.Sprintf("%d frames lost their variables and source lines", r.bare),
		})
	}
	return frames, n - keep
}

// detailed chooses the frames that keep variables and source lines: the application's own first, inner and outer ones
// alike, then the ends of the rest. Nil means all.
func (r *reader) detailed(list values, n int) []bool {
	most := r.limits.DetailedFrames
	if n <= most {
		return nil
	}
	app := make([]bool, 0, n)
	apps := 0
	for ; len(list) > 0; list = list.rest() {
		if list[0].kind == event.Object {
			is, _ := boolean(list.first().get("in_app"))
			app = append(app, is)
			if is {
				apps++
			}
		}
	}
	chosen := make([]bool, n)
	choose := func(of bool, total, want int) {
		if want > total {
			want = total
		}
		seen := 0
		for i := range app {
			if app[i] == of {
				if seen < want/2 || seen >= total-(want-want/2) {
					chosen[i] = true
				}
				seen++
			}
		}
	}
	choose(true, apps, most)
	choose(false, n-apps, most-min(apps, most))
	return chosen
}
