package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/blob"
	"github.com/seismohq/seismo/internal/blob/disk"
	"github.com/seismohq/seismo/internal/catalog"
	"github.com/seismohq/seismo/internal/envelope"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/eventstore/sqlite"
	"github.com/seismohq/seismo/internal/pipeline"
	"github.com/seismohq/seismo/internal/project"
	"github.com/seismohq/seismo/internal/queue"
	"github.com/seismohq/seismo/internal/queue/queuetest"
)

// world is a pipeline on real engines and a queue in memory.
type world struct {
	*testing.T
	queue   queue.Queue
	events  *broken
	blobs   blob.Store
	catalog *faulty
	shop    project.Project
	now     time.Time
}

// broken is an event store whose next calls fail.
type broken struct {
	eventstore.Store
	mu     sync.Mutex
	errors []error // of the next calls of Append, after the work is done where after is set
	after  bool
	poison event.ID // an entry that cannot be stored
}

func (b *broken) Append(ctx context.Context, entries []eventstore.Entry) ([]eventstore.Appended, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range entries {
		if e.ID == b.poison {
			return nil, fault.New(fault.Validation, "poison")
		}
	}
	if len(b.errors) > 0 {
		err := b.errors[0]
		b.errors = b.errors[1:]
		if b.after {
			if _, err := b.Store.Append(ctx, entries); err != nil {
				return nil, err
			}
		}
		return nil, err
	}
	return b.Store.Append(ctx, entries)
}

// faulty is a catalog that fails after it has recorded, or before.
type faulty struct {
	*catalog.Store
	mu     sync.Mutex
	before []error
	after  []error
}

func (f *faulty) Record(ctx context.Context, b catalog.Batch) (catalog.Recorded, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.before) > 0 {
		err := f.before[0]
		f.before = f.before[1:]
		return catalog.Recorded{}, err
	}
	r, err := f.Store.Record(ctx, b)
	if err == nil && len(f.after) > 0 {
		err = f.after[0]
		f.after = f.after[1:]
	}
	return r, err
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, queue: queuetest.Memory(), now: time.Date(2026, 11, 21, 7, 0, 0, 0, time.UTC)}
	dir := t.TempDir()
	events, err := sqlite.Open(t.Context(), filepath.Join(dir, "events"), sqlite.Options{})
	w.must(err)
	w.events = &broken{Store: events}
	w.blobs, err = disk.Open(filepath.Join(dir, "blobs"))
	w.must(err)
	store, err := catalog.Open(t.Context(), "sqlite://"+dir+"/catalog.db", catalog.Options{})
	w.must(err)
	w.catalog = &faulty{Store: store}
	org, err := store.CreateOrganization(t.Context(), "main", "Main")
	w.must(err)
	w.shop, err = store.CreateProject(t.Context(), org.ID, catalog.ProjectInput{Name: "Shop"})
	w.must(err)
	t.Cleanup(func() {
		for _, c := range []func() error{store.Close, events.Close, w.blobs.Close, w.queue.Close} {
			if err := c(); err != nil {
				t.Error(err)
			}
		}
	})
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// send publishes an envelope of items, each "type payload".
func (w *world) send(id string, items ...string) {
	w.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "{\"event_id\":%q}\n", id)
	for _, it := range items {
		kind, payload, _ := strings.Cut(it, " ")
		fmt.Fprintf(&b, "{\"type\":%q,\"length\":%d}\n%s\n", kind, len(payload), payload)
	}
	w.publish(envelope.Delivery{Form: envelope.FormEnvelope, Items: len(items), Body: []byte(b.String())}, 0)
}

func (w *world) publish(d envelope.Delivery, partition int) {
	w.Helper()
	d.Project, d.Org, d.Key, d.Received = w.shop.ID, w.shop.Org, 1, w.now
	w.must(w.queue.Publish(w.Context(), partition, d.AppendTo(nil)))
}

