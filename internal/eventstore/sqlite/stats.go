package sqlite

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/event"
	"github.com/seismohq/seismo/internal/eventstore"
	"github.com/seismohq/seismo/internal/project"
)

// each runs a query and hands every row to scan.
func (g *segment) each(ctx context.Context, st *query, scan func(scan func(...any) error) error) error {
	rows, err := g.read.QueryContext(ctx, st.text.String(), st.args...)
	if err != nil {
		return err
	}
	defer func() { fault.Ignore(rows.Close(), "the error of the rows is reported") }()
	for rows.Next() {
		if err := scan(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Histogram implements eventstore.Store.
func (s *Store) Histogram(ctx context.Context, p project.ID, q eventstore.HistogramQuery) ([]eventstore.Bucket, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	buckets := q.Buckets()
	err := s.histogram(ctx, p, q, false, func(_ []byte, minute int64, level int, count int64) {
		addTo(buckets, q.Step, minute, level, count)
	})
	return buckets, failed(err, "count events over time")
}

// Histograms implements eventstore.Store.
func (s *Store) Histograms(ctx context.Context, p project.ID, q eventstore.HistogramQuery) (map[event.Key][]eventstore.Bucket, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	out := map[event.Key][]eventstore.Bucket{}
	err := s.histogram(ctx, p, q, true, func(key []byte, minute int64, level int, count int64) {
		var k event.Key
		copy(k[:], key)
		if out[k] == nil {
			out[k] = q.Buckets()
		}
		addTo(out[k], q.Step, minute, level, count)
	})
	return out, failed(err, "count events over time")
}

func addTo(buckets []eventstore.Bucket, step time.Duration, minute int64, level int, count int64) {
	if len(buckets) == 0 {
		return
	}
	i := int((minute - buckets[0].Start.Unix()/60) / int64(step/time.Minute))
	if i < 0 || i >= len(buckets) {
		return
	}
	buckets[i].Count += count
	buckets[i].ByLevel[level] += count
}

// histogram counts by key (where each is wanted alone), minute and level: from the counts where they can answer, from
// the events where a condition or a range within a minute asks for more.
func (s *Store) histogram(ctx context.Context, p project.ID, q eventstore.HistogramQuery, perKey bool, add func(key []byte, minute int64, level int, count int64)) error {
	segments, done := s.within(q.Filter.Range)
	defer done()
	key := `x''`
	if perKey {
		key = `k.key`
	}
	for _, g := range segments {
		var st query
		if countable(q.Filter) {
			st.add(`SELECT ` + key + `, m.minute, m.level, sum(m.count) FROM minutes m JOIN keys k ON k.id = m.key WHERE m.key IN `)
			if perKey && len(q.Keys) == 0 {
				st.add(`(SELECT id FROM keys WHERE project = ? AND key <> x'')`, p)
			} else {
				st.keyIDs(p, q.Keys)
			}
			st.add(` AND m.minute >= ? AND m.minute < ?`, minuteOf(micros(q.Filter.Range.From)), minuteOf(micros(q.Filter.Range.To)))
			for _, c := range q.Filter.Conditions {
				st.environments(c)
			}
			st.add(` GROUP BY 1, 2, 3`)
		} else {
			st.add(`SELECT ` + key + `, e.ts / 60000000, e.level, count(*) FROM events e JOIN keys k ON k.id = e.key WHERE `)
			st.events(p, q.Keys, q.Filter)
			st.add(` GROUP BY 1, 2, 3`)
		}
		if err := g.each(ctx, &st, func(scan func(...any) error) error {
			var k []byte
			var minute, count int64
			var level int
			if err := scan(&k, &minute, &level, &count); err != nil {
				return err
			}
			add(k, minute, level, count)
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// countable reports whether the table of minutes can answer for a filter.
func countable(f eventstore.Filter) bool {
	onMinute := func(t time.Time) bool { return t.UnixMicro()%int64(time.Minute/time.Microsecond) == 0 }
	if !onMinute(f.Range.From) || !onMinute(f.Range.To) {
		return false
	}
	return !slices.ContainsFunc(f.Conditions, func(c eventstore.Condition) bool { return c.Field != "environment" })
}

// environments adds a condition on the environment to a query of minutes, as m.
func (q *query) environments(c eventstore.Condition) {
	q.add(` AND `)
	if c.Negate {
		q.add(`NOT `)
	}
	q.add(`m.env IN (SELECT id FROM names WHERE `)
	for i, v := range c.Values {
		if i > 0 {
			q.add(` OR `)
		}
		q.matches("text", v)
	}
	q.add(`)`)
}

// Totals implements eventstore.Store.
func (s *Store) Totals(ctx context.Context, p project.ID, keys []event.Key, r eventstore.Range) (map[event.Key]eventstore.Totals, error) {
	if err := eventstore.CheckKeys(keys); err != nil {
		return nil, err
	}
	segments, done := s.within(r)
	defer done()
	out := map[event.Key]eventstore.Totals{}
	users := map[event.Key]map[string]struct{}{}
	for _, g := range segments {
		var st query
		if g.inside(r) {
			st.add(`SELECT k.key, t.count, t.min_ts, t.max_ts FROM keys k JOIN totals t ON t.key = k.id WHERE k.project = ? AND `, p)
			st.named("k.key", keys)
		} else {
			st.add(`SELECT k.key, count(*), min(e.ts), max(e.ts) FROM keys k JOIN events e ON e.key = k.id WHERE k.project = ? AND `, p)
			st.named("k.key", keys)
			st.add(` AND `)
			st.between(r)
			st.add(` GROUP BY k.key`)
		}
		if err := g.each(ctx, &st, func(scan func(...any) error) error {
			var k []byte
			var n, first, last int64
			if err := scan(&k, &n, &first, &last); err != nil {
				return err
			}
			t := out[event.Key(k)]
			t.Events += n
			if from := fromMicros(first); t.FirstSeen.IsZero() || from.Before(t.FirstSeen) {
				t.FirstSeen = from
			}
			if to := fromMicros(last); to.After(t.LastSeen) {
				t.LastSeen = to
			}
			out[event.Key(k)] = t
			return nil
		}); err != nil {
			return nil, failed(err, "total events")
		}
		if err := g.users(ctx, p, keys, r, func(k event.Key, user string) {
			if users[k] == nil {
				users[k] = map[string]struct{}{}
			}
			users[k][user] = struct{}{}
		}); err != nil {
			return nil, failed(err, "total users")
		}
	}
	for k, t := range out {
		t.Users = int64(len(users[k]))
		out[k] = t
	}
	return out, nil
}

// named adds that a key is one of those given, or with none of them any key but that of the project.
func (q *query) named(column string, keys []event.Key) {
	if len(keys) == 0 {
		q.add(column + ` <> x''`)
		return
	}
	q.add(column + ` IN (`)
	q.list(len(keys))
	for i := range keys {
		q.args = append(q.args, keys[i][:])
	}
	q.add(`)`)
}

// between adds that an event, as e, is of the range.
func (q *query) between(r eventstore.Range) {
	q.add(`e.ts >= ?`, micros(r.From))
	if r.From.IsZero() {
		q.args[len(q.args)-1] = int64(-1 << 62)
	}
	if !r.To.IsZero() {
		q.add(` AND e.ts < ?`, micros(r.To))
	}
}

// users yields each user of each key once.
func (g *segment) users(ctx context.Context, p project.ID, keys []event.Key, r eventstore.Range, yield func(event.Key, string)) error {
	var st query
	if g.inside(r) {
		st.add(`SELECT k.key, n.text FROM keys k JOIN users u ON u.key = k.id JOIN names n ON n.id = u.user WHERE k.project = ? AND `, p)
		st.named("k.key", keys)
	} else {
		st.add(`SELECT DISTINCT k.key, n.text FROM keys k JOIN events e ON e.key = k.id JOIN names n ON n.id = e.user WHERE e.user <> 1 AND k.project = ? AND `, p)
		st.named("k.key", keys)
		st.add(` AND `)
		st.between(r)
	}
	return g.each(ctx, &st, func(scan func(...any) error) error {
		var k []byte
		var user string
		if err := scan(&k, &user); err != nil {
			return err
		}
		yield(event.Key(k), user)
		return nil
	})
}

// Users implements eventstore.Store.
func (s *Store) Users(ctx context.Context, p project.ID, keys []event.Key, r eventstore.Range) (int64, error) {
	if err := eventstore.CheckKeys(keys); err != nil {
		return 0, err
	}
	segments, done := s.within(r)
	defer done()
	all := map[string]struct{}{}
	for _, g := range segments {
		if err := g.users(ctx, p, keys, r, func(_ event.Key, user string) { all[user] = struct{}{} }); err != nil {
			return 0, failed(err, "count users")
		}
	}
	return int64(len(all)), nil
}

// TopTags implements eventstore.Store.
func (s *Store) TopTags(ctx context.Context, p project.ID, q eventstore.TagQuery) ([]eventstore.TagCounts, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	segments, done := s.within(q.Filter.Range)
	defer done()
	all := map[string]map[string]*eventstore.TagCount{}
	for _, g := range segments {
		if err := g.topTags(ctx, p, q, func(tag, value string, count, last int64) {
			values := all[tag]
			if values == nil {
				values = map[string]*eventstore.TagCount{}
				all[tag] = values
			}
			n := values[value]
			if n == nil {
				n = &eventstore.TagCount{Value: value}
				values[value] = n
			}
			n.Count += count
			if at := fromMicros(last); at.After(n.LastSeen) {
				n.LastSeen = at
			}
		}); err != nil {
			return nil, failed(err, "count tags")
		}
	}
	var out []eventstore.TagCounts
	for tag, values := range all {
		t := eventstore.TagCounts{Key: tag, Values: int64(len(values))}
		for _, n := range values {
			t.Total += n.Count
			t.Top = append(t.Top, *n)
		}
		slices.SortFunc(t.Top, func(a, b eventstore.TagCount) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
		})
		t.Top = t.Top[:min(len(t.Top), q.Limit)]
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b eventstore.TagCounts) int { return cmp.Compare(a.Key, b.Key) })
	return out, nil
}

// topTags yields the counts of tag values: from the counts where the whole segment is asked for, else from the events.
func (g *segment) topTags(ctx context.Context, p project.ID, q eventstore.TagQuery, yield func(tag, value string, count, last int64)) error {
	var st query
	if g.inside(q.Filter.Range) && len(q.Filter.Conditions) == 0 {
		st.add(`SELECT tag.text, value.text, sum(t.count), max(t.last) FROM tags t JOIN names tag ON tag.id = t.tag JOIN names value ON value.id = t.value WHERE t.key IN `)
		st.keyIDs(p, q.Keys)
		st.tagNames("tag.text", q.Tags)
		st.add(` GROUP BY 1, 2`)
		return g.each(ctx, &st, func(scan func(...any) error) error {
			var tag, value string
			var count, last int64
			if err := scan(&tag, &value, &count, &last); err != nil {
				return err
			}
			yield(tag, value, count, last)
			return nil
		})
	}
	found := map[[2]int64]*tagCount{}
	st.add(`SELECT e.tags, e.ts FROM events e WHERE `)
	st.events(p, q.Keys, q.Filter)
	if err := g.each(ctx, &st, func(scan func(...any) error) error {
		var tags string
		var ts int64
		if err := scan(&tags, &ts); err != nil {
			return err
		}
		for pair := range parseTags(tags) {
			n := found[pair]
			if n == nil {
				n = &tagCount{}
				found[pair] = n
			}
			n.count, n.last = n.count+1, max(n.last, ts)
		}
		return nil
	}); err != nil {
		return err
	}
	texts := map[int64]string{}
	for pair, n := range found {
		for _, id := range pair {
			if _, ok := texts[id]; ok {
				continue
			}
			var text string
			if err := g.read.QueryRowContext(ctx, `SELECT text FROM names WHERE id = $1`, id).Scan(&text); err != nil {
				return err
			}
			texts[id] = text
		}
		if len(q.Tags) == 0 || slices.Contains(q.Tags, texts[pair[0]]) {
			yield(texts[pair[0]], texts[pair[1]], n.count, n.last)
		}
	}
	return nil
}

func (q *query) tagNames(column string, tags []string) {
	if len(tags) == 0 {
		return
	}
	q.add(` AND ` + column + ` IN (`)
	q.list(len(tags))
	for _, t := range tags {
		q.args = append(q.args, t)
	}
	q.add(`)`)
}
