package server_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/ingest"
	"github.com/seismohq/seismo/internal/ingest/ingesttest"
	"github.com/seismohq/seismo/internal/ingest/sentry"
	"github.com/seismohq/seismo/internal/project"
	"github.com/seismohq/seismo/internal/server"
)

// running is a server that runs until the test ends or stop is called.
type running struct {
	*server.Server
	url  string
	stop func() error // ends it and returns what Run did
}

func run(t *testing.T, h http.Handler, o server.Options) *running {
	t.Helper()
	o.Listen = "127.0.0.1:0"
	s, err := server.New(h, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	var once sync.Once
	var result error
	r := &running{Server: s, url: "http://" + s.Addr().String()}
	if o.CertFile != "" {
		r.url = "https://" + s.Addr().String()
	}
	r.stop = func() error {
		once.Do(func() {
			cancel()
			result = <-done
		})
		return result
	}
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
	return r
}

// newClient returns a client with connections of its own.
func newClient(t *testing.T, transport *http.Transport) *http.Client {
	t.Helper()
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

func get(t *testing.T, c *http.Client, url string) (*http.Response, string) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "%s %s", r.Proto, r.URL.Path)
})

func TestProtocols(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t, t.TempDir(), "one")
	plain, secure := run(t, hello, server.Options{}), run(t, hello, server.Options{CertFile: cert, KeyFile: key})
	protocols := func(set ...func(*http.Protocols, bool)) *http.Protocols {
		p := new(http.Protocols)
		for _, f := range set {
			f(p, true)
		}
		return p
	}
	trust := &tls.Config{InsecureSkipVerify: true}
	for name, tt := range map[string]struct {
		url  string
		p    *http.Protocols
		want string
	}{
		"HTTP/1.1":             {plain.url, protocols((*http.Protocols).SetHTTP1), "HTTP/1.1 /a"},
		"HTTP/2 without TLS":   {plain.url, protocols((*http.Protocols).SetUnencryptedHTTP2), "HTTP/2.0 /a"},
		"HTTP/1.1 through TLS": {secure.url, protocols((*http.Protocols).SetHTTP1), "HTTP/1.1 /a"},
		"HTTP/2 through TLS":   {secure.url, protocols((*http.Protocols).SetHTTP2), "HTTP/2.0 /a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, &http.Transport{Protocols: tt.p, TLSClientConfig: trust.Clone()})
			resp, body := get(t, c, tt.url+"/a")
			if body != tt.want {
				t.Errorf("got %q, want %q", body, tt.want)
			}
			if resp.Header.Get("X-Request-Id") == "" {
				t.Error("the answer has no request id")
			}
		})
	}
}

