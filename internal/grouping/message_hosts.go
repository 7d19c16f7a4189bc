package grouping

import "strings"

// email matches an address. Its domain needs a dot and a last label of letters: Bar@1f2e3d4c is a Java object.
func (t *tokenizer) email(i int) int {
	s := t.s
	if i < t.noEmail {
		return 0
	}
	at := i
	for at < len(s) && isEmailByte(s[at]) {
		at++
	}
	if at >= len(s) || s[at] != '@' {
		t.noEmail = at
		return 0
	}
	end := labelsEnd(s, at+1)
	dot := strings.LastIndexByte(s[at+1:max(end, at+1)], '.')
	if dot <= 0 || end-(at+1+dot) < 3 || !allLetters(s[at+2+dot:end]) || !t.boundary(end) {
		t.noEmail = at
		return 0
	}
	return end
}

func isEmailByte(c byte) bool {
	return isWord(c) || c == '.' || c == '%' || c == '+' || c == '-'
}

// labelsEnd returns the end of a run of letters, digits, dashes and dots, without dots and dashes at its end.
func labelsEnd(s string, i int) int {
	end := i
	for end < len(s) && (isAlnum(s[end]) || s[end] == '-' || s[end] == '.') {
		end++
	}
	for end > i && (s[end-1] == '.' || s[end-1] == '-') {
		end--
	}
	return end
}

func allLetters(s string) bool {
	for i := range len(s) {
		if !isLetter(s[i]) {
			return false
		}
	}
	return s != ""
}

// schemes are those of URLs in error messages, which name hosts, ports and paths.
var schemes = map[string]bool{
	"http": true, "https": true, "ftp": true, "ws": true, "wss": true, "grpc": true, "tcp": true, "udp": true, "amqp": true, "amqps": true,
	"redis": true, "rediss": true, "postgres": true, "postgresql": true, "mysql": true, "mongodb": true, "nats": true, "kafka": true,
	"s3": true, "gs": true,
}

// url matches from the scheme to a blank, quote or angle bracket; punctuation at the end belongs to the sentence.
func (t *tokenizer) url(i, end int) int {
	s := t.s
	rest := strings.TrimPrefix(s[end:], "+srv")
	if !strings.HasPrefix(rest, "://") || end-i > 10 || !schemes[lowerASCII(s[i:end])] {
		return 0
	}
	from := len(s) - len(rest) + len("://")
	to := from
	for to < len(s) && strings.IndexByte(" \t\n\"'<>`", s[to]) < 0 {
		to++
	}
	for to > from && strings.IndexByte(".,;:!?)]}", s[to-1]) >= 0 {
		to--
	}
	if to == from {
		return 0
	}
	return to
}

// hostname matches dotted names under a top-level domain that is no file extension and no common attribute's name.
func (t *tokenizer) hostname(i int) int {
	s := t.s
	if i < t.noHost {
		return 0
	}
	end := labelsEnd(s, i)
	dot := strings.LastIndexByte(s[i:end], '.')
	if dot <= 0 || !t.boundary(end) || strings.Contains(s[i:end], "..") {
		t.noHost = end
		return 0
	}
	top := s[i+dot+1 : end]
	if !tops[top] && !(strings.HasPrefix(s[i:end], "www.") && allLetters(top)) && !tops[lowerASCII(top)+upperMark(top)] {
		t.noHost = end
		return 0
	}
	return end
}

// upperMark makes a key that only a name all in capitals has in tops; a mix of cases is a class or package.
func upperMark(s string) string {
	for i := range len(s) {
		if !isUpper(s[i]) {
			return "?"
		}
	}
	return ""
}

// tops are top-level domains. Missing on purpose are those that are rather file extensions or attributes in the messages of
// programs: py rs sh pl md cc ps so ms me id is in it at by no to my name pro la ga.
var tops = topDomains(`com net org edu gov mil int info biz io dev app cloud xyz online site tech store blog news wiki link club
	local internal lan localdomain localhost svc cluster test example invalid onion arpa
	ae ar au be bg br ca ch cl cn co cz de dk ee es eu fi fr gr hk hr hu ie il ir jp ke kr kz lt lu lv mx ng nl nz pe ph pk
	pt ro ru sa se sg sk th tr tv tw ua ug uk us uy uz ve vn za`)

func topDomains(list string) map[string]bool {
	m := map[string]bool{}
	for _, name := range strings.Fields(list) {
		m[name] = true
	}
	return m
}
