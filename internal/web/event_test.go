package web_test

import (
	"time"

	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/eventstore"
)

func yes() *bool { b := true; return &b }
func no() *bool  { b := false; return &b }

// sampleEvent is a whole event for an entry of the seed: a panic in Go with everything an event can have.
func sampleEvent(x sample, e eventstore.Entry) *event.Event {
	at := e.Timestamp
	num := func(s string) event.Value { return event.Value{Kind: event.Number, Text: s} }
	out := &event.Event{
		ID: e.ID, Project: e.Project, Type: event.TypeError, Timestamp: at, Received: at.Add(180 * time.Millisecond), Platform: "go", Level: x.level,
		Title: e.Title, Location: x.at, Release: e.Release, Environment: e.Environment, ServerName: "checkout-7d9f-x2k", Transaction: "POST /api/checkout",
		Metadata: event.Metadata{Type: x.typ, Value: x.value, Filename: x.at, Function: x.fn}, Tags: e.Tags,
		SDK: &event.SDK{Name: "sentry.go", Version: "0.50.0"},
	}
	if e.User != "" {
		out.User = &event.User{ID: e.User[3:], Data: event.Map{{Key: "tier", Value: event.Str("standard")}, {Key: "country", Value: event.Str("Germany")}}}
	}
	if x.typ == "" {
		out.Type = event.TypeDefault
		out.Message = &event.Message{Template: "slow query took %s: %s", Formatted: x.value}
		return out
	}
	out.Exceptions = []event.Exception{
		{Type: "price.MissError", Value: "no price for TENT-2P-GRN", Stacktrace: &event.Stacktrace{Frames: []event.Frame{
			{Function: "(*Server).handleCheckout", Filename: "http/checkout.go", Line: 203, InApp: yes(), ContextLine: "\ttotal, err := cart.Total(r.Context())"},
			{Function: "(*Cache).Get", Module: "shop/price", Filename: "price/cache.go", Line: 64, InApp: yes()},
		}}, Mechanism: &event.Mechanism{Source: "cause"}},
		{Type: x.typ, Value: x.value, Module: "runtime", Mechanism: &event.Mechanism{Type: "panic", Handled: no()}, Stacktrace: stack(x)},
	}
	out.Breadcrumbs = []event.Breadcrumb{
		{Timestamp: at.Add(-2314 * time.Millisecond), Type: "http", Category: "http", Level: event.Info, Data: event.Map{{Key: "method", Value: event.Str("GET")}, {Key: "url", Value: event.Str("/api/cart/crt_81f0")}, {Key: "status_code", Value: num("200")}, {Key: "duration_ms", Value: num("18")}}},
		{Timestamp: at.Add(-2291 * time.Millisecond), Type: "default", Category: "sql", Level: event.Info, Message: "SELECT * FROM cart_lines WHERE cart_id = $1", Data: event.Map{{Key: "rows", Value: num("3")}, {Key: "duration_ms", Value: num("2.1")}}},
		{Timestamp: at.Add(-1870 * time.Millisecond), Type: "user", Category: "ui.click", Level: event.Info, Message: "Click: button “Place order”"},
		{Timestamp: at.Add(-432 * time.Millisecond), Type: "http", Category: "http", Level: event.Info, Data: event.Map{{Key: "method", Value: event.Str("POST")}, {Key: "url", Value: event.Str("/api/checkout")}}},
		{Timestamp: at.Add(-420 * time.Millisecond), Type: "default", Category: "redis", Level: event.Info, Message: "GET price:TENT-2P-GRN", Data: event.Map{{Key: "duration_ms", Value: num("0.4")}}},
		{Timestamp: at.Add(-419 * time.Millisecond), Type: "default", Category: "log", Level: event.Warning, Message: "price cache: stampede guard active, returning empty entry"},
		{Timestamp: at.Add(-3 * time.Millisecond), Type: "default", Category: "sql", Level: event.Info, Message: "SAVEPOINT checkout_1"},
	}
	out.Request = &event.Request{
		URL: "https://shop.halden.example/api/checkout", Method: "POST", Query: []event.Tag{{Key: "lang", Value: "no"}},
		Headers: []event.Tag{{Key: "Authorization", Value: "[Filtered]"}, {Key: "Content-Type", Value: "application/json"}, {Key: "User-Agent", Value: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"}},
		Data:    event.Value{Kind: event.Object, Map: event.Map{{Key: "cart", Value: event.Str("crt_81f0c2")}, {Key: "card", Value: event.Str("[Filtered]")}}},
	}
	out.Contexts = []event.Context{
		{Name: "runtime", Type: "runtime", Data: event.Map{{Key: "name", Value: event.Str("go")}, {Key: "version", Value: event.Str("1.26.2 linux/amd64")}, {Key: "goroutines", Value: num("1204")}}},
		{Name: "trace", Type: "trace", Data: event.Map{{Key: "trace_id", Value: event.Str("4bf92f3577b34da6a3ce929d0e0e4736")}, {Key: "op", Value: event.Str("http.server")}}},
		{Name: "cart", Type: "cart", Data: event.Map{{Key: "id", Value: event.Str("crt_81f0c2")}, {Key: "lines", Value: num("3")}, {Key: "total_cached", Value: event.Value{Kind: event.Bool, Text: "false"}}}},
	}
	out.Remarks = []event.Remark{{Path: "request.headers.Authorization", Rule: "@password", Kind: "s", Len: 48}}
	out.Grouping = &event.Grouping{
		Algorithm: "v1", Strategy: "exception", Keys: e.Keys,
		Variants: []event.Variant{{Name: "app", Key: e.Keys[0], Component: event.Component{Name: "exception", Contributes: true, Components: []event.Component{
			{Name: "type", Contributes: true, Values: []string{x.typ}},
			{Name: "value", Hint: "ignored because the stack trace decides", Values: []string{x.value}},
			{Name: "stacktrace", Contributes: true, Components: []event.Component{
				{Name: "frame", Contributes: true, Values: []string{"shop/cart", "(*Cart).Total"}},
				{Name: "frame", Hint: "not an application frame", Values: []string{"net/http", "HandlerFunc.ServeHTTP"}},
			}},
		}}}, {Name: "system", Key: event.Key{9, 9}, Component: event.Component{Name: "exception", Contributes: true}}},
	}
	return out
}

func stack(x sample) *event.Stacktrace {
	frames := []event.Frame{
		{Function: "main.run.func2", Module: "main", Filename: "cmd/checkout-api/main.go", Line: 96, InApp: yes()},
	}
	for _, f := range []string{"ServeHTTP", "serverHandler.ServeHTTP", "HandlerFunc.ServeHTTP"} {
		frames = append(frames, event.Frame{Function: f, Module: "net/http", Filename: "net/http/server.go", Line: 2294, InApp: no()})
	}
	for range 4 {
		frames = append(frames, event.Frame{Function: "(*Mux).routeHTTP", Module: "chi", Filename: "chi/mux.go", Line: 478, InApp: no()})
	}
	for range 5 {
		frames = append(frames, event.Frame{Function: "(*Handler).ServeHTTP", Module: "otelhttp", Filename: "otelhttp/handler.go", Line: 229, InApp: no()})
	}
	return &event.Stacktrace{Frames: append(
		frames,
		event.Frame{Function: "(*Server).handleCheckout", Module: "shop/http", Filename: "http/checkout.go", Line: 203, InApp: yes(), ContextLine: "\ttotal, err := cart.Total(r.Context())"},
		event.Frame{
			Function: x.fn, Module: "shop/cart", Filename: "cart/total.go", Line: 118, InApp: yes(),
			PreContext: []string{
				"    for _, l := range c.Lines {", "        p, err := c.prices.Get(ctx, l.SKU) // nil, nil on a cache miss", "        if err != nil {",
				"            return sum, fmt.Errorf(\"price %s: %w\", l.SKU, err) }",
			},
			ContextLine: "        sum = sum.Add(p.Mul(l.Qty))",
			PostContext: []string{"    }", "    c.totals.Put(ctx, c.ID, sum)", "    return sum, nil", "}"},
			Vars: event.Map{
				{Key: "l.SKU", Value: event.Str("TENT-2P-GRN")},
				{Key: "l.Qty", Value: event.Value{Kind: event.Number, Text: "2"}},
				{Key: "p", Value: event.Value{}},
				{Key: "err", Value: event.Str("nil")},
				{Key: "c.ID", Value: event.Str("crt_81f0c2")},
			},
		},
		event.Frame{Function: "panicmem", Module: "runtime", Filename: "runtime/panic.go", Line: 262, InApp: no()},
	)}
}
