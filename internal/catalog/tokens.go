package catalog

import (
	"context"
	"strings"
	"time"

	"github.com/seismohq/seismo/internal/account"
)

// Token is an API token. Hash is the SHA-256 of its secret, Prefix its first characters for people to tell it by.
type Token struct {
	ID        int64
	Hash      [32]byte
	Prefix    string
	Org       account.OrgID
	User      account.UserID // 0: the server's own
	Name      string
	Scopes    []string // without blanks
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
	LastUsed  time.Time
}

const tokenColumns = `id, hash, prefix, org_id, user_id, name, scopes, created_at, expires_at, last_used`

func scanToken(r scanner) (Token, error) {
	var t Token
	var hash []byte
	var scopes string
	var created, expires, used int64
	err := r.Scan(&t.ID, &hash, &t.Prefix, &t.Org, &t.User, &t.Name, &scopes, &created, &expires, &used)
	copy(t.Hash[:], hash)
	t.Scopes = strings.Fields(scopes)
	t.CreatedAt, t.ExpiresAt, t.LastUsed = fromMicros(created), fromMicros(expires), fromMicros(used)
	return t, err
}

const insertToken = `INSERT INTO tokens (hash, prefix, org_id, user_id, name, scopes, created_at, expires_at, last_used)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0) RETURNING ` + tokenColumns

// CreateToken keeps a token. Conflict when the very same stands.
func (s *Store) CreateToken(ctx context.Context, t Token) (Token, error) {
	var out Token
	err := s.tx(ctx, "create a token", func(tx *tx) (err error) {
		out, err = scanToken(tx.row(insertToken, t.Hash[:], t.Prefix, t.Org, t.User, t.Name, strings.Join(t.Scopes, " "), micros(s.now()), micros(t.ExpiresAt)))
		return err
	})
	return out, err
}

const selectToken = `SELECT ` + tokenColumns + ` FROM tokens WHERE hash = $1 AND (expires_at = 0 OR expires_at > $2)`

// GetToken finds a token of the server by its hash. NotFound when there is none, or it has expired.
func (s *Store) GetToken(ctx context.Context, hash [32]byte) (Token, error) {
	return one(ctx, s, "token", scanToken, selectToken, hash[:], micros(s.now()))
}

const selectTokens = `SELECT ` + tokenColumns + ` FROM tokens WHERE org_id = $1 ORDER BY id`

// ListTokens returns the tokens of an organization, oldest first.
func (s *Store) ListTokens(ctx context.Context, org account.OrgID) ([]Token, error) {
	return list(ctx, s, "tokens", scanToken, selectTokens, org)
}

const deleteToken = `DELETE FROM tokens WHERE org_id = $1 AND id = $2`

// DeleteToken ends a token.
func (s *Store) DeleteToken(ctx context.Context, org account.OrgID, id int64) error {
	return s.tx(ctx, "delete a token", func(tx *tx) error { return tx.one("token", deleteToken, org, id) })
}

const touchToken = `UPDATE tokens SET last_used = $2 WHERE id = $1`

// TouchToken notes the use of a token of the server.
func (s *Store) TouchToken(ctx context.Context, id int64, at time.Time) error {
	return s.tx(ctx, "touch a token", func(tx *tx) error { return tx.one("token", touchToken, id, micros(at)) })
}
