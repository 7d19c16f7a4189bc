package catalog

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/internal/account"
	"github.com/seismohq/seismo/internal/project"
)

// ProjectInput is what a new project is made of. Slug and Prefix follow from the name where they are empty, and are made
// unique in the organization; where they are given and stand already, that is a Conflict.
type ProjectInput struct {
	Name     string
	Slug     string
	Platform string
	Prefix   string
}

const projectColumns = `id, org_id, slug, name, platform, prefix, created_at`

func scanProject(r scanner) (project.Project, error) {
	var p project.Project
	var created int64
	err := r.Scan(&p.ID, &p.Org, &p.Slug, &p.Name, &p.Platform, &p.Prefix, &created)
	p.CreatedAt = fromMicros(created)
	return p, err
}

const (
	insertProject  = `INSERT INTO projects (org_id, slug, name, platform, prefix, created_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING ` + projectColumns
	countSlug      = `SELECT count(*) FROM projects WHERE org_id = $1 AND slug = $2`
	countPrefix    = `SELECT count(*) FROM projects WHERE org_id = $1 AND prefix = $2`
	lockProjectOrg = `UPDATE organizations SET name = name WHERE id = $1`
)

// CreateProject makes a project with one key.
func (s *Store) CreateProject(ctx context.Context, org account.OrgID, in ProjectInput) (project.Project, error) {
	var p project.Project
	err := s.tx(ctx, "create a project", func(tx *tx) error {
		// One after the other within an organization, so that what is free stays free.
		if err := tx.one("organization", lockProjectOrg, org); err != nil {
			return err
		}
		slug, prefix, err := in.Slug, in.Prefix, error(nil)
		if slug == "" {
			slug, err = firstFree(tx, countSlug, org, slugOf(in.Name), func(base string, n int) string { return base + "-" + strconv.Itoa(n) })
		}
		if err == nil && prefix == "" {
			prefix, err = firstFree(tx, countPrefix, org, prefixOf(in.Name), func(base string, n int) string {
				suffix := strconv.Itoa(n)
				return base[:max(1, min(len(base), 4-len(suffix)))] + suffix
			})
		}
		if err != nil {
			return err
		}
		if p, err = scanProject(tx.row(insertProject, org, slug, in.Name, in.Platform, prefix, micros(s.now()))); err != nil {
			return err
		}
		_, err = s.insertKey(tx, org, p.ID, "Default")
		return err
	})
	return p, err
}

// firstFree returns base, or the first of its variants from 2 on that nothing has.
func firstFree(tx *tx, count string, org account.OrgID, base string, variant func(string, int) string) (string, error) {
	for n := 1; n < 10_000; n++ {
		name := base
		if n > 1 {
			name = variant(base, n)
		}
		var taken int
		if err := tx.row(count, org, name).Scan(&taken); err != nil || taken == 0 {
			return name, err
		}
	}
	return "", fault.New(fault.Conflict, "no free name is left for the project")
}

// slugOf makes "web-shop" of "Web Shop!".
func slugOf(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	slug := strings.Trim(b.String()[:min(b.Len(), 50)], "-")
	if slug == "" || strings.Trim(slug, "0123456789") == "" { // a number would be taken for an id
		slug = strings.Trim("project-"+slug, "-")
	}
	return slug
}

