package grouping

import "strings"

// Bounds of one match, in bytes. Longer patterns are refused by the rule parsers; of a longer text only the beginning is
// looked at. Paths with two kinds of stars can take the square of their length, hence their lower bound.
const (
	maxPattern     = 512
	maxSubject     = 8192
	maxPathSubject = 512
)

// globMode says how a pattern is compared.
type globMode uint8

const (
	globText     globMode = iota // "*" matches anything
	globTextFold                 // the same, letters of either case are equal
	globPath                     // "*" stops at "/", "**" does not; "\" is "/"; case does not matter; a missing leading "/" is added
)

// glob is a compiled pattern: "*", "**", "?", "[a-z]" and "[!a-z]"; a backslash before one of these takes it literally
// in text modes.
type glob struct {
	mode   globMode
	shape  globShape
	lit    string // of the simple shapes
	tokens []globToken
}

// globShape picks a direct comparison for the patterns people mostly write.
type globShape uint8

const (
	shapeAny globShape = iota
	shapeExact
	shapePrefix
	shapeSuffix
	shapeContains
	shapeTokens
)

type globKind uint8

const (
	tokLiteral globKind = iota
	tokOne              // ?
	tokClass            // [...]
	tokStar             // any bytes but "/" in paths
	tokDoubleStar
)

type globToken struct {
	kind   globKind
	lit    byte
	negate bool
	ranges string // pairs of bytes, from and to
}

