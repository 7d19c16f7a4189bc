// Package faultlog sets up log/slog for programs that use package fault: JSON in production and readable text in
// development, errors with their code, attributes and stack, secrets removed, hostile input escaped, rotating files.
//
//	logs, err := faultlog.Setup(faultlog.FromEnv())
//	defer logs.Close()
//	slog.SetDefault(logs.App)
//
//	ctx = faultlog.Context(ctx, slog.String("request_id", id))   // on every record below
//	slog.ErrorContext(ctx, "save cart", faultlog.Err(err))
//
// Levels have fixed meanings. DEBUG: details for whoever works on the code. INFO: a few lines for start, stop and what
// changes. WARN: went wrong and healed itself, or a client's mistake. ERROR: someone must act. CRITICAL: the program cannot
// do its work.
package faultlog
