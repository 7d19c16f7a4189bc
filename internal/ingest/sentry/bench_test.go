package sentry_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/seismohq/seismo/internal/ingest"
	"github.com/seismohq/seismo/internal/ingest/ingesttest"
	"github.com/seismohq/seismo/internal/ingest/sentry"
	"github.com/seismohq/seismo/internal/project"
	"github.com/seismohq/seismo/internal/queue"
)

// sink is a queue that forgets.
type sink struct{ ingesttest.Queue }

func (*sink) Publish(context.Context, int, []byte) error { return nil }

var _ queue.Queue = (*sink)(nil)

// eventOf3KB is an envelope about as long as the load tests send.
func eventOf3KB() string {
	frame := `{"filename":"app/views/orders.py","abs_path":"/srv/app/views/orders.py","function":"handle","lineno":12,"in_app":true,"context_line":"    order = orders.get(order_id)"},`
	event := `{"event_id":"` + id + `","level":"error","platform":"python","exception":{"values":[{"type":"ValueError","value":"no such order","stacktrace":{"frames":[` +
		strings.TrimSuffix(strings.Repeat(frame, 16), ",") + `]}}]}}`
	return `{"event_id":"` + id + `","sent_at":"2026-02-01T10:11:12.123456Z","sdk":{"name":"sentry.python","version":"2.68.0"},"trace":{"trace_id":"771a43a4192642f0b136d5159a501700","public_key":"` + key + `","release":"shop@1.2.3","environment":"production"}}` +
		"\n{\"type\":\"event\",\"content_type\":\"application/json\",\"length\":" + strconv.Itoa(len(event)) + "}\n" + event + "\n"
}

func benchHandler() http.Handler {
	keys := ingesttest.NewKeys(project.Key{ID: 1, Project: 7, Org: 3, Public: key, Enabled: true})
	return sentry.New(ingest.New(&sink{}, keys, ingest.Options{}), sentry.Options{})
}

// recorder is an http.ResponseWriter that allocates nothing.
type recorder struct {
	header http.Header
	status int
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(b []byte) (int, error) { return len(b), nil }
func (r *recorder) WriteHeader(status int)      { r.status = status }

type body struct{ bytes.Reader }

func (*body) Close() error { return nil }

// BenchmarkHandler is the door alone: no network, no queue.
func BenchmarkHandler(b *testing.B) {
	for _, encoding := range []string{"", "gzip", "br", "zstd"} {
		b.Run("encoding="+encoding, func(b *testing.B) {
			h := benchHandler()
			packed := []byte(pack(b, encoding, eventOf3KB()))
			req := httptest.NewRequest(http.MethodPost, "/api/7/envelope/", nil)
			req.Header.Set("X-Sentry-Auth", auth)
			req.Header.Set("User-Agent", "sentry.python/2.68.0")
			req.Header.Set("Content-Type", "application/x-sentry-envelope")
			if encoding != "" {
				req.Header.Set("Content-Encoding", encoding)
			}
			req.ContentLength = int64(len(packed))
			w, r := &recorder{header: http.Header{}}, &body{}
			req.Body = r
			b.ReportAllocs()
			for b.Loop() {
				r.Reset(packed)
				clear(w.header)
				if h.ServeHTTP(w, req); w.status != 200 {
					b.Fatalf("status %d", w.status)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
		})
	}
}

// BenchmarkServer is the same behind net/http on a real connection, the client included.
func BenchmarkServer(b *testing.B) {
	s := httptest.NewServer(benchHandler())
	defer s.Close()
	packed := pack(b, "gzip", eventOf3KB())
	b.ReportAllocs()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
		for pb.Next() {
			req, err := http.NewRequest(http.MethodPost, s.URL+"/api/7/envelope/", strings.NewReader(packed))
			if err != nil {
				b.Error(err)
				return
			}
			req.Header.Set("X-Sentry-Auth", auth)
			req.Header.Set("Content-Encoding", "gzip")
			resp, err := client.Do(req)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if resp.StatusCode != 200 {
				b.Errorf("status %d", resp.StatusCode)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}
