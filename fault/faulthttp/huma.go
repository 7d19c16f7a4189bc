package faulthttp

import "github.com/seismohq/seismo/fault"

// StatusError is an error with a status, in the form the framework huma v2 asks for: it has GetStatus, ContentType and a
// JSON form, the problem document.
type StatusError struct {
	err    error
	status int
}

// HumaError makes errors for huma v2:
//
//	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
//		return faulthttp.HumaError(status, msg, errs...)
//	}
//
// Of the given errors the first with a code other than [fault.Internal] whose status fits decides; else msg, which is shown
// for statuses below 500 only. Texts of errs are never shown.
func HumaError(status int, msg string, errs ...error) *StatusError {
	for _, err := range errs {
		if err != nil && fault.CodeOf(err) != fault.Internal && fault.InfoOf(err).Status == status {
			if fault.PublicMessage(err) == fault.InfoOf(err).Title && status < 500 && msg != "" {
				err = fault.With(err, fault.Public(msg))
			}
			return &StatusError{err, status}
		}
	}
	return &StatusError{fault.New(fault.CodeForStatus(status), msg), status}
}

// Error returns the public text.
func (e *StatusError) Error() string { return fault.PublicMessage(e.err) }

// Unwrap returns the error within.
func (e *StatusError) Unwrap() error { return e.err }

// GetStatus returns the HTTP status.
func (e *StatusError) GetStatus() int { return e.status }

// ContentType replaces application/json by that of problem documents.
func (e *StatusError) ContentType(ct string) string {
	if ct == typeJSON {
		return typeProblem
	}
	return ct
}

// MarshalJSON returns the problem document.
func (e *StatusError) MarshalJSON() ([]byte, error) {
	p := ProblemOf(e.err)
	p.Status = e.status
	return p.append(nil), nil
}
