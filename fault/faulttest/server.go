package faulttest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seismohq/seismo/fault"
)

// Response is how a [Server] answers a request.
type Response struct {
	Status int // 0 means 200
	Header http.Header
	Delay  time.Duration // before the answer
	// Lose takes the report but cuts the connection before the answer, as networks do.
	Lose bool
	// Reset cuts the connection without taking the report.
	Reset bool
}

// Server receives error reports in the Sentry envelope protocol and keeps them in memory. Requests must be well-formed:
// anything else fails the test. It is safe for concurrent use.
type Server struct {
	t    testing.TB
	addr string
	srv  *httptest.Server

	mu        sync.Mutex
	answer    func(n int) Response
	requests  int
	events    map[string]map[string]any
	order     []string
	repeats   int
	discarded map[string]int
}

// NewServer returns a server that accepts everything. It stops with the test.
func NewServer(t testing.TB) *Server {
	s := &Server{t: t, events: map[string]map[string]any{}, discarded: map[string]int{}}
	s.Up()
	t.Cleanup(s.Down)
	return s
}

// DSN returns where reports go.
func (s *Server) DSN() string {
	return "http://0123456789abcdef0123456789abcdef@" + s.addr + "/prefix/42"
}

// Respond sets how requests are answered; n counts them from 1 since Respond was called. nil accepts everything again.
func (s *Server) Respond(answer func(n int) Response) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer, s.requests = answer, 0
}

// Down stops the server; its address refuses connections until [Server.Up].
func (s *Server) Down() {
	if s.srv != nil {
		s.srv.CloseClientConnections()
		s.srv.Close()
		s.srv = nil
	}
}

// Up starts the server, at the address it had before.
func (s *Server) Up() {
	s.t.Helper()
	addr := s.addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	var l net.Listener
	var err error
	for range 100 { // the port may take a moment to be free again
		if l, err = net.Listen("tcp", addr); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.addr = l.Addr().String()
	s.srv = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	fault.Ignore(s.srv.Listener.Close(), "replaced by ours")
	s.srv.Listener = l
	s.srv.Start()
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests++
	var a Response
	if s.answer != nil {
		a = s.answer(s.requests)
	}
	s.mu.Unlock()
	if a.Reset {
		panic(http.ErrAbortHandler)
	}
	id, err := s.take(r, a.Status == 0 || a.Status == 200)
	if err != nil {
		if r.Context().Err() == nil { // the client did not just stop sending
			s.t.Errorf("faulttest: bad request: %v", err)
		}
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if a.Delay > 0 {
		select {
		case <-time.After(a.Delay):
		case <-r.Context().Done():
		}
	}
	if a.Lose {
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), a.Header)
	if a.Status != 0 {
		w.WriteHeader(a.Status)
	}
	_, err = fmt.Fprintf(w, `{"id":%q}`, id)
	fault.Ignore(err, "the client may have gone")
}

// take reads an envelope, and keeps what is in it when the answer will be that it was accepted.
func (s *Server) take(r *http.Request, accept bool) (id string, err error) {
	if r.Method != http.MethodPost || r.URL.Path != "/prefix/api/42/envelope/" {
		return "", fmt.Errorf("%s %s", r.Method, r.URL)
	}
	if a := r.Header.Get("X-Sentry-Auth"); !strings.HasPrefix(a, "Sentry sentry_version=7, ") || !strings.Contains(a, "sentry_key=0123456789abcdef0123456789abcdef") {
		return "", fmt.Errorf("auth %q", a)
	}
	if ct := r.Header.Get("Content-Type"); ct != "application/x-sentry-envelope" {
		return "", fmt.Errorf("content type %q", ct)
	}
	zr, err := gzip.NewReader(r.Body)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(zr)
	if err != nil {
		return "", err
	}
	items, id, err := parseEnvelope(body)
	if err != nil || !accept {
		return id, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, it := range items {
		switch it.kind {
		case "event":
			if it.body["event_id"] != id {
				return "", fmt.Errorf("event %v in envelope %s", it.body["event_id"], id)
			}
			if _, ok := s.events[id]; ok {
				s.repeats++ // as servers do: the same id is the same event
				continue
			}
			s.events[id] = it.body
			s.order = append(s.order, id)
		case "client_report":
			list, _ := it.body["discarded_events"].([]any)
			for _, d := range list {
				m := d.(map[string]any)
				s.discarded[m["reason"].(string)] += int(m["quantity"].(float64))
			}
		default:
			return "", fmt.Errorf("item %q", it.kind)
		}
	}
	return id, nil
}

type envelopeItem struct {
	kind string
	body map[string]any
}

func parseEnvelope(b []byte) (items []envelopeItem, id string, err error) {
	line, rest, _ := bytes.Cut(b, []byte("\n"))
	var head struct {
		ID     string    `json:"event_id"`
		SentAt time.Time `json:"sent_at"`
	}
	if err := json.Unmarshal(line, &head); err != nil {
		return nil, "", fmt.Errorf("envelope header: %w", err)
	}
	if time.Since(head.SentAt).Abs() > time.Minute {
		return nil, "", fmt.Errorf("sent_at %v", head.SentAt)
	}
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		var h struct {
			Type   string
			Length int
		}
		if err := json.Unmarshal(line, &h); err != nil {
			return nil, "", fmt.Errorf("item header: %w", err)
		}
		if h.Length >= len(rest) || rest[h.Length] != '\n' {
			return nil, "", fmt.Errorf("item of %d bytes in %d", h.Length, len(rest))
		}
		it := envelopeItem{kind: h.Type}
		if err := json.Unmarshal(rest[:h.Length], &it.body); err != nil {
			return nil, "", fmt.Errorf("item: %w", err)
		}
		items = append(items, it)
		rest = rest[h.Length+1:]
	}
	return items, head.ID, nil
}

// Events returns the accepted events in the order they came.
func (s *Server) Events() []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]map[string]any, len(s.order))
	for i, id := range s.order {
		out[i] = s.events[id]
	}
	return out
}

// IDs returns the ids of the accepted events, sorted.
func (s *Server) IDs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.events))
}

// Repeats returns how often an event came that was accepted before.
func (s *Server) Repeats() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.repeats
}

// Requests returns how many requests came since Respond was last called.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// Discarded returns what clients said they dropped, by reason.
func (s *Server) Discarded() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.discarded)
}
