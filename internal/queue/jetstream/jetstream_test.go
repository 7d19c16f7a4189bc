package jetstream

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/queue"
	"github.com/seismohq/seismo/internal/queue/queuetest"
)

func openDir(t testing.TB, dir string, o Options) *Queue {
	t.Helper()
	q, err := Open(context.Background(), "jetstream://"+dir, o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := q.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return q
}

func TestContract(t *testing.T) {
	t.Parallel()
	queuetest.Run(t, func(t *testing.T, dir string) queue.Queue {
		return openDir(t, dir, Options{MaxBytes: 32 << 20})
	})
}

// fetchAll returns the records of the next messages until there are n of them, by message.
func fetchAll(t *testing.T, c queue.Consumer, n int) (messages [][]string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for n > 0 {
		got, err := c.Fetch(ctx, 1<<20)
		if err != nil {
			t.Fatalf("Fetch: %v", err)
		}
		for _, m := range got {
			var records []string
			for _, r := range m.Records {
				records = append(records, string(r))
			}
			messages = append(messages, records)
			n -= len(records)
		}
	}
	return messages
}

func consume(t *testing.T, q *Queue, partition int) *consumer {
	t.Helper()
	c, err := q.Consume(t.Context(), partition)
	if err != nil {
		t.Fatalf("Consume: %v", err)
	}
	return c.(*consumer)
}

// TestCloseLeavesNothing does not run beside other tests, so that it can count.
func TestCloseLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 2 {
		q := openDir(t, t.TempDir(), Options{})
		var wg sync.WaitGroup
		for p := range q.Partitions() {
			wg.Go(func() {
				if err := q.Publish(t.Context(), p, []byte("record")); err != nil {
					t.Error(err)
				}
			})
			c := consume(t, q, p)
			fetchAll(t, c, 1)
			if err := c.Ack(t.Context(), 1); err != nil {
				t.Error(err)
			}
		}
		wg.Wait()
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var after int
	for range 100 {
		if after = runtime.NumGoroutine(); after <= before {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	stacks := make([]byte, 1<<20)
	t.Fatalf("%d goroutines before, %d after:\n%s", before, after, stacks[:runtime.Stack(stacks, true)])
}

func TestDirectoryIsLocked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := openDir(t, dir, Options{})
	_, err := Open(t.Context(), "jetstream://"+dir, Options{})
	if fault.CodeOf(err) != fault.Conflict {
		t.Fatalf("second Open: %v, want Conflict", err)
	}
	var pid string
	for a := range fault.Attrs(err) {
		if a.Key == "pid" {
			pid = a.Value.String()
		}
	}
	if pid != strconv.Itoa(os.Getpid()) {
		t.Errorf("error names process %q, want %d", pid, os.Getpid())
	}
	if err := q.Publish(t.Context(), 0, []byte("still works")); err != nil {
		t.Error(err)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	openDir(t, dir, Options{})
}

func TestPartitionsAreFixed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := openDir(t, dir, Options{Partitions: 3}).Close(); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), "jetstream://"+dir, Options{Partitions: 5})
	if fault.CodeOf(err) != fault.Validation || !strings.Contains(err.Error(), "queue-partitions") {
		t.Errorf("Open with another number: %v, want Validation that names the setting", err)
	}
	if n := openDir(t, dir, Options{}).Partitions(); n != 3 {
		t.Errorf("Open without a number has %d partitions, want 3", n)
	}
}

func TestLostStreamIsAnotherLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := openDir(t, dir, Options{})
	log := q.Log()
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "jetstream", "$G", "streams", q.parts[2].name)); err != nil {
		t.Fatal(err)
	}
	if again := openDir(t, dir, Options{}).Log(); again == log {
		t.Error("a log of which a partition was lost has the same Log, so that its new positions would be taken for old ones")
	}
}

