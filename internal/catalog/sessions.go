package catalog

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/account"
)

// noRow turns the absence of a row into NotFound.
func noRow(err error, resource string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, resource+" not found")
	}
	return err
}

// Session is a web session. Its secret is known to the browser alone; Hash is the SHA-256 of it.
type Session struct {
	Hash      [32]byte
	User      account.UserID
	CreatedAt time.Time
	LastSeen  time.Time
	ExpiresAt time.Time
	IP        string
	UserAgent string
}

const sessionColumns = `hash, user_id, created_at, last_seen, expires_at, ip, user_agent`

func scanSession(r scanner) (Session, error) {
	var x Session
	var hash []byte
	var created, seen, expires int64
	err := r.Scan(&hash, &x.User, &created, &seen, &expires, &x.IP, &x.UserAgent)
	copy(x.Hash[:], hash)
	x.CreatedAt, x.LastSeen, x.ExpiresAt = fromMicros(created), fromMicros(seen), fromMicros(expires)
	return x, err
}

const (
	deleteExpiredSessions = `DELETE FROM sessions WHERE expires_at <= $1`
	insertSession         = `INSERT INTO sessions (hash, user_id, created_at, last_seen, expires_at, ip, user_agent) VALUES ($1, $2, $3, $4, $5, $6, $7)`
)

// CreateSession keeps a session of any user of the server, and forgets the ones that have expired.
func (s *Store) CreateSession(ctx context.Context, x Session) error {
	if x.LastSeen.IsZero() {
		x.LastSeen = x.CreatedAt
	}
	return s.tx(ctx, "create a session", func(tx *tx) error {
		if _, err := tx.exec(deleteExpiredSessions, micros(s.now())); err != nil {
			return err
		}
		_, err := tx.exec(insertSession, x.Hash[:], x.User, micros(x.CreatedAt), micros(x.LastSeen), micros(x.ExpiresAt), x.IP, x.UserAgent)
		return err
	})
}

const selectSession = `SELECT ` + sessionColumns + ` FROM sessions WHERE hash = $1 AND expires_at > $2`

// GetSession finds a session of the server by its hash. NotFound when there is none, or it has expired.
func (s *Store) GetSession(ctx context.Context, hash [32]byte) (Session, error) {
	return one(ctx, s, "session", scanSession, selectSession, hash[:], micros(s.now()))
}

const updateSession = `UPDATE sessions SET last_seen = $2, expires_at = $3 WHERE hash = $1`

// TouchSession notes the use of a session and puts its end off.
func (s *Store) TouchSession(ctx context.Context, hash [32]byte, lastSeen, expires time.Time) error {
	return s.tx(ctx, "touch a session", func(tx *tx) error {
		return tx.one("session", updateSession, hash[:], micros(lastSeen), micros(expires))
	})
}

const deleteSession = `DELETE FROM sessions WHERE hash = $1`

// DeleteSession ends a session; one that does not exist is no error.
func (s *Store) DeleteSession(ctx context.Context, hash [32]byte) error {
	return s.tx(ctx, "end a session", func(tx *tx) error {
		_, err := tx.exec(deleteSession, hash[:])
		return err
	})
}

const selectSessions = `SELECT ` + sessionColumns + ` FROM sessions WHERE user_id = $1 AND expires_at > $2 ORDER BY last_seen DESC, hash`

// ListSessions returns the sessions of a user, the last used first.
func (s *Store) ListSessions(ctx context.Context, user account.UserID) ([]Session, error) {
	return list(ctx, s, "sessions", scanSession, selectSessions, user, micros(s.now()))
}
