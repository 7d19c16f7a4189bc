package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/eventstore/eventstoretest"
)

// TestMain is the child of TestKill where that asks for it.
func TestMain(m *testing.M) {
	if dir := os.Getenv("SEISMO_KILL_DIR"); dir != "" {
		appendForever(dir)
		return
	}
	os.Exit(m.Run())
}

const killBatch = 40

// killEvents are the events of a batch: always the same.
func killEvents(batch int) []eventstore.Entry {
	out := make([]eventstore.Entry, killBatch)
	for i := range out {
		out[i] = eventstoretest.E(1+batch*killBatch+i, eventstoretest.K(i%3), batch)
	}
	return out
}

// appendForever appends one batch after the other, from the one in the environment on, and prints the number of each
// that is durable.
func appendForever(dir string) {
	first, _ := strconv.Atoi(os.Getenv("SEISMO_KILL_FROM"))
	s, err := open(dir)
	if err != nil {
		fmt.Println("error", err)
		return
	}
	for batch := first; ; batch++ {
		a, err := s.Append(context.Background(), killEvents(batch))
		if err != nil {
			fmt.Println("error", err)
			return
		}
		for i := range a {
			if !a[i].Counts {
				fmt.Println("error: an event of batch", batch, "does not count")
				return
			}
		}
		fmt.Println(batch)
	}
}

// TestKill kills a process that appends, at random moments. What it said to be durable is there, rows and counts agree,
// and the batch that was cut short can be appended as if nothing had been.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	next := 0
	for round := range 12 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "SEISMO_KILL_DIR="+dir, "SEISMO_KILL_FROM="+strconv.Itoa(next))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		go func() {
			time.Sleep(time.Duration(30+rand.IntN(150)) * time.Millisecond)
			_ = cmd.Process.Kill()
		}()
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "error") {
				t.Fatal(lines.Text())
			}
			n, err := strconv.Atoi(lines.Text())
			if err != nil || n != next {
				t.Fatalf("round %d: %q after %d", round, lines.Text(), next)
			}
			next++
		}
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
	}
	s, err := open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	// The batch in hand at the last kill may be there as a whole or not at all.
	stats, err := s.Stats(t.Context())
	if err != nil || stats.Events%killBatch != 0 || stats.Events < int64(next*killBatch) || stats.Events > int64((next+1)*killBatch) {
		t.Errorf("%d events after %d durable batches of %d, %v", stats.Events, next, killBatch, err)
	}
	for batch := range next {
		for _, e := range killEvents(batch) {
			got, err := s.Get(t.Context(), e.Project, e.ID)
			if err != nil || string(got.Payload) != string(e.Payload) {
				t.Fatalf("event of batch %d: %v", batch, err)
			}
		}
	}
	totals, err := s.Totals(t.Context(), killEvents(0)[0].Project, nil, eventstore.Range{})
	if err != nil {
		t.Fatal(err)
	}
	var counted int64
	for _, x := range totals {
		counted += x.Events
	}
	if counted != stats.Events {
		t.Errorf("%d counted, %d stored", counted, stats.Events)
	}
	t.Logf("%d durable batches", next)
}
