package normalize

import (
	"strconv"
	"strings"

	"github.com/seismohq/seismo/internal/event"
)

// isDarwin reports whether the event is of an Apple system, whose signals have other numbers.
func (r *reader) isDarwin() bool {
	if p := r.e.Platform; p == "cocoa" || p == "objc" {
		return true
	}
	switch strings.ToLower(r.e.Context("os").Text("name")) {
	case "ios", "ipados", "macos", "mac os x", "tvos", "watchos", "visionos", "darwin":
		return true
	}
	return false
}

// nameMeta adds the names of signals, mach exceptions and error numbers, which SDKs often send as numbers only.
func (r *reader) nameMeta(meta event.Map) {
	for i := range meta {
		if meta[i].Value.Kind != event.Object {
			continue
		}
		m := &meta[i].Value.Map
		switch meta[i].Key {
		case "signal":
			n := metaNumber(*m, "number")
			name := signalName(n, r.darwin)
			setName(m, "name", name)
			setName(m, "code_name", signalCodes[name+"/"+strconv.Itoa(metaNumber(*m, "code"))])
		case "mach_exception":
			if n := metaNumber(*m, "exception"); n > 0 && n < len(machExceptions) {
				setName(m, "name", machExceptions[n])
			}
		case "errno":
			if n := metaNumber(*m, "number"); n > 0 && n < len(errnos) {
				setName(m, "name", errnos[n])
			}
		}
	}
}

func metaNumber(m event.Map, key string) int {
	n, err := strconv.Atoi(m.Text(key))
	if err != nil {
		return -1
	}
	return n
}

func setName(m *event.Map, key, name string) {
	if name != "" && m.Text(key) == "" {
		m.Set(key, event.Str(name))
	}
}

func signalName(n int, darwin bool) string {
	names := linuxSignals
	if darwin {
		names = darwinSignals
	}
	if n > 0 && n < len(names) {
		return names[n]
	}
	return ""
}

// The numbers are those of the systems' signal.h: signal(7) of Linux on x86 and ARM, and <sys/signal.h> of Darwin.
var (
	linuxSignals = []string{
		"", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV",
		"SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU",
		"SIGURG", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS",
	}
	darwinSignals = []string{
		"", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGEMT", "SIGFPE", "SIGKILL", "SIGBUS", "SIGSEGV",
		"SIGSYS", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGURG", "SIGSTOP", "SIGTSTP", "SIGCONT", "SIGCHLD", "SIGTTIN", "SIGTTOU",
		"SIGIO", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGINFO", "SIGUSR1", "SIGUSR2",
	}
	// signalCodes are those that both systems number alike.
	signalCodes = map[string]string{
		"SIGSEGV/1": "SEGV_MAPERR", "SIGSEGV/2": "SEGV_ACCERR",
		"SIGBUS/1": "BUS_ADRALN", "SIGBUS/2": "BUS_ADRERR", "SIGBUS/3": "BUS_OBJERR",
		"SIGILL/1": "ILL_ILLOPC", "SIGTRAP/1": "TRAP_BRKPT", "SIGTRAP/2": "TRAP_TRACE",
	}
	// machExceptions are from <mach/exception_types.h>.
	machExceptions = []string{
		"", "EXC_BAD_ACCESS", "EXC_BAD_INSTRUCTION", "EXC_ARITHMETIC", "EXC_EMULATION", "EXC_SOFTWARE", "EXC_BREAKPOINT", "EXC_SYSCALL",
		"EXC_MACH_SYSCALL", "EXC_RPC_ALERT", "EXC_CRASH", "EXC_RESOURCE", "EXC_GUARD", "EXC_CORPSE_NOTIFY",
	}
	// errnos are those that Linux and Darwin number alike; 11 is EAGAIN on one and EDEADLK on the other.
	errnos = []string{
		"", "EPERM", "ENOENT", "ESRCH", "EINTR", "EIO", "ENXIO", "E2BIG", "ENOEXEC", "EBADF", "ECHILD", "", "ENOMEM", "EACCES", "EFAULT",
		"ENOTBLK", "EBUSY", "EEXIST", "EXDEV", "ENODEV", "ENOTDIR", "EISDIR", "EINVAL", "ENFILE", "EMFILE", "ENOTTY", "ETXTBSY", "EFBIG",
		"ENOSPC", "ESPIPE", "EROFS", "EMLINK", "EPIPE", "EDOM", "ERANGE",
	}
)
