// Package web is the user interface: pages rendered on the server by html/template, which work without JavaScript, and a few
// small modules that make them quicker to use.
//
// One page is one file: issue_list.go fills a typed struct through the interfaces below, templates/issue_list.html renders
// it. A request with the header "Fragment: rows" gets only that part of the page; assets/js/swap.js puts it in place. Event
// text is hostile: it reaches a page through html/template and text.go, never as HTML.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
	_ "time/tzdata" // times are shown in the reader's zone, also where the machine has no zone files

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faulthttp"
	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/auth"
	"github.com/seismohq/seismo/internal/catalog"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/issue"
	"github.com/seismohq/seismo/internal/project"
)

// Catalog is what the pages need of the catalog.
type Catalog interface {
	GetOrganization(ctx context.Context, org account.OrgID) (account.Organization, error)
	ListMembers(ctx context.Context, org account.OrgID) ([]account.Member, error)

	CreateProject(ctx context.Context, org account.OrgID, in catalog.ProjectInput) (project.Project, error)
	GetProjectBySlug(ctx context.Context, org account.OrgID, slug string) (project.Project, error)
	ListProjects(ctx context.Context, org account.OrgID) ([]project.Project, error)
	ListKeys(ctx context.Context, org account.OrgID, p project.ID) ([]project.Key, error)

	ListIssues(ctx context.Context, org account.OrgID, q catalog.IssueQuery) (catalog.IssuePage, error)
	CountIssues(ctx context.Context, org account.OrgID, q catalog.IssueQuery) (int64, error)
	GetIssue(ctx context.Context, org account.OrgID, id issue.ID) (issue.Issue, error)
	GetIssueByShortID(ctx context.Context, org account.OrgID, shortID string) (issue.Issue, error)
	IssueKeys(ctx context.Context, org account.OrgID, id issue.ID) ([]event.Key, error)
	IssuesByKeys(ctx context.Context, p project.ID, keys []event.Key) (map[event.Key]issue.ID, error)
	UpdateIssue(ctx context.Context, org account.OrgID, id issue.ID, c catalog.IssueChange) (issue.Issue, error)
	ListActivity(ctx context.Context, org account.OrgID, id issue.ID, limit int) ([]issue.Activity, error)
	Feed(ctx context.Context, after int64, limit int) ([]issue.Activity, error)
}

// Events is what the pages need of the event store.
type Events interface {
	Get(ctx context.Context, p project.ID, id event.ID) (eventstore.Stored, error)
	List(ctx context.Context, p project.ID, q eventstore.ListQuery) (eventstore.Page, error)
	Neighbours(ctx context.Context, p project.ID, q eventstore.ListQuery, at time.Time, id event.ID) (eventstore.Neighbours, error)
	Histogram(ctx context.Context, p project.ID, q eventstore.HistogramQuery) ([]eventstore.Bucket, error)
	Histograms(ctx context.Context, p project.ID, q eventstore.HistogramQuery) (map[event.Key][]eventstore.Bucket, error)
	Totals(ctx context.Context, p project.ID, keys []event.Key, r eventstore.Range) (map[event.Key]eventstore.Totals, error)
	Users(ctx context.Context, p project.ID, keys []event.Key, r eventstore.Range) (int64, error)
	TopTags(ctx context.Context, p project.ID, q eventstore.TagQuery) ([]eventstore.TagCounts, error)
}

// Auth says who is asking; *auth.Auth does.
type Auth interface {
	Session(next http.Handler) http.Handler
	SignIn(w http.ResponseWriter, r *http.Request, email, password string) error
	SignOut(w http.ResponseWriter, r *http.Request) error
	CheckSetup(ctx context.Context, token string) error
	SetUp(w http.ResponseWriter, r *http.Request, token string, p auth.Person) error
	CheckInvite(ctx context.Context, token string) (account.User, error)
	AcceptInvite(w http.ResponseWriter, r *http.Request, token, password string) error
}

// Options adjust the pages.
type Options struct {
	// PublicURL is the address under which browsers reach the server; needed. A path in it is kept in all links; requests
	// may come with or without it.
	PublicURL *url.URL
	Now       func() time.Time // nil: time.Now
	Logger    *slog.Logger     // nil: discards
	Version   string           // shown at the foot of the sign-in page
	Dev       bool             // read templates and assets from ./internal/web at each request
	// Stopping ends live streams when it is closed, so that a server that drains need not wait for them. nil: they end with
	// their request.
	Stopping <-chan struct{}
}

