package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// wantIssue is what one scenario of an SDK must look like. A field that is empty is not looked at.
type wantIssue struct {
	title    string
	level    string
	culprit  string
	function string // of the crash frame
	handled  string // value of the tag
	frames   int    // at least so many in the last exception
	user     string // identity by id
	tier     string // value of the tag shop.tier
	crumb    string // message of a breadcrumb
	url      string // end of the request's URL
}

// sdk is one real SDK with a program that uses it.
type sdk struct {
	name     string
	platform string
	sdk      string // prefix of sdk.name in the event
	prepare  func(t *testing.T) (dir string, argv []string)
	fails    bool // the program ends with an unhandled error, so its exit status is not 0
	issues   []wantIssue
}

var sdks = []sdk{
	{
		name: "python", platform: "python", sdk: "sentry.python", prepare: python("plain.py"), fails: true,
		issues: []wantIssue{
			{title: "KeyError: 'TENT'", level: "error", culprit: "__main__ in price", function: "price", handled: "yes", frames: 3, user: "42", tier: "pro", crumb: "cart opened"},
			{title: "Overdrawn: account 4711 is overdrawn", level: "error", culprit: "__main__ in pay", function: "pay", handled: "no", frames: 2, user: "42", tier: "pro"},
			{title: "stock is low", level: "warning", user: "42", tier: "pro"},
		},
	},
	{
		name: "flask", platform: "python", sdk: "sentry.python", prepare: python("flask_app.py"),
		issues: []wantIssue{
			{title: "KeyError: 'TENT'", level: "error", culprit: "handled", function: "handled", handled: "yes", frames: 1, user: "42", tier: "pro", crumb: "cart opened", url: "/handled"},
			{title: "ZeroDivisionError: integer division or modulo by zero", level: "error", culprit: "cart", function: "cart", handled: "no", frames: 2, url: "/cart/7"},
			{title: "stock is low", level: "warning", url: "/handled"},
		},
	},
	{
		name: "django", platform: "python", sdk: "sentry.python", prepare: python("django_app.py"),
		issues: []wantIssue{
			{title: "KeyError: 'TENT'", level: "error", culprit: "/handled", function: "handled", handled: "yes", frames: 1, user: "42", tier: "pro", crumb: "cart opened", url: "/handled"},
			{title: "ZeroDivisionError: integer division or modulo by zero", level: "error", culprit: "/cart/{cart}", function: "cart", handled: "no", frames: 2, url: "/cart/7"},
			{title: "stock is low", level: "warning", url: "/handled"},
		},
	},
	{
		name: "node", platform: "node", sdk: "sentry.javascript.node", prepare: node("plain.js"), fails: true,
		issues: []wantIssue{
			{title: "TypeError: Cannot read properties of undefined (reading 'currency')", level: "error", culprit: "price(plain)", function: "price", handled: "yes", frames: 3, user: "42", tier: "pro", crumb: "cart opened"},
			{title: "Overdrawn: account 4711 is overdrawn", level: "fatal", culprit: "pay(plain)", function: "pay", handled: "no", frames: 2, user: "42", tier: "pro"},
			{title: "stock is low", level: "warning", user: "42", tier: "pro"},
		},
	},
	{
		name: "express", platform: "node", sdk: "sentry.javascript.node", prepare: node("express.js"),
		issues: []wantIssue{
			{title: "TypeError: Cannot read properties of null (reading 'amount')", level: "error", handled: "yes", frames: 2, user: "42", tier: "pro", crumb: "cart opened", url: "/handled"},
			{title: "RangeError: cart 7 is too large", level: "error", function: "cart", handled: "no", frames: 2, url: "/cart/7"},
			{title: "stock is low", level: "warning", url: "/handled"},
		},
	},
	{
		name: "browser", platform: "javascript", sdk: "sentry.javascript.browser", prepare: browser,
		issues: []wantIssue{
			{title: "TypeError: Cannot read properties of undefined (reading 'currency')", level: "error", function: "price", handled: "yes", frames: 2, user: "42", tier: "pro", crumb: "cart opened", url: "/cart"},
			{title: "RangeError: account 4711 is overdrawn", level: "error", function: "pay", handled: "no", frames: 2, user: "42", tier: "pro", url: "/cart"},
			{title: "stock is low", level: "warning", user: "42", tier: "pro", url: "/cart"},
		},
	},
	{
		name: "go", platform: "go", sdk: "sentry.go", prepare: golang,
		issues: []wantIssue{
			{title: "*fmt.wrapError: price of TENT: out of stock", level: "error", user: "42", tier: "pro", crumb: "cart opened", url: "/handled"},
			{title: "runtime.plainError: assignment to entry in nil map", level: "fatal", url: "/cart/7"},
			{title: "stock is low", level: "warning", user: "42", tier: "pro"},
		},
	},
	{
		name: "java", platform: "java", sdk: "sentry.java", prepare: java("shop.Plain"), fails: true,
		issues: []wantIssue{
			{title: "IllegalStateException: cart cannot be priced", level: "error", culprit: "shop.Plain in checkout", function: "checkout", frames: 2, user: "42", tier: "pro", crumb: "cart opened"},
			{title: "Plain$Overdrawn: account 4711 is overdrawn", level: "fatal", culprit: "shop.Plain in pay", function: "pay", handled: "no", frames: 2, user: "42", tier: "pro"},
			{title: "stock is low", level: "warning", user: "42", tier: "pro"},
		},
	},
	{
		name: "logback", platform: "java", sdk: "sentry.java.logback", prepare: java("shop.Logging"),
		issues: []wantIssue{
			{title: "IllegalStateException: cart cannot be priced", level: "error", culprit: "shop.Plain in checkout", function: "checkout", frames: 2, crumb: "cart 7 opened"},
			{title: "stock of TENT is low: 3", level: "error"},
		},
	},
	{
		name: "rust", platform: "native", sdk: "sentry.rust", prepare: rust,
		issues: []wantIssue{
			{title: "ParseIntError: invalid digit found in string", level: "error", user: "42", tier: "pro", crumb: "cart opened"},
			{title: "panic: account 4711 is overdrawn", level: "fatal", function: "shop::pay", handled: "no", frames: 5, user: "42", tier: "pro"},
			{title: "stock is low", level: "warning", user: "42", tier: "pro"},
		},
	},
}

