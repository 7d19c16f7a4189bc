package fault

import (
	"strconv"

	"github.com/seismohq/seismo/fault/internal/jsonenc"
)

func (f Frame) appendJSON(b []byte) []byte {
	b = append(b, `{"function":`...)
	b = jsonenc.AppendString(b, f.Function)
	b = append(b, `,"file":`...)
	b = jsonenc.AppendString(b, f.File)
	b = append(b, `,"line":`...)
	b = strconv.AppendInt(b, int64(f.Line), 10)
	if f.InApp {
		b = append(b, `,"in_app":true`...)
	}
	return append(b, '}')
}

func appendFields(b []byte, fields []FieldError) []byte {
	b = append(b, '[')
	for i, f := range fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"field":`...)
		b = jsonenc.AppendString(b, f.Field)
		for _, p := range [...][2]string{{"rule", f.Rule}, {"message", f.Message}, {"param", f.Param}} {
			if p[1] != "" {
				b = append(b, `,"`+p[0]+`":`...)
				b = jsonenc.AppendString(b, p[1])
			}
		}
		b = append(b, '}')
	}
	return append(b, ']')
}
