package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"math"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func tree(tb testing.TB) *fileTree {
	tb.Helper()
	f, err := newFileTree("", false)
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

func TestAssets(t *testing.T) {
	t.Parallel()
	f := tree(t)
	get := func(target, encoding string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", target, nil)
		r.Header.Set("Accept-Encoding", encoding)
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r)
		return w
	}
	w := get(f.path("js/swap.js"), "gzip, br")
	if w.Code != 200 || w.Header().Get("Content-Encoding") != "gzip" || w.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" || w.Header().Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("status %d, header %v", w.Code, w.Header())
	}
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	unzipped, err := io.ReadAll(z)
	if plain := get(f.path("js/swap.js"), "gzip;q=0").Body.Bytes(); err != nil || !bytes.Equal(plain, unzipped) {
		t.Errorf("the twin differs: %d and %d bytes, %v", len(plain), len(unzipped), err)
	}
	if old := get("/static/0000000000000000/app.css", ""); old.Code != 200 || old.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("under another hash: status %d, %s", old.Code, old.Header().Get("Cache-Control"))
	}
	for _, target := range []string{"/static/", "/static/x/", "/static/x/../web.go", "/static/x/css/tokens.css", "/static/x/js", "/static/x/%2e%2e/assets.go"} {
		if w := get(target, ""); w.Code != 404 {
			t.Errorf("%s: status %d", target, w.Code)
		}
	}
}

