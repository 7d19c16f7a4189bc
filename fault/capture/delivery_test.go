package capture_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/capture"
	"github.com/seismohq/seismo/fault/faulttest"
)

// settled checks a client and the server against each other once everything is over: what was sent arrived, and the
// server knows of every loss.
func settled(t *testing.T, c *capture.Client, srv *faulttest.Server, ids []string) {
	t.Helper()
	s := c.Stats()
	balanced(t, s)
	if s.Queued != 0 {
		t.Errorf("%d still in memory", s.Queued)
	}
	got := srv.IDs()
	if uint64(len(got)) != s.Sent {
		t.Errorf("%d arrived, %d are counted as sent", len(got), s.Sent)
	}
	if len(s.Dropped) == 0 && s.Spooled == 0 && !slices.Equal(got, sorted(ids)) {
		t.Errorf("%d of %d arrived", len(got), len(ids))
	}
	for reason, n := range s.Dropped {
		if told := srv.Discarded()[reason]; uint64(told) != n {
			t.Errorf("%s: %d dropped, the server was told of %d", reason, n, told)
		}
	}
}

func sorted(ids []string) []string {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return ids
}

// report captures n different errors.
func report(t *testing.T, c *capture.Client, n int) (ids []string) {
	t.Helper()
	for i := range n {
		id := c.Error(t.Context(), fault.Wrap(origin(), "work", slog.Int("i", i)))
		if id == "" {
			t.Fatal("no id")
		}
		ids = append(ids, string(id))
	}
	return ids
}

// Nothing is lost when the server has a bad time, with or without a spool, as long as the reports fit.
func TestDelivery(t *testing.T) {
	t.Parallel()
	header := func(k, v string) http.Header { return http.Header{k: {v}} }
	tests := map[string]struct {
		n      int
		answer func(n int) faulttest.Response // nil: the server is down
		most   int                            // requests, 0 for any number
	}{
		"down":  {n: 50},
		"burst": {n: 3000, answer: func(int) faulttest.Response { return faulttest.Response{} }, most: 3000},
		"slow":  {n: 60, answer: func(int) faulttest.Response { return faulttest.Response{Delay: 30 * time.Millisecond} }, most: 60},
		"503": {n: 20, answer: func(n int) faulttest.Response {
			if n <= 20 {
				return faulttest.Response{Status: 503}
			}
			return faulttest.Response{}
		}},
		"503 with Retry-After": {n: 20, answer: func(n int) faulttest.Response {
			if n <= 3 {
				return faulttest.Response{Status: 503, Header: header("Retry-After", "0.1")}
			}
			return faulttest.Response{}
		}, most: 40},
		"429 with Retry-After": {n: 20, answer: func(n int) faulttest.Response {
			if n == 1 {
				return faulttest.Response{Status: 429, Header: header("Retry-After", "0.2")}
			}
			return faulttest.Response{}
		}, most: 40},
		"429 with limits": {n: 20, answer: func(n int) faulttest.Response {
			if n <= 2 {
				return faulttest.Response{Status: 429, Header: header("X-Sentry-Rate-Limits", "99:transaction:key, 0.2:default;error:organization:quota")}
			}
			return faulttest.Response{}
		}, most: 40},
		"200 with limits": {n: 20, answer: func(n int) faulttest.Response {
			if n == 1 {
				return faulttest.Response{Header: header("X-Sentry-Rate-Limits", "0.2::key")}
			}
			return faulttest.Response{}
		}, most: 20},
		"500 that passes": {n: 5, answer: func(n int) faulttest.Response {
			if n <= 2 {
				return faulttest.Response{Status: 500}
			}
			return faulttest.Response{}
		}},
		"connection resets": {n: 30, answer: func(n int) faulttest.Response { return faulttest.Response{Reset: n%3 != 0} }},
		"answers lost":      {n: 30, answer: func(n int) faulttest.Response { return faulttest.Response{Lose: n%2 == 1} }},
		"of everything": {n: 60, answer: func(n int) faulttest.Response {
			return []faulttest.Response{{}, {Reset: true}, {Status: 502}, {Lose: true}, {Status: 429, Header: header("Retry-After", "0.01")}, {Delay: 5 * time.Millisecond}, {Status: 504}}[n%7]
		}},
	}
	for name, tt := range tests {
		for _, spool := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, spool %v", name, spool), func(t *testing.T) {
				t.Parallel()
				srv := faulttest.NewServer(t)
				srv.Respond(tt.answer)
				if tt.answer == nil {
					srv.Down()
				}
				o := capture.Options{DSN: srv.DSN(), Queue: 4000}
				if spool {
					o.Spool.Dir, o.Queue = t.TempDir(), 1000
				}
				c := newClient(t, o)
				ids := report(t, c, tt.n)
				if tt.answer == nil {
					ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
					defer cancel()
					if err := c.Flush(ctx); fault.CodeOf(err) != fault.Unavailable {
						t.Errorf("Flush without a server: %v", err)
					}
					srv.Up()
				}
				flush(t, c)
				settled(t, c, srv, ids)
				if n := srv.Requests(); tt.most > 0 && n > tt.most {
					t.Errorf("%d requests", n)
				}
				if spool {
					if err := c.Close(t.Context()); err != nil {
						t.Error(err)
					}
					if left, _ := filepath.Glob(filepath.Join(o.Spool.Dir, "*", "*")); len(left) > 0 {
						t.Errorf("left behind: %v", left)
					}
				}
			})
		}
	}
}

