package normalize_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seismohq/seismo/internal/normalize"
)

// A row says what becomes of one attribute. The wanted values are JSON by path, "" for an absent one.
type row struct {
	name string
	body string
	want map[string]string
}

func runRows(t *testing.T, in normalize.Input, rows []row) {
	t.Helper()
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			wantPaths(t, normalized(t, []byte(tt.body), in), tt.want)
		})
	}
}

func wantPaths(t *testing.T, result string, want map[string]string) {
	t.Helper()
	var root any
	d := json.NewDecoder(strings.NewReader(result))
	d.UseNumber()
	if err := d.Decode(&root); err != nil {
		t.Fatal(err)
	}
	for path, want := range want {
		if got := lookup(t, root, path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

// lookup follows a path such as "exception.0.type". A tag is found by its key: "tags.level", "request.headers.Cookie".
func lookup(t *testing.T, v any, path string) string {
	t.Helper()
	if path == "" {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(b))
	}
	name, rest, _ := strings.Cut(path, ".")
	switch x := v.(type) {
	case map[string]any:
		if inner, ok := x[name]; ok {
			return lookup(t, inner, rest)
		}
	case []any:
		if n, err := strconv.Atoi(name); err == nil && n < len(x) {
			return lookup(t, x[n], rest)
		}
		for _, el := range x {
			m, _ := el.(map[string]any)
			if m["key"] == path { // keys of tags may have dots
				return lookup(t, m["value"], "")
			}
			if m["name"] == name {
				return lookup(t, m["data"], rest)
			}
		}
	}
	return ""
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	in := input()
	runRows(t, in, []row{
		{"dashed and upper case", `{"event_id":"B6EC2F71-8EF3-4A5A-A0D7-F3F6E07F1111"}`, map[string]string{"event_id": `"b6ec2f718ef34a5aa0d7f3f6e07f1111"`, "errors": ""}},
		{"absent", `{}`, map[string]string{"event_id": `"fa11bacc000000000000000000000000"`, "errors": ""}},
		{"invalid is kept as a problem", `{"event_id":"abc"}`, map[string]string{
			"event_id": `"fa11bacc000000000000000000000000"`, "errors.0": `{"name":"event_id","type":"invalid_data","value":"abc"}`,
		}},
		{"zero is none", `{"event_id":"00000000000000000000000000000000"}`, map[string]string{"event_id": `"fa11bacc000000000000000000000000"`}},
	})
	in.EventID[0] = 1
	runRows(t, in, []row{{"the envelope's wins", `{"event_id":"b6ec2f718ef34a5aa0d7f3f6e07f1111"}`, map[string]string{"event_id": `"01000000000000000000000000000000"`}}})
	a, _ := normalize.Event([]byte(`{}`), normalize.Input{Received: received})
	b, _ := normalize.Event([]byte(`{}`), normalize.Input{Received: received})
	if a.ID.IsZero() || a.ID == b.ID {
		t.Errorf("without any id, ids are %v and %v", a.ID, b.ID)
	}
}

func TestLevelPlatformType(t *testing.T) {
	t.Parallel()
	var rows []row
	for sent, want := range map[string]string{
		`"fatal"`: "fatal", `"Critical"`: "fatal", `"error"`: "error", `"warn"`: "warning", `"warning"`: "warning", `"log"`: "info", `"info"`: "info",
		`"debug"`: "debug", `50`: "fatal", `40`: "error", `"30"`: "warning", `20`: "info", `10`: "debug", `"loud"`: "error", `15`: "error",
		`null`: "error", `""`: "error", `{}`: "error",
	} {
		rows = append(rows, row{"level " + sent, `{"level":` + sent + `}`, map[string]string{"level": `"` + want + `"`, "tags.level": `"` + want + `"`}})
	}
	rows = append(rows,
		row{"level of a transaction", `{"type":"transaction"}`, map[string]string{"level": `"info"`, "type": `"transaction"`}},
		row{"no platform", `{}`, map[string]string{"platform": `"other"`}},
		row{"unknown platform is kept", `{"platform":"crystal"}`, map[string]string{"platform": `"crystal"`}},
		row{"platform in capitals", `{"platform":" Python "}`, map[string]string{"platform": `"python"`}},
		row{"type by content", `{"type":"default","exception":{"type":"E"}}`, map[string]string{"type": `"error"`}},
		row{"no exception, no error", `{"type":"error","message":"x"}`, map[string]string{"type": `"default"`}},
		row{"feedback", `{"type":"feedback","contexts":{"feedback":{"message":"it broke\nbadly"}}}`, map[string]string{"type": `"feedback"`, "title": `"it broke"`, "level": `"info"`}},
	)
	runRows(t, input(), rows)
}

func TestNames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 300)
	runRows(t, input(), []row{
		{"transaction is trimmed", `{"transaction":"  /a "}`, map[string]string{"transaction": `"/a"`, "culprit": `"/a"`, "tags.transaction": `"/a"`}},
		{"empty transaction is none", `{"transaction":""}`, map[string]string{"transaction": "", "culprit": ""}},
		{"long transaction", `{"transaction":"` + long + `"}`, map[string]string{
			"transaction": `"` + long[:197] + `..."`, "remarks.0": `{"from":197,"kind":"s","length":300,"path":"transaction","rule":"!limit","to":200}`,
		}},
		{"logger without line ends", `{"logger":"a\r\nb"}`, map[string]string{"logger": `"ab"`}},
		{"long logger is cut at a word", `{"logger":"` + strings.Repeat("word ", 20) + `"}`, map[string]string{"logger": `"` + strings.TrimSpace(strings.Repeat("word ", 12)) + `..."`}},
		{"long logger is cut at a dot", `{"logger":"` + strings.Repeat("com.", 20) + `Example"}`, map[string]string{"logger": `"*` + strings.Repeat(".com", 13) + `.Example"`}},
		{"server name", `{"server_name":"web-1"}`, map[string]string{"server_name": `"web-1"`, "tags.server_name": `"web-1"`}},
		{"site is a tag", `{"site":"eu"}`, map[string]string{"tags.site": `"eu"`}},
		{"checksum", `{"checksum":"0123456789abcdef0123456789abcdef"}`, map[string]string{"checksum": `"0123456789abcdef0123456789abcdef"`}},
		{"culprit of old SDKs", `{"culprit":"app.views"}`, map[string]string{"culprit": `"app.views"`, "other": `{"culprit":"app.views"}`}},
		{"a better culprit", `{"culprit":"app.views","transaction":"/x"}`, map[string]string{"culprit": `"/x"`}},
		{"unknown attributes are kept", `{"spans":[{"op":"db"}],"x":1,"nothing":null,"x":2}`, map[string]string{"other": `{"spans":[{"op":"db"}],"x":2}`}},
		{"our own are set by us", `{"title":"x","received":1,"project":3,"metadata":{"a":1},"location":"l"}`, map[string]string{
			"title": `"<unlabeled event>"`, "project": "7", "other": "", "metadata": "", "location": "", "received": `"2026-11-20T10:00:00.123456Z"`,
		}},
		{"fingerprint of all kinds", `{"fingerprint":["a",1,true,null,{"x":1},2.50]}`, map[string]string{"fingerprint": `["a","1","True","2.50"]`, "errors.0.name": `"fingerprint"`}},
		{"bare fingerprint", `{"fingerprint":"a"}`, map[string]string{"fingerprint": `["a"]`}},
		{"empty fingerprint is none", `{"fingerprint":[]}`, map[string]string{"fingerprint": "", "errors": ""}},
		{"no fingerprint left", `{"fingerprint":[null,null]}`, map[string]string{"fingerprint": "", "errors": ""}},
		{"modules of a list", `{"modules":[{"name":"a","version":"1"},["b",2]]}`, map[string]string{"modules": `[{"key":"a","value":"1"},{"key":"b","value":"2"}]`}},
		{"empty list for a map", `{"extra":[],"tags":[],"modules":[],"contexts":[],"request":[],"user":[]}`, map[string]string{"extra": "", "modules": "", "contexts": "", "user": "", "errors": ""}},
		{"problems of the SDK", `{"errors":[{"type":"js_no_source","name":"x","value":"y"},null,7]}`, map[string]string{"errors": `[{"name":"x","type":"js_no_source","value":"y"},{"name":"errors","type":"invalid_data","value":"7"}]`}},
	})
}

