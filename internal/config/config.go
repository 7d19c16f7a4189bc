// Package config holds every setting of the server with its default and its help. The one struct Config is the source of
// the flags, of the environment variables, of the file, of docs/config.md and of what `seismo config` prints.
//
// A setting is taken from the first of: flag, environment, file, default. Other packages never see Config: package app
// turns it into their Options.
package config

import (
	"net/netip"
	"time"
)

// Config is everything an operator can set. The tags of a field are its documentation:
//
//	name     of the flag; the environment variable is SEISMO_ and the name in upper case, '-' as '_'; the same in the file
//	default  as it would be typed; a setting without one is empty
//	help     one sentence
//	secret   "true": never printed
type Config struct {
	File string `name:"config" help:"TOML file with settings: keys are the names of the flags."`

	Data   string `name:"data" default:"./seismo-data" help:"Directory of everything the embedded engines keep."`
	Listen string `name:"listen" default:":8000" help:"Address to listen on."`
	URL    string `name:"url" help:"Address under which browsers and SDKs reach the server, such as https://errors.example.org; a path is kept as prefix. Default: http://localhost with the port of listen."`

	Roles []string `name:"roles" default:"ingest,pipeline,retention,web" help:"What this process does, as a comma-separated list of ingest, pipeline, retention and web."`

	TLSCert string `name:"tls-cert" help:"File with the TLS certificate chain in PEM. Set together with tls-key; read again when it changes."`
	TLSKey  string `name:"tls-key" help:"File with the private key of the certificate in PEM."`

	Queue   string `name:"queue" help:"URL of the queue: jetstream:///DIR (in this process) or nats://HOST:PORT[,HOST:PORT]. Default: the directory queue in data."`
	Catalog string `name:"catalog" secret:"url" help:"URL of the catalog: sqlite:///FILE or postgres://USER:PASSWORD@HOST/DATABASE. Default: the file catalog.db in data."`
	Events  string `name:"events" help:"URL of the event store: sqlite:///DIR. Default: the directory events in data."`
	Blobs   string `name:"blobs" help:"URL of the blob store: file:///DIR. Default: the directory blobs in data."`

	QueuePartitions int   `name:"queue-partitions" default:"2" min:"1" max:"256" help:"Partitions of a new queue. It cannot be changed later."`
	QueueMaxBytes   Bytes `name:"queue-max-bytes" default:"4GiB" min:"16MiB" help:"Size of the queue at which new events are refused with 503."`
	DiskFloor       Bytes `name:"disk-floor" default:"256MiB" min:"0" help:"Free space on the disk of data below which new events are refused with 503. 0 switches the check off."`

	MaxBodyBytes       Bytes `name:"max-body-bytes" default:"20MiB" min:"64KiB" max:"20MiB" help:"Longest request body on the wire."`
	MaxEnvelopeBytes   Bytes `name:"max-envelope-bytes" default:"200MiB" min:"1MiB" help:"Longest envelope after decompression."`
	MaxEventBytes      Bytes `name:"max-event-bytes" default:"1MiB" min:"16KiB" max:"4MiB" help:"Longest event after decompression."`
	MaxAttachmentBytes Bytes `name:"max-attachment-bytes" default:"20MiB" min:"0" help:"Longest attachment."`

	TrustedProxies []string `name:"trusted-proxies" help:"Addresses or networks of the proxies whose X-Forwarded-For is believed, comma-separated."`

	RetentionDays    int           `name:"retention-days" default:"90" min:"1" help:"Days after which stored events are removed."`
	RawRetention     time.Duration `name:"raw-retention" default:"24h" min:"1h" help:"How long items of types that are only counted are kept as they came."`
	SegmentMaxEvents int           `name:"segment-max-events" default:"1000000" min:"1000" help:"Events after which the event store begins another file within a day."`

	SessionDuration time.Duration `name:"session-duration" default:"720h" min:"5m" help:"How long a sign-in lasts after its last use."`
	DrainTimeout    time.Duration `name:"drain-timeout" default:"30s" min:"1s" help:"How long requests and work in hand may take to finish after SIGTERM."`

	LogLevel  string `name:"log-level" default:"info" oneof:"debug,info,warn,error" help:"Least level that is logged: debug, info, warn or error."`
	LogFormat string `name:"log-format" default:"auto" oneof:"auto,text,json" help:"Form of the log: text, json, or auto (text on a terminal)."`

	AdminEmail    string `name:"admin-email" help:"E-mail address of an administrator who exists from the first start."`
	AdminPassword string `name:"admin-password" secret:"true" help:"Password of that administrator."`
	AdminToken    string `name:"admin-token" secret:"true" help:"API token with all rights that exists from the first start."`

	Dev bool `name:"dev" help:"Read the assets of the pages from the source tree at each request. For development of Seismo."`

	sources map[string]string // by name: where each value came from
}

// Proxies returns TrustedProxies as networks. Validate has made sure that they parse.
func (c *Config) Proxies() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range c.TrustedProxies {
		if p, err := parsePrefix(s); err == nil {
			out = append(out, p)
		}
	}
	return out
}

func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(s)
}
