// Package auth says who is asking: it signs people in by e-mail and password, keeps their web sessions, makes and checks API
// tokens, and hands out the one-time links by which the first administrator and invited people choose a password.
//
// Secrets (session ids, tokens, links) are 256 random bits that exist in full only with their owner; the catalog keeps their
// SHA-256. What a person may do follows from the role in the organization, see [Permission]; what belongs to whom is kept
// apart by the catalog.
package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faulthttp"
	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/catalog"
)

// Catalog is what auth needs of the catalog.
type Catalog interface {
	CreateUser(ctx context.Context, email, name, passwordHash string) (account.User, error)
	GetUser(ctx context.Context, id account.UserID) (account.User, error)
	GetUserByEmail(ctx context.Context, email string) (account.User, string, error)
	SetPassword(ctx context.Context, id account.UserID, passwordHash string) error

	PutMember(ctx context.Context, org account.OrgID, user account.UserID, role account.Role) error
	GetMember(ctx context.Context, org account.OrgID, user account.UserID) (account.Member, error)
	ListMembers(ctx context.Context, org account.OrgID) ([]account.Member, error)
	ListMemberships(ctx context.Context, user account.UserID) ([]account.Member, error)

	CreateSession(ctx context.Context, s catalog.Session) error
	GetSession(ctx context.Context, hash [32]byte) (catalog.Session, error)
	TouchSession(ctx context.Context, hash [32]byte, lastSeen, expires time.Time) error
	DeleteSession(ctx context.Context, hash [32]byte) error

	CreateLink(ctx context.Context, l catalog.Link) error
	GetLink(ctx context.Context, hash [32]byte) (catalog.Link, error)
	UseLink(ctx context.Context, hash [32]byte) (catalog.Link, error)
	DeleteLinks(ctx context.Context, purpose string) error

	CreateToken(ctx context.Context, t catalog.Token) (catalog.Token, error)
	GetToken(ctx context.Context, hash [32]byte) (catalog.Token, error)
	TouchToken(ctx context.Context, id int64, at time.Time) error
}

// Options adjust auth. The zero value is usable for tests; a server sets PublicURL.
type Options struct {
	PublicURL *url.URL         // links are built from it, and https makes cookies Secure; nil: http://localhost
	Logger    *slog.Logger     // nil: discards
	Now       func() time.Time // nil: time.Now

	SessionDuration time.Duration // how long a sign-in lasts after its last use; 0: 30 days
	LinkDuration    time.Duration // how long an invitation is good; 0: 7 days. A setup link does not end.
	Password        Argon         // zero fields: the defaults of [Argon]

	// AttemptsPerIP and AttemptsPerAccount are how many failed attempts in a row are free of waiting; 0: 30 and 10. After
	// that, one more is allowed every 6 s for an address and every 30 s for an account.
	AttemptsPerIP, AttemptsPerAccount int

	// ClientIP returns the address of who sent the request; nil: the peer of the connection. Behind proxies the server
	// knows better.
	ClientIP func(*http.Request) netip.Addr
}

// Auth signs people and programs in. It may be used from many goroutines.
type Auth struct {
	catalog  Catalog
	opts     Options
	log      *slog.Logger
	now      func() time.Time
	errors   *faulthttp.Errors
	hasher   *hasher
	ips      *limiter
	accounts *limiter

	touchMu sync.Mutex
	touched map[int64]time.Time // tokens whose last use was noted lately
}

// New returns an Auth on a catalog. It fails when the parameters of Options.Password are out of bounds.
func New(c Catalog, o Options) (*Auth, error) {
	if o.PublicURL == nil {
		o.PublicURL = &url.URL{Scheme: "http", Host: "localhost"}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.SessionDuration == 0 {
		o.SessionDuration = 30 * 24 * time.Hour
	}
	if o.LinkDuration == 0 {
		o.LinkDuration = 7 * 24 * time.Hour
	}
	if o.AttemptsPerIP == 0 {
		o.AttemptsPerIP = 30
	}
	if o.AttemptsPerAccount == 0 {
		o.AttemptsPerAccount = 10
	}
	if o.ClientIP == nil {
		o.ClientIP = peer
	}
	h, err := newHasher(o.Password)
	if err != nil {
		return nil, err
	}
	return &Auth{
		catalog: c, opts: o, log: o.Logger, now: o.Now, hasher: h, errors: faulthttp.New(faulthttp.Config{Log: o.Logger}),
		ips:      newLimiter(o.AttemptsPerIP, 6*time.Second),
		accounts: newLimiter(o.AttemptsPerAccount, 30*time.Second),
		touched:  map[int64]time.Time{},
	}, nil
}

// newSecret returns 256 random bits as 43 characters of base64url, and their digest.
func newSecret() (string, [32]byte) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand.Read ends the program instead
	s := base64.RawURLEncoding.EncodeToString(b[:])
	return s, sha256.Sum256([]byte(s))
}

// maxSecret bounds what is hashed of a secret that somebody sends.
const maxSecret = 512

// hashOf returns the digest of a secret as somebody sent it, and false for one that cannot be ours.
func hashOf(secret string) ([32]byte, bool) {
	if secret == "" || len(secret) > maxSecret {
		return [32]byte{}, false
	}
	return sha256.Sum256([]byte(secret)), true
}

// normalEmail returns the form under which addresses are kept: lower case without surrounding blanks.
func normalEmail(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

func peer(r *http.Request) netip.Addr {
	a, _ := netip.ParseAddrPort(r.RemoteAddr)
	return a.Addr().Unmap()
}

// ignoreNotFound turns NotFound into nil.
func ignoreNotFound(err error) error {
	if fault.CodeOf(err) == fault.NotFound {
		return nil
	}
	return err
}
