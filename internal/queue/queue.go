// Package queue is the seam between the door and the pipeline: a durable log of records in a fixed number of partitions.
//
// A record that Publish took is durable. It is delivered at least once, in the order of its partition, until it is
// acknowledged. What the records hold is none of its business.
package queue

import (
	"context"
	"encoding/binary"

	"github.com/cespare/xxhash/v2"

	"github.com/seismohq/seismo/internal/event"
)

// MaxRecordBytes is the longest record that Publish must take: the largest envelope on the wire and its header.
const MaxRecordBytes = 21 << 20

// Queue is a durable, partitioned log.
//
// Its methods may be called from many goroutines. The codes of their errors: TooLarge for a record over MaxRecordBytes;
// Unavailable, mostly with a RetryAfter, when the queue is full, its disk fails or its server is away; Canceled and
// Timeout when ctx ended first (a record of which that is said may still have become durable).
type Queue interface {
	// Log identifies the log itself: 16 or more characters that stay the same as long as its records do, and are new when
	// the log was made anew. Positions of different logs have nothing to do with each other.
	Log() string

	// Partitions returns how many partitions the log has; it never changes for a log.
	Partitions() int

	// Publish appends one record to a partition (0 to Partitions-1) and returns once it would survive a crash of every
	// process and machine that the engine promises to survive. Calls that wait together share one write.
	Publish(ctx context.Context, partition int, record []byte) error

	// Consume opens a partition for reading after its last acknowledged position. At most one consumer of a partition is
	// open at a time, across all processes; opening another one waits until the first is closed or its process is gone.
	Consume(ctx context.Context, partition int) (Consumer, error)

	// Stats says how full the queue is. It is cheap enough to be asked before each Publish.
	Stats(ctx context.Context) (Stats, error)

	// Ready returns nil when Publish is expected to work.
	Ready(ctx context.Context) error

	// Close ends all consumers, waits for calls in progress and releases the engine.
	Close() error
}

// Consumer reads one partition, in order. It serves one goroutine.
type Consumer interface {
	// Fetch waits for messages and returns them in order: at least one, at most about maxBytes of records (but always a
	// whole message). It does not wait for more once it has one. What was fetched and not acknowledged is fetched again by
	// the next consumer of the partition.
	Fetch(ctx context.Context, maxBytes int) ([]Message, error)

	// Ack says that all messages up to and including position are done with; they are removed. It returns once that is
	// known to the engine; should it be lost all the same, the messages come again.
	Ack(ctx context.Context, position uint64) error

	// Close gives the partition back.
	Close() error
}

// Message is what became durable with one write: one or more records.
type Message struct {
	Partition int
	Position  uint64   // from 1, growing within the partition, with gaps
	Records   [][]byte // in the order of their Publish calls; valid until the next Fetch
}

// Stats says how full a queue is.
type Stats struct {
	Messages uint64 // not yet acknowledged
	Bytes    uint64 // that they take
	MaxBytes uint64 // at which Publish refuses; 0: no limit
}

// Partition returns the partition for what has this key: always the same for the same key and count.
func Partition(key []byte, partitions int) int {
	return int(xxhash.Sum64(key) % uint64(partitions))
}

// Arrival returns the digest of one record's place in the queue. index counts the items within all records of the
// message.
func Arrival(log string, m Message, index int) event.Arrival {
	b := make([]byte, 0, len(log)+20)
	b = append(b, log...)
	b = binary.BigEndian.AppendUint32(b, uint32(m.Partition))
	b = binary.BigEndian.AppendUint64(b, m.Position)
	b = binary.BigEndian.AppendUint64(b, uint64(index))
	return event.Arrival(xxhash.Sum64(b))
}
