package sqlite

import "context"

// folded is what one event adds to the counts, each time for its key and for the whole project.
type folded struct {
	keys  [2]int64
	ts    int64
	env   int64
	level int
	user  int64 // names.id; 1: nobody
	tags  [][2]int64
}

// counts are the counts of a batch, folded so that each row of the tables is written once.
type counts struct {
	minutes map[minuteKey]int64
	totals  map[int64]*total
	tags    map[tagKey]*tagCount
	users   map[userKey]int64
}

type minuteKey struct {
	key, minute, env int64
	level            int
}

type total struct{ count, min, max int64 }

type tagKey struct{ key, tag, value int64 }

type tagCount struct{ count, last int64 }

type userKey struct{ key, user int64 }

func newCounts() counts {
	return counts{map[minuteKey]int64{}, map[int64]*total{}, map[tagKey]*tagCount{}, map[userKey]int64{}}
}

func (c *counts) fold(f folded) {
	for _, key := range f.keys {
		c.minutes[minuteKey{key, minuteOf(f.ts), f.env, f.level}]++
		t := c.totals[key]
		if t == nil {
			t = &total{0, f.ts, f.ts}
			c.totals[key] = t
		}
		t.count, t.min, t.max = t.count+1, min(t.min, f.ts), max(t.max, f.ts)
		for _, tag := range f.tags {
			k := tagKey{key, tag[0], tag[1]}
			n := c.tags[k]
			if n == nil {
				n = &tagCount{}
				c.tags[k] = n
			}
			n.count, n.last = n.count+1, max(n.last, f.ts)
		}
		if f.user != 1 {
			c.users[userKey{key, f.user}]++
		}
	}
}

const (
	upsertMinute = `INSERT INTO minutes (key, minute, env, level, count) VALUES ($1, $2, $3, $4, $5)
	ON CONFLICT (key, minute, env, level) DO UPDATE SET count = count + excluded.count`
	upsertTotal = `INSERT INTO totals (key, count, min_ts, max_ts) VALUES ($1, $2, $3, $4)
	ON CONFLICT (key) DO UPDATE SET count = count + excluded.count, min_ts = min(min_ts, excluded.min_ts), max_ts = max(max_ts, excluded.max_ts)`
	upsertTag = `INSERT INTO tags (key, tag, value, count, last) VALUES ($1, $2, $3, $4, $5)
	ON CONFLICT (key, tag, value) DO UPDATE SET count = count + excluded.count, last = max(last, excluded.last)`
	upsertUser = `INSERT INTO users (key, user, count) VALUES ($1, $2, $3)
	ON CONFLICT (key, user) DO UPDATE SET count = count + excluded.count`
)

// flush writes the folded counts.
func (w *writer) flush() error {
	run := func(text string, each func(exec func(args ...any) error) error) error {
		st, err := w.tx.PrepareContext(w.ctx, text)
		if err != nil {
			return err
		}
		return each(func(args ...any) error { _, err := st.ExecContext(context.WithoutCancel(w.ctx), args...); return err })
	}
	if err := run(upsertMinute, func(exec func(...any) error) error {
		for k, n := range w.counts.minutes {
			if err := exec(k.key, k.minute, k.env, k.level, n); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if err := run(upsertTotal, func(exec func(...any) error) error {
		for k, t := range w.counts.totals {
			if err := exec(k, t.count, t.min, t.max); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if err := run(upsertTag, func(exec func(...any) error) error {
		for k, n := range w.counts.tags {
			if err := exec(k.key, k.tag, k.value, n.count, n.last); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	return run(upsertUser, func(exec func(...any) error) error {
		for k, n := range w.counts.users {
			if err := exec(k.key, k.user, n); err != nil {
				return err
			}
		}
		return nil
	})
}
