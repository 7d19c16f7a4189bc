package faulthttp

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// ClientIP returns the address of the client: that of the connection, or, where the connection comes from one of the
// TrustedProxies, the last address in X-Forwarded-For that is not such a proxy. What an untrusted client writes there does
// not count. The zero Addr means that the address is unknown, as on a Unix socket.
func (e *Errors) ClientIP(r *http.Request) netip.Addr {
	var addr netip.Addr
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		addr = ap.Addr().Unmap()
	}
	if !e.trusted(addr) {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		a, ok := parseHop(strings.TrimSpace(hop))
		if !ok {
			break // beyond this nothing can be trusted
		}
		addr = a
		if !e.trusted(a) {
			break
		}
	}
	return addr
}

// parseHop accepts an address with or without port, IPv6 maybe in brackets: proxies write all of these.
func parseHop(s string) (netip.Addr, bool) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return a.Unmap().WithZone(""), err == nil
}

func (e *Errors) trusted(a netip.Addr) bool {
	return a.IsValid() && slices.ContainsFunc(e.c.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(a) })
}
