package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/project"
)

const rowColumns = `e.id, e.project, k.key, e.ts, e.received, e.level, env.text, release.text, user.text, title.text, e.trace`

const rowTables = ` FROM events e JOIN keys k ON k.id = e.key JOIN names env ON env.id = e.env JOIN names release ON release.id = e.release
	JOIN names user ON user.id = e.user JOIN names title ON title.id = e.title WHERE `

func scanRow(rows interface{ Scan(...any) error }, more ...any) (eventstore.Row, error) {
	var r eventstore.Row
	var id, key, trace []byte
	var ts, received int64
	var level int
	err := rows.Scan(append([]any{&id, &r.Project, &key, &ts, &received, &level, &r.Environment, &r.Release, &r.User, &r.Title, &trace}, more...)...)
	if err != nil {
		return r, err
	}
	copy(r.ID[:], id)
	copy(r.Key[:], key)
	r.Timestamp, r.Received, r.Level, r.Trace = fromMicros(ts), fromMicros(received), levels[level], traceText(trace)
	return r, nil
}

// Get implements eventstore.Store.
func (s *Store) Get(ctx context.Context, p project.ID, id event.ID) (eventstore.Stored, error) {
	segments, done := s.all()
	defer done()
	for _, g := range slices.Backward(segments) {
		if !g.mayHold(p, id) {
			continue
		}
		var others []byte
		var at place
		row, err := scanRow(g.read.QueryRowContext(ctx, `SELECT `+rowColumns+`, e.others, e.block, e.place`+rowTables+`e.project = $1 AND e.id = $2`, p, id[:]), &others, &at.block, &at.index)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return eventstore.Stored{}, failed(err, "read an event")
		}
		out := eventstore.Stored{Row: row, Keys: []event.Key{row.Key}}
		for ; len(others) >= len(event.Key{}); others = others[len(event.Key{}):] {
			out.Keys = append(out.Keys, event.Key(others))
		}
		out.Payload, err = s.pack.payload(g, at)
		return out, failed(err, "read a payload")
	}
	return eventstore.Stored{}, fault.ResourceNotFound("event", id.String())
}

// List implements eventstore.Store.
func (s *Store) List(ctx context.Context, p project.ID, q eventstore.ListQuery) (eventstore.Page, error) {
	if err := q.Check(); err != nil {
		return eventstore.Page{}, err
	}
	var after *eventstore.Position
	if q.Cursor != "" {
		at, err := eventstore.ParseCursor(q.Cursor)
		if err != nil {
			return eventstore.Page{}, err
		}
		after = &at
	}
	segments, done := s.within(q.Filter.Range)
	defer done()
	var all []eventstore.Row
	for _, g := range segments {
		rows, err := g.list(ctx, p, q, after)
		if err != nil {
			return eventstore.Page{}, failed(err, "list events")
		}
		all = append(all, rows...)
	}
	// Each segment gave its first rows, so the first rows of all are among them.
	slices.SortFunc(all, func(a, b eventstore.Row) int {
		c := eventstore.PositionOf(a.Timestamp, a.ID).Compare(eventstore.PositionOf(b.Timestamp, b.ID))
		if q.Oldest {
			return c
		}
		return -c
	})
	page := eventstore.Page{Rows: all}
	if len(all) > q.Limit {
		page.Rows = all[:q.Limit]
		last := page.Rows[q.Limit-1]
		page.Next = eventstore.PositionOf(last.Timestamp, last.ID).Cursor()
	}
	return page, nil
}

// list returns the first rows of a segment, one more than the limit.
func (g *segment) list(ctx context.Context, p project.ID, q eventstore.ListQuery, after *eventstore.Position) ([]eventstore.Row, error) {
	// First the rows, by the index alone where it can; the texts only of those that are shown.
	var st query
	st.add(`SELECT ` + rowColumns + ` FROM (SELECT e.* FROM events e WHERE `)
	st.events(p, q.Keys, q.Filter)
	order, beyond := `DESC`, `<`
	if q.Oldest {
		order, beyond = `ASC`, `>`
	}
	if after != nil {
		st.add(` AND (e.ts, e.id) `+beyond+` (?, ?)`, after.Micros, after.ID[:])
	}
	st.add(` ORDER BY e.ts `+order+`, e.id `+order+` LIMIT ?`, q.Limit+1)
	st.add(`) e JOIN keys k ON k.id = e.key JOIN names env ON env.id = e.env JOIN names release ON release.id = e.release
	JOIN names user ON user.id = e.user JOIN names title ON title.id = e.title`)
	rows, err := g.read.QueryContext(ctx, st.text.String(), st.args...)
	if err != nil {
		return nil, err
	}
	defer func() { fault.Ignore(rows.Close(), "the error of the rows is reported") }()
	var out []eventstore.Row
	for rows.Next() {
		r, err := scanRow(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// Neighbours implements eventstore.Store.
func (s *Store) Neighbours(ctx context.Context, p project.ID, q eventstore.ListQuery, at time.Time, id event.ID) (eventstore.Neighbours, error) {
	if err := q.Check(); err != nil {
		return eventstore.Neighbours{}, err
	}
	segments, done := s.within(q.Filter.Range)
	defer done()
	here := eventstore.PositionOf(at, id)
	var n eventstore.Neighbours
	for _, g := range segments {
		var st query
		st.add(`SELECT count(*), coalesce(sum((e.ts, e.id) <= (?, ?)), 0) FROM events e WHERE `, here.Micros, here.ID[:])
		st.events(p, q.Keys, q.Filter)
		var total, until int64
		if err := g.read.QueryRowContext(ctx, st.text.String(), st.args...).Scan(&total, &until); err != nil {
			return n, failed(err, "count events")
		}
		n.Total += total
		n.Position += until
	}
	for _, e := range []struct {
		into   *event.ID
		oldest bool
		after  *eventstore.Position
	}{{&n.Older, false, &here}, {&n.Newer, true, &here}, {&n.First, true, nil}, {&n.Last, false, nil}} {
		step := q
		step.Limit, step.Oldest, step.Cursor = 1, e.oldest, ""
		if e.after != nil {
			step.Cursor = e.after.Cursor()
		}
		page, err := s.List(ctx, p, step)
		if err != nil {
			return n, err
		}
		if len(page.Rows) > 0 {
			*e.into = page.Rows[0].ID
		}
	}
	return n, nil
}
