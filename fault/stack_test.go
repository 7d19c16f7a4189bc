package fault_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seismohq/seismo/fault"
)

//go:noinline
func origin() error { return fault.New(fault.Conflict, "x") }

func functions(s *fault.Stack) []string {
	var out []string
	for f := range s.Frames() {
		out = append(out, f.Function[strings.LastIndexByte(f.Function, '/')+1:])
	}
	return out
}

func TestStackOf(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err   error
		first string // "" means no stack
	}{
		"origin":               {fault.Wrap(fault.Wrap(origin(), "a"), "b"), "fault_test.origin"},
		"formatted":            {fault.Newf(fault.Conflict, "%d", 1), "fault_test.TestStackOf"},
		"invalid":              {fault.Invalid(), "fault_test.TestStackOf"},
		"resource":             {fault.ResourceNotFound("a", 1), "fault_test.TestStackOf"},
		"foreign gets it":      {fault.Wrap(io.EOF, "a"), "fault_test.TestStackOf"},
		"With takes one":       {fault.With(io.EOF, fault.WithCode(fault.Conflict)), "fault_test.TestStackOf"},
		"sentinel has none":    {errSentinel, ""},
		"sentinel wrapped":     {fault.Wrap(errSentinel, "a"), "fault_test.TestStackOf"},
		"hidden":               {fault.With(origin(), fault.NoStack), ""},
		"hidden stays hidden":  {fault.Wrap(fault.With(io.EOF, fault.NoStack), "a"), ""},
		"through fmt":          {fault.Wrap(fmt.Errorf("%w", origin()), "a"), "fault_test.origin"},
		"first of a join":      {errors.Join(io.EOF, origin()), "fault_test.origin"},
		"join around wrapped":  {fault.Wrap(errors.Join(io.EOF, origin()), "x"), "fault_test.origin"},
		"join of foreign":      {fault.Wrap(errors.Join(io.EOF, io.ErrClosedPipe), "x"), "fault_test.TestStackOf"},
		"foreign only":         {io.EOF, ""},
		"go-errors style":      {goError{}, "fault_test.callers"},
		"code":                 {fault.Wrap(fault.NotFound, "x"), "fault_test.TestStackOf"},
		"parse":                {fault.Parse([]byte(`{"status":404}`)), "fault_test.TestStackOf"},
		"parse rubbish":        {fault.Parse([]byte(`<`)), "fault_test.TestStackOf"},
		"parse not a problem":  {fault.Parse([]byte(`{}`)), "fault_test.TestStackOf"},
		"panic":                {fault.Try(func() error { return panics() }), "fault_test.panics"},
		"panic with an origin": {fault.Try(func() error { panic(origin()) }), "fault_test.origin"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fs := functions(fault.StackOf(tt.err))
			switch {
			case tt.first == "" && len(fs) > 0:
				t.Errorf("stack %v, want none", fs)
			case tt.first != "" && (len(fs) == 0 || fs[0] != tt.first):
				t.Errorf("stack %v, want %s first", fs, tt.first)
			}
		})
	}
}

type goError struct{}

func (goError) Error() string      { return "go" }
func (goError) Callers() []uintptr { return callers() }

//go:noinline
func callers() []uintptr {
	pcs := make([]uintptr, 100)
	return pcs[:runtime.Callers(1, pcs)]
}

var noMap map[string]int

//go:noinline
func panics() error {
	noMap["a"] = 1
	return nil
}

func TestStackIsInterned(t *testing.T) {
	t.Parallel()
	var stacks []*fault.Stack
	for range 3 {
		stacks = append(stacks, fault.StackOf(origin()))
	}
	if stacks[0] != stacks[1] || stacks[1] != stacks[2] {
		t.Error("one site gives several stacks")
	}
	if stacks[0].Hash() == 0 || len(stacks[0].PCs()) == 0 {
		t.Error("no hash or counters")
	}
	if other := fault.StackOf(fault.New(fault.Conflict, "x")); other.Hash() == stacks[0].Hash() {
		t.Error("two sites have one hash")
	}
}

func TestStackDepthIsBounded(t *testing.T) {
	t.Parallel()
	var dive func(n int) error
	dive = func(n int) error {
		if n == 0 {
			return origin()
		}
		return dive(n - 1)
	}
	s := fault.StackOf(dive(500))
	if n := len(functions(s)); n != 64 {
		t.Errorf("%d frames, want 64", n)
	}
}

