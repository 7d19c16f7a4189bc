package normalize

import (
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// node is one value of a JSON text. A parsed text is a flat list of nodes, each followed by those below it.
type node struct {
	key  string     // in an object
	text string     // as in event.Value
	kind event.Kind //
	kids int32      // values directly below
	size int32      // nodes of it and of everything below it
}

// value is a JSON value: its node, then those below it. An empty one is absent.
type value []node

// values are the values directly below a list or an object.
type values []node

func (v value) kind() event.Kind {
	if len(v) == 0 {
		return event.Null
	}
	return v[0].kind
}

// empty reports whether the value says nothing: absent, null, an empty text, list or object.
func (v value) empty() bool {
	switch v.kind() {
	case event.Null:
		return true
	case event.String:
		return v[0].text == ""
	case event.List, event.Object:
		return v[0].kids == 0
	}
	return false
}

// kids returns what is directly below a list or an object; nothing for others.
func (v value) kids() values {
	if len(v) == 0 {
		return nil
	}
	return values(v[1:])
}

// get returns the value of a key; of a repeated key the last.
func (v value) get(key string) (found value) {
	if v.kind() != event.Object {
		return nil
	}
	for k := v.kids(); len(k) > 0; k = k.rest() {
		if k[0].key == key {
			found = k.first()
		}
	}
	return found
}

func (k values) first() value { return value(k[:k[0].size]) }
func (k values) rest() values { return k[k[0].size:] }

func (k values) count() (n int) {
	for ; len(k) > 0; k = k.rest() {
		n++
	}
	return n
}

// jsonDepth is how deep containers may be nested. What lies deeper is kept as text, so that it costs only itself.
const jsonDepth = 100

// parser reads JSON of others. It is our own because a bad part must cost only itself, and little: it bounds the depth
// without refusing the text, takes NaN and numbers that are none as text, and what it makes of a text costs no memory per
// string. The fast library we use elsewhere (fastjson) refuses what is nested deeper than 300, and takes a quarter of a
// second to say so of a megabyte that is cut off at that depth, because every level wraps the error around the rest of the
// text.
//
// It takes all that RFC 8259 allows (a fuzz test holds it to that) and a little more.
type parser struct {
	s     string
	i     int
	nodes []node
	texts strings.Builder // where texts with escapes end up
}

// parse reads a text. The value and its texts stand on s and on memory that the next parse does not touch, its nodes on
// memory that release takes back.
func (p *parser) parse(s string) (value, bool) {
	p.s, p.i, p.nodes = s, 0, p.nodes[:0]
	want := len(s) / 20 // a value takes about so many bytes
	if len(s) > 64<<10 {
		// Growing a long list costs several times its size, so it is worth to count.
		want = min(strings.Count(s, ",")+strings.Count(s, "[")+strings.Count(s, "{")+1, len(s)/2+1)
	}
	if cap(p.nodes) < want {
		p.nodes = make([]node, 0, want)
	}
	ok := p.value("", 0)
	p.blanks()
	return value(p.nodes), ok && p.i == len(p.s)
}

// release forgets the parsed text, and the memory for nodes where it was an uncommonly large text.
func (p *parser) release() {
	const usual = 16 << 10
	if cap(p.nodes) > usual {
		p.nodes = nil
	}
	clear(p.nodes)
	p.nodes, p.s = p.nodes[:0], ""
	p.texts = strings.Builder{}
}

func (p *parser) blanks() {
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case ' ', '\n', '\r', '\t':
			p.i++
		default:
			return
		}
	}
}

// next skips blanks and returns the byte there, 0 at the end.
func (p *parser) next() byte {
	p.blanks()
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

func (p *parser) leaf(key string, kind event.Kind, text string) bool {
	p.nodes = append(p.nodes, node{key: key, text: text, kind: kind, size: 1})
	return true
}

func (p *parser) value(key string, depth int) bool {
	switch c := p.next(); c {
	case '"':
		s, ok := p.text()
		return ok && p.leaf(key, event.String, s)
	case '{', '[':
		if depth == jsonDepth {
			s, ok := p.skip()
			return ok && p.leaf(key, event.String, s)
		}
		return p.container(key, c, depth)
	case 0:
		return false
	default:
		return p.word(key)
	}
}

func (p *parser) container(key string, open byte, depth int) bool {
	at, kind, end := len(p.nodes), event.List, byte(']')
	if open == '{' {
		kind, end = event.Object, '}'
	}
	p.nodes = append(p.nodes, node{key: key, kind: kind})
	p.i++
	kids := int32(0)
	if p.next() == end {
		p.i++
	} else {
		for more := true; more; kids++ {
			name := ""
			if open == '{' {
				if p.next() != '"' {
					return false
				}
				var ok bool
				if name, ok = p.text(); !ok || p.next() != ':' {
					return false
				}
				p.i++
			}
			if !p.value(name, depth+1) {
				return false
			}
			c := p.next()
			if c != ',' && c != end {
				return false
			}
			p.i++
			more = c == ','
		}
	}
	p.nodes[at].kids, p.nodes[at].size = kids, int32(len(p.nodes)-at)
	return true
}

// skip passes over a container and returns its text.
func (p *parser) skip() (string, bool) {
	start, depth := p.i, 0
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				p.i++
				return p.s[start:p.i], true
			}
		case '"':
			end := closing(p.s[p.i+1:])
			if end < 0 {
				return "", false
			}
			p.i += 1 + end
		}
		p.i++
	}
	return "", false
}

// closing returns where the quote is that ends a string, given what follows its opening quote.
func closing(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			return i
		case '\\':
			i++
		}
	}
	return -1
}

// word reads what stands without quotes: a number, true, false, null, and what some writers put for numbers without a
// JSON form (NaN, Infinity), which becomes text.
func (p *parser) word(key string) bool {
	start := p.i
	for p.i < len(p.s) {
		c := p.s[p.i]
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '+' || c == '.' {
			p.i++
			continue
		}
		break
	}
	switch w := p.s[start:p.i]; w {
	case "null":
		return p.leaf(key, event.Null, "")
	case "true", "false":
		return p.leaf(key, event.Bool, w)
	case "NaN", "nan", "Infinity", "-Infinity", "inf", "-inf":
		return p.leaf(key, event.String, w)
	default:
		if event.IsNumber(w) {
			return p.leaf(key, event.Number, w)
		}
		// "01" or "+5": no number for JSON, but nothing else either.
		numeric := w != "" && strings.Trim(w, "0123456789+-.eE") == "" && strings.ContainsAny(w, "0123456789")
		return numeric && p.leaf(key, event.String, w)
	}
}

// text reads a string from its opening quote.
func (p *parser) text() (string, bool) {
	rest := p.s[p.i+1:]
	n := strings.IndexByte(rest, '"')
	if n < 0 {
		return "", false
	}
	if strings.IndexByte(rest[:n], '\\') < 0 {
		p.i += n + 2
		return rest[:n], true
	}
	if n = closing(rest); n < 0 {
		return "", false
	}
	p.i += n + 2
	return p.unescape(rest[:n]), true
}
