package catalog

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/outcome"
	"github.com/seismohq/seismo/internal/project"
)

const upsertOutcome = `INSERT INTO outcomes (project_id, hour, category, outcome, reason, quantity) VALUES ($1, $2, $3, $4, $5, $6)
	ON CONFLICT (project_id, hour, category, outcome, reason) DO UPDATE SET quantity = outcomes.quantity + excluded.quantity`

// addOutcomes adds to the counts, in a fixed order, so that two batches cannot wait for each other.
func (t *tx) addOutcomes(counts []outcome.Count) error {
	counts = slices.Clone(counts)
	slices.SortFunc(counts, func(a, b outcome.Count) int {
		return cmp.Or(cmp.Compare(a.Project, b.Project), a.Hour.Compare(b.Hour), cmp.Compare(a.Category, b.Category),
			cmp.Compare(a.Outcome, b.Outcome), cmp.Compare(a.Reason, b.Reason))
	})
	for _, c := range counts {
		if _, err := t.exec(upsertOutcome, c.Project, micros(outcome.Hour(c.Hour)), string(c.Category), string(c.Outcome), c.Reason, c.Quantity); err != nil {
			return err
		}
	}
	return nil
}

func scanOutcome(r scanner) (outcome.Count, error) {
	var c outcome.Count
	var hour int64
	err := r.Scan(&c.Project, &hour, &c.Category, &c.Outcome, &c.Reason, &c.Quantity)
	c.Hour = fromMicros(hour)
	return c, err
}

const selectOutcomes = `SELECT o.project_id, o.hour, o.category, o.outcome, o.reason, o.quantity
	FROM outcomes o JOIN projects p ON p.id = o.project_id
	WHERE p.org_id = $1 AND (p.id = $2 OR $2 = 0) AND o.hour >= $3 AND o.hour < $4
	ORDER BY o.hour, o.project_id, o.category, o.outcome, o.reason`

// ListOutcomes returns how items of a project (0: of all projects of the organization) ended in the hours of a range.
func (s *Store) ListOutcomes(ctx context.Context, org account.OrgID, p project.ID, from, to time.Time) ([]outcome.Count, error) {
	return list(ctx, s, "outcomes", scanOutcome, selectOutcomes, org, int64(p), micros(from), micros(to))
}
