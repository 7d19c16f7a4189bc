// Command bench compares package fault with the libraries people use for the same, and with the plain standard library. Both
// sides of a comparison run in turns within one process, many times over, so that what else the machine does hits both; a
// comparison fails when the 25th percentile of the ratios is above its target.
//
//	go run . [-passes 20] [-time 20ms] [-only middleware]
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// comparison is one line of the result: ours against theirs.
type comparison struct {
	name   string
	target float64 // most the ratio of times may be
	bytes  float64 // most the ratio of bytes may be, 0 for any
	allocs float64 // most allocations of ours, 0 for any
	ours   func()
	theirs func()
}

var (
	passes = flag.Int("passes", 20, "how often both sides run")
	slice  = flag.Duration("time", 20*time.Millisecond, "how long each side runs in a pass")
	only   = flag.String("only", "", "run comparisons whose name contains this")
)

func main() {
	flag.Parse()
	failed := false
	fmt.Printf("%-46s %7s %7s %15s %8s %10s %12s\n", "", "target", "median", "p10-p90", "ns", "B/op", "allocs/op")
	for _, group := range []func() []comparison{errorsGroup, logGroup, httpGroup, captureGroup} {
		for _, c := range group() {
			if strings.Contains(c.name, *only) && !run(c) {
				failed = true
			}
		}
	}
	if failed {
		os.Exit(1)
	}
}

func run(c comparison) (ok bool) {
	n, m := calibrate(c.ours), calibrate(c.theirs)
	ratios := make([]float64, 0, *passes)
	var mine []float64
	for pass := range *passes {
		var a, b float64
		if pass%2 == 0 {
			a, b = measure(c.ours, n), measure(c.theirs, m)
		} else {
			b, a = measure(c.theirs, m), measure(c.ours, n)
		}
		ratios = append(ratios, a/b)
		mine = append(mine, a)
	}
	slices.Sort(ratios)
	slices.Sort(mine)
	at := func(s []float64, q float64) float64 { return s[int(q*float64(len(s)-1))] }
	ourAllocs, ourBytes := memory(c.ours)
	theirAllocs, theirBytes := memory(c.theirs)
	ok = at(ratios, 0.25) <= c.target && (c.bytes == 0 || ourBytes <= c.bytes*theirBytes) && (c.allocs == 0 || ourAllocs < c.allocs+0.5)
	mark := ""
	if !ok {
		mark = "  ABOVE TARGET"
	}
	fmt.Printf("%-46s %7.2f %7.3f %7.3f-%-7.3f %8.0f %4.0f/%-5.0f %5.0f/%-6.0f%s\n", c.name, c.target, at(ratios, 0.5), at(ratios, 0.1), at(ratios, 0.9),
		at(mine, 0.5), ourBytes, theirBytes, ourAllocs, theirAllocs, mark)
	return ok
}

// calibrate returns how often f runs in the time of a slice.
func calibrate(f func()) int {
	for n := 1; ; n *= 2 {
		if d := time.Duration(measure(f, n) * float64(n)); d > *slice/4 {
			return max(1, int(float64(n)*float64(*slice)/float64(d)))
		}
	}
}

// measure returns nanoseconds for each call.
func measure(f func(), n int) float64 {
	begin := time.Now()
	for range n {
		f()
	}
	return float64(time.Since(begin)) / float64(n)
}

// memory returns allocations and bytes for each call, of this goroutine and of those it keeps busy.
func memory(f func()) (allocs, bytes float64) {
	const n = 200
	f()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n {
		f()
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / n, float64(after.TotalAlloc-before.TotalAlloc) / n
}

// deep calls f at least n calls deep.
//
//go:noinline
func deep(n int, f func()) {
	if n > 0 {
		deep(n-1, f)
		return
	}
	f()
}

// sink keeps results alive.
var sink any
