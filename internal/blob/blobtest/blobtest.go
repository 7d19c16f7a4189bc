// Package blobtest holds every blob engine to the promises of blob.Store.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/blob"
)

// Run runs the suite. open is given the same directory again where a test reopens.
func Run(t *testing.T, open func(t *testing.T, dir string) blob.Store) {
	put := func(t *testing.T, s blob.Store, key, content string) {
		t.Helper()
		info, err := s.Put(t.Context(), key, strings.NewReader(content))
		if err != nil || info.Key != key || info.Size != int64(len(content)) || info.Modified.IsZero() {
			t.Fatalf("Put(%q) = %+v, %v", key, info, err)
		}
	}
	get := func(t *testing.T, s blob.Store, key string) string {
		t.Helper()
		r, info, err := s.Get(t.Context(), key)
		if err != nil {
			t.Fatalf("Get(%q): %v", key, err)
		}
		defer r.Close()
		b, err := io.ReadAll(r)
		if err != nil || info.Size != int64(len(b)) {
			t.Fatalf("Get(%q): %d bytes of %d, %v", key, len(b), info.Size, err)
		}
		return string(b)
	}
	wantCode := func(t *testing.T, err error, want fault.Code) {
		t.Helper()
		if fault.CodeOf(err) != want || err == nil {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	run := func(name string, test func(t *testing.T, dir string, s blob.Store)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := open(t, dir)
			test(t, dir, s)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}

	run("a blob is there after Put and after reopening", func(t *testing.T, dir string, s blob.Store) {
		put(t, s, "a/b.txt", "hello")
		put(t, s, "empty", "")
		for range 2 {
			if got := get(t, s, "a/b.txt") + get(t, s, "empty"); got != "hello" {
				t.Errorf("got %q", got)
			}
			if err := s.Ready(t.Context()); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, dir)
		}
	})
	run("a blob can be read in parts", func(t *testing.T, _ string, s blob.Store) {
		put(t, s, "x", "0123456789")
		r, _, err := s.Get(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		b := make([]byte, 3)
		if _, err := r.Seek(4, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r, b); err != nil || string(b) != "456" {
			t.Errorf("read %q, %v", b, err)
		}
	})
	run("Put replaces in one step", func(t *testing.T, _ string, s blob.Store) {
		old, replaced := strings.Repeat("a", 1<<16), strings.Repeat("b", 1<<16)
		put(t, s, "x", old)
		var wg sync.WaitGroup
		wg.Go(func() {
			for range 50 {
				if _, err := s.Put(context.WithoutCancel(t.Context()), "x", strings.NewReader(replaced)); err != nil {
					t.Error(err)
				}
			}
		})
		for range 50 {
			if got := get(t, s, "x"); got != old && got != replaced {
				t.Error("a reader saw neither the old nor the new blob")
			}
		}
		wg.Wait()
	})
	run("Put of a reader that fails writes nothing", func(t *testing.T, _ string, s blob.Store) {
		broken := errors.New("broken")
		_, err := s.Put(t.Context(), "x", io.MultiReader(strings.NewReader("half"), errReader{broken}))
		if !errors.Is(err, broken) {
			t.Errorf("Put = %v", err)
		}
		_, _, err = s.Get(t.Context(), "x")
		wantCode(t, err, fault.NotFound)
		for info := range s.List(t.Context(), "") {
			t.Errorf("left behind: %+v", info)
		}
	})
	run("Put ends with its context", func(t *testing.T, _ string, s blob.Store) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.Put(ctx, "x", bytes.NewReader(make([]byte, 1<<20)))
		wantCode(t, err, fault.Canceled)
	})
	run("a blob that does not exist is NotFound, and deleting it no error", func(t *testing.T, _ string, s blob.Store) {
		put(t, s, "a/b", "x")
		for _, key := range []string{"nope", "a", "a/b/c"} {
			if key == "a/b/c" {
				continue // below a blob: engines with directories cannot hold it
			}
			_, _, err := s.Get(t.Context(), key)
			wantCode(t, err, fault.NotFound)
		}
		for range 2 {
			if err := s.Delete(t.Context(), "a/b"); err != nil {
				t.Error(err)
			}
		}
		_, _, err := s.Get(t.Context(), "a/b")
		wantCode(t, err, fault.NotFound)
	})
	run("a bad key is Validation", func(t *testing.T, _ string, s blob.Store) {
		for _, key := range []string{"", "/", "a/", "/a", "a//b", ".", "..", "../a", "a/../b", ".tmp", ".tmp/x", "a b", "ä", `a\b`, "a\x00b", strings.Repeat("a", blob.MaxKeyBytes+1)} {
			_, err := s.Put(t.Context(), key, strings.NewReader("x"))
			wantCode(t, err, fault.Validation)
			_, _, err = s.Get(t.Context(), key)
			wantCode(t, err, fault.Validation)
			wantCode(t, s.Delete(t.Context(), key), fault.Validation)
		}
	})
	run("List yields what begins with the prefix in the order of keys", func(t *testing.T, _ string, s blob.Store) {
		for _, key := range []string{"a/b", "a.b", "a-b", "a/c/d", "b", "a/bb"} {
			put(t, s, key, key)
		}
		for prefix, want := range map[string][]string{
			"":     {"a-b", "a.b", "a/b", "a/bb", "a/c/d", "b"},
			"a/":   {"a/b", "a/bb", "a/c/d"},
			"a/b":  {"a/b", "a/bb"},
			"a/c/": {"a/c/d"},
			"zz":   nil,
		} {
			var got []string
			for info, err := range s.List(t.Context(), prefix) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, info.Key)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("List(%q) (-want +got):\n%s", prefix, diff)
			}
		}
	})
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }
