package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"log/slog"
	"mime"
	"net/http"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/seismohq/seismo/fault"
)

//go:embed assets templates
var embedded embed.FS

// styles are the parts of app.css, in the order of the cascade. fonts.css stands in front of them when the fonts are there.
var styles = []string{"tokens", "base", "shell", "components", "forms", "issue_list", "issue", "project"}

// fontFiles are the fonts that every page uses, as `make fonts` names them. Without them the system's fonts serve.
var fontFiles = []string{
	"fonts/atkinson-hyperlegible-next-latin-wght-normal.woff2",
	"fonts/atkinson-hyperlegible-mono-latin-wght-normal.woff2",
}

// file is one asset, ready to be sent.
type file struct {
	contentType string
	plain       []byte
	zipped      []byte // nil when it gains nothing
}

// fileTree serves the assets under /static/<hash>/. The hash is over all of them, so modules import each other by relative
// path, and every file may be kept for ever.
type fileTree struct {
	base  string // path of the public address
	dev   bool
	hash  string
	files map[string]file
	fonts bool
}

func newFileTree(base string, dev bool) (*fileTree, error) {
	t := &fileTree{base: base, dev: dev}
	return t, t.load(sourceFS(dev))
}

// sourceFS returns the files of templates and assets: those in the binary, or in development those of the working directory.
func sourceFS(dev bool) fs.FS {
	if dev {
		return os.DirFS("internal/web")
	}
	return embedded
}

func (t *fileTree) load(source fs.FS) error {
	raw := map[string][]byte{}
	err := fs.WalkDir(source, "assets", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw[strings.TrimPrefix(name, "assets/")], err = fs.ReadFile(source, name)
		return err
	})
	if err != nil {
		return fault.Wrap(err, "read the assets")
	}
	_, t.fonts = raw[fontFiles[0]]
	if raw["app.css"], err = joinStyles(raw, t.fonts); err != nil {
		return err
	}
	names := make([]string, 0, len(raw))
	for name := range raw {
		if !strings.HasPrefix(name, "css/") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	sum := sha256.New()
	t.files = make(map[string]file, len(names))
	for _, name := range names {
		sum.Write([]byte(name + "\x00" + strconv.Itoa(len(raw[name])) + "\x00"))
		sum.Write(raw[name])
		t.files[name] = newFile(name, raw[name])
	}
	t.hash = hex.EncodeToString(sum.Sum(nil)[:8])
	return nil
}

func joinStyles(raw map[string][]byte, fonts bool) ([]byte, error) {
	var b bytes.Buffer
	names := styles
	if fonts {
		names = append([]string{"fonts"}, styles...)
	}
	for _, name := range names {
		part, ok := raw["css/"+name+".css"]
		if !ok {
			return nil, fault.New(fault.Internal, "a style sheet is missing", slog.String("name", name))
		}
		b.Write(part)
	}
	return b.Bytes(), nil
}

func newFile(name string, plain []byte) file {
	f := file{contentType: contentType(name), plain: plain}
	if strings.HasSuffix(name, ".woff2") {
		return f // compressed by itself
	}
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is a valid one
	_, _ = z.Write(plain)                                 // into memory
	_ = z.Close()
	if b.Len() < len(plain) {
		f.zipped = b.Bytes()
	}
	return f
}

func contentType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".js": // not every system's table has a right one
		return "text/javascript; charset=utf-8"
	case ".woff2":
		return "font/woff2"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	default:
		return mime.TypeByExtension(ext)
	}
}

// path returns the address of an asset.
func (t *fileTree) path(name string) string { return t.base + "/static/" + t.hash + "/" + name }

// ServeHTTP serves one asset. An address of another hash gets the file of today, but may not be kept: it is a page that was
// open while the server was replaced.
func (t *fileTree) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tree := t
	if t.dev {
		tree = &fileTree{base: t.base}
		if err := tree.load(sourceFS(true)); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	hash, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/static/"), "/")
	f, ok := tree.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", "no-cache")
	if hash == tree.hash && !t.dev {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	body := f.plain
	if f.zipped != nil {
		h.Add("Vary", "Accept-Encoding")
		if acceptsGzip(r) {
			h.Set("Content-Encoding", "gzip")
			body = f.zipped
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that is gone needs no answer
	}
}

// acceptsGzip reads Accept-Encoding as far as browsers use it: a list, with q=0 for "no".
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(part, ";")
		if strings.TrimSpace(name) == "gzip" {
			q = strings.ReplaceAll(q, " ", "")
			return q != "q=0" && q != "q=0.0"
		}
	}
	return false
}