// run runs a pipeline until nothing is queued.
func (w *world) run() {
	w.Helper()
	p, err := pipeline.New(w.queue, w.events, w.blobs, w.catalog, pipeline.Options{
		Now: func() time.Time { return w.now }, RetryAfter: time.Millisecond, Every: time.Millisecond, UserPause: 5 * time.Millisecond,
	})
	w.must(err)
	ctx, stop := context.WithCancel(w.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	deadline := time.Now().Add(20 * time.Second)
	for {
		s, err := w.queue.Stats(ctx)
		w.must(err)
		stale, err := w.catalog.StaleIssues(ctx, 1)
		w.must(err)
		if s.Messages == 0 && len(stale) == 0 {
			break
		}
		if time.Now().After(deadline) {
			w.Fatal("the queue does not get empty")
		}
		time.Sleep(2 * time.Millisecond)
	}
	stop()
	w.must(<-done)
}

// counts returns the events that issues count, by title, and the outcomes.
func (w *world) counts() (issues map[string]int64, outcomes map[string]int64) {
	w.Helper()
	page, err := w.catalog.ListIssues(w.Context(), w.shop.Org, catalog.IssueQuery{Limit: 500})
	w.must(err)
	issues, outcomes = map[string]int64{}, map[string]int64{}
	for _, i := range page.Issues {
		issues[i.Title] += i.Count
	}
	list, err := w.catalog.ListOutcomes(w.Context(), w.shop.Org, 0, w.now.Add(-time.Hour), w.now.Add(time.Hour))
	w.must(err)
	for _, c := range list {
		key := string(c.Category) + " " + string(c.Outcome)
		if c.Reason != "" {
			key += " " + c.Reason
		}
		outcomes[key] += c.Quantity
	}
	return issues, outcomes
}

func (w *world) want(issues, outcomes map[string]int64) {
	w.Helper()
	gotIssues, gotOutcomes := w.counts()
	if diff := cmp.Diff(issues, gotIssues); diff != "" {
		w.Errorf("issues (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(outcomes, gotOutcomes); diff != "" {
		w.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

const (
	id1 = "00000000000000000000000000000001"
	id2 = "00000000000000000000000000000002"
	id3 = "00000000000000000000000000000003"

	boom = `event {"exception":[{"type":"Boom","value":"it broke"}],"user":{"id":"42"}}`
)

func TestEveryItemHasItsOutcome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.send(id1, boom, `client_report {"discarded_events":[{"reason":"sample_rate","category":"error","quantity":7}]}`)
	w.send(id2, `event {"message":"hello"}`)
	w.send(id3, `event [1,2`, `something_new {}`, `profile {}`)
	w.send("", `transaction {"type":"transaction"}`)
	w.run()
	w.want(map[string]int64{"Boom: it broke": 1, "hello": 1}, map[string]int64{
		"error accepted": 1, "internal accepted": 1, "error client_discard sample_rate": 7, "default accepted": 1,
		"error invalid invalid_json": 1, "transaction accepted": 1, "unknown accepted": 1, "profile accepted": 1,
	})
	kept := 0
	for _, err := range w.blobs.List(t.Context(), pipeline.RawPrefix) {
		w.must(err)
		kept++
	}
	if kept != 1 {
		t.Errorf("%d files of raw items, want one for the batch", kept)
	}
}

func TestARepeatIsAcceptedAndNotCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 3 {
		w.send(id1, boom)
	}
	w.run()
	w.send(id1, boom)
	w.run()
	w.want(map[string]int64{"Boom: it broke": 1}, map[string]int64{"error accepted": 4})
}

func TestAnEventWithoutIDIsOneEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.catalog.before = []error{errors.New("crash before the record")}
	w.publish(envelope.Delivery{Form: envelope.FormEnvelope, Items: 1, Body: []byte("{}\n{\"type\":\"event\"}\n{\"message\":\"hello\"}\n")}, 0)
	w.run()
	w.want(map[string]int64{"hello": 1}, map[string]int64{"default accepted": 1})
}

// TestCrashes ends a batch at every point where a crash can end it, and lets it be delivered again.
func TestCrashes(t *testing.T) {
	t.Parallel()
	crash, away := errors.New("crash"), fault.New(fault.Unavailable, "engine is away")
	for name, breakIt := range map[string]func(w *world){
		"before the events are appended":   func(w *world) { w.events.errors = []error{away, away} },
		"after the events are appended":    func(w *world) { w.events.errors, w.events.after = []error{away}, true },
		"before the batch is recorded":     func(w *world) { w.catalog.before = []error{crash} },
		"while the catalog is away":        func(w *world) { w.catalog.before = []error{away, away, away} },
		"after the batch is recorded":      func(w *world) { w.catalog.after = []error{crash} },
		"recorded, but nobody has said so": func(w *world) { w.catalog.after = []error{away} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			breakIt(w)
			w.send(id1, boom)
			w.send(id2, boom)
			w.send(id1, boom)
			w.run()
			w.want(map[string]int64{"Boom: it broke": 2}, map[string]int64{"error accepted": 3})
			page, err := w.events.List(t.Context(), w.shop.ID, eventstore.ListQuery{})
			if err != nil || len(page.Rows) != 2 {
				t.Errorf("%d events are stored, %v", len(page.Rows), err)
			}
		})
	}
}

