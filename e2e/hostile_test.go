package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/seismohq/seismo/client"
	"github.com/seismohq/seismo/internal/event"
)

// envelope wraps an event without id.
func envelope(event string) io.Reader {
	return strings.NewReader(fmt.Sprintf("{}\n{\"type\":\"event\",\"length\":%d}\n%s\n", len(event), event))
}

func gzipped(parts ...[]byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	for _, p := range parts {
		_, _ = w.Write(p)
	}
	_ = w.Close()
	return b.Bytes()
}

// TestHostile sends what no SDK should send. Each has its status and a reason, nothing of it is stored, and the process
// lives.
func TestHostile(t *testing.T) {
	s := newServer(t, t.TempDir())
	s.start()
	p, dsn := s.project("hostile", "python")
	other, _ := s.project("other", "python")
	good := "{}\n{\"type\":\"event\",\"length\":2}\n{}\n"
	mebibyte := bytes.Repeat([]byte("0"), 1<<20)
	var bomb [][]byte
	for range 250 {
		bomb = append(bomb, mebibyte)
	}
	zstdBomb, _ := zstd.NewWriter(nil)
	auth := dsn.Auth("e2e/1")
	base := strings.TrimSuffix(dsn.EnvelopeURL(), "envelope/")

	for name, tc := range map[string]struct {
		url    string
		body   []byte
		header http.Header
		status int
		reason string // in X-Sentry-Error
	}{
		"no key":                 {body: []byte(good), header: http.Header{"X-Sentry-Auth": {""}}, status: 401},
		"unknown key":            {body: []byte(good), header: http.Header{"X-Sentry-Auth": {strings.Replace(auth, dsn.Key, strings.Repeat("0", 32), 1)}}, status: 403},
		"key of another project": {url: strings.Replace(base, "/api/"+p.ID+"/", "/api/"+other.ID+"/", 1) + "envelope/", body: []byte(good), status: 403},
		"unknown project":        {url: strings.Replace(base, "/api/"+p.ID+"/", "/api/999999/", 1) + "envelope/", body: []byte(good), status: 403},
		"project is no number":   {url: strings.Replace(base, "/api/"+p.ID+"/", "/api/shop/", 1) + "envelope/", body: []byte(good), status: 403},
		"header is no JSON":      {body: []byte("nope\n{\"type\":\"event\"}\n{}\n"), status: 400},
		"header is a list":       {body: []byte("[]\n"), status: 400},
		"nothing":                {body: nil, status: 400},
		"truncated":              {body: []byte("{}\n{\"type\":\"event\",\"length\":100}\n{\"mess"), status: 400},
		"store is no JSON":       {url: base + "store/", body: []byte("{nope"), status: 400},
		"unknown encoding":       {body: []byte(good), header: http.Header{"Content-Encoding": {"rot13"}}, status: 415},
		"broken gzip":            {body: []byte("not gzip"), header: http.Header{"Content-Encoding": {"gzip"}}, status: 400},
		"gzip bomb":              {body: gzipped(bomb...), header: http.Header{"Content-Encoding": {"gzip"}}, status: 413},
		"zstd bomb":              {body: zstdBomb.EncodeAll(bytes.Join(bomb, nil), nil), header: http.Header{"Content-Encoding": {"zstd"}}, status: 413},
		"body too long":          {body: bytes.Repeat(mebibyte, 21), status: 413},
		"method":                 {url: "GET", status: 405},
	} {
		t.Run(name, func(t *testing.T) {
			url, header := tc.url, http.Header{"X-Sentry-Auth": {auth}}
			for k, v := range tc.header {
				header[k] = v
			}
			var resp *http.Response
			var body string
			if url == "GET" {
				r, err := http.Get(dsn.EnvelopeURL())
				if err != nil {
					t.Fatal(err)
				}
				defer r.Body.Close()
				resp = r
			} else {
				if url == "" {
					url = dsn.EnvelopeURL()
				}
				resp, body = post(t, t.Context(), url, bytes.NewReader(tc.body), header)
			}
			if resp.StatusCode != tc.status {
				t.Errorf("status %d, want %d: %s", resp.StatusCode, tc.status, body)
			}
			if resp.StatusCode >= 400 && resp.Header.Get("X-Sentry-Error") == "" && tc.status != 404 && tc.status != 405 {
				t.Errorf("no X-Sentry-Error")
			}
			if resp.Header.Get("Access-Control-Allow-Origin") == "" && tc.status != 404 && tc.status != 405 {
				t.Errorf("no CORS header")
			}
		})
	}

	// These are admitted, and cost only themselves.
	deep := strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000)
	for name, body := range map[string]string{
		"deeply nested": `{"message":"deep","extra":` + deep + `}`,
		"not UTF-8":     "{\"message\":\"bad \xff\xfe bytes\"}",
		"control bytes": `{"message":"nul \u0000 and bell \u0007"}`,
		"wrong types":   `{"message":"types","exception":17,"tags":"x","user":[1],"breadcrumbs":{"values":7},"contexts":[]}`,
		"huge numbers":  `{"message":"numbers","timestamp":1e308,"extra":{"n":` + strings.Repeat("9", 400) + `}}`,
		"wrong content": `{"message":"content type"}`,
	} {
		t.Run(name, func(t *testing.T) {
			header := http.Header{"X-Sentry-Auth": {auth}, "Content-Type": {"image/png"}}
			if resp, answer := post(t, t.Context(), dsn.EnvelopeURL(), envelope(body), header); resp.StatusCode != 200 {
				t.Errorf("status %d: %s", resp.StatusCode, answer)
			}
		})
	}
	if !s.running() {
		t.Fatal("the server ended")
	}
	eventually(t, 10*time.Second, func() error {
		issues, err := s.issues(p.Slug)
		if err != nil {
			return err
		}
		sum := int64(0)
		for _, i := range issues {
			sum += i.Count
		}
		if sum < 5 || sum > 6 { // whether nesting that deep is still JSON is the parser's to say
			return fmt.Errorf("%d events are stored, want the harmless ones only", sum)
		}
		return nil
	})
	if _, err := client.SendEvent(t.Context(), http.DefaultClient, dsn, event.NewID().String(), []byte(`{"message":"still there"}`)); err != nil {
		t.Error(err)
	}
}
