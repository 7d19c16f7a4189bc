package fault_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seismohq/seismo/fault"
)

var (
	errSentinel = fault.New(fault.NotFound, "project not found")
	quota       = fault.Register("QUOTA_EXCEEDED", fault.Info{Status: 429, Title: "Quota exceeded", TypeURI: "https://example.com/quota", Retryable: true})
)

type domainError struct{}

func (domainError) Error() string         { return "domain: secret" }
func (domainError) FaultCode() fault.Code { return fault.Conflict }

func TestCodeOf(t *testing.T) {
	t.Parallel()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := map[string]struct {
		err  error
		want fault.Code
	}{
		"nil":                   {nil, ""},
		"foreign":               {io.EOF, fault.Internal},
		"new":                   {fault.New(fault.Conflict, "x"), fault.Conflict},
		"code itself":           {fault.Denied, fault.Denied},
		"wrapped":               {fault.Wrap(fault.New(fault.Conflict, "x"), "y"), fault.Conflict},
		"wrapped by fmt":        {fmt.Errorf("a: %w", fault.New(fault.Conflict, "x")), fault.Conflict},
		"outermost counts":      {fault.With(fault.New(fault.Conflict, "x"), fault.WithCode(fault.Unavailable)), fault.Unavailable},
		"cancelled":             {fault.Wrap(cancelled.Err(), "read"), fault.Canceled},
		"deadline":              {context.DeadlineExceeded, fault.Timeout},
		"code over cancelled":   {fault.With(context.Canceled, fault.WithCode(fault.Unavailable)), fault.Unavailable},
		"no rows is not 404":    {sql.ErrNoRows, fault.Internal},
		"no file is not 404":    {fs.ErrNotExist, fault.Internal},
		"type of another":       {fault.Wrap(domainError{}, "x"), fault.Conflict},
		"registered":            {fault.New(quota, "x"), quota},
		"join takes the worst":  {fault.Join(fault.NotFound, fault.Unavailable, fault.Conflict), fault.Unavailable},
		"join internal worse":   {fault.Join(fault.Timeout, fault.Internal), fault.Internal},
		"join foreign worse":    {fault.Join(fault.Timeout, io.EOF, nil), fault.Internal},
		"join canceled is mild": {fault.Join(fault.Canceled, fault.NotFound), fault.NotFound},
		"join within":           {fault.Wrap(fault.Join(fault.NotFound, fault.Conflict), "x"), fault.Conflict},
		"two %w":                {fmt.Errorf("%w %w", fault.NotFound, fault.Denied), fault.NotFound},
		"panic is a bug":        {fault.Try(func() error { panic(fault.NotFound) }), fault.Internal},
		"code over panic":       {fault.With(fault.Try(func() error { panic(1) }), fault.WithCode(fault.Unavailable)), fault.Unavailable},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := fault.CodeOf(tt.err); got != tt.want {
				t.Errorf("CodeOf = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	a := fault.New(fault.Conflict, "name is taken")
	tests := map[string]struct {
		err  error
		want string
	}{
		"new":                 {a, "name is taken"},
		"wraps":               {fault.Wrap(fault.Wrap(a, "insert"), "create"), "create: insert: name is taken"},
		"options say nothing": {fault.With(fault.Wrap(fault.With(a, fault.Hint("h")), "insert"), fault.Hint("h")), "insert: name is taken"},
		"foreign cause":       {fault.Wrap(fault.With(io.EOF, fault.WithCode(fault.Conflict)), "read"), "read: EOF"},
		"foreign between":     {fault.Wrap(fmt.Errorf("mid: %w", a), "top"), "top: mid: name is taken"},
		"only options":        {fault.With(io.EOF, fault.NoStack), "EOF"},
		"empty message":       {fault.New(fault.Conflict, ""), "CONFLICT"},
		"code":                {fault.Wrap(fault.NotFound, "load"), "load: NOT_FOUND"},
		"formatted":           {fault.Newf(fault.BadRequest, "at most %d", 5), "at most 5"},
		"resource":            {fault.ResourceNotFound("project", 7), "project not found"},
		"fields": {
			fault.Invalid(fault.FieldError{Field: "name", Rule: "required", Message: "is required"}, fault.FieldError{Field: "n", Rule: "max"}),
			"validation failed: name is required; n breaks rule max",
		},
		"no fields": {fault.Invalid(), "validation failed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.err.Error(); got != tt.want {
				t.Errorf("Error() = %q, want %q", got, tt.want)
			}
		})
	}
}

// What a client sees is the heart of the library: no case may show the word "secret".
func TestPublicMessage(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err  error
		want string
	}{
		"nil":                       {nil, ""},
		"below 500":                 {fault.New(fault.Conflict, "name is taken"), "name is taken"},
		"500":                       {fault.New(fault.Internal, "secret"), "Internal error"},
		"foreign":                   {errors.New("secret"), "Internal error"},
		"context stays inside":      {fault.Wrap(fault.New(fault.Conflict, "name is taken"), "secret"), "name is taken"},
		"foreign text stays inside": {fmt.Errorf("secret: %w", fault.New(fault.Conflict, "name is taken")), "name is taken"},
		"foreign with code":         {fault.With(errors.New("secret"), fault.WithCode(fault.NotFound)), "Not found"},
		"wrapped, then code":        {fault.With(fault.Wrap(io.EOF, "secret"), fault.WithCode(fault.NotFound)), "Not found"},
		"500 made 404":              {fault.With(fault.New(fault.Internal, "secret"), fault.WithCode(fault.NotFound)), "Not found"},
		"404 made 500":              {fault.With(fault.New(fault.NotFound, "secret"), fault.WithCode(fault.Internal)), "Internal error"},
		"404 made 409":              {fault.With(fault.New(fault.NotFound, "no such thing"), fault.WithCode(fault.Conflict)), "no such thing"},
		"public on 500":             {fault.With(fault.New(fault.Internal, "secret"), fault.Public("back at noon")), "back at noon"},
		"public wrapped":            {fault.Wrap(fault.With(errors.New("secret"), fault.Public("back at noon")), "secret"), "back at noon"},
		"outermost public":          {fault.With(fault.With(io.EOF, fault.Public("inner")), fault.Public("outer")), "outer"},
		"empty public hides":        {fault.With(fault.New(fault.Conflict, "secret"), fault.Public("")), "Conflict"},
		"format":                    {fault.Newf(fault.BadRequest, "at most %d", 5), "at most 5"},
		"format of an error":        {fault.Newf(fault.BadRequest, "bad: %v", errors.New("secret")), "Bad request"},
		"registered code":           {fault.New(quota, "100 projects"), "100 projects"},
		"unknown code":              {fault.New("NEVER_REGISTERED", "secret"), "Internal error"},
		"join shows the worst":      {fault.Join(fault.New(fault.NotFound, "a"), fault.New(fault.Internal, "secret")), "Internal error"},
		"join below 500":            {fault.Join(fault.New(fault.NotFound, "a"), fault.New(fault.Conflict, "b")), "b"},
		"panic":                     {fault.Try(func() error { panic("secret") }), "Internal error"},
		"panic with public":         {fault.Try(func() error { panic(fault.New(fault.NotFound, "secret")) }), "Internal error"},
		"context":                   {context.DeadlineExceeded, "Timed out"},
		"other type":                {domainError{}, "Conflict"},
		"code":                      {fault.Denied, "Permission denied"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := fault.PublicMessage(tt.err); got != tt.want {
				t.Errorf("PublicMessage = %q, want %q", got, tt.want)
			}
			view := fault.View(tt.err)
			if tt.err == nil {
				if view != nil {
					t.Error("View(nil) is not nil")
				}
				return
			}
			js, err := json.Marshal(view)
			for _, out := range []string{view.Error(), fmt.Sprintf("%v %+v %#v %s %q", view, view, view, view, view), string(js)} {
				if strings.Contains(out, "secret") || err != nil {
					t.Errorf("leaks: %s %v", out, err)
				}
			}
			if !errors.Is(view, tt.err) && reflect.TypeOf(tt.err).Comparable() {
				t.Error("View hides the original")
			}
			if fault.CodeOf(view) != fault.CodeOf(tt.err) {
				t.Error("View changes the code")
			}
		})
	}
}