// certificate writes a self-signed pair for the name and returns its files.
func certificate(t *testing.T, dir, name string) (certFile, keyFile string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	write(t, certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write(t, keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
	return certFile, keyFile
}

func write(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestCertificateIsRenewed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := certificate(t, dir, "one")
	s := run(t, hello, server.Options{CertFile: cert, KeyFile: key})
	served := func() string {
		conn, err := tls.Dial("tcp", s.Addr().String(), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	eventually := func(want string) {
		t.Helper()
		deadline := time.Now().Add(10 * time.Second)
		for served() != want {
			if time.Now().After(deadline) {
				t.Fatalf("certificate %s is served, want %s", served(), want)
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	eventually("one")
	certificate(t, dir, "two")
	eventually("two")
	write(t, cert, []byte("not a certificate"))
	time.Sleep(1500 * time.Millisecond)
	if got := served(); got != "two" {
		t.Errorf("certificate %s is served after the file was broken, want the one before", got)
	}
	certificate(t, dir, "three")
	eventually("three")
}

func TestNewRejects(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, o := range map[string]server.Options{
		"address is taken":    {Listen: taken.Addr().String()},
		"certificate is gone": {Listen: "127.0.0.1:0", CertFile: "/nowhere.pem", KeyFile: "/nowhere.key"},
		"only a certificate":  {Listen: "127.0.0.1:0", CertFile: "/nowhere.pem"},
	} {
		if _, err := server.New(hello, o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestPanic(t *testing.T) {
	t.Parallel()
	var log syncBuffer
	s := run(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret of the house") }),
		server.Options{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	resp, body := get(t, newClient(t, &http.Transport{}), s.url)
	if resp.StatusCode != 500 || strings.Contains(body, "secret") {
		t.Errorf("status %d: %s", resp.StatusCode, body)
	}
	if !strings.Contains(log.String(), "secret of the house") {
		t.Error("the panic is not in the log")
	}
}

// syncBuffer is a buffer that several goroutines write to.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func TestAccessLog(t *testing.T) {
	t.Parallel()
	for level, want := range map[slog.Level]bool{slog.LevelDebug: true, slog.LevelInfo: false} {
		var log syncBuffer
		s := run(t, hello, server.Options{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: level}))})
		get(t, newClient(t, &http.Transport{}), s.url+"/path?sentry_key=abc")
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		if got := strings.Contains(log.String(), "path=/path status=200 bytes=14"); got != want {
			t.Errorf("level %s: logged %v, want %v:\n%s", level, got, want, log.String())
		}
		if strings.Contains(log.String(), "sentry_key") {
			t.Errorf("the log holds the query:\n%s", log.String())
		}
	}
}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	s := run(t, server.SecurityHeaders(hello), server.Options{})
	resp, _ := get(t, newClient(t, &http.Transport{}), s.url)
	for k, want := range map[string]string{
		"Content-Security-Policy":    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		"Cross-Origin-Opener-Policy": "same-origin", "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff",
	} {
		if got := resp.Header.Get(k); got != want {
			t.Errorf("%s: %q, want %q", k, got, want)
		}
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "seismo_test_total", Help: "A test."}))
	ready := server.NewReadiness(nil,
		server.Check{Name: "catalog", Ready: func(context.Context) error { return nil }},
		server.Check{Name: "queue", Ready: func(context.Context) error {
			if broken.Load() {
				return errors.New("password of the queue")
			}
			return nil
		}},
		server.Check{Name: "blobs", Ready: func(context.Context) error {
			if broken.Load() {
				panic("a defect")
			}
			return nil
		}},
	)
	mux := http.NewServeMux()
	mux.Handle("/healthz", server.Health())
	mux.Handle("/readyz", ready)
	mux.Handle("/metrics", server.Metrics(registry))
	s := run(t, mux, server.Options{Readiness: ready, DrainDelay: 300 * time.Millisecond})
	c := newClient(t, &http.Transport{})
	expect := func(path string, status int, body string) {
		t.Helper()
		resp, got := get(t, c, s.url+path)
		if resp.StatusCode != status || !strings.Contains(got, body) {
			t.Errorf("%s: status %d, body %q; want %d, %q", path, resp.StatusCode, got, status, body)
		}
	}
	expect("/healthz", 200, `{"status":"ok"}`)
	expect("/readyz", 200, `{"status":"ready"}`)
	expect("/metrics", 200, "seismo_test_total 0")
	broken.Store(true)
	expect("/healthz", 200, `{"status":"ok"}`)
	expect("/readyz", 503, `{"status":"not ready","failed":["queue","blobs"]}`)
	broken.Store(false)
	expect("/readyz", 200, `{"status":"ready"}`)

	// While it stops it still answers, and says no, for as long as the delay.
	stopped := make(chan error, 1)
	go func() { stopped <- s.stop() }()
	deadline := time.Now().Add(5 * time.Second)
	for {
		resp, err := c.Get(s.url + "/readyz")
		if err != nil {
			t.Fatalf("it never said that it is stopping: %v", err)
		}
		resp.Body.Close()
		if resp.StatusCode == 503 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it is ready for ever")
		}
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestSlowClients(t *testing.T) {
	t.Parallel()
	read := make(chan error, 1)
	s := run(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		read <- err
	}), server.Options{HeaderTimeout: 200 * time.Millisecond, BodyTimeout: 200 * time.Millisecond})
	for name, head := range map[string]string{
		"headers": "POST / HTTP/1.1\r\nHost: a\r\n",
		"body":    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc",
	} {
		conn, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, head); err != nil {
			t.Fatal(err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: the server waits for ever", name)
		}
		conn.Close()
	}
	if err := <-read; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the handler's read ended with %v", err)
	}
}

// TestStreamHasNoDeadline keeps a stream of events open for longer than any other answer may take.
func TestStreamHasNoDeadline(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	s := run(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c := http.NewResponseController(w)
		for i := 0; ; i++ {
			select {
			case <-end:
				return
			case <-time.After(100 * time.Millisecond):
				fmt.Fprintf(w, "data: %d\n\n", i)
				if err := c.Flush(); err != nil {
					return
				}
			}
		}
	}), server.Options{AnswerTimeout: 200 * time.Millisecond, OnDrain: sync.OnceFunc(func() { close(end) })})
	c := newClient(t, &http.Transport{MaxConnsPerHost: 1})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if lines.Text() == "data: 8" {
			break
		}
	}
	if lines.Err() != nil || lines.Text() != "data: 8" {
		t.Fatalf("the stream ended early: %q, %v", lines.Text(), lines.Err())
	}
	start := time.Now()
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("the stream held up the stop for %v", took)
	}
}

