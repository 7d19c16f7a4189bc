//go:build !linux

package e2e

import "testing"

func smallDisk(t *testing.T, _ int) string {
	t.Helper()
	required(t, "small disks are mounted on Linux only")
	return ""
}
