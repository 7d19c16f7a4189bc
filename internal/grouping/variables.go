package grouping

import (
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// template is a text with variables, such as "db-{{ tags.shard }}", in pieces.
type template []piece

type piece struct {
	text     string // literal, or the name of a variable
	variable bool
}

// compileTemplate splits a text at its variables. What is not closed stays as it is.
func compileTemplate(s string) template {
	var t template
	for s != "" {
		open := strings.Index(s, "{{")
		if open < 0 {
			break
		}
		end := strings.Index(s[open:], "}}")
		if end < 0 {
			break
		}
		if open > 0 {
			t = append(t, piece{text: s[:open]})
		}
		t = append(t, piece{text: strings.TrimSpace(s[open+2 : open+end]), variable: true})
		s = s[open+end+2:]
	}
	if s != "" || len(t) == 0 {
		t = append(t, piece{text: s})
	}
	return t
}

// isDefault reports whether the template is {{ default }} alone.
func (t template) isDefault() bool {
	return len(t) == 1 && t[0].variable && t[0].text == "default"
}

// variableOf returns the name in "{{ name }}", if the text is nothing else.
func variableOf(s string) (string, bool) {
	if t := compileTemplate(s); len(t) == 1 && t[0].variable {
		return t[0].text, true
	}
	return "", false
}

// fill puts the event's values in.
func (t template) fill(w *work) string {
	if len(t) == 1 && !t[0].variable {
		return t[0].text
	}
	var b strings.Builder
	for _, p := range t {
		if p.variable {
			b.WriteString(w.variable(p.text))
		} else {
			b.WriteString(p.text)
		}
	}
	return b.String()
}

// variable returns the value of a variable of fingerprints and titles. Variables about frames use the crash frame, those
// about errors the last exception.
func (w *work) variable(name string) string {
	e := w.event
	switch name {
	case "transaction":
		return orText(e.Transaction, "<no-transaction>")
	case "message":
		return orText(messageText(e), "<no-message>")
	case "type", "error.type":
		if x := lastException(e); x != nil {
			return orText(x.Type, "<no-type>")
		}
		return "<no-type>"
	case "value", "error.value":
		if x := lastException(e); x != nil {
			return orText(x.Value, "<no-value>")
		}
		return "<no-value>"
	case "level":
		return orText(string(e.Level), "<no-level>")
	case "logger":
		return orText(e.Logger, "<no-logger>")
	case "release":
		return orText(e.Release, "<no-release>")
	}
	if key, ok := strings.CutPrefix(name, "tags."); ok && key != "" {
		return orText(e.Tag(key), "<no-value-for-tag-"+key+">")
	}
	return w.frameVariable(name)
}

func (w *work) frameVariable(name string) string {
	f := w.crashFrame()
	if f == nil {
		f = &event.Frame{}
	}
	switch name {
	case "function", "stack.function":
		return orText(f.Function, "<no-function>")
	case "path", "stack.abs_path":
		return orText(f.AbsPath, orText(f.Filename, "<no-abs-path>"))
	case "stack.filename":
		return orText(f.Filename, orText(f.AbsPath, "<no-filename>"))
	case "module", "stack.module":
		return orText(f.Module, "<no-module>")
	case "package", "stack.package":
		return orText(f.Package, "<no-package>")
	}
	return "<unrecognized-variable-" + name + ">"
}

func orText(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// messageText is what people would call the message of an event.
func messageText(e *event.Event) string {
	if m := e.Message; m != nil {
		if m.Formatted != "" {
			return m.Formatted
		}
		if m.Template != "" {
			return m.Template
		}
	}
	if x := lastException(e); x != nil {
		return x.Value
	}
	return ""
}

func lastException(e *event.Event) *event.Exception {
	if len(e.Exceptions) == 0 {
		return nil
	}
	return &e.Exceptions[len(e.Exceptions)-1]
}

// crashFrame is the last frame in app of the last stack trace, or its last frame; nil without frames.
func (w *work) crashFrame() *event.Frame {
	var st *event.Stacktrace
	for i := len(w.event.Exceptions) - 1; i >= 0 && st == nil; i-- {
		if s := w.event.Exceptions[i].Stacktrace; s != nil && len(s.Frames) > 0 {
			st = s
		}
	}
	if st == nil {
		st = w.event.Stacktrace
	}
	if t := crashedThread(w.event.Threads); st == nil && t != nil {
		st = t.Stacktrace
	}
	if st == nil || len(st.Frames) == 0 {
		return nil
	}
	for i := len(st.Frames) - 1; i >= 0; i-- {
		if st.Frames[i].App() {
			return &st.Frames[i]
		}
	}
	return &st.Frames[len(st.Frames)-1]
}