func TestIs(t *testing.T) {
	t.Parallel()
	err := fault.With(fault.Wrap(errSentinel, "load"), fault.WithCode(fault.Unavailable))
	for _, target := range []error{errSentinel, fault.NotFound, fault.Unavailable} {
		if !errors.Is(err, target) {
			t.Errorf("errors.Is(err, %v) is false", target)
		}
	}
	for _, target := range []error{fault.Conflict, io.EOF, fault.Code("")} {
		if errors.Is(fault.Wrap(err, "x"), target) {
			t.Errorf("errors.Is(err, %v) is true", target)
		}
	}
	if fe, ok := errors.AsType[*fault.Error](err); !ok || fe == nil {
		t.Error("errors.AsType finds no *fault.Error")
	}
}

func TestHasCode(t *testing.T) {
	t.Parallel()
	for want, errs := range map[bool][]error{
		true:  {fault.Internal, fault.Wrap(fault.New(fault.NotFound, "x"), "y"), context.Canceled, domainError{}, errors.Join(io.EOF, fault.NotFound)},
		false: {nil, io.EOF, fault.Wrap(io.EOF, "x"), fault.With(io.EOF, fault.Hint("h"))},
	} {
		for _, err := range errs {
			if fault.HasCode(err) != want {
				t.Errorf("HasCode(%v) is %v", err, !want)
			}
		}
	}
}

