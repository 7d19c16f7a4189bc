package faultlog_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faultlog"
)

func TestSetup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var out bytes.Buffer
	c := faultlog.Config{
		Output: &out, Level: "warn", File: filepath.Join(dir, "app.log"), ErrorFile: filepath.Join(dir, "error.log"), AuditFile: filepath.Join(dir, "audit.log"),
	}
	logs, err := faultlog.Setup(c)
	if err != nil {
		t.Fatal(err)
	}
	logs.App.Info("too low")
	logs.Component("ingest").Warn("w")
	logs.App.Error("e")
	logs.Perf.Warn("p")
	logs.Audit.Info("a")
	logs.Level.Set(slog.LevelDebug)
	logs.App.Debug("now")
	if err := logs.Close(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"app.log": "w/ingest e p/perf now", "error.log": "e", "audit.log": "a/audit"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range decode(t, b) {
			msg := m["msg"].(string)
			for _, k := range []string{"component", "logger"} {
				if v, ok := m[k]; ok {
					msg += "/" + v.(string)
				}
			}
			got = append(got, msg)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if n := len(decode(t, out.Bytes())); n != 4 {
		t.Errorf("%d records on the console: %s", n, &out)
	}
	if _, err := faultlog.Setup(c); err != nil {
		t.Errorf("second Setup: %v", err)
	}
}

func TestSetupDefaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		c     faultlog.Config
		level slog.Level
		json  bool
	}{
		"zero":        {faultlog.Config{}, slog.LevelInfo, true},
		"production":  {faultlog.Config{Env: "production"}, slog.LevelInfo, true},
		"unknown":     {faultlog.Config{Env: "staging-7"}, slog.LevelInfo, true},
		"development": {faultlog.Config{Env: "Development"}, slog.LevelDebug, false},
		"both":        {faultlog.Config{Env: "dev", Level: "CRITICAL", Format: "JSON"}, faultlog.LevelCritical, true},
	} {
		var out bytes.Buffer
		tt.c.Output = &out
		logs, err := faultlog.Setup(tt.c)
		if err != nil {
			t.Fatal(err)
		}
		logs.App.Log(t.Context(), faultlog.LevelCritical, "x")
		if logs.Level.Level() != tt.level || json.Valid(out.Bytes()) != tt.json {
			t.Errorf("%s: %v %s", name, logs.Level, &out)
		}
		// Audit records are written at any level.
		out.Reset()
		logs.Level.Set(faultlog.LevelCritical)
		logs.Audit.Info("x")
		if out.Len() == 0 {
			t.Errorf("%s: audit record lost", name)
		}
	}
	for name, c := range map[string]faultlog.Config{
		"level": {Level: "loud"}, "format": {Format: "xml"}, "file": {Output: io.Discard, File: "/dev/null/x/y.log"},
	} {
		if logs, err := faultlog.Setup(c); err == nil || logs != nil {
			t.Errorf("%s: no error", name)
		} else if name != "file" && !errors.Is(err, fault.Validation) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFromEnv(t *testing.T) {
	for _, k := range []string{"APP_ENV", "ENVIRONMENT", "LOG_LEVEL", "LOG_FORMAT", "LOG_FILE_PATH", "LOG_ERROR_FILE_PATH", "LOG_AUDIT_FILE_PATH", "DEBUG_MODE"} {
		t.Setenv(k, "")
	}
	if c := faultlog.FromEnv(); c != (faultlog.Config{}) {
		t.Errorf("%+v", c)
	}
	t.Setenv("ENVIRONMENT", "staging")
	t.Setenv("DEBUG_MODE", "True")
	t.Setenv("LOG_FILE_PATH", "/a")
	if c, want := faultlog.FromEnv(), (faultlog.Config{Env: "staging", Level: "debug", File: "/a"}); c != want {
		t.Errorf("%+v", c)
	}
	t.Setenv("APP_ENV", "production")
	t.Setenv("LOG_LEVEL", "error")
	if c, want := faultlog.FromEnv(), (faultlog.Config{Env: "production", Level: "error", File: "/a"}); c != want {
		t.Errorf("%+v", c)
	}
}

func TestParseLevel(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]slog.Level{
		"debug": -4, "INFO": 0, "Warn": 4, "warning": 4, " error ": 8, "critical": 12, "FATAL": 12, "-8": -8, "INFO+2": 2,
	} {
		if got, err := faultlog.ParseLevel(in); err != nil || got != want {
			t.Errorf("%q: %v %v", in, got, err)
		}
	}
	for _, in := range []string{"", "loud", "1e3", "9999999"} {
		if _, err := faultlog.ParseLevel(in); !errors.Is(err, fault.Validation) {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestSecretNeverPrints(t *testing.T) {
	t.Parallel()
	type config struct {
		Exported faultlog.Secret[string]
		hidden   faultlog.Secret[string]
		Nested   map[string]faultlog.Secret[[]byte]
	}
	s := faultlog.NewSecret("hunter2")
	c := config{s, s, map[string]faultlog.Secret[[]byte]{"k": faultlog.NewSecret([]byte("hunter2"))}}
	js, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := s.MarshalText()
	var out []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%X"} {
		out = append(out, fmt.Sprintf(verb, s), fmt.Sprintf(verb, &s), fmt.Sprintf(verb, c), fmt.Sprintf(verb, &c), fmt.Sprintf(verb, []any{s, c}))
	}
	out = append(out, string(js), string(text), s.String(), s.GoString(), s.LogValue().String(), fmt.Sprint(errors.New(s.String())))
	for _, o := range out {
		if strings.Contains(o, "hunter2") || strings.Contains(o, "68756e74657232") || strings.Contains(strings.ToLower(o), "104 117 110") {
			t.Errorf("prints %s", o)
		}
	}
	if s.Reveal() != "hunter2" || (faultlog.Secret[int]{}).Reveal() != 0 {
		t.Error("Reveal")
	}
}

func TestSecretReads(t *testing.T) {
	t.Parallel()
	var c struct {
		A faultlog.Secret[string]
		B faultlog.Secret[int]
	}
	if err := json.Unmarshal([]byte(`{"A":"x","B":5}`), &c); err != nil || c.A.Reveal() != "x" || c.B.Reveal() != 5 {
		t.Error(err, c.A.Reveal(), c.B.Reveal())
	}
	if err := json.Unmarshal([]byte(`{"B":"hunter2"}`), &c); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
	if err := c.A.UnmarshalText([]byte("y")); err != nil || c.A.Reveal() != "y" {
		t.Error(err)
	}
	if err := c.B.UnmarshalText([]byte("5")); err == nil {
		t.Error("an int has no text form")
	}
	var l faultlog.Secret[slog.Level]
	if err := l.UnmarshalText([]byte("warn")); err != nil || l.Reveal() != slog.LevelWarn {
		t.Error(err)
	}
	if err := l.UnmarshalText([]byte("loud")); err == nil {
		t.Error("loud")
	}
}
