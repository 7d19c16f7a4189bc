package web

import (
	"strings"
	"testing"
	"time"

	"github.com/seismohq/seismo/internal/eventstore"
)

func TestSparkline(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		counts []int64
		want   string
	}{
		"nothing":  {[]int64{0, 0}, `<svg class="spark" viewBox="0 0 7 28" preserveAspectRatio="none" role="img" aria-label="l"><path class="base" d="M0 27.4h7v.6H0z"/></svg>`},
		"bars":     {[]int64{1, 0, 2}, `<svg class="spark" viewBox="0 0 11 28" preserveAspectRatio="none" role="img" aria-label="l"><path class="base" d="M0 27.4h11v.6H0z"/><path d="M0 14h3v14h-3zM8 0h3v28h-3z"/></svg>`},
		"a spike":  {[]int64{1, 1, 1, 1, 100}, `<svg class="spark" viewBox="0 0 19 28" preserveAspectRatio="none" role="img" aria-label="l"><path class="base" d="M0 27.4h19v.6H0z"/><path d="M0 26.5h3v1.5h-3zM4 26.5h3v1.5h-3zM8 26.5h3v1.5h-3zM12 26.5h3v1.5h-3z"/><path class="hot" d="M16 0h3v28h-3z"/></svg>`},
		"no count": {nil, `<svg class="spark" viewBox="0 0 1 28" preserveAspectRatio="none" role="img" aria-label="l"><path class="base" d="M0 27.4h1v.6H0z"/></svg>`},
	} {
		if got := string(sparkline(tc.counts, "l")); got != tc.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, tc.want)
		}
	}
	if got := string(sparkline(nil, `"><script>`)); strings.Contains(got, "<script") {
		t.Errorf("the label is not escaped: %s", got)
	}
}

func TestUsualBand(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		counts []int64
		hot    int // how many stand out
	}{
		"nothing":            {make([]int64, 24), 0},
		"steady":             {[]int64{10, 12, 9, 11, 10, 12, 13, 9}, 0},
		"mostly silent":      {[]int64{0, 0, 1, 0, 0, 8, 0, 5, 0, 7, 0, 0}, 0},
		"just began":         {[]int64{0, 0, 0, 0, 0, 0, 50, 60}, 0},
		"a spike at the end": {[]int64{1, 1, 2, 1, 1, 1, 2, 1, 40, 60}, 2},
	} {
		limit, n := usualBand(tc.counts), 0
		for _, c := range tc.counts {
			if c > limit {
				n++
			}
		}
		if n != tc.hot {
			t.Errorf("%s: %d buckets stand out above %d, want %d", name, n, limit, tc.hot)
		}
	}
}

func TestTrendWords(t *testing.T) {
	t.Parallel()
	for want, counts := range map[string][]int64{
		"No events, today":      {0, 0, 0, 0},
		"Trend: rising, today":  {1, 1, 1, 9},
		"Trend: falling, today": {9, 9, 9, 1},
		"Trend: steady, today":  {5, 6, 5, 5},
		"Trend: over, today":    {5, 6, 5, 0},
	} {
		if got := trendWords(counts, "today"); got != want {
			t.Errorf("%v: %q, want %q", counts, got, want)
		}
	}
}

func TestSurge(t *testing.T) {
	t.Parallel()
	if got := surge([]int64{10, 10, 10, 10, 10, 10, 61}); got != 6.1 {
		t.Errorf("six times: %v", got)
	}
	if got := surge([]int64{10, 11, 10, 9, 10, 12, 11}); got != 0 {
		t.Errorf("usual: %v", got)
	}
}

func TestBarChart(t *testing.T) {
	t.Parallel()
	at := testTime.Truncate(time.Hour)
	c := barChart([]eventstore.Bucket{
		{Start: at, Count: 4, ByLevel: [6]int64{0, 0, 0, 1, 2, 1}},
		{Start: at.Add(time.Hour), Count: 1}, // without a level
		{Start: at.Add(2 * time.Hour)},
	}, 40, "l<")
	want := `<svg class="plot" role="img" aria-label="l&lt;"><svg width="100%" height="100%" viewBox="0 0 28 40" preserveAspectRatio="none">` +
		`<path class="f-warning" d="M0 30h8v10h-8z"/><path class="f-error" d="M0 10h8v20h-8z"/><path class="f-fatal" d="M0 0h8v10h-8z"/><path class="f-error" d="M10 30h8v10h-8z"/></svg></svg>`
	if string(c.Plot) != want {
		t.Errorf("%s\nwant\n%s", c.Plot, want)
	}
	if c.Data != "4,1,0" || c.Step != 3600 || c.Start != at.Unix() {
		t.Errorf("%+v", c)
	}
}

func TestChange(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		now, before int64
		want        string
		up          bool
	}{
		{138, 100, "▲" + hard + "38" + hard + "%", true},
		{50, 100, "▼" + hard + "50" + hard + "%", false},
		{1200, 100, "▲" + hard + "12×", true},
		{100, 100, "", false},
		{5, 0, "", false},
		{10_000, 1, "", false},
	} {
		if got, up := changeWords(tc.now, tc.before); got != tc.want || up != tc.up {
			t.Errorf("%d after %d: %q %v, want %q %v", tc.now, tc.before, got, up, tc.want, tc.up)
		}
	}
}
