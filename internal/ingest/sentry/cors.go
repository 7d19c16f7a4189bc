package sentry

import (
	"net/http"

	"github.com/seismohq/seismo/internal/envelope"
)

// Header values that never change are set without allocating. Nothing may append to them.
var (
	anyOrigin      = []string{"*"}
	exposedHeaders = []string{"x-sentry-error, x-sentry-rate-limits, retry-after"}
	allowedHeaders = []string{"x-sentry-auth, x-requested-with, x-forwarded-for, origin, referer, accept, content-type, authentication, authorization, content-encoding, transfer-encoding, sentry-trace, baggage, traceparent"}
	maxAge         = []string{"3600"}
	yes            = []string{"true"}
	typeJSON       = []string{"application/json"}
)

// allowOrigins lets scripts of any origin read the answer. Without these headers, on errors too, browser SDKs die
// silently: they see no status and no rate limit.
func allowOrigins(h http.Header) {
	h["Access-Control-Allow-Origin"] = anyOrigin
	h["Access-Control-Expose-Headers"] = exposedHeaders
}

// preflight answers what a browser asks before a request across origins. It carries no credentials, so none are asked for.
func preflight(w http.ResponseWriter, r *http.Request, rt *route) {
	h := w.Header()
	methods := "POST"
	if rt.form == envelope.FormCheckIn {
		methods = rt.methods()
	}
	h["Access-Control-Allow-Methods"] = []string{methods}
	h["Access-Control-Allow-Headers"] = allowedHeaders
	h["Access-Control-Max-Age"] = maxAge
	// A public page may send to a server in a private network, which is where self-hosted ones stand.
	if r.Header.Get("Access-Control-Request-Private-Network") == "true" {
		h["Access-Control-Allow-Private-Network"] = yes
	}
	w.WriteHeader(http.StatusNoContent)
}
