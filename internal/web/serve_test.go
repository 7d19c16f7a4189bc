package web_test

import (
	"net"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/catalog"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/web"
)

// TestServe serves the seeded pages for people who work on them: SEISMO_WEB_SERVE=127.0.0.1:8123 go test -run TestServe
// -timeout 0 ./internal/web. Sign in as mara@halden.example with "correct horse battery"; /as-mara signs in at once,
// /one-more makes an issue.
func TestServe(t *testing.T) {
	addr := os.Getenv("SEISMO_WEB_SERVE")
	if addr == "" {
		t.Skip("SEISMO_WEB_SERVE is not set: an aid for working on the pages")
	}
	s := newSite(t, func(o *web.Options) { o.PublicURL = &url.URL{Scheme: "http", Host: addr} })
	if os.Getenv("SEISMO_WEB_EMPTY") == "" {
		seed(t, s)
	}
	setup, err := s.auth.SetupLink(t.Context(), s.org+1)
	if err != nil {
		t.Logf("no setup link: %v", err)
	}
	_, invite, err := s.auth.Invite(t.Context(), s.org, "lin@halden.example", "Lin Chen", account.RoleViewer)
	if err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /as-mara", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, s.cookie)
		for _, name := range []string{"seismo_theme", "seismo_zone"} {
			if v := r.URL.Query().Get(name); v != "" {
				http.SetCookie(w, &http.Cookie{Name: name, Value: url.QueryEscape(v), Path: "/"})
			}
		}
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusSeeOther)
	})
	mux.HandleFunc("GET /one-more", func(w http.ResponseWriter, _ *http.Request) { // an issue that was not there before
		p := s.projects["search"]
		s.position++
		at := time.Now().UTC()
		s.events.add(eventstore.Entry{Project: p.ID, ID: event.NewID(), Keys: []event.Key{{byte(s.position), 0xbb}}, Timestamp: s.now, Received: at, Level: event.Error})
		s.position--
		i := s.record(t, catalog.Group{
			Project: p.ID, Keys: []event.Key{{byte(s.position + 1), 0xbb}}, Count: 1, FirstSeen: s.now, LastSeen: s.now, Title: "Later: " + at.String(), Type: "Later",
			Value: at.Format(time.TimeOnly), Level: event.Error,
		})
		_, _ = w.Write([]byte(i.ShortID))
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if os.Getenv("SEISMO_WEB_STILL") == "" {
			s.now = testNow.Add(time.Since(started))
		}
		s.handler.ServeHTTP(w, r)
	})
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("http://%s/as-mara?to=/issues  setup: %s  invitation: %s", l.Addr(), setup, invite)
	t.Fatal(http.Serve(l, mux)) //nolint:gosec // until it is stopped
}
