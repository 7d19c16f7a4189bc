package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/envelope"
	"github.com/seismohq/seismo/internal/ingest"
	"github.com/seismohq/seismo/internal/ingest/ingesttest"
	"github.com/seismohq/seismo/internal/outcome"
	"github.com/seismohq/seismo/internal/queue"
)

// settle lets a door publish what it has counted.
func settle(t *testing.T, door *ingest.Door) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := door.Run(ctx); err != nil {
		t.Fatal(err)
	}
}

var sender = ingest.Sender{Key: goodKey}

// send takes an envelope through the door.
func send(ctx context.Context, door *ingest.Door, body string) ([]ingest.Limit, error) {
	p := door.NewParcel(envelope.FormEnvelope)
	defer p.Release()
	err := p.ReadBody(strings.NewReader(body), int64(len(body)))
	if err == nil {
		err = p.Open(ctx)
	}
	var limits []ingest.Limit
	if err == nil {
		limits, err = door.Deliver(ctx, sender, p)
	}
	if err != nil {
		door.Refuse(p, sender.Key.Project, err)
	}
	return limits, err
}

const (
	oneEvent  = "{}\n{\"type\":\"event\"}\n{}\n"
	threeKind = "{\"event_id\":\"12c2d058d58442709aa2eca08bf20986\"}\n{\"type\":\"event\"}\n{}\n{\"type\":\"session\"}\n{}\n{\"type\":\"client_report\"}\n{}\n"
)

func TestDeliver(t *testing.T) {
	t.Parallel()
	c, q := newClock(), &ingesttest.Queue{}
	door := ingest.New(q, ingesttest.NewKeys(), ingest.Options{Now: c.Now})
	if _, err := send(t.Context(), door, threeKind); err != nil {
		t.Fatal(err)
	}
	got := q.Deliveries(t)
	want := []envelope.Delivery{{
		Form: envelope.FormEnvelope, Project: 1, Org: 5, Key: 11, Received: c.Now(), Items: 3, Body: []byte(threeKind),
		EventID: got[0].EventID,
	}}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b interface{ String() string }) bool { return a.String() == b.String() })); diff != "" {
		t.Errorf("delivery differs (-want +got):\n%s", diff)
	}
	if got[0].EventID.String() != "12c2d058d58442709aa2eca08bf20986" {
		t.Errorf("event id %s", got[0].EventID)
	}
	if _, err := send(t.Context(), door, "{}\n"); err != nil || len(q.Deliveries(t)) != 1 {
		t.Errorf("an envelope without items is %v, and %d deliveries were kept", err, len(q.Deliveries(t)))
	}
}

