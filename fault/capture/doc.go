// Package capture reports errors to a server that speaks the Sentry envelope protocol
// (https://develop.sentry.dev/sdk/foundations/transport/envelopes/), without losing them.
//
//	client, err := capture.New(capture.Options{DSN: dsn, Spool: capture.Spool{Dir: "/var/lib/shop/spool"}})
//	defer client.Close(ctx)
//	errs := faulthttp.New(faulthttp.Config{Capture: client.Report})
//	fault.OnUncaught(client.Report)
//
// What the caller pays is a snapshot of the error; everything else (symbols, redaction, JSON, compression, I/O) happens in one
// worker. When the server is down, slow, overloaded or limits us, reports wait: on disk where a spool is configured, in
// memory otherwise. Whatever is lost is counted by reason, so that at any time
//
//	captured + adopted = sent + spooled + queued + dropped
//
// and the server is told how much it did not get. Secrets are removed before anything reaches the disk or the wire.
//
// The package reports errors and messages; traces, metrics and sessions are not its business.
package capture
