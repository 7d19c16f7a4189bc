package event

import "encoding/hex"

// The methods below write one type each, in the order of its fields.

func (w *writer) event(e *Event) {
	w.b = append(w.b, `{"event_id":"`...)
	w.b = hex.AppendEncode(w.b, e.ID[:])
	w.b = append(w.b, '"')
	w.key("project")
	w.number(int64(e.Project))
	w.always("type", string(e.Type))
	w.time("timestamp", e.Timestamp)
	w.time("received", e.Received)
	w.always("platform", e.Platform)
	w.always("level", string(e.Level))
	w.always("title", e.Title)
	w.text("culprit", e.Culprit)
	w.text("location", e.Location)
	if e.Metadata != (Metadata{}) {
		w.key("metadata")
		w.metadata(&e.Metadata)
	}
	w.text("logger", e.Logger)
	w.text("transaction", e.Transaction)
	w.text("server_name", e.ServerName)
	w.text("release", e.Release)
	w.text("dist", e.Dist)
	w.text("environment", e.Environment)
	if e.Message != nil {
		w.key("logentry")
		w.message(e.Message)
	}
	each(w, "exception", e.Exceptions, (*writer).exception)
	each(w, "threads", e.Threads, (*writer).thread)
	w.stacktrace(e.Stacktrace)
	if e.Template != nil {
		w.key("template")
		w.frame(e.Template)
	}
	w.user(e.User)
	w.request(e.Request)
	each(w, "contexts", e.Contexts, (*writer).context)
	each(w, "breadcrumbs", e.Breadcrumbs, (*writer).breadcrumb)
	w.tags("tags", e.Tags)
	w.object("extra", e.Extra)
	w.tags("modules", e.Modules)
	w.strings("fingerprint", e.Fingerprint)
	w.text("checksum", e.Checksum)
	w.sdk(e.SDK)
	each(w, "debug_images", e.DebugImages, func(w *writer, m *Map) { w.fields(*m, 0) })
	w.object("security", e.Security)
	each(w, "errors", e.Errors, (*writer).problem)
	each(w, "remarks", e.Remarks, (*writer).remark)
	w.object("other", e.Other)
	if e.Grouping != nil {
		w.key("grouping")
		w.grouping(e.Grouping)
	}
	w.b = append(w.b, '}')
}

// each writes a list that is left out when nil.
func each[T any](w *writer, name string, list []T, write func(*writer, *T)) {
	if list != nil {
		w.key(name)
		all(w, list, write)
	}
}

func all[T any](w *writer, list []T, write func(*writer, *T)) {
	w.b = append(w.b, '[')
	for i := range list {
		w.comma(i)
		write(w, &list[i])
	}
	w.b = append(w.b, ']')
}

func (w *writer) open()  { w.b = append(w.b, '{') }
func (w *writer) close() { w.b = append(w.b, '}') }

func (w *writer) metadata(m *Metadata) {
	w.open()
	w.text("type", m.Type)
	w.text("value", m.Value)
	w.text("filename", m.Filename)
	w.text("function", m.Function)
	w.close()
}

func (w *writer) message(m *Message) {
	w.open()
	w.text("message", m.Template)
	w.text("formatted", m.Formatted)
	w.value("params", &m.Params)
	w.close()
}

func (w *writer) exception(x *Exception) {
	w.open()
	w.text("type", x.Type)
	w.text("value", x.Value)
	w.text("module", x.Module)
	w.text("thread_id", x.ThreadID)
	if m := x.Mechanism; m != nil {
		w.key("mechanism")
		w.mechanism(m)
	}
	w.stacktrace(x.Stacktrace)
	w.close()
}

func (w *writer) mechanism(m *Mechanism) {
	w.open()
	w.text("type", m.Type)
	w.maybe("handled", m.Handled)
	w.flag("synthetic", m.Synthetic)
	w.pointer("exception_id", m.ID)
	w.pointer("parent_id", m.ParentID)
	w.flag("is_exception_group", m.IsGroup)
	w.text("source", m.Source)
	w.text("description", m.Description)
	w.text("help_link", m.HelpLink)
	w.object("data", m.Data)
	w.object("meta", m.Meta)
	w.close()
}

func (w *writer) stacktrace(s *Stacktrace) {
	if s == nil {
		return
	}
	w.key("stacktrace")
	w.open()
	w.key("frames")
	all(w, s.Frames, (*writer).frame)
	w.object("registers", s.Registers)
	w.integer("frames_omitted", int64(s.Omitted))
	w.flag("snapshot", s.Snapshot)
	w.close()
}

