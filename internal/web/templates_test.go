package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/jba/templatecheck"
)

// TestTemplatesFitTheirTypes holds every page and every part to the struct it is rendered with: a misspelt field fails here
// with file, line and column.
func TestTemplatesFitTheirTypes(t *testing.T) {
	t.Parallel()
	s := &site{opts: Options{PublicURL: &url.URL{Scheme: "http", Host: "x"}}}
	var err error
	if s.files, err = newFileTree("", false); err != nil {
		t.Fatal(err)
	}
	if s.pages, err = newPageSet(s, false); err != nil {
		t.Fatal(err)
	}
	checked := map[string]bool{}
	for _, tc := range []struct {
		page, part string
		data       any
	}{
		{"login", "shell", doorPage{}},
		{"setup", "shell", doorPage{}},
		{"invite", "shell", doorPage{}},
		{"error", "shell", errorPage{}},
		{"error", "toasts", toast{}},
		{"issue_list", "shell", issueListPage{}},
		{"issue_list", "typed", issueListPage{}},
		{"issue_list", "entered", issueListPage{}},
		{"issue_list", "live", livePage{}},
		{"issue_list", "acted", rowParts{}},
		{"issue", "shell", issuePage{}},
		{"issue", "event", issuePage{}},
		{"issue", "stack", eventView{}},
		{"issue", "acted", issuePage{}},
		{"project_list", "shell", projectListPage{}},
		{"project_new", "shell", projectNewPage{}},
		{"project_setup", "shell", projectSetupPage{}},
		{"project_setup", "arrival", projectSetupPage{}},
	} {
		checked[tc.page] = true
		set, err := s.pages.get(tc.page)
		if err != nil {
			t.Fatal(err)
		}
		part := set.Lookup(tc.part)
		if part == nil {
			t.Errorf("%s has no part %q", tc.page, tc.part)
			continue
		}
		if err := templatecheck.CheckHTML(part, tc.data); err != nil {
			t.Errorf("%s, %s: %v", tc.page, tc.part, err)
		}
	}
	for name := range s.pages.sets {
		if !checked[name] {
			t.Errorf("templates/%s.html is not in this test", name)
		}
	}
}

func mustRequest(target string) *http.Request {
	return httptest.NewRequest(http.MethodGet, target, nil)
}
