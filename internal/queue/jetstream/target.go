package jetstream

import (
	"log/slog"
	"net/url"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/seismohq/seismo/fault"
)

// target is what the URL of a queue says.
//
// The query parameters of an external one: name (Options.Name) and replicas (Options.Replicas); creds, the file of a NATS
// credential; ca, a PEM file of who signed the server's certificate; cert and key, PEM files of the client's own.
type target struct {
	dir     string // in this process; or
	servers string // nats://…[,nats://…], what the client library understands
	query   url.Values
}

func parseTarget(raw string) (target, error) {
	scheme, rest, _ := strings.Cut(raw, "://")
	switch scheme {
	case "jetstream":
		// The rest is a path as it stands: settings write it unescaped, and a directory may have any name.
		if rest == "" {
			return target{}, fault.New(fault.Validation, "URL of the queue names no directory")
		}
		return target{dir: rest}, nil
	case "nats", "tls":
		// Parsed by hand: a list of hosts with ports is not a URL.
		hosts, query, _ := strings.Cut(rest, "?")
		t := target{}
		var servers []string
		for host := range strings.SplitSeq(strings.Trim(hosts, "/"), ",") {
			if host = strings.TrimSpace(host); host != "" {
				servers = append(servers, scheme+"://"+strings.TrimPrefix(host, scheme+"://"))
			}
		}
		if len(servers) == 0 {
			return target{}, fault.New(fault.Validation, "URL of the queue names no server")
		}
		t.servers = strings.Join(servers, ",")
		var err error
		if t.query, err = url.ParseQuery(query); err != nil {
			// The parser's error quotes the query, which may hold file names but no secrets.
			return target{}, fault.With(fault.Wrap(err, "parse the URL of the queue"), fault.WithCode(fault.Validation))
		}
		return t, nil
	}
	return target{}, fault.New(fault.Validation, "URL of the queue has an unknown scheme", slog.String("scheme", scheme))
}

// apply takes over what the URL says of the options, and checks them.
func (t target) apply(o *Options) error {
	for key := range t.query {
		switch key {
		case "name":
			o.Name = t.query.Get(key)
		case "replicas":
			n, err := strconv.Atoi(t.query.Get(key))
			if err != nil {
				return fault.New(fault.Validation, "URL of the queue has a bad number of replicas", slog.String("replicas", t.query.Get(key)))
			}
			o.Replicas = n
		case "creds", "ca", "cert", "key":
		default:
			return fault.New(fault.Validation, "URL of the queue has an unknown parameter", slog.String("parameter", key))
		}
	}
	switch {
	case o.Partitions < 0 || o.Partitions > 256:
		return fault.New(fault.Validation, "partitions of the queue must be 1 to 256", slog.Int("partitions", o.Partitions))
	case o.MaxBytes < 0:
		return fault.New(fault.Validation, "size of the queue must not be negative", slog.Int64("max_bytes", o.MaxBytes))
	case o.Replicas < 0 || o.Replicas > 5:
		return fault.New(fault.Validation, "replicas of the queue must be 1 to 5", slog.Int("replicas", o.Replicas))
	case strings.ContainsAny(o.Name, " \t\r\n.*>/\\") || o.Name == "":
		return fault.New(fault.Validation, "name of the queue has a character that streams may not have", slog.String("name", o.Name))
	}
	return nil
}

// connectOptions are how the URL wants to be connected to.
func (t target) connectOptions() []nats.Option {
	var opts []nats.Option
	if file := t.query.Get("creds"); file != "" {
		opts = append(opts, nats.UserCredentials(file))
	}
	if file := t.query.Get("ca"); file != "" {
		opts = append(opts, nats.RootCAs(file))
	}
	if file := t.query.Get("cert"); file != "" {
		opts = append(opts, nats.ClientCert(file, t.query.Get("key")))
	}
	return opts
}
