package grouping

import (
	"strings"
	"unicode/utf8"
)

const (
	maxMessage  = 8192 // bytes of a message that are read
	maxLines    = 2    // non-empty lines that count; what follows is mostly data or a stack trace in text
	cutEllipsis = "..."
)

// parameterize replaces what varies from one occurrence of a message to the next: "Order 4711 not found" becomes
// "Order <int> not found". It looks at the first two lines that are not empty. The classes and their order are in
// docs/grouping.md. Linear in the length of the message.
func parameterize(s string) string {
	s = firstLines(s)
	if i := capturedKeys(s); i > 0 {
		return s[:i]
	}
	t := tokenizer{s: s}
	return t.run()
}

// firstLines cuts a message to the lines that count.
func firstLines(s string) string {
	cut := len(s) > maxMessage
	if cut {
		s = cutRunes(s, maxMessage)
	}
	if !strings.ContainsAny(s, "\r\n") {
		s = strings.TrimSpace(s)
		if cut {
			s += cutEllipsis
		}
		return s
	}
	var kept [maxLines]string
	n := 0
	for line := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if n == maxLines {
			cut = true
			break
		}
		kept[n] = line
		n++
	}
	s = strings.Join(kept[:n], "\n")
	if cut {
		s += cutEllipsis
	}
	return s
}

