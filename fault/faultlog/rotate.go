package faultlog

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/seismohq/seismo/fault"
)

// Defaults of [RotateOptions].
const (
	DefaultMaxBytes = 1 << 20
	DefaultBackups  = 5
)

// RotateOptions of [OpenRotating].
type RotateOptions struct {
	MaxBytes int64         // a file is rotated before a write would pass this size; 0 means DefaultMaxBytes, negative never
	MaxAge   time.Duration // and when it was begun this long ago; 0 means never
	Backups  int           // old files kept, as path.1 (the newest) to path.N; 0 means DefaultBackups, negative none
	Compress bool          // gzip old files: path.1.gz; done while rotating, about 20 ms a megabyte
	Now      func() time.Time
	Stderr   io.Writer // where trouble is reported; nil means standard error
}

// RotatingFile is a log file that is replaced when it grows too large or old. It is safe for concurrent use and needs no
// goroutine. Each Write ends up whole in one file, even when larger than MaxBytes. When the file is renamed or removed from
// outside, as logrotate does, it is opened anew within a second.
//
// A file that cannot be rotated goes on to be written: records count more than size. The first failure of a series is
// reported to standard error, since a log cannot log it.
type RotatingFile struct {
	path string
	o    RotateOptions

	mu      sync.Mutex
	f       *os.File
	size    int64
	begun   time.Time
	checked time.Time // when the path was last compared with the open file
	retry   time.Time // no rotation before, after one failed
	torn    bool      // the last write was cut short
	failing bool      // reported already
	closed  bool
}

// checkEvery bounds how long records go into a file that was renamed from outside.
const checkEvery = time.Second

// OpenRotating opens or creates the file with mode 0600, and its directory with 0700 when missing. The age of an existing
// file counts from its last change.
func OpenRotating(path string, o RotateOptions) (*RotatingFile, error) {
	if o.MaxBytes == 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.Backups == 0 {
		o.Backups = DefaultBackups
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Stderr == nil {
		o.Stderr = os.Stderr
	}
	r := &RotatingFile{path: path, o: o}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fault.Wrap(err, "create log directory", slog.String("path", path))
	}
	if err := r.open(); err != nil {
		return nil, fault.Wrap(err, "open log file", slog.String("path", path))
	}
	return r, nil
}

func (r *RotatingFile) open() error {
	f, err := os.OpenFile(r.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	fi, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	now := r.o.Now()
	r.f, r.size, r.begun, r.checked, r.torn = f, fi.Size(), now, now, false
	if r.size > 0 {
		r.begun = fi.ModTime()
	}
	return nil
}

// Write appends p, rotating first when needed.
func (r *RotatingFile) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return 0, os.ErrClosed
	}
	if r.f == nil {
		if err := r.open(); err != nil {
			return 0, err
		}
	}
	now := r.o.Now()
	if now.Sub(r.checked) >= checkEvery {
		r.checked = now
		r.follow()
	}
	full := r.o.MaxBytes > 0 && r.size > 0 && r.size+int64(len(p)) > r.o.MaxBytes
	old := r.o.MaxAge > 0 && r.size > 0 && now.Sub(r.begun) >= r.o.MaxAge
	if (full || old) && !now.Before(r.retry) {
		if err := r.rotate(); err != nil {
			r.retry = now.Add(time.Minute)
			r.trouble("rotate", err)
		}
		if r.f == nil {
			return 0, fault.New(fault.Unavailable, "log file cannot be opened", slog.String("path", r.path))
		}
	}
	if r.torn {
		// The rest of a cut record is lost; a line break keeps it from swallowing this one.
		if _, err := r.f.Write([]byte{'\n'}); err == nil {
			r.torn = false
			r.size++
		}
	}
	n, err := r.f.Write(p)
	r.size += int64(n)
	if err != nil {
		r.torn = r.torn || n > 0 && n < len(p)
		r.trouble("write", err)
		return n, err
	}
	if now.After(r.retry) {
		r.failing = false
	}
	return n, nil
}

// follow opens the path anew when it no longer is the open file.
func (r *RotatingFile) follow() {
	was, err := r.f.Stat()
	if err != nil {
		return // the write will tell
	}
	is, err := os.Stat(r.path)
	if err == nil && os.SameFile(was, is) {
		r.size = is.Size() // truncated from outside, or written by another process too
		return
	}
	r.reopen()
}

func (r *RotatingFile) reopen() {
	old := r.f
	if err := r.open(); err != nil {
		r.f = old // better the renamed file than none
		r.trouble("reopen", err)
		return
	}
	fault.Ignore(old.Close(), "written and renamed away")
}

// Reopen opens the path anew, for programs that are told by SIGHUP that their log was moved.
func (r *RotatingFile) Reopen() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.f != nil {
		r.reopen()
	}
}

func (r *RotatingFile) rotate() error {
	if r.o.Backups < 0 {
		err := r.f.Truncate(0)
		if err == nil {
			r.size, r.begun = 0, r.o.Now()
		}
		return err
	}
	// From the oldest on, so that an interrupted rotation leaves a gap and never overwrites.
	for i := r.o.Backups; i >= 1; i-- {
		for _, ext := range []string{"", ".gz"} {
			from := r.backup(i) + ext
			var err error
			if i == r.o.Backups {
				err = os.Remove(from)
			} else {
				err = os.Rename(from, r.backup(i+1)+ext)
			}
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	old := r.f
	if runtime.GOOS == "windows" { // where an open file cannot be renamed
		fault.Ignore(old.Close(), "opened anew below")
		r.f = nil
	}
	err := os.Rename(r.path, r.backup(1))
	if err != nil && r.f != nil {
		return err // and go on with the file as it is
	}
	if oerr := r.open(); oerr != nil {
		return errors.Join(err, oerr)
	}
	fault.Ignore(old.Close(), "written and renamed away")
	if err == nil && r.o.Compress {
		err = compress(r.backup(1))
	}
	return err
}

func (r *RotatingFile) backup(i int) string { return r.path + "." + strconv.Itoa(i) }

// compress replaces a file by its gzip, through a temporary name so that a crash leaves one of the two.
func compress(path string) (err error) {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { fault.Ignore(in.Close(), "only read") }()
	tmp := path + ".gz.tmp"
	out, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	zw := gzip.NewWriter(out)
	_, err = io.Copy(zw, in)
	if err = errors.Join(err, zw.Close(), out.Close()); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	if err := os.Rename(tmp, path+".gz"); err != nil {
		return err
	}
	return os.Remove(path)
}

// trouble reports the first failure of a series.
func (r *RotatingFile) trouble(what string, err error) {
	if r.failing {
		return
	}
	r.failing = true
	_, _ = fmt.Fprintf(r.o.Stderr, "faultlog: %s %s: %v\n", what, r.path, err) // the last resort has none of its own
}

// Close closes the file. Writes after it fail with os.ErrClosed.
func (r *RotatingFile) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.f == nil {
		return nil
	}
	err := r.f.Close()
	r.f = nil
	return fault.Wrap(err, "close log file", slog.String("path", r.path))
}
