//go:build linux

package jetstream

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/seismohq/seismo/fault"
)

// A disk that is full refuses writes; a limit on the size of files does the same without a disk of its own. The limit is
// that of a process, so the test is one.
func TestDiskRefusesWrites(t *testing.T) {
	t.Parallel()
	runChild(t, "TestDiskRefusesWritesChild", "disk", t.TempDir())
}

func limitFiles(t *testing.T, size uint64) {
	t.Helper()
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
		t.Fatal(err)
	}
	l.Cur = min(size, l.Max)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
		t.Fatal(err)
	}
}

func TestDiskRefusesWritesChild(t *testing.T) {
	dir := isChild(t, "disk")
	log := slog.New(slog.NewTextHandler(os.Stdout, nil))
	q := openDir(t, dir, Options{Partitions: 2, Logger: log})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
	defer cancel()

	// A consumer that is open all the time lives through it.
	c, err := q.Consume(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	publish := func() error {
		r := fmt.Sprintf("%08d %s", len(want), string(make([]byte, 10_000)))
		err := q.Publish(ctx, 0, []byte(r))
		if err == nil {
			want = append(want, r)
		}
		return err
	}
	fetch := func(ack bool) {
		t.Helper()
		for len(got) < len(want) {
			messages, err := c.Fetch(ctx, 1<<20)
			if err != nil {
				t.Fatalf("Fetch: %v", err)
			}
			for _, m := range messages {
				for _, r := range m.Records {
					got = append(got, string(r))
				}
			}
			if ack {
				if err := c.Ack(ctx, messages[len(messages)-1].Position); err != nil {
					t.Fatalf("Ack: %v", err)
				}
			}
		}
	}
	for range 10 {
		if err := publish(); err != nil {
			t.Fatal(err)
		}
	}
	fetch(true)

	for round := range 2 {
		limitFiles(t, 300<<10)
		start := time.Now()
		for err = nil; err == nil && len(want) < 1000*(round+1); {
			err = publish()
		}
		if fault.CodeOf(err) != fault.Unavailable {
			t.Fatalf("Publish on a full disk: %v, want Unavailable", err)
		}
		if _, ok := fault.RetryAfterOf(err); !ok {
			t.Error("refusal says not when to try again")
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("a full disk was noticed after %v", took)
		}
		if err := q.Ready(ctx); fault.CodeOf(err) != fault.Unavailable {
			t.Errorf("Ready on a full disk: %v, want Unavailable", err)
		}
		time.Sleep(500 * time.Millisecond)
		if err := publish(); fault.CodeOf(err) != fault.Unavailable {
			t.Errorf("Publish while the disk is full: %v, want Unavailable", err)
		}

		limitFiles(t, 1<<40)
		for err = q.Ready(ctx); err != nil; err = q.Ready(ctx) {
			if !sleep(ctx, 50*time.Millisecond) {
				t.Fatalf("Ready after there was room again: %v", err)
			}
		}
		t.Logf("refused after %d records, healed after %v", len(want), time.Since(start))
		for range 10 {
			if err := publish(); err != nil {
				t.Fatalf("Publish after there was room again: %v", err)
			}
		}
		fetch(round == 1)
	}
	for i, r := range want {
		if got[i] != r {
			t.Fatalf("record %d is %.8s, want %.8s", i, got[i], r)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
}
