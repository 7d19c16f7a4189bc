package pipeline

import (
	"encoding/binary"

	"github.com/seismohq/seismo/internal/catalog"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/normalize"
	"github.com/seismohq/seismo/internal/outcome"
)

// workEvent is the story of an error event.
func workEvent(p *Pipeline, it *item) {
	e, err := normalize.Event(it.Payload, it.input())
	if err != nil {
		it.end(outcome.Invalid, normalize.Reason(err))
		return
	}
	it.end(outcome.Accepted, "")
	p.workNormalized(it, e)
}

// workSecurity is the story of browsers' reports. What says nothing about the site is filtered.
func workSecurity(p *Pipeline, it *item) {
	events, err := normalize.Security(it.Payload, it.input())
	switch {
	case err != nil:
		it.end(outcome.Invalid, normalize.Reason(err))
		return
	case len(events) == 0:
		it.end(outcome.Filtered, "browser_noise")
		return
	}
	it.end(outcome.Accepted, "")
	for _, e := range events {
		p.workNormalized(it, e)
	}
}

// workNormalized is what all events have in common once they have one shape.
func (p *Pipeline) workNormalized(it *item, e *event.Event) {
	p.grouper.MarkFrames(e)
	normalize.Finish(e)
	g := p.grouper.Group(e)
	e.Grouping = &g
	if g.Title != "" {
		e.Title = g.Title
	}
	payload, err := e.AppendJSON(nil)
	if err != nil {
		it.aside("not_encodable", err.Error())
		return
	}
	if e.Type == event.TypeDefault && it.Category == outcome.Error {
		it.Category = outcome.Default
	}
	it.effects = append(it.effects, &effect{item: it, entry: entryOf(e, it, payload), group: groupOf(e)})
}

// input is what the door and the envelope know about the event beside its payload.
func (it *item) input() normalize.Input {
	d := it.delivery
	id := it.header.EventID
	if id.IsZero() {
		id = d.EventID
	}
	return normalize.Input{
		Project: d.Project, Received: d.Received, SentAt: it.header.SentAt,
		EventID: id, FallbackID: fallbackID(it.arrival),
		ClientIP: d.ClientIP, UserAgent: d.UserAgent,
		SDKName: it.header.SDK.Name, SDKVersion: it.header.SDK.Version,
		ItemType: it.Type, Release: d.Params["sentry_release"], Environment: d.Params["sentry_environment"],
	}
}

// fallbackID is the id of an event whose sender chose none. It follows from the arrival, so that a redelivery does not
// make a second event of it.
func fallbackID(a event.Arrival) event.ID {
	var id event.ID
	binary.BigEndian.PutUint64(id[:8], uint64(a))
	binary.BigEndian.PutUint64(id[8:], uint64(a)*0x9e3779b97f4a7c15)
	id[6] = id[6]&0x0f | 0x80 // version 8: custom, RFC 9562 section 5.8
	id[8] = id[8]&0x3f | 0x80
	return id
}

func entryOf(e *event.Event, it *item, payload []byte) eventstore.Entry {
	return eventstore.Entry{
		Project: e.Project, ID: e.ID, Arrival: it.arrival, Keys: e.Grouping.Keys,
		Timestamp: e.Timestamp, Received: e.Received, Level: e.Level, Environment: e.Environment, Release: e.Release,
		User: e.User.Identity(), Title: shortLine(e.Title, 250), Trace: traceOf(e),
		Tags: e.Tags, Payload: payload,
	}
}

// groupOf is what one event does to the catalog.
func groupOf(e *event.Event) catalog.Group {
	kind, value := e.Metadata.Type, e.Metadata.Value
	if kind == "" && value == "" {
		value = e.Title
	}
	return catalog.Group{
		Project: e.Project, Keys: e.Grouping.Keys, Count: 1, FirstSeen: e.Timestamp, LastSeen: e.Timestamp,
		Unhandled: e.Unhandled(), Users: e.User.Identity() != "",
		Title: shortLine(e.Title, 250), Type: shortLine(kind, 128), Value: shortLine(value, 1000), Culprit: shortLine(e.Culprit, 200),
		Location: shortLine(e.Location, 256), Function: shortLine(e.Metadata.Function, 256), Platform: e.Platform, Level: e.Level,
		FirstRelease: e.Release, LastRelease: e.Release,
	}
}

// traceOf returns the trace id of an event where it is one: the event store takes nothing else.
func traceOf(e *event.Event) string {
	id, err := event.ParseID(e.Context("trace").Text("trace_id"))
	if err != nil {
		return ""
	}
	return id.String()
}
