package grouping

import (
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// javaModule makes class names comparable that the JVM, proxies and compilers number as they like.
func javaModule(m string) part {
	if m == "" {
		return part{}
	}
	if i := strings.Index(m, "[["); i > 0 {
		m = m[:i]
	}
	if strings.IndexByte(m, '$') < 0 && !strings.Contains(m, "Accessor") && !strings.Contains(m, "_javassist") {
		return part{value: m}
	}
	if strings.Contains(m, "$$Lambda") {
		return part{hint: hintAnonymous} // $$Lambda$14/0x1234, and $$Lambda/0x00007f… since JDK 21
	}
	clean := m
	for _, marker := range javaMarkers {
		clean = marker.apply(clean)
	}
	clean = trimAccessor(clean)
	clean = clojureNumbers(clean)
	clean = trimLambdaClass(clean)
	if clean != m {
		return part{value: clean, hint: hintGenerated}
	}
	return part{value: m}
}

// javaMarker is a text that generators put before something they made up.
type javaMarker struct {
	text string
	cut  string // what stands for the marker and the rest
	hex  bool   // only if hex or digits follow directly
}

var javaMarkers = []javaMarker{
	{"$$EnhancerBySpringCGLIB$$", "$$<spring>", false},
	{"$$SpringCGLIB$$", "$$<spring>", false},
	{"$$FastClassBySpringCGLIB$$", "$$<spring>", false},
	{"$$EnhancerByCGLIB$$", "$$<cglib>", false},
	{"$$FastClassByCGLIB$$", "$$<cglib>", false},
	{"$$EnhancerByGuice$$", "$$<guice>", false},
	{"$$FastClassByGuice$$", "$$<guice>", false},
	{"$EnhancerByGuice$", "$$<guice>", false},
	{"$FastClassBy", "$$<fastclass>", false},
	{"$HibernateProxy$", "$$<hibernate>", false},
	{"_$$_javassist_", "$$<javassist>", false},
	{"_$$_jvst", "$$<javassist>", false},
	{"$ByteBuddy$", "$$<bytebuddy>", false},
	{"$MockitoMock$", "$$<mockito>", false},
	{"$$ExternalSyntheticLambda", "$$<lambda>", false},
	{"$Proxy", "$Proxy", true},
	{"$$anon$", "$$anon", true},
	{"$Subclass", "$Subclass", true},
	{"$$function$$", "$$function", true},
}

func (k *javaMarker) apply(m string) string {
	i := strings.Index(m, k.text)
	if i < 0 {
		return m
	}
	rest := m[i+len(k.text):]
	if k.hex {
		end := digitsEnd(rest, 0)
		if end == 0 {
			return m
		}
		return m[:i] + k.cut + rest[end:]
	}
	return m[:i] + k.cut
}

// trimAccessor removes the number of GeneratedMethodAccessor12 and its relatives.
func trimAccessor(m string) string {
	for _, name := range [...]string{"GeneratedMethodAccessor", "GeneratedConstructorAccessor", "GeneratedSerializationConstructorAccessor"} {
		if short := trimDigits(m); len(short) < len(m) && strings.HasSuffix(short, name) {
			return short
		}
	}
	return m
}

// clojureNumbers removes the counters of ns$fn__123, eval123, reify__12 and G__7.
func clojureNumbers(m string) string {
	if !strings.Contains(m, "__") && !strings.Contains(m, "$eval") {
		return m
	}
	var b strings.Builder
	for i := 0; i < len(m); {
		if isDigit(m[i]) && (strings.HasSuffix(m[:i], "__") || strings.HasSuffix(m[:i], "$eval")) {
			i = digitsEnd(m, i)
			continue
		}
		b.WriteByte(m[i])
		i++
	}
	return b.String()
}

// trimLambdaClass removes the number of a class that Kotlin or Scala made for a function: Repo$load$1 names the function,
// while the number depends on its neighbours. Java's Outer$1 has no other name and keeps its number.
func trimLambdaClass(m string) string {
	for {
		short := trimDigits(m)
		if len(short) == len(m) || len(short) < 2 || short[len(short)-1] != '$' {
			return m
		}
		short = short[:len(short)-1]
		i := strings.LastIndexByte(short, '$')
		if i < 0 || i+1 >= len(short) || !isLower(short[i+1]) && !isDigit(short[i+1]) {
			return m
		}
		m = short
	}
}

// javaFunction does the same for methods.
func javaFunction(f *event.Frame) part {
	fn := f.Function
	if strings.HasPrefix(fn, "lambda$") {
		return part{hint: hintAnonymous}
	}
	if fn == "invokeSuspend" {
		return part{hint: "every coroutine has one; its class says which"}
	}
	if strings.IndexByte(fn, '$') < 0 {
		return otherFunction(fn)
	}
	clean := strings.TrimSuffix(fn, "$default")
	if strings.HasPrefix(clean, "access$") {
		name := clean[len("access$"):]
		if allDigits(name) {
			return part{hint: hintGenerated} // javac: access$000
		}
		clean = name // Kotlin: access$load
	}
	clean = scalaFunction(clean)
	if i := strings.Index(clean, "$lambda"); i > 0 {
		clean = clean[:i]
	}
	if i := strings.Index(clean, "$suspendImpl"); i > 0 {
		clean = clean[:i]
	}
	if short := trimDigits(clean); len(short) > 1 && len(short) < len(clean) && short[len(short)-1] == '$' {
		clean = short[:len(short)-1]
	}
	if clean == "" {
		return part{hint: hintAnonymous}
	}
	if clean != fn {
		return part{value: clean, hint: hintShortened}
	}
	return part{value: fn}
}

// scalaFunction takes foo out of $anonfun$foo$1 and $anonfun$foo$1$adapted.
func scalaFunction(fn string) string {
	i := strings.Index(fn, "$anonfun$")
	if i < 0 {
		return fn
	}
	rest := strings.TrimSuffix(fn[i+len("$anonfun$"):], "$adapted")
	if end := strings.IndexByte(rest, '$'); end > 0 {
		rest = rest[:end]
	}
	if rest == "" || allDigits(rest) {
		return "$anonfun"
	}
	return rest
}
