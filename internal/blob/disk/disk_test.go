package disk_test

import (
	"testing"

	"github.com/seismohq/seismo/internal/blob"
	"github.com/seismohq/seismo/internal/blob/blobtest"
	"github.com/seismohq/seismo/internal/blob/disk"
)

func TestContract(t *testing.T) {
	blobtest.Run(t, func(t *testing.T, dir string) blob.Store {
		s, err := disk.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
