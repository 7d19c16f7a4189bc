package faultlog_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seismohq/seismo/fault/faultlog"
)

type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func open(t *testing.T, path string, o faultlog.RotateOptions) *faultlog.RotatingFile {
	t.Helper()
	f, err := faultlog.OpenRotating(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func write(t *testing.T, w io.Writer, s string) {
	t.Helper()
	if n, err := io.WriteString(w, s); err != nil || n != len(s) {
		t.Fatal(n, err)
	}
}

// contents maps the names in the file's directory to what they hold, gzip undone.
func contents(t *testing.T, path string) map[string]string {
	t.Helper()
	out := map[string]string{}
	names, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		b, err := os.ReadFile(filepath.Join(filepath.Dir(path), n.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(n.Name(), ".gz") {
			zr, err := gzip.NewReader(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			if b, err = io.ReadAll(zr); err != nil {
				t.Fatal(err)
			}
		}
		if fi, err := n.Info(); err != nil || fi.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", n.Name(), fi.Mode())
		}
		out[n.Name()] = string(b)
	}
	return out
}

func equal(t *testing.T, got, want map[string]string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("files %q, want %q", got, want)
	}
}

func TestRotateBySize(t *testing.T) {
	t.Parallel()
	for _, gz := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "new", "app.log")
		f := open(t, path, faultlog.RotateOptions{MaxBytes: 10, Backups: 2, Compress: gz})
		for _, s := range []string{"aaaa\n", "bbbb\n", "cccc\n", "an oversize record stays whole\n", "dddd\n", "eeee\n", "ffff\n"} {
			write(t, f, s)
		}
		ext := ""
		if gz {
			ext = ".gz"
		}
		equal(t, contents(t, path), map[string]string{"app.log": "ffff\n", "app.log.1" + ext: "dddd\neeee\n", "app.log.2" + ext: "an oversize record stays whole\n"})
	}
}

func TestRotateByAge(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "app.log")
	c := &clock{time.Now()}
	f := open(t, path, faultlog.RotateOptions{MaxAge: time.Hour, Now: c.now})
	write(t, f, "a\n")
	c.t = c.t.Add(59 * time.Minute)
	write(t, f, "b\n")
	c.t = c.t.Add(time.Minute)
	write(t, f, "c\n")
	equal(t, contents(t, path), map[string]string{"app.log": "c\n", "app.log.1": "a\nb\n"})
}

func TestRotateContinuesExistingFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "app.log")
	f := open(t, path, faultlog.RotateOptions{MaxBytes: 10})
	write(t, f, "aaaa\n")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("x")); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
	f = open(t, path, faultlog.RotateOptions{MaxBytes: 10})
	write(t, f, "bbbb\n")
	write(t, f, "cccc\n")
	equal(t, contents(t, path), map[string]string{"app.log": "cccc\n", "app.log.1": "aaaa\nbbbb\n"})
}

func TestRotateWithoutBackups(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "app.log")
	f := open(t, path, faultlog.RotateOptions{MaxBytes: 6, Backups: -1})
	write(t, f, "aaaa\n")
	write(t, f, "bbbb\n")
	equal(t, contents(t, path), map[string]string{"app.log": "bbbb\n"})
}

func TestRotateNever(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "app.log")
	f := open(t, path, faultlog.RotateOptions{MaxBytes: -1})
	want := ""
	for range 30 {
		s := strings.Repeat("a", faultlog.DefaultMaxBytes/20)
		write(t, f, s)
		want += s
	}
	equal(t, contents(t, path), map[string]string{"app.log": want})
}

func TestRotateFollowsRename(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "app.log")
	c := &clock{time.Now()}
	f := open(t, path, faultlog.RotateOptions{Now: c.now})
	write(t, f, "a\n")
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	write(t, f, "b\n") // within the same second
	c.t = c.t.Add(time.Second)
	write(t, f, "c\n")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	f.Reopen() // what SIGHUP asks for
	write(t, f, "d\n")
	equal(t, contents(t, path), map[string]string{"app.log": "d\n", "app.log.old": "a\nb\n"})
}

// Records count more than size: when the directory forbids renaming, writing goes on, and trouble is told once.
func TestRotateTrouble(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "app.log")
	var stderr bytes.Buffer
	c := &clock{time.Now()}
	f := open(t, path, faultlog.RotateOptions{MaxBytes: 6, Backups: 1, Now: c.now, Stderr: &stderr})
	// A directory that is not empty in the place of the backup can neither be removed nor overwritten.
	if err := os.MkdirAll(filepath.Join(path+".1", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"aaaa\n", "bbbb\n", "cccc\n"} {
		write(t, f, s)
		c.t = c.t.Add(45 * time.Second) // more than one retry
	}
	b, err := os.ReadFile(path)
	if err != nil || string(b) != "aaaa\nbbbb\ncccc\n" {
		t.Errorf("%q %v", b, err)
	}
	if n := strings.Count(stderr.String(), "\n"); n != 1 || !strings.Contains(stderr.String(), "faultlog: rotate "+path) {
		t.Errorf("told %d times: %s", n, &stderr)
	}
	if err := os.RemoveAll(path + ".1"); err != nil {
		t.Fatal(err)
	}
	c.t = c.t.Add(2 * time.Minute)
	write(t, f, "dddd\n")
	equal(t, contents(t, path), map[string]string{"app.log": "dddd\n", "app.log.1": "aaaa\nbbbb\ncccc\n"})
}

func TestRotateFullDisk(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("needs /dev/full")
	}
	var stderr bytes.Buffer
	f := open(t, "/dev/full", faultlog.RotateOptions{MaxBytes: -1, Stderr: &stderr})
	for range 3 {
		if _, err := f.Write([]byte("x\n")); err == nil {
			t.Fatal("a full disk takes a record")
		}
	}
	if n := strings.Count(stderr.String(), "\n"); n != 1 {
		t.Errorf("told %d times: %s", n, &stderr)
	}
}

func TestRotateKeepsEveryRecord(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "app.log")
	f := open(t, path, faultlog.RotateOptions{MaxBytes: 2000, Backups: 100})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 500 {
				if _, err := fmt.Fprintf(f, "%d-%03d\n", g, i); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	var got []string
	for _, s := range contents(t, path) {
		if len(s) > 2000 {
			t.Errorf("a file of %d bytes", len(s))
		}
		got = append(got, strings.Fields(s)...)
	}
	slices.Sort(got)
	if len(slices.Compact(got)) != 2000 {
		t.Errorf("%d records", len(got))
	}
}
