package fault

import (
	"iter"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// maxDepth is the number of frames kept of a stack, counted from where it was taken. Deep middleware chains have about 50.
const maxDepth = 64

// Stack is where an error came from. Equal stacks are usually one value, so taking the stack of a site that fails often
// costs no memory. It is immutable and safe for concurrent use.
type Stack struct {
	pcs  []uintptr
	hash uint64
	init bool  // taken while packages initialise
	only extra // what errors hold that have nothing but this stack
	sym  atomic.Pointer[symbols]
}

// Frame is one call of a [Stack].
type Frame struct {
	Function string // with its package path: "github.com/acme/shop/cart.(*Cart).Add"
	File     string // as the compiler recorded it; relative to the module under -trimpath
	Line     int
	InApp    bool // belongs to the main module of the program
}

// symbols is what a stack's program counters mean, worked out once.
type symbols struct {
	frames []Frame
	text   string
	json   string
	inApp  uint64 // hash of the in-app functions, without lines
}

// The table of interned stacks: 1024 sets of 4. A new stack replaces one of its set when the set is full, so the table is
// bounded, needs no lock, and sites that fail often stay in it.
const (
	internSets = 1024
	internWays = 4
)

var interned [internSets][internWays]atomic.Pointer[Stack]

// callers returns the stack from skip calls above its own caller, or nil while packages initialise.
func callers(skip int) *Stack {
	var buf [maxDepth]uintptr
	n := runtime.Callers(skip+2, buf[:])
	s := intern(buf[:n])
	if s.init {
		return nil
	}
	return s
}

func (s *Stack) alone() *extra {
	if s == nil {
		return nil
	}
	return &s.only
}

func intern(pcs []uintptr) *Stack {
	h := hashPCs(pcs)
	set := &interned[h%internSets]
	free := -1
	for i := range set {
		s := set[i].Load()
		if s == nil {
			free = i
			break
		}
		if s.hash == h && slices.Equal(s.pcs, pcs) {
			return s
		}
	}
	if free < 0 {
		free = int(h>>32) % internWays
	}
	s := &Stack{pcs: slices.Clone(pcs), hash: h, init: duringInit(pcs)}
	s.only.stack = s
	set[free].Store(s)
	return s
}

// hashPCs mixes like FNV-1a but a word at a time: the words are few and well spread.
func hashPCs(pcs []uintptr) uint64 {
	h := uint64(14695981039346656037)
	for _, pc := range pcs {
		h ^= uint64(pc)
		h *= 1099511628211
		h ^= h >> 29
	}
	return h
}

// duringInit reports whether the outermost calls are those of package initialisation.
func duringInit(pcs []uintptr) bool {
	for i := len(pcs) - 1; i >= 0 && i > len(pcs)-6; i-- {
		if f := runtime.FuncForPC(pcs[i] - 1); f != nil && strings.HasPrefix(f.Name(), "runtime.doInit") {
			return true
		}
	}
	return false
}

// Hash identifies the stack within this build of this program. It differs between builds; see [FingerprintOf] for one
// that does not.
func (s *Stack) Hash() uint64 {
	if s == nil {
		return 0
	}
	return s.hash
}

// PCs returns the program counters as runtime.Callers gives them, innermost first. They must not be changed.
func (s *Stack) PCs() []uintptr {
	if s == nil {
		return nil
	}
	return s.pcs
}

// Frames yields the calls, innermost first. A nil stack has none.
func (s *Stack) Frames() iter.Seq[Frame] {
	return func(yield func(Frame) bool) {
		if s == nil {
			return
		}
		for _, f := range s.symbols().frames {
			if !yield(f) {
				return
			}
		}
	}
}

// String returns the stack in the layout of a Go trace: the function, and on the next line file and line after a tab.
func (s *Stack) String() string {
	if s == nil {
		return ""
	}
	return s.symbols().text
}

// AppendJSON appends the calls as an array of objects with the members function, file, line and, where true, in_app.
func (s *Stack) AppendJSON(b []byte) []byte {
	if s == nil {
		return append(b, "[]"...)
	}
	return append(b, s.symbols().json...)
}

// MarshalJSON returns the form of AppendJSON.
func (s *Stack) MarshalJSON() ([]byte, error) { return s.AppendJSON(nil), nil }

func (s *Stack) symbols() *symbols {
	if y := s.sym.Load(); y != nil {
		return y
	}
	y := symbolise(s.pcs)
	s.sym.Store(y) // two goroutines may both have done the work; the results are equal
	return y
}

func symbolise(pcs []uintptr) *symbols {
	y := &symbols{inApp: 14695981039346656037}
	if len(pcs) == 0 {
		return y
	}
	y.frames = make([]Frame, 0, len(pcs))
	it := runtime.CallersFrames(pcs)
	for more := true; more; {
		var f runtime.Frame
		f, more = it.Next()
		if f.Function == "" || f.Function == "runtime.goexit" || f.Function == "runtime.main" {
			continue
		}
		fr := Frame{Function: f.Function, File: f.File, Line: f.Line, InApp: inApp(f.Function)}
		y.frames = append(y.frames, fr)
		if fr.InApp {
			for i := range len(fr.Function) {
				y.inApp = (y.inApp ^ uint64(fr.Function[i])) * 1099511628211
			}
			y.inApp *= 1099511628211
		}
	}
	var text []byte
	js := []byte{'['}
	for i, f := range y.frames {
		text = append(text, f.Function...)
		text = append(text, "\n\t"...)
		text = append(text, f.File...)
		text = append(text, ':')
		text = strconv.AppendInt(text, int64(f.Line), 10)
		text = append(text, '\n')
		if i > 0 {
			js = append(js, ',')
		}
		js = f.appendJSON(js)
	}
	y.text, y.json = string(text), string(append(js, ']'))
	return y
}

// mainModule is the import path of the program's own module, empty when the build did not record it.
var mainModule = sync.OnceValue(func() string {
	bi, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	return bi.Main.Path
})

const self = "github.com/seismohq/seismo/fault"

// inApp decides by import path, which -trimpath leaves alone. Without a recorded module everything outside the standard
// library counts.
func inApp(function string) bool {
	if strings.HasPrefix(function, "main.") {
		return true
	}
	pkg := strings.TrimSuffix(Frame{Function: function}.Package(), "_test") // external tests
	m := mainModule()
	if m != self && (pkg == self || strings.HasPrefix(pkg, self+"/")) {
		return false // even where the main module's path is a prefix of ours
	}
	if m == "" {
		first, _, _ := strings.Cut(pkg, "/")
		return strings.Contains(first, ".")
	}
	return pkg == m || strings.HasPrefix(pkg, m+"/")
}

// Package returns the import path of the frame's function.
func (f Frame) Package() string {
	pkg, _ := splitFunction(f.Function)
	return pkg
}

// Name returns the function without its package: "(*Cart).Add".
func (f Frame) Name() string {
	_, name := splitFunction(f.Function)
	return name
}

func splitFunction(function string) (pkg, name string) {
	slash := strings.LastIndexByte(function, '/') + 1
	// Type parameters may hold slashes: "pkg.F[go.shape.struct { a/b.T }]".
	if b := strings.IndexByte(function, '['); b >= 0 && b < slash {
		slash = strings.LastIndexByte(function[:b], '/') + 1
	}
	dot := strings.IndexByte(function[slash:], '.')
	if dot < 0 {
		return function, ""
	}
	// The compiler escapes dots in the last path element.
	return strings.ReplaceAll(function[:slash+dot], "%2e", "."), function[slash+dot+1:]
}

// NewStack returns the stack of program counters as runtime.Callers gives them; what is deeper than 64 is cut off.
func NewStack(pcs []uintptr) *Stack {
	if len(pcs) == 0 {
		return nil
	}
	return intern(pcs[:min(len(pcs), maxDepth)])
}

// StackOf returns the stack of the origin of err: the innermost of its chain, and in a joined error of the first that has
// one. Errors of other packages count when they have a method Callers() []uintptr. It is nil when there is none or [NoStack]
// hides it.
func StackOf(err error) *Stack {
	var found *Stack
	for err != nil {
		switch e := err.(type) {
		case *Error:
			if e.more != nil {
				if e.more.noStack {
					return nil
				}
				if e.more.stack != nil {
					found = e.more.stack
				}
			}
			err = e.cause
		case *Wrapped:
			if e.more != nil {
				found = e.more.stack
			}
			err = e.cause
		case *PanicError:
			found = e.stack
			err = e.Unwrap()
		case interface{ Unwrap() error }:
			if s := foreignStack(err); s != nil {
				found = s
			}
			err = e.Unwrap()
		case interface{ Unwrap() []error }:
			for _, sub := range e.Unwrap() {
				if s := StackOf(sub); s != nil {
					return s
				}
			}
			return found
		default:
			if s := foreignStack(err); s != nil {
				found = s
			}
			return found
		}
	}
	return found
}

func foreignStack(err error) *Stack {
	if c, ok := err.(interface{ Callers() []uintptr }); ok {
		return NewStack(c.Callers())
	}
	return nil
}

// hasStack is StackOf without the foreign ones and without caring which: Wrap calls it on every error.
func hasStack(err error) bool {
	for err != nil {
		switch e := err.(type) {
		case *Error:
			if e.more != nil && (e.more.stack != nil || e.more.noStack) {
				return true
			}
			err = e.cause
		case *Wrapped:
			if e.more != nil {
				return true
			}
			err = e.cause
		case *PanicError:
			return true
		case interface{ Unwrap() error }:
			err = e.Unwrap()
		case interface{ Unwrap() []error }:
			return slices.ContainsFunc(e.Unwrap(), hasStack)
		default:
			return false
		}
	}
	return false
}
