package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// DSN is the address an SDK sends to.
type DSN struct {
	Key     string   // public key
	Project string   // id
	Base    *url.URL // of the server, without the project
}

// ParseDSN reads a DSN such as "http://key@localhost:8000/1".
func ParseDSN(s string) (DSN, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User == nil {
		return DSN{}, fmt.Errorf("%q is not a DSN such as http://key@localhost:8000/1", s)
	}
	i := strings.LastIndexByte(u.Path, '/')
	if i < 0 || u.Path[i+1:] == "" {
		return DSN{}, fmt.Errorf("DSN %q names no project", s)
	}
	d := DSN{Key: u.User.Username(), Project: u.Path[i+1:], Base: u}
	u.User, u.Path = nil, u.Path[:i]
	return d, nil
}

// EnvelopeURL returns where envelopes are posted to.
func (d DSN) EnvelopeURL() string {
	return d.Base.JoinPath("api", d.Project, "envelope").String() + "/"
}

// Auth returns the value of the header X-Sentry-Auth.
func (d DSN) Auth(client string) string {
	return "Sentry sentry_version=7, sentry_client=" + client + ", sentry_key=" + d.Key
}

// SendEvent posts one event, as JSON, in an envelope. It returns the id that the server answered once the event is
// durable.
func SendEvent(ctx context.Context, h *http.Client, d DSN, eventID string, event []byte) (string, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\"event_id\":%q,\"sent_at\":%q}\n{\"type\":\"event\",\"length\":%d}\n%s\n",
		eventID, time.Now().UTC().Format(time.RFC3339Nano), len(event), event)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.EnvelopeURL(), &b)
	if err != nil {
		return "", fmt.Errorf("build the request: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-sentry-envelope")
	req.Header.Set("X-Sentry-Auth", d.Auth("seismo-cli/1"))
	resp, err := h.Do(req)
	if err != nil {
		return "", fmt.Errorf("reach the server: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the server answered %d: %s", resp.StatusCode, strings.TrimSpace(resp.Header.Get("X-Sentry-Error")+" "+string(body)))
	}
	var answer struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	return answer.ID, nil
}
