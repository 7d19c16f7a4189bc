package normalize

import (
	"strings"
	"testing"
)

func TestShortName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"main":                  "main",
		"void foo::bar(int)":    "foo::bar",
		"foo::bar(int) const":   "foo::bar",
		"foo::bar(int) const &": "foo::bar",
		"foo::bar() volatile":   "foo::bar",
		"std::vector<int, std::allocator<int> >::push_back(int const&)": "std::vector<T>::push_back",
		"void foo<(anonymous namespace)::Bar>(int)":                     "foo<T>",
		"(anonymous namespace)::foo(int)":                               "(anonymous namespace)::foo",
		"`anonymous namespace'::foo(int)":                               "(anonymous namespace)::foo",
		"?A0x12345678::foo":                                             "(anonymous namespace)::foo",
		"std::ostream& operator<< <char>(std::ostream&, char)":          "operator<<<T>",
		"Foo::operator()(int) const":                                    "Foo::operator()",
		"Foo::operator->() const":                                       "Foo::operator->",
		"bool operator<(Foo const&, Foo const&)":                        "operator<",
		"operator new(unsigned long)":                                   "operator new",
		"Foo::operator bool() const":                                    "Foo::operator bool",
		"Foo::operator==(Foo const&)":                                   "Foo::operator==",
		"myoperator<int>(int)":                                          "myoperator<T>",
		"foo::{lambda(int)#1}::operator()(int) const":                   "foo::lambda::operator()",
		"<lambda_5db80dab47756d3e72c2dcd38b80b1dd>::operator()":         "lambda::operator()",
		"foo::$_0::operator()(int)":                                     "foo::lambda::operator()",
		"__cxxabiv1::__terminate(void (*)())":                           "__cxxabiv1::__terminate",
		"void (*foo(int))()":                                            "void",
		"foo(int) [clone .cold.1]":                                      "foo",
		"std::rt::lang_start_internal::h0123456789abcdef":               "std::rt::lang_start_internal",
		"<alloc::boxed::Box<F> as core::ops::FnOnce<()>>::call_once":    "<alloc::boxed::Box<T> as core::ops::FnOnce<T>>::call_once",
		"core::ops::function::FnOnce::call_once{{vtable.shim}}":         "core::ops::function::FnOnce::call_once{{vtable.shim}}",
		"static Foo.bar(Swift.Int) -> Swift.String":                     "Foo.bar",
		"_foo@12":                     "_foo",
		"@foo@12":                     "foo",
		"-[Foo bar:baz:]":             "-[Foo bar:baz:]",
		"+[Foo bar]":                  "+[Foo bar]",
		"__29-[Foo bar]_block_invoke": "__29-[Foo bar]_block_invoke",
		"<redacted>":                  "<redacted>",
		"<unknown>":                   "<unknown>",
		"":                            "",
		"()":                          "()",
		"f(":                          "f",
		"f<":                          "f<",
		"<<<<":                        "<<<<",
	} {
		if got := shortName(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func FuzzShortName(f *testing.F) {
	for _, s := range []string{"void foo<a<b>>(int) const", "<A as B<C>>::d::h0123456789abcdef", "operator<<(", "{lambda(x)#1}", "-[A b]", "a$_1b@2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := shortName(s)
		if s != "" && got == "" {
			t.Fatalf("nothing is left of %q", s)
		}
		if len(got) > len(s)*10+100 {
			t.Fatalf("%q became %q", s, got)
		}
	})
}

func TestDebugID(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"494F3ACA-2DFC-3C65-9F15-C6E8ED7E6EB2":   "494f3aca-2dfc-3c65-9f15-c6e8ed7e6eb2",
		"494f3aca2dfc3c659f15c6e8ed7e6eb2":       "494f3aca-2dfc-3c65-9f15-c6e8ed7e6eb2",
		"494f3aca2dfc3c659f15c6e8ed7e6eb20":      "494f3aca-2dfc-3c65-9f15-c6e8ed7e6eb2",
		"494f3aca-2dfc-3c65-9f15-c6e8ed7e6eb2-A": "494f3aca-2dfc-3c65-9f15-c6e8ed7e6eb2-a",
		"nothing":                                "nothing", "": "",
		strings.Repeat("0", 60): strings.Repeat("0", 60),
	} {
		if got := debugID(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}
