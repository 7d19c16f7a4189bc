package config

import (
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// Error is a setting that cannot be used. Its text is one line that names the setting and where it was set.
type Error struct {
	Name   string // of the setting, or of the file
	Source string // "flag --x", "environment SEISMO_X", "file F"; empty for a rule between settings
	Reason string
}

func (e *Error) Error() string {
	if e.Source == "" {
		return "setting " + e.Name + ": " + e.Reason
	}
	return "setting " + e.Name + " (" + e.Source + "): " + e.Reason
}

// Load reads the settings from args (the flags after the command), the environment and the file they name, and checks
// them. Its errors are flag.ErrHelp, or an *Error.
func Load(args []string, lookupEnv func(string) (string, bool)) (*Config, error) {
	c := new(Config)
	flags, err := parseFlags(args)
	if err != nil {
		return nil, err
	}
	c.sources = map[string]string{}
	settings := Settings(c)
	file, err := readFile(flags, lookupEnv, settings)
	if err != nil {
		return nil, err
	}
	for _, s := range settings {
		text, source := s.Default, "default"
		if v, ok := file[s.Name]; ok {
			text, source = v, "file "+file["config"]
		}
		if v, ok := lookupEnv(s.Env); ok {
			text, source = v, "environment "+s.Env
		}
		if v, ok := flags[s.Name]; ok {
			text, source = v, "flag --"+s.Name
		}
		if err := s.set(text); err != nil {
			return nil, &Error{s.Name, source, err.Error()}
		}
		c.sources[s.Name] = source
	}
	return c, c.complete()
}

// parseFlags returns what was given, by name. Unknown flags and stray arguments are errors.
func parseFlags(args []string) (map[string]string, error) {
	given := map[string]string{}
	fs := flag.NewFlagSet("serve", flag.ContinueOnError)
	fs.SetOutput(discard{})
	for _, s := range Settings(new(Config)) {
		set := func(v string) error { given[s.Name] = v; return nil }
		if s.value.Kind() == reflect.Bool {
			fs.BoolFunc(s.Name, s.Help, set)
		} else {
			fs.Func(s.Name, s.Help, set)
		}
	}
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, err
		}
		return nil, &Error{"of the command line", "", err.Error() + "; see --help"}
	}
	if fs.NArg() > 0 {
		return nil, &Error{"of the command line", "", fmt.Sprintf("unexpected argument %q", fs.Arg(0))}
	}
	return given, nil
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

// readFile returns the settings of the file as text, by name. Its own name stands under "config".
func readFile(flags map[string]string, lookupEnv func(string) (string, bool), settings []Setting) (map[string]string, error) {
	path, source := flags["config"], "flag --config"
	if path == "" {
		path, _ = lookupEnv("SEISMO_CONFIG")
		source = "environment SEISMO_CONFIG"
	}
	if path == "" {
		return nil, nil
	}
	var content map[string]any
	if _, err := toml.DecodeFile(path, &content); err != nil {
		return nil, &Error{"config", source, strings.ReplaceAll(err.Error(), "\n", " ")}
	}
	out := map[string]string{"config": path}
	keys := make([]string, 0, len(content))
	for key := range content {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		known := slices.ContainsFunc(settings, func(s Setting) bool { return s.Name == key })
		if !known || key == "config" {
			return nil, &Error{key, "file " + path, "no such setting"}
		}
		switch v := content[key].(type) {
		case []any:
			var parts []string
			for _, p := range v {
				parts = append(parts, fmt.Sprint(p))
			}
			out[key] = strings.Join(parts, ",")
		case map[string]any:
			return nil, &Error{key, "file " + path, "is a table; settings are plain values"}
		default:
			out[key] = fmt.Sprint(v)
		}
	}
	return out, nil
}

// complete fills in what follows from other settings and checks rules between them.
func (c *Config) complete() error {
	for _, r := range c.Roles {
		if !slices.Contains([]string{"ingest", "pipeline", "retention", "web"}, r) {
			return &Error{"roles", "", fmt.Sprintf("%q is none of ingest, pipeline, retention and web", r)}
		}
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return &Error{"tls-cert", "", "tls-cert and tls-key must be set together"}
	}
	if (c.AdminEmail == "") != (c.AdminPassword == "") {
		return &Error{"admin-email", "", "admin-email and admin-password must be set together"}
	}
	for _, p := range c.TrustedProxies {
		if _, err := parsePrefix(p); err != nil {
			return &Error{"trusted-proxies", "", fmt.Sprintf("%q is neither an address nor a network such as 10.0.0.0/8", p)}
		}
	}
	if err := c.completeURL(); err != nil {
		return err
	}
	for _, e := range []struct {
		name  string
		value *string
		kinds []string
		embed string
	}{
		{"queue", &c.Queue, []string{"jetstream", "nats"}, "jetstream://" + c.Data + "/queue"},
		{"catalog", &c.Catalog, []string{"sqlite", "postgres", "postgresql"}, "sqlite://" + c.Data + "/catalog.db"},
		{"events", &c.Events, []string{"sqlite"}, "sqlite://" + c.Data + "/events"},
		{"blobs", &c.Blobs, []string{"file"}, "file://" + c.Data + "/blobs"},
	} {
		if *e.value == "" {
			*e.value = e.embed
		}
		scheme, rest, ok := strings.Cut(*e.value, "://")
		if !ok || rest == "" || !slices.Contains(e.kinds, scheme) {
			return &Error{e.name, "", "must be a URL that starts with " + strings.Join(e.kinds, ":// or ") + "://"}
		}
	}
	return nil
}

