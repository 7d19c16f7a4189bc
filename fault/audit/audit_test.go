package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/audit"
	"github.com/seismohq/seismo/fault/faultlog"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 123456789, time.FixedZone("", 3600))

func at() time.Time { return noon }

func TestRecord(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		ev   audit.Event
		want map[string]any
	}{
		"least": {
			audit.Event{Action: audit.Login},
			map[string]any{"timestamp": "2026-01-02T11:00:00.123456789Z", "user_id": "anonymous", "action": "auth.login", "outcome": "success", "resource_type": "", "resource_id": "", "resource_count": 0.0, "ip_address": ""},
		},
		"all": {
			audit.Event{Time: noon.Add(time.Hour), Actor: "u-1", Action: audit.Delete, ResourceType: "project", ResourceID: "7", IP: "203.0.113.1", Outcome: audit.Failed, Reason: "token=hunter2", Attrs: []slog.Attr{slog.String("password", "hunter2"), slog.Int("n", 1), slog.Float64("f", 0.5)}},
			map[string]any{"timestamp": "2026-01-02T12:00:00.123456789Z", "user_id": "u-1", "action": "resource.delete", "outcome": "failed", "resource_type": "project", "resource_id": "7", "resource_count": 1.0, "ip_address": "203.0.113.1", "reason": "token=[redacted]", "attrs": map[string]any{"password": "[redacted]", "n": 1.0, "f": "0.5"}},
		},
		"many": {
			audit.Event{Action: audit.Delete, ResourceType: "event", Count: 12},
			map[string]any{"timestamp": "2026-01-02T11:00:00.123456789Z", "user_id": "anonymous", "action": "resource.delete", "outcome": "success", "resource_type": "event", "resource_id": "", "resource_count": 12.0, "ip_address": ""},
		},
	}
	for name, tt := range tests {
		var buf bytes.Buffer
		// Whatever the level, audit records are written.
		l := audit.New(slog.New(faultlog.NewHandler(&buf, &faultlog.Options{Level: faultlog.LevelCritical})), audit.Options{Now: at})
		if err := l.Record(t.Context(), tt.ev); err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(buf.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if got["level"] != "INFO" || got["msg"] != "audit" {
			t.Errorf("%s: %v", name, got)
		}
		for _, k := range []string{"level", "msg", "time"} {
			delete(got, k)
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s:\n got %v\nwant %v", name, got, tt.want)
		}
	}
}

type brokenSink struct{ left int }

func (s *brokenSink) Write(b []byte) (int, error) {
	if s.left--; s.left < 0 {
		return 0, io.ErrShortWrite
	}
	return len(b), nil
}

// Who asks for a record learns when there is none, and the chain does not skip.
func TestRecordFailsClosed(t *testing.T) {
	t.Parallel()
	l := audit.New(slog.New(faultlog.NewHandler(&brokenSink{left: 1}, nil)), audit.Options{Chained: true})
	if err := l.Record(t.Context(), audit.Event{Action: audit.Create}); err != nil {
		t.Fatal(err)
	}
	before := l.Chain()
	err := l.Record(t.Context(), audit.Event{Action: audit.Create})
	if fault.CodeOf(err) != fault.Unavailable || !errors.Is(err, io.ErrShortWrite) || l.Chain() != before {
		t.Error(err, l.Chain())
	}
	if err := l.Record(t.Context(), audit.Event{}); !errors.Is(err, fault.Validation) {
		t.Error(err)
	}
}

// handlers must not matter to the chain.
func handlers(w io.Writer) map[string]slog.Handler {
	return map[string]slog.Handler{"faultlog": faultlog.NewHandler(w, nil), "slog": slog.NewJSONHandler(w, nil)}
}

