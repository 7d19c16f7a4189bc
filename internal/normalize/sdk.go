package normalize

import (
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// sdk reads what sent the event: an object, or a text such as "raven-java/8.0".
func (r *reader) sdk() {
	v := r.sent.sdk
	s := new(event.SDK)
	r.enter("sdk")
	switch v.kind() {
	case event.Object:
		r.sdkParts(s, v)
	case event.String:
		s.Name, s.Version, _ = strings.Cut(r.word("", v, maxServer), "/")
	default:
		r.invalid("", v)
	}
	r.leave()
	if s.Name == "" && r.in.SDKName != "" {
		s.Name, s.Version = r.in.SDKName, r.in.SDKVersion
	}
	if s.Name != "" || s.Version != "" || s.Integrations != nil || s.Packages != nil || s.Features != nil || s.InferIP != "" {
		r.e.SDK = s
	}
}

func (r *reader) sdkParts(s *event.SDK, v value) {
	for k := v.kids(); len(k) > 0; k = k.rest() {
		v := k.first()
		if v.empty() {
			continue
		}
		switch key := k[0].key; key {
		case "name":
			s.Name = r.word(key, v, maxServer)
		case "version":
			s.Version = r.word(key, v, maxServer)
		case "integrations":
			s.Integrations = r.strings(key, v, maxPackages, maxServer)
		case "features":
			s.Features = r.strings(key, v, maxPackages, maxServer)
		case "packages":
			s.Packages = r.namesAndVersions(key, v, maxPackages)
		case "settings":
			if infer := v.get("infer_ip"); infer.kind() == event.String && (infer[0].text == "auto" || infer[0].text == "never") {
				s.InferIP = infer[0].text
			} else {
				r.invalid("settings.infer_ip", infer)
			}
		}
	}
}

// namesAndVersions reads a list of {name, version} or a map.
func (r *reader) namesAndVersions(name string, v value, most int) []event.Tag {
	pairs := r.pairs[:0]
	if v.kind() == event.Object && scalar(v.get("name")) && v.get("version").kind() != event.Object && v[0].kids <= 2 {
		pairs = append(pairs, event.Tag{Key: text(v.get("name")), Value: text(v.get("version"))}) // a single one
	} else {
		for key, val := range r.entries(name, v) {
			if len(pairs) == most {
				r.dropped(name, most, int(v[0].kids))
				break
			}
			pairs = append(pairs, event.Tag{Key: key, Value: r.short(name, val, maxServer)})
		}
	}
	r.pairs = pairs[:0]
	if len(pairs) == 0 {
		return nil
	}
	return append(make([]event.Tag, 0, len(pairs)), pairs...)
}