func TestSDKs(t *testing.T) {
	if testing.Short() {
		t.Skip("skip: short")
	}
	s := newServer(t, t.TempDir())
	s.start()
	for _, sdk := range sdks {
		t.Run(sdk.name, func(t *testing.T) {
			dir, argv := sdk.prepare(t)
			p, err := s.api.CreateProject(t.Context(), sdk.name, sdk.platform)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "DSN="+p.Keys[0].DSN)
			out, err := cmd.CombinedOutput()
			if (err != nil) != sdk.fails {
				t.Fatalf("%v: %v\n%s", argv, err, out)
			}
			for _, want := range sdk.issues {
				t.Run(want.title, func(t *testing.T) { checkIssue(t, s, sdk, p.Slug, want) })
			}
			checkSum(t, s, p.Slug)
			if t.Failed() {
				t.Logf("output of the program:\n%s", tail(string(out), 3000))
			}
		})
	}
}

// TestPages opens the pages in a real browser, signs in by password and looks at what an SDK sent. No console message is
// allowed: a blocked style or script would be one. With SCREENSHOTS=DIR the pictures are kept there.
func TestPages(t *testing.T) {
	if testing.Short() {
		t.Skip("skip: short")
	}
	s := newServer(t, t.TempDir())
	s.start()
	for _, sdk := range sdks {
		if sdk.name != "python" && sdk.name != "flask" && sdk.name != "express" && sdk.name != "logback" && sdk.name != "rust" {
			continue
		}
		dir, argv := sdk.prepare(t)
		p, err := s.api.CreateProject(t.Context(), sdk.name, sdk.platform)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "DSN="+p.Keys[0].DSN)
		_ = cmd.Run() // TestSDKs looks at how it ends
	}
	out := os.Getenv("SCREENSHOTS")
	if out == "" {
		out = t.TempDir()
	}
	dir, _ := browser(t)
	eventually(t, 20*time.Second, func() error {
		issues, err := s.issues("")
		if err == nil && len(issues) < 8 {
			err = fmt.Errorf("%d issues", len(issues))
		}
		return err
	})
	cmd := exec.CommandContext(t.Context(), "node", "screens.js")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "BASE=http://"+s.address, "EMAIL=admin@example.org", "PASSWORD=correct horse battery staple", "ISSUE=Overdrawn", "OUT="+out)
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("browser: %v\n%s", err, b)
	}
}

