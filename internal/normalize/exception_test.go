package normalize_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/normalize"
)

func TestExceptions(t *testing.T) {
	t.Parallel()
	many := make([]string, 70)
	for i := range many {
		many[i] = fmt.Sprintf(`{"type":"E%d"}`, i)
	}
	runRows(t, input(), []row{
		{"type in value", `{"exception":{"value":"TypeError: x is undefined\nmore"}}`, map[string]string{"exception.0": `{"type":"TypeError","value":"x is undefined\nmore"}`}},
		{"qualified type in value", `{"exception":{"value":"java.io.IOException: x","type":""}}`, map[string]string{"exception.0.type": `"java.io.IOException"`}},
		{"no type in a URL", `{"exception":{"value":"http://x.example: down"}}`, map[string]string{"exception.0": `{"value":"http://x.example: down"}`}},
		{"no type in prose", `{"exception":{"value":"could not: x"}}`, map[string]string{"exception.0": `{"value":"could not: x"}`}},
		{"values of any type", `{"exception":[{"type":"A","value":{"a":1}},{"type":"B","value":["x",2]},{"type":"C","value":7},{"type":7,"value":null}]}`, map[string]string{
			"exception.0.value": `"{\"a\":1}"`, "exception.1.value": `"x 2"`, "exception.2.value": `"7"`, "exception.3.type": `"7"`, "exception.3.value": "",
		}},
		{"bare text", `{"exception":"ValueError: x"}`, map[string]string{"exception": "", "errors.0.name": `"exception"`}},
		{"bare texts", `{"exception":["ValueError: x"]}`, map[string]string{"exception.0": `{"type":"ValueError","value":"x"}`}},
		{"nothing", `{"exception":[{},null,{"type":null,"value":""}]}`, map[string]string{"exception": "", "type": `"default"`, "errors": ""}},
		{"module and thread", `{"exception":{"type":"E","module":"a.b","thread_id":5}}`, map[string]string{"exception.0": `{"module":"a.b","thread_id":"5","type":"E"}`}},
		{"too many", `{"exception":[` + strings.Join(many, ",") + `]}`, map[string]string{
			"exception.24.type": `"E24"`, "exception.25.type": `"E45"`, "exception.49.type": `"E69"`, "exception.50": "", "remarks.0.note": `"kept 50 of 70"`, "title": `"E69"`,
		}},
		{"long value", `{"exception":{"type":"` + strings.Repeat("T", 300) + `","value":"` + strings.Repeat("v", 9000) + `"}}`, map[string]string{
			"exception.0.type": `"` + strings.Repeat("T", 253) + `..."`, "remarks.0.path": `"exception.0.type"`, "remarks.1.path": `"exception.0.value"`, "remarks.1.length": "9000",
		}},
		{"mechanism", `{"exception":{"type":"E","mechanism":{"type":"generic","handled":false,"synthetic":1,"exception_id":"0","parent_id":null,"is_exception_group":true,"source":"errors[0]","description":"d","help_link":"h","data":[["a",1]]}}}`, map[string]string{
			"exception.0.mechanism": `{"data":{"a":1},"description":"d","exception_id":0,"handled":false,"help_link":"h","is_exception_group":true,"source":"errors[0]","synthetic":true,"type":"generic"}`,
		}},
		{"mechanism as text", `{"exception":{"type":"E","mechanism":"onerror"}}`, map[string]string{"exception.0.mechanism": `{"type":"onerror"}`}},
		{"handled is literal", `{"exception":{"type":"E","mechanism":{"type":"x","handled":"false"}}}`, map[string]string{"exception.0.mechanism": `{"type":"x"}`, "errors.0.name": `"exception.0.mechanism.handled"`, "tags.handled": ""}},
		{"empty mechanism", `{"exception":{"type":"E","mechanism":{}}}`, map[string]string{"exception.0.mechanism": ""}},
		{"signal of Linux", `{"exception":{"type":"E","mechanism":{"meta":{"signal":{"number":7,"code":2},"errno":{"number":2}}}}}`, map[string]string{
			"exception.0.mechanism.meta": `{"errno":{"name":"ENOENT","number":2},"signal":{"code":2,"code_name":"BUS_ADRERR","name":"SIGBUS","number":7}}`,
		}},
		{"signal of Darwin", `{"contexts":{"os":{"name":"iOS"}},"exception":{"type":"E","mechanism":{"meta":{"signal":{"number":10},"mach_exception":{"exception":1}}}}}`, map[string]string{
			"exception.0.mechanism.meta": `{"mach_exception":{"exception":1,"name":"EXC_BAD_ACCESS"},"signal":{"name":"SIGBUS","number":10}}`,
		}},
		{"names stand", `{"exception":{"type":"E","mechanism":{"meta":{"signal":{"number":11,"name":"own"},"mach_exception":5,"errno":{"number":9999}}}}}`, map[string]string{
			"exception.0.mechanism.meta": `{"errno":{"number":9999},"mach_exception":5,"signal":{"name":"own","number":11}}`,
		}},
		{"old cocoa", `{"platform":"cocoa","exception":{"type":"E","mechanism":{"posix_signal":{"signal":11},"mach_exception":{"exception":6}}}}`, map[string]string{
			"exception.0.mechanism.meta": `{"mach_exception":{"exception":6,"name":"EXC_BREAKPOINT"},"signal":{"name":"SIGSEGV","number":11}}`,
		}},
	})
}

