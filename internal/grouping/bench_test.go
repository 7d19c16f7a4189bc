package grouping

import (
	"os"
	"testing"
	"time"

	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/normalize"
)

// Benchmarks use events that real SDKs sent, normalised once.
func benchEvent(b *testing.B, name string) *event.Event {
	b.Helper()
	body, err := os.ReadFile("../../testdata/events/" + name + ".json")
	if err != nil {
		b.Fatal(err)
	}
	e, err := normalize.Event(body, normalize.Input{Received: time.Unix(1_700_000_000, 0)})
	if err != nil {
		b.Fatal(err)
	}
	return e
}

var benchNames = []string{
	"bugsink-top-level-message", "sentry-aspnetcore", "sentry-java-minimal", "bugsink-laravel", "sentry-actix", "sentry-minified-javascript",
	"bugsink-visualshots-rich", "bugsink-logmessage-w-params-dict",
}

func BenchmarkGroup(b *testing.B) {
	g, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range benchNames {
		b.Run(name, func(b *testing.B) {
			e := benchEvent(b, name)
			g.MarkFrames(e)
			b.ReportAllocs()
			for b.Loop() {
				g.Group(e)
			}
		})
	}
}

func BenchmarkMarkFrames(b *testing.B) {
	g, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range benchNames {
		b.Run(name, func(b *testing.B) {
			e := benchEvent(b, name)
			b.ReportAllocs()
			for b.Loop() {
				g.MarkFrames(e)
			}
		})
	}
}
