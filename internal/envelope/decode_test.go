package envelope

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime/multipart"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/event"
)

func TestDecodeStore(t *testing.T) {
	t.Parallel()
	text := `{"message":"no such order: ÿ?>","level":"error"}`
	std, raw := base64.StdEncoding.EncodeToString, base64.RawURLEncoding.EncodeToString
	zipped := pack(t, "deflate", []byte(text))
	for name, body := range map[string]string{
		"plain":                        text,
		"plain after blanks":           " \r\n\t" + text + "\n",
		"zlib":                         string(zipped),
		"gzip":                         string(pack(t, "gzip", []byte(text))),
		"base64":                       std([]byte(text)),
		"base64 of zlib":               std(zipped),
		"base64 of zlib, URL alphabet": raw(zipped),
		"base64 in lines":              std(zipped)[:20] + "\r\n" + std(zipped)[20:],
		"base64, plus taken for blank": strings.ReplaceAll(std([]byte(text)), "+", " "),
		"form field":                   "sentry_data=" + strings.ReplaceAll(std(zipped), "+", "%2B") + "&sentry_key=x",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := DecodeStore([]byte(body), 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != text {
				t.Errorf("got %q", got)
			}
		})
	}
	for name, tt := range map[string]struct {
		body string
		want fault.Code
	}{
		"empty":            {"", fault.Validation},
		"blanks":           {" \n", fault.Validation},
		"neither":          {"<html>", fault.Validation},
		"zlib cut off":     {string(zipped[:20]), fault.Validation},
		"bomb":             {string(pack(t, "deflate", make([]byte, 2<<20))), fault.TooLarge},
		"bomb in base64":   {std(pack(t, "deflate", make([]byte, 2<<20))), fault.TooLarge},
		"bad percent sign": {"sentry_data=%zz", fault.Validation},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := DecodeStore([]byte(tt.body), 1<<20); fault.CodeOf(err) != tt.want {
				t.Errorf("error %v, want code %s", err, tt.want)
			}
		})
	}
}

