package grouping

import "github.com/seismohq/seismo/internal/event"

// MarkFrames decides for every frame of the event whether it is the application's own code: what the SDK said, then the
// built-in rules, then the project's. Where a rule changes what the SDK said, the frame's data keeps the original under
// "orig_in_app" (null: the SDK said nothing), so that marking again with other rules starts from it. Categories that rules
// give are kept in the frame's data as "category".
//
// Frames that neither the SDK nor a rule speaks of stay unknown.
func (g *Grouper) MarkFrames(e *event.Event) {
	w := g.work()
	defer g.done(w)
	plat := platformOf(e.Platform)
	for i := range e.Exceptions {
		g.markTrace(w, e.Exceptions[i].Stacktrace, &e.Exceptions[i], plat)
	}
	for i := range e.Threads {
		g.markTrace(w, e.Threads[i].Stacktrace, nil, plat)
	}
	g.markTrace(w, e.Stacktrace, nil, plat)
}

func (g *Grouper) markTrace(w *work, st *event.Stacktrace, x *event.Exception, plat platform) {
	if st == nil || len(st.Frames) == 0 {
		return
	}
	states := w.rules.states[:0]
	for i := range st.Frames {
		f := &st.Frames[i]
		s := frameState{frame: f, platform: framePlatform(f, plat), app: appOf(f)}
		if len(f.Data) > 0 {
			if orig, ok := f.Data.Get(origInApp); ok {
				s.app = triOfValue(orig)
			}
			s.category = f.Data.Text("category")
		}
		states = append(states, s)
	}
	w.rules.states = states
	builtin().stack.marking.run(states, x, &w.rules, nil)
	if g.stack != nil {
		g.stack.marking.run(states, x, &w.rules, nil)
	}
	for i := range states {
		states[i].write()
	}
}

const origInApp = "orig_in_app"

// write puts what rules decided into the frame.
func (s *frameState) write() {
	f := s.frame
	if s.category != "" && f.Data.Text("category") != s.category {
		f.Data.Set("category", event.Str(s.category))
	}
	was := appOf(f)
	if was == s.app {
		return
	}
	if _, kept := f.Data.Get(origInApp); !kept {
		f.Data.Set(origInApp, valueOf(was))
	}
	f.InApp = nil
	if s.app != unknown {
		in := s.app == yes
		f.InApp = &in
	}
}

func appOf(f *event.Frame) tri {
	if f.InApp == nil {
		return unknown
	}
	return triOf(*f.InApp)
}

func triOfValue(v event.Value) tri {
	switch v.Text {
	case "true", "1":
		return yes
	case "false", "0":
		return no
	}
	return unknown // null, and the -1 that other servers store
}

func valueOf(t tri) event.Value {
	switch t {
	case yes:
		return event.Value{Kind: event.Bool, Text: "true"}
	case no:
		return event.Value{Kind: event.Bool, Text: "false"}
	}
	return event.Value{}
}
