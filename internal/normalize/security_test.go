package normalize_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/normalize"
)

func TestSecurity(t *testing.T) {
	t.Parallel()
	in := input()
	in.Environment, in.Release = "prod", "web@1"
	for _, tt := range []struct {
		name, body string
		want       map[string]string // of the first event
		events     int
	}{
		{
			"CSP", `{"csp-report":{"document-uri":"https://x.example/a?b=c","referrer":"https://r.example/","violated-directive":"script-src 'self'","effective-directive":"script-src",
			"original-policy":"default-src 'self'","blocked-uri":"https://evil.example/x.js","status-code":200,"line-number":"7","script-sample":""}}`,
			map[string]string{
				"type": `"csp"`, "logger": `"csp"`, "level": `"error"`, "platform": `"javascript"`, "title": `"Blocked 'script' from 'evil.example'"`, "logentry": `{"formatted":"Blocked 'script' from 'evil.example'"}`,
				"culprit": `"script-src"`, "tags.effective-directive": `"script-src"`, "tags.blocked-uri": `"https://evil.example/x.js"`, "tags.environment": `"prod"`, "release": `"web@1"`,
				"security.document-uri": `"https://x.example/a?b=c"`, "security.status-code": "200", "request.url": `"https://x.example/a"`, "request.query_string.b": `"c"`,
				"request.headers.Referer": `"https://r.example/"`, "request.headers.User-Agent": `"Mozilla/5.0 (X11; Linux x86_64) Test/1.0"`, "user.ip_address": `"198.51.100.7"`,
				"event_id": `"fa11bacc000000000000000000000000"`, "timestamp": `"2026-11-20T10:00:00.123456Z"`,
			},
			1,
		},
		{
			"CSP of the Reporting API", `[{"type":"csp-violation","age":1500,"url":"https://x.example/p","user_agent":"UA","body":{"documentURL":"https://x.example/p","blockedURL":"inline","effectiveDirective":"style-src-elem","disposition":"enforce","lineNumber":3}},
			{"type":"deprecation","body":{"id":"x"}},{"type":"csp-violation","url":"https://y.example/","body":{"blockedURL":"https://z.example:444/img","effectiveDirective":"img-src"}}]`,
			map[string]string{
				"title": `"Blocked unsafe inline 'style'"`, "timestamp": `"2026-11-20T09:59:58.623456Z"`, "request.headers.User-Agent": `"UA"`, "culprit": `"style-src-elem"`,
				"security": `{"blocked-uri":"inline","disposition":"enforce","document-uri":"https://x.example/p","effective-directive":"style-src-elem","line-number":3}`,
			},
			2,
		},
		{"single report of the Reporting API", `{"type":"csp-violation","url":"https://x.example/","body":{"blockedURL":"eval","effectiveDirective":"script-src"}}`, map[string]string{"title": `"Blocked unsafe eval() 'script'"`, "security.document-uri": `"https://x.example/"`}, 1},
		{"old CSP without effective directive", `{"csp-report":{"document-uri":"https://x.example/","violated-directive":"img-src https://a","blocked-uri":"https://b.example/i.png"}}`, map[string]string{"title": `"Blocked 'image' from 'b.example'"`, "culprit": `"img-src"`}, 1},
		{"own host", `{"csp-report":{"document-uri":"https://x.example/a","effective-directive":"connect-src","blocked-uri":"https://x.example/b"}}`, map[string]string{"title": `"Blocked 'connect' from 'self'"`}, 1},
		{"nothing blocked, unsafe-inline", `{"csp-report":{"document-uri":"https://x.example/a","violated-directive":"script-src 'unsafe-inline'","blocked-uri":""}}`, map[string]string{"title": `"Blocked unsafe inline 'script'"`}, 1},
		{"scheme", `{"csp-report":{"effective-directive":"font-src","blocked-uri":"wss"}}`, map[string]string{"title": `"Blocked 'font' from 'wss'"`}, 1},
		{"no directive", `{"csp-report":{"blocked-uri":"https://b.example"}}`, map[string]string{"title": `"Blocked 'content' from 'b.example'"`}, 1},
		{"odd types", `{"csp-report":{"effective-directive":7,"blocked-uri":["a"],"document-uri":null}}`, map[string]string{"type": `"csp"`}, 1},
		{"extension", `{"csp-report":{"effective-directive":"script-src","blocked-uri":"chrome-extension://abc/x.js"}}`, nil, 0},
		{"source of an extension", `{"csp-report":{"effective-directive":"script-src","blocked-uri":"https://x","source-file":"moz-extension"}}`, nil, 0},
		{"data", `{"csp-report":{"effective-directive":"img-src","blocked-uri":"data"}}`, nil, 0},
		{"about", `[{"type":"csp-violation","body":{"blockedURL":"about:blank","effectiveDirective":"frame-src"}}]`, nil, 0},
		{"empty list", `[]`, nil, 0},
		{"unknown reports", `[{"type":"intervention","body":{"id":"x"}}]`, nil, 0},
		{
			"network error", `[{"type":"network-error","age":0,"url":"https://x.example/api","user_agent":"UA","body":{"phase":"application","type":"http.error","status_code":503,"method":"get","protocol":"h2","server_ip":"1.2.3.4","elapsed_time":12,"sampling_fraction":1.0}}]`,
			map[string]string{
				"type": `"nel"`, "title": `"Network error: http.error (HTTP 503)"`, "request.url": `"https://x.example/api"`, "request.method": `"GET"`, "tags.nel.phase": `"application"`,
				"tags.nel.type": `"http.error"`, "culprit": `"https://x.example/api"`, "security.server_ip": `"1.2.3.4"`,
			},
			1,
		},
		{"Expect-CT", `{"expect-ct-report":{"date-time":"2014-04-06T13:00:50Z","hostname":"www.example.com","port":443,"scts":[]}}`, map[string]string{"type": `"expectct"`, "title": `"Expect-CT failed for 'www.example.com'"`, "security.hostname": `"www.example.com"`}, 1},
		{"Expect-Staple", `{"expect-staple-report":{"hostname":"h"}}`, map[string]string{"type": `"expectstaple"`, "title": `"Expect-Staple failed for 'h'"`}, 1},
		{"HPKP", `{"hostname":"h","port":443,"known-pins":["pin-sha256=\"x\""]}`, map[string]string{"type": `"hpkp"`, "title": `"Public key pinning validation failed for 'h'"`}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			events, err := normalize.Security([]byte(tt.body), in)
			if err != nil || len(events) != tt.events {
				t.Fatalf("%d events, %v; want %d", len(events), err, tt.events)
			}
			ids := map[event.ID]bool{}
			for _, e := range events {
				ids[e.ID] = true
			}
			if len(ids) != len(events) {
				t.Error("two events have one id")
			}
			if len(events) > 0 {
				wantPaths(t, indented(t, events[0]), tt.want)
			}
		})
	}
}