// apiEvent is the part of a normalised event that is compared.
type apiEvent struct {
	EventID   string `json:"event_id"`
	Title     string `json:"title"`
	Level     string `json:"level"`
	Culprit   string `json:"culprit"`
	Platform  string `json:"platform"`
	Release   string `json:"release"`
	Env       string `json:"environment"`
	Outcome   string `json:"outcome"`
	Metadata  struct{ Function string }
	SDK       struct{ Name string }
	User      struct{ ID string }
	Tags      []struct{ Key, Value string }
	Exception []struct {
		Stacktrace struct{ Frames []json.RawMessage }
	}
	Stacktrace  struct{ Frames []json.RawMessage }
	Breadcrumbs []struct{ Message string }
	Request     struct{ URL string }
	Grouping    struct {
		Keys     []string
		Variants []json.RawMessage
	}
}

func (e apiEvent) tag(key string) string {
	for _, t := range e.Tags {
		if t.Key == key {
			return t.Value
		}
	}
	return ""
}

func checkIssue(t *testing.T, s *server, sdk sdk, project string, want wantIssue) {
	t.Helper()
	var event apiEvent
	eventually(t, 20*time.Second, func() error {
		issues, err := s.issues(project)
		if err != nil {
			return err
		}
		var titles []string
		for _, i := range issues {
			titles = append(titles, i.Title)
			if i.Title != want.title {
				continue
			}
			page, err := s.api.ListEvents(t.Context(), i.ShortID, "", 1)
			if err != nil || len(page.Items) == 0 {
				return fmt.Errorf("issue without event: %w", err)
			}
			raw, err := s.api.GetEvent(t.Context(), project, page.Items[0].ID)
			if err != nil {
				return err
			}
			return json.Unmarshal(raw, &event)
		}
		return fmt.Errorf("no issue %q among %q", want.title, titles)
	})
	got := want
	got.title, got.level = event.Title, event.Level
	frames := len(event.Stacktrace.Frames)
	if n := len(event.Exception); n > 0 {
		frames = len(event.Exception[n-1].Stacktrace.Frames)
	}
	if frames < want.frames {
		got.frames = frames
	}
	for _, f := range []struct {
		want, got *string
		is        string
	}{
		{&want.culprit, &got.culprit, event.Culprit},
		{&want.function, &got.function, event.Metadata.Function},
		{&want.handled, &got.handled, event.tag("handled")},
		{&want.user, &got.user, event.User.ID},
		{&want.tier, &got.tier, event.tag("shop.tier")},
	} {
		if *f.want != "" {
			*f.got = f.is
		}
	}
	if want.crumb != "" && !slices.ContainsFunc(event.Breadcrumbs, func(b struct{ Message string }) bool { return b.Message == want.crumb }) {
		got.crumb = fmt.Sprint(event.Breadcrumbs)
	}
	if want.url != "" && !strings.HasSuffix(event.Request.URL, want.url) {
		got.url = event.Request.URL
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(wantIssue{})); diff != "" {
		t.Errorf("issue (-want +got):\n%s", diff)
	}
	if event.Platform != sdk.platform || !strings.HasPrefix(event.SDK.Name, sdk.sdk) || event.Release != "shop@1.2.3" || event.Env != "e2e" || event.Outcome != "accepted" {
		t.Errorf("platform %q, sdk %q, release %q, environment %q, outcome %q", event.Platform, event.SDK.Name, event.Release, event.Env, event.Outcome)
	}
	if event.tag("release") != "shop@1.2.3" || event.tag("environment") != "e2e" || event.tag("level") != want.level {
		t.Errorf("derived tags are missing: %v", event.Tags)
	}
	if len(event.Grouping.Keys) == 0 || len(event.Grouping.Variants) == 0 {
		t.Errorf("the event does not say how it was grouped")
	}
}