func (c *Config) completeURL() error {
	_, port, ok := strings.Cut(c.Listen[strings.LastIndexByte(c.Listen, ']')+1:], ":")
	if n, err := strconv.Atoi(port); !ok || err != nil || n < 0 || n > 65535 {
		return &Error{"listen", "", fmt.Sprintf("%q is not an address such as :8000 or 127.0.0.1:8000", c.Listen)}
	}
	if c.URL == "" {
		scheme := "http"
		if c.TLSCert != "" {
			scheme = "https"
		}
		c.URL = scheme + "://localhost:" + port
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return &Error{"url", "", fmt.Sprintf("%q is not an address such as https://errors.example.org", c.URL)}
	}
	c.URL = strings.TrimRight(c.URL, "/")
	return nil
}

// Setting is one field of a Config with its documentation.
type Setting struct {
	Name, Env, Default, Help string
	Source                   string // where the value in force comes from; empty before Load
	Type                     string // as people write it: text, size, number, duration, list, yes or no

	secret   string
	min, max string
	oneOf    []string
	value    reflect.Value
}

// Settings lists the settings of c in the order of its fields.
func Settings(c *Config) []Setting {
	v := reflect.ValueOf(c).Elem()
	var out []Setting
	for i := range v.NumField() {
		if !v.Type().Field(i).IsExported() {
			continue
		}
		tag := v.Type().Field(i).Tag
		s := Setting{
			Name: tag.Get("name"), Default: tag.Get("default"), Help: strings.TrimSpace(tag.Get("help")),
			secret: tag.Get("secret"), min: tag.Get("min"), max: tag.Get("max"), value: v.Field(i), Source: c.sources[tag.Get("name")],
		}
		s.Env = "SEISMO_" + strings.ToUpper(strings.ReplaceAll(s.Name, "-", "_"))
		if list := tag.Get("oneof"); list != "" {
			s.oneOf = strings.Split(list, ",")
		}
		switch v.Field(i).Interface().(type) {
		case string:
			s.Type = "text"
		case bool:
			s.Type = "yes or no"
		case int:
			s.Type = "number"
		case Bytes:
			s.Type = "size"
		case time.Duration:
			s.Type = "duration"
		case []string:
			s.Type = "list"
		}
		out = append(out, s)
	}
	return out
}

// Value returns the value in force as text; secrets are masked, of URLs only the password.
func (s Setting) Value() string {
	text := s.text()
	switch {
	case text == "" || s.secret == "":
		return text
	case s.secret == "url":
		if u, err := url.Parse(text); err == nil {
			return u.Redacted()
		}
	}
	return "********"
}

func (s Setting) text() string {
	switch v := s.value.Interface().(type) {
	case []string:
		return strings.Join(v, ",")
	default:
		return fmt.Sprint(v)
	}
}

// set parses text into the field and checks its bounds.
func (s Setting) set(text string) error {
	text = strings.TrimSpace(text)
	switch p := s.value.Addr().Interface().(type) {
	case *string:
		if s.oneOf != nil && !slices.Contains(s.oneOf, text) {
			return fmt.Errorf("%q is none of %s", text, strings.Join(s.oneOf, ", "))
		}
		*p = text
	case *bool:
		b, err := strconv.ParseBool(text)
		if err != nil && text != "" {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		*p = b
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", text)
		}
		*p = n
		return within(n, s.min, s.max, strconv.Atoi)
	case *Bytes:
		b, err := ParseBytes(text)
		if err != nil {
			return err
		}
		*p = b
		return within(b, s.min, s.max, ParseBytes)
	case *time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("%q is not a duration such as 90s or 24h", text)
		}
		*p = d
		return within(d, s.min, s.max, time.ParseDuration)
	case *[]string:
		*p = nil
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				*p = append(*p, part)
			}
		}
	}
	return nil
}

func within[T int | Bytes | time.Duration](v T, lo, hi string, parse func(string) (T, error)) error {
	if lo != "" {
		if m, err := parse(lo); err != nil || v < m {
			return fmt.Errorf("must be at least %s", lo)
		}
	}
	if hi != "" {
		if m, err := parse(hi); err != nil || v > m {
			return fmt.Errorf("must be at most %s", hi)
		}
	}
	return nil
}

// FromEnvironment is the usual second argument of Load.
func FromEnvironment(name string) (string, bool) { return os.LookupEnv(name) }
