package eventstore

import (
	"encoding/binary"
	"encoding/hex"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/event"
)

// Position is where an event stands in the order of lists: by timestamp in microseconds, then by id.
type Position struct {
	Micros int64 // since the Unix epoch
	ID     event.ID
}

// PositionOf returns the position of an event.
func PositionOf(at time.Time, id event.ID) Position { return Position{at.UnixMicro(), id} }

// Compare returns -1 when p is older than q, 1 when it is newer, and 0 when they are the same.
func (p Position) Compare(q Position) int {
	switch {
	case p.Micros < q.Micros:
		return -1
	case p.Micros > q.Micros:
		return 1
	}
	for i := range p.ID {
		if p.ID[i] != q.ID[i] {
			if p.ID[i] < q.ID[i] {
				return -1
			}
			return 1
		}
	}
	return 0
}

// Cursor returns the text by which the next page starts after p.
func (p Position) Cursor() string {
	b := binary.BigEndian.AppendUint64(nil, uint64(p.Micros))
	return hex.EncodeToString(append(b, p.ID[:]...))
}

// ParseCursor reads what Cursor wrote; anything else is a Validation error.
func ParseCursor(s string) (Position, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 8+len(event.ID{}) {
		return Position{}, fault.New(fault.Validation, "the cursor is not one that a list returned")
	}
	p := Position{Micros: int64(binary.BigEndian.Uint64(b))}
	copy(p.ID[:], b[8:])
	return p, nil
}
