package faultlog

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/seismohq/seismo/fault/internal/jsonenc"
)

const (
	maxNesting  = 8
	maxElements = 100
)

// appendAny walks a value as encoding/json would, removing secrets by key, tag, type and shape.
func (r *Redactor) appendAny(b []byte, v reflect.Value, depth int) (out []byte) {
	if !v.IsValid() {
		return append(b, "null"...)
	}
	if r != nil && r.types[v.Type()] {
		return append(b, `"`+Redacted+`"`...)
	}
	if depth > maxNesting {
		return append(b, `"[nested too deep]"`...)
	}
	if out, ok := r.appendBySelf(b, v, depth); ok {
		return out
	}
	switch v.Kind() {
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return appendInt(b, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return strconv.AppendUint(b, v.Uint(), 10)
	case reflect.Float32, reflect.Float64:
		return jsonenc.AppendValue(b, slog.Float64Value(v.Float()))
	case reflect.String:
		return jsonenc.AppendString(b, r.String(v.String()))
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return append(b, "null"...)
		}
		return r.appendAny(b, v.Elem(), depth+1)
	case reflect.Slice:
		if v.IsNil() {
			return append(b, "null"...)
		}
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return r.appendBytes(b, v.Bytes())
		}
		return r.appendList(b, v, depth)
	case reflect.Array:
		return r.appendList(b, v, depth)
	case reflect.Map:
		if v.IsNil() {
			return append(b, "null"...)
		}
		return r.appendMap(b, v, depth)
	case reflect.Struct:
		return r.appendStruct(b, v, depth)
	}
	return jsonenc.AppendString(b, "["+v.Type().String()+"]")
}

// appendBySelf lets types speak that have a form of their own.
func (r *Redactor) appendBySelf(b []byte, v reflect.Value, depth int) (out []byte, ok bool) {
	if !v.CanInterface() || v.Kind() == reflect.Pointer && v.IsNil() {
		return b, false
	}
	n := len(b)
	defer func() {
		if p := recover(); p != nil { // a broken MarshalJSON must not cost the record
			out, ok = jsonenc.AppendString(b[:n], fmt.Sprintf("[%T panicked]", v.Interface())), true
		}
	}()
	switch x := v.Interface().(type) {
	case json.Number: // of a document that was decoded; text is written below
		if !json.Valid([]byte(x)) {
			return b, false
		}
		if r.String(string(x)) != string(x) {
			return append(b, `"`+Redacted+`"`...), true
		}
		return append(b, x...), true
	case slog.LogValuer:
		return r.AppendJSON(b, slog.AnyValue(x)), true
	case json.Marshaler:
		js, err := x.MarshalJSON()
		if err != nil {
			return jsonenc.AppendString(b, "["+r.String(err.Error())+"]"), true
		}
		return r.appendDocument(b, js), true
	case encoding.TextMarshaler:
		text, err := x.MarshalText()
		if err != nil {
			return jsonenc.AppendString(b, "["+r.String(err.Error())+"]"), true
		}
		return jsonenc.AppendString(b, r.String(string(text))), true
	case error:
		return jsonenc.AppendString(b, r.String(x.Error())), true
	}
	return b, false
}

// appendDocument decodes and walks JSON that was made elsewhere.
func (r *Redactor) appendDocument(b, doc []byte) []byte {
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil || dec.More() {
		return jsonenc.AppendString(b, r.String(string(doc)))
	}
	return r.appendAny(b, reflect.ValueOf(v), 0)
}

func (r *Redactor) appendBytes(b, data []byte) []byte {
	if utf8.Valid(data) {
		return jsonenc.AppendString(b, r.String(string(data)))
	}
	const most = 256 // of bytes that are no text, enough to recognise them
	b = append(b, '"')
	b = base64.StdEncoding.AppendEncode(b, data[:min(len(data), most)])
	return append(b, '"')
}

