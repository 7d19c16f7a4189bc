package grouping

import "strings"

// describeCSharp reads the names the C# compiler gives to async methods, iterators, lambdas and local functions, which are
// classes and numbers instead of what the programmer wrote.
func describeCSharp(in *frameInfo) {
	f := in.frame
	fn := f.RawFunction
	if fn == "" {
		fn = f.Function
	}
	module := f.Module
	if i := strings.Index(module, "[["); i > 0 {
		module = module[:i] // type arguments with their assemblies and versions
	}
	// Class+<Load>d__12 and MoveNext are the method Load; Class+<>c__DisplayClass3_0 and <Bar>b__1 are a lambda of Bar.
	for _, sep := range [...]string{"+<", ".<"} {
		i := strings.Index(module, sep)
		if i <= 0 {
			continue
		}
		inner := module[i+1:]
		module = module[:i]
		if !strings.HasPrefix(inner, "<>") {
			fn = inner + "." + fn
		}
	}
	in.module = part{value: module}
	if module != f.Module {
		in.module.hint = hintGenerated
	}
	name := csharpName(fn)
	switch {
	case name == "":
		if fn != "" {
			in.function = part{hint: hintAnonymous}
		}
	case name != fn || fn != f.Function && f.RawFunction == "":
		in.function = part{value: name, hint: hintShortened}
	default:
		in.function = part{value: name}
	}
}

// csharpName rewrites one function name.
func csharpName(fn string) string {
	if i := strings.IndexByte(fn, '('); i > 0 {
		tail := ""
		if j := strings.Index(fn, ")+"); j > 0 {
			tail = ".lambda" // enhanced traces: void Run()+(int x) => { }
		}
		fn = strings.TrimSpace(fn[:i]) + tail
	}
	if strings.IndexByte(fn, '<') < 0 {
		return fn
	}
	var out []string
	rest := fn
	for rest != "" {
		open := strings.IndexByte(rest, '<')
		if open < 0 {
			out = append(out, splitNames(rest)...)
			break
		}
		out = append(out, splitNames(rest[:open])...)
		if open > 0 && isWord(rest[open-1]) { // type arguments: List<int>.Add
			rest = rest[closing(rest, open):]
			continue
		}
		end := strings.IndexByte(rest[open:], '>')
		if end < 0 {
			out = append(out, rest[open:])
			break
		}
		inner := rest[open+1 : open+end]
		rest = rest[open+end+1:]
		var kind string
		kind, rest = csharpKind(rest)
		if inner != "" {
			out = append(out, inner)
		}
		out = append(out, splitNames(kind)...)
	}
	return strings.Join(out, ".")
}

// csharpKind reads what follows <Name>: d__N an iterator or async method, b__N a lambda, g__Local|N_M a local function,
// c__DisplayClassN_M the variables of lambdas.
func csharpKind(rest string) (kind, after string) {
	end := len(rest)
	if i := strings.IndexAny(rest, ".<"); i >= 0 {
		end = i
	}
	word := rest[:end]
	after = strings.TrimPrefix(rest[end:], ".")
	switch {
	case strings.HasPrefix(word, "d__"):
		return "", strings.TrimPrefix(after, "MoveNext")
	case strings.HasPrefix(word, "b__"):
		return "lambda", after
	case strings.HasPrefix(word, "g__"):
		local, _, _ := strings.Cut(word[len("g__"):], "|")
		return local, after
	case strings.HasPrefix(word, "c__"), word == "c":
		return "", after
	}
	return word, after
}

func splitNames(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == '.' })
}