// form builds a multipart body of (name, filename, content) triples.
func form(t *testing.T, parts ...[3]string) (contentType string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		h := textproto.MIMEHeader{}
		disposition := fmt.Sprintf("form-data; name=%q", p[0])
		if p[1] != "" {
			disposition += fmt.Sprintf("; filename=%q", p[1])
			h.Set("Content-Type", "application/octet-stream")
		}
		h.Set("Content-Disposition", disposition)
		part, err := w.CreatePart(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(p[2])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.Bytes()
}

// described renders items as "type attachment_type filename problem: payload".
func described(items []Item) string {
	var b strings.Builder
	for _, it := range items {
		head := strings.Join(strings.Fields(strings.Join([]string{it.Type, it.AttachmentType, it.Filename, it.Problem}, " ")), " ")
		fmt.Fprintf(&b, "%s: %s\n", head, it.Payload)
	}
	return b.String()
}

func TestDecode(t *testing.T) {
	t.Parallel()
	id := event.ID{0xaa, 15: 0xbb}
	_, nested := form(t, [3]string{"upload_file_minidump", "inner.dmp", "MDMPinner"})
	crash := func(parts ...[3]string) Delivery {
		ct, body := form(t, parts...)
		return Delivery{Form: FormMinidump, ContentType: ct, Body: body}
	}
	files := func(parts ...[3]string) Delivery {
		d := crash(parts...)
		d.Form = FormAttachments
		return d
	}
	big := strings.Repeat("x", 1<<20)
	tests := map[string]struct {
		in   Delivery
		want string
		id   event.ID
	}{
		"envelope": {
			in:   Delivery{Form: FormEnvelope, Encoding: "gzip", Body: pack(t, "gzip", []byte("{\"event_id\":\""+id.String()+"\"}\n{\"type\":\"event\"}\n{}"))},
			want: "event: {}\n", id: id,
		},
		"envelope, id of the delivery wins": {
			in:   Delivery{Form: FormEnvelope, EventID: id, Body: []byte("{\"event_id\":\"12c2d058d58442709aa2eca08bf20986\"}\n")},
			want: "", id: id,
		},
		"store": {
			in:   Delivery{Form: FormStore, Body: []byte(`{"event_id":"` + id.Dashed() + `","message":"a"}`)},
			want: "event: {\"event_id\":\"" + id.Dashed() + "\",\"message\":\"a\"}\n", id: id,
		},
		"store of a transaction": {in: Delivery{Form: FormStore, Body: []byte(`{"type":"transaction"}`)}, want: "transaction: {\"type\":\"transaction\"}\n"},
		"store, too large":       {in: Delivery{Form: FormStore, Body: []byte(`{"a":"` + big + `"}`)}, want: "event too_large: {\"a\":\"" + big + "\"}\n"},
		"raw minidump":           {in: Delivery{Form: FormMinidump, ContentType: "application/x-dmp", Body: []byte("MDMPabc")}, want: "attachment event.minidump minidump.dmp: MDMPabc\n"},
		"minidump form": {
			in: crash(
				[3]string{"guid", "", "7"}, [3]string{"sentry", "", `{"event_id":"` + id.String() + `"}`},
				[3]string{"upload_file_minidump", "a.dmp", "PMDMabc"}, [3]string{"log", "log.txt", "lines"},
				[3]string{"__sentry-event", "__sentry-event", "\x80"}, [3]string{"__sentry-breadcrumb1", "__sentry-breadcrumb1", "\x90"},
				[3]string{"sentry[tags][a]", "", "b"},
			),
			want: "event: {\"event_id\":\"" + id.String() + "\"}\n" +
				"attachment event.minidump a.dmp: PMDMabc\nattachment log.txt: lines\n" +
				"attachment event.payload __sentry-event: \x80\nattachment event.breadcrumbs __sentry-breadcrumb1: \x90\n" +
				"form_data: [[\"guid\",\"7\"],[\"sentry[tags][a]\",\"b\"]]\n",
			id: id,
		},
		"minidump with a cut-up event": {
			in:   crash([3]string{"sentry__10", "", `"}`}, [3]string{"sentry__2", "", `"a`}, [3]string{"sentry__1", "", `{"message":`}, [3]string{"upload_file_minidump", "a.dmp", "MDMP"}),
			want: "event: {\"message\":\"a\"}\nattachment event.minidump a.dmp: MDMP\n",
		},
		"minidump with a broken event": {
			in:   crash([3]string{"sentry", "", `{`}, [3]string{"upload_file_minidump", "a.dmp", "MDMP"}),
			want: "event invalid_json: {\nattachment event.minidump a.dmp: MDMP\n",
		},
		"minidump nested by Electron": {in: crash([3]string{"upload_file_minidump", "a.dmp", "\r\n" + string(nested)}), want: "attachment event.minidump inner.dmp: MDMPinner\n"},
		"minidump, gzipped":           {in: crash([3]string{"upload_file_minidump", "a.dmp.gz", "\x1f\x8babc"}), want: "attachment event.minidump a.dmp.gz: \x1f\x8babc\n"},
		"unreal":                      {in: Delivery{Form: FormUnreal, Body: []byte("\x78\x9cabc")}, want: "unreal_report: \x78\x9cabc\n"},
		"attachments":                 {in: files([3]string{"a", "a.txt", "1"}, [3]string{"field", "", "x"}, [3]string{"b", "b.txt", "2"}), want: "attachment a.txt: 1\nattachment b.txt: 2\n"},
		"csp report":                  {in: Delivery{Form: FormSecurity, Body: []byte(`{"csp-report":{}}`)}, want: "raw_security: {\"csp-report\":{}}\n"},
		"reporting API":               {in: Delivery{Form: FormSecurity, Body: []byte(`[{"type":"csp-violation"}, 7, {"type":"x"}]`)}, want: "raw_security: {\"type\":\"csp-violation\"}\nraw_security invalid_report: 7\nraw_security: {\"type\":\"x\"}\n"},
		"nel":                         {in: Delivery{Form: FormNEL, Body: []byte(`[{"type":"network-error"}]`)}, want: "nel: {\"type\":\"network-error\"}\n"},
		"check-in by query":           {in: Delivery{Form: FormCheckIn, Params: map[string]string{"slug": "nightly", "status": "ok", "duration": "1.5"}}, want: "check_in: {\"duration\":1.5,\"monitor_slug\":\"nightly\",\"status\":\"ok\"}\n"},
		"check-in by body": {
			in:   Delivery{Form: FormCheckIn, Params: map[string]string{"slug": "nightly", "environment": "dev"}, Body: []byte(`{"status":"error","monitor_config":{"schedule":{}}}`)},
			want: "check_in: {\"environment\":\"dev\",\"monitor_config\":{\"schedule\":{}},\"monitor_slug\":\"nightly\",\"status\":\"error\"}\n",
		},
		"outcomes have no items": {in: Delivery{Form: FormOutcomes, Body: []byte("[]")}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Decode(&tt.in, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, described(got.Items)); diff != "" {
				t.Errorf("items differ (-want +got):\n%s", diff)
			}
			if got.EventID != tt.id {
				t.Errorf("event id %s, want %s", got.EventID, tt.id)
			}
			for _, it := range got.Items {
				if it.Category == "" {
					t.Errorf("item %s has no category", it.Type)
				}
			}
		})
	}
}

