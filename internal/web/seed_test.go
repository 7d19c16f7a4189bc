package web_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/catalog"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/issue"
)

// sample is one issue of the seeded organization.
type sample struct {
	project, typ, value, at, fn string
	level                       event.Level
	status                      issue.Status
	users                       bool
	count                       int
	ago                         time.Duration
	shape                       string // spike, bell, sparse
	release                     string
	unhandled                   bool
	assignee                    string
}

var samples = []sample{
	{"checkout-api", "runtime error", "invalid memory address or nil pointer dereference", "cart/total.go:118", "(*Cart).Total", event.Fatal, issue.Acknowledged, true, 642, 12 * time.Second, "spike", "checkout-api@2.14.0", true, "mara"},
	{"web-store", "TypeError", "Cannot read properties of undefined (reading 'currency')", "src/lib/money.ts:41", "formatPrice", event.Error, issue.New, true, 3204, 31 * time.Second, "spike", "7.31.0", false, ""},
	{"payments", "*pq.Error", "deadlock detected (SQLSTATE 40P01)", "ledger/post.go:77", "(*Ledger).Post", event.Error, issue.InProgress, true, 1186, 2 * time.Minute, "bell", "3.2.1", false, "jonas"},
	{"search", "redis.ConnectionError", "Error 111 connecting to cache-2:6379. Connection refused.", "search/facets.py:58", "load_facets", event.Error, issue.Acknowledged, false, 968, 3 * time.Minute, "spike", "1.9.0", false, "jonas"},
	{"payments", "java.lang.OutOfMemoryError", "Java heap space", "InvoiceRenderer.java:214", "InvoiceRenderer.render", event.Fatal, issue.New, true, 41, 9 * time.Minute, "sparse", "", true, ""},
	{"ios-app", "NSURLErrorDomain", "The request timed out. (-1001)", "CheckoutViewModel.swift:132", "CheckoutViewModel.submit()", event.Error, issue.New, true, 733, 4 * time.Minute, "spike", "4.9.1", false, ""},
	{"payments", "json.UnmarshalTypeError", "cannot unmarshal string into Go struct field Item.qty of type int", "webhook/stripe.go:49", "decodeWebhook", event.Error, issue.New, false, 12, 11 * time.Minute, "sparse", "", false, ""},
	{"web-store", "context.deadlineExceeded", "GET https://rates.carrier.example/v2/quote: context deadline exceeded (Client.Timeout exceeded while awaiting headers)", "rates/client.go:203", "(*Client).Quote", event.Warning, issue.Acknowledged, true, 2410, 22 * time.Second, "bell", "", false, "mara"},
	{"web-store", "ActionView::Template::Error", "undefined method 'name' for nil", "order_shipped.html.erb:12", "order_shipped", event.Error, issue.InProgress, true, 96, 18 * time.Minute, "sparse", "1.8.2", false, "jonas"},
	{"web-store", "ChunkLoadError", "Loading chunk 418 failed (missing: /assets/418.9ac1.js)", "src/router.ts:88", "loadRoute", event.Error, issue.New, true, 540, 40 * time.Second, "bell", "", false, ""},
	{"search", "", "slow query took 2.8 s: facets by brand", "search/query.py:12", "run", event.Info, issue.New, false, 310, time.Minute, "bell", "", false, ""},
	{"payments", "PaymentDeclined", "card was declined: insufficient funds", "app/pay.py:90", "charge", event.Warning, issue.Resolved, true, 50, 3 * time.Hour, "sparse", "", false, ""},
	{"search", "BrokenPipeError", "[Errno 32] Broken pipe", "wsgi/server.py:210", "write", event.Debug, issue.Ignored, false, 80, 2 * time.Hour, "bell", "", false, ""},
}

