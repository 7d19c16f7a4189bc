package grouping

import "github.com/seismohq/seismo/internal/event"

// platform is the kind of code a frame belongs to, as far as grouping cares.
type platform uint8

const (
	platOther platform = iota
	platJavaScript
	platNode
	platNative // C, C++, Objective-C, Swift, Rust
	platJVM    // Java, Kotlin, Scala, Clojure, Groovy
	platPython
	platPHP
	platRuby
	platGo
	platCSharp
	platElixir
	platDart
	platforms // how many there are
)

// platformOf reads the platform an SDK gave to a frame or event. Unknown ones behave as "other".
func platformOf(name string) platform {
	switch name {
	case "javascript":
		return platJavaScript
	case "node", "deno", "bun":
		return platNode
	case "native", "c", "cpp", "cocoa", "objc", "swift", "rust", "apple":
		return platNative
	case "java", "android", "kotlin", "scala", "clojure", "groovy":
		return platJVM
	case "python":
		return platPython
	case "php":
		return platPHP
	case "ruby":
		return platRuby
	case "go":
		return platGo
	case "csharp", "dotnet":
		return platCSharp
	case "elixir", "erlang":
		return platElixir
	case "dart", "flutter":
		return platDart
	}
	return platOther
}

func framePlatform(f *event.Frame, fallback platform) platform {
	if f.Platform == "" {
		return fallback
	}
	return platformOf(f.Platform)
}

// family is the coarser division that rules use.
type family uint8

const (
	familyOther family = 1 << iota
	familyJavaScript
	familyNative
	familyAll = familyOther | familyJavaScript | familyNative
)

func (p platform) family() family {
	switch p {
	case platJavaScript, platNode:
		return familyJavaScript
	case platNative:
		return familyNative
	}
	return familyOther
}

// familyOf reads one name of a family matcher; 0 is none.
func familyOf(name string) family {
	switch name {
	case "javascript":
		return familyJavaScript
	case "native":
		return familyNative
	case "other":
		return familyOther
	case "all":
		return familyAll
	}
	return 0
}