func TestStacktraces(t *testing.T) {
	t.Parallel()
	frames := func(n int, format string) string {
		list := make([]string, n)
		for i := range list {
			list[i] = strings.ReplaceAll(format, "#", fmt.Sprint(i))
		}
		return "[" + strings.Join(list, ",") + "]"
	}
	trace := func(s string) string { return `{"exception":{"type":"E","stacktrace":` + s + `}}` }
	const at = "exception.0.stacktrace"
	rows := []row{
		{"a list", trace(`[{"function":"f"}]`), map[string]string{at: `{"frames":[{"function":"f"}]}`}},
		{"nulls among frames", trace(`{"frames":[null,{"function":"f"},7]}`), map[string]string{at: `{"frames":[{"function":"f"}]}`, "errors.0.name": `"exception.0.stacktrace.frames.0"`}},
		{"the rest", trace(`{"frames":[{"function":"f"}],"registers":{"pc":"0x1"},"frames_omitted":[3,10],"snapshot":true,"lang":"x"}`), map[string]string{
			at: `{"frames":[{"function":"f"}],"frames_omitted":7,"registers":{"pc":"0x1"},"snapshot":true}`,
		}},
		{"the last ones", trace(`{"frames":` + frames(300, `{"function":"f#"}`) + `}`), map[string]string{
			at + ".frames.0": `{"function":"f50"}`, at + ".frames.249": `{"function":"f299"}`, at + ".frames_omitted": "50", "remarks": `[{"kind":"x","note":"kept 250 of 300","path":"exception.0.stacktrace.frames","rule":"!limit"}]`,
		}},
		{"details of some", trace(`{"frames":` + frames(60, `{"function":"f#","vars":{"a":#},"context_line":"x","in_app":false}`) + `}`), map[string]string{
			at + ".frames.24.vars": `{"a":24}`, at + ".frames.25.vars": "", at + ".frames.25.context_line": "", at + ".frames.34.vars": "", at + ".frames.35.vars": `{"a":35}`,
			"remarks.0.note": `"10 frames lost their variables and source lines"`,
		}},
		{"details of the application's", trace(`{"frames":` + strings.ReplaceAll(frames(60, `{"vars":{"a":#},"in_app":#}`), `"in_app":30`, `"in_app":true`) + `}`), map[string]string{
			at + ".frames.30.vars": `{"a":30}`, at + ".frames.29.vars": "", at + ".frames.31.vars": "",
		}},
		{"no details, no remark", trace(`{"frames":` + frames(60, `{"function":"f#"}`) + `}`), map[string]string{"remarks": ""}},
		{"moved from the top", `{"exception":{"type":"E"},"stacktrace":{"frames":[{"function":"f"}]}}`, map[string]string{at: `{"frames":[{"function":"f"}]}`, "stacktrace": ""}},
		{"not moved to one of two", `{"exception":[{"type":"E"},{"type":"F"}],"stacktrace":{"frames":[{"function":"f"}]}}`, map[string]string{at: "", "stacktrace.frames": `[{"function":"f"}]`}},
		{"not moved over another", `{"exception":{"type":"E","stacktrace":[{"function":"g"}]},"stacktrace":{"frames":[{"function":"f"}]}}`, map[string]string{at + ".frames.0.function": `"g"`}},
		{"moved from the crashed thread", `{"exception":{"type":"E"},"threads":{"values":[{"id":1,"stacktrace":[{"function":"g"}]},null,{"id":2,"crashed":true,"stacktrace":[{"function":"f"}]}]}}`, map[string]string{
			at: `{"frames":[{"function":"f"}]}`, "exception.0.thread_id": `"2"`, "threads.1": `{"crashed":true,"id":"2"}`,
		}},
		{"two crashed threads", `{"exception":{"type":"E"},"threads":[{"crashed":true,"stacktrace":[{"function":"g"}]},{"crashed":true,"stacktrace":[{"function":"f"}]}]}`, map[string]string{at: ""}},
		{"threads", `{"threads":[{"id":"1","name":"main","current":"yes","main":1,"state":"WAITING","held_locks":{"0x1":{"type":1}}}]}`, map[string]string{
			"threads": `[{"current":true,"held_locks":{"0x1":{"type":1}},"id":"1","main":true,"name":"main","state":"WAITING"}]`,
		}},
		{"threads null", `{"threads":null}`, map[string]string{"threads": "", "errors": ""}},
		{"template", `{"template":{"filename":"a.html","lineno":3,"context_line":"{{ x }}"}}`, map[string]string{"template": `{"abs_path":"a.html","context_line":"{{ x }}","filename":"a.html","lineno":3}`}},
		{"template of another type", `{"template":"x"}`, map[string]string{"template": "", "errors.0.name": `"template"`}},
	}
	for _, none := range []string{`{}`, `null`, `[]`, `{"frames":null}`, `{"frames":[]}`, `{"frames":[null]}`, `{"frames":{}}`, `""`} {
		rows = append(rows, row{"none: " + none, trace(none), map[string]string{at: "", "errors": ""}})
	}
	runRows(t, input(), rows)
	in := input()
	in.Limits.AllFrames = 5
	runRows(t, in, []row{{"all together", `{"threads":[{"stacktrace":` + frames(4, `{"function":"f#"}`) + `},{"stacktrace":` + frames(4, `{"function":"f#"}`) + `},{"id":3,"stacktrace":` + frames(4, `{"function":"f#"}`) + `}]}`, map[string]string{
		"threads.1.stacktrace.frames": `[{"function":"f3"}]`, "threads.1.stacktrace.frames_omitted": "3", "threads.2": `{"id":"3"}`,
	}}})
}