func (w *writer) frame(f *Frame) {
	w.open()
	w.text("function", f.Function)
	w.text("raw_function", f.RawFunction)
	w.text("module", f.Module)
	w.text("package", f.Package)
	w.text("filename", f.Filename)
	w.text("abs_path", f.AbsPath)
	w.integer("lineno", int64(f.Line))
	w.integer("colno", int64(f.Column))
	w.maybe("in_app", f.InApp)
	w.strings("pre_context", f.PreContext)
	w.text("context_line", f.ContextLine)
	w.strings("post_context", f.PostContext)
	w.object("vars", f.Vars)
	w.text("platform", f.Platform)
	w.text("symbol", f.Symbol)
	w.text("instruction_addr", f.Instruction)
	w.text("symbol_addr", f.SymbolAddr)
	w.text("image_addr", f.ImageAddr)
	w.text("addr_mode", f.AddrMode)
	w.text("function_id", f.FunctionID)
	w.text("trust", f.Trust)
	w.flag("stack_start", f.StackStart)
	w.object("lock", f.Lock)
	w.object("data", f.Data)
	w.close()
}

func (w *writer) thread(t *Thread) {
	w.open()
	w.text("id", t.ID)
	w.text("name", t.Name)
	w.text("state", t.State)
	w.flag("crashed", t.Crashed)
	w.flag("current", t.Current)
	w.flag("main", t.Main)
	w.object("held_locks", t.HeldLocks)
	w.stacktrace(t.Stacktrace)
	w.close()
}

func (w *writer) user(u *User) {
	if u == nil {
		return
	}
	w.key("user")
	w.open()
	w.text("id", u.ID)
	w.text("username", u.Username)
	w.text("name", u.Name)
	w.text("email", u.Email)
	w.text("ip_address", u.IPAddress)
	w.object("geo", u.Geo)
	w.object("data", u.Data)
	w.close()
}

func (w *writer) request(r *Request) {
	if r == nil {
		return
	}
	w.key("request")
	w.open()
	w.text("url", r.URL)
	w.text("method", r.Method)
	w.tags("query_string", r.Query)
	w.text("fragment", r.Fragment)
	w.tags("cookies", r.Cookies)
	w.tags("headers", r.Headers)
	w.value("data", &r.Data)
	w.object("env", r.Env)
	w.integer("body_size", r.BodySize)
	w.text("api_target", r.APITarget)
	w.text("inferred_content_type", r.ContentType)
	w.close()
}

func (w *writer) context(c *Context) {
	w.open()
	w.always("name", c.Name)
	w.always("type", c.Type)
	w.key("data")
	w.fields(c.Data, 0)
	w.close()
}

func (w *writer) breadcrumb(c *Breadcrumb) {
	w.open()
	if !c.Timestamp.IsZero() {
		w.time("timestamp", c.Timestamp)
	}
	w.always("type", c.Type)
	w.text("category", c.Category)
	w.always("level", string(c.Level))
	w.text("message", c.Message)
	w.object("data", c.Data)
	w.text("event_id", c.EventID)
	w.close()
}

func (w *writer) sdk(s *SDK) {
	if s == nil {
		return
	}
	w.key("sdk")
	w.open()
	w.text("name", s.Name)
	w.text("version", s.Version)
	w.strings("integrations", s.Integrations)
	w.tags("packages", s.Packages)
	w.strings("features", s.Features)
	w.text("infer_ip", s.InferIP)
	w.close()
}

func (w *writer) problem(p *Problem) {
	w.open()
	w.always("type", p.Type)
	w.text("name", p.Name)
	w.text("value", p.Value)
	w.close()
}

func (w *writer) remark(r *Remark) {
	w.open()
	w.always("path", r.Path)
	w.always("rule", r.Rule)
	w.always("kind", r.Kind)
	w.integer("from", int64(r.From))
	w.integer("to", int64(r.To))
	w.integer("length", int64(r.Len))
	w.text("note", r.Note)
	w.close()
}

func (w *writer) grouping(g *Grouping) {
	w.open()
	w.always("algorithm", g.Algorithm)
	w.key("keys")
	all(w, g.Keys, (*writer).groupingKey)
	w.always("strategy", g.Strategy)
	w.text("quality", g.Quality)
	w.text("title", g.Title)
	w.key("variants")
	all(w, g.Variants, (*writer).variant)
	w.close()
}

func (w *writer) groupingKey(k *Key) {
	w.b = append(w.b, '"')
	w.b = hex.AppendEncode(w.b, k[:])
	w.b = append(w.b, '"')
}

func (w *writer) variant(v *Variant) {
	w.open()
	w.always("name", v.Name)
	w.key("key")
	w.groupingKey(&v.Key)
	w.key("component")
	w.component(&v.Component)
	w.close()
}

func (w *writer) component(c *Component) {
	w.open()
	w.always("name", c.Name)
	w.key("contributes")
	w.truth(c.Contributes)
	w.text("hint", c.Hint)
	w.strings("values", c.Values)
	each(w, "components", c.Components, (*writer).component)
	w.close()
}
