package grouping

import (
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// describeJavaScript makes browsers and builds comparable. Chrome, Firefox and Safari name the same function differently,
// and a build changes paths, minified names and content hashes.
func describeJavaScript(in *frameInfo) {
	f := in.frame
	if jsNative(f) {
		in.ignored = hintNative
		return
	}
	mapped := isMapped(f)
	in.function = jsFunction(f.Function)
	name := baseName(jsPath(f))
	clean := stripHashes(name)
	if !mapped && len(in.function.value) > 0 && len(in.function.value) <= 2 && (in.plat == platJavaScript || clean != name || strings.Contains(name, ".min.")) {
		in.function = part{hint: hintMinified}
		in.minified = true
	}
	if mapped && f.ContextLine != "" && len(f.ContextLine) <= maxContextLine && strings.TrimSpace(f.ContextLine) != "" {
		in.function = part{hint: hintSourceMap}
	}
	in.module = jsModule(f)
	if in.module.value != "" {
		return
	}
	in.filename = filenamePart(f)
	if in.filename.value != "" {
		if lower := lowerASCII(clean); lower != in.filename.value {
			in.filename = part{value: lower, hint: hintHash}
		}
	}
}

// jsNative reports frames of the engine, of eval and of the page itself, which other browsers leave out.
func jsNative(f *event.Frame) bool {
	switch f.AbsPath {
	case "native code", "[native code]", "eval code", "<anonymous>":
		return true
	}
	return f.Function == "eval"
}

// isMapped reports whether a source map gave the frame its names.
func isMapped(f *event.Frame) bool {
	return len(f.Data) > 0 && (f.Data.Text("sourcemap") != "" || f.Data.Text("symbolicated") == "true")
}

// jsPath is the file without query and fragment.
func jsPath(f *event.Frame) string {
	path := f.Filename
	if path == "" {
		path = f.AbsPath
	}
	if i := strings.IndexAny(path, "?#"); i > 0 {
		path = path[:i]
	}
	return path
}

// jsModule ignores what is only the end of the URL: it changes with the server's paths.
func jsModule(f *event.Frame) part {
	m := f.Module
	if m == "" || !strings.Contains(m, "/") || f.AbsPath == "" {
		return part{value: m}
	}
	path := f.AbsPath
	if i := strings.IndexAny(path, "?#"); i > 0 {
		path = path[:i]
	}
	if strings.HasSuffix(path, m) {
		return part{hint: hintModuleTail}
	}
	if isWebURL(path) {
		base := strings.LastIndexByte(path, '/') + 1
		if dot := strings.IndexByte(path[base:], '.'); dot > 0 && strings.HasSuffix(path[:base+dot], m) {
			return part{hint: hintModuleTail}
		}
	}
	return part{value: m}
}

// jsFunction reduces a function's name to what all browsers agree on.
func jsFunction(name string) part {
	fn := name
	if i := strings.Index(fn, " [as "); i > 0 {
		fn = fn[:i]
	}
	for {
		rest := fn
		for _, p := range [...]string{"async ", "async*", "new ", "get ", "set ", "static ", "bound "} {
			rest = strings.TrimPrefix(rest, p)
		}
		if rest == fn {
			break
		}
		fn = rest
	}
	if strings.HasSuffix(fn, "/<") || strings.HasSuffix(fn, "/</<") {
		return part{hint: hintAnonymous}
	}
	fn = fn[strings.LastIndexByte(fn, '/')+1:]
	fn = fn[strings.LastIndexByte(fn, '.')+1:]
	fn = strings.TrimRight(fn, "<")
	if i := strings.IndexByte(fn, '['); i > 0 {
		fn = fn[:i] // Firefox: t[e]
	}
	switch fn {
	case "":
		if name == "" {
			return part{}
		}
		return part{hint: hintAnonymous}
	case "?", "<anonymous>", "<anonymous function>", "Anonymous function", "anonymous", "(anonymous function)", "(anonymous)",
		"<computed>", "[anonymous]", "{anonymous}()", "global code", "module code", "eval code":
		return part{hint: hintAnonymous}
	}
	// Bundlers number names that clash, regenerator numbers its callbacks: both change with unrelated code.
	if short := trimDigits(fn); len(short) > 1 && len(short) < len(fn) && short[len(short)-1] == '$' {
		fn = short[:len(short)-1]
	}
	if strings.HasPrefix(fn, "_callee") && strings.HasSuffix(fn, "$") {
		fn = "_callee$"
	}
	if len(fn) == len(name) {
		return part{value: fn}
	}
	return part{value: fn, hint: hintShortened}
}

// stripHashes removes content hashes from a file's name: main.4f2a9c1d.js and index-BfX9a_1q.js change with each build.
func stripHashes(name string) string {
	dot := strings.IndexByte(name, '.')
	if dot < 0 {
		return name
	}
	ext := strings.LastIndexByte(name, '.')
	stem, tail := name[:ext], name[ext:]
	if ext == dot && len(stem) < 6 {
		return name // too short to hold a hash
	}
	stem, found := cutDashHash(stem)
	var kept []string
	for seg := range strings.SplitSeq(stem, ".") {
		if isHashSegment(seg) {
			found = true
			continue
		}
		if short, ok := cutDashHash(seg); ok {
			seg, found = short, true
		}
		kept = append(kept, seg)
	}
	if !found {
		return name
	}
	named := kept[:0]
	for _, seg := range kept {
		if seg != "" && !allDigits(seg) {
			named = append(named, seg)
		}
	}
	if len(named) == 0 {
		return "<chunk>" + tail
	}
	return strings.Join(named, ".") + tail
}

// cutDashHash removes a hash after the last dash, or the eight characters after a dash that Vite appends, which may hold
// dashes and underscores themselves.
func cutDashHash(stem string) (string, bool) {
	if n := len(stem) - 9; n > 0 && stem[n] == '-' && isBase64Hash(stem[n+1:]) {
		return stem[:n], true
	}
	if i := strings.LastIndexByte(stem, '-'); i >= 0 && isHashSegment(stem[i+1:]) {
		return stem[:i], true
	}
	return stem, false
}

// isHashSegment recognises six or more characters that no one would choose as a name: hex with digits, or letters and
// digits that alternate.
func isHashSegment(s string) bool {
	if len(s) < 6 {
		return false
	}
	digits, letters := 0, 0
	for i := range len(s) {
		switch {
		case isDigit(s[i]):
			digits++
		case isLetter(s[i]):
			letters++
		default:
			return false
		}
	}
	if digits == 0 {
		return false
	}
	if allHex(s) {
		return letters > 0 || len(s) >= 8
	}
	return letters > 0 && averageRun(s) < 3
}

// isBase64Hash recognises Vite's and esbuild's eight characters of base64 by their mixed case or digits.
func isBase64Hash(s string) bool {
	upperInside, digit, lower := false, false, false
	for i := range len(s) {
		switch c := s[i]; {
		case isDigit(c):
			digit = true
		case isUpper(c):
			upperInside = upperInside || i > 0
		case isLower(c):
			lower = true
		case c != '-' && c != '_':
			return false
		}
	}
	return digit && (lower || upperInside) || upperInside && averageRun(s) < 4
}

// averageRun is the mean length of the pieces a reader would see in s: words with or without a capital, numbers. Names
// have long ones, random characters short ones.
func averageRun(s string) float64 {
	runs := 0
	for i := range len(s) {
		if i == 0 || !sameRun(s[i-1], s[i]) {
			runs++
		}
	}
	return float64(len(s)) / float64(max(runs, 1))
}

// sameRun keeps a capital with the small letters after it.
func sameRun(a, b byte) bool {
	switch {
	case isDigit(a):
		return isDigit(b)
	case isUpper(a):
		return isLetter(b)
	case isLower(a):
		return isLower(b)
	}
	return false
}
