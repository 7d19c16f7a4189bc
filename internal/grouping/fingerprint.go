package grouping

import (
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// fingerprint is what a rule, an SDK or a checksum asks for instead of the automatic keys.
type fingerprint struct {
	parts []fingerprintPart
	title string
	hint  string // who asked
}

// fingerprintPart is a text, or the place of the automatic components.
type fingerprintPart struct {
	text      string
	automatic bool
}

// automatic reports whether nothing but the automatic components is asked for.
func (f *fingerprint) automatic() bool {
	for _, p := range f.parts {
		if !p.automatic {
			return false
		}
	}
	return true
}

// mixed reports whether the automatic components are a part among others.
func (f *fingerprint) mixed() bool {
	for _, p := range f.parts {
		if p.automatic {
			return !f.automatic()
		}
	}
	return false
}

// fingerprint finds out who decides: the project's first rule that matches, else the SDK, else the built-in rules.
func (w *work) fingerprint() fingerprint {
	if f, ok := w.byRule(w.grouper.fingerprints); ok {
		return f
	}
	if len(w.event.Fingerprint) > 0 {
		f := fingerprint{hint: "the SDK's fingerprint"}
		for _, s := range w.event.Fingerprint {
			f.add(w, compileTemplate(s))
		}
		if !f.automatic() {
			return f
		}
	}
	f, _ := w.byRule(builtin().fingerprints)
	return f
}

func (w *work) byRule(rules []FingerprintRule) (fingerprint, bool) {
	for i := range rules {
		r := &rules[i]
		if !r.match(w) {
			continue
		}
		f := fingerprint{hint: r.hint}
		for _, t := range r.parts {
			f.add(w, t)
		}
		if r.title != nil {
			f.title = strings.TrimSpace(r.title.fill(w))
		}
		return f, true
	}
	return fingerprint{}, false
}

// add fills one part in. A part that repeats an exception's value is as variable as that, so it is treated the same.
func (f *fingerprint) add(w *work, t template) {
	if t.isDefault() {
		f.parts = append(f.parts, fingerprintPart{automatic: true})
		return
	}
	text := t.fill(w)
	for i := range w.event.Exceptions {
		if v := w.event.Exceptions[i].Value; v == text && v != "" {
			text = digestValue(parameterize(v))
			break
		}
	}
	f.parts = append(f.parts, fingerprintPart{text: text})
}

// strategyFingerprint names it in the result.
const strategyFingerprint = "fingerprint"

// custom is the one variant of a fingerprint without automatic part.
func (w *work) custom(f *fingerprint) ([]byte, event.Component) {
	c := event.Component{Name: partFingerprint, Contributes: true, Hint: f.hint}
	b := appendText(nil, tagStrategy, strategyFingerprint)
	for _, p := range f.parts {
		b = appendText(b, tagText, p.text)
		c.Values = append(c.Values, clip(p.text, maxShown))
	}
	return b, c
}

// splice puts the automatic components of a variant in their place among the parts.
func (w *work) splice(f *fingerprint, auto []byte, shown event.Component) ([]byte, event.Component) {
	c := event.Component{Name: partFingerprint, Contributes: true, Hint: f.hint}
	b := appendText(nil, tagStrategy, strategyFingerprint)
	for _, p := range f.parts {
		if p.automatic {
			b = appendText(b, tagDefault, string(auto))
			c.Components = append(c.Components, event.Component{Name: partDefault, Contributes: true, Components: []event.Component{shown}})
			continue
		}
		b = appendText(b, tagText, p.text)
		c.Components = append(c.Components, w.explain.leaf(partFingerprint, p.text, ""))
	}
	return b, c
}
