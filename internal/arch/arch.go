// Package arch holds who may import whom, as a table and a test. It has no code of its own to run.
package arch

// Rows are the layers, top first: a package may import packages of the rows below its own, never its own row or above.
// A folder below a package (an engine, a protocol) counts as that package and may import it. docs/architecture.md
// explains the rows.
var Rows = []struct {
	Name     string
	Packages []string
	Sideways bool // packages of this row may import each other
}{
	{"wiring", []string{"cmd/seismo", "internal/app", "internal/config", "internal/telemetry"}, true},
	{"surfaces", []string{"internal/api", "internal/compat", "internal/web", "internal/server"}, false},
	{"services", []string{"internal/ingest", "internal/pipeline", "internal/alerting", "internal/retention", "internal/report", "internal/auth"}, false},
	{"seams", []string{"internal/queue", "internal/eventstore", "internal/blob", "internal/notify", "internal/ticket", "internal/catalog"}, false},
	{"pure", []string{"internal/envelope", "internal/normalize", "internal/symbolicate", "internal/enrich", "internal/scrub", "internal/grouping", "internal/filter", "internal/quota", "internal/severity", "internal/search"}, false},
	{"vocabulary", []string{"internal/event", "internal/issue", "internal/project", "internal/release", "internal/rule", "internal/oncall", "internal/account", "internal/outcome"}, true},
}

// Client is the package by which the client commands and the end-to-end tests know the server.
const Client = "client"

// Free are packages outside the rows: support for tests.
var Free = []string{"internal/arch", "internal/pgtest", "e2e"}
