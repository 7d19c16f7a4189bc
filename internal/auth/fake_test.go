package auth_test

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/catalog"
)

// memory is a catalog in memory, with as much of the real one as auth uses.
type memory struct {
	mu       sync.Mutex
	users    []account.User
	hashes   map[account.UserID]string
	members  []account.Member
	sessions map[[32]byte]catalog.Session
	links    map[[32]byte]catalog.Link
	tokens   map[[32]byte]catalog.Token
	touches  int
	failing  map[string]error // by method
}

func newMemory() *memory {
	return &memory{
		hashes: map[account.UserID]string{}, sessions: map[[32]byte]catalog.Session{},
		links: map[[32]byte]catalog.Link{}, tokens: map[[32]byte]catalog.Token{}, failing: map[string]error{},
	}
}

var errNone = fault.New(fault.NotFound, "no such thing")

func (m *memory) lock() func() { m.mu.Lock(); return m.mu.Unlock }

func (m *memory) CreateUser(_ context.Context, email, name, hash string) (account.User, error) {
	defer m.lock()()
	if err := m.failing["CreateUser"]; err != nil {
		return account.User{}, err
	}
	for _, u := range m.users {
		if u.Email == email {
			return account.User{}, fault.New(fault.Conflict, "taken")
		}
	}
	u := account.User{ID: account.UserID(len(m.users) + 1), Email: email, Name: name}
	m.users = append(m.users, u)
	m.hashes[u.ID] = hash
	return u, nil
}

func (m *memory) GetUser(_ context.Context, id account.UserID) (account.User, error) {
	defer m.lock()()
	if int(id) > len(m.users) || id < 1 {
		return account.User{}, errNone
	}
	return m.users[id-1], nil
}

func (m *memory) GetUserByEmail(_ context.Context, email string) (account.User, string, error) {
	defer m.lock()()
	for _, u := range m.users {
		if u.Email == email {
			return u, m.hashes[u.ID], nil
		}
	}
	return account.User{}, "", errNone
}

func (m *memory) SetPassword(_ context.Context, id account.UserID, hash string) error {
	defer m.lock()()
	m.hashes[id] = hash
	return m.failing["SetPassword"]
}

func (m *memory) PutMember(ctx context.Context, org account.OrgID, id account.UserID, role account.Role) error {
	u, err := m.GetUser(ctx, id)
	if err != nil {
		return err
	}
	defer m.lock()()
	m.members = slices.DeleteFunc(m.members, func(o account.Member) bool { return o.Org == org && o.User.ID == id })
	m.members = append(m.members, account.Member{Org: org, User: u, Role: role})
	return nil
}

func (m *memory) GetMember(_ context.Context, org account.OrgID, id account.UserID) (account.Member, error) {
	defer m.lock()()
	for _, o := range m.members {
		if o.Org == org && o.User.ID == id {
			return o, nil
		}
	}
	return account.Member{}, errNone
}

func (m *memory) ListMembers(_ context.Context, org account.OrgID) ([]account.Member, error) {
	defer m.lock()()
	return filter(m.members, func(o account.Member) bool { return o.Org == org }), nil
}

func (m *memory) ListMemberships(_ context.Context, id account.UserID) ([]account.Member, error) {
	defer m.lock()()
	return filter(m.members, func(o account.Member) bool { return o.User.ID == id }), nil
}

func filter[T any](in []T, keep func(T) bool) (out []T) {
	for _, v := range in {
		if keep(v) {
			out = append(out, v)
		}
	}
	return out
}

func (m *memory) CreateSession(_ context.Context, s catalog.Session) error {
	defer m.lock()()
	m.sessions[s.Hash] = s
	return nil
}

func (m *memory) GetSession(_ context.Context, hash [32]byte) (catalog.Session, error) {
	defer m.lock()()
	if err := m.failing["GetSession"]; err != nil {
		return catalog.Session{}, err
	}
	return get(m.sessions, hash)
}

func (m *memory) TouchSession(_ context.Context, hash [32]byte, _, expires time.Time) error {
	defer m.lock()()
	m.touches++
	s := m.sessions[hash]
	s.ExpiresAt = expires
	m.sessions[hash] = s
	return nil
}

func (m *memory) DeleteSession(_ context.Context, hash [32]byte) error {
	defer m.lock()()
	delete(m.sessions, hash)
	return nil
}

func (m *memory) CreateLink(_ context.Context, l catalog.Link) error {
	defer m.lock()()
	m.links[l.Hash] = l
	return nil
}

func (m *memory) GetLink(_ context.Context, hash [32]byte) (catalog.Link, error) {
	defer m.lock()()
	return get(m.links, hash)
}

func (m *memory) UseLink(_ context.Context, hash [32]byte) (catalog.Link, error) {
	defer m.lock()()
	l, err := get(m.links, hash)
	delete(m.links, hash)
	return l, err
}

func (m *memory) DeleteLinks(_ context.Context, purpose string) error {
	defer m.lock()()
	for k, l := range m.links {
		if l.Purpose == purpose {
			delete(m.links, k)
		}
	}
	return nil
}

func (m *memory) CreateToken(_ context.Context, t catalog.Token) (catalog.Token, error) {
	defer m.lock()()
	t.ID = int64(len(m.tokens) + 1)
	m.tokens[t.Hash] = t
	return t, nil
}

func (m *memory) GetToken(_ context.Context, hash [32]byte) (catalog.Token, error) {
	defer m.lock()()
	return get(m.tokens, hash)
}

func (m *memory) TouchToken(context.Context, int64, time.Time) error {
	defer m.lock()()
	m.touches++
	return nil
}

func get[V any](from map[[32]byte]V, hash [32]byte) (V, error) {
	v, ok := from[hash]
	if !ok {
		return v, errNone
	}
	return v, nil
}