// compileGlob never fails: an unfinished class is taken literally, as shells do.
func compileGlob(pattern string, mode globMode) glob {
	if mode == globPath {
		pattern = strings.ReplaceAll(pattern, `\`, "/")
	}
	if mode != globText {
		pattern = lowerASCII(pattern)
	}
	g := glob{mode: mode}
	for i := 0; i < len(pattern); {
		t, n := nextToken(pattern[i:], mode)
		i += n
		if last := len(g.tokens) - 1; last >= 0 && t.kind >= tokStar && g.tokens[last].kind >= tokStar {
			g.tokens[last].kind = max(g.tokens[last].kind, t.kind)
			continue
		}
		g.tokens = append(g.tokens, t)
	}
	g.simplify()
	return g
}

func nextToken(p string, mode globMode) (globToken, int) {
	switch p[0] {
	case '*':
		if mode != globPath {
			return globToken{kind: tokDoubleStar}, 1
		}
		if strings.HasPrefix(p, "**") {
			return globToken{kind: tokDoubleStar}, 2
		}
		return globToken{kind: tokStar}, 1
	case '?':
		return globToken{kind: tokOne}, 1
	case '\\':
		if len(p) > 1 && strings.IndexByte(`*?[]\`, p[1]) >= 0 {
			return globToken{kind: tokLiteral, lit: p[1]}, 2
		}
	case '[':
		if t, n, ok := classToken(p); ok {
			return t, n
		}
	}
	return globToken{kind: tokLiteral, lit: p[0]}, 1
}

func classToken(p string) (globToken, int, bool) {
	t := globToken{kind: tokClass}
	i := 1
	if i < len(p) && (p[i] == '!' || p[i] == '^') {
		t.negate = true
		i++
	}
	var ranges []byte
	for first := true; i < len(p); first = false {
		c := p[i]
		if c == ']' && !first {
			t.ranges = string(ranges)
			return t, i + 1, true
		}
		if i+2 < len(p) && p[i+1] == '-' && p[i+2] != ']' {
			ranges = append(ranges, c, p[i+2])
			i += 3
			continue
		}
		ranges = append(ranges, c, c)
		i++
	}
	return t, 0, false
}

// simplify recognises patterns that are literal text with "any text" around it.
func (g *glob) simplify() {
	t := g.tokens
	lead := len(t) > 0 && t[0].kind == tokDoubleStar
	tail := len(t) > 1 && t[len(t)-1].kind == tokDoubleStar
	body := t
	if lead {
		body = body[1:]
	}
	if tail {
		body = body[:len(body)-1]
	}
	lit := make([]byte, 0, len(body))
	for _, k := range body {
		if k.kind != tokLiteral {
			g.shape = shapeTokens
			return
		}
		lit = append(lit, k.lit)
	}
	g.lit = string(lit)
	switch {
	case lead && len(body) == 0:
		g.shape = shapeAny
	case lead && tail:
		g.shape = shapeContains
	case lead:
		g.shape = shapeSuffix
	case tail:
		g.shape = shapePrefix
	default:
		g.shape = shapeExact
	}
}

// literal returns the longest text every match contains, for finding candidates quickly; "" when there is none.
func (g *glob) literal() string {
	if g.shape != shapeTokens {
		return g.lit
	}
	var best, cur []byte
	for _, t := range g.tokens {
		if t.kind == tokLiteral {
			cur = append(cur, t.lit)
			if len(cur) > len(best) {
				best = append(best[:0], cur...)
			}
			continue
		}
		cur = cur[:0]
	}
	return string(best)
}

// start returns the text every match begins with; "" when there is none.
func (g *glob) start() string {
	switch g.shape {
	case shapeExact, shapePrefix:
		return g.lit
	case shapeTokens:
		n := 0
		for n < len(g.tokens) && g.tokens[n].kind == tokLiteral {
			n++
		}
		lit := make([]byte, n)
		for i := range lit {
			lit[i] = g.tokens[i].lit
		}
		return string(lit)
	}
	return ""
}

// match reports whether the whole of s fits.
func (g *glob) match(s string) bool {
	s = s[:min(len(s), maxSubject)]
	if g.shape == shapeAny {
		return true
	}
	if g.mode == globPath {
		s = normalizePath(s[:min(len(s), maxPathSubject)])
		return g.matchOne(s) || (len(s) == 0 || s[0] != '/') && g.matchOne("/"+s)
	}
	if g.mode == globTextFold {
		s = lowerASCII(s)
	}
	return g.matchOne(s)
}

func (g *glob) matchOne(s string) bool {
	switch g.shape {
	case shapeAny:
		return true
	case shapeExact:
		return s == g.lit
	case shapePrefix:
		return strings.HasPrefix(s, g.lit)
	case shapeSuffix:
		return strings.HasSuffix(s, g.lit)
	case shapeContains:
		return strings.Contains(s, g.lit)
	}
	return matchTokens(g.tokens, s)
}

// matchTokens compares greedily with two places to fall back to: the last "**" and, after it, the last "*". The earliest
// match of what stands between two stars is always the best one, so no other places need to be kept.
func matchTokens(tokens []globToken, s string) bool {
	t, i := 0, 0
	starT, starI := -1, 0
	doubleT, doubleI := -1, 0
	for {
		if t < len(tokens) {
			switch k := &tokens[t]; k.kind {
			case tokStar:
				starT, starI = t, i
				t++
				continue
			case tokDoubleStar:
				doubleT, doubleI, starT = t, i, -1
				t++
				continue
			default:
				if i < len(s) && k.fits(s[i]) {
					t++
					i++
					continue
				}
			}
		} else if i == len(s) {
			return true
		}
		switch {
		case starT >= 0 && starI < len(s) && s[starI] != '/':
			starI++
			t, i = starT+1, starI
		case doubleT >= 0 && doubleI < len(s):
			doubleI++
			t, i, starT = doubleT+1, doubleI, -1
		default:
			return false
		}
	}
}

func (k *globToken) fits(c byte) bool {
	switch k.kind {
	case tokLiteral:
		return c == k.lit
	case tokOne:
		return true
	case tokClass:
		for i := 0; i+1 < len(k.ranges); i += 2 {
			if k.ranges[i] <= c && c <= k.ranges[i+1] {
				return !k.negate
			}
		}
		return k.negate
	}
	return false
}

// lowerASCII folds letters; other scripts stay, since no rule has been seen that needs them folded.
func lowerASCII(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if 'A' <= b[i] && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

// normalizePath makes paths of Windows and Unix comparable.
func normalizePath(s string) string {
	s = lowerASCII(s)
	if strings.IndexByte(s, '\\') >= 0 {
		s = strings.ReplaceAll(s, `\`, "/")
	}
	return s
}