func TestNilInNilOut(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"Wrap": fault.Wrap(nil, "x"), "With": fault.With(nil, fault.NoStack), "Join": fault.Join(nil, nil), "View": fault.View(nil), "FromPanic": fault.FromPanic(nil),
	} {
		if err != nil {
			t.Errorf("%s gives %v", name, err)
		}
	}
	if i := fault.InfoOf(nil); i != (fault.Info{}) {
		t.Errorf("InfoOf(nil) = %+v", i)
	}
	if r := fault.Report(nil); !reflect.DeepEqual(r, fault.Record{}) {
		t.Errorf("Report(nil) = %+v", r)
	}
	if fault.FingerprintOf(nil) != "" || fault.StackOf(nil) != nil || fault.StackOf(nil).String() != "" {
		t.Error("nil has a fingerprint or stack")
	}
	for range fault.Attrs(nil) {
		t.Error("nil has attributes")
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	base := fault.New(fault.Internal, "x")
	if _, ok := fault.RetryAfterOf(base); ok {
		t.Error("RetryAfterOf without RetryAfter")
	}
	for in, want := range map[time.Duration]time.Duration{0: 0, -time.Second: 0, time.Second: time.Second} {
		if d, ok := fault.RetryAfterOf(fault.Wrap(fault.With(base, fault.RetryAfter(in)), "y")); !ok || d != want {
			t.Errorf("RetryAfterOf after RetryAfter(%v) = %v, %v", in, d, ok)
		}
	}
	err := fault.With(fault.With(base, fault.Hint("inner"), fault.Header("A", "1")), fault.Hint("outer"), fault.Header("A", "2"), fault.Header("B", "3"))
	if h := fault.HintOf(err); h != "outer" {
		t.Errorf("HintOf = %q", h)
	}
	var headers []string
	for k, v := range fault.HeadersOf(err) {
		headers = append(headers, k+v)
	}
	if want := []string{"A2", "B3", "A1"}; !reflect.DeepEqual(headers, want) {
		t.Errorf("HeadersOf = %v, want %v", headers, want)
	}
	if fault.HintOf(base) != "" {
		t.Error("With changed its argument")
	}
}

func TestAttrsAndFields(t *testing.T) {
	t.Parallel()
	f1, f2 := fault.FieldError{Field: "a", Rule: "min"}, fault.FieldError{Field: "b", Rule: "max"}
	err := fault.Wrap(fault.Join(
		fault.Wrap(fault.Invalid(f1), "one", slog.Int("n", 1)),
		fault.Wrap(fault.Invalid(f2), "two", slog.Int("n", 2)),
	), "top", slog.Int("n", 0))
	var ns []int64
	for a := range fault.Attrs(err) {
		ns = append(ns, a.Value.Int64())
	}
	if want := []int64{0, 1, 2}; !reflect.DeepEqual(ns, want) {
		t.Errorf("Attrs = %v, want %v", ns, want)
	}
	for range fault.Attrs(err) {
		break // must stop
	}
	if got := fault.Fields(err); !reflect.DeepEqual(got, []fault.FieldError{f1, f2}) {
		t.Errorf("Fields = %v", got)
	}
	if got := fault.Fields(io.EOF); got != nil {
		t.Errorf("Fields of a foreign error = %v", got)
	}
}

