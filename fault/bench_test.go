package fault_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"

	"github.com/seismohq/seismo/fault"
)

var sink any

func deep(n int, f func() error) error {
	if n == 0 {
		return f()
	}
	return deep(n-1, f)
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sink = deep(10, func() error { return fault.New(fault.Conflict, "name is taken") })
	}
}

func BenchmarkWrap3(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sink = fault.Wrap(fault.Wrap(fault.Wrap(errSentinel, "a"), "b"), "c")
	}
}

func BenchmarkInspect(b *testing.B) {
	err := fault.Wrap(fault.Wrap(fault.Wrap(fault.Invalid(fault.FieldError{Field: "a"}), "a", slog.Int("n", 1)), "b"), "c")
	b.Run("CodeOf", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = fault.CodeOf(err)
		}
	})
	b.Run("Fields", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = fault.Fields(err)
		}
	})
	b.Run("Is", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = errors.Is(err, io.EOF)
		}
	})
	b.Run("Error", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = err.Error()
		}
	})
	b.Run("PublicMessage", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = fault.PublicMessage(err)
		}
	})
	b.Run("Fingerprint", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = fault.FingerprintOf(err)
		}
	})
	b.Run("Details", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = fmt.Fprintf(io.Discard, "%+v", err)
		}
	})
	b.Run("Report", func(b *testing.B) {
		b.ReportAllocs()
		var buf []byte
		for b.Loop() {
			buf = fault.Report(err).AppendJSON(buf[:0])
		}
	})
}
