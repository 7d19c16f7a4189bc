package envelope

import (
	"encoding/binary"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/outcome"
	"github.com/seismohq/seismo/internal/project"
)

// Form says by which route a delivery came, and so what its body is. The numbers are stored: they never change meaning.
type Form uint8

// The forms. Decode turns every one but Outcomes into an Envelope.
const (
	FormEnvelope    Form = 1 // an envelope; also from a tunnel
	FormStore       Form = 2 // one event as JSON, see DecodeStore
	FormMinidump    Form = 3 // multipart/form-data, or the dump itself
	FormUnreal      Form = 4 // an Unreal Engine crash container
	FormSecurity    Form = 5 // a browser's security report
	FormNEL         Form = 6 // a browser's network error reports: a JSON array
	FormAttachments Form = 7 // multipart/form-data with files of the event EventID
	FormCheckIn     Form = 8 // Params hold slug and query; the body is empty or JSON

	// FormOutcomes is not from outside: the door's own aggregated refusals, as JSON (see package ingest). It has no items.
	FormOutcomes Form = 100
)

// String returns the name used in metrics and logs.
func (f Form) String() string {
	switch f {
	case FormEnvelope:
		return "envelope"
	case FormStore:
		return "store"
	case FormMinidump:
		return "minidump"
	case FormUnreal:
		return "unreal"
	case FormSecurity:
		return "security"
	case FormNEL:
		return "nel"
	case FormAttachments:
		return "attachments"
	case FormCheckIn:
		return "check_in"
	case FormOutcomes:
		return "outcomes"
	}
	return "unknown"
}

// Delivery is what the door puts into the queue as one record: what was known about a request when it was admitted, and
// its body exactly as it came, still compressed.
type Delivery struct {
	Form     Form
	Project  project.ID    // 0 for FormOutcomes
	Org      account.OrgID // likewise
	Key      project.KeyID // likewise
	Received time.Time     // kept in microseconds, UTC
	ClientIP netip.Addr    // the first untrusted hop; zero when unknown

	UserAgent   string // header User-Agent
	Origin      string // header Origin, else Referer
	Client      string // sentry_client, such as "sentry.python/2.68.0"
	Encoding    string // header Content-Encoding in lower case; "" for none
	ContentType string // header Content-Type as it came

	// Params hold what the route and the query said beside authentication, such as "sentry_environment" and
	// "sentry_release" (security reports), "slug" and "status" (check-ins). Nil when there is nothing.
	Params map[string]string

	// EventID is the id given back to the client. It overrides the one in the payload. Zero when there was none.
	EventID event.ID

	// Refused lists the items that the door refused one by one, by growing index. Their outcome is still to be counted by
	// who consumes the delivery; they are not to be processed.
	Refused []Refused

	// Items is how many items were received, with those refused: what the outcomes of this delivery add up to.
	Items int

	Body []byte
}

// Refused is an item that the door did not admit.
type Refused struct {
	Item    int // index among the items, as Decode returns them
	Outcome outcome.Outcome
	Reason  string
}

// The header: magic, version, length of the rest of the header as uvarint, fields. Then the body.
const (
	deliveryMagic   = 0xd5
	deliveryVersion = 1
)

// AppendTo appends the record to b and returns the result.
func (d *Delivery) AppendTo(b []byte) []byte {
	b = append(b, deliveryMagic, deliveryVersion)
	var scratch [512]byte
	h := d.appendFields(scratch[:0])
	b = binary.AppendUvarint(b, uint64(len(h)))
	b = append(b, h...)
	return append(b, d.Body...)
}