func TestReleaseDistEnvironment(t *testing.T) {
	t.Parallel()
	runRows(t, input(), []row{
		{"numbers", `{"release":1.5,"dist":42}`, map[string]string{"release": `"1.5"`, "dist": `"42"`, "tags.release": `"1.5"`, "tags.dist": `"42"`}},
		{"trimmed", `{"release":" a@1 ","environment":" prod "}`, map[string]string{"release": `"a@1"`, "environment": `"prod"`}},
		{"slash", `{"release":"a/b"}`, map[string]string{"release": "", "errors.0": `{"name":"release","type":"invalid_data","value":"a/b"}`}},
		{"backslash, line end, dots", `{"release":"a\\b"}`, map[string]string{"release": ""}},
		{"line end", `{"release":"a\nb"}`, map[string]string{"release": ""}},
		{"dots", `{"release":".."}`, map[string]string{"release": ""}},
		{"too long is not cut", `{"release":"` + strings.Repeat("x", 201) + `"}`, map[string]string{"release": ""}},
		{"dist without release", `{"dist":"1"}`, map[string]string{"dist": "", "errors.0.name": `"dist"`}},
		{"bad dist", `{"release":"a","dist":"a b"}`, map[string]string{"dist": "", "release": `"a"`}},
		{"environment none", `{"environment":"None"}`, map[string]string{"environment": "", "errors.0.name": `"environment"`}},
		{"environment with slash", `{"environment":"a/b"}`, map[string]string{"environment": ""}},
		{"empty environment", `{"environment":""}`, map[string]string{"environment": "", "errors": ""}},
		{"by tags", `{"tags":{"environment":"prod","sentry:release":"a@1","dist":"7"}}`, map[string]string{
			"environment": `"prod"`, "release": `"a@1"`, "dist": `"7"`, "tags.environment": `"prod"`, "tags.sentry:release": "",
		}},
		{"the attribute wins over the tag", `{"release":"a","tags":{"release":"b"}}`, map[string]string{"release": `"a"`, "tags.release": `"a"`}},
	})
	in := input()
	in.Release, in.Environment = "header@1", "header"
	runRows(t, in, []row{
		{"by the item header", `{}`, map[string]string{"release": `"header@1"`, "environment": `"header"`}},
		{"the payload wins", `{"release":"a","environment":"b"}`, map[string]string{"release": `"a"`, "environment": `"b"`}},
	})
}

