package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faulthttp"
	"github.com/seismohq/seismo/fault/faultlog"
	"github.com/seismohq/seismo/internal/auth"
)

// maxForm bounds what is read of a posted form: a bulk act names up to a page of issues.
const maxForm = 256 << 10

// Cookies that hold what a reader chose; no secrets, and readable by the modules that set them.
const (
	themeCookie  = "seismo_theme"  // light or dark
	zoneCookie   = "seismo_zone"   // name of a time zone, such as Europe/Oslo
	framesCookie = "seismo_frames" // how stack traces are shown, see framesMode
)

// visit is one request to a page, and who makes it.
type visit struct {
	site     *site
	w        http.ResponseWriter
	r        *http.Request
	ctx      context.Context
	actor    auth.Actor // of a member's page
	now      time.Time
	zone     *time.Location
	theme    string // "light", "dark" or "" for the system's
	fragment string // id of the part that is asked for; "" for the whole page
}

func (s *site) visit(w http.ResponseWriter, r *http.Request) *visit {
	v := &visit{site: s, w: w, r: r, ctx: r.Context(), now: s.now(), zone: time.UTC, fragment: r.Header.Get("Fragment")}
	if len(v.fragment) > 64 {
		v.fragment = ""
	}
	v.actor, _ = auth.ActorOf(v.ctx)
	if c, err := r.Cookie(themeCookie); err == nil && (c.Value == "light" || c.Value == "dark") {
		v.theme = c.Value
	}
	if c, err := r.Cookie(zoneCookie); err == nil {
		v.zone = zoneNamed(c.Value)
	}
	return v
}

// zoneNamed returns a time zone as a browser names it, and UTC for anything else.
func zoneNamed(name string) *time.Location {
	name, err := url.QueryUnescape(name)
	if err != nil || len(name) > 64 || name == "" || name == "Local" {
		return time.UTC
	}
	l, err := time.LoadLocation(name) // refuses paths that leave the tables
	if err != nil {
		return time.UTC
	}
	return l
}

// open makes a handler for a page that anybody may ask for.
func (s *site) open(f func(*visit) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := s.visit(w, r)
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := fault.Try(func() error { return f(v) }); err != nil {
			v.fail(err)
		}
	})
}

// member makes a handler for a page that needs somebody who is signed in and may do what it is for.
func (s *site) member(needs auth.Permission, f func(*visit) error) http.Handler {
	return s.open(func(v *visit) error {
		if _, ok := auth.ActorOf(v.ctx); !ok {
			target := "/login"
			if v.r.Method == http.MethodGet && v.r.URL.Path != "/" && v.r.URL.Path != "/live" {
				target += "?next=" + url.QueryEscape(v.r.URL.RequestURI())
			}
			if v.r.URL.Path == "/live" {
				return fault.New(fault.Unauthorized, "sign in first")
			}
			return v.seeOther(target)
		}
		if !v.actor.May(needs) {
			return fault.New(fault.Denied, "your role does not allow this", slog.String("needs", string(needs)))
		}
		return f(v)
	})
}

// seeOther sends the reader to a path of the site.
func (v *visit) seeOther(path string) error {
	v.noStore()
	http.Redirect(v.w, v.r, v.site.path(path), http.StatusSeeOther)
	return nil
}

func (v *visit) noStore() {
	h := v.w.Header()
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Fragment")
}

// back returns the page of ours that the request was sent from, as path and query, or other when it is not known. Browsers
// send the whole address to our own origin (Referrer-Policy: same-origin).
func (v *visit) back(other string) string {
	u, err := url.Parse(v.r.Referer())
	if err != nil || u.Host != v.r.Host && u.Host != v.site.opts.PublicURL.Host {
		return other
	}
	p, ok := strings.CutPrefix(u.Path, v.site.base)
	if !ok || !localPath(p) {
		return other
	}
	if u.RawQuery != "" {
		p += "?" + u.RawQuery
	}
	return p
}

// localPath reports whether p is a path on this very host: "//host" and "/\host" are not.
func localPath(p string) bool {
	return strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "//") && !strings.ContainsAny(p, "\\\r\n")
}

