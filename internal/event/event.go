// Package event holds the words for what happened: the one normalised event that every part of Seismo relies on,
// whatever SDK sent it in whatever shape.
//
// The JSON form of Event is what the event store keeps and the API returns; field names are those of the SDK protocol
// where it has a word for the thing. Absent means unknown: a zero field is left out of the JSON.
package event

import (
	"time"

	"github.com/seismohq/seismo/internal/project"
)

// Level says how severe the sender thought an event was.
type Level string

// The levels, worst first.
const (
	Fatal   Level = "fatal"
	Error   Level = "error"
	Warning Level = "warning"
	Info    Level = "info"
	Debug   Level = "debug"
)

// Rank orders levels: 5 for fatal down to 1 for debug, 0 for anything else.
func (l Level) Rank() int {
	switch l {
	case Fatal:
		return 5
	case Error:
		return 4
	case Warning:
		return 3
	case Info:
		return 2
	case Debug:
		return 1
	}
	return 0
}

// Type says what kind of event it is.
type Type string

// The types.
const (
	TypeError    Type = "error"   // has an exception
	TypeDefault  Type = "default" // a message
	TypeCSP      Type = "csp"     // a browser's security report
	TypeNEL      Type = "nel"     // a browser's network error report
	TypeFeedback Type = "feedback"

	// Other reports of browsers, named as upstream names them.
	TypeHPKP         Type = "hpkp"
	TypeExpectCT     Type = "expectct"
	TypeExpectStaple Type = "expectstaple"

	// TypeTransaction stands in legacy store requests only: in envelopes transactions are items of their own.
	TypeTransaction Type = "transaction"
)

// Event is one normalised event.
type Event struct {
	ID          ID         `json:"event_id"`
	Project     project.ID `json:"project"`
	Type        Type       `json:"type"`
	Timestamp   time.Time  `json:"timestamp"` // when it happened, by the sender's clock set right; UTC, microseconds
	Received    time.Time  `json:"received"`  // when the server took it
	Platform    string     `json:"platform"`
	Level       Level      `json:"level"`
	Title       string     `json:"title"` // one line for people
	Culprit     string     `json:"culprit,omitzero"`
	Location    string     `json:"location,omitzero"` // file of the crash frame
	Metadata    Metadata   `json:"metadata,omitzero"`
	Logger      string     `json:"logger,omitzero"`
	Transaction string     `json:"transaction,omitzero"`
	ServerName  string     `json:"server_name,omitzero"`
	Release     string     `json:"release,omitzero"`
	Dist        string     `json:"dist,omitzero"`
	Environment string     `json:"environment,omitzero"`

	Message     *Message     `json:"logentry,omitzero"`
	Exceptions  []Exception  `json:"exception,omitzero"` // root cause first, the one that was caught last
	Threads     []Thread     `json:"threads,omitzero"`
	Stacktrace  *Stacktrace  `json:"stacktrace,omitzero"` // of an event without exception
	Template    *Frame       `json:"template,omitzero"`   // a place in an HTML template, from old SDKs
	User        *User        `json:"user,omitzero"`
	Request     *Request     `json:"request,omitzero"`
	Contexts    []Context    `json:"contexts,omitzero"` // in the sender's order
	Breadcrumbs []Breadcrumb `json:"breadcrumbs,omitzero"`
	Tags        []Tag        `json:"tags,omitzero"` // the sender's and the derived ones; a key stands once
	Extra       Map          `json:"extra,omitzero"`
	Modules     []Tag        `json:"modules,omitzero"` // name and version
	Fingerprint []string     `json:"fingerprint,omitzero"`
	Checksum    string       `json:"checksum,omitzero"` // what old SDKs group by: any text, often 32 hex digits
	SDK         *SDK         `json:"sdk,omitzero"`
	DebugImages []Map        `json:"debug_images,omitzero"` // frames refer to them by index; an empty one is unreadable
	Security    Map          `json:"security,omitzero"`     // a CSP or similar report
	Errors      []Problem    `json:"errors,omitzero"`       // what SDKs and we could not understand
	Remarks     []Remark     `json:"remarks,omitzero"`      // what was mended, cut or removed
	Other       Map          `json:"other,omitzero"`        // top-level attributes we do not know

	Grouping *Grouping `json:"grouping,omitzero"`
}

// Metadata is what the issue shows of its event: the crash in parts.
type Metadata struct {
	Type     string `json:"type,omitzero"`
	Value    string `json:"value,omitzero"`
	Filename string `json:"filename,omitzero"`
	Function string `json:"function,omitzero"`
}

// Message is a log message.
type Message struct {
	Template  string `json:"message,omitzero"`   // with placeholders; what messages are grouped by
	Formatted string `json:"formatted,omitzero"` // what people read
	Params    Value  `json:"params,omitzero"`
}

