package normalize

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/seismohq/seismo/internal/event"
)

// timestamp reads a point in time: RFC 3339 with any offset, also with a blank for the T, also without offset (then UTC),
// or seconds since 1970 as number or text. Numbers above 1e11 are milliseconds: seconds would be in the year 5138.
func timestamp(v value) (time.Time, bool) {
	if k := v.kind(); k != event.String && k != event.Number {
		return time.Time{}, false
	}
	s := strings.TrimSpace(v[0].text)
	if v.kind() == event.String {
		if t, ok := date(s); ok {
			return t, true
		}
	}
	return unix(s)
}

// timestamp reads a point in time; zero, and a problem, where there is none.
func (r *reader) timestamp(name string, v value) time.Time {
	t, ok := timestamp(v)
	if !ok {
		r.invalid(name, v)
	}
	return t
}

// unix reads seconds or milliseconds since 1970. Plain decimals are read exactly: a float has no room for microseconds.
func unix(s string) (time.Time, bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err == nil && sec >= 0 && len(fraction) <= 30 && strings.Trim(fraction, "0123456789") == "" {
		switch {
		case sec <= 1e11:
			return time.Unix(sec, nanos(fraction)).UTC().Truncate(time.Microsecond), true
		case sec <= 1e14:
			return time.UnixMilli(sec).UTC(), true
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || f < 0 {
		return time.Time{}, false
	}
	if f > 1e11 {
		f /= 1000
	}
	if f > 1e11 {
		return time.Time{}, false
	}
	sec = int64(f)
	return time.Unix(sec, int64((f-float64(sec))*1e9)).UTC().Truncate(time.Microsecond), true
}

// nanos reads the digits behind the point of seconds.
func nanos(digits string) int64 {
	n := int64(0)
	for i := range 9 {
		n *= 10
		if i < len(digits) {
			n += int64(digits[i] - '0')
		}
	}
	return n
}

// date reads RFC 3339 and its relatives. By hand, because an event may have a hundred of them.
func date(s string) (time.Time, bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return time.Time{}, false
	}
	year, ok1 := digits(s[0:4])
	month, ok2 := digits(s[5:7])
	day, ok3 := digits(s[8:10])
	if !ok1 || !ok2 || !ok3 || year == 0 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return time.Time{}, false
	}
	hour, minute, second, nsec, offset, ok := clockTime(s[10:])
	if !ok {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nsec, time.UTC)
	return t.Add(-time.Duration(offset) * time.Second).Truncate(time.Microsecond), true
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// clockTime reads what follows a date: nothing, or "T10:11", "T10:11:12.123Z", " 10:11:12 +02:00" and the like.
func clockTime(s string) (hour, minute, second, nsec, offset int, ok bool) {
	if s == "" {
		return 0, 0, 0, 0, 0, true
	}
	if len(s) > 2 && s[2] == ':' { // an hour of one digit
		s = s[:1] + "0" + s[1:]
	}
	if len(s) < 6 || s[0] != 'T' && s[0] != 't' && s[0] != ' ' || s[3] != ':' {
		return 0, 0, 0, 0, 0, false
	}
	hour, ok1 := digits(s[1:3])
	minute, ok2 := digits(s[4:6])
	ok3 := true
	if s = s[6:]; len(s) >= 3 && s[0] == ':' {
		second, ok3 = digits(s[1:3])
		s = s[3:]
		if s != "" && (s[0] == '.' || s[0] == ',') {
			n := 1
			for n < len(s) && s[n] >= '0' && s[n] <= '9' {
				n++
			}
			nsec = int(nanos(s[1:n]))
			s = s[n:]
		}
	}
	offset, ok4 := zone(strings.TrimPrefix(s, " "))
	// A leap second is the last one there is.
	return hour, minute, second, nsec, offset, ok1 && ok2 && ok3 && ok4 && hour < 24 && minute < 60 && second <= 60
}

// zone reads an offset from UTC in seconds: nothing, Z, UTC, GMT, +02:00, +0200 or +02.
func zone(s string) (seconds int, ok bool) {
	switch s {
	case "", "Z", "z", "UTC", "GMT":
		return 0, true
	}
	sign := 1
	switch s[0] {
	case '-':
		sign = -1
	case '+':
	default:
		return 0, false
	}
	s = strings.Replace(s[1:], ":", "", 1)
	if len(s) == 2 {
		s += "00"
	}
	if len(s) != 4 {
		return 0, false
	}
	hours, ok1 := digits(s[:2])
	minutes, ok2 := digits(s[2:])
	return sign * (hours*3600 + minutes*60), ok1 && ok2 && hours < 24 && minutes < 60
}

func digits(s string) (n int, ok bool) {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}
