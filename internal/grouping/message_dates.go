package grouping

import "strings"

// Dates and times as programs write them: RFC 822, 850, 1123, 3339, ISO 8601, ANSI C, JavaScript, syslog, web server logs.
// Each function returns the end of what it found, or 0.

// dateDigits matches what begins with a digit.
func (t *tokenizer) dateDigits(i int) int {
	s := t.s
	switch n := digitsEnd(s, i) - i; n {
	case 8: // 20260201T101112Z; without T it is a number like others
		return t.compactDate(i)
	case 4:
		return t.isoDate(i)
	case 1, 2:
		if to := t.clockAlone(i); to > 0 {
			return to
		}
		if to := t.dayFirst(i, n); to > 0 {
			return to
		}
		return t.dayMonthName(i, n)
	}
	return 0
}

// isoDate matches 2026-02-01 and 2026/02/01, with a time or without.
func (t *tokenizer) isoDate(i int) int {
	s := t.s
	if i+10 > len(s) || s[i] != '1' && s[i] != '2' {
		return 0
	}
	sep := s[i+4]
	if sep != '-' && sep != '/' || s[i+7] != sep || !inRange(s[i+5:i+7], 1, 12) || !inRange(s[i+8:i+10], 1, 31) {
		return 0
	}
	end := i + 10
	if end+1 < len(s) && strings.IndexByte("Tt _,", s[end]) >= 0 {
		at := end + 1
		if s[end] == ',' && s[at] == ' ' {
			at++
		}
		if to := t.clock(at); to > 0 {
			return t.zone(to)
		}
	}
	if !t.boundary(end) {
		return 0
	}
	return end
}

// compactDate matches ISO 8601 without separators.
func (t *tokenizer) compactDate(i int) int {
	s := t.s
	if i+15 > len(s) || s[i+8]|0x20 != 't' || !inRange(s[i+4:i+6], 1, 12) || !inRange(s[i+6:i+8], 1, 31) || !allDigits(s[i+9:i+13]) {
		return 0
	}
	end := digitsEnd(s, i+9)
	if end+1 < len(s) && s[end] == '.' {
		end = digitsEnd(s, end+1)
	}
	end = t.zone(end)
	if !t.boundary(end) {
		return 0
	}
	return end
}

// dayFirst matches 01/02/2026, 1.2.2026 and 01-02-2026, with a time or without.
func (t *tokenizer) dayFirst(i, n int) int {
	s := t.s
	at := i + n
	if at >= len(s) || strings.IndexByte("/.-", s[at]) < 0 || !inRange(s[i:at], 1, 31) {
		return 0
	}
	sep := s[at]
	m := digitsEnd(s[:min(len(s), at+4)], at+1)
	if m == at+1 || m-at > 3 || m >= len(s) || s[m] != sep || !inRange(s[at+1:m], 1, 31) {
		return 0
	}
	end := digitsEnd(s[:min(len(s), m+6)], m+1)
	if end-m-1 != 4 || s[m+1] != '1' && s[m+1] != '2' || !t.boundary(end) {
		return 0
	}
	return t.optionalTime(end)
}

// dayMonthName matches 02 Jan 2006, 02-Jan-06 and 02/Jan/2006:15:04:05 +0000.
func (t *tokenizer) dayMonthName(i, n int) int {
	s := t.s
	at := i + n
	if at+5 > len(s) || strings.IndexByte(" -/", s[at]) < 0 || !inRange(s[i:at], 1, 31) {
		return 0
	}
	sep := s[at]
	month := wordEnd(s, at+1)
	if !isMonth(s[at+1:month]) || month >= len(s) || s[month] != sep {
		return 0
	}
	end := digitsEnd(s[:min(len(s), month+6)], month+1)
	if year := end - month - 1; year != 4 && year != 2 || !t.boundary(end) {
		return 0
	}
	if end < len(s) && s[end] == ':' {
		if to := t.clock(end + 1); to > 0 {
			return t.zone(to)
		}
	}
	return t.optionalTime(end)
}

