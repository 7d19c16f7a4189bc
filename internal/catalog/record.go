package catalog

import (
	"bytes"
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/issue"
	"github.com/seismohq/seismo/internal/outcome"
	"github.com/seismohq/seismo/internal/project"
)

// Batch is the effect of a stretch of a queue's partition.
type Batch struct {
	Log       string // queue.Queue.Log
	Partition int
	From, To  uint64 // what was recorded before, exclusive; what is recorded with this batch, inclusive

	Groups   []Group // one per project and primary key
	Outcomes []outcome.Count
}

// Group is all counted occurrences of one primary grouping key in a batch.
type Group struct {
	Project   project.ID
	Keys      []event.Key // the first is the primary one
	Count     int64
	FirstSeen time.Time
	LastSeen  time.Time
	Unhandled bool // one of them was
	Users     bool // one of them had a user

	// Of the newest occurrence.
	Title, Type, Value, Culprit, Location, Function, Platform string
	Level                                                     event.Level

	FirstRelease, LastRelease string // of the oldest and the newest occurrence; "" where they had none
}

// Recorded says what a batch did.
type Recorded struct {
	Already bool            // the batch had been recorded before, so nothing was done
	Issues  []RecordedIssue // one per group; of a project that is gone: zero
}

// RecordedIssue is the issue of a group.
type RecordedIssue struct {
	ID        issue.ID
	ShortID   string
	Created   bool
	Regressed bool // was resolved until this batch
}

const (
	insertPosition = `INSERT INTO queue_positions (log, partition, position) VALUES ($1, $2, 0) ON CONFLICT (log, partition) DO NOTHING`
	selectPosition = `SELECT position FROM queue_positions WHERE log = $1 AND partition = $2`
	updatePosition = `UPDATE queue_positions SET position = $3 WHERE log = $1 AND partition = $2`
)

// Record stores the effect of a batch on issues and outcomes together with the position that it covers: all of it once, or
// nothing. Already is set when the position had been reached before; Conflict means that the batch does not begin where
// the last one ended.
func (s *Store) Record(ctx context.Context, b Batch) (Recorded, error) {
	var out Recorded
	err := s.tx(ctx, "record a batch", func(tx *tx) error {
		out = Recorded{}
		if _, err := tx.exec(insertPosition, b.Log, b.Partition); err != nil {
			return err
		}
		var at uint64
		if err := tx.row(selectPosition+s.dialect.forUpdate, b.Log, b.Partition).Scan(&at); err != nil {
			return err
		}
		switch {
		case at >= b.To:
			out.Already = true
			return nil
		case at != b.From:
			return fault.New(fault.Conflict, "the batch does not begin where the recorded position is",
				slog.Uint64("recorded", at), slog.Uint64("from", b.From))
		}
		r := recorder{tx: tx, now: s.now(), groups: b.Groups, out: make([]RecordedIssue, len(b.Groups))}
		if err := r.issues(); err != nil {
			return err
		}
		out.Issues = r.out
		if err := tx.addOutcomes(b.Outcomes); err != nil {
			return err
		}
		return tx.one("position", updatePosition, b.Log, b.Partition, b.To)
	})
	return out, err
}

type storedPosition struct {
	partition int
	position  uint64
}

const selectPositions = `SELECT partition, position FROM queue_positions WHERE log = $1`

// Positions returns the recorded position of each partition of a log.
func (s *Store) Positions(ctx context.Context, log string) (map[int]uint64, error) {
	all, err := list(ctx, s, "positions", func(r scanner) (storedPosition, error) {
		var p storedPosition
		err := r.Scan(&p.partition, &p.position)
		return p, err
	}, selectPositions, log)
	out := make(map[int]uint64, len(all))
	for _, p := range all {
		out[p.partition] = p.position
	}
	return out, err
}

// recorder brings the groups of one batch to their issues.
type recorder struct {
	tx     *tx
	now    time.Time
	groups []Group
	out    []RecordedIssue
}

func (r *recorder) issues() error {
	// By project, so that two batches take the locks of projects in the same order.
	order := make([]int, len(r.groups))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		ga, gb := &r.groups[a], &r.groups[b]
		return cmp.Or(cmp.Compare(ga.Project, gb.Project), bytes.Compare(ga.Keys[0][:], gb.Keys[0][:]))
	})
	for len(order) > 0 {
		p := r.groups[order[0]].Project
		n := 0
		for n < len(order) && r.groups[order[n]].Project == p {
			n++
		}
		if err := r.project(p, order[:n]); err != nil {
			return err
		}
		order = order[n:]
	}
	return nil
}

const (
	selectProjectOrg = `SELECT org_id, prefix FROM projects WHERE id = $1`
	nextIssueNumber  = `UPDATE projects SET next_issue = next_issue + 1 WHERE id = $1 RETURNING next_issue`
)

