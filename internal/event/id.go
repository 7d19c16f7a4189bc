package event

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
)

// ID identifies an event within its project: the 128 bits of the UUID its SDK chose. Ids are unique per project only.
type ID [16]byte

// NewID returns a random version 4 UUID.
func NewID() ID {
	var id ID
	_, _ = rand.Read(id[:]) // never fails: crypto/rand.Read ends the program instead
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// ParseID reads 32 hex digits or a dashed UUID, in any case.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' {
		s = s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	}
	if len(s) != 32 {
		return ID{}, fmt.Errorf("event id %.40q is not 32 hex digits", s)
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return ID{}, fmt.Errorf("event id %.40q is not 32 hex digits", s)
	}
	return id, nil
}

// String returns 32 lower-case hex digits, the form SDKs and our API use.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Dashed returns the UUID form, which minidump clients expect.
func (id ID) Dashed() string {
	s := id.String()
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// IsZero reports whether the id is absent.
func (id ID) IsZero() bool { return id == ID{} }

// MarshalText implements encoding.TextMarshaler.
func (id ID) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, id[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *ID) UnmarshalText(b []byte) error {
	got, err := ParseID(string(b))
	if err != nil {
		return err
	}
	*id = got
	return nil
}

// Key is a grouping key: the digest that says "this is the same problem". Package grouping computes it.
type Key [16]byte

// String returns 32 lower-case hex digits.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// IsZero reports whether the key is absent.
func (k Key) IsZero() bool { return k == Key{} }

// MarshalText implements encoding.TextMarshaler.
func (k Key) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, k[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *Key) UnmarshalText(b []byte) error {
	if len(b) != 32 {
		return fmt.Errorf("grouping key %.40q is not 32 hex digits", b)
	}
	_, err := hex.Decode(k[:], b)
	return err
}

// Arrival marks one arrival of an item at the server: a digest of the queue, partition, position and place in the message
// that carried it. It is the same each time the queue delivers that arrival again, and different when an SDK sends the
// same event again. So a stored event tells a redelivery (same arrival) from a repeat (another arrival).
type Arrival uint64
