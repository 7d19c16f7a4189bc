package catalog

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/issue"
	"github.com/seismohq/seismo/internal/project"
)

const issueColumns = `id, org_id, project_id, short_id, title, type, value, culprit, location, function, level, platform, category,
	status, regressed, escalating, unhandled, assignee, count, users, first_seen, last_seen, first_release, last_release,
	version, updated_at, impact`

type issueRow struct {
	issue.Issue
	impact int64
}

func scanIssueRow(r scanner) (issueRow, error) {
	var i issueRow
	var first, last, updated int64
	err := r.Scan(&i.ID, &i.Org, &i.Project, &i.ShortID, &i.Title, &i.Type, &i.Value, &i.Culprit, &i.Location, &i.Function,
		&i.Level, &i.Platform, &i.Category, &i.Status, &i.Regressed, &i.Escalating, &i.Unhandled, &i.Assignee, &i.Count, &i.Users,
		&first, &last, &i.FirstRelease, &i.LastRelease, &i.Version, &updated, &i.impact)
	i.FirstSeen, i.LastSeen, i.UpdatedAt = fromMicros(first), fromMicros(last), fromMicros(updated)
	return i, err
}

func scanIssue(r scanner) (issue.Issue, error) {
	row, err := scanIssueRow(r)
	return row.Issue, err
}

const selectIssue = `SELECT ` + issueColumns + ` FROM issues WHERE org_id = $1 AND id = $2`

// GetIssue returns an issue of an organization.
func (s *Store) GetIssue(ctx context.Context, org account.OrgID, id issue.ID) (issue.Issue, error) {
	return one(ctx, s, "issue", scanIssue, selectIssue, org, id)
}

const selectIssueByShortID = `SELECT ` + issueColumns + ` FROM issues WHERE org_id = $1 AND short_id = $2`

// GetIssueByShortID returns an issue of an organization by the id people say.
func (s *Store) GetIssueByShortID(ctx context.Context, org account.OrgID, shortID string) (issue.Issue, error) {
	return one(ctx, s, "issue", scanIssue, selectIssueByShortID, org, shortID)
}

func scanEventKey(r scanner) (event.Key, error) {
	var b []byte
	var k event.Key
	err := r.Scan(&b)
	copy(k[:], b)
	return k, err
}

const selectIssueKeys = `SELECT k.key FROM issue_keys k JOIN issues i ON i.id = k.issue_id WHERE i.org_id = $1 AND i.id = $2 ORDER BY k.key`

// IssueKeys returns the grouping keys that an issue owns. An issue that does not exist owns none.
func (s *Store) IssueKeys(ctx context.Context, org account.OrgID, id issue.ID) ([]event.Key, error) {
	return list(ctx, s, "keys of an issue", scanEventKey, selectIssueKeys, org, id)
}

// IssuesByKeys returns the owners of grouping keys of a project. Keys that nothing owns are left out.
func (s *Store) IssuesByKeys(ctx context.Context, p project.ID, keys []event.Key) (map[event.Key]issue.ID, error) {
	out := make(map[event.Key]issue.ID, len(keys))
	for len(keys) > 0 {
		n := min(len(keys), keysPerQuery)
		text, args := keyQuery(p, keys[:n])
		owners, err := list(ctx, s, "owners of keys", scanOwner, text, args...)
		if err != nil {
			return nil, err
		}
		for _, o := range owners {
			out[o.key] = o.issue
		}
		keys = keys[n:]
	}
	return out, nil
}

// keysPerQuery bounds the parameters of one statement.
const keysPerQuery = 500

type owner struct {
	key   event.Key
	issue issue.ID
}

func scanOwner(r scanner) (owner, error) {
	var o owner
	var b []byte
	err := r.Scan(&b, &o.issue)
	copy(o.key[:], b)
	return o, err
}

func keyQuery(p project.ID, keys []event.Key) (string, []any) {
	var q query
	q.text.WriteString(`SELECT key, issue_id FROM issue_keys WHERE project_id = ` + q.arg(p) + ` AND key IN (`)
	for i := range keys {
		q.comma(i)
		q.text.WriteString(q.arg(keys[i][:]))
	}
	q.text.WriteString(`)`)
	return q.text.String(), q.args
}

// query is a statement that is put together: text of constants and parameters only.
type query struct {
	text strings.Builder
	args []any
}

// arg adds a parameter and returns its place.
func (q *query) arg(v any) string {
	q.args = append(q.args, v)
	return "$" + strconv.Itoa(len(q.args))
}

func (q *query) comma(i int) {
	if i > 0 {
		q.text.WriteString(", ")
	}
}

// in adds "AND column IN (…)" for a list that is not empty.
func in[T any](q *query, column string, values []T, arg func(T) any) {
	if len(values) == 0 {
		return
	}
	q.text.WriteString(` AND ` + column + ` IN (`)
	for i, v := range values {
		q.comma(i)
		q.text.WriteString(q.arg(arg(v)))
	}
	q.text.WriteString(`)`)
}

// TimeRange is a half-open range. A zero From or To leaves that side open.
type TimeRange struct{ From, To time.Time }

// IssueQuery asks for issues. Conditions that are empty do not restrict.
type IssueQuery struct {
	Projects   []project.ID
	Statuses   []issue.Status
	Levels     []event.Level
	Assignee   *account.UserID // 0: nobody
	Regressed  *bool
	Escalating *bool
	Text       string // words that must be contained in title, type, value, culprit or short id, whatever the case
	FirstSeen  TimeRange
	LastSeen   TimeRange
	Sort       string // last_seen (the default), first_seen, events, users or impact; the most first
	Cursor     string // from IssuePage.Next
	Limit      int    // 1 to 500; 0: 50
}

