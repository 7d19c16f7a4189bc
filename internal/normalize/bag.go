package normalize

import (
	"strconv"
	"unicode/utf8"

	"github.com/seismohq/seismo/internal/event"
)

// slab hands out small lists that are cut from larger ones, so that many of them cost one allocation.
type slab[T any] struct {
	free  []T
	chunk int
}

// take returns an empty list with room for n. Appending more than n moves it elsewhere.
func (s *slab[T]) take(n int) []T {
	if n > len(s.free) {
		if n > s.chunk/2 {
			return make([]T, 0, n)
		}
		s.free = make([]T, s.chunk)
	}
	out := s.free[:0:n]
	s.free = s.free[n:]
	return out
}

// bag reads values of which only the sender knows the meaning, into at most left bytes of JSON. Lists and maps that do
// not fit lose their tail, texts are cut, and what is nested too deeply becomes JSON text.
type bag struct {
	*reader
	left int
}

// object reads a map: also the other forms of one; a bare list or scalar is kept as {"0": …} or {"value": …}. It is nil
// when it says nothing. Remarks are left below name.
func (r *reader) object(name string, v value, bytes, depth int) event.Map {
	if v.empty() {
		return nil
	}
	b := bag{r, bytes}
	r.enter(name)
	defer r.leave()
	switch v.kind() {
	case event.Object:
		return b.fields(v, depth)
	case event.List:
		return b.listFields(v, depth)
	default:
		return append(r.mem.fields.take(1), event.Field{Key: "value", Value: b.value("value", v, depth)})
	}
}

// any reads one value.
func (r *reader) any(name string, v value, bytes, depth int) event.Value {
	b := bag{r, bytes}
	return b.value(name, v, depth)
}

func (b *bag) value(name string, v value, depth int) event.Value {
	if len(v) == 0 {
		return event.Value{}
	}
	n := &v[0]
	switch n.kind {
	case event.Bool, event.Number:
		b.left -= len(n.text) + 1
		return event.Value{Kind: n.kind, Text: n.text}
	case event.String:
		return event.Str(b.text(name, n.text))
	case event.Null:
		b.left -= 5
		return event.Value{}
	}
	if depth <= 0 {
		return event.Str(b.text(name, string(appendJSON(nil, v, b.left+4))))
	}
	b.enter(name)
	defer b.leave()
	b.left -= 3
	if n.kind == event.Object {
		return event.Value{Kind: event.Object, Map: b.fields(v, depth)}
	}
	list := b.mem.values.take(min(int(n.kids), max(b.left, 0)/2+1)) // no more fit: each takes two bytes
	for k := v.kids(); len(k) > 0; k = k.rest() {
		if b.left <= 0 {
			b.dropped("", len(list), int(n.kids))
			break
		}
		b.enterAt(len(list))
		list = append(list, b.value("", k.first(), depth-1))
		b.leave()
	}
	return event.Value{Kind: event.List, List: list}
}

func (b *bag) fields(v value, depth int) event.Map {
	m := event.Map(b.mem.fields.take(b.room(v)))
	for k := v.kids(); len(k) > 0; k = k.rest() {
		if b.left <= 0 {
			b.dropped("", len(m), int(v[0].kids))
			break
		}
		m = append(m, b.field(k[0].key, k.first(), depth))
	}
	return m.Unique()
}

// room returns how many fields of v can fit at most: each takes five bytes.
func (b *bag) room(v value) int { return min(int(v[0].kids), max(b.left, 0)/5+1) }

// listFields reads a map that was sent as a list: of pairs, of keys and values, or just of values.
func (b *bag) listFields(v value, depth int) event.Map {
	pairs := true
	for k := v.kids(); len(k) > 0 && pairs; k = k.rest() {
		_, _, pairs = entry(k.first())
	}
	m := event.Map(b.mem.fields.take(b.room(v)))
	i := 0
	for k := v.kids(); len(k) > 0; k = k.rest() {
		if b.left <= 0 {
			b.dropped("", len(m), int(v[0].kids))
			break
		}
		key, val := strconv.Itoa(i), k.first()
		if pairs {
			key, val, _ = entry(val)
		}
		m = append(m, b.field(key, val, depth))
		i++
	}
	return m.Unique()
}

func (b *bag) field(key string, v value, depth int) event.Field {
	if len(key) > maxServer {
		key, _ = cutText(key, maxServer)
	}
	b.left -= len(key) + 4
	return event.Field{Key: key, Value: b.value(key, v, depth-1)}
}

func (b *bag) text(name, s string) string {
	if len(s) > b.left {
		most := max(b.left-len(ellipsis), 0)
		for most > 0 && !utf8.RuneStart(s[most]) {
			most--
		}
		before := len(s)
		s = s[:most] + ellipsis
		b.shortened(name, len(s), len(ellipsis), before)
	}
	b.left -= len(s) + 3
	return s
}

// strings reads a list of texts; others than scalars are left out.
func (r *reader) strings(name string, v value, most, chars int) []string {
	var out []string
	for k := r.elements(name, v); len(k) > 0; k = k.rest() {
		if el := k.first(); !scalar(el) {
			r.invalid(name, el)
			continue
		}
		if len(out) == most {
			r.dropped(name, most, int(v[0].kids))
			break
		}
		if out == nil {
			out = r.mem.texts.take(min(k.count(), most))
		}
		out = append(out, r.short(name, k.first(), chars))
	}
	return out
}
