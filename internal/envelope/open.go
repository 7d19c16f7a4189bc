package envelope

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"github.com/seismohq/seismo/fault"
)

// maxWindow bounds what a zstd stream may make us remember. RFC 8878 recommends that decoders support 8 MiB and asks
// encoders not to need more. A brotli window is at most 16 MiB by its format (the "large window" extension is refused).
const maxWindow = 8 << 20

// Open undoes a Content-Encoding: gzip, x-gzip, deflate (with or without zlib wrapper), br, zstd, identity or none, in any
// case. limit is in bytes of the result. The result of identity is body itself.
//
// Errors: Unsupported for any other encoding, several ones among them; TooLarge when the result passes the limit (what
// has been decoded until then is dropped) or needs too large a window; Validation when body is not what it claims to be.
func Open(encoding string, body []byte, limit int64) ([]byte, error) {
	if identity(encoding) {
		if int64(len(body)) > limit {
			return nil, errOverLimit()
		}
		return body, nil
	}
	return AppendOpen(nil, encoding, body, limit)
}

// AppendOpen is Open into memory of the caller: the result is appended to dst. On an error dst is returned as it was,
// perhaps with more capacity
func AppendOpen(dst []byte, encoding string, body []byte, limit int64) ([]byte, error) {
	start := len(dst)
	b, err := appendOpen(dst, NormalizeEncoding(encoding), body, limit)
	if err != nil {
		return b[:start], err
	}
	return b, nil
}

// NormalizeEncoding returns the form in which Delivery keeps a Content-Encoding: lower case, without blanks, "" for
// identity. Known tells whether Open can undo it.
func NormalizeEncoding(encoding string) string {
	switch encoding { // the common ones cost nothing
	case "", "gzip", "br", "deflate", "zstd":
		return encoding
	}
	encoding = strings.ToLower(strings.TrimSpace(encoding))
	if encoding == "identity" {
		return ""
	}
	return encoding
}

// KnownEncoding reports whether Open can undo a normalised encoding.
func KnownEncoding(encoding string) bool {
	switch encoding {
	case "", "gzip", "x-gzip", "deflate", "br", "zstd":
		return true
	}
	return false
}

func identity(encoding string) bool { return NormalizeEncoding(encoding) == "" }

func appendOpen(dst []byte, encoding string, body []byte, limit int64) ([]byte, error) {
	switch encoding {
	case "":
		if int64(len(body)) > limit {
			return dst, errOverLimit()
		}
		return append(dst, body...), nil
	case "gzip", "x-gzip":
		return gunzip(dst, body, limit)
	case "deflate":
		return inflate(dst, body, limit)
	case "br":
		return unbrotli(dst, body, limit)
	case "zstd":
		return unzstd(dst, body, limit)
	}
	return dst, invalid(fault.Unsupported, ProblemEncoding, "content encoding is not supported")
}

func errOverLimit() error {
	return invalid(fault.TooLarge, ProblemTooLarge, "body is too large")
}

// Decoders are pooled: a gzip reader alone is 40 KB of memory to set up.
var (
	gzipReaders   = sync.Pool{New: func() any { return new(gzip.Reader) }}
	zlibReaders   sync.Pool // without New: a reader cannot be made before it has something to read
	flateReaders  = sync.Pool{New: func() any { return flate.NewReader(nil) }}
	brotliReaders = sync.Pool{New: func() any { return brotli.NewReader(nil) }}
	zstdReaders   = sync.Pool{New: func() any {
		r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			panic(err) // the options are constant
		}
		return r
	}}
	sources = sync.Pool{New: func() any { return new(bytes.Reader) }}
)

func source(body []byte) *bytes.Reader {
	r := sources.Get().(*bytes.Reader)
	r.Reset(body)
	return r
}

func release(r *bytes.Reader) {
	r.Reset(nil)
	sources.Put(r)
}

func gunzip(dst, body []byte, limit int64) ([]byte, error) {
	src := source(body)
	defer release(src)
	r := gzipReaders.Get().(*gzip.Reader)
	defer gzipReaders.Put(r)
	if err := r.Reset(src); err != nil {
		return dst, errNotEncoded(err, "gzip")
	}
	return drain(dst, r, len(body), limit, "gzip")
}

