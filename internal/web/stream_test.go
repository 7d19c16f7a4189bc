package web_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seismohq/seismo/internal/catalog"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/issue"
	"github.com/seismohq/seismo/internal/web"
)

// listen opens /live and returns its events, each as "name: data (id)". The channel is closed when the stream ends.
func (s *site) listen(ctx context.Context, t *testing.T, url, lastID string) <-chan string {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(s.cookie)
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("status %d, %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	out := make(chan string)
	go func() {
		defer close(out)
		defer func() { _ = res.Body.Close() }()
		var name, data, id string
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			key, value, _ := strings.Cut(lines.Text(), ": ")
			switch key {
			case "event":
				name = value
			case "data":
				data = value
			case "id":
				id = value
			case "":
				if name != "" {
					select {
					case out <- name + ": " + data + " (" + id + ")":
					case <-ctx.Done():
						return
					}
				}
				name = ""
			}
		}
	}()
	return out
}

func next(t *testing.T, events <-chan string, prefix string) string {
	t.Helper()
	for {
		select {
		case e, ok := <-events:
			if !ok {
				t.Fatalf("the stream ended while waiting for %q", prefix)
			}
			if strings.HasPrefix(e, prefix) {
				return e
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("no %q", prefix)
		}
	}
}

// TestStream tells a reader at once that it lives, within moments what happened, and after a break what was missed.
func TestStream(t *testing.T) {
	t.Parallel()
	stopping := make(chan struct{})
	s := newSite(t, func(o *web.Options) { o.Now, o.Stopping = time.Now, stopping })
	small(t, s)
	server := httptest.NewServer(s.handler)
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	events := s.listen(ctx, t, server.URL, "")
	beat := next(t, events, "beat: ")
	if !strings.Contains(beat, `{"rate":"0","trace":"M0 `) {
		t.Errorf("beat %q", beat)
	}
	p := s.projects["checkout-api"]
	s.record(t, catalog.Group{Project: p.ID, Keys: []event.Key{key(50)}, Count: 1, FirstSeen: s.now, LastSeen: s.now, Title: "E", Type: "E", Level: event.Error})
	got := next(t, events, "issues: ")
	if !strings.HasPrefix(got, `issues: {"issues":1,"new":1}`) {
		t.Errorf("event %q", got)
	}
	id := got[strings.LastIndex(got, "(")+1 : len(got)-1]
	cancel()

	s.set(t, s.issue(t, "CHK-001"), s.jonas, issue.Resolved)
	resumed := s.listen(t.Context(), t, server.URL, id)
	if got := next(t, resumed, "issues: "); !strings.HasPrefix(got, `issues: {"issues":1,"new":0}`) {
		t.Errorf("after a break: %q", got)
	}
	close(stopping)
	for range resumed { // ends
	}
}
