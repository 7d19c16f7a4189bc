// Package sentry speaks the protocol of Sentry's SDKs: it reads their requests into parcels for the door, and answers in
// the words they understand.
//
// What it accepts and how it differs from upstream stands in docs/protocol.md.
package sentry

import (
	"log/slog"
	"net/http"
	"net/netip"
	"strings"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faulthttp"
	"github.com/seismohq/seismo/internal/envelope"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/ingest"
	"github.com/seismohq/seismo/internal/project"
)

// Options adjust the handler. The zero value is a sane default.
type Options struct {
	// Prefix is the path of the server's public URL, such as "/errors". Paths are accepted with and without it, since some
	// proxies remove it.
	Prefix string

	// Next gets the requests that are not of this protocol; nil answers them with 404.
	Next http.Handler

	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed
	Logger         *slog.Logger   // nil: discards
}

type handler struct {
	door     *ingest.Door
	prefix   string
	next     http.Handler
	clientIP func(*http.Request) netip.Addr
	log      *slog.Logger
}

// New returns the handler of all routes of the protocol. It must see the path as it came: a ServeMux in front of it would
// redirect what looks untidy, and a redirected POST loses its body. So put it in front and give it the others as Next.
func New(door *ingest.Door, o Options) http.Handler {
	h := &handler{door: door, prefix: strings.TrimRight(o.Prefix, "/"), next: o.Next, log: o.Logger}
	if h.next == nil {
		h.next = http.NotFoundHandler()
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	h.clientIP = faulthttp.New(faulthttp.Config{TrustedProxies: o.TrustedProxies}).ClientIP
	return h
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if h.prefix != "" {
		if rest, ok := strings.CutPrefix(path, h.prefix); ok && strings.HasPrefix(rest, "/") {
			path = rest
		}
	}
	rt, ok := match(path)
	if !ok {
		h.next.ServeHTTP(w, r)
		return
	}
	allowOrigins(w.Header())
	if r.Method == http.MethodOptions {
		preflight(w, r, &rt)
		return
	}
	x := exchange{handler: h, w: w, r: r, route: &rt, parcel: h.door.NewParcel(rt.form)}
	defer x.parcel.Release()
	x.answer(x.handle())
}

// exchange is one request and its answer.
type exchange struct {
	*handler
	w      http.ResponseWriter
	r      *http.Request
	route  *route
	parcel *ingest.Parcel

	sender ingest.Sender // zero until known
	limits []ingest.Limit
}

// handle does everything but answer.
func (x *exchange) handle() (err error) {
	defer fault.Recover(&err)
	if !x.route.allows(x.r.Method) {
		return fault.With(refused(fault.MethodNotAllowed, "method", "method is not allowed"), fault.Header("Allow", x.route.methods()+", OPTIONS"))
	}
	c := readCredentials(x.r, x.route)
	if c.err != nil {
		return c.err
	}
	// Only an envelope may say who sends it further down.
	if c.key != "" || x.route.form != envelope.FormEnvelope {
		if err := x.identify(c.key); err != nil {
			return err
		}
	}
	ctx := x.r.Context()
	if err := x.door.Admit(ctx); err != nil {
		return err
	}
	if err := x.describe(c.client); err != nil {
		return err
	}
	if err := x.readBody(); err != nil {
		return err
	}
	openErr := x.parcel.Open(ctx)
	if err := x.identifyByEnvelope(c.key); err != nil {
		return err
	}
	if openErr != nil {
		return openErr
	}
	x.chooseID()
	x.limits, err = x.door.Deliver(ctx, x.sender, x.parcel)
	return err
}

func (x *exchange) identify(key string) error {
	var p project.ID
	if x.route.project != "" {
		var err error
		if p, err = project.ParseID(x.route.project); err != nil {
			return refused(fault.Denied, "project_mismatch", "project id is not a number")
		}
	}
	var err error
	x.sender, err = x.door.Identify(x.r.Context(), key, p)
	return err
}

// identifyByEnvelope reads the DSN in the header of an envelope: tunnels have nothing else to go by. Where the key was
// known before, the two must agree.
func (x *exchange) identifyByEnvelope(key string) error {
	if x.route.form != envelope.FormEnvelope {
		return nil
	}
	dsn := x.parcel.Envelope.DSN
	if dsn == "" && key != "" {
		return nil
	}
	dsnKey, dsnProject, ok := parseDSN(dsn)
	switch {
	case !ok && key != "":
		return nil // a value that cannot be used loses only itself
	case !ok:
		return refused(fault.Unauthorized, "missing_key", "request names no key")
	case key == "":
		if err := x.identify(dsnKey); err != nil {
			return err
		}
	case key != dsnKey:
		return refused(fault.Unauthorized, "ambiguous_key", "request names several keys")
	}
	if dsnProject != x.sender.Key.Project.String() {
		return refused(fault.Denied, "project_mismatch", "dsn is of another project")
	}
	return nil
}

// describe notes what the request says beside its body.
func (x *exchange) describe(client string) error {
	p, h := x.parcel, x.r.Header
	p.ClientIP = x.clientIP(x.r)
	p.UserAgent = text(first(h["User-Agent"]))
	p.Client = text(client)
	p.ContentType = text(first(h["Content-Type"]))
	p.Encoding = encodingOf(h["Content-Encoding"])
	p.Origin = text(first(h["Origin"]))
	if p.Origin == "" {
		p.Origin = text(first(h["Referer"]))
	}
	switch x.route.form {
	case envelope.FormSecurity:
		if !isReport(p.ContentType) {
			return refused(fault.Unsupported, "content_type", "content type is not that of a browser report")
		}
		x.takeParams("sentry_environment", "sentry_release")
	case envelope.FormNEL:
		x.takeParams("sentry_environment", "sentry_release")
	case envelope.FormUnreal:
		x.takeParams("UserID", "AppVersion", "AppEnvironment")
	case envelope.FormCheckIn:
		x.takeParams("status", "check_in_id", "duration", "environment", "release")
		x.setParam("slug", x.route.slug)
	case envelope.FormAttachments:
		id, err := event.ParseID(x.route.eventID)
		if err != nil {
			return refused(fault.Validation, "invalid_event_id", "event id is not 32 hex digits")
		}
		p.EventID = id
	}
	return nil
}

func (x *exchange) takeParams(names ...string) {
	for _, name := range names {
		x.setParam(name, queryValue(x.r.URL.RawQuery, name))
	}
}

func (x *exchange) setParam(name, value string) {
	if value == "" {
		return
	}
	if x.parcel.Params == nil {
		x.parcel.Params = map[string]string{}
	}
	x.parcel.Params[name] = text(value)
}

func (x *exchange) readBody() error {
	if x.r.Method == http.MethodGet {
		// The pixel of old browser SDKs carries the event in the query, a check-in has no body at all.
		x.parcel.Encoding = ""
		if x.route.form == envelope.FormStore {
			x.parcel.Body = []byte(queryValue(x.r.URL.RawQuery, "sentry_data"))
		}
		return nil
	}
	return x.parcel.ReadBody(x.r.Body, x.r.ContentLength)
}

// chooseID gives an id to what is an event but came without one, so that the client can be told of it.
func (x *exchange) chooseID() {
	p := x.parcel
	switch x.route.form {
	case envelope.FormStore, envelope.FormMinidump, envelope.FormUnreal:
		if p.EventID = p.Envelope.EventID; p.EventID.IsZero() {
			p.EventID = event.NewID()
		}
	}
}

// isReport says whether a content type is one under which browsers send reports.
func isReport(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	switch strings.ToLower(strings.TrimSpace(media)) {
	case "application/csp-report", "application/json", "application/reports+json",
		"application/expect-ct-report", "application/expect-ct-report+json", "application/expect-staple-report":
		return true
	}
	return false
}

// maxText bounds what is kept of a header or a query value.
const maxText = 1024

// text makes a header value fit to be kept: headers are bytes, and as long as the server lets them be.
func text(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), maxText)], "\uFFFD")
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// encodingOf joins several lines, which makes an encoding that nobody knows.
func encodingOf(values []string) string {
	if len(values) <= 1 {
		return first(values)
	}
	return strings.Join(values, ", ")
}
