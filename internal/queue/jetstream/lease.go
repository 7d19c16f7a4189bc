package jetstream

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/seismohq/seismo/fault"
)

// leases keep a partition to one process at a time. A lease is a key in a bucket of the server that expires unless it is
// renewed; every change names the revision that it replaces, so that two processes never both believe to hold it, as long
// as their clocks run at about the same speed.
//
// A process that was stopped for longer than the lease can still acknowledge what it had fetched. That does no harm: it
// does so only after it has worked the messages, and the one that goes on meanwhile skips what has been worked.
type leases struct {
	kv  jetstream.KeyValue
	ttl time.Duration
	log *slog.Logger
}

func openLeases(ctx context.Context, js jetstream.JetStream, o Options, replicas int) (*leases, error) {
	kv, err := js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket:      o.Name + "_leases",
		Description: "Seismo: which process reads which partition of the queue",
		TTL:         o.LeaseTTL,
		Replicas:    replicas,
		Storage:     jetstream.FileStorage,
	})
	if err != nil {
		return nil, ended(ctx, err, "open the leases of the queue")
	}
	return &leases{kv, o.LeaseTTL, o.Logger}, nil
}

type lease struct {
	l        *leases
	key      string
	revision uint64
	renewed  time.Time
	stop     context.CancelFunc
	done     chan struct{}
}

// acquire waits for the lease of a partition. The reader's life is ended when it could not be kept.
func (l *leases) acquire(ctx context.Context, partition int, reader *life) (*lease, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	holder := []byte(host + " " + strconv.Itoa(os.Getpid()))
	s := &lease{l: l, key: "partition." + strconv.Itoa(partition), done: make(chan struct{})}
	failing := time.Time{}
	for {
		s.renewed = time.Now()
		s.revision, err = s.create(ctx, holder)
		switch {
		case err == nil:
			renew, stop := context.WithCancel(context.Background())
			s.stop = stop
			go s.keep(renew, holder, reader) //nolint:contextcheck // it lives until release
			return s, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, jetstream.ErrKeyExists):
			failing = time.Time{} // somebody holds it
		case failing.IsZero():
			failing = time.Now()
		case time.Since(failing) > fetchWait:
			return nil, unavailable(err, "acquire the lease of a partition", retryAway)
		}
		if !sleep(ctx, min(l.ttl/8, time.Second)) {
			return nil, ctx.Err()
		}
	}
}

func (s *lease) create(ctx context.Context, holder []byte) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, s.l.ttl/2)
	defer cancel()
	return s.l.kv.Create(ctx, s.key, holder)
}

// keep renews the lease until it is stopped or lost. It gives up before the server does.
func (s *lease) keep(ctx context.Context, holder []byte, reader *life) {
	defer close(s.done)
	for sleep(ctx, s.l.ttl/6) {
		start := time.Now()
		try, cancel := context.WithTimeout(ctx, s.l.ttl/6)
		revision, err := s.l.kv.Update(try, s.key, holder, s.revision)
		cancel()
		var api *jetstream.APIError
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			s.revision, s.renewed = revision, start
			continue
		case errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence:
			// Somebody else has it, or our last renewal arrived and its answer did not.
			if revision, ok := s.held(ctx, holder); ok {
				s.revision, s.renewed = revision, start
				continue
			}
		case time.Since(s.renewed) < s.l.ttl*4/6: // the next failure would come at 5/6 of the lease
			continue
		}
		s.l.log.Warn("lease of a partition was lost", "key", s.key, "error", err)
		reader.end(errLost)
		return
	}
}

// held returns the revision of the lease if it is still ours.
func (s *lease) held(ctx context.Context, holder []byte) (uint64, bool) {
	ctx, cancel := context.WithTimeout(ctx, s.l.ttl/6)
	defer cancel()
	e, err := s.l.kv.Get(ctx, s.key)
	if err != nil || string(e.Value()) != string(holder) {
		return 0, false
	}
	return e.Revision(), true
}

// release gives the lease back.
func (s *lease) release() {
	s.stop()
	<-s.done
	ctx, cancel := context.WithTimeout(context.Background(), byeWait)
	defer cancel()
	fault.Ignore(s.l.kv.Delete(ctx, s.key, jetstream.LastRevision(s.revision)), "it expires, or another process has it")
}
