package web

import "github.com/seismohq/seismo/fault"

// form is what a form says back: the values that were sent and what is wrong with them. Passwords are not sent back.
type form struct {
	Values map[string]string
	Wrong  map[string]string // message by field
	Text   string            // what is wrong with the whole
}

// formField is one input as parts.html renders it.
type formField struct {
	Name  string
	Value string
	Wrong string
}

func (f form) field(name string) formField {
	return formField{Name: name, Value: f.Values[name], Wrong: f.Wrong[name]}
}

// refusedForm returns the form with what err says about it; ok is false when err is not about the form.
func refusedForm(err error, values map[string]string) (f form, ok bool) {
	f = form{Values: values, Wrong: map[string]string{}}
	if fault.CodeOf(err) != fault.Validation {
		return f, false
	}
	for _, e := range fault.Fields(err) {
		f.Wrong[e.Field] = e.Message
	}
	if len(f.Wrong) == 0 {
		f.Text = fault.PublicMessage(err)
	}
	return f, true
}
