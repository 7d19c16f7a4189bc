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

// IsZero reports whether the value is null, which is how a Value is absent.
func (v Value) IsZero() bool { return v.Kind == Null }

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

// Unique removes repeated keys in place, as JSON texts of others may have them, and returns the shorter map. Like most JSON
// readers it lets the last value win; it stands where the key stood first.
func (m Map) Unique() Map {
	if len(m) > 16 {
		return m.uniqueLarge()
	}
	out := m[:0]
next:
	for i := range m {
		for j := range out {
			if out[j].Key == m[i].Key {
				out[j].Value = m[i].Value
				continue next
			}
		}
		out = append(out, m[i])
	}
	return out
}

func (m Map) uniqueLarge() Map {
	at := make(map[string]int, len(m))
	out := m[:0]
	for i := range m {
		if j, ok := at[m[i].Key]; ok {
			out[j].Value = m[i].Value
			continue
		}
		at[m[i].Key] = len(out)
		out = append(out, m[i])
	}
	return out
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
