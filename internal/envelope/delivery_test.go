package envelope

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/outcome"
)

var fullDelivery = Delivery{
	Form: FormSecurity, Project: 42, Org: 7, Key: 1 << 40,
	Received:  time.Date(2026, 2, 3, 4, 5, 6, 789_000, time.UTC),
	ClientIP:  netip.MustParseAddr("2001:db8::7"),
	UserAgent: "Mozilla/5.0 (X11) \u00e9", Origin: "https://shop.example", Client: "sentry.javascript.browser/10.1.0",
	Encoding: "gzip", ContentType: "application/reports+json",
	Params:  map[string]string{"sentry_environment": "production", "sentry_release": "shop@1.2.3"},
	EventID: event.ID{1, 2, 3, 255},
	Refused: []Refused{{0, outcome.RateLimited, "project_rate"}, {1000, outcome.Filtered, "origin"}},
	Items:   1001,
	Body:    []byte("\x1f\x8b\x00body"),
}

func TestDeliveryRoundTrip(t *testing.T) {
	t.Parallel()
	v4 := fullDelivery
	v4.ClientIP = netip.MustParseAddr("192.0.2.1")
	long := fullDelivery
	long.UserAgent = strings.Repeat("a", 5000)
	for name, d := range map[string]Delivery{
		"zero": {}, "full": fullDelivery, "ipv4": v4, "header longer than the stack buffer": long,
		"before 1970": {Form: FormEnvelope, Received: time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			record := d.AppendTo([]byte("kept"))
			got, err := ParseDelivery(bytes.TrimPrefix(record, []byte("kept")))
			if err != nil {
				t.Fatal(err)
			}
			if d.Body == nil {
				d.Body = []byte{}
			}
			if diff := cmp.Diff(d, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
				t.Errorf("parsed delivery differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDeliveryKeepsMicroseconds(t *testing.T) {
	t.Parallel()
	d := Delivery{
		Received: time.Date(2026, 1, 1, 0, 0, 0, 123_456_789, time.FixedZone("", 3600)),
		ClientIP: netip.MustParseAddr("::ffff:192.0.2.1"),
	}
	got, err := ParseDelivery(d.AppendTo(nil))
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2025, 12, 31, 23, 0, 0, 123_456_000, time.UTC); got.Received != want {
		t.Errorf("Received = %v, want %v", got.Received, want)
	}
	if want := netip.MustParseAddr("192.0.2.1"); got.ClientIP != want {
		t.Errorf("ClientIP = %v, want the plain IPv4 address %v", got.ClientIP, want)
	}
}

func TestParseDeliveryRejects(t *testing.T) {
	t.Parallel()
	good := fullDelivery.AppendTo(nil)
	headerEnd := len(good) - len(fullDelivery.Body)
	newer := bytes.Clone(good)
	newer[1] = deliveryVersion + 1
	long := bytes.Clone(good)
	long[2]++ // the header claims one byte of the body
	tests := map[string]struct {
		record []byte
		want   fault.Code
	}{
		"empty":                   {nil, fault.Validation},
		"an envelope":             {[]byte("{}\n"), fault.Validation},
		"newer version":           {newer, fault.Unsupported},
		"cut within the header":   {good[:headerEnd-1], fault.Validation},
		"only magic":              {good[:2], fault.Validation},
		"header longer than told": {long, fault.Validation},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := ParseDelivery(tt.record); fault.CodeOf(err) != tt.want {
				t.Errorf("error %v, want code %s", err, tt.want)
			}
		})
	}
}

func FuzzParseDelivery(f *testing.F) {
	f.Add(fullDelivery.AppendTo(nil))
	f.Add((&Delivery{Form: FormEnvelope, Body: []byte("{}\n")}).AppendTo(nil))
	f.Add([]byte{deliveryMagic, deliveryVersion, 3, 1, 1, 1})
	f.Fuzz(func(t *testing.T, record []byte) {
		d, err := ParseDelivery(record)
		if err != nil {
			return
		}
		again, err := ParseDelivery(d.AppendTo(nil))
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if diff := cmp.Diff(d, again, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
			t.Fatalf("not stable (-first +second):\n%s", diff)
		}
	})
}
