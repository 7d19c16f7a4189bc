package web

import (
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"

	"github.com/seismohq/seismo/internal/eventstore"
)

// The size of a sparkline on its own grid: bars of 3 with gaps of 1, 28 high.
const (
	sparkStep   = 4
	sparkBar    = 3
	sparkHeight = 28
	sparkLeast  = 1.5 // of a bucket with anything in it
)

// sparkline draws counts as bars, oldest first: two paths, of which the second holds what is above the usual band. label
// says the trend in words. It is made of numbers and constants.
func sparkline(counts []int64, label string) template.HTML {
	limit := usualBand(counts)
	top := max(slices.Max(append(counts, 1)), 1)
	var usual, hot strings.Builder
	for i, n := range counts {
		if n <= 0 {
			continue
		}
		h := max(float64(n)/float64(top)*sparkHeight, sparkLeast)
		b := &usual
		if n > limit {
			b = &hot
		}
		fmt.Fprintf(b, "M%d %sh%dv%sh-%dz", i*sparkStep, short(sparkHeight-h), sparkBar, short(h), sparkBar)
	}
	width := max(len(counts)*sparkStep-1, 1)
	var s strings.Builder
	fmt.Fprintf(&s, `<svg class="spark" viewBox="0 0 %d %d" preserveAspectRatio="none" role="img" aria-label="%s">`, width, sparkHeight, template.HTMLEscapeString(label))
	fmt.Fprintf(&s, `<path class="base" d="M0 27.4h%dv.6H0z"/>`, width)
	if usual.Len() > 0 {
		fmt.Fprintf(&s, `<path d="%s"/>`, usual.String())
	}
	if hot.Len() > 0 {
		fmt.Fprintf(&s, `<path class="hot" d="%s"/>`, hot.String())
	}
	s.WriteString(`</svg>`)
	return template.HTML(s.String()) //nolint:gosec // numbers and constants, and a label that is escaped
}

// short writes a number with at most one decimal, as SVG needs no more.
func short(f float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0")
}

// usualBand returns the count up to which a bucket is usual: the median and three median absolute deviations of the buckets
// that have events, so that an issue which is mostly silent is not alarming each time it speaks.
func usualBand(counts []int64) int64 {
	busy := slices.DeleteFunc(slices.Clone(counts), func(n int64) bool { return n <= 0 })
	if len(busy) < 3 {
		return 1<<63 - 1
	}
	m := median(busy)
	for i, n := range busy {
		busy[i] = max(n-m, m-n)
	}
	return m + 3*max(median(busy), 1)
}

// median sorts n and returns its middle.
func median(n []int64) int64 {
	slices.Sort(n)
	return n[len(n)/2]
}

// surge returns how many times its median of busy buckets the latest ones reach, and 0 when that is nothing special.
func surge(counts []int64) float64 {
	if len(counts) < 6 {
		return 0
	}
	limit := usualBand(counts)
	latest := slices.Max(counts[len(counts)-3:])
	if latest <= limit {
		return 0
	}
	busy := slices.DeleteFunc(slices.Clone(counts), func(n int64) bool { return n <= 0 })
	return float64(latest) / float64(max(median(busy), 1))
}

// trendWords says what a sparkline shows.
func trendWords(counts []int64, span string) string {
	var sum, late int64
	tail := len(counts) - max(len(counts)/4, 1)
	for i, n := range counts {
		sum += n
		if i >= tail {
			late += n
		}
	}
	word := "steady"
	switch rest := len(counts) - max(len(counts)/4, 1); {
	case sum == 0:
		return "No events, " + span
	case late == 0:
		word = "over"
	case rest > 0 && late*int64(rest) > 2*(sum-late)*int64(len(counts)-rest):
		word = "rising"
	case rest > 0 && 2*late*int64(rest) < (sum-late)*int64(len(counts)-rest):
		word = "falling"
	}
	return "Trend: " + word + ", " + span
}

// counts returns the counts of buckets.
func counts(buckets []eventstore.Bucket) []int64 {
	out := make([]int64, len(buckets))
	for i, b := range buckets {
		out[i] = b.Count
	}
	return out
}
