// Package blob is the seam to large bytes: attachments, source maps, raw items. A blob is written whole, read in parts,
// and never changed.
package blob

import (
	"context"
	"io"
	"iter"
	"time"
)

// MaxKeyBytes is the longest key.
const MaxKeyBytes = 512

// Store keeps blobs by key. A key is one or more segments of letters, digits, '.', '_' and '-' joined by '/'; no segment begins
// with a dot. Errors: Validation for a bad key, NotFound, Unavailable when the engine cannot serve now.
type Store interface {
	// Put writes a blob and returns once it would survive a crash. An existing blob of that key is replaced in one step:
	// readers see the old or the new one. When r fails nothing is written, and r's error is returned wrapped.
	Put(ctx context.Context, key string, r io.Reader) (Info, error)

	// Get opens a blob. The caller closes it.
	Get(ctx context.Context, key string) (io.ReadSeekCloser, Info, error)

	// Delete removes a blob; one that does not exist is no error.
	Delete(ctx context.Context, key string) error

	// List yields the blobs whose key starts with prefix, in the order of their keys.
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]

	// Ready returns nil when Put is expected to work.
	Ready(ctx context.Context) error

	// Close releases the engine.
	Close() error
}

// Info describes a blob.
type Info struct {
	Key      string
	Size     int64 // bytes
	Modified time.Time
}