// What the server will never take is dropped at once, and counted.
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 401, 403, 404, 413, 500, 501} {
		for _, dir := range []string{"", t.TempDir()} {
			srv := faulttest.NewServer(t)
			srv.Respond(func(int) faulttest.Response {
				return faulttest.Response{Status: status, Header: http.Header{"X-Sentry-Error": {"no"}}}
			})
			c := newClient(t, capture.Options{DSN: srv.DSN(), Spool: capture.Spool{Dir: dir}})
			report(t, c, 3)
			flush(t, c)
			if s := c.Stats(); s.Dropped["send_error"] != 3 || srv.Requests() > 20 {
				t.Errorf("%d: %+v after %d requests", status, s, srv.Requests())
			}
			srv.Respond(nil)
			ids := report(t, c, 1)
			flush(t, c)
			settled(t, c, srv, ids)
		}
	}
}

// While the server fails, one request at a time finds out whether it is back, at growing intervals.
func TestOneProbe(t *testing.T) {
	t.Parallel()
	srv := faulttest.NewServer(t)
	srv.Respond(func(int) faulttest.Response { return faulttest.Response{Status: 503} })
	c := newClient(t, capture.Options{DSN: srv.DSN(), RetryMin: 100 * time.Millisecond, RetryMax: time.Second})
	report(t, c, 100)
	time.Sleep(500 * time.Millisecond)
	if n := srv.Requests(); n < 1 || n > 8+10 { // those in flight when it began, and the probes
		t.Errorf("%d requests", n)
	}
}

// When memory is full and there is no spool, repeats go first, then the oldest, and all of it is counted.
func TestOverflow(t *testing.T) {
	t.Parallel()
	srv := faulttest.NewServer(t)
	srv.Down()
	c := newClient(t, capture.Options{DSN: srv.DSN(), Queue: 10, RetryMin: 50 * time.Millisecond, RetryMax: 100 * time.Millisecond})
	first := string(c.Message(t.Context(), slog.LevelError, "of another kind"))
	report(t, c, 100)
	var rare []string
	for i := range 5 {
		rare = append(rare, string(c.Message(t.Context(), slog.LevelError, "rare "+strconv.Itoa(i))))
	}
	balanced(t, c.Stats())
	srv.Up()
	flush(t, c)
	settled(t, c, srv, nil)
	s := c.Stats()
	if s.Dropped["queue_overflow"] == 0 || s.Sent < 10 {
		t.Errorf("%+v", s)
	}
	for _, id := range append(rare, first) {
		if !slices.Contains(srv.IDs(), id) {
			t.Errorf("a rare report is lost to repeats: %+v", s)
		}
	}
}

