package queuetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/queue"
)

// What the queue as a whole promises: publishing, identity, fullness, opening and closing.

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
