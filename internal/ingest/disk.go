package ingest

import (
	"log/slog"

	"github.com/seismohq/seismo/fault"
)

// DiskFloor returns a check for Options.Disk: an error while the file system of dir has fewer than floor bytes free for us,
// or does not say. A floor of 0, or a platform that cannot be asked, checks nothing.
func DiskFloor(dir string, floor uint64) func() error {
	return func() error {
		if floor == 0 {
			return nil
		}
		free, known, err := freeBytes(dir)
		if err != nil {
			return fault.Wrap(err, "ask for free disk space")
		}
		if known && free < floor {
			return fault.New(fault.Unavailable, "disk is nearly full", slog.Uint64("free_bytes", free), slog.Uint64("floor_bytes", floor))
		}
		return nil
	}
}
