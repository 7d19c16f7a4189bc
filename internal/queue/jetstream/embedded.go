package jetstream

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/seismohq/seismo/fault"
)

const (
	startWait = 5 * time.Minute // for the server to read what is there; a full queue on a slow disk takes a minute after a crash

	healWait = 250 * time.Millisecond  // between two tries to heal, doubled up to healMost
	healMost = 2 * time.Second         //
	calm     = 1500 * time.Millisecond // at least from one healing to the next

	lockFile    = "lock" // see lockDir
	lookEvery   = time.Second
	ballastFile = "ballast" // see ballast
	ballastSize = 4 << 20
)

// embedded is a NATS server in this process that listens nowhere.
//
// JetStream answers nothing at all for a stream of which a write failed, and never tries again; healing it takes a new
// server, to which the client reconnects as it would to an external one. A full disk is met in two steps. The ballast, a
// file of no content, is removed, which gives a new server the room to read what is there and to remove what is
// acknowledged: when the queue alone has filled the disk, that makes room. Records are taken again once the ballast could
// be written again.
type embedded struct {
	dir     string
	log     *slog.Logger
	metrics *metrics
	unlock  func() error
	suspect chan struct{} // the server has logged an error

	mu     sync.Mutex
	server *server.Server // nil while none runs
	takes  *life          // ends when the disk refuses writes

	cancel context.CancelFunc // ends watch
	done   chan struct{}      // watch has ended
}

func startEmbedded(ctx context.Context, dir string, log *slog.Logger, m *metrics) (*embedded, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fault.Wrap(err, "find the directory of the queue")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(err, "make the directory of the queue")
	}
	e := &embedded{dir: dir, log: log, metrics: m, suspect: make(chan struct{}, 1), done: make(chan struct{})}
	if e.unlock, err = lockDir(filepath.Join(dir, lockFile)); err != nil {
		return nil, err
	}
	full := e.ballast()
	if err := e.start(ctx); err != nil {
		return nil, fault.Join(err, e.unlock())
	}
	e.takes = newLife(nil)
	if full != nil {
		// What is there can be read and worked.
		e.takes.end(full)
		e.suspect <- struct{}{}
	}
	watch, cancel := context.WithCancel(context.Background())
	e.cancel = cancel
	go e.watch(watch) //nolint:contextcheck // it lives until stop
	return e, nil
}

// start starts a server and waits until it has read what is there.
func (e *embedded) start(ctx context.Context) error {
	s, err := server.NewServer(&server.Options{
		ServerName: "seismo",
		DontListen: true,
		NoSigs:     true,
		JetStream:  true,
		StoreDir:   e.dir,
		SyncAlways: true, // an answer means that fsync returned
		MaxPayload: maxPayload,
		// The server's defaults are shares of memory and of free disk. The Queue has its own limit, and a disk that
		// fills up is met when it happens.
		JetStreamMaxMemory: 64 << 20,
		JetStreamMaxStore:  1 << 50,
		// Saves a tenth of the idle memory and all chatter of statistics.
		NoSystemAccount:        true,
		DisableJetStreamBanner: true,
		PingInterval:           time.Hour, // the connection is a pipe in memory
	})
	if err != nil {
		return fault.Wrap(err, "set up the queue server")
	}
	s.SetLoggerV2(serverLog{e}, false, false, false)
	started := make(chan struct{})
	go func() {
		defer close(started)
		s.Start()
	}()
	select {
	case <-started:
	case <-ctx.Done():
		err = ctx.Err()
	case <-time.After(startWait):
		err = fault.New(fault.Timeout, "queue server did not start in time")
	}
	if err == nil && !s.JetStreamEnabled() {
		err = fault.New(fault.Unavailable, "queue server cannot use its directory", slog.String("dir", e.dir))
	}
	if err == nil {
		// What the server logged while it read its files does not count against what came of it.
		err = health(s)
	}
	if err != nil {
		s.Shutdown()
		<-started
		s.WaitForShutdown()
		return fault.Wrap(err, "start the queue server")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.server = s
	return nil
}

// renew says that records are taken.
func (e *embedded) renew() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.takes = newLife(nil)
}

// connectOptions make a client use whatever server runs.
func (e *embedded) connectOptions() []nats.Option {
	return []nats.Option{
		nats.InProcessServer(e), nats.PingInterval(time.Hour),
		nats.ReconnectWait(20 * time.Millisecond), nats.ReconnectJitter(0, 0), // a new server is near and waits for nobody else
	}
}

// InProcessConn connects to the server that runs now.
func (e *embedded) InProcessConn() (net.Conn, error) {
	e.mu.Lock()
	s := e.server
	e.mu.Unlock()
	if s == nil {
		return nil, fault.New(fault.Unavailable, "queue server is being started")
	}
	return s.InProcessConn()
}

