package normalize

import (
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

const (
	maxTitle         = 256
	maxTitleType     = 128
	maxMetadataValue = 1024
)

// Finish computes what depends on which frames are the application's own: title, culprit, location and metadata. Event
// has done it by what the SDK said; whoever changes frames, exceptions or the message does it again. It may be repeated.
func Finish(e *event.Event) {
	var main *event.Exception
	if i := MainException(e); i >= 0 {
		main = &e.Exceptions[i]
	}
	e.Metadata = metadata(main, crashFrame(e, main))
	e.Location = e.Metadata.Filename
	e.Culprit = keep(cutPlain(culprit(e), maxName))
	e.Title = title(e, main)
}

// metadata is what an issue shows of its event in parts.
func metadata(main *event.Exception, crash *event.Frame) (m event.Metadata) {
	if main != nil {
		m.Type, m.Value = keep(cutPlain(main.Type, maxType)), keep(cutPlain(main.Value, maxMetadataValue))
	}
	if crash != nil {
		m.Function = keep(cutPlain(crash.Function, maxFunction))
		if m.Filename = keep(crash.Filename); m.Filename == "" {
			m.Filename = keep(cutPlain(crash.AbsPath, maxFilename))
		}
	}
	return m
}

func cutPlain(s string, chars int) string {
	s, _ = cutText(s, chars)
	return s
}

// crashFrame returns the frame where it happened: the last one of the application that has a name, else the last one that
// has a name, else the last one.
func crashFrame(e *event.Event, main *event.Exception) *event.Frame {
	var trace *event.Stacktrace
	if main != nil {
		trace = main.Stacktrace
	}
	if trace == nil {
		trace = crashTrace(e)
	}
	if trace == nil || len(trace.Frames) == 0 {
		return nil
	}
	var named *event.Frame
	for i := len(trace.Frames) - 1; i >= 0; i-- {
		f := &trace.Frames[i]
		if f.Function == "" || f.Function == "<redacted>" || f.Function == "<unknown>" {
			continue
		}
		if f.App() {
			return f
		}
		if named == nil {
			named = f
		}
	}
	if named == nil {
		named = &trace.Frames[len(trace.Frames)-1]
	}
	return named
}

// crashTrace returns the stack trace an event is about: of its last exception that has one, else its own, else that of the
// only thread it can be.
func crashTrace(e *event.Event) *event.Stacktrace {
	for i := len(e.Exceptions) - 1; i >= 0; i-- {
		if t := e.Exceptions[i].Stacktrace; t != nil {
			return t
		}
	}
	if e.Stacktrace != nil {
		return e.Stacktrace
	}
	for _, chosen := range [...]func(*event.Thread) bool{
		func(t *event.Thread) bool { return t.Crashed },
		func(t *event.Thread) bool { return t.Current },
		func(*event.Thread) bool { return true },
	} {
		var only *event.Thread
		n := 0
		for i := range e.Threads {
			if t := &e.Threads[i]; t.Stacktrace != nil && chosen(t) {
				only = t
				n++
			}
		}
		if n == 1 {
			return only.Stacktrace
		}
	}
	return nil
}

// title is the one line an event is known by.
func title(e *event.Event, main *event.Exception) string {
	if e.Grouping != nil && e.Grouping.Title != "" {
		return e.Grouping.Title // set by a rule
	}
	s := ""
	switch {
	case main != nil:
		s = exceptionTitle(main, e.Metadata)
	case e.Type == event.TypeFeedback:
		s = firstLine(e.Context("feedback").Text("message"))
	case e.Type == event.TypeTransaction:
		s = e.Transaction
	}
	if s == "" && e.Message != nil {
		if s = firstLine(e.Message.Formatted); s == "" {
			s = firstLine(e.Message.Template)
		}
	}
	if s == "" {
		return "<unlabeled event>"
	}
	return keep(cutPlain(s, maxTitle))
}

func exceptionTitle(x *event.Exception, m event.Metadata) string {
	typ, value := cutPlain(x.Type, maxTitleType), firstLine(x.Value)
	if typ != "" && x.Mechanism != nil && x.Mechanism.Synthetic && m.Function != "" {
		return m.Function // the type is that of a signal or the like, always the same
	}
	switch {
	case typ != "" && value != "":
		return typ + ": " + value
	case typ != "":
		return typ
	case value != "":
		return value
	case m.Function != "":
		return m.Function
	}
	return "<unknown>"
}

// firstLine returns the first line that is not blank.
func firstLine(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.IndexAny(s, "\r\n"); i >= 0 {
		s = strings.TrimSpace(s[:i])
	}
	return s
}
