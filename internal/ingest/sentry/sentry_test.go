package sentry_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/envelope"
	"github.com/seismohq/seismo/internal/ingest"
	"github.com/seismohq/seismo/internal/ingest/ingesttest"
	"github.com/seismohq/seismo/internal/ingest/sentry"
	"github.com/seismohq/seismo/internal/outcome"
	"github.com/seismohq/seismo/internal/project"
	"github.com/seismohq/seismo/internal/queue"
)

const (
	key   = "0123456789abcdef0123456789abcdef"
	other = "feedfeedfeedfeedfeedfeedfeedfeed" // of project 8
	off   = "0ff0ff0ff0ff0ff0ff0ff0ff0ff0ff0f"
	id    = "12c2d058d58442709aa2eca08bf20986"
	auth  = "Sentry sentry_version=7, sentry_client=sentry.python/2.68.0, sentry_key=" + key
	env   = "{\"event_id\":\"" + id + "\"}\n{\"type\":\"event\"}\n{\"message\":\"a\"}\n"
)

// site is a door with its routes behind a real HTTP server.
type site struct {
	*httptest.Server
	queue *ingesttest.Queue
	door  *ingest.Door
}

func open(t testing.TB, o ingest.Options, so sentry.Options) *site {
	t.Helper()
	return openQueue(t, &ingesttest.Queue{}, o, so)
}

func openQueue(t testing.TB, q *ingesttest.Queue, o ingest.Options, so sentry.Options) *site {
	t.Helper()
	keys := ingesttest.NewKeys(
		project.Key{ID: 1, Project: 7, Org: 3, Public: key, Enabled: true},
		project.Key{ID: 2, Project: 8, Org: 3, Public: other, Enabled: true},
		project.Key{ID: 3, Project: 7, Org: 3, Public: off},
	)
	door := ingest.New(q, keys, o)
	s := &site{httptest.NewServer(sentry.New(door, so)), q, door}
	t.Cleanup(s.Close)
	return s
}

// settle lets a door publish what it has counted.
func settle(t *testing.T, door *ingest.Door) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := door.Run(ctx); err != nil {
		t.Fatal(err)
	}
}

// call is one request; the zero value posts nothing to the envelope route with good credentials.
type call struct {
	method string // "": POST
	path   string // "": /api/7/envelope/
	auth   string // value of X-Sentry-Auth; "": good, "-": none
	header map[string]string
	body   string
	stream bool // without Content-Length
}

type answer struct {
	status int
	header http.Header
	body   string
	proto  string
}

func (s *site) do(t testing.TB, c call) answer {
	t.Helper()
	var body io.Reader = strings.NewReader(c.body)
	if c.stream {
		body = io.MultiReader(body)
	}
	if c.method == "" {
		c.method = http.MethodPost
	}
	if c.path == "" {
		c.path = "/api/7/envelope/"
	}
	req, err := http.NewRequestWithContext(t.Context(), c.method, s.URL+c.path, body)
	if err != nil {
		t.Fatal(err)
	}
	switch c.auth {
	case "-":
	case "":
		req.Header.Set("X-Sentry-Auth", auth)
	default:
		req.Header.Set("X-Sentry-Auth", c.auth)
	}
	for k, v := range c.header {
		req.Header.Set(k, v)
	}
	client := *s.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(got), resp.Proto}
}

// checkCORS holds an answer to what every ingest answer must have, or scripts cannot read it.
func checkCORS(t *testing.T, a answer) {
	t.Helper()
	if got := a.header.Get("Access-Control-Allow-Origin"); got != "*" {
		t.Errorf("Access-Control-Allow-Origin is %q on status %d", got, a.status)
	}
	if got := a.header.Get("Access-Control-Expose-Headers"); got != "x-sentry-error, x-sentry-rate-limits, retry-after" {
		t.Errorf("Access-Control-Expose-Headers is %q on status %d", got, a.status)
	}
}

// checkError holds an error to its shape.
func checkError(t *testing.T, a answer) {
	t.Helper()
	checkCORS(t, a)
	var body struct {
		Detail string
		Causes []string
	}
	if err := json.Unmarshal([]byte(a.body), &body); err != nil || body.Detail == "" || body.Causes == nil {
		t.Errorf("error body is %q", a.body)
	}
	if a.header.Get("X-Sentry-Error") == "" {
		t.Error("X-Sentry-Error is missing")
	}
	if a.header.Get("Content-Type") != "application/json" {
		t.Errorf("Content-Type of an error is %q", a.header.Get("Content-Type"))
	}
}

