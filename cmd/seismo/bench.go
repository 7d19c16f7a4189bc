package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/klauspost/compress/gzip"

	"github.com/seismohq/seismo/client"
)

// benchOptions are the flags of `seismo bench`.
type benchOptions struct {
	dsn         client.DSN
	token       string
	rate        float64 // events per second; 0: as many as the connections can
	connections int
	duration    time.Duration
	payload     string
	issues      int
	gzip        bool
	drain       time.Duration
	seed        uint64
}

// benchReport is what `seismo bench` found. Rates are per second, times in milliseconds.
type benchReport struct {
	Payload      string         `json:"payload"`
	EventBytes   int            `json:"event_bytes"` // mean, before compression
	Issues       int            `json:"issues"`
	Connections  int            `json:"connections"`
	Seconds      float64        `json:"seconds"`
	Sent         int64          `json:"sent"`
	Acknowledged int64          `json:"acknowledged"`
	AckedPerSec  float64        `json:"acknowledged_per_second"`
	P50          float64        `json:"p50_ms"`
	P99          float64        `json:"p99_ms"`
	Max          float64        `json:"max_ms"`
	Refused      map[string]int `json:"refused,omitempty"` // by status, or "error"

	// The rest needs a token, because it asks the server.
	Checked          bool    `json:"checked"`
	SearchablePerSec float64 `json:"searchable_per_second,omitempty"` // from the first request until the last event was counted
	DrainSeconds     float64 `json:"drain_seconds"`                   // from the last answer until all events were counted
	Stored           int64   `json:"stored"`
	Missing          int64   `json:"acknowledged_minus_stored"` // must be 0
}

func runBench(ctx context.Context, args []string, env environment) error {
	o := benchOptions{}
	fs := newFlags("bench", env)
	dsn := fs.String("dsn", env.get("SEISMO_DSN"), "DSN to send to (or SEISMO_DSN)")
	rate := fs.String("rate", "max", "events per second, or max")
	fs.StringVar(&o.token, "token", env.token(), "API token, to count what was stored (or SEISMO_TOKEN)")
	fs.IntVar(&o.connections, "connections", 64, "connections, each with one request at a time")
	fs.DurationVar(&o.duration, "duration", 10*time.Second, "how long to send")
	fs.StringVar(&o.payload, "payload", "small", "small (3 KB), typical (8 KB on average), or a file with one event as JSON")
	fs.IntVar(&o.issues, "issues", 100, "distinct issues the events belong to")
	fs.BoolVar(&o.gzip, "gzip", false, "compress bodies, as most SDKs do")
	fs.DurationVar(&o.drain, "drain", 2*time.Minute, "how long to wait until all is counted")
	fs.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "seed of the event ids")
	asJSON := fs.Bool("json", false, "print JSON")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if *rate != "max" {
		r, err := strconv.ParseFloat(*rate, 64)
		if err != nil || r <= 0 {
			return usageError("--rate is a number of events per second, or max")
		}
		o.rate = r
	}
	var err error
	if o.dsn, err = client.ParseDSN(*dsn); err != nil {
		return usageError("--dsn: " + err.Error())
	}
	if o.connections < 1 || o.issues < 1 || o.duration <= 0 {
		return usageError("--connections, --issues and --duration must be positive")
	}
	report, err := bench(ctx, o)
	if err != nil {
		return err
	}
	if *asJSON {
		enc := json.NewEncoder(env.stdout)
		enc.SetIndent("", "  ")
		err = enc.Encode(report)
	} else {
		report.print(env.stdout)
	}
	// A request without an answer may have become durable all the same.
	if err == nil && (report.Missing > 0 || report.Missing < -int64(report.Refused["error"])) {
		err = fmt.Errorf("acknowledged minus stored is %d, not 0", report.Missing)
	}
	return err
}

