//go:build unix

package jetstream

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seismohq/seismo/internal/queue"
)

const (
	killPartitions = 4
	killCallers    = 16
)

// ledger is what a process said before it was killed: per partition and caller, the number of the last record that
// Publish took, and which records were acknowledged.
type ledger struct {
	taken    [killPartitions][killCallers]int
	consumed map[string]bool
}

func readLedger(t *testing.T, r io.Reader) *ledger {
	t.Helper()
	l := &ledger{consumed: map[string]bool{}}
	for p := range l.taken {
		for c := range l.taken[p] {
			l.taken[p][c] = -1
		}
	}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		var p, c, n int
		if _, err := fmt.Sscanf(lines.Text(), "taken %d/%d/%d", &p, &c, &n); err == nil {
			l.taken[p][c] = n
		}
		if id, ok := strings.CutPrefix(lines.Text(), "consumed "); ok {
			l.consumed[id] = true
		}
	}
	return l
}

// TestKill kills a process that publishes, and finds everything that was taken, in order.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var last [killPartitions]uint64
	var log string
	for round := range 4 {
		cmd := child(t, "TestKillChild", "kill", dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(400*time.Millisecond+rand.N(400*time.Millisecond), func() { _ = cmd.Process.Kill() })
		l := readLedger(t, out)
		if err := cmd.Wait(); err == nil {
			t.Fatal("the process ended before it was killed")
		}

		start := time.Now()
		q := openDir(t, dir, Options{})
		t.Logf("round %d: opened in %v", round, time.Since(start))
		if log == "" {
			log = q.Log()
		}
		if q.Log() != log {
			t.Fatalf("Log is %s, was %s", q.Log(), log)
		}
		for p := range killPartitions {
			last[p] = checkPartition(t, q, p, l, last[p])
		}
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// checkPartition reads and acknowledges a partition, and returns the position of a record that it publishes at the end.
func checkPartition(t *testing.T, q *Queue, p int, l *ledger, after uint64) uint64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := q.Publish(ctx, p, []byte("end")); err != nil {
		t.Fatalf("Publish after a kill: %v", err)
	}
	c, err := q.Consume(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	next := [killCallers]int{}
	for i := range next {
		next[i] = -1
	}
	records, position := 0, after
	for end := false; !end; {
		messages, err := c.Fetch(ctx, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range messages {
			if m.Position <= position {
				t.Fatalf("partition %d: position %d after %d", p, m.Position, position)
			}
			position = m.Position
			for _, r := range m.Records {
				if end = string(r) == "end"; end {
					continue
				}
				var pp, caller, n int
				if _, err := fmt.Sscanf(string(r), "%d/%d/%d", &pp, &caller, &n); err != nil || pp != p {
					t.Fatalf("partition %d: foreign record %.20q", p, r)
				}
				if next[caller] < 0 { // the first that is still there; those before were acknowledged
					for i := range n {
						if !l.consumed[fmt.Sprintf("%d/%d/%d", p, caller, i)] {
							t.Fatalf("partition %d: record %d of caller %d is missing", p, i, caller)
						}
					}
					next[caller] = n
				}
				if n != next[caller] {
					t.Fatalf("partition %d: record %d of caller %d comes, want %d", p, n, caller, next[caller])
				}
				next[caller]++
				records++
			}
		}
		if err := c.Ack(ctx, position); err != nil {
			t.Fatal(err)
		}
	}
	total := 0
	for caller, n := range l.taken[p] {
		total += n + 1
		if next[caller] > n {
			continue
		}
		for i := max(next[caller], 0); i <= n; i++ {
			if !l.consumed[fmt.Sprintf("%d/%d/%d", p, caller, i)] {
				t.Fatalf("partition %d: record %d of caller %d was taken and is not there", p, i, caller)
			}
		}
	}
	t.Logf("partition %d: %d records taken, %d there", p, total, records)
	if total < 100 {
		t.Errorf("partition %d: only %d records before the kill", p, total)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return position
}

func TestKillChild(t *testing.T) {
	dir := isChild(t, "kill")
	q := openDir(t, dir, Options{Partitions: killPartitions})
	say := func(format string, v ...any) {
		if _, err := fmt.Fprintf(os.Stdout, format, v...); err != nil {
			panic(err)
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() { consumeAndSay(t, q, say) })
	for p := range killPartitions {
		for c := range killCallers {
			wg.Go(func() {
				padding := strings.Repeat("x", 10+rand.IntN(5000))
				for n := 0; ; n++ {
					if err := q.Publish(t.Context(), p, fmt.Appendf(nil, "%d/%d/%d %s", p, c, n, padding)); err != nil {
						t.Error(err)
						return
					}
					say("taken %d/%d/%d\n", p, c, n)
				}
			})
		}
	}
	wg.Wait()
}

// consumeAndSay works partition 0.
func consumeAndSay(t *testing.T, q queue.Queue, say func(string, ...any)) {
	c, err := q.Consume(t.Context(), 0)
	if err != nil {
		t.Error(err)
		return
	}
	for {
		messages, err := c.Fetch(t.Context(), 1<<20)
		if err != nil {
			t.Error(err)
			return
		}
		for _, m := range messages {
			for _, r := range m.Records {
				id, _, _ := strings.Cut(string(r), " ")
				say("consumed %s\n", id)
			}
		}
		if err := c.Ack(t.Context(), messages[len(messages)-1].Position); err != nil {
			t.Error(err)
			return
		}
	}
}
