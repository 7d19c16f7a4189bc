package jetstream

import (
	"context"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/seismohq/seismo/fault"
)

// dial connects to an external server, and waits for it: the parts of a deployment start in any order.
func dial(ctx context.Context, t target, o Options) (*connection, error) {
	ctx, cancel := context.WithTimeout(ctx, o.OpenWait)
	defer cancel()
	opts := append(t.connectOptions(),
		// A server that is gone without a word is noticed within 30 s.
		nats.PingInterval(10*time.Second), nats.MaxPingsOutstanding(2),
	)
	for waiting := false; ; waiting = true {
		c, err := connect(t.servers, opts, o.Logger)
		if err == nil {
			if got := c.nc.MaxPayload(); got < maxPayload {
				c.close()
				return nil, fault.With(
					fault.New(fault.Validation, "queue server takes too small messages", slog.Int64("max_payload", got), slog.Int64("needed", maxPayload)),
					fault.Hint("set max_payload: 24MB in the configuration of each NATS server"),
				)
			}
			return c, nil
		}
		if !waiting {
			o.Logger.Warn("queue server does not answer, waiting for it", "error", err)
		}
		if !sleep(ctx, retryAway/4) {
			return nil, err
		}
	}
}
