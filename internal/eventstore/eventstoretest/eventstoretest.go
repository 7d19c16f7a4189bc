// Package eventstoretest holds every event store to the promises of eventstore.Store.
package eventstoretest

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/project"
)

// Epoch is when the events of the suite begin.
var Epoch = time.Date(2026, 11, 20, 22, 0, 0, 0, time.UTC)

const shop project.ID = 7

// K returns a grouping key.
func K(n int) event.Key { return event.Key{byte(n >> 8), byte(n), 0xee} }

// ID returns an event id.
func ID(n int) event.ID {
	return event.ID{15: byte(n), 14: byte(n >> 8), 13: byte(n >> 16), 0: byte(n * 37)}
}

// E returns an event of a key that happened so many seconds after the epoch.
func E(n int, key event.Key, seconds int) eventstore.Entry {
	at := Epoch.Add(time.Duration(seconds) * time.Second)
	return eventstore.Entry{
		Project: shop, ID: ID(n), Arrival: event.Arrival(n + 1), Keys: []event.Key{key}, Timestamp: at, Received: at.Add(time.Second),
		Level: event.Error, Environment: "production", Release: "1.0", User: fmt.Sprint("id:", n%3), Title: fmt.Sprint("Title ", n%4),
		Tags:    []event.Tag{{Key: "region", Value: fmt.Sprint("r", n%2)}, {Key: "n", Value: fmt.Sprint(n)}},
		Payload: fmt.Appendf(nil, `{"n":%d,"pad":%q}`, n, fmt.Sprint("payload of event ", n)),
	}
}

// suite is one test's store.
type suite struct {
	*testing.T
	dir  string
	open func(t *testing.T, dir string) eventstore.Store
	s    eventstore.Store
}

func (t *suite) must(err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (t *suite) append(entries ...eventstore.Entry) []bool {
	t.Helper()
	a, err := t.s.Append(t.Context(), entries)
	t.must(err)
	out := make([]bool, len(a))
	for i := range a {
		out[i] = a[i].Counts
	}
	return out
}

func (t *suite) reopen() {
	t.Helper()
	t.must(t.s.Close())
	t.s = t.open(t.T, t.dir)
}

func (t *suite) diff(what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func (t *suite) list(q eventstore.ListQuery) []int {
	t.Helper()
	var out []int
	for {
		page, err := t.s.List(t.Context(), shop, q)
		t.must(err)
		for _, r := range page.Rows {
			out = append(out, int(r.ID[14])<<8|int(r.ID[15]))
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return out
		}
	}
}

// Run runs the suite. open is given the same directory again where a test reopens: what was appended must be there. It
// should make segments small, a few hundred events, so that the suite crosses their borders.
func Run(t *testing.T, open func(t *testing.T, dir string) eventstore.Store) {
	for name, test := range map[string]func(*suite){
		"Append stores, and is idempotent by project and event id": testAppend,
		"Append refuses entries of another shape, all of them":     testAppendRefuses,
		"Append may be called from many goroutines":                testAppendConcurrently,
		"Get returns one event, or NotFound":                       testGet,
		"List is newest first, with a cursor, over all segments":   testList,
		"List filters by every field":                              testFilters,
		"Neighbours say where an event stands":                     testNeighbours,
		"Histogram covers the range without gaps":                  testHistogram,
		"Totals and Users count each user once":                    testTotals,
		"TopTags are by falling count":                             testTopTags,
		"counts agree with the events, whatever the range":         testCountsAgree,
		"DeleteBefore gives the space back":                        testDeleteBefore,
		"DeleteProject removes it and nothing else":                testDeleteProject,
		"DeleteUser removes events, counts and payloads":           testDeleteUser,
		"a clock that jumps back leaves ids and order usable":      testClock,
		"what another project stores does not exist":               testTenants,
		"a query of another shape is Validation":                   testQueriesRefuse,
		"reading goes on while events are appended":                testReadWhileWriting,
		"Stats and Ready tell":                                     testStats,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &suite{T: t, dir: t.TempDir(), open: open}
			s.s = open(t, s.dir)
			test(s)
			s.must(s.s.Close())
		})
	}
}

