package catalog

import (
	"context"

	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/project"
)

func scanOrganization(r scanner) (account.Organization, error) {
	var o account.Organization
	var created int64
	err := r.Scan(&o.ID, &o.Slug, &o.Name, &created)
	o.CreatedAt = fromMicros(created)
	return o, err
}

const insertOrganization = `INSERT INTO organizations (slug, name, created_at) VALUES ($1, $2, $3) RETURNING id, slug, name, created_at`

// CreateOrganization makes a tenant. Conflict when the slug stands.
func (s *Store) CreateOrganization(ctx context.Context, slug, name string) (account.Organization, error) {
	var o account.Organization
	err := s.tx(ctx, "create an organization", func(tx *tx) (err error) {
		o, err = scanOrganization(tx.row(insertOrganization, slug, name, micros(s.now())))
		return err
	})
	return o, err
}

const selectOrganizations = `SELECT id, slug, name, created_at FROM organizations ORDER BY id`

// ListOrganizations returns all organizations of the server, oldest first.
func (s *Store) ListOrganizations(ctx context.Context) ([]account.Organization, error) {
	return list(ctx, s, "organizations", scanOrganization, selectOrganizations)
}

const selectOrganization = `SELECT id, slug, name, created_at FROM organizations WHERE id = $1`

// GetOrganization returns one organization.
func (s *Store) GetOrganization(ctx context.Context, org account.OrgID) (account.Organization, error) {
	return one(ctx, s, "organization", scanOrganization, selectOrganization, org)
}

func scanTeam(r scanner) (account.Team, error) {
	var t account.Team
	var created int64
	err := r.Scan(&t.ID, &t.Org, &t.Slug, &t.Name, &created)
	t.CreatedAt = fromMicros(created)
	return t, err
}

const insertTeam = `INSERT INTO teams (org_id, slug, name, created_at) VALUES ($1, $2, $3, $4) RETURNING id, org_id, slug, name, created_at`

// CreateTeam makes a team. Conflict when the slug stands in the organization.
func (s *Store) CreateTeam(ctx context.Context, org account.OrgID, slug, name string) (account.Team, error) {
	var t account.Team
	err := s.tx(ctx, "create a team", func(tx *tx) (err error) {
		t, err = scanTeam(tx.row(insertTeam, org, slug, name, micros(s.now())))
		return err
	})
	return t, err
}

const selectTeams = `SELECT id, org_id, slug, name, created_at FROM teams WHERE org_id = $1 ORDER BY name, id`

// ListTeams returns the teams of an organization by name.
func (s *Store) ListTeams(ctx context.Context, org account.OrgID) ([]account.Team, error) {
	return list(ctx, s, "teams", scanTeam, selectTeams, org)
}

const insertTeamMember = `INSERT INTO team_members (team_id, user_id)
	SELECT t.id, m.user_id FROM teams t JOIN members m ON m.org_id = t.org_id WHERE t.org_id = $1 AND t.id = $2 AND m.user_id = $3
	ON CONFLICT (team_id, user_id) DO UPDATE SET user_id = excluded.user_id`

// AddTeamMember puts a member of the organization into a team. NotFound when either is not of the organization.
func (s *Store) AddTeamMember(ctx context.Context, org account.OrgID, team account.TeamID, user account.UserID) error {
	return s.tx(ctx, "add a member to a team", func(tx *tx) error {
		return tx.one("team or member", insertTeamMember, org, team, user)
	})
}

const insertTeamProject = `INSERT INTO team_projects (team_id, project_id)
	SELECT t.id, p.id FROM teams t JOIN projects p ON p.org_id = t.org_id WHERE t.org_id = $1 AND t.id = $2 AND p.id = $3
	ON CONFLICT (team_id, project_id) DO UPDATE SET project_id = excluded.project_id`

// AddTeamProject gives a project to a team. NotFound when either is not of the organization.
func (s *Store) AddTeamProject(ctx context.Context, org account.OrgID, team account.TeamID, p project.ID) error {
	return s.tx(ctx, "add a project to a team", func(tx *tx) error {
		return tx.one("team or project", insertTeamProject, org, team, p)
	})
}
