package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seismohq/seismo/client"
)

// binary is the built seismo.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "seismo-e2e")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "seismo")
	build := exec.Command("go", "build", "-o", binary, "../cmd/seismo")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build seismo: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// required fails the test when every engine is required, and skips it otherwise.
func required(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("TEST_ENGINES") == "all" {
		t.Fatalf("TEST_ENGINES=all, but %s", why)
	}
	t.Skip("skip: " + why)
}

const token = "seismo_e2e_token_0123456789abcdef"

// server is one running seismo.
type server struct {
	t       *testing.T
	data    string
	address string
	env     []string
	cmd     *exec.Cmd
	log     *lockedBuffer
	out     *lockedBuffer
	exited  chan struct{}
	api     *client.Client
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// newServer prepares a server on a free port; start starts it. The test stops it at its end.
func newServer(t *testing.T, data string, env ...string) *server {
	t.Helper()
	s := &server{t: t, data: data, address: freeAddress(t), env: env}
	var err error
	if s.api, err = client.New("http://"+s.address, token, &http.Client{Timeout: 20 * time.Second}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.running() {
			s.kill()
		}
		if t.Failed() {
			t.Logf("log of the server:\n%s", tail(s.log.String(), 6000))
		}
	})
	return s
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// start starts the process and waits until it is ready.
func (s *server) start(args ...string) {
	s.t.Helper()
	s.launch(args...)
	deadline := time.Now().Add(30 * time.Second)
	for {
		resp, err := http.Get("http://" + s.address + "/readyz")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-s.exited:
			s.t.Fatalf("the server ended: %v\n%s%s", s.cmd.ProcessState, s.out, s.log)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("the server is not ready\n%s%s", s.out, s.log)
		}
	}
}

func (s *server) launch(args ...string) {
	s.t.Helper()
	s.cmd = exec.Command(binary, append([]string{"serve", "--data", s.data, "--listen", s.address}, args...)...)
	s.cmd.Env = append(append(os.Environ(),
		"SEISMO_ADMIN_EMAIL=admin@example.org", "SEISMO_ADMIN_PASSWORD=correct horse battery staple", "SEISMO_ADMIN_TOKEN="+token,
	), s.env...)
	if s.log == nil {
		s.log = &lockedBuffer{}
	}
	s.out = &lockedBuffer{}
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.exited = make(chan struct{})
	go func(cmd *exec.Cmd, exited chan struct{}) {
		_ = cmd.Wait()
		close(exited)
	}(s.cmd, s.exited)
}

func (s *server) running() bool {
	if s.cmd == nil {
		return false
	}
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

// kill ends the process at once, as a power cut would.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	<-s.exited
}

// stop asks the process to end and returns its exit status.
func (s *server) stop() int {
	s.t.Helper()
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(45 * time.Second):
		s.t.Error("the server did not end within 45 s of SIGTERM")
		s.kill()
	}
	return s.cmd.ProcessState.ExitCode()
}

// project makes a project and returns it with its DSN.
func (s *server) project(name, platform string) (client.Project, client.DSN) {
	s.t.Helper()
	p, err := s.api.CreateProject(s.t.Context(), name, platform)
	if err != nil {
		s.t.Fatal(err)
	}
	d, err := client.ParseDSN(p.Keys[0].DSN)
	if err != nil {
		s.t.Fatal(err)
	}
	return p, d
}

// eventually repeats check until it returns nil.
func eventually(t *testing.T, within time.Duration, check func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %v", within, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// issues returns all issues of a project.
func (s *server) issues(project string) ([]client.Issue, error) {
	var all []client.Issue
	q := client.IssueQuery{Project: project, Sort: "first_seen", Limit: 500}
	for {
		page, err := s.api.ListIssues(s.t.Context(), q)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return all, nil
		}
	}
}

// outcomes adds up the outcomes of a project by "outcome" or "outcome:reason".
func (s *server) outcomes(project string) (map[string]int64, error) {
	list, err := s.api.ListOutcomes(s.t.Context(), project, time.Now().Add(-24*time.Hour))
	sums := map[string]int64{}
	for _, o := range list {
		key := o.Outcome
		if o.Reason != "" {
			key += ":" + o.Reason
		}
		sums[key] += o.Quantity
	}
	return sums, err
}

// post sends a body and returns the answer.
func post(t *testing.T, ctx context.Context, url string, body io.Reader, header http.Header) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, body)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, strings.TrimSpace(string(b))
}
