package normalize

import (
	"net/netip"
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// autoIP asks the server to put in the address the event came from.
const autoIP = "{{auto}}"

// user reads who was using the application. Whatever is not known goes into its data.
func (r *reader) user() {
	v := r.sent.user
	if v.kind() != event.Object {
		r.invalid("user", v)
		return
	}
	u := new(event.User)
	r.enter("user")
	defer r.leave()
	b := bag{r, r.limits.ContextBytes}
	var rest event.Map
	for k := v.kids(); len(k) > 0; k = k.rest() {
		v := k.first()
		if v.empty() {
			continue
		}
		switch key := k[0].key; key {
		case "id":
			u.ID = r.identifier("id", v)
		case "username":
			u.Username = r.identifier("username", v)
		case "email":
			u.Email = r.identifier("email", v)
		case "name":
			u.Name = r.word("name", v, maxServer)
		case "ip_address":
			u.IPAddress = r.ip("ip_address", v)
		case "geo":
			u.Geo = r.object("geo", v, r.limits.ContextBytes, depthOther)
		case "data":
			u.Data = r.object("data", v, r.limits.ContextBytes, depthOther)
		case "ip": // sentry-cli
			if scalar(v) && u.IPAddress == "" {
				if u.IPAddress = validIP(v[0].text); u.IPAddress != "" {
					continue
				}
			}
			fallthrough
		default:
			rest = append(rest, b.field(key, v, depthOther))
		}
	}
	if rest != nil {
		u.Data = append(u.Data, rest...).Unique()
	}
	if !vacant(u) {
		r.e.User = u
	}
}

// identifier reads what users are counted by.
func (r *reader) identifier(name string, v value) string {
	if !scalar(v) {
		r.invalid(name, v)
		return ""
	}
	return keep(r.word(name, v, maxIdentity))
}

// ip reads an address or "{{auto}}"; anything else is dropped.
func (r *reader) ip(name string, v value) string {
	if v.kind() == event.String {
		if ip := validIP(v[0].text); ip != "" {
			return ip
		}
	}
	r.invalid(name, v)
	return ""
}

// validIP returns the canonical form of an address, also of one with a port or in brackets; "{{auto}}" as it is; "" for
// anything else.
func validIP(s string) string {
	s = strings.TrimSpace(s)
	if s == autoIP {
		return autoIP
	}
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		ap, err := netip.ParseAddrPort(s)
		if err != nil {
			return ""
		}
		a = ap.Addr()
	}
	return a.WithZone("").Unmap().String()
}

// addresses puts in the address the event came from where the SDK asks for it, and gives the user one if possible.
func (r *reader) addresses() {
	e := r.e
	infer := ""
	if e.SDK != nil {
		infer = e.SDK.InferIP
	}
	client := ""
	if r.in.ClientIP.IsValid() && infer != "never" {
		client = r.in.ClientIP.WithZone("").Unmap().String()
	}
	remote := ""
	if e.Request != nil {
		for i := range e.Request.Env {
			f := &e.Request.Env[i]
			if f.Key != "REMOTE_ADDR" || f.Value.Kind != event.String {
				continue
			}
			if remote = validIP(f.Value.Text); remote == autoIP {
				remote, f.Value.Text = client, client
			}
		}
	}
	if e.User != nil && e.User.IPAddress != "" && e.User.IPAddress != autoIP {
		return
	}
	ip := ""
	switch {
	case e.User != nil && e.User.IPAddress == autoIP:
		ip = client
	case remote != "":
		ip = remote
	case infer == "auto", e.Platform == "javascript", e.Platform == "cocoa", e.Platform == "objc":
		// These run on the machine of the user, so the address is the user's; upstream's rule.
		ip = client
	}
	if e.User == nil && ip != "" {
		e.User = new(event.User)
	}
	if e.User != nil {
		if e.User.IPAddress = ip; vacant(e.User) {
			e.User = nil
		}
	}
}

// vacant reports whether nothing is known of a user.
func vacant(u *event.User) bool {
	return u.Identity() == "" && u.Name == "" && u.Geo == nil && u.Data == nil
}
