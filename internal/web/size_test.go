package web_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/seismohq/seismo/internal/catalog"
)

// full fills a site with a page of issues, each with events of a day.
func full(tb testing.TB) *site {
	tb.Helper()
	s := newSite(tb)
	seed(tb, s)
	for n := range 60 {
		x := samples[n%len(samples)]
		k := key(1000 + n)
		p := s.projects[x.project]
		for h := range 24 {
			e := s.entry(p, 100_000+100*n+h, s.now.Add(-time.Duration(h)*time.Hour-time.Minute))
			e.Keys = []eventKey{k}
			e.User = fmt.Sprintf("id:%d", h)
			s.events.add(e)
		}
		s.record(tb, catalog.Group{
			Project: p.ID, Keys: []eventKey{k}, Count: 24, FirstSeen: s.now.Add(-day * 3), LastSeen: s.now.Add(-time.Duration(n) * time.Minute), Unhandled: x.unhandled,
			Title: x.typ + ": " + x.value, Type: x.typ, Value: fmt.Sprintf("%s (%d)", x.value, n), Location: x.at, Function: x.fn, Level: x.level, FirstRelease: x.release,
		})
	}
	return s
}

const day = 24 * time.Hour

// TestPagesAreSmall holds pages to their limits: bytes after gzip, and elements.
func TestPagesAreSmall(t *testing.T) {
	t.Parallel()
	s := full(t)
	for target, limit := range map[string]int{"/issues": 20 << 10, "/issues/CHK-001": 25 << 10} {
		res := s.get(target, "Accept-Encoding", "gzip")
		if res.Header.Get("Content-Encoding") != "gzip" {
			t.Fatalf("%s is not compressed", target)
		}
		z, err := gzip.NewReader(bytes.NewReader([]byte(res.body)))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		elements := len(tagPattern.FindAll(body, -1))
		t.Logf("%s: %d bytes, %d after gzip, %d elements", target, len(body), len(res.body), elements)
		if len(res.body) > limit || elements > 3000 {
			t.Errorf("%s: %d bytes after gzip, %d elements; at most %d and 3000", target, len(res.body), elements, limit)
		}
		sound(t, string(body))
	}
}

// BenchmarkPages is the whole of a request but for the event store, which is one in memory.
func BenchmarkPages(b *testing.B) {
	s := full(b)
	for _, target := range []string{"/issues", "/issues/CHK-001"} {
		b.Run(target, func(b *testing.B) {
			for b.Loop() {
				if res := s.get(target); res.StatusCode != http.StatusOK {
					b.Fatal(res.StatusCode)
				} else {
					b.ReportMetric(templateTime(res.Header.Get("Server-Timing")), "template-ms")
				}
			}
		})
	}
}

func templateTime(header string) (ms float64) {
	_, _ = fmt.Sscanf(header, "template;dur=%f", &ms)
	return ms
}
