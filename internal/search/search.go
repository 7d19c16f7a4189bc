// Package search is the language of the search box: `is:unresolved level:error timeout`. It parses text to terms; what a
// term means to a table is the business of who compiles it.
package search

import (
	"strings"
	"unicode"
)

// Query is a parsed search.
type Query struct {
	Terms []Term
	Words []string // bare words and quoted texts, in order: all of them must be contained
}

// Term is one `key:value`. All terms must hold.
type Term struct {
	Key    string // lower case
	Value  string // without quotes
	Negate bool   // written with a leading '!'
	Text   string // as typed
}

// Parse reads a search. Anything is a search: what is no term is a word.
func Parse(text string) Query {
	var q Query
	for _, token := range tokens(text) {
		key, value, ok := strings.Cut(token, ":")
		name := strings.TrimPrefix(key, "!")
		if !ok || !isKey(name) || value == "" || strings.HasPrefix(value, "//") || strings.HasPrefix(value, ":") {
			if word := unquote(token); word != "" {
				q.Words = append(q.Words, word)
			}
			continue
		}
		q.Terms = append(q.Terms, Term{Key: strings.ToLower(name), Value: unquote(value), Negate: name != key, Text: token})
	}
	return q
}

// tokens splits at blanks outside double quotes.
func tokens(text string) []string {
	var out []string
	start, quoted := -1, false
	for i, r := range text {
		switch {
		case r == '"':
			quoted = !quoted
		case unicode.IsSpace(r) && !quoted:
			if start >= 0 {
				out = append(out, text[start:i])
			}
			start = -1
			continue
		}
		if start < 0 {
			start = i
		}
	}
	if start >= 0 {
		out = append(out, text[start:])
	}
	return out
}

func isKey(s string) bool {
	if s == "" {
		return false
	}
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-", r) {
			return false
		}
	}
	return true
}

func unquote(s string) string { return strings.ReplaceAll(s, `"`, "") }
