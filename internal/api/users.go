package api

import (
	"net/http"
	"net/mail"
	"slices"
	"strconv"
	"strings"

	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/auth"
)

type userJSON struct {
	ID    string       `json:"id"`
	Email string       `json:"email"`
	Name  string       `json:"name"`
	Role  account.Role `json:"role"`
	Link  string       `json:"link"` // where the person chooses a password
}

var roles = []account.Role{account.RoleOwner, account.RoleAdmin, account.RoleManager, account.RoleMember, account.RoleViewer}

func (a *API) createUser(r *http.Request, actor auth.Actor) (any, error) {
	var in struct{ Email, Name, Role string }
	if err := read(r, &in); err != nil {
		return nil, err
	}
	in.Email = strings.ToLower(strings.TrimSpace(in.Email))
	if addr, err := mail.ParseAddress(in.Email); err != nil || addr.Address != in.Email {
		return nil, invalid("email", "format", "is not an e-mail address")
	}
	role := account.Role(in.Role)
	if role == "" {
		role = account.RoleMember
	}
	if !slices.Contains(roles, role) {
		return nil, invalid("role", "oneof", "must be owner, admin, manager, member or viewer")
	}
	if in.Name == "" {
		in.Name = in.Email
	}
	u, link, err := a.users.Invite(r.Context(), actor.Org, in.Email, in.Name, role)
	if err != nil {
		return nil, err
	}
	return userJSON{ID: strconv.FormatInt(int64(u.ID), 10), Email: u.Email, Name: u.Name, Role: role, Link: link}, nil
}