// project records the groups of one project.
func (r *recorder) project(p project.ID, groups []int) error {
	var org account.OrgID
	var prefix string
	if err := r.tx.row(selectProjectOrg, p).Scan(&org, &prefix); err != nil {
		if fault.CodeOf(noRow(err, "project")) == fault.NotFound {
			return nil // deleted while its events were in the queue
		}
		return err
	}
	owners, err := r.owners(p, groups)
	if err != nil {
		return err
	}
	// First the keys that come to issues that stand: another group of the batch may have them as its own.
	for _, g := range groups {
		if id, ok := r.owner(owners, g); ok {
			if err := r.attach(p, id, owners, &r.groups[g]); err != nil {
				return err
			}
		}
	}
	fresh := map[int]bool{} // groups that made their issue
	for _, g := range groups {
		if _, ok := r.owner(owners, g); ok {
			continue
		}
		// Taking a number locks the project. Another batch may have made the issue just before: look again, once.
		var number int64
		if err := r.tx.row(nextIssueNumber, p).Scan(&number); err != nil {
			return err
		}
		if len(fresh) == 0 && r.tx.store.dialect.forUpdate != "" {
			if owners, err = r.owners(p, groups); err != nil {
				return err
			}
			if id, ok := r.owner(owners, g); ok {
				if err := r.attach(p, id, owners, &r.groups[g]); err != nil {
					return err
				}
				continue
			}
		}
		id, err := r.create(org, issue.ShortID(prefix, number), &r.groups[g])
		if err != nil {
			return err
		}
		fresh[g] = true
		r.out[g] = RecordedIssue{ID: id, ShortID: issue.ShortID(prefix, number), Created: true}
		if err := r.attach(p, id, owners, &r.groups[g]); err != nil {
			return err
		}
	}
	return r.update(owners, slices.DeleteFunc(slices.Clone(groups), func(g int) bool { return fresh[g] }))
}

// owners returns who owns the keys of the groups.
func (r *recorder) owners(p project.ID, groups []int) (map[event.Key]issue.ID, error) {
	var keys []event.Key
	for _, g := range groups {
		keys = append(keys, r.groups[g].Keys...)
	}
	out := make(map[event.Key]issue.ID, len(keys))
	for len(keys) > 0 {
		n := min(len(keys), keysPerQuery)
		text, args := keyQuery(p, keys[:n])
		rows, err := r.tx.QueryContext(r.tx.ctx, text, args...)
		if err != nil {
			return nil, err
		}
		found, err := collect(rows, scanOwner)
		if err != nil {
			return nil, err
		}
		for _, o := range found {
			out[o.key] = o.issue
		}
		keys = keys[n:]
	}
	return out, nil
}

// owner returns the issue that owns the first of a group's keys that is owned.
func (r *recorder) owner(owners map[event.Key]issue.ID, g int) (issue.ID, bool) {
	for _, k := range r.groups[g].Keys {
		if id, ok := owners[k]; ok {
			return id, true
		}
	}
	return 0, false
}

const insertIssueKey = `INSERT INTO issue_keys (project_id, key, issue_id) VALUES ($1, $2, $3) ON CONFLICT (project_id, key) DO NOTHING`

// attach gives the keys that nothing owns to the issue.
func (r *recorder) attach(p project.ID, id issue.ID, owners map[event.Key]issue.ID, g *Group) error {
	for _, k := range g.Keys {
		if _, owned := owners[k]; owned {
			continue
		}
		if _, err := r.tx.exec(insertIssueKey, p, k[:], id); err != nil {
			return err
		}
		owners[k] = id
	}
	return nil
}

const insertIssue = `INSERT INTO issues (org_id, project_id, short_id, title, type, value, culprit, location, function, level, platform, category, words,
	status, resolved_at, regressed, escalating, unhandled, assignee, count, users, users_stale, first_seen, last_seen, first_release, last_release, version, updated_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', $12, 'new', 0, FALSE, FALSE, $13, 0, $14, 0, $15, $16, $17, $18, $19, 1, $20) RETURNING id`

func (r *recorder) create(org account.OrgID, shortID string, g *Group) (issue.ID, error) {
	var id issue.ID
	err := r.tx.row(insertIssue, org, g.Project, shortID, g.Title, g.Type, g.Value, g.Culprit, g.Location, g.Function, string(g.Level), g.Platform,
		g.words(shortID), g.Unhandled, g.Count, mark(g.Users), micros(g.FirstSeen), micros(g.LastSeen), g.FirstRelease, g.LastRelease, micros(r.now)).Scan(&id)
	if err != nil {
		return 0, err
	}
	return id, r.tx.addActivity(issue.Activity{
		Org: org, Project: g.Project, Issue: id, Kind: issue.FirstSeen, At: r.now, To: string(issue.New), Release: g.FirstRelease,
	})
}

