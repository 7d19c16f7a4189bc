package faultlog_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/seismohq/seismo/fault/faultlog"
)

func TestSecretKey(t *testing.T) {
	t.Parallel()
	for _, key := range []string{
		"password", "Password", "DB_PASSWORD", "userPassword", "dbpassword", "new-password", "passwd", "pwd", "db_pass", "secret", "client_secret",
		"clientSecret", "token", "access_token", "accessToken", "AccessToken", "APIToken", "refreshtoken", "api_key", "apiKey", "API-KEY", "X-Api-Key",
		"apikey", "Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "cookies", "X-Sentry-Auth", "basic_auth", "private_key",
		"privateKey", "AWS_SECRET_ACCESS_KEY", "aws_access_key_id", "session_id", "sessionid", "ssn", "user_ssn", "userSsn", "card_number", "credit.card",
		"cvv", "jwt", "csrf", "webhook_url", "connection_string", "credentials", "encryption_key", "otp", "password_",
	} {
		if !(*faultlog.Redactor)(nil).SecretKey(key) {
			t.Errorf("%q passes", key)
		}
	}
	for _, key := range []string{
		"", "_", "user", "processName", "compass", "bypass", "token_count", "tokens", "password_reset_at", "author", "authority", "oauth", "public_key",
		"key", "primary_key", "idempotency_key", "monkey", "session", "sessions", "card", "secretary", "passenger", "JWTCookieName", "lesson", "mission",
		"request_id", "email", "cookie_name", "ключ", "auth_method", "passed",
	} {
		if (*faultlog.Redactor)(nil).SecretKey(key) {
			t.Errorf("%q is removed", key)
		}
	}
	r := faultlog.NewRedactor().Keys("IBAN", "shoe-size").Allow("session_id")
	for key, want := range map[string]bool{"iban": true, "ShoeSize": true, "sessionId": false, "password": true, "my_iban": false} {
		if got := r.SecretKey(key); got != want {
			t.Errorf("SecretKey(%q) = %v", key, got)
		}
	}
}

func TestRedactorValueByKind(t *testing.T) {
	t.Parallel()
	var r *faultlog.Redactor
	for _, tt := range []struct {
		key  string
		in   any
		want string
	}{
		{"max_token", 4096, "4096"},
		{"password", 1234, "[redacted]"},
		{"has_password", true, "true"},
		{"token", "x", "[redacted]"},
		{"cvv", 123, "[redacted]"},
		{"n", int64(4111111111111111), "[redacted]"},
		{"n", []int64{4111111111111111, 1700000000000000}, `["[redacted]",1700000000000000]`},
		{"n", map[string]any{"token": 5, "password": 5, "secret": "x"}, `{"password":"[redacted]","secret":"[redacted]","token":5}`},
		{"err", fmt.Errorf("password=%s", "s3cret"), "password=[redacted]"},
		{"g", slog.GroupValue(slog.String("password", "s3cret")), "[password=[redacted]]"},
	} {
		if got := r.Value(tt.key, slog.AnyValue(tt.in)).String(); got != tt.want {
			t.Errorf("%s=%v gives %s, want %s", tt.key, tt.in, got, tt.want)
		}
	}
	a := r.ReplaceAttr(nil, slog.String("password", "s3cret"))
	if a.Value.String() != "[redacted]" {
		t.Error(a)
	}
}

