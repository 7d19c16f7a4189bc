package queuetest

import (
	"bytes"
	"context"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/queue"
)

// What a consumer promises.

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