// Exception is one error of a chain.
type Exception struct {
	Type       string      `json:"type,omitzero"`
	Value      string      `json:"value,omitzero"`
	Module     string      `json:"module,omitzero"`
	ThreadID   string      `json:"thread_id,omitzero"`
	Mechanism  *Mechanism  `json:"mechanism,omitzero"`
	Stacktrace *Stacktrace `json:"stacktrace,omitzero"`
}

// Mechanism says how an exception was caught.
type Mechanism struct {
	Type        string `json:"type,omitzero"`
	Handled     *bool  `json:"handled,omitzero"` // nil: unknown
	Synthetic   bool   `json:"synthetic,omitzero"`
	ID          *int   `json:"exception_id,omitzero"`
	ParentID    *int   `json:"parent_id,omitzero"`
	IsGroup     bool   `json:"is_exception_group,omitzero"`
	Source      string `json:"source,omitzero"` // such as "cause" or "errors[0]"
	Description string `json:"description,omitzero"`
	HelpLink    string `json:"help_link,omitzero"`
	Data        Map    `json:"data,omitzero"`
	Meta        Map    `json:"meta,omitzero"` // signal, mach_exception, ns_error, errno
}

// Stacktrace is a list of frames from caller to callee: the last one is where it happened.
type Stacktrace struct {
	Frames    []Frame `json:"frames"`
	Registers Map     `json:"registers,omitzero"`
	Omitted   int     `json:"frames_omitted,omitzero"` // how many outer frames were cut
	Snapshot  bool    `json:"snapshot,omitzero"`
}

// Frame is one call of a stack trace.
type Frame struct {
	Function    string   `json:"function,omitzero"`
	RawFunction string   `json:"raw_function,omitzero"` // before shortening
	Module      string   `json:"module,omitzero"`
	Package     string   `json:"package,omitzero"`
	Filename    string   `json:"filename,omitzero"`
	AbsPath     string   `json:"abs_path,omitzero"`
	Line        int      `json:"lineno,omitzero"` // from 1; 0: unknown
	Column      int      `json:"colno,omitzero"`  // from 1; 0: unknown
	InApp       *bool    `json:"in_app,omitzero"` // nil: unknown
	PreContext  []string `json:"pre_context,omitzero"`
	ContextLine string   `json:"context_line,omitzero"`
	PostContext []string `json:"post_context,omitzero"`
	Vars        Map      `json:"vars,omitzero"`
	Platform    string   `json:"platform,omitzero"` // where it differs from the event's
	Symbol      string   `json:"symbol,omitzero"`
	Instruction string   `json:"instruction_addr,omitzero"` // hex
	SymbolAddr  string   `json:"symbol_addr,omitzero"`
	ImageAddr   string   `json:"image_addr,omitzero"`
	AddrMode    string   `json:"addr_mode,omitzero"`
	FunctionID  string   `json:"function_id,omitzero"`
	Trust       string   `json:"trust,omitzero"`
	StackStart  bool     `json:"stack_start,omitzero"`
	Lock        Map      `json:"lock,omitzero"`
	Data        Map      `json:"data,omitzero"`
}

// App reports whether the frame is the application's own code, as far as known.
func (f *Frame) App() bool { return f.InApp != nil && *f.InApp }

// Thread is one thread of the crashed process.
type Thread struct {
	ID         string      `json:"id,omitzero"`
	Name       string      `json:"name,omitzero"`
	State      string      `json:"state,omitzero"`
	Crashed    bool        `json:"crashed,omitzero"`
	Current    bool        `json:"current,omitzero"`
	Main       bool        `json:"main,omitzero"`
	HeldLocks  Map         `json:"held_locks,omitzero"`
	Stacktrace *Stacktrace `json:"stacktrace,omitzero"`
}

// User is who was using the application.
type User struct {
	ID        string `json:"id,omitzero"`
	Username  string `json:"username,omitzero"`
	Name      string `json:"name,omitzero"`
	Email     string `json:"email,omitzero"`
	IPAddress string `json:"ip_address,omitzero"`
	Geo       Map    `json:"geo,omitzero"`
	Data      Map    `json:"data,omitzero"`
}

// Identity returns what distinct users are counted by, such as "id:42": the first present of id, username, email and
// IP address, or "" for no user.
func (u *User) Identity() string {
	switch {
	case u == nil:
		return ""
	case u.ID != "":
		return "id:" + u.ID
	case u.Username != "":
		return "username:" + u.Username
	case u.Email != "":
		return "email:" + u.Email
	case u.IPAddress != "":
		return "ip:" + u.IPAddress
	}
	return ""
}

