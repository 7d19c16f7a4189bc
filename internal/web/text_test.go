package web

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/seismohq/seismo/internal/event"
)

func TestText(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ got, want string }{
		"plain":              {visible("plain\ttext\n"), "plain\ttext\n"},
		"right to left":      {visible("a\u202egnp.exe"), "a⟨U+202E⟩gnp.exe"},
		"isolate and bom":    {visible("\u2066\ufeff"), "⟨U+2066⟩⟨U+FEFF⟩"},
		"escape":             {visible("\x1b[31m"), "⟨U+001B⟩[31m"},
		"carriage return":    {visible("a\rb"), "a⟨CR⟩b"},
		"broken bytes":       {visible("a\xffb"), "a\ufffdb"},
		"arabic stays":       {visible("خطأ"), "خطأ"},
		"family emoji stays": {visible("👩‍👧"), "👩‍👧"},
		"line folds blanks":  {line("a\n  b\tc"), "a b c"},
		"line is cut":        {line(strings.Repeat("ä", 300)), strings.Repeat("ä", 240) + "…"},
		"thousands":          {number(1234567), "1" + thin + "234" + thin + "567"},
		"below":              {number(-1200), "−1" + thin + "200"},
		"small":              {number(999), "999"},
		"share":              {percent(97, 100), "97" + hard + "%"},
		"little share":       {percent(1, 1000), "<" + hard + "1" + hard + "%"},
		"nearly all":         {percent(999, 1000), ">" + hard + "99" + hard + "%"},
		"all":                {percent(5, 5), "100" + hard + "%"},
		"share of nothing":   {percent(0, 0), ""},
		"bytes":              {bytesOf(999), "999" + hard + "B"},
		"kilobytes":          {bytesOf(1500), "1.5" + hard + "kB"},
		"megabytes":          {bytesOf(25_000_000), "25" + hard + "MB"},
		"release":            {shortRelease("checkout-api@2.14.0"), "2.14.0"},
		"commit":             {shortRelease("9f31c2e9f31c2e9f31c2e9f31c2e9f31c2e9f31c"), "9f31c2e9f31c"},
		"odd release":        {shortRelease("a@"), "a@"},
		"short path":         {pathTail("src/lib/money.ts:41"), "src/lib/money.ts:41"},
		"long path":          {pathTail("/home/app/releases/2026/src/lib/money.ts"), "…/lib/money.ts"},
		"initials":           {personOf(1, "Mara Oduya").Initials, "MO"},
		"three names":        {personOf(1, "ana maria de souza").Initials, "AS"},
		"e-mail":             {personOf(1, "jw@x.org").Initials, "JO"},
		"nobody":             {personOf(1, " ").Initials, "?"},
		"first name":         {personOf(1, "Mara Oduya").First, "Mara"},
		"web link":           {webLink("https://a.example/x?y=1"), "https://a.example/x?y=1"},
		"no scheme":          {webLink("//a.example"), ""},
		"script":             {webLink("javascript:alert(1)"), ""},
		"with a password":    {webLink("https://user:pass@a.example"), ""},
		"hidden in a link":   {webLink("https://a.example/\u202e"), ""},
		"seconds":            {age(testTime, testTime.Add(-12*time.Second)), "12" + hard + "s"},
		"minutes":            {age(testTime, testTime.Add(-9*time.Minute)), "9" + hard + "m"},
		"hours":              {age(testTime, testTime.Add(-23*time.Hour)), "23" + hard + "h"},
		"date":               {age(testTime, testTime.Add(-50*time.Hour)), "19 Nov"},
		"date of last year":  {age(testTime, testTime.AddDate(-1, 0, 0)), "21 Nov 2025"},
		"from the future":    {age(testTime, testTime.Add(time.Minute)), "now"},
		"span":               {duration(9*time.Minute + 52*time.Second), "9" + hard + "m 52" + hard + "s"},
		"long span":          {duration(50 * time.Hour), "2" + hard + "d 2" + hard + "h"},
		"before":             {offset(testTime.Add(-2314*time.Millisecond), testTime), "−2.314" + hard + "s"},
		"after":              {offset(testTime.Add(time.Second), testTime), "+1.000" + hard + "s"},
		"minutes before":     {offset(testTime.Add(-90*time.Second), testTime), "−1" + hard + "m 30" + hard + "s"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", name, c.got, c.want)
		}
	}
}