// life ends when the server can take records no longer. There is another one when it can again.
func (e *embedded) life() *life {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.takes
}

// stop ends the server and gives the directory back.
func (e *embedded) stop() error {
	e.cancel()
	<-e.done
	e.shutdown()
	return fault.Wrap(e.unlock(), "unlock the directory of the queue")
}

func (e *embedded) shutdown() {
	e.mu.Lock()
	s := e.server
	e.server = nil
	e.takes.end(errClosed)
	e.mu.Unlock()
	if s != nil {
		s.Shutdown()
		s.WaitForShutdown()
	}
}

// healthy returns why the server cannot take records, or that there is none.
func (e *embedded) healthy() error {
	e.mu.Lock()
	s := e.server
	e.mu.Unlock()
	if s == nil {
		return fault.New(fault.Unavailable, "queue server does not run")
	}
	return health(s)
}

// watch looks at the server whenever it logged an error, and now and then: it logs a refused write before it knows that
// the stream cannot go on.
func (e *embedded) watch(ctx context.Context) {
	defer close(e.done)
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.suspect:
		case <-look.C:
		}
		err := e.healthy()
		if err == nil {
			err = e.life().over()
		}
		if err == nil {
			continue
		}
		if !e.heal(ctx, err) || !sleep(ctx, calm) {
			return
		}
	}
}

// heal makes a server that takes records again, and returns false when ctx ended first.
func (e *embedded) heal(ctx context.Context, err error) bool {
	e.log.Error("queue cannot write to its disk and takes no records", "error", err)
	e.life().end(err)
	for wait := healWait; ; wait = min(2*wait, healMost) {
		err := e.healthy()
		if err != nil {
			err = e.restart(ctx)
		}
		if err == nil {
			if err = e.ballast(); err == nil {
				e.renew()
				e.log.Info("queue takes records again")
				return true
			}
		}
		e.log.Debug("queue still takes no records", "error", err)
		if !sleep(ctx, wait) {
			return false
		}
	}
}

func (e *embedded) restart(ctx context.Context) error {
	e.metrics.restarts.Inc()
	fault.Ignore(os.Remove(filepath.Join(e.dir, ballastFile)), "it is gone already, or the server has no more room than without")
	e.shutdown()
	return e.start(ctx)
}

// ballast writes the ballast, unless it is there. That twice its size can be written says that the disk takes writes: the
// room for once is what its removal gave.
func (e *embedded) ballast() (err error) {
	name := filepath.Join(e.dir, ballastFile)
	if i, err := os.Stat(name); err == nil && i.Size() == ballastSize {
		return nil
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fault.Wrap(err, "make room to spare for the queue")
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(fault.Wrap(err, "make room to spare for the queue"), os.Remove(name))
		}
	}()
	content := make([]byte, 2*ballastSize)
	if _, err := rand.Read(content); err != nil { // what a file system cannot compress
		return err
	}
	if _, err := f.Write(content); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Truncate(ballastSize)
}

// health returns why a server cannot work.
func health(s *server.Server) error {
	h := s.Healthz(&server.HealthzOptions{})
	if h.Error == "" && h.StatusCode == 200 {
		return nil
	}
	return fault.New(fault.Unavailable, "queue server is not healthy", slog.String("reason", h.Error))
}

// serverLog writes the server's log to ours. Its lines are prose, so they are attributes of ours.
type serverLog struct{ e *embedded }

var _ server.Logger = serverLog{}

func (l serverLog) line(level slog.Level, format string, v []any) {
	ctx := context.Background()
	if l.e.log.Enabled(ctx, level) {
		l.e.log.Log(ctx, level, "queue server says", "line", fmt.Sprintf(format, v...))
	}
}

func (l serverLog) Noticef(format string, v ...any) { l.line(slog.LevelDebug, format, v) }
func (l serverLog) Debugf(format string, v ...any)  { l.line(slog.LevelDebug, format, v) }
func (l serverLog) Tracef(format string, v ...any)  { l.line(slog.LevelDebug, format, v) }

func (l serverLog) Warnf(format string, v ...any) {
	level := slog.LevelWarn
	if strings.HasPrefix(format, "Maximum payloads over") {
		level = slog.LevelDebug // we know; the few records that are so large need it
	}
	l.line(level, format, v)
}

func (l serverLog) Errorf(format string, v ...any) {
	l.line(slog.LevelError, format, v)
	// The server calls this with locks held that its health needs, so only a note is left.
	select {
	case l.e.suspect <- struct{}{}:
	default:
	}
}

func (l serverLog) Fatalf(format string, v ...any) { l.Errorf(format, v...) }
