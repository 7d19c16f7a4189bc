package jetstream

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seismohq/seismo/internal/queue"
)

// publishAll publishes n records of size bytes by 64 callers and returns how long each took.
func publishAll(b *testing.B, q queue.Queue, n, size int) []time.Duration {
	b.Helper()
	const callers = 64
	record := make([]byte, size)
	for i := range record {
		record[i] = byte(rand.Uint32())
	}
	took := make([]time.Duration, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				start := time.Now()
				if err := q.Publish(b.Context(), i%q.Partitions(), record); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(start)
			}
		})
	}
	wg.Wait()
	return took
}

// drain works all partitions until n records were acknowledged.
func drain(b *testing.B, q queue.Queue, n int) {
	b.Helper()
	var done atomic.Int64
	var wg sync.WaitGroup
	all := make(chan struct{})
	for p := range q.Partitions() {
		wg.Go(func() {
			c, err := q.Consume(b.Context(), p)
			if err != nil {
				b.Error(err)
				return
			}
			go func() {
				<-all
				_ = c.Close()
			}()
			for {
				messages, err := c.Fetch(b.Context(), 2<<20)
				if err != nil {
					return
				}
				records := 0
				for _, m := range messages {
					records += len(m.Records)
				}
				if err := c.Ack(b.Context(), messages[len(messages)-1].Position); err != nil {
					b.Error(err)
					return
				}
				if done.Add(int64(records)) == int64(n) {
					close(all)
				}
			}
		})
	}
	wg.Wait()
}

func report(b *testing.B, took []time.Duration) {
	b.Helper()
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(ms(took[len(took)/2]), "p50-ms")
	b.ReportMetric(ms(took[len(took)*99/100]), "p99-ms")
	b.ReportMetric(0, "ns/op")
}

func BenchmarkPublish(b *testing.B) {
	for _, size := range []int{1200, 3000} {
		for _, partitions := range []int{1, 2, 4} {
			b.Run(fmt.Sprintf("bytes=%d/partitions=%d", size, partitions), func(b *testing.B) {
				q := openDir(b, b.TempDir(), Options{Partitions: partitions, MaxBytes: 64 << 30})
				b.ResetTimer()
				took := publishAll(b, q, b.N, size)
				b.StopTimer()
				report(b, took)
			})
		}
	}
}

// BenchmarkFlow publishes while all partitions are read and acknowledged.
func BenchmarkFlow(b *testing.B) {
	for _, size := range []int{1200, 3000} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			q := openDir(b, b.TempDir(), Options{MaxBytes: 64 << 30})
			b.ResetTimer()
			var wg sync.WaitGroup
			wg.Go(func() { drain(b, q, b.N) })
			took := publishAll(b, q, b.N, size)
			wg.Wait()
			b.StopTimer()
			report(b, took)
		})
	}
}

// BenchmarkDrain reads and acknowledges a backlog.
func BenchmarkDrain(b *testing.B) {
	q := openDir(b, b.TempDir(), Options{MaxBytes: 64 << 30})
	publishAll(b, q, b.N, 3000)
	b.ResetTimer()
	drain(b, q, b.N)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkOpen opens a queue with a backlog of 500 MB, and reports the heap that an idle queue has.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	q := openDir(b, dir, Options{})
	publishAll(b, q, 160_000, 3000)
	_ = q.Close()
	b.ResetTimer()
	for range b.N {
		q := openDir(b, dir, Options{})
		b.StopTimer()
		for range 3 { // pools give way at the second collection
			runtime.GC()
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapAlloc)/1e6, "heap-MB")
		_ = q.Close()
		b.StartTimer()
	}
}
