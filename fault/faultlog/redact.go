package faultlog

import (
	"log/slog"
	"maps"
	"reflect"
	"strconv"

	"github.com/seismohq/seismo/fault/internal/jsonenc"
)

// Redacted stands in logs for what was removed.
const Redacted = "[redacted]"

// MaxText is the longest text, in bytes, that a Redactor lets through. The rest is cut off, since it was not searched.
const MaxText = 16 << 10

// Redactor removes secrets from what is logged or reported:
//   - by key, wherever it stands (attributes, groups, maps, struct fields, headers): see [Redactor.SecretKey];
//   - by type, and by the tag `fault:"secret"` of a struct field;
//   - by shape, in any text: payment cards (with a valid check digit), US social security numbers, JSON web tokens, bearer
//     and basic credentials, private keys in PEM, passwords in URLs, key=value pairs with a secret key, and tokens with the
//     well-known prefixes of code hosts, chat tools and clouds.
//
// It is immutable and safe for concurrent use. A nil *Redactor has the defaults, so that forgetting it is safe.
type Redactor struct {
	keys  map[string]bool // normalised; false allows a key that the built-in rules would redact
	types map[reflect.Type]bool
}

// NewRedactor returns a Redactor with the default rules.
func NewRedactor() *Redactor { return &Redactor{} }

// Keys returns a Redactor that also removes the values of these keys. Case, '_', '-', '.' and blanks do not count.
func (r *Redactor) Keys(keys ...string) *Redactor { return r.withKeys(true, keys) }

// Allow returns a Redactor that lets the values of these keys through, for names that only look secret.
func (r *Redactor) Allow(keys ...string) *Redactor { return r.withKeys(false, keys) }

// Types returns a Redactor that also removes values of the types of the given values.
func (r *Redactor) Types(values ...any) *Redactor {
	n := r.clone()
	for _, v := range values {
		n.types[reflect.TypeOf(v)] = true
	}
	return n
}

func (r *Redactor) withKeys(secret bool, keys []string) *Redactor {
	n := r.clone()
	for _, k := range keys {
		n.keys[normalKey(k)] = secret
	}
	return n
}

func (r *Redactor) clone() *Redactor {
	n := &Redactor{keys: map[string]bool{}, types: map[reflect.Type]bool{}}
	if r != nil {
		maps.Copy(n.keys, r.keys)
		maps.Copy(n.types, r.types)
	}
	return n
}

// Value returns v, the value of the given key, without secrets. Values of other than the basic kinds become their redacted
// JSON.
func (r *Redactor) Value(key string, v slog.Value) slog.Value {
	v = v.Resolve()
	if r.secretValue(key, v.Kind()) {
		return slog.StringValue(Redacted)
	}
	switch v.Kind() {
	case slog.KindString:
		return slog.StringValue(r.String(v.String()))
	case slog.KindInt64:
		if isCard(v.Int64()) {
			return slog.StringValue(Redacted)
		}
	case slog.KindGroup:
		in := v.Group()
		out := make([]slog.Attr, len(in))
		for i, a := range in {
			out[i] = slog.Attr{Key: a.Key, Value: r.Value(a.Key, a.Value)}
		}
		return slog.GroupValue(out...)
	case slog.KindAny:
		if err, ok := v.Any().(error); ok {
			return slog.StringValue(r.String(err.Error()))
		}
		return slog.AnyValue(rawJSON(r.AppendJSON(nil, v)))
	}
	return v
}

// rawJSON is JSON that prints as such under every handler.
type rawJSON []byte

func (j rawJSON) MarshalJSON() ([]byte, error) { return j, nil }
func (j rawJSON) String() string               { return string(j) }

// ReplaceAttr makes the Redactor usable with the handlers of package log/slog, as [slog.HandlerOptions].ReplaceAttr.
func (r *Redactor) ReplaceAttr(_ []string, a slog.Attr) slog.Attr {
	a.Value = r.Value(a.Key, a.Value)
	return a
}

// JSON returns a JSON document without secrets, for client payloads that must be logged. What is not JSON is treated as
// text.
func (r *Redactor) JSON(doc []byte) []byte {
	return r.appendDocument(nil, doc)
}

// AppendJSON appends the JSON of v without secrets to b. It never fails: what has no JSON form becomes a text that says so.
// Nesting deeper than 8, lists and maps of more than 100 and texts over [MaxText] are cut.
func (r *Redactor) AppendJSON(b []byte, v slog.Value) []byte {
	v = v.Resolve()
	switch v.Kind() {
	case slog.KindString:
		return jsonenc.AppendString(b, r.String(v.String()))
	case slog.KindGroup:
		b = append(b, '{')
		n := len(b)
		for _, a := range v.Group() {
			if len(b) > n {
				b = append(b, ',')
			}
			b = jsonenc.AppendString(b, a.Key)
			b = append(b, ':')
			b = r.AppendJSONOf(b, a.Key, a.Value)
		}
		return append(b, '}')
	case slog.KindInt64:
		return appendInt(b, v.Int64())
	case slog.KindAny:
		return r.appendAny(b, reflect.ValueOf(v.Any()), 0)
	}
	return jsonenc.AppendValue(b, v)
}

// AppendJSONOf is AppendJSON for the value of a key, which may be secret by its key.
func (r *Redactor) AppendJSONOf(b []byte, key string, v slog.Value) []byte {
	v = v.Resolve()
	if r.secretValue(key, v.Kind()) {
		return append(b, `"`+Redacted+`"`...)
	}
	return r.AppendJSON(b, v)
}

// secretValue decides by key, but lets through what cannot be a secret: flags, times, and counts of tokens.
func (r *Redactor) secretValue(key string, k slog.Kind) bool {
	secret, weak := r.secretKey(key)
	if !secret {
		return false
	}
	switch k {
	case slog.KindBool, slog.KindDuration, slog.KindTime:
		return false
	case slog.KindInt64, slog.KindUint64, slog.KindFloat64:
		return !weak
	}
	return true
}

func appendInt(b []byte, n int64) []byte {
	if isCard(n) {
		return append(b, `"`+Redacted+`"`...)
	}
	return strconv.AppendInt(b, n, 10)
}

// isCard reports whether n is the number of a payment card.
func isCard(n int64) bool {
	if n < 3e12 { // 13 digits; no issuer has less
		return false
	}
	var buf [20]byte
	d := strconv.AppendInt(buf[:0], n, 10)
	for i := range d {
		d[i] -= '0'
	}
	return card(d)
}
