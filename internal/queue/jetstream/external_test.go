//go:build unix

package jetstream

import (
	"bufio"
	"context"
	"fmt"
	"hash/fnv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/queue"
	"github.com/seismohq/seismo/internal/queue/queuetest"
)

// logOf names the log of a directory that the contract is run with, and removes it when the test ends.
func logOf(t *testing.T, url, dir string) string {
	t.Helper()
	h := fnv.New64a()
	_, _ = h.Write([]byte(dir))
	name := fmt.Sprintf("T%x", h.Sum64())
	t.Cleanup(func() {
		nc, err := nats.Connect(url)
		if err != nil {
			return
		}
		defer nc.Close()
		js, err := jetstream.New(nc)
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		for stream := range js.StreamNames(ctx).Name() {
			if strings.HasPrefix(stream, name+"_") || stream == "KV_"+name+"_leases" {
				_ = js.DeleteStream(ctx, stream)
			}
		}
	})
	return name
}

func TestContractServer(t *testing.T) {
	t.Parallel()
	url := serverURL(t)
	queuetest.Run(t, func(t *testing.T, dir string) queue.Queue {
		return openURL(t, url, Options{Name: logOf(t, url, dir), Partitions: 2, MaxBytes: 32 << 20})
	})
}

func TestContractCluster(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, 3, "max_payload: 24MB")
	url := clusterURL(nodes)
	queuetest.Run(t, func(t *testing.T, dir string) queue.Queue {
		return openURL(t, url, Options{Name: logOf(t, nodes[0].url(), dir), Partitions: 2, MaxBytes: 32 << 20})
	})
}

func clusterURL(nodes []*node) string {
	urls := make([]string, len(nodes))
	for i, n := range nodes {
		urls[i] = strings.TrimPrefix(n.url(), "nats://")
	}
	return "nats://" + strings.Join(urls, ",")
}

// TestClusterLosesNode kills the leader of a partition while records are published and read.
func TestClusterLosesNode(t *testing.T) {
	t.Parallel()
	const callers = 8
	nodes := startNodes(t, 3, "max_payload: 24MB")
	q := openURL(t, clusterURL(nodes), Options{Partitions: 2})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
	defer cancel()

	stop := make(chan struct{})
	var taken, refused atomic.Int64
	var wg sync.WaitGroup
	counts := make([]int, callers)
	for caller := range callers {
		wg.Go(func() {
			for n := 0; ; {
				select {
				case <-stop:
					counts[caller] = n
					return
				default:
				}
				err := q.Publish(ctx, caller%2, fmt.Appendf(nil, "%d/%d", caller, n))
				switch {
				case err == nil:
					taken.Add(1)
					n++
				case fault.CodeOf(err) == fault.Unavailable:
					refused.Add(1)
				default:
					t.Errorf("Publish: %v", err)
					return
				}
			}
		})
	}
	got := make([][]int, callers)
	var read atomic.Int64
	var readers sync.WaitGroup
	for p := range 2 {
		readers.Go(func() {
			for ctx.Err() == nil {
				err := readUntilError(ctx, q, p, func(record string) {
					var caller, n int
					if _, err := fmt.Sscanf(record, "%d/%d", &caller, &n); err != nil {
						t.Errorf("record %q", record)
						return
					}
					got[caller] = append(got[caller], n)
					read.Add(1)
				})
				// The lease, too, is with a server; a reader that lost it begins again.
				if ctx.Err() == nil && fault.CodeOf(err) != fault.Unavailable {
					t.Errorf("read a partition: %v", err)
					return
				}
			}
		})
	}

	time.Sleep(500 * time.Millisecond)
	before := taken.Load()
	stream, err := q.conn.js.Stream(ctx, q.parts[0].name)
	if err != nil {
		t.Fatal(err)
	}
	if r := stream.CachedInfo().Config.Replicas; r != 3 {
		t.Fatalf("stream has %d replicas, want 3", r)
	}
	for _, n := range nodes {
		if n.name == stream.CachedInfo().Cluster.Leader {
			n.kill()
		}
	}
	killed := time.Now()
	for taken.Load() < 2*before {
		if !sleep(ctx, 10*time.Millisecond) {
			t.Fatalf("%d records taken before a node was killed, %d and %d read %v after", before, taken.Load(), read.Load(), time.Since(killed))
		}
	}
	close(stop)
	wg.Wait()
	t.Logf("%d records taken before a node was killed, %d refused; as many again within %v", before, refused.Load(), time.Since(killed))
	for read.Load() < taken.Load() && sleep(ctx, 10*time.Millisecond) {
	}
	cancel()
	readers.Wait()
	for caller, numbers := range got {
		// A message may come twice when its reader moved to another server, but then all after it come again too.
		next := 0
		for _, n := range numbers {
			if n > next {
				t.Fatalf("caller %d: record %d comes, want %d", caller, n, next)
			}
			next = n + 1
		}
		if next < counts[caller] {
			t.Fatalf("caller %d: %d records there, %d taken", caller, next, counts[caller])
		}
	}
}

// readUntilError reads and acknowledges a partition until that fails.
func readUntilError(ctx context.Context, q *Queue, partition int, each func(record string)) error {
	c, err := q.Consume(ctx, partition)
	if err != nil {
		return err
	}
	defer c.Close()
	for {
		messages, err := c.Fetch(ctx, 1<<20)
		if err != nil {
			return err
		}
		for _, m := range messages {
			for _, r := range m.Records {
				each(string(r))
			}
		}
		if err := c.Ack(ctx, messages[len(messages)-1].Position); err != nil {
			return err
		}
	}
}