func TestTags(t *testing.T) {
	t.Parallel()
	many := make([]string, 150)
	for i := range many {
		many[i] = fmt.Sprintf(`["k%d",%d]`, i, i)
	}
	runRows(t, input(), []row{
		{"scalars", `{"tags":{"a":1,"b":true,"c":false,"d":1.50,"e":" x "}}`, map[string]string{"tags.a": `"1"`, "tags.b": `"True"`, "tags.c": `"False"`, "tags.d": `"1.50"`, "tags.e": `"x"`}},
		{"nothing", `{"tags":{"a":null,"b":"","c":" "}}`, map[string]string{"tags": `[{"key":"level","value":"error"}]`}},
		{"keys", `{"tags":{" my key ":"x","bad/key":"x","ключ":"x"}}`, map[string]string{"tags.my-key": `"x"`, "tags.bad/key": "", "errors.0.name": `"tags.bad/key"`, "errors.1.name": `"tags.ключ"`}},
		{"first of repeated", `{"tags":[["a","1"],["a","2"]]}`, map[string]string{"tags.a": `"1"`}},
		{"lines become one", `{"tags":{"a":"x\r\ny\nz"}}`, map[string]string{"tags.a": `"x y z"`}},
		{"long values", `{"tags":{"a":"` + strings.Repeat("x", 300) + `"}}`, map[string]string{"tags.a": `"` + strings.Repeat("x", 199) + `…"`, "remarks.0.path": `"tags.a"`}},
		{"names that are not tags", `{"tags":{"user":"x","filename":"x","function":"x"}}`, map[string]string{"tags": `[{"key":"level","value":"error"}]`}},
		{"explicit ones stay", `{"level":"info","tags":{"level":"loud"}}`, map[string]string{"tags": `[{"key":"level","value":"loud"}]`}},
		{"too many", `{"logger":"l","tags":[` + strings.Join(many, ",") + `]}`, map[string]string{"tags.97.key": `"k97"`, "tags.98.key": `"level"`, "tags.99.key": `"logger"`, "tags.100": ""}},
		{
			"derived", `{"platform":"javascript","user":{"id":7},"request":{"url":"https://x.example/a?b=c"},"exception":[{"type":"E","mechanism":{"type":"onerror","handled":false}}],
			"contexts":{"browser":{"name":"Firefox","version":"126.0"},"os":{"name":"Android","version":"14","rooted":true},"server-os":{"type":"os","name":"Linux"},"runtime":{"name":"node","version":"20"},
			"device":{"model":"Pixel 8","family":"Pixel","processor_frequency":2900,"processor_count":9,"memory_size":8000000000},"gpu":{"name":"Mali"},"app":{"device_app_hash":"h"},
			"trace":{"trace_id":"771A43A4-1928-42F0-B1D5-A7B8B5F6A6E1","span_id":"ABCDEF0123456789"},"replay":{"replay_id":"r"}}}`,
			map[string]string{
				"tags.browser": `"Firefox 126.0"`, "tags.browser.name": `"Firefox"`, "tags.os": `"Android 14"`, "tags.os.rooted": `"yes"`, "tags.server-os": `"Linux"`, "tags.server-os.name": `"Linux"`,
				"tags.runtime": `"node 20"`, "tags.device": `"Pixel 8"`, "tags.device.family": `"Pixel"`, "tags.device.class": `"high"`, "tags.gpu.name": `"Mali"`, "tags.app.device": `"h"`,
				"tags.trace": `"771a43a4192842f0b1d5a7b8b5f6a6e1"`, "tags.trace.span": `"abcdef0123456789"`, "tags.replayId": `"r"`, "tags.user": `"id:7"`, "tags.url": `"https://x.example/a"`,
				"tags.handled": `"no"`, "tags.mechanism": `"onerror"`,
			},
		},
		{"handled", `{"exception":[{"type":"E","mechanism":{"handled":true}},{"type":"F","mechanism":{"type":"x"}}]}`, map[string]string{"tags.handled": `"yes"`, "tags.mechanism": `"x"`}},
		{"handled unknown", `{"exception":[{"type":"E","mechanism":{"handled":null}}]}`, map[string]string{"tags.handled": ""}},
	})
}

