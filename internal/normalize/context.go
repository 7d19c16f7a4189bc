package normalize

import (
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// contexts reads the groups of facts about the surroundings, in the sender's order.
func (r *reader) contexts() {
	v := r.sent.contexts
	if v.empty() {
		return
	}
	r.enter("contexts")
	defer r.leave()
	var list []event.Context
	for name, v := range r.entries("", v) {
		if v.empty() {
			continue
		}
		if len(list) == r.limits.Contexts {
			r.dropped("", len(list), int(r.sent.contexts[0].kids))
			break
		}
		if list == nil {
			list = make([]event.Context, 0, min(int(r.sent.contexts[0].kids), r.limits.Contexts))
		}
		name, _ = cutText(name, maxName)
		c := event.Context{Name: name, Type: name, Data: r.object(name, v, r.limits.ContextBytes, depthOther)}
		r.contextType(&c)
		list = replaceContext(list, c)
	}
	r.e.Contexts = list
}

// contextType takes the type out of the facts and mends those we rely on.
func (r *reader) contextType(c *event.Context) {
	for i := range c.Data {
		if f := &c.Data[i]; f.Key == "type" && f.Value.Kind == event.String {
			if f.Value.Text != "" {
				c.Type = f.Value.Text
			}
			c.Data = append(c.Data[:i], c.Data[i+1:]...)
			break
		}
	}
	switch c.Type {
	case "os", "client_os":
		describe(&c.Data, osDescription)
	case "runtime", "browser":
		describe(&c.Data, plainDescription)
	case "trace":
		r.trace(c.Data)
	}
}

// replaceContext appends c, or puts it in the place of one of the same name.
func replaceContext(list []event.Context, c event.Context) []event.Context {
	for i := range list {
		if list[i].Name == c.Name {
			list[i] = c
			return list
		}
	}
	return append(list, c)
}

// trace gives trace and span ids their one form, by which events are found.
func (r *reader) trace(m event.Map) {
	for i := range m {
		f := &m[i]
		if f.Value.Kind != event.String {
			continue
		}
		switch f.Key {
		case "trace_id":
			if id, err := event.ParseID(f.Value.Text); err == nil {
				f.Value.Text = id.String()
			}
		case "span_id", "parent_span_id":
			f.Value.Text = strings.ToLower(f.Value.Text)
		}
	}
}

// describe fills in name and version from the text an SDK found instead, such as "CPython 3.9.1".
func describe(m *event.Map, read func(string) (name, version string)) {
	raw := m.Text("raw_description")
	if raw == "" || m.Text("name") != "" && m.Text("version") != "" {
		return
	}
	name, version := read(raw)
	if m.Text("name") == "" && name != "" {
		m.Set("name", event.Str(name))
	}
	if m.Text("version") == "" && version != "" && m.Text("name") == name {
		m.Set("version", event.Str(version))
	}
}

// plainDescription reads "CPython 3.9.1 (main, …)" and ".NET Framework 4.8.4250.0": a name, then a version.
func plainDescription(s string) (name, version string) {
	s = strings.TrimSpace(s)
	for i := 1; i < len(s); i++ {
		if isDigit(s[i]) && s[i-1] == ' ' {
			version = s[i:]
			if end := strings.IndexAny(version, " ,;("); end >= 0 {
				version = version[:end]
			}
			return strings.TrimSpace(s[:i]), version
		}
	}
	return s, ""
}

// osDescription reads how systems describe themselves: uname, Unity's and .NET's texts.
func osDescription(s string) (name, version string) {
	s = strings.TrimSpace(s)
	for _, p := range [...]struct{ prefix, name string }{
		{"Microsoft Windows NT ", "Windows"},
		{"Microsoft Windows ", "Windows"},
		{"Windows NT ", "Windows"},
		{"Darwin Kernel Version ", "Darwin"},
		{"Android OS ", "Android"},
		{"Mac OS X ", "macOS"},
		{"macOS ", "macOS"},
	} {
		if rest, ok := strings.CutPrefix(s, p.prefix); ok {
			_, version = plainDescription("x " + rest)
			version = strings.TrimRight(version, ":")
			return p.name, version
		}
	}
	name, version = plainDescription(s)
	if name == "Linux" { // 5.4.0-42-generic: the kernel's version is what stands before the build
		version, _, _ = strings.Cut(version, "-")
	}
	return name, version
}
