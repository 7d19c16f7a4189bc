//go:build unix

package jetstream

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// serverBinary builds the NATS server of the version that is also in this process, once for all runs of the tests.
var serverBinary = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := filepath.Join(cache, "seismo-test")
	binary := filepath.Join(dir, "nats-server-"+server.VERSION)
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	fresh := fmt.Sprintf("%s.%d", binary, os.Getpid())
	if out, err := exec.Command("go", "build", "-o", fresh, "github.com/nats-io/nats-server/v2").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the NATS server: %w: %s", err, out)
	}
	return binary, os.Rename(fresh, binary)
})

// needServers skips a test when there is no NATS server to run, and fails it where all engines must be tested.
func needServers(t testing.TB) string {
	t.Helper()
	binary, err := serverBinary()
	if err == nil {
		return binary
	}
	if os.Getenv("TEST_ENGINES") == "all" {
		t.Fatalf("no NATS server: %v", err)
	}
	t.Skipf("no NATS server, set TEST_NATS_URL to that of one: %v", err)
	return ""
}

// node is a NATS server in a process of its own.
type node struct {
	name, dir, config string
	client, route     int // ports
	cmd               *exec.Cmd
	alive             io.Closer // the server is killed when this is closed, by us or with this process
}

func (n *node) url() string { return fmt.Sprintf("nats://127.0.0.1:%d", n.client) }

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// startNodes starts a server, or a cluster of several, and stops it when the test ends.
func startNodes(t testing.TB, count int, settings string) []*node {
	t.Helper()
	needServers(t)
	nodes := make([]*node, count)
	var routes []string
	for i := range nodes {
		nodes[i] = &node{name: fmt.Sprintf("n%d", i), dir: t.TempDir(), client: freePort(t), route: freePort(t)}
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", nodes[i].route))
	}
	for _, n := range nodes {
		n.config = fmt.Sprintf("server_name: %s\nlisten: \"127.0.0.1:%d\"\n%s\njetstream { store_dir: %q, sync_interval: always, max_file_store: 8GB, max_memory_store: 256MB }\n",
			n.name, n.client, settings, n.dir)
		if count > 1 {
			n.config += fmt.Sprintf("cluster { name: test, listen: \"127.0.0.1:%d\", routes: [%s] }\n", n.route, strings.Join(routes, ", "))
		}
		n.start(t)
		t.Cleanup(func() {
			n.kill()
			if out, err := os.ReadFile(filepath.Join(n.dir, "server.log")); err == nil && t.Failed() {
				t.Logf("end of the log of server %s:\n%s", n.name, out[max(len(out)-4000, 0):])
			}
		})
	}
	awaitJetStream(t, nodes)
	return nodes
}

func (n *node) start(t testing.TB) {
	t.Helper()
	config := filepath.Join(n.dir, "server.conf")
	if err := os.WriteFile(config, []byte(n.config), 0o600); err != nil {
		t.Fatal(err)
	}
	n.cmd = exec.Command("sh", "-c", `"$@" & pid=$!; read -r _; kill -9 $pid; wait $pid`, "sh",
		needServers(t), "-c", config, "-l", filepath.Join(n.dir, "server.log"))
	var err error
	if n.alive, err = n.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

// kill ends a server as a crash would.
func (n *node) kill() {
	if n.cmd != nil {
		_ = n.alive.Close()
		_ = n.cmd.Wait()
		n.cmd = nil
	}
}

// awaitJetStream waits until all servers answer for JetStream: a cluster needs a moment to find a leader.
func awaitJetStream(t testing.TB, nodes []*node) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for _, n := range nodes {
		for {
			nc, err := nats.Connect(n.url())
			if err == nil {
				_, err = nc.Request("$JS.API.INFO", nil, time.Second)
				if err == nil {
					var m *nats.Msg
					m, err = nc.Request("$JS.API.STREAM.NAMES", nil, 2*time.Second)
					if err == nil && strings.Contains(string(m.Data), `"error"`) {
						err = fmt.Errorf("%s", m.Data)
					}
				}
				nc.Close()
			}
			if err == nil {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("NATS server %s does not answer: %v", n.name, err)
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
}

// serverURL is one server for all tests that need no more than that.
func serverURL(t testing.TB) string {
	t.Helper()
	if url := os.Getenv("TEST_NATS_URL"); url != "" {
		return url
	}
	return startNodes(t, 1, "max_payload: 24MB")[0].url()
}

// openURL opens a log at a server, and removes it when the test ends.
func openURL(t testing.TB, url string, o Options) *Queue {
	t.Helper()
	q, err := Open(context.Background(), url, o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := q.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return q
}