// inflate reads deflate as RFC 9110 means it, with a zlib wrapper, and as some clients send it, without. Two bytes of raw
// deflate can look like a wrapper, so what fails as the one is tried as the other.
func inflate(dst, body []byte, limit int64) ([]byte, error) {
	if IsZlib(body) {
		b, err := unzlib(dst, body, limit)
		if err == nil || fault.CodeOf(err) == fault.TooLarge {
			return b, err
		}
		if b, rawErr := rawInflate(dst, body, limit); rawErr == nil {
			return b, nil
		}
		return dst, err
	}
	return rawInflate(dst, body, limit)
}

// IsZlib reports whether b begins like zlib (RFC 1950): deflate with a window of up to 32 KiB.
func IsZlib(b []byte) bool {
	return len(b) >= 2 && b[0]&0x0f == 8 && b[0]>>4 <= 7 && (uint(b[0])<<8|uint(b[1]))%31 == 0
}

func unzlib(dst, body []byte, limit int64) ([]byte, error) {
	src := source(body)
	defer release(src)
	r, pooled := zlibReaders.Get().(io.ReadCloser)
	var err error
	if pooled {
		err = r.(zlib.Resetter).Reset(src, nil)
	} else {
		r, err = zlib.NewReader(src)
	}
	if err != nil {
		return dst, errNotEncoded(err, "deflate")
	}
	defer zlibReaders.Put(r)
	return drain(dst, r, len(body), limit, "deflate")
}

func rawInflate(dst, body []byte, limit int64) ([]byte, error) {
	src := source(body)
	defer release(src)
	r := flateReaders.Get().(io.ReadCloser)
	defer flateReaders.Put(r)
	if err := r.(flate.Resetter).Reset(src, nil); err != nil {
		return dst, errNotEncoded(err, "deflate")
	}
	return drain(dst, r, len(body), limit, "deflate")
}

func unbrotli(dst, body []byte, limit int64) ([]byte, error) {
	src := source(body)
	defer release(src)
	r := brotliReaders.Get().(*brotli.Reader)
	if err := r.Reset(src); err != nil {
		return dst, errNotEncoded(err, "br")
	}
	b, err := drain(dst, r, len(body), limit, "br")
	// A reader keeps its ring buffer, up to 16 MiB: not one that a large body made grow.
	if err == nil && len(b)-len(dst) <= 1<<20 {
		brotliReaders.Put(r)
	}
	return b, err
}

func unzstd(dst, body []byte, limit int64) ([]byte, error) {
	src := source(body)
	defer release(src)
	r := zstdReaders.Get().(*zstd.Decoder)
	if err := r.Reset(src); err != nil {
		return dst, errNotEncoded(err, "zstd")
	}
	b, err := drain(dst, r, len(body), limit, "zstd")
	if err == nil && len(b)-len(dst) <= 1<<20 {
		zstdReaders.Put(r) // for the same reason
	}
	return b, err
}

// drain appends what r yields to dst, and stops one byte after limit.
func drain(dst []byte, r io.Reader, compressed int, limit int64, encoding string) ([]byte, error) {
	start := len(dst)
	// JSON shrinks to a fourth or less; the guess saves most of the growing.
	dst = grow(dst, int(min(int64(compressed)*4+512, limit+1, 1<<20)))
	for {
		if len(dst) == cap(dst) {
			dst = grow(dst, int(min(int64(len(dst)-start)+512, limit+1)))
		}
		room := min(int64(cap(dst)-len(dst)), limit+1-int64(len(dst)-start))
		n, err := r.Read(dst[len(dst) : len(dst)+int(room)])
		dst = dst[:len(dst)+n]
		switch {
		case int64(len(dst)-start) > limit:
			return dst, errOverLimit()
		case err == io.EOF:
			return dst, nil
		case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
			return dst, errOverLimit()
		case err != nil:
			return dst, errNotEncoded(err, encoding)
		}
	}
}

// grow makes room for n more bytes.
func grow(b []byte, n int) []byte {
	if cap(b)-len(b) >= n {
		return b
	}
	return append(make([]byte, 0, len(b)+n), b...)
}

func errNotEncoded(err error, encoding string) error {
	return fault.With(fault.New(fault.Validation, "body is not in the encoding that it claims",
		slog.String("reason", ProblemEncoding), slog.String("encoding", encoding), slog.Any("cause", err)), fault.NoStack)
}
