package grouping

import (
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// part is one attribute of a frame: the value that counts, or why there is none.
type part struct {
	value string // "" does not count
	hint  string // what was done to the value, or why it does not count
}

// frameInfo is a frame as grouping sees it.
type frameInfo struct {
	frame    *event.Frame
	module   part
	filename part
	function part
	context  part
	ignored  string            // why the frame does not count at all; "" for one that counts
	shown    []event.Component // the explanation, once it is made
	why      [variants]reason
	plat     platform
	inApp    bool
	handler  bool // a rule calls it a handler that many errors pass through
	minified bool // an attribute was thrown away because a minifier chose it
	named    bool // the function stands alone, whatever file it is in
	unnamed  bool // stands for its place in a binary, for want of a name
}

// Hints that several platforms give.
const (
	hintAnonymous  = "has no name of its own"
	hintGenerated  = "generated numbers removed"
	hintShortened  = "shortened"
	hintMinified   = "a minifier's name"
	hintHash       = "content hash removed"
	hintURL        = "comes from a URL"
	hintNoAttrs    = "has no module, function or file"
	hintNative     = "native code of the engine"
	hintSourceMap  = "names from source maps are not reliable, the line of code is"
	hintLongLine   = "line is too long to be written by hand"
	hintModuleTail = "is only the tail of the URL"
	hintUnnamed    = "no symbols: place in the binary"
)

// describe fills in the parts of a frame that count, by the conventions of its platform.
func (w *work) describe(in *frameInfo) {
	f := in.frame
	switch in.plat {
	case platJavaScript, platNode:
		describeJavaScript(in)
	case platNative:
		w.describeNative(in)
	case platJVM:
		in.module, in.function = javaModule(f.Module), javaFunction(f)
	case platPython:
		in.module, in.function = textPart(f.Module), pythonFunction(f.Function)
	case platPHP:
		in.module, in.function = textPart(f.Module), phpFunction(f.Function)
	case platRuby:
		in.module, in.function = textPart(f.Module), rubyFunction(f.Function)
	case platGo:
		in.module, in.function = goModule(f.Module), goFunction(f.Function)
	case platCSharp:
		describeCSharp(in)
	case platElixir:
		in.module, in.function = textPart(f.Module), elixirFunction(f.Function)
	case platDart:
		in.module, in.function = textPart(f.Module), dartFunction(f.Function)
	default:
		in.module, in.function = textPart(f.Module), otherFunction(f.Function)
	}
	if in.ignored != "" {
		return
	}
	if in.module.value == "" && !in.named && in.filename == (part{}) {
		in.filename = filenamePart(f)
	}
	if usesContext(in.plat) && (in.function.value == "" || genericFunction(in.plat, in.function.value)) {
		in.context = contextPart(in)
	}
	if in.module.value == "" && in.filename.value == "" && in.function.value == "" && in.context.value == "" {
		in.ignored = hintNoAttrs
		if in.minified {
			in.ignored = hintMinified
		}
		return
	}
}

// textPart takes a value as it is.
func textPart(s string) part { return part{value: s} }

func otherFunction(s string) part {
	switch s {
	case "?", "<anonymous>", "<unknown>", "(anonymous)", "__ANON__", "<anonymous closure>":
		return part{hint: hintAnonymous}
	}
	return part{value: s}
}

// filenamePart is the last element of the file's path, in lower case.
func filenamePart(f *event.Frame) part {
	name := f.Filename
	if name == "" {
		name = f.AbsPath
	}
	switch {
	case name == "":
		return part{}
	case name == "<anonymous>" || name == "[native code]" || name == "native code":
		return part{hint: hintAnonymous}
	case isWebURL(f.AbsPath):
		return part{hint: hintURL}
	}
	base := lowerASCII(baseName(name))
	if hashed := stemHash(base); hashed != base {
		return part{value: hashed, hint: hintHash}
	}
	return part{value: base}
}

// stemHash replaces a name that is nothing but a hash, as caches of compiled templates give.
func stemHash(base string) string {
	stem, ext := base, ""
	if dot := strings.IndexByte(base, '.'); dot > 0 {
		stem, ext = base[:dot], base[dot:]
	}
	if len(stem) >= 16 && allHex(stem) {
		return "<hash>" + ext
	}
	return base
}

// isWebURL reports whether a path was loaded over the network, so that it says where the code was served and not what it is.
func isWebURL(path string) bool {
	return hasAnyPrefix(path, "http:", "https:", "blob:", "applewebdata:")
}

func hasAnyPrefix(s string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// baseName returns what follows the last slash of either kind.
func baseName(path string) string {
	return path[strings.LastIndexAny(path, `/\`)+1:]
}

// usesContext says for which platforms SDKs send source lines that tell frames apart.
func usesContext(p platform) bool {
	switch p {
	case platJavaScript, platNode, platPython, platPHP, platRuby:
		return true
	}
	return false
}

// genericFunction reports whether a name says so little that the line of code has to help.
func genericFunction(p platform, name string) bool {
	switch p {
	case platPython:
		return strings.HasPrefix(name, "<")
	case platPHP:
		return strings.HasSuffix(name, "}")
	case platRuby:
		return name == rubyBlock || strings.HasPrefix(name, "<")
	}
	return false
}

const maxContextLine = 120 // bytes; longer lines are minified or data

// contextPart is the line of code with its blanks evened out.
func contextPart(in *frameInfo) part {
	line := in.frame.ContextLine
	if line == "" {
		return part{}
	}
	if len(line) > maxContextLine {
		return part{hint: hintLongLine}
	}
	if in.plat == platJavaScript && in.frame.Function == "" && (isWebURL(in.frame.AbsPath) || strings.HasPrefix(in.frame.AbsPath, "file:")) {
		return part{hint: hintURL}
	}
	return part{value: evenBlanks(line)}
}

// evenBlanks trims and turns each run of white space into one blank.
func evenBlanks(s string) string {
	s = strings.TrimSpace(s)
	even := true
	for i := 0; i < len(s); i++ {
		if s[i] == '\t' || s[i] == '\n' || s[i] == '\r' || s[i] == ' ' && s[i-1] == ' ' {
			even = false
			break
		}
	}
	if even {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}
