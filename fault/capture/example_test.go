package capture_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/capture"
)

// There is no server in the examples: the reports wait in the spool.
func exampleClient() (*capture.Client, func()) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	client, err := capture.New(capture.Options{
		DSN:   "http://public-key@127.0.0.1:1/7",
		Spool: capture.Spool{Dir: filepath.Join(dir, "spool")},
		Log:   slog.New(slog.DiscardHandler),
	})
	if err != nil {
		panic(err)
	}
	return client, func() { _ = os.RemoveAll(dir) }
}

func closeNow(c *capture.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	fault.Ignore(c.Close(ctx), "nothing can be delivered here")
}

func Example() {
	client, remove := exampleClient()
	defer remove()

	ctx := capture.NewScope(context.Background())
	capture.SetUser(ctx, capture.User{ID: "u-1"})
	id := client.Error(ctx, fault.New(fault.Unavailable, "no answer"), capture.Tag("shard", "3"))
	closeNow(client)

	s := client.Stats()
	fmt.Println(len(id), s.Captured == s.Sent+s.Spooled)
	// Output: 32 true
}

func ExampleClient_Recover() {
	client, remove := exampleClient()
	defer remove()
	err := fault.Try(func() error {
		defer client.Recover(context.Background()) // on disk before the program ends
		panic("boom")
	})
	closeNow(client)
	fmt.Println(err, client.Stats().Spooled)
	// Output: panic: boom 1
}

func ExampleHandler() {
	client, remove := exampleClient()
	defer remove()
	log := slog.New(capture.Handler(slog.DiscardHandler, slog.LevelError, client))
	log.Error("not enabled, so not reported")
	log = slog.New(capture.Handler(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError, ReplaceAttr: drop}), slog.LevelError, client))
	log.Error("save failed", "error", fault.New(fault.Internal, "disk full"))
	closeNow(client)
	fmt.Println(client.Stats().Captured)
	// Output: 1
}

func drop([]string, slog.Attr) slog.Attr { return slog.Attr{} }

func ExampleFromEnv() {
	client, err := capture.New(capture.FromEnv()) // disabled without SENTRY_DSN
	fmt.Println(client.Error(context.Background(), fault.New(fault.Internal, "x")) == "", err)
	// Output: true <nil>
}
