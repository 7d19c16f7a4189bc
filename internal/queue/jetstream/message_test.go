package jetstream

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRecords(t *testing.T) {
	t.Parallel()
	for name, records := range map[string][]string{
		"one":           {"record"},
		"several":       {"a", "bc", "def"},
		"an empty one":  {""},
		"empty between": {"a", "", "", "b"},
		"longer than one byte of length": {
			string(bytes.Repeat([]byte("x"), 127)), string(bytes.Repeat([]byte("y"), 128)),
			string(bytes.Repeat([]byte("z"), 70_000)),
		},
	} {
		var b []byte
		for _, r := range records {
			before := len(b)
			b = appendRecord(b, []byte(r))
			if grown := len(b) - before; grown > len(r)+framing {
				t.Errorf("%s: a record of %d bytes takes %d, more than framing says", name, len(r), grown)
			}
		}
		parsed, err := parseRecords(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got []string
		for _, r := range parsed {
			got = append(got, string(r))
		}
		if diff := cmp.Diff(records, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestRecordsRefused(t *testing.T) {
	t.Parallel()
	for name, message := range map[string]string{
		"nothing":               "",
		"unknown format":        "\x02\x01a",
		"no records":            "\x01",
		"cut short":             "\x01\x02a",
		"cut within the length": "\x01\x80",
		"length beyond 64 bits": "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
		"huge length":           "\x01\xff\xff\xff\xff\xff\xff\xff\xff\x7fa",
	} {
		if got, err := parseRecords([]byte(message)); err == nil {
			t.Errorf("%s: %q, want an error", name, got)
		}
	}
}

func FuzzRecords(f *testing.F) {
	f.Add([]byte("\x01\x01a"))
	f.Add([]byte("\x01\x00\x03abc"))
	f.Add([]byte("\x01\x80\x01"))
	f.Add([]byte("\x02"))
	f.Fuzz(func(t *testing.T, message []byte) {
		records, err := parseRecords(message)
		if err != nil {
			return
		}
		var b []byte
		size := 0
		for _, r := range records {
			b = appendRecord(b, r)
			size += len(r)
		}
		if size > len(message) {
			t.Fatalf("records of %d bytes from a message of %d", size, len(message))
		}
		again, err := parseRecords(b)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if diff := cmp.Diff(records, again); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}