// dateText matches what begins with the name of a day or month.
func (t *tokenizer) dateText(i, end int) int {
	s := t.s
	if isDay(s[i:end]) {
		at := end
		if at < len(s) && s[at] == ',' {
			at++
		}
		if at+1 >= len(s) || s[at] != ' ' {
			return 0
		}
		at++
		if isDigit(s[at]) {
			n := digitsEnd(s, at) - at
			if n > 2 {
				return 0
			}
			return t.dayMonthName(at, n)
		}
		return t.monthFirst(at, wordEnd(s, at))
	}
	return t.monthFirst(i, end)
}

// monthFirst matches Jan 02, 1999 · Jan 2 15:04:05 2006 · Feb 01 2026 10:11:12 GMT+0100 (Central European Time) · Jan 2 15:04:05.
func (t *tokenizer) monthFirst(i, end int) int {
	s := t.s
	if !isMonth(s[i:end]) || end >= len(s) || s[end] != ' ' {
		return 0
	}
	at := end + 1
	if at < len(s) && s[at] == ' ' { // a day of one digit is padded
		at++
	}
	day := digitsEnd(s[:min(len(s), at+3)], at)
	if day == at || day-at > 2 || day >= len(s) {
		return 0
	}
	if s[day] == ',' && day+1 < len(s) && s[day+1] == ' ' {
		year := digitsEnd(s[:min(len(s), day+7)], day+2)
		if year-day-2 != 4 || !t.boundary(year) {
			return 0
		}
		return t.optionalTime(year)
	}
	if s[day] != ' ' {
		return 0
	}
	if to := t.clock(day + 1); to > 0 {
		to = t.zone(to)
		if year := t.year(to); year > 0 {
			return year
		}
		return to
	}
	year := t.year(day)
	if year == 0 {
		return 0
	}
	return t.optionalTime(year)
}

// year matches a blank and four digits.
func (t *tokenizer) year(i int) int {
	s := t.s
	if i+5 > len(s) || s[i] != ' ' || !allDigits(s[i+1:i+5]) || !t.boundary(i+5) {
		return 0
	}
	return i + 5
}

// optionalTime extends a date that ends at i by a time and its zone.
func (t *tokenizer) optionalTime(i int) int {
	s := t.s
	at := i
	if at < len(s) && s[at] == ',' {
		at++
	}
	if strings.HasPrefix(s[at:], " at ") {
		at += len(" at")
	}
	if at < len(s) && s[at] == ' ' {
		if to := t.clock(at + 1); to > 0 {
			return t.zone(to)
		}
	}
	return i
}

// clockAlone matches a time that is not part of a date. After a colon or the word line it is a place in a file.
func (t *tokenizer) clockAlone(i int) int {
	if i > 0 && t.s[i-1] == ':' || strings.HasSuffix(t.s[:i], "line ") {
		return 0
	}
	return t.clock(i)
}

// clock matches h:mm, hh:mm, with seconds and a fraction, and am or pm.
func (t *tokenizer) clock(i int) int {
	s := t.s
	end := digitsEnd(s[:min(len(s), i+3)], i)
	if end == i || end-i > 2 || !inRange(s[i:end], 0, 24) || end+3 > len(s) || s[end] != ':' || !inRange(s[end+1:end+3], 0, 59) {
		return 0
	}
	end += 3
	if end+3 <= len(s) && s[end] == ':' && inRange(s[end+1:end+3], 0, 60) {
		end += 3
		if end+1 < len(s) && (s[end] == '.' || s[end] == ',') && isDigit(s[end+1]) {
			end = digitsEnd(s, end+1)
		}
	}
	if end < len(s) && (isDigit(s[end]) || s[end] == ':' && end+1 < len(s) && isDigit(s[end+1])) {
		return 0
	}
	at := end
	if at < len(s) && s[at] == ' ' {
		at++
	}
	if at+2 <= len(s) && (s[at]|0x20 == 'a' || s[at]|0x20 == 'p') && s[at+1]|0x20 == 'm' && t.boundary(at+2) {
		return at + 2
	}
	if end < len(s) && isWord(s[end]) && s[end] != 'Z' {
		return 0
	}
	return end
}

