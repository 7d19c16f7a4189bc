package grouping

import "strings"

// This file holds the conventions of Python, PHP, Ruby, Elixir and Dart.

// pythonFunction keeps names as they are, but for the marker of functions within functions that qualified names carry.
func pythonFunction(fn string) part {
	if strings.Contains(fn, "<locals>.") {
		return part{value: strings.ReplaceAll(fn, "<locals>.", ""), hint: hintShortened}
	}
	return part{value: fn}
}

// phpFunction removes what PHP and its frameworks put into names from the place in the file or the build.
func phpFunction(fn string) part {
	if strings.HasPrefix(fn, "[Anonymous") {
		return part{hint: hintAnonymous}
	}
	// Before PHP 8.0 class@anonymous, since then Parent@anonymous; both followed by NUL and the place.
	if i := strings.Index(fn, "@anonymous"); i >= 0 {
		if j := strings.LastIndex(fn, "::"); j > i {
			return part{value: fn[j+2:], hint: hintShortened}
		}
		return part{hint: hintAnonymous}
	}
	if i := strings.Index(fn, "{closure:"); i >= 0 {
		return phpClosure(fn, i)
	}
	clean := fn
	// Symfony's container of a build, and Twig's classes.
	if strings.HasPrefix(clean, "Container") {
		if i := strings.IndexByte(clean, '\\'); i == len("Container")+7 {
			clean = "Container" + clean[i:]
		}
	}
	if i := strings.Index(clean, "__TwigTemplate_"); i >= 0 {
		start := i + len("__TwigTemplate_")
		if end := hexEnd(clean, start); end-start >= 16 {
			clean = clean[:start-1] + clean[end:]
		}
	}
	if clean != fn {
		return part{value: clean, hint: hintGenerated}
	}
	return part{value: fn}
}

// phpClosure handles PHP 8.4, where a closure is named after its place: {closure:Foo::bar():12} or {closure:/app/x.php:12}.
func phpClosure(fn string, i int) part {
	if strings.ContainsAny(fn[i:], "/") {
		return part{value: fn[:i] + "{closure}", hint: hintGenerated}
	}
	var b strings.Builder
	for k := 0; k < len(fn); k++ {
		if fn[k] == ':' {
			if end := digitsEnd(fn, k+1); end > k+1 && end < len(fn) && fn[end] == '}' {
				k = end - 1
				continue
			}
		}
		b.WriteByte(fn[k])
	}
	return part{value: b.String(), hint: hintGenerated}
}

// rubyBlock stands for every block, whatever method it is in: the line of code tells them apart.
const rubyBlock = "block"

// rubyFunction evens out what Ruby 3.4 (Class#method), blocks and templates make of names.
func rubyFunction(fn string) part {
	if strings.HasPrefix(fn, "block in ") || strings.HasPrefix(fn, "block (") {
		return part{value: rubyBlock, hint: hintShortened}
	}
	clean := fn
	for _, p := range [...]string{"rescue in ", "ensure in "} {
		clean = strings.TrimPrefix(clean, p)
	}
	if i := strings.LastIndexAny(clean, "#."); i > 0 && i+1 < len(clean) && isUpper(clean[0]) {
		clean = clean[i+1:] // Order#total and Order.find
	}
	clean = trimTemplateSuffix(clean)
	if clean != fn {
		return part{value: clean, hint: hintShortened}
	}
	return part{value: fn}
}

// trimTemplateSuffix removes the two numbers Rails gives to compiled templates: _app_views_x_erb__1234_5678, with one more
// underscore where the first is negative.
func trimTemplateSuffix(fn string) string {
	short := trimDigits(fn)
	if len(short) == len(fn) || !strings.HasSuffix(short, "_") {
		return fn
	}
	short = short[:len(short)-1]
	inner := trimDigits(short)
	if len(inner) == len(short) || !strings.HasSuffix(inner, "__") {
		return fn
	}
	return strings.TrimRight(inner, "_")
}

// elixirFunction names an anonymous function after the one around it.
func elixirFunction(fn string) part {
	clean := fn
	if strings.HasPrefix(clean, "anonymous fn/") {
		if i := strings.Index(clean, " in "); i > 0 {
			clean = clean[i+len(" in "):]
		}
	}
	// Erlang's own form: -handle/1-fun-0-
	if strings.HasPrefix(clean, "-") {
		if i := strings.Index(clean, "-fun-"); i > 0 {
			clean = clean[1:i]
		}
	}
	if clean != fn {
		return part{value: clean, hint: hintShortened}
	}
	return part{value: fn}
}

// dartFunction drops the closures within a method.
func dartFunction(fn string) part {
	clean := strings.TrimPrefix(fn, "new ")
	for strings.HasSuffix(clean, ".<anonymous closure>") || strings.HasSuffix(clean, ".<fn>") {
		clean = clean[:strings.LastIndexByte(clean, '.')]
	}
	switch clean {
	case "<anonymous closure>", "<fn>", "":
		if fn == "" {
			return part{}
		}
		return part{hint: hintAnonymous}
	}
	if clean != fn {
		return part{value: clean, hint: hintShortened}
	}
	return part{value: fn}
}
