package event

import (
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seismohq/seismo/fault"
)

// AppendJSON appends the JSON form of the event to b and returns the result. Times are RFC 3339 in UTC with microseconds,
// text that is no UTF-8 is mended.
//
// Errors: Internal for what no JSON can say or Parse could not read, which normalisation does not make: a Number that is
// none, a year outside 0 to 9999, values nested deeper than 1 000.
func (e *Event) AppendJSON(b []byte) ([]byte, error) {
	w := writer{b: b}
	w.event(e)
	return w.b, w.err
}

// MarshalJSON implements json.Marshaler by AppendJSON.
func (e *Event) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// UnmarshalJSON implements json.Unmarshaler by Parse.
func (e *Event) UnmarshalJSON(b []byte) error {
	got, err := Parse(b)
	if err != nil {
		return err
	}
	*e = *got
	return nil
}

// Parse reads what AppendJSON wrote. Members it does not know are skipped, so that events of a newer version can be read.
// Writing and reading again gives the same event, up to times finer than a microsecond. Error: Validation.
func Parse(b []byte) (*Event, error) {
	type event Event // without the methods, which would lead back here
	e := new(event)
	if err := json.Unmarshal(b, e, reading); err != nil {
		return nil, fault.Wrap(fault.With(err, fault.WithCode(fault.Validation)), "parse stored event")
	}
	return (*Event)(e), nil
}

// AppendJSON appends the JSON form of the value. Errors: as those of Event.
func (v Value) AppendJSON(b []byte) ([]byte, error) {
	w := writer{b: b}
	w.raw(&v, 0)
	return w.b, w.err
}

// MarshalJSON implements json.Marshaler by AppendJSON.
func (v Value) MarshalJSON() ([]byte, error) { return v.AppendJSON(nil) }

// UnmarshalJSON implements json.Unmarshaler. Numbers keep their text, objects the order of their keys.
func (v *Value) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, v, reading) // not this method again: reading's functions come first
}

// MarshalJSON implements json.Marshaler. A nil map is an empty object.
func (m Map) MarshalJSON() ([]byte, error) {
	w := writer{}
	w.fields(m, 0)
	return w.b, w.err
}

// UnmarshalJSON implements json.Unmarshaler. Of a repeated key the last value wins.
func (m *Map) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, m, reading) }

// reading are the options under which all JSON of this package is read: lenient, because an event once stored must stay
// readable whatever became of a key or a string on the way.
var reading = json.JoinOptions(
	jsontext.AllowDuplicateNames(true),
	jsontext.AllowInvalidUTF8(true),
	json.WithUnmarshalers(json.JoinUnmarshalers(
		json.UnmarshalFromFunc(readValue),
		json.UnmarshalFromFunc(readMap),
		json.UnmarshalFromFunc(readTime),
	)),
)

func readTime(dec *jsontext.Decoder, t *time.Time) error {
	tok, err := dec.ReadToken()
	if err != nil {
		return err
	}
	if tok.Kind() == 'n' {
		*t = time.Time{}
		return nil
	}
	got, err := time.Parse(time.RFC3339Nano, tok.String())
	if err != nil {
		return fault.Wrap(err, "parse time of event")
	}
	*t = got.UTC().Truncate(time.Microsecond)
	return nil
}

func readMap(dec *jsontext.Decoder, m *Map) error {
	v, err := readTree(dec, 0)
	if err != nil {
		return err
	}
	switch v.Kind {
	case Object:
		*m = v.Map
	case Null:
		*m = nil
	default:
		return fault.New(fault.Validation, "attribute of an event is no JSON object")
	}
	return nil
}

func readValue(dec *jsontext.Decoder, v *Value) (err error) {
	*v, err = readTree(dec, 0)
	return err
}

func readTree(dec *jsontext.Decoder, depth int) (Value, error) {
	tok, err := dec.ReadToken()
	if err != nil {
		return Value{}, err
	}
	if k := tok.Kind(); depth >= maxDepth && (k == '[' || k == '{') {
		return Value{}, errDepth
	}
	switch tok.Kind() {
	case 't', 'f':
		return Value{Kind: Bool, Text: tok.String()}, nil
	case '0':
		return Value{Kind: Number, Text: tok.String()}, nil
	case '"':
		return Str(tok.String()), nil
	case '[':
		list := []Value{}
		for dec.PeekKind() != ']' {
			v, err := readTree(dec, depth+1)
			if err != nil {
				return Value{}, err
			}
			list = append(list, v)
		}
		_, err = dec.ReadToken()
		return Value{Kind: List, List: list}, err
	case '{':
		m := Map{}
		for dec.PeekKind() != '}' {
			key, err := dec.ReadToken()
			if err != nil {
				return Value{}, err
			}
			name := key.String() // before the next token: it shares the decoder's buffer
			v, err := readTree(dec, depth+1)
			if err != nil {
				return Value{}, err
			}
			m = append(m, Field{name, v})
		}
		_, err = dec.ReadToken()
		return Value{Kind: Object, Map: m.Unique()}, err
	}
	return Value{}, nil
}
