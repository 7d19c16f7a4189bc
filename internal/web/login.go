package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/auth"
)

// doorPage is a page for people who are not signed in: signing in, the first administrator, an invitation.
type doorPage struct {
	Shell
	Heading string
	Intro   string
	Form    form
	Next    string // where to go after signing in
	Token   string // of a setup link
	Email   string // of the person who is invited
	Min     int    // characters of a password
}

func (s *site) signInPage(v *visit) error {
	if _, ok := auth.ActorOf(v.ctx); ok {
		return v.seeOther(next(v.r.URL.Query().Get("next")))
	}
	return v.door("login", doorPage{Heading: "Sign in", Next: next(v.r.URL.Query().Get("next"))}, http.StatusOK)
}

// next returns where to go after signing in: a page of ours, and not one that signs in or out.
func next(p string) string {
	u, err := url.Parse(p)
	if err != nil || u.IsAbs() || u.Host != "" || !localPath(p) || u.Path == "/login" || u.Path == "/logout" || u.Path == "/setup" {
		return "/"
	}
	return p
}

func (v *visit) door(page string, p doorPage, status int) error {
	p.Shell = v.bareShell(p.Heading)
	p.Min = auth.MinPassword
	return v.render(status, page, "shell", p)
}

func (v *visit) parseForm() error {
	if err := v.r.ParseForm(); err != nil {
		return fault.With(fault.Wrap(err, "read the form"), fault.WithCode(fault.BadRequest))
	}
	return nil
}

func (s *site) signIn(v *visit) error {
	if err := v.parseForm(); err != nil {
		return err
	}
	email, to := v.r.PostForm.Get("email"), next(v.r.PostForm.Get("next"))
	err := s.auth.SignIn(v.w, v.r, email, v.r.PostForm.Get("password"))
	p := doorPage{Heading: "Sign in", Next: to, Form: form{Values: map[string]string{"email": email}}}
	switch fault.CodeOf(err) {
	case "":
		return v.seeOther(to)
	case fault.Unauthorized:
		p.Form.Text = "E-mail or password is wrong."
		return v.door("login", p, http.StatusUnauthorized)
	case fault.RateLimited:
		wait, _ := fault.RetryAfterOf(err)
		p.Form.Text = fmt.Sprintf("Too many tries. Wait %s, then try again.", duration(max(wait, time.Second)))
		v.w.Header().Set("Retry-After", strconv.Itoa(int(max(wait, time.Second)/time.Second)))
		return v.door("login", p, http.StatusTooManyRequests)
	}
	return err
}

func (s *site) signOut(v *visit) error {
	if err := s.auth.SignOut(v.w, v.r); err != nil {
		return err
	}
	// What the browser keeps of pages that were for members only goes with the session.
	v.w.Header().Set("Clear-Site-Data", `"cache"`)
	return v.seeOther("/login")
}

const setupIntro = "This server has no administrator yet. The first account owns the organization and can invite others."

func (s *site) setupPage(v *visit) error {
	token := v.r.URL.Query().Get("token")
	if err := s.auth.CheckSetup(v.ctx, token); err != nil {
		return v.deadLink(err)
	}
	return v.door("setup", doorPage{Heading: "Set up Seismo", Intro: setupIntro, Token: token}, http.StatusOK)
}

func (s *site) setUp(v *visit) error {
	if err := v.parseForm(); err != nil {
		return err
	}
	f, token := v.r.PostForm, v.r.PostForm.Get("token")
	err := s.auth.SetUp(v.w, v.r, token, auth.Person{Name: f.Get("name"), Email: f.Get("email"), Password: f.Get("password")})
	if err == nil {
		return v.seeOther("/")
	}
	wrong, ok := refusedForm(err, map[string]string{"name": f.Get("name"), "email": f.Get("email")})
	if fault.CodeOf(err) == fault.Conflict {
		wrong.Wrong["email"], ok = "is somebody's already", true
	}
	if ok {
		return v.door("setup", doorPage{Heading: "Set up Seismo", Intro: setupIntro, Token: token, Form: wrong}, http.StatusUnprocessableEntity)
	}
	return v.deadLink(err)
}

func (s *site) invitePage(v *visit) error {
	user, err := s.auth.CheckInvite(v.ctx, v.r.PathValue("token"))
	if err != nil {
		return v.deadLink(err)
	}
	return v.door("invite", doorPage{Heading: "Choose a password", Email: user.Email}, http.StatusOK)
}

func (s *site) acceptInvite(v *visit) error {
	if err := v.parseForm(); err != nil {
		return err
	}
	token := v.r.PathValue("token")
	err := s.auth.AcceptInvite(v.w, v.r, token, v.r.PostForm.Get("password"))
	if err == nil {
		return v.seeOther("/")
	}
	if wrong, ok := refusedForm(err, nil); ok {
		user, err := s.auth.CheckInvite(v.ctx, token)
		if err != nil {
			return v.deadLink(err)
		}
		return v.door("invite", doorPage{Heading: "Choose a password", Email: user.Email, Form: wrong}, http.StatusUnprocessableEntity)
	}
	return v.deadLink(err)
}

// deadLink says that a one-time link does not work, instead of the plain "not here".
func (v *visit) deadLink(err error) error {
	if fault.CodeOf(err) != fault.NotFound {
		return err
	}
	p := errorPage{Shell: v.bareShell("This link has ended"), Problem: problem{
		Title: "This link has ended", Text: "It was used, it is too old, or a newer one was made. The server's log shows the present setup link; an administrator can send a new invitation.",
		Home: "/login", HomeAs: "Sign in",
	}}
	return v.render(http.StatusNotFound, "error", "shell", p)
}

// setTheme is POST /theme, for readers without JavaScript.
func (s *site) setTheme(v *visit) error {
	if err := v.parseForm(); err != nil {
		return err
	}
	value := v.r.PostForm.Get("theme")
	c := &http.Cookie{Name: themeCookie, Value: value, Path: "/", MaxAge: 365 * 24 * 3600, SameSite: http.SameSiteLaxMode}
	if value != "light" && value != "dark" {
		c.Value, c.MaxAge = "", -1 // the system's
	}
	http.SetCookie(v.w, c)
	return v.seeOther(v.back("/"))
}

func (s *site) home(v *visit) error { return v.seeOther("/issues") }