// TestAssetsAreFound holds every name in templates, modules and style sheets to a file.
func TestAssetsAreFound(t *testing.T) {
	t.Parallel()
	f := tree(t)
	templates, err := filepath.Glob("templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	all := ""
	for _, name := range templates {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all += string(b)
		for _, m := range regexp.MustCompile(`asset "([^"]+)"`).FindAllStringSubmatch(string(b), -1) {
			if _, ok := f.files[m[1]]; !ok {
				t.Errorf("%s: no asset %s", name, m[1])
			}
		}
		for _, m := range regexp.MustCompile(`icon "([^"]+)"`).FindAllStringSubmatch(string(b), -1) {
			if icons[m[1]] == "" {
				t.Errorf("%s: no icon %s", name, m[1])
			}
		}
	}
	for name, file := range f.files {
		if !strings.HasSuffix(name, ".js") {
			continue
		}
		for _, m := range regexp.MustCompile(`from "(\.[^"]+)"`).FindAllSubmatch(file.plain, -1) {
			if _, ok := f.files[path.Join(path.Dir(name), string(m[1]))]; !ok {
				t.Errorf("%s imports %s, which is nowhere", name, m[1])
			}
		}
		for _, m := range regexp.MustCompile(`customElements\.define\("([^"]+)"`).FindAllSubmatch(file.plain, -1) {
			if !strings.Contains(all, "<"+string(m[1])) {
				t.Errorf("%s defines <%s>, which no page has", name, m[1])
			}
		}
	}
	styles, err := filepath.Glob("assets/css/*.css")
	if err != nil || len(styles) != 1+len(f.styleNames()) {
		t.Errorf("%d style sheets, %d are joined, %v", len(styles), len(f.styleNames()), err)
	}
}

func (t *fileTree) styleNames() []string { return styles }

// TestBudgets holds what a page loads to its limits, in bytes after gzip.
func TestBudgets(t *testing.T) {
	t.Parallel()
	f := tree(t)
	if n := len(f.files["app.css"].zipped); n > 18<<10 {
		t.Errorf("the style sheet has %d bytes", n)
	}
	s := &site{files: f}
	for page, islands := range map[string][]string{
		"issue_list":    {"issue-list", "query-field", "chart-readout", "live-feed"},
		"issue":         {"issue-detail", "chart-readout", "copy-button"},
		"project_setup": {"copy-button", "first-event", "live-feed"},
	} {
		modules, sum := s.preload(false, islands), 0
		for _, m := range modules {
			file, ok := f.files[strings.TrimPrefix(m, f.path(""))]
			if !ok {
				t.Errorf("%s loads %s, which is nowhere", page, m)
			}
			sum += len(file.zipped)
		}
		if sum > 30<<10 || len(modules) > 12 {
			t.Errorf("%s loads %d bytes in %d modules", page, sum, len(modules))
		}
	}
}

// TestColoursAreTokens finds raw colours outside tokens.css.
func TestColoursAreTokens(t *testing.T) {
	t.Parallel()
	raw := regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b|\b(?:rgb|rgba|hsl|hsla|oklch|lab|lch)\(`)
	files, err := filepath.Glob("assets/css/*.css")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`var\((--[a-z0-9-]+)`).FindAllSubmatch(b, -1) {
			used[string(m[1])] = true
		}
		if filepath.Base(name) == "tokens.css" {
			continue
		}
		for n, l := range strings.Split(string(b), "\n") {
			// Ids look like colours, where all their letters are hex digits.
			if raw.MatchString(l) && !strings.Contains(l, "{") && !strings.HasSuffix(strings.TrimSpace(l), ",") {
				t.Errorf("%s:%d: a raw colour: %s", name, n+1, strings.TrimSpace(l))
			}
		}
	}
	tokens, err := os.ReadFile("assets/css/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	for name := range used {
		if !strings.Contains(string(tokens), "\t"+name+":") && !strings.Contains(string(tokens), " "+name+":") && name != "--trace" {
			t.Errorf("no token %s", name)
		}
	}
}

// TestContrast computes the contrast of what stands on what: text at least 4.5:1, shapes and borders 3:1 (WCAG 2.2, 1.4.3
// and 1.4.11), in both themes.
func TestContrast(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("assets/css/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	colours := map[string][2]float64{} // luminance, light and dark
	for _, m := range regexp.MustCompile(`--([a-z0-9-]+): light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\)`).FindAllSubmatch(b, -1) {
		colours[string(m[1])] = [2]float64{luminance(t, string(m[2])), luminance(t, string(m[3]))}
	}
	surfaces := []string{"bg", "surface", "sunken", "hover"}
	check := func(on []string, least float64, names ...string) {
		for _, name := range names {
			for _, s := range on {
				for theme, word := range []string{"light", "dark"} {
					a, b := colours[name], colours[s]
					if a == ([2]float64{}) || b == ([2]float64{}) {
						t.Fatalf("no token %s or %s", name, s)
					}
					if r := (max(a[theme], b[theme]) + 0.05) / (min(a[theme], b[theme]) + 0.05); r < least {
						t.Errorf("%s on %s, %s: %.2f:1, less than %.1f", name, s, word, r, least)
					}
				}
			}
		}
	}
	check(surfaces, 7.1, "ink-2")
	check(surfaces, 4.5, "ink", "ink-2", "ink-3", "accent", "fatal", "error", "warning", "info", "debug", "ok")
	check([]string{"bg", "surface", "sunken"}, 3, "line-strong")
	check([]string{"surface"}, 3, "fatal-fill", "error-fill", "warning-fill", "info-fill", "debug-fill", "ok-fill")
	for _, name := range []string{"fatal", "error", "warning", "info", "debug", "ok", "accent"} {
		check([]string{name + "-soft"}, 4.5, name, "ink", "ink-2")
	}
	check([]string{"sunken"}, 4.5, "syn-key", "syn-str", "syn-num", "syn-com")
	check([]string{"accent"}, 4.5, "on-accent")
	for _, p := range []string{"p1", "p2", "p3", "p4", "p5"} {
		check([]string{p}, 4.5, p+"-ink")
	}
}

// luminance is the relative luminance of "rrggbb" as WCAG defines it.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	var out float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		out += weight * c
	}
	return out
}

// TestDev reads templates and assets from the working directory at each request.
func TestDev(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "internal/web/templates"), os.DirFS("templates")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "internal/web/assets"), os.DirFS("assets")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	s := &site{opts: Options{PublicURL: &url.URL{Host: "x"}}}
	var err error
	if s.files, err = newFileTree("", true); err != nil {
		t.Fatal(err)
	}
	if s.pages, err = newPageSet(s, true); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"templates/error.html": `{{define "main"}}changed{{end}}`, "assets/js/keys.js": "// changed"} {
		if err := os.WriteFile(filepath.Join("internal/web", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set, err := s.pages.get("error")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := set.ExecuteTemplate(&b, "main", errorPage{}); err != nil || b.String() != "changed" {
		t.Errorf("%q, %v", b.String(), err)
	}
	w := httptest.NewRecorder()
	s.files.ServeHTTP(w, httptest.NewRequest("GET", s.files.path("js/keys.js"), nil))
	if w.Body.String() != "// changed" || w.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("%q, %s", w.Body.String(), w.Header().Get("Cache-Control"))
	}
}

func TestIconsAreUsed(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	more, _ := filepath.Glob("templates/*.html")
	var all []byte
	for _, name := range slices.Concat(files, more) {
		if strings.HasSuffix(name, "_test.go") || name == "icon.go" {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	for name := range icons {
		if !bytes.Contains(all, []byte(`"`+name+`"`)) {
			t.Errorf("the icon %s is nowhere used", name)
		}
	}
}
