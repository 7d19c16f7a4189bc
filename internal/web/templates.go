package web

import (
	"html/template"
	"io/fs"
	"path"
	"strings"

	"github.com/seismohq/seismo/fault"
)

// shared are the template files that every page may use.
var shared = []string{"templates/shell.html", "templates/parts.html"}

// pageSet holds one set of templates per page: the shared ones and its own file.
type pageSet struct {
	site *site
	dev  bool
	sets map[string]*template.Template
}

func newPageSet(s *site, dev bool) (*pageSet, error) {
	p := &pageSet{site: s, dev: dev}
	var err error
	p.sets, err = p.parse()
	return p, err
}

func (p *pageSet) parse() (map[string]*template.Template, error) {
	source := sourceFS(p.dev)
	base, err := template.New("").Funcs(p.site.funcs()).ParseFS(source, shared...)
	if err != nil {
		return nil, fault.Wrap(err, "parse the shared templates")
	}
	files, err := fs.Glob(source, "templates/*.html")
	if err != nil {
		return nil, fault.Wrap(err, "list the templates")
	}
	sets := map[string]*template.Template{}
	for _, f := range files {
		name := strings.TrimSuffix(path.Base(f), ".html")
		t, err := base.Clone()
		if err != nil {
			return nil, fault.Wrap(err, "clone the shared templates")
		}
		if name != "shell" && name != "parts" {
			if sets[name], err = t.ParseFS(source, f); err != nil {
				return nil, fault.Wrap(err, "parse a template")
			}
		}
	}
	return sets, nil
}

func (p *pageSet) get(name string) (*template.Template, error) {
	sets := p.sets
	if p.dev {
		var err error
		if sets, err = p.parse(); err != nil {
			return nil, err
		}
	}
	t, ok := sets[name]
	if !ok {
		return nil, fault.New(fault.Internal, "there is no such template")
	}
	return t, nil
}

// funcs are the functions of templates. They see no database and no clock.
func (s *site) funcs() template.FuncMap {
	return template.FuncMap{
		"path":  s.path,
		"asset": s.files.path,
		"icon":  icon,
		"sev":   severityGlyph,
		"ring":  statusRing,
		"num":   number,
		"kind":  func(k string) string { return kindWords[k] },
		"field": func(f form, name string) formField { return f.field(name) },
	}
}
