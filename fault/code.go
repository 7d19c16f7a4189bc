package fault

import (
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
)

// Code is a stable machine-readable name for what went wrong, in SCREAMING_SNAKE_CASE. Clients key on it, so a published
// code never changes its meaning.
//
// A Code is itself an error, so that errors.Is(err, fault.NotFound) works; it matches anywhere in the tree of err, whereas
// [CodeOf] gives the outermost one.
type Code string

// The built-in codes. Their statuses, gRPC codes and levels are in the table of [Info].
const (
	BadRequest       Code = "BAD_REQUEST"            // the request cannot be understood
	Validation       Code = "VALIDATION_ERROR"       // understood, but fields break rules; see Invalid
	Unauthorized     Code = "UNAUTHORIZED"           // who are you?
	Denied           Code = "PERMISSION_DENIED"      // known, but not allowed
	NotFound         Code = "NOT_FOUND"              // no such thing, or not visible to the caller
	MethodNotAllowed Code = "METHOD_NOT_ALLOWED"     // the path exists, the method does not
	Conflict         Code = "CONFLICT"               // exists already, or changed meanwhile
	TooLarge         Code = "TOO_LARGE"              // over a size limit
	Unsupported      Code = "UNSUPPORTED_MEDIA_TYPE" // a format or encoding we do not read
	RateLimited      Code = "RATE_LIMITED"           // too many; try again later
	Canceled         Code = "CANCELED"               // the caller went away; not an error of ours
	Timeout          Code = "TIMEOUT"                // a deadline passed; try again
	Unavailable      Code = "UNAVAILABLE"            // cannot serve now; try again
	Unimplemented    Code = "UNIMPLEMENTED"          // will never work in this version
	Internal         Code = "INTERNAL_ERROR"         // everything without a code
)

// Error makes a Code usable as a target of errors.Is and as an error without a message.
func (c Code) Error() string { return string(c) }

// Info says how a code is treated at the boundaries of a program.
type Info struct {
	Status    int        // HTTP status, 400 to 599
	GRPC      uint32     // gRPC status code, https://grpc.io/docs/guides/status-codes/
	Level     slog.Level // level at which a boundary logs it
	Title     string     // short public text, the same for every error of the code
	TypeURI   string     // "type" of RFC 9457; empty means about:blank
	Retryable bool       // the same request may succeed later
}

var builtin = map[Code]Info{
	BadRequest:       {Status: 400, GRPC: 3, Level: slog.LevelWarn, Title: "Bad request"},
	Validation:       {Status: 422, GRPC: 3, Level: slog.LevelWarn, Title: "Validation failed"},
	Unauthorized:     {Status: 401, GRPC: 16, Level: slog.LevelWarn, Title: "Authentication required"},
	Denied:           {Status: 403, GRPC: 7, Level: slog.LevelWarn, Title: "Permission denied"},
	NotFound:         {Status: 404, GRPC: 5, Level: slog.LevelWarn, Title: "Not found"},
	MethodNotAllowed: {Status: 405, GRPC: 12, Level: slog.LevelWarn, Title: "Method not allowed"},
	Conflict:         {Status: 409, GRPC: 10, Level: slog.LevelWarn, Title: "Conflict"},
	TooLarge:         {Status: 413, GRPC: 8, Level: slog.LevelWarn, Title: "Too large"},
	Unsupported:      {Status: 415, GRPC: 3, Level: slog.LevelWarn, Title: "Unsupported media type"},
	RateLimited:      {Status: 429, GRPC: 8, Level: slog.LevelWarn, Title: "Too many requests", Retryable: true},
	Canceled:         {Status: 499, GRPC: 1, Level: slog.LevelInfo, Title: "Request canceled"},
	Internal:         {Status: 500, GRPC: 13, Level: slog.LevelError, Title: "Internal error"},
	Unimplemented:    {Status: 501, GRPC: 12, Level: slog.LevelError, Title: "Not implemented"},
	Unavailable:      {Status: 503, GRPC: 14, Level: slog.LevelError, Title: "Service unavailable", Retryable: true},
	Timeout:          {Status: 504, GRPC: 4, Level: slog.LevelError, Title: "Timed out", Retryable: true},
}

// registry is copied on write, so that reading takes no lock.
var (
	registry   atomic.Pointer[map[Code]Info]
	registryMu sync.Mutex
)

func init() { registry.Store(&builtin) }

// Register adds a code of the program's own and returns it. Call it while packages initialise:
//
//	var QuotaExceeded = fault.Register("QUOTA_EXCEEDED", fault.Info{Status: 429, GRPC: 8, Title: "Quota exceeded"})
//
// A zero Level becomes ERROR for statuses of 500 and above and WARN below; to log at INFO use [Canceled] or set a level
// other than zero. An empty Title becomes the code. Register panics when the code exists already, when it is not
// SCREAMING_SNAKE_CASE of at most 64 bytes, or when the status is not an error status: all three are broken programs.
func Register(c Code, i Info) Code {
	if !validCode(string(c)) {
		panic("fault: code " + string(c) + " is not SCREAMING_SNAKE_CASE")
	}
	if i.Status < 400 || i.Status > 599 {
		panic("fault: code " + string(c) + " needs a status from 400 to 599")
	}
	if i.Level == 0 {
		i.Level = slog.LevelWarn
		if i.Status >= 500 {
			i.Level = slog.LevelError
		}
	}
	if i.GRPC == 0 {
		i.GRPC = (*registry.Load())[CodeForStatus(i.Status)].GRPC
	}
	if i.Title == "" {
		i.Title = string(c)
	}
	registryMu.Lock()
	defer registryMu.Unlock()
	if _, ok := (*registry.Load())[c]; ok {
		panic("fault: code " + string(c) + " registered twice")
	}
	next := maps.Clone(*registry.Load())
	next[c] = i
	registry.Store(&next)
	return c
}

// Info returns how c is treated. A code that was never registered is treated as [Internal].
func (c Code) Info() Info {
	m := *registry.Load()
	if i, ok := m[c]; ok {
		return i
	}
	return m[Internal]
}

// Registered reports whether c is built in or was given to [Register].
func (c Code) Registered() bool {
	_, ok := (*registry.Load())[c]
	return ok
}

// CodeForStatus returns the built-in code that fits an HTTP status, for errors that come from code which knows only
// statuses. Statuses without a code of their own fall back to [BadRequest] below 500 and [Internal] otherwise.
func CodeForStatus(status int) Code {
	switch status {
	case 401:
		return Unauthorized
	case 403:
		return Denied
	case 404, 410:
		return NotFound
	case 405:
		return MethodNotAllowed
	case 408, 504:
		return Timeout
	case 409, 412:
		return Conflict
	case 413:
		return TooLarge
	case 415, 406:
		return Unsupported
	case 422:
		return Validation
	case 429:
		return RateLimited
	case 499:
		return Canceled
	case 501:
		return Unimplemented
	case 502, 503:
		return Unavailable
	}
	if status >= 400 && status < 500 {
		return BadRequest
	}
	return Internal
}

// validCode accepts [A-Z][A-Z0-9]*(_[A-Z0-9]+)* of at most 64 bytes.
func validCode(s string) bool {
	if s == "" || len(s) > 64 || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '_' && s[i-1] != '_' && i != len(s)-1:
		default:
			return false
		}
	}
	return true
}
