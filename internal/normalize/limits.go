package normalize

// Limits bound what an event keeps. A zero field has its default, which is the protocol's limit where it states one.
type Limits struct {
	Bytes int // of the payload; above is an error. 16 MiB: the door has the real limit

	Frames         int // of one stack trace; the last ones are kept. 250
	DetailedFrames int // that keep variables and source lines. 50
	AllFrames      int // of all stack traces of an event together. 20 000
	Exceptions     int // the first and the last half are kept. 50
	Threads        int // 1 000
	Breadcrumbs    int // the last ones are kept. 100
	Tags           int // with the derived ones. 100
	Images         int // of debug_meta. 1 000
	Contexts       int // 100

	MessageChars    int // of messages, exception values and breadcrumb messages. 8 192
	ExtraBytes      int // 256 KiB
	ContextBytes    int // of one context. 8 KiB
	VarsBytes       int // of one frame. 2 KiB
	BreadcrumbBytes int // of the data of one breadcrumb. 2 KiB
	RequestBytes    int // of body, query, headers, cookies and environment each. 16 KiB
	ModulesBytes    int // 8 KiB
	OtherBytes      int // of all unknown attributes together. 16 KiB
}

func (l Limits) withDefaults() Limits {
	for _, f := range []struct {
		limit *int
		value int
	}{
		{&l.Bytes, 16 << 20},
		{&l.Frames, 250},
		{&l.DetailedFrames, 50},
		{&l.AllFrames, 20_000},
		{&l.Exceptions, 50},
		{&l.Threads, 1000},
		{&l.Breadcrumbs, 100},
		{&l.Tags, 100},
		{&l.Images, 1000},
		{&l.Contexts, 100},
		{&l.MessageChars, 8192},
		{&l.ExtraBytes, 256 << 10},
		{&l.ContextBytes, 8 << 10},
		{&l.VarsBytes, 2 << 10},
		{&l.BreadcrumbBytes, 2 << 10},
		{&l.RequestBytes, 16 << 10},
		{&l.ModulesBytes, 8 << 10},
		{&l.OtherBytes, 16 << 10},
	} {
		if *f.limit <= 0 {
			*f.limit = f.value
		}
	}
	return l
}

// Limits in characters that are the protocol's and not worth a setting.
const (
	maxName        = 200  // transaction, release, names of contexts, keys and values of tags
	maxLogger      = 64   // also environment and dist
	maxServer      = 256  // host names and everything else without a limit of its own
	maxType        = 256  // of an exception
	maxFunction    = 512  // functions and modules
	maxFilename    = 256  //
	maxPath        = 2048 // absolute paths and URLs; longer than upstream's 256 because source maps are found by them
	maxSourceLine  = 256
	maxSourceLines = 20 // before and after the line
	maxIdentity    = 256
	maxFingerprint = 1024
)

// How deep values of unknown shape are kept; what lies deeper becomes JSON text.
const (
	depthExtra = 7
	depthOther = 5 // everything else
)

// Bounds of lists that would otherwise grow with the payload.
const (
	maxNotes        = 100 // problems, and remarks
	maxFingerprints = 50
	maxPackages     = 500 // of the SDK, also integrations and features
)
