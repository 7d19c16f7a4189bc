package grouping

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// describeNative handles compiled code. Where there is a name it stands alone, since debug and release builds differ in
// whether they know the file; where there is none, the place in the binary stands for it.
func (w *work) describeNative(in *frameInfo) {
	f := in.frame
	switch f.Function {
	case "", "<redacted>", "<unknown>", "???", "??":
		w.describeAddress(in)
		return
	}
	full := orText(f.RawFunction, f.Function)
	short := shortenNative(full)
	in.function = part{value: short}
	if short != full {
		in.function.hint = hintShortened
	}
	in.module, in.named = textPart(f.Module), true
}

// describeAddress names a frame without symbols by its image and the offset in it. Without a debug id nobody knows which
// build the offset belongs to, so such a frame does not count.
func (w *work) describeAddress(in *frameInfo) {
	in.unnamed = true
	if in.frame.Filename != "" {
		return // rare, but better than an offset
	}
	img, offset, ok := w.imageOf(in.frame)
	if !ok {
		in.ignored = "has no name and no known place in a binary"
		return
	}
	in.module = part{value: img + "+0x" + strconv.FormatUint(offset, 16), hint: hintUnnamed}
}

// image is a loaded binary with a debug id.
type image struct {
	name       string
	start, end uint64
}

// imageOf finds the binary of a frame, and the offset in it.
func (w *work) imageOf(f *event.Frame) (name string, offset uint64, ok bool) {
	addr, err := parseAddress(f.Instruction)
	if err != nil {
		return "", 0, false
	}
	if rel, found := strings.CutPrefix(f.AddrMode, "rel:"); found {
		n, err := strconv.Atoi(rel)
		if err != nil || n < 0 || n >= len(w.event.DebugImages) || !hasDebugID(w.event.DebugImages[n]) {
			return "", 0, false
		}
		return imageName(w.event.DebugImages[n]), addr, true
	}
	images := w.loadImages()
	i, _ := slices.BinarySearchFunc(images, addr, func(m image, a uint64) int { return cmp.Compare(m.end, a+1) })
	if i < len(images) && images[i].start <= addr && addr < images[i].end {
		return images[i].name, addr - images[i].start, true
	}
	return "", 0, false
}

// loadImages reads the event's images once, sorted by address.
func (w *work) loadImages() []image {
	if w.imagesRead {
		return w.images
	}
	w.imagesRead = true
	w.images = w.images[:0]
	for _, m := range w.event.DebugImages {
		start, err := parseAddress(m.Text("image_addr"))
		size, err2 := parseAddress(m.Text("image_size"))
		if err != nil || err2 != nil || size == 0 || start+size < start || !hasDebugID(m) {
			continue
		}
		w.images = append(w.images, image{imageName(m), start, start + size})
	}
	slices.SortStableFunc(w.images, func(a, b image) int { return cmp.Compare(a.end, b.end) })
	return w.images
}

func hasDebugID(m event.Map) bool {
	return strings.Trim(m.Text("debug_id"), "0-") != ""
}

func imageName(m event.Map) string {
	name := m.Text("code_file")
	if name == "" {
		name = m.Text("debug_file")
	}
	return lowerASCII(baseName(name))
}

// parseAddress reads "0x…" or decimal.
func parseAddress(s string) (uint64, error) {
	if hex, ok := strings.CutPrefix(s, "0x"); ok {
		return strconv.ParseUint(hex, 16, 64)
	}
	return strconv.ParseUint(s, 10, 64)
}

// shortenNative reduces the name of a C, C++, Objective-C, Swift or Rust function to what all compilers and builds of it
// share: no return type, arguments or template arguments, no compiler's suffixes. Linear in the length of the name, of
// which no more than maxNative bytes are read.
func shortenNative(name string) string {
	name = name[:min(len(name), maxNative)]
	if isPlain(name) {
		return name
	}
	fn := strings.TrimSpace(name)
	if strings.HasPrefix(fn, "-[") || strings.HasPrefix(fn, "+[") {
		return trimBlockNumber(fn)
	}
	if strings.HasPrefix(fn, "__") && strings.Contains(fn, "_block_invoke") {
		return trimBlockNumber(fn) // __45-[Foo bar:]_block_invoke_2
	}
	fn = trimSwift(fn)
	fn = trimNativeSuffix(fn)
	s := nativeScanner{in: fn}
	s.run()
	out := s.result()
	if out == "" {
		return name
	}
	return out
}

const maxNative = 4096

// isPlain recognises the common case of a C name or a plain path of names.
func isPlain(name string) bool {
	for i := range len(name) {
		if c := name[i]; !isWord(c) && c != ':' && c != '~' {
			return false
		}
	}
	return !strings.Contains(name, "::h") && !strings.Contains(name, "_block_invoke") &&
		!strings.Contains(name, "::__") // std::__1::, foo::__l2::
}

// trimBlockNumber drops the counter of a block: _block_invoke_2.
func trimBlockNumber(fn string) string {
	short := strings.TrimSuffix(trimDigits(fn), "_")
	if strings.HasSuffix(short, "_block_invoke") {
		return short
	}
	return fn
}

// trimSwift takes the function out of the phrases the Swift demangler writes around it.
func trimSwift(fn string) string {
	for {
		before := fn
		for _, p := range [...]string{"specialized ", "@objc ", "@nonobjc ", "static ", "dynamic ", "partial apply for ", "partial apply forwarder for "} {
			fn = strings.TrimPrefix(fn, p)
		}
		if strings.HasPrefix(fn, "(") || strings.HasPrefix(fn, "protocol witness ") || strings.HasPrefix(fn, "outlined ") {
			if i := strings.Index(fn, " resume partial function for "); i > 0 {
				fn = fn[i+len(" resume partial function for "):]
			} else if i := strings.Index(fn, "protocol witness for "); i == 0 {
				fn = fn[len("protocol witness for "):]
				if j := strings.Index(fn, " in conformance "); j > 0 {
					fn = fn[:j]
				}
			}
		}
		if strings.HasPrefix(fn, "closure #") || strings.HasPrefix(fn, "implicit closure #") {
			if i := strings.LastIndex(fn, " in "); i > 0 {
				return "closure." + fn[i+len(" in "):]
			}
		}
		if fn == before {
			return fn
		}
	}
}

// trimNativeSuffix drops what compilers and linkers append.
func trimNativeSuffix(fn string) string {
	if n := len(fn) - 19; n > 0 && fn[n:n+3] == "::h" && allHex(fn[n+3:]) {
		fn = fn[:n] // Rust's hash
	}
	if i := strings.IndexByte(fn, '@'); i > 0 && (allDigits(strings.TrimLeft(fn[i:], "@")) || strings.HasPrefix(fn[i:], "@@") || strings.HasPrefix(fn[i:], "@GLIBC")) {
		fn = fn[:i] // stdcall, ELF versions
	}
	if i := strings.Index(fn, "$VARIANT$"); i > 0 {
		fn = fn[:i]
	}
	for {
		dot := strings.LastIndexByte(fn, '.')
		if dot <= 0 {
			return fn
		}
		switch tail := fn[dot+1:]; {
		case allDigits(tail):
		case tail == "cold" || tail == "part" || tail == "isra" || tail == "constprop" || tail == "llvm" || tail == "lto_priv" || tail == "localalias":
		default:
			return fn
		}
		fn = fn[:dot]
	}
}
