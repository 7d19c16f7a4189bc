package capture

import (
	"net/url"
	"strings"

	"github.com/seismohq/seismo/fault"
)

// dsn says where reports go: scheme://key@host/path/project.
type dsn struct {
	envelope string // URL to post to
	key      string
}

func parseDSN(s string) (dsn, error) {
	// The DSN is named in no error: some hold a secret beside the key.
	bad := func(rule, msg string) (dsn, error) {
		return dsn{}, fault.Invalid(fault.FieldError{Field: "dsn", Rule: rule, Message: msg})
	}
	u, err := url.Parse(s)
	if err != nil {
		return bad("url", "must be a URL")
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return bad("scheme", "must begin with http:// or https:// and a host")
	}
	key := u.User.Username()
	if key == "" {
		return bad("key", "must hold the public key before the host")
	}
	path := strings.TrimSuffix(u.Path, "/")
	slash := strings.LastIndexByte(path, '/')
	if slash < 0 || path[slash+1:] == "" {
		return bad("project", "must end in the project id")
	}
	return dsn{envelope: u.Scheme + "://" + u.Host + path[:slash] + "/api/" + path[slash+1:] + "/envelope/", key: key}, nil
}
