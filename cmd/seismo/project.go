package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/seismohq/seismo/client"
)

// connect adds the flags that every client command has, and returns what gives the client once they are parsed.
func connect(fs *flag.FlagSet, env environment) func() (*client.Client, error) {
	address := env.get("SEISMO_URL")
	if address == "" {
		address = "http://localhost:8000"
	}
	server := fs.String("server", address, "address of the server (or SEISMO_URL)")
	token := fs.String("token", env.token(), "API token (or SEISMO_TOKEN)")
	return func() (*client.Client, error) {
		if *token == "" {
			return nil, usageError("no API token: set SEISMO_TOKEN or --token")
		}
		return client.New(*server, *token, nil)
	}
}

// split parses flags that may stand before and after the words of a command, and returns the words.
func split(fs *flag.FlagSet, args []string) ([]string, error) {
	var words []string
	for {
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		if fs.NArg() == 0 {
			return words, nil
		}
		words, args = append(words, fs.Arg(0)), fs.Args()[1:]
	}
}

func runProject(ctx context.Context, args []string, env environment) error {
	fs := newFlags("project", env)
	api := connect(fs, env)
	platform := fs.String("platform", "", "platform of a new project, such as python")
	asJSON := fs.Bool("json", false, "print JSON")
	words, err := split(fs, args)
	if err != nil {
		return err
	}
	var projects []client.Project
	switch {
	case len(words) == 2 && words[0] == "create":
		c, err := api()
		if err != nil {
			return err
		}
		p, err := c.CreateProject(ctx, words[1], *platform)
		if err != nil {
			return err
		}
		projects = []client.Project{p}
	case slices.Equal(words, []string{"list"}):
		c, err := api()
		if err != nil {
			return err
		}
		if projects, err = c.ListProjects(ctx); err != nil {
			return err
		}
	default:
		return usageError("seismo project create NAME [--platform P], or seismo project list")
	}
	if *asJSON {
		return json.NewEncoder(env.stdout).Encode(projects)
	}
	w := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tSLUG\tNAME\tPLATFORM\tDSN")
	for _, p := range projects {
		dsn := ""
		if len(p.Keys) > 0 {
			dsn = p.Keys[0].DSN
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.ID, p.Slug, p.Name, p.Platform, dsn)
	}
	return w.Flush()
}

func runUser(ctx context.Context, args []string, env environment) error {
	fs := newFlags("user", env)
	api := connect(fs, env)
	name := fs.String("name", "", "name of the person; default: the e-mail address")
	role := fs.String("role", "member", "owner, admin, manager, member or viewer")
	words, err := split(fs, args)
	if err != nil {
		return err
	}
	if len(words) != 2 || words[0] != "create" {
		return usageError("seismo user create EMAIL [--name NAME] [--role ROLE]")
	}
	c, err := api()
	if err != nil {
		return err
	}
	u, err := c.CreateUser(ctx, words[1], *name, *role)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "Created %s (%s).\nTo choose a password, open within %s: %s\n", u.Email, u.Role, "7 days", u.Link)
	return nil
}