// TestServerAway stops the only server and starts it again.
func TestServerAway(t *testing.T) {
	t.Parallel()
	n := startNodes(t, 1, "max_payload: 24MB")[0]
	q := openURL(t, n.url(), Options{Partitions: 2})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
	defer cancel()
	c, err := q.Consume(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := q.Publish(ctx, 0, []byte("before")); err != nil {
		t.Fatal(err)
	}
	n.kill()
	short, cancelShort := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancelShort()
	if err := q.Publish(short, 0, []byte("meanwhile")); fault.CodeOf(err) != fault.Timeout {
		t.Errorf("Publish for a short time without a server: %v, want Timeout", err)
	}
	// The first call gives it time to come back, the second one knows.
	for range 2 {
		err = q.Publish(ctx, 0, []byte("meanwhile"))
		if _, ok := fault.RetryAfterOf(err); fault.CodeOf(err) != fault.Unavailable || !ok {
			t.Errorf("Publish without a server: %v, want Unavailable with a time to try again", err)
		}
	}
	if err := q.Ready(ctx); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("Ready without a server: %v, want Unavailable", err)
	}
	n.start(t)
	for err = q.Publish(ctx, 0, []byte("after")); err != nil; err = q.Publish(ctx, 0, []byte("after")) {
		if !sleep(ctx, 50*time.Millisecond) {
			t.Fatalf("Publish with the server back: %v", err)
		}
	}
	var got []string
	for len(got) == 0 || got[len(got)-1] != "after" {
		messages, err := c.Fetch(ctx, 1<<20)
		if fault.CodeOf(err) == fault.Unavailable {
			// The lease may be lost meanwhile; then one begins again.
			_ = c.Close()
			if c, err = q.Consume(ctx, 0); err != nil {
				t.Fatalf("Consume with the server back: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("Fetch with the server back: %v", err)
		}
		for _, m := range messages {
			for _, r := range m.Records {
				got = append(got, string(r))
			}
		}
	}
	if got[0] != "before" {
		t.Errorf("records are %q, want the first from before", got)
	}
	for err := q.Ready(ctx); err != nil; err = q.Ready(ctx) {
		if !sleep(ctx, 50*time.Millisecond) {
			t.Fatalf("Ready with the server back: %v", err)
		}
	}
}

// TestExclusiveAcrossProcesses opens one log twice: a partition has one consumer.
func TestExclusiveAcrossProcesses(t *testing.T) {
	t.Parallel()
	url := serverURL(t)
	o := Options{Name: logOf(t, url, t.TempDir()), Partitions: 2, LeaseTTL: 2 * time.Second}
	q1, q2 := openURL(t, url, o), openURL(t, url, o)
	if q1.Log() != q2.Log() {
		t.Fatalf("one log is %s and %s", q1.Log(), q2.Log())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	first, err := q1.Consume(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	// Longer than the lease, so that it must have been renewed.
	short, cancelShort := context.WithTimeout(ctx, 3*time.Second)
	defer cancelShort()
	if _, err := q2.Consume(short, 0); fault.CodeOf(err) != fault.Timeout {
		t.Fatalf("Consume of a partition that is read elsewhere: %v, want Timeout", err)
	}
	other, err := q2.Consume(ctx, 1)
	if err != nil {
		t.Fatalf("Consume of another partition: %v", err)
	}
	_ = other.Close()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := q2.Consume(ctx, 0)
	if err != nil {
		t.Fatalf("Consume of a partition that was given back: %v", err)
	}
	_ = second.Close()
}

// TestLeaseOfKilledProcess kills a process that reads a partition: another one gets it.
func TestLeaseOfKilledProcess(t *testing.T) {
	t.Parallel()
	url := serverURL(t)
	name := logOf(t, url, t.TempDir())
	q := openURL(t, url, Options{Name: name, Partitions: 2, LeaseTTL: 2 * time.Second})
	cmd := child(t, "TestLeaseChild", "lease", url+"?name="+name)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "reads" {
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	short, cancelShort := context.WithTimeout(ctx, time.Second)
	defer cancelShort()
	if _, err := q.Consume(short, 0); fault.CodeOf(err) != fault.Timeout {
		t.Fatalf("Consume of a partition that another process reads: %v, want Timeout", err)
	}
	_ = cmd.Process.Kill()
	c, err := q.Consume(ctx, 0)
	if err != nil {
		t.Fatalf("Consume after the other process was killed: %v", err)
	}
	_ = c.Close()
}

func TestLeaseChild(t *testing.T) {
	url := isChild(t, "lease")
	q := openURL(t, url, Options{LeaseTTL: 2 * time.Second})
	if _, err := q.Consume(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	fmt.Println("reads")
	time.Sleep(time.Minute)
}

func TestServerOfSmallMessages(t *testing.T) {
	t.Parallel()
	n := startNodes(t, 1, "max_payload: 1MB")[0]
	if _, err := Open(t.Context(), n.url(), Options{}); fault.CodeOf(err) != fault.Validation {
		t.Errorf("Open: %v, want Validation", err)
	}
}

func TestOpenWaits(t *testing.T) {
	t.Parallel()
	url := fmt.Sprintf("nats://127.0.0.1:%d", freePort(t))
	if _, err := Open(t.Context(), url, Options{OpenWait: 300 * time.Millisecond}); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("Open without a server: %v, want Unavailable", err)
	}
}

func TestForeignStream(t *testing.T) {
	t.Parallel()
	url := serverURL(t)
	name := logOf(t, url, t.TempDir())
	q := openURL(t, url, Options{Name: name, Partitions: 1})
	config := q.parts[0].stream.CachedInfo().Config
	if err := q.conn.js.DeleteStream(t.Context(), config.Name); err != nil {
		t.Fatal(err)
	}
	config.Metadata = nil
	if _, err := q.conn.js.CreateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), url, Options{Name: name}); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("Open of a stream that is not ours: %v, want Conflict", err)
	}
}
