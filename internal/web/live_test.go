package web

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seismohq/seismo/internal/issue"
)

// log is a feed in memory that counts how often it is asked.
type log struct {
	mu    sync.Mutex
	all   []issue.Activity
	asked int
}

func (l *log) Feed(_ context.Context, after int64, limit int) ([]issue.Activity, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	at := slices.IndexFunc(l.all, func(a issue.Activity) bool { return a.ID > after })
	if at < 0 {
		return nil, nil
	}
	return slices.Clone(l.all[at:min(at+limit, len(l.all))]), nil
}

func (l *log) add(ids ...int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		l.all = append(l.all, issue.Activity{ID: id, Org: 1, Issue: issue.ID(id), Kind: issue.FirstSeen})
	}
}

func ids(list []issue.Activity) (out []int64) {
	for _, a := range list {
		out = append(out, a.ID)
	}
	return out
}

// TestFeedBeginsAtItsEnd finds the end of a long feed with few questions, whatever gaps it has.
func TestFeedBeginsAtItsEnd(t *testing.T) {
	t.Parallel()
	for name, all := range map[string][]int64{"empty": nil, "one": {1}, "gaps": {3, 900, 100_007}, "far": {5_000_000_000}} {
		l := &log{}
		l.add(all...)
		f := feed{catalog: l}
		got, end, err := f.since(t.Context(), testTime, 1, -1)
		want := int64(0)
		if len(all) > 0 {
			want = all[len(all)-1]
		}
		if err != nil || len(got) != 0 || end != want || l.asked > 80 {
			t.Errorf("%s: end %d after %d questions, %v; want %d", name, end, l.asked, err, want)
		}
	}
}

func TestFeedIsShared(t *testing.T) {
	t.Parallel()
	l := &log{}
	l.add(1, 2, 3)
	f := feed{catalog: l}
	now := testTime
	_, end, _ := f.since(t.Context(), now, 1, -1)
	l.add(4)
	l.all = append(l.all, issue.Activity{ID: 5, Org: 2, Kind: issue.Regression})
	asked := l.asked
	if got, _, _ := f.since(t.Context(), now.Add(999*time.Millisecond), 1, end); got != nil || l.asked != asked {
		t.Errorf("asked again within a second: %v", got)
	}
	now = now.Add(time.Second)
	for range 100 { // listeners
		got, newest, err := f.since(t.Context(), now, 1, end)
		if diff := cmp.Diff([]int64{4}, ids(got)); diff != "" || newest != 5 || err != nil {
			t.Fatalf("newest %d, %v: %s", newest, err, diff)
		}
	}
	if l.asked != asked+1 {
		t.Errorf("%d questions for a hundred listeners, want 1", l.asked-asked)
	}
	if got, _, _ := f.since(t.Context(), now, 2, end); len(got) != 1 || got[0].ID != 5 {
		t.Errorf("the other organization gets %v", ids(got))
	}
}

func TestFeedIsBounded(t *testing.T) {
	t.Parallel()
	l := &log{}
	f := feed{catalog: l}
	_, _, _ = f.since(t.Context(), testTime, 1, -1)
	for id := range int64(5 * keepLast) {
		l.add(id + 1)
	}
	got, end, err := f.since(t.Context(), testTime.Add(time.Hour), 1, 0)
	if err != nil || end != 5*keepLast || len(got) != keepLast || len(f.recent) > keepLast {
		t.Errorf("%d of them, end %d, %v", len(got), end, err)
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	got := summary([]issue.Activity{
		{Issue: 1, Kind: issue.FirstSeen},
		{Issue: 1, Kind: issue.StatusChanged},
		{Issue: 2, Kind: issue.Regression},
		{Issue: 3, Kind: issue.AssigneeChanged},
	})
	if got != (changed{issues: 3, new: 2}) {
		t.Errorf("%+v", got)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	t.Parallel()
	var f feed
	for range maxStream {
		if !f.enter() {
			t.Fatal("refused too early")
		}
	}
	if f.enter() {
		t.Error("no bound")
	}
	f.leave()
	if !f.enter() {
		t.Error("a place that came free is not given")
	}
}