func TestDrainIsBounded(t *testing.T) {
	t.Parallel()
	began, end := make(chan struct{}), make(chan struct{})
	s := run(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(began)
		<-end
	}), server.Options{DrainTimeout: 200 * time.Millisecond})
	defer close(end)
	go func() {
		resp, err := http.Get(s.url)
		if err == nil {
			resp.Body.Close()
		}
	}()
	<-began
	start := time.Now()
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("stopping took %v", took)
	}
}

// TestDrainUnderLoad stops the server while clients send: what was answered with 200 is in the queue, whatever becomes of
// the rest.
func TestDrainUnderLoad(t *testing.T) {
	t.Parallel()
	const key = "0123456789abcdef0123456789abcdef"
	q := &ingesttest.Queue{Before: func(context.Context) error {
		time.Sleep(3 * time.Millisecond) // as long as a disk takes
		return nil
	}}
	door := ingest.New(q, ingesttest.NewKeys(project.Key{ID: 1, Project: 7, Org: 3, Public: key, Enabled: true}), ingest.Options{})
	s := run(t, sentry.New(door, sentry.Options{}), server.Options{OnDrain: door.Drain})

	var mu sync.Mutex
	acknowledged := map[string]bool{}
	enough := make(chan struct{})
	var clients sync.WaitGroup
	for range 32 {
		c := newClient(t, &http.Transport{})
		clients.Go(func() {
			for {
				id := event.NewID().String()
				resp, err := c.Post(s.url+"/api/7/envelope/?sentry_key="+key, "text/plain", strings.NewReader(`{"event_id":"`+id+"\"}\n{\"type\":\"event\"}\n{}\n"))
				if err != nil {
					return // the server has gone
				}
				_, err = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if err != nil || resp.StatusCode != 200 {
					continue
				}
				mu.Lock()
				acknowledged[id] = true
				if len(acknowledged) == 2000 {
					close(enough)
				}
				mu.Unlock()
			}
		})
	}
	<-enough
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	clients.Wait()
	kept := map[string]bool{}
	for _, d := range q.Deliveries(t) {
		kept[d.EventID.String()] = true
	}
	lost := 0
	for id := range acknowledged {
		if !kept[id] {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d acknowledged events are lost", lost, len(acknowledged))
	}
}
