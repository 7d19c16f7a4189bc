package normalize

import "github.com/seismohq/seismo/internal/event"

// maps reads extra and modules.
func (r *reader) maps() {
	r.e.Extra = r.object("extra", r.sent.extra, r.limits.ExtraBytes, depthExtra)
	v := r.sent.modules
	if v.empty() {
		return
	}
	all := r.namesAndVersions("modules", v, int(^uint32(0)>>1))
	left := r.limits.ModulesBytes
	for i := range all {
		if left -= len(all[i].Key) + len(all[i].Value) + 6; left < 0 {
			r.dropped("modules", i, len(all))
			all = all[:i:i]
			break
		}
	}
	if len(all) > 0 {
		r.e.Modules = all
	}
}

// fingerprint reads what the sender wants events grouped by. An empty list means what no list means; upstream takes one
// event a day of SDKs that send [] for "automatic".
func (r *reader) fingerprint() {
	v := r.sent.fingerprint
	if v.empty() {
		return
	}
	if scalar(v) {
		r.e.Fingerprint = []string{r.limit("fingerprint", pythonText(v), maxFingerprint)}
		return
	}
	if v.kind() != event.List {
		r.invalid("fingerprint", v)
		return
	}
	for k := v.kids(); len(k) > 0; k = k.rest() {
		item := k.first()
		if !scalar(item) {
			r.invalid("fingerprint", item)
			continue
		}
		if len(r.e.Fingerprint) == maxFingerprints {
			r.dropped("fingerprint", maxFingerprints, int(v[0].kids))
			break
		}
		r.e.Fingerprint = append(r.e.Fingerprint, r.limit("fingerprint", pythonText(item), maxFingerprint))
	}
}
