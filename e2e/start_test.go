package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seismohq/seismo/client"
)

// TestFirstStart starts with no configuration but the port, as a newcomer does.
func TestFirstStart(t *testing.T) {
	s := newServer(t, t.TempDir())
	cmd := exec.Command(binary, "serve", "--data", s.data, "--listen", s.address)
	out := &lockedBuffer{}
	s.log, s.out = &lockedBuffer{}, out
	cmd.Stdout, cmd.Stderr = out, s.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.cmd, s.exited = cmd, make(chan struct{})
	go func() { _ = cmd.Wait(); close(s.exited) }()
	var dsn, link string
	eventually(t, 20*time.Second, func() error {
		dsn = regexp.MustCompile(`http://[0-9a-f]{32}@localhost:\d+/\d+`).FindString(out.String())
		link = regexp.MustCompile(`http://localhost:\d+/setup\S+`).FindString(out.String())
		if dsn == "" || link == "" {
			return os.ErrNotExist
		}
		return nil
	})
	d, err := client.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.SendEvent(t.Context(), http.DefaultClient, d, "", []byte(`{"message":"first"}`)); err == nil {
		t.Log("an event without id is taken")
	}
	resp, err := http.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("setup link answers %d", resp.StatusCode)
	}
	if code := s.stop(); code != 0 {
		t.Errorf("exit status %d", code)
	}
}

// TestSecondServer starts two servers on one directory: the second refuses and says who holds it.
func TestSecondServer(t *testing.T) {
	s := newServer(t, t.TempDir())
	s.start()
	cmd := exec.Command(binary, "serve", "--data", s.data, "--listen", freeAddress(t))
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "in use by process ") {
		t.Errorf("second server: %v\n%s", err, out)
	}
	if !s.running() {
		t.Error("the first server ended")
	}
}

// TestBadConfiguration ends with one line and status 2.
func TestBadConfiguration(t *testing.T) {
	cmd := exec.Command(binary, "serve", "--data", t.TempDir())
	cmd.Env = append(os.Environ(), "SEISMO_QUEUE_MAX_BYTES=lots")
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 2 || strings.Count(string(out), "\n") != 1 || !strings.Contains(string(out), "queue-max-bytes") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestHealth asks the operator's pages.
func TestHealth(t *testing.T) {
	s := newServer(t, t.TempDir())
	s.start()
	for path, want := range map[string]string{"/healthz": "", "/readyz": "", "/metrics": "seismo_ingest_"} {
		resp, err := http.Get("http://" + s.address + path)
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 1<<20)
		n, _ := resp.Body.Read(b)
		_ = resp.Body.Close()
		if resp.StatusCode != 200 || !strings.Contains(string(b[:n]), want) && path != "/metrics" {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}

// TestCommands runs the client commands against a server.
func TestCommands(t *testing.T) {
	s := newServer(t, t.TempDir())
	s.start()
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.Command(binary, args...)
		cmd.Env = append(os.Environ(), "SEISMO_URL=http://"+s.address, "SEISMO_TOKEN="+token)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("seismo %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	created := run("project", "create", "Web shop", "--platform", "node")
	if list := run("project", "list"); !strings.Contains(list, "web-shop") || !strings.Contains(created, "web-shop") {
		t.Errorf("project list:\n%s", list)
	}
	dsn := regexp.MustCompile(`http://\S+`).FindString(created)
	if id := strings.TrimSpace(run("send", "--dsn", dsn, "hello from the shell")); len(id) != 32 {
		t.Errorf("send printed %q", id)
	}
	eventually(t, 10*time.Second, func() error {
		_, err := s.issues("web-shop")
		return err
	})
	if out := run("user", "create", "ada@example.org", "--name", "Ada"); !strings.Contains(out, "http://") {
		t.Errorf("user create:\n%s", out)
	}
	if out := run("version"); !strings.HasPrefix(out, "seismo ") {
		t.Errorf("version: %s", out)
	}
	if out := run("config"); !strings.Contains(out, "queue-max-bytes") {
		t.Errorf("config:\n%s", out)
	}
	var report struct {
		Acknowledged int64 `json:"acknowledged"`
		Stored       int64 `json:"stored"`
		Missing      int64 `json:"acknowledged_minus_stored"`
	}
	out := run("bench", "--dsn", dsn, "--duration", "1s", "--connections", "8", "--issues", "10", "--json")
	if err := json.Unmarshal([]byte(out), &report); err != nil || report.Acknowledged == 0 || report.Missing != 0 {
		t.Errorf("bench: %v\n%s", err, out)
	}
}

// TestRealEvents sends every sample event, by envelope and by store: each is taken, stored and shown.
func TestRealEvents(t *testing.T) {
	s := newServer(t, t.TempDir())
	s.start()
	files, err := filepath.Glob("../testdata/events/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no sample events: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, form := range []string{"store", "envelope"} {
				p, dsn := s.project(name+" "+form, "")
				body := string(b)
				if form == "envelope" {
					body = "{}\n{\"type\":\"event\"}\n" + strings.ReplaceAll(body, "\n", " ") + "\n"
				}
				resp, answer := post(t, t.Context(), strings.Replace(dsn.EnvelopeURL(), "envelope", form, 1), strings.NewReader(body), http.Header{"X-Sentry-Auth": {dsn.Auth("e2e/1")}})
				if resp.StatusCode != 200 {
					t.Fatalf("%s: status %d: %s", form, resp.StatusCode, answer)
				}
				eventually(t, 10*time.Second, func() error {
					issues, err := s.issues(p.Slug)
					if err != nil {
						return err
					}
					if len(issues) != 1 || issues[0].Title == "" {
						return os.ErrNotExist
					}
					return nil
				})
			}
		})
	}
}