func TestAuth(t *testing.T) {
	t.Parallel()
	s := open(t, ingest.Options{}, sentry.Options{})
	withDSN := func(dsn string) string {
		return `{"event_id":"` + id + `","dsn":"` + dsn + "\"}\n{\"type\":\"event\"}\n{}\n"
	}
	h := func(k, v string) map[string]string { return map[string]string{k: v} }
	tests := map[string]struct {
		call
		want int
	}{
		"header":                         {call{}, 200},
		"header without scheme":          {call{auth: "sentry_key=" + key + ",sentry_version=7"}, 200},
		"header in lower case":           {call{auth: "sentry sentry_key=" + key}, 200},
		"header, many blanks":            {call{auth: "  SENTRY   sentry_version = 7 ,sentry_key = " + key + " , "}, 200},
		"header, unknown keys":           {call{auth: auth + ", sentry_timestamp=1, sentry_secret=x, colour=red, ,="}, 200},
		"header, percent-encoded":        {call{auth: "Sentry sentry_key=%30" + key[1:] + ", sentry_client=a%2Fb"}, 200},
		"header, quoted":                 {call{auth: `Sentry sentry_key="` + key + `"`}, 200},
		"version 2":                      {call{auth: "Sentry sentry_version=2.0, sentry_key=" + key}, 200},
		"version that is no number":      {call{auth: "Sentry sentry_version=seven, sentry_key=" + key}, 200},
		"version 1":                      {call{auth: "Sentry sentry_version=1, sentry_key=" + key}, 401},
		"version 8":                      {call{auth: "Sentry sentry_version=8, sentry_key=" + key}, 401},
		"authorization":                  {call{auth: "-", header: h("Authorization", auth)}, 200},
		"bearer beside it":               {call{header: h("Authorization", "Bearer abc")}, 200},
		"only bearer":                    {call{auth: "-", header: h("Authorization", "Bearer "+key)}, 401},
		"query":                          {call{auth: "-", path: "/api/7/envelope/?sentry_version=7&sentry_client=a&sentry_key=" + key}, 200},
		"query and header agree":         {call{path: "/api/7/envelope/?sentry_key=" + key}, 200},
		"query and header differ":        {call{path: "/api/7/envelope/?sentry_key=" + other}, 401},
		"two headers differ":             {call{header: h("Authorization", "Sentry sentry_key="+other)}, 401},
		"dsn":                            {call{auth: "-", body: withDSN("https://" + key + "@host.example:8443/prefix/7")}, 200},
		"dsn with secret, slash, query":  {call{auth: "-", body: withDSN("https://" + key + ":secret@host/7/?a=b")}, 200},
		"dsn and header agree":           {call{body: withDSN("https://" + key + "@other.example/7")}, 200},
		"dsn and header differ in key":   {call{body: withDSN("https://" + other + "@host/7")}, 401},
		"dsn and path differ in project": {call{body: withDSN("https://" + key + "@host/8")}, 403},
		"dsn of another project":         {call{auth: "-", body: withDSN("https://" + other + "@host/8")}, 403},
		"dsn that is none":               {call{auth: "-", body: withDSN("https://host/7")}, 401},
		"dsn that is none, and a header": {call{body: withDSN("https://host/7")}, 200},
		"tunnel":                         {call{auth: "-", path: "/api/7/tunnel", body: withDSN("https://" + key + "@host/7")}, 200},
		"tunnel without dsn":             {call{auth: "-", path: "/api/7/tunnel", body: env}, 401},
		"none":                           {call{auth: "-"}, 401},
		"none on store":                  {call{auth: "-", path: "/api/7/store/", body: "{}"}, 401},
		"malformed key":                  {call{auth: "Sentry sentry_key=a b"}, 401},
		"empty key":                      {call{auth: "Sentry sentry_key="}, 401},
		"unknown key":                    {call{auth: "Sentry sentry_key=beef"}, 403},
		"disabled key":                   {call{auth: "Sentry sentry_key=" + off}, 403},
		"key of another project":         {call{auth: "Sentry sentry_key=" + other}, 403},
		"unknown project":                {call{path: "/api/99/envelope/"}, 403},
		"project is no number":           {call{path: "/api/shop/envelope/"}, 403},
		"project is too long a number":   {call{path: "/api/99999999999999999999/envelope/"}, 403},
		"project from the key":           {call{path: "/api/store/", body: "{}"}, 200},
		"unreal, key in the path":        {call{auth: "-", path: "/api/7/unreal/" + key + "/", body: "crash"}, 200},
		"unreal, keys differ":            {call{path: "/api/7/unreal/" + other + "/", body: "crash"}, 401},
		"cron, key in the path":          {call{auth: "-", path: "/api/7/cron/nightly/" + key + "/?status=ok"}, 202},
		"cron, key in the query":         {call{auth: "-", path: "/api/7/cron/nightly/?status=ok&sentry_key=" + key}, 202},
		"cron, no key":                   {call{auth: "-", path: "/api/7/cron/nightly/?status=ok"}, 401},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.body == "" {
				tt.body = env
			}
			if strings.Contains(tt.path, "/cron/") {
				tt.body = ""
			}
			got := s.do(t, tt.call)
			if got.status != tt.want {
				t.Errorf("status %d, want %d: %s", got.status, tt.want, got.body)
			}
			checkCORS(t, got)
			if tt.want >= 400 {
				checkError(t, got)
			}
		})
	}
}