func TestDecodeRejects(t *testing.T) {
	t.Parallel()
	ct, body := form(t, [3]string{"upload_file_minidump", "a.dmp", "MDMPabc"})
	noDumpType, noDumpBody := form(t, [3]string{"a", "a.txt", "x"})
	textType, textBody := form(t, [3]string{"upload_file_minidump", "a.dmp", "text"})
	for name, tt := range map[string]struct {
		in     Delivery
		reason string
	}{
		"store of a list":          {Delivery{Form: FormStore, Body: []byte("W10=")}, ProblemJSON}, // []
		"store of half an event":   {Delivery{Form: FormStore, Body: []byte(`{"a":`)}, ProblemJSON},
		"gzip that is none":        {Delivery{Form: FormStore, Encoding: "gzip", Body: []byte(`{}`)}, ProblemEncoding},
		"form cut off":             {Delivery{Form: FormMinidump, ContentType: ct, Body: body[:len(body)-30]}, ProblemMultipart},
		"form without boundary":    {Delivery{Form: FormAttachments, ContentType: "multipart/form-data", Body: body}, ProblemMultipart},
		"form without dump":        {Delivery{Form: FormMinidump, ContentType: noDumpType, Body: noDumpBody}, ProblemMissing},
		"dump is text":             {Delivery{Form: FormMinidump, ContentType: textType, Body: textBody}, "invalid_minidump"},
		"body is text":             {Delivery{Form: FormMinidump, ContentType: "application/octet-stream", Body: []byte("text")}, "invalid_minidump"},
		"empty unreal report":      {Delivery{Form: FormUnreal}, ProblemMissing},
		"report is no JSON":        {Delivery{Form: FormSecurity, Body: []byte("x")}, ProblemJSON},
		"report is a number":       {Delivery{Form: FormNEL, Body: []byte("7")}, ProblemReport},
		"check-in is a list":       {Delivery{Form: FormCheckIn, Body: []byte("[]")}, ProblemJSON},
		"check-in is null":         {Delivery{Form: FormCheckIn, Body: []byte("null")}, ProblemJSON},
		"form of a newer server":   {Delivery{Form: 77}, ProblemUnknownFormat},
		"form with too many parts": {Delivery{Form: FormAttachments, ContentType: "multipart/form-data; boundary=x", Body: []byte(strings.Repeat("--x\r\n\r\n\r\n", 20_000) + "--x--")}, ProblemTooMany},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Decode(&tt.in, Limits{})
			if got := Reason(err); err == nil || got != tt.reason {
				t.Errorf("error %v of reason %q, want %q", err, got, tt.reason)
			}
		})
	}
}

// TestDecodeSamples sends what real SDKs sent through every way in.
func TestDecodeSamples(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("../../testdata/events/*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			payload, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			env := Envelope{Items: []Item{{Type: "event", Payload: payload}}}
			wire := AppendEnvelope(nil, &env)
			for _, d := range []Delivery{
				{Form: FormStore, Body: payload},
				{Form: FormStore, Body: []byte(base64.StdEncoding.EncodeToString(pack(t, "deflate", payload)))},
				{Form: FormEnvelope, Body: wire},
				{Form: FormEnvelope, Encoding: "br", Body: pack(t, "br", wire)},
			} {
				got, err := Decode(&d, Limits{})
				if err != nil {
					t.Fatal(err)
				}
				if len(got.Items) != 1 || got.Items[0].Problem != "" || !bytes.Equal(bytes.TrimSpace(got.Items[0].Payload), bytes.TrimSpace(payload)) {
					t.Errorf("%s: the event did not come through whole", d.Form)
				}
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(byte(FormStore), "", []byte(`{"event_id":"12c2d058d58442709aa2eca08bf20986"}`))
	f.Add(byte(FormMinidump), "multipart/form-data; boundary=x", []byte("--x\r\nContent-Disposition: form-data; name=\"upload_file_minidump\"; filename=\"a\"\r\n\r\nMDMP\r\n--x--\r\n"))
	f.Add(byte(FormAttachments), "multipart/form-data; boundary=x", []byte("--x\r\nContent-Disposition: form-data; name=a; filename=b\r\n\r\nx\r\n--x--"))
	f.Add(byte(FormSecurity), "application/reports+json", []byte(`[{"type":"csp-violation"}]`))
	f.Add(byte(FormCheckIn), "application/json", []byte(`{"status":"ok"}`))
	f.Fuzz(func(t *testing.T, form byte, contentType string, body []byte) {
		d := Delivery{Form: Form(form), ContentType: contentType, Body: body, Params: map[string]string{"slug": contentType, "duration": contentType}}
		first, err := Decode(&d, Limits{EnvelopeBytes: 1 << 20})
		again, againErr := Decode(&d, Limits{EnvelopeBytes: 1 << 20})
		if (err == nil) != (againErr == nil) || !cmp.Equal(summarize(first.Items), summarize(again.Items)) {
			t.Fatal("the same delivery is read in two ways")
		}
	})
}
