package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/auth"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/outcome"
	"github.com/seismohq/seismo/internal/project"
)

// getEvent answers the whole normalised event, with the issue that owns it now and its outcome.
func (a *API) getEvent(r *http.Request, actor auth.Actor) (any, error) {
	id, err := event.ParseID(r.PathValue("id"))
	if err != nil {
		return nil, fault.ResourceNotFound("event", r.PathValue("id"))
	}
	name := r.URL.Query().Get("project")
	if name == "" {
		return nil, invalid("project", "required", "is needed: event ids are unique within a project only")
	}
	p, err := a.project(r.Context(), actor.Org, name)
	if err != nil {
		return nil, err
	}
	stored, err := a.events.Get(r.Context(), p.ID, id)
	if err != nil {
		return nil, err
	}
	var beside struct {
		ProjectSlug string          `json:"project_slug"`
		Issue       string          `json:"issue,omitempty"`
		Outcome     outcome.Outcome `json:"outcome"`
	}
	beside.ProjectSlug, beside.Outcome = p.Slug, outcome.Accepted
	owners, err := a.catalog.IssuesByKeys(r.Context(), p.ID, stored.Keys[:1])
	if err != nil {
		return nil, err
	}
	if owner, ok := owners[stored.Keys[0]]; ok {
		i, err := a.catalog.GetIssue(r.Context(), actor.Org, owner)
		if err != nil {
			return nil, err
		}
		beside.Issue = i.ShortID
	}
	more, err := json.Marshal(beside)
	if err != nil {
		return nil, fault.Wrap(err, "encode an event")
	}
	// The payload is the JSON object that was stored; ours is put in front of its fields.
	return json.RawMessage(bytes.Join([][]byte{bytes.TrimSuffix(more, []byte("}")), bytes.TrimPrefix(stored.Payload, []byte("{"))}, []byte(","))), nil
}

type outcomeJSON struct {
	Project  string           `json:"project"` // id
	Hour     time.Time        `json:"hour"`
	Category outcome.Category `json:"category"`
	Outcome  outcome.Outcome  `json:"outcome"`
	Reason   string           `json:"reason"`
	Quantity int64            `json:"quantity"`
}

// listOutcomes answers how items ended. Received is the sum of all but client_discard.
func (a *API) listOutcomes(r *http.Request, actor auth.Actor) (any, error) {
	since := a.opts.Now().Add(-24 * time.Hour)
	if text := r.URL.Query().Get("since"); text != "" {
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, invalid("since", "format", "is not a time such as 2026-01-02T15:04:05Z")
		}
		since = t
	}
	var only project.ID
	if name := r.URL.Query().Get("project"); name != "" {
		p, err := a.project(r.Context(), actor.Org, name)
		if err != nil {
			return nil, err
		}
		only = p.ID
	}
	counts, err := a.catalog.ListOutcomes(r.Context(), actor.Org, only, outcome.Hour(since), a.opts.Now().Add(time.Hour))
	if err != nil {
		return nil, err
	}
	out := page[outcomeJSON]{Items: []outcomeJSON{}}
	for _, c := range counts {
		out.Items = append(out.Items, outcomeJSON{c.Project.String(), c.Hour.UTC(), c.Category, c.Outcome, c.Reason, c.Quantity})
	}
	return out, nil
}