func crashForm(t *testing.T) (contentType, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("upload_file_minidump", "a.dmp")
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(part, "MDMPabc")
	if err := errors.Join(err, w.WriteField("sentry", `{"event_id":"`+id+`"}`), w.Close()); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.String()
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	s := open(t, ingest.Options{}, sentry.Options{})
	formType, form := crashForm(t)
	ct := func(v string) map[string]string { return map[string]string{"Content-Type": v} }
	const dashed = "12c2d058-d584-4270-9aa2-eca08bf20986"
	event := `{"event_id":"` + id + `","message":"a"}`
	tests := map[string]struct {
		call
		status   int
		mimeType string // of the answer
		body     string // "?": 36 or 32 digits that nobody knows before
	}{
		"envelope":              {call{path: "/api/7/envelope/", body: env}, 200, "application/json", `{"id":"` + id + `"}`},
		"envelope without id":   {call{path: "/api/7/envelope/", body: "{}\n{\"type\":\"session\"}\n{}"}, 200, "application/json", `{}`},
		"envelope, no items":    {call{path: "/api/7/envelope/", body: "{}\n"}, 200, "application/json", `{}`},
		"envelope, unknown":     {call{path: "/api/7/envelope/", body: "{}\n{\"type\":\"hologram\",\"length\":2}\n\xff\x00\n"}, 200, "application/json", `{}`},
		"tunnel":                {call{path: "/api/7/tunnel", body: env}, 200, "application/json", `{"id":"` + id + `"}`},
		"store":                 {call{path: "/api/7/store/", body: event}, 200, "application/json", `{"id":"` + id + `"}`},
		"store without id":      {call{path: "/api/7/store/", body: "{}"}, 200, "application/json", "?"},
		"store without project": {call{path: "/api/store/", body: event}, 200, "application/json", `{"id":"` + id + `"}`},
		"store pixel":           {call{method: "GET", path: "/api/7/store/?sentry_data=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(event)))}, 200, "image/gif", "pixel"},
		"minidump":              {call{path: "/api/7/minidump/", header: ct(formType), body: form}, 200, "text/plain; charset=utf-8", dashed},
		"raw minidump":          {call{path: "/api/7/minidump/", header: ct("application/x-dmp"), body: "MDMP"}, 200, "text/plain; charset=utf-8", "?"},
		"unreal":                {call{path: "/api/7/unreal/" + key + "/", body: "crash"}, 200, "text/plain; charset=utf-8", "?"},
		"security":              {call{path: "/api/7/security/", header: ct("application/csp-report"), body: `{"csp-report":{}}`}, 200, "", ""},
		"csp-report":            {call{path: "/api/7/csp-report/", header: ct("application/reports+json; charset=utf-8"), body: `[{}]`}, 200, "", ""},
		"nel":                   {call{path: "/api/7/nel/", header: ct("application/reports+json"), body: `[{}]`}, 200, "", ""},
		"attachments":           {call{path: "/api/7/events/" + id + "/attachments/", header: ct(formType), body: form}, 201, "", ""},
		"cron":                  {call{method: "GET", path: "/api/7/cron/nightly/" + key + "/?status=ok"}, 202, "", ""},
		"cron by POST":          {call{path: "/api/7/cron/nightly/" + key + "/", body: `{"status":"ok"}`}, 202, "", ""},
	}
	for name, tt := range tests {
		variants := map[string]string{"": tt.path}
		if path, query, _ := strings.Cut(tt.path, "?"); strings.HasSuffix(path, "/") {
			variants["/without slash"] = strings.TrimSuffix(path, "/") + "?" + query
			variants["/doubled slash"] = "/" + path + "/?" + query
		} else {
			variants["/with slash"] = path + "/?" + query
		}
		for suffix, path := range variants {
			t.Run(name+suffix, func(t *testing.T) {
				t.Parallel()
				tt.path = path
				got := s.do(t, tt.call)
				if got.status != tt.status {
					t.Fatalf("status %d, want %d: %s", got.status, tt.status, got.body)
				}
				if m := got.header.Get("Content-Type"); m != tt.mimeType {
					t.Errorf("Content-Type %q, want %q", m, tt.mimeType)
				}
				switch {
				case tt.body == "pixel":
					if !strings.HasPrefix(got.body, "GIF89a") {
						t.Errorf("no image: %q", got.body)
					}
				case tt.body == "?":
					if n := strings.Count(strings.ReplaceAll(got.body, "-", ""), "") - 1; n < 32 {
						t.Errorf("no id: %q", got.body)
					}
				case got.body != tt.body:
					t.Errorf("body %q, want %q", got.body, tt.body)
				}
				checkCORS(t, got)
			})
		}
	}
}

func TestNotOurs(t *testing.T) {
	t.Parallel()
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	s := open(t, ingest.Options{}, sentry.Options{Prefix: "/errors/", Next: next})
	for path, want := range map[string]int{
		"/": 418, "/api/": 418, "/api/0/projects/a/b/": 418, "/api/v1/issues": 418, "/api/0/envelope/": 418,
		"/api/7/": 418, "/api/7/envelopes/": 418, "/api/7/envelope/x/": 418, "/api/v1/events/abc/attachments": 418,
		"/api/7/unreal/": 418, "/api/7/cron/": 418, "/api/7/events/x/": 418, "/errorsx/api/7/envelope/": 418,
		"/other/api/7/envelope/": 418,
		"/api/7/envelope/":       200, "/errors/api/7/envelope/": 200, "/errors/api/7/envelope": 200, "/errors//api/7/envelope/": 200,
	} {
		if got := s.do(t, call{path: path, body: env}); got.status != want {
			t.Errorf("%s: status %d, want %d", path, got.status, want)
		}
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	s := open(t, ingest.Options{}, sentry.Options{})
	for _, tt := range []struct{ method, path, allow string }{
		{"GET", "/api/7/envelope/", "POST, OPTIONS"},
		{"PUT", "/api/7/store/", "POST, GET, OPTIONS"},
		{"DELETE", "/api/7/cron/a/" + key, "GET, POST, OPTIONS"},
	} {
		got := s.do(t, call{method: tt.method, path: tt.path, auth: "-"})
		if got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") != tt.allow {
			t.Errorf("%s %s: status %d, Allow %q", tt.method, tt.path, got.status, got.header.Get("Allow"))
		}
		checkError(t, got)
	}
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	s := open(t, ingest.Options{}, sentry.Options{})
	for path, methods := range map[string]string{
		"/api/7/envelope/": "POST", "/api/7/store/": "POST", "/api/7/security/": "POST", "/api/7/nel/": "POST",
		"/api/7/tunnel": "POST", "/api/7/cron/nightly/" + key: "GET, POST", "/api/999/envelope/": "POST",
	} {
		got := s.do(t, call{method: "OPTIONS", path: path, auth: "-", header: map[string]string{
			"Origin": "https://shop.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Private-Network": "true",
		}})
		if got.status != 204 {
			t.Errorf("%s: status %d", path, got.status)
		}
		checkCORS(t, got)
		for k, want := range map[string]string{
			"Access-Control-Allow-Methods": methods, "Access-Control-Max-Age": "3600", "Access-Control-Allow-Private-Network": "true",
		} {
			if v := got.header.Get(k); v != want {
				t.Errorf("%s: %s is %q, want %q", path, k, v, want)
			}
		}
		for _, name := range []string{"x-sentry-auth", "content-type", "content-encoding", "sentry-trace", "baggage", "traceparent"} {
			if !strings.Contains(got.header.Get("Access-Control-Allow-Headers"), name) {
				t.Errorf("%s: header %s is not allowed", path, name)
			}
		}
	}
	if got := s.do(t, call{method: "OPTIONS"}); got.header.Get("Access-Control-Allow-Private-Network") != "" {
		t.Error("private networks are allowed without being asked for")
	}
}

func pack(t testing.TB, encoding, s string) string {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	switch encoding {
	case "gzip":
		w = gzip.NewWriter(&out)
	case "deflate":
		w = zlib.NewWriter(&out)
	case "br":
		w = brotli.NewWriterLevel(&out, 5)
	case "zstd":
		enc, err := zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		w = enc
	default:
		return s
	}
	_, err := io.WriteString(w, s)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	for _, stream := range []bool{false, true} {
		for header, encoding := range map[string]string{
			"": "", "identity": "", "gzip": "gzip", "X-GZIP": "gzip", "deflate": "deflate", "br": "br", "zstd": "zstd",
		} {
			t.Run(fmt.Sprintf("%s chunked=%v", header, stream), func(t *testing.T) {
				t.Parallel()
				s := open(t, ingest.Options{}, sentry.Options{})
				// One that is opened at once, and one that needs a place for large bodies.
				for _, body := range []string{env, env + "{\"type\":\"attachment\",\"length\":3000000}\n" + strings.Repeat("x", 3_000_000)} {
					packed := pack(t, encoding, body)
					got := s.do(t, call{header: map[string]string{"Content-Encoding": header}, body: packed, stream: stream})
					if got.status != 200 || got.body != `{"id":"`+id+`"}` {
						t.Fatalf("status %d: %s", got.status, got.body)
					}
					all := s.queue.Deliveries(t)
					d := all[len(all)-1]
					if string(d.Body) != packed {
						t.Error("the body is not queued as it came")
					}
					e, err := envelope.Decode(&d, envelope.Limits{})
					if err != nil || len(e.Items) != d.Items {
						t.Errorf("what is queued cannot be opened: %v, %d items of %d", err, len(e.Items), d.Items)
					}
				}
			})
		}
	}
}

func TestContentTypes(t *testing.T) {
	t.Parallel()
	s := open(t, ingest.Options{}, sentry.Options{})
	post := func(path, contentType, body string) int {
		return s.do(t, call{path: path, header: map[string]string{"Content-Type": contentType}, body: body}).status
	}
	for _, ct := range []string{"", "application/x-sentry-envelope", "text/plain;charset=UTF-8", "application/json", "multipart/form-data", "application/x-www-form-urlencoded"} {
		if got := post("/api/7/envelope/", ct, env); got != 200 {
			t.Errorf("envelope as %q: status %d", ct, got)
		}
	}
	for _, ct := range []string{"", "application/json", "application/octet-stream", "text/plain"} {
		if got := post("/api/7/store/", ct, "{}"); got != 200 {
			t.Errorf("event as %q: status %d", ct, got)
		}
	}
	for ct, want := range map[string]int{
		"application/csp-report": 200, "application/json": 200, "application/reports+json": 200,
		"application/expect-ct-report": 200, "application/expect-ct-report+json": 200, "application/expect-staple-report": 200,
		"Application/CSP-Report; charset=utf-8": 200, "text/plain": 415, "text/html": 415, "": 415,
	} {
		if got := post("/api/7/security/", ct, "{}"); got != want {
			t.Errorf("report as %q: status %d, want %d", ct, got, want)
		}
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", 1<<20+1)
	gz := map[string]string{"Content-Encoding": "gzip"}
	bomb := func(encoding string) call {
		return call{header: map[string]string{"Content-Encoding": encoding}, body: pack(t, encoding, strings.Repeat("\x00", 40<<20))}
	}
	tests := map[string]struct {
		call
		want   int
		reason string // of the outcome; "": nothing is counted
	}{
		"empty":                          {call{}, 400, "invalid_header"},
		"no envelope":                    {call{body: "hello"}, 400, "invalid_header"},
		"envelope header is a list":      {call{body: "[]\n"}, 400, "invalid_header"},
		"cut off in the first item":      {call{body: "{}\n{\"type\":\"event\",\"length\":99}\n{}"}, 400, "truncated_item"},
		"cut off in the second item":     {call{body: env + "{\"type\":\"attachment\",\"length\":99}\nabc"}, 200, ""},
		"not gzip":                       {call{header: gz, body: env}, 400, "invalid_encoding"},
		"gzip cut off":                   {call{header: gz, body: pack(t, "gzip", env)[:30]}, 400, "invalid_encoding"},
		"gzip within gzip":               {call{header: gz, body: pack(t, "gzip", pack(t, "gzip", env))}, 400, "invalid_header"},
		"unknown encoding":               {call{header: map[string]string{"Content-Encoding": "compress"}, body: env}, 415, "invalid_encoding"},
		"two encodings":                  {call{header: map[string]string{"Content-Encoding": "gzip, br"}, body: env}, 415, "invalid_encoding"},
		"not UTF-8":                      {call{body: "{\"sdk\":{\"name\":\"\xff\xfe\"}}\n{\"type\":\"event\",\"x\":\"\xff\"}\n\xff\xfe\n"}, 200, ""},
		"event too large":                {call{body: "{}\n{\"type\":\"event\"}\n" + big}, 413, "too_large"},
		"event too large, with another":  {call{body: "{}\n{\"type\":\"event\",\"length\":1048577}\n" + big + "\n{\"type\":\"session\"}\n{}"}, 200, ""},
		"event too large, packed":        {call{header: gz, body: pack(t, "gzip", "{}\n{\"type\":\"event\"}\n"+big)}, 413, "too_large"},
		"envelope header too long":       {call{body: `{"a":"` + big + "\"}\n"}, 413, "too_large"},
		"body too large":                 {call{body: strings.Repeat("x", 3<<20)}, 413, "too_large"},
		"body too large, chunked":        {call{body: strings.Repeat("x", 3<<20), stream: true}, 413, "too_large"},
		"gzip bomb":                      {bomb("gzip"), 413, "too_large"},
		"deflate bomb":                   {bomb("deflate"), 413, "too_large"},
		"br bomb":                        {bomb("br"), 413, "too_large"},
		"zstd bomb":                      {bomb("zstd"), 413, "too_large"},
		"store bomb":                     {call{path: "/api/7/store/", body: base64.StdEncoding.EncodeToString([]byte(pack(t, "deflate", strings.Repeat(" ", 40<<20))))}, 413, "too_large"},
		"store of no JSON":               {call{path: "/api/7/store/", body: `{"a":`}, 400, "invalid_json"},
		"store of a list":                {call{path: "/api/7/store/", body: `[]`}, 400, "invalid_json"},
		"store of nothing":               {call{path: "/api/7/store/"}, 400, "missing_payload"},
		"store too large":                {call{path: "/api/7/store/", body: `{"a":"` + big + `"}`}, 413, "too_large"},
		"pixel without event":            {call{method: "GET", path: "/api/7/store/"}, 400, "missing_payload"},
		"security of no JSON":            {call{path: "/api/7/security/", header: map[string]string{"Content-Type": "application/csp-report"}, body: "x"}, 400, "invalid_json"},
		"minidump of text":               {call{path: "/api/7/minidump/", body: "hello"}, 400, "invalid_minidump"},
		"minidump without a boundary":    {call{path: "/api/7/minidump/", header: map[string]string{"Content-Type": "multipart/form-data"}, body: "x"}, 400, "invalid_multipart"},
		"attachments of nothing":         {call{path: "/api/7/events/" + id + "/attachments/", body: "x"}, 400, "invalid_multipart"},
		"attachments of no event":        {call{path: "/api/7/events/latest/attachments/", body: "x"}, 400, "invalid_event_id"},
		"check-in of no JSON":            {call{path: "/api/7/cron/nightly/" + key, body: "x"}, 400, "invalid_json"},
		"disabled key":                   {call{auth: "Sentry sentry_key=" + off, body: env}, 403, "key_disabled"},
		"unknown key counts for nobody":  {call{auth: "Sentry sentry_key=beef", body: env}, 403, ""},
		"dsn of another project":         {call{body: "{\"dsn\":\"https://" + key + "@h/9\"}\n"}, 403, "project_mismatch"},
		"unparsable, but who sends it?":  {call{auth: "-", body: "hello"}, 401, ""},
		"item of the size it may have":   {call{body: "{}\n{\"type\":\"event\"}\n" + big[1:]}, 200, ""},
		"many items":                     {call{body: "{}\n" + strings.Repeat("{}\n\n", 20_000)}, 200, ""},
		"header of an item is too long":  {call{body: "{}\n{\"a\":\"" + big + "\"}\n"}, 400, "invalid_item_header"},
		"Content-Length that is a claim": {call{body: env}, 200, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, ingest.Options{MaxBodyBytes: 2 << 20, Limits: envelope.Limits{EnvelopeBytes: 32 << 20}}, sentry.Options{})
			got := s.do(t, tt.call)
			if got.status != tt.want {
				t.Fatalf("status %d, want %d: %s", got.status, tt.want, got.body)
			}
			checkCORS(t, got)
			if tt.want >= 400 {
				checkError(t, got)
				if n := len(s.queue.Deliveries(t)); n != 0 {
					t.Errorf("%d deliveries of a refused request", n)
				}
			}
			settle(t, s.door)
			var reasons []string
			for _, c := range s.queue.Counts(t) {
				if c.Project != 7 || c.Outcome != outcome.Invalid || c.Quantity != 1 {
					t.Errorf("counted %+v", c)
				}
				reasons = append(reasons, c.Reason)
			}
			if got := strings.Join(reasons, " "); got != tt.reason {
				t.Errorf("counted reasons %q, want %q", got, tt.reason)
			}
		})
	}
}

type quotaFunc func() []ingest.Limit

func (f quotaFunc) Admit(context.Context, ingest.Sender, time.Time, []ingest.Demand) []ingest.Limit {
	return f()
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	some := []ingest.Limit{
		{Categories: []outcome.Category{outcome.Error, outcome.Default}, Scope: ingest.ScopeProject, Reason: "project_rate", RetryAfter: 1500 * time.Millisecond},
		{Categories: []outcome.Category{outcome.TraceMetric}, Scope: ingest.ScopeKey, Reason: "off", RetryAfter: time.Hour},
	}
	const header = "2:error;default:project:project_rate, 3600:trace_metric;metric:key:off"
	all := []ingest.Limit{{Scope: ingest.ScopeOrganization, Reason: "org_rate", RetryAfter: time.Minute}}
	tests := map[string]struct {
		call
		limits []ingest.Limit
		status int
		header string
		after  string
	}{
		"all items":           {call{body: env}, some, 429, header, "3600"},
		"one of two items":    {call{body: env + "{\"type\":\"session\"}\n{}"}, some, 200, header, ""},
		"every category":      {call{body: env}, all, 429, "60::organization:org_rate", "60"},
		"reports of clients":  {call{body: "{}\n{\"type\":\"client_report\"}\n{}"}, all, 200, "60::organization:org_rate", ""},
		"minidumps silently":  {call{path: "/api/7/minidump/", body: "MDMP"}, all, 200, "", ""},
		"unreal silently":     {call{path: "/api/7/unreal/" + key, body: "x"}, all, 200, "", ""},
		"check-ins silently":  {call{path: "/api/7/cron/nightly/" + key}, all, 202, "", ""},
		"not what is allowed": {call{body: "{}\n{\"type\":\"session\"}\n{}"}, some, 200, header, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, ingest.Options{Quota: quotaFunc(func() []ingest.Limit { return tt.limits })}, sentry.Options{})
			got := s.do(t, tt.call)
			if got.status != tt.status {
				t.Errorf("status %d, want %d: %s", got.status, tt.status, got.body)
			}
			if v := got.header.Get("X-Sentry-Rate-Limits"); v != tt.header {
				t.Errorf("X-Sentry-Rate-Limits %q, want %q", v, tt.header)
			}
			if v := got.header.Get("Retry-After"); v != tt.after {
				t.Errorf("Retry-After %q, want %q", v, tt.after)
			}
			checkCORS(t, got)
		})
	}
}