func TestSecurityIDs(t *testing.T) {
	t.Parallel()
	body := []byte("[" + strings.Repeat(`{"type":"csp-violation","body":{"effectiveDirective":"img-src","blockedURL":"https://b"}},`, 300) + "7]")
	first, err := normalize.Security(body, input())
	if err != nil {
		t.Fatal(err)
	}
	again, _ := normalize.Security(body, input())
	if len(first) != 200 {
		t.Errorf("%d events", len(first))
	}
	for i := range first {
		if first[i].ID != again[i].ID {
			t.Fatalf("event %d has another id the second time", i)
		}
	}
}

func TestSecurityRefused(t *testing.T) {
	t.Parallel()
	for body, reason := range map[string]string{
		"": "invalid_json", "x": "invalid_json", `{}`: "invalid_report", `{"csp-report":7}`: "invalid_report", `7`: "invalid_report",
		`[7]`: "invalid_report", `{"message":"an event"}`: "invalid_report",
	} {
		events, err := normalize.Security([]byte(body), input())
		if len(events) > 0 || fault.CodeOf(err) != fault.Validation || normalize.Reason(err) != reason {
			t.Errorf("%q: %v, reason %s", body, err, normalize.Reason(err))
		}
	}
}

func TestLegacySecurity(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"csp", "sentry.interfaces.Csp"} {
		got := normalized(t, fmt.Appendf(nil, `{%q:{"effective_directive":"img-src","blocked_uri":"https://b.example/i","document_uri":"https://x"}}`, name), input())
		wantPaths(t, got, map[string]string{
			"type": `"csp"`, "culprit": `"img-src"`, "title": `"Blocked 'image' from 'b.example'"`, "security.blocked-uri": `"https://b.example/i"`, "tags.effective-directive": `"img-src"`,
		})
	}
}

func FuzzSecurity(f *testing.F) {
	f.Add([]byte(`{"csp-report":{"effective-directive":"script-src","blocked-uri":"https://b","document-uri":"https://x"}}`))
	f.Add([]byte(`[{"type":"network-error","age":5,"url":"u","body":{"type":"http.error","status_code":5}},{"type":"csp-violation","body":{"blockedURL":"x"}}]`))
	f.Add([]byte(`{"hostname":"h","known-pins":[]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		events, err := normalize.Security(body, input())
		if err != nil {
			return
		}
		for _, e := range events {
			b, err := e.AppendJSON(nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := event.Parse(b); err != nil {
				t.Fatal(err)
			}
			if e.Title == "" || e.Security == nil && len(e.Tags) == 0 {
				t.Fatalf("empty event of %q", body)
			}
		}
	})
}
