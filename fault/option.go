package fault

import "time"

// Option changes one aspect of an error; see [With].
type Option func(*Error)

// With returns err with the options applied, leaving err itself as it is. It returns nil for a nil err. Of options set at
// several layers the outermost counts. Like [Wrap] it takes a stack when err has none.
func With(err error, opts ...Option) error {
	if err == nil {
		return nil
	}
	e := &Error{cause: err, more: &extra{}}
	for _, o := range opts {
		o(e)
	}
	if !e.more.noStack && !hasStack(err) {
		e.more.stack = callers(1)
	}
	return e
}

// WithCode gives the error another code, which decides its status and whether the inner message is public.
func WithCode(c Code) Option { return func(e *Error) { e.code = c } }

// Public sets the text clients see, whatever the code. It is the only way to show text of an error of status 500 and above.
func Public(msg string) Option {
	return func(e *Error) { e.more.public, e.more.hasPublic = msg, true }
}

// RetryAfter says when trying again makes sense; it becomes the Retry-After header. Negative durations count as zero.
func RetryAfter(d time.Duration) Option {
	return func(e *Error) { e.more.retryAfter = max(d, 1) }
}

// Hint adds advice for the operator who reads the report or runs the command. It is never sent to HTTP clients.
func Hint(s string) Option { return func(e *Error) { e.more.hint = s } }

// Fingerprint groups errors by the given parts instead of by code, message and stack. The part "{{ default }}" stands for
// what the grouping would have been, as in the protocol of error trackers.
func Fingerprint(parts ...string) Option {
	return func(e *Error) { e.more.fingerprint = append([]string(nil), parts...) }
}

// Header adds a header to the HTTP response of the error, for example WWW-Authenticate. Several of one name are all sent.
func Header(key, value string) Option {
	return func(e *Error) { e.more.headers = append(e.more.headers, [2]string{key, value}) }
}

// NoStack hides the stack of the error and keeps outer layers from taking one, for expected errors in hot paths.
func NoStack(e *Error) { e.more.noStack = true }
