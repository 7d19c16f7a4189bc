package sqlite

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/binary"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/FastFilter/xorfilter"
	"github.com/cespare/xxhash/v2"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/project"
)

//go:embed schema.sql
var schema string

// segment is one directory of events.
type segment struct {
	name name
	dir  string
	use  sync.RWMutex // held for reading by queries, for writing by what removes or rewrites it

	write *sql.DB // one connection
	read  *sql.DB
	pack  *os.File
	meta  atomic.Pointer[meta]

	names map[string]int64 // of the segment that is written to; only the writer uses them
	keys  map[keyOf]int64

	find *sql.Stmt // the look-up of an arrival; only the writer uses it

	filter atomic.Pointer[xorfilter.BinaryFuse8] // of event ids; nil while the segment is written to
}

// meta is the one row of that table.
type meta struct {
	pack                     string
	packEnd, events          int64
	minTS, maxTS             int64
	minReceived, maxReceived int64
}

type keyOf struct {
	project project.ID
	key     event.Key // zero: the whole project
}

func openSegment(ctx context.Context, dir string) (*segment, error) {
	n, _ := parseName(filepath.Base(dir))
	g := &segment{name: n, dir: dir, names: map[string]int64{}, keys: map[keyOf]int64{}}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := g.open(ctx); err != nil {
		fault.Ignore(g.close(), "the error that stops the opening is returned")
		return nil, err
	}
	return g, nil
}

