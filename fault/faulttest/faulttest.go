// Package faulttest helps to test programs that use package fault: assertions about errors and problem documents, a
// suite that any HTTP boundary must pass, and a server in memory that receives error reports and can misbehave.
package faulttest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seismohq/seismo/fault"
)

// RequireCode ends the test unless [fault.CodeOf] err is want; "" asks for no error.
func RequireCode(t testing.TB, err error, want fault.Code) {
	t.Helper()
	if got := fault.CodeOf(err); got != want {
		t.Fatalf("code %q, want %q; error: %+v", got, want, err)
	}
}

// RequireField ends the test unless err has a field error of this field and rule.
func RequireField(t testing.TB, err error, field, rule string) {
	t.Helper()
	for _, f := range fault.Fields(err) {
		if f.Field == field && f.Rule == rule {
			return
		}
	}
	t.Fatalf("no field error %s/%s in %+v; error: %v", field, rule, fault.Fields(err), err)
}

// RequireNoLeak ends the test when text holds one of the secrets, a Go stack, or a path to a Go file.
func RequireNoLeak(t testing.TB, text string, secrets ...string) {
	t.Helper()
	for _, s := range secrets {
		if strings.Contains(text, s) {
			t.Fatalf("leaks %q: %s", s, text)
		}
	}
	for _, s := range []string{"goroutine ", ".go:", "runtime.", "github.com/"} {
		if strings.Contains(text, s) {
			t.Fatalf("shows internals (%q): %s", s, text)
		}
	}
}

// Problem is a problem document as a client reads it.
type Problem struct {
	Type      string             `json:"type"`
	Title     string             `json:"title"`
	Status    int                `json:"status"`
	Detail    string             `json:"detail"`
	Instance  string             `json:"instance"`
	Code      fault.Code         `json:"code"`
	Errors    []fault.FieldError `json:"errors"`
	RequestID string             `json:"request_id"`
	TraceID   string             `json:"trace_id"`
}

// RequireProblem ends the test unless resp is a problem document with this code, whose status is that of the response. It
// reads and closes the body.
func RequireProblem(t testing.TB, resp *http.Response, want fault.Code) Problem {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	if mt, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || mt != "application/problem+json" {
		t.Fatalf("content type %q: %s", resp.Header.Get("Content-Type"), body)
	}
	var p Problem
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if p.Code != want || p.Status != resp.StatusCode {
		t.Fatalf("code %q of status %d under status %d, want %q: %s", p.Code, p.Status, resp.StatusCode, want, body)
	}
	return p
}

var changing = regexp.MustCompile(`"(request_id|trace_id)":"[^"]*"`)

// Golden compares got, a response body, with the file testdata/<name>. Ids of requests and traces count as equal. With the
// environment variable FAULT_UPDATE=1 it writes the file instead.
func Golden(t testing.TB, name string, got []byte) {
	t.Helper()
	got = changing.ReplaceAll(got, []byte(`"$1":"…"`))
	path := filepath.Join("testdata", name)
	if os.Getenv("FAULT_UPDATE") == "1" {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; FAULT_UPDATE=1 makes it", err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%s differs:\n got %s\nwant %s", path, got, want)
	}
}
