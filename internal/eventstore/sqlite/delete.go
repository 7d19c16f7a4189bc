package sqlite

import (
	"context"
	"database/sql"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/project"
)

// DeleteBefore implements eventstore.Store. It removes segments as a whole, so it keeps up to a day more.
func (s *Store) DeleteBefore(_ context.Context, t time.Time) (eventstore.Deleted, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	var out eventstore.Deleted
	for len(s.segments) > 0 {
		g := s.segments[0]
		m := g.stats()
		if m.events > 0 && m.maxReceived >= micros(t) || m.events == 0 && len(s.segments) == 1 {
			break
		}
		bytes, err := dirBytes(g.dir)
		if err != nil {
			return out, failed(err, "measure a segment")
		}
		s.mu.Lock()
		s.segments = s.segments[1:]
		s.mu.Unlock()
		if err := s.discard(g); err != nil {
			return out, failed(err, "remove a segment")
		}
		out.Events += m.events
		out.Bytes += bytes
	}
	return out, nil
}

// discard removes a segment that is no longer listed, once its last reader is done.
func (s *Store) discard(g *segment) error {
	g.use.Lock()
	defer g.use.Unlock()
	s.pack.forget()
	err := g.close()
	away := filepath.Join(s.root, trash, g.name.String()+"-"+strconv.FormatInt(time.Now().UnixNano(), 36))
	if moveErr := os.Rename(g.dir, away); moveErr != nil {
		return fault.Join(err, moveErr)
	}
	return fault.Join(err, os.RemoveAll(away))
}

// DeleteProject implements eventstore.Store.
func (s *Store) DeleteProject(ctx context.Context, p project.ID) (eventstore.Deleted, error) {
	return s.erase(ctx, p, `project = $1`, p)
}

// DeleteUser implements eventstore.Store.
func (s *Store) DeleteUser(ctx context.Context, p project.ID, identity string) (eventstore.Deleted, error) {
	if identity == "" {
		return eventstore.Deleted{}, nil
	}
	return s.erase(ctx, p, `project = $1 AND user = (SELECT id FROM names WHERE text = $2)`, p, identity)
}

// erase removes events and every trace of them from all segments. Each segment is rewritten by itself, in one step.
func (s *Store) erase(ctx context.Context, p project.ID, condition string, args ...any) (eventstore.Deleted, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	var out eventstore.Deleted
	for _, g := range s.segments {
		n, bytes, err := s.eraseFrom(context.WithoutCancel(ctx), g, p, condition, args)
		if err != nil {
			return out, failed(err, "erase events")
		}
		out.Events += n
		out.Bytes += bytes
	}
	return out, nil
}

func (s *Store) eraseFrom(ctx context.Context, g *segment, p project.ID, condition string, args []any) (events, bytes int64, err error) {
	if err := g.write.QueryRowContext(ctx, `SELECT count(*) FROM events WHERE `+condition, args...).Scan(&events); err != nil || events == 0 {
		return 0, 0, err
	}
	before, err := dirBytes(g.dir)
	if err != nil {
		return 0, 0, err
	}
	g.use.Lock()
	defer g.use.Unlock()
	s.pack.forget()
	old := g.stats()
	m, err := s.rewrite(ctx, g, p, condition, args)
	if err != nil {
		return 0, 0, err
	}
	g.meta.Store(&m)
	clear(g.names)
	clear(g.keys)
	if err := g.openPack(m); err != nil {
		return 0, 0, err
	}
	if err := os.Remove(filepath.Join(g.dir, old.pack)); err != nil {
		return 0, 0, err
	}
	if g.filter.Swap(nil) != nil {
		if err := g.loadFilter(ctx); err != nil {
			return 0, 0, err
		}
	}
	// The pages that came free, and the log of what was changed, still hold what was erased.
	for _, text := range []string{`VACUUM`, `PRAGMA wal_checkpoint(TRUNCATE)`} {
		if _, err := g.write.ExecContext(ctx, text); err != nil {
			return 0, 0, err
		}
	}
	after, err := dirBytes(g.dir)
	return events, before - after, err
}

// rewrite writes a new pack without the events, and in one transaction removes their rows, counts the rest of the project
// again and points to the new pack.
func (s *Store) rewrite(ctx context.Context, g *segment, p project.ID, condition string, args []any) (meta, error) {
	m := g.stats()
	number, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(m.pack, "payloads-"), ".pack"))
	next := meta{pack: "payloads-" + strconv.Itoa(number+1) + ".pack"}
	f, err := os.Create(filepath.Join(g.dir, next.pack))
	if err != nil {
		return m, err
	}
	defer func() { fault.Ignore(f.Close(), "what was written is synced") }()
	w, err := g.begin(ctx)
	if err != nil {
		return m, err
	}
	defer w.rollback()
	for _, st := range []struct {
		text string
		args []any
	}{
		{`DELETE FROM events WHERE ` + condition, args},
		{`DELETE FROM minutes WHERE key IN (SELECT id FROM keys WHERE project = $1)`, []any{p}},
		{`DELETE FROM totals WHERE key IN (SELECT id FROM keys WHERE project = $1)`, []any{p}},
		{`DELETE FROM tags WHERE key IN (SELECT id FROM keys WHERE project = $1)`, []any{p}},
		{`DELETE FROM users WHERE key IN (SELECT id FROM keys WHERE project = $1)`, []any{p}},
	} {
		if _, err := w.tx.ExecContext(ctx, st.text, st.args...); err != nil {
			return m, err
		}
	}
	used, err := s.repack(ctx, g, w, p, f, &next)
	if err != nil {
		return m, err
	}
	if err := w.flush(); err != nil {
		return m, err
	}
	if err := w.dropNames(used); err != nil {
		return m, err
	}
	if _, err := w.tx.ExecContext(ctx, updateMeta, next.args()...); err != nil {
		return m, err
	}
	if err := f.Sync(); err != nil {
		return m, err
	}
	return next, w.tx.Commit()
}