func (g *segment) open(ctx context.Context) error {
	// WAL with FULL: a commit is on disk when it returns, and readers do not wait for the writer.
	pragmas := url.Values{"_pragma": {"page_size(8192)", "journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(10000)", "cache_size(-2000)", "wal_autocheckpoint(4000)", "journal_size_limit(33554432)"}}
	file := "file:" + filepath.Join(g.dir, "events.db") + "?"
	var err error
	if g.read, err = sql.Open("sqlite", file+pragmas.Encode()); err != nil {
		return err
	}
	g.read.SetMaxOpenConns(4)
	g.read.SetMaxIdleConns(1)
	pragmas["_pragma"][4] = "cache_size(-32000)"
	pragmas.Set("_txlock", "immediate")
	if g.write, err = sql.Open("sqlite", file+pragmas.Encode()); err != nil {
		return err
	}
	g.write.SetMaxOpenConns(1)
	var tables int
	if err := g.write.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE name = 'meta'`).Scan(&tables); err != nil {
		return err
	}
	if tables == 0 {
		if _, err := g.write.ExecContext(ctx, "BEGIN;"+schema+"COMMIT;"); err != nil {
			return err
		}
	}
	m, err := g.readMeta(ctx, g.write)
	if err != nil {
		return err
	}
	g.meta.Store(&m)
	return g.openPack(m)
}

// openPack opens the pack, and cuts off what a crash left behind its end.
func (g *segment) openPack(m meta) error {
	f, err := os.OpenFile(filepath.Join(g.dir, m.pack), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if g.pack != nil {
		fault.Ignore(g.pack.Close(), "it is replaced")
	}
	g.pack = f
	return f.Truncate(m.packEnd)
}

type queryer interface {
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

func (g *segment) readMeta(ctx context.Context, q queryer) (meta, error) {
	var m meta
	err := q.QueryRowContext(ctx, `SELECT pack, pack_end, events, min_ts, max_ts, min_received, max_received FROM meta`).
		Scan(&m.pack, &m.packEnd, &m.events, &m.minTS, &m.maxTS, &m.minReceived, &m.maxReceived)
	return m, err
}

const updateMeta = `UPDATE meta SET pack = $1, pack_end = $2, events = $3, min_ts = $4, max_ts = $5, min_received = $6, max_received = $7`

func (m meta) args() []any {
	return []any{m.pack, m.packEnd, m.events, m.minTS, m.maxTS, m.minReceived, m.maxReceived}
}

func (g *segment) stats() meta { return *g.meta.Load() }

// overlaps reports whether the segment holds timestamps of the range.
func (g *segment) overlaps(r eventstore.Range) bool {
	m := g.stats()
	return m.events > 0 && (r.To.IsZero() || m.minTS < micros(r.To)) && (r.From.IsZero() || m.maxTS >= micros(r.From))
}

// inside reports whether all its timestamps are of the range.
func (g *segment) inside(r eventstore.Range) bool {
	m := g.stats()
	return (r.To.IsZero() || m.maxTS < micros(r.To)) && (r.From.IsZero() || m.minTS >= micros(r.From))
}

func (g *segment) close() error {
	var err error
	if g.write != nil {
		err = g.write.Close()
	}
	if g.read != nil {
		err = fault.Join(err, g.read.Close())
	}
	if g.pack != nil {
		err = fault.Join(err, g.pack.Close())
	}
	return err
}

// identity is the hash of an event's id under which the filter knows it.
func identity(p project.ID, id event.ID) uint64 {
	var b [24]byte
	binary.LittleEndian.PutUint64(b[:8], uint64(p))
	copy(b[8:], id[:])
	return xxhash.Sum64(b[:])
}

// mayHold reports whether the segment may hold the event: never wrongly no, and rarely wrongly yes.
func (g *segment) mayHold(p project.ID, id event.ID) bool {
	f := g.filter.Load()
	return f == nil || len(f.Fingerprints) > 0 && f.Contains(identity(p, id))
}

// loadFilter makes the filter of a segment that is written to no more. It is kept in a file beside the rows.
func (g *segment) loadFilter(ctx context.Context) error {
	if g.filter.Load() != nil {
		return nil
	}
	path := filepath.Join(g.dir, "ids.filter")
	if f, ok := readFilter(path, g.stats().events); ok {
		g.filter.Store(f)
		return nil
	}
	var hashes []uint64
	rows, err := g.read.QueryContext(ctx, `SELECT project, id FROM events`)
	if err != nil {
		return err
	}
	defer func() { fault.Ignore(rows.Close(), "the error of the rows is reported") }()
	for rows.Next() {
		var p project.ID
		var b []byte
		if err := rows.Scan(&p, &b); err != nil {
			return err
		}
		hashes = append(hashes, identity(p, event.ID(b)))
	}
	if err := rows.Err(); err != nil {
		return err
	}
	filter := &xorfilter.BinaryFuse8{}
	if len(hashes) > 0 {
		if filter, err = xorfilter.PopulateBinaryFuse8(hashes); err != nil {
			return err
		}
	}
	fault.Ignore(writeFilter(path, filter, g.stats().events), "it is made again at the next start")
	g.filter.Store(filter)
	return nil
}

// writeFilter writes numbers of eight bytes: events, seed, segment length and its mask, segment count and its length; then
// the fingerprints and their checksum.
func writeFilter(path string, f *xorfilter.BinaryFuse8, events int64) error {
	var b []byte
	for _, n := range []uint64{uint64(events), f.Seed, uint64(f.SegmentLength), uint64(f.SegmentLengthMask), uint64(f.SegmentCount), uint64(f.SegmentCountLength)} {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	b = append(b, f.Fingerprints...)
	b = binary.LittleEndian.AppendUint64(b, xxhash.Sum64(b))
	return os.WriteFile(path, b, 0o600)
}

func readFilter(path string, events int64) (*xorfilter.BinaryFuse8, bool) {
	b, err := os.ReadFile(path)
	if err != nil || len(b) < 56 || xxhash.Sum64(b[:len(b)-8]) != binary.LittleEndian.Uint64(b[len(b)-8:]) || int64(binary.LittleEndian.Uint64(b)) != events {
		return nil, false
	}
	at := func(i int) uint64 { return binary.LittleEndian.Uint64(b[8*i:]) }
	return &xorfilter.BinaryFuse8{
		Seed: at(1), SegmentLength: uint32(at(2)), SegmentLengthMask: uint32(at(3)), SegmentCount: uint32(at(4)), SegmentCountLength: uint32(at(5)),
		Fingerprints: b[48 : len(b)-8],
	}, true
}

// placeholders returns "$n, $n+1, …" for so many parameters.
func placeholders(b *strings.Builder, n int) {
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('?')
	}
}