// site is the pages and what they stand on.
type site struct {
	catalog  Catalog
	events   Events
	auth     Auth
	opts     Options
	log      *slog.Logger
	now      func() time.Time
	base     string // path of PublicURL without the last slash
	files    *fileTree
	pages    *pageSet
	ingest   ingestCache
	live     feed
	paint    painter
	failures *faulthttp.Errors // of requests that end before a page can be made
}

// New returns the handler of all pages. It fails when a template or an asset is broken.
func New(c Catalog, e Events, a Auth, o Options) (http.Handler, error) {
	if o.PublicURL == nil {
		return nil, fault.New(fault.Validation, "the pages need the public address")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &site{
		catalog: c, events: e, auth: a, opts: o, log: o.Logger, now: o.Now,
		base: strings.TrimRight(o.PublicURL.Path, "/"), failures: faulthttp.New(faulthttp.Config{Log: o.Logger}),
	}
	s.ingest.init()
	s.live.init(c)
	var err error
	if s.files, err = newFileTree(s.base, o.Dev); err != nil {
		return nil, err
	}
	if s.pages, err = newPageSet(s, o.Dev); err != nil {
		return nil, err
	}
	return s.handler()
}

func (s *site) handler() (http.Handler, error) {
	mux := http.NewServeMux()
	mux.Handle("GET /static/", s.files)
	for pattern, f := range s.openRoutes() {
		mux.Handle(pattern, s.open(f))
	}
	for pattern, rt := range s.memberRoutes() {
		mux.Handle(pattern, s.member(rt.needs, rt.handle))
	}
	mux.Handle("/", s.open(s.notFound))

	cross := http.NewCrossOriginProtection()
	origin := url.URL{Scheme: s.opts.PublicURL.Scheme, Host: s.opts.PublicURL.Host}
	if err := cross.AddTrustedOrigin(origin.String()); err != nil {
		return nil, fault.Wrap(err, "trust the public address", slog.String("origin", origin.String()))
	}
	cross.SetDenyHandler(s.open(s.crossOrigin))
	h := s.auth.Session(mux)
	h = cross.Handler(h)
	h = s.withoutBase(h)
	return s.withRequestID(withHeaders(h)), nil
}

// withRequestID gives requests an id where nothing in front has done so.
func (s *site) withRequestID(next http.Handler) http.Handler {
	named := s.failures.Middleware(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if faulthttp.RequestID(r.Context()) != "" {
			next.ServeHTTP(w, r)
			return
		}
		named.ServeHTTP(w, r)
	})
}

// openRoutes are the pages for people who are not signed in (yet).
func (s *site) openRoutes() map[string]func(*visit) error {
	return map[string]func(*visit) error{
		"GET /login":           s.signInPage,
		"POST /login":          s.signIn,
		"POST /logout":         s.signOut,
		"GET /setup":           s.setupPage,
		"POST /setup":          s.setUp,
		"GET /invite/{token}":  s.invitePage,
		"POST /invite/{token}": s.acceptInvite,
		"POST /theme":          s.setTheme,
	}
}

// route is one page for members.
type route struct {
	needs  auth.Permission
	handle func(*visit) error
}

func (s *site) memberRoutes() map[string]route {
	return map[string]route{
		"GET /{$}":                        {auth.Read, s.home},
		"GET /issues":                     {auth.Read, s.issueList},
		"POST /issues/bulk":               {auth.Triage, s.bulkAct},
		"POST /issues/undo":               {auth.Triage, s.undoActs},
		"GET /issues/{id}":                {auth.Read, s.issuePage},
		"GET /issues/{id}/events/{event}": {auth.Read, s.issuePage},
		"POST /issues/{id}/{act}":         {auth.Triage, s.issueAct},
		"GET /events/{event}":             {auth.Read, s.findEvent},
		"GET /projects":                   {auth.Read, s.projectList},
		"GET /projects/new":               {auth.Manage, s.newProject},
		"POST /projects/new":              {auth.Manage, s.createProject},
		"GET /projects/{slug}/setup":      {auth.Read, s.projectSetup},
		"GET /live":                       {auth.Read, s.stream},
	}
}

// withoutBase takes the path of the public address off requests that come with it.
func (s *site) withoutBase(next http.Handler) http.Handler {
	if s.base == "" {
		return next
	}
	stripped := http.StripPrefix(s.base, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == s.base {
			http.Redirect(w, r, s.base+"/", http.StatusSeeOther)
			return
		}
		if strings.HasPrefix(r.URL.Path, s.base+"/") {
			stripped.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// path returns a path of the site as links need it.
func (s *site) path(p string) string { return s.base + p }
