// Command go is a net/http application whose handlers fail, called by itself.
package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/getsentry/sentry-go"
	sentryhttp "github.com/getsentry/sentry-go/http"
)

var errStock = errors.New("out of stock")

func price(item string) error { return fmt.Errorf("price of %s: %w", item, errStock) }

func handled(w http.ResponseWriter, r *http.Request) {
	hub := sentry.GetHubFromContext(r.Context())
	hub.Scope().SetUser(sentry.User{ID: "42"})
	hub.Scope().SetTag("shop.tier", "pro")
	hub.AddBreadcrumb(&sentry.Breadcrumb{Category: "cart", Message: "cart opened"}, nil)
	hub.CaptureException(price("TENT"))
	hub.WithScope(func(s *sentry.Scope) {
		s.SetLevel(sentry.LevelWarning)
		hub.CaptureMessage("stock is low")
	})
	fmt.Fprintln(w, "ok")
}

func cart(http.ResponseWriter, *http.Request) {
	var prices map[string]int
	prices["TENT"] = 1
}

func main() {
	if err := sentry.Init(sentry.ClientOptions{Dsn: os.Getenv("DSN"), Release: "shop@1.2.3", Environment: "e2e", AttachStacktrace: true, SendDefaultPII: true}); err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/handled", handled)
	mux.HandleFunc("/cart/7", cart)
	srv := httptest.NewServer(sentryhttp.New(sentryhttp.Options{}).Handle(mux))
	for _, path := range []string{"/handled", "/cart/7?coupon=SUMMER"} {
		req, _ := http.NewRequest(http.MethodGet, srv.URL+path, nil)
		req.Header.Set("User-Agent", "e2e/1.0")
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
		}
	}
	sentry.Flush(10 * time.Second)
}