// Over its size the spool loses the oldest, and says so.
func TestSpoolOverflow(t *testing.T) {
	t.Parallel()
	srv := faulttest.NewServer(t)
	srv.Down()
	c := newClient(t, capture.Options{DSN: srv.DSN(), Spool: capture.Spool{Dir: t.TempDir(), MaxBytes: 600 << 10}})
	ids := report(t, c, 1000)
	waitFor(t, func() bool { return c.Stats().Queued <= 1 })
	s := c.Stats()
	balanced(t, s)
	if s.Dropped["cache_overflow"] == 0 || s.Spooled == 0 {
		t.Errorf("%+v", s)
	}
	srv.Up()
	flush(t, c)
	settled(t, c, srv, nil)
	if !slices.Contains(srv.IDs(), ids[len(ids)-1]) {
		t.Error("the newest is lost")
	}
}

// A spool that stops working costs no more than having none.
func TestSpoolBreaks(t *testing.T) {
	t.Parallel()
	srv := faulttest.NewServer(t)
	srv.Down()
	dir := t.TempDir()
	c := newClient(t, capture.Options{DSN: srv.DSN(), Queue: 20, Spool: capture.Spool{Dir: dir}})
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	report(t, c, 200)
	balanced(t, c.Stats())
	srv.Up()
	flush(t, c)
	settled(t, c, srv, nil)
	if s := c.Stats(); s.Sent < 20 || s.Dropped["queue_overflow"] == 0 {
		t.Errorf("%+v", s)
	}
}

func waitFor(t *testing.T, cond func() bool) {
	t.Helper()
	for range 2000 {
		if cond() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("waited in vain")
}

// What a client could not deliver when it closed, the next one does.
func TestCloseAndAdopt(t *testing.T) {
	t.Parallel()
	srv := faulttest.NewServer(t)
	srv.Down()
	dir := t.TempDir()
	c := newClient(t, capture.Options{DSN: srv.DSN(), Spool: capture.Spool{Dir: dir}})
	ids := report(t, c, 30)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := c.Close(ctx); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("Close without a server: %v", err)
	}
	if err := c.Close(ctx); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if s := c.Stats(); s.Spooled != 30 || s.Queued != 0 {
		t.Errorf("%+v", s)
	}
	balanced(t, c.Stats())
	if id := c.Error(t.Context(), origin()); id != "" || c.Stats().Dropped["shutdown"] != 1 {
		t.Errorf("after Close: %q %+v", id, c.Stats())
	}
	srv.Up()
	next := newClient(t, capture.Options{DSN: srv.DSN(), Spool: capture.Spool{Dir: dir}})
	if s := next.Stats(); s.Adopted != 30 {
		t.Errorf("%+v", s)
	}
	flush(t, next)
	settled(t, next, srv, ids)

	// Without a spool the same is a counted loss.
	srv.Down()
	c = newClient(t, capture.Options{DSN: srv.DSN()})
	report(t, c, 30)
	if err := c.Close(cancelled()); err == nil || c.Stats().Dropped["shutdown"] != 30 {
		t.Errorf("%v %+v", err, c.Stats())
	}
	balanced(t, c.Stats())
}

// Two processes may share the directory; neither takes what the other still holds.
func TestSpoolIsShared(t *testing.T) {
	t.Parallel()
	srv := faulttest.NewServer(t)
	srv.Down()
	dir := t.TempDir()
	a := newClient(t, capture.Options{DSN: srv.DSN(), Spool: capture.Spool{Dir: dir}})
	ids := report(t, a, 20)
	waitFor(t, func() bool { return a.Stats().Spooled == 20 })
	b := newClient(t, capture.Options{DSN: srv.DSN(), Spool: capture.Spool{Dir: dir}})
	if s := b.Stats(); s.Adopted != 0 {
		t.Errorf("took from the living: %+v", s)
	}
	ids = append(ids, report(t, b, 20)...)
	srv.Up()
	flush(t, a)
	flush(t, b)
	if got := srv.IDs(); !slices.Equal(got, sorted(ids)) || srv.Repeats() > 0 {
		t.Errorf("%d of %d arrived, %d repeats", len(got), len(ids), srv.Repeats())
	}
}

