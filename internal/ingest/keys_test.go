package ingest_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/ingest"
	"github.com/seismohq/seismo/internal/ingest/ingesttest"
	"github.com/seismohq/seismo/internal/project"
)

var (
	goodKey     = project.Key{ID: 11, Project: 1, Org: 5, Public: "0123456789abcdef0123456789abcdef", Enabled: true}
	disabledKey = project.Key{ID: 12, Project: 1, Org: 5, Public: "disabled"}
)

// clock is a clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 2, 3, 4, 59, 59, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestIdentify(t *testing.T) {
	t.Parallel()
	door := ingest.New(&ingesttest.Queue{}, ingesttest.NewKeys(goodKey, disabledKey), ingest.Options{})
	tests := map[string]struct {
		public  string
		project project.ID
		want    fault.Code // "" for none
	}{
		"good":               {goodKey.Public, 1, ""},
		"good, no project":   {goodKey.Public, 0, ""},
		"of another project": {goodKey.Public, 2, fault.Denied},
		"unknown":            {"feedfeed", 1, fault.Denied},
		"disabled":           {disabledKey.Public, 1, fault.Denied},
		"empty":              {"", 1, fault.Unauthorized},
		"not a word":         {"a b", 1, fault.Unauthorized},
		"not ASCII":          {"schlüssel", 1, fault.Unauthorized},
		"too long":           {fmt.Sprintf("%065d", 0), 1, fault.Unauthorized},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := door.Identify(t.Context(), tt.public, tt.project)
			if tt.want == "" {
				if err != nil || s.Key != goodKey || s.Project.ID != 1 {
					t.Errorf("got %+v, %v", s, err)
				}
				return
			}
			if err == nil || fault.CodeOf(err) != tt.want {
				t.Errorf("error %v, want code %s", err, tt.want)
			}
		})
	}
}

func TestIdentifyRemembers(t *testing.T) {
	t.Parallel()
	c, keys := newClock(), ingesttest.NewKeys(goodKey)
	door := ingest.New(&ingesttest.Queue{}, keys, ingest.Options{Now: c.Now, KeyTTL: 10 * time.Second})
	ask := func(public string) error {
		_, err := door.Identify(t.Context(), public, 1)
		return err
	}
	expect := func(what string, asked int64) {
		t.Helper()
		if got := keys.Asked.Load(); got != asked {
			t.Fatalf("%s: the catalog was asked %d times, want %d", what, got, asked)
		}
	}
	for range 5 {
		if err := ask(goodKey.Public); err != nil {
			t.Fatal(err)
		}
		if err := ask("feedfeed"); fault.CodeOf(err) != fault.Denied {
			t.Fatal(err)
		}
	}
	expect("five requests of each", 2)

	revoked := goodKey
	revoked.Enabled = false
	keys.Set(revoked)
	keys.Set(project.Key{ID: 13, Project: 1, Public: "feedfeed", Enabled: true})
	c.Add(11 * time.Second)
	if err := ask(goodKey.Public); fault.CodeOf(err) != fault.Denied {
		t.Errorf("a revoked key still works after the time to live: %v", err)
	}
	if err := ask("feedfeed"); err != nil {
		t.Errorf("a new key does not work after the time to live: %v", err)
	}
	expect("after the time to live", 4)
}

func TestIdentifyOutage(t *testing.T) {
	t.Parallel()
	c, keys := newClock(), ingesttest.NewKeys(goodKey)
	door := ingest.New(&ingesttest.Queue{}, keys, ingest.Options{Now: c.Now})
	if _, err := door.Identify(t.Context(), goodKey.Public, 1); err != nil {
		t.Fatal(err)
	}
	keys.Fail(errors.New("disk on fire"))
	c.Add(time.Minute)
	if _, err := door.Identify(t.Context(), goodKey.Public, 1); err != nil {
		t.Errorf("a key known before the outage is refused: %v", err)
	}
	_, err := door.Identify(t.Context(), "feedfeed", 1)
	if after, ok := fault.RetryAfterOf(err); fault.CodeOf(err) != fault.Unavailable || !ok || after <= 0 {
		t.Errorf("a key not known before: %v, want Unavailable with RetryAfter", err)
	}
	c.Add(2 * time.Hour)
	if _, err := door.Identify(t.Context(), goodKey.Public, 1); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("a key is believed for ever: %v", err)
	}
}

// TestIdentifyIsBounded invents more keys than the cache holds.
func TestIdentifyIsBounded(t *testing.T) {
	t.Parallel()
	keys := ingesttest.NewKeys(goodKey)
	door := ingest.New(&ingesttest.Queue{}, keys, ingest.Options{})
	for i := range 25_000 {
		if _, err := door.Identify(t.Context(), fmt.Sprintf("invented%d", i), 1); fault.CodeOf(err) != fault.Denied {
			t.Fatal(err)
		}
		if i%1000 == 0 {
			if _, err := door.Identify(t.Context(), goodKey.Public, 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := keys.Asked.Load(); got != 25_001 {
		t.Errorf("the catalog was asked %d times: invented keys pushed out the real one", got)
	}
}
