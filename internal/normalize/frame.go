package normalize

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/seismohq/seismo/internal/event"
)

// frame reads one frame. Variables and source lines are most of it, so only some frames keep them.
func (r *reader) frame(f *event.Frame, v value, detailed bool) {
	var before, after, line, vars value
	for k := v.kids(); len(k) > 0; k = k.rest() {
		v := k.first()
		if v.kind() == event.Null {
			continue
		}
		switch k[0].key {
		case "function":
			f.Function = r.short("function", v, maxFunction)
		case "raw_function":
			f.RawFunction = r.short("raw_function", v, maxFunction)
		case "symbol":
			f.Symbol = r.short("symbol", v, maxFunction)
		case "module":
			f.Module = r.short("module", v, maxFunction)
		case "package":
			f.Package = r.short("package", v, maxFunction)
		case "filename":
			f.Filename = r.short("filename", v, maxFilename)
		case "abs_path":
			f.AbsPath = r.short("abs_path", v, maxPath)
		case "lineno":
			f.Line = r.count("lineno", v)
		case "colno":
			f.Column = r.count("colno", v)
		case "in_app":
			f.InApp = r.maybe("in_app", v)
		case "pre_context":
			before = v
		case "context_line":
			line = v
		case "post_context":
			after = v
		case "vars":
			vars = v
		case "platform":
			if f.Platform = strings.ToLower(r.word("platform", v, maxLogger)); f.Platform == r.e.Platform {
				f.Platform = ""
			}
		default:
			r.frameRest(f, k[0].key, v)
		}
	}
	switch {
	case detailed:
		f.Vars = r.object("vars", vars, r.limits.VarsBytes, depthOther)
		f.PreContext = r.sourceLines("pre_context", before, true)
		f.ContextLine = r.sourceLine("context_line", line, f.Column)
		f.PostContext = r.sourceLines("post_context", after, false)
	case !vars.empty() || !line.empty() || !before.empty() || !after.empty():
		r.bare++
	}
	r.paths(f)
	r.shortenNative(f)
}

// frameRest reads what few frames have.
func (r *reader) frameRest(f *event.Frame, key string, v value) {
	switch key {
	case "instruction_addr":
		f.Instruction = r.address(key, v)
	case "symbol_addr":
		f.SymbolAddr = r.address(key, v)
	case "image_addr":
		f.ImageAddr = r.address(key, v)
	case "addr_mode":
		f.AddrMode = r.word(key, v, maxLogger)
	case "function_id":
		f.FunctionID = r.address(key, v)
	case "trust":
		f.Trust = r.word(key, v, maxLogger)
	case "stack_start":
		f.StackStart = r.flag(key, v)
	case "lock":
		f.Lock = r.object(key, v, r.limits.VarsBytes, depthOther)
	case "data":
		f.Data = append(r.object(key, v, r.limits.VarsBytes, depthOther), f.Data...).Unique()
	default: // such as lang, or what newer SDKs send: known to somebody perhaps
		if !v.empty() {
			r.enter("data")
			b := bag{r, r.limits.VarsBytes}
			f.Data = append(f.Data, b.field(key, v, depthOther))
			r.leave()
		}
	}
}

// sourceLines reads the lines before or after: the nearest ones when there are too many. A missing line is an empty one,
// so that the others keep their numbers.
func (r *reader) sourceLines(name string, v value, tail bool) []string {
	if v.empty() {
		return nil
	}
	list := r.elements(name, v)
	n := list.count()
	skip := 0
	if n > maxSourceLines {
		r.dropped(name, maxSourceLines, n)
		if tail {
			skip = n - maxSourceLines
		}
		n = maxSourceLines
	}
	if n == 0 {
		return nil
	}
	lines := r.mem.texts.take(n)
	for i := 0; len(list) > 0 && len(lines) < n; i, list = i+1, list.rest() {
		if i >= skip {
			lines = append(lines, r.sourceLine(name, list.first(), 0))
		}
	}
	return lines
}

// sourceLine reads one line of source. Of a long one, as minified code is, it keeps what surrounds the column.
func (r *reader) sourceLine(name string, v value, column int) string {
	s := text(v)
	if len(s) <= maxSourceLine {
		return s
	}
	from := 0
	if column > maxSourceLine*3/4 {
		from = min(column-maxSourceLine/2, len(s)-maxSourceLine)
	}
	from = max(from, 0)
	to := min(from+maxSourceLine, len(s))
	for from > 0 && !utf8.RuneStart(s[from]) {
		from--
	}
	for to < len(s) && !utf8.RuneStart(s[to]) {
		to++
	}
	cut := s[from:to]
	if from > 0 {
		cut = ellipsis + cut
	}
	if to < len(s) {
		cut += ellipsis
	}
	r.shortened(name, len(cut), len(ellipsis), len(s))
	return cut
}

// paths fills in the one of file name and absolute path that is missing.
func (r *reader) paths(f *event.Frame) {
	switch {
	case f.AbsPath == "":
		f.AbsPath = f.Filename
	case f.Filename == "":
		f.Filename = r.limit("filename", pathOf(f.AbsPath), maxFilename)
	}
}

// pathOf returns the path of a web or file URL, and other paths as they are.
func pathOf(s string) string {
	for _, scheme := range [...]string{"http:", "https:", "file:", "applewebdata:"} {
		if len(s) > len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			if u, err := url.Parse(s); err == nil && u.Path != "" && u.Path != "/" {
				return u.Path
			}
			return s
		}
	}
	return s
}
