package web

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/eventstore"
)

// chart is a bar chart over time with its words. parts.html renders it.
type chart struct {
	Plot  template.HTML
	Start int64  // of the first bar, Unix seconds
	Step  int64  // of a bar, in seconds
	Data  string // counts per bar, for the readout: "1,2,3"
	Axis  []string
}

// stackOrder is how levels lie on one another, from the bottom.
var stackOrder = []event.Level{event.Debug, event.Info, event.Warning, event.Error, event.Fatal}

// barChart draws buckets as stacked bars, height px tall. label says in a sentence what it shows. Bars are drawn on a grid
// that stretches sideways only; nothing else is in it, so no word is ever stretched.
func barChart(buckets []eventstore.Bucket, height int, label string) chart {
	const unit = 10 // width of a bar and its gap
	var top int64 = 1
	for _, b := range buckets {
		top = max(top, b.Count)
	}
	paths := make([]strings.Builder, len(stackOrder)+1) // one more for events without a level
	for i, b := range buckets {
		y, rest := float64(height), b.Count
		put := func(p *strings.Builder, n int64) {
			if n <= 0 {
				return
			}
			h := float64(n) / float64(top) * float64(height)
			if b.Count == n {
				h = max(h, 1.5) // a single event can be seen
			}
			y -= h
			fmt.Fprintf(p, "M%d %sh%dv%sh-%dz", i*unit, short(y), unit-2, short(h), unit-2)
		}
		for k, l := range stackOrder {
			n := min(b.ByLevel[l.Rank()], rest)
			rest -= n
			put(&paths[k], n)
		}
		put(&paths[len(stackOrder)], rest)
	}
	var s strings.Builder
	fmt.Fprintf(&s, `<svg class="plot" role="img" aria-label="%s"><svg width="100%%" height="100%%" viewBox="0 0 %d %d" preserveAspectRatio="none">`,
		template.HTMLEscapeString(label), max(len(buckets)*unit-2, 1), height)
	for k := range paths {
		if paths[k].Len() == 0 {
			continue
		}
		class := "f-error"
		if k < len(stackOrder) {
			class = "f-" + string(stackOrder[k])
		}
		fmt.Fprintf(&s, `<path class="%s" d="%s"/>`, class, paths[k].String())
	}
	s.WriteString(`</svg></svg>`)
	c := chart{Plot: template.HTML(s.String())} //nolint:gosec // numbers and constants, and a label that is escaped
	data := make([]string, len(buckets))
	for i, b := range buckets {
		data[i] = strconv.FormatInt(b.Count, 10)
	}
	c.Data = strings.Join(data, ",")
	if len(buckets) > 0 {
		c.Start = buckets[0].Start.Unix()
	}
	if len(buckets) > 1 {
		c.Step = int64(buckets[1].Start.Sub(buckets[0].Start) / time.Second)
	}
	return c
}

// axis returns five words for the time axis of buckets.
func axis(buckets []eventstore.Bucket, zone *time.Location) []string {
	if len(buckets) < 8 {
		return nil
	}
	span := buckets[len(buckets)-1].Start.Sub(buckets[0].Start)
	layout := "15:04"
	if span > 2*day {
		layout = "2 Jan"
	}
	const words = 5
	out := make([]string, words)
	for i := range words - 1 {
		out[i] = buckets[i*(len(buckets)-1)/(words-1)].Start.In(zone).Format(layout)
	}
	out[words-1] = "now"
	return out
}

// changeWords compares a total with the one before it: "▲ 38 %", from ten times on "▲ 12×"; and whether that is up. When
// there was next to nothing before, a comparison says nothing.
func changeWords(now, before int64) (string, bool) {
	if before == 0 || now/before > 999 {
		return "", false
	}
	p := float64(now-before) / float64(before) * 100
	switch {
	case p >= 900:
		return "▲" + hard + number(now/before) + "×", true
	case p >= 0.5:
		return "▲" + hard + number(int64(p+0.5)) + hard + "%", true
	case p <= -0.5:
		return "▼" + hard + number(int64(-p+0.5)) + hard + "%", false
	}
	return "", false
}
