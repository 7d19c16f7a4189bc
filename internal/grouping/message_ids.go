package grouping

import "strings"

// Classes of identifiers and numbers. Each returns the end of what it found, or 0.

// ids handles what is recognised by its length: trace contexts, UUIDs and hashes.
func (t *tokenizer) ids(i, end int, next byte) (string, int) {
	s := t.s
	if next == '-' {
		switch end - i {
		case 2: // 00-<32>-<16>-01, https://www.w3.org/TR/trace-context/
			if s[i:end] == "00" {
				if to := t.dashed(i, 2, 32, 16, 2); to > 0 {
					return "<traceparent>", to
				}
			}
		case 1: // 1-<8>-<24>, as load balancers of AWS write it
			if s[i] == '1' {
				if to := t.dashed(i, 1, 8, 24); to > 0 {
					return "<traceparent>", to
				}
			}
		case 8:
			if to := t.dashed(i, 8, 4, 4, 4, 12); to > 0 {
				return "<uuid>", to
			}
		}
		return "", 0
	}
	switch end - i {
	case 40:
		if allHex(s[i:end]) {
			return "<sha1>", end
		}
	case 32:
		if allHex(s[i:end]) {
			return "<md5>", end
		}
	}
	return "", 0
}

// dashed matches groups of hex digits of the given lengths, with dashes between.
func (t *tokenizer) dashed(i int, lengths ...int) int {
	s := t.s
	for k, n := range lengths {
		if k > 0 {
			if i >= len(s) || s[i] != '-' {
				return 0
			}
			i++
		}
		if i+n > len(s) || !allHex(s[i:i+n]) {
			return 0
		}
		i += n
	}
	if !t.boundary(i) {
		return 0
	}
	return i
}

// mac matches six pairs of hex digits.
func (t *tokenizer) mac(i int) int {
	s := t.s
	if i+17 > len(s) || s[i+2] != ':' && s[i+2] != '-' {
		return 0
	}
	sep := s[i+2]
	for k := range 17 {
		if k%3 == 2 {
			if s[i+k] != sep {
				return 0
			}
		} else if !isHex(s[i+k]) {
			return 0
		}
	}
	if !t.boundary(i+17) || i+17 < len(s) && s[i+17] == sep {
		return 0
	}
	return i + 17
}

// ip4 matches four numbers up to 255.
func (t *tokenizer) ip4(i int) int {
	s := t.s
	for k := range 4 {
		if k > 0 {
			if i >= len(s) || s[i] != '.' {
				return 0
			}
			i++
		}
		end := digitsEnd(s[:min(len(s), i+4)], i)
		if end == i || end-i > 3 || end-i == 3 && s[i:end] > "255" {
			return 0
		}
		i = end
	}
	if !t.boundary(i) || i+1 < len(s) && s[i] == '.' && isDigit(s[i+1]) {
		return 0
	}
	return i
}

// ip6 matches groups of up to four hex digits, "::" once, and an IPv4 address at the end. There must be a digit, so that
// Fee::add is not taken for one.
func (t *tokenizer) ip6(i int) int {
	s := t.s
	groups, double, digit := 0, false, false
	if strings.HasPrefix(s[i:], "::") {
		double = true
		i += 2
	}
	for i < len(s) && isHex(s[i]) && groups < 9 {
		end := hexEnd(s[:min(len(s), i+5)], i)
		if end-i > 4 {
			return 0
		}
		if end < len(s) && s[end] == '.' {
			if to := t.ip4(i); to > 0 {
				groups += 2
				i, digit = to, true
				break
			}
		}
		for k := i; k < end; k++ {
			digit = digit || isDigit(s[k])
		}
		groups++
		i = end
		if i+1 >= len(s) || s[i] != ':' {
			break
		}
		if s[i+1] == ':' {
			if double {
				return 0
			}
			double = true
			i += 2
		} else if isHex(s[i+1]) {
			i++
		} else {
			break
		}
	}
	if !digit || double && groups > 7 || !double && groups != 8 {
		return 0
	}
	if i < len(s) && s[i] == '%' {
		for i++; i < len(s) && isWord(s[i]); i++ {
		}
	}
	if !t.boundary(i) || i < len(s) && s[i] == '(' {
		return 0
	}
	return i
}

