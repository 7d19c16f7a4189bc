package capture

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

type fakeClock struct{ t time.Time }

func (c *fakeClock) now() time.Time { return c.t }

func newSpool(t *testing.T, o Spool, c *fakeClock) (*spool, int) {
	t.Helper()
	opts := Options{Spool: o}
	opts.defaults()
	s, n, err := openSpool(opts.Spool, c.now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close() })
	return s, n
}

func idOf(i int) ID { return ID(fmt.Sprintf("%032x", i)) }

func fill(t *testing.T, s *spool, from, n, size int) (lost int) {
	t.Helper()
	for i := from; i < from+n; i++ {
		l, err := s.append(idOf(i), bytes.Repeat([]byte{byte(i)}, size))
		if err != nil {
			t.Fatal(err)
		}
		lost += l
	}
	return lost
}

// drain takes and settles everything.
func drain(s *spool) (ids []ID, lost int) {
	for {
		it, l, ok := s.next()
		lost += l
		if !ok {
			return ids, lost
		}
		ids = append(ids, it.id)
		s.settle(it)
	}
}

func TestSpoolKeepsOrder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, _ := newSpool(t, Spool{Dir: dir, MaxBytes: 100 << 10}, &fakeClock{time.Now()})
	fill(t, s, 0, 50, 1000)
	for i := range 50 {
		it, lost, ok := s.next()
		if !ok || lost > 0 || it.id != idOf(i) || len(it.payload) != 1000 || it.payload[0] != byte(i) {
			t.Fatalf("record %d: %v %v %d", i, it.id, ok, lost)
		}
		s.settle(it)
	}
	if _, _, ok := s.next(); ok {
		t.Error("more than was put in")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*", "*.seg")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestSpoolGivesBack(t *testing.T) {
	t.Parallel()
	s, _ := newSpool(t, Spool{Dir: t.TempDir(), MaxBytes: 20 << 10}, &fakeClock{time.Now()})
	fill(t, s, 0, 10, 1000)
	var held []item
	for range 7 { // more than one segment
		it, _, _ := s.next()
		held = append(held, it)
	}
	for i, it := range held {
		if i%2 == 0 {
			it.attempts++
			if !s.giveBack(it) {
				t.Error("not taken back")
			}
		} else {
			s.settle(it)
		}
	}
	ids, lost := drain(s)
	if len(ids) != 10-3 || lost != 0 {
		t.Errorf("%d, lost %d", len(ids), lost)
	}
}

func TestSpoolForgetsTheOld(t *testing.T) {
	t.Parallel()
	c := &fakeClock{time.Now()}
	s, _ := newSpool(t, Spool{Dir: t.TempDir(), MaxAge: time.Hour, MaxBytes: 20 << 10}, c)
	fill(t, s, 0, 4, 1000)
	held, _, _ := s.next()
	c.t = c.t.Add(30 * time.Minute)
	fill(t, s, 4, 4, 1000)
	c.t = c.t.Add(31 * time.Minute)
	ids, lost := drain(s)
	if len(ids) != 4 || ids[0] != idOf(4) || lost != 3 { // the one handed out is not lost yet
		t.Errorf("%v, lost %d", ids, lost)
	}
	if s.giveBack(held) {
		t.Error("an old record was taken back")
	}
}

func TestSpoolIsBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, _ := newSpool(t, Spool{Dir: dir, MaxBytes: 50 << 10}, &fakeClock{time.Now()})
	lost := fill(t, s, 0, 500, 1000)
	var size int64
	files, _ := filepath.Glob(filepath.Join(dir, "*", "*"))
	for _, f := range files {
		fi, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		if fi.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", f, fi.Mode())
		}
		size += fi.Size()
	}
	ids, l := drain(s)
	if size > 60<<10 || len(ids)+lost+l != 500 || ids[len(ids)-1] != idOf(499) {
		t.Errorf("%d bytes, %d kept, %d lost", size, len(ids), lost+l)
	}
}

func TestSpoolSurvivesDamage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		damage func(b []byte) []byte
		want   int
	}{
		"none":            {func(b []byte) []byte { return b }, 3},
		"torn payload":    {func(b []byte) []byte { return b[:len(b)-1] }, 2},
		"torn head":       {func(b []byte) []byte { return b[:2*140+10] }, 2},
		"flipped bit":     {func(b []byte) []byte { b[150] ^= 1; return b }, 1},
		"flipped id":      {func(b []byte) []byte { b[10] ^= 1; return b }, 0},
		"length too long": {func(b []byte) []byte { b[0] = 0xff; return b }, 0},
		"garbage behind":  {func(b []byte) []byte { return append(b, "garbage"...) }, 3},
		"empty":           {func([]byte) []byte { return nil }, 0},
	} {
		dir := t.TempDir()
		c := &fakeClock{time.Now()}
		s, _ := newSpool(t, Spool{Dir: dir}, c)
		fill(t, s, 0, 3, 100)
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
		path, _ := filepath.Glob(filepath.Join(dir, "*", "*.seg"))
		b, err := os.ReadFile(path[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path[0], tt.damage(b), 0o600); err != nil {
			t.Fatal(err)
		}
		next, found := newSpool(t, Spool{Dir: dir}, c)
		ids, lost := drain(next)
		if found != tt.want || len(ids) != tt.want || lost != 0 {
			t.Errorf("%s: found %d, read %d, lost %d; want %d", name, found, len(ids), lost, tt.want)
		}
	}
}