func TestClock(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) string { return received.Add(d).Format(`"2006-01-02T15:04:05.000000Z"`) }
	body := func(d, crumb time.Duration) string {
		return `{"timestamp":` + at(d) + `,"breadcrumbs":[{"message":"a","timestamp":` + at(crumb) + `},{"message":"b"}]}`
	}
	in := input()
	runRows(t, in, []row{
		{"just now", body(-time.Second, -time.Minute), map[string]string{"timestamp": at(-time.Second), "breadcrumbs.0.timestamp": at(-time.Minute), "errors": ""}},
		{"none", `{}`, map[string]string{"timestamp": at(0), "errors": ""}},
		{"a little ahead", body(50*time.Second, 0), map[string]string{"timestamp": at(50 * time.Second), "errors": ""}},
		{"in the future", body(2*time.Hour, time.Hour), map[string]string{"timestamp": at(0), "breadcrumbs.0.timestamp": at(-time.Hour), "breadcrumbs.1.timestamp": "", "errors.0.type": `"future_timestamp"`}},
		{"29 days ago", body(-29*24*time.Hour, 0), map[string]string{"timestamp": at(-29 * 24 * time.Hour), "errors": ""}},
		{"too long ago", body(-31*24*time.Hour, -31*24*time.Hour-time.Minute), map[string]string{"timestamp": at(0), "breadcrumbs.0.timestamp": at(-time.Minute), "errors.0.type": `"past_timestamp"`}},
		{"unreadable", `{"timestamp":"soon"}`, map[string]string{"timestamp": at(0), "errors.0": `{"name":"timestamp","type":"invalid_data","value":"soon"}`}},
	})
	in.SentAt = received.Add(-3 * time.Hour) // the sender's clock is three hours behind
	runRows(t, in, []row{
		{"drift", body(-3*time.Hour-time.Second, -3*time.Hour-time.Minute), map[string]string{"timestamp": at(-time.Second), "breadcrumbs.0.timestamp": at(-time.Minute), "errors.0.type": `"clock_drift"`}},
	})
	in.SentAt = received.Add(-50 * time.Minute)
	runRows(t, in, []row{{"no drift", body(-time.Hour, 0), map[string]string{"timestamp": at(-time.Hour), "errors": ""}}})
}

func TestMessage(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 9000)
	runRows(t, input(), []row{
		{"text", `{"message":"hello\nworld"}`, map[string]string{"logentry": `{"formatted":"hello\nworld"}`, "title": `"hello"`}},
		{"logentry as text", `{"logentry":"hello"}`, map[string]string{"logentry": `{"formatted":"hello"}`}},
		{"object under message", `{"message":{"message":"a %s","params":["b"]}}`, map[string]string{"logentry": `{"formatted":"a b","message":"a %s","params":["b"]}`}},
		{"list of texts", `{"message":["a",1,{"b":2}]}`, map[string]string{"logentry.formatted": `"a 1 {\"b\":2}"`}},
		{"unknown object", `{"message":{"code":5}}`, map[string]string{"logentry.formatted": `"{\"code\":5}"`}},
		{"both, formatted beside", `{"logentry":{"message":"a %s"},"message":"a b"}`, map[string]string{"logentry": `{"formatted":"a b","message":"a %s"}`}},
		{"equal", `{"logentry":{"message":"a","formatted":"a"}}`, map[string]string{"logentry": `{"formatted":"a"}`}},
		{"percent", `{"logentry":{"message":"%s %d %5.2f %% %r %x","params":["a",1,2.5,"r",255]}}`, map[string]string{"logentry.formatted": `"a 1 2.5 % r 255"`}},
		{"percent names", `{"logentry":{"message":"%(a)s and %(b)d","params":{"a":"x","b":2}}}`, map[string]string{"logentry.formatted": `"x and 2"`}},
		{"percent missing", `{"logentry":{"message":"%s %s","params":["a"]}}`, map[string]string{"logentry": `{"formatted":"%s %s","params":["a"]}`}},
		{"no verb", `{"logentry":{"message":"100% sure","params":["a"]}}`, map[string]string{"logentry.formatted": `"100% sure"`}},
		{"braces", `{"logentry":{"message":"{} {} {{x}}","params":["a",{"b":null}]}}`, map[string]string{"logentry.formatted": `"a {\"b\":null} {x}"`}},
		{"braces numbered", `{"logentry":{"message":"{1} {0}","params":["a","b"]}}`, map[string]string{"logentry.formatted": `"b a"`}},
		{"braces named", `{"logentry":{"message":"{user} {@n:000} {m,5}","params":{"user":"u","n":1,"m":2}}}`, map[string]string{"logentry.formatted": `"u 1 2"`}},
		{"braces named, list", `{"logentry":{"message":"{User} did {What}","params":["u","w"]}}`, map[string]string{"logentry.formatted": `"u did w"`}},
		{"braces missing", `{"logentry":{"message":"{a} {b}","params":{"a":1}}}`, map[string]string{"logentry.formatted": `"{a} {b}"`}},
		{"no parameters", `{"logentry":{"message":"{a} %s"}}`, map[string]string{"logentry": `{"formatted":"{a} %s"}`}},
		{"long", `{"message":"` + long + `"}`, map[string]string{"logentry.formatted": `"` + long[:8189] + `..."`, "remarks.0.path": `"logentry.formatted"`, "remarks.0.length": "9000"}},
		{"nothing", `{"logentry":{"message":"","params":[]},"message":""}`, map[string]string{"logentry": ""}},
	})
}