func TestOverload(t *testing.T) {
	t.Parallel()
	full := func(s *site) { s.queue.SetStats(queue.Stats{Bytes: 100, MaxBytes: 100}) }
	for name, tt := range map[string]struct {
		prepare func(*site)
		publish error
		reason  string
	}{
		"queue full":     {prepare: full, reason: "queue_full"},
		"draining":       {prepare: func(s *site) { s.door.Drain() }, reason: "draining"},
		"queue away":     {publish: fault.With(fault.New(fault.Unavailable, "away"), fault.RetryAfter(3*time.Second)), reason: "queue_unavailable"},
		"queue too slow": {publish: context.DeadlineExceeded}, // nobody knows whether it is durable: counted by no one
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			q := &ingesttest.Queue{Before: func(context.Context) error {
				if calls++; calls == 1 {
					return tt.publish
				}
				return nil
			}}
			s := openQueue(t, q, ingest.Options{}, sentry.Options{})
			if tt.prepare != nil {
				tt.prepare(s)
			}
			got := s.do(t, call{body: env})
			if got.status != 503 || got.header.Get("Retry-After") == "" {
				t.Errorf("status %d, Retry-After %q: %s", got.status, got.header.Get("Retry-After"), got.body)
			}
			checkError(t, got)
			if strings.Contains(got.body, "away") {
				t.Errorf("the answer tells of our insides: %s", got.body)
			}
			settle(t, s.door)
			counts := s.queue.Counts(t)
			if tt.reason == "" {
				if len(counts) != 0 {
					t.Errorf("counted %v", counts)
				}
				return
			}
			if len(counts) != 1 || counts[0].Outcome != outcome.RateLimited || counts[0].Reason != tt.reason {
				t.Errorf("counted %v", counts)
			}
		})
	}
}

