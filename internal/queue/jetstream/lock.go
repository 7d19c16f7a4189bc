package jetstream

import (
	"log/slog"
	"os"
	"strconv"
	"strings"

	"github.com/gofrs/flock"

	"github.com/seismohq/seismo/fault"
)

// lockDir takes the lock file of a directory and writes our process id into it. The operating system gives the lock up
// with the process, however that ends, so a file that was left behind means nothing.
func lockDir(file string) (unlock func() error, err error) {
	l := flock.New(file, flock.SetPermissions(0o600))
	ok, err := l.TryLock()
	if err != nil {
		return nil, fault.Wrap(err, "lock the directory of the queue", slog.String("file", file))
	}
	if !ok {
		holder := "unknown"
		if b, err := os.ReadFile(file); err == nil && len(b) > 0 {
			holder = strings.TrimSpace(string(b))
		}
		return nil, fault.With(
			fault.New(fault.Conflict, "directory of the queue is in use by another process", slog.String("pid", holder), slog.String("file", file)),
			fault.Hint("stop process "+holder+", or give this one another directory"),
		)
	}
	if err := os.WriteFile(file, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil {
		fault.Ignore(l.Close(), "the error that follows says more")
		return nil, fault.Wrap(err, "write the lock file of the queue", slog.String("file", file))
	}
	return l.Close, nil
}
