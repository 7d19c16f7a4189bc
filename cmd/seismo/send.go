package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/seismohq/seismo/client"
)

func runSend(ctx context.Context, args []string, env environment) error {
	fs := newFlags("send", env)
	dsn := fs.String("dsn", env.get("SEISMO_DSN"), "DSN to send to (or SEISMO_DSN)")
	level := fs.String("level", "error", "fatal, error, warning, info or debug")
	environment := fs.String("environment", "", "environment of the event")
	release := fs.String("release", "", "release of the event")
	words, err := split(fs, args)
	if err != nil {
		return err
	}
	d, err := client.ParseDSN(*dsn)
	if err != nil {
		return usageError("--dsn: " + err.Error())
	}
	message := strings.Join(words, " ")
	if message == "" {
		message = "This is a test event from seismo send"
	}
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails
	id := hex.EncodeToString(raw[:])
	host, _ := os.Hostname() // an event without server name is fine
	event := map[string]any{
		"event_id": id, "timestamp": time.Now().UTC(), "platform": "other", "level": *level,
		"message": message, "server_name": host, "logger": "seismo.send",
		"contexts": map[string]any{"os": map[string]any{"name": runtime.GOOS}},
		"sdk":      map[string]any{"name": "seismo.cli", "version": versionText()},
	}
	if *environment != "" {
		event["environment"] = *environment
	}
	if *release != "" {
		event["release"] = *release
	}
	b, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("encode the event: %w", err)
	}
	got, err := client.SendEvent(ctx, &http.Client{Timeout: 30 * time.Second}, d, id, b)
	if err != nil {
		return err
	}
	fmt.Fprintln(env.stdout, got)
	return nil
}