func TestRegister(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(){
		"twice":        func() { fault.Register(quota, fault.Info{Status: 429}) },
		"built in":     func() { fault.Register(fault.NotFound, fault.Info{Status: 404}) },
		"lower case":   func() { fault.Register("quota", fault.Info{Status: 429}) },
		"empty":        func() { fault.Register("", fault.Info{Status: 429}) },
		"double score": func() { fault.Register("A__B", fault.Info{Status: 429}) },
		"trailing":     func() { fault.Register("A_", fault.Info{Status: 429}) },
		"digit first":  func() { fault.Register("4XX", fault.Info{Status: 429}) },
		"too long":     func() { fault.Register(fault.Code(strings.Repeat("A", 65)), fault.Info{Status: 429}) },
		"status 200":   func() { fault.Register("FINE", fault.Info{Status: 200}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if fault.Try(func() error { f(); return nil }) == nil {
				t.Error("no panic")
			}
		})
	}
	want := fault.Info{Status: 429, GRPC: 8, Level: slog.LevelWarn, Title: "Quota exceeded", TypeURI: "https://example.com/quota", Retryable: true}
	if got := quota.Info(); got != want {
		t.Errorf("Info = %+v, want %+v", got, want)
	}
	if got := fault.Code("UNKNOWN").Info(); got != fault.Internal.Info() || fault.Code("UNKNOWN").Registered() {
		t.Errorf("unknown code: %+v", got)
	}
}

// The status always matches the error's nature, both ways.
func TestCodeForStatus(t *testing.T) {
	t.Parallel()
	for _, c := range []fault.Code{
		fault.BadRequest, fault.Validation, fault.Unauthorized, fault.Denied, fault.NotFound, fault.MethodNotAllowed, fault.Conflict,
		fault.TooLarge, fault.Unsupported, fault.RateLimited, fault.Canceled, fault.Timeout, fault.Unavailable, fault.Unimplemented, fault.Internal,
	} {
		i := c.Info()
		if got := fault.CodeForStatus(i.Status); got != c {
			t.Errorf("CodeForStatus(%d) = %s, want %s", i.Status, got, c)
		}
		wantLevel := slog.LevelWarn
		if i.Status >= 500 {
			wantLevel = slog.LevelError
		}
		if c == fault.Canceled {
			wantLevel = slog.LevelInfo
		}
		if i.Level != wantLevel || i.GRPC == 0 || i.Title == "" {
			t.Errorf("%s: %+v", c, i)
		}
	}
	for status, want := range map[int]fault.Code{400: fault.BadRequest, 418: fault.BadRequest, 502: fault.Unavailable, 511: fault.Internal, 0: fault.Internal, 410: fault.NotFound} {
		if got := fault.CodeForStatus(status); got != want {
			t.Errorf("CodeForStatus(%d) = %s, want %s", status, got, want)
		}
	}
}

func TestIgnore(t *testing.T) {
	before := fault.Ignored()
	fault.Ignore(nil, "nothing")
	fault.Ignore(io.EOF, "for the test")
	if got := fault.Ignored() - before; got != 1 {
		t.Errorf("counted %d", got)
	}
}

type closer struct{ err error }

func (c closer) Close() error { return c.err }

func TestClose(t *testing.T) {
	t.Parallel()
	f := func(work, closing error) (err error) {
		defer fault.Close(closer{closing}, &err)
		return work
	}
	if err := f(nil, nil); err != nil {
		t.Error(err)
	}
	if err := f(nil, io.EOF); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	if err := f(io.ErrShortWrite, io.EOF); !errors.Is(err, io.EOF) || !errors.Is(err, io.ErrShortWrite) {
		t.Error(err)
	}
}
