package sqlite_test

import (
	"context"
	"testing"

	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/eventstore/eventstoretest"
	"github.com/seismohq/seismo/internal/eventstore/sqlite"
)

func open(dir string) (*sqlite.Store, error) {
	return sqlite.Open(context.Background(), dir, sqlite.Options{SegmentMaxEvents: 250})
}

func TestContract(t *testing.T) {
	eventstoretest.Run(t, func(t *testing.T, dir string) eventstore.Store {
		s, err := open(dir)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
