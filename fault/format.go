package fault

import (
	"fmt"
	"io"
	"log/slog"
	"strconv"
)

// Format prints the text of Error for %v and %s, quoted for %q, and for %+v everything an operator needs: text, code,
// attributes, hint and stack.
func (e *Error) Format(s fmt.State, verb rune) { format(e, s, verb) }

// Format prints like that of *[Error].
func (w *Wrapped) Format(s fmt.State, verb rune) { format(w, s, verb) }

// Format prints like that of *[Error].
func (p *PanicError) Format(s fmt.State, verb rune) { format(p, s, verb) }

func format(err error, s fmt.State, verb rune) {
	switch {
	case verb == 'v' && s.Flag('+'):
		_, _ = s.Write(appendDetails(nil, err)) // a fmt.State has nowhere to report
	case verb == 'v' || verb == 's':
		_, _ = io.WriteString(s, err.Error())
	case verb == 'q':
		_, _ = io.WriteString(s, strconv.Quote(err.Error()))
	default:
		_, _ = fmt.Fprintf(s, "%%!%c(%T=%s)", verb, err, err.Error())
	}
}

func appendDetails(b []byte, err error) []byte {
	b = append(b, err.Error()...)
	b = append(b, "\ncode="...)
	b = append(b, CodeOf(err)...)
	for a := range Attrs(err) {
		b = append(b, ' ')
		b = append(b, a.Key...)
		b = append(b, '=')
		b = appendTextValue(b, a.Value.Resolve())
	}
	if h := HintOf(err); h != "" {
		b = append(b, "\nhint: "...)
		b = append(b, h...)
	}
	b = append(b, '\n')
	return append(b, StackOf(err).String()...)
}

func appendTextValue(b []byte, v slog.Value) []byte {
	if v.Kind() == slog.KindString {
		return strconv.AppendQuote(b, v.String())
	}
	return append(b, v.String()...)
}
