package catalog

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/seismohq/seismo/fault"
)

// dialect is what differs between the two databases.
type dialect struct {
	name      string // of the folder of its migrations
	forUpdate string // appended to a SELECT whose rows are going to be changed
	lockAll   string // statement that keeps other migrations out until the end of the transaction
}

func (s *Store) openSQLite(file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fault.Wrap(err, "make the directory of the catalog")
	}
	s.dialect = dialect{name: "sqlite"}
	// FULL: a recorded position must survive a power cut, because the queue forgets what is before it.
	pragmas := url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "busy_timeout(10000)", "cache_size(-8000)"}}
	reading := "file:" + file + "?" + pragmas.Encode()
	pragmas.Set("_txlock", "immediate")
	var err error
	if s.write, err = sql.Open("sqlite", "file:"+file+"?"+pragmas.Encode()); err != nil {
		return fault.Wrap(err, "open the catalog")
	}
	s.write.SetMaxOpenConns(1)
	if s.read, err = sql.Open("sqlite", reading); err != nil {
		return fault.Wrap(err, "open the catalog")
	}
	s.read.SetMaxOpenConns(4)
	return nil
}

func (s *Store) openPostgres(address string) error {
	s.dialect = dialect{name: "postgres", forUpdate: " FOR UPDATE", lockAll: `SELECT pg_advisory_xact_lock(7347648)`}
	db, err := sql.Open("pgx", address)
	if err != nil {
		return fault.Wrap(err, "open the catalog")
	}
	db.SetMaxOpenConns(16)
	db.SetConnMaxIdleTime(5 * time.Minute)
	s.write, s.read = db, db
	return nil
}

// SQLSTATE codes, https://www.postgresql.org/docs/current/errcodes-appendix.html.
const (
	pgUnique        = "23505"
	pgForeignKey    = "23503"
	pgSerialization = "40001"
	pgDeadlock      = "40P01"
)

// lostRace reports whether the same transaction may succeed when it is run again.
func (dialect) lostRace(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == pgSerialization || pg.Code == pgDeadlock)
}

// wrap gives an error of the database its code. Errors that have one keep it.
func (d dialect) wrap(err error, what string) error {
	if err == nil {
		return nil
	}
	code := fault.Internal
	var pg *pgconn.PgError
	var lite *sqlite.Error
	var connect *pgconn.ConnectError
	switch {
	case fault.HasCode(err), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(err, what)
	case errors.As(err, &pg):
		switch {
		case pg.Code == pgUnique:
			code = fault.Conflict
		case pg.Code == pgForeignKey:
			code = fault.NotFound
		case pg.Code == pgSerialization, pg.Code == pgDeadlock, pg.Code[:2] == "08", pg.Code[:2] == "53", pg.Code[:2] == "57":
			code = fault.Unavailable
		}
	case errors.As(err, &lite):
		switch lite.Code() {
		case lib.SQLITE_CONSTRAINT_UNIQUE, lib.SQLITE_CONSTRAINT_PRIMARYKEY:
			code = fault.Conflict
		case lib.SQLITE_CONSTRAINT_FOREIGNKEY:
			code = fault.NotFound
		default:
			switch lite.Code() & 0xff {
			case lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_FULL, lib.SQLITE_IOERR, lib.SQLITE_CANTOPEN:
				code = fault.Unavailable
			}
		}
	case errors.As(err, &connect), errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone), pgconn.Timeout(err):
		code = fault.Unavailable
	}
	return fault.Wrap(fault.With(err, fault.WithCode(code)), what)
}
