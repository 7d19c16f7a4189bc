package normalize

import (
	"strconv"
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// message reads logentry, which may be a bare text, and message, which may be an object (Java).
func (r *reader) message() {
	m := r.logentry(r.sent.logentry)
	other := r.logentry(r.sent.message)
	switch {
	case m == nil:
		m = other
	case m.Formatted == "" && other != nil:
		m.Formatted = other.Formatted
	}
	if m == nil {
		return
	}
	if m.Formatted == "" {
		m.Formatted = m.Template
		if s, ok := interpolate(m.Template, m.Params); ok {
			m.Formatted = r.limit("logentry.formatted", s, r.limits.MessageChars)
		}
	}
	if m.Template == m.Formatted {
		m.Template = ""
	}
	if m.Formatted != "" {
		r.e.Message = m
	}
}

func (r *reader) logentry(v value) *event.Message {
	if v.empty() {
		return nil
	}
	most := r.limits.MessageChars
	if v.kind() != event.Object {
		return &event.Message{Formatted: r.short("logentry.formatted", v, most)}
	}
	m := new(event.Message)
	known := false
	for k := v.kids(); len(k) > 0; k = k.rest() {
		switch v := k.first(); k[0].key {
		case "message":
			m.Template, known = r.short("logentry.message", v, most), true
		case "formatted":
			m.Formatted, known = r.short("logentry.formatted", v, most), true
		case "params":
			known = true
			if !v.empty() {
				m.Params = r.any("logentry.params", v, r.limits.ContextBytes, depthOther)
			}
		}
	}
	if !known { // an object that is a message itself, as loggers of structures send it
		m.Formatted = r.short("logentry.formatted", v, most)
	}
	return m
}

// interpolate fills the parameters into a template: Python's and C's %s and %(name)s, else .NET's and Rust's {}, {0} and
// {name}. It reports false when that cannot be done, as with a parameter missing.
func interpolate(template string, params event.Value) (string, bool) {
	a := arguments{params: params}
	switch {
	case params.Kind != event.List && params.Kind != event.Object:
		return "", false
	case strings.Contains(template, "%"):
		return a.percent(template)
	case strings.Contains(template, "{"):
		return a.braces(template)
	}
	return "", false
}

// arguments are the parameters of a template.
type arguments struct {
	params event.Value
	next   int
}

func (a *arguments) named(name string) (string, bool) {
	if a.params.Kind == event.Object {
		if v, ok := a.params.Map.Get(name); ok {
			return argument(v)
		}
		return "", false
	}
	n, err := strconv.Atoi(name)
	if err != nil || n < 0 || n >= len(a.params.List) {
		return "", false
	}
	return argument(a.params.List[n])
}

func (a *arguments) following() (string, bool) {
	n := a.next
	a.next++
	switch {
	case a.params.Kind == event.List && n < len(a.params.List):
		return argument(a.params.List[n])
	case a.params.Kind == event.Object && n < len(a.params.Map):
		return argument(a.params.Map[n].Value)
	}
	return "", false
}

func argument(v event.Value) (string, bool) {
	switch v.Kind {
	case event.String, event.Number, event.Bool:
		return v.Text, true
	}
	b, err := v.AppendJSON(nil)
	return string(b), err == nil
}

func (a *arguments) percent(s string) (string, bool) {
	var out strings.Builder
	for {
		i := strings.IndexByte(s, '%')
		if i < 0 {
			out.WriteString(s)
			return out.String(), true
		}
		out.WriteString(s[:i])
		s = s[i+1:]
		if strings.HasPrefix(s, "%") {
			out.WriteByte('%')
			s = s[1:]
			continue
		}
		get := a.following
		if strings.HasPrefix(s, "(") {
			end := strings.IndexByte(s, ')')
			if end < 0 {
				return "", false
			}
			name := s[1:end]
			get = func() (string, bool) { return a.named(name) }
			s = s[end+1:]
		}
		s = strings.TrimLeft(s, "#0-+'123456789.*hlL") // flags, width and the like, of no use here; the flag blank is mostly "100% sure"
		if s == "" || !strings.ContainsRune("sdifrxXeEgGcuopavqtTUb@", rune(s[0])) {
			return "", false
		}
		text, ok := get()
		if !ok {
			return "", false
		}
		out.WriteString(text)
		s = s[1:]
	}
}

func (a *arguments) braces(s string) (string, bool) {
	var out strings.Builder
	for {
		i := strings.IndexAny(s, "{}")
		if i < 0 {
			out.WriteString(s)
			return out.String(), true
		}
		out.WriteString(s[:i])
		c := s[i]
		if s = s[i+1:]; s != "" && s[0] == c { // doubled: itself
			out.WriteByte(c)
			s = s[1:]
			continue
		}
		end := strings.IndexByte(s, '}')
		if c == '}' || end < 0 {
			return "", false
		}
		// {name:format}, {name,width}, and the @ and $ of Serilog
		name, _, _ := strings.Cut(s[:end], ":")
		name, _, _ = strings.Cut(name, ",")
		name = strings.TrimLeft(strings.TrimSpace(name), "@$")
		s = s[end+1:]
		text, ok := "", false
		if _, err := strconv.Atoi(name); name == "" || err != nil && a.params.Kind == event.List {
			text, ok = a.following() // {Name} with a list of parameters goes by their order: Serilog, NLog
		} else {
			text, ok = a.named(name)
		}
		if !ok {
			return "", false
		}
		out.WriteString(text)
	}
}