func TestUser(t *testing.T) {
	t.Parallel()
	in := input()
	runRows(t, in, []row{
		{"number as id", `{"user":{"id":42}}`, map[string]string{"user": `{"id":"42"}`, "tags.user": `"id:42"`}},
		{"true as id", `{"user":{"id":true,"email":["a"]}}`, map[string]string{"user": `{"id":"true"}`, "errors.0.name": `"user.email"`}},
		{"empty", `{"user":{}}`, map[string]string{"user": "", "errors": ""}},
		{"empty texts", `{"user":{"id":"","email":null,"data":{}}}`, map[string]string{"user": ""}},
		{"others are data", `{"user":{"id":1,"plan":"pro","data":{"a":1,"plan":"free"}}}`, map[string]string{"user": `{"data":{"a":1,"plan":"pro"},"id":"1"}`}},
		{"geo", `{"user":{"geo":{"country_code":"NL"}}}`, map[string]string{"user": `{"geo":{"country_code":"NL"}}`}},
		{"auto", `{"user":{"ip_address":"{{auto}}"}}`, map[string]string{"user": `{"ip_address":"198.51.100.7"}`, "tags.user": `"ip:198.51.100.7"`}},
		{"invalid address", `{"user":{"ip_address":"n/a","id":1}}`, map[string]string{"user": `{"id":"1"}`, "errors.0.name": `"user.ip_address"`}},
		{"mapped address", `{"user":{"ip_address":"::FFFF:1.2.3.4"}}`, map[string]string{"user.ip_address": `"1.2.3.4"`}},
		{"address with port", `{"user":{"ip_address":"[2001:DB8::1]:80"}}`, map[string]string{"user.ip_address": `"2001:db8::1"`}},
		{"sentry-cli", `{"user":{"username":"u","ip":"1.2.3.4"}}`, map[string]string{"user": `{"ip_address":"1.2.3.4","username":"u"}`}},
		{"by REMOTE_ADDR", `{"request":{"env":{"REMOTE_ADDR":"1.2.3.4"}}}`, map[string]string{"user.ip_address": `"1.2.3.4"`}},
		{"auto in REMOTE_ADDR", `{"request":{"env":{"REMOTE_ADDR":"{{auto}}"}}}`, map[string]string{"user.ip_address": `"198.51.100.7"`, "request.env.REMOTE_ADDR": `"198.51.100.7"`}},
		{"browser", `{"platform":"javascript"}`, map[string]string{"user.ip_address": `"198.51.100.7"`}},
		{"browser, never", `{"platform":"javascript","sdk":{"name":"x","settings":{"infer_ip":"never"}}}`, map[string]string{"user": ""}},
		{"never wins over auto", `{"user":{"id":1,"ip_address":"{{auto}}"},"sdk":{"settings":{"infer_ip":"never"}}}`, map[string]string{"user": `{"id":"1"}`}},
		{"only auto, never", `{"user":{"ip_address":"{{auto}}"},"sdk":{"settings":{"infer_ip":"never"}}}`, map[string]string{"user": ""}},
		{"server", `{"platform":"python","user":{"id":1}}`, map[string]string{"user": `{"id":"1"}`}},
		{"server, auto setting", `{"platform":"python","sdk":{"settings":{"infer_ip":"auto"}}}`, map[string]string{"user.ip_address": `"198.51.100.7"`}},
	})
	in.ClientIP = netip.Addr{}
	runRows(t, in, []row{{"auto without address", `{"user":{"ip_address":"{{auto}}"}}`, map[string]string{"user": ""}}})
}