// bench sends events and finds out what became of them.
func bench(ctx context.Context, o benchOptions) (*benchReport, error) {
	templates, err := templates(o.payload, o.issues)
	if err != nil {
		return nil, err
	}
	r := &benchReport{Payload: o.payload, Issues: o.issues, Connections: o.connections, Refused: map[string]int{}}
	for _, t := range templates {
		r.EventBytes += (len(t.parts[0]) + len(t.parts[1]) + len(t.parts[2]) + len(idMark) + len(timeMark)) / len(templates)
	}
	counter, err := newCounter(ctx, o)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	latencies, err := send(ctx, o, templates, r)
	if err != nil {
		return nil, err
	}
	end := time.Now()
	r.Seconds = end.Sub(start).Seconds()
	r.AckedPerSec = float64(r.Acknowledged) / r.Seconds
	r.P50, r.P99, r.Max = ms(latencies.ValueAtPercentile(50)), ms(latencies.ValueAtPercentile(99)), ms(latencies.Max())
	if counter == nil {
		return r, nil
	}
	r.Checked = true
	if r.Stored, err = counter.wait(ctx, r.Acknowledged, o.drain); err != nil {
		return nil, err
	}
	done := time.Now()
	r.DrainSeconds, r.SearchablePerSec = done.Sub(end).Seconds(), float64(r.Stored)/done.Sub(start).Seconds()
	r.Missing = r.Acknowledged - r.Stored
	return r, nil
}

func ms(microseconds int64) float64 { return float64(microseconds) / 1000 }

// sender is one connection.
type sender struct {
	latencies *hdrhistogram.Histogram // microseconds
	acked     int64
	refused   map[string]int
}