// TestUnreadableStream must not make the stream anew: whoever can, may still save what is in it.
func TestUnreadableStream(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := openDir(t, dir, Options{})
	meta := filepath.Join(dir, "jetstream", "$G", "streams", q.parts[1].name, "meta.inf")
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(meta, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := Open(t.Context(), "jetstream://"+dir, Options{}); fault.CodeOf(err) != fault.Unavailable {
			t.Fatalf("Open with a broken stream: %v, want Unavailable", err)
		}
	}
	if b, err := os.ReadFile(meta); err != nil || string(b) != "broken" {
		t.Errorf("file of the broken stream is %q, %v; want it untouched", b, err)
	}
}

// hold keeps all groups from being sent until the returned function is called.
func hold(q *Queue) (release func()) {
	for range cap(q.flights) {
		q.flights <- struct{}{}
	}
	return func() {
		for range cap(q.flights) {
			<-q.flights
		}
	}
}

func TestWaitingCallsShareAMessage(t *testing.T) {
	t.Parallel()
	q := openDir(t, t.TempDir(), Options{Partitions: 1, GroupBytes: 10_000})
	release := hold(q)
	waiting := func() (n int) {
		p := q.parts[0]
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, g := range p.waiting {
			n += g.records
		}
		return n
	}
	var wg sync.WaitGroup
	published := 0
	publish := func(r string) {
		wg.Go(func() {
			if err := q.Publish(t.Context(), 0, []byte(r)); err != nil {
				t.Error(err)
			}
		})
		for published++; waiting() < published; { // so that their order is known
			time.Sleep(time.Millisecond)
		}
	}
	var want [][]string
	for range 3 { // 3 groups: small ones together, one that is too large, small ones
		var group []string
		for i := range 20 {
			group = append(group, fmt.Sprintf("record %d of group %d", i, len(want)))
		}
		if len(want) == 1 {
			group = []string{strings.Repeat("x", 20_000)}
		}
		for _, r := range group {
			publish(r)
		}
		want = append(want, group)
	}
	release()
	wg.Wait()
	if diff := cmp.Diff(want, fetchAll(t, consume(t, q, 0), 41)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestCallsThatEndLeaveNoMoreThanTheLimit(t *testing.T) {
	t.Parallel()
	q := openDir(t, t.TempDir(), Options{Partitions: 1})
	release := hold(q)
	record := make([]byte, 8<<20)
	var err error
	for range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		err = q.Publish(ctx, 0, record)
		cancel()
		if fault.CodeOf(err) != fault.Timeout {
			break
		}
	}
	if after, ok := fault.RetryAfterOf(err); fault.CodeOf(err) != fault.Unavailable || !ok || after <= 0 {
		t.Errorf("Publish behind %d bytes: %v, want Unavailable", q.waiting.Load(), err)
	}
	release()
	if err := q.Publish(t.Context(), 0, []byte("goes through")); err != nil && fault.CodeOf(err) != fault.Unavailable {
		t.Error(err)
	}
	for q.waiting.Load() > 0 && t.Context().Err() == nil {
		time.Sleep(time.Millisecond)
	}
	if err := q.Publish(t.Context(), 0, []byte("last")); err != nil {
		t.Errorf("Publish after all: %v", err)
	}
}

// TestReaderIsReplaced takes away what a consumer reads with, as an external server does when it is started again.
func TestReaderIsReplaced(t *testing.T) {
	t.Parallel()
	q := openDir(t, t.TempDir(), Options{Partitions: 1})
	c := consume(t, q, 0)
	for i := range 6 {
		if err := q.Publish(t.Context(), 0, fmt.Appendf(nil, "record %d", i)); err != nil {
			t.Fatal(err)
		}
		if i%2 == 1 {
			// An open request is answered, a closed one gets no answer at all.
			if err := c.part.stream.DeleteConsumer(t.Context(), c.feed.source); err != nil {
				t.Fatal(err)
			}
		}
		if got := fetchAll(t, c, 1); got[0][0] != fmt.Sprintf("record %d", i) {
			t.Fatalf("record %d is %q", i, got[0][0])
		}
	}
}

func TestMessageLostOnItsWay(t *testing.T) {
	t.Parallel()
	q := openDir(t, t.TempDir(), Options{Partitions: 1})
	c := consume(t, q, 0)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Fetch(ctx, 1<<20); fault.CodeOf(err) != fault.Timeout {
		t.Fatalf("Fetch: %v, want Timeout", err)
	}
	for _, r := range []string{"lost", "second"} {
		if err := q.Publish(t.Context(), 0, []byte(r)); err != nil {
			t.Fatal(err)
		}
		if r == "lost" {
			<-c.feed.in
		}
	}
	if diff := cmp.Diff([][]string{{"lost"}, {"second"}}, fetchAll(t, c, 2)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// TestMessageLostAfterOthers loses one in the middle of a batch, and nothing comes after it that would show the gap again.
func TestMessageLostAfterOthers(t *testing.T) {
	t.Parallel()
	q := openDir(t, t.TempDir(), Options{Partitions: 1})
	want := [][]string{{"first"}, {"lost"}, {"last"}}
	for _, r := range want {
		if err := q.Publish(t.Context(), 0, []byte(r[0])); err != nil {
			t.Fatal(err)
		}
	}
	c := consume(t, q, 0)
	if err := c.feed.ensure(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := c.feed.ask(request{Batch: batchMost, NoWait: true, Expires: requestLife, Heartbeat: heartbeat}); err != nil {
		t.Fatal(err)
	}
	var came []*nats.Msg
	for range 4 { // three messages and the end of the request
		came = append(came, <-c.feed.in)
	}
	for _, m := range slices.Delete(came, 1, 2) {
		c.feed.in <- m
	}
	if diff := cmp.Diff(want, fetchAll(t, c, 3)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestUnreadableMessageIsSkipped(t *testing.T) {
	t.Parallel()
	q := openDir(t, t.TempDir(), Options{Partitions: 1})
	for _, foreign := range []string{"", "foreign", "\x01", "\x01\x05abc"} {
		if _, err := q.conn.js.Publish(t.Context(), q.parts[0].name, []byte(foreign)); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.Publish(t.Context(), 0, []byte("ours")); err != nil {
		t.Fatal(err)
	}
	c := consume(t, q, 0)
	if diff := cmp.Diff([][]string{{"ours"}}, fetchAll(t, c, 1)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	if err := c.Ack(t.Context(), 5); err != nil {
		t.Fatal(err)
	}
	if s, err := q.Stats(t.Context()); err != nil || s.Messages != 0 {
		t.Errorf("Stats after all was acknowledged: %+v, %v", s, err)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	dir := t.TempDir()
	for round := range 2 { // a queue that was closed leaves the registry
		q := openDir(t, dir, Options{Registerer: registry})
		for p := range 2 {
			if err := q.Publish(t.Context(), p, make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
		}
		if err := q.Publish(t.Context(), 0, make([]byte, queue.MaxRecordBytes+1)); err == nil {
			t.Fatal("a record that is too large was taken")
		}
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]float64{}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				switch {
				case m.GetCounter() != nil:
					got[f.GetName()] = m.GetCounter().GetValue()
				case m.GetGauge() != nil:
					got[f.GetName()] = m.GetGauge().GetValue()
				}
			}
		}
		want := map[string]float64{
			"seismo_queue_records_total": 2, "seismo_queue_record_bytes_total": 2000, "seismo_queue_groups_total": 2,
			"seismo_queue_publish_errors_total": 1, "seismo_queue_restarts_total": 0, "seismo_queue_unreadable_total": 0,
			"seismo_queue_messages": float64(2 + 2*round), "seismo_queue_max_bytes": 4 << 30, "seismo_queue_waiting_bytes": 0,
			"seismo_queue_stored_bytes": float64(1+round) * 2 * float64(messageSize("SEISMO_0", make([]byte, 1003))),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("metrics (-want +got):\n%s", diff)
		}
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if families, err := registry.Gather(); err != nil || len(families) > 0 {
		t.Errorf("%d metrics are left after Close, %v", len(families), err)
	}
}

func TestDirectoryHoldsNothingElse(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made", "by", "open?#%20")
	if err := openDir(t, dir, Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{ballastFile, "jetstream", lockFile}, names); diff != "" {
		t.Errorf("files of a queue (-want +got):\n%s", diff)
	}
}
