package normalize

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/seismohq/seismo/internal/event"
)

// clean makes a body of unknown origin a text: UTF-8, without byte order mark, NUL and other control characters than
// blanks. JSON forbids those unless escaped; as six bytes each they would make an event much larger than it came.
func clean(body []byte) string {
	s := string(body)
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\ufffd")
	}
	if hasControl(s) {
		s = strings.Map(func(c rune) rune {
			switch {
			case c == 0:
				return -1
			case c < ' ' && c != '\n' && c != '\r' && c != '\t':
				return ' '
			}
			return c
		}, s)
	}
	return strings.TrimPrefix(s, "\ufeff")
}

// hasControl reports whether s has control characters that clean removes. It looks at eight bytes at once, because it
// looks at every event.
func hasControl(s string) bool {
	const each = 0x0101010101010101
	i := 0
	for ; i+8 <= len(s); i += 8 {
		x := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		if (x-each*' ')&^x&(each*0x80) != 0 && controlIn(s[i:i+8]) {
			return true
		}
	}
	return controlIn(s[i:])
}

func controlIn(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			return true
		}
	}
	return false
}

// unescape resolves the escapes of a string. An unknown one stays as it is.
func (p *parser) unescape(s string) string {
	const chunk = 4 << 10
	if p.texts.Cap()-p.texts.Len() < len(s) {
		p.texts = strings.Builder{} // the texts in the old one stay as they are
		p.texts.Grow(max(chunk, len(s)))
	}
	start := p.texts.Len()
	for {
		n := strings.IndexByte(s, '\\')
		if n < 0 || n+1 >= len(s) {
			p.texts.WriteString(s)
			return p.texts.String()[start:]
		}
		p.texts.WriteString(s[:n])
		c := s[n+1]
		s = s[n+2:]
		switch c {
		case '"', '\\', '/':
			p.texts.WriteByte(c)
		case 'n':
			p.texts.WriteByte('\n')
		case 't':
			p.texts.WriteByte('\t')
		case 'r':
			p.texts.WriteByte('\r')
		case 'b':
			p.texts.WriteByte('\b')
		case 'f':
			p.texts.WriteByte('\f')
		case 'u':
			s = p.unicode(s)
		default:
			p.texts.WriteByte('\\')
			p.texts.WriteByte(c)
		}
	}
}

// unicode writes the character of \uXXXX, given what follows the u, and returns what follows it.
func (p *parser) unicode(s string) string {
	r, ok := hex4(s)
	if !ok {
		p.texts.WriteString(`\u`)
		return s
	}
	s = s[4:]
	switch {
	case r == 0: // no text needs it, and databases refuse it
	case utf16.IsSurrogate(r):
		pair := rune(utf8.RuneError)
		if strings.HasPrefix(s, `\u`) {
			if low, ok := hex4(s[2:]); ok {
				pair = utf16.DecodeRune(r, low)
			}
		}
		if pair != utf8.RuneError {
			s = s[6:]
		}
		p.texts.WriteRune(pair)
	default:
		p.texts.WriteRune(r)
	}
	return s
}

func hex4(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	var r rune
	for i := range 4 {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// appendJSON appends the compact JSON of a value, up to about max bytes: what lies beyond is missing.
func appendJSON(b []byte, v value, most int) []byte {
	if len(v) == 0 || len(b) > most {
		return b
	}
	switch n := &v[0]; n.kind {
	case event.Null:
		return append(b, "null"...)
	case event.Bool, event.Number:
		return append(b, n.text...)
	case event.String:
		return appendText(b, n.text)
	default:
		open, end := byte('['), byte(']')
		if n.kind == event.Object {
			open, end = '{', '}'
		}
		b = append(b, open)
		for k := v.kids(); len(k) > 0 && len(b) <= most; k = k.rest() {
			if b[len(b)-1] != open {
				b = append(b, ',')
			}
			if n.kind == event.Object {
				b = append(appendText(b, k[0].key), ':')
			}
			b = appendJSON(b, k.first(), most)
		}
		return append(b, end)
	}
}

func appendText(b []byte, s string) []byte {
	b, _ = event.Str(s).AppendJSON(b) // fails for numbers and depth only
	return b
}
