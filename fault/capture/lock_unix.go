//go:build unix

package capture

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// lockDir takes the lock of a spool directory, which the system releases when the process ends in whatever way.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	// Another process may have removed the directory between the two calls.
	have, err := f.Stat()
	if err == nil {
		var is os.FileInfo
		if is, err = os.Stat(f.Name()); err == nil && !os.SameFile(have, is) {
			err = os.ErrNotExist
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// unlockDir releases the lock, and removes the directory when nothing else is in it.
func unlockDir(dir string, f *os.File) error {
	if names, err := os.ReadDir(dir); err == nil && len(names) == 1 {
		return errors.Join(os.Remove(filepath.Join(dir, "lock")), os.Remove(dir), f.Close())
	}
	return f.Close()
}
