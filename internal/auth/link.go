package auth

import (
	"context"
	"log/slog"
	"net/http"
	"net/mail"
	"strings"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/catalog"
)

// The purposes of links.
const (
	purposeSetup  = "setup"
	purposeInvite = "invite"
)

// Person is what somebody says of themselves on the way in.
type Person struct{ Name, Email, Password string }

// SetupLink returns a one-time address under which the first administrator of the organization is created, or "" when
// somebody can administer it already. A link made before is void from then on.
func (a *Auth) SetupLink(ctx context.Context, org account.OrgID) (string, error) {
	members, err := a.catalog.ListMembers(ctx, org)
	if err != nil {
		return "", fault.Wrap(err, "list the members")
	}
	if err := a.catalog.DeleteLinks(ctx, purposeSetup); err != nil {
		return "", fault.Wrap(err, "void the setup link before")
	}
	for _, m := range members {
		if Of(m.Role) == Administer {
			return "", nil
		}
	}
	secret, hash := newSecret()
	// The link is good until it is used or the server starts again: an operator may read the log the week after.
	l := catalog.Link{Hash: hash, Purpose: purposeSetup, Org: org, Role: account.RoleOwner, ExpiresAt: a.now().UTC().AddDate(10, 0, 0)}
	if err := a.catalog.CreateLink(ctx, l); err != nil {
		return "", fault.Wrap(err, "keep the setup link")
	}
	u := a.opts.PublicURL.JoinPath("setup")
	u.RawQuery = "token=" + secret
	return u.String(), nil
}

// CheckSetup returns NotFound when the token is not that of a setup link that still works.
func (a *Auth) CheckSetup(ctx context.Context, token string) error {
	_, _, err := a.link(ctx, purposeSetup, token)
	return err
}

// SetUp uses a setup link: it creates the first administrator and signs them in. Errors: NotFound for a link that does not
// work (any more); Validation with the fields that are wrong; Conflict when the e-mail stands.
func (a *Auth) SetUp(w http.ResponseWriter, r *http.Request, token string, p Person) error {
	ctx := r.Context()
	link, _, err := a.link(ctx, purposeSetup, token)
	if err != nil {
		return err
	}
	p.Name, p.Email = strings.TrimSpace(p.Name), normalEmail(p.Email)
	if err := checkPerson(p); err != nil {
		return err
	}
	if _, _, err := a.catalog.GetUserByEmail(ctx, p.Email); err == nil {
		return fault.New(fault.Conflict, "somebody has this e-mail address already")
	} else if ignoreNotFound(err) != nil {
		return fault.Wrap(err, "find the account")
	}
	hash, err := a.hasher.hash(ctx, p.Password)
	if err != nil {
		return err
	}
	if _, err := a.catalog.UseLink(ctx, link.Hash); err != nil {
		return fault.Wrap(err, "use the setup link")
	}
	user, err := a.join(ctx, link.Org, p, hash, link.Role)
	if err != nil {
		// The link is the only way in: it must not be lost to a full disk.
		fault.Ignore(a.catalog.CreateLink(context.WithoutCancel(ctx), link), "the error before is the one to report")
		return err
	}
	a.log.Info("first administrator created", "user", int64(user.ID))
	return a.start(w, r, user.ID)
}

// Invite makes a user of the organization and returns the address under which they choose a password. A person who has an
// account on the server already becomes a member, keeps their password, and the address is "".
func (a *Auth) Invite(ctx context.Context, org account.OrgID, email, name string, role account.Role) (account.User, string, error) {
	email = normalEmail(email)
	user, hash, err := a.catalog.GetUserByEmail(ctx, email)
	switch {
	case fault.CodeOf(err) == fault.NotFound:
		user, err = a.join(ctx, org, Person{Name: strings.TrimSpace(name), Email: email}, "", role)
	case err == nil:
		if _, err := a.catalog.GetMember(ctx, org, user.ID); err == nil {
			return user, "", fault.New(fault.Conflict, "the person is a member already")
		}
		err = a.catalog.PutMember(ctx, org, user.ID, role)
	}
	if err != nil {
		return account.User{}, "", fault.Wrap(err, "add a member", slog.Int64("org", int64(org)))
	}
	if hash != "" {
		return user, "", nil
	}
	secret, digest := newSecret()
	l := catalog.Link{
		Hash: digest, Purpose: purposeInvite, Org: org, User: user.ID, Role: role, Email: email,
		ExpiresAt: a.now().UTC().Add(a.opts.LinkDuration),
	}
	if err := a.catalog.CreateLink(ctx, l); err != nil {
		return account.User{}, "", fault.Wrap(err, "keep the invitation")
	}
	return user, a.opts.PublicURL.JoinPath("invite", secret).String(), nil
}

