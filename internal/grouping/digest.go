package grouping

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/seismohq/seismo/internal/event"
)

// A digest is taken over tagged texts with their lengths in front, so that no two lists of parts give the same bytes. The
// tags are part of every key: changing one is a new version of the algorithm.
const (
	tagStrategy  = 'S'
	tagException = 'E'
	tagType      = 't'
	tagValue     = 'v'
	tagNSError   = 'n'
	tagStack     = 'K'
	tagFrame     = 'F'
	tagModule    = 'm'
	tagFilename  = 'p'
	tagFunction  = 'f'
	tagContext   = 'c'
	tagText      = 'x'
	tagDefault   = 'D'
)

// appendMark adds a tag without a text.
func appendMark(b []byte, tag byte) []byte { return append(b, tag) }

// appendText adds a tag and a text.
func appendText(b []byte, tag byte, s string) []byte {
	b = append(b, tag)
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// keyOf is the first half of the SHA-256 of what a key was computed from.
func keyOf(b []byte) event.Key {
	sum := sha256.Sum256(b)
	return event.Key(sum[:16])
}
