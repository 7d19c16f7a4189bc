package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"text/tabwriter"

	"github.com/seismohq/seismo/internal/app"
	"github.com/seismohq/seismo/internal/config"
)

func runServe(ctx context.Context, args []string, env environment) error {
	c, err := loadConfig("serve", args, env)
	if err != nil {
		return err
	}
	return app.Run(ctx, c, app.Process{Version: versionText(), Stdout: env.stdout, Stderr: env.stderr})
}

func runConfig(_ context.Context, args []string, env environment) error {
	c, err := loadConfig("config", args, env)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', 0)
	for _, s := range config.Settings(c) {
		fmt.Fprintf(w, "%s\t%s\t%s\n", s.Name, s.Value(), s.Source)
	}
	return w.Flush()
}

func loadConfig(command string, args []string, env environment) (*config.Config, error) {
	c, err := config.Load(args, env.lookup)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(env.stdout, "Usage: seismo %s [settings]\n\n", command)
		config.WriteHelp(env.stdout)
	}
	return c, err
}
