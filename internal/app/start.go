package app

import (
	"context"
	"fmt"
	"io"
	"net/url"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/auth"
	"github.com/seismohq/seismo/internal/catalog"
)

// greeting is what the operator is told at the start.
type greeting struct {
	setupLink string // "" once an administrator exists
	dsn       string // of the first project; "" when it was made before
	project   string
}

// start makes sure that an organization, a project and the administrator of the settings exist.
func (a *App) start(ctx context.Context, people *auth.Auth) (greeting, error) {
	var g greeting
	store := a.engines.catalog
	orgs, err := store.ListOrganizations(ctx)
	if err != nil {
		return g, fault.Wrap(err, "list the organizations")
	}
	if len(orgs) == 0 {
		org, err := store.CreateOrganization(ctx, "main", "My organization")
		if err != nil {
			return g, fault.Wrap(err, "create the first organization")
		}
		orgs = []account.Organization{org}
	}
	org := orgs[0].ID
	projects, err := store.ListProjects(ctx, org)
	if err != nil {
		return g, fault.Wrap(err, "list the projects")
	}
	if len(projects) == 0 {
		p, err := store.CreateProject(ctx, org, catalog.ProjectInput{Name: "First project"})
		if err != nil {
			return g, fault.Wrap(err, "create the first project")
		}
		keys, err := store.ListKeys(ctx, org, p.ID)
		if err != nil {
			return g, fault.Wrap(err, "list the keys of the first project")
		}
		g.project, g.dsn = p.Name, keys[0].DSN(a.public)
	}
	if err := a.administrator(ctx, people, org); err != nil {
		return g, err
	}
	g.setupLink, err = people.SetupLink(ctx, org)
	return g, fault.Wrap(err, "make the setup link")
}

// administrator makes sure of who and what the settings name.
func (a *App) administrator(ctx context.Context, people *auth.Auth, org account.OrgID) error {
	var user account.UserID
	if a.config.AdminEmail != "" {
		u, err := people.EnsureAdmin(ctx, org, a.config.AdminEmail, a.config.AdminPassword)
		if err != nil {
			return fault.Wrap(err, "make sure of the administrator")
		}
		user = u.ID
	}
	if a.config.AdminToken == "" {
		return nil
	}
	return people.EnsureToken(ctx, org, user, a.config.AdminToken)
}

// announce says where the server is and what to do next.
func (g greeting) announce(w io.Writer, version string, public *url.URL) {
	fmt.Fprintf(w, "\nSeismo %s is running at %s\n\n", version, public)
	if g.setupLink != "" {
		fmt.Fprintf(w, "  Set up   %s\n           opens once: create your account there\n", g.setupLink)
	}
	if g.dsn != "" {
		fmt.Fprintf(w, "  DSN      %s\n           of %q: configure any Sentry SDK with it\n", g.dsn, g.project)
	}
	fmt.Fprintln(w)
}
