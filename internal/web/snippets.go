package web

// dsnMark stands for the DSN in snippets.
const dsnMark = "«DSN»"

// platform is a language or framework with the three steps from nothing to the first event, by its unmodified Sentry SDK.
// The steps follow the SDKs' own documentation, https://docs.sentry.io/platforms/.
type platform struct {
	Name  string // as projects hold it
	Words string
	Steps []step
}

var platforms = []platform{
	{"python", "Python", []step{
		{"Install the SDK.", "shell", "pip install sentry-sdk"},
		{"Start it before anything else of your application.", "main.py", "import sentry_sdk\n\nsentry_sdk.init(\n    dsn=\"" + dsnMark + "\",\n    environment=\"production\",\n    release=\"my-app@1.0.0\",\n)"},
		{"Raise something.", "main.py", "1 / 0"},
	}},
	{"node", "Node.js", []step{
		{"Install the SDK.", "shell", "npm install @sentry/node"},
		{"Start it before anything else of your application.", "instrument.mjs", "import * as Sentry from \"@sentry/node\";\n\nSentry.init({\n  dsn: \"" + dsnMark + "\",\n  environment: \"production\",\n  release: \"my-app@1.0.0\",\n});"},
		{"Run with it, and throw something.", "shell", "node --import ./instrument.mjs app.mjs"},
	}},
	{"javascript", "Browser", []step{
		{"Install the SDK.", "shell", "npm install @sentry/browser"},
		{"Start it before anything else of your page.", "main.js", "import * as Sentry from \"@sentry/browser\";\n\nSentry.init({\n  dsn: \"" + dsnMark + "\",\n  environment: \"production\",\n  release: \"my-app@1.0.0\",\n});"},
		{"Throw something.", "main.js", "setTimeout(() => { throw new Error(\"first tremor\"); });"},
	}},
	{"go", "Go", []step{
		{"Add the SDK.", "shell", "go get github.com/getsentry/sentry-go"},
		{"Start it in main.", "main.go", "if err := sentry.Init(sentry.ClientOptions{\n\tDsn:         \"" + dsnMark + "\",\n\tEnvironment: \"production\",\n\tRelease:     \"my-app@1.0.0\",\n}); err != nil {\n\tlog.Fatal(err)\n}\ndefer sentry.Flush(2 * time.Second)"},
		{"Report something.", "main.go", "sentry.CaptureException(errors.New(\"first tremor\"))"},
	}},
	{"java", "Java", []step{
		{"Add the SDK.", "build.gradle", "implementation 'io.sentry:sentry:8.+'"},
		{"Start it in main.", "Main.java", "Sentry.init(options -> {\n  options.setDsn(\"" + dsnMark + "\");\n  options.setEnvironment(\"production\");\n  options.setRelease(\"my-app@1.0.0\");\n});"},
		{"Report something.", "Main.java", "Sentry.captureException(new IllegalStateException(\"first tremor\"));"},
	}},
	{"php", "PHP", []step{
		{"Install the SDK.", "shell", "composer require sentry/sentry"},
		{"Start it before anything else of your application.", "index.php", "\\Sentry\\init([\n    'dsn' => '" + dsnMark + "',\n    'environment' => 'production',\n    'release' => 'my-app@1.0.0',\n]);"},
		{"Throw something.", "index.php", "throw new RuntimeException('first tremor');"},
	}},
	{"ruby", "Ruby", []step{
		{"Add the SDK.", "Gemfile", "gem \"sentry-ruby\""},
		{"Start it.", "app.rb", "Sentry.init do |config|\n  config.dsn = \"" + dsnMark + "\"\n  config.environment = \"production\"\n  config.release = \"my-app@1.0.0\"\nend"},
		{"Report something.", "app.rb", "Sentry.capture_message(\"first tremor\")"},
	}},
	{"csharp", ".NET", []step{
		{"Add the SDK.", "shell", "dotnet add package Sentry"},
		{"Start it in Main.", "Program.cs", "using var _ = SentrySdk.Init(o =>\n{\n    o.Dsn = \"" + dsnMark + "\";\n    o.Environment = \"production\";\n    o.Release = \"my-app@1.0.0\";\n});"},
		{"Report something.", "Program.cs", "SentrySdk.CaptureException(new Exception(\"first tremor\"));"},
	}},
	{"rust", "Rust", []step{
		{"Add the SDK.", "shell", "cargo add sentry"},
		{"Start it in main, and keep the guard.", "main.rs", "let _guard = sentry::init((\"" + dsnMark + "\", sentry::ClientOptions {\n    environment: Some(\"production\".into()),\n    release: sentry::release_name!(),\n    ..Default::default()\n}));"},
		{"Panic.", "main.rs", "panic!(\"first tremor\");"},
	}},
	{"other", "Something else", []step{
		{"Take the Sentry SDK of your language and give it this DSN.", "DSN", dsnMark},
		{"Most SDKs read it from the environment too.", "shell", "export SENTRY_DSN='" + dsnMark + "'"},
		{"Or send an event by hand.", "shell", "seismo send --dsn '" + dsnMark + "' 'first tremor'"},
	}},
}

func platformNamed(name string) platform {
	for _, p := range platforms {
		if p.Name == name {
			return p
		}
	}
	return platforms[0]
}

// platformName returns how people call a platform, or "".
func platformName(name string) string {
	for _, p := range platforms {
		if p.Name == name {
			return p.Words
		}
	}
	return ""
}
