package catalog

import (
	"context"

	"github.com/seismohq/seismo/internal/account"
)

func scanUser(r scanner) (account.User, error) {
	var u account.User
	var created int64
	err := r.Scan(&u.ID, &u.Email, &u.Name, &created)
	u.CreatedAt = fromMicros(created)
	return u, err
}

const insertUser = `INSERT INTO users (email, name, password_hash, created_at) VALUES ($1, $2, $3, $4) RETURNING id, email, name, created_at`

// CreateUser makes a user of the server, who is a member of nothing yet. An empty passwordHash: the user cannot sign in by
// password. Conflict when the e-mail address stands.
func (s *Store) CreateUser(ctx context.Context, email, name, passwordHash string) (account.User, error) {
	var u account.User
	err := s.tx(ctx, "create a user", func(tx *tx) (err error) {
		u, err = scanUser(tx.row(insertUser, email, name, passwordHash, micros(s.now())))
		return err
	})
	return u, err
}

const selectUser = `SELECT id, email, name, created_at FROM users WHERE id = $1`

// GetUser returns a user of the server.
func (s *Store) GetUser(ctx context.Context, id account.UserID) (account.User, error) {
	return one(ctx, s, "user", scanUser, selectUser, id)
}

const selectUserByEmail = `SELECT id, email, name, created_at, password_hash FROM users WHERE email = $1`

// GetUserByEmail returns a user of the server and the hash of the password.
func (s *Store) GetUserByEmail(ctx context.Context, email string) (account.User, string, error) {
	type found struct {
		user account.User
		hash string
	}
	f, err := one(ctx, s, "user", func(r scanner) (found, error) {
		var f found
		var created int64
		err := r.Scan(&f.user.ID, &f.user.Email, &f.user.Name, &created, &f.hash)
		f.user.CreatedAt = fromMicros(created)
		return f, err
	}, selectUserByEmail, email)
	return f.user, f.hash, err
}

const (
	updatePassword     = `UPDATE users SET password_hash = $2 WHERE id = $1`
	deleteUserSessions = `DELETE FROM sessions WHERE user_id = $1`
)

// SetPassword replaces the hash of the password and ends all web sessions of the user.
func (s *Store) SetPassword(ctx context.Context, id account.UserID, passwordHash string) error {
	return s.tx(ctx, "set a password", func(tx *tx) error {
		if err := tx.one("user", updatePassword, id, passwordHash); err != nil {
			return err
		}
		_, err := tx.exec(deleteUserSessions, id)
		return err
	})
}

const upsertMember = `INSERT INTO members (org_id, user_id, role) VALUES ($1, $2, $3)
	ON CONFLICT (org_id, user_id) DO UPDATE SET role = excluded.role`

// PutMember makes a user a member of an organization with a role, or changes the role.
func (s *Store) PutMember(ctx context.Context, org account.OrgID, user account.UserID, role account.Role) error {
	return s.tx(ctx, "put a member", func(tx *tx) error {
		_, err := tx.exec(upsertMember, org, user, string(role))
		return err
	})
}

func scanMember(r scanner) (account.Member, error) {
	var m account.Member
	var created int64
	err := r.Scan(&m.Org, &m.Role, &m.User.ID, &m.User.Email, &m.User.Name, &created)
	m.User.CreatedAt = fromMicros(created)
	return m, err
}

const selectMembers = `SELECT m.org_id, m.role, u.id, u.email, u.name, u.created_at FROM members m JOIN users u ON u.id = m.user_id WHERE `

// ListMembers returns the members of an organization by name.
func (s *Store) ListMembers(ctx context.Context, org account.OrgID) ([]account.Member, error) {
	return list(ctx, s, "members", scanMember, selectMembers+`m.org_id = $1 ORDER BY u.name, u.id`, org)
}

// GetMember returns a user's place in an organization.
func (s *Store) GetMember(ctx context.Context, org account.OrgID, user account.UserID) (account.Member, error) {
	return one(ctx, s, "member", scanMember, selectMembers+`m.org_id = $1 AND m.user_id = $2`, org, user)
}

// ListMemberships returns all places of one user, oldest organization first.
func (s *Store) ListMemberships(ctx context.Context, user account.UserID) ([]account.Member, error) {
	return list(ctx, s, "memberships", scanMember, selectMembers+`m.user_id = $1 ORDER BY m.org_id`, user)
}