// Each case hides exactly the word s3cret-ish part; want is the whole result.
func TestRedactorString(t *testing.T) {
	t.Parallel()
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
	tests := map[string]struct{ in, want string }{
		"nothing":            {"connect to host:5432 failed after 3.5 s, id=77-88", ""},
		"visa":               {"card 4111111111111111 declined", "card [redacted] declined"},
		"visa in groups":     {"card 4111 1111 1111 1111.", "card [redacted]."},
		"visa dashed":        {"4111-1111-1111-1111", "[redacted]"},
		"amex":               {"(378282246310005)", "([redacted])"},
		"mastercard 2 range": {"2223003122003222", "[redacted]"},
		"bad check digit":    {"card 4111111111111112 declined", ""},
		"timestamp":          {"at 1700000000000000", ""},
		"in an id":           {"id a4111111111111111", ""},
		"in a uuid":          {"ab12-4111111111111111", ""},
		"in a decimal":       {"0.4111111111111111", ""},
		"hex id":             {"4111111111111111abcdef", ""},
		"ssn":                {"ssn 123-45-6789, born", "ssn [redacted], born"},
		"never issued":       {"000-45-6789 666-45-6789 912-45-6789 123-00-6789 123-45-0000", ""},
		"phone":              {"tel 555-123-4567", ""},
		"date":               {"2024-01-02 10:11:12", ""},
		"jwt":                {"jwt " + jwt + " expired", "jwt [redacted] expired"},
		"bearer":             {"Authorization uses Bearer abc123def456 now", "Authorization uses Bearer [redacted] now"},
		"bearer of news":     {"the bearer remembers everything", ""},
		"basic":              {"basic dXNlcjpwYXNz, x", "basic [redacted], x"},
		"basic words":        {"basic understanding", ""},
		"url":                {"dial postgres://app:p@ss:w0rd@db:5432/shop?x=1", "dial postgres://app:[redacted]@db:5432/shop?x=1"},
		"url without":        {"https://key@o1.example.com/2 and http://host:80/a@b", ""},
		"libpq":              {"host=db user=app password=hunter2 dbname=x", "host=db user=app password=[redacted] dbname=x"},
		"libpq quoted":       {"password='hun ter2' dbname=x", "password='[redacted]' dbname=x"},
		"query":              {"GET /cb?code=1&access_token=abc&x=1", "GET /cb?code=1&access_token=[redacted]&x=1"},
		"json":               {`{"user":"a","password":"hun\"ter2","n":1}`, `{"user":"a","password":"[redacted]","n":1}`},
		"json blank":         {`{"api_key": "abc"}`, `{"api_key": "[redacted]"}`},
		"json in json":       {`"{\"password\":\"hunter2\",\"n\":1}"`, `"{\"password\":\"[redacted]\",\"n\":1}"`},
		"json number":        {`{"token":12345}`, `{"token":[redacted]}`},
		"header":             {"Authorization: Basic a b\nAccept: x", "Authorization: [redacted]\nAccept: x"},
		"cookie":             {"Set-Cookie: a=b; c=d", "Set-Cookie: [redacted]"},
		"prose":              {"invalid token: unexpected end of input", ""},
		"colon":              {"password:hunter2", "password:[redacted]"},
		"github":             {"clone with ghp_abcdefghijklmnopqrstuvwxyz0123456789 failed", "clone with ghp_[redacted] failed"},
		"slack":              {"https://hooks.slack.com/services/T0/B0/xyz failed", "https://hooks.slack.com/services/[redacted] failed"},
		"slack token":        {"xoxb-123456789012-abcdefghijkl", "xoxb-[redacted]"},
		"aws":                {"key AKIAIOSFODNN7EXAMPLE used", "key AKIA[redacted] used"},
		"openai":             {"sk-abcdefghijklmnopqrst", "sk-[redacted]"},
		"task":               {"task-abcdefghijklmnopqrst", ""},
		"short prefix":       {"ghp_short", ""},
		"pem":                {"-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- x", "-----BEGIN RSA PRIVATE KEY-----[redacted]-----END RSA PRIVATE KEY----- x"},
		"pem cut":            {"-----BEGIN PRIVATE KEY-----\nabc", "-----BEGIN PRIVATE KEY-----[redacted]"},
		"certificate":        {"-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----", ""},
		"several":            {"password=a token=b 4111111111111111", "password=[redacted] token=[redacted] [redacted]"},
		"twice hidden":       {"access_token=ghp_abcdefghijklmnopqrstuvwxyz0123456789&x", "access_token=[redacted]&x"},
		"already hidden":     {"password=[redacted] x", ""},
		"at the end":         {"password=", ""},
		"unicode":            {"naïve – 日本 password=hunter2", "naïve – 日本 password=[redacted]"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := tt.want
			if want == "" {
				want = tt.in
			}
			if got := (*faultlog.Redactor)(nil).String(tt.in); got != want {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

type base struct {
	Token string
	Base  int `json:"b"`
}

type textKey struct{ s string }

func (k textKey) MarshalText() ([]byte, error) { return []byte(k.s), nil }

type failing struct{ err error }

func (f failing) MarshalText() ([]byte, error) { return nil, f.err }

type failingJSON struct{ err error }

func (f failingJSON) MarshalJSON() ([]byte, error) { return nil, f.err }

func TestRedactorAny(t *testing.T) {
	t.Parallel()
	var none *base
	for name, tt := range map[string]struct {
		in   any
		want string
	}{
		"embedded":          {struct{ base }{base{"x", 1}}, `{"Token":"[redacted]","b":1}`},
		"embedded pointer":  {struct{ *base }{}, `{}`},
		"nil pointer":       {none, `null`},
		"text keys":         {map[textKey]int{{"a"}: 1}, `{"a":1}`},
		"number keys":       {map[uint8]string{7: "password=x"}, `{"7":"password=[redacted]"}`},
		"secret in a key":   {map[string]int{"4111111111111111": 1}, `{"[redacted]":1}`},
		"text":              {textKey{"token=x"}, `"token=[redacted]"`},
		"text fails":        {failing{errors.New("token=x")}, `"[token=[redacted]]"`},
		"json fails":        {failingJSON{errors.New("token=x")}, `"[token=[redacted]]"`},
		"lazy":              {faultlog.Lazy(func() any { return "token=x" }), `"token=[redacted]"`},
		"nested lazy":       {[]any{faultlog.Lazy(func() any { return 1 })}, `[1]`},
		"nested error":      {[]error{errors.New("token=x"), nil}, `["token=[redacted]",null]`},
		"array":             {[2]uint{1, 2}, `[1,2]`},
		"nil map and slice": {[]any{map[string]int(nil), []int(nil)}, `[null,null]`},
		"floats":            {[]float32{0.5}, `[0.5]`},
		"tags": {struct {
			A int    `json:"-"`
			B int    `json:",omitempty"`
			C string `json:"c,omitempty" fault:"secret"`
		}{1, 0, "x"}, `{"c":"[redacted]"}`},
		"group":    {slog.GroupValue(slog.String("token", "x"), slog.Int("n", 1)), `{"token":"[redacted]","n":1}`},
		"duration": {time.Second, `"1s"`},
	} {
		if got := string((*faultlog.Redactor)(nil).AppendJSON(nil, slog.AnyValue(tt.in))); got != tt.want {
			t.Errorf("%s: got %s, want %s", name, got, tt.want)
		}
	}
	js, err := json.Marshal((*faultlog.Redactor)(nil).Value("v", slog.AnyValue(base{"x", 1})).Any())
	if err != nil || string(js) != `{"Token":"[redacted]","b":1}` {
		t.Errorf("%s %v", js, err)
	}
	if a := faultlog.ErrorOf(faultlog.Err(errors.ErrUnsupported)); !errors.Is(a, errors.ErrUnsupported) || faultlog.ErrorOf(slog.Int("a", 1)) != nil || faultlog.ErrorOf(slog.Any("a", errors.ErrUnsupported)) == nil {
		t.Error("ErrorOf")
	}
	ctx := faultlog.Context(t.Context(), slog.Int("a", 1))
	if len(faultlog.ContextAttrs(ctx)) != 1 || len(faultlog.ContextAttrs(t.Context())) != 0 {
		t.Error("ContextAttrs")
	}
}

func TestRedactorBounds(t *testing.T) {
	t.Parallel()
	var r *faultlog.Redactor
	long := strings.Repeat("é", faultlog.MaxText)
	got := r.String(long + "password=s3cret")
	if len(got) > faultlog.MaxText+64 || strings.Contains(got, "s3cret") || !utf8.ValidString(got) || !strings.HasSuffix(got, " bytes cut]") {
		t.Errorf("%d bytes, ends %q", len(got), got[len(got)-40:])
	}
	deep := any("s3cret")
	for range 20 {
		deep = []any{deep}
	}
	wide := make([]int, 1000)
	for _, v := range []any{deep, wide, map[string]any{"a": deep}} {
		js := r.AppendJSON(nil, slog.AnyValue(v))
		if !json.Valid(js) || len(js) > 1000 || strings.Contains(string(js), "s3cret") {
			t.Errorf("%s", js)
		}
	}
	type loop struct{ Next *loop }
	l := &loop{}
	l.Next = l
	if js := r.AppendJSON(nil, slog.AnyValue(l)); !json.Valid(js) {
		t.Errorf("%s", js)
	}
	many := map[string]int{}
	for i := range 500 {
		many[fmt.Sprint(i)] = i
	}
	if js := r.AppendJSON(nil, slog.AnyValue(many)); !json.Valid(js) || len(js) > 2000 {
		t.Errorf("%s", js)
	}
}

func TestRedactorJSON(t *testing.T) {
	t.Parallel()
	var r *faultlog.Redactor
	for in, want := range map[string]string{
		`{"a":{"password":"x"},"b":[1.50,"4111111111111111"]}`: `{"a":{"password":"[redacted]"},"b":[1.50,"[redacted]"]}`,
		`not json password=x`:     `"not json password=[redacted]"`,
		`{"a":1}{"password":"x"}`: `"{\"a\":1}{\"password\":\"[redacted]\"}"`,
		`null`:                    `null`,
		``:                        `""`,
	} {
		if got := string(r.JSON([]byte(in))); got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
}

func FuzzRedactorString(f *testing.F) {
	for _, s := range []string{"card 4111 1111 1111 1111", "a://b:c@d", `{"password":"x"}`, "Bearer abcdefgh1", "eyJhbGciOi.eyJzdWIiOi.x", "-----BEGIN PRIVATE KEY-----", "ghp_aaaaaaaaaaaaaaaaaaaaa", "Cookie: a", `\"token\":\"x`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var r *faultlog.Redactor
		once := r.String(s)
		if twice := r.String(once); once != twice && len(once) < faultlog.MaxText {
			t.Errorf("not stable: %q\nthen %q\nthen %q", s, once, twice)
		}
		// Whatever surrounds it, an assignment on a line of its own is found.
		if len(s) < 1000 {
			got := r.String(s + "\npassword=hunter2secret\n")
			if strings.Contains(got, "hunter2secret") {
				t.Errorf("%q gives %q", s, got)
			}
		}
	})
}

func FuzzRedactorJSON(f *testing.F) {
	f.Add([]byte(`{"a":[{"password":"x"}],"b":1e400,"":null}`))
	f.Add([]byte("\xff{"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		var r *faultlog.Redactor
		js := r.JSON(doc)
		if !json.Valid(js) {
			t.Errorf("%s", js)
		}
	})
}

func FuzzClean(f *testing.F) {
	f.Add("a\nb\x1b[31m\u202e\xff\\n")
	f.Fuzz(func(t *testing.T, s string) {
		got := faultlog.Clean(s)
		if strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r <= 0x9f || r == 0x202e }) || !utf8.ValidString(got) {
			t.Errorf("%q", got)
		}
		if faultlog.Clean(got) != got {
			t.Errorf("%q is cleaned again", got)
		}
	})
}
