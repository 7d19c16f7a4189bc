package envelope

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"github.com/valyala/fastjson"

	"github.com/seismohq/seismo/fault"
)

// Names of multipart fields that crash reporters use: Breakpad, Crashpad, Electron and sentry-native.
const (
	fieldMinidump    = "upload_file_minidump"
	fieldEvent       = "sentry"
	fieldEventPart   = "sentry__"
	fieldEventFile   = "__sentry-event"
	fieldBreadcrumbs = "__sentry-breadcrumb"
)

// The attachment types this package assigns.
const (
	typeMinidump    = "event.minidump"
	typePayload     = "event.payload"
	typeBreadcrumbs = "event.breadcrumbs"
)

// part is one part of a multipart body.
type part struct {
	name     string
	filename string
	header   textproto.MIMEHeader
	content  []byte
}

func (p *part) attachment(l Limits, attachmentType string) Item {
	it := l.item("attachment", p.content)
	it.Filename = strings.ToValidUTF8(p.filename, "\uFFFD")
	if it.Filename == "" {
		it.Filename = strings.ToValidUTF8(p.name, "\uFFFD")
	}
	it.ContentType = strings.ToValidUTF8(p.header.Get("Content-Type"), "\uFFFD")
	it.AttachmentType = attachmentType
	return it
}

// splitMultipart reads all parts. A body that breaks off is an error: half a crash dump is of no use.
func splitMultipart(contentType string, body []byte, l Limits) ([]part, error) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["boundary"] == "" {
		return nil, invalid(fault.Validation, ProblemMultipart, "multipart body has no boundary")
	}
	return readParts(params["boundary"], body, l)
}

func readParts(boundary string, body []byte, l Limits) ([]part, error) {
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	var parts []part
	for {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return parts, nil
		}
		if err != nil {
			return nil, invalid(fault.Validation, ProblemMultipart, "multipart body is malformed")
		}
		if len(parts) == l.items() {
			return nil, invalid(fault.TooLarge, ProblemTooMany, "multipart body has too many parts")
		}
		var b bytes.Buffer
		if _, err := b.ReadFrom(p); err != nil {
			return nil, invalid(fault.Validation, ProblemMultipart, "multipart body is cut off")
		}
		parts = append(parts, part{p.FormName(), p.FileName(), p.Header, b.Bytes()})
	}
}

// decodeAttachments makes an attachment of each file of a form.
func decodeAttachments(contentType string, body []byte, l Limits) (Envelope, error) {
	parts, err := splitMultipart(contentType, body, l)
	if err != nil {
		return Envelope{}, err
	}
	var e Envelope
	for i := range parts {
		if parts[i].filename != "" {
			e.Items = append(e.Items, parts[i].attachment(l, ""))
		}
	}
	return e, nil
}

// decodeMinidump reads a crash report: the dump alone, or a form with the dump, perhaps an event and further files. The
// items are, where there are any: the event, the dump, the other files, and one of type form_data with the fields that
// are left, as a JSON list of pairs.
func decodeMinidump(contentType string, body []byte, l Limits) (Envelope, error) {
	if isDump(body) {
		p := part{name: fieldMinidump, filename: "minidump.dmp", content: body}
		return Envelope{Items: []Item{p.attachment(l, typeMinidump)}}, nil
	}
	if media, _, _ := strings.Cut(contentType, ";"); !strings.EqualFold(strings.TrimSpace(media), "multipart/form-data") {
		return Envelope{}, invalid(fault.Validation, "invalid_minidump", "body is neither a form nor a minidump")
	}
	parts, err := splitMultipart(contentType, body, l)
	if err != nil {
		return Envelope{}, err
	}
	f := crashForm{limits: l}
	for i := range parts {
		if err := f.add(&parts[i]); err != nil {
			return Envelope{}, err
		}
	}
	return f.envelope()
}

// crashForm sorts the parts of a crash report.
type crashForm struct {
	limits Limits
	event  []byte
	chunks map[int][]byte // sentry__1, sentry__2, …: an event cut up, because Crashpad limits the length of a field
	dump   *Item
	files  []Item
	fields [][2]string
}

func (f *crashForm) add(p *part) error {
	switch {
	case p.name == fieldMinidump && f.dump == nil:
		unnest(p, f.limits)
		if !isDump(p.content) {
			return invalid(fault.Validation, "invalid_minidump", "file is not a minidump")
		}
		it := p.attachment(f.limits, typeMinidump)
		f.dump = &it
	case p.name == fieldEventFile:
		f.files = append(f.files, p.attachment(f.limits, typePayload))
	case strings.HasPrefix(p.name, fieldBreadcrumbs):
		f.files = append(f.files, p.attachment(f.limits, typeBreadcrumbs))
	case p.name == fieldEvent:
		f.event = p.content
	case strings.HasPrefix(p.name, fieldEventPart):
		if n, err := strconv.Atoi(p.name[len(fieldEventPart):]); err == nil {
			if f.chunks == nil {
				f.chunks = map[int][]byte{}
			}
			f.chunks[n] = p.content
		}
	case p.filename != "":
		f.files = append(f.files, p.attachment(f.limits, ""))
	default:
		f.fields = append(f.fields, [2]string{p.name, string(p.content)})
	}
	return nil
}

func (f *crashForm) envelope() (Envelope, error) {
	if f.dump == nil {
		return Envelope{}, invalid(fault.Validation, ProblemMissing, "form has no minidump")
	}
	if f.event == nil && f.chunks != nil {
		order := make([]int, 0, len(f.chunks))
		for n := range f.chunks {
			order = append(order, n)
		}
		slices.Sort(order)
		for _, n := range order {
			f.event = append(f.event, f.chunks[n]...)
		}
	}
	var e Envelope
	if f.event != nil {
		it := f.limits.item("event", f.event)
		err := withJSON(f.event, func(v *fastjson.Value) error {
			e.EventID = eventID(v)
			return nil
		})
		if err != nil && it.Problem == "" {
			it.Problem = ProblemJSON // the crash itself is worth more than what was to describe it
		}
		e.Items = append(e.Items, it)
	}
	e.Items = append(e.Items, *f.dump)
	e.Items = append(e.Items, f.files...)
	if len(f.fields) > 0 {
		e.Items = append(e.Items, f.limits.item("form_data", appendJSON(nil, f.fields)))
	}
	return e, nil
}

// unnest takes the dump out of a second multipart body within the field, as old versions of Electron send it.
func unnest(p *part, l Limits) {
	content := bytes.TrimLeft(p.content, "\r\n")
	if !bytes.HasPrefix(content, []byte("--")) {
		return
	}
	line, _, _ := bytes.Cut(content[2:], newline)
	boundary := string(bytes.TrimRight(line, "\r"))
	if boundary == "" || len(boundary) > 200 {
		return
	}
	inner, err := readParts(boundary, content, l)
	if err != nil {
		return
	}
	for i := range inner {
		if inner[i].name == fieldMinidump {
			p.content = inner[i].content
			if inner[i].filename != "" {
				p.filename = inner[i].filename
			}
			return
		}
	}
}

// isDump reports whether b begins like a minidump, or like one that was packed with gzip, xz, bzip2 or zstd.
func isDump(b []byte) bool {
	for _, magic := range []string{"MDMP", "PMDM", "\x1f\x8b", "\xfd7zXZ\x00", "BZh", "\x28\xb5\x2f\xfd"} {
		if bytes.HasPrefix(b, []byte(magic)) {
			return true
		}
	}
	return false
}
