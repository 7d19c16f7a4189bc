package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/seismohq/seismo/client"
	"github.com/seismohq/seismo/internal/event"
)

// load sends events over some connections until its context ends, and remembers which were acknowledged. An event whose
// answer did not come is sent again with the same id, as SDKs do, until it is acknowledged.
type load struct {
	dsn    client.DSN
	issues int

	mu    sync.Mutex
	acked map[string]int // event id → issue
	wg    sync.WaitGroup
}

func startLoad(ctx context.Context, dsn client.DSN, connections, issues int) *load {
	l := &load{dsn: dsn, issues: issues, acked: map[string]int{}}
	for i := range connections {
		random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), uint64(i)))
		h := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
		l.wg.Go(func() {
			defer h.CloseIdleConnections()
			for ctx.Err() == nil {
				issue := random.IntN(issues)
				id := event.NewID().String()
				body := fmt.Appendf(nil, `{"event_id":%q,"level":"error","platform":"python","exception":[{"type":"Error%s","value":"n %d","stacktrace":{"frames":[{"function":"f","filename":"a.py","lineno":%d,"in_app":true}]}}],"user":{"id":"%d"}}`,
					id, letters(issue), random.Int(), random.IntN(1000), random.IntN(50))
				for ctx.Err() == nil {
					if _, err := client.SendEvent(ctx, h, dsn, id, body); err == nil {
						l.mu.Lock()
						l.acked[id] = issue
						l.mu.Unlock()
						break
					}
					time.Sleep(20 * time.Millisecond)
				}
			}
		})
	}
	return l
}

func letters(n int) string { return string(rune('A'+n/26)) + string(rune('A'+n%26)) }

// check holds what the server says to what was acknowledged: each event is stored and counted, once.
func (l *load) check(t *testing.T, s *server, project string) {
	t.Helper()
	want := map[string]int64{}
	for _, issue := range l.acked {
		want["Error"+letters(issue)]++
	}
	// What was sent but not acknowledged when the load ended may be stored too: at most one a connection. So the counts have
	// to come to rest.
	before := int64(-1)
	eventually(t, 60*time.Second, func() error {
		issues, err := s.issues(project)
		if err != nil {
			return err
		}
		var counted int64
		for _, i := range issues {
			counted += i.Count
		}
		if counted < int64(len(l.acked)) {
			return fmt.Errorf("%d events are counted, %d were acknowledged", counted, len(l.acked))
		}
		if counted != before {
			before = counted
			time.Sleep(time.Second)
			return fmt.Errorf("the count still grows: %d", counted)
		}
		return nil
	})
	stored := map[string]bool{}
	issues, err := s.issues(project)
	if err != nil {
		t.Fatal(err)
	}
	var total int64
	for _, i := range issues {
		rows := int64(0)
		cursor := ""
		for {
			page, err := s.api.ListEvents(t.Context(), i.ShortID, cursor, 1000)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Items {
				if stored[e.ID] {
					t.Errorf("event %s is stored twice", e.ID)
				}
				stored[e.ID] = true
				rows++
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if rows != i.Count {
			t.Errorf("issue %s counts %d, but %d events are stored", i.ShortID, i.Count, rows)
		}
		if i.Count < want[i.Type] {
			t.Errorf("issue %s counts %d, but %d were acknowledged", i.Type, i.Count, want[i.Type])
		}
		total += i.Count
	}
	if len(issues) > l.issues {
		t.Errorf("%d issues, want at most %d", len(issues), l.issues)
	}
	lost := 0
	for id := range l.acked {
		if !stored[id] {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d acknowledged events are lost", lost, len(l.acked))
	}
	sums, err := s.outcomes(project)
	if err != nil {
		t.Fatal(err)
	}
	// A repeat is accepted as well, so there may be more accepted than stored, never fewer.
	if sums["accepted"] < total {
		t.Errorf("%d accepted, %d stored: %v", sums["accepted"], total, sums)
	}
	t.Logf("%d acknowledged, %d stored, outcomes %v", len(l.acked), total, sums)
}

// TestKill kills the server under load, again and again, at random moments.
func TestKill(t *testing.T) {
	kills := 20
	if testing.Short() {
		kills = 3
	}
	s := newServer(t, t.TempDir())
	s.start()
	p, dsn := s.project("kill", "python")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	l := startLoad(ctx, dsn, 16, 20)
	slowest := time.Duration(0)
	for range kills {
		time.Sleep(time.Duration(200+rand.IntN(600)) * time.Millisecond)
		s.kill()
		began := time.Now()
		s.start()
		slowest = max(slowest, time.Since(began))
	}
	stop()
	l.wg.Wait()
	t.Logf("slowest start after a kill: %v", slowest)
	l.check(t, s, p.Slug)
}

// TestTerminate stops the server under load the polite way.
func TestTerminate(t *testing.T) {
	s := newServer(t, t.TempDir())
	s.start()
	p, dsn := s.project("terminate", "python")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	l := startLoad(ctx, dsn, 16, 5)
	for range 3 {
		time.Sleep(500 * time.Millisecond)
		if code := s.stop(); code != 0 {
			t.Errorf("exit status %d after SIGTERM", code)
		}
		s.start()
	}
	stop()
	l.wg.Wait()
	l.check(t, s, p.Slug)
}

// TestSameEnvelope sends one event a thousand times: it is one event.
func TestSameEnvelope(t *testing.T) {
	s := newServer(t, t.TempDir())
	s.start()
	p, dsn := s.project("repeat", "python")
	id := event.NewID().String()
	body := []byte(`{"message":"again","level":"error"}`)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for range 100 {
				if got, err := client.SendEvent(t.Context(), http.DefaultClient, dsn, id, body); err != nil || got != id {
					t.Errorf("SendEvent = %q, %v", got, err)
					return
				}
			}
		})
	}
	wg.Wait()
	eventually(t, 30*time.Second, func() error {
		sums, err := s.outcomes(p.Slug)
		if err != nil {
			return err
		}
		if sums["accepted"] != 1000 {
			return fmt.Errorf("outcomes %v, want 1000 accepted", sums)
		}
		return nil
	})
	issues, err := s.issues(p.Slug)
	if err != nil || len(issues) != 1 || issues[0].Count != 1 {
		t.Errorf("issues %+v, %v; want one with one event", issues, err)
	}
}

