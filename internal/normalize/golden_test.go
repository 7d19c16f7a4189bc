package normalize_test

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/normalize"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const samples = "../../testdata/events/"

// received is when the events of the tests came in.
var received = time.Date(2026, 11, 20, 10, 0, 0, 123456000, time.UTC)

func input() normalize.Input {
	return normalize.Input{
		Project: 7, Received: received, ClientIP: netip.MustParseAddr("198.51.100.7"),
		FallbackID: event.ID{0xfa, 0x11, 0xba, 0xcc}, UserAgent: "Mozilla/5.0 (X11; Linux x86_64) Test/1.0",
	}
}

func sampleFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(samples + "*.json")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d sample events, %v", len(files), err)
	}
	return files
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// normalized returns the event as indented JSON.
func normalized(t testing.TB, body []byte, in normalize.Input) string {
	t.Helper()
	e, err := normalize.Event(body, in)
	if err != nil {
		t.Fatal(err)
	}
	return indented(t, e)
}

func indented(t testing.TB, e *event.Event) string {
	t.Helper()
	b, err := e.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := jsontext.Value(b)
	if err := v.Indent(jsontext.WithIndent(" ")); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	return string(v) + "\n"
}

// TestSamples holds every real event to what became of it: a golden file names its input and holds the output.
func TestSamples(t *testing.T) {
	t.Parallel()
	for _, file := range sampleFiles(t) {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input()
			body := readFile(t, file)
			got := normalized(t, body, in)
			golden := filepath.Join("testdata", name+".txtar")
			const marker = "-- event.json --\n"
			if *update {
				comment := "What becomes of testdata/events/" + filepath.Base(file) + ". Rewritten by go test -update.\n"
				if err := os.WriteFile(golden, []byte(comment+marker+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			_, want, _ := strings.Cut(string(readFile(t, golden)), marker)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("differs from %s (-want +got):\n%s", golden, diff)
			}
		})
	}
}
