package normalize

import "github.com/seismohq/seismo/internal/event"

// threads reads the threads of the process.
func (r *reader) threads() {
	list := r.elements("threads", r.sent.threads)
	n := 0
	for k := list; len(k) > 0; k = k.rest() {
		if k[0].kind == event.Object && k[0].kids > 0 {
			n++
		}
	}
	if n > r.limits.Threads {
		r.dropped("threads", r.limits.Threads, n)
		n = r.limits.Threads
	}
	if n == 0 {
		return
	}
	r.e.Threads = make([]event.Thread, 0, n)
	r.enter("threads")
	r.enterAt(0)
	for k := list; len(k) > 0 && len(r.e.Threads) < n; k = k.rest() {
		v := k.first()
		if v.kind() != event.Object || v.empty() {
			r.invalid("", v)
			continue
		}
		r.at(len(r.e.Threads))
		r.e.Threads = append(r.e.Threads, r.thread(v))
	}
	r.leave()
	r.leave()
}

func (r *reader) thread(v value) (t event.Thread) {
	for k := v.kids(); len(k) > 0; k = k.rest() {
		switch v := k.first(); k[0].key {
		case "id":
			t.ID = r.short("id", v, maxIdentity)
		case "name":
			t.Name = r.short("name", v, maxServer)
		case "state":
			t.State = r.short("state", v, maxLogger)
		case "crashed":
			t.Crashed = r.flag("crashed", v)
		case "current":
			t.Current = r.flag("current", v)
		case "main":
			t.Main = r.flag("main", v)
		case "held_locks":
			t.HeldLocks = r.object("held_locks", v, r.limits.ContextBytes, depthOther)
		case "stacktrace":
			t.Stacktrace = r.stacktrace("stacktrace", v)
		}
	}
	return t
}

// topStacktrace reads the stack trace of an event without exception, and the place in a template that old SDKs send.
func (r *reader) topStacktrace() {
	r.e.Stacktrace = r.stacktrace("stacktrace", r.sent.stacktrace)
	if v := r.sent.template; v.kind() == event.Object && !v.empty() {
		r.enter("template")
		r.e.Template = new(event.Frame)
		r.frame(r.e.Template, v, true)
		r.leave()
	} else {
		r.invalid("template", v)
	}
}

// moveStacktraces gives the only exception the stack trace that was sent beside it: at the top (old SDKs) or as that of
// the thread that crashed (cocoa and native).
func (r *reader) moveStacktraces() {
	e := r.e
	if len(e.Exceptions) != 1 || e.Exceptions[0].Stacktrace != nil {
		return
	}
	x := &e.Exceptions[0]
	if e.Stacktrace != nil {
		x.Stacktrace, e.Stacktrace = e.Stacktrace, nil
		return
	}
	var crashed *event.Thread
	for i := range e.Threads {
		if e.Threads[i].Crashed {
			if crashed != nil {
				return
			}
			crashed = &e.Threads[i]
		}
	}
	if crashed == nil || crashed.Stacktrace == nil || x.ThreadID != "" && crashed.ID != "" && x.ThreadID != crashed.ID {
		return
	}
	x.Stacktrace, crashed.Stacktrace = crashed.Stacktrace, nil
	if x.ThreadID == "" {
		x.ThreadID = crashed.ID
	}
}
