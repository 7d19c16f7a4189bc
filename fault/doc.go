// Package fault is a small error library: errors with stable machine codes, one safe way to show them to clients, stacks
// taken once at the origin, and panics that become errors instead of ending the process.
//
//	var ErrProject = fault.New(fault.NotFound, "project not found")      // a sentinel
//
//	return fault.Wrap(err, "append events", slog.Int64("project", id))    // internal context
//	return fault.With(err, fault.WithCode(fault.Unavailable), fault.RetryAfter(5*time.Second))
//
//	if errors.Is(err, fault.NotFound) { … }                              // a Code is an error
//	http.Error(w, fault.PublicMessage(err), fault.InfoOf(err).Status)    // nothing internal leaks
//
// Messages are constant and say what the program was doing; what varies goes into attributes. That keeps errors of one kind
// together wherever they are counted or grouped.
//
// Text reaches a client in two ways only: the message given to [New] or [Newf] under a code whose status is below 500, and
// the text given to [Public]. Everything else is shown as the title of its code.
//
// The package depends on the standard library alone and does not import net/http; package faulthttp turns errors into
// responses, faultlog into log records, capture into error reports.
package fault
