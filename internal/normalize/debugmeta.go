package normalize

import (
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// debugImages reads the binaries and source maps loaded, by which frames are symbolicated. Frames refer to them by index
// ("rel:2"), so what is no image keeps its place as an empty one.
func (r *reader) debugImages() {
	v := r.sent.debugMeta
	if v.empty() {
		return
	}
	if v.kind() != event.Object {
		r.invalid("debug_meta", v)
		return
	}
	list := r.elements("debug_meta.images", v.get("images"))
	n := list.count()
	r.enter("debug_images")
	r.enterAt(0)
	for k := list; len(k) > 0; k = k.rest() {
		i := len(r.e.DebugImages)
		if i == r.limits.Images {
			r.dropped("", i, n)
			break
		}
		if i == 0 {
			r.e.DebugImages = make([]event.Map, 0, min(n, r.limits.Images))
		}
		r.at(i)
		m := event.Map{}
		if k[0].kind == event.Object {
			b := bag{r, r.limits.ContextBytes}
			m = b.fields(k.first(), depthOther)
			r.image(m)
		} else {
			r.invalid("", k.first())
		}
		r.e.DebugImages = append(r.e.DebugImages, m)
	}
	r.leave()
	r.leave()
	if info := v.get("sdk_info"); !info.empty() {
		b := bag{r, r.limits.ContextBytes}
		r.e.Other = append(r.e.Other, b.field("sdk_info", info, depthOther))
	}
}

// image gives types, ids and addresses of an image their one form.
func (r *reader) image(m event.Map) {
	typ, _ := m.Get("type")
	for i := range m {
		f := &m[i]
		switch f.Key {
		case "type":
			if f.Value.Text == "apple" { // until 2019
				f.Value.Text = "macho"
			}
		case "uuid", "id":
			if _, ok := m.Get("debug_id"); !ok && (typ.Text == "apple" || typ.Text == "symbolic") {
				f.Key = "debug_id"
				f.Value.Text = debugID(f.Value.Text)
			}
		case "debug_id":
			f.Value.Text = debugID(f.Value.Text)
		case "image_addr", "image_vmaddr":
			v := value{{kind: f.Value.Kind, text: f.Value.Text, size: 1}}
			if a := r.address(f.Key, v); a != "" {
				f.Value = event.Str(a)
			}
		}
	}
}

// debugID gives a debug id its one form: a dashed UUID in lower case, "-" and the age in hexadecimal where it has one.
func debugID(s string) string {
	for _, cut := range [...]int{36, 32} {
		if len(s) < cut {
			continue
		}
		id, err := event.ParseID(s[:cut])
		age := strings.TrimPrefix(s[cut:], "-")
		if err == nil && len(age) <= 8 && only(age, isHex) {
			if age = strings.ToLower(strings.TrimLeft(age, "0")); age != "" {
				age = "-" + age
			}
			return id.Dashed() + age
		}
	}
	return s
}
