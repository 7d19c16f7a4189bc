package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/issue"
)

const (
	pollEvery = time.Second      // how often the feed is asked at most, for all listeners together
	beatEvery = 10 * time.Second // so that the other end notices when the stream is gone
	sendFor   = 30 * time.Second // how long a stalled reader may hold up one event
	keepLast  = 1000             // activities that a reader who lost the stream can resume from
	maxStream = 2000             // streams open at once
	streamFor = 30 * time.Minute // then the browser comes again, and is asked again who it is
)

// feed is the catalog's activity as live streams share it. Nobody polls while nobody listens: the listener who comes first
// after the interval asks for all.
type feed struct {
	catalog interface {
		Feed(ctx context.Context, after int64, limit int) ([]issue.Activity, error)
	}
	mu     sync.Mutex
	open   int
	polled time.Time
	known  bool  // cursor is set
	cursor int64 // newest activity that was read
	recent []issue.Activity
}

func (f *feed) init(c Catalog) { f.catalog = c }

// since returns the activities of an organization after a position, and the newest position. With after < 0 it returns none.
func (f *feed) since(ctx context.Context, now time.Time, org account.OrgID, after int64) ([]issue.Activity, int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if d := now.Sub(f.polled); d < 0 || d >= pollEvery {
		if err := f.poll(ctx); err != nil {
			return nil, after, err
		}
		f.polled = now
	}
	if after < 0 {
		return nil, f.cursor, nil
	}
	var out []issue.Activity
	for _, a := range f.recent {
		if a.ID > after && a.Org == org {
			out = append(out, a)
		}
	}
	return out, f.cursor, nil
}

func (f *feed) poll(ctx context.Context) error {
	if !f.known {
		newest, err := f.newest(ctx)
		if err != nil {
			return err
		}
		f.cursor, f.known = newest, true
	}
	for {
		got, err := f.catalog.Feed(ctx, f.cursor, keepLast)
		if err != nil {
			return fault.Wrap(err, "read the activity feed")
		}
		if len(got) == 0 {
			return nil
		}
		f.cursor = got[len(got)-1].ID
		f.recent = append(f.recent, got...)
		if over := len(f.recent) - keepLast; over > 0 {
			f.recent = append(f.recent[:0], f.recent[over:]...)
		}
		if len(got) < keepLast {
			return nil
		}
	}
}

// newest finds the end of the feed by halving: it can only be read from a position on, and may be long.
func (f *feed) newest(ctx context.Context) (int64, error) {
	var low, high int64 = 0, 1
	for {
		got, err := f.catalog.Feed(ctx, high, 1)
		if err != nil {
			return 0, fault.Wrap(err, "find the end of the activity feed")
		}
		if len(got) == 0 {
			break
		}
		low = got[0].ID
		high = low * 2
	}
	for low < high {
		mid := low + (high-low)/2
		got, err := f.catalog.Feed(ctx, mid, 1)
		if err != nil {
			return 0, fault.Wrap(err, "find the end of the activity feed")
		}
		if len(got) == 0 {
			high = mid
		} else {
			low = got[0].ID
		}
	}
	return low, nil
}

func (f *feed) enter() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open >= maxStream {
		return false
	}
	f.open++
	return true
}

func (f *feed) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open--
}

// changed is what the event "issues" says: something happened to that many issues, of which so many are new or back. It is a
// signal: who wants to see more asks for a part of the page, within what they may see.
type changed struct {
	issues int
	new    int
}

// stream is GET /live: server-sent events "issues" when something happened, and "beat" every ten seconds with the rate of
// the organization. https://html.spec.whatwg.org/multipage/server-sent-events.html.
func (s *site) stream(v *visit) error {
	if !s.live.enter() {
		return fault.With(fault.New(fault.Unavailable, "too many live streams"), fault.RetryAfter(30*time.Second))
	}
	defer s.live.leave()
	after := int64(-1)
	if id, err := strconv.ParseInt(v.r.Header.Get("Last-Event-ID"), 10, 64); err == nil && id >= 0 {
		after = id
	}
	_, newest, err := s.live.since(v.ctx, s.now(), v.actor.Org, -1)
	if err != nil {
		return err
	}
	if after < 0 || after > newest {
		after = newest
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	v.w.WriteHeader(http.StatusOK)
	out := sender{w: v.w, rc: http.NewResponseController(v.w)}
	// A browser tries again after this; live.js spreads what comes after a restart.
	if !out.send("retry: 2000\n\n") || !s.beat(v, &out, after) {
		return nil
	}
	defer out.done()
	poll, beat, end := time.NewTicker(pollEvery), time.NewTicker(beatEvery), time.NewTimer(streamFor)
	defer poll.Stop()
	defer beat.Stop()
	defer end.Stop()
	for {
		select {
		case <-v.ctx.Done():
			return nil
		case <-s.opts.Stopping:
			return nil
		case <-end.C:
			return nil
		case <-beat.C:
			if !s.beat(v, &out, after) {
				return nil
			}
		case <-poll.C:
			got, newest, err := s.live.since(v.ctx, s.now(), v.actor.Org, after)
			if err != nil {
				return nil //nolint:nilerr // the answer has begun; the browser comes again, and the next page says what is wrong
			}
			after = newest
			if c := summary(got); c.issues > 0 && !out.send(fmt.Sprintf("event: issues\nid: %d\ndata: {\"issues\":%d,\"new\":%d}\n\n", after, c.issues, c.new)) {
				return nil
			}
		}
	}
}

func (s *site) beat(v *visit, out *sender, after int64) bool {
	projects, err := v.projects()
	if err != nil {
		return false
	}
	p := s.ingest.get(v.ctx, s, v.actor.Org, projects, s.now())
	return out.send(fmt.Sprintf("event: beat\nid: %d\ndata: {\"rate\":\"%s\",\"trace\":\"%s\"}\n\n", after, number(p.rate()), p.trace()))
}

func summary(list []issue.Activity) changed {
	issues := map[issue.ID]bool{}
	var c changed
	for _, a := range list {
		issues[a.Issue] = true
		if a.Kind == issue.FirstSeen || a.Kind == issue.Regression {
			c.new++
		}
	}
	c.issues = len(issues)
	return c
}

// sender writes events to one reader.
type sender struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

// send reports whether the reader took it.
func (s *sender) send(frame string) bool {
	// Not every writer has deadlines, and without one the server's own applies.
	fault.Ignore(s.rc.SetWriteDeadline(time.Now().Add(sendFor)), "not every writer has deadlines")
	if _, err := s.w.Write([]byte(frame)); err != nil {
		return false
	}
	return s.rc.Flush() == nil
}

// done leaves the connection as it was: it may serve more requests.
func (s *sender) done() {
	fault.Ignore(s.rc.SetWriteDeadline(time.Time{}), "not every writer has deadlines")
}
