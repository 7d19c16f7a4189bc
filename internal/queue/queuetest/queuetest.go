// Package queuetest holds engines of package queue to its promises, and has a queue in memory for other tests.
package queuetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/queue"
)

// patience is for what must happen soon; nothing but a failing test waits for so long.
const patience = 30 * time.Second

// Open opens the queue of a directory; the same directory is the same queue, another one an empty one. Its queues have at
// least 2 partitions and MaxBytes of at most 64 MiB.
type Open func(t *testing.T, dir string) queue.Queue

// Run holds an engine to the contract. Each subtest says a promise in the words of package queue.
func Run(t *testing.T, open Open) {
	t.Helper()
	for _, promise := range []struct {
		name string
		test func(*suite)
	}{
		{"what Publish took survives closing and opening", (*suite).durable},
		{"a partition is delivered in order", (*suite).ordered},
		{"records of many callers keep the order of each caller", (*suite).concurrent},
		{"what was not acknowledged is fetched again by the next consumer from the first message on", (*suite).redelivered},
		{"what was acknowledged is removed and does not come again", (*suite).acknowledged},
		{"positions begin at 1 and grow even after all was acknowledged and the queue was opened again", (*suite).positions},
		{"Log and Partitions stay the same for a log and another log has another Log", (*suite).identity},
		{"Publish takes records from empty to MaxRecordBytes and refuses longer ones with TooLarge", (*suite).sizes},
		{"Publish does not keep the caller's bytes", (*suite).copied},
		{"Publish ends with its context as Canceled or Timeout", (*suite).publishEnds},
		{"Publish refuses with Unavailable when the queue is full and takes again when there is room", (*suite).full},
		{"Fetch returns about maxBytes but always a whole message", (*suite).fetchBytes},
		{"Fetch waits for a first message and not for more", (*suite).fetchWaits},
		{"Fetch ends with its context and loses nothing", (*suite).fetchEnds},
		{"at most one consumer of a partition is open and another one waits", (*suite).exclusive},
		{"Consume ends with its context", (*suite).consumeEnds},
		{"partitions are read independently of each other", (*suite).independent},
		{"Ack refuses what was not fetched", (*suite).ackUnknown},
		{"Stats says how full the queue is", (*suite).stats},
		{"Ready returns nil when Publish is expected to work", (*suite).ready},
		{"Close ends consumers and waits for calls in progress", (*suite).closes},
	} {
		t.Run(promise.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
			t.Cleanup(cancel)
			promise.test(&suite{t: t, ctx: ctx, open: open, dir: t.TempDir()})
		})
	}
}

type suite struct {
	t    *testing.T
	ctx  context.Context
	open Open
	dir  string
}

func (s *suite) queue() queue.Queue {
	s.t.Helper()
	q := s.open(s.t, s.dir)
	s.t.Cleanup(func() { _ = q.Close() })
	return q
}

func (s *suite) publish(q queue.Queue, partition int, records ...string) {
	s.t.Helper()
	for _, r := range records {
		if err := q.Publish(s.ctx, partition, []byte(r)); err != nil {
			s.t.Fatalf("Publish: %v", err)
		}
	}
}

func (s *suite) consume(q queue.Queue, partition int) queue.Consumer {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	c, err := q.Consume(ctx, partition)
	if err != nil {
		s.t.Fatalf("Consume: %v", err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (s *suite) fetch(c queue.Consumer, maxBytes int) []queue.Message {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	messages, err := c.Fetch(ctx, maxBytes)
	if err != nil {
		s.t.Fatalf("Fetch: %v", err)
	}
	if len(messages) == 0 {
		s.t.Fatal("Fetch returned neither messages nor an error")
	}
	return messages
}

// take fetches n records, and returns them as strings with the position of the last message.
func (s *suite) take(c queue.Consumer, n int) (records []string, last uint64) {
	s.t.Helper()
	for len(records) < n {
		for _, m := range s.fetch(c, 1<<20) {
			if m.Position <= last {
				s.t.Fatalf("position %d comes after %d", m.Position, last)
			}
			last = m.Position
			for _, r := range m.Records {
				records = append(records, string(r))
			}
		}
	}
	return records, last
}

func (s *suite) ack(c queue.Consumer, position uint64) {
	s.t.Helper()
	if err := c.Ack(s.ctx, position); err != nil {
		s.t.Fatalf("Ack: %v", err)
	}
}

// none checks that nothing comes for a while.
func (s *suite) none(c queue.Consumer) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, 300*time.Millisecond)
	defer cancel()
	if messages, err := c.Fetch(ctx, 1<<20); err == nil {
		s.t.Fatalf("Fetch returned %d messages, the first at %d; want none", len(messages), messages[0].Position)
	} else if fault.CodeOf(err) != fault.Timeout {
		s.t.Fatalf("Fetch: %v, want Timeout", err)
	}
}

func (s *suite) equal(what string, got, want any) {
	s.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

func (s *suite) code(what string, err error, want ...fault.Code) {
	s.t.Helper()
	for _, c := range want {
		if err != nil && fault.CodeOf(err) == c {
			return
		}
	}
	s.t.Fatalf("%s: %v, want code %v", what, err, want)
}

func numbered(from, n int) []string {
	records := make([]string, n)
	for i := range records {
		records[i] = fmt.Sprintf("record %d", from+i)
	}
	return records
}