// TestDiskFull fills a small disk. What is acknowledged stays; the rest is refused; with room it goes on.
func TestDiskFull(t *testing.T) {
	dir := smallDisk(t, 96<<20)
	s := newServer(t, dir+"/data", "SEISMO_DISK_FLOOR=24MiB", "SEISMO_QUEUE_MAX_BYTES=64MiB")
	s.start()
	p, dsn := s.project("full", "python")
	ballast := dir + "/ballast"
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	l := startLoad(ctx, dsn, 8, 5)
	for round := range 2 {
		time.Sleep(300 * time.Millisecond)
		fill(t, ballast)
		status := 0
		eventually(t, 20*time.Second, func() error {
			resp, body := post(t, t.Context(), dsn.EnvelopeURL(), envelope(`{"message":"refused?"}`), http.Header{"X-Sentry-Auth": {dsn.Auth("e2e/1")}})
			if status = resp.StatusCode; status != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
				return fmt.Errorf("round %d: status %d, Retry-After %q: %s", round, status, resp.Header.Get("Retry-After"), body)
			}
			return nil
		})
		time.Sleep(500 * time.Millisecond)
		if !s.running() {
			t.Fatal("the server ended on a full disk")
		}
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		eventually(t, 30*time.Second, func() error {
			_, err := client.SendEvent(t.Context(), http.DefaultClient, dsn, event.NewID().String(), []byte(`{"message":"room again"}`))
			return err
		})
	}
	stop()
	l.wg.Wait()
	l.issues += 2 // the messages of this test
	l.check(t, s, p.Slug)
}

// TestDiskReallyFull has no floor: every write may fail half way. It is known to fail at times: the queue then takes no
// records until the server is started again (docs/progress.md).
func TestDiskReallyFull(t *testing.T) {
	if os.Getenv("SEISMO_TEST_DISK_REALLY_FULL") == "" {
		t.Skip("skip: known to fail at times; set SEISMO_TEST_DISK_REALLY_FULL=1 to try")
	}
	dir := smallDisk(t, 96<<20)
	s := newServer(t, dir+"/data", "SEISMO_DISK_FLOOR=0", "SEISMO_QUEUE_MAX_BYTES=64MiB")
	s.start()
	p, dsn := s.project("full", "python")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	l := startLoad(ctx, dsn, 8, 5)
	time.Sleep(300 * time.Millisecond)
	fill(t, dir+"/ballast")
	time.Sleep(3 * time.Second)
	if !s.running() {
		t.Fatal("the server ended on a full disk")
	}
	if err := os.Remove(dir + "/ballast"); err != nil {
		t.Fatal(err)
	}
	eventually(t, 60*time.Second, func() error {
		_, err := client.SendEvent(t.Context(), http.DefaultClient, dsn, event.NewID().String(), []byte(`{"message":"room again"}`))
		return err
	})
	stop()
	l.wg.Wait()
	l.issues++
	l.check(t, s, p.Slug)
}

// fill takes all space of a disk but a few pages.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size >= 4096; size /= 2 {
		block := make([]byte, size)
		for {
			if _, err := f.Write(block); err != nil {
				break
			}
		}
	}
}