// Clients come and go under a server that does all it can: every report is sent, spooled or dropped, and counted once.
func TestChaos(t *testing.T) {
	t.Parallel()
	for _, spool := range []bool{false, true} {
		t.Run(fmt.Sprintf("spool %v", spool), func(t *testing.T) {
			t.Parallel()
			srv := faulttest.NewServer(t)
			srv.Respond(func(int) faulttest.Response {
				switch rand.N(8) {
				case 0:
					return faulttest.Response{Status: 503}
				case 1:
					return faulttest.Response{Status: 429, Header: http.Header{"Retry-After": {"0.02"}}}
				case 2:
					return faulttest.Response{Reset: true}
				case 3:
					return faulttest.Response{Lose: true}
				case 4:
					return faulttest.Response{Delay: time.Duration(rand.N(20)) * time.Millisecond}
				case 5:
					return faulttest.Response{Status: 400}
				}
				return faulttest.Response{}
			})
			o := capture.Options{DSN: srv.DSN(), Queue: 40}
			if spool {
				o.Spool = capture.Spool{Dir: t.TempDir(), MaxBytes: 1 << 20}
			}
			var captured, lost uint64
			var ids []string
			tally := func(s capture.Stats) {
				balanced(t, s)
				captured += s.Captured
				for _, n := range s.Dropped {
					lost += n
				}
			}
			for range 5 {
				c := newClient(t, o)
				for range 100 {
					ids = append(ids, report(t, c, 1)...)
					if rand.N(10) == 0 {
						time.Sleep(time.Millisecond)
					}
					balanced(t, c.Stats())
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.N(60))*time.Millisecond)
				fault.Ignore(c.Close(ctx), "the next one goes on")
				cancel()
				tally(c.Stats())
			}
			srv.Respond(nil)
			last := newClient(t, o)
			flush(t, last)
			tally(last.Stats())
			// A lost answer may hide that a report arrived that was later dropped, so the server may have more.
			got := srv.IDs()
			if captured != 500 || uint64(len(got))+lost < captured {
				t.Errorf("captured %d, arrived %d, lost %d", captured, len(got), lost)
			}
			for _, id := range got {
				if !slices.Contains(ids, id) {
					t.Errorf("%s was never captured", id)
				}
			}
		})
	}
}

// The helper process of TestKill: captures without a server, prints each id once it is on disk, and is killed at any moment.
func TestMain(m *testing.M) {
	if dir := os.Getenv("CAPTURE_KILL_DIR"); dir != "" {
		c, err := capture.New(capture.Options{DSN: os.Getenv("CAPTURE_KILL_DSN"), Spool: capture.Spool{Dir: dir}, Log: quiet})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		for i := range uint64(1 << 30) {
			id := c.Error(context.Background(), fault.Wrap(origin(), "x"))
			for s := c.Stats(); s.Spooled-s.Adopted <= i; s = c.Stats() {
				time.Sleep(50 * time.Microsecond)
			}
			fmt.Println(id)
		}
	}
	os.Exit(m.Run())
}

// What was on disk when the process was killed arrives.
func TestKill(t *testing.T) {
	t.Parallel()
	srv := faulttest.NewServer(t)
	srv.Down()
	dir := t.TempDir()
	var ids []string
	for range 4 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "CAPTURE_KILL_DIR="+dir, "CAPTURE_KILL_DSN="+srv.DSN())
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(out)
		for n, most := 0, 20+rand.N(100); ; n++ {
			line, err := lines.ReadString('\n')
			if err == io.EOF { //nolint:errorlint // as bufio returns it
				break
			}
			if len(line) != 33 {
				t.Fatalf("the process says %q", line)
			}
			ids = append(ids, strings.TrimSpace(line))
			if n == most {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the process was not killed")
		}
	}
	srv.Up()
	c := newClient(t, capture.Options{DSN: srv.DSN(), Spool: capture.Spool{Dir: dir}})
	if s := c.Stats(); s.Adopted < uint64(len(ids)) {
		t.Errorf("%d on disk, %d adopted", len(ids), s.Adopted)
	}
	flush(t, c)
	balanced(t, c.Stats())
	got := srv.IDs()
	ids = slices.DeleteFunc(ids, func(id string) bool { return slices.Contains(got, id) })
	if len(ids) > 0 {
		t.Errorf("%d are lost", len(ids))
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*", "*.seg")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