func TestDelivery(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 2, 3, 4, 5, 6, 7000, time.UTC)
	formType, form := crashForm(t)
	tests := map[string]struct {
		call
		want envelope.Delivery
	}{
		"envelope": {
			call{path: "/api/7/envelope/?sentry_key=" + key + "&sentry_client=sentry.javascript.browser%2F10.1", auth: "-", body: env, header: map[string]string{
				"User-Agent": "Mozilla/5.0", "Origin": "https://shop.example", "Referer": "https://shop.example/cart", "Content-Type": "text/plain;charset=UTF-8",
				"X-Forwarded-For": "198.51.100.9, 203.0.113.4",
			}},
			envelope.Delivery{
				Form: envelope.FormEnvelope, UserAgent: "Mozilla/5.0", Origin: "https://shop.example", Client: "sentry.javascript.browser/10.1",
				ContentType: "text/plain;charset=UTF-8", ClientIP: netip.MustParseAddr("203.0.113.4"), Items: 1,
			},
		},
		"security": {
			call{path: "/api/7/security/?sentry_environment=prod&sentry_release=a%401", body: `[{"a":1},{"b":2}]`, header: map[string]string{
				"Content-Type": "application/reports+json", "Referer": "https://shop.example/cart", "User-Agent": "a\xffb",
			}},
			envelope.Delivery{
				Form: envelope.FormSecurity, UserAgent: "a\uFFFDb", Origin: "https://shop.example/cart", Client: "sentry.python/2.68.0",
				ContentType: "application/reports+json", Params: map[string]string{"sentry_environment": "prod", "sentry_release": "a@1"}, Items: 2,
			},
		},
		"attachments": {
			call{path: "/api/7/events/" + strings.ToUpper(id) + "/attachments/", body: form, header: map[string]string{"Content-Type": formType, "User-Agent": "x"}},
			envelope.Delivery{Form: envelope.FormAttachments, UserAgent: "x", Client: "sentry.python/2.68.0", ContentType: formType, Items: 1},
		},
		"check-in": {
			call{path: "/api/7/cron/nightly/?status=ok&duration=1.5&sentry_key=" + key, auth: "-", method: "GET", header: map[string]string{"User-Agent": "curl"}},
			envelope.Delivery{Form: envelope.FormCheckIn, UserAgent: "curl", Params: map[string]string{"slug": "nightly", "status": "ok", "duration": "1.5"}, Items: 1},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, ingest.Options{Now: func() time.Time { return at }}, sentry.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
			if got := s.do(t, tt.call); got.status >= 300 {
				t.Fatalf("status %d: %s", got.status, got.body)
			}
			got := s.queue.Deliveries(t)[0]
			want := tt.want
			want.Project, want.Org, want.Key, want.Received, want.Body = 7, 3, 1, at, []byte(tt.body)
			if !want.ClientIP.IsValid() {
				want.ClientIP = netip.MustParseAddr("127.0.0.1")
			}
			if name != "security" && name != "check-in" {
				if got.EventID.String() != id {
					t.Errorf("event id %s", got.EventID)
				}
			}
			got.EventID = want.EventID
			if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
				t.Errorf("delivery differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAnswersAfterDurable holds a request until its record is durable.
func TestAnswersAfterDurable(t *testing.T) {
	t.Parallel()
	published, durable := make(chan struct{}), make(chan struct{})
	q := &ingesttest.Queue{Before: func(context.Context) error {
		close(published)
		<-durable
		return nil
	}}
	s := openQueue(t, q, ingest.Options{}, sentry.Options{})
	answered := make(chan int, 1)
	go func() { answered <- s.do(t, call{body: env}).status }()
	<-published
	select {
	case status := <-answered:
		t.Errorf("answered %d before the record is durable", status)
	case <-time.After(50 * time.Millisecond):
	}
	close(durable)
	if status := <-answered; status != 200 {
		t.Errorf("status %d", status)
	}
}

// TestHTTP2 sends through TLS and HTTP/2, where bodies come in frames and have no chunked encoding.
func TestHTTP2(t *testing.T) {
	t.Parallel()
	q := &ingesttest.Queue{}
	door := ingest.New(q, ingesttest.NewKeys(project.Key{ID: 1, Project: 7, Org: 3, Public: key, Enabled: true}), ingest.Options{})
	s := &site{httptest.NewUnstartedServer(sentry.New(door, sentry.Options{})), q, door}
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	for _, stream := range []bool{false, true} {
		body := env + "{\"type\":\"attachment\",\"length\":300000}\n" + strings.Repeat("x", 300_000)
		got := s.do(t, call{body: pack(t, "gzip", body), stream: stream, header: map[string]string{"Content-Encoding": "gzip"}})
		if got.status != 200 || got.proto != "HTTP/2.0" {
			t.Errorf("status %d by %s: %s", got.status, got.proto, got.body)
		}
		checkCORS(t, got)
	}
	if got := s.do(t, call{body: strings.Repeat("x", 21<<20)}); got.status != 413 {
		t.Errorf("a body that is too large: status %d", got.status)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	s := open(t, ingest.Options{Registerer: registry}, sentry.Options{})
	s.do(t, call{body: env + "{\"type\":\"hologram\"}\nx\n"})
	s.do(t, call{body: "hello"})
	s.do(t, call{path: "/api/7/store/", body: "{}"})
	s.do(t, call{method: "PUT"})
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			name := f.GetName()
			for _, l := range m.Label {
				name += " " + l.GetValue()
			}
			if v := m.GetCounter().GetValue(); v != 0 {
				got[name] = v
			}
			if n := m.GetHistogram().GetSampleCount(); n != 0 {
				got[name] = float64(n)
			}
		}
	}
	want := map[string]float64{
		"seismo_ingest_requests_total envelope 200": 1, "seismo_ingest_requests_total envelope 400": 1,
		"seismo_ingest_requests_total envelope 405": 1, "seismo_ingest_requests_total store 200": 1,
		"seismo_ingest_items_total event": 2, "seismo_ingest_items_total unknown": 1,
		"seismo_ingest_refused_items_total unknown invalid invalid_header": 1,
		"seismo_ingest_body_bytes_total envelope":                          float64(len(env) + len("{\"type\":\"hologram\"}\nx\n")),
		"seismo_ingest_body_bytes_total store":                             2,
		"seismo_ingest_publish_seconds":                                    2,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics differ (-want +got):\n%s", diff)
	}
}
