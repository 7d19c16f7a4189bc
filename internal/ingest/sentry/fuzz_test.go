package sentry

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/seismohq/seismo/internal/envelope"
)

func FuzzCredentials(f *testing.F) {
	f.Add("Sentry sentry_version=7, sentry_key=abc", "sentry_key=abc&sentry_version=7", "https://abc:def@host/prefix/7")
	f.Add("sentry sentry_key=%zz,,=,\"", "&=&sentry_key=%zz&sentry_key", "://@/")
	f.Fuzz(func(t *testing.T, header, query, dsn string) {
		r := &http.Request{Header: http.Header{"X-Sentry-Auth": {header}, "Authorization": {header}}, URL: &url.URL{RawQuery: query}}
		first := readCredentials(r, &route{})
		if again := readCredentials(r, &route{}); first.key != again.key || first.client != again.client || (first.err == nil) != (again.err == nil) {
			t.Fatal("the same request is read in two ways")
		}
		if first.key != "" && first.err == nil && readCredentials(r, &route{key: first.key + "x"}).err == nil {
			t.Fatal("two different keys pass")
		}
		if key, p, ok := parseDSN(dsn); ok && (key == "" || strings.Contains(p, "/")) {
			t.Fatalf("dsn %q has key %q and project %q", dsn, key, p)
		}
	})
}

func FuzzMatch(f *testing.F) {
	f.Add("/api/7/envelope/")
	f.Add("//api//7/cron/a/b//")
	f.Add("/api/store")
	f.Fuzz(func(t *testing.T, path string) {
		r, ok := match(path)
		if !ok {
			return
		}
		if r.form == 0 || r.project == "" && r.form != envelope.FormStore {
			t.Fatalf("%q matches as %+v", path, r)
		}
		if again, ok := match(path + "/"); !ok || again != r {
			t.Fatalf("%q with a slash more is another route", path)
		}
	})
}