func mark(users bool) int64 {
	if users {
		return 1
	}
	return 0
}

// words is what the free text of a search is looked for in.
func (g *Group) words(shortID string) string {
	return strings.ToLower(strings.Join([]string{g.Title, g.Type, g.Value, g.Culprit, g.Location, g.Function, shortID}, "\n"))
}

// known is what the recorder has to know of an issue before it adds to it.
type known struct {
	id         issue.ID
	org        account.OrgID
	shortID    string
	status     issue.Status
	resolvedAt int64
	lastSeen   int64
}

func scanKnown(r scanner) (known, error) {
	var k known
	err := r.Scan(&k.id, &k.org, &k.shortID, &k.status, &k.resolvedAt, &k.lastSeen)
	return k, err
}

// update adds groups to issues that stand, in the order of the issues' ids, so that two batches cannot wait for each other.
func (r *recorder) update(owners map[event.Key]issue.ID, groups []int) error {
	ids := make(map[int]issue.ID, len(groups))
	for _, g := range groups {
		ids[g], _ = r.owner(owners, g)
	}
	slices.SortFunc(groups, func(a, b int) int { return cmp.Or(cmp.Compare(ids[a], ids[b]), cmp.Compare(a, b)) })
	for len(groups) > 0 {
		n := min(len(groups), keysPerQuery)
		stand, err := r.lock(groups[:n], ids)
		if err != nil {
			return err
		}
		for _, g := range groups[:n] {
			k := stand[ids[g]]
			if k == nil {
				return fault.New(fault.Internal, "an issue that owns a key is gone", slog.Int64("issue", int64(ids[g])))
			}
			if err := r.add(k, g); err != nil {
				return err
			}
		}
		groups = groups[n:]
	}
	return nil
}

func (r *recorder) lock(groups []int, ids map[int]issue.ID) (map[issue.ID]*known, error) {
	var q query
	q.text.WriteString(`SELECT id, org_id, short_id, status, resolved_at, last_seen FROM issues WHERE id IN (`)
	for i, g := range groups {
		q.comma(i)
		q.text.WriteString(q.arg(ids[g]))
	}
	q.text.WriteString(`) ORDER BY id` + r.tx.store.dialect.forUpdate)
	rows, err := r.tx.QueryContext(r.tx.ctx, q.text.String(), q.args...)
	if err != nil {
		return nil, err
	}
	found, err := collect(rows, scanKnown)
	out := make(map[issue.ID]*known, len(found))
	for i := range found {
		out[found[i].id] = &found[i]
	}
	return out, err
}

const (
	addCounts = `UPDATE issues SET count = count + $2, unhandled = unhandled OR $3, users_stale = users_stale + $4,
	first_release = CASE WHEN $5 < first_seen THEN $6 ELSE first_release END,
	first_seen = CASE WHEN $5 < first_seen THEN $5 ELSE first_seen END
	WHERE id = $1`
	replaceSample = `UPDATE issues SET title = $2, type = $3, value = $4, culprit = $5, location = $6, function = $7, level = $8, platform = $9,
	words = $10, last_seen = $11, last_release = $12 WHERE id = $1`
	regress = `UPDATE issues SET status = 'new', regressed = TRUE, resolved_at = 0, version = version + 1, updated_at = $2 WHERE id = $1`
)

// add counts a group to its issue.
func (r *recorder) add(k *known, index int) error {
	g := &r.groups[index]
	r.out[index] = RecordedIssue{ID: k.id, ShortID: k.shortID}
	if err := r.tx.one("issue", addCounts, k.id, g.Count, g.Unhandled, mark(g.Users), micros(g.FirstSeen), g.FirstRelease); err != nil {
		return err
	}
	last := micros(g.LastSeen)
	if last >= k.lastSeen {
		k.lastSeen = last
		if err := r.tx.one("issue", replaceSample, k.id, g.Title, g.Type, g.Value, g.Culprit, g.Location, g.Function, string(g.Level), g.Platform,
			g.words(k.shortID), last, g.LastRelease); err != nil {
			return err
		}
	}
	// An event that happened before the issue was resolved and only came late says nothing about the fix.
	if k.status != issue.Resolved || last <= k.resolvedAt {
		return nil
	}
	k.status = issue.New
	r.out[index].Regressed = true
	if err := r.tx.one("issue", regress, k.id, micros(r.now)); err != nil {
		return err
	}
	return r.tx.addActivity(issue.Activity{
		Org: k.org, Project: g.Project, Issue: k.id, Kind: issue.Regression, At: r.now,
		From: string(issue.Resolved), To: string(issue.New), Release: g.LastRelease,
	})
}
