package app

import (
	"log/slog"
	"os"
	"strconv"
	"strings"

	"github.com/gofrs/flock"

	"github.com/seismohq/seismo/fault"
)

// lock takes the data directory for this process. The error of a second process names the first.
func lock(path string) (unlock func(), err error) {
	l := flock.New(path, flock.SetPermissions(0o600))
	ok, err := l.TryLock()
	if err != nil {
		return nil, fault.Wrap(err, "lock the data directory")
	}
	if !ok {
		holder, _ := os.ReadFile(path) // the lock says that it is held; who holds it is a courtesy
		return nil, fault.New(fault.Conflict, "the data directory is in use by process "+strings.TrimSpace(string(holder))+": one server per directory",
			slog.String("path", path))
	}
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil {
		return nil, fault.Wrap(err, "write the lock file")
	}
	return func() { fault.Ignore(l.Unlock(), "the lock ends with the process") }, nil
}
