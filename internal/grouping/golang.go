package grouping

import "strings"

// goModule removes what says only where and in which major version a package lies.
func goModule(m string) part {
	clean := m
	if i := strings.LastIndex(clean, "/vendor/"); i >= 0 {
		clean = clean[i+len("/vendor/"):]
	}
	clean = trimMajor(clean)
	if clean != m {
		return part{value: clean, hint: "vendoring and major version removed"}
	}
	return part{value: m}
}

// trimMajor removes the element /v2 of a module's path, and .v3 of gopkg.in.
func trimMajor(m string) string {
	for i := 0; i+2 < len(m); i++ {
		if m[i] != '/' && (m[i] != '.' || !strings.HasPrefix(m, "gopkg.in/")) || m[i+1] != 'v' {
			continue
		}
		if end := digitsEnd(m, i+2); end > i+2 && (end == len(m) || m[end] == '/' || m[end] == '.' || m[end] == '_') {
			return m[:i] + m[end:]
		}
	}
	return m
}

// goFunction makes closures comparable, which are numbered in their order, and removes type arguments.
func goFunction(fn string) part {
	clean := strings.TrimSuffix(fn, "-fm")
	if i := strings.IndexByte(clean, '['); i >= 0 {
		clean = dropBrackets(clean)
	}
	if strings.HasPrefix(clean, "glob..") {
		clean = clean[len("glob.."):]
	} else if i := strings.Index(clean, ".glob.."); i > 0 {
		clean = clean[:i+1] + clean[i+len(".glob.."):]
	}
	clean = foldClosures(clean)
	if clean != fn {
		return part{value: clean, hint: hintShortened}
	}
	return part{value: fn}
}

// dropBrackets removes [...] and what is in it.
func dropBrackets(s string) string {
	var b strings.Builder
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '[':
			depth++
		case ']':
			depth = max(depth-1, 0)
		default:
			if depth == 0 {
				b.WriteByte(s[i])
			}
		}
	}
	return b.String()
}

// foldClosures turns the tail func1.2.func3, with or without a method's name in between the numbers, into one func.
func foldClosures(fn string) string {
	end := len(fn)
	closure := false
	for end > 0 {
		dot := strings.LastIndexByte(fn[:end], '.')
		switch seg := fn[dot+1 : end]; {
		case isClosureName(seg):
			closure = true
		case allDigits(seg): // func1.2, and init.0
		default:
			if closure {
				return fn[:end] + ".func"
			}
			return fn[:end]
		}
		end = max(dot, 0)
	}
	if closure {
		return "func"
	}
	return fn
}

// isClosureName recognises func1, gowrap2 (the go statement), deferwrap1 and range1 (a range-over-func body).
func isClosureName(seg string) bool {
	seg, _, _ = strings.Cut(seg, "-") // func1-range1
	short := trimDigits(seg)
	if len(short) == len(seg) {
		return false
	}
	switch short {
	case "func", "gowrap", "deferwrap", "range":
		return true
	}
	return false
}
