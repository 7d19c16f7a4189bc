package grouping

import "strings"

// nativeScanner walks once over a demangled name and keeps what identifies the function.
type nativeScanner struct {
	in  string
	i   int
	out []byte
	cut int // where the function's name begins in out: after the return type
}

func (s *nativeScanner) result() string {
	out := strings.TrimSpace(string(s.out[s.cut:]))
	out = foldRust(out)
	return strings.TrimSuffix(out, "::")
}

func (s *nativeScanner) write(text string) { s.out = append(s.out, text...) }

func (s *nativeScanner) run() {
	for s.i < len(s.in) {
		c := s.in[s.i]
		switch {
		case c == 'o' && s.operator():
		case c == '<':
			s.angle()
		case c == '(':
			if s.paren() {
				return
			}
		case c == '{':
			s.brace()
		case c == '[':
			s.i = closing(s.in, s.i) // [abi:cxx11], Rust's crate hash, [clone .cold]
		case c == '`' || c == '\'':
			s.quote(c)
		case c == ' ':
			if rest := s.in[s.i:]; strings.HasPrefix(rest, " [clone") || strings.HasPrefix(rest, " -> ") {
				return
			}
			s.i++
			s.cut = len(s.out)
		case c == ':' && s.inlineNamespace():
		case c == '*' || c == '&':
			s.i++
			s.cut = len(s.out) // the return type: char *strdup
		case c == '$' && strings.HasPrefix(s.in[s.i:], "$_") && digitsEnd(s.in, s.i+2) > s.i+2:
			s.write("lambda") // clang's foo()::$_0
			s.i = digitsEnd(s.in, s.i+2)
		default:
			s.out = append(s.out, c)
			s.i++
		}
	}
}

// operator copies "operator" with its symbol, which may hold any of the bytes that mean something elsewhere.
func (s *nativeScanner) operator() bool {
	const word = "operator"
	rest := s.in[s.i:]
	if !strings.HasPrefix(rest, word) || len(rest) == len(word) || isWord(rest[len(word)]) || s.i > 0 && isWord(s.in[s.i-1]) {
		return false
	}
	rest = rest[len(word):]
	n := 0
	switch {
	case strings.HasPrefix(rest, "()"), strings.HasPrefix(rest, "[]"):
		n = 2
	case strings.HasPrefix(rest, " new"), strings.HasPrefix(rest, " delete"):
		n = len(" new")
		if rest[1] == 'd' {
			n = len(" delete")
		}
		if strings.HasPrefix(rest[n:], "[]") {
			n += 2
		}
	case rest[0] == ' ': // a conversion: operator int()
		if n = strings.IndexByte(rest, '('); n < 0 {
			n = len(rest)
		}
	case rest[0] == '"': // a literal: operator"" _km
		if n = strings.IndexByte(rest, '('); n < 0 {
			n = len(rest)
		}
	default:
		for n < len(rest) && strings.IndexByte("<>=!+-*/%^&|~,", rest[n]) >= 0 {
			n++
		}
		// operator<<T>: the last "<" opens template arguments when a name follows.
		if n > 1 && rest[n-1] == '<' && n < len(rest) && isWord(rest[n]) && (n == 2 || rest[:n] == "<<<") {
			n--
		}
	}
	s.write(word)
	s.write(rest[:n])
	s.i += len(word) + n
	return true
}

// angle reads <...>: template arguments after a name, and before one a lambda of MSVC or a type of Rust.
func (s *nativeScanner) angle() {
	end := closing(s.in, s.i)
	inner := strings.TrimSuffix(s.in[s.i+1:end], ">")
	switch {
	case strings.HasPrefix(inner, "lambda"):
		s.write("lambda")
	case s.atName() && strings.HasPrefix(inner, "unnamed"):
		s.write("<unnamed>")
	case s.atName() && len(s.out) > s.cut: // Rust's foo::<T>
		s.out = s.out[:len(s.out)-2]
	case s.atName(): // Rust's <T as Trait>::f and <T>::f
		s.write("<")
		s.write(dropArguments(inner))
		s.write(">")
	default:
		s.write("<T>")
	}
	s.i = end
}

// atName reports whether a name would begin here.
func (s *nativeScanner) atName() bool {
	n := len(s.out)
	return n == s.cut || n-s.cut > 2 && s.out[n-1] == ':' && s.out[n-2] == ':'
}

