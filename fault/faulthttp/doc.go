// Package faulthttp is the HTTP boundary: handlers return errors, and one writer turns them into responses that match their
// nature and show nothing internal.
//
//	errs := faulthttp.New(faulthttp.Config{Log: logger})
//	mux := http.NewServeMux()
//	mux.Handle("GET /projects/{id}", faulthttp.HandlerFunc(getProject))   // func(w, r) error
//	http.ListenAndServe(addr, errs.Middleware(errs.Mux(mux)))
//
// Responses are problem documents of RFC 9457, or JSON, HTML or plain text where the client prefers that. Every error is
// logged once: at ERROR with its stack for statuses of 500 and above, at WARN below, at INFO when the client went away.
// Panics become a 500. The package does not route, authenticate or compress.
package faulthttp
