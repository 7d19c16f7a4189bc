package capture

import "sync"

// queue holds jobs for the worker. It never blocks its callers.
type queue struct {
	mu     sync.Mutex
	ring   []*job
	head   int
	n      int
	closed bool
	wake   chan struct{} // has a token when there may be work
}

func newQueue(size int) *queue {
	return &queue{ring: make([]*job, size), wake: make(chan struct{}, 1)}
}

func (q *queue) notify() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// push adds j. When the queue is full it refuses; see replace.
func (q *queue) push(j *job) (ok, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.n == len(q.ring) {
		return false, q.closed
	}
	q.ring[(q.head+q.n)%len(q.ring)] = j
	q.n++
	if q.n == 1 {
		q.notify()
	}
	return true, false
}

// replace makes room for j and returns the job to drop for it: j itself when a job of its kind waits already, else one whose
// kind waits more than once, else the oldest. A hundredth repeat says less than the first of another kind.
func (q *queue) replace(j *job) (dropped *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return j
	}
	if q.n < len(q.ring) { // meanwhile there is room
		q.ring[(q.head+q.n)%len(q.ring)] = j
		q.n++
		q.notify()
		return nil
	}
	for _, other := range q.ring {
		if other.key == j.key {
			return j
		}
	}
	repeat, kinds := -1, map[uint64]struct{}{}
	for i, other := range q.ring[:min(len(q.ring), 1000)] { // enough to find a repeat, if there are many
		if _, ok := kinds[other.key]; ok {
			repeat = i
		}
		kinds[other.key] = struct{}{}
	}
	if repeat >= 0 {
		dropped, q.ring[repeat] = q.ring[repeat], j
		return dropped
	}
	dropped = q.ring[q.head]
	q.ring[q.head] = j
	q.head = (q.head + 1) % len(q.ring)
	return dropped
}

// pop returns the oldest job, nil when there is none.
func (q *queue) pop() *job {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.n == 0 {
		return nil
	}
	j := q.ring[q.head]
	q.ring[q.head] = nil
	q.head = (q.head + 1) % len(q.ring)
	q.n--
	return j
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
}