func TestRequest(t *testing.T) {
	t.Parallel()
	in := input()
	runRows(t, in, []row{
		{"url is taken apart", `{"request":{"url":"https://x/a?b=c%20d&e&f=g+h#frag"}}`, map[string]string{
			"request.url": `"https://x/a"`, "request.query_string": `[{"key":"b","value":"c d"},{"key":"e","value":""},{"key":"f","value":"g h"}]`, "request.fragment": `"frag"`,
		}},
		{"own query wins", `{"request":{"url":"https://x/a?b=c","query_string":"x=y"}}`, map[string]string{"request.url": `"https://x/a"`, "request.query_string": `[{"key":"x","value":"y"}]`}},
		{"query as map", `{"request":{"query_string":{"a":["1","2"],"b":3}}}`, map[string]string{"request.query_string": `[{"key":"a","value":"1"},{"key":"a","value":"2"},{"key":"b","value":"3"}]`}},
		{"query with question mark", `{"request":{"query_string":"?a=%zz"}}`, map[string]string{"request.query_string": `[{"key":"a","value":"%zz"}]`}},
		{"cut url", `{"request":{"url":"https://x/a…"}}`, map[string]string{"request.url": `"https://x/a..."`}},
		{"method", `{"request":{"method":"post"}}`, map[string]string{"request.method": `"POST"`}},
		{"bad method", `{"request":{"url":"x","method":"G3T"}}`, map[string]string{"request.method": "", "errors.0.name": `"request.method"`}},
		{"headers", `{"request":{"headers":{"content-TYPE":["a","b"],"x-n":7,"":"x"}}}`, map[string]string{"request.headers": `[{"key":"Content-Type","value":"a,b"},{"key":"X-N","value":"7"}]`}},
		{"cookie header", `{"request":{"headers":[["cookie","a=b; c=d=e"],["Accept","x"]]}}`, map[string]string{
			"request.headers": `[{"key":"Accept","value":"x"}]`, "request.cookies": `[{"key":"a","value":"b"},{"key":"c","value":"d=e"}]`,
		}},
		{"cookies stand", `{"request":{"headers":{"Cookie":"a=b"},"cookies":{"x":"y"}}}`, map[string]string{"request.headers": "", "request.cookies": `[{"key":"x","value":"y"}]`}},
		{"body of JSON", `{"request":{"data":" {\"a\":[1]} "}}`, map[string]string{"request.data": `{"a":[1]}`, "request.inferred_content_type": `"application/json"`}},
		{"body of a form", `{"request":{"data":"a=1&b=x%20y&a=2"}}`, map[string]string{"request.data": `{"a":["1","2"],"b":"x y"}`, "request.inferred_content_type": `"application/x-www-form-urlencoded"`}},
		{"body of text", `{"request":{"data":"hello = world"}}`, map[string]string{"request.data": `"hello = world"`, "request.inferred_content_type": ""}},
		{"body of base64", `{"request":{"data":"aGVsbG8="}}`, map[string]string{"request.data": `"aGVsbG8="`}},
		{"body says it is text", `{"request":{"headers":{"Content-Type":"text/plain"},"data":"{\"a\":1}"}}`, map[string]string{"request.data": `"{\"a\":1}"`}},
		{"body of broken JSON", `{"request":{"data":"{\"a\":"}}`, map[string]string{"request.data": `"{\"a\":"`}},
		{"long body of a form", `{"request":{"data":"` + strings.Repeat("name=value&", 2000) + `"}}`, map[string]string{"request.data.name.0": `"value"`, "remarks.1.path": `"request.data"`}},
		{"long body of JSON", `{"request":{"data":"[` + strings.Repeat("12345,", 5000) + `1]"}}`, map[string]string{"request.data.0": "12345", "remarks.0.note": `"kept 2731 of 5001"`}},
		{"long body of text", `{"request":{"data":"` + strings.Repeat("x ", 10000) + `"}}`, map[string]string{"remarks.0.path": `"request.data"`, "remarks.0.length": "20000"}},
		{"body as sent", `{"request":{"data":{"a":{"b":null}}}}`, map[string]string{"request.data": `{"a":{"b":null}}`}},
		{"the rest", `{"request":{"body_size":"12","api_target":"graphql","fragment":"f","env":[["A","b"]]}}`, map[string]string{"request": `{"api_target":"graphql","body_size":12,"env":{"A":"b"},"fragment":"f"}`}},
		{"no object", `{"request":"GET /"}`, map[string]string{"request": "", "errors.0": `{"name":"request","type":"invalid_data","value":"GET /"}`}},
		{"agent of a browser", `{"platform":"javascript"}`, map[string]string{"request.headers.User-Agent": `"Mozilla/5.0 (X11; Linux x86_64) Test/1.0"`}},
		{"agent of its own", `{"platform":"javascript","request":{"headers":{"user-agent":"own"}}}`, map[string]string{"request.headers": `[{"key":"User-Agent","value":"own"}]`}},
		{"long header", `{"request":{"headers":{"A":"` + strings.Repeat("x", 20000) + `","B":"y"}}}`, map[string]string{"remarks.0.path": `"request.headers.A"`, "remarks.1.path": `"request.headers"`, "request.headers.B": ""}},
	})
}

