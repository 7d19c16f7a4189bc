package server

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/seismohq/seismo/fault"
)

// certificates returns a configuration that follows the two files.
func certificates(certFile, keyFile string, log *slog.Logger) (*tls.Config, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	if err := c.load(); err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current(time.Now()), nil },
	}, nil
}

// certificateEvery is how often the files are looked at, at most: once per handshake would cost two system calls each.
const certificateEvery = time.Second

// certificate is what the files held when they last made sense.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu      sync.Mutex
	checked time.Time
	stamp   [2]stamp
	pair    *tls.Certificate
}

// stamp tells a file from its replacement, also when both were written within the same tick of the file system's clock.
type stamp struct {
	modified time.Time
	size     int64
}

// current returns the certificate, from the files if they changed. A pair that does not fit together (one of the files is
// still the old one) or cannot be read is no reason to stop serving the one before.
func (c *certificate) current(now time.Time) *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Sub(c.checked) < certificateEvery {
		return c.pair
	}
	c.checked = now
	if c.stamps() == c.stamp {
		return c.pair
	}
	if err := c.load(); err != nil {
		c.log.Error("certificate is not renewed", "error", err)
		return c.pair
	}
	c.log.Info("certificate is renewed")
	return c.pair
}

func (c *certificate) stamps() [2]stamp {
	var s [2]stamp
	for i, name := range []string{c.certFile, c.keyFile} {
		if info, err := os.Stat(name); err == nil {
			s[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return s
}

func (c *certificate) load() error {
	s := c.stamps()
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fault.Wrap(err, "read the certificate", slog.String("certificate", c.certFile), slog.String("key", c.keyFile))
	}
	c.pair, c.stamp = &pair, s
	return nil
}
