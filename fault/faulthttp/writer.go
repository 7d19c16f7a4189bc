package faulthttp

import (
	"bufio"
	"io"
	"net"
	"net/http"

	"github.com/seismohq/seismo/fault"
)

// writer remembers what was sent, and can drop what a ServeMux answers by itself.
type writer struct {
	http.ResponseWriter
	status  int           // sent; 0 before the response began
	dropped int           // status of the mux's own answer
	mux     *http.Request // the request a mux is working on: without a pattern, no handler of it has run
}

// Unwrap serves http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader sends the status line.
func (w *writer) WriteHeader(status int) {
	if w.mux != nil && w.mux.Pattern == "" && (status == http.StatusNotFound || status == http.StatusMethodNotAllowed) {
		w.dropped = status
		return
	}
	if w.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write sends a part of the body.
func (w *writer) Write(b []byte) (int, error) {
	if w.dropped != 0 {
		return len(b), nil
	}
	w.begin()
	return w.ResponseWriter.Write(b)
}

func (w *writer) begin() {
	if w.status == 0 {
		w.status = http.StatusOK
	}
}

// ReadFrom keeps the fast path of net/http for files.
func (w *writer) ReadFrom(r io.Reader) (int64, error) {
	if w.dropped != 0 {
		return io.Copy(io.Discard, r)
	}
	w.begin()
	return io.Copy(w.ResponseWriter, r)
}

// Flush serves code that asks for an http.Flusher instead of using a ResponseController.
func (w *writer) Flush() {
	w.begin()
	fault.Ignore(http.NewResponseController(w.ResponseWriter).Flush(), "Flush has no way to say so")
}

// Hijack takes over the connection, or returns http.ErrNotSupported.
func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil {
		w.status = http.StatusSwitchingProtocols
	}
	return c, rw, err
}

// sent is the status the client sees.
func (w *writer) sent() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}