func TestContextsAndSDK(t *testing.T) {
	t.Parallel()
	runRows(t, input(), []row{
		{"type", `{"contexts":{"x":{"type":"os","name":"n"},"os":{"name":"m"},"none":null,"empty":{}}}`, map[string]string{
			"contexts": `[{"data":{"name":"n"},"name":"x","type":"os"},{"data":{"name":"m"},"name":"os","type":"os"}]`,
		}},
		{"bare value", `{"contexts":{"x":"y","z":[1]}}`, map[string]string{"contexts.x": `{"value":"y"}`, "contexts.z": `{"0":1}`}},
		{"too deep", `{"contexts":{"x":{"a":{"b":{"c":{"d":{"e":{"f":1}}}}}}}}`, map[string]string{"contexts.x": `{"a":{"b":{"c":{"d":{"e":"{\"f\":1}"}}}}}`}},
		{"runtime by description", `{"contexts":{"runtime":{"raw_description":".NET Framework 4.8.4250.0"}}}`, map[string]string{"contexts.runtime.name": `".NET Framework"`, "contexts.runtime.version": `"4.8.4250.0"`, "tags.runtime": `".NET Framework 4.8.4250.0"`}},
		{"CPython", `{"contexts":{"runtime":{"raw_description":"CPython 3.9.1 (main)"}}}`, map[string]string{"contexts.runtime.name": `"CPython"`, "contexts.runtime.version": `"3.9.1"`}},
		{"Darwin", `{"contexts":{"os":{"raw_description":"Darwin Kernel Version 17.4.0: Sun Dec 17"}}}`, map[string]string{"contexts.os.name": `"Darwin"`, "contexts.os.version": `"17.4.0"`}},
		{"Linux", `{"contexts":{"os":{"raw_description":"Linux 5.4.0-42-generic #46-Ubuntu SMP"}}}`, map[string]string{"contexts.os.name": `"Linux"`, "contexts.os.version": `"5.4.0"`}},
		{"Windows", `{"contexts":{"os":{"raw_description":"Microsoft Windows 10.0.19041"}}}`, map[string]string{"contexts.os.name": `"Windows"`, "contexts.os.version": `"10.0.19041"`}},
		{"Unity", `{"contexts":{"os":{"raw_description":"Android OS 9 / API-28 (PQ3B.1)"}}}`, map[string]string{"contexts.os.name": `"Android"`, "contexts.os.version": `"9"`}},
		{"name stands", `{"contexts":{"os":{"name":"x","version":"1","raw_description":"Linux 5"}}}`, map[string]string{"contexts.os.name": `"x"`, "contexts.os.version": `"1"`}},
		{"sdk text", `{"sdk":"raven-java/8.0"}`, map[string]string{"sdk": `{"name":"raven-java","version":"8.0"}`}},
		{"sdk empty", `{"sdk":{}}`, map[string]string{"sdk": ""}},
		{"sdk whole", `{"sdk":{"name":"n","version":1,"integrations":["a",{"x":1},"b"],"packages":{"p":"1"},"features":["f"],"settings":{"infer_ip":"auto"}}}`, map[string]string{
			"sdk": `{"features":["f"],"infer_ip":"auto","integrations":["a","b"],"name":"n","packages":[{"key":"p","value":"1"}],"version":"1"}`, "errors.0.name": `"sdk.integrations"`,
		}},
		{"one package", `{"sdk":{"name":"n","packages":{"name":"p","version":"1"}}}`, map[string]string{"sdk.packages": `[{"key":"p","value":"1"}]`}},
		{"images", `{"debug_meta":{"sdk_info":{"sdk_name":"iOS"},"images":[{"type":"apple","uuid":"494F3ACA-2DFC-3C65-9F15-C6E8ED7E6EB2","image_addr":4096},null,
			{"type":"pe","debug_id":"494f3aca2dfc3c659f15c6e8ed7e6eb20A","image_addr":"0XAB"},{"type":"sourcemap","code_file":"https://x/a.js","debug_id":"9B7990F8-1f25-571a-a422-03bea91eb8ab"},{"type":"proguard","uuid":"keep"}]}}`, map[string]string{
			"debug_images.0": `{"debug_id":"494f3aca-2dfc-3c65-9f15-c6e8ed7e6eb2","image_addr":"0x1000","type":"macho"}`,
			"debug_images.1": `{}`, "debug_images.2": `{"debug_id":"494f3aca-2dfc-3c65-9f15-c6e8ed7e6eb2-a","image_addr":"0xab","type":"pe"}`,
			"debug_images.3": `{"code_file":"https://x/a.js","debug_id":"9b7990f8-1f25-571a-a422-03bea91eb8ab","type":"sourcemap"}`,
			"debug_images.4": `{"type":"proguard","uuid":"keep"}`, "debug_images.5": "", "other": `{"sdk_info":{"sdk_name":"iOS"}}`,
		}},
	})
	in := input()
	in.SDKName, in.SDKVersion = "sentry.python", "2"
	runRows(t, in, []row{
		{"sdk of the envelope", `{"sdk":{}}`, map[string]string{"sdk": `{"name":"sentry.python","version":"2"}`}},
		{"sdk of the event", `{"sdk":{"name":"x"}}`, map[string]string{"sdk": `{"name":"x"}`}},
	})
}

