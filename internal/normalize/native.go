package normalize

import (
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// shortenNative makes the function of a native frame readable: the demangled name without return type, arguments and
// template arguments. The whole is kept beside it. A frame that has a raw function is already short.
func (r *reader) shortenNative(f *event.Frame) {
	if f.RawFunction != "" || f.Function == "" {
		return
	}
	platform := f.Platform
	if platform == "" {
		platform = r.e.Platform
	}
	switch platform {
	case "native", "cocoa", "objc", "c", "swift", "rust":
	default:
		return
	}
	if short := shortName(f.Function); short != f.Function {
		f.Function, f.RawFunction = short, f.Function
	}
}

// shortName shortens a demangled C++, Rust or Swift name:
//
//	void foo::bar<int>(char const*) const → foo::bar<T>
//	<alloc::Box<T> as Fn>::call::h0123456789abcdef → <alloc::Box<T> as Fn>::call
//
// Names of Objective-C and placeholders stay as they are.
func shortName(s string) string {
	full := s
	s = strings.TrimSpace(s)
	// Methods of Objective-C, and the blocks in them: __29-[Foo bar]_block_invoke.
	if s == "" || strings.HasPrefix(s, "[") || strings.Contains(s, "+[") || strings.Contains(s, "-[") || s == "<redacted>" || s == "<unknown>" {
		return full
	}
	s = lambdas(trailers(s))
	n := scanner{s: s}
	name := n.scan()
	if name == "" {
		return full
	}
	return decorations(name)
}

// trailers cuts the qualifiers behind a C++ signature.
func trailers(s string) string {
	for {
		t := strings.TrimRight(s, " ")
		switch {
		case strings.HasSuffix(t, ")const"), strings.HasSuffix(t, " const"):
			t = t[:len(t)-len("const")]
		case strings.HasSuffix(t, " volatile"):
			t = t[:len(t)-len("volatile")]
		case strings.HasSuffix(t, ")&"), strings.HasSuffix(t, " &"), strings.HasSuffix(t, "&&") && !strings.HasSuffix(t, "operator&&"):
			t = strings.TrimRight(t, "&")
		case strings.HasSuffix(t, "]") && strings.Contains(t, ") [clone "):
			t = t[:strings.LastIndex(t, " [clone ")]
		}
		if t == s {
			return s
		}
		s = t
	}
}

// lambdas gives the lambdas of gcc ({lambda(int)#1}), msvc (lambda_0123…) and clang ($_0) one name, and anonymous
// namespaces one form.
func lambdas(s string) string {
	for {
		i := strings.Index(s, "{lambda(")
		if i < 0 {
			break
		}
		end := closeOf(s[i:], '{', '}')
		if end < 0 {
			break
		}
		s = s[:i] + "lambda" + s[i+end+1:]
	}
	s = replaceRun(s, "lambda_", 32, "lambda", isHex)
	s = replaceRun(s, "$_", 0, "lambda", isDigit)
	s = replaceRun(s, "?A0x", 8, "(anonymous namespace)", isHex)
	return strings.NewReplacer("`anonymous namespace'", "(anonymous namespace)", "`anonymous-namespace'", "(anonymous namespace)",
		"<lambda>", "lambda").Replace(s)
}

// replaceRun replaces prefix and the run of such characters behind it; with a length other than 0 only runs of it.
func replaceRun(s, prefix string, length int, with string, of func(byte) bool) string {
	for from := 0; ; {
		i := strings.Index(s[from:], prefix)
		if i < 0 {
			return s
		}
		i += from
		end := i + len(prefix)
		for end < len(s) && of(s[end]) {
			end++
		}
		if run := end - i - len(prefix); run == 0 || length > 0 && run != length {
			from = i + len(prefix)
			continue
		}
		s = s[:i] + with + s[end:]
		from = i + len(with)
	}
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// closeOf returns where the bracket is that closes the one s begins with, or -1.
func closeOf(s string, open, end byte) int {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case open:
			depth++
		case end:
			// The arrow of a return type closes nothing.
			if end == '>' && i > 0 && (s[i-1] == '-' || s[i-1] == '=') {
				continue
			}
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// scanner walks over a signature and keeps the last word outside of brackets: the function's name.
type scanner struct {
	s   string
	out strings.Builder
}

func (n *scanner) scan() string {
	s := n.s
	for i := 0; i < len(s); {
		rest := s[i:]
		switch c := s[i]; {
		case strings.HasPrefix(rest, "operator") && !n.within():
			size := operatorSize(rest)
			n.out.WriteString(rest[:size])
			i += size
		case strings.HasPrefix(rest, " -> "): // Swift's and Rust's return type
			return n.out.String()
		case strings.HasPrefix(rest, "(anonymous namespace)"):
			n.out.WriteString("(anonymous namespace)")
			i += len("(anonymous namespace)")
		case c == '(':
			end := closeOf(rest, '(', ')')
			if end < 0 {
				return n.out.String()
			}
			i += end + 1
		case c == '<':
			end := closeOf(rest, '<', '>')
			if end < 0 {
				n.out.WriteString(rest)
				return n.out.String()
			}
			n.out.WriteString(n.generic(rest[:end+1]))
			i += end + 1
		case c == ' ':
			if rest = strings.TrimLeft(rest, " "); strings.HasPrefix(rest, "->") || strings.HasPrefix(rest, "[") || rest == "" {
				return n.out.String()
			}
			if strings.HasPrefix(rest, "(") && !strings.HasPrefix(rest, "(anonymous namespace)") || strings.HasPrefix(rest, "<") && n.out.Len() > 0 {
				i = len(s) - len(rest) // msvc writes "operator new <T>"
				continue
			}
			n.out.Reset() // what came before was a return type or a keyword
			i = len(s) - len(rest)
		default:
			n.out.WriteByte(c)
			i++
		}
	}
	return n.out.String()
}

// within reports whether we are in the middle of a word.
func (n *scanner) within() bool {
	s := n.out.String()
	if s == "" {
		return false
	}
	c := s[len(s)-1]
	return isDist(c) && c != '-' && c != '.'
}

// generic shortens <…>. At the start of a name it is Rust's <Type as Trait>, which is part of the name.
func (n *scanner) generic(s string) string {
	if n.out.Len() > 0 {
		return "<T>"
	}
	inner := s[1 : len(s)-1]
	var b strings.Builder
	b.WriteByte('<')
	for inner != "" {
		i := strings.IndexByte(inner, '<')
		end := -1
		if i >= 0 {
			end = closeOf(inner[i:], '<', '>')
		}
		if end < 0 {
			break
		}
		b.WriteString(inner[:i])
		b.WriteString("<T>")
		inner = inner[i+end+1:]
	}
	b.WriteString(inner)
	b.WriteByte('>')
	return b.String()
}

// operatorSize returns how long the name of an operator function at the start of s is: "operator<<", "operator()",
// "operator new[]", "operator bool".
func operatorSize(s string) int {
	const word = len("operator")
	rest := s[word:]
	if strings.HasPrefix(rest, "()") {
		return word + 2
	}
	for _, sign := range [...]string{"<=>", "<<=", ">>=", "->*", "<<", ">>", "<=", ">=", "->", "<", ">"} {
		if strings.HasPrefix(rest, sign) {
			return word + len(sign)
		}
	}
	if strings.HasPrefix(rest, " ") {
		if end := strings.IndexByte(rest, '('); end > 0 { // a conversion or "operator new": up to the arguments
			return word + end
		}
		return len(s)
	}
	return word
}

// decorations cuts the hash off Rust names and the stack size off Windows' ones.
func decorations(s string) string {
	if i := strings.LastIndex(s, "::h"); i > 0 && len(s)-i == len("::h")+16 && only(s[i+3:], isHex) {
		s = s[:i]
	}
	if i := strings.LastIndexByte(s, '@'); i > 0 && i < len(s)-1 && only(s[i+1:], isDigit) {
		s = strings.TrimPrefix(s[:i], "@")
	}
	return s
}