// Request is the HTTP request in progress.
type Request struct {
	URL         string `json:"url,omitzero"` // without query and fragment
	Method      string `json:"method,omitzero"`
	Query       []Tag  `json:"query_string,omitzero"`
	Fragment    string `json:"fragment,omitzero"`
	Cookies     []Tag  `json:"cookies,omitzero"`
	Headers     []Tag  `json:"headers,omitzero"` // names in Title-Case
	Data        Value  `json:"data,omitzero"`
	Env         Map    `json:"env,omitzero"`
	BodySize    int64  `json:"body_size,omitzero"` // bytes
	APITarget   string `json:"api_target,omitzero"`
	ContentType string `json:"inferred_content_type,omitzero"`
}

// Header returns the value of a header, whatever the case of its name, or "".
func (r *Request) Header(name string) string {
	if r == nil {
		return ""
	}
	return tagFold(r.Headers, name)
}

// Context is one named group of facts about the surroundings.
type Context struct {
	Name string `json:"name"`
	Type string `json:"type"` // the name where the sender gave none
	Data Map    `json:"data"`
}

// Breadcrumb is something that happened before the event.
type Breadcrumb struct {
	Timestamp time.Time `json:"timestamp,omitzero"`
	Type      string    `json:"type"`
	Category  string    `json:"category,omitzero"`
	Level     Level     `json:"level"`
	Message   string    `json:"message,omitzero"`
	Data      Map       `json:"data,omitzero"`
	EventID   string    `json:"event_id,omitzero"`
}

// Tag is a key with a short value, for searching and distributions.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// SDK is what sent the event.
type SDK struct {
	Name         string   `json:"name,omitzero"`
	Version      string   `json:"version,omitzero"`
	Integrations []string `json:"integrations,omitzero"`
	Packages     []Tag    `json:"packages,omitzero"` // name and version
	Features     []string `json:"features,omitzero"`
	InferIP      string   `json:"infer_ip,omitzero"` // auto or never
}

// Problem is something in the event that could not be used.
type Problem struct {
	Type  string `json:"type"`           // such as "invalid_data" or "future_timestamp"
	Name  string `json:"name,omitzero"`  // path of the attribute
	Value string `json:"value,omitzero"` // what stood there, cut
}

// Remark says that a value is not as it was sent.
type Remark struct {
	Path string `json:"path"`          // such as "exception.0.value"
	Rule string `json:"rule"`          // such as "!limit" or "@password"
	Kind string `json:"kind"`          // s substituted, x removed, m masked, p pseudonymised, a annotated
	From int    `json:"from,omitzero"` // byte range in the value, where known
	To   int    `json:"to,omitzero"`
	Len  int    `json:"length,omitzero"` // bytes before, where something was cut
	Note string `json:"note,omitzero"`   // for people
}

// Grouping says which problem an event belongs to and why.
type Grouping struct {
	Algorithm string    `json:"algorithm"`        // such as "v1"
	Keys      []Key     `json:"keys"`             // the first is the primary one: counts and lists go by it
	Strategy  string    `json:"strategy"`         // what won: fingerprint, exception, threads, stacktrace, message…
	Quality   string    `json:"quality,omitzero"` // "low" where a better result needs source maps or symbols
	Title     string    `json:"title,omitzero"`   // set by a fingerprint rule
	Variants  []Variant `json:"variants"`         // how each key came to be
}

// Variant explains one grouping key.
type Variant struct {
	Name      string    `json:"name"` // app, system, custom, fallback
	Key       Key       `json:"key"`
	Component Component `json:"component"`
}

// Component is one part that a key was, or was not, computed from.
type Component struct {
	Name        string      `json:"name"` // exception, type, value, stacktrace, frame, module, filename, function…
	Contributes bool        `json:"contributes"`
	Hint        string      `json:"hint,omitzero"`   // why not, or what was done to the value
	Values      []string    `json:"values,omitzero"` // what went into the digest
	Components  []Component `json:"components,omitzero"`
}

// Tag returns the value of a tag, or "".
func (e *Event) Tag(key string) string {
	for i := range e.Tags {
		if e.Tags[i].Key == key {
			return e.Tags[i].Value
		}
	}
	return ""
}

// Context returns the fields of a named context, or nil.
func (e *Event) Context(name string) Map {
	for i := range e.Contexts {
		if e.Contexts[i].Name == name {
			return e.Contexts[i].Data
		}
	}
	return nil
}

// Unhandled reports whether an exception says that the application did not handle it.
func (e *Event) Unhandled() bool {
	for i := range e.Exceptions {
		if m := e.Exceptions[i].Mechanism; m != nil && m.Handled != nil && !*m.Handled {
			return true
		}
	}
	return false
}
