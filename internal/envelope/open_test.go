package envelope

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/seismohq/seismo/fault"
)

// pack compresses with the encoding of that name.
func pack(t testing.TB, encoding string, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	var err error
	switch encoding {
	case "gzip", "x-gzip":
		w = gzip.NewWriter(&out)
	case "deflate":
		w = zlib.NewWriter(&out)
	case "raw deflate":
		w, err = flate.NewWriter(&out, 6)
	case "br":
		w = brotli.NewWriterLevel(&out, 5)
	case "zstd":
		w, err = zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1))
	default:
		return b
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Write(b)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestOpen(t *testing.T) {
	t.Parallel()
	text := typicalEnvelope()
	for name, tt := range map[string]struct{ encoding, packed string }{
		"none": {"", ""}, "identity": {"identity", ""}, "Identity with blanks": {" Identity ", ""},
		"gzip": {"gzip", "gzip"}, "x-gzip": {"x-gzip", "gzip"}, "GZIP": {"GZIP", "gzip"},
		"deflate with zlib wrapper": {"deflate", "deflate"}, "raw deflate": {"deflate", "raw deflate"},
		"br": {"br", "br"}, "zstd": {"zstd", "zstd"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			packed := pack(t, tt.packed, text)
			for range 3 { // the second time with a decoder from the pool
				got, err := Open(tt.encoding, packed, int64(len(text)))
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, text) {
					t.Fatalf("got %d bytes that differ", len(got))
				}
				if _, err := Open(tt.encoding, packed, int64(len(text)-1)); fault.CodeOf(err) != fault.TooLarge {
					t.Fatalf("one byte over the limit: %v, want TooLarge", err)
				}
				dst, err := AppendOpen([]byte("kept"), tt.encoding, packed, int64(len(text)))
				if err != nil || !bytes.Equal(dst, append([]byte("kept"), text...)) {
					t.Fatalf("appended: %d bytes, %v", len(dst), err)
				}
			}
		})
	}
}

func TestOpenEmpty(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"", "gzip", "deflate", "br", "zstd"} {
		if got, err := Open(encoding, pack(t, encoding, nil), 10); err != nil || len(got) != 0 {
			t.Errorf("%q: %d bytes, %v", encoding, len(got), err)
		}
	}
}

func TestOpenRejects(t *testing.T) {
	t.Parallel()
	text := []byte(strings.Repeat("no such order ", 1000))
	for name, tt := range map[string]struct {
		encoding string
		body     []byte
		want     fault.Code
	}{
		"unknown encoding":     {"compress", text, fault.Unsupported},
		"two encodings":        {"gzip, br", text, fault.Unsupported},
		"gzip that is none":    {"gzip", text, fault.Validation},
		"gzip of nothing":      {"gzip", nil, fault.Validation},
		"gzip cut off":         {"gzip", pack(t, "gzip", text)[:60], fault.Validation},
		"gzip, wrong checksum": {"gzip", append(pack(t, "gzip", text)[:len(pack(t, "gzip", text))-8], 1, 2, 3, 4, 5, 6, 7, 8), fault.Validation},
		"deflate that is none": {"deflate", []byte{0xff, 0xff, 0xff}, fault.Validation},
		"deflate cut off":      {"deflate", pack(t, "deflate", text)[:60], fault.Validation},
		"br that is none":      {"br", []byte("\xff\xff\xff\xff\xff"), fault.Validation},
		"br cut off":           {"br", pack(t, "br", text)[:20], fault.Validation},
		"zstd that is none":    {"zstd", text, fault.Validation},
		"zstd cut off":         {"zstd", pack(t, "zstd", text)[:20], fault.Validation},
		"too large as it is":   {"", append(text, 0), fault.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 2 {
				if _, err := Open(tt.encoding, tt.body, int64(len(text))); fault.CodeOf(err) != tt.want {
					t.Fatalf("error %v, want code %s", err, tt.want)
				}
			}
		})
	}
}

// TestOpenBomb holds each decoder to stopping at the limit: a body of some KB that would become 1 GiB.
func TestOpenBomb(t *testing.T) {
	t.Parallel()
	zeros := make([]byte, 1<<20)
	for _, encoding := range []string{"gzip", "deflate", "raw deflate", "br", "zstd"} {
		t.Run(encoding, func(t *testing.T) {
			t.Parallel()
			// 64 MiB are enough to tell stopping from not stopping, and quick to pack.
			bomb := pack(t, encoding, bytes.Repeat(zeros, 64))
			dst, err := AppendOpen(nil, strings.TrimPrefix(encoding, "raw "), bomb, 1<<20)
			if fault.CodeOf(err) != fault.TooLarge {
				t.Fatalf("error %v, want TooLarge", err)
			}
			if cap(dst) > 4<<20 {
				t.Errorf("%d bytes were allocated for a limit of 1 MiB", cap(dst))
			}
		})
	}
	t.Run("zstd window", func(t *testing.T) {
		t.Parallel()
		var out bytes.Buffer
		w, err := zstd.NewWriter(&out, zstd.WithWindowSize(64<<20), zstd.WithEncoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Write(bytes.Repeat(zeros, 2))
		// Flushed before its end, so that the frame cannot state a size and shrink its window to it.
		if err := errors.Join(err, w.Flush(), w.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := Open("zstd", out.Bytes(), 100<<20); fault.CodeOf(err) != fault.TooLarge {
			t.Fatalf("error %v, want TooLarge", err)
		}
	})
	t.Run("br large window", func(t *testing.T) {
		t.Parallel()
		// 0x11 announces the "large window" extension, which allows 1 GiB.
		if _, err := Open("br", []byte{0x11, 0x1e, 0, 0, 0, 0, 0}, 1<<20); fault.CodeOf(err) != fault.Validation {
			t.Fatalf("error %v, want Validation", err)
		}
	})
}

func FuzzOpen(f *testing.F) {
	text := typicalEnvelope()[:500]
	for _, encoding := range []string{"", "gzip", "deflate", "br", "zstd"} {
		f.Add(encoding, pack(f, encoding, text))
	}
	f.Add("deflate", pack(f, "raw deflate", text))
	const limit = 1 << 16
	f.Fuzz(func(t *testing.T, encoding string, body []byte) {
		got, err := Open(encoding, body, limit)
		if err != nil {
			switch c := fault.CodeOf(err); c {
			case fault.Validation, fault.TooLarge, fault.Unsupported:
			default:
				t.Fatalf("error of code %s: %v", c, err)
			}
			return
		}
		if len(got) > limit {
			t.Fatalf("%d bytes, over the limit", len(got))
		}
		if again, err := Open(encoding, body, limit); err != nil || !bytes.Equal(got, again) {
			t.Fatalf("a decoder from the pool yields something else: %v", err)
		}
		if s, err := DecodeStore(body, limit); err == nil && len(s) > limit && len(s) > len(body) {
			t.Fatalf("store body of %d bytes, over the limit", len(s))
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	text := typicalEnvelope()
	for _, encoding := range []string{"gzip", "deflate", "br", "zstd"} {
		b.Run(encoding, func(b *testing.B) {
			packed := pack(b, encoding, text)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			var dst []byte
			var err error
			for b.Loop() {
				if dst, err = AppendOpen(dst[:0], encoding, packed, 1<<20); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