// kept is a row that stays.
type kept struct {
	row      int64
	project  project.ID
	received int64
	f        folded
	names    [4]int64
	at       place
}

// repack copies the payloads of the rows that stay, in their order, and folds those of the project. It returns the names
// that rows still use.
func (s *Store) repack(ctx context.Context, g *segment, w *writer, p project.ID, f *os.File, next *meta) (map[int64]bool, error) {
	used := map[int64]bool{1: true}
	whole, err := w.keyID(keyOf{project: p})
	if err != nil {
		return nil, err
	}
	move, err := w.tx.PrepareContext(ctx, `UPDATE events SET block = $2, place = $3 WHERE row = $1`)
	if err != nil {
		return nil, err
	}
	last := int64(0)
	for {
		rows, err := w.kept(last, blockEvents)
		if err != nil || len(rows) == 0 {
			return used, err
		}
		payloads := make([][]byte, len(rows))
		for i, k := range rows {
			if payloads[i], err = s.pack.payload(g, k.at); err != nil {
				return nil, err
			}
			if k.project == p {
				k.f.keys[1] = whole
				w.counts.fold(k.f)
			}
			for _, id := range k.names {
				used[id] = true
			}
			for _, t := range k.f.tags {
				used[t[0]], used[t[1]] = true, true
			}
			next.add(&eventstore.Entry{Timestamp: fromMicros(k.f.ts), Received: fromMicros(k.received)})
		}
		block, places := s.pack.blocks(payloads, next.packEnd)
		if _, err := f.WriteAt(block, next.packEnd); err != nil {
			return nil, err
		}
		next.packEnd += int64(len(block))
		for i, k := range rows {
			if _, err := move.ExecContext(ctx, k.row, places[i].block, places[i].index); err != nil {
				return nil, err
			}
		}
		last = rows[len(rows)-1].row
	}
}

func (w *writer) kept(after int64, limit int) ([]kept, error) {
	rows, err := w.tx.QueryContext(w.ctx, `SELECT row, project, key, ts, received, level, env, release, user, title, tags, block, place
		FROM events WHERE row > $1 ORDER BY row LIMIT $2`, after, limit)
	if err != nil {
		return nil, err
	}
	defer func() { fault.Ignore(rows.Close(), "the error of the rows is reported") }()
	var out []kept
	for rows.Next() {
		var k kept
		var tags string
		if err := rows.Scan(&k.row, &k.project, &k.f.keys[0], &k.f.ts, &k.received, &k.f.level, &k.names[0], &k.names[1], &k.names[2], &k.names[3], &tags, &k.at.block, &k.at.index); err != nil {
			return nil, err
		}
		k.f.env, k.f.user = k.names[0], k.names[2]
		for t := range parseTags(tags) {
			k.f.tags = append(k.f.tags, t)
		}
		out = append(out, k)
	}
	return out, rows.Err()
}

// dropNames removes the texts that no row uses any more: they may be what was to be erased.
func (w *writer) dropNames(used map[int64]bool) error {
	rows, err := w.tx.QueryContext(w.ctx, `SELECT id FROM names`)
	if err != nil {
		return err
	}
	var unused []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			fault.Ignore(rows.Close(), "the first error is reported")
			return err
		}
		if !used[id] {
			unused = append(unused, id)
		}
	}
	if err := fault.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	var st *sql.Stmt
	if st, err = w.tx.PrepareContext(w.ctx, `DELETE FROM names WHERE id = $1`); err != nil {
		return err
	}
	for _, id := range unused {
		if _, err := st.ExecContext(w.ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// parseTags yields the tags and values of a row, as names.id.
func parseTags(tags string) iter.Seq[[2]int64] {
	return func(yield func([2]int64) bool) {
		for pair := range strings.SplitSeq(strings.Trim(tags, ";"), ";") {
			tag, value, ok := strings.Cut(pair, "=")
			t, err1 := strconv.ParseInt(tag, 10, 64)
			v, err2 := strconv.ParseInt(value, 10, 64)
			if ok && err1 == nil && err2 == nil && !yield([2]int64{t, v}) {
				return
			}
		}
	}
}
