package envelope

import (
	"encoding/json"
	"time"
)

// AppendEnvelope appends e as it goes over the wire and returns the result. It is for clients and tests.
//
// The headers are made of the fields; Raw and Headers are not used. Each item carries its length, so a payload may hold
// anything. The type of an item without one is written as it is: nothing is checked here.
func AppendEnvelope(b []byte, e *Envelope) []byte {
	h := wireHeader{DSN: e.DSN, Trace: e.Trace}
	if !e.EventID.IsZero() {
		h.EventID = e.EventID.String()
	}
	if !e.SentAt.IsZero() {
		h.SentAt = e.SentAt.UTC().Format(time.RFC3339Nano)
	}
	if e.SDK != (SDK{}) {
		h.SDK = &wireSDK{e.SDK.Name, e.SDK.Version}
	}
	b = appendJSON(b, h)
	for i := range e.Items {
		it := &e.Items[i]
		b = append(b, '\n')
		b = appendJSON(b, wireItem{
			Type: it.Type, Length: len(it.Payload), Filename: it.Filename, ContentType: it.ContentType,
			AttachmentType: it.AttachmentType, ItemCount: it.ItemCount,
		})
		b = append(b, '\n')
		b = append(b, it.Payload...)
	}
	return append(b, '\n')
}

type wireHeader struct {
	EventID string            `json:"event_id,omitempty"`
	SentAt  string            `json:"sent_at,omitempty"`
	DSN     string            `json:"dsn,omitempty"`
	SDK     *wireSDK          `json:"sdk,omitempty"`
	Trace   map[string]string `json:"trace,omitempty"`
}

type wireSDK struct {
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
}

type wireItem struct {
	Type           string `json:"type"`
	Length         int    `json:"length"`
	Filename       string `json:"filename,omitempty"`
	ContentType    string `json:"content_type,omitempty"`
	AttachmentType string `json:"attachment_type,omitempty"`
	ItemCount      int    `json:"item_count,omitempty"`
}

func appendJSON(b []byte, v any) []byte {
	j, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings, numbers and maps of strings always have a JSON form
	}
	return append(b, j...)
}