func (d *Delivery) appendFields(h []byte) []byte {
	h = append(h, byte(d.Form))
	h = binary.AppendUvarint(h, uint64(d.Project))
	h = binary.AppendUvarint(h, uint64(d.Org))
	h = binary.AppendUvarint(h, uint64(d.Key))
	var micros int64
	if !d.Received.IsZero() {
		micros = d.Received.UnixMicro()
	}
	h = binary.AppendVarint(h, micros)
	ip := d.ClientIP.WithZone("").Unmap()
	h = append(h, byte(ip.BitLen()/8))
	h = append(h, ip.AsSlice()...)
	for _, s := range []string{d.UserAgent, d.Origin, d.Client, d.Encoding, d.ContentType} {
		h = appendString(h, s)
	}
	h = append(h, d.EventID[:]...)
	h = binary.AppendUvarint(h, uint64(d.Items))
	h = binary.AppendUvarint(h, uint64(len(d.Params)))
	if len(d.Params) > 0 {
		// Sorted, so that equal deliveries have equal records.
		for _, k := range slices.Sorted(maps.Keys(d.Params)) {
			h = appendString(appendString(h, k), d.Params[k])
		}
	}
	h = binary.AppendUvarint(h, uint64(len(d.Refused)))
	for _, r := range d.Refused {
		h = binary.AppendUvarint(h, uint64(r.Item))
		h = appendString(appendString(h, string(r.Outcome)), r.Reason)
	}
	return h
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// ParseDelivery reads a record. The body is a part of b, not a copy; everything else is copied.
//
// Errors: Unsupported for a record of a newer version of Seismo; Validation for anything that is not a whole record.
func ParseDelivery(b []byte) (Delivery, error) {
	if len(b) < 2 || b[0] != deliveryMagic {
		return Delivery{}, fault.New(fault.Validation, "record is not a delivery")
	}
	if b[1] != deliveryVersion {
		return Delivery{}, fault.New(fault.Unsupported, "delivery has a version this server does not know",
			slog.Int("version", int(b[1])))
	}
	n, w := binary.Uvarint(b[2:])
	if w <= 0 || n > uint64(len(b)-2-w) {
		return Delivery{}, fault.New(fault.Validation, "delivery is cut off")
	}
	start := 2 + w
	// One copy of the header serves all its strings.
	r := fieldReader{s: string(b[start : start+int(n)])}
	d := Delivery{Body: b[start+int(n):]}
	d.readFields(&r)
	if r.bad || r.s != "" {
		return Delivery{}, fault.New(fault.Validation, "delivery header is damaged")
	}
	return d, nil
}

func (d *Delivery) readFields(r *fieldReader) {
	d.Form = Form(r.byte())
	d.Project = project.ID(r.uint())
	d.Org = account.OrgID(r.uint())
	d.Key = project.KeyID(r.uint())
	if micros := r.int(); micros != 0 {
		d.Received = time.UnixMicro(micros).UTC()
	}
	switch n := r.byte(); n {
	case 0:
	case 4, 16:
		d.ClientIP, _ = netip.AddrFromSlice([]byte(r.take(uint64(n))))
		d.ClientIP = d.ClientIP.Unmap()
	default:
		r.bad = true
	}
	for _, s := range []*string{&d.UserAgent, &d.Origin, &d.Client, &d.Encoding, &d.ContentType} {
		*s = r.string()
	}
	copy(d.EventID[:], r.take(uint64(len(d.EventID))))
	if d.Items = int(r.uint()); d.Items < 0 {
		r.bad = true
	}
	if n := r.count(); n > 0 {
		d.Params = make(map[string]string, n)
		for range n {
			k := r.string()
			d.Params[k] = r.string()
		}
	}
	if n := r.count(); n > 0 {
		d.Refused = make([]Refused, n)
		for i := range d.Refused {
			d.Refused[i] = Refused{int(r.uint()), outcome.Outcome(r.string()), r.string()}
		}
	}
}

// fieldReader reads the fields of a header one after the other. After the first one that does not fit it is bad and
// returns zeros.
type fieldReader struct {
	s   string
	bad bool
}

func (r *fieldReader) take(n uint64) string {
	if r.bad || n > uint64(len(r.s)) {
		r.bad = true
		return ""
	}
	t := r.s[:n]
	r.s = r.s[n:]
	return t
}

func (r *fieldReader) byte() byte {
	if t := r.take(1); t != "" {
		return t[0]
	}
	return 0
}

func (r *fieldReader) uint() uint64 {
	var v uint64
	for shift := uint(0); shift < 64; shift += 7 {
		c := r.byte()
		if r.bad {
			return 0
		}
		if shift == 63 && c > 1 {
			break // more than 64 bits
		}
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v
		}
	}
	r.bad = true
	return 0
}

func (r *fieldReader) int() int64 {
	u := r.uint()
	return int64(u>>1) ^ -int64(u&1) // zigzag, as binary.AppendVarint writes it
}

func (r *fieldReader) string() string { return r.take(r.uint()) }

// count reads how many entries follow. Each takes a byte or more, so a count that cannot be true costs no memory.
func (r *fieldReader) count() int {
	n := r.uint()
	if n > uint64(len(r.s)) {
		r.bad = true
		return 0
	}
	return int(n)
}
