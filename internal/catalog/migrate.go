package catalog

import (
	"context"
	"embed"
	"io/fs"
	"log/slog"
	"strconv"
	"strings"

	"github.com/seismohq/seismo/fault"
)

//go:embed migrations
var migrations embed.FS

// migration is one file of migrations/<dialect>: "0001_begin.sql".
type migration struct {
	number int
	name   string
	text   string
}

func migrationsOf(dialect string) ([]migration, error) {
	names, err := fs.Glob(migrations, "migrations/"+dialect+"/*.sql")
	if err != nil {
		return nil, fault.Wrap(err, "list the migrations")
	}
	var out []migration
	for _, path := range names {
		name := path[strings.LastIndexByte(path, '/')+1:]
		number, err := strconv.Atoi(name[:4])
		if err != nil {
			return nil, fault.Wrap(err, "read the number of a migration", slog.String("name", name))
		}
		text, err := migrations.ReadFile(path)
		if err != nil {
			return nil, fault.Wrap(err, "read a migration", slog.String("name", name))
		}
		out = append(out, migration{number, name, string(text)})
	}
	return out, nil
}

// migrate runs what has not run yet, each file in a transaction of its own. Two servers that start at once take turns.
func (s *Store) migrate(ctx context.Context) error {
	all, err := migrationsOf(s.dialect.name)
	if err != nil {
		return err
	}
	if _, err := s.write.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL)`); err != nil {
		return s.dialect.wrap(err, "prepare the catalog")
	}
	for _, m := range all {
		ran := false
		err := s.tx(ctx, "migrate the catalog", func(tx *tx) error {
			if s.dialect.lockAll != "" {
				if _, err := tx.ExecContext(ctx, s.dialect.lockAll); err != nil {
					return err
				}
			}
			var done int
			if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM migrations WHERE number = $1`, m.number).Scan(&done); err != nil || done > 0 {
				return err
			}
			if _, err := tx.ExecContext(ctx, m.text); err != nil {
				return err
			}
			ran = true
			_, err := tx.ExecContext(ctx, `INSERT INTO migrations (number, name) VALUES ($1, $2)`, m.number, m.name)
			return err
		})
		if err != nil {
			return fault.Wrap(err, "run a migration", slog.String("name", m.name))
		}
		if ran {
			s.log.Info("catalog is migrated", "migration", m.name)
		}
	}
	return nil
}
