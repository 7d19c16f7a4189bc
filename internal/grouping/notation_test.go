package grouping_test

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// testCase is one case of TestCases.
type testCase struct {
	want, strategy, quality, title string
	shows                          []string
	stack, fingerprints            string
	a, b                           []string
}

func readCase(text string) (*testCase, error) {
	c := &testCase{}
	current := &c.a
	inEvent := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case line == "event a":
			inEvent, current = true, &c.a
		case strings.HasPrefix(line, "event b"):
			inEvent, current = true, &c.b
			if line == "event b like a" {
				c.b = append([]string(nil), c.a...)
			}
		case word == "replace":
			parts, err := words(rest)
			if err != nil || len(parts) != 2 {
				return nil, fmt.Errorf("%s: two words are needed", line)
			}
			found := false
			for i := range *current {
				next := strings.ReplaceAll((*current)[i], parts[0], parts[1])
				found = found || next != (*current)[i]
				(*current)[i] = next
			}
			if !found {
				return nil, fmt.Errorf("%s: nothing to replace", line)
			}
		case inEvent:
			*current = append(*current, line)
		case word == "want":
			c.want = rest
		case word == "strategy":
			c.strategy = rest
		case word == "quality":
			c.quality = rest
		case word == "title":
			c.title = rest
		case word == "shows":
			c.shows = append(c.shows, rest)
		case word == "stack":
			c.stack += rest + "\n"
		case word == "fingerprint-rule":
			c.fingerprints += rest + "\n"
		default:
			return nil, fmt.Errorf("%s: unknown line", line)
		}
	}
	if c.want != "same" && c.want != "different" || len(c.a) == 0 || len(c.b) == 0 {
		return nil, fmt.Errorf("a case needs want same or want different, and the events a and b")
	}
	return c, nil
}

// words splits at blanks; quotes as in Go hold a word together, also after key=.
func words(s string) ([]string, error) {
	var out []string
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		var word string
		for s != "" && s[0] != ' ' {
			if s[0] == '"' {
				quoted, err := strconv.QuotedPrefix(s)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", s, err)
				}
				text, err := strconv.Unquote(quoted)
				if err != nil {
					return nil, err
				}
				word, s = word+text, s[len(quoted):]
				continue
			}
			word, s = word+s[:1], s[1:]
		}
		out = append(out, word)
	}
	return out, nil
}

// readEvent builds an event from the notation.
func readEvent(lines []string) (*event.Event, error) {
	e := &event.Event{Type: event.TypeDefault}
	var st **event.Stacktrace
	for _, line := range lines {
		if err := readLine(e, &st, line); err != nil {
			return nil, fmt.Errorf("%s: %w", line, err)
		}
	}
	return e, nil
}

func readLine(e *event.Event, st ***event.Stacktrace, line string) error {
	word, rest, _ := strings.Cut(line, " ")
	parts, err := words(rest)
	if err != nil {
		return err
	}
	switch word {
	case "exception":
		kind, value, _ := strings.Cut(rest, ": ")
		if text, err := strconv.Unquote(`"` + value + `"`); err == nil {
			value = text
		}
		if kind == "-" {
			kind = ""
		}
		e.Type = event.TypeError
		e.Exceptions = append(e.Exceptions, event.Exception{Type: kind, Value: value})
		*st = &e.Exceptions[len(e.Exceptions)-1].Stacktrace
	case "mechanism":
		x := &e.Exceptions[len(e.Exceptions)-1]
		x.Mechanism = &event.Mechanism{}
		return readMechanism(x.Mechanism, parts)
	case "thread":
		e.Threads = append(e.Threads, event.Thread{})
		t := &e.Threads[len(e.Threads)-1]
		*st = &t.Stacktrace
		return readThread(t, parts)
	case "stacktrace":
		*st = &e.Stacktrace
	case "frame":
		if *st == nil {
			return fmt.Errorf("a frame needs an exception, thread or stacktrace before it")
		}
		if **st == nil {
			**st = &event.Stacktrace{}
		}
		f, err := readFrame(parts)
		if err != nil {
			return err
		}
		times := 1
		if n, ok := f.Data.Get("times"); ok {
			times, _ = strconv.Atoi(n.Text)
			f.Data = nil
		}
		for range times {
			(**st).Frames = append((**st).Frames, f)
		}
	case "message":
		e.Message = orMessage(e.Message)
		e.Message.Formatted = strings.Join(parts, " ")
	case "template":
		e.Message = orMessage(e.Message)
		e.Message.Template = strings.Join(parts, " ")
	case "fingerprint":
		e.Fingerprint = parts
	case "tag":
		e.Tags = append(e.Tags, event.Tag{Key: parts[0], Value: strings.Join(parts[1:], " ")})
	case "security":
		e.Security.Set(parts[0], event.Str(strings.Join(parts[1:], " ")))
	case "image":
		var m event.Map
		for _, p := range parts {
			k, v, _ := strings.Cut(p, "=")
			m.Set(k, event.Str(v))
		}
		e.DebugImages = append(e.DebugImages, m)
	default:
		return readField(e, word, rest)
	}
	return nil
}

