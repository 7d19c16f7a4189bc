package arch

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/seismohq/seismo/"

type listed struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		p.ImportPath = strings.TrimPrefix(p.ImportPath, module)
		all = append(all, p)
	}
}

// row returns the row of a package and the package of the table that it counts as.
func row(path string) (int, string) {
	for i, r := range Rows {
		for _, p := range r.Packages {
			if path == p || strings.HasPrefix(path, p+"/") {
				return i, p
			}
		}
	}
	return -1, ""
}

func free(path string) bool {
	return slices.ContainsFunc(Free, func(f string) bool { return path == f || strings.HasPrefix(path, f+"/") })
}

func TestImports(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		from, name := row(p.ImportPath)
		if from < 0 {
			if !free(p.ImportPath) && p.ImportPath != Client {
				t.Errorf("%s stands in no row: add it to Rows in internal/arch/arch.go and to docs/architecture.md, or find the package its code belongs to", p.ImportPath)
			}
			continue
		}
		if strings.HasSuffix(name, "test") || isTestSupport(p.ImportPath) {
			continue
		}
		for _, imported := range p.Imports {
			path, ours := strings.CutPrefix(imported, module)
			to, target := row(path)
			if !ours || strings.HasPrefix(path, "fault") || target == name {
				continue
			}
			switch {
			case free(path):
				t.Errorf("%s imports %s, which is support for tests: move what it needs into a package of a row", p.ImportPath, path)
			case to < 0:
			case to < from:
				t.Errorf("%s (%s) imports %s (%s) above it: let the upper one hand in what is needed, through an interface that the lower one declares", p.ImportPath, Rows[from].Name, path, Rows[to].Name)
			case to == from && !Rows[from].Sideways:
				t.Errorf("%s imports %s beside it in row %q: services meet in the queue or the catalog; a shared word belongs to the vocabulary", p.ImportPath, path, Rows[from].Name)
			}
		}
	}
}

// isTestSupport reports whether a package is only for tests: a contract suite, or a fake.
func isTestSupport(path string) bool {
	last := path[strings.LastIndexByte(path, '/')+1:]
	return strings.HasSuffix(last, "test")
}

func TestOnlyAppNamesEngines(t *testing.T) {
	t.Parallel()
	engines := []string{"internal/queue/jetstream", "internal/eventstore/sqlite", "internal/blob/disk"}
	for _, p := range packages(t) {
		if p.ImportPath == "internal/app" || isTestSupport(p.ImportPath) {
			continue
		}
		for _, imported := range p.Imports {
			path := strings.TrimPrefix(imported, module)
			if slices.Contains(engines, path) && !strings.HasPrefix(p.ImportPath, path) {
				t.Errorf("%s imports the engine %s: only internal/app chooses engines; use the seam's interface", p.ImportPath, path)
			}
		}
	}
}

func TestLibraryKnowsNothingOfTheServer(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("go", "list", "-f", "{{range .Imports}}{{println .}}{{end}}", "./...")
	cmd.Dir = "../../fault"
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for imported := range strings.FieldsSeq(string(out)) {
		if path, ours := strings.CutPrefix(imported, module); ours && !strings.HasPrefix(path, "fault") {
			t.Errorf("fault imports %s: the library stands under all of the server", imported)
		} else if !ours && strings.Contains(strings.SplitN(imported, "/", 2)[0], ".") {
			t.Errorf("fault imports %s: its core needs the standard library only", imported)
		}
	}
}