func TestFrames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 200) + strings.Repeat("b", 200) + strings.Repeat("c", 200)
	for _, tt := range []struct{ name, platform, in, want string }{
		{
			"all at once", "python", `{"function":"f","module":"m","package":"p","symbol":"s","lineno":"3","colno":4.0,"in_app":"true","platform":"Java","addr_mode":"rel:1","function_id":"12","trust":"cfi","stack_start":true,"lock":{"type":1}}`,
			`{"addr_mode":"rel:1","colno":4,"function":"f","function_id":"0xc","in_app":true,"lineno":3,"lock":{"type":1},"module":"m","package":"p","platform":"java","stack_start":true,"symbol":"s","trust":"cfi"}`,
		},
		{"bad numbers", "python", `{"lineno":-1,"colno":"x","in_app":7}`, `{}`},
		{"addresses", "native", `{"instruction_addr":16,"symbol_addr":"0xAB","image_addr":"171"}`, `{"image_addr":"0xab","instruction_addr":"0x10","symbol_addr":"0xab"}`},
		{"platform of the event", "python", `{"platform":"python","function":"f"}`, `{"function":"f"}`},
		{"file name for path", "python", `{"filename":"a.py"}`, `{"abs_path":"a.py","filename":"a.py"}`},
		{"path for file name", "python", `{"abs_path":"/x/a.py"}`, `{"abs_path":"/x/a.py","filename":"/x/a.py"}`},
		{"URL for file name", "javascript", `{"abs_path":"https://x/static/a.js?v=1"}`, `{"abs_path":"https://x/static/a.js?v=1","filename":"/static/a.js"}`},
		{"file URL", "javascript", `{"abs_path":"file:///home/a.js"}`, `{"abs_path":"file:///home/a.js","filename":"/home/a.js"}`},
		{"URL without path", "javascript", `{"abs_path":"https://x.example/"}`, `{"abs_path":"https://x.example/","filename":"https://x.example/"}`},
		{"app URL", "javascript", `{"abs_path":"app:///a.js"}`, `{"abs_path":"app:///a.js","filename":"app:///a.js"}`},
		{"source", "python", `{"pre_context":["a",null,3],"context_line":"b","post_context":{"values":["c"]}}`, `{"context_line":"b","post_context":["c"],"pre_context":["a","","3"]}`},
		{"source null", "python", `{"pre_context":null,"context_line":null,"post_context":[]}`, `{}`},
		{"long line", "python", `{"context_line":"` + long + `"}`, `{"context_line":"` + long[:256] + `..."}`},
		{"long line around the column", "javascript", `{"context_line":"` + long + `","colno":300}`, `{"colno":300,"context_line":"...` + long[172:428] + `..."}`},
		{"long line at the end", "javascript", `{"context_line":"` + long + `","colno":599}`, `{"colno":599,"context_line":"...` + long[344:] + `"}`},
		{"column beyond the line", "javascript", `{"context_line":"` + long + `","colno":9000}`, `{"colno":9000,"context_line":"...` + long[344:] + `"}`},
		{"vars", "python", `{"vars":["x",{"y":[1]}]}`, `{"vars":{"0":"x","1":{"y":[1]}}}`},
		{"unknown is data", "csharp", `{"data":{"orig_in_app":1},"source_link":"u","lang":"rust","errors":null}`, `{"data":{"orig_in_app":1,"source_link":"u","lang":"rust"}}`},
		{"native name", "native", `{"function":"void a::b<int>(char const*) const"}`, `{"function":"a::b<T>","raw_function":"void a::b<int>(char const*) const"}`},
		{"native name is short already", "native", `{"function":"b(int)","raw_function":"void b(int)"}`, `{"function":"b(int)","raw_function":"void b(int)"}`},
		{"no native name", "java", `{"function":"lambda$x<T>()"}`, `{"function":"lambda$x<T>()"}`},
		{"native frame of another platform", "javascript", `{"function":"b(int)","platform":"native"}`, `{"function":"b","platform":"native","raw_function":"b(int)"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := normalized(t, []byte(`{"platform":"`+tt.platform+`","stacktrace":{"frames":[`+tt.in+`]}}`), input())
			want := tt.want
			if strings.Contains(want, "data") {
				wantPaths(t, got, map[string]string{"stacktrace.frames.0.data.source_link": `"u"`, "stacktrace.frames.0.data.lang": `"rust"`, "stacktrace.frames.0.data.orig_in_app": "1"})
				return
			}
			wantPaths(t, got, map[string]string{"stacktrace.frames.0": want})
		})
	}
}

func TestCulprit(t *testing.T) {
	t.Parallel()
	app := func(s string) string { return `{"in_app":true,` + s + `}` }
	trace := func(platform string, frames ...string) string {
		return `{"platform":"` + platform + `","request":{"url":"https://x/y"},"exception":[{"type":"E","stacktrace":{"frames":[` + strings.Join(frames, ",") + `]}}]}`
	}
	var rows []row
	for _, tt := range [][3]string{
		{"go", trace("go", app(`"function":"main","module":"main"`)), "main in main"},
		{"javascript", trace("javascript", app(`"function":"errorWithContext","filename":"/main.js"`)), "errorWithContext(/main.js)"},
		{"javascript without function", trace("javascript", app(`"filename":"/dist/bundle.js"`)), "?(/dist/bundle.js)"},
		{"native", trace("native", app(`"function":"crash(int)"`)), "crash"},
		{"native without function", trace("cocoa", app(`"instruction_addr":"0x1"`)), "?"},
		{"last of the application", trace("python", app(`"function":"a","module":"m"`), app(`"function":"b","module":"m"`), `{"function":"c","module":"lib"}`), "m in b"},
		{"none of the application", trace("python", `{"function":"a","module":"x"}`, `{"function":"b","module":"y"}`, `{"function":"c"}`), "y in b"},
		{"frame of another platform", trace("java", app(`"function":"f","filename":"a.js","platform":"javascript"`)), "f(a.js)"},
		{"nothing but the URL", trace("python", `{"lineno":3}`), "https://x/y"},
		{"synthetic", `{"request":{"url":"u"},"exception":[{"type":"E","mechanism":{"synthetic":true},"stacktrace":[{"function":"f","module":"m"}]}]}`, ""},
		{"of the last exception with frames", `{"exception":[{"type":"E","stacktrace":[{"function":"a","module":"m"}]},{"type":"F","stacktrace":[{"function":"b","module":"m"}]},{"type":"G"}]}`, "m in b"},
		{"of a thread", `{"threads":[{"stacktrace":[{"function":"a","module":"m"}]},{"current":true,"stacktrace":[{"function":"b","module":"m"}]}]}`, "m in b"},
		{"of threads, none special", `{"threads":[{"stacktrace":[{"function":"a","module":"m"}]},{"stacktrace":[{"function":"b","module":"m"}]}]}`, ""},
	} {
		want := ""
		if tt[2] != "" {
			want = `"` + tt[2] + `"`
		}
		rows = append(rows, row{tt[0], tt[1], map[string]string{"culprit": want}})
	}
	runRows(t, input(), rows)
}

func TestTitle(t *testing.T) {
	t.Parallel()
	const frames = `"stacktrace":{"frames":[{"function":"a","filename":"a.c","in_app":true},{"function":"<redacted>","in_app":true},{"function":"b","filename":"b.c"}]}`
	runRows(t, input(), []row{
		{"type and first line", `{"exception":{"type":"E","value":"\n one \ntwo"}}`, map[string]string{"title": `"E: one"`, "metadata": `{"type":"E","value":"\n one \ntwo"}`}},
		{"type only", `{"exception":{"type":"E"}}`, map[string]string{"title": `"E"`}},
		{"value only", `{"exception":{"value":"v"}}`, map[string]string{"title": `"v"`}},
		{"crash function", `{"exception":{"module":"m",` + frames + `}}`, map[string]string{"title": `"a"`, "location": `"a.c"`, "metadata": `{"filename":"a.c","function":"a"}`}},
		{"unknown", `{"exception":{"module":"m"}}`, map[string]string{"title": `"<unknown>"`}},
		{"synthetic", `{"exception":{"type":"SIGSEGV","value":"v","mechanism":{"synthetic":true},` + frames + `}}`, map[string]string{"title": `"a"`}},
		{"synthetic without frames", `{"exception":{"type":"SIGSEGV","mechanism":{"synthetic":true}}}`, map[string]string{"title": `"SIGSEGV"`}},
		{"long", `{"exception":{"type":"` + strings.Repeat("T", 200) + `","value":"` + strings.Repeat("v", 2000) + `"}}`, map[string]string{
			"title": `"` + strings.Repeat("T", 125) + `...: ` + strings.Repeat("v", 123) + `..."`, "metadata.value": `"` + strings.Repeat("v", 1021) + `..."`,
		}},
		{"exception before message", `{"message":"m","exception":{"type":"E"}}`, map[string]string{"title": `"E"`}},
		{"transaction", `{"type":"transaction","transaction":"/x"}`, map[string]string{"title": `"/x"`}},
		{"last of a chain", `{"exception":[{"type":"A"},{"type":"B"}]}`, map[string]string{"title": `"B"`}},
		{"React wrapper", `{"exception":[{"type":"TypeError","value":"x","mechanism":{"source":"cause"}},{"type":"Error","value":"There was an error while hydrating. Because…"}]}`, map[string]string{"title": `"TypeError: x"`}},
		{"RxJava wrapper", `{"exception":[{"type":"IOException"},{"type":"OnErrorNotImplementedException","module":"io.reactivex.rxjava3.exceptions"}]}`, map[string]string{"title": `"IOException"`}},
		{"another of that name", `{"exception":[{"type":"IOException"},{"type":"CompositeException","module":"com.example"}]}`, map[string]string{"title": `"CompositeException"`}},
	})
}

func TestGroupTitle(t *testing.T) {
	t.Parallel()
	x := func(typ string, id, parent int, group bool) string {
		p := "null"
		if parent >= 0 {
			p = fmt.Sprint(parent)
		}
		return fmt.Sprintf(`{"type":%q,"value":"v","mechanism":{"exception_id":%d,"parent_id":%s,"is_exception_group":%v}}`, typ, id, p, group)
	}
	for _, tt := range []struct {
		name, want string
		list       []string
	}{
		{"one leaf", "Leaf", []string{x("Leaf", 1, 0, false), x("Group", 0, -1, true)}},
		{"equal leaves", "Leaf", []string{x("Leaf", 2, 0, false), x("Leaf", 1, 0, false), x("Group", 0, -1, true)}},
		{"different leaves", "Group", []string{x("Other", 2, 0, false), x("Leaf", 1, 0, false), x("Group", 0, -1, true)}},
		{"group in group", "Leaf", []string{x("Leaf", 2, 1, false), x("Inner", 1, 0, true), x("Group", 0, -1, true)}},
		{"cause of a leaf", "Leaf", []string{x("Cause", 2, 1, false), x("Leaf", 1, 0, false), x("Group", 0, -1, true)}},
		{"empty group", "Group", []string{x("Cause", 2, 1, false), x("Inner", 1, 0, false), x("Group", 0, -1, true)}[2:]},
		{"no group", "B", []string{x("A", 1, 0, false), x("B", 0, -1, false)}},
		{"id twice", "Group", []string{x("Leaf", 0, 0, false), x("Group", 0, -1, true)}},
		{"own parent", "Group", []string{x("Leaf", 1, 1, false), x("Group", 0, -1, true)}},
		{"unknown parent", "Group", []string{x("Leaf", 1, 9, false), x("Group", 0, -1, true)}},
		{"two roots", "Group", []string{x("Leaf", 1, -1, false), x("Group", 0, -1, true)}},
		{"no root", "Group", []string{x("Leaf", 1, 0, false), x("Group", 0, 1, true)}},
		{"cycle beside the root", "Group", []string{x("B", 2, 1, true), x("A", 1, 2, true), x("Group", 0, -1, true)}},
		{"id missing", "Group", []string{`{"type":"Leaf"}`, x("Group", 0, -1, true)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := normalized(t, []byte(`{"exception":[`+strings.Join(tt.list, ",")+`]}`), input())
			wantPaths(t, got, map[string]string{"metadata.type": `"` + tt.want + `"`})
		})
	}
}

// TestFinishAgain changes what is the application's own, as grouping does, and lets Finish follow.
func TestFinishAgain(t *testing.T) {
	t.Parallel()
	e, err := normalize.Event([]byte(`{"platform":"python","exception":{"type":"E","stacktrace":[{"function":"a","module":"m","filename":"a.py"},{"function":"b","module":"lib","filename":"b.py"}]}}`), input())
	if err != nil {
		t.Fatal(err)
	}
	if e.Culprit != "lib in b" || e.Location != "b.py" {
		t.Errorf("before: %q, %q", e.Culprit, e.Location)
	}
	app := true
	e.Exceptions[0].Stacktrace.Frames[0].InApp = &app
	e.Grouping = &event.Grouping{Title: "by a rule"}
	normalize.Finish(e)
	if e.Culprit != "m in a" || e.Location != "a.py" || e.Metadata.Function != "a" || e.Title != "by a rule" {
		t.Errorf("after: %q, %q, %q", e.Culprit, e.Location, e.Title)
	}
}