func orMessage(m *event.Message) *event.Message {
	if m == nil {
		m = &event.Message{}
	}
	return m
}

func readField(e *event.Event, name, value string) error {
	switch name {
	case "platform":
		e.Platform = value
	case "level":
		e.Level = event.Level(value)
	case "logger":
		e.Logger = value
	case "transaction":
		e.Transaction = value
	case "release":
		e.Release = value
	case "type":
		e.Type = event.Type(value)
	case "checksum":
		e.Checksum = value
	case "sdk":
		e.SDK = &event.SDK{Name: value}
	default:
		return fmt.Errorf("unknown line")
	}
	return nil
}

func readMechanism(m *event.Mechanism, parts []string) error {
	for _, p := range parts {
		k, v, _ := strings.Cut(p, "=")
		n, _ := strconv.Atoi(v)
		switch k {
		case "type":
			m.Type = v
		case "synthetic":
			m.Synthetic = true
		case "group":
			m.IsGroup = true
		case "id":
			m.ID = &n
		case "parent":
			m.ParentID = &n
		case "ns_error":
			domain, code, _ := strings.Cut(v, "/")
			m.Meta.Set("ns_error", event.Value{Kind: event.Object, Map: event.Map{
				{Key: "domain", Value: event.Str(domain)}, {Key: "code", Value: event.Str(code)},
			}})
		default:
			return fmt.Errorf("unknown word %s", p)
		}
	}
	return nil
}

func readThread(t *event.Thread, parts []string) error {
	for _, p := range parts {
		k, v, _ := strings.Cut(p, "=")
		switch k {
		case "id":
			t.ID = v
		case "name":
			t.Name = v
		case "state":
			t.State = v
		case "crashed":
			t.Crashed = true
		case "current":
			t.Current = true
		default:
			return fmt.Errorf("unknown word %s", p)
		}
	}
	return nil
}

func readFrame(parts []string) (event.Frame, error) {
	var f event.Frame
	for i, p := range parts {
		if i == 0 {
			in := p == "in"
			if p != "unknown" {
				f.InApp = &in
			}
			if !in && p != "out" && p != "unknown" {
				return f, fmt.Errorf("a frame is in, out or unknown")
			}
			continue
		}
		k, v, _ := strings.Cut(p, "=")
		n, _ := strconv.Atoi(v)
		switch k {
		case "module":
			f.Module = v
		case "function":
			f.Function = v
		case "raw":
			f.RawFunction = v
		case "file":
			f.Filename = v
		case "path":
			f.AbsPath = v
		case "line":
			f.Line = n
		case "col":
			f.Column = n
		case "code":
			f.ContextLine = v
		case "package":
			f.Package = v
		case "platform":
			f.Platform = v
		case "addr":
			f.Instruction = v
		case "mode":
			f.AddrMode = v
		default:
			name, ok := strings.CutPrefix(k, "data.")
			if !ok && k != "times" {
				return f, fmt.Errorf("unknown word %s", p)
			}
			if k == "times" {
				name = k
			}
			f.Data.Set(name, event.Str(v))
		}
	}
	return f, nil
}