func TestAPoisonousItemIsSetAside(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.events.poison, _ = event.ParseID(id2)
	w.must(w.queue.Publish(t.Context(), 0, []byte("no delivery at all")))
	for _, id := range []string{id1, id2, id3} {
		w.send(id, boom)
	}
	w.publish(envelope.Delivery{Form: envelope.FormEnvelope, Encoding: "gzip", Body: []byte("no gzip")}, 0)
	w.run()
	issues, outcomes := w.counts()
	want := map[string]int64{"error accepted": 2, "error invalid not_storable": 1, "unknown invalid unreadable_body": 1}
	if diff := cmp.Diff(want, outcomes); diff != "" || issues["Boom: it broke"] != 2 {
		t.Errorf("issues %v, outcomes (-want +got):\n%s", issues, diff)
	}
	aside := 0
	for info, err := range w.blobs.List(t.Context(), pipeline.AsidePrefix) {
		w.must(err)
		if info.Size == 0 {
			t.Error("nothing was kept")
		}
		aside++
	}
	if aside == 0 {
		t.Error("nothing was set aside")
	}
}

func TestOutcomesOfTheDoorAreCountedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.catalog.after = []error{errors.New("crash after the record")}
	body := fmt.Sprintf(`[{"Project":%d,"Hour":%q,"Category":"error","Outcome":"rate_limited","Reason":"queue_full","Quantity":5}]`, w.shop.ID, w.now.Format(time.RFC3339))
	w.publish(envelope.Delivery{Form: envelope.FormOutcomes, Body: []byte(body)}, 0)
	w.run()
	w.want(map[string]int64{}, map[string]int64{"error rate_limited queue_full": 5})
}

func TestUsersAreBroughtUpToDate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.send(id1, boom)
	w.send(id2, strings.Replace(boom, "42", "43", 1))
	w.send(id3, boom)
	w.run()
	page, err := w.catalog.ListIssues(t.Context(), w.shop.Org, catalog.IssueQuery{})
	w.must(err)
	if len(page.Issues) != 1 || page.Issues[0].Users != 2 {
		t.Errorf("issues: %+v", page.Issues)
	}
}

func TestAListOfReportsIsSeveralItems(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	report := func(url string) string {
		return `{"type":"csp-violation","url":"https://shop.example/","body":{"documentURL":"https://shop.example/","effectiveDirective":"img-src","blockedURL":"` + url + `","disposition":"enforce"}}`
	}
	w.publish(envelope.Delivery{Form: envelope.FormSecurity, ContentType: "application/reports+json", Items: 1, Body: []byte("[" + report("https://a.example/x.png") + "," + report("https://b.example/y.png") + "]")}, 0)
	w.run()
	page, err := w.events.List(t.Context(), w.shop.ID, eventstore.ListQuery{})
	w.must(err)
	_, outcomes := w.counts()
	if len(page.Rows) != 2 || outcomes["security accepted"] != 2 {
		t.Errorf("%d events, outcomes %v", len(page.Rows), outcomes)
	}
}
