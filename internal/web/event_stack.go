package web

import (
	"html/template"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// The ways to show stack traces. The reader's last choice is kept.
const (
	framesApp = "app" // application frames; runs of library frames are folded
	framesAll = "all" // the same, nothing folded
	framesRaw = "raw" // as text
)

// Bounds of one page: a trace may have hundreds of frames, each with source and variables.
const (
	maxFrames    = 250
	maxSource    = 60 // frames that show source and variables
	maxVars      = 40
	maxCodeLine  = 400 // characters
	maxThreads   = 8
	maxException = 20
)

// stackView is the chain of exceptions, newest first, or the stacks of threads.
type stackView struct {
	Mode   string
	Modes  []choice // App code, All frames
	RawURL string
	AppURL string
	Raw    string // of mode raw
	Chips  []string
	Parts  []stackPart
	More   string // how many are left out
}

// Empty reports whether there is no trace at all.
func (s stackView) Empty() bool { return len(s.Parts) == 0 }

// stackPart is one exception, or one thread.
type stackPart struct {
	ID     string
	Type   string
	Value  text
	Module string
	Cause  bool // it caused the one before
	Alone  bool // the only exception: the head of the page says the same
	Chips  []string
	Help   string // address of an explanation the sender gave; http or https
	Groups []frameGroup
	Note   string // why there are no frames, or how many are left out
	Next   string // id of its cause
}

// frameGroup is one frame, or a run of library frames that is folded.
type frameGroup struct {
	Folded string // words of the run; "" for a single frame
	Open   bool
	Frames []frameView
}

// frameView is one call.
type frameView struct {
	Function string
	Module   string
	At       string // file:line
	Lib      bool
	Open     bool // where it happened
	Lines    []sourceLine
	Vars     []varView
	Note     string // why there is no source
	Plain    bool   // nothing to open
}

type sourceLine struct {
	Number int
	Code   template.HTML
	Hit    bool
}

type varView struct {
	Name  string
	Value text
	Nil   bool
}

// framesMode returns how the reader wants stack traces, and keeps a choice made just now.
func (v *visit) framesMode() string {
	known := []string{framesApp, framesAll, framesRaw}
	if m := v.r.URL.Query().Get("frames"); slices.Contains(known, m) {
		http.SetCookie(v.w, &http.Cookie{Name: framesCookie, Value: m, Path: "/", MaxAge: 365 * 24 * 3600, SameSite: http.SameSiteLaxMode, HttpOnly: true})
		return m
	}
	if c, err := v.r.Cookie(framesCookie); err == nil && slices.Contains(known, c.Value) {
		return c.Value
	}
	return framesApp
}

func (v *visit) stackView(q issueRequest, e *event.Event, mode string) stackView {
	out := stackView{Mode: mode}
	link := func(m string) string { return v.site.path(address(v.r.URL.Path, q.values, "frames", m)) }
	b := stackBuilder{paint: &v.site.paint, platform: e.Platform, all: mode == framesAll}
	total := 0
	for i := len(e.Exceptions) - 1; i >= 0; i-- { // the sender's order is root cause first
		if len(out.Parts) == maxException {
			out.More = plural(int64(i+1), "more exception", "more exceptions") + " in the JSON"
			break
		}
		x := &e.Exceptions[i]
		p := b.exception(x, len(out.Parts))
		if x.Stacktrace != nil {
			total += len(x.Stacktrace.Frames)
		}
		if i > 0 {
			p.Next = "cause-" + strconv.Itoa(len(out.Parts)+1)
		}
		out.Parts = append(out.Parts, p)
	}
	if len(e.Exceptions) == 0 {
		for _, t := range e.Threads {
			if t.Stacktrace == nil || len(out.Parts) == maxThreads {
				continue
			}
			total += len(t.Stacktrace.Frames)
			out.Parts = append(out.Parts, b.thread(&t, len(out.Parts)))
		}
	}
	if s := e.Stacktrace; s != nil && len(out.Parts) == 0 {
		total += len(s.Frames)
		p := stackPart{ID: "cause-0"}
		p.Groups, p.Note = b.groups(s, true)
		out.Parts = append(out.Parts, p)
	}
	if len(e.Exceptions) == 1 && out.Parts[0].Type == line(q.issue.Type) && e.Exceptions[0].Value == q.issue.Value {
		out.Parts[0].Alone = true
	}
	out.Chips = b.chips(e)
	out.Modes = []choice{{"App code", link(framesApp), mode == framesApp}, {"All" + hard + plural(int64(total), "frame", "frames"), link(framesAll), mode == framesAll}}
	out.RawURL, out.AppURL = link(framesRaw), link(framesApp)
	if mode == framesRaw {
		out.Raw = rawTrace(e)
	}
	return out
}

// stackBuilder makes parts of a trace within the bounds of the page.
type stackBuilder struct {
	paint    *painter
	platform string
	all      bool
	frames   int // made so far
	sources  int
}

// chips are facts on the whole trace: how it was caught, which thread.
func (b *stackBuilder) chips(e *event.Event) []string {
	var out []string
	if n := len(e.Exceptions); n > 0 {
		out = mechanismChips(e.Exceptions[n-1].Mechanism)
	}
	for _, t := range e.Threads {
		if t.Crashed || len(e.Threads) == 1 {
			out = append(out, "thread "+line(firstOf(t.Name, t.ID)))
			break
		}
	}
	return out
}

func mechanismChips(m *event.Mechanism) []string {
	if m == nil {
		return nil
	}
	var out []string
	if m.Type != "" && m.Type != "generic" {
		out = append(out, line(m.Type))
	}
	if m.Handled != nil && !*m.Handled {
		out = append(out, "unhandled")
	}
	return out
}

func (b *stackBuilder) exception(x *event.Exception, n int) stackPart {
	p := stackPart{ID: "cause-" + strconv.Itoa(n), Type: line(firstOf(x.Type, "Error")), Value: foldText(x.Value), Module: line(x.Module), Cause: n > 0}
	if n > 0 {
		p.Chips = mechanismChips(x.Mechanism)
	}
	if m := x.Mechanism; m != nil {
		p.Help = webLink(m.HelpLink)
		if n > 0 && m.Source != "" {
			p.Chips = append(p.Chips, line(m.Source))
		}
	}
	if x.Stacktrace == nil || len(x.Stacktrace.Frames) == 0 {
		p.Note = "This exception came without a stack trace."
		return p
	}
	// The trace of what was caught is open where it happened; so is that of the first cause: one of the two is the answer.
	p.Groups, p.Note = b.groups(x.Stacktrace, n < 2)
	return p
}

func (b *stackBuilder) thread(t *event.Thread, n int) stackPart {
	p := stackPart{ID: "cause-" + strconv.Itoa(n), Type: "Thread " + line(firstOf(t.Name, t.ID))}
	for chip, on := range map[string]bool{"crashed": t.Crashed, "current": t.Current && !t.Crashed, line(t.State): t.State != ""} {
		if on {
			p.Chips = append(p.Chips, chip)
		}
	}
	slices.Sort(p.Chips)
	p.Groups, p.Note = b.groups(t.Stacktrace, t.Crashed || n == 0)
	return p
}

// groups turns a trace into frames, innermost first, with runs of library frames folded. open says whether the frame where
// it happened is unfolded.
func (b *stackBuilder) groups(s *event.Stacktrace, open bool) (out []frameGroup, note string) {
	crash := crashFrame(s)
	anyApp := slices.ContainsFunc(s.Frames, func(f event.Frame) bool { return f.App() })
	var run []frameView
	flush := func() {
		if len(run) == 0 {
			return
		}
		if len(run) == 1 || b.all {
			for _, f := range run {
				out = append(out, frameGroup{Frames: []frameView{f}})
			}
		} else {
			out = append(out, frameGroup{Folded: foldedWords(run), Frames: run})
		}
		run = nil
	}
	for i := len(s.Frames) - 1; i >= 0; i-- {
		if b.frames == maxFrames {
			note = plural(int64(i+1), "more frame", "more frames") + " in the JSON."
			break
		}
		b.frames++
		f := b.frame(&s.Frames[i], anyApp, i == crash, open)
		if f.Lib && i != crash {
			run = append(run, f)
			continue
		}
		flush()
		out = append(out, frameGroup{Frames: []frameView{f}})
	}
	flush()
	if s.Omitted > 0 {
		note = strings.TrimSpace(note + " " + plural(int64(s.Omitted), "frame was", "frames were") + " left out by the sender or on the way in.")
	}
	return out, note
}

// crashFrame returns the place where it happened: the innermost application frame, or the innermost of all.
func crashFrame(s *event.Stacktrace) int {
	for i := len(s.Frames) - 1; i >= 0; i-- {
		if s.Frames[i].App() {
			return i
		}
	}
	return len(s.Frames) - 1
}

// foldedWords says what is folded: "12 frames in net/http, chi and otelhttp".
func foldedWords(run []frameView) string {
	var names []string
	for _, f := range run {
		name := f.Module
		if name == "" {
			name = path.Dir(strings.TrimRight(f.At, "0123456789:"))
		}
		if name != "" && name != "." && !slices.Contains(names, name) && len(name) < 60 {
			names = append(names, name)
		}
	}
	words := plural(int64(len(run)), "frame", "frames")
	switch n := len(names); {
	case n == 0:
		return words + " of libraries"
	case n == 1:
		return words + " in " + names[0]
	case n <= 3:
		return words + " in " + strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	default:
		return words + " in " + strings.Join(names[:2], ", ") + " and " + number(int64(n-2)) + " more"
	}
}

func (b *stackBuilder) frame(f *event.Frame, anyApp, crash, open bool) frameView {
	out := frameView{
		Function: line(firstOf(f.Function, f.RawFunction, f.Symbol, f.Instruction, "?")), Module: line(f.Module), At: place(f),
		Lib: anyApp && !f.App(), Open: crash && open,
	}
	if out.At == "" {
		out.At = out.Module
	}
	wanted := !out.Lib || crash || b.all
	if wanted && b.sources < maxSource {
		if f.ContextLine != "" || len(f.Vars) > 0 {
			b.sources++
		}
		out.Lines = b.source(f, out.Open)
		out.Vars = b.vars(f.Vars)
	}
	if crash && len(out.Lines) == 0 {
		out.Note = whyNoSource(f, b.platform)
	}
	out.Plain = len(out.Lines) == 0 && len(out.Vars) == 0 && out.Note == ""
	return out
}

func place(f *event.Frame) string {
	at := line(firstOf(f.Filename, f.AbsPath, f.Package))
	if f.Line > 0 && at != "" {
		at += ":" + strconv.Itoa(f.Line)
		if f.Column > 0 && f.Platform != "native" {
			at += ":" + strconv.Itoa(f.Column)
		}
	}
	return at
}

// whyNoSource says what is missing for the source to be shown, and how to add it.
func whyNoSource(f *event.Frame, platform string) string {
	if p := firstOf(f.Platform, platform); p == "javascript" && strings.HasPrefix(f.AbsPath, "http") {
		return "The code was minified. With the source map of " + line(path.Base(f.AbsPath)) + " the original source would stand here."
	}
	return "The SDK sent no source for this frame."
}

func (b *stackBuilder) source(f *event.Frame, paint bool) []sourceLine {
	if f.ContextLine == "" {
		return nil
	}
	pre, post := f.PreContext, f.PostContext
	pre, post = pre[max(len(pre)-5, 0):], post[:min(len(post), 5)]
	raw := slices.Concat(pre, []string{f.ContextLine}, post)
	for i, s := range raw {
		s, cut := splitRunes(strings.TrimRight(s, "\r\n"), maxCodeLine)
		raw[i] = visible(strings.ReplaceAll(s, "\n", " "))
		if cut != "" {
			raw[i] += " …"
		}
	}
	var code []template.HTML
	if paint {
		code = b.paint.lines(raw, firstOf(f.Filename, f.AbsPath), firstOf(f.Platform, b.platform))
	}
	out := make([]sourceLine, len(raw))
	for i := range raw {
		out[i] = sourceLine{Number: f.Line - len(pre) + i, Hit: i == len(pre)}
		if f.Line == 0 {
			out[i].Number = i + 1
		}
		if code != nil {
			out[i].Code = code[i]
		} else {
			out[i].Code = template.HTML(template.HTMLEscapeString(raw[i])) //nolint:gosec // escaped
		}
	}
	return out
}

// nothing are the words of languages for no value; they are stressed.
var nothing = []string{"nil", "null", "None", "undefined", "<nil>"}

func (b *stackBuilder) vars(m event.Map) []varView {
	var out []varView
	for _, f := range m {
		if len(out) == maxVars {
			out = append(out, varView{Name: "…", Value: text{Head: plural(int64(len(m)-maxVars), "more", "more") + " in the JSON"}})
			break
		}
		s := valueText(f.Value)
		if f.Value.Kind == event.Null {
			s = b.null()
		}
		if f.Value.Kind == event.String && b.quoted() {
			s = strconv.Quote(s)
			if slices.Contains(nothing, f.Value.Text) {
				s = f.Value.Text
			}
		}
		out = append(out, varView{Name: line(f.Key), Value: foldFact(s), Nil: f.Value.Kind == event.Null || slices.Contains(nothing, f.Value.Text) && len(f.Value.Text) < 10})
	}
	return out
}

// null is the word of the language for no value.
func (b *stackBuilder) null() string {
	switch b.platform {
	case "go", "ruby", "cocoa", "objc", "elixir":
		return "nil"
	case "python":
		return "None"
	}
	return "null"
}

// quoted reports whether strings get quotes. Python and its like send what repr says, quotes and all.
func (b *stackBuilder) quoted() bool { return b.platform != "python" && b.platform != "ruby" }

// rawTrace writes the trace as text.
func rawTrace(e *event.Event) string {
	var b strings.Builder
	one := func(s *event.Stacktrace) {
		if s == nil {
			return
		}
		for i := len(s.Frames) - 1; i >= 0 && b.Len() < 200_000; i-- {
			f := &s.Frames[i]
			b.WriteString("  at " + line(firstOf(f.Function, f.Symbol, f.Instruction, "?")))
			if at := place(f); at != "" {
				b.WriteString(" (" + at + ")")
			}
			b.WriteByte('\n')
		}
	}
	for i := len(e.Exceptions) - 1; i >= 0; i-- {
		x := &e.Exceptions[i]
		if i < len(e.Exceptions)-1 {
			b.WriteString("Caused by: ")
		}
		value, _ := splitRunes(x.Value, longLimit)
		b.WriteString(line(x.Type) + ": " + visible(value) + "\n")
		one(x.Stacktrace)
	}
	for i := range e.Threads {
		if t := &e.Threads[i]; t.Stacktrace != nil {
			b.WriteString("Thread " + line(firstOf(t.Name, t.ID)) + "\n")
			one(t.Stacktrace)
		}
	}
	one(e.Stacktrace)
	return b.String()
}
