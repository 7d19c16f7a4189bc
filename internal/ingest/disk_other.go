//go:build !(linux || darwin || freebsd)

package ingest

func freeBytes(string) (free uint64, known bool, err error) { return 0, false, nil }
