package event

import "strings"

// Kind is the JSON type of a Value.
type Kind uint8

// The kinds. The zero Value is Null.
const (
	Null Kind = iota
	Bool
	Number
	String
	List
	Object
)

// Value is any JSON value of which only the sender knows the meaning: a frame variable, an entry of extra, a context's
// field. It is a tree that can be walked and edited in place (scrubbing does), and keeps the sender's order of keys.
type Value struct {
	Kind Kind
	Text string  // String: the text. Number: its JSON text. Bool: "true" or "false".
	List []Value // List only
	Map  Map     // Object only
}

// Field is one entry of a Map.
type Field struct {
	Key   string
	Value Value
}

// Map is an ordered JSON object. A key stands at most once.
type Map []Field

// Get returns the value of a key, and whether it stands.
func (m Map) Get(key string) (Value, bool) {
	for i := range m {
		if m[i].Key == key {
			return m[i].Value, true
		}
	}
	return Value{}, false
}

// Text returns the text of a key whose value is a string, number or boolean, or "".
func (m Map) Text(key string) string {
	v, _ := m.Get(key)
	return v.Text
}

// Set puts value under key, at its old place or at the end.
func (m *Map) Set(key string, v Value) {
	for i := range *m {
		if (*m)[i].Key == key {
			(*m)[i].Value = v
			return
		}
	}
	*m = append(*m, Field{key, v})
}

// Str returns a String value.
func Str(s string) Value { return Value{Kind: String, Text: s} }

func tagFold(tags []Tag, key string) string {
	for i := range tags {
		if strings.EqualFold(tags[i].Key, key) {
			return tags[i].Value
		}
	}
	return ""
}
