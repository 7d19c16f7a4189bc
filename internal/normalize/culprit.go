package normalize

import (
	"github.com/seismohq/seismo/internal/event"
)

// culprit says where in the application it happened, as the sender would: the transaction, else a place in the code, else
// the URL.
func culprit(e *event.Event) string {
	if directive := e.Security.Text("effective-directive"); directive != "" {
		return directive
	}
	if e.Transaction != "" {
		return e.Transaction
	}
	if n := len(e.Exceptions); n > 0 && e.Exceptions[n-1].Mechanism != nil && e.Exceptions[n-1].Mechanism.Synthetic {
		return ""
	}
	if t := crashTrace(e); t != nil {
		if s := traceCulprit(t, e.Platform); s != "" {
			return s
		}
	}
	if e.Request != nil && e.Request.URL != "" {
		return e.Request.URL
	}
	return e.Other.Text("culprit") // what the SDK said
}

// traceCulprit describes the last frame of the application, else the last that can be described.
func traceCulprit(t *event.Stacktrace, platform string) string {
	other := ""
	for i := len(t.Frames) - 1; i >= 0; i-- {
		f := &t.Frames[i]
		if !f.App() && other != "" {
			continue
		}
		s := frameCulprit(f, platform)
		if f.App() && s != "" {
			return s
		}
		if other == "" {
			other = s
		}
	}
	return other
}

func frameCulprit(f *event.Frame, platform string) string {
	if f.Platform != "" {
		platform = f.Platform
	}
	function := f.Function
	if function == "" {
		function = "?"
	}
	place := f.Module
	if place == "" {
		place = f.Filename
	}
	switch platform {
	case "native", "cocoa", "objc", "c", "swift", "rust":
		return function
	case "javascript", "node":
		if place != "" {
			return function + "(" + place + ")"
		}
	default:
		if place != "" {
			return place + " in " + function
		}
	}
	return ""
}
