package web

import (
	"fmt"
	"strconv"
	"time"
)

// when is a time as the page shows it. parts.html renders it as a <time>.
type when struct {
	ISO  string // for machines
	Text string // for the row
	Full string // local, UTC and Unix, for the tooltip
}

// IsZero lets templates leave out times that are not known.
func (t when) IsZero() bool { return t.ISO == "" }

const day = 24 * time.Hour

// seen is a time in a list: "12 s", "9 m", "3 h", and the date from a day on.
func (v *visit) seen(t time.Time) when {
	if t.IsZero() {
		return when{}
	}
	w := v.exact(t)
	w.Text = age(v.now, t.In(v.zone))
	return w
}

// ago is a time in a sentence: "12 s ago", "3 months ago".
func (v *visit) ago(t time.Time) when {
	w := v.seen(t)
	if w.IsZero() {
		return w
	}
	switch d := v.now.Sub(t); {
	case d < time.Second:
		w.Text = "just now"
	case d < day:
		w.Text += " ago"
	case d < 2*day:
		w.Text = "yesterday"
	case d < 60*day:
		w.Text = strconv.Itoa(int(d/day)) + " days ago"
	case d < 730*day:
		w.Text = strconv.Itoa(int(d/(30*day))) + " months ago"
	default:
		w.Text = strconv.Itoa(int(d/(365*day))) + " years ago"
	}
	return w
}

// clock is a time of day today, and the date with it before.
func (v *visit) clock(t time.Time) when {
	if t.IsZero() {
		return when{}
	}
	w := v.exact(t)
	t, now := t.In(v.zone), v.now.In(v.zone)
	switch {
	case t.YearDay() == now.YearDay() && t.Year() == now.Year():
		w.Text = t.Format("15:04")
	case t.Year() == now.Year():
		w.Text = t.Format("2 Jan, 15:04")
	default:
		w.Text = t.Format("2 Jan 2006")
	}
	return w
}

// exact is a time to the millisecond with its zone, as events have it.
func (v *visit) exact(t time.Time) when {
	if t.IsZero() {
		return when{}
	}
	local := t.In(v.zone)
	full := local.Format("Mon 2 Jan 2006, 15:04:05.000 MST")
	if v.zone != time.UTC {
		full += "\n" + t.UTC().Format("2006-01-02 15:04:05.000 UTC")
	}
	full += "\nUnix " + strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64)
	return when{ISO: t.UTC().Format("2006-01-02T15:04:05.000Z"), Text: local.Format("Mon 2 Jan, 15:04:05.000 MST"), Full: full}
}

// age is how long ago t was, in one unit; from a day on the date.
func age(now, t time.Time) string {
	switch d := now.Sub(t); {
	case d < time.Second:
		return "now"
	case d < time.Minute:
		return strconv.Itoa(int(d/time.Second)) + hard + "s"
	case d < time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + hard + "m"
	case d < day:
		return strconv.Itoa(int(d/time.Hour)) + hard + "h"
	case t.Year() == now.In(t.Location()).Year():
		return t.Format("2 Jan")
	default:
		return t.Format("2 Jan 2006")
	}
}

// duration is a span in its two largest units: "9 m 52 s".
func duration(d time.Duration) string {
	switch {
	case d < 0:
		return "0" + hard + "s"
	case d < time.Second:
		return strconv.Itoa(int(d/time.Millisecond)) + hard + "ms"
	case d < time.Minute:
		return strconv.Itoa(int(d/time.Second)) + hard + "s"
	case d < time.Hour:
		return fmt.Sprintf("%d%sm %d%ss", d/time.Minute, hard, d%time.Minute/time.Second, hard)
	case d < day:
		return fmt.Sprintf("%d%sh %d%sm", d/time.Hour, hard, d%time.Hour/time.Minute, hard)
	default:
		return fmt.Sprintf("%d%sd %d%sh", d/day, hard, d%day/time.Hour, hard)
	}
}