func TestDeliverPartitions(t *testing.T) {
	t.Parallel()
	same, spread := &ingesttest.Queue{}, &ingesttest.Queue{}
	for q, body := range map[*ingesttest.Queue]string{same: threeKind, spread: oneEvent} {
		door := ingest.New(q, ingesttest.NewKeys(), ingest.Options{})
		for range 100 {
			if _, err := send(t.Context(), door, body); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := same.PartitionsUsed(); len(got) != 1 {
		t.Errorf("repeats of one event went to partitions %v", got)
	}
	if got := spread.PartitionsUsed(); len(got) != 4 {
		t.Errorf("envelopes without event id went to partitions %v only", got)
	}
}

// quotaFunc is a quota from a function.
type quotaFunc func([]ingest.Demand) []ingest.Limit

func (f quotaFunc) Admit(_ context.Context, _ ingest.Sender, _ time.Time, d []ingest.Demand) []ingest.Limit {
	return f(d)
}

func TestQuota(t *testing.T) {
	t.Parallel()
	limit := ingest.Limit{Categories: []outcome.Category{outcome.Error}, Scope: ingest.ScopeProject, Reason: "project_rate", RetryAfter: time.Minute}
	everything := ingest.Limit{Scope: ingest.ScopeKey, Reason: "key_rate", RetryAfter: 2 * time.Minute}
	hour := time.Date(2026, 2, 3, 4, 0, 0, 0, time.UTC)
	count := func(c outcome.Category, o outcome.Outcome, reason string) outcome.Count {
		return outcome.Count{Project: 1, Hour: hour, Category: c, Outcome: o, Reason: reason, Quantity: 1}
	}
	tests := map[string]struct {
		limits  []ingest.Limit
		body    string
		refused []envelope.Refused // of the delivery; nil and no code: nothing
		code    fault.Code
		counts  []outcome.Count
	}{
		"nothing":     {body: threeKind},
		"one of them": {limits: []ingest.Limit{limit}, body: threeKind, refused: []envelope.Refused{{Item: 0, Outcome: outcome.RateLimited, Reason: "project_rate"}}},
		"everything but what clients report of themselves": {limits: []ingest.Limit{everything}, body: threeKind, refused: []envelope.Refused{
			{Item: 0, Outcome: outcome.RateLimited, Reason: "key_rate"}, {Item: 1, Outcome: outcome.RateLimited, Reason: "key_rate"},
		}},
		"the whole request": {limits: []ingest.Limit{limit}, body: oneEvent, code: fault.RateLimited, counts: []outcome.Count{count(outcome.Error, outcome.RateLimited, "project_rate")}},
		"all but a bad item": {
			limits: []ingest.Limit{limit}, body: oneEvent + "{\"type\":\"event\"}\n{}\n", code: fault.RateLimited,
			counts: []outcome.Count{count(outcome.Error, outcome.Invalid, envelope.ProblemDuplicate), count(outcome.Error, outcome.RateLimited, "project_rate")},
		},
		"of another category": {limits: []ingest.Limit{{Categories: []outcome.Category{outcome.Replay}, Reason: "off"}}, body: oneEvent},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := &ingesttest.Queue{}
			door := ingest.New(q, ingesttest.NewKeys(), ingest.Options{Now: newClock().Now, Quota: quotaFunc(func([]ingest.Demand) []ingest.Limit { return tt.limits })})
			limits, err := send(t.Context(), door, tt.body)
			if len(limits) != len(tt.limits) {
				t.Errorf("client is told of %d limits, want %d", len(limits), len(tt.limits))
			}
			settle(t, door)
			if diff := cmp.Diff(tt.counts, q.Counts(t)); diff != "" {
				t.Errorf("counts differ (-want +got):\n%s", diff)
			}
			if tt.code != "" {
				if after, _ := fault.RetryAfterOf(err); fault.CodeOf(err) != tt.code || after != time.Minute || len(q.Deliveries(t)) != 0 {
					t.Errorf("error %v, %d deliveries", err, len(q.Deliveries(t)))
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.refused, q.Deliveries(t)[0].Refused); diff != "" {
				t.Errorf("refused items differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestQuotaIsAskedForUsableItems(t *testing.T) {
	t.Parallel()
	var asked []ingest.Demand
	door := ingest.New(&ingesttest.Queue{}, ingesttest.NewKeys(), ingest.Options{Quota: quotaFunc(func(d []ingest.Demand) []ingest.Limit {
		asked = append(asked, d...)
		return nil
	})})
	body := oneEvent + "{\"type\":\"event\"}\n{}\n" + strings.Repeat("{\"type\":\"session\"}\n{}\n", 3)
	if _, err := send(t.Context(), door, body); err != nil {
		t.Fatal(err)
	}
	want := []ingest.Demand{{Category: outcome.Error, Quantity: 1}, {Category: outcome.Session, Quantity: 3}}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("demand differs (-want +got):\n%s", diff)
	}
}

func TestRefusedItemsAreCounted(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", 1<<20+1)
	tests := map[string]struct {
		body string
		code fault.Code
		want map[string]int64 // category/outcome/reason
	}{
		"no envelope":            {"hello", fault.Validation, map[string]int64{"unknown/invalid/invalid_header": 1}},
		"cut off":                {"{}\n{\"type\":\"session\",\"length\":9}\n{}", fault.Validation, map[string]int64{"session/invalid/truncated_item": 1}},
		"all too large":          {"{}\n{\"type\":\"event\"}\n" + big + "\n{\"type\":\"client_report\"}\n" + big[:5000], fault.TooLarge, map[string]int64{"error/invalid/too_large": 1, "internal/invalid/too_large": 1}},
		"too large, then broken": {"{}\n{\"type\":\"event\"}\n" + big + "\nhello", fault.TooLarge, map[string]int64{"error/invalid/too_large": 1, "unknown/invalid/invalid_item_header": 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := &ingesttest.Queue{}
			door := ingest.New(q, ingesttest.NewKeys(), ingest.Options{})
			if _, err := send(t.Context(), door, tt.body); fault.CodeOf(err) != tt.code {
				t.Fatalf("error %v, want code %s", err, tt.code)
			}
			settle(t, door)
			got := map[string]int64{}
			for _, c := range q.Counts(t) {
				got[fmt.Sprintf("%s/%s/%s", c.Category, c.Outcome, c.Reason)] += c.Quantity
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("counts differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAdmit(t *testing.T) {
	t.Parallel()
	c, q := newClock(), &ingesttest.Queue{}
	var mu sync.Mutex
	var diskErr error
	door := ingest.New(q, ingesttest.NewKeys(), ingest.Options{Now: c.Now, Disk: func() error {
		mu.Lock()
		defer mu.Unlock()
		return diskErr
	}})
	expect := func(what, reason string) {
		t.Helper()
		c.Add(time.Second)
		err := door.Admit(t.Context())
		if reason == "" {
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
			return
		}
		if _, ok := fault.RetryAfterOf(err); fault.CodeOf(err) != fault.Unavailable || !ok || envelope.Reason(err) != reason {
			t.Errorf("%s: %v, want Unavailable with RetryAfter for reason %s", what, err, reason)
		}
		if door.Ready(t.Context()) == nil {
			t.Errorf("%s: the door is ready all the same", what)
		}
	}
	expect("empty", "")
	q.SetStats(queue.Stats{Bytes: 1000, MaxBytes: 1000})
	expect("queue full", "queue_full")
	q.SetStats(queue.Stats{Bytes: 900, MaxBytes: 1000})
	expect("room again", "")
	mu.Lock()
	diskErr = errors.New("full")
	mu.Unlock()
	expect("disk full", "disk_full")
	mu.Lock()
	diskErr = nil
	mu.Unlock()
	expect("disk has room again", "")
	door.Drain()
	expect("draining", "draining")
}

func TestPublishFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err    error
		code   fault.Code
		counts int
	}{
		"away":             {fault.With(fault.New(fault.Unavailable, "away"), fault.RetryAfter(7*time.Second)), fault.Unavailable, 1},
		"without a code":   {errors.New("broken"), fault.Unavailable, 1},
		"too large":        {fault.New(fault.TooLarge, "too large"), fault.TooLarge, 1},
		"the client left":  {context.Canceled, fault.Canceled, 0},
		"took too long":    {context.DeadlineExceeded, fault.Timeout, 0},
		"cut off in front": {fault.Wrap(context.Canceled, "publish"), fault.Canceled, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var failed bool
			q := &ingesttest.Queue{Before: func(context.Context) error {
				if failed {
					return nil
				}
				failed = true
				return tt.err
			}}
			door := ingest.New(q, ingesttest.NewKeys(), ingest.Options{})
			if _, err := send(t.Context(), door, oneEvent); fault.CodeOf(err) != tt.code {
				t.Errorf("error %v, want code %s", err, tt.code)
			}
			settle(t, door)
			if got := q.Counts(t); len(got) != tt.counts {
				t.Errorf("counted %v, want %d", got, tt.counts)
			}
		})
	}
}

// TestRefusalsSurviveAnOutage counts refusals while the queue takes nothing: they come once it does, each once.
func TestRefusalsSurviveAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		away := fault.New(fault.Unavailable, "away")
		var mu sync.Mutex
		state := away
		q := &ingesttest.Queue{Before: func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			return state
		}}
		door := ingest.New(q, ingesttest.NewKeys(), ingest.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- door.Run(ctx) }()
		for range 10 {
			if _, err := send(t.Context(), door, oneEvent); fault.CodeOf(err) != fault.Unavailable {
				t.Fatal(err)
			}
			time.Sleep(700 * time.Millisecond)
		}
		if got := q.Counts(t); len(got) != 0 {
			t.Fatalf("published during the outage: %v", got)
		}
		mu.Lock()
		state = nil
		mu.Unlock()
		time.Sleep(1100 * time.Millisecond)
		var n int64
		for _, c := range q.Counts(t) {
			n += c.Quantity
		}
		if n != 10 {
			t.Errorf("%d refusals were published within the next second, want 10", n)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if again := q.Counts(t); len(again) != 1 {
			t.Errorf("published in %d counts: %v", len(again), again)
		}
	})
}

// TestRunEndsInTime ends the door in front of a queue that never answers.
func TestRunEndsInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := &ingesttest.Queue{Before: func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		door := ingest.New(q, ingesttest.NewKeys(), ingest.Options{FlushTimeout: 3 * time.Second})
		if _, err := send(t.Context(), door, "hello"); fault.CodeOf(err) != fault.Validation {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(1500*time.Millisecond, cancel) // while a flush is under way
		start := time.Now()
		fault.Ignore(door.Run(ctx), "the count was lost to the flush before, which is logged")
		if took := time.Since(start); took != 4500*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		if door.Admit(t.Context()) == nil {
			t.Error("the door still admits")
		}
	})
}

func TestReadBody(t *testing.T) {
	t.Parallel()
	q := &ingesttest.Queue{}
	registry := prometheus.NewRegistry()
	door := ingest.New(q, ingesttest.NewKeys(), ingest.Options{Registerer: registry, MaxBodyBytes: 1 << 20, MaxUploadBytes: 4 << 20, MemoryBytes: 6 << 20})
	read := func(f envelope.Form, n int, length int64) error {
		p := door.NewParcel(f)
		defer p.Release()
		err := p.ReadBody(io.LimitReader(zeros{}, int64(n)), length)
		if err == nil && !bytes.Equal(p.Body, make([]byte, n)) {
			t.Errorf("body of %d bytes became %d", n, len(p.Body))
		}
		return err
	}
	for _, n := range []int{0, 1, 4095, 4096, 4097, 65535, 65536, 65537, 1 << 20} {
		for _, length := range []int64{int64(n), -1} {
			if err := read(envelope.FormEnvelope, n, length); err != nil {
				t.Errorf("%d bytes of length %d: %v", n, length, err)
			}
		}
	}
	for name, err := range map[string]error{
		"longer than it may":    read(envelope.FormEnvelope, 1<<20+1, -1),
		"claims to be longer":   read(envelope.FormEnvelope, 1, 1<<20+1),
		"claims to be short":    read(envelope.FormEnvelope, 1<<21, 1),
		"longer than an upload": read(envelope.FormMinidump, 4<<20+1, -1),
	} {
		if fault.CodeOf(err) != fault.TooLarge {
			t.Errorf("%s: %v, want TooLarge", name, err)
		}
	}
	if err := read(envelope.FormMinidump, 4<<20, 4<<20); err != nil {
		t.Errorf("an upload may be longer: %v", err)
	}
	p := door.NewParcel(envelope.FormMinidump)
	if err := p.ReadBody(io.LimitReader(zeros{}, 3<<20), 3<<20); err != nil {
		t.Fatal(err)
	}
	if err := read(envelope.FormMinidump, 4<<20, 4<<20); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("more than the memory for all: %v, want Unavailable", err)
	}
	if err := read(envelope.FormEnvelope, 5000, -1); err != nil {
		t.Errorf("a small body while there is no memory for large ones: %v", err)
	}
	p.Release()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "seismo_ingest_large_bodies_bytes" && f.Metric[0].Gauge.GetValue() != 0 {
			t.Errorf("%v bytes were not given back", f.Metric[0].Gauge.GetValue())
		}
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

func TestDiskFloor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := ingest.DiskFloor(dir, 0)(); err != nil {
		t.Errorf("switched off: %v", err)
	}
	if err := ingest.DiskFloor(dir, 1)(); err != nil {
		t.Errorf("one byte: %v", err)
	}
	if err := ingest.DiskFloor(dir, 1<<62)(); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("more than any disk has: %v", err)
	}
	if err := ingest.DiskFloor(dir+"/missing", 1)(); err == nil {
		t.Error("a directory that is not there passes")
	}
}
