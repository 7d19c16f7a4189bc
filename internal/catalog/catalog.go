// Package catalog is the relational truth: organizations, people, projects and their keys, and the opinions about
// problems: issues, the grouping keys they own, their activity, and how items ended.
//
// It runs on SQLite and on PostgreSQL with one text of SQL; what differs is a field of dialect. Every method takes the
// tenant first (an organization, or a project of one) and finds nothing of another; the few that serve the whole server
// say so. A transaction is one method; callers never hold one.
//
// Errors: NotFound, Conflict (something unique stands already, or a lost update), Validation, and Unavailable when the
// database cannot serve now. Times are kept in UTC microseconds.
package catalog

import (
	"context"
	"database/sql"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seismohq/seismo/fault"
)

// Options adjust a Store. The zero value is a sane default.
type Options struct {
	Now    func() time.Time // nil: time.Now
	Logger *slog.Logger     // nil: discards
}

// Store is an open catalog. It may be used from many goroutines.
type Store struct {
	write   *sql.DB // SQLite: one connection
	read    *sql.DB // PostgreSQL: the same as write
	dialect dialect
	now     func() time.Time
	log     *slog.Logger

	mu         sync.Mutex
	statements map[statementKey]*sql.Stmt
}

type statementKey struct {
	db   *sql.DB
	text string
}

// Open opens the catalog at url (sqlite:///FILE or postgres://…), and brings its tables up to date.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Store{now: o.Now, log: o.Logger, statements: map[statementKey]*sql.Stmt{}}
	var err error
	if file, ok := strings.CutPrefix(url, "sqlite://"); ok {
		err = s.openSQLite(file)
	} else {
		err = s.openPostgres(url)
	}
	if err != nil {
		return nil, err
	}
	if err := s.migrate(ctx); err != nil {
		fault.Ignore(s.Close(), "the error that stops the opening is returned")
		return nil, err
	}
	return s, nil
}

// Close releases the database.
func (s *Store) Close() error {
	err := s.write.Close()
	if s.read != s.write {
		err = fault.Join(err, s.read.Close())
	}
	return fault.Wrap(err, "close the catalog")
}

// Ready returns nil when the database answers.
func (s *Store) Ready(ctx context.Context) error {
	var one int
	return s.dialect.wrap(s.read.QueryRowContext(ctx, `SELECT 1`).Scan(&one), "ask the catalog")
}

// prepared returns the statement of a constant text. There are as many as there are constants, so all are kept.
func (s *Store) prepared(ctx context.Context, db *sql.DB, text string) (*sql.Stmt, error) {
	key := statementKey{db, text}
	s.mu.Lock()
	st := s.statements[key]
	s.mu.Unlock()
	if st != nil {
		return st, nil
	}
	// Not under the lock: preparing waits for a connection, which may wait for the lock.
	st, err := db.PrepareContext(context.WithoutCancel(ctx), text)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if first := s.statements[key]; first != nil {
		fault.Ignore(st.Close(), "somebody else was faster")
		return first, nil
	}
	s.statements[key] = st
	return st, nil
}

// scanner is a row.
type scanner interface{ Scan(dest ...any) error }

// one runs a query for one row on the reading side. No row is NotFound of the resource.
func one[T any](ctx context.Context, s *Store, resource string, scan func(scanner) (T, error), text string, args ...any) (T, error) {
	var zero T
	st, err := s.prepared(ctx, s.read, text)
	if err != nil {
		return zero, s.dialect.wrap(err, "read "+resource)
	}
	v, err := scan(st.QueryRowContext(ctx, args...))
	if err == sql.ErrNoRows { //nolint:errorlint // Scan returns it bare
		return zero, fault.New(fault.NotFound, resource+" not found")
	}
	return v, s.dialect.wrap(err, "read "+resource)
}

// list runs a query for rows on the reading side.
func list[T any](ctx context.Context, s *Store, what string, scan func(scanner) (T, error), text string, args ...any) ([]T, error) {
	rows, err := s.read.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, s.dialect.wrap(err, "list "+what)
	}
	out, err := collect(rows, scan)
	return out, s.dialect.wrap(err, "list "+what)
}

func collect[T any](rows *sql.Rows, scan func(scanner) (T, error)) ([]T, error) {
	defer func() { fault.Ignore(rows.Close(), "the error of the rows is reported") }()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// tx runs f in one short transaction on the writing side, and again when the database says that it lost a race.
func (s *Store) tx(ctx context.Context, what string, f func(tx *tx) error) error {
	const tries = 10
	for try := 1; ; try++ {
		err := s.tryTx(ctx, f)
		if err == nil || !s.dialect.lostRace(err) || try == tries || ctx.Err() != nil {
			return s.dialect.wrap(err, what)
		}
	}
}

func (s *Store) tryTx(ctx context.Context, f func(tx *tx) error) error {
	t, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	work := &tx{Tx: t, store: s, ctx: ctx}
	// After the transaction, because SQLite has but one connection for writing.
	defer work.prepareMissing()
	defer func() { fault.Ignore(t.Rollback(), "after a commit there is nothing to roll back") }()
	if err := f(work); err != nil {
		return err
	}
	return t.Commit()
}

// tx is a transaction with the prepared statements of its store.
type tx struct {
	*sql.Tx
	store   *Store
	ctx     context.Context // of the one method the transaction belongs to
	missing []string        // texts that were run for the first time, and are prepared for the next
}

// prepared returns the statement of a constant text in this transaction, or nil when it is not prepared yet.
func (t *tx) prepared(text string) *sql.Stmt {
	t.store.mu.Lock()
	st := t.store.statements[statementKey{t.store.write, text}]
	t.store.mu.Unlock()
	if st == nil {
		if !slices.Contains(t.missing, text) {
			t.missing = append(t.missing, text)
		}
		return nil
	}
	return t.StmtContext(t.ctx, st)
}

func (t *tx) prepareMissing() {
	for _, text := range t.missing {
		if _, err := t.store.prepared(t.ctx, t.store.write, text); err != nil {
			t.store.log.Debug("statement is not prepared", "error", err)
		}
	}
}

// exec runs a constant statement and returns how many rows it changed.
func (t *tx) exec(text string, args ...any) (int64, error) {
	var r sql.Result
	var err error
	if st := t.prepared(text); st != nil {
		r, err = st.ExecContext(t.ctx, args...)
	} else {
		r, err = t.ExecContext(t.ctx, text, args...)
	}
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// row runs a constant query for one row.
func (t *tx) row(text string, args ...any) scanner {
	if st := t.prepared(text); st != nil {
		return st.QueryRowContext(t.ctx, args...)
	}
	return t.QueryRowContext(t.ctx, text, args...)
}

// one changes exactly one row, or reports NotFound of the resource.
func (t *tx) one(resource, text string, args ...any) error {
	n, err := t.exec(text, args...)
	if err == nil && n == 0 {
		return fault.New(fault.NotFound, resource+" not found")
	}
	return err
}

// micros is how times are stored: UTC microseconds since 1970; 0 stands for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}
