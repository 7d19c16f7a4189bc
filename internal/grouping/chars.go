package grouping

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

func isLower(b byte) bool { return 'a' <= b && b <= 'z' }

func isUpper(b byte) bool { return 'A' <= b && b <= 'Z' }

func isLetter(b byte) bool { return isLower(b | 0x20) }

func isAlnum(b byte) bool { return isDigit(b) || isLetter(b) }

// isWord reports whether b belongs to a word in the sense of a regular expression's \w. Bytes of other scripts do not, so
// that digits between Chinese or Japanese characters are found.
func isWord(b byte) bool { return isAlnum(b) || b == '_' }

func isHex(b byte) bool { return isDigit(b) || 'a' <= b|0x20 && b|0x20 <= 'f' }

// digitsEnd returns the end of the digits that begin at i.
func digitsEnd(s string, i int) int {
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return i
}

// hexEnd returns the end of the hex digits that begin at i.
func hexEnd(s string, i int) int {
	for i < len(s) && isHex(s[i]) {
		i++
	}
	return i
}

func allDigits(s string) bool { return s != "" && digitsEnd(s, 0) == len(s) }

func allHex(s string) bool { return s != "" && hexEnd(s, 0) == len(s) }

// trimDigits removes digits from the end.
func trimDigits(s string) string {
	for s != "" && isDigit(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}
