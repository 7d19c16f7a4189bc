package api

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/seismohq/seismo/internal/auth"
	"github.com/seismohq/seismo/internal/catalog"
	"github.com/seismohq/seismo/internal/project"
)

type projectJSON struct {
	ID       string    `json:"id"`
	Slug     string    `json:"slug"`
	Name     string    `json:"name"`
	Platform string    `json:"platform"`
	Keys     []keyJSON `json:"keys"`
}

type keyJSON struct {
	Public  string `json:"public"`
	Label   string `json:"label"`
	Enabled bool   `json:"enabled"`
	DSN     string `json:"dsn"`
}

func (a *API) projectOf(r *http.Request, p project.Project) (projectJSON, error) {
	keys, err := a.catalog.ListKeys(r.Context(), p.Org, p.ID)
	if err != nil {
		return projectJSON{}, err
	}
	out := projectJSON{ID: p.ID.String(), Slug: p.Slug, Name: p.Name, Platform: p.Platform, Keys: []keyJSON{}}
	for _, k := range keys {
		out.Keys = append(out.Keys, keyJSON{Public: k.Public, Label: k.Label, Enabled: k.Enabled, DSN: k.DSN(a.opts.PublicURL)})
	}
	return out, nil
}

func (a *API) listProjects(r *http.Request, actor auth.Actor) (any, error) {
	projects, err := a.catalog.ListProjects(r.Context(), actor.Org)
	if err != nil {
		return nil, err
	}
	out := page[projectJSON]{Items: []projectJSON{}}
	for _, p := range projects {
		j, err := a.projectOf(r, p)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, j)
	}
	return out, nil
}

func (a *API) createProject(r *http.Request, actor auth.Actor) (any, error) {
	var in struct{ Name, Platform string }
	if err := read(r, &in); err != nil {
		return nil, err
	}
	in.Name = strings.TrimSpace(in.Name)
	if n := utf8.RuneCountInString(in.Name); n < 1 || n > 100 {
		return nil, invalid("name", "length", "must have 1 to 100 characters")
	}
	if len(in.Platform) > 64 {
		return nil, invalid("platform", "length", "must have at most 64 characters")
	}
	p, err := a.catalog.CreateProject(r.Context(), actor.Org, catalog.ProjectInput{Name: in.Name, Platform: in.Platform})
	if err != nil {
		return nil, err
	}
	return a.projectOf(r, p)
}
