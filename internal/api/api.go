// Package api is the REST API under /api/v1: JSON in and out, bearer tokens, problems as RFC 9457 says.
//
// Ids are strings. Times are RFC 3339 in UTC. Lists answer {"items", "next"}: next is the cursor of the following page,
// and empty at the end. What another organization owns does not exist.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faulthttp"
	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/auth"
	"github.com/seismohq/seismo/internal/catalog"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/issue"
	"github.com/seismohq/seismo/internal/outcome"
	"github.com/seismohq/seismo/internal/project"
)

// Catalog is what the API needs of the catalog.
type Catalog interface {
	CreateProject(ctx context.Context, org account.OrgID, in catalog.ProjectInput) (project.Project, error)
	GetProject(ctx context.Context, org account.OrgID, id project.ID) (project.Project, error)
	GetProjectBySlug(ctx context.Context, org account.OrgID, slug string) (project.Project, error)
	ListProjects(ctx context.Context, org account.OrgID) ([]project.Project, error)
	ListKeys(ctx context.Context, org account.OrgID, p project.ID) ([]project.Key, error)

	ListIssues(ctx context.Context, org account.OrgID, q catalog.IssueQuery) (catalog.IssuePage, error)
	GetIssue(ctx context.Context, org account.OrgID, id issue.ID) (issue.Issue, error)
	GetIssueByShortID(ctx context.Context, org account.OrgID, shortID string) (issue.Issue, error)
	UpdateIssue(ctx context.Context, org account.OrgID, id issue.ID, c catalog.IssueChange) (issue.Issue, error)
	IssueKeys(ctx context.Context, org account.OrgID, id issue.ID) ([]event.Key, error)
	IssuesByKeys(ctx context.Context, p project.ID, keys []event.Key) (map[event.Key]issue.ID, error)

	ListOutcomes(ctx context.Context, org account.OrgID, p project.ID, from, to time.Time) ([]outcome.Count, error)
}

// Events is what the API needs of the event store.
type Events interface {
	Get(ctx context.Context, p project.ID, id event.ID) (eventstore.Stored, error)
	List(ctx context.Context, p project.ID, q eventstore.ListQuery) (eventstore.Page, error)
}

// Users creates people; package auth does.
type Users interface {
	Invite(ctx context.Context, org account.OrgID, email, name string, role account.Role) (account.User, string, error)
}

// Options adjust the API.
type Options struct {
	PublicURL *url.URL         // needed: DSNs and links are built from it
	Logger    *slog.Logger     // nil: discards
	Now       func() time.Time // nil: time.Now
}

// API serves /api/v1.
type API struct {
	catalog Catalog
	events  Events
	users   Users
	opts    Options
	errors  *faulthttp.Errors
}

// New returns the handler of /api/v1/. The request must carry an actor of package auth: what puts it there stands in front.
func New(c Catalog, e Events, u Users, o Options) http.Handler {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &API{catalog: c, events: e, users: u, opts: o, errors: faulthttp.New(faulthttp.Config{Log: o.Logger})}
	mux := http.NewServeMux()
	for _, r := range a.routes() {
		mux.Handle(r.pattern, a.serve(r))
	}
	return a.errors.Middleware(a.errors.Mux(mux))
}

// route is one call.
type route struct {
	pattern string
	needs   auth.Permission
	status  int // of success
	handle  func(r *http.Request, actor auth.Actor) (any, error)
}

func (a *API) routes() []route {
	return []route{
		{"GET /api/v1/projects", auth.Read, 200, a.listProjects},
		{"POST /api/v1/projects", auth.Manage, 201, a.createProject},
		{"GET /api/v1/issues", auth.Read, 200, a.listIssues},
		{"GET /api/v1/issues/{id}", auth.Read, 200, a.getIssue},
		{"PATCH /api/v1/issues/{id}", auth.Triage, 200, a.updateIssue},
		{"GET /api/v1/issues/{id}/events", auth.Read, 200, a.listEvents},
		{"GET /api/v1/events/{id}", auth.Read, 200, a.getEvent},
		{"GET /api/v1/stats/outcomes", auth.Read, 200, a.listOutcomes},
		{"POST /api/v1/users", auth.Administer, 201, a.createUser},
	}
}

func (a *API) serve(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		actor, ok := auth.ActorOf(r.Context())
		if !ok {
			a.errors.Write(w, r, fault.With(fault.New(fault.Unauthorized, "an API token is needed"), fault.Header("WWW-Authenticate", "Bearer")))
			return
		}
		if !actor.May(rt.needs) {
			a.errors.Write(w, r, fault.New(fault.Denied, "the token does not allow this"))
			return
		}
		answer, err := rt.handle(r, actor)
		if err != nil {
			a.errors.Write(w, r, err)
			return
		}
		b, err := json.Marshal(answer)
		if err != nil {
			a.errors.Write(w, r, fault.Wrap(err, "encode an answer"))
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(rt.status)
		_, _ = w.Write(b) // a client that is gone needs no answer
	})
}

// page is a part of a list.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

const maxRequestBytes = 1 << 20

// read decodes the body of a request into v.
func read(r *http.Request, v any) error {
	b, err := io.ReadAll(io.LimitReader(r.Body, maxRequestBytes+1))
	switch {
	case err != nil:
		return fault.Wrap(fault.With(err, fault.WithCode(fault.BadRequest)), "read a request")
	case len(b) > maxRequestBytes:
		return fault.New(fault.TooLarge, "the body is longer than 1 MiB")
	}
	if err := json.Unmarshal(b, v); err != nil {
		var typeErr *json.UnmarshalTypeError
		if errors.As(err, &typeErr) && typeErr.Field != "" {
			return invalid(typeErr.Field, "type", "is of the wrong type")
		}
		return fault.New(fault.BadRequest, "the body is not JSON")
	}
	return nil
}

func invalid(field, rule, message string) error {
	return fault.Invalid(fault.FieldError{Field: field, Rule: rule, Message: message})
}

// limit reads the page size of a list.
func limit(r *http.Request, most int) (int, error) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, invalid("limit", "range", "must be a number from 1 to "+strconv.Itoa(most))
	}
	return n, nil
}

// project finds a project by its id or slug.
func (a *API) project(ctx context.Context, org account.OrgID, name string) (project.Project, error) {
	if id, err := project.ParseID(name); err == nil {
		p, err := a.catalog.GetProject(ctx, org, id)
		if fault.CodeOf(err) != fault.NotFound {
			return p, err
		}
	}
	return a.catalog.GetProjectBySlug(ctx, org, strings.ToLower(name))
}