func (r *Redactor) appendList(b []byte, v reflect.Value, depth int) []byte {
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		if i == maxElements {
			b = jsonenc.AppendString(b, fmt.Sprintf("[%d more]", v.Len()-i))
			break
		}
		b = r.appendAny(b, v.Index(i), depth+1)
	}
	return append(b, ']')
}

func (r *Redactor) appendMap(b []byte, v reflect.Value, depth int) []byte {
	type entry struct {
		key   string
		value reflect.Value
	}
	entries := make([]entry, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		entries = append(entries, entry{mapKey(it.Key()), it.Value()})
	}
	slices.SortFunc(entries, func(x, y entry) int { return cmp.Compare(x.key, y.key) })
	b = append(b, '{')
	for i, e := range entries {
		if i > 0 {
			b = append(b, ',')
		}
		if i == maxElements {
			b = append(b, `"…":`...)
			b = strconv.AppendInt(b, int64(len(entries)-i), 10)
			break
		}
		b = jsonenc.AppendString(b, r.String(e.key))
		b = append(b, ':')
		b = r.appendMember(b, e.key, e.value, depth)
	}
	return append(b, '}')
}

func (r *Redactor) appendMember(b []byte, key string, v reflect.Value, depth int) []byte {
	if r.secretValue(key, slogKind(v)) {
		return append(b, `"`+Redacted+`"`...)
	}
	return r.appendAny(b, v, depth+1)
}

// slogKind is the kind that decides whether a value can be secret.
func slogKind(v reflect.Value) slog.Kind {
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch {
	case v.Kind() == reflect.Bool:
		return slog.KindBool
	case v.CanInt(), v.CanUint(), v.CanFloat(), v.IsValid() && v.Type() == reflect.TypeFor[json.Number]():
		return slog.KindInt64
	}
	return slog.KindAny
}

func mapKey(k reflect.Value) string {
	if k.Kind() == reflect.String {
		return k.String()
	}
	if tm, ok := k.Interface().(encoding.TextMarshaler); ok {
		if text, err := tm.MarshalText(); err == nil {
			return string(text)
		}
	}
	return fmt.Sprint(k.Interface())
}

func (r *Redactor) appendStruct(b []byte, v reflect.Value, depth int) []byte {
	b = append(b, '{')
	n := len(b)
	for _, f := range fieldsOf(v.Type()) {
		fv, err := v.FieldByIndexErr(f.index)
		if err != nil || f.omitEmpty && fv.IsZero() { // within a nil embedded pointer
			continue
		}
		if len(b) > n {
			b = append(b, ',')
		}
		b = jsonenc.AppendString(b, f.name)
		b = append(b, ':')
		if f.secret {
			b = append(b, `"`+Redacted+`"`...)
			continue
		}
		b = r.appendMember(b, f.name, fv, depth)
	}
	return append(b, '}')
}

type structField struct {
	name      string
	index     []int
	omitEmpty bool
	secret    bool
}

var structs sync.Map // reflect.Type to []structField; a program has a bounded number of types

func fieldsOf(t reflect.Type) []structField {
	if f, ok := structs.Load(t); ok {
		return f.([]structField)
	}
	var out []structField
	for _, f := range reflect.VisibleFields(t) {
		tag := f.Tag.Get("json")
		inlined := f.Anonymous && tag == "" && (f.Type.Kind() == reflect.Struct || f.Type.Kind() == reflect.Pointer)
		if !f.IsExported() || inlined || tag == "-" {
			continue
		}
		name, opts, _ := strings.Cut(tag, ",")
		out = append(out, structField{
			name:      cmp.Or(name, f.Name),
			index:     f.Index,
			omitEmpty: strings.Contains(opts, "omitempty") || strings.Contains(opts, "omitzero"),
			secret:    f.Tag.Get("fault") == "secret",
		})
	}
	structs.Store(t, out)
	return out
}