// swiftTransaction matches the transaction ids of OpenStack Swift: tx, 21 hex digits, a dash, 10 hex digits, a suffix.
// https://docs.openstack.org/api-ref/object-store/
func (t *tokenizer) swiftTransaction(i, end int) int {
	s := t.s
	if end-i != 23 || !allHex(s[i+2:end]) || end+11 > len(s) || !allHex(s[end+1:end+11]) {
		return 0
	}
	for end += 11; end < len(s) && (isWord(s[end]) || s[end] == '-'); end++ {
	}
	return end
}

// hex matches 0x…, words of 8 to 128 hex digits of one case, of 4 to 6 with a digit and a letter, and Git's 7.
func (t *tokenizer) hex(i, end int) (string, int) {
	s := t.s
	word := s[i:end]
	if len(word) > 2 && word[0] == '0' && word[1]|0x20 == 'x' {
		if allHex(word[2:]) {
			return "<hex>", end
		}
		return "", 0
	}
	n := len(word)
	if n < 4 || n > 128 || n < 8 && (end < len(s) && s[end] == '(' || i > 1 && s[i-2:i] == "::") {
		return "", 0 // too short, or a function such as Fee::add9()
	}
	digits, lower, upper := 0, 0, 0
	for k := range n {
		switch c := word[k]; {
		case isDigit(c):
			digits++
		case !isHex(c):
			return "", 0
		case isLower(c):
			lower++
		default:
			upper++
		}
	}
	letters := lower + upper
	switch {
	case digits == 0 || lower > 0 && upper > 0:
		return "", 0
	case n >= 8:
		if letters == 0 && end+1 < len(s) && s[end] == '.' && isDigit(s[end+1]) {
			return "", 0 // 12345678.5 is a number
		}
		return "<hex>", end
	case letters == 0:
		return "", 0
	case n == 7:
		if upper > 0 {
			return "", 0
		}
		return "<git_sha>", end
	}
	return "<hex>", end
}

// randomID matches words of 12 and more characters in which small and capital letters and digits alternate as they do in
// no name. A prefix such as pay_ or sk_live_ stays.
func (t *tokenizer) randomID(i, end int) (string, int) {
	const least = 12
	word := t.s[i:end]
	if len(word) < least {
		return "", 0
	}
	prefix := strings.LastIndexByte(word, '_') + 1
	id := word[prefix:]
	if len(id) < least || !hasDigit(id) || allDigits(id) || averageRun(id) >= 3 {
		return "", 0
	}
	if prefix > 0 {
		return word[:prefix] + "<random_id>", end
	}
	return "<random_id>", end
}

func hasDigit(s string) bool {
	for i := range len(s) {
		if isDigit(s[i]) {
			return true
		}
	}
	return false
}

// number matches integers, with thousands separated by commas or not, and numbers with a fraction and exponent; with a
// unit of bytes behind it a number is a size.
func (t *tokenizer) number(i int) (string, int) {
	s := t.s
	end := digitsEnd(s, i)
	for end-i <= 3 && end+4 <= len(s) && s[end] == ',' && allDigits(s[end+1:end+4]) && (end+4 == len(s) || !isDigit(s[end+4])) {
		end += 4
		i = end - 3
	}
	name := "<int>"
	if end+1 < len(s) && s[end] == '.' && isDigit(s[end+1]) {
		name = "<float>"
		end = digitsEnd(s, end+1)
	}
	if end+1 < len(s) && s[end]|0x20 == 'e' {
		exp := end + 1
		if s[exp] == '-' || s[exp] == '+' {
			exp++
		}
		if to := digitsEnd(s, exp); to > exp {
			name, end = "<float>", to
		}
	}
	if t.boundary(end) {
		return name, end
	}
	if to := t.unit(end); to > 0 {
		return "<size>", to
	}
	return "", 0
}

// unit matches a unit of bytes.
func (t *tokenizer) unit(i int) int {
	for _, u := range [...]string{"B", "kB", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB", "bytes"} {
		if strings.HasPrefix(t.s[i:], u) && t.boundary(i+len(u)) {
			return i + len(u)
		}
	}
	return 0
}
