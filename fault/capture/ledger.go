package capture

import (
	"maps"
	"sync"
)

// Reasons for which reports are dropped, as the protocol names them (client_report.discarded_events).
const (
	droppedSampled  = "sample_rate"
	droppedByHook   = "before_send"
	droppedQueue    = "queue_overflow"     // more in memory than Options.Queue
	droppedSpool    = "cache_overflow"     // over the size or age of the spool, or unreadable
	droppedRefused  = "send_error"         // the server will never take it
	droppedInternal = "internal_sdk_error" // a bug of ours or of BeforeSend
	droppedAtClose  = "shutdown"           // not delivered when the client closed, without a spool
)

// Stats tells where reports went. At any time Captured + Adopted = Sent + Spooled + Queued + all of Dropped.
type Stats struct {
	Captured uint64            // by this client
	Adopted  uint64            // found in the spool, left by an earlier process
	Sent     uint64            // taken by the server
	Spooled  uint64            // on disk, to be sent
	Queued   uint64            // in memory, to be sent
	Dropped  map[string]uint64 // lost, by reason
}

// ledger moves each report from one place to another under one lock, so that the sum is always right.
type ledger struct {
	mu      sync.Mutex
	s       Stats
	reports map[string]uint64 // dropped, and the server not told yet
}

func (l *ledger) stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.s
	s.Dropped = maps.Clone(s.Dropped)
	return s
}

func (l *ledger) captured() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.s.Captured++
	l.s.Queued++
}

func (l *ledger) adopted(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.s.Adopted += uint64(n)
	l.s.Spooled += uint64(n)
}

func (l *ledger) spooled() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.s.Queued--
	l.s.Spooled++
}

// place returns the counter of where reports stand that are sent or dropped.
func (l *ledger) place(onDisk bool) *uint64 {
	if onDisk {
		return &l.s.Spooled
	}
	return &l.s.Queued
}

func (l *ledger) sent(onDisk bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*l.place(onDisk)--
	l.s.Sent++
}

func (l *ledger) dropped(reason string, n int, onDisk bool) {
	if n == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	*l.place(onDisk) -= uint64(n)
	if l.s.Dropped == nil {
		l.s.Dropped = map[string]uint64{}
	}
	l.s.Dropped[reason] += uint64(n)
	if l.reports == nil {
		l.reports = map[string]uint64{}
	}
	l.reports[reason] += uint64(n)
}

// takeReports returns what the server has to be told, nil when nothing.
func (l *ledger) takeReports() map[string]uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.reports
	l.reports = nil
	return r
}

// returnReports puts back what could not be told.
func (l *ledger) returnReports(r map[string]uint64) {
	if len(r) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reports == nil {
		l.reports = map[string]uint64{}
	}
	for k, n := range r {
		l.reports[k] += n
	}
}

func (l *ledger) hasReports() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.reports) > 0
}