// Damage between writing and reading in one process is a loss that is counted.
func TestSpoolCountsDamage(t *testing.T) {
	t.Parallel()
	s, _ := newSpool(t, Spool{Dir: t.TempDir()}, &fakeClock{time.Now()})
	fill(t, s, 0, 3, 100)
	if err := os.Truncate(s.cur.path, 200); err != nil {
		t.Fatal(err)
	}
	ids, lost := drain(s)
	if len(ids) != 1 || lost != 2 {
		t.Errorf("read %d, lost %d", len(ids), lost)
	}
	fill(t, s, 0, 2, 100)
	if err := os.Remove(s.cur.path); err != nil {
		t.Fatal(err)
	}
	if ids, lost = drain(s); len(ids) != 0 || lost != 2 {
		t.Errorf("read %d, lost %d", len(ids), lost)
	}
}

func TestSpoolCannotBeWritten(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{DSN: "http://k@h/1", Spool: Spool{Dir: filepath.Join(file, "x")}}); err == nil {
		t.Error("no error")
	}
	s, _ := newSpool(t, Spool{Dir: t.TempDir()}, &fakeClock{time.Now()})
	if err := os.RemoveAll(s.dir); err != nil {
		t.Fatal(err)
	}
	if _, err := s.append(idOf(1), nil); err == nil {
		t.Error("no error")
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
	if _, err := s.append(idOf(1), nil); err == nil {
		t.Error("a closed spool takes records")
	}
}

func FuzzParseSegment(f *testing.F) {
	s := &spool{o: Spool{Dir: f.TempDir(), MaxBytes: 1 << 20, MaxAge: time.Hour}, now: time.Now}
	s.dir = s.o.Dir
	var err error
	if s.lock, err = lockDir(s.dir); err != nil {
		f.Fatal(err)
	}
	for i := range 2 {
		if _, err := s.append(idOf(i), []byte("{}")); err != nil {
			f.Fatal(err)
		}
	}
	b, err := os.ReadFile(s.cur.path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		size := 0
		for _, r := range parseSegment(b) {
			size += recordHead + len(r.payload)
		}
		if size > len(b) {
			t.Errorf("%d bytes out of %d", size, len(b))
		}
	})
}

func TestLimitOf(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]time.Duration{
		"":                                      0,
		"60::organization":                      time.Minute,
		"60:error:project":                      time.Minute,
		"60:transaction;span:project":           0,
		"60:transaction;error:project:quota:ns": time.Minute,
		"5:error:key, 60:default:key":           time.Minute,
		"2.5:error:key":                         2500 * time.Millisecond,
		"60:error":                              time.Minute,
		"60":                                    0,
		"x:error:key,7:error:key":               7 * time.Second,
		"-5:error:key":                          0,
		"NaN:error:key":                         0,
		"1e300:error:key":                       maxWait,
		" 60 : error : key":                     0, // upstream sends no blanks there
		"60:all:key":                            time.Minute,
	} {
		if got := limitOf([]string{in}); got != want {
			t.Errorf("%q: %v, want %v", in, got, want)
		}
	}
	if got := limitOf([]string{"5:error:key", "6:error:key"}); got != 6*time.Second {
		t.Error(got)
	}
	now := time.Now()
	for in, want := range map[string]time.Duration{
		"5": 5 * time.Second, "0.5": 500 * time.Millisecond, "0": 0, "1e300": maxWait, now.Add(time.Hour + time.Second).UTC().Format(http.TimeFormat): time.Hour, "Mon, 02 Jan 2006 15:04:05 GMT": 0,
	} {
		got, stated := retryAfter(in, now)
		if !stated || (got-want).Abs() > time.Second {
			t.Errorf("%q: %v %v, want %v", in, got, stated, want)
		}
	}
	for _, in := range []string{"", "soon", "-1", "NaN"} {
		if got, stated := retryAfter(in, now); stated {
			t.Errorf("%q: %v", in, got)
		}
	}
}

func FuzzLimits(f *testing.F) {
	f.Add("60:error;default:project:reason, 5::key", "120")
	f.Fuzz(func(t *testing.T, limits, after string) {
		if d := limitOf([]string{limits}); d < 0 || d > maxWait {
			t.Errorf("%q: %v", limits, d)
		}
		if d, _ := retryAfter(after, time.Now()); d < 0 || d > maxWait {
			t.Errorf("%q: %v", after, d)
		}
	})
}

func TestParseDSN(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]dsn{
		"https://k@h/1":               {"https://h/api/1/envelope/", "k"},
		"http://k:secret@h:8000/1/":   {"http://h:8000/api/1/envelope/", "k"},
		"https://k@h/errors/prefix/7": {"https://h/errors/prefix/api/7/envelope/", "k"},
	} {
		if got, err := parseDSN(in); err != nil || got != want {
			t.Errorf("%s: %+v %v", in, got, err)
		}
	}
}

func FuzzParseDSN(f *testing.F) {
	f.Add("https://k:s@h:1/p/7")
	f.Fuzz(func(t *testing.T, s string) {
		d, err := parseDSN(s)
		if err == nil && (d.key == "" || !strings.HasSuffix(d.envelope, "/envelope/")) {
			t.Errorf("%q: %+v", s, d)
		}
	})
}
