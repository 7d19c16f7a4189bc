package main

import (
	"errors"
	"io"
	"log/slog"
	"os"

	"github.com/samber/oops"
	"gopkg.in/natefinch/lumberjack.v2"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faultlog"
)

func logGroup() []comparison {
	std := slog.New(slog.NewJSONHandler(io.Discard, nil))
	ours := slog.New(faultlog.NewHandler(io.Discard, nil))
	internal := fault.Wrap(fault.New(fault.Internal, "disk full"), "save cart", slog.Int("shard", 3))
	mistake := fault.New(fault.Conflict, "name is taken")
	plain := errors.New("name is taken")
	oopsErr := oops.With("shard", 3).Wrapf(oops.Errorf("disk full"), "save cart")
	clean := func(l *slog.Logger) func() {
		return func() {
			l.Info("request served", "method", "GET", "path", "/api/v1/projects/7", "status", 200, "duration_ms", 12.5, "user", "u-1234", "bytes", 5120)
		}
	}
	hit := func(l *slog.Logger) func() {
		return func() {
			l.Info("login", "method", "POST", "path", "/login", "user", "u-1234", "password", "hunter2", "status", 200)
		}
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		panic(err)
	}
	raw, err := os.Create(dir + "/raw.log")
	if err != nil {
		panic(err)
	}
	rotating, err := faultlog.OpenRotating(dir+"/rotating.log", faultlog.RotateOptions{MaxBytes: 10 << 20})
	if err != nil {
		panic(err)
	}
	jack := &lumberjack.Logger{Filename: dir + "/jack.log", MaxSize: 10, MaxBackups: 5}
	line := []byte(`{"time":"2026-01-02T03:04:05.678901Z","level":"INFO","msg":"request served","method":"GET","path":"/","status":200}` + "\n")
	write := func(w io.Writer) func() {
		return func() {
			if _, err := w.Write(line); err != nil {
				panic(err)
			}
		}
	}
	return []comparison{
		{name: "log an error with stack / oops", target: 0.45, ours: func() { ours.Error("x", faultlog.Err(internal)) }, theirs: func() { std.Error("x", "error", oopsErr) }},
		{name: "log an error without stack / std error", target: 2, ours: func() { ours.Warn("x", faultlog.Err(mistake)) }, theirs: func() { std.Warn("x", "error", plain) }},
		{name: "redaction, clean record / slog JSON", target: 1.35, ours: clean(ours), theirs: clean(std)},
		{name: "redaction, a hit / slog JSON", target: 1.6, ours: hit(ours), theirs: hit(std)},
		{name: "rotating write / raw file", target: 1.2, ours: write(rotating), theirs: write(raw)},
		{name: "rotating write / lumberjack", target: 1.3, ours: write(rotating), theirs: write(jack)},
	}
}