func testAppend(t *suite) {
	a, b := E(1, K(1), 1), E(2, K(1), 2)
	t.diff("first", []bool{true, true}, t.append(a, b))
	for range 2 {
		t.diff("a redelivery", []bool{true, true}, t.append(a, b))
		repeat := a
		repeat.Arrival, repeat.Payload = 99, []byte(`{"other":1}`)
		t.diff("a repeat", []bool{false}, t.append(repeat))
		t.reopen()
	}
	c, again := E(3, K(1), 3), E(3, K(1), 3)
	again.Arrival = 100
	t.diff("twice in one call", []bool{true, false, true}, t.append(c, again, E(4, K(1), 4)))
	other := a
	other.Project, other.Arrival = shop+1, 101
	t.diff("the same id in another project", []bool{true}, t.append(other))
	t.diff("all", []int{4, 3, 2, 1}, t.list(eventstore.ListQuery{Keys: []event.Key{K(1)}}))
	t.diff("nothing", []bool{}, t.append())
}

func testAppendRefuses(t *suite) {
	for name, spoil := range map[string]func(*eventstore.Entry){
		"no project": func(e *eventstore.Entry) { e.Project = 0 }, "no id": func(e *eventstore.Entry) { e.ID = event.ID{} },
		"no key": func(e *eventstore.Entry) { e.Keys = nil }, "no time": func(e *eventstore.Entry) { e.Timestamp = time.Time{} },
		"odd trace": func(e *eventstore.Entry) { e.Trace = "x" }, "too long": func(e *eventstore.Entry) { e.Payload = make([]byte, eventstore.MaxPayloadBytes+1) },
	} {
		bad := E(2, K(1), 2)
		spoil(&bad)
		if _, err := t.s.Append(t.Context(), []eventstore.Entry{E(1, K(1), 1), bad}); fault.CodeOf(err) != fault.Validation {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := t.s.Append(t.Context(), make([]eventstore.Entry, eventstore.MaxBatch+1)); fault.CodeOf(err) != fault.Validation {
		t.Errorf("too many: %v", err)
	}
	t.diff("nothing is stored", []int(nil), t.list(eventstore.ListQuery{}))
}

func testAppendConcurrently(t *suite) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	counted := map[int]int{}
	for w := range 4 {
		wg.Go(func() {
			for b := range 10 {
				var batch []eventstore.Entry
				for i := range 20 {
					e := E(1+b*20+i, K(i%3), b)
					e.Arrival = event.Arrival(1000*(w+1) + b*20 + i)
					batch = append(batch, e)
				}
				a, err := t.s.Append(context.WithoutCancel(t.Context()), batch)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for i := range a {
					if a[i].Counts {
						counted[b*20+i]++
					}
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for n, times := range counted {
		if times != 1 {
			t.Errorf("event %d counts %d times", n, times)
		}
	}
	if n := len(t.list(eventstore.ListQuery{Limit: 1000})); n != 200 || len(counted) != 200 {
		t.Errorf("%d events, %d counted, want 200", n, len(counted))
	}
}

func testGet(t *suite) {
	e := E(1, K(1), 1)
	e.Keys = []event.Key{K(1), K(2), K(3)}
	e.Trace = "0123456789abcdef0123456789abcdef"
	e.Level, e.Timestamp = event.Fatal, e.Timestamp.Add(123456*time.Microsecond)
	t.append(e, E(2, K(1), 2))
	for range 2 {
		got, err := t.s.Get(t.Context(), shop, e.ID)
		t.must(err)
		want := eventstore.Stored{
			Row: eventstore.Row{
				ID: e.ID, Project: shop, Key: K(1), Timestamp: e.Timestamp, Received: e.Received, Level: event.Fatal, Environment: "production",
				Release: "1.0", User: "id:1", Title: "Title 1", Trace: e.Trace,
			},
			Keys: e.Keys, Payload: e.Payload,
		}
		t.diff("event", want, got)
		t.reopen()
	}
	if _, err := t.s.Get(t.Context(), shop, ID(9)); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("no event: %v", err)
	}
}

// spread appends n events of three keys over some days, received in order but happened up to three hours before, and
// returns them newest first.
func (t *suite) spread(n int) []eventstore.Entry {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	var all []eventstore.Entry
	for i := 1; i <= n; i++ {
		e := E(i, K(i%3), i*200)
		e.Timestamp = e.Timestamp.Add(-time.Duration(random.IntN(10800)) * time.Second)
		e.Level = []event.Level{event.Fatal, event.Error, event.Warning}[i%3]
		e.Environment = []string{"production", "staging", ""}[i%5%3]
		e.User = []string{"id:1", "", "id:2", "id:3"}[random.IntN(4)]
		all = append(all, e)
	}
	for i := 0; i < len(all); i += 100 {
		t.append(all[i:min(i+100, len(all))]...)
	}
	return all
}

func newestFirst(all []eventstore.Entry, keep func(eventstore.Entry) bool) []int {
	var picked []eventstore.Entry
	for _, e := range all {
		if keep(e) {
			picked = append(picked, e)
		}
	}
	for i := range picked {
		for j := i; j > 0 && eventstore.PositionOf(picked[j].Timestamp, picked[j].ID).Compare(eventstore.PositionOf(picked[j-1].Timestamp, picked[j-1].ID)) > 0; j-- {
			picked[j], picked[j-1] = picked[j-1], picked[j]
		}
	}
	var out []int
	for _, e := range picked {
		out = append(out, int(e.ID[14])<<8|int(e.ID[15]))
	}
	return out
}

func testList(t *suite) {
	all := t.spread(900)
	for _, limit := range []int{1000, 7, 100} {
		t.diff("of the project", newestFirst(all, func(eventstore.Entry) bool { return true }), t.list(eventstore.ListQuery{Limit: limit}))
		t.diff("of two keys", newestFirst(all, func(e eventstore.Entry) bool { return e.Keys[0] != K(0) }), t.list(eventstore.ListQuery{Keys: []event.Key{K(1), K(2)}, Limit: limit}))
	}
	backwards := newestFirst(all, func(e eventstore.Entry) bool { return e.Keys[0] == K(1) })
	for i, j := 0, len(backwards)-1; i < j; i, j = i+1, j-1 {
		backwards[i], backwards[j] = backwards[j], backwards[i]
	}
	t.diff("oldest first", backwards, t.list(eventstore.ListQuery{Keys: []event.Key{K(1)}, Oldest: true, Limit: 11}))
	t.diff("of an unknown key", []int(nil), t.list(eventstore.ListQuery{Keys: []event.Key{K(99)}}))
	from, to := Epoch.Add(5*time.Hour), Epoch.Add(20*time.Hour)
	t.diff("of a range", newestFirst(all, func(e eventstore.Entry) bool { return !e.Timestamp.Before(from) && e.Timestamp.Before(to) }),
		t.list(eventstore.ListQuery{Filter: eventstore.Filter{Range: eventstore.Range{From: from, To: to}}, Limit: 50}))
}

func testFilters(t *suite) {
	a, b, c := E(1, K(1), 1), E(2, K(1), 2), E(3, K(1), 3)
	a.Level, a.Environment, a.Release, a.User, a.Title = event.Fatal, "staging", "2.0", "id:7", "Timeout of cache"
	b.Environment, b.User, b.Title, b.Tags = "", "", "no TIMEOUT", nil
	c.Trace, c.Release = "0123456789abcdef0123456789abcdef", "2.1"
	t.append(a, b, c)
	one := func(field string, values ...string) eventstore.Condition {
		return eventstore.Condition{Field: field, Values: values}
	}
	not := func(c eventstore.Condition) eventstore.Condition { c.Negate = true; return c }
	for name, tc := range map[string]struct {
		conditions []eventstore.Condition
		want       []int
	}{
		"level":               {[]eventstore.Condition{one("level", "fatal")}, []int{1}},
		"one of two levels":   {[]eventstore.Condition{one("level", "fatal", "error")}, []int{3, 2, 1}},
		"environment":         {[]eventstore.Condition{one("environment", "staging")}, []int{1}},
		"no environment":      {[]eventstore.Condition{one("environment", "")}, []int{2}},
		"not an environment":  {[]eventstore.Condition{not(one("environment", "staging"))}, []int{3, 2}},
		"release from 2":      {[]eventstore.Condition{one("release", "2.*")}, []int{3, 1}},
		"release that ends":   {[]eventstore.Condition{one("release", "*.0")}, []int{2, 1}},
		"release that has":    {[]eventstore.Condition{one("release", "*.*")}, []int{3, 2, 1}},
		"user":                {[]eventstore.Condition{one("user", "id:7")}, []int{1}},
		"nobody":              {[]eventstore.Condition{one("user", "")}, []int{2}},
		"title contains":      {[]eventstore.Condition{one("title", "timeout")}, []int{2, 1}},
		"trace":               {[]eventstore.Condition{one("trace", c.Trace)}, []int{3}},
		"no trace":            {[]eventstore.Condition{one("trace", "")}, []int{2, 1}},
		"id":                  {[]eventstore.Condition{one("id", b.ID.String())}, []int{2}},
		"tag":                 {[]eventstore.Condition{one("tags.region", "r1")}, []int{3, 1}},
		"tag with a joker":    {[]eventstore.Condition{one("tags.region", "r*")}, []int{3, 1}},
		"no tag":              {[]eventstore.Condition{one("tags.region", "")}, []int{2}},
		"not a tag":           {[]eventstore.Condition{not(one("tags.n", "3"))}, []int{2, 1}},
		"a tag nobody has":    {[]eventstore.Condition{one("tags.nope", "x")}, nil},
		"all conditions hold": {[]eventstore.Condition{one("level", "error"), one("release", "2.*")}, []int{3}},
	} {
		t.diff(name, tc.want, t.list(eventstore.ListQuery{Filter: eventstore.Filter{Conditions: tc.conditions}}))
	}
}

func testNeighbours(t *suite) {
	all := t.spread(700)
	order := newestFirst(all, func(e eventstore.Entry) bool { return e.Keys[0] == K(1) })
	byID := map[int]eventstore.Entry{}
	for _, e := range all {
		byID[int(e.ID[14])<<8|int(e.ID[15])] = e
	}
	idAt := func(i int) event.ID {
		if i < 0 || i >= len(order) {
			return event.ID{}
		}
		return ID(order[i])
	}
	for _, i := range []int{0, 1, len(order) / 2, len(order) - 1} {
		e := byID[order[i]]
		got, err := t.s.Neighbours(t.Context(), shop, eventstore.ListQuery{Keys: []event.Key{K(1)}}, e.Timestamp, e.ID)
		t.must(err)
		t.diff(fmt.Sprint("at ", i), eventstore.Neighbours{
			Older: idAt(i + 1), Newer: idAt(i - 1), First: idAt(len(order) - 1), Last: idAt(0), Total: int64(len(order)), Position: int64(len(order) - i),
		}, got)
	}
}

func testHistogram(t *suite) {
	t.append(E(1, K(1), 0), E(2, K(1), 59), E(3, K(1), 60), E(4, K(2), 61), E(5, K(1), 300))
	q := eventstore.HistogramQuery{Keys: []event.Key{K(1)}, Step: time.Minute, Filter: eventstore.Filter{Range: eventstore.Range{From: Epoch, To: Epoch.Add(4 * time.Minute)}}}
	bucket := func(minute int, n int64) eventstore.Bucket {
		return eventstore.Bucket{Start: Epoch.Add(time.Duration(minute) * time.Minute), Count: n, ByLevel: [6]int64{4: n}}
	}
	got, err := t.s.Histogram(t.Context(), shop, q)
	t.must(err)
	t.diff("one key", []eventstore.Bucket{bucket(0, 2), bucket(1, 1), bucket(2, 0), bucket(3, 0)}, got)
	q.Keys = nil
	got, err = t.s.Histogram(t.Context(), shop, q)
	t.must(err)
	t.diff("project", []eventstore.Bucket{bucket(0, 2), bucket(1, 2), bucket(2, 0), bucket(3, 0)}, got)
	series, err := t.s.Histograms(t.Context(), shop, eventstore.HistogramQuery{Keys: []event.Key{K(1), K(2), K(3)}, Step: 2 * time.Minute, Filter: q.Filter})
	t.must(err)
	t.diff("each key alone", map[event.Key][]eventstore.Bucket{
		K(1): {bucket(0, 3), bucket(2, 0)}, K(2): {bucket(0, 1), bucket(2, 0)},
	}, series)
}

func testTotals(t *suite) {
	a, b, c := E(1, K(1), 10), E(2, K(1), 20), E(3, K(2), 30)
	a.User, b.User, c.User = "id:1", "id:1", "id:2"
	late := E(4, K(1), 86400*2)
	late.User = "id:1"
	t.append(a, b, c)
	t.append(late)
	total := func(n, users int64, first, last int) eventstore.Totals {
		return eventstore.Totals{Events: n, Users: users, FirstSeen: Epoch.Add(time.Duration(first) * time.Second), LastSeen: Epoch.Add(time.Duration(last) * time.Second)}
	}
	got, err := t.s.Totals(t.Context(), shop, []event.Key{K(1), K(9)}, eventstore.Range{})
	t.must(err)
	t.diff("one key", map[event.Key]eventstore.Totals{K(1): total(3, 1, 10, 86400*2)}, got)
	got, err = t.s.Totals(t.Context(), shop, nil, eventstore.Range{From: Epoch.Add(15 * time.Second), To: Epoch.Add(time.Hour)})
	t.must(err)
	t.diff("every key, a range", map[event.Key]eventstore.Totals{K(1): total(1, 1, 20, 20), K(2): total(1, 1, 30, 30)}, got)
	users, err := t.s.Users(t.Context(), shop, []event.Key{K(1), K(2)}, eventstore.Range{})
	if err != nil || users != 2 {
		t.Errorf("users of both: %d, %v", users, err)
	}
}

func testTopTags(t *suite) {
	var all []eventstore.Entry
	for i := 1; i <= 9; i++ {
		all = append(all, E(i, K(1), i))
	}
	t.append(all...)
	got, err := t.s.TopTags(t.Context(), shop, eventstore.TagQuery{Keys: []event.Key{K(1)}, Limit: 2})
	t.must(err)
	at := func(s int) time.Time { return Epoch.Add(time.Duration(s) * time.Second) }
	t.diff("tags", []eventstore.TagCounts{
		{Key: "n", Total: 9, Values: 9, Top: []eventstore.TagCount{{Value: "1", Count: 1, LastSeen: at(1)}, {Value: "2", Count: 1, LastSeen: at(2)}}},
		{Key: "region", Total: 9, Values: 2, Top: []eventstore.TagCount{{Value: "r1", Count: 5, LastSeen: at(9)}, {Value: "r0", Count: 4, LastSeen: at(8)}}},
	}, got)
	got, err = t.s.TopTags(t.Context(), shop, eventstore.TagQuery{Tags: []string{"region"}, Filter: eventstore.Filter{
		Range: eventstore.Range{From: at(3)}, Conditions: []eventstore.Condition{{Field: "user", Values: []string{"id:0"}}},
	}})
	t.must(err)
	t.diff("of a user", []eventstore.TagCounts{
		{Key: "region", Total: 3, Values: 2, Top: []eventstore.TagCount{{Value: "r1", Count: 2, LastSeen: at(9)}, {Value: "r0", Count: 1, LastSeen: at(6)}}},
	}, got)
}

func testCountsAgree(t *suite) {
	all := t.spread(800)
	for _, r := range []eventstore.Range{
		{From: Epoch.Add(-4 * time.Hour), To: Epoch.Add(60 * time.Hour)},
		{From: Epoch.Add(3 * time.Hour), To: Epoch.Add(30 * time.Hour)},
		{From: Epoch.Add(3*time.Hour + 17*time.Second), To: Epoch.Add(29 * time.Hour)},
	} {
		for _, env := range []string{"*", "production", ""} {
			f := eventstore.Filter{Range: r, Conditions: []eventstore.Condition{{Field: "environment", Values: []string{env}}}}
			want := int64(len(newestFirst(all, func(e eventstore.Entry) bool {
				return !e.Timestamp.Before(r.From) && e.Timestamp.Before(r.To) && (env == "*" || e.Environment == env)
			})))
			buckets, err := t.s.Histogram(t.Context(), shop, eventstore.HistogramQuery{Filter: f, Step: time.Hour})
			t.must(err)
			got := int64(0)
			for _, b := range buckets {
				got += b.Count
			}
			if got != want || int64(len(t.list(eventstore.ListQuery{Filter: f, Limit: 1000}))) != want {
				t.Errorf("%v of %q: histogram has %d, want %d", r, env, got, want)
			}
		}
	}
}

func diskBytes(t *suite) int64 {
	var n int64
	t.must(filepath.WalkDir(t.dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		info, err := e.Info()
		n += info.Size()
		return err
	}))
	return n
}

func testDeleteBefore(t *suite) {
	all := t.spread(900)
	before := diskBytes(t)
	limit := Epoch.Add(30 * time.Hour)
	d, err := t.s.DeleteBefore(t.Context(), limit)
	t.must(err)
	left := t.list(eventstore.ListQuery{Limit: 1000})
	young := newestFirst(all, func(e eventstore.Entry) bool { return !e.Received.Before(limit) })
	if int64(len(all)-len(left)) != d.Events || d.Events == 0 || len(left) < len(young) {
		t.Errorf("%d deleted, %d left of %d, %d are younger", d.Events, len(left), len(all), len(young))
	}
	if after := diskBytes(t); after >= before {
		t.Errorf("%d bytes before, %d after", before, after)
	}
	t.reopen()
	t.diff("after reopening", left, t.list(eventstore.ListQuery{Limit: 1000}))
}

func testDeleteProject(t *suite) {
	t.spread(300)
	other := E(1, K(1), 10)
	other.Project = shop + 1
	t.append(other)
	d, err := t.s.DeleteProject(t.Context(), shop)
	t.must(err)
	if d.Events != 300 {
		t.Errorf("%d deleted", d.Events)
	}
	for range 2 {
		t.diff("events", []int(nil), t.list(eventstore.ListQuery{}))
		totals, err := t.s.Totals(t.Context(), shop, nil, eventstore.Range{})
		t.must(err)
		t.diff("totals", map[event.Key]eventstore.Totals{}, totals)
		got, err := t.s.Get(t.Context(), shop+1, other.ID)
		if err != nil || string(got.Payload) != string(other.Payload) {
			t.Errorf("the other project: %v", err)
		}
		t.reopen()
	}
}

func testDeleteUser(t *suite) {
	const secret = "id:hans.erasable@example.org"
	all := t.spread(400)
	mine := E(1001, K(1), 5)
	mine.User, mine.Title = secret, "Title of hans.erasable"
	mine.Payload, _ = json.Marshal(map[string]string{"user": secret})
	t.append(mine)
	d, err := t.s.DeleteUser(t.Context(), shop, secret)
	t.must(err)
	if d.Events != 1 {
		t.Errorf("%d deleted", d.Events)
	}
	for range 2 {
		t.diff("the rest", newestFirst(all, func(eventstore.Entry) bool { return true }), t.list(eventstore.ListQuery{Limit: 1000}))
		for _, e := range []eventstore.Entry{all[0], all[200], all[399]} {
			got, err := t.s.Get(t.Context(), shop, e.ID)
			if err != nil || string(got.Payload) != string(e.Payload) {
				t.Errorf("payload of %s: %q, %v", e.ID, got.Payload, err)
			}
		}
		users, err := t.s.Users(t.Context(), shop, nil, eventstore.Range{})
		if err != nil || users != 3 {
			t.Errorf("%d users, %v", users, err)
		}
		t.reopen()
	}
	t.must(t.s.Close())
	t.must(filepath.WalkDir(t.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil && contains(b, "hans.erasable") {
			t.Errorf("%s still names the user", path)
		}
		return err
	}))
	t.s = t.open(t.T, t.dir)
}

func contains(b []byte, s string) bool {
	for i := 0; i+len(s) <= len(b); i++ {
		if string(b[i:i+len(s)]) == s {
			return true
		}
	}
	return false
}

func testClock(t *suite) {
	t.append(E(1, K(1), 7300), E(2, K(1), 7400)) // the day after the epoch's
	t.append(E(3, K(1), 100))                    // an hour back, on the day before
	t.diff("order", []int{2, 1, 3}, t.list(eventstore.ListQuery{}))
	repeat := E(1, K(1), 7300)
	repeat.Arrival = 55
	t.append(E(4, K(1), 90000)) // another segment
	t.diff("a repeat of before", []bool{false}, t.append(repeat))
	t.reopen()
	t.diff("a repeat of before, after reopening", []bool{false}, t.append(repeat))
}

func testTenants(t *suite) {
	t.append(E(1, K(1), 1))
	if _, err := t.s.Get(t.Context(), shop+1, ID(1)); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("Get: %v", err)
	}
	page, err := t.s.List(t.Context(), shop+1, eventstore.ListQuery{Keys: []event.Key{K(1)}})
	if err != nil || len(page.Rows) != 0 {
		t.Errorf("List: %v, %v", page, err)
	}
	users, err := t.s.Users(t.Context(), shop+1, nil, eventstore.Range{})
	if err != nil || users != 0 {
		t.Errorf("Users: %d, %v", users, err)
	}
	tags, err := t.s.TopTags(t.Context(), shop+1, eventstore.TagQuery{})
	if err != nil || len(tags) != 0 {
		t.Errorf("TopTags: %v, %v", tags, err)
	}
}

func testQueriesRefuse(t *suite) {
	day := eventstore.Filter{Range: eventstore.Range{From: Epoch, To: Epoch.Add(24 * time.Hour)}}
	for name, ask := range map[string]func() error{
		"limit":  func() error { _, err := t.s.List(t.Context(), shop, eventstore.ListQuery{Limit: 1001}); return err },
		"cursor": func() error { _, err := t.s.List(t.Context(), shop, eventstore.ListQuery{Cursor: "x"}); return err },
		"no range": func() error {
			_, err := t.s.Histogram(t.Context(), shop, eventstore.HistogramQuery{Step: time.Minute})
			return err
		},
		"short step": func() error {
			_, err := t.s.Histogram(t.Context(), shop, eventstore.HistogramQuery{Step: time.Second, Filter: day})
			return err
		},
		"field": func() error {
			_, err := t.s.List(t.Context(), shop, eventstore.ListQuery{Filter: eventstore.Filter{Conditions: []eventstore.Condition{{Field: "x", Values: []string{"y"}}}}})
			return err
		},
		"many keys": func() error {
			_, err := t.s.Users(t.Context(), shop, make([]event.Key, eventstore.MaxKeys+1), eventstore.Range{})
			return err
		},
		"tags' limit": func() error { _, err := t.s.TopTags(t.Context(), shop, eventstore.TagQuery{Limit: -1}); return err },
	} {
		if err := ask(); fault.CodeOf(err) != fault.Validation {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func testReadWhileWriting(t *suite) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			page, err := t.s.List(context.WithoutCancel(t.Context()), shop, eventstore.ListQuery{Limit: 10})
			if err != nil {
				t.Error(err)
				return
			}
			for _, r := range page.Rows {
				if _, err := t.s.Get(context.WithoutCancel(t.Context()), shop, r.ID); err != nil {
					t.Error(err)
				}
			}
		}
	})
	t.spread(600)
	close(stop)
	wg.Wait()
}

func testStats(t *suite) {
	t.must(t.s.Ready(t.Context()))
	t.spread(50)
	s, err := t.s.Stats(t.Context())
	if err != nil || s.Events != 50 || s.Bytes == 0 || s.Segments == 0 || s.Oldest.IsZero() {
		t.Errorf("stats: %+v, %v", s, err)
	}
	t.must(t.s.Ready(t.Context()))
}