// checkSum holds the outcomes to the counts: nothing invalid, and what was accepted as an event is counted to an issue.
func checkSum(t *testing.T, s *server, project string) {
	t.Helper()
	eventually(t, 10*time.Second, func() error {
		issues, err := s.issues(project)
		if err != nil {
			return err
		}
		var counted, accepted int64
		for _, i := range issues {
			counted += i.Count
		}
		list, err := s.api.ListOutcomes(t.Context(), project, time.Now().Add(-time.Hour))
		if err != nil {
			return err
		}
		for _, o := range list {
			if o.Outcome == "invalid" {
				return fmt.Errorf("%d %s items are invalid: %s", o.Quantity, o.Category, o.Reason)
			}
			if o.Outcome == "accepted" && (o.Category == "error" || o.Category == "default") {
				accepted += o.Quantity
			}
		}
		if counted != accepted {
			return fmt.Errorf("%d events accepted, %d counted", accepted, counted)
		}
		return nil
	})
}

// cache returns a directory for what a language's tools install, kept between runs.
func cache(t *testing.T, name string) string {
	t.Helper()
	base, err := os.UserCacheDir()
	if err != nil {
		base = os.TempDir()
	}
	dir := filepath.Join(base, "seismo-e2e", name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func need(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			required(t, tool+" is not installed")
		}
	}
}

// install runs a command; what it cannot fetch skips the test.
func install(t *testing.T, dir string, env []string, argv ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		required(t, fmt.Sprintf("%s failed: %v\n%s", strings.Join(argv, " "), err, tail(string(out), 2000)))
	}
}

func source(t *testing.T, language string) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("sdks", language))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

var pythonOnce sync.Mutex

func python(script string) func(*testing.T) (string, []string) {
	return func(t *testing.T) (string, []string) {
		need(t, "python3")
		pythonOnce.Lock()
		defer pythonOnce.Unlock()
		venv := cache(t, "python")
		bin := filepath.Join(venv, "bin", "python3")
		if _, err := os.Stat(bin); err != nil {
			install(t, venv, nil, "python3", "-m", "venv", venv)
		}
		install(t, venv, nil, bin, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", filepath.Join(source(t, "python"), "requirements.txt"))
		return source(t, "python"), []string{bin, script}
	}
}

// nodeDir is a copy of the sources with the packages installed beside them.
func nodeDir(t *testing.T) string {
	t.Helper()
	need(t, "node", "npm")
	dir := cache(t, "node")
	files, err := os.ReadDir(source(t, "node"))
	if err != nil {
		t.Fatal(err)
	}
	lock, _ := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	for _, f := range files {
		if f.IsDir() {
			continue
		}
		b, err := os.ReadFile(filepath.Join(source(t, "node"), f.Name()))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, f.Name()), b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	want, _ := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil || string(lock) != string(want) {
		install(t, dir, nil, "npm", "ci", "--no-fund", "--no-audit")
	}
	return dir
}

func node(script string) func(*testing.T) (string, []string) {
	return func(t *testing.T) (string, []string) { return nodeDir(t), []string{"node", script} }
}

func browser(t *testing.T) (string, []string) {
	dir := nodeDir(t)
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			t.Setenv("CHROMIUM", path)
			return dir, []string{"node", "browser.js"}
		}
	}
	required(t, "chromium is not installed")
	return "", nil
}

func golang(t *testing.T) (string, []string) {
	bin := filepath.Join(t.TempDir(), "shop")
	install(t, source(t, "go"), []string{"GOFLAGS=-mod=mod"}, "go", "build", "-o", bin, ".")
	return source(t, "go"), []string{bin}
}

func java(class string) func(*testing.T) (string, []string) {
	return func(t *testing.T) (string, []string) {
		need(t, "java", "javac", "mvn")
		target := cache(t, "java")
		install(t, source(t, "java"), nil, "mvn", "-q", "-B", "-DbuildDirectory="+target, "compile", "dependency:build-classpath", "-Dmdep.outputFile="+filepath.Join(target, "classpath"))
		classpath, err := os.ReadFile(filepath.Join(target, "classpath"))
		if err != nil {
			t.Fatal(err)
		}
		return target, []string{"java", "-cp", filepath.Join(target, "classes") + string(os.PathListSeparator) + strings.TrimSpace(string(classpath)), class}
	}
}

func rust(t *testing.T) (string, []string) {
	need(t, "cargo")
	target := cache(t, "rust")
	install(t, source(t, "rust"), []string{"CARGO_TARGET_DIR=" + target}, "cargo", "build", "--locked", "--quiet")
	bin := filepath.Join(target, "debug", "shop")
	if runtime.GOOS == "windows" {
		bin += ".exe"
	}
	return source(t, "rust"), []string{bin}
}