// paren reads (...) and reports whether the name ends before it.
func (s *nativeScanner) paren() bool {
	end := closing(s.in, s.i)
	inner := s.in[s.i:end]
	if strings.HasPrefix(inner, "(anonymous ") {
		s.write("(anonymous)")
		s.i = end
		return false
	}
	rest := s.in[end:]
	rest = strings.TrimPrefix(rest, " const")
	if strings.HasPrefix(rest, "::") { // a local class or lambda of this function
		s.i = len(s.in) - len(rest)
		return false
	}
	if len(s.out) == s.cut { // a return type in parentheses, or an odd name
		s.i = end
		return false
	}
	return true
}

// brace reads {lambda(int)#1}, {{closure}}, {closure#3}, {anonymous}, {shim:vtable#0} and the like.
func (s *nativeScanner) brace() {
	end := closing(s.in, s.i)
	inner := strings.Trim(s.in[s.i:end], "{}")
	inner, _, _ = strings.Cut(inner, "#")
	switch {
	case strings.HasPrefix(inner, "lambda"), strings.HasPrefix(inner, "'lambda"):
		s.write("lambda")
	case strings.HasPrefix(inner, "closure"):
		s.write("{{closure}}")
	case strings.HasPrefix(inner, "anonymous"):
		s.write("(anonymous)")
	default:
		s.write("{" + inner + "}")
	}
	s.i = end
}

// quote reads MSVC's `anonymous namespace' and clang's 'lambda'(int).
func (s *nativeScanner) quote(open byte) {
	end := strings.IndexByte(s.in[s.i+1:], '\'')
	if end < 0 {
		s.i++
		return
	}
	inner := s.in[s.i+1 : s.i+1+end]
	s.i += end + 2
	switch {
	case strings.HasPrefix(inner, "anonymous"):
		s.write("(anonymous)")
	case strings.HasPrefix(inner, "lambda"):
		s.write("lambda")
		for s.i < len(s.in) && isDigit(s.in[s.i]) { // 'lambda0'
			s.i++
		}
	case open == '`' && strings.HasPrefix(inner, "`"): // `foo::bar(int)'::`2'::x
		s.write(strings.Trim(inner, "`"))
	case allDigits(inner):
		s.write("{}")
	default:
		s.write(inner)
	}
}

// inlineNamespace skips std::__1::, std::__cxx11::, std::__ndk1:: and MSVC's foo::__l2::, which depend on the library.
func (s *nativeScanner) inlineNamespace() bool {
	rest, ok := strings.CutPrefix(s.in[s.i:], "::__")
	if !ok {
		return false
	}
	name, _, found := strings.Cut(rest, "::")
	if !found {
		return false
	}
	switch short := trimDigits(name); {
	case short == "" || short == "l" && len(name) > 1 || short == "ndk" || short == "cxx" || short == "fs" || name == "cxx11":
		s.i += len("::__") + len(name)
		return true
	}
	return false
}

// closing returns the place after the bracket that closes the one at open, of its own kind; the end when none does.
func closing(s string, open int) int {
	from := s[open]
	var to byte
	switch from {
	case '<':
		to = '>'
	case '(':
		to = ')'
	case '[':
		to = ']'
	default:
		to = '}'
	}
	depth := 0
	for i := open; i < len(s); i++ {
		switch s[i] {
		case from:
			depth++
		case to:
			if to == '>' && i > 0 && s[i-1] == '-' { // ->
				continue
			}
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

// dropArguments replaces what stands in <...> within a Rust type by T.
func dropArguments(s string) string {
	if strings.IndexByte(s, '<') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '<' {
			b.WriteByte(s[i])
			i++
			continue
		}
		if end := closing(s, i); b.Len() == 0 {
			b.WriteString(strings.Trim(s[i:end], "<>")) // <<A as B>::C as D>: one level is enough
			i = end
		} else {
			b.WriteString("<T>")
			i = end
		}
	}
	return b.String()
}

// foldRust keeps one of several nested closures.
func foldRust(s string) string {
	const closure = "::{{closure}}"
	for strings.Contains(s, closure+closure) {
		s = strings.ReplaceAll(s, closure+closure, closure)
	}
	return s
}