func TestTimeOnThePage(t *testing.T) {
	t.Parallel()
	v := testVisit()
	v.zone = zoneNamed("Europe%2FOslo")
	got := v.exact(testTime.Add(207 * time.Millisecond))
	want := when{
		ISO: "2026-11-21T02:02:43.207Z", Text: "Sat 21 Nov, 03:02:43.207 CET",
		Full: "Sat 21 Nov 2026, 03:02:43.207 CET\n2026-11-21 02:02:43.207 UTC\nUnix 1795226563.207",
	}
	if got != want {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	for name, c := range map[string]struct{ got, want string }{
		"today":        {v.clock(testTime.Add(-2 * time.Hour)).Text, "01:02"},
		"the day ends": {v.clock(testTime.Add(-4 * time.Hour)).Text, "20 Nov, 23:02"},
		"yesterday":    {v.ago(testTime.Add(-30 * time.Hour)).Text, "yesterday"},
		"months":       {v.ago(testTime.AddDate(0, 0, -95)).Text, "3 months ago"},
		"now":          {v.ago(testTime).Text, "just now"},
		"never":        {v.ago(time.Time{}).Text, ""},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", name, c.got, c.want)
		}
	}
	for _, name := range []string{"", "Local", "../../etc/passwd", "Nowhere/City", strings.Repeat("x", 100), "%zz"} {
		if z := zoneNamed(name); z != time.UTC {
			t.Errorf("zone %q is %s", name, z)
		}
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	if got := foldText("short"); got != (text{Head: "short"}) {
		t.Errorf("%+v", got)
	}
	got := foldText(strings.Repeat("ä", 1000)) // 2 000 bytes
	if len(got.Head) != shortLimit || len(got.Rest) != 2000-shortLimit || got.Cut != "" {
		t.Errorf("head %d, rest %d, cut %q", len(got.Head), len(got.Rest), got.Cut)
	}
	got = foldFact(strings.Repeat("x", 1_002_600))
	if len(got.Rest) != factLimit || got.Cut != "1.0"+hard+"MB more in the JSON" {
		t.Errorf("rest %d, cut %q", len(got.Rest), got.Cut)
	}
}

func FuzzVisible(f *testing.F) {
	for _, s := range []string{"plain", "\u202e\x00\xff", "a\r\nb", "👩‍👧", strings.Repeat("ä", 700)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, got := range []string{visible(s), line(s), foldText(s).Head, foldText(s).Rest, pathTail(s), shortRelease(s), personOf(1, s).Initials} {
			if !utf8.ValidString(got) || strings.ContainsFunc(got, invisible) {
				t.Errorf("%q becomes %q", s, got)
			}
		}
		if n := utf8.RuneCountInString(line(s)); n > 8*lineLimit+1 { // a hidden character becomes up to nine
			t.Errorf("a line of %d characters", n)
		}
	})
}

// TestCurl quotes everything for a shell: pasting the command runs curl and nothing else.
func TestCurl(t *testing.T) {
	t.Parallel()
	got := curl(&event.Request{
		URL: "https://shop.example/a", Method: "POST", Query: []event.Tag{{Key: "q", Value: "a b&c"}},
		Headers: []event.Tag{{Key: "X", Value: "'; rm -rf ~; echo '"}, {Key: "Authorization", Value: filteredText}, {Key: "Y", Value: "a\nb\x1b\u202ec"}},
		Data:    event.Str("$(touch /tmp/x) `id`"),
	})
	want := `curl -X 'POST' -H 'X: '\''; rm -rf ~; echo '\''' -H 'Y: abc' --data-raw '$(touch /tmp/x) ` + "`id`" + `' 'https://shop.example/a?q=a+b%26c'`
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	for _, u := range []string{"", "/relative", "javascript:alert(1)", "file:///etc/passwd"} {
		if got := curl(&event.Request{URL: u}); got != "" {
			t.Errorf("%q gives %s", u, got)
		}
	}
}
