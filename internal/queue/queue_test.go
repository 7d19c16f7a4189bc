package queue_test

import (
	"fmt"
	"testing"

	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/queue"
)

func TestPartition(t *testing.T) {
	t.Parallel()
	// Fixed for ever: another answer would tear what belongs together apart at the next release.
	for _, c := range []struct {
		key        string
		partitions int
		want       int
	}{
		{"", 1, 0}, {"", 4, 1}, {"a", 4, 3}, {"project 1", 4, 1}, {"project 2", 4, 1}, {"project 3", 256, 219},
	} {
		if got := queue.Partition([]byte(c.key), c.partitions); got != c.want {
			t.Errorf("Partition(%q, %d) = %d, want %d", c.key, c.partitions, got, c.want)
		}
	}
}

func TestPartitionSpreads(t *testing.T) {
	t.Parallel()
	var count [4]int
	for i := range 40_000 {
		count[queue.Partition(fmt.Appendf(nil, "key %d", i), len(count))]++
	}
	for p, n := range count {
		if n < 9_500 || n > 10_500 {
			t.Errorf("partition %d has %d of 40000 keys", p, n)
		}
	}
}

func TestArrival(t *testing.T) {
	t.Parallel()
	m := queue.Message{Partition: 1, Position: 2}
	base := queue.Arrival("0123456789abcdef", m, 3)
	if again := queue.Arrival("0123456789abcdef", m, 3); again != base {
		t.Error("Arrival of the same place differs")
	}
	seen := map[event.Arrival]string{base: "itself"}
	for name, a := range map[string]event.Arrival{
		"another log":       queue.Arrival("fedcba9876543210", m, 3),
		"another partition": queue.Arrival("0123456789abcdef", queue.Message{Partition: 2, Position: 2}, 3),
		"another position":  queue.Arrival("0123456789abcdef", queue.Message{Partition: 1, Position: 3}, 3),
		"another item":      queue.Arrival("0123456789abcdef", m, 4),
	} {
		if other, ok := seen[a]; ok {
			t.Errorf("Arrival of %s is that of %s", name, other)
		}
		seen[a] = name
	}
}