// prefixOf makes "WS" of "Web shop", and "CHK" of "checkout".
func prefixOf(name string) string {
	words := strings.FieldsFunc(strings.ToUpper(name), func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	var b strings.Builder
	if len(words) > 1 {
		for _, w := range words[:min(len(words), 4)] {
			b.WriteByte(w[0])
		}
	} else if len(words) == 1 {
		// The consonants carry a word: checkout → CHK.
		b.WriteByte(words[0][0])
		for _, r := range words[0][1:] {
			if b.Len() < 3 && !strings.ContainsRune("AEIOU", r) {
				b.WriteRune(r)
			}
		}
	}
	if b.Len() < 2 {
		return "PRJ"
	}
	return b.String()
}

const selectProject = `SELECT ` + projectColumns + ` FROM projects WHERE org_id = $1 AND id = $2`

// GetProject returns a project of an organization.
func (s *Store) GetProject(ctx context.Context, org account.OrgID, id project.ID) (project.Project, error) {
	return one(ctx, s, "project", scanProject, selectProject, org, id)
}

const selectProjectBySlug = `SELECT ` + projectColumns + ` FROM projects WHERE org_id = $1 AND slug = $2`

// GetProjectBySlug returns a project of an organization.
func (s *Store) GetProjectBySlug(ctx context.Context, org account.OrgID, slug string) (project.Project, error) {
	return one(ctx, s, "project", scanProject, selectProjectBySlug, org, slug)
}

const selectProjects = `SELECT ` + projectColumns + ` FROM projects WHERE org_id = $1 ORDER BY name, id`

// ListProjects returns the projects of an organization by name.
func (s *Store) ListProjects(ctx context.Context, org account.OrgID) ([]project.Project, error) {
	return list(ctx, s, "projects", scanProject, selectProjects, org)
}

const keyColumns = `id, project_id, org_id, public, label, enabled, created_at`

func scanKey(r scanner) (project.Key, error) {
	var k project.Key
	var created int64
	err := r.Scan(&k.ID, &k.Project, &k.Org, &k.Public, &k.Label, &k.Enabled, &created)
	k.CreatedAt = fromMicros(created)
	return k, err
}

const insertProjectKey = `INSERT INTO project_keys (org_id, project_id, public, label, enabled, created_at)
	SELECT p.org_id, p.id, CAST($3 AS TEXT), CAST($4 AS TEXT), TRUE, CAST($5 AS BIGINT) FROM projects p WHERE p.org_id = $1 AND p.id = $2
	RETURNING ` + keyColumns

func (s *Store) insertKey(tx *tx, org account.OrgID, p project.ID, label string) (project.Key, error) {
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails: crypto/rand.Read ends the program instead
	k, err := scanKey(tx.row(insertProjectKey, org, p, hex.EncodeToString(raw[:]), label, micros(s.now())))
	return k, noRow(err, "project")
}

// CreateKey makes another key of a project.
func (s *Store) CreateKey(ctx context.Context, org account.OrgID, p project.ID, label string) (project.Key, error) {
	var k project.Key
	err := s.tx(ctx, "create a key", func(tx *tx) (err error) {
		k, err = s.insertKey(tx, org, p, label)
		return err
	})
	return k, err
}

const selectKeys = `SELECT ` + keyColumns + ` FROM project_keys WHERE org_id = $1 AND project_id = $2 ORDER BY id`

// ListKeys returns the keys of a project, oldest first.
func (s *Store) ListKeys(ctx context.Context, org account.OrgID, p project.ID) ([]project.Key, error) {
	return list(ctx, s, "keys", scanKey, selectKeys, org, p)
}

const updateKeyEnabled = `UPDATE project_keys SET enabled = $3 WHERE org_id = $1 AND id = $2`

// SetKeyEnabled switches a key on or off.
func (s *Store) SetKeyEnabled(ctx context.Context, org account.OrgID, id project.KeyID, enabled bool) error {
	return s.tx(ctx, "switch a key", func(tx *tx) error { return tx.one("key", updateKeyEnabled, org, id, enabled) })
}

const selectKeyByPublic = `SELECT k.id, k.project_id, k.org_id, k.public, k.label, k.enabled, k.created_at,
	p.id, p.org_id, p.slug, p.name, p.platform, p.prefix, p.created_at
	FROM project_keys k JOIN projects p ON p.id = k.project_id WHERE k.public = $1`

// GetKeyByPublic finds a key of the whole server, and its project: what the door asks before it knows any tenant.
func (s *Store) GetKeyByPublic(ctx context.Context, public string) (project.Key, project.Project, error) {
	type found struct {
		key     project.Key
		project project.Project
	}
	f, err := one(ctx, s, "key", func(r scanner) (found, error) {
		var f found
		var keyCreated, created int64
		k, p := &f.key, &f.project
		err := r.Scan(&k.ID, &k.Project, &k.Org, &k.Public, &k.Label, &k.Enabled, &keyCreated,
			&p.ID, &p.Org, &p.Slug, &p.Name, &p.Platform, &p.Prefix, &created)
		k.CreatedAt, p.CreatedAt = fromMicros(keyCreated), fromMicros(created)
		return f, err
	}, selectKeyByPublic, public)
	return f.key, f.project, err
}
