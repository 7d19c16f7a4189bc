// Package pgtest gives tests a real PostgreSQL: one server per test binary, one database per test.
package pgtest

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

type server struct {
	url  string // without database
	why  string // why there is none
	stop func()
}

var (
	start   sync.Once
	running server
	count   atomic.Int64
)

// Run runs the tests of a package and stops the server that they may have started. Call it from TestMain.
func Run(m *testing.M) {
	code := m.Run()
	if running.stop != nil {
		running.stop()
	}
	os.Exit(code)
}

// URL returns the address of an empty database. The server is the one at TEST_POSTGRES_URL, or Debian's, started on a
// free port of the loopback address. Without either the test is skipped, or fails when TEST_ENGINES is "all".
func URL(t testing.TB) string {
	t.Helper()
	start.Do(func() {
		if url := os.Getenv("TEST_POSTGRES_URL"); url != "" {
			running.url = strings.TrimRight(url, "/")
			return
		}
		running = launch()
	})
	if running.why != "" {
		if os.Getenv("TEST_ENGINES") == "all" {
			t.Fatal("TEST_ENGINES=all, but there is no PostgreSQL: " + running.why)
		}
		t.Skip("skip: no PostgreSQL: " + running.why)
	}
	name := fmt.Sprintf("seismo_test_%d_%d", os.Getpid(), count.Add(1))
	db, err := sql.Open("pgx", running.url+"/postgres")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.Background(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return running.url + "/" + name
}

// launch starts Debian's server as somebody who is not root, which the server refuses to be.
func launch() server {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return server{why: "the package postgresql is not installed and TEST_POSTGRES_URL is not set"}
	}
	bin := filepath.Dir(found[len(found)-1])
	dir, err := os.MkdirTemp("", "seismo-pg")
	if err != nil {
		return server{why: err.Error()}
	}
	fail := func(what string, err error, out []byte) server {
		_ = os.RemoveAll(dir)
		return server{why: fmt.Sprintf("%s: %v %s", what, err, out)}
	}
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir = dir
		unprivileged(cmd)
		return cmd
	}
	if err := own(dir); err != nil {
		return fail("give the directory away", err, nil)
	}
	data := filepath.Join(dir, "data")
	if out, err := run("initdb", "-D", data, "-U", "seismo", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C").CombinedOutput(); err != nil {
		return fail("initdb", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fail("find a port", err, nil)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	cmd := run("postgres", "-D", data, "-p", strconv.Itoa(port), "-k", dir, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=200")
	if err := cmd.Start(); err != nil {
		return fail("start", err, nil)
	}
	s := server{url: fmt.Sprintf("postgres://seismo@127.0.0.1:%d", port)}
	s.stop = func() {
		_ = cmd.Process.Signal(os.Interrupt) // fast shutdown
		_ = cmd.Wait()
		_ = os.RemoveAll(dir)
	}
	db, err := sql.Open("pgx", s.url+"/postgres")
	if err != nil {
		return fail("connect", err, nil)
	}
	defer db.Close()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		err := db.PingContext(context.Background())
		if err == nil {
			return s
		}
		if time.Now().After(deadline) {
			s.stop()
			return fail("wait for it", err, nil)
		}
	}
}
