package config_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seismohq/seismo/internal/config"
)

var update = flag.Bool("update", false, "rewrite the generated files")

func environment(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
}

func TestLoadPrecedence(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "seismo.toml")
	content := "listen = \":1\"\nretention-days = 7\nlog-level = \"debug\"\nroles = [\"web\", \"ingest\"]\n"
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	env := environment(map[string]string{"SEISMO_LISTEN": ":2", "SEISMO_RETENTION_DAYS": "8", "SEISMO_CONFIG": file})
	c, err := config.Load([]string{"--listen", ":3", "--dev"}, env)
	if err != nil {
		t.Fatal(err)
	}
	want := []any{":3", 8, "debug", []string{"web", "ingest"}, 30 * time.Second, true, "http://localhost:3", "sqlite://./seismo-data/catalog.db"}
	got := []any{c.Listen, c.RetentionDays, c.LogLevel, c.Roles, c.DrainTimeout, c.Dev, c.URL, c.Catalog}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	sources := map[string]string{}
	for _, s := range config.Settings(c) {
		sources[s.Name] = s.Source
	}
	for name, want := range map[string]string{
		"listen": "flag --listen", "retention-days": "environment SEISMO_RETENTION_DAYS", "log-level": "file " + file, "drain-timeout": "default",
	} {
		if sources[name] != want {
			t.Errorf("source of %s = %q, want %q", name, sources[name], want)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "bad.toml")
	if err := os.WriteFile(file, []byte("lissten = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		args []string
		env  map[string]string
		want string
	}{
		"unknown flag":         {args: []string{"--nope"}, want: "not defined: -nope"},
		"stray argument":       {args: []string{"now"}, want: `unexpected argument "now"`},
		"not a size":           {env: map[string]string{"SEISMO_DISK_FLOOR": "much"}, want: "setting disk-floor (environment SEISMO_DISK_FLOOR): \"much\" is not a size"},
		"size too small":       {args: []string{"--queue-max-bytes=1KiB"}, want: "must be at least 16MiB"},
		"number too large":     {args: []string{"--queue-partitions=1000"}, want: "must be at most 256"},
		"not a duration":       {args: []string{"--drain-timeout=10"}, want: `"10" is not a duration`},
		"not one of":           {args: []string{"--log-level=loud"}, want: `"loud" is none of debug, info, warn, error`},
		"unknown role":         {args: []string{"--roles=cook"}, want: `"cook" is none of`},
		"certificate alone":    {args: []string{"--tls-cert=a.pem"}, want: "must be set together"},
		"bad proxy":            {args: []string{"--trusted-proxies=proxy"}, want: `"proxy" is neither an address`},
		"bad url":              {args: []string{"--url=errors.example.org"}, want: "setting url: "},
		"url with password":    {args: []string{"--url=http://a:b@example.org"}, want: "setting url: "},
		"bad listen":           {args: []string{"--listen=8000"}, want: "setting listen: "},
		"engine not to be had": {args: []string{"--events=oracle://x"}, want: "setting events: must be a URL that starts with sqlite://"},
		"unknown key in file":  {args: []string{"--config", file}, want: "setting lissten (file " + file + "): no such setting"},
		"missing file":         {args: []string{"--config", "/does/not/exist"}, want: "setting config (flag --config)"},
		"password alone":       {env: map[string]string{"SEISMO_ADMIN_PASSWORD": "x"}, want: "must be set together"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(tc.args, environment(tc.env))
			var bad *config.Error
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("Load = %v, want one line with %q", err, tc.want)
			}
		})
	}
}

func TestValueMasksSecrets(t *testing.T) {
	t.Parallel()
	c, err := config.Load(nil, environment(map[string]string{
		"SEISMO_ADMIN_EMAIL": "a@example.org", "SEISMO_ADMIN_PASSWORD": "hunter2", "SEISMO_ADMIN_TOKEN": "hunter2",
		"SEISMO_CATALOG": "postgres://seismo:hunter2@db/seismo",
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range config.Settings(c) {
		if strings.Contains(s.Value(), "hunter2") {
			t.Errorf("%s shows its secret: %s", s.Name, s.Value())
		}
	}
}

func TestEverySettingIsDocumented(t *testing.T) {
	t.Parallel()
	for _, s := range config.Settings(new(config.Config)) {
		if s.Help == "" || s.Type == "" || !strings.HasSuffix(s.Help, ".") {
			t.Errorf("setting %s needs a help that is a sentence, and a known type", s.Name)
		}
	}
}

func TestDocsAreTrue(t *testing.T) {
	t.Parallel()
	const path = "../../docs/config.md"
	var want bytes.Buffer
	config.WriteDocs(&want)
	if *update {
		if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(got)); diff != "" {
		t.Errorf("docs/config.md is not as generated; run make generate (-want +got):\n%s", diff)
	}
}

func TestParseBytes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]config.Bytes{"0": 0, "12": 12, "1KiB": 1024, "2 MiB": 2 << 20, "3MB": 3e6, "1GiB": 1 << 30} {
		if got, err := config.ParseBytes(in); err != nil || got != want {
			t.Errorf("ParseBytes(%q) = %d, %v, want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", "-1", "1.5MiB", "MiB", "9999999999TiB"} {
		if got, err := config.ParseBytes(in); err == nil {
			t.Errorf("ParseBytes(%q) = %d, want an error", in, got)
		}
	}
}
