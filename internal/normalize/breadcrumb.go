package normalize

import (
	"slices"

	"github.com/seismohq/seismo/internal/event"
)

// breadcrumbs reads what happened before, oldest first.
func (r *reader) breadcrumbs() {
	list := r.elements("breadcrumbs", r.sent.breadcrumbs)
	n := 0
	for k := list; len(k) > 0; k = k.rest() {
		if k[0].kind == event.Object && k[0].kids > 0 {
			n++
		}
	}
	if n == 0 {
		return
	}
	skip := max(n-r.limits.Breadcrumbs, 0)
	if skip > 0 {
		r.dropped("breadcrumbs", n-skip, n)
	}
	crumbs := make([]event.Breadcrumb, 0, n-skip)
	r.enter("breadcrumbs")
	r.enterAt(0)
	for k := list; len(k) > 0; k = k.rest() {
		v := k.first()
		switch {
		case v.kind() != event.Object || v.empty():
			r.invalid("", v)
		case skip > 0:
			skip--
		default:
			r.at(len(crumbs))
			crumbs = append(crumbs, event.Breadcrumb{})
			r.breadcrumb(&crumbs[len(crumbs)-1], v)
		}
	}
	r.leave()
	r.leave()
	sortCrumbs(crumbs)
	r.e.Breadcrumbs = crumbs
}

func (r *reader) breadcrumb(c *event.Breadcrumb, v value) {
	c.Type, c.Level = "default", event.Info
	for k := v.kids(); len(k) > 0; k = k.rest() {
		v := k.first()
		if v.empty() {
			continue
		}
		switch k[0].key {
		case "timestamp":
			c.Timestamp = r.timestamp("timestamp", v)
		case "type":
			c.Type = r.word("type", v, maxName)
		case "category":
			c.Category = r.word("category", v, maxServer)
		case "level":
			c.Level = r.severity("level", v, event.Info)
		case "message":
			c.Message = r.short("message", v, r.limits.MessageChars)
		case "data":
			c.Data = r.object("data", v, r.limits.BreadcrumbBytes, depthOther)
		case "event_id":
			c.EventID = r.word("event_id", v, maxLogger)
		}
	}
}

// sortCrumbs sorts by time. Breadcrumbs without one stay where they are.
func sortCrumbs(crumbs []event.Breadcrumb) {
	timed, sorted := 0, true
	last := -1
	for i := range crumbs {
		if crumbs[i].Timestamp.IsZero() {
			continue
		}
		if last >= 0 && crumbs[i].Timestamp.Before(crumbs[last].Timestamp) {
			sorted = false
		}
		last = i
		timed++
	}
	if sorted {
		return
	}
	with := make([]event.Breadcrumb, 0, timed)
	for i := range crumbs {
		if !crumbs[i].Timestamp.IsZero() {
			with = append(with, crumbs[i])
		}
	}
	slices.SortStableFunc(with, func(a, b event.Breadcrumb) int { return a.Timestamp.Compare(b.Timestamp) })
	next := 0
	for i := range crumbs {
		if !crumbs[i].Timestamp.IsZero() {
			crumbs[i] = with[next]
			next++
		}
	}
}
