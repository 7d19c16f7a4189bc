package capture

import (
	"log/slog"
	"net/http"
	"os"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faultlog"
)

// Options of [New]. Without a DSN the client is disabled: all its methods work and do nothing.
type Options struct {
	DSN         string
	Disabled    bool   // switches the client off although there is a DSN
	Environment string // "production" when empty
	Release     string // from the build information when empty: module@version or the revision
	Server      string // name of this machine; os.Hostname when empty
	// SampleRate is the share of reports that are sent, 0 to 1; 0 means all.
	SampleRate float64
	// Ignore lists codes that are not worth a report; [fault.Canceled] always is.
	Ignore []fault.Code
	// BeforeSend may change a report, or drop it by returning nil. It runs in the worker; secrets are removed after it.
	BeforeSend func(*Event) *Event
	// Redact removes secrets; nil means the defaults.
	Redact *faultlog.Redactor
	// InApp lists import paths whose code counts as the program's own, beside its main module.
	InApp []string
	Queue int // reports held in memory; 0 means 1000
	Spool Spool
	HTTP  *http.Client // nil means one with a timeout of 10 s
	// RetryMin and RetryMax bound the waits after a failure, which double from the one to the other; 0 means 1 s and 60 s.
	RetryMin, RetryMax time.Duration
	// Log receives the client's own trouble, at most one record for each kind in a row; nil means standard error. Records
	// written to it are not captured again, even through [Handler].
	Log *slog.Logger
}

// Spool keeps reports on disk that cannot be sent now, across restarts too. It is off unless Dir is set.
type Spool struct {
	Dir      string        // shared by all processes of the program; each makes a directory of its own in it
	MaxBytes int64         // over this the oldest reports are dropped; 0 means 64 MiB
	MaxAge   time.Duration // older reports are dropped; 0 means 7 days
}

func (o *Options) defaults() {
	if o.Environment == "" {
		o.Environment = "production"
	}
	if o.Release == "" {
		o.Release = release()
	}
	if o.Server == "" {
		o.Server, _ = os.Hostname() // a report without the name is still a report
	}
	if o.SampleRate <= 0 || o.SampleRate > 1 {
		o.SampleRate = 1
	}
	if o.Queue <= 0 {
		o.Queue = 1000
	}
	if o.Spool.MaxBytes <= 0 {
		o.Spool.MaxBytes = 64 << 20
	}
	if o.Spool.MaxAge <= 0 {
		o.Spool.MaxAge = 7 * 24 * time.Hour
	}
	if o.HTTP == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = maxInFlight
		o.HTTP = &http.Client{Timeout: 10 * time.Second, Transport: t}
	}
	if o.RetryMin <= 0 {
		o.RetryMin = time.Second
	}
	if o.RetryMax < o.RetryMin {
		o.RetryMax = max(o.RetryMin, time.Minute)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
}

// FromEnv returns the options the environment asks for:
//   - ERROR_REPORTING_ENABLED: "false", "0", "no" or "off" disables;
//   - SENTRY_DSN, or ERROR_REPORTING_ENDPOINT, which is a DSN, or a URL that ends in the project id together with
//     ERROR_REPORTING_API_KEY;
//   - SENTRY_ENVIRONMENT or APP_ENV, SENTRY_RELEASE, ERROR_REPORTING_SPOOL_DIR.
func FromEnv() Options {
	first := func(keys ...string) string {
		for _, k := range keys {
			if v := os.Getenv(k); v != "" {
				return v
			}
		}
		return ""
	}
	o := Options{
		DSN:         first("SENTRY_DSN", "ERROR_REPORTING_ENDPOINT"),
		Environment: first("SENTRY_ENVIRONMENT", "APP_ENV"),
		Release:     os.Getenv("SENTRY_RELEASE"),
		Spool:       Spool{Dir: os.Getenv("ERROR_REPORTING_SPOOL_DIR")},
	}
	if scheme, rest, ok := strings.Cut(o.DSN, "://"); ok && !strings.Contains(rest, "@") {
		o.DSN = scheme + "://" + os.Getenv("ERROR_REPORTING_API_KEY") + "@" + rest
	}
	switch strings.ToLower(os.Getenv("ERROR_REPORTING_ENABLED")) {
	case "false", "0", "no", "off":
		o.Disabled = true
	}
	return o
}

// release names the build as "shop@v1.2.3", or "shop@abcdef123456" for one without a version.
func release() string {
	bi, ok := debug.ReadBuildInfo()
	if !ok || bi.Main.Path == "" {
		return ""
	}
	version := bi.Main.Version
	if version == "" || version == "(devel)" {
		for _, s := range bi.Settings {
			if s.Key == "vcs.revision" {
				version = s.Value[:min(12, len(s.Value))]
			}
		}
	}
	if version == "" || version == "(devel)" {
		return ""
	}
	return path.Base(bi.Main.Path) + "@" + version
}
