package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/project"
)

// Append implements eventstore.Store.
func (s *Store) Append(ctx context.Context, entries []eventstore.Entry) ([]eventstore.Appended, error) {
	if err := eventstore.CheckBatch(entries); err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		return nil, nil
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	out, err := s.append(context.WithoutCancel(ctx), entries)
	return out, failed(err, "append events")
}

type eventKey struct {
	project project.ID
	id      event.ID
}

func (s *Store) append(ctx context.Context, entries []eventstore.Entry) ([]eventstore.Appended, error) {
	out := make([]eventstore.Appended, len(entries))
	arrivals := make(map[eventKey]event.Arrival, len(entries))
	fresh := make([]eventstore.Entry, 0, len(entries))
	latest := entries[0].Received
	for i := range entries {
		e := &entries[i]
		k := eventKey{e.Project, e.ID}
		arrival, stored := arrivals[k]
		if !stored {
			var err error
			if arrival, stored, err = s.arrival(ctx, k); err != nil {
				return nil, err
			}
			if !stored {
				fresh, arrival = append(fresh, *e), e.Arrival
			}
			arrivals[k] = arrival
		}
		out[i].Counts = arrival == e.Arrival
		if e.Received.After(latest) {
			latest = e.Received
		}
	}
	if len(fresh) == 0 {
		return out, nil
	}
	g, err := s.current(ctx, latest)
	if err != nil {
		return nil, err
	}
	return out, g.append(ctx, s.pack, fresh)
}

const selectArrival = `SELECT arrival FROM events WHERE project = $1 AND id = $2`

// arrival returns the arrival that stored an event. The segment that is written to is asked first, then those whose filter
// does not rule it out.
func (s *Store) arrival(ctx context.Context, k eventKey) (event.Arrival, bool, error) {
	for i := len(s.segments) - 1; i >= 0; i-- {
		g := s.segments[i]
		if !g.mayHold(k.project, k.id) {
			continue
		}
		var n int64
		err := g.lookup(ctx, selectArrival, k.project, k.id[:]).Scan(&n)
		if !errors.Is(err, sql.ErrNoRows) {
			return event.Arrival(n), err == nil, err
		}
	}
	return 0, false, nil
}

// lookup runs the one query that the writer asks for every event.
func (g *segment) lookup(ctx context.Context, text string, args ...any) *sql.Row {
	if g.find == nil {
		st, err := g.write.PrepareContext(ctx, text)
		if err != nil {
			return g.write.QueryRowContext(ctx, text, args...)
		}
		g.find = st
	}
	return g.find.QueryRowContext(ctx, args...)
}

// append makes entries durable: payloads first, then rows and counts in one transaction.
func (g *segment) append(ctx context.Context, p *packer, entries []eventstore.Entry) error {
	m := g.stats()
	blocks, places := p.blocks(payloadsOf(entries), m.packEnd)
	if _, err := g.pack.WriteAt(blocks, m.packEnd); err != nil {
		return err
	}
	if err := g.pack.Sync(); err != nil {
		return err
	}
	m.packEnd += int64(len(blocks))
	w, err := g.begin(ctx)
	if err != nil {
		return err
	}
	defer w.rollback()
	for i := range entries {
		if err := w.insert(&entries[i], places[i]); err != nil {
			return err
		}
		m.add(&entries[i])
	}
	if err := w.flush(); err != nil {
		return err
	}
	if _, err := w.tx.ExecContext(ctx, updateMeta, m.args()...); err != nil {
		return err
	}
	if err := w.commit(); err != nil {
		return err
	}
	g.meta.Store(&m)
	return nil
}

// add widens what the segment says of itself by an entry.
func (m *meta) add(e *eventstore.Entry) {
	ts, received := micros(e.Timestamp), micros(e.Received)
	if m.events == 0 {
		m.minTS, m.maxTS, m.minReceived, m.maxReceived = ts, ts, received, received
	}
	m.events++
	m.minTS, m.maxTS = min(m.minTS, ts), max(m.maxTS, ts)
	m.minReceived, m.maxReceived = min(m.minReceived, received), max(m.maxReceived, received)
}

// writer is one transaction, with the counts of its batch folded in memory.
type writer struct {
	g   *segment
	ctx context.Context
	tx  *sql.Tx

	event, name, findName, key, findKey *sql.Stmt

	newNames map[string]int64 // not yet in the segment's caches, because the transaction may fail
	newKeys  map[keyOf]int64

	counts counts
}

const (
	insertEvent = `INSERT INTO events (project, id, key, ts, received, level, env, release, user, title, trace, tags, arrival, others, block, place)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`
	insertName = `INSERT INTO names (text) VALUES ($1) ON CONFLICT (text) DO NOTHING RETURNING id`
	selectName = `SELECT id FROM names WHERE text = $1`
	insertKey  = `INSERT INTO keys (project, key) VALUES ($1, $2) ON CONFLICT (project, key) DO NOTHING RETURNING id`
	selectKey  = `SELECT id FROM keys WHERE project = $1 AND key = $2`
)

