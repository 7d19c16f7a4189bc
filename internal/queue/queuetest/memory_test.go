package queuetest_test

import (
	"sync"
	"testing"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/queue"
	"github.com/seismohq/seismo/internal/queue/queuetest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	opened := map[string]*queuetest.Fake{}
	queuetest.Run(t, func(_ *testing.T, dir string) queue.Queue {
		mu.Lock()
		defer mu.Unlock()
		if q, ok := opened[dir]; ok {
			opened[dir] = q.Reopen()
		} else {
			opened[dir] = queuetest.Memory()
		}
		return opened[dir]
	})
}

func TestFail(t *testing.T) {
	t.Parallel()
	q := queuetest.MemoryOf(1, 1<<20)
	q.Fail(fault.New(fault.Unavailable, "away"))
	if err := q.Publish(t.Context(), 0, nil); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("Publish of a failing queue: %v", err)
	}
	q.Fail(nil)
	if err := q.PublishGroup(t.Context(), 0, []byte("one"), []byte("two")); err != nil {
		t.Fatal(err)
	}
	c, err := q.Consume(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	messages, err := c.Fetch(t.Context(), 1)
	if err != nil || len(messages) != 1 || len(messages[0].Records) != 2 {
		t.Fatalf("Fetch: %v, %v; want one message of two records", messages, err)
	}
}
