package capture

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seismohq/seismo/fault"
)

// A spool is a directory of segments. A segment is a file of records, each of them
//
//	4 bytes length of the payload | 4 bytes CRC-32C of id and payload | 32 bytes id | payload
//
// in big-endian order. Segments are only appended to, then read whole and removed once all of their records are settled. A
// crash leaves at worst a torn record at the end of one, which is skipped; a record sent but not yet removed is sent
// again with the same id, which servers know.
type spool struct {
	o   Spool
	dir string // ours, in o.Dir
	now func() time.Time

	mu      sync.Mutex
	lock    *os.File
	seq     int
	cur     *segment // being written
	curFile *os.File
	full    []*segment // oldest first, cur not included
}

type segment struct {
	path    string
	size    int64
	begun   time.Time
	left    int      // records not settled
	loaded  bool     // was read
	records []record // read, not handed out
	out     int      // handed out, not settled
	gone    bool     // removed for size or age
}

type record struct {
	id       ID
	payload  []byte
	attempts int // since it was read
}

const (
	recordHead  = 4 + 4 + 32
	segmentSize = 1 << 20
	maxPayload  = 8 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// openSpool makes a directory for this process and adopts those of processes that are gone. It returns how many records it
// found.
func openSpool(o Spool, now func() time.Time) (*spool, int, error) {
	s := &spool{o: o, now: now}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, 0, fault.Wrap(err, "create spool", slog.String("dir", o.Dir))
	}
	var err error
	for range 10 { // another process may take our directory for an orphan before we hold its lock
		if s.dir, err = os.MkdirTemp(o.Dir, "p"+strconv.Itoa(os.Getpid())+"-"); err != nil {
			return nil, 0, fault.Wrap(err, "create spool", slog.String("dir", o.Dir))
		}
		if s.lock, err = lockDir(s.dir); err == nil {
			break
		}
	}
	if err != nil {
		return nil, 0, fault.Wrap(err, "lock spool", slog.String("dir", s.dir))
	}
	n, err := s.adopt()
	return s, n, err
}

// adopt takes over the segments of processes that no longer hold their lock.
func (s *spool) adopt() (found int, err error) {
	dirs, err := os.ReadDir(s.o.Dir)
	if err != nil {
		return 0, fault.Wrap(err, "read spool", slog.String("dir", s.o.Dir))
	}
	for _, d := range dirs {
		dir := filepath.Join(s.o.Dir, d.Name())
		if !d.IsDir() || dir == s.dir {
			continue
		}
		lock, err := lockDir(dir)
		if err != nil {
			continue // its process lives
		}
		names, rerr := os.ReadDir(dir)
		fault.Ignore(rerr, "then there is nothing to adopt")
		for _, n := range names {
			if strings.HasSuffix(n.Name(), ".seg") {
				found += s.take(filepath.Join(dir, n.Name()))
			}
		}
		fault.Ignore(unlockDir(dir, lock), "an empty directory is tried again next time")
	}
	slices.SortFunc(s.full, func(a, b *segment) int { return a.begun.Compare(b.begun) })
	return found, nil
}

func (s *spool) take(path string) int {
	fi, err := os.Stat(path)
	if err != nil {
		return 0
	}
	n := len(readSegment(path))
	if n == 0 {
		fault.Ignore(os.Remove(path), "empty or torn")
		return 0
	}
	to := s.nextPath()
	if err := os.Rename(path, to); err != nil {
		return 0 // stays for the next process
	}
	s.full = append(s.full, &segment{path: to, size: fi.Size(), begun: fi.ModTime(), left: n})
	return n
}

func (s *spool) nextPath() string {
	s.seq++
	return filepath.Join(s.dir, strconv.Itoa(s.seq)+".seg")
}

// append writes a record. It returns how many older ones had to go for it.
func (s *spool) append(id ID, payload []byte) (dropped int, err error) {
	b := make([]byte, recordHead, recordHead+len(payload))
	copy(b[8:], id)
	b = append(b, payload...)
	binary.BigEndian.PutUint32(b, uint32(len(payload)))
	binary.BigEndian.PutUint32(b[4:], crc32.Checksum(b[8:], castagnoli))

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lock == nil {
		return 0, os.ErrClosed
	}
	if s.cur != nil && s.cur.size+int64(len(b)) > min(segmentSize, s.o.MaxBytes/4) {
		s.rotate()
	}
	if s.cur == nil {
		path := s.nextPath()
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return 0, err
		}
		s.curFile, s.cur = f, &segment{path: path, begun: s.now()}
	}
	n, err := s.curFile.Write(b)
	s.cur.size += int64(n)
	if err != nil {
		s.rotate() // the torn record ends this segment
		return 0, err
	}
	s.cur.left++
	return s.trim(), nil
}