func (g *segment) begin(ctx context.Context) (*writer, error) {
	tx, err := g.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	w := &writer{g: g, ctx: ctx, tx: tx, newNames: map[string]int64{}, newKeys: map[keyOf]int64{}, counts: newCounts()}
	for _, p := range []struct {
		st   **sql.Stmt
		text string
	}{{&w.event, insertEvent}, {&w.name, insertName}, {&w.findName, selectName}, {&w.key, insertKey}, {&w.findKey, selectKey}} {
		if *p.st, err = tx.PrepareContext(ctx, p.text); err != nil {
			w.rollback()
			return nil, err
		}
	}
	return w, nil
}

func (w *writer) rollback() {
	fault.Ignore(w.tx.Rollback(), "after a commit there is nothing to roll back")
}

func (w *writer) commit() error {
	if err := w.tx.Commit(); err != nil {
		return err
	}
	const most = 200_000
	if len(w.g.names) > most {
		clear(w.g.names)
	}
	if len(w.g.keys) > most {
		clear(w.g.keys)
	}
	maps.Copy(w.g.names, w.newNames)
	maps.Copy(w.g.keys, w.newKeys)
	return nil
}

// nameID returns the number of a text.
func (w *writer) nameID(text string) (int64, error) {
	if text == "" {
		return 1, nil
	}
	if id, ok := w.g.names[text]; ok {
		return id, nil
	}
	if id, ok := w.newNames[text]; ok {
		return id, nil
	}
	id, err := firstOrInsert(w.ctx, w.findName, w.name, text)
	w.newNames[strings.Clone(text)] = id
	return id, err
}

func (w *writer) keyID(k keyOf) (int64, error) {
	if id, ok := w.g.keys[k]; ok {
		return id, nil
	}
	if id, ok := w.newKeys[k]; ok {
		return id, nil
	}
	id, err := firstOrInsert(w.ctx, w.findKey, w.key, k.project, k.bytes())
	w.newKeys[k] = id
	return id, err
}

// bytes is how a key is stored: nothing for the whole project.
func (k keyOf) bytes() []byte {
	if k.key.IsZero() {
		return []byte{}
	}
	return k.key[:]
}

func firstOrInsert(ctx context.Context, find, insert *sql.Stmt, args ...any) (int64, error) {
	var id int64
	err := find.QueryRowContext(ctx, args...).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = insert.QueryRowContext(ctx, args...).Scan(&id)
	}
	return id, err
}

// insert writes the row of an event and folds it into the counts.
func (w *writer) insert(e *eventstore.Entry, at place) error {
	var ids [4]int64
	for i, text := range []string{e.Environment, e.Release, e.User, e.Title} {
		var err error
		if ids[i], err = w.nameID(text); err != nil {
			return err
		}
	}
	key, err := w.keyID(keyOf{e.Project, e.Keys[0]})
	if err != nil {
		return err
	}
	whole, err := w.keyID(keyOf{project: e.Project})
	if err != nil {
		return err
	}
	f := folded{keys: [2]int64{key, whole}, ts: micros(e.Timestamp), env: ids[0], level: e.Level.Rank(), user: ids[2]}
	tags := []byte{';'}
	for _, t := range e.Tags {
		tag, err := w.nameID(t.Key)
		if err != nil {
			return err
		}
		value, err := w.nameID(t.Value)
		if err != nil {
			return err
		}
		tags = appendTag(tags, tag, value)
		f.tags = append(f.tags, [2]int64{tag, value})
	}
	var others []byte
	for _, k := range e.Keys[1:] {
		others = append(others, k[:]...)
	}
	w.counts.fold(f)
	_, err = w.event.ExecContext(w.ctx, e.Project, e.ID[:], key, f.ts, micros(e.Received), f.level, ids[0], ids[1], ids[2], ids[3],
		traceBytes(e.Trace), string(tags), int64(e.Arrival), others, at.block, at.index)
	if err != nil {
		return fault.Wrap(err, "insert an event", slog.String("event_id", e.ID.String()))
	}
	return nil
}

func appendTag(b []byte, tag, value int64) []byte {
	b = strconv.AppendInt(b, tag, 10)
	b = append(b, '=')
	b = strconv.AppendInt(b, value, 10)
	return append(b, ';')
}

// traceBytes packs the hex digits of a trace id. Entry.Check has made sure that it is one.
func traceBytes(s string) []byte {
	id, err := event.ParseID(s)
	if err != nil {
		return nil
	}
	return id[:]
}

func traceText(b []byte) string {
	if len(b) != len(event.ID{}) {
		return ""
	}
	return event.ID(b).String()
}

// minuteOf returns the minute of a timestamp since the Unix epoch.
func minuteOf(micros int64) int64 {
	const minute = int64(time.Minute / time.Microsecond)
	m := micros / minute
	if micros%minute < 0 {
		m--
	}
	return m
}
