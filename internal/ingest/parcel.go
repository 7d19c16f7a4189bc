package ingest

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/envelope"
)

const (
	// smallBody is how long a body may be to be read without counting against Options.MemoryBytes.
	smallBody = 64 << 10

	// plainBody is how long an opened body may be to be opened at once. There are only few places for longer ones, because
	// each may take as much memory as the largest envelope.
	plainBody = 1 << 20

	// heavyWait is how long a request waits for such a place.
	heavyWait = 10 * time.Second

	// keepBytes is the capacity up to which buffers are used again.
	keepBytes = 1 << 20
)

// Parcel is one request on its way through the door: its delivery and the memory it takes, which is used again for later
// requests. It serves one goroutine.
type Parcel struct {
	envelope.Delivery

	// Envelope is what Open found. The items have no payloads: those are of no interest to admission.
	Envelope envelope.Envelope

	door     *Door
	body     []byte // what Delivery.Body is a part of
	plain    []byte // scratch: the opened body
	record   []byte // scratch: what is published
	demand   []Demand
	reserved int64
}

// NewParcel returns an empty parcel, received now. Release it in the end.
func (d *Door) NewParcel(f envelope.Form) *Parcel {
	p := d.parcels.Get().(*Parcel)
	p.Delivery = envelope.Delivery{Form: f, Received: d.opts.Now()}
	return p
}

// Release gives the memory back. The parcel and all it holds must not be used any more.
func (p *Parcel) Release() {
	d := p.door
	d.memory.Add(-p.reserved)
	items := p.Envelope.Items
	clear(items)
	*p = Parcel{door: d, body: reusable(p.body), plain: reusable(p.plain), record: reusable(p.record), demand: p.demand[:0]}
	if cap(items) <= 100 {
		p.Envelope.Items = items[:0]
	}
	d.parcels.Put(p)
}

func reusable(b []byte) []byte {
	if cap(b) > keepBytes {
		return nil
	}
	return b[:0]
}

// MaxBytes is how long the body of this form may be on the wire.
func (p *Parcel) MaxBytes() int64 {
	switch p.Form {
	case envelope.FormMinidump, envelope.FormUnreal, envelope.FormAttachments:
		return p.door.opts.MaxUploadBytes
	}
	return p.door.opts.MaxBodyBytes
}

// ReadBody reads the body from r. contentLength is what the request claims, -1 when it does not.
//
// Errors: TooLarge over MaxBytes; Unavailable when there is no memory left for it; Canceled when r fails, because then
// the client has gone or is too slow.
func (p *Parcel) ReadBody(r io.Reader, contentLength int64) error {
	limit := p.MaxBytes()
	if contentLength > limit {
		return refusal(fault.TooLarge, envelope.ProblemTooLarge, "body is too large")
	}
	b := p.body[:0]
	defer func() { p.body = b }()
	// What a client claims is only believed up to a small body; beyond, memory is taken as bytes really arrive.
	if want := min(contentLength+1, smallBody); int64(cap(b)) < want {
		b = make([]byte, 0, want)
	}
	for {
		if len(b) == cap(b) {
			var err error
			if b, err = p.grow(b, contentLength, limit); err != nil {
				return err
			}
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if int64(len(b)) > limit {
			return refusal(fault.TooLarge, envelope.ProblemTooLarge, "body is too large")
		}
		if errors.Is(err, io.EOF) {
			p.Body = b
			return nil
		}
		if err != nil {
			return fault.With(fault.Wrap(err, "read body"), fault.WithCode(fault.Canceled))
		}
	}
}

// grow doubles b, but not beyond what the client claims to send or may send, and reserves the memory. Each bound has one
// byte more, which tells a body that ends there from a longer one.
func (p *Parcel) grow(b []byte, contentLength, limit int64) ([]byte, error) {
	size := min(max(2*int64(cap(b)), 4<<10), limit+1)
	if contentLength >= int64(cap(b)) {
		size = min(size, contentLength+1)
	}
	if size > smallBody {
		// For a moment both the old and the new buffer exist; the old one is garbage then and not counted.
		more := size - p.reserved
		if p.door.memory.Add(more) > p.door.opts.MemoryBytes {
			p.door.memory.Add(-more)
			return b, unavailable("memory_full", "too many large requests at once", 2*time.Second)
		}
		p.reserved += more
	}
	return append(make([]byte, 0, size), b...), nil
}

// Open finds the items: it undoes the encoding and reads the framing. Items is set with or without an error; on an error
// Envelope holds what was received and is lost.
//
// Errors: those of envelope.Decode; TooLarge or Validation also when no item is good; Unavailable when too many large
// bodies are being opened.
func (p *Parcel) Open(ctx context.Context) error {
	p.Encoding = envelope.NormalizeEncoding(p.Encoding)
	if !envelope.KnownEncoding(p.Encoding) {
		return refusal(fault.Unsupported, envelope.ProblemEncoding, "content encoding is not supported")
	}
	err := p.open(ctx)
	p.Items = len(p.Envelope.Items)
	for i := range p.Envelope.Items {
		p.Envelope.Items[i].Payload = nil
	}
	if err != nil {
		return err
	}
	return allBad(p.Envelope.Items)
}

func (p *Parcel) open(ctx context.Context) error {
	limits := p.door.opts.Limits
	small := len(p.Body) <= plainBody
	switch {
	case p.Form == envelope.FormEnvelope && p.Encoding == "":
		return p.Envelope.Frame(p.Body, limits)
	case p.Form == envelope.FormEnvelope && small:
		var err error
		p.plain, err = envelope.AppendOpen(p.plain[:0], p.Encoding, p.Body, min(plainBody, limits.Envelope()))
		if err == nil {
			return p.Envelope.Frame(p.plain, limits)
		}
		if fault.CodeOf(err) != fault.TooLarge {
			return err
		}
	case small && p.Encoding == "" && p.Form != envelope.FormStore:
		return p.decode(limits)
	}
	select {
	case p.door.heavy <- struct{}{}:
	default:
		ctx, cancel := context.WithTimeout(ctx, heavyWait)
		defer cancel()
		select {
		case p.door.heavy <- struct{}{}:
		case <-ctx.Done():
			return unavailable("memory_full", "too many large requests at once", 2*time.Second)
		}
	}
	defer func() { <-p.door.heavy }()
	if p.Form != envelope.FormEnvelope {
		return p.decode(limits)
	}
	plain, err := envelope.Open(p.Encoding, p.Body, limits.Envelope())
	if err != nil {
		return err
	}
	err = p.Envelope.Frame(plain, limits)
	// The large buffer is garbage from here on: let go of every part of it before the place is given to another.
	p.Envelope.Raw = nil
	for i := range p.Envelope.Items {
		p.Envelope.Items[i].Payload, p.Envelope.Items[i].Headers = nil, nil
	}
	return err
}

func (p *Parcel) decode(limits envelope.Limits) error {
	var err error
	p.Envelope, err = envelope.Decode(&p.Delivery, limits)
	return err
}

// allBad returns an error when there are items, but not one that can be used.
func allBad(items []envelope.Item) error {
	if len(items) == 0 {
		return nil
	}
	large := false
	for i := range items {
		switch items[i].Problem {
		case "":
			return nil
		case envelope.ProblemTooLarge:
			large = true
		}
	}
	if large {
		return refusal(fault.TooLarge, envelope.ProblemTooLarge, "item is too large")
	}
	return refusal(fault.Validation, items[0].Problem, "no item can be used")
}
