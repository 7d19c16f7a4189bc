package config

import (
	"fmt"
	"io"
	"strings"
)

// WriteHelp writes the settings for --help.
func WriteHelp(w io.Writer) {
	for _, s := range Settings(new(Config)) {
		fmt.Fprintf(w, "  --%s\n", s.Name)
		for _, line := range wrap(s.sentence(), 88) {
			fmt.Fprintf(w, "        %s\n", line)
		}
	}
}

// WriteDocs writes docs/config.md.
func WriteDocs(w io.Writer) {
	fmt.Fprint(w, `# Settings

This page is generated from `+"`internal/config`"+` by `+"`make generate`"+`; a test keeps it true.

A setting is taken from the first of: flag (`+"`--name value`"+`), environment variable, file (TOML, named by `+"`--config`"+`;
its keys are the names below), default. `+"`seismo config`"+` prints what is in force and where each value comes from, with
secrets masked. A value that cannot be used stops the start with one line that names the setting, and exit status 2.

Sizes are written with a unit (`+"`512MiB`"+`), durations as `+"`90s`"+` or `+"`24h`"+`, lists with commas.

| setting | environment | type | default | meaning |
|---|---|---|---|---|
`)
	for _, s := range Settings(new(Config)) {
		def := "–"
		if s.Default != "" {
			def = "`" + s.Default + "`"
		}
		fmt.Fprintf(w, "| `%s` | `%s` | %s | %s | %s |\n", s.Name, s.Env, s.Type+s.bounds(), def, strings.ReplaceAll(s.Help, "|", "\\|"))
	}
}

func (s Setting) sentence() string {
	text := s.Help
	if s.Default != "" {
		text += " Default: " + s.Default + "."
	}
	return text
}

func (s Setting) bounds() string {
	switch {
	case s.min != "" && s.max != "":
		return ", " + s.min + " to " + s.max
	case s.min != "" && s.min != "0":
		return ", at least " + s.min
	}
	return ""
}

func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}
