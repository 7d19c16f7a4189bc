package jetstream

import (
	"encoding/binary"

	"github.com/seismohq/seismo/fault"
)

// A message is one byte, formatRecords, and then for each record its length as an unsigned varint and its bytes.
const formatRecords = 1

// framing is the most that a record takes in a message beside its own bytes: the format byte and its length.
const framing = 1 + binary.MaxVarintLen32

func appendRecord(b, record []byte) []byte {
	if len(b) == 0 {
		b = append(b, formatRecords)
	}
	b = binary.AppendUvarint(b, uint64(len(record)))
	return append(b, record...)
}

// parseRecords returns the records of a message. They point into it.
func parseRecords(b []byte) ([][]byte, error) {
	if len(b) == 0 || b[0] != formatRecords {
		return nil, fault.New(fault.Internal, "message has an unknown format")
	}
	var records [][]byte
	for b = b[1:]; len(b) > 0; {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)-size) {
			return nil, fault.New(fault.Internal, "message is cut short")
		}
		b = b[size:]
		records = append(records, b[:n:n])
		b = b[n:]
	}
	if len(records) == 0 {
		return nil, fault.New(fault.Internal, "message has no records")
	}
	return records, nil
}
