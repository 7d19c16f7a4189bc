package faultlog_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faultlog"
)

// logger writes without the time, which differs from run to run.
func logger(format string) *slog.Logger {
	return slog.New(timeless{faultlog.NewHandler(os.Stdout, &faultlog.Options{Format: format})})
}

type timeless struct{ slog.Handler }

func (h timeless) Handle(ctx context.Context, r slog.Record) error {
	r.Time = time.Time{}
	return h.Handler.Handle(ctx, r)
}

func Example() {
	log := logger(faultlog.FormatJSON)
	err := fault.Wrap(fault.New(fault.Conflict, "name is taken"), "create project", slog.String("name", "shop"))
	log.Warn("request failed", "password", "hunter2", faultlog.Err(err))
	// Output:
	// {"level":"WARN","msg":"request failed","password":"[redacted]","error":{"msg":"create project: name is taken","code":"CONFLICT","attrs":{"name":"shop"}}}
}

func ExampleSetup() {
	logs, err := faultlog.Setup(faultlog.Config{Env: "production", Output: os.Stdout, Level: "error"})
	if err != nil {
		panic(err)
	}
	defer logs.Close()
	slog.New(logs.App.Handler()).Info("not written at this level")
	fmt.Println(logs.Level)
	// Output: LevelVar(ERROR)
}

func ExampleNewHandler() {
	logger(faultlog.FormatText).Info("started\nnot a new line", "port", 8000)
	// Output: INFO  started\nnot a new line port=8000
}

func ExampleContext() {
	ctx := faultlog.Context(context.Background(), slog.String("request_id", "r1"))
	logger(faultlog.FormatText).InfoContext(ctx, "saved")
	// Output: INFO  saved request_id=r1
}

func ExampleLazy() {
	logger(faultlog.FormatText).Debug("plan", "tree", faultlog.Lazy(func() any { panic("not called below the level") }))
	// Output:
}

func ExampleSecret() {
	key := faultlog.NewSecret("hunter2")
	fmt.Printf("%v %+v %q\n", key, struct{ Key any }{key}, key.Reveal())
	// Output: [redacted] {Key:[redacted]} "hunter2"
}

func ExampleRedactor() {
	r := faultlog.NewRedactor().Keys("iban").Allow("session_id")
	fmt.Println(string(r.JSON([]byte(`{"iban":"DE02","session_id":"s1","note":"card 4111 1111 1111 1111"}`))))
	// Output: {"iban":"[redacted]","note":"card [redacted]","session_id":"s1"}
}

func ExampleClean() {
	fmt.Println(faultlog.Clean("name\nERROR forged \x1b[31mline"))
	// Output: name\nERROR forged \x1b[31mline
}

func ExampleOpenRotating() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	f, err := faultlog.OpenRotating(dir+"/app.log", faultlog.RotateOptions{MaxBytes: 1 << 20, Backups: 5, Compress: true})
	if err != nil {
		panic(err)
	}
	defer f.Close()
	slog.New(faultlog.NewHandler(f, nil)).Info("kept for a while")
	// Output:
}
