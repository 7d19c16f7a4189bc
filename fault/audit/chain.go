package audit

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"slices"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/internal/jsonenc"
)

// Chain is where a chain of records stands: the number and hash of its last record.
type Chain struct {
	Seq  uint64
	Hash string // 64 hex digits; empty before the first record
}

// maxLine bounds one record read by Verify.
const maxLine = 1 << 20

// chained are the members of a record that its hash covers. Others, such as the handler's time and level or fields of the
// context, are not.
var chained = []string{
	"timestamp", "user_id", "action", "outcome", "resource_type", "resource_id", "resource_count", "ip_address", "reason",
	"attrs", "seq", "prev",
}

// Verify reads JSON lines written by a chained [Logger] and checks that none was changed, removed or put in between since
// the chain stood at from; the zero Chain means from its first record. It returns where the chain ends, from which a logger
// can continue it, or on the next file Verify. Records cut off at the end are noticed only by who remembers the returned
// Chain.
//
// Errors: [fault.Conflict] with the attributes "line" and "seq" when the chain is broken; [fault.BadRequest] when a line is
// no such record; that of r otherwise. The Chain returned with an error is that of the last good record.
func Verify(r io.Reader, from Chain, key []byte) (Chain, error) {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, 64<<10), maxLine)
	at := from
	for line := 1; sc.Scan(); line++ {
		if len(bytes.TrimSpace(sc.Bytes())) == 0 {
			continue
		}
		rec, err := parse(sc.Bytes())
		if err != nil {
			return at, fault.New(fault.BadRequest, "not a chained audit record", slog.Int("line", line))
		}
		broken := func(msg string) error {
			return fault.New(fault.Conflict, msg, slog.Int("line", line), slog.Uint64("seq", rec.seq))
		}
		switch {
		case rec.seq != at.Seq+1 || rec.prev != at.Hash:
			return at, broken("audit record missing or out of order")
		case !hmac.Equal([]byte(sum(rec.canonical, at.Hash, key)), []byte(rec.hash)):
			return at, broken("audit record changed")
		}
		at = Chain{Seq: rec.seq, Hash: rec.hash}
	}
	return at, fault.Wrap(sc.Err(), "read audit records")
}

type record struct {
	canonical []byte
	prev      string
	hash      string
	seq       uint64
}

func parse(line []byte) (record, error) {
	var known struct {
		Seq  uint64 `json:"seq"`
		Prev string `json:"prev"`
		Hash string `json:"hash"`
	}
	if err := json.Unmarshal(line, &known); err != nil {
		return record{}, err
	}
	if known.Hash == "" {
		return record{}, fault.BadRequest
	}
	c, err := canonical(line)
	return record{canonical: c, prev: known.Prev, hash: known.Hash, seq: known.Seq}, err
}

func canonicalAttrs(attrs []slog.Attr) []byte {
	c, err := canonical(jsonenc.AppendAttrs(nil, attrs))
	if err != nil {
		panic("audit: " + err.Error()) // we wrote that JSON a line above
	}
	return c
}

// canonical returns the covered members of a JSON object with sorted keys and no blanks, numbers as they stand.
func canonical(object []byte) ([]byte, error) {
	dec := json.NewDecoder(bytes.NewReader(object))
	dec.UseNumber()
	var m map[string]any
	if err := dec.Decode(&m); err != nil {
		return nil, err
	}
	for k := range m {
		if !slices.Contains(chained, k) {
			delete(m, k)
		}
	}
	return json.Marshal(m)
}

func sum(canonical []byte, prev string, key []byte) string {
	h := sha256.New()
	if len(key) > 0 {
		h = hmac.New(sha256.New, key)
	}
	h.Write([]byte(prev + "\n"))
	h.Write(canonical)
	return hex.EncodeToString(h.Sum(nil))
}
