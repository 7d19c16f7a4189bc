// Package project holds the words for what sends events: a project, its keys and the DSN built from them.
package project

import (
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/seismohq/seismo/internal/account"
)

// ID identifies a project. It is decimal in a DSN, because browser SDKs reject anything else.
type ID int64

// String returns the decimal form used in DSNs and URLs.
func (id ID) String() string { return strconv.FormatInt(int64(id), 10) }

// ParseID reads the decimal form; anything but a positive number is an error.
func ParseID(s string) (ID, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("project id %q is not a positive number", s)
	}
	return ID(n), nil
}

// KeyID identifies one key of a project.
type KeyID int64

// Project is what one application (or one part of it) sends its events to.
type Project struct {
	ID        ID
	Org       account.OrgID
	Slug      string // unique within the organization
	Name      string
	Platform  string // what the owner chose at creation, such as "python"; may be empty
	Prefix    string // of the short ids of its issues: 2 to 4 upper-case letters or digits, unique within the organization
	CreatedAt time.Time
}

// Key admits events to a project; it stands as the user part of the DSN.
type Key struct {
	ID        KeyID
	Project   ID
	Org       account.OrgID
	Public    string // 32 lower-case hex digits; not a secret
	Label     string
	Enabled   bool
	CreatedAt time.Time
}

// DSN returns the address SDKs are configured with: the public URL of the server with the key as user and the project id
// as last path segment. A path in base is kept as prefix.
func (k Key) DSN(base *url.URL) string {
	u := *base
	u.User = url.User(k.Public)
	return u.JoinPath(k.Project.String()).String()
}
