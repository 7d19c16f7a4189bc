package disk

import (
	"cmp"
	"io/fs"
	"slices"
)

// sortAsKeys puts entries in the order of the keys they begin: a directory counts with the slash behind its name.
func sortAsKeys(entries []fs.DirEntry) {
	name := func(e fs.DirEntry) string {
		if e.IsDir() {
			return e.Name() + "/"
		}
		return e.Name()
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(name(a), name(b)) })
}
