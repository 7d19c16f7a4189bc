//go:build linux || darwin || freebsd

package ingest

import "golang.org/x/sys/unix"

// freeBytes returns what a process without privileges may still write.
func freeBytes(dir string) (free uint64, known bool, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false, err
	}
	return uint64(max(int64(s.Bavail), 0)) * uint64(s.Bsize), true, nil
}
