// Command seismo is the one binary: the server, and the commands that talk to one.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/seismohq/seismo/internal/config"
)

// version is set by the linker for releases.
var version = ""

// environment is what a command may use of the process.
type environment struct {
	stdout, stderr io.Writer
	lookup         func(string) (string, bool)
}

func (e environment) get(name string) string {
	v, _ := e.lookup(name)
	return v
}

// token returns the API token that client commands use unless they are given one.
func (e environment) token() string {
	if t := e.get("SEISMO_TOKEN"); t != "" {
		return t
	}
	return e.get("SEISMO_ADMIN_TOKEN")
}

type command struct {
	name, args, help string
	run              func(ctx context.Context, args []string, env environment) error
}

func commands() []command {
	return []command{
		{"serve", "[settings]", "start the server", runServe},
		{"project", "create NAME | list", "create a project, or list all with their DSNs", runProject},
		{"user", "create EMAIL", "create a user", runUser},
		{"send", "[MESSAGE]", "send a test event", runSend},
		{"bench", "--dsn DSN", "measure a server under load", runBench},
		{"config", "[settings]", "print the settings in force and where they come from", runConfig},
		{"version", "", "print the version", runVersion},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], environment{os.Stdout, os.Stderr, os.LookupEnv})
	stop()
	os.Exit(code)
}

// run runs a command and returns the exit status: 0 done, 1 failed, 2 used or configured wrongly.
func run(ctx context.Context, args []string, env environment) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		usage(env.stdout)
		return 0
	}
	for _, c := range commands() {
		if c.name != args[0] {
			continue
		}
		err := c.run(ctx, args[1:], env)
		var setting *config.Error
		switch {
		case err == nil, errors.Is(err, flag.ErrHelp):
			return 0
		case errors.As(err, &setting), errors.Is(err, errUsage):
			fmt.Fprintln(env.stderr, "seismo "+c.name+": "+err.Error())
			return 2
		default:
			fmt.Fprintln(env.stderr, "seismo "+c.name+": "+err.Error())
			return 1
		}
	}
	fmt.Fprintf(env.stderr, "seismo: no command %q; see seismo help\n", args[0])
	return 2
}

func usage(w io.Writer) {
	fmt.Fprint(w, "Seismo: error tracking in one binary.\n\nUsage: seismo COMMAND\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-32s %s\n", c.name+" "+c.args, c.help)
	}
	fmt.Fprint(w, "\nseismo COMMAND --help tells more. First: seismo serve\n")
}

func runVersion(_ context.Context, _ []string, env environment) error {
	fmt.Fprintf(env.stdout, "seismo %s (%s, %s/%s)\n", versionText(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

// versionText returns the version of a release, or the revision that a build from source was made of.
func versionText() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return "dev-" + s.Value[:min(12, len(s.Value))]
		}
	}
	return "dev"
}
