package catalog

import (
	"context"
	"strconv"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/issue"
)

// IssueChange is what a person, or a rule, changes about an issue. Fields that are nil stay as they are.
type IssueChange struct {
	Actor    account.UserID // 0: the server itself
	Status   *issue.Status
	Assignee *account.UserID // 0: nobody
	Version  int64           // the version the change was made on; 0: whatever it is now
}

const (
	updateIssue = `UPDATE issues SET status = $3, assignee = $4, regressed = $5, resolved_at = $6, version = version + 1, updated_at = $7
	WHERE org_id = $1 AND id = $2`
	countMember = `SELECT count(*) FROM members WHERE org_id = $1 AND user_id = $2`
)

// UpdateIssue changes an issue and writes the activity in the same transaction. A change that changes nothing writes
// nothing. Conflict when Version is not the issue's; Validation for a status or an assignee that does not exist.
func (s *Store) UpdateIssue(ctx context.Context, org account.OrgID, id issue.ID, c IssueChange) (issue.Issue, error) {
	if c.Status != nil && !c.Status.Valid() {
		return issue.Issue{}, invalid("status", "must be new, acknowledged, in_progress, resolved or ignored")
	}
	var after issue.Issue
	err := s.tx(ctx, "update an issue", func(tx *tx) error {
		before, err := scanIssue(tx.row(selectIssue+s.dialect.forUpdate, org, id))
		if err != nil {
			return noRow(err, "issue")
		}
		if c.Version != 0 && c.Version != before.Version {
			return fault.New(fault.Conflict, "the issue was changed by somebody else")
		}
		after = before
		if c.Status != nil {
			after.Status = *c.Status
		}
		if c.Assignee != nil {
			after.Assignee = *c.Assignee
		}
		if after.Status == before.Status && after.Assignee == before.Assignee {
			return nil
		}
		now := s.now()
		resolvedAt := int64(0)
		if after.Status == issue.Resolved {
			after.Regressed, resolvedAt = false, micros(now)
		}
		after.Version, after.UpdatedAt = before.Version+1, fromMicros(micros(now))
		if after.Assignee != 0 && after.Assignee != before.Assignee {
			var n int
			if err := tx.row(countMember, org, after.Assignee).Scan(&n); err != nil {
				return err
			}
			if n == 0 {
				return invalid("assignee", "is not a member of the organization")
			}
		}
		if err := tx.one("issue", updateIssue, org, id, string(after.Status), after.Assignee, after.Regressed, resolvedAt, micros(now)); err != nil {
			return err
		}
		a := issue.Activity{Org: org, Project: after.Project, Issue: id, Actor: c.Actor, At: now}
		if after.Status != before.Status {
			a.Kind, a.From, a.To = issue.StatusChanged, string(before.Status), string(after.Status)
			if err := tx.addActivity(a); err != nil {
				return err
			}
		}
		if after.Assignee != before.Assignee {
			a.Kind, a.From, a.To = issue.AssigneeChanged, userText(before.Assignee), userText(after.Assignee)
			return tx.addActivity(a)
		}
		return nil
	})
	if err != nil {
		return issue.Issue{}, err
	}
	return after, nil
}

func userText(id account.UserID) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(int64(id), 10)
}

const insertActivity = `INSERT INTO activity (org_id, project_id, issue_id, kind, actor, at, from_value, to_value, release)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

func (t *tx) addActivity(a issue.Activity) error {
	_, err := t.exec(insertActivity, a.Org, a.Project, a.Issue, string(a.Kind), a.Actor, micros(a.At), a.From, a.To, a.Release)
	return err
}

func scanActivity(r scanner) (issue.Activity, error) {
	var a issue.Activity
	var at int64
	err := r.Scan(&a.ID, &a.Org, &a.Project, &a.Issue, &a.Kind, &a.Actor, &at, &a.From, &a.To, &a.Release)
	a.At = fromMicros(at)
	return a, err
}

const activityColumns = `id, org_id, project_id, issue_id, kind, actor, at, from_value, to_value, release`

const selectActivity = `SELECT ` + activityColumns + ` FROM activity WHERE org_id = $1 AND issue_id = $2 ORDER BY id DESC LIMIT $3`

// ListActivity returns what happened to an issue, newest first; at most limit entries.
func (s *Store) ListActivity(ctx context.Context, org account.OrgID, id issue.ID, limit int) ([]issue.Activity, error) {
	return list(ctx, s, "activity", scanActivity, selectActivity, org, id, limit)
}

const selectFeed = `SELECT ` + activityColumns + ` FROM activity WHERE id > $1 ORDER BY id LIMIT $2`

// Feed returns the activity of the whole server after an entry, in order; at most limit entries. It is for the parts of the
// server that follow what happens, not for people.
func (s *Store) Feed(ctx context.Context, after int64, limit int) ([]issue.Activity, error) {
	return list(ctx, s, "the feed", scanActivity, selectFeed, after, limit)
}