// cutRunes returns at most n bytes of s without splitting a character.
func cutRunes(s string, n int) string {
	for n > 0 && n < len(s) && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// capturedKeys finds the end of the constant part of what browser SDKs write when something else than an error was
// thrown: "Non-Error promise rejection captured with keys: code, message". The keys are data.
func capturedKeys(s string) int {
	const with = " captured with keys:"
	if i := strings.Index(s, with); i > 0 && (strings.HasPrefix(s, "Non-Error ") || strings.HasPrefix(s, "Object") || strings.HasPrefix(s, "Event ")) {
		return i + len(with)
	}
	return 0
}

// digestValue is what of a parameterised text goes into the digest. A number may come as an integer or with a fraction,
// and an id in hex has no letters now and then: these must not make two keys, so all numbers are one class there.
func digestValue(s string) string {
	if !strings.Contains(s, "<") {
		return s
	}
	return numberClasses.Replace(s)
}

var numberClasses = strings.NewReplacer("<hex>", "<int>", "<float>", "<int>", "<git_sha>", "<int>")

// tokenizer walks over a text once. At the beginning of each word it asks the classes in turn; what none wants is copied.
type tokenizer struct {
	s       string
	noEmail int // before this place no e-mail address begins
	noHost  int // before this place no host name begins
}

func (t *tokenizer) run() string {
	s := t.s
	var out []byte
	copied := 0
	replace := func(from, to int, name string) {
		out = append(append(out, s[copied:from]...), name...)
		copied = to
	}
	for i := 0; i < len(s); {
		c := s[i]
		if isWord(c) {
			end := i + 1
			for end < len(s) && isWord(s[end]) {
				end++
			}
			if name, to := t.word(i, end); name != "" {
				replace(i, to, name)
				// What directly follows is the rest of a word.
				for i = to; i < len(s) && isWord(s[i]); i++ {
				}
				continue
			}
			i = end
			continue
		}
		if name, to := t.sign(i); name != "" {
			replace(i, to, name)
			i = to
			continue
		}
		i++
	}
	if out == nil {
		return s
	}
	return string(append(out, s[copied:]...))
}

// sign asks the classes that begin with something else than a word's character.
func (t *tokenizer) sign(i int) (string, int) {
	s := t.s
	switch s[i] {
	case '-':
		if i+1 < len(s) && isDigit(s[i+1]) && (i == 0 || !isWord(s[i-1])) {
			if name, to := t.number(i + 1); name == "<int>" || name == "<float>" {
				return name, to
			}
		}
	case ':':
		if i+2 < len(s) && s[i+1] == ':' && isHex(s[i+2]) && (i == 0 || !isWord(s[i-1]) && s[i-1] != ':') {
			if to := t.ip6(i); to > 0 {
				return "<ip>", to
			}
		}
	case '\'', '"':
		if i > 0 && s[i-1] == '=' {
			if to := t.quoted(i); to > 0 {
				return "<quoted_str>", to
			}
		}
	}
	return "", 0
}

// quoted finds the end of a string in quotes.
func (t *tokenizer) quoted(i int) int {
	const most = 1024
	rest := t.s[i+1 : min(len(t.s), i+1+most)]
	end := strings.IndexByte(rest, t.s[i])
	if end <= 0 || strings.IndexByte(rest[:end], '\n') >= 0 {
		return 0
	}
	return i + 1 + end + 1
}

// word asks the classes whether something begins with the word s[i:end], in the order of docs/grouping.md.
func (t *tokenizer) word(i, end int) (string, int) {
	s := t.s
	var next byte
	if end < len(s) {
		next = s[end]
	}
	switch next {
	case '@', '.', '+', '-', '%':
		if to := t.email(i); to > 0 {
			return "<email>", to
		}
	}
	if next == ':' || next == '+' {
		if to := t.url(i, end); to > 0 {
			return "<url>", to
		}
	}
	if next == '.' || next == '-' {
		if to := t.hostname(i); to > 0 {
			return "<hostname>", to
		}
	}
	if isDigit(s[i]) {
		return t.digits(i, end, next)
	}
	return t.letters(i, end, next)
}

// letters handles words that begin with a letter or underscore.
func (t *tokenizer) letters(i, end int, next byte) (string, int) {
	s := t.s
	word := s[i:end]
	if i > 0 && s[i-1] == '=' {
		switch word {
		case "true", "false", "True", "False":
			return "<bool>", end
		}
	}
	if isUpper(s[i]) {
		if to := t.dateText(i, end); to > 0 {
			return "<date>", to
		}
	}
	if next == '.' && word == "datetime" {
		if to := t.pythonDate(i); to > 0 {
			return "<date>", to
		}
	}
	if isHex(s[i]) {
		if name, to := t.hexFamily(i, end, next); name != "" {
			return name, to
		}
	}
	if next == '-' && strings.HasPrefix(word, "tx") {
		if to := t.swiftTransaction(i, end); to > 0 {
			return "<swift_txn_id>", to
		}
	}
	return t.randomID(i, end)
}

// digits handles words that begin with a digit.
func (t *tokenizer) digits(i, end int, next byte) (string, int) {
	if t.standard(i) {
		return "", 0
	}
	if name, to := t.ids(i, end, next); name != "" {
		return name, to
	}
	if to := t.dateDigits(i); to > 0 {
		return "<date>", to
	}
	if to := t.duration(i); to > 0 {
		return "<duration>", to
	}
	if next == ':' || next == '-' {
		if to := t.mac(i); to > 0 {
			return "<mac>", to
		}
	}
	if next == '.' {
		if to := t.ip4(i); to > 0 {
			return "<ip>", to
		}
	}
	if next == ':' {
		if to := t.ip6(i); to > 0 {
			return "<ip>", to
		}
	}
	if name, to := t.hex(i, end); name != "" {
		return name, to
	}
	if name, to := t.randomID(i, end); name != "" {
		return name, to
	}
	return t.number(i)
}

// hexFamily handles words that begin with a letter and may be hex.
func (t *tokenizer) hexFamily(i, end int, next byte) (string, int) {
	if !allHex(t.s[i:end]) {
		return "", 0
	}
	if name, to := t.ids(i, end, next); name != "" {
		return name, to
	}
	if next == ':' || next == '-' {
		if to := t.mac(i); to > 0 {
			return "<mac>", to
		}
	}
	if next == ':' {
		if to := t.ip6(i); to > 0 {
			return "<ip>", to
		}
	}
	return t.hex(i, end)
}

// standards are names that end in a number which is no data.
var standards = []string{"utf", "ucs", "iso", "sha", "sha3", "md", "aes", "des", "windows", "cp", "x86", "rfc", "ecma", "ieee", "ibm", "tls", "latin", "base"}

// standard reports whether the digits at i belong to a name such as utf-8 or iso-8859-1.
func (t *tokenizer) standard(i int) bool {
	s := t.s
	if i < 3 || s[i-1] != '-' {
		return false
	}
	from := i - 1
	for from > 0 && i-from < 16 && (isAlnum(s[from-1]) || s[from-1] == '-') {
		from--
	}
	head, _, _ := strings.Cut(s[from:i], "-")
	for _, name := range standards {
		if strings.EqualFold(head, name) {
			return true
		}
	}
	return false
}

// boundary reports whether a word may end before i.
func (t *tokenizer) boundary(i int) bool { return i >= len(t.s) || !isWord(t.s[i]) }