func TestBreadcrumbs(t *testing.T) {
	t.Parallel()
	many := make([]string, 130)
	for i := range many {
		many[i] = fmt.Sprintf(`{"message":"m%d"}`, i)
	}
	runRows(t, input(), []row{
		{"defaults", `{"breadcrumbs":{"values":[{"message":"a","level":"loud"},{"type":"http","level":"warn","data":{"url":"u"}}]}}`, map[string]string{
			"breadcrumbs": `[{"level":"info","message":"a","type":"default"},{"data":{"url":"u"},"level":"warning","type":"http"}]`, "errors.0.name": `"breadcrumbs.0.level"`,
		}},
		{"data of other types", `{"breadcrumbs":[{"data":"text"},{"data":["a"]}]}`, map[string]string{"breadcrumbs.0.data": `{"value":"text"}`, "breadcrumbs.1.data": `{"0":"a"}`}},
		{"sorted, those without time stay", `{"timestamp":"2026-11-20T10:00:00Z","breadcrumbs":[{"message":"c","timestamp":"2026-11-20T09:03:00Z"},{"message":"x"},{"message":"a","timestamp":"2026-11-20T09:01:00Z"},{"message":"a2","timestamp":"2026-11-20T09:01:00Z"},{"message":"b","timestamp":"2026-11-20T09:02:00Z"}]}`, map[string]string{
			"breadcrumbs.0.message": `"a"`, "breadcrumbs.1.message": `"x"`, "breadcrumbs.2.message": `"a2"`, "breadcrumbs.3.message": `"b"`, "breadcrumbs.4.message": `"c"`,
		}},
		{"the last hundred", `{"breadcrumbs":[` + strings.Join(many, ",") + `]}`, map[string]string{"breadcrumbs.0.message": `"m30"`, "breadcrumbs.99.message": `"m129"`, "remarks.0.note": `"kept 100 of 130"`}},
		{"bad ones", `{"breadcrumbs":[null,7,{},{"message":"a"}]}`, map[string]string{"breadcrumbs": `[{"level":"info","message":"a","type":"default"}]`, "errors.0.value": `"7"`}},
	})
}

func TestMeta(t *testing.T) {
	t.Parallel()
	runRows(t, input(), []row{
		{"remarks", `{"_meta":{"exception":{"values":{"0":{"value":{"":{"len":300,"rem":[["@ip","s",3,9],["!limit"]]}}}}},"extra":{"a":{"":{"err":["missing",["too_large",{"limit":3}]]}},"b":{"":{"len":9}}}}}`, map[string]string{
			"remarks": `[{"from":3,"kind":"s","length":300,"path":"exception.0.value","rule":"@ip","to":9},{"kind":"a","length":300,"path":"exception.0.value","rule":"!limit"},{"kind":"s","length":9,"path":"extra.b","rule":"!limit"}]`,
			"errors":  `[{"name":"extra.a","type":"missing"},{"name":"extra.a","type":"too_large"}]`,
		}},
		{"nonsense", `{"_meta":{"":7,"a":[1],"b":{"":{"rem":[7,[],[["x"]],["@r","substituted",-1,"x"]],"len":-5}}}}`, map[string]string{
			"remarks": `[{"kind":"a","path":"b","rule":"x"},{"kind":"a","path":"b","rule":"@r"}]`,
		}},
	})
}
