package jetstream

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seismohq/seismo/fault"
)

func TestTarget(t *testing.T) {
	t.Parallel()
	type result struct {
		Dir, Servers, Name string
		Replicas           int
	}
	for raw, want := range map[string]result{
		"jetstream:///data/queue":                      {Dir: "/data/queue"},
		"jetstream://./seismo-data/queue":              {Dir: "./seismo-data/queue"},
		"jetstream://a dir with ?,%20 and #":           {Dir: "a dir with ?,%20 and #"},
		"nats://one:4222":                              {Servers: "nats://one:4222"},
		"nats://one:4222,two:4222, three":              {Servers: "nats://one:4222,nats://two:4222,nats://three"},
		"nats://one:4222,nats://two:4222/":             {Servers: "nats://one:4222,nats://two:4222"},
		"tls://user:pass@one:4222":                     {Servers: "tls://user:pass@one:4222"},
		"nats://one?name=OTHER&replicas=5":             {Servers: "nats://one", Name: "OTHER", Replicas: 5},
		"nats://one/?creds=/run/secrets/a.creds&ca=ca": {Servers: "nats://one"},
	} {
		target, err := parseTarget(raw)
		o := Options{Name: "SEISMO"}
		if err == nil {
			err = target.apply(&o)
		}
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		if want.Name == "" {
			want.Name = "SEISMO"
		}
		if diff := cmp.Diff(want, result{target.dir, target.servers, o.Name, o.Replicas}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", raw, diff)
		}
	}
}

func TestTargetRefused(t *testing.T) {
	t.Parallel()
	for raw, o := range map[string]Options{
		"":                         {},
		"jetstream://":             {},
		"nats://":                  {},
		"nats://,/":                {},
		"kafka://one":              {},
		"nats://one?replicas=many": {},
		"nats://one?replicas=6":    {},
		"nats://one?name=a.b":      {},
		"nats://one?typo=1":        {},
		"nats://one?a=%zz":         {},
		"nats://one":               {Partitions: 257},
		"nats://two":               {Partitions: -1},
		"nats://three":             {MaxBytes: -1},
		"nats://four":              {Name: "with space"},
	} {
		target, err := parseTarget(raw)
		if err == nil {
			if o.Name == "" {
				o.Name = "SEISMO"
			}
			err = target.apply(&o)
		}
		if fault.CodeOf(err) != fault.Validation || err == nil {
			t.Errorf("%q: %v, want Validation", raw, err)
		}
	}
}

func TestTargetConnects(t *testing.T) {
	t.Parallel()
	target, err := parseTarget("tls://one?creds=a&ca=b&cert=c&key=d")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(target.connectOptions()); n != 3 {
		t.Errorf("%d options to connect, want credentials, CA and certificate", n)
	}
}
