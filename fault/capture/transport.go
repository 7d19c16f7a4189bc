package capture

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seismohq/seismo/fault"
)

// item is a report ready to send. Its payload is the JSON of the event; one without is a client report alone.
type item struct {
	id       ID
	payload  []byte
	from     *segment // of the spool, nil when only in memory
	attempts int
}

// verdict is what became of an attempt to send.
type verdict int

const (
	taken   verdict = iota
	retry           // the server could not take it now
	refused         // the server will never take it
)

type result struct {
	item    item
	reports map[string]uint64
	verdict verdict
	wait    time.Duration // the server's wish, 0 for none; may stand on success too
	err     error
}

// maxAttempts bounds how often a report is sent that the server answers with an error of its own which names no end (500).
const maxAttempts = 3

// defaultLimit is the wait after a 429 that states none, as all SDKs have it.
const defaultLimit = 60 * time.Second

// send posts one envelope.
func (c *Client) send(ctx context.Context, it item) result {
	res := result{item: it, reports: c.ledger.takeReports()}
	body, err := envelope(it, res.reports)
	if err != nil {
		res.verdict, res.err = refused, err
		return res
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.dsn.envelope, bytes.NewReader(body))
	if err != nil {
		res.verdict, res.err = refused, err
		return res
	}
	req.Header.Set("Content-Type", "application/x-sentry-envelope")
	req.Header.Set("Content-Encoding", "gzip")
	req.Header.Set("User-Agent", sdk.Name+"/"+sdk.Version)
	req.Header.Set("X-Sentry-Auth", "Sentry sentry_version=7, sentry_client="+sdk.Name+"/"+sdk.Version+", sentry_key="+c.dsn.key)
	resp, err := c.o.HTTP.Do(req)
	if err != nil {
		res.verdict, res.err = retry, err
		return res
	}
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // lets the connection be used again
	fault.Ignore(err, "the status says it all")
	fault.Ignore(resp.Body.Close(), "only read")
	c.judge(&res, resp)
	return res
}

func (c *Client) judge(res *result, resp *http.Response) {
	now := c.now()
	res.wait = limitOf(resp.Header.Values("X-Sentry-Rate-Limits"))
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return
	}
	after, stated := retryAfter(resp.Header.Get("Retry-After"), now)
	switch code := resp.StatusCode; code {
	case http.StatusTooManyRequests:
		res.verdict = retry
		res.wait = max(res.wait, after)
		if res.wait == 0 && !stated {
			res.wait = defaultLimit
		}
	case http.StatusRequestTimeout, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		res.verdict = retry
		res.wait = max(res.wait, after)
	default:
		res.verdict = refused
		if code >= 500 && res.item.attempts+1 < maxAttempts {
			res.verdict = retry
		}
	}
	text := resp.Header.Get("X-Sentry-Error")
	res.err = fault.New(fault.CodeForStatus(resp.StatusCode), "server refused report", slog.Int("status", resp.StatusCode), slog.String("server_says", text[:min(len(text), 200)]))
}

// maxWait bounds what a server may ask for, so that a wrong clock cannot silence us.
const maxWait = 24 * time.Hour

// limitOf reads X-Sentry-Rate-Limits ("60:error;default:project, 5::key"): the longest wait that concerns error events, 0
// for none. An empty list of categories means all of them.
func limitOf(headers []string) (wait time.Duration) {
	for limit := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		seconds, rest, ok := strings.Cut(strings.TrimSpace(limit), ":")
		if !ok {
			continue
		}
		categories, _, _ := strings.Cut(rest, ":")
		s, err := strconv.ParseFloat(seconds, 64)
		if err != nil || !(s > 0) {
			continue
		}
		for category := range strings.SplitSeq(categories, ";") {
			switch strings.TrimSpace(category) {
			case "", "error", "default", "all":
				wait = max(wait, time.Duration(min(s, maxWait.Seconds())*float64(time.Second)))
			}
		}
	}
	return wait
}

// retryAfter reads Retry-After: seconds or a date.
func retryAfter(v string, now time.Time) (wait time.Duration, stated bool) {
	if s, err := strconv.ParseFloat(v, 64); err == nil && s >= 0 {
		return time.Duration(min(s, maxWait.Seconds()) * float64(time.Second)), true
	}
	if t, err := http.ParseTime(v); err == nil {
		return min(max(t.Sub(now), 0), maxWait), true
	}
	return 0, false
}

var zippers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// envelope returns the compressed bytes of an envelope with the report and what the server has to be told. sent_at stands
// for when this attempt began, so that the server can tell a late report from a wrong clock.
func envelope(it item, reports map[string]uint64) ([]byte, error) {
	var buf bytes.Buffer
	zw := zippers.Get().(*gzip.Writer)
	defer zippers.Put(zw)
	zw.Reset(&buf)
	head := map[string]any{"sent_at": time.Now().UTC(), "sdk": sdk}
	if it.id != "" {
		head["event_id"] = it.id
	}
	w := &lines{w: zw}
	w.json(head)
	if it.payload != nil {
		w.json(map[string]any{"type": "event", "content_type": "application/json", "length": len(it.payload)})
		w.line(it.payload)
	}
	if len(reports) > 0 {
		type discarded struct {
			Reason   string `json:"reason"`
			Category string `json:"category"`
			Quantity uint64 `json:"quantity"`
		}
		var list []discarded
		for reason, n := range reports {
			list = append(list, discarded{reason, "error", n})
		}
		js, err := json.Marshal(map[string]any{"timestamp": time.Now().UTC(), "discarded_events": list})
		if err != nil {
			return nil, err
		}
		w.json(map[string]any{"type": "client_report", "length": len(js)})
		w.line(js)
	}
	if w.err != nil {
		return nil, w.err
	}
	if err := zw.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// lines writes until the first error.
type lines struct {
	w   io.Writer
	err error
}

func (l *lines) line(b []byte) {
	if l.err == nil {
		_, l.err = l.w.Write(append(b[:len(b):len(b)], '\n'))
	}
}

func (l *lines) json(v any) {
	b, err := json.Marshal(v)
	if l.err == nil {
		l.err = err
	}
	l.line(b)
}
