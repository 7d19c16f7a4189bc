// Package client is the typed Go client of Seismo's REST API, and sends envelopes to a DSN.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Client calls one server with one token. It may be used from many goroutines.
type Client struct {
	base  *url.URL
	token string
	http  *http.Client
}

// New returns a client of the server at base, such as "https://errors.example.org". A nil h means a client with a
// timeout of 30 s.
func New(base, token string, h *http.Client) (*Client, error) {
	u, err := url.Parse(strings.TrimRight(base, "/"))
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%q is not the address of a server", base)
	}
	if h == nil {
		h = &http.Client{Timeout: 30 * time.Second}
	}
	return &Client{base: u, token: token, http: h}, nil
}

// Error is an answer that says no: an RFC 9457 problem.
type Error struct {
	Status int    `json:"status"`
	Code   string `json:"code"` // stable, such as "NOT_FOUND"
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Errors []struct {
		Field   string `json:"field"`
		Message string `json:"message"`
	} `json:"errors"`
}

func (e *Error) Error() string {
	text := e.Detail
	if text == "" {
		text = e.Title
	}
	for _, f := range e.Errors {
		text += "; " + f.Field + ": " + f.Message
	}
	return fmt.Sprintf("%s (%d %s)", text, e.Status, e.Code)
}

// IsNotFound reports whether err says that the thing does not exist, or not for this token.
func IsNotFound(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusNotFound
}

// Project is a project with its keys.
type Project struct {
	ID       string `json:"id"`
	Slug     string `json:"slug"`
	Name     string `json:"name"`
	Platform string `json:"platform"`
	Keys     []Key  `json:"keys"`
}

// Key is one key of a project.
type Key struct {
	Public  string `json:"public"`
	Label   string `json:"label"`
	Enabled bool   `json:"enabled"`
	DSN     string `json:"dsn"`
}

// Issue is one problem.
type Issue struct {
	ID           string    `json:"id"`
	ShortID      string    `json:"short_id"`
	Project      string    `json:"project"` // slug
	Title        string    `json:"title"`
	Type         string    `json:"type"`
	Value        string    `json:"value"`
	Culprit      string    `json:"culprit"`
	Location     string    `json:"location"`
	Level        string    `json:"level"`
	Platform     string    `json:"platform"`
	Category     string    `json:"category"`
	Status       string    `json:"status"`
	Regressed    bool      `json:"regressed"`
	Escalating   bool      `json:"escalating"`
	Unhandled    bool      `json:"unhandled"`
	Assignee     string    `json:"assignee"` // user id
	Count        int64     `json:"count"`
	Users        int64     `json:"users"`
	FirstSeen    time.Time `json:"first_seen"`
	LastSeen     time.Time `json:"last_seen"`
	FirstRelease string    `json:"first_release"`
	LastRelease  string    `json:"last_release"`
	Version      int64     `json:"version"`
}

// EventRow is one line of an issue's list of events.
type EventRow struct {
	ID          string    `json:"event_id"`
	Timestamp   time.Time `json:"timestamp"`
	Received    time.Time `json:"received"`
	Level       string    `json:"level"`
	Environment string    `json:"environment"`
	Release     string    `json:"release"`
	User        string    `json:"user"`
	Title       string    `json:"title"`
}

// Outcome is how many items ended the same way within an hour.
type Outcome struct {
	Project  string    `json:"project"`
	Hour     time.Time `json:"hour"`
	Category string    `json:"category"`
	Outcome  string    `json:"outcome"`
	Reason   string    `json:"reason"`
	Quantity int64     `json:"quantity"`
}

// Page is a part of a list.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"` // cursor of the next page; "" at the end
}

// IssueQuery asks for issues.
type IssueQuery struct {
	Project string // slug or id; "": all
	Query   string // as in the search box
	Sort    string
	Cursor  string
	Limit   int
}

// CreateProject creates a project with one key.
func (c *Client) CreateProject(ctx context.Context, name, platform string) (Project, error) {
	var p Project
	err := c.do(ctx, http.MethodPost, "/api/v1/projects", nil, map[string]string{"name": name, "platform": platform}, &p)
	return p, err
}

