// Package disk keeps blobs as files of one directory. A blob is written beside its place and moved there once it is on
// disk, so that a crash leaves the old one or the new one.
package disk

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/blob"
)

// temporary is where blobs are written before they are moved to their place. No key can name it, because no segment of a
// key begins with a dot alone: see blob.CheckKey.
const temporary = ".tmp"

// Store keeps blobs below one directory.
type Store struct{ root string }

var _ blob.Store = (*Store)(nil)

// Open opens the directory, and makes it when it does not exist. What a crash left half written is removed.
func Open(dir string) (*Store, error) {
	tmp := filepath.Join(dir, temporary)
	if err := os.RemoveAll(tmp); err != nil {
		return nil, failed(err, "remove unfinished blobs")
	}
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		return nil, failed(err, "make the directory of blobs")
	}
	return &Store{root: dir}, nil
}

func (s *Store) path(key string) (string, error) {
	if err := blob.CheckKey(key); err != nil {
		return "", err
	}
	return filepath.Join(s.root, filepath.FromSlash(key)), nil
}

// Put implements blob.Store.
func (s *Store) Put(ctx context.Context, key string, r io.Reader) (blob.Info, error) {
	path, err := s.path(key)
	if err != nil {
		return blob.Info{}, err
	}
	f, err := os.CreateTemp(filepath.Join(s.root, temporary), "put-*")
	if err != nil {
		return blob.Info{}, failed(err, "begin a blob")
	}
	defer func() { fault.Ignore(os.Remove(f.Name()), "a blob in its place has left nothing here") }()
	_, err = io.Copy(f, reader{ctx, r})
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return blob.Info{}, failed(err, "write a blob")
	}
	dir := filepath.Dir(path)
	if err := s.makeDir(dir); err != nil {
		return blob.Info{}, failed(err, "make the directory of a blob")
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return blob.Info{}, failed(err, "put a blob in its place")
	}
	if err := syncDir(dir); err != nil {
		return blob.Info{}, failed(err, "put a blob in its place")
	}
	info, err := os.Stat(path)
	if err != nil {
		return blob.Info{}, failed(err, "look at a blob")
	}
	return blob.Info{Key: key, Size: info.Size(), Modified: info.ModTime()}, nil
}

// reader ends with its context.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}

// makeDir makes a directory and those above it, each durable in the one that holds it.
func (s *Store) makeDir(dir string) error {
	err := os.Mkdir(dir, 0o700)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		if err := s.makeDir(filepath.Dir(dir)); err != nil {
			return err
		}
		return s.makeDir(dir)
	case err != nil:
		return err
	}
	return syncDir(filepath.Dir(dir))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { fault.Ignore(d.Close(), "nothing was written through it") }()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}

// Get implements blob.Store.
func (s *Store) Get(_ context.Context, key string) (io.ReadSeekCloser, blob.Info, error) {
	path, err := s.path(key)
	if err != nil {
		return nil, blob.Info{}, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, blob.Info{}, failed(err, "open a blob")
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fs.ErrNotExist
	}
	if err != nil {
		fault.Ignore(f.Close(), "it is not read")
		return nil, blob.Info{}, failed(err, "look at a blob")
	}
	return f, blob.Info{Key: key, Size: info.Size(), Modified: info.ModTime()}, nil
}

// Delete implements blob.Store. Directories that it leaves empty are removed, too.
func (s *Store) Delete(_ context.Context, key string) error {
	path, err := s.path(key)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed(err, "delete a blob")
	}
	for dir := filepath.Dir(path); dir != filepath.Clean(s.root); dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil { // not empty, most often
			break
		}
	}
	return nil
}

// List implements blob.Store.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		s.walk(ctx, "", prefix, yield)
	}
}

// walk yields what is below dir, a key with a slash at its end or "", and reports whether to go on. Names are compared as
// parts of keys: "a.b" stands before "a/b".
func (s *Store) walk(ctx context.Context, dir, prefix string, yield func(blob.Info, error) bool) bool {
	entries, err := os.ReadDir(filepath.Join(s.root, filepath.FromSlash(dir)))
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		yield(blob.Info{}, failed(err, "list blobs"))
		return false
	}
	sortAsKeys(entries)
	for _, e := range entries {
		key := dir + e.Name()
		switch {
		case dir == "" && e.Name() == temporary:
		case e.IsDir():
			below := key + "/"
			if (strings.HasPrefix(below, prefix) || strings.HasPrefix(prefix, below)) && !s.walk(ctx, below, prefix, yield) {
				return false
			}
		case strings.HasPrefix(key, prefix):
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue // deleted meanwhile
			}
			if err != nil {
				yield(blob.Info{}, failed(err, "list blobs"))
				return false
			}
			if !yield(blob.Info{Key: key, Size: info.Size(), Modified: info.ModTime()}, nil) {
				return false
			}
		}
	}
	return true
}

// Ready implements blob.Store.
func (s *Store) Ready(context.Context) error {
	_, err := os.Stat(filepath.Join(s.root, temporary))
	return failed(err, "look at the directory of blobs")
}

// Close implements blob.Store.
func (s *Store) Close() error { return nil }

// failed gives an error of the file system its code.
func failed(err error, what string, attrs ...slog.Attr) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fault.Wrap(fault.With(err, fault.WithCode(fault.NotFound)), what, attrs...)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EIO), errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.EROFS):
		return fault.Wrap(fault.With(err, fault.WithCode(fault.Unavailable)), what, attrs...)
	}
	return fault.Wrap(err, what, attrs...)
}