// seed fills a site with the issues of an outdoor shop at night.
func seed(tb testing.TB, s *site) {
	tb.Helper()
	rnd := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same each time
	for _, p := range [][2]string{{"checkout-api", "CHK"}, {"web-store", "WEB"}, {"payments", "PAY"}, {"search", "SRCH"}, {"ios-app", "IOS"}, {"batch-jobs", "BJ"}} {
		s.project(tb, p[0], p[1])
	}
	for n, x := range samples {
		p := s.projects[x.project]
		k := key(n + 1)
		var first, last time.Time
		var entries []eventstore.Entry
		for _, at := range times(rnd, x, s.now) {
			e := eventstore.Entry{
				Project: p.ID, ID: event.ID{byte(n), byte(rnd.Uint32()), byte(rnd.Uint32()), byte(rnd.Uint32()), byte(rnd.Uint32())}, Keys: []event.Key{k},
				Timestamp: at, Received: at, Level: x.level, Release: x.release, Environment: "production", Title: x.typ + ": " + x.value,
			}
			if rnd.IntN(8) == 0 {
				e.Environment = "staging"
			}
			if x.users {
				e.User = fmt.Sprintf("id:%d", rnd.IntN(900))
			}
			e.Tags = tags(rnd, e)
			full := sampleEvent(x, e)
			e.Payload, _ = full.AppendJSON(nil)
			entries = append(entries, e)
			if first.IsZero() {
				first = at
			}
			last = at
		}
		s.events.add(entries...)
		now := s.now
		s.now = first
		i := s.record(tb, catalog.Group{
			Project: p.ID, Keys: []event.Key{k}, Count: int64(x.count), FirstSeen: first, LastSeen: last, Unhandled: x.unhandled, Users: x.users,
			Title: x.typ + ": " + x.value, Type: x.typ, Value: x.value, Location: x.at, Function: x.fn, Level: x.level, Platform: "go",
			FirstRelease: x.release, LastRelease: x.release,
		})
		s.now = now.Add(-2 * time.Minute)
		if x.status != issue.New {
			i = s.set(tb, i, s.mara, x.status)
		}
		who := map[string]account.UserID{"mara": s.mara.ID, "jonas": s.jonas.ID}[x.assignee]
		if who != 0 {
			if _, err := s.catalog.UpdateIssue(context.Background(), s.org, i.ID, catalog.IssueChange{Actor: who, Assignee: &who}); err != nil {
				tb.Fatal(err)
			}
		}
		s.now = now
	}
}

// times spreads the occurrences of a sample over a day, oldest first.
func times(rnd *rand.Rand, x sample, now time.Time) []time.Time {
	var out []time.Time
	end := now.Add(-x.ago)
	for i := range x.count {
		f := float64(i) / float64(x.count)
		var back time.Duration
		switch x.shape {
		case "spike": // nearly all within the last hours
			back = time.Duration((1 - math.Pow(f, 0.25)) * float64(22*time.Hour))
		case "bell":
			back = time.Duration((0.5 + rnd.NormFloat64()/5) * float64(22*time.Hour))
		default:
			back = time.Duration(rnd.IntN(6)) * 3 * time.Hour
		}
		back = min(max(back, 0), 22*time.Hour)
		out = append(out, end.Add(-back))
	}
	out = append(out[:len(out)-1], end)
	for i := 1; i < len(out); i++ { // in order
		for j := i; j > 0 && out[j].Before(out[j-1]); j-- {
			out[j], out[j-1] = out[j-1], out[j]
		}
	}
	return out
}

func tags(rnd *rand.Rand, e eventstore.Entry) []event.Tag {
	pick := func(values ...string) string { return values[min(int(rnd.ExpFloat64()), len(values)-1)] }
	out := []event.Tag{
		{Key: "environment", Value: e.Environment},
		{Key: "region", Value: pick("eu-west-1", "us-east-1")},
		{Key: "customer.tier", Value: pick("standard", "pro", "enterprise")},
		{Key: "cache.node", Value: pick("cache-2", "cache-2", "cache-2", "cache-1")},
	}
	if e.Release != "" {
		out = append(out, event.Tag{Key: "release", Value: pick(e.Release, e.Release, e.Release, "checkout-api@2.13.4")})
	}
	return out
}
