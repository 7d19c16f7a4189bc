package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/outcome"
)

// RawPrefix is where items are kept as they came, by hour: "raw/2026-11-21T07/…" for types that nothing understands yet,
// "aside/2026-11-21T07/…" for poisonous ones.
const (
	RawPrefix   = "raw/"
	AsidePrefix = "aside/"
	hourLayout  = "2006-01-02T15"
)

// rawItem is one line of a file of kept items.
type rawItem struct {
	Project  int64           `json:"project"`
	Received time.Time       `json:"received"`
	Type     string          `json:"type"`
	Header   json.RawMessage `json:"header,omitempty"`
	Reason   string          `json:"reason,omitempty"`
	Detail   string          `json:"detail,omitempty"`
	Payload  []byte          `json:"payload"` // base64
}

// keepRaw writes the items to be kept as they came: one file per batch and prefix, named by the batch, so that a
// redelivery writes the same file again.
func (p *Pipeline) keepRaw(ctx context.Context, b *batch) error {
	for _, prefix := range []string{RawPrefix, AsidePrefix} {
		var lines bytes.Buffer
		hour := ""
		for _, it := range b.items {
			if !it.keep || (it.outcome == outcome.Invalid) != (prefix == AsidePrefix) {
				continue
			}
			if hour == "" {
				hour = it.delivery.Received.UTC().Format(hourLayout)
			}
			line, err := json.Marshal(rawItem{
				Project: int64(it.delivery.Project), Received: it.delivery.Received, Type: it.Type,
				Header: it.Headers, Reason: it.reason, Detail: it.detail, Payload: it.Payload,
			})
			if err != nil { // a header that is no JSON: keep the rest
				line, _ = json.Marshal(rawItem{Project: int64(it.delivery.Project), Type: it.Type, Reason: it.reason, Payload: it.Payload})
			}
			lines.Write(append(line, '\n'))
		}
		if hour == "" {
			continue
		}
		last := b.messages[len(b.messages)-1]
		key := fmt.Sprintf("%s%s/%s-%d-%d.jsonl.zst", prefix, hour, p.queue.Log()[:8], last.Partition, last.Position)
		if err := p.try(ctx, "keep raw items", func() error {
			_, err := p.blobs.Put(ctx, key, bytes.NewReader(rawEncoder.EncodeAll(lines.Bytes(), nil)))
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

var rawEncoder = func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(fault.Wrap(err, "build the encoder of raw items")) // only for options that do not exist
	}
	return e
}()
