package faultlog

import (
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/seismohq/seismo/fault"
)

// Config of [Setup]. The zero value logs JSON at INFO to standard error.
type Config struct {
	Env       string    // "development" (or dev, local, test) means text at DEBUG; anything else behaves like production
	Level     string    // debug, info, warn, error, critical; empty follows Env
	Format    string    // FormatJSON or FormatText; empty follows Env
	Output    io.Writer // of everything; nil means standard error, io.Discard none
	File      string    // everything once more, as JSON, rotating; empty means none
	ErrorFile string    // records of level ERROR and above once more
	AuditFile string    // audit records go here alone; empty means to the others, with logger=audit
	PerfFile  string    // as AuditFile, for the performance logger
	MaxBytes  int64     // size at which a file is rotated; 0 means 1 MB
	Backups   int       // old files kept; 0 means 5
	Redact    *Redactor // nil means the defaults
	AddSource bool
}

// FromEnv returns the configuration the environment asks for: APP_ENV (or ENVIRONMENT), LOG_LEVEL, LOG_FORMAT,
// LOG_FILE_PATH, LOG_ERROR_FILE_PATH, LOG_AUDIT_FILE_PATH, and DEBUG_MODE=true for level DEBUG where LOG_LEVEL says nothing.
func FromEnv() Config {
	c := Config{
		Env:       os.Getenv("APP_ENV"),
		Level:     os.Getenv("LOG_LEVEL"),
		Format:    os.Getenv("LOG_FORMAT"),
		File:      os.Getenv("LOG_FILE_PATH"),
		ErrorFile: os.Getenv("LOG_ERROR_FILE_PATH"),
		AuditFile: os.Getenv("LOG_AUDIT_FILE_PATH"),
	}
	if c.Env == "" {
		c.Env = os.Getenv("ENVIRONMENT")
	}
	if c.Level == "" && truth(os.Getenv("DEBUG_MODE")) {
		c.Level = "debug"
	}
	return c
}

func truth(s string) bool {
	switch strings.ToLower(s) {
	case "1", "true", "yes", "on":
		return true
	}
	return false
}

// development reports whether env names a machine people develop on.
func development(env string) bool {
	switch strings.ToLower(env) {
	case "development", "dev", "local", "test":
		return true
	}
	return false
}

// Logs is a set of loggers.
type Logs struct {
	App   *slog.Logger
	Audit *slog.Logger   // for package audit; writes whatever the level
	Perf  *slog.Logger   // durations and sizes
	Level *slog.LevelVar // of App and Perf; may be changed while running

	files []*RotatingFile
}

// Component returns the logger of a part of the program: App with the attribute "component".
func (l *Logs) Component(name string) *slog.Logger {
	return l.App.With(slog.String("component", name))
}

// Close closes the files. Standard error stays usable.
func (l *Logs) Close() error {
	var errs []error
	for _, f := range l.files {
		errs = append(errs, f.Close())
	}
	l.files = nil
	return fault.Join(errs...)
}

// Setup returns loggers for c. It changes nothing outside of them, so calling it again does no harm; slog.SetDefault is the
// program's business. Errors: [fault.Validation] for a level or format it does not know, those of opening files.
func Setup(c Config) (*Logs, error) {
	logs := &Logs{Level: &slog.LevelVar{}}
	if c.Level != "" {
		l, err := ParseLevel(c.Level)
		if err != nil {
			return nil, err
		}
		logs.Level.Set(l)
	} else if development(c.Env) {
		logs.Level.Set(slog.LevelDebug)
	}
	format := strings.ToLower(c.Format)
	switch format {
	case "":
		format = FormatJSON
		if development(c.Env) {
			format = FormatText
		}
	case FormatJSON, FormatText:
	default:
		return nil, fault.Invalid(fault.FieldError{Field: "format", Rule: "oneof", Param: "json text", Message: "must be json or text"})
	}
	if err := logs.build(c, format); err != nil {
		return nil, fault.Join(err, logs.Close())
	}
	return logs, nil
}

func (l *Logs) build(c Config, format string) error {
	o := Options{Level: l.Level, Format: format, Redact: c.Redact, AddSource: c.AddSource}
	out := c.Output
	if out == nil {
		out = os.Stderr
		o.Color = format == FormatText && terminal(os.Stderr) && os.Getenv("NO_COLOR") == ""
	}
	all := []slog.Handler{NewHandler(out, &o)}
	audit := []slog.Handler{NewHandler(out, with(o, slog.LevelDebug))}
	o.Format, o.Color = FormatJSON, false // files are for machines
	for _, f := range []struct {
		path  string
		level slog.Leveler
	}{{c.File, l.Level}, {c.ErrorFile, slog.LevelError}} {
		if f.path == "" {
			continue
		}
		file, err := l.open(f.path, c)
		if err != nil {
			return err
		}
		all = append(all, NewHandler(file, with(o, f.level)))
		if f.path == c.File {
			audit = append(audit, NewHandler(file, with(o, slog.LevelDebug)))
		}
	}
	perf := all
	if c.AuditFile != "" {
		file, err := l.open(c.AuditFile, c)
		if err != nil {
			return err
		}
		audit = []slog.Handler{NewHandler(file, with(o, slog.LevelDebug))}
	}
	if c.PerfFile != "" {
		file, err := l.open(c.PerfFile, c)
		if err != nil {
			return err
		}
		perf = []slog.Handler{NewHandler(file, with(o, l.Level))}
	}
	l.App = slog.New(join(all))
	l.Audit = slog.New(join(audit)).With(slog.String("logger", "audit"))
	l.Perf = slog.New(join(perf)).With(slog.String("logger", "perf"))
	return nil
}

func (l *Logs) open(path string, c Config) (*RotatingFile, error) {
	f, err := OpenRotating(path, RotateOptions{MaxBytes: c.MaxBytes, Backups: c.Backups})
	if err == nil {
		l.files = append(l.files, f)
	}
	return f, err
}

func with(o Options, l slog.Leveler) *Options {
	o.Level = l
	return &o
}

func join(hs []slog.Handler) slog.Handler {
	if len(hs) == 1 {
		return hs[0]
	}
	return slog.NewMultiHandler(hs...)
}

func terminal(f *os.File) bool {
	fi, err := f.Stat()
	return err == nil && fi.Mode()&os.ModeCharDevice != 0
}
