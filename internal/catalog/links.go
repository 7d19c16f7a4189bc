package catalog

import (
	"context"
	"time"

	"github.com/seismohq/seismo/internal/account"
)

// Link is a one-time link. Hash is the SHA-256 of its secret.
type Link struct {
	Hash      [32]byte
	Purpose   string // "setup", "invite" or "reset"
	Org       account.OrgID
	User      account.UserID // 0: nobody yet
	Role      account.Role
	Email     string
	ExpiresAt time.Time
}

const linkColumns = `hash, purpose, org_id, user_id, role, email, expires_at`

func scanLink(r scanner) (Link, error) {
	var l Link
	var hash []byte
	var expires int64
	err := r.Scan(&hash, &l.Purpose, &l.Org, &l.User, &l.Role, &l.Email, &expires)
	copy(l.Hash[:], hash)
	l.ExpiresAt = fromMicros(expires)
	return l, err
}

const insertLink = `INSERT INTO links (hash, purpose, org_id, user_id, role, email, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`

// CreateLink keeps a link.
func (s *Store) CreateLink(ctx context.Context, l Link) error {
	return s.tx(ctx, "create a link", func(tx *tx) error {
		_, err := tx.exec(insertLink, l.Hash[:], l.Purpose, l.Org, l.User, string(l.Role), l.Email, micros(l.ExpiresAt))
		return err
	})
}

const selectLink = `SELECT ` + linkColumns + ` FROM links WHERE hash = $1 AND expires_at > $2`

// GetLink finds a link of the server by its hash. NotFound when there is none, it was used, or it has expired.
func (s *Store) GetLink(ctx context.Context, hash [32]byte) (Link, error) {
	return one(ctx, s, "link", scanLink, selectLink, hash[:], micros(s.now()))
}

const useLink = `DELETE FROM links WHERE hash = $1 AND expires_at > $2 RETURNING ` + linkColumns

// UseLink returns a link and makes it useless: exactly one of several callers gets it, the others NotFound.
func (s *Store) UseLink(ctx context.Context, hash [32]byte) (Link, error) {
	var l Link
	err := s.tx(ctx, "use a link", func(tx *tx) (err error) {
		l, err = scanLink(tx.row(useLink, hash[:], micros(s.now())))
		return noRow(err, "link")
	})
	return l, err
}

const deleteLinks = `DELETE FROM links WHERE purpose = $1`

// DeleteLinks makes all links of a purpose useless, on the whole server.
func (s *Store) DeleteLinks(ctx context.Context, purpose string) error {
	return s.tx(ctx, "delete links", func(tx *tx) error {
		_, err := tx.exec(deleteLinks, purpose)
		return err
	})
}
