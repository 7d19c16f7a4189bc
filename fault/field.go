package fault

import "strings"

// FieldError says which field of the input breaks which rule. All of it is public, so it never holds the value that was
// sent: that may be a password.
type FieldError struct {
	Field   string `json:"field"`             // path in the style of RFC 6901 without the leading slash: "items/0/name"; empty for the whole
	Rule    string `json:"rule,omitempty"`    // machine-readable: "required", "max"
	Message string `json:"message,omitempty"` // for people: "is required"
	Param   string `json:"param,omitempty"`   // parameter of the rule: "64"
}

// Invalid returns a [Validation] error with the fields that are wrong. Its text lists them; its grouping does not depend
// on them. Without fields it is still an error.
func Invalid(fields ...FieldError) error {
	const msg = "validation failed"
	var b strings.Builder
	b.WriteString(msg)
	for i, f := range fields {
		b.WriteString([]string{": ", "; "}[min(i, 1)])
		if f.Field != "" {
			b.WriteString(f.Field + " ")
		}
		if f.Message != "" {
			b.WriteString(f.Message)
		} else {
			b.WriteString("breaks rule " + f.Rule)
		}
	}
	return &Error{
		code: Validation,
		msg:  b.String(),
		more: &extra{template: msg, stack: callers(1), fields: append([]FieldError(nil), fields...)},
	}
}