// zone extends a time by Z, an offset, the name of a zone, and an explanation in parentheses.
func (t *tokenizer) zone(i int) int {
	s := t.s
	if i < len(s) && s[i]|0x20 == 'z' && t.boundary(i+1) {
		return i + 1
	}
	at := i
	if at < len(s) && s[at] == ' ' {
		at++
	}
	for _, name := range [...]string{"UTC", "GMT", "UT", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT", "CET", "CEST", "BST", "IST", "JST"} {
		if strings.HasPrefix(s[at:], name) && t.boundary(at+len(name)) {
			i, at = at+len(name), at+len(name)
			break
		}
	}
	if to := t.offset(at); to > 0 {
		i = to
	}
	if strings.HasPrefix(s[i:], " (") {
		if end := strings.IndexByte(s[i:min(len(s), i+64)], ')'); end > 0 {
			i += end + 1
		}
	}
	return i
}

// offset matches +01:00, -0700 and +01.
func (t *tokenizer) offset(i int) int {
	s := t.s
	if i+3 > len(s) || s[i] != '+' && s[i] != '-' || !allDigits(s[i+1:i+3]) {
		return 0
	}
	end := i + 3
	if end < len(s) && s[end] == ':' && end+3 <= len(s) && allDigits(s[end+1:end+3]) {
		end += 3
	} else if end+2 <= len(s) && allDigits(s[end:end+2]) {
		end += 2
	}
	if !t.boundary(end) {
		return 0
	}
	return end
}

// pythonDate matches the repr of a datetime.
func (t *tokenizer) pythonDate(i int) int {
	const head = "datetime.datetime("
	const most = 128
	if !strings.HasPrefix(t.s[i:], head) {
		return 0
	}
	from := i + len(head)
	end := strings.IndexByte(t.s[from:min(len(t.s), from+most)], ')')
	if end < 0 {
		return 0
	}
	// tzinfo=datetime.timezone.utc) and tzinfo=<UTC>) end at the same place; timezone(...) has one more.
	end += from + 1
	if strings.Contains(t.s[from:end], "(") && end < len(t.s) && t.s[end] == ')' {
		end++
	}
	return end
}

// duration matches one number with a unit of time, or several: 12ms, 1.5s, 1h2m3s.
func (t *tokenizer) duration(i int) int {
	s := t.s
	for first := true; ; first = false {
		end := digitsEnd(s, i)
		if end == i {
			if first {
				return 0
			}
			break
		}
		if end+1 < len(s) && s[end] == '.' && isDigit(s[end+1]) {
			end = digitsEnd(s, end+1)
		}
		unit := timeUnit(s[end:])
		if unit == 0 {
			return 0
		}
		i = end + unit
	}
	if !t.boundary(i) {
		return 0
	}
	return i
}

// timeUnit returns the length of the unit s begins with.
func timeUnit(s string) int {
	for _, u := range [...]string{"ns", "us", "µs", "μs", "ms", "s", "m", "h"} {
		if strings.HasPrefix(s, u) {
			return len(u)
		}
	}
	return 0
}

// inRange reports whether s is a number of one or two digits between the two.
func inRange(s string, least, most int) bool {
	if !allDigits(s) || len(s) > 2 {
		return false
	}
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return least <= n && n <= most
}

func wordEnd(s string, i int) int {
	for i < len(s) && isLetter(s[i]) {
		i++
	}
	return i
}

func isDay(s string) bool {
	switch s {
	case "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday":
		return true
	}
	return false
}

func isMonth(s string) bool {
	switch s {
	case "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "January", "February", "March",
		"April", "June", "July", "August", "September", "October", "November", "December":
		return true
	}
	return false
}
