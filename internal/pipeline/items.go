package pipeline

import (
	"github.com/seismohq/seismo/internal/envelope"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/outcome"
	"github.com/seismohq/seismo/internal/project"
)

// handler works one item: it gives it an outcome, and an entry or the wish to be kept where it has one. It does no I/O.
type handler func(p *Pipeline, it *item)

// unknownType stands in the table for every type that has no line.
const unknownType = "*"

// handlers says which file works which item type. A type without a line is counted and kept as it came for a short time.
func handlers() map[string]handler {
	return map[string]handler{
		"event":         workEvent,
		"feedback":      workEvent,
		"raw_security":  workSecurity,
		"nel":           workSecurity,
		"client_report": workClientReport,
		unknownType:     workKept,
	}
}

// workKept counts an item whose type nothing here understands yet. It is kept as it came, unless it is of a type that is
// not stored at all.
func workKept(_ *Pipeline, it *item) {
	it.end(outcome.Accepted, "")
	kind, _ := envelope.KindOf(it.Type)
	it.keep = kind.Action != envelope.Drop
}

// groupKey finds the group of an occurrence within a batch.
type groupKey struct {
	project project.ID
	key     event.Key
}
