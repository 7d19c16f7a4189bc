package sqlite

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/eventstore"
)

// blockEvents is how many payloads are compressed together: more compress better, fewer are read faster.
const blockEvents = 128

// A block is: length and CRC-32C of the rest, 4 bytes each; then, compressed, each payload behind its length as uvarint.
const blockHeader = 8

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// packer compresses payloads.
type packer struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder

	mu   sync.Mutex // guards the block read last
	last struct {
		segment *segment
		offset  int64
		plain   []byte
	}
}

func newPacker() *packer {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithWindowSize(1<<20))
	if err != nil {
		panic(err) // only for options that do not exist
	}
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(1<<30))
	if err != nil {
		panic(err)
	}
	return &packer{encoder: e, decoder: d}
}

// place is where a payload lies.
type place struct{ block, index int64 }

// blocks returns the bytes to append to a pack that ends at end, and where each payload will lie. Blocks are compressed
// side by side.
func (p *packer) blocks(payloads [][]byte, end int64) ([]byte, []place) {
	n := (len(payloads) + blockEvents - 1) / blockEvents
	packed := make([][]byte, n)
	var wg sync.WaitGroup
	for i := range n {
		part := payloads[i*blockEvents : min((i+1)*blockEvents, len(payloads))]
		wg.Go(func() {
			var plain []byte
			for _, b := range part {
				plain = binary.AppendUvarint(plain, uint64(len(b)))
				plain = append(plain, b...)
			}
			block := p.encoder.EncodeAll(plain, make([]byte, blockHeader, blockHeader+len(plain)/6))
			binary.LittleEndian.PutUint32(block, uint32(len(block)-blockHeader))
			binary.LittleEndian.PutUint32(block[4:], crc32.Checksum(block[blockHeader:], castagnoli))
			packed[i] = block
		})
	}
	wg.Wait()
	var out []byte
	places := make([]place, len(payloads))
	for i, block := range packed {
		for j := range places[i*blockEvents : min((i+1)*blockEvents, len(payloads))] {
			places[i*blockEvents+j] = place{end + int64(len(out)), int64(j)}
		}
		out = append(out, block...)
	}
	return out, places
}

// payload reads one payload. The block read last is kept: who looks at an event looks at its neighbours next.
func (p *packer) payload(g *segment, at place) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last.segment != g || p.last.offset != at.block || p.last.plain == nil {
		plain, err := p.readBlock(g, at.block)
		if err != nil {
			return nil, err
		}
		p.last.segment, p.last.offset, p.last.plain = g, at.block, plain
	}
	rest := p.last.plain
	for i := int64(0); ; i++ {
		n, size := binary.Uvarint(rest)
		if size <= 0 || n > uint64(len(rest)-size) {
			return nil, fault.New(fault.Internal, "a block of payloads is shorter than its rows say")
		}
		if i == at.index {
			return append([]byte(nil), rest[size:size+int(n)]...), nil
		}
		rest = rest[size+int(n):]
	}
}

// forget drops the block read last, because its segment is rewritten or removed.
func (p *packer) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last.segment, p.last.plain = nil, nil
}

func (p *packer) readBlock(g *segment, offset int64) ([]byte, error) {
	var header [blockHeader]byte
	if _, err := g.pack.ReadAt(header[:], offset); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(header[:])
	if int64(n) > g.stats().packEnd {
		return nil, fault.New(fault.Internal, "the header of a block of payloads is damaged")
	}
	block := make([]byte, n)
	if _, err := g.pack.ReadAt(block, offset+blockHeader); err != nil && err != io.EOF { //nolint:errorlint // ReadAt returns it bare
		return nil, err
	}
	if crc32.Checksum(block, castagnoli) != binary.LittleEndian.Uint32(header[4:]) {
		return nil, fault.New(fault.Internal, "a block of payloads is damaged")
	}
	return p.decoder.DecodeAll(block, nil)
}

func payloadsOf(entries []eventstore.Entry) [][]byte {
	out := make([][]byte, len(entries))
	for i := range entries {
		out[i] = entries[i].Payload
	}
	return out
}