// send keeps all connections busy, or sends at the wanted rate. At a rate, latency counts from when an event was due, so
// that a server that stalls cannot hide it.
func send(ctx context.Context, o benchOptions, templates []template, r *benchReport) (*hdrhistogram.Histogram, error) {
	transport := &http.Transport{
		MaxIdleConnsPerHost: o.connections, MaxConnsPerHost: o.connections, DisableCompression: true,
		DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
	}
	defer transport.CloseIdleConnections()
	h := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	var next atomic.Int64
	senders := make([]*sender, o.connections)
	start := time.Now()
	var wg sync.WaitGroup
	for i := range senders {
		s := &sender{latencies: hdrhistogram.New(1, 60_000_000, 3), refused: map[string]int{}}
		senders[i] = s
		random := rand.New(rand.NewPCG(o.seed, uint64(i)))
		wg.Go(func() {
			var b bytes.Buffer
			for ctx.Err() == nil {
				n := next.Add(1) - 1
				due := time.Now()
				if o.rate > 0 {
					due = start.Add(time.Duration(float64(n) / o.rate * float64(time.Second)))
					time.Sleep(time.Until(due))
				}
				if due.Sub(start) >= o.duration {
					return
				}
				s.one(ctx, h, o, &b, templates[n%int64(len(templates))], random, due)
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	all := hdrhistogram.New(1, 60_000_000, 3)
	for _, s := range senders {
		all.Merge(s.latencies)
		r.Acknowledged += s.acked
		r.Sent += s.acked
		for status, n := range s.refused {
			r.Refused[status] += n
			r.Sent += int64(n)
		}
	}
	return all, nil
}

// one sends one event.
func (s *sender) one(ctx context.Context, h *http.Client, o benchOptions, b *bytes.Buffer, t template, random *rand.Rand, due time.Time) {
	var raw [16]byte
	for i := range 2 {
		v := random.Uint64()
		for j := range 8 {
			raw[8*i+j] = byte(v >> (8 * j))
		}
	}
	id := hex.EncodeToString(raw[:])
	event := t.event(id, due)
	b.Reset()
	w := io.Writer(b)
	var zip *gzip.Writer
	if o.gzip {
		zip, _ = gzip.NewWriterLevel(b, gzip.BestSpeed)
		w = zip
	}
	fmt.Fprintf(w, "{\"event_id\":\"%s\",\"sent_at\":\"%s\"}\n{\"type\":\"event\",\"length\":%d}\n", id, time.Now().UTC().Format(time.RFC3339Nano), len(event))
	_, _ = w.Write(append(event, '\n')) // to memory: cannot fail
	if zip != nil {
		_ = zip.Close()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.dsn.EnvelopeURL(), bytes.NewReader(b.Bytes()))
	if err != nil {
		s.refused["error"]++
		return
	}
	req.Header.Set("Content-Type", "application/x-sentry-envelope")
	req.Header.Set("X-Sentry-Auth", o.dsn.Auth("seismo-bench/1"))
	if o.gzip {
		req.Header.Set("Content-Encoding", "gzip")
	}
	resp, err := h.Do(req)
	if err != nil {
		s.refused["error"]++
		return
	}
	_, err = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	switch {
	case err != nil:
		s.refused["error"]++
	case resp.StatusCode != http.StatusOK:
		s.refused[strconv.Itoa(resp.StatusCode)]++
	default:
		s.acked++
		_ = s.latencies.RecordValue(max(1, time.Since(due).Microseconds())) // over a minute: the client gave up before
	}
}

// counter asks the server how many events a project has.
type counter struct {
	api     *client.Client
	project string
	before  int64
}

func newCounter(ctx context.Context, o benchOptions) (*counter, error) {
	if o.token == "" {
		return nil, nil
	}
	api, err := client.New(o.dsn.Base.String(), o.token, nil)
	if err != nil {
		return nil, err
	}
	c := &counter{api: api, project: o.dsn.Project}
	c.before, err = c.count(ctx)
	return c, err
}

// count adds up the occurrences of all issues of the project.
func (c *counter) count(ctx context.Context) (int64, error) {
	var sum int64
	// By first seen: the order does not change while events arrive.
	q := client.IssueQuery{Project: c.project, Sort: "first_seen", Limit: 500}
	for {
		page, err := c.api.ListIssues(ctx, q)
		if err != nil {
			return 0, err
		}
		for _, i := range page.Items {
			sum += i.Count
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return sum, nil
		}
	}
}

// wait returns how many events were counted, once they are all there or nothing came for the time given.
func (c *counter) wait(ctx context.Context, want int64, patience time.Duration) (int64, error) {
	last, since := int64(-1), time.Now()
	for {
		now, err := c.count(ctx)
		if err != nil {
			return 0, err
		}
		got := now - c.before
		if got != last {
			last, since = got, time.Now()
		}
		if got >= want || time.Since(since) > patience {
			return got, nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func (r *benchReport) print(w io.Writer) {
	fmt.Fprintf(w, "payload       %s, %d bytes on average, %d issues\n", r.Payload, r.EventBytes, r.Issues)
	fmt.Fprintf(w, "sent          %d events in %.1f s over %d connections\n", r.Sent, r.Seconds, r.Connections)
	fmt.Fprintf(w, "acknowledged  %.0f events/s, p50 %.1f ms, p99 %.1f ms, max %.0f ms (durable when answered)\n", r.AckedPerSec, r.P50, r.P99, r.Max)
	for status, n := range r.Refused {
		fmt.Fprintf(w, "refused       %d with %s\n", n, status)
	}
	if !r.Checked {
		fmt.Fprintln(w, "searchable    not asked: give --token to count what was stored")
		return
	}
	fmt.Fprintf(w, "searchable    %.0f events/s\n", r.SearchablePerSec)
	fmt.Fprintf(w, "drained       %.2f s after the last answer\n", r.DrainSeconds)
	fmt.Fprintf(w, "missing       %d (acknowledged %d, stored %d)\n", r.Missing, r.Acknowledged, r.Stored)
}

var errUsage = errors.New("usage")

// usageError is an error of the command line: exit status 2.
func usageError(text string) error { return fmt.Errorf("%w: %s", errUsage, text) }

// newFlags returns a flag set that prints its help where the command prints.
func newFlags(name string, env environment) *flag.FlagSet {
	fs := flag.NewFlagSet("seismo "+name, flag.ContinueOnError)
	fs.SetOutput(env.stderr)
	return fs
}