// render writes a page, or only the named part of it. It executes into memory first, so that a failure can still become an
// error page.
func (v *visit) render(status int, page, part string, data any) error {
	t, err := v.site.pages.get(page)
	if err != nil {
		return err
	}
	b := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	start := time.Now()
	if err := t.ExecuteTemplate(b, part, data); err != nil {
		return fault.Wrap(err, "render a page", slog.String("page", page), slog.String("part", part))
	}
	h := v.w.Header()
	// What the template took, for those who look; a page that was slow was slow before this.
	h.Set("Server-Timing", fmt.Sprintf("template;dur=%.1f", float64(time.Since(start).Microseconds())/1000))
	h.Set("Content-Type", "text/html; charset=utf-8")
	v.noStore()
	return v.send(status, b.Bytes())
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// minZipped is the size from which compressing is worth it: below that the answer is one packet anyway.
const minZipped = 1400

func (v *visit) send(status int, body []byte) error {
	h := v.w.Header()
	h.Add("Vary", "Accept-Encoding")
	if len(body) < minZipped || !acceptsGzip(v.r) {
		h.Set("Content-Length", strconv.Itoa(len(body)))
		v.w.WriteHeader(status)
		if v.r.Method != http.MethodHead {
			_, _ = v.w.Write(body) // a client that is gone needs no answer
		}
		return nil
	}
	h.Set("Content-Encoding", "gzip")
	v.w.WriteHeader(status)
	if v.r.Method == http.MethodHead {
		return nil
	}
	z := zippers.Get().(*gzip.Writer)
	defer zippers.Put(z)
	z.Reset(v.w)
	_, _ = z.Write(body) // a client that is gone needs no answer
	_ = z.Close()
	return nil
}

var zippers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// problem is an error as the reader sees it.
type problem struct {
	Title   string
	Text    string
	Request string // id to tell an operator
	Home    string // where to go on, and in which words
	HomeAs  string
}

type errorPage struct {
	Shell
	Problem problem
	Toast   toast
}

// fail answers with an error: a page, or for a part of one a message that floats.
func (v *visit) fail(err error) {
	info := fault.InfoOf(err)
	id := faulthttp.RequestID(v.ctx)
	if v.site.log.Enabled(v.ctx, info.Level) {
		v.site.log.LogAttrs(v.ctx, info.Level, "request failed", slog.String("method", v.r.Method), slog.String("path", v.r.URL.Path),
			slog.Int("status", info.Status), slog.String("request_id", id), faultlog.Err(err))
	}
	if wait, ok := fault.RetryAfterOf(err); ok {
		v.w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())))
	}
	p := errorPage{Shell: v.bareShell("Error"), Problem: problemOf(err)}
	p.Problem.Request = id
	p.Title = p.Problem.Title
	part := "shell"
	if v.fragment != "" {
		part = "toasts"
		p.Toast = toast{Bad: true, Text: p.Problem.Title + ". " + p.Problem.Text, Request: id}
	}
	var rerr error
	if part == "toasts" {
		rerr = v.render(info.Status, "error", part, p.Toast)
	} else {
		rerr = v.render(info.Status, "error", part, p)
	}
	if rerr != nil { // the error page itself is broken: say it plainly
		v.site.failures.Write(v.w, v.r, fault.Join(err, rerr))
	}
}

// problemOf says in words what happened and what to try.
func problemOf(err error) problem {
	p := problem{Home: "/issues", HomeAs: "Go to issues"}
	switch fault.CodeOf(err) {
	case fault.NotFound:
		p.Title, p.Text = "Not here", "There is no such page, or it belongs to another organization."
	case fault.Denied:
		p.Title, p.Text = "Not allowed", "Your role does not allow this. An administrator can change it."
	case fault.Unauthorized:
		p.Title, p.Text, p.Home, p.HomeAs = "Signed out", "Sign in to go on.", "/login", "Sign in"
	case fault.RateLimited:
		p.Title, p.Text = "Too many tries", "Wait a moment, then try again."
	case fault.Unavailable, fault.Timeout:
		p.Title, p.Text = "This takes too long", "A part of the server does not answer now. A shorter time range usually works; so does trying again."
	case fault.TooLarge:
		p.Title, p.Text = "Too large", "The form holds more than the server takes at once."
	case fault.Conflict:
		p.Title, p.Text = "Changed meanwhile", "Somebody was quicker. Load the page again to see how it stands now."
	case fault.Validation, fault.BadRequest:
		p.Title, p.Text = "Not understood", "The address or the form holds something that this page does not know."
	default:
		p.Title, p.Text = "This page failed", "The error is in the server's log under the request below. Trying again may help."
	}
	return p
}

func (s *site) notFound(*visit) error {
	return fault.New(fault.NotFound, "no such page")
}

func (s *site) crossOrigin(v *visit) error {
	return fault.New(fault.Denied, "the request came from another site", slog.String("origin", v.r.Header.Get("Origin")))
}