func chain(t *testing.T, l *audit.Logger, n int) {
	t.Helper()
	for i := range n {
		err := l.Record(faultlog.Context(t.Context(), slog.String("request_id", "r")), audit.Event{
			Actor: "u\n<&>\u2028\xff", Action: audit.Update, ResourceType: "project", ResourceID: fmt.Sprint(i), Reason: "Bearer abc123def456",
			Attrs: []slog.Attr{
				slog.Float64("f", math.MaxFloat64), slog.Float64("nan", math.NaN()), slog.Duration("d", time.Second), slog.Time("t", noon), slog.Int64("i", math.MinInt64),
				slog.Uint64("u", math.MaxUint64), slog.Any("any", map[string]any{"password": "x", "a": 1.0}), slog.Any("err", io.EOF), slog.Bool("b", true),
				slog.Group("g", slog.Int("n", 1), slog.Group("empty")), slog.Group("empty"), slog.String("dup", "1"), slog.String("dup", "2"), slog.Any("nil", nil),
				slog.Int64("card", 4111111111111111),
			},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	for _, key := range [][]byte{nil, []byte("key")} {
		var buf bytes.Buffer
		for name, h := range handlers(&buf) {
			buf.Reset()
			l := audit.New(slog.New(h), audit.Options{Chained: true, Key: key})
			chain(t, l, 5)
			end, err := audit.Verify(bytes.NewReader(buf.Bytes()), audit.Chain{}, key)
			if err != nil || end != l.Chain() || end.Seq != 5 {
				t.Fatalf("%s: %+v %v\n%s", name, end, err, &buf)
			}
			first := buf.String()
			// A restart goes on where the chain stands, in the same or the next file.
			buf.Reset()
			chain(t, audit.New(slog.New(h), audit.Options{Chained: true, Key: key, From: end}), 2)
			if _, err := audit.Verify(strings.NewReader(first+"\n"+buf.String()), audit.Chain{}, key); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if again, err := audit.Verify(&buf, end, key); err != nil || again.Seq != 7 {
				t.Errorf("%s: %+v %v", name, again, err)
			}
			if _, err := audit.Verify(strings.NewReader(first), audit.Chain{}, []byte("other")); !errors.Is(err, fault.Conflict) {
				t.Errorf("%s: wrong key: %v", name, err)
			}
		}
	}
}

func TestVerifyFindsTampering(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	l := audit.New(slog.New(faultlog.NewHandler(&buf, nil)), audit.Options{Chained: true})
	chain(t, l, 4)
	lines := strings.SplitAfter(strings.TrimSuffix(buf.String(), "\n"), "\n")
	lines[3] += "\n"
	with := func(i int, old, new string) string {
		c := append([]string(nil), lines...)
		c[i] = strings.Replace(c[i], old, new, 1)
		return strings.Join(c, "")
	}
	for name, tt := range map[string]struct {
		log  string
		code fault.Code
		good uint64
	}{
		"untouched":      {strings.Join(lines, ""), "", 4},
		"changed":        {with(1, `"resource_id":"1"`, `"resource_id":"2"`), fault.Conflict, 1},
		"attr changed":   {with(2, `"b":true`, `"b":false`), fault.Conflict, 2},
		"attr added":     {with(2, `"b":true`, `"b":true,"c":1`), fault.Conflict, 2},
		"member removed": {with(0, `"action":"resource.update",`, ``), fault.Conflict, 0},
		"removed":        {lines[0] + lines[2] + lines[3], fault.Conflict, 1},
		"first removed":  {lines[1] + lines[2], fault.Conflict, 0},
		"swapped":        {lines[1] + lines[0], fault.Conflict, 0},
		"repeated":       {lines[0] + lines[0], fault.Conflict, 1},
		"foreign line":   {lines[0] + `{"msg":"x"}` + "\n" + lines[1], fault.BadRequest, 1},
		"no JSON":        {lines[0] + "x\n", fault.BadRequest, 1},
		"torn":           {lines[0] + lines[1][:40], fault.BadRequest, 1},
		"level changed":  {with(0, `"level":"INFO"`, `"level":"WARN"`), "", 4},
		"too long":       {lines[0] + strings.Repeat("x", 2<<20), fault.Internal, 1},
	} {
		end, err := audit.Verify(strings.NewReader(tt.log), audit.Chain{}, nil)
		if fault.CodeOf(err) != tt.code || end.Seq != tt.good {
			t.Errorf("%s: %+v %v", name, end, err)
		}
	}
}

func TestRecordIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	l := audit.New(slog.New(faultlog.NewHandler(&buf, nil)), audit.Options{Chained: true})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { chain(t, l, 50) })
	}
	wg.Wait()
	if end, err := audit.Verify(&buf, audit.Chain{}, nil); err != nil || end.Seq != 200 {
		t.Error(end, err)
	}
}

func FuzzVerify(f *testing.F) {
	var buf bytes.Buffer
	l := audit.New(slog.New(faultlog.NewHandler(&buf, nil)), audit.Options{Chained: true, Now: at})
	for range 2 {
		if err := l.Record(f.Context(), audit.Event{Action: audit.Login}); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(buf.Bytes())
	f.Add([]byte(`{"hash":"x","seq":1,"attrs":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		end, err := audit.Verify(bytes.NewReader(b), audit.Chain{}, nil)
		if err == nil && end.Seq > uint64(bytes.Count(b, []byte("\n"))+1) {
			t.Errorf("%+v", end)
		}
	})
}

func Example() {
	var file bytes.Buffer // usually faultlog.Logs.Audit
	log := audit.New(slog.New(faultlog.NewHandler(&file, nil)), audit.Options{Chained: true, Now: at})
	err := log.Record(context.Background(), audit.Event{Actor: "u-1", Action: audit.RoleChange, ResourceType: "user", ResourceID: "u-7", IP: "203.0.113.9"})
	if err != nil {
		fmt.Println("not recorded, so not done:", err)
		return
	}
	end, err := audit.Verify(&file, audit.Chain{}, nil)
	fmt.Println(end.Seq, err)
	// Output: 1 <nil>
}

func ExampleVerify() {
	var file bytes.Buffer
	log := audit.New(slog.New(faultlog.NewHandler(&file, nil)), audit.Options{Chained: true, Now: at})
	for _, a := range []audit.Action{audit.Login, audit.Delete, audit.Logout} {
		if err := log.Record(context.Background(), audit.Event{Action: a}); err != nil {
			panic(err)
		}
	}
	tampered := strings.Replace(file.String(), "resource.delete", "resource.create", 1)
	good, err := audit.Verify(strings.NewReader(tampered), audit.Chain{}, nil)
	fmt.Println("good up to", good.Seq, "then:", err)
	// Output: good up to 1 then: audit record changed
}
