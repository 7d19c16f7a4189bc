package web_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/seismohq/seismo/internal/event"
)

var (
	tagPattern  = regexp.MustCompile(`<[a-zA-Z][^>]*>`)
	attrPattern = regexp.MustCompile(`\s([a-zA-Z:-]+)(?:="([^"]*)")?`)
	idPattern   = regexp.MustCompile(`\sid="([^"]*)"`)
)

// sound reports what in a page would break under the security policy, or break the parts that replace each other: inline
// style or script, addresses that lead out or run code, ids that stand twice, invisible characters.
func sound(t *testing.T, body string) {
	t.Helper()
	ids := map[string]bool{}
	for _, tag := range tagPattern.FindAllString(body, -1) {
		name := strings.ToLower(strings.TrimLeft(strings.FieldsFunc(tag, func(r rune) bool { return strings.ContainsRune(" \n>/", r) })[0], "<"))
		switch name {
		case "style", "iframe", "object", "embed", "base":
			t.Errorf("a <%s> in the page", name)
		case "script":
			if !strings.Contains(tag, ` src="/`) || !strings.Contains(tag, `type="module"`) {
				t.Errorf("inline script %s", tag)
			}
		}
		for _, m := range attrPattern.FindAllStringSubmatch(tag, -1) {
			attr, value := strings.ToLower(m[1]), m[2]
			switch {
			case attr == "style", strings.HasPrefix(attr, "on"):
				t.Errorf("attribute %s in %s", attr, tag)
			case attr == "href" || attr == "action" || attr == "formaction" || attr == "src":
				local := strings.HasPrefix(value, "/") && !strings.HasPrefix(value, "//") || strings.HasPrefix(value, "#")
				if out := strings.HasPrefix(value, "https://") || strings.HasPrefix(value, "http://"); !local && (!out || !strings.Contains(tag, "noopener")) {
					t.Errorf("address %q in %s", value, tag)
				}
			case attr == "aria-describedby" || attr == "aria-labelledby" || attr == "aria-controls" || attr == "popovertarget" || attr == "form":
				for _, id := range strings.Fields(value) { // a part may name what stands elsewhere in the page
					if strings.Contains(body, "<!doctype") && !strings.Contains(body, ` id="`+id+`"`) {
						t.Errorf("%s names %q, which is nowhere", attr, id)
					}
				}
			}
		}
		for _, m := range idPattern.FindAllStringSubmatch(tag, -1) {
			if ids[m[1]] {
				t.Errorf("id %q stands twice", m[1])
			}
			ids[m[1]] = true
		}
	}
	for _, r := range body {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			t.Errorf("the character %U stands in the page", r)
			break
		}
	}
	if strings.Contains(body, "ZgotmplZ") {
		t.Error("html/template refused a value")
	}
	for _, name := range []string{"main", "title"} {
		if strings.Contains(body, "<!doctype") && strings.Count(body, "<"+name) != 1 {
			t.Errorf("not exactly one <%s>", name)
		}
	}
	if strings.Contains(body, "<!doctype") && strings.Count(body, "<h1") != 1 {
		t.Errorf("%d <h1>, want one", strings.Count(body, "<h1"))
	}
}

var (
	rowPattern  = regexp.MustCompile(`<li class="issue[^"]*" id="issue-([A-Z0-9-]+)"`)
	nextPattern = regexp.MustCompile(`id="next-page" href="([^"]+)"`)
)

type eventKey = event.Key