// More stacks than the table holds must not be mixed up.
func TestStackTableOverflows(t *testing.T) {
	t.Parallel()
	var left, right func(path, n int) error
	next := func(path, n int) error {
		switch {
		case n == 0:
			return origin()
		case path&1 == 0:
			return left(path>>1, n-1)
		}
		return right(path>>1, n-1)
	}
	left = func(path, n int) error { return next(path, n) }
	right = func(path, n int) error { return next(path, n) }
	const depth = 14 // 16 384 different stacks
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for path := range 1 << depth {
				s := fault.StackOf(next(path, depth))
				if path%37 != 0 {
					continue // reading every one takes seconds
				}
				got, bit := 0, depth-1 // innermost first: the last turn of the path
				for f := range s.Frames() {
					switch {
					case strings.HasSuffix(f.Function, "Overflows.func3"):
						got |= 1 << bit
						bit--
					case strings.HasSuffix(f.Function, "Overflows.func2"):
						bit--
					}
				}
				if got != path || bit != -1 {
					t.Errorf("stack of path %b is %b", path, got)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestStackText(t *testing.T) {
	t.Parallel()
	s := fault.StackOf(origin())
	lines := strings.Split(s.String(), "\n")
	if len(lines) < 4 || !strings.HasSuffix(lines[0], "fault_test.origin") || !strings.HasPrefix(lines[1], "\t") || !strings.Contains(lines[1], "stack_test.go:") {
		t.Errorf("stack:\n%s", s)
	}
	js, err := s.MarshalJSON()
	if err != nil || !strings.HasPrefix(string(js), `[{"function":"github.com/seismohq/seismo/fault_test.origin","file":"`) {
		t.Errorf("%s %v", js, err)
	}
	for f := range s.Frames() {
		if f.Line == 0 || f.File == "" {
			t.Errorf("frame without a place: %+v", f)
		}
		if strings.HasPrefix(f.Function, "testing.") == f.InApp {
			t.Errorf("in_app of %s is %v", f.Function, f.InApp)
		}
		break
	}
	for range s.Frames() {
		break // must stop
	}
}

func TestFrameNames(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2]string{
		"main.main":                          {"main", "main"},
		"net/http.(*Server).Serve":           {"net/http", "(*Server).Serve"},
		"github.com/a/b.(*T).F.func1":        {"github.com/a/b", "(*T).F.func1"},
		"gopkg.in/yaml%2ev3.F":               {"gopkg.in/yaml.v3", "F"},
		"a/b.F[go.shape.struct { c.d/e.X }]": {"a/b", "F[go.shape.struct { c.d/e.X }]"},
		"a/b.(*T[...]).F":                    {"a/b", "(*T[...]).F"},
		"odd":                                {"odd", ""},
		"example.com/x.Map[go.shape.string,a.b/c.T].F": {"example.com/x", "Map[go.shape.string,a.b/c.T].F"},
	} {
		f := fault.Frame{Function: in}
		if got := [2]string{f.Package(), f.Name()}; got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	at := func(f func(i int) error) (same bool) {
		var got []string
		for i := range 3 {
			got = append(got, fault.FingerprintOf(f(i)))
		}
		return len(slices.Compact(got)) == 1
	}
	if !at(func(i int) error { return fault.Newf(fault.Conflict, "row %d", i) }) {
		t.Error("arguments of Newf count")
	}
	if !at(func(i int) error { return fault.Invalid(fault.FieldError{Field: fmt.Sprint(i)}) }) {
		t.Error("fields count")
	}
	if !at(func(i int) error { return fault.Wrap(fmt.Errorf("row %d", i), "a") }) {
		t.Error("text of foreign errors counts")
	}
	if !at(func(i int) error { return fault.Try(func() error { panic(fmt.Sprint(i)) }) }) {
		t.Error("the value of a panic counts")
	}
	if !at(func(i int) error { return fault.Try(func() error { var p any = i; _ = p; panic(nil) }) }) {
		t.Error("panic(nil) differs")
	}
	a := origin()
	b := origin() // another line of one function
	if fault.FingerprintOf(a) != fault.FingerprintOf(b) {
		t.Error("lines count")
	}
	c := fault.With(a, fault.WithCode(fault.Unavailable))
	d := fault.Wrap(a, "other message")
	if fault.FingerprintOf(a) == fault.FingerprintOf(c) || fault.FingerprintOf(a) == fault.FingerprintOf(d) {
		t.Error("code or message does not count")
	}
	own := func(err error, parts ...string) string {
		return fault.FingerprintOf(fault.With(err, fault.Fingerprint(parts...)))
	}
	if own(a, "x") != own(io.EOF, "x") || own(a, "x") == own(a, "y") || own(a, "x", "y") == own(a, "xy") {
		t.Error("own parts are not what counts")
	}
	if own(a, "{{ default }}", "x") == own(c, "{{ default }}", "x") {
		t.Error("{{ default }} does not count")
	}
	if len(fault.FingerprintOf(a)) != 16 {
		t.Errorf("%q is not 16 digits", fault.FingerprintOf(a))
	}
}
