//go:build !unix

package capture

import (
	"errors"
	"os"
	"path/filepath"
)

// lockDir takes the lock of a spool directory: a file that cannot be removed while a process has it open.
func lockDir(dir string) (*os.File, error) {
	path := filepath.Join(dir, "lock")
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
}

// unlockDir releases the lock, and removes the directory when nothing else is in it.
func unlockDir(dir string, f *os.File) error {
	err := f.Close()
	if names, rerr := os.ReadDir(dir); rerr == nil && len(names) == 1 {
		return errors.Join(err, os.Remove(filepath.Join(dir, "lock")), os.Remove(dir))
	}
	return err
}
