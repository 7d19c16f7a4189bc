package sqlite

import (
	"strings"

	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/project"
)

// query is a statement that is put together of constants and parameters.
type query struct {
	text strings.Builder
	args []any
}

func (q *query) add(text string, args ...any) {
	q.text.WriteString(text)
	q.args = append(q.args, args...)
}

func (q *query) list(n int) { placeholders(&q.text, n) }

// keyIDs adds "(SELECT id FROM keys …)": the keys a query is about; with no keys, the whole project.
func (q *query) keyIDs(p project.ID, keys []event.Key) {
	if len(keys) == 0 {
		q.add(`(SELECT id FROM keys WHERE project = ? AND key = x'')`, p)
		return
	}
	q.add(`(SELECT id FROM keys WHERE project = ? AND key IN (`, p)
	q.list(len(keys))
	for i := range keys {
		q.args = append(q.args, keys[i][:])
	}
	q.add(`))`)
}

// events adds the condition that rows of the table events, as e, are of the keys and pass the filter.
func (q *query) events(p project.ID, keys []event.Key, f eventstore.Filter) {
	if len(keys) == 0 {
		q.add(`e.project = ?`, p)
	} else {
		q.add(`e.key IN `)
		q.keyIDs(p, keys)
	}
	if !f.Range.From.IsZero() {
		q.add(` AND e.ts >= ?`, micros(f.Range.From))
	}
	if !f.Range.To.IsZero() {
		q.add(` AND e.ts < ?`, micros(f.Range.To))
	}
	for _, c := range f.Conditions {
		q.add(` AND `)
		if c.Negate {
			q.add(`NOT `)
		}
		q.add(`(`)
		for i, v := range c.Values {
			if i > 0 {
				q.add(` OR `)
			}
			q.condition(c.Field, v)
		}
		q.add(`)`)
	}
}

// columns are the fields whose texts are names.
var columns = map[string]string{"environment": "e.env", "release": "e.release", "user": "e.user", "title": "e.title"}

// condition adds what one value of a condition means. eventstore.CheckFilter has made sure of the field.
func (q *query) condition(field, value string) {
	switch tag, isTag := strings.CutPrefix(field, "tags."); {
	case isTag && value == "":
		q.add(`NOT EXISTS (SELECT 1 FROM names k WHERE k.text = ? AND instr(e.tags, ';' || k.id || '=') > 0)`, tag)
	case isTag:
		q.add(`EXISTS (SELECT 1 FROM names k, names v WHERE k.text = ? AND v.id <> 1 AND `, tag)
		q.matches("v.text", value)
		q.add(` AND instr(e.tags, ';' || k.id || '=' || v.id || ';') > 0)`)
	case field == "level":
		ranks := matchingLevels(value)
		q.add(`e.level IN (`)
		q.list(len(ranks))
		q.add(`)`, ranks...)
	case field == "title" && value != "":
		q.add(`e.title IN (SELECT id FROM names WHERE instr(lower(text), lower(?)) > 0)`, strings.TrimSuffix(strings.TrimPrefix(value, "*"), "*"))
	case columns[field] != "":
		q.add(columns[field] + ` IN (SELECT id FROM names WHERE `)
		q.matches("text", value)
		q.add(`)`)
	case field == "trace" && value == "":
		q.add(`e.trace IS NULL`)
	case field == "trace":
		q.matches("lower(hex(coalesce(e.trace, x'')))", strings.ToLower(value))
	default:
		if id, err := event.ParseID(value); err == nil {
			q.add(`e.id = ?`, id[:])
			return
		}
		q.matches("lower(hex(e.id))", strings.ToLower(value))
	}
}

// matches adds that an expression is equal to a value, in which '*' at either end stands for anything.
func (q *query) matches(expression, value string) {
	before, after := strings.HasPrefix(value, "*"), strings.HasSuffix(value, "*")
	text := strings.TrimSuffix(strings.TrimPrefix(value, "*"), "*")
	switch {
	case value == "*":
		q.add(`1`)
	case before && after:
		q.add(`instr(`+expression+`, ?) > 0`, text)
	case before:
		q.add(`substr(`+expression+`, -length(?)) = ?`, text, text)
	case after:
		q.add(`substr(`+expression+`, 1, length(?)) = ?`, text, text)
	default:
		q.add(expression+` = ?`, value)
	}
}

func matchingLevels(value string) []any {
	c := eventstore.Condition{Field: "level", Values: []string{value}}
	var out []any
	for rank, l := range levels {
		if c.Match(string(l)) {
			out = append(out, rank)
		}
	}
	return out
}

// levels is event.Level by rank.
var levels = [...]event.Level{"", event.Debug, event.Info, event.Warning, event.Error, event.Fatal}
