package envelope

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/outcome"
)

// summary is what the table compares of an item: type, payload, problem.
type summary struct{ Type, Payload, Problem string }

func summarize(items []Item) []summary {
	var out []summary
	for _, it := range items {
		out = append(out, summary{it.Type, string(it.Payload), it.Problem})
	}
	return out
}

func TestParseItems(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", 1<<20)
	ok := func(typ, payload string) summary { return summary{typ, payload, ""} }
	tests := map[string]struct {
		in   string
		want []summary
	}{
		"no items":                         {"{}", nil},
		"no items, newline":                {"{}\n", nil},
		"no items, blank lines":            {"{}\n\n \r\n\t\n", nil},
		"header with carriage return":      {"{}\r\n", nil},
		"newline-terminated":               {"{}\n{\"type\":\"event\"}\n{\"a\":1}\n", []summary{ok("event", `{"a":1}`)}},
		"ends without newline":             {"{}\n{\"type\":\"event\"}\n{\"a\":1}", []summary{ok("event", `{"a":1}`)}},
		"length":                           {"{}\n{\"type\":\"attachment\",\"length\":5}\na\nb\nc\n", []summary{ok("attachment", "a\nb\nc")}},
		"length, ends without newline":     {"{}\n{\"type\":\"attachment\",\"length\":3}\nabc", []summary{ok("attachment", "abc")}},
		"length null":                      {"{}\n{\"type\":\"session\",\"length\":null}\nabc\n", []summary{ok("session", "abc")}},
		"length 0":                         {"{}\n{\"type\":\"attachment\",\"length\":0}\n\n{\"type\":\"event\"}\n{}\n", []summary{ok("attachment", ""), ok("event", "{}")}},
		"length 0 at the end":              {"{}\n{\"type\":\"attachment\",\"length\":0}", []summary{ok("attachment", "")}},
		"header without payload":           {"{}\n{\"type\":\"event\"}", []summary{ok("event", "")}},
		"length as string":                 {"{}\n{\"type\":\"attachment\",\"length\":\"3\"}\na\nb\n", []summary{ok("attachment", "a\nb")}},
		"length as whole float":            {"{}\n{\"type\":\"attachment\",\"length\":3.0}\na\nb\n", []summary{ok("attachment", "a\nb")}},
		"length that is no count":          {"{}\n{\"type\":\"event\",\"length\":-3}\n{}\n{\"type\":\"event_x\",\"length\":{}}\n{}\n", []summary{ok("event", "{}"), ok("event_x", "{}")}},
		"blank lines between items":        {"{}\n\n{\"type\":\"session\"}\n{}\n\n\r\n{\"type\":\"session\"}\n{}\n\n", []summary{ok("session", "{}"), ok("session", "{}")}},
		"carriage return after JSON":       {"{}\r\n{\"type\":\"event\"}\r\n{}\r\n", []summary{ok("event", "{}")}},
		"carriage return in a payload":     {"{}\n{\"type\":\"statsd\"}\na\r\n", []summary{ok("statsd", "a\r")}},
		"unknown type, by length":          {"{}\n{\"type\":\"hologram\",\"length\":3}\na\nb\n{\"type\":\"event\"}\n{}", []summary{ok("hologram", "a\nb"), ok("event", "{}")}},
		"unknown type, by newline":         {"{}\n{\"type\":\"hologram\"}\n\xff\xfe\n{\"type\":\"event\"}\n{}", []summary{ok("hologram", "\xff\xfe"), ok("event", "{}")}},
		"no type":                          {"{}\n{}\nabc\n", []summary{ok("", "abc")}},
		"type is no string":                {"{}\n{\"type\":{}}\nabc\n{\"type\":7}\nabc\n", []summary{ok("", "abc"), ok("7", "abc")}},
		"not UTF-8 in a header":            {"{\"sdk\":\"\xff\"}\n{\"type\":\"\xff\xfe\"}\nabc\n", []summary{ok("\uFFFD", "abc")}},
		"length too long, later item":      {"{}\n{\"type\":\"session\"}\n{}\n{\"type\":\"event\",\"length\":9}\nabc\n", []summary{ok("session", "{}"), {"event", "abc\n", ProblemTruncated}}},
		"length too short, later item":     {"{}\n{\"type\":\"session\"}\n{}\n{\"type\":\"event\",\"length\":2}\nabc\n{\"type\":\"session\"}\n{}", []summary{ok("session", "{}"), {"event", "abc\n{\"type\":\"session\"}\n{}", ProblemTruncated}}},
		"later item header is no JSON":     {"{}\n{\"type\":\"session\"}\n{}\nhello\nworld\n", []summary{ok("session", "{}"), {"", "hello\nworld\n", ProblemItemHeader}}},
		"later item header is no object":   {"{}\n{\"type\":\"session\"}\n{}\n[1]\n", []summary{ok("session", "{}"), {"", "[1]\n", ProblemItemHeader}}},
		"later item header is too long":    {"{}\n{\"type\":\"session\"}\n{}\n{\"a\":\"" + big[:maxHeaderLine] + "\"}\n", []summary{ok("session", "{}"), {"", "{\"a\":\"" + big[:maxHeaderLine] + "\"}\n", ProblemItemHeader}}},
		"event too large":                  {"{}\n{\"type\":\"event\"}\n" + big + "x\n{\"type\":\"session\"}\n{}", []summary{{"event", big + "x", ProblemTooLarge}, ok("session", "{}")}},
		"event just small enough":          {"{}\n{\"type\":\"event\"}\n" + big, []summary{ok("event", big)}},
		"event too large, another":         {"{}\n{\"type\":\"event\"}\n" + big + "x\n{\"type\":\"event\"}\n{}", []summary{{"event", big + "x", ProblemTooLarge}, ok("event", "{}")}},
		"client report too large":          {"{}\n{\"type\":\"client_report\"}\n" + big[:4097], []summary{{"client_report", big[:4097], ProblemTooLarge}}},
		"two events":                       {"{}\n{\"type\":\"event\"}\n{}\n{\"type\":\"event\"}\n{}\n", []summary{ok("event", "{}"), {"event", "{}", ProblemDuplicate}}},
		"event and transaction":            {"{}\n{\"type\":\"transaction\"}\n{}\n{\"type\":\"event\"}\n{}\n", []summary{ok("transaction", "{}"), {"event", "{}", ProblemDuplicate}}},
		"attachment that holds our format": {"{}\n{\"type\":\"attachment\",\"length\":23}\n{\"type\":\"session\"}\n{}\nx\n", []summary{ok("attachment", "{\"type\":\"session\"}\n{}\nx")}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := Parse([]byte(tt.in), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, summarize(e.Items)); diff != "" {
				t.Errorf("items differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in     string
		code   fault.Code
		reason string
		items  int
	}{
		"empty":                        {"", fault.Validation, ProblemHeader, 0},
		"only a newline":               {"\n", fault.Validation, ProblemHeader, 0},
		"no JSON":                      {"hello\n", fault.Validation, ProblemHeader, 0},
		"no object":                    {"[]\n", fault.Validation, ProblemHeader, 0},
		"null":                         {"null\n", fault.Validation, ProblemHeader, 0},
		"header over two lines":        {"{\n}\n", fault.Validation, ProblemHeader, 0},
		"header too long":              {"{\"a\":\"" + strings.Repeat("x", maxHeaderLine) + "\"}\n", fault.TooLarge, ProblemTooLarge, 0},
		"first item cut off":           {"{}\n{\"type\":\"event\",\"length\":10}\n{}", fault.Validation, ProblemTruncated, 1},
		"first item longer than told":  {"{}\n{\"type\":\"event\",\"length\":1}\n{}", fault.Validation, ProblemTruncated, 1},
		"length past every memory":     {"{}\n{\"type\":\"event\",\"length\":9007199254740992}\n{}", fault.Validation, ProblemTruncated, 1},
		"first item header is no JSON": {"{}\nhello\n", fault.Validation, ProblemItemHeader, 1},
		"JSON of an event":             {"{}\n[\n", fault.Validation, ProblemItemHeader, 1},
		"deeply nested header":         {strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000), fault.Validation, ProblemHeader, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := Parse([]byte(tt.in), Limits{})
			if fault.CodeOf(err) != tt.code || err == nil {
				t.Fatalf("error %v, want code %s", err, tt.code)
			}
			if got := Reason(err); got != tt.reason {
				t.Errorf("reason %q, want %q", got, tt.reason)
			}
			if len(e.Items) != tt.items {
				t.Errorf("%d items received, want %d", len(e.Items), tt.items)
			}
		})
	}
}

func TestParseHeader(t *testing.T) {
	t.Parallel()
	id := event.ID{0x12, 0xc2, 0xd0, 0x58, 0xd5, 0x84, 0x42, 0x70, 0x9a, 0xa2, 0xec, 0xa0, 0x8b, 0xf2, 0x09, 0x86}
	sent := time.Date(2026, 2, 1, 10, 11, 12, 123456789, time.UTC)
	tests := map[string]struct {
		header string
		want   Envelope
	}{
		"everything": {
			`{"event_id":"12c2d058d58442709aa2eca08bf20986","sent_at":"2026-02-01T10:11:12.123456789Z","dsn":"https://k@h/1","sdk":{"name":"sentry.python","version":"2.68.0","packages":[]},"trace":{"trace_id":"t","sample_rate":"0.5","sampled":true,"sample_rand":0.25,"user":{"id":1},"x":null}}`,
			Envelope{EventID: id, SentAt: sent, DSN: "https://k@h/1", SDK: SDK{"sentry.python", "2.68.0"}, Trace: map[string]string{"trace_id": "t", "sample_rate": "0.5", "sampled": "true", "sample_rand": "0.25"}},
		},
		"dashed upper-case id":    {`{"event_id":"12C2D058-D584-4270-9AA2-ECA08BF20986"}`, Envelope{EventID: id}},
		"bad values lose the key": {`{"event_id":"zz","sent_at":"yesterday","sdk":"x","trace":[1],"dsn":null}`, Envelope{}},
		"offset":                  {`{"sent_at":"2026-02-01T12:11:12.123456789+02:00"}`, Envelope{SentAt: sent}},
		"no offset":               {`{"sent_at":"2026-02-01T10:11:12.123456789"}`, Envelope{SentAt: sent}},
		"year out of range":       {`{"sent_at":"9999-12-31T23:59:59-01:00"}`, Envelope{}},
		"escapes":                 {`{"dsn":"https:\/\/k@h\/1"}`, Envelope{DSN: "https://k@h/1"}},
		"numbers for text":        {`{"event_id":12,"sdk":{"name":7,"version":1.5}}`, Envelope{SDK: SDK{"7", "1.5"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Parse([]byte(tt.header+"\n"), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			tt.want.Raw = []byte(tt.header)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("header differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseItemHeader(t *testing.T) {
	t.Parallel()
	header := `{"type":"attachment","length":3,"filename":"a\u00e9.txt","content_type":"text/plain","attachment_type":"event.minidump","item_count":4,"custom":{"x":1}}`
	e, err := Parse([]byte("{}\n"+header+"\nabc\n"), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Item{{
		Type: "attachment", Category: outcome.Attachment, Filename: "aé.txt", ContentType: "text/plain",
		AttachmentType: "event.minidump", ItemCount: 4, Headers: []byte(header), Payload: []byte("abc"),
	}}
	if diff := cmp.Diff(want, e.Items); diff != "" {
		t.Errorf("item differs (-want +got):\n%s", diff)
	}
}

func TestParseLimits(t *testing.T) {
	t.Parallel()
	t.Run("sessions", func(t *testing.T) {
		t.Parallel()
		e, err := Parse([]byte("{}\n"+strings.Repeat("{\"type\":\"session\"}\n{}\n", 103)), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for i, it := range e.Items {
			if want := map[bool]string{true: ProblemTooMany}[i >= 100]; it.Problem != want {
				t.Fatalf("session %d has problem %q, want %q", i, it.Problem, want)
			}
		}
	})
	t.Run("items", func(t *testing.T) {
		t.Parallel()
		e, err := Parse([]byte("{}\n"+strings.Repeat("{}\n\n", 20)), Limits{Items: 5})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(e.Items); n != 6 || e.Items[5].Problem != ProblemTooMany {
			t.Errorf("%d items, the last with problem %q; want 5 and the rest as one", n, e.Items[n-1].Problem)
		}
	})
	t.Run("configured", func(t *testing.T) {
		t.Parallel()
		e, err := Parse([]byte("{}\n{\"type\":\"event\"}\nabcd\n{\"type\":\"attachment\",\"length\":3}\nabc\n{\"type\":\"new\"}\nabc\n"), Limits{EventBytes: 3, AttachmentBytes: 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range e.Items {
			if it.Problem != ProblemTooLarge {
				t.Errorf("%s of %d bytes has problem %q", it.Type, len(it.Payload), it.Problem)
			}
		}
	})
}

func TestFrameReusesMemory(t *testing.T) { // not parallel: it counts allocations
	in := typicalEnvelope()
	var e Envelope
	if err := e.Frame(in, Limits{}); err != nil {
		t.Fatal(err)
	}
	full, err := Parse(in, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if e.EventID != full.EventID || e.DSN != full.DSN || !cmp.Equal(summarize(e.Items), summarize(full.Items)) {
		t.Errorf("Frame and Parse see different envelopes:\n%+v\n%+v", e, full)
	}
	if n := testing.AllocsPerRun(100, func() {
		if err := e.Frame(in, Limits{}); err != nil {
			t.Error(err)
		}
	}); n > 10 { // one or two; the race detector makes pools forget, and Parse needs 16
		t.Errorf("Frame allocates %v times", n)
	}
}

func TestKinds(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, k := range Kinds() {
		if seen[k.Type] {
			t.Errorf("%s stands twice", k.Type)
		}
		seen[k.Type] = true
		if k.Category == "" {
			t.Errorf("%s has no category", k.Type)
		}
		if n := (Limits{}).Payload(k); n <= 0 {
			t.Errorf("%s may have %d bytes", k.Type, n)
		}
	}
	k, known := KindOf("hologram")
	if known || k.Category != outcome.Unknown || k.Action != Hold || (Limits{}).Payload(k) != 20<<20 {
		t.Errorf("an unknown type is %+v, known %v", k, known)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(typicalEnvelope())
	f.Add([]byte("{}\n{\"type\":\"attachment\",\"length\":3}\nabc\n{\"type\":\"session\"}\n{}"))
	f.Add([]byte("{\"sent_at\":\"2026-01-01T00:00:00Z\",\"trace\":{\"a\":\"b\"}}\n{\"type\":\"x\",\"filename\":\"\\ud800\",\"item_count\":3}\n\xff"))
	f.Add([]byte("{}\r\n{\"type\":\"event\",\"length\":\"2\"}\n{}\n\n\n{}\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		first, err := Parse(in, Limits{})
		var framed Envelope
		if frameErr := framed.Frame(in, Limits{}); (err == nil) != (frameErr == nil) || !cmp.Equal(summarize(first.Items), summarize(framed.Items)) {
			t.Fatalf("Frame differs from Parse: %v, %v", frameErr, err)
		}
		if err != nil {
			return
		}
		// Only whole items can be written so that they are read the same.
		good := first
		good.Items = nil
		for _, it := range first.Items {
			if it.Problem == "" {
				good.Items = append(good.Items, it)
			}
		}
		second, err := Parse(AppendEnvelope(nil, &good), Limits{})
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if diff := cmp.Diff(plain(good), plain(second)); diff != "" {
			t.Fatalf("not stable (-first +second):\n%s", diff)
		}
	})
}

// plain leaves out what AppendEnvelope writes anew.
func plain(e Envelope) Envelope {
	e.Raw = nil
	items := make([]Item, 0, len(e.Items))
	for _, it := range e.Items {
		it.Headers, it.Payload = nil, append([]byte{}, it.Payload...)
		items = append(items, it)
	}
	e.Items = items
	return e
}

func typicalEnvelope() []byte {
	payload := []byte(`{"event_id":"12c2d058d58442709aa2eca08bf20986","level":"error","platform":"python","exception":{"values":[{"type":"ValueError","value":"no such order","stacktrace":{"frames":[`)
	for i := range 20 {
		payload = fmt.Appendf(payload, `{"filename":"app/views/order_%d.py","function":"handle_%d","lineno":%d,"in_app":true,"context_line":"    order = orders.get(order_id)"},`, i, i, i*7)
	}
	payload = append(bytes.TrimSuffix(payload, []byte(",")), "]}}]}}"...)
	e := Envelope{
		EventID: event.ID{0x12, 0xc2}, SentAt: time.Date(2026, 2, 1, 10, 11, 12, 0, time.UTC),
		SDK:   SDK{"sentry.python", "2.68.0"},
		Trace: map[string]string{"trace_id": "771a43a4192642f0b136d5159a501700", "public_key": "49d0f7386ad645858ae85020e393bef3", "release": "shop@1.2.3", "environment": "production"},
		Items: []Item{{Type: "event", ContentType: "application/json", Payload: payload}},
	}
	return AppendEnvelope(nil, &e)
}

func BenchmarkFrame(b *testing.B) {
	in := typicalEnvelope()
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	var e Envelope
	for b.Loop() {
		if err := e.Frame(in, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	in := typicalEnvelope()
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(in, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDelivery(b *testing.B) {
	d := Delivery{
		Form: FormEnvelope, Project: 1, Org: 1, Key: 1, Received: time.Now(), ClientIP: fullDelivery.ClientIP,
		UserAgent: "sentry.python/2.68.0", Client: "sentry.python/2.68.0", Encoding: "gzip",
		EventID: event.NewID(), Items: 1, Body: typicalEnvelope(),
	}
	record := d.AppendTo(nil)
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			record = d.AppendTo(record[:0])
		}
	})
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ParseDelivery(record); err != nil {
				b.Fatal(err)
			}
		}
	})
}
