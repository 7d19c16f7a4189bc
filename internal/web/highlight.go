package web

import (
	"crypto/sha256"
	"html/template"
	"strings"
	"sync"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"

	"github.com/seismohq/seismo/fault"
)

// Bounds of painting: colouring takes a millisecond per frame, and some lexers much longer on hostile text.
const (
	maxPainted = 4 << 10 // bytes of one frame's source
	maxKept    = 512     // frames in the cache
)

// painter colours source in four roles: keyword, string, number, comment. Results are kept by content.
type painter struct {
	mu   sync.Mutex
	kept map[[32]byte][]template.HTML
}

// lines returns the lines coloured, or nil when they are better left plain.
func (p *painter) lines(raw []string, file, platform string) []template.HTML {
	code := strings.Join(raw, "\n") + "\n"
	if len(code) > maxPainted {
		return nil
	}
	key := sha256.Sum256([]byte(platform + "\x00" + file + "\x00" + code))
	p.mu.Lock()
	defer p.mu.Unlock() // one at a time: two cores have better to do than to colour
	if out, ok := p.kept[key]; ok {
		return out
	}
	var out []template.HTML
	err := fault.Try(func() error { // lexers are tables of regular expressions, and panic on some inputs
		out = paint(lexer(file, platform), code, len(raw))
		return nil
	})
	if err != nil {
		out = nil
	}
	if p.kept == nil || len(p.kept) >= maxKept {
		p.kept = make(map[[32]byte][]template.HTML, maxKept)
	}
	p.kept[key] = out
	return out
}

// languages of platforms, where the name of the file says nothing.
var languages = map[string]string{
	"csharp": "c#", "cocoa": "objective-c", "objc": "objective-c", "node": "javascript", "perl": "perl", "elixir": "elixir",
	"java": "java", "javascript": "javascript", "php": "php", "python": "python", "ruby": "ruby", "go": "go", "rust": "rust", "dart": "dart",
}

func lexer(file, platform string) chroma.Lexer {
	if i := strings.LastIndexAny(file, "/\\"); i >= 0 {
		file = file[i+1:]
	}
	file, _, _ = strings.Cut(file, "?")
	if len(file) < 200 {
		if l := lexers.Match(file); l != nil {
			return l
		}
	}
	if name, ok := languages[platform]; ok {
		return lexers.Get(name)
	}
	return nil
}

// paint runs the lexer over the code and returns want lines, each closed in itself; nil when the counts do not agree.
func paint(l chroma.Lexer, code string, want int) []template.HTML {
	if l == nil {
		return nil
	}
	tokens, err := l.Tokenise(nil, code)
	if err != nil {
		return nil
	}
	var out []template.HTML
	var b strings.Builder
	for t := tokens(); t != chroma.EOF; t = tokens() {
		class := role(t.Type)
		for i, part := range strings.Split(t.Value, "\n") {
			if i > 0 {
				out = append(out, template.HTML(b.String())) //nolint:gosec // escaped below
				b.Reset()
			}
			if part == "" {
				continue
			}
			if class == "" {
				b.WriteString(template.HTMLEscapeString(part))
			} else {
				b.WriteString(`<span class="` + class + `">` + template.HTMLEscapeString(part) + `</span>`)
			}
		}
	}
	if len(out) < want {
		return nil
	}
	return out[:want]
}

// role is the class of a token: k, s, n, c, or none.
func role(t chroma.TokenType) string {
	switch {
	case t.InCategory(chroma.Keyword):
		return "k"
	case t.InSubCategory(chroma.LiteralString):
		return "s"
	case t.InSubCategory(chroma.LiteralNumber):
		return "n"
	case t.InCategory(chroma.Comment) && t != chroma.CommentPreproc && t != chroma.CommentPreprocFile:
		return "c"
	}
	return ""
}
