// Package queuetest holds engines of package queue to its promises, and has a queue in memory for other tests.
package queuetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"sync"
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

func (s *suite) durable() {
	q := s.queue()
	want := numbered(0, 50)
	s.publish(q, 1, want...)
	if err := q.Close(); err != nil {
		s.t.Fatalf("Close: %v", err)
	}
	got, _ := s.take(s.consume(s.queue(), 1), len(want))
	s.equal("records", got, want)
}

func (s *suite) ordered() {
	q := s.queue()
	want := numbered(0, 100)
	s.publish(q, 0, want[:60]...)
	c := s.consume(q, 0)
	first, _ := s.take(c, 60)
	s.publish(q, 0, want[60:]...)
	then, _ := s.take(c, 40)
	s.equal("records", append(first, then...), want)
}

func (s *suite) concurrent() {
	const callers, each = 16, 40
	q := s.queue()
	var wg sync.WaitGroup
	errs := make(chan error, callers)
	for caller := range callers {
		wg.Go(func() {
			for i := range each {
				r := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(caller)), uint32(i))
				if err := q.Publish(s.ctx, 1, r); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	records, _ := s.take(s.consume(q, 1), callers*each)
	wg.Wait()
	select {
	case err := <-errs:
		s.t.Fatalf("Publish: %v", err)
	default:
	}
	var next [callers]uint32
	for _, r := range records {
		caller, i := binary.BigEndian.Uint32([]byte(r)), binary.BigEndian.Uint32([]byte(r)[4:])
		if i != next[caller] {
			s.t.Fatalf("caller %d: record %d comes, want %d", caller, i, next[caller])
		}
		next[caller]++
	}
}

func (s *suite) redelivered() {
	q := s.queue()
	want := numbered(0, 30)
	s.publish(q, 0, want...)
	for range 2 {
		c := s.consume(q, 0)
		got, _ := s.take(c, len(want))
		s.equal("records", got, want)
		if err := c.Close(); err != nil {
			s.t.Fatalf("Close: %v", err)
		}
	}
	// One that is acknowledged in the middle.
	c := s.consume(q, 0)
	messages := s.fetch(c, 1<<20)
	s.ack(c, messages[0].Position)
	done := len(messages[0].Records)
	if err := c.Close(); err != nil {
		s.t.Fatalf("Close: %v", err)
	}
	got, _ := s.take(s.consume(q, 0), len(want)-done)
	s.equal("records after the first message", got, want[done:])
}

func (s *suite) acknowledged() {
	q := s.queue()
	s.publish(q, 0, numbered(0, 20)...)
	c := s.consume(q, 0)
	_, last := s.take(c, 20)
	s.ack(c, last)
	s.ack(c, last) // again does nothing
	s.none(c)
	s.publish(q, 0, "next")
	got, _ := s.take(c, 1)
	s.equal("records", got, []string{"next"})
	if err := q.Close(); err != nil {
		s.t.Fatalf("Close: %v", err)
	}
	c = s.consume(s.queue(), 0)
	got, last = s.take(c, 1)
	s.equal("records after opening again", got, []string{"next"})
	s.ack(c, last)
	s.none(c)
}

func (s *suite) positions() {
	q := s.queue()
	var last uint64
	for round := range 3 {
		s.publish(q, 0, numbered(0, 5)...)
		c := s.consume(q, 0)
		for n := 0; n < 5; {
			messages := s.fetch(c, 1<<20)
			for _, m := range messages {
				if round == 0 && n == 0 && m.Position != 1 {
					s.t.Fatalf("first position is %d, want 1", m.Position)
				}
				if m.Position <= last {
					s.t.Fatalf("round %d: position %d comes after %d", round, m.Position, last)
				}
				if m.Partition != 0 {
					s.t.Fatalf("partition is %d, want 0", m.Partition)
				}
				last = m.Position
				n += len(m.Records)
			}
		}
		s.ack(c, last)
		if err := q.Close(); err != nil {
			s.t.Fatalf("Close: %v", err)
		}
		q = s.queue()
	}
}

func (s *suite) identity() {
	q := s.queue()
	log, partitions := q.Log(), q.Partitions()
	if len(log) < 16 || partitions < 2 {
		s.t.Fatalf("Log %q, Partitions %d, want 16 or more characters and 2 or more", log, partitions)
	}
	s.publish(q, 0, "record")
	if err := q.Close(); err != nil {
		s.t.Fatalf("Close: %v", err)
	}
	q = s.queue()
	s.equal("Log", q.Log(), log)
	s.equal("Partitions", q.Partitions(), partitions)
	other := &suite{t: s.t, ctx: s.ctx, open: s.open, dir: s.t.TempDir()}
	if other.queue().Log() == log {
		s.t.Fatal("another queue has the same Log")
	}
}

func (s *suite) sizes() {
	q := s.queue()
	s.code("Publish of a longer record", q.Publish(s.ctx, 0, make([]byte, queue.MaxRecordBytes+1)), fault.TooLarge)
	largest := make([]byte, queue.MaxRecordBytes)
	_, _ = rand.Read(largest)
	var want [][]byte
	for _, r := range [][]byte{{}, {0}, make([]byte, 1<<20), largest, []byte("end")} {
		if err := q.Publish(s.ctx, 0, r); err != nil {
			s.t.Fatalf("Publish of %d bytes: %v", len(r), err)
		}
		want = append(want, r)
	}
	c := s.consume(q, 0)
	for len(want) > 0 {
		for _, m := range s.fetch(c, 1<<20) {
			for _, r := range m.Records {
				if len(want) == 0 || !bytes.Equal(r, want[0]) {
					s.t.Fatalf("record of %d bytes is not what was published", len(r))
				}
				want = want[1:]
			}
		}
	}
}

func (s *suite) copied() {
	q := s.queue()
	r := []byte("before")
	if err := q.Publish(s.ctx, 0, r); err != nil {
		s.t.Fatalf("Publish: %v", err)
	}
	copy(r, "after!")
	got, _ := s.take(s.consume(q, 0), 1)
	s.equal("records", got, []string{"before"})
}

func (s *suite) publishEnds() {
	q := s.queue()
	canceled, cancel := context.WithCancel(s.ctx)
	cancel()
	s.code("Publish", q.Publish(canceled, 0, []byte("never")), fault.Canceled)
	late, cancel := context.WithTimeout(s.ctx, time.Nanosecond)
	defer cancel()
	<-late.Done()
	s.code("Publish", q.Publish(late, 0, []byte("never")), fault.Timeout)
	s.publish(q, 0, "taken")
	got, _ := s.take(s.consume(q, 0), 1)
	s.equal("records", got, []string{"taken"})
}

func (s *suite) full() {
	q := s.queue()
	stats, err := q.Stats(s.ctx)
	if err != nil || stats.MaxBytes == 0 || stats.MaxBytes > 64<<20 {
		s.t.Fatalf("Stats: %+v, %v; the contract is run with MaxBytes of at most 64 MiB", stats, err)
	}
	record := make([]byte, 500<<10)
	taken, limit := 0, int(stats.MaxBytes)
	for err = nil; err == nil && taken <= 2*limit; taken += len(record) {
		err = q.Publish(s.ctx, (taken/len(record))%q.Partitions(), record)
	}
	taken -= len(record)
	s.code("Publish to a full queue", err, fault.Unavailable)
	if _, ok := fault.RetryAfterOf(err); !ok {
		s.t.Error("refusal of a full queue says not when to try again")
	}
	if taken < limit*9/10 || taken > limit*5/4 {
		s.t.Errorf("refused after %d bytes, want about %d", taken, limit)
	}
	s.code("Ready of a full queue", ignoreFull(q.Ready(s.ctx)), fault.Unavailable)
	for p := range q.Partitions() {
		c := s.consume(q, p)
		for n := 0; n < taken/len(record)/q.Partitions(); {
			messages := s.fetch(c, 1<<20)
			n += len(messages)
			s.ack(c, messages[len(messages)-1].Position)
		}
	}
	s.publish(q, 0, "there is room again")
}

// ignoreFull lets a queue be ready when it is full: whether it is, the seam leaves open.
func ignoreFull(err error) error {
	if err == nil {
		return fault.New(fault.Unavailable, "ready")
	}
	return err
}

func (s *suite) fetchBytes() {
	q := s.queue()
	want := make([]string, 20)
	for i := range want {
		want[i] = string(bytes.Repeat([]byte{byte('a' + i)}, 100<<10))
		s.publish(q, 0, want[i])
	}
	c := s.consume(q, 0)
	var got []string
	for _, m := range s.fetch(c, 1) {
		got = append(got, string(m.Records[0]))
	}
	if len(got) != 1 {
		s.t.Fatalf("Fetch of 1 byte returned %d messages, want the first", len(got))
	}
	for len(got) < len(want) {
		total := 0
		for _, m := range s.fetch(c, 500<<10) {
			for _, r := range m.Records {
				got = append(got, string(r))
				total += len(r)
			}
		}
		if total > 600<<10 {
			s.t.Fatalf("Fetch of 500 KiB returned %d bytes", total)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Fatal("records are not those published, in order")
	}
}

func (s *suite) fetchWaits() {
	q := s.queue()
	c := s.consume(q, 0)
	type result struct {
		messages []queue.Message
		err      error
	}
	fetched := make(chan result, 1)
	go func() {
		messages, err := c.Fetch(s.ctx, 1<<20)
		fetched <- result{messages, err}
	}()
	select {
	case r := <-fetched:
		s.t.Fatalf("Fetch of an empty partition returned %d messages, %v", len(r.messages), r.err)
	case <-time.After(200 * time.Millisecond):
	}
	s.publish(q, 0, "first")
	select {
	case r := <-fetched:
		if r.err != nil || len(r.messages) != 1 {
			s.t.Fatalf("Fetch returned %d messages, %v; want the first", len(r.messages), r.err)
		}
	case <-time.After(patience):
		s.t.Fatal("Fetch waits although there is a message")
	}
}

func (s *suite) fetchEnds() {
	q := s.queue()
	c := s.consume(q, 0)
	for range 3 {
		s.none(c)
	}
	ctx, cancel := context.WithCancel(s.ctx)
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err := c.Fetch(ctx, 1<<20)
	s.code("Fetch", err, fault.Canceled)
	want := numbered(0, 10)
	s.publish(q, 0, want...)
	got, _ := s.take(c, len(want))
	s.equal("records", got, want)
}

func (s *suite) exclusive() {
	q := s.queue()
	s.publish(q, 0, "record")
	first := s.consume(q, 0)
	opened := make(chan queue.Consumer, 1)
	go func() {
		second, err := q.Consume(s.ctx, 0)
		if err != nil {
			s.t.Errorf("second Consume: %v", err)
		}
		opened <- second
	}()
	select {
	case <-opened:
		s.t.Fatal("a second consumer was opened beside the first")
	case <-time.After(300 * time.Millisecond):
	}
	if err := first.Close(); err != nil {
		s.t.Fatalf("Close: %v", err)
	}
	select {
	case second := <-opened:
		if second == nil {
			return
		}
		got, _ := s.take(second, 1)
		s.equal("records", got, []string{"record"})
		_ = second.Close()
	case <-time.After(patience):
		s.t.Fatal("the second consumer waits although the first is closed")
	}
	_, err := first.Fetch(s.ctx, 1)
	s.code("Fetch of a closed consumer", err, fault.Unavailable)
}

func (s *suite) consumeEnds() {
	q := s.queue()
	s.consume(q, 0)
	ctx, cancel := context.WithTimeout(s.ctx, 100*time.Millisecond)
	defer cancel()
	_, err := q.Consume(ctx, 0)
	s.code("Consume", err, fault.Timeout)
	s.consume(q, 1) // another partition is free
}

func (s *suite) independent() {
	q := s.queue()
	s.publish(q, 0, "zero")
	s.publish(q, 1, "one", "more")
	c0, c1 := s.consume(q, 0), s.consume(q, 1)
	got, last := s.take(c1, 2)
	s.equal("records of partition 1", got, []string{"one", "more"})
	s.ack(c1, last)
	got, _ = s.take(c0, 1)
	s.equal("records of partition 0", got, []string{"zero"})
	s.none(c1)
	s.code("Publish", q.Publish(s.ctx, q.Partitions(), []byte("nowhere")), fault.Validation)
	_, err := q.Consume(s.ctx, -1)
	s.code("Consume", err, fault.Validation)
}

func (s *suite) ackUnknown() {
	q := s.queue()
	s.publish(q, 0, "first", "second")
	c := s.consume(q, 0)
	s.code("Ack of what is to come", c.Ack(s.ctx, 1000), fault.Validation)
	got, last := s.take(c, 2)
	s.equal("records", got, []string{"first", "second"})
	s.ack(c, last)
	s.publish(q, 0, "third")
	got, _ = s.take(c, 1)
	s.equal("records", got, []string{"third"})
}

func (s *suite) stats() {
	q := s.queue()
	get := func() queue.Stats {
		s.t.Helper()
		st, err := q.Stats(s.ctx)
		if err != nil {
			s.t.Fatalf("Stats: %v", err)
		}
		return st
	}
	if st := get(); st.Messages != 0 || st.Bytes != 0 || st.MaxBytes == 0 {
		s.t.Fatalf("Stats of an empty queue: %+v", st)
	}
	for p := range 2 {
		s.publish(q, p, string(make([]byte, 10_000)))
	}
	if st := get(); st.Messages != 2 || st.Bytes < 20_000 || st.Bytes > 22_000 {
		s.t.Fatalf("Stats with 2 messages of 10 kB: %+v", st)
	}
	if err := q.Close(); err != nil {
		s.t.Fatalf("Close: %v", err)
	}
	q = s.queue()
	if st := get(); st.Messages != 2 || st.Bytes < 20_000 || st.Bytes > 22_000 {
		s.t.Fatalf("Stats after opening again: %+v", st)
	}
	c := s.consume(q, 0)
	_, last := s.take(c, 1)
	s.ack(c, last)
	if st := get(); st.Messages != 1 || st.Bytes > 11_000 {
		s.t.Fatalf("Stats after one of two was acknowledged: %+v", st)
	}
}

func (s *suite) ready() {
	q := s.queue()
	if err := q.Ready(s.ctx); err != nil {
		s.t.Fatalf("Ready: %v", err)
	}
	if err := q.Close(); err != nil {
		s.t.Fatalf("Close: %v", err)
	}
	s.code("Ready of a closed queue", q.Ready(s.ctx), fault.Unavailable)
}

func (s *suite) closes() {
	q := s.queue()
	c := s.consume(q, 0)
	ended := make(chan error, 2)
	go func() {
		_, err := c.Fetch(s.ctx, 1<<20)
		ended <- err
	}()
	go func() {
		_, err := q.Consume(s.ctx, 0) // waits for the first
		ended <- err
	}()
	var taken []string
	publishing := make(chan struct{})
	go func() {
		defer close(publishing)
		for i := 0; ; i++ {
			r := fmt.Sprintf("record %d", i)
			if err := q.Publish(s.ctx, 1, []byte(r)); err != nil {
				if fault.CodeOf(err) != fault.Unavailable {
					s.t.Errorf("Publish to a closed queue: %v, want Unavailable", err)
				}
				return
			}
			taken = append(taken, r)
		}
	}()
	time.Sleep(100 * time.Millisecond)
	if err := q.Close(); err != nil {
		s.t.Fatalf("Close: %v", err)
	}
	<-publishing
	for range 2 {
		select {
		case err := <-ended:
			s.code("what waited when the queue was closed", err, fault.Unavailable)
		case <-time.After(patience):
			s.t.Fatal("Close left a call waiting")
		}
	}
	s.code("Ack after Close", c.Ack(s.ctx, 0), fault.Unavailable)
	_, err := q.Stats(s.ctx)
	s.code("Stats after Close", err, fault.Unavailable)
	_, err = q.Consume(s.ctx, 1)
	s.code("Consume after Close", err, fault.Unavailable)
	if err := q.Close(); err != nil {
		s.t.Errorf("second Close: %v", err)
	}
	got, _ := s.take(s.consume(s.queue(), 1), len(taken))
	s.equal("records after opening again", got[:len(taken)], taken)
}