// CheckInvite returns who an invitation is for, or NotFound when it does not work (any more).
func (a *Auth) CheckInvite(ctx context.Context, token string) (account.User, error) {
	_, user, err := a.link(ctx, purposeInvite, token)
	return user, err
}

// AcceptInvite uses an invitation: the person gets a password and is signed in. Errors as those of SetUp.
func (a *Auth) AcceptInvite(w http.ResponseWriter, r *http.Request, token, password string) error {
	ctx := r.Context()
	link, user, err := a.link(ctx, purposeInvite, token)
	if err != nil {
		return err
	}
	if err := checkNewPassword(password, user.Email); err != nil {
		return err
	}
	hash, err := a.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	if _, err := a.catalog.UseLink(ctx, link.Hash); err != nil {
		return fault.Wrap(err, "use the invitation")
	}
	if err := a.catalog.SetPassword(ctx, user.ID, hash); err != nil {
		fault.Ignore(a.catalog.CreateLink(context.WithoutCancel(ctx), link), "the error before is the one to report")
		return fault.Wrap(err, "set the password", slog.Int64("user", int64(user.ID)))
	}
	return a.start(w, r, user.ID)
}

// EnsureAdmin makes sure that an owner of the organization with this e-mail exists, and returns who it is. The password is
// that of a new account only: one that exists keeps its own.
func (a *Auth) EnsureAdmin(ctx context.Context, org account.OrgID, email, password string) (account.User, error) {
	email = normalEmail(email)
	user, _, err := a.catalog.GetUserByEmail(ctx, email)
	if err == nil {
		return user, fault.Wrap(a.catalog.PutMember(ctx, org, user.ID, account.RoleOwner), "make the administrator a member")
	}
	if ignoreNotFound(err) != nil {
		return account.User{}, fault.Wrap(err, "find the administrator")
	}
	if password == "" {
		return account.User{}, fault.New(fault.Validation, "the administrator needs a password")
	}
	hash, err := a.hasher.hash(ctx, password)
	if err != nil {
		return account.User{}, err
	}
	name, _, _ := strings.Cut(email, "@")
	return a.join(ctx, org, Person{Name: name, Email: email}, hash, account.RoleOwner)
}

func (a *Auth) join(ctx context.Context, org account.OrgID, p Person, hash string, role account.Role) (account.User, error) {
	user, err := a.catalog.CreateUser(ctx, p.Email, p.Name, hash)
	if err != nil {
		return account.User{}, fault.Wrap(err, "create the account")
	}
	if err := a.catalog.PutMember(ctx, org, user.ID, role); err != nil {
		return account.User{}, fault.Wrap(err, "make the account a member", slog.Int64("user", int64(user.ID)))
	}
	return user, nil
}

// link finds a link that works, and whom it is for, if it is for somebody.
func (a *Auth) link(ctx context.Context, purpose, token string) (catalog.Link, account.User, error) {
	gone := fault.New(fault.NotFound, "this link was used or has ended")
	hash, ok := hashOf(token)
	if !ok {
		return catalog.Link{}, account.User{}, gone
	}
	l, err := a.catalog.GetLink(ctx, hash)
	if fault.CodeOf(err) == fault.NotFound || (err == nil && (l.Purpose != purpose || !l.ExpiresAt.After(a.now()))) {
		return catalog.Link{}, account.User{}, gone
	}
	if err != nil {
		return catalog.Link{}, account.User{}, fault.Wrap(err, "find a link")
	}
	if l.User == 0 {
		return l, account.User{}, nil
	}
	user, err := a.catalog.GetUser(ctx, l.User)
	if fault.CodeOf(err) == fault.NotFound {
		return catalog.Link{}, account.User{}, gone
	}
	return l, user, fault.Wrap(err, "find whom a link is for")
}

func checkPerson(p Person) error {
	var wrong []fault.FieldError
	add := func(field, rule, message string) {
		wrong = append(wrong, fault.FieldError{Field: field, Rule: rule, Message: message})
	}
	if p.Name == "" {
		add("name", "required", "is missing")
	} else if len(p.Name) > 200 {
		add("name", "max", "is too long")
	}
	if addr, err := mail.ParseAddress(p.Email); err != nil || addr.Address != p.Email || len(p.Email) > 254 {
		add("email", "format", "is not an e-mail address")
	}
	if err := checkNewPassword(p.Password, p.Email); err != nil {
		wrong = append(wrong, fault.Fields(err)...)
	}
	if wrong == nil {
		return nil
	}
	return fault.Invalid(wrong...)
}
