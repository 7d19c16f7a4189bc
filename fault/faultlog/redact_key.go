package faultlog

import "strings"

// secretWord is the end of a key whose value is secret. The words are normalised: lower case, without separators.
type secretWord struct {
	word string
	// whole: the word must start where a word of the key starts, because other words end in it ("compass", "mesh_auth").
	whole bool
	// weak: numbers under such a key are counts, not secrets.
	weak bool
}

// secretWords, by last letter, so that most keys are decided by one look-up.
var secretWords = func() (m [26][]secretWord) {
	for _, w := range []secretWord{
		{word: "password"},
		{word: "passwords"},
		{word: "passwd"},
		{word: "passphrase"},
		{word: "passcode"},
		{word: "pwd", whole: true},
		{word: "pass", whole: true, weak: true},
		{word: "secret"},
		{word: "secrets"},
		{word: "credential"},
		{word: "credentials"},
		{word: "creds", whole: true},
		{word: "token", weak: true},
		{word: "jwt", whole: true},
		{word: "bearer", whole: true},
		{word: "auth", whole: true, weak: true},
		{word: "authorization"},
		{word: "cookie", weak: true},
		{word: "cookies", weak: true},
		{word: "apikey"},
		{word: "apikeys"},
		{word: "secretkey"},
		{word: "privatekey"},
		{word: "accesskey"},
		{word: "accesskeyid"},
		{word: "signingkey"},
		{word: "encryptionkey"},
		{word: "sessionkey"},
		{word: "sessionid"},
		{word: "authkey"},
		{word: "csrf", whole: true},
		{word: "xsrf", whole: true},
		{word: "otp", whole: true},
		{word: "totp", whole: true},
		{word: "ssn", whole: true},
		{word: "socialsecuritynumber"},
		{word: "cardnumber"},
		{word: "creditcard"},
		{word: "cvv", whole: true},
		{word: "cvc", whole: true},
		{word: "webhookurl"},
		{word: "connectionstring"},
	} {
		i := w.word[len(w.word)-1] - 'a'
		m[i] = append(m[i], w)
	}
	return m
}()

// SecretKey reports whether a value of this key is removed: when the key's last words are password, secret, token, api_key,
// authorization, cookie, session_id, ssn, card_number and their like, in any spelling ("apiKey", "X-Api-Key", "API_KEY").
// "token_count" and "password_reset_at" are not secret, nor is "compass".
func (r *Redactor) SecretKey(key string) bool {
	secret, _ := r.secretKey(key)
	return secret
}

func (r *Redactor) secretKey(key string) (secret, weak bool) {
	if r != nil && len(r.keys) > 0 {
		if s, ok := r.keys[normalKey(key)]; ok {
			return s, false
		}
	}
	// The last letter decides which words to compare; separators at the end do not count.
	end := len(key)
	for end > 0 && separator(key[end-1]) {
		end--
	}
	if end == 0 {
		return false, false
	}
	last := key[end-1] | 0x20
	if last < 'a' || last > 'z' {
		return false, false
	}
	for _, w := range secretWords[last-'a'] {
		if endsInWord(key[:end], w) {
			return true, w.weak
		}
	}
	return false, false
}

// endsInWord compares from the end, skipping separators and case.
func endsInWord(key string, w secretWord) bool {
	i, j := len(key), len(w.word)
	for j > 0 {
		if i == 0 {
			return false
		}
		c := key[i-1]
		if separator(c) {
			i--
			continue
		}
		if c|0x20 != w.word[j-1] {
			return false
		}
		i--
		j--
	}
	if !w.whole || i == 0 || separator(key[i-1]) {
		return true
	}
	// "userSsn" and "HTTPAuth" start a word at a capital, "compass" and "GAUTH" do not.
	first, before := key[i], key[i-1]
	return upper(first) && (!upper(before) || i+1 < len(key) && !upper(key[i+1]))
}

func separator(c byte) bool { return c == '_' || c == '-' || c == '.' || c == ' ' }
func upper(c byte) bool     { return c >= 'A' && c <= 'Z' }

func normalKey(key string) string {
	var b strings.Builder
	for i := range len(key) {
		if !separator(key[i]) {
			b.WriteByte(key[i])
		}
	}
	return strings.ToLower(b.String())
}
