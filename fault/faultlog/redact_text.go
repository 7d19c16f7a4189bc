package faultlog

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// What may begin or stand within a secret; all other bytes are passed over.
const (
	classNone = iota
	classDigit
	classAssign // = : key=value, header: value, ://user:password@
	classJ      // eyJ of a JSON web token
	classBlank  // after "Bearer"
	classDash   // -----BEGIN, glpat-
	classUnder  // ghp_
	classA      // AKIA, AIza
	classDot    // hooks.slack.com
)

var classes = func() (t [256]uint8) {
	for c := '0'; c <= '9'; c++ {
		t[c] = classDigit
	}
	t['='], t[':'], t['J'], t[' '], t['-'], t['_'], t['A'], t['.'] = classAssign, classAssign, classJ, classBlank, classDash, classUnder, classA, classDot
	return t
}()

// prefixes of tokens, by their last byte; the token follows.
var prefixes = map[byte][]string{
	'_': {"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "sk_live_", "rk_live_", "sk_test_", "npm_", "sntrys_", "sntryu_"},
	'-': {"glpat-", "xoxb-", "xoxp-", "xoxa-", "xoxr-", "xapp-", "sk-"},
	'A': {"AKIA", "ASIA"},
}

// String returns s with every secret replaced that can be told by its shape; see [Redactor]. Text over [MaxText] bytes is
// cut. A text without secrets is returned as it is, without allocating.
func (r *Redactor) String(s string) string {
	cut := 0
	if len(s) > MaxText {
		cut = len(s) - MaxText
		s = s[:MaxText]
		for n := 0; n < utf8.UTFMax && !utf8.ValidString(s[max(0, len(s)-utf8.UTFMax):]); n++ {
			s = s[:len(s)-1]
			cut++
		}
	}
	t := text{r: r, s: s}
	for i := 0; i < len(s); {
		c := classes[s[i]]
		if c == classNone {
			i++
			continue
		}
		i = t.at(i, c)
	}
	if t.out == nil {
		if cut == 0 {
			return s
		}
		t.out = make([]byte, 0, len(s)+32)
	}
	t.out = append(t.out, s[t.done:]...)
	if cut > 0 {
		t.out = append(t.out, "…["...)
		t.out = strconv.AppendInt(t.out, int64(cut), 10)
		t.out = append(t.out, " bytes cut]"...)
	}
	return string(t.out)
}

// text is one pass over a string.
type text struct {
	r    *Redactor
	s    string
	out  []byte // what is decided, when something was replaced
	done int    // s[:done] is in out
	// noToken is where a look for a web token ended without one: until there no other start will find one either, and
	// trying each would take quadratic time.
	noToken int
}

// hide replaces s[from:to] and returns to.
func (t *text) hide(from, to int) int {
	if from < t.done {
		from = t.done
	}
	if from >= to {
		return to
	}
	if t.out == nil {
		t.out = make([]byte, 0, len(t.s)+len(Redacted))
	}
	t.out = append(t.out, t.s[t.done:from]...)
	t.out = append(t.out, Redacted...)
	t.done = to
	return to
}

// at looks at the byte i of the given class and returns where to go on.
func (t *text) at(i int, class uint8) int {
	s := t.s
	switch class {
	case classDigit:
		return t.digits(i)
	case classAssign:
		return t.assign(i)
	case classJ:
		if i >= 2 && i > t.noToken && s[i-2:i] == "ey" && !wordByte(before(s, i-2)) {
			end, ok := jwtEnd(s, i-2)
			if ok {
				return t.hide(i-2, end)
			}
			t.noToken = end
		}
	case classBlank:
		if i >= 5 && (foldSuffix(s[:i], "bearer") || foldSuffix(s[:i], "basic")) {
			// Eight characters or more, not "bearer of bad news".
			if end := spanToken(s, i+1); end-i > 8 && strings.ContainsAny(s[i+1:end], "0123456789._-+/=ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
				return t.hide(i+1, end)
			}
		}
	case classDash:
		if strings.HasPrefix(s[i:], "-----BEGIN ") {
			return t.pem(i)
		}
		return t.prefixed(i)
	case classUnder, classA:
		return t.prefixed(i)
	case classDot:
		const hook = "hooks.slack.com/services/"
		if from := i - len("hooks"); from >= 0 && strings.HasPrefix(s[from:], hook) {
			return t.hide(from+len(hook), spanToken(s, from+len(hook)))
		}
	}
	return i + 1
}

// prefixed hides a token after a well-known prefix that ends at i.
func (t *text) prefixed(i int) int {
	for _, p := range prefixes[t.s[i]] {
		from := i + 1 - len(p)
		if from < 0 && !strings.HasPrefix(t.s[i:], p) {
			continue
		}
		if t.s[i] == 'A' { // these begin with the byte they are found by
			from = i
		}
		if !strings.HasPrefix(t.s[from:], p) || wordByte(before(t.s, from)) {
			continue
		}
		start := from + len(p)
		if end := spanWord(t.s, start); end-start >= 16 {
			return t.hide(start, end)
		}
	}
	return i + 1
}

// pem hides a private key; other PEM blocks are public.
func (t *text) pem(i int) int {
	head := t.s[i:min(len(t.s), i+80)]
	end := strings.Index(head[5:], "-----")
	if end < 0 || !strings.HasSuffix(head[:5+end], "PRIVATE KEY") {
		return i + 5
	}
	start := i + 5 + end + 5
	tail := strings.Index(t.s[start:], "-----END")
	if tail < 0 {
		return t.hide(start, len(t.s))
	}
	return t.hide(start, start+tail)
}

// assign handles "=" and ":": the password of a URL, and the value of a secret key.
func (t *text) assign(i int) int {
	s := t.s
	if strings.HasPrefix(s[i:], "://") {
		return t.url(i)
	}
	end := i // of the key
	quoted := end > 0 && (s[end-1] == '"' || s[end-1] == '\'')
	if quoted {
		end--
		if end > 0 && s[end-1] == '\\' { // JSON within JSON
			end--
		}
	}
	start := end
	for start > 0 && end-start < 64 && (wordByte(s[start-1]) || s[start-1] == '-') {
		start--
	}
	if start == end {
		return i + 1
	}
	key := s[start:end]
	if !t.r.SecretKey(key) {
		return i + 1
	}
	v := i + 1
	for v < len(s) && s[v] == ' ' {
		v++
	}
	header := strings.EqualFold(key, "authorization") || foldSuffix(key, "cookie") || foldSuffix(key, "-auth") || foldSuffix(key, "api-key")
	if s[i] == ':' && v > i+1 && !quoted && !header {
		return i + 1 // "invalid token: unexpected end" is prose
	}
	if v == len(s) {
		return v
	}
	if header && s[i] == ':' && !quoted {
		if n := strings.IndexAny(s[v:], "\r\n"); n >= 0 {
			return t.hide(v, v+n)
		}
		return t.hide(v, len(s))
	}
	if strings.HasPrefix(s[v:], Redacted) {
		return v + len(Redacted)
	}
	escaped := s[v] == '\\' && v+1 < len(s) && s[v+1] == '"' // JSON within JSON
	if escaped {
		v++
	}
	if q := s[v]; q == '"' || q == '\'' {
		return t.hide(v+1, closing(s, v+1, q, escaped))
	}
	if s[i] == ':' && quoted && strings.IndexByte("{[", s[v]) >= 0 {
		return i + 1
	}
	return t.hide(v, spanValue(s, v))
}

// closing returns where the text within quotes that starts at i ends. Within an escaped text the quote that ends it has a
// backslash, in others that one belongs to the text.
func closing(s string, i int, q byte, escaped bool) int {
	for j := i; j < len(s); j++ {
		switch {
		case s[j] == '\\' && escaped && j+1 < len(s) && s[j+1] == q:
			return j
		case s[j] == '\\':
			j++
		case s[j] == q:
			return j
		}
	}
	return len(s)
}

// url hides the password of "scheme://user:password@host".
func (t *text) url(i int) int {
	at, colon := -1, -1
	for j := i + 3; j < len(t.s) && j < i+512; j++ {
		switch c := t.s[j]; c {
		case ':':
			if colon < 0 {
				colon = j
			}
		case '@':
			at = j // the last one counts: passwords with @ are common mistakes
		case '/', ' ', '\t', '\n', '"', '\'', '?', '#', '<', '>':
			j = len(t.s)
		}
	}
	if at < 0 || colon < 0 || colon > at || colon+1 == at {
		return i + 3
	}
	return t.hide(colon+1, at)
}

// digits handles a run of digits with single separators: a payment card or a social security number.
func (t *text) digits(i int) int {
	s := t.s
	if !digitStart(s, i) {
		return skipDigits(s, i)
	}
	var d [19]byte
	n, j := 0, i
	for j < len(s) && n < len(d) {
		c := s[j]
		if c >= '0' && c <= '9' {
			d[n] = c - '0'
			n++
			j++
			continue
		}
		if (c == ' ' || c == '-') && j+1 < len(s) && s[j+1] >= '0' && s[j+1] <= '9' {
			j++
			continue
		}
		break
	}
	if j < len(s) && (wordByte(s[j]) || s[j] == '.' && j+1 < len(s) && wordByte(s[j+1])) {
		return skipDigits(s, i)
	}
	if n >= 13 && card(d[:n]) {
		return t.hide(i, j)
	}
	if end := i + len("123-45-6789"); n == 9 && j == end && socialSecurity(s[i:end]) {
		return t.hide(i, end)
	}
	return skipDigits(s, i)
}

// digitStart: not in the middle of a word, a decimal or a dashed id.
func digitStart(s string, i int) bool {
	c := before(s, i)
	return !wordByte(c) && c != '.' && (c != '-' || !wordByte(before(s, i-1)))
}

func skipDigits(s string, i int) int {
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}

// card checks issuer prefix, length and the Luhn digit, so that ids and timestamps of as many digits stay.
func card(d []byte) bool {
	n := len(d)
	p2 := int(d[0])*10 + int(d[1])
	p4 := p2*100 + int(d[2])*10 + int(d[3])
	ok := false
	switch {
	case d[0] == 4:
		ok = n == 13 || n == 16 || n == 19
	case p2 >= 51 && p2 <= 55, p4 >= 2221 && p4 <= 2720, p2 == 35:
		ok = n == 16
	case p2 == 34 || p2 == 37:
		ok = n == 15
	case p2 == 36 || p2 == 38 || p4 >= 3000 && p4 <= 3059:
		ok = n == 14
	case p4 == 6011 || p2 == 65 || p4 >= 6440 && p4 <= 6499 || p2 == 62:
		ok = n >= 16
	}
	if !ok {
		return false
	}
	sum := 0
	for i := range n {
		v := int(d[n-1-i])
		if i%2 == 1 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}

// socialSecurity wants the written form 123-45-6789 and leaves out numbers never issued
// (https://www.ssa.gov/employer/randomizationfaqs.html).
func socialSecurity(s string) bool {
	if s[3] != '-' || s[6] != '-' {
		return false
	}
	area := s[:3]
	return area != "000" && area != "666" && area[0] != '9' && s[4:6] != "00" && s[7:] != "0000"
}

// jwtEnd returns the end of what may be a token of two or three base64url parts that starts at i, and whether it is one.
func jwtEnd(s string, i int) (int, bool) {
	dots, part, j := 0, 0, i
	for ; j < len(s); j++ {
		c := s[j]
		switch {
		case wordByte(c) || c == '-':
			part++
			continue
		case c == '.' && dots < 2 && part >= 8:
			dots++
			part = 0
			continue
		}
		break
	}
	return j, dots == 2 || dots == 1 && part >= 8
}

func spanToken(s string, i int) int {
	for i < len(s) && (wordByte(s[i]) || strings.IndexByte("-._~+/=", s[i]) >= 0) {
		i++
	}
	return i
}

func spanWord(s string, i int) int {
	for i < len(s) && (wordByte(s[i]) || s[i] == '-') {
		i++
	}
	return i
}

func spanValue(s string, i int) int {
	for i < len(s) && strings.IndexByte(" \t\r\n&,;\"'<>)}]", s[i]) < 0 {
		i++
	}
	return i
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

func before(s string, i int) byte {
	if i <= 0 {
		return ' '
	}
	return s[i-1]
}

func foldSuffix(s, suffix string) bool {
	return len(s) >= len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}
