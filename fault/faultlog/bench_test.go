package faultlog_test

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faultlog"
)

func BenchmarkHandler(b *testing.B) {
	err5 := fault.Wrap(fault.New(fault.Internal, "disk full"), "save cart", slog.Int("cart", 7))
	std := slog.New(slog.NewJSONHandler(io.Discard, nil))
	ours := slog.New(faultlog.NewHandler(io.Discard, nil))
	clean := func(l *slog.Logger) {
		l.Info("request served", "method", "GET", "path", "/api/v1/projects/7", "status", 200, "duration_ms", 12.5, "user", "u-1234")
	}
	for name, f := range map[string]func(){
		"clean/slog":  func() { clean(std) },
		"clean/fault": func() { clean(ours) },
		"hit/slog":    func() { std.Info("login", "user", "u-1", "password", "hunter2") },
		"hit/fault":   func() { ours.Info("login", "user", "u-1", "password", "hunter2") },
		"error/slog":  func() { std.Warn("x", "error", err5) },
		"error/fault": func() { ours.Warn("x", faultlog.Err(err5)) },
		"stack/fault": func() { ours.Error("x", faultlog.Err(err5)) },
		"below/fault": func() { ours.Debug("x", "a", 1) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
}

func BenchmarkRotating(b *testing.B) {
	line := []byte(`{"time":"2026-01-02T03:04:05.678901Z","level":"INFO","msg":"request served","method":"GET","path":"/","status":200}` + "\n")
	raw, err := os.Create(filepath.Join(b.TempDir(), "raw.log"))
	if err != nil {
		b.Fatal(err)
	}
	defer raw.Close()
	rot, err := faultlog.OpenRotating(filepath.Join(b.TempDir(), "rot.log"), faultlog.RotateOptions{MaxBytes: 10 << 20})
	if err != nil {
		b.Fatal(err)
	}
	defer rot.Close()
	for name, w := range map[string]io.Writer{"raw": raw, "rotating": rot} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := w.Write(line); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
