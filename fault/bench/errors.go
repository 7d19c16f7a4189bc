package main

import (
	"context"
	"encoding/json"
	stderrors "errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"

	crdb "github.com/cockroachdb/errors"
	pkgerrors "github.com/pkg/errors"
	"github.com/samber/oops"

	"github.com/seismohq/seismo/fault"
)

var (
	faultSentinel = fault.New(fault.NotFound, "project not found")
	stdSentinel   = stderrors.New("project not found")
)

type plainError struct{ code string }

func (e *plainError) Error() string { return e.code }

func faultChain() error {
	return fault.Wrap(fault.Wrap(fault.Wrap(fault.New(fault.Conflict, "name is taken"), "insert"), "create"), "serve")
}

func crdbChain() error {
	return crdb.Wrap(crdb.Wrap(crdb.Wrap(crdb.New("name is taken"), "insert"), "create"), "serve")
}

func pkgChain() error {
	return pkgerrors.Wrap(pkgerrors.Wrap(pkgerrors.Wrap(pkgerrors.New("name is taken"), "insert"), "create"), "serve")
}

func stdChain(err error) error {
	return fmt.Errorf("serve: %w", fmt.Errorf("create: %w", fmt.Errorf("insert: %w", err)))
}

func errorsGroup() []comparison {
	const depth = 16
	ourNew := func() { deep(depth, func() { sink = fault.New(fault.Conflict, "name is taken") }) }
	var pcs [64]uintptr
	ours := fault.Wrap(fault.Wrap(fault.Wrap(faultSentinel, "a"), "b"), "c")
	std := stdChain(stdSentinel)
	coded := stdChain(&plainError{"x"})
	fields := fault.Wrap(fault.Wrap(fault.Wrap(fault.Invalid(fault.FieldError{Field: "a"}), "a"), "b"), "c")
	fc, cc, pc := faultChain(), crdbChain(), pkgChain()
	attrs := fault.Wrap(fault.New(fault.Internal, "disk full", slog.Int("shard", 3)), "save cart", slog.String("cart", "c-7"))
	oopsErr := oops.Code("internal").With("shard", 3, "cart", "c-7").Wrapf(oops.Errorf("disk full"), "save cart")
	is := func(err, target error) func() {
		return func() { sinkBool = stderrors.Is(err, target) }
	}
	as := func() {
		var p *plainError
		sinkBool = stderrors.As(coded, &p)
	}
	return []comparison{
		{name: "New with stack / cockroachdb", target: 0.75, allocs: 1, ours: ourNew, theirs: func() { deep(depth, func() { sink = crdb.New("name is taken") }) }},
		{name: "New with stack / pkg/errors", target: 1.1, ours: ourNew, theirs: func() { deep(depth, func() { sink = pkgerrors.New("name is taken") }) }},
		{name: "New with stack / runtime.Callers", target: 1.8, ours: ourNew, theirs: func() { deep(depth, func() { sinkInt = runtime.Callers(1, pcs[:]) }) }},
		{name: "New + 3 wraps / cockroachdb", target: 0.30, bytes: 0.20, ours: func() { sink = faultChain() }, theirs: func() { sink = crdbChain() }},
		{
			name: "3 wraps of a sentinel / cockroachdb", target: 0.33, ours: func() { sink = fault.Wrap(fault.Wrap(fault.Wrap(faultSentinel, "a"), "b"), "c") },
			theirs: func() { sink = crdb.Wrap(crdb.Wrap(crdb.Wrap(stdSentinel, "a"), "b"), "c") },
		},
		{
			name: "3 wraps of a sentinel / pkg/errors", target: 0.45, ours: func() { sink = fault.Wrap(fault.Wrap(fault.Wrap(faultSentinel, "a"), "b"), "c") },
			theirs: func() { sink = pkgerrors.Wrap(pkgerrors.Wrap(pkgerrors.Wrap(stdSentinel, "a"), "b"), "c") },
		},
		{name: "errors.Is hit / std chain", target: 1.25, ours: is(ours, faultSentinel), theirs: is(std, stdSentinel)},
		{name: "errors.Is miss / std chain", target: 1.25, ours: is(ours, io.EOF), theirs: is(std, io.EOF)},
		{name: "CodeOf on 3 wraps / errors.As", target: 0.3, ours: func() { sinkCode = fault.CodeOf(ours) }, theirs: as},
		{name: "Fields on 3 wraps / errors.As", target: 0.3, ours: func() { sinkInt = len(fault.Fields(fields)) }, theirs: as},
		{name: "Error() / pkg/errors", target: 0.6, allocs: 1, ours: func() { sinkString = fc.Error() }, theirs: func() { sinkString = pc.Error() }},
		{name: "%+v again / cockroachdb", target: 0.05, ours: func() { fmt.Fprintf(io.Discard, "%+v", fc) }, theirs: func() { fmt.Fprintf(io.Discard, "%+v", cc) }},
		{name: "create + wraps + %+v / cockroachdb", target: 0.10, ours: func() { fmt.Fprintf(io.Discard, "%+v", faultChain()) }, theirs: func() { fmt.Fprintf(io.Discard, "%+v", crdbChain()) }},
		{
			name: "JSON report with stack / cockroachdb encode", target: 0.08, ours: func() { sink = fault.Report(fc).AppendJSON(nil) },
			theirs: func() { e := crdb.EncodeError(context.Background(), cc); sink, _ = e.Marshal() },
		},
		{name: "JSON report with stack / oops", target: 0.30, ours: func() { sink = fault.Report(attrs).AppendJSON(nil) }, theirs: func() { sink, _ = json.Marshal(oopsErr) }},
	}
}

var (
	sinkBool   bool
	sinkInt    int
	sinkString string
	sinkCode   fault.Code
)