// ListProjects returns all projects that the token may see.
func (c *Client) ListProjects(ctx context.Context) ([]Project, error) {
	var page Page[Project]
	err := c.do(ctx, http.MethodGet, "/api/v1/projects", nil, nil, &page)
	return page.Items, err
}

// ListIssues returns a page of issues.
func (c *Client) ListIssues(ctx context.Context, q IssueQuery) (Page[Issue], error) {
	v := url.Values{}
	set(v, "project", q.Project)
	set(v, "q", q.Query)
	set(v, "sort", q.Sort)
	set(v, "cursor", q.Cursor)
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	var page Page[Issue]
	err := c.do(ctx, http.MethodGet, "/api/v1/issues", v, nil, &page)
	return page, err
}

// GetIssue returns an issue by id or short id.
func (c *Client) GetIssue(ctx context.Context, id string) (Issue, error) {
	var i Issue
	err := c.do(ctx, http.MethodGet, "/api/v1/issues/"+url.PathEscape(id), nil, nil, &i)
	return i, err
}

// SetIssueStatus changes the status of an issue.
func (c *Client) SetIssueStatus(ctx context.Context, id, status string) (Issue, error) {
	var i Issue
	err := c.do(ctx, http.MethodPatch, "/api/v1/issues/"+url.PathEscape(id), nil, map[string]string{"status": status}, &i)
	return i, err
}

// ListEvents returns a page of an issue's events, newest first.
func (c *Client) ListEvents(ctx context.Context, issue, cursor string, limit int) (Page[EventRow], error) {
	v := url.Values{}
	set(v, "cursor", cursor)
	if limit > 0 {
		v.Set("limit", strconv.Itoa(limit))
	}
	var page Page[EventRow]
	err := c.do(ctx, http.MethodGet, "/api/v1/issues/"+url.PathEscape(issue)+"/events", v, nil, &page)
	return page, err
}

// GetEvent returns a whole normalised event as JSON, with "grouping", "remarks" and "outcome".
func (c *Client) GetEvent(ctx context.Context, project, eventID string) (json.RawMessage, error) {
	var e json.RawMessage
	err := c.do(ctx, http.MethodGet, "/api/v1/events/"+url.PathEscape(eventID), url.Values{"project": {project}}, nil, &e)
	return e, err
}

// ListOutcomes returns how items ended since a time, per hour.
func (c *Client) ListOutcomes(ctx context.Context, project string, since time.Time) ([]Outcome, error) {
	v := url.Values{"since": {since.UTC().Format(time.RFC3339)}}
	set(v, "project", project)
	var page Page[Outcome]
	err := c.do(ctx, http.MethodGet, "/api/v1/stats/outcomes", v, nil, &page)
	return page.Items, err
}

func set(v url.Values, key, value string) {
	if value != "" {
		v.Set(key, value)
	}
}

func (c *Client) do(ctx context.Context, method, path string, query url.Values, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode the request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	u := c.base.String() + path
	if len(query) > 0 {
		u += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, u, body)
	if err != nil {
		return fmt.Errorf("build the request: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("reach the server: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode >= 300 {
		e := &Error{Status: resp.StatusCode, Title: http.StatusText(resp.StatusCode)}
		_ = json.Unmarshal(b, e) // an answer that is no problem document still has its status
		e.Status = resp.StatusCode
		return e
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}

// User is a person.
type User struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	Name  string `json:"name"`
	Role  string `json:"role"`
	Link  string `json:"link"` // where the person chooses a password; only in the answer to CreateUser
}

// CreateUser creates a user with a role in the token's organization. The answer holds a link by which the person chooses
// a password.
func (c *Client) CreateUser(ctx context.Context, email, name, role string) (User, error) {
	var u User
	err := c.do(ctx, http.MethodPost, "/api/v1/users", nil, map[string]string{"email": email, "name": name, "role": role}, &u)
	return u, err
}
