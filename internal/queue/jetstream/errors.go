package jetstream

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/seismohq/seismo/fault"
)

const (
	retryFull = 5 * time.Second        // until there may be room
	retryAway = 2 * time.Second        // until the server may be back
	retryBusy = time.Second            // until what waits in memory may have gone
	apiWait   = 10 * time.Second       // for one answer of the server
	trySpace  = 100 * time.Millisecond // between two tries of what the server certainly did not get
)

// These are returned for each call while it lasts, so they carry no stack.
var (
	errClosed = fault.New(fault.Unavailable, "queue is closed")
	errFull   = fault.With(fault.New(fault.Unavailable, "queue is full"), fault.RetryAfter(retryFull), fault.NoStack)
	errAway   = fault.With(fault.New(fault.Unavailable, "queue server is away"), fault.RetryAfter(retryAway), fault.NoStack)
	errBehind = fault.With(fault.New(fault.Unavailable, "queue does not keep up"), fault.RetryAfter(retryBusy), fault.NoStack)
	errLarge  = fault.New(fault.TooLarge, "record is too large for the queue")
	errLost   = fault.New(fault.Unavailable, "partition was lost to another process")
)

// unavailable says that the engine cannot serve now.
func unavailable(err error, msg string, after time.Duration) error {
	return fault.With(fault.Wrap(err, msg), fault.WithCode(fault.Unavailable), fault.RetryAfter(after))
}

// ended gives the error of a call: that of its own context if that ended, or that the engine is unavailable.
func ended(ctx context.Context, err error, msg string) error {
	switch {
	case ctx.Err() != nil:
		return fault.Wrap(ctx.Err(), msg)
	case fault.CodeOf(err) == fault.Unavailable:
		return err
	}
	return unavailable(err, msg, retryAway)
}

// unsent reports whether the server certainly did not get what was sent: there was no connection, or nobody listened,
// which is so while a stream has no leader.
func unsent(err error) bool {
	return errors.Is(err, nats.ErrReconnectBufExceeded) || errors.Is(err, nats.ErrDisconnected) ||
		errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse)
}

// unanswered reports whether the server may have got what was sent, but did not say so in time.
func unanswered(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout)
}

// sleep waits, and returns false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
