package sentry

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/seismohq/seismo/fault"
)

// credentials is what a request says of who sends it, in whichever places it does.
type credentials struct {
	key    string
	client string
	err    error
}

// readCredentials reads the header X-Sentry-Auth, the header Authorization where it is of our scheme, the query and the
// path. All that name a key must name the same. No key at all is no error here: that of an envelope may stand in its header.
func readCredentials(r *http.Request, rt *route) credentials {
	var c credentials
	for _, v := range r.Header["X-Sentry-Auth"] {
		c.header(v)
	}
	for _, v := range r.Header["Authorization"] {
		// Bearer tokens and the like come along from proxies and are not for us.
		if _, ok := cutScheme(v); ok {
			c.header(v)
		}
	}
	if q := r.URL.RawQuery; q != "" {
		c.setKey(queryValue(q, "sentry_key"))
		c.setVersion(queryValue(q, "sentry_version"))
		if v := queryValue(q, "sentry_client"); c.client == "" {
			c.client = v
		}
	}
	c.setKey(rt.key)
	return c
}

// header reads "Sentry sentry_version=7, sentry_client=…, sentry_key=…". The leading word may be missing or in any case,
// blanks may be missing or too many, values may be percent-encoded or quoted, unknown keys and secrets are ignored.
func (c *credentials) header(v string) {
	v, _ = cutScheme(v)
	for v != "" {
		var field string
		field, v, _ = strings.Cut(v, ",")
		name, value, _ := strings.Cut(field, "=")
		name, value = strings.TrimSpace(name), strings.Trim(strings.TrimSpace(value), `"`)
		switch {
		case strings.EqualFold(name, "sentry_key"):
			c.setKey(unescape(value, url.PathUnescape))
		case strings.EqualFold(name, "sentry_version"):
			c.setVersion(value)
		case strings.EqualFold(name, "sentry_client"):
			c.client = unescape(value, url.PathUnescape)
		}
	}
}

// cutScheme removes the leading word Sentry, and reports whether it was there.
func cutScheme(v string) (string, bool) {
	const scheme = "sentry"
	v = strings.TrimSpace(v)
	if len(v) > len(scheme) && strings.EqualFold(v[:len(scheme)], scheme) && (v[len(scheme)] == ' ' || v[len(scheme)] == '\t') {
		return v[len(scheme)+1:], true
	}
	return v, false
}

func (c *credentials) setKey(key string) {
	if key == "" {
		return
	}
	if c.key != "" && c.key != key {
		c.err = refused(fault.Unauthorized, "ambiguous_key", "request names several keys")
	}
	c.key = key
}

// setVersion checks the version of the protocol; 2 to 7 have been in use. One that is no number is ignored.
func (c *credentials) setVersion(version string) {
	if n, err := strconv.ParseFloat(version, 64); err == nil && (n < 2 || n >= 8) {
		c.err = refused(fault.Unauthorized, "protocol_version", "protocol version is not supported")
	}
}

// parseDSN finds key and project of a DSN. The host is of no interest: behind proxies it differs for good reasons.
func parseDSN(dsn string) (key, project string, ok bool) {
	_, rest, found := strings.Cut(dsn, "://")
	if !found {
		return "", "", false
	}
	user, rest, found := strings.Cut(rest, "@")
	if !found {
		return "", "", false
	}
	key, _, _ = strings.Cut(user, ":")
	rest, _, _ = strings.Cut(rest, "?")
	rest = strings.TrimRight(rest, "/")
	i := strings.LastIndexByte(rest, '/')
	if i < 0 || key == "" {
		return "", "", false
	}
	return key, rest[i+1:], true
}

// queryValue returns the first value of a key. url.ParseQuery would build a map for each request.
func queryValue(raw, key string) string {
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if name, value, _ := strings.Cut(pair, "="); name == key {
			return unescape(value, url.QueryUnescape)
		}
	}
	return ""
}

// unescape decodes what may be encoded; what only looks so is taken as it is.
func unescape(s string, decode func(string) (string, error)) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	if d, err := decode(s); err == nil {
		return d
	}
	return s
}
