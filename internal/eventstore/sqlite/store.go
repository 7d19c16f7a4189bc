// Package sqlite keeps events in segments: directories with an SQLite file for lean rows and counts, and an append-only
// pack of compressed payloads. A segment holds what was received on one day, or a part of that; it is removed as a whole.
//
// A batch is durable in two steps: its payloads are synced to the pack, then its rows and counts are committed, with the
// new end of the pack. What of a pack is beyond that end belongs to a batch that was cut short, and is cut off.
package sqlite

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"
	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/eventstore"
)

// Options adjust a Store. The zero value is a sane default.
type Options struct {
	Logger           *slog.Logger     // nil: discards
	Now              func() time.Time // nil: time.Now
	SegmentMaxEvents int              // at which another segment begins within the day; 0: 1 000 000
}

// Store is an open event store.
type Store struct {
	root string
	opts Options
	lock *flock.Flock
	pack *packer

	writing sync.Mutex // held by Append and the deletions

	mu       sync.RWMutex // guards the list, not the segments
	segments []*segment   // oldest first; the last one is written to
}

var _ eventstore.Store = (*Store)(nil)

// trash is where segments go before they are removed, so that a crash leaves none half removed.
const trash = ".trash"

// Open opens the directory, and makes it when it does not exist. Conflict when another process has it open.
func Open(ctx context.Context, dir string, o Options) (*Store, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.SegmentMaxEvents == 0 {
		o.SegmentMaxEvents = 1_000_000
	}
	if err := os.RemoveAll(filepath.Join(dir, trash)); err != nil {
		return nil, failed(err, "empty the trash")
	}
	if err := os.MkdirAll(filepath.Join(dir, trash), 0o700); err != nil {
		return nil, failed(err, "make the directory of events")
	}
	s := &Store{root: dir, opts: o, lock: flock.New(filepath.Join(dir, "lock")), pack: newPacker()}
	ok, err := s.lock.TryLock()
	if err != nil {
		return nil, failed(err, "lock the directory of events")
	}
	if !ok {
		holder, _ := os.ReadFile(s.lock.Path()) // who holds it is a courtesy
		return nil, fault.New(fault.Conflict, "the directory of events is in use by process "+strings.TrimSpace(string(holder)), slog.String("path", dir))
	}
	err = os.WriteFile(s.lock.Path(), []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600)
	if err == nil {
		err = s.openSegments(ctx)
	}
	if err != nil {
		fault.Ignore(s.Close(), "the error that stops the opening is returned")
		return nil, failed(err, "open the event store")
	}
	return s, nil
}

func (s *Store) openSegments(ctx context.Context) error {
	entries, err := os.ReadDir(s.root)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if _, ok := parseName(e.Name()); !ok || !e.IsDir() {
			continue
		}
		g, err := openSegment(ctx, filepath.Join(s.root, e.Name()))
		if err != nil {
			return fault.Wrap(err, "open a segment", slog.String("segment", e.Name()))
		}
		s.segments = append(s.segments, g)
	}
	slices.SortFunc(s.segments, func(a, b *segment) int { return a.name.compare(b.name) })
	for i, g := range s.segments {
		if i < len(s.segments)-1 {
			if err := g.loadFilter(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// name is a segment's: a day and a number within it. "2026-11-21" is the first, "2026-11-21.2" the second.
type name struct {
	day  string
	part int
}

func parseName(s string) (name, bool) {
	day, part, more := strings.Cut(s, ".")
	n := name{day, 1}
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return n, false
	}
	if more {
		p, err := strconv.Atoi(part)
		if err != nil || p < 2 {
			return n, false
		}
		n.part = p
	}
	return n, true
}

func (n name) String() string {
	if n.part == 1 {
		return n.day
	}
	return n.day + "." + strconv.Itoa(n.part)
}

func (n name) compare(o name) int {
	if c := strings.Compare(n.day, o.day); c != 0 {
		return c
	}
	return n.part - o.part
}

// all returns the segments there are, oldest first. Each is held until done is called.
func (s *Store) all() (segments []*segment, done func()) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	segments = slices.Clone(s.segments)
	for _, g := range segments {
		g.use.RLock()
	}
	return segments, func() {
		for _, g := range segments {
			g.use.RUnlock()
		}
	}
}

// within returns the segments that hold timestamps of the range.
func (s *Store) within(r eventstore.Range) (segments []*segment, done func()) {
	segments, done = s.all()
	return slices.DeleteFunc(slices.Clone(segments), func(g *segment) bool { return !g.overlaps(r) }), done
}

// current returns the segment for what is received now, and begins a new one where the day is over or the last is full.
func (s *Store) current(ctx context.Context, received time.Time) (*segment, error) {
	n := name{received.UTC().Format(time.DateOnly), 1}
	if len(s.segments) > 0 {
		last := s.segments[len(s.segments)-1]
		// A clock that jumps back does not reopen a day.
		if last.name.day >= n.day {
			if last.stats().events < int64(s.opts.SegmentMaxEvents) {
				return last, nil
			}
			n = name{last.name.day, last.name.part + 1}
		}
		if err := last.loadFilter(ctx); err != nil {
			return nil, err
		}
	}
	g, err := openSegment(ctx, filepath.Join(s.root, n.String()))
	if err != nil {
		return nil, fault.Wrap(err, "begin a segment", slog.String("segment", n.String()))
	}
	s.mu.Lock()
	s.segments = append(s.segments, g)
	s.mu.Unlock()
	return g, nil
}

// Ready implements eventstore.Store.
func (s *Store) Ready(ctx context.Context) error {
	segments, done := s.all()
	defer done()
	if len(segments) == 0 {
		_, err := os.Stat(s.root)
		return failed(err, "look at the directory of events")
	}
	return failed(segments[len(segments)-1].read.PingContext(ctx), "ask the event store")
}

// Stats implements eventstore.Store.
func (s *Store) Stats(context.Context) (eventstore.Stats, error) {
	segments, done := s.all()
	defer done()
	out := eventstore.Stats{Segments: len(segments)}
	for _, g := range segments {
		m := g.stats()
		out.Events += m.events
		if oldest := fromMicros(m.minReceived); m.events > 0 && (out.Oldest.IsZero() || oldest.Before(out.Oldest)) {
			out.Oldest = oldest
		}
		n, err := dirBytes(g.dir)
		if err != nil {
			return out, failed(err, "measure a segment")
		}
		out.Bytes += n
	}
	return out, nil
}

func dirBytes(dir string) (int64, error) {
	var n int64
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			var info fs.FileInfo
			if info, err = e.Info(); err == nil {
				n += info.Size()
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile
		}
		return err
	})
	return n, err
}

// Close implements eventstore.Store.
func (s *Store) Close() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	for _, g := range s.segments {
		err = fault.Join(err, g.close())
	}
	s.segments = nil
	return failed(fault.Join(err, s.lock.Unlock()), "close the event store")
}

// failed gives an error of SQLite or of the file system its code. Errors that have one keep it.
func failed(err error, what string) error {
	if err == nil {
		return nil
	}
	var lite *sqlite.Error
	code := fault.Internal
	switch {
	case fault.HasCode(err), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(err, what)
	case errors.As(err, &lite):
		switch lite.Code() & 0xff {
		case lib.SQLITE_FULL, lib.SQLITE_IOERR, lib.SQLITE_BUSY, lib.SQLITE_CANTOPEN, lib.SQLITE_LOCKED:
			code = fault.Unavailable
		}
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EIO), errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.EROFS):
		code = fault.Unavailable
	}
	return fault.Wrap(fault.With(err, fault.WithCode(code)), what)
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }
