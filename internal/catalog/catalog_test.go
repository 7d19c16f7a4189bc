package catalog_test

import (
	"testing"

	"github.com/seismohq/seismo/internal/catalog"
	"github.com/seismohq/seismo/internal/catalog/catalogtest"
	"github.com/seismohq/seismo/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Run(m) }

func open(t testing.TB, url string, o catalog.Options) *catalog.Store {
	t.Helper()
	s, err := catalog.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestSuiteOnSQLite(t *testing.T) {
	t.Parallel()
	catalogtest.Run(t, func(t *testing.T, o catalog.Options) *catalog.Store {
		return open(t, "sqlite://"+t.TempDir()+"/catalog.db", o)
	})
}

func TestSuiteOnPostgres(t *testing.T) {
	t.Parallel()
	pgtest.URL(t) // skips all at once
	catalogtest.Run(t, func(t *testing.T, o catalog.Options) *catalog.Store { return open(t, pgtest.URL(t), o) })
}