// rotate ends the current segment, forcing it to disk.
func (s *spool) rotate() {
	if s.cur == nil {
		return
	}
	fault.Ignore(s.curFile.Sync(), "as safe as it can be")
	fault.Ignore(s.curFile.Close(), "written")
	if s.cur.left > 0 {
		s.full = append(s.full, s.cur)
	} else {
		fault.Ignore(os.Remove(s.cur.path), "holds nothing")
	}
	s.cur, s.curFile = nil, nil
}

// trim removes the oldest segments over the allowed size or age and returns how many records were lost.
func (s *spool) trim() (lost int) {
	var total int64
	if s.cur != nil {
		total = s.cur.size
	}
	for _, g := range s.full {
		total += g.size
	}
	for len(s.full) > 0 {
		g := s.full[0]
		if total <= s.o.MaxBytes && s.now().Sub(g.begun) <= s.o.MaxAge {
			break
		}
		total -= g.size
		lost += g.left - g.out // those handed out are settled by whoever holds them
		g.left, g.records, g.gone = g.out, nil, true
		s.remove(g)
	}
	return lost
}

func (s *spool) remove(g *segment) {
	s.full = slices.DeleteFunc(s.full, func(o *segment) bool { return o == g })
	if err := os.Remove(g.path); !errors.Is(err, fs.ErrNotExist) {
		fault.Ignore(err, "a segment that stays is sent again by the next process")
	}
}

// next hands out a record, and returns how many were lost to age, size or damage meanwhile.
func (s *spool) next() (it item, lost int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lost = s.trim()
	for {
		g, n := s.readable()
		lost += n
		if g == nil {
			return item{}, lost, false
		}
		if len(g.records) == 0 {
			continue // all damaged, and removed
		}
		r := g.records[0]
		g.records = g.records[1:]
		g.out++
		return item{id: r.id, payload: r.payload, from: g, attempts: r.attempts}, lost, true
	}
}

// readable returns a segment with records in memory, reading the oldest that was not yet, or nil.
func (s *spool) readable() (g *segment, damaged int) {
	var unread *segment
	for _, g := range s.full {
		if len(g.records) > 0 {
			return g, 0
		}
		if unread == nil && !g.loaded {
			unread = g
		}
	}
	if unread == nil && s.cur != nil {
		unread = s.cur
		s.rotate()
		if unread.left == 0 {
			return nil, 0
		}
	}
	if unread == nil {
		return nil, 0
	}
	unread.records, unread.loaded = readSegment(unread.path), true
	damaged = max(unread.left-len(unread.records), 0)
	unread.left = len(unread.records)
	if unread.left == 0 {
		s.remove(unread)
	}
	return unread, damaged
}

// settle ends a record that was sent or given up.
func (s *spool) settle(it item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := it.from
	g.out--
	g.left--
	if g.left <= 0 && !g.gone {
		s.remove(g)
	}
}

// giveBack takes a record back that could not be sent. It reports false when its segment was removed meanwhile.
func (s *spool) giveBack(it item) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := it.from
	g.out--
	if g.gone {
		g.left--
		return false
	}
	g.records = append(g.records, record{it.id, it.payload, it.attempts})
	return true
}

// close ends the spool; what it holds is adopted by the next process.
func (s *spool) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lock == nil {
		return nil
	}
	s.rotate()
	lock := s.lock
	s.lock = nil
	return unlockDir(s.dir, lock)
}

// readSegment returns the records of a file up to its end or the first that is torn.
func readSegment(path string) []record {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil // the caller counts what is missing
	}
	return parseSegment(b)
}

func parseSegment(b []byte) (out []record) {
	for len(b) >= recordHead {
		n := int(binary.BigEndian.Uint32(b))
		if n > maxPayload || n > len(b)-recordHead {
			break
		}
		body := b[8 : recordHead+n]
		if crc32.Checksum(body, castagnoli) != binary.BigEndian.Uint32(b[4:]) {
			break
		}
		out = append(out, record{id: ID(body[:32]), payload: body[32:]})
		b = b[recordHead+n:]
	}
	return out
}