// IssuePage is a part of a list of issues.
type IssuePage struct {
	Issues []issue.Issue
	Next   string // "" at the end
}

// sorts are the orders of a list, by columns that are all descending. The last one is unique.
var sorts = map[string][]string{
	"last_seen":  {"last_seen", "id"},
	"first_seen": {"first_seen", "id"},
	"events":     {"count", "id"},
	"users":      {"users", "id"},
	"impact":     {"impact", "last_seen", "id"},
}

// ListIssues returns issues of an organization. Issues that come or change between two pages neither repeat nor hide
// others, but for those that change their own place.
//
// Sort impact means: fatal first, then regressed or escalating, then users, then last seen.
func (s *Store) ListIssues(ctx context.Context, org account.OrgID, q IssueQuery) (IssuePage, error) {
	sort := q.Sort
	if sort == "" {
		sort = "last_seen"
	}
	columns := sorts[sort]
	if columns == nil {
		return IssuePage{}, invalid("sort", "must be last_seen, first_seen, events, users or impact")
	}
	limit := q.Limit
	if limit == 0 {
		limit = 50
	}
	if limit < 1 || limit > 500 {
		return IssuePage{}, invalid("limit", "must be a number from 1 to 500")
	}
	var st query
	st.text.WriteString(`SELECT ` + issueColumns + ` FROM issues`)
	q.where(&st, org)
	if q.Cursor != "" {
		after, err := parseCursor(q.Cursor, sort, len(columns))
		if err != nil {
			return IssuePage{}, err
		}
		st.text.WriteString(` AND (` + strings.Join(columns, ", ") + `) < (`)
		for i, v := range after {
			st.comma(i)
			st.text.WriteString(`CAST(` + st.arg(v) + ` AS BIGINT)`)
		}
		st.text.WriteString(`)`)
	}
	st.text.WriteString(` ORDER BY ` + strings.Join(columns, " DESC, ") + ` DESC LIMIT ` + st.arg(limit+1))
	rows, err := list(ctx, s, "issues", scanIssueRow, st.text.String(), st.args...)
	if err != nil {
		return IssuePage{}, err
	}
	var page IssuePage
	for i, row := range rows {
		if i == limit {
			page.Next = rows[i-1].cursor(sort, columns)
			break
		}
		page.Issues = append(page.Issues, row.Issue)
	}
	return page, nil
}

// CountIssues returns how many issues match. Sort, Cursor and Limit do not matter.
func (s *Store) CountIssues(ctx context.Context, org account.OrgID, q IssueQuery) (int64, error) {
	var st query
	st.text.WriteString(`SELECT count(*) FROM issues`)
	q.where(&st, org)
	var n int64
	err := s.read.QueryRowContext(ctx, st.text.String(), st.args...).Scan(&n)
	return n, s.dialect.wrap(err, "count issues")
}

func (q *IssueQuery) where(st *query, org account.OrgID) {
	st.text.WriteString(` WHERE org_id = ` + st.arg(org))
	in(st, "project_id", q.Projects, func(p project.ID) any { return int64(p) })
	in(st, "status", q.Statuses, func(x issue.Status) any { return string(x) })
	in(st, "level", q.Levels, func(x event.Level) any { return string(x) })
	if q.Assignee != nil {
		st.text.WriteString(` AND assignee = ` + st.arg(*q.Assignee))
	}
	for _, flag := range []struct {
		column string
		want   *bool
	}{{"regressed", q.Regressed}, {"escalating", q.Escalating}} {
		if flag.want != nil {
			st.text.WriteString(` AND ` + flag.column + ` = ` + st.arg(*flag.want))
		}
	}
	for _, bound := range []struct {
		condition string
		at        time.Time
	}{
		{"first_seen >= ", q.FirstSeen.From},
		{"first_seen < ", q.FirstSeen.To},
		{"last_seen >= ", q.LastSeen.From},
		{"last_seen < ", q.LastSeen.To},
	} {
		if !bound.at.IsZero() {
			st.text.WriteString(` AND ` + bound.condition + st.arg(micros(bound.at)))
		}
	}
	escape := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
	for word := range strings.FieldsSeq(strings.ToLower(q.Text)) {
		st.text.WriteString(` AND words LIKE ` + st.arg("%"+escape.Replace(word)+"%") + ` ESCAPE '\'`)
	}
}

// cursor is where the page after this row begins: the order and the values of its columns.
func (r *issueRow) cursor(sort string, columns []string) string {
	values := make([]any, 0, len(columns)+1)
	values = append(values, sort)
	for _, c := range columns {
		values = append(values, map[string]int64{
			"last_seen": micros(r.LastSeen), "first_seen": micros(r.FirstSeen), "count": r.Count, "users": r.Users,
			"impact": r.impact, "id": int64(r.ID),
		}[c])
	}
	b, err := json.Marshal(values)
	if err != nil {
		panic(err) // strings and numbers always have a JSON form
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseCursor(cursor, sort string, columns int) ([]int64, error) {
	bad := invalid("cursor", "is not one that this list has given")
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return nil, bad
	}
	var parts []json.RawMessage
	var of string
	if json.Unmarshal(b, &parts) != nil || len(parts) != columns+1 || json.Unmarshal(parts[0], &of) != nil || of != sort {
		return nil, bad
	}
	values := make([]int64, columns)
	for i := range values {
		if json.Unmarshal(parts[i+1], &values[i]) != nil {
			return nil, bad
		}
	}
	return values, nil
}

func invalid(field, message string) error {
	return fault.Invalid(fault.FieldError{Field: field, Rule: "valid", Message: message})
}
