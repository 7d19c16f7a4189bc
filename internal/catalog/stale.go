package catalog

import (
	"context"

	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/issue"
	"github.com/seismohq/seismo/internal/project"
)

// StaleIssue is an issue whose number of users is to be counted again.
type StaleIssue struct {
	Org     account.OrgID
	Project project.ID
	ID      issue.ID
	Mark    int64 // which of its changes the count will cover
}

func scanStale(r scanner) (StaleIssue, error) {
	var x StaleIssue
	err := r.Scan(&x.Org, &x.Project, &x.ID, &x.Mark)
	return x, err
}

const selectStale = `SELECT org_id, project_id, id, users_stale FROM issues WHERE users_stale > 0 ORDER BY id LIMIT $1`

// StaleIssues returns issues of the whole server that had events with users since their users were counted last.
func (s *Store) StaleIssues(ctx context.Context, limit int) ([]StaleIssue, error) {
	return list(ctx, s, "stale issues", scanStale, selectStale, limit)
}

const updateUsers = `UPDATE issues SET users = $3, users_stale = CASE WHEN users_stale = $4 THEN 0 ELSE users_stale END
	WHERE org_id = $1 AND id = $2`

// SetUsers keeps the number of distinct users of a stale issue. The issue stays stale when events came after it was
// returned by StaleIssues. It is no change by a person: the version stays.
func (s *Store) SetUsers(ctx context.Context, x StaleIssue, users int64) error {
	return s.tx(ctx, "set the users of an issue", func(tx *tx) error {
		return tx.one("issue", updateUsers, x.Org, x.ID, users, x.Mark)
	})
}
