package normalize

import (
	"strconv"

	"github.com/seismohq/seismo/internal/event"
)

// derivedTags is about how many tags an event gets beside those sent.
const derivedTags = 16

// DeriveTags adds the tags that follow from other attributes: level, release, browser, device and so on. A tag that stands
// already stays as it is. Event does this; whoever adds contexts later may do it again.
func DeriveTags(e *event.Event) {
	deriveTags(e, Limits{}.withDefaults().Tags)
}

// deriveTags returns how many of the tags that stood it cut off to make room.
func deriveTags(e *event.Event, most int) (cut int) {
	var room [derivedTags * 2]event.Tag
	d := deriver{e, room[:0]}
	d.attributes()
	for i := range e.Contexts {
		d.context(&e.Contexts[i])
	}
	if over := len(e.Tags) + len(d.tags) - most; over > 0 {
		cut = min(over, len(e.Tags))
		e.Tags = e.Tags[:len(e.Tags)-cut]
		d.tags = d.tags[:min(len(d.tags), most-len(e.Tags))]
	}
	e.Tags = append(e.Tags, d.tags...)
	return cut
}

type deriver struct {
	e    *event.Event
	tags []event.Tag
}

func (d *deriver) add(key, val string) {
	if val == "" || d.e.Tag(key) != "" {
		return
	}
	for i := range d.tags {
		if d.tags[i].Key == key {
			return
		}
	}
	if val = tagText(val); val != "" {
		d.tags = append(d.tags, event.Tag{Key: key, Value: keep(val)})
	}
}

func (d *deriver) attributes() {
	e := d.e
	d.add("level", string(e.Level))
	d.add("logger", e.Logger)
	d.add("environment", e.Environment)
	d.add("release", e.Release)
	d.add("dist", e.Dist)
	d.add("server_name", e.ServerName)
	d.add("transaction", e.Transaction)
	if e.Request != nil {
		d.add("url", e.Request.URL)
	}
	d.add("user", e.User.Identity())
	handled := ""
	for i := range e.Exceptions {
		m := e.Exceptions[i].Mechanism
		if m == nil {
			continue
		}
		if m.Handled != nil && handled == "" {
			handled = "yes"
		}
		if m.Handled != nil && !*m.Handled {
			handled = "no"
		}
	}
	d.add("handled", handled)
	if n := len(e.Exceptions); n > 0 && e.Exceptions[n-1].Mechanism != nil {
		d.add("mechanism", e.Exceptions[n-1].Mechanism.Type)
	}
}

// context adds the tags of a context. They are named after the context, so that a second one of a type, such as
// "server-os", does not take the place of the first.
func (d *deriver) context(c *event.Context) {
	base, ok := tagKey(c.Name)
	if !ok {
		return
	}
	text := c.Data.Text
	switch c.Type {
	case "browser":
		d.nameAndVersion(base, c.Data)
	case "os", "client_os":
		d.nameAndVersion(base, c.Data)
		if rooted, ok := c.Data.Get("rooted"); ok && rooted.Kind == event.Bool {
			d.add(base+".rooted", map[string]string{"true": "yes", "false": "no"}[rooted.Text])
		}
	case "runtime":
		d.nameAndVersion(base, c.Data)
	case "device":
		d.add(base, text("model"))
		d.add(base+".family", text("family"))
		d.add(base+".class", deviceClass(c.Data))
	case "gpu":
		d.add(base+".name", text("name"))
	case "app":
		d.add(base+".device", text("device_app_hash"))
	case "trace":
		d.add("trace", text("trace_id"))
		d.add("trace.span", text("span_id"))
	case "replay":
		d.add("replayId", text("replay_id"))
	}
}

func (d *deriver) nameAndVersion(base string, m event.Map) {
	name, version := m.Text("name"), m.Text("version")
	if name != "" && version != "" {
		d.add(base, name+" "+version)
	} else {
		d.add(base, name)
	}
	d.add(base+".name", name)
}

// deviceClass sorts devices by what they can do: low, medium or high. The bounds are upstream's for Android.
func deviceClass(m event.Map) string {
	if class := m.Text("class"); class != "" {
		return class
	}
	megahertz, err1 := strconv.ParseFloat(m.Text("processor_frequency"), 64)
	cores, err2 := strconv.ParseFloat(m.Text("processor_count"), 64)
	memory, err3 := strconv.ParseFloat(m.Text("memory_size"), 64)
	const gib = 1 << 30
	switch {
	case err1 != nil || err2 != nil || err3 != nil:
		return ""
	case megahertz < 2000 || cores < 8 || memory < 4*gib:
		return "low"
	case megahertz < 2500 || memory < 6*gib:
		return "medium"
	}
	return "high"
}
