package web

import (
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what a page shows of texts that applications send. The whole stands in the event's JSON.
const (
	lineLimit  = 240    // one line of a list, in characters
	shortLimit = 600    // a value that is shown at once
	factLimit  = 2_000  // one of many values, when it is unfolded
	longLimit  = 12_000 // a message, when it is unfolded
)

// text is a long value in parts: what is shown at once, what is unfolded, and how much is left out altogether.
type text struct {
	Head string
	Rest string
	Cut  string // "1.2 MB more in the JSON", or ""
}

// foldText splits a message for display.
func foldText(s string) text { return fold(s, longLimit) }

// foldFact splits one of many values for display.
func foldFact(s string) text { return fold(s, factLimit) }

func fold(s string, limit int) text {
	if len(s) <= shortLimit {
		return text{Head: visible(s)}
	}
	head, rest := splitRunes(s, shortLimit)
	t := text{Head: visible(head)}
	if len(rest) > limit {
		var more string
		rest, more = splitRunes(rest, limit)
		t.Cut = bytesOf(int64(len(more))) + " more in the JSON"
	}
	t.Rest = visible(rest)
	return t
}

// line returns the beginning of a value on one line: blanks collapsed, what cannot be seen made visible.
func line(s string) string {
	cut := len(s) > 4*lineLimit // no more than this can be needed: a rune has at most four bytes
	if cut {
		s, _ = splitRunes(s, 4*lineLimit)
	}
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) > lineLimit {
		s = string([]rune(s)[:lineLimit])
		cut = true
	}
	if cut {
		s += "…"
	}
	return visible(s)
}

// splitRunes splits s near byte n without breaking a character.
func splitRunes(s string, n int) (head, rest string) {
	if len(s) <= n {
		return s, ""
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n], s[n:]
}

// visible returns s with what a reader could not see, or what would change how the text around it looks, written out as
// ⟨U+202E⟩: control characters but tab and line feed, directional controls, and characters without width. A name that is
// written to be mistaken for another one can be told so. It is text still, not HTML.
func visible(s string) string {
	if strings.IndexFunc(s, invisible) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\r':
			b.WriteString("⟨CR⟩")
		case invisible(r):
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		default:
			b.WriteRune(r) // invalid bytes become U+FFFD
		}
	}
	return b.String()
}

func invisible(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r == 0x200d || r == 0x200c: // joiners: emoji and Persian need them
		return false
	case r == 0xfeff, r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r >= 0xe0000 && r <= 0xe0fff:
		return true
	}
	return unicode.IsControl(r) || r == 0x061c || r == 0x00ad || r == 0x180e
}

// webLink returns s when it is an address that a reader may follow: http or https with a host, and nothing hidden in it.
func webLink(s string) string {
	if len(s) > 2000 || visible(s) != s {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return ""
	}
	return u.String()
}

// thin stands between groups of thousands, hard between a number and its unit.
const (
	thin = "\u2009"
	hard = "\u00a0"
)

// number writes n with its thousands apart.
func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "−", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + thin + s[i:]
	}
	return sign + s
}

// plural writes n with the word that fits.
func plural(n int64, one, many string) string {
	if n == 1 {
		return number(n) + hard + one
	}
	return number(n) + hard + many
}

// percent writes a share of a whole without decimals, and says so when it is little but not nothing.
func percent(part, whole int64) string {
	if whole <= 0 {
		return ""
	}
	p := float64(part) / float64(whole) * 100
	switch {
	case part > 0 && p < 1:
		return "<" + hard + "1" + hard + "%"
	case part < whole && p > 99:
		return ">" + hard + "99" + hard + "%"
	}
	return strconv.FormatInt(int64(math.Round(p)), 10) + hard + "%"
}

// bytesOf writes a size in the unit that gives few digits.
func bytesOf(n int64) string {
	units := []string{"B", "kB", "MB", "GB"}
	f, i := float64(n), 0
	for f >= 1000 && i < len(units)-1 {
		f /= 1000
		i++
	}
	if i == 0 || f >= 10 {
		return strconv.FormatInt(int64(math.Round(f)), 10) + hard + units[i]
	}
	return strconv.FormatFloat(f, 'f', 1, 64) + hard + units[i]
}

// shortRelease returns a release as people say it: without the package it belongs to, a commit at twelve digits.
func shortRelease(r string) string {
	if i := strings.LastIndexByte(r, '@'); i >= 0 && i < len(r)-1 {
		r = r[i+1:]
	}
	if len(r) == 40 && strings.Trim(r, "0123456789abcdef") == "" {
		r = r[:12]
	}
	return line(r)
}
