// Package server is what stands between the network and a handler: listeners, TLS, time limits, a stop that finishes what
// was begun, and the pages operators' tools ask for.
package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/seismohq/seismo/fault"
	"github.com/seismohq/seismo/fault/faulthttp"
)

// Options adjust a Server. The zero value is a sane default.
type Options struct {
	Listen string // address; "": ":8000"

	// CertFile and KeyFile hold the certificate chain and its key in PEM; empty: no TLS. They are read again when they
	// change, so a renewal needs no restart.
	CertFile, KeyFile string

	Logger    *slog.Logger      // nil: discards
	Errors    *faulthttp.Errors // answers panics and gives requests their id; nil: one that logs to Logger
	Readiness *Readiness        // told when the server stops; nil: nobody is

	// OnDrain is called when the server begins to stop. It ends what would go on for ever, such as streams of events.
	OnDrain func()

	// DrainDelay is how long the server says that it is not ready before it stops to listen, for load balancers to notice;
	// 0: not at all.
	DrainDelay   time.Duration
	DrainTimeout time.Duration // for requests in hand to finish; 0: 30 s

	HeaderTimeout  time.Duration // to read the headers of a request; 0: 10 s
	BodyTimeout    time.Duration // to read its body; 0: 2 min
	AnswerTimeout  time.Duration // from its headers until it is answered, streams of events excepted; 0: 5 min
	IdleTimeout    time.Duration // of a connection between requests; 0: 2 min
	MaxHeaderBytes int           // 0: 128 KiB
}

func (o Options) withDefaults() Options {
	if o.Listen == "" {
		o.Listen = ":8000"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Errors == nil {
		o.Errors = faulthttp.New(faulthttp.Config{Log: o.Logger})
	}
	if o.Readiness == nil {
		o.Readiness = NewReadiness(o.Logger)
	}
	if o.OnDrain == nil {
		o.OnDrain = func() {}
	}
	for _, d := range []struct {
		value *time.Duration
		def   time.Duration
	}{
		{&o.DrainTimeout, 30 * time.Second},
		{&o.HeaderTimeout, 10 * time.Second},
		{&o.BodyTimeout, 2 * time.Minute},
		{&o.AnswerTimeout, 5 * time.Minute},
		{&o.IdleTimeout, 2 * time.Minute},
	} {
		if *d.value <= 0 {
			*d.value = d.def
		}
	}
	if o.MaxHeaderBytes <= 0 {
		o.MaxHeaderBytes = 128 << 10
	}
	return o
}

// Server serves one handler on one address: HTTP/1.1 and HTTP/2, the latter also without TLS (for proxies that speak it).
type Server struct {
	opts     Options
	listener net.Listener
	http     *http.Server
	tls      bool
}

// New listens on the address, so that connections wait from now on; Run serves them. It fails when the address is taken or
// the certificate cannot be read.
func New(handler http.Handler, o Options) (*Server, error) {
	o = o.withDefaults()
	s := &Server{opts: o}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	s.http = &http.Server{
		Handler:           s.wrap(handler),
		ReadHeaderTimeout: o.HeaderTimeout,
		IdleTimeout:       o.IdleTimeout,
		MaxHeaderBytes:    o.MaxHeaderBytes,
		Protocols:         &protocols,
		// What clients do wrong on the level of connections (handshakes broken off, plain HTTP to a TLS port) is noise.
		ErrorLog: slog.NewLogLogger(o.Logger.Handler(), slog.LevelDebug),
	}
	if o.CertFile != "" || o.KeyFile != "" {
		config, err := certificates(o.CertFile, o.KeyFile, o.Logger)
		if err != nil {
			return nil, err
		}
		s.http.TLSConfig, s.tls = config, true
	}
	var err error
	if s.listener, err = net.Listen("tcp", o.Listen); err != nil {
		return nil, fault.Wrap(err, "listen", slog.String("address", o.Listen))
	}
	return s, nil
}

// Addr returns the address the server listens on.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Run serves until ctx ends. Then it says that it is not ready, stops listening, and returns nil once the requests in hand
// are answered. Those that take longer than DrainTimeout are cut off.
func (s *Server) Run(ctx context.Context) error {
	served := make(chan error, 1)
	go func() {
		if s.tls {
			served <- s.http.ServeTLS(s.listener, "", "")
		} else {
			served <- s.http.Serve(s.listener)
		}
	}()
	s.opts.Logger.Info("server listens", "address", s.Addr().String(), "tls", s.tls)
	select {
	case err := <-served:
		return fault.Wrap(err, "serve")
	case <-ctx.Done():
	}
	s.drain(context.WithoutCancel(ctx))
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return fault.Wrap(err, "serve")
	}
	return nil
}

func (s *Server) drain(ctx context.Context) {
	s.opts.Readiness.Drain()
	if s.opts.DrainDelay > 0 {
		time.Sleep(s.opts.DrainDelay)
	}
	s.opts.OnDrain()
	ctx, cancel := context.WithTimeout(ctx, s.opts.DrainTimeout)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		s.opts.Logger.Warn("requests were cut off", "error", err)
		fault.Ignore(s.http.Close(), "the connections are being given up")
	}
	s.opts.Logger.Info("server stopped")
}
