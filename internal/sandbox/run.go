package sandbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Listen says where Start listens.
type Listen struct {
	Address string // host:port; default 127.0.0.1:0. A host name must be localhost.
	TLS     bool   // with a certificate for loopback and the address, from a fresh CA
	// MTLS makes a second listener with TLS, where clients may show a certificate. The metadata name it as mtls_endpoint_aliases
	// (RFC 8705 §5).
	MTLS     *MTLS
	Anywhere bool // allow an address that is not loopback; the control API then answers on ControlURL alone
}

// MTLS is how client certificates are taken.
type MTLS struct {
	CAs      *x509.CertPool // of the certificates of AuthTLS clients
	Required bool           // end the handshake of whoever shows none of CAs; else a request may come without, or with another
}

// Running is a Server that listens.
type Running struct {
	// BaseURL is scheme, host and port, without a trailing slash. It is the issuer, unless Options named another.
	BaseURL string
	// ControlURL is the control API on a loopback port of its own, always plain HTTP, with a trailing slash. What goes
	// there is not counted and cannot be stalled.
	ControlURL string
	// MTLSURL is the second listener's base URL; empty without Listen.MTLS.
	MTLSURL string
	// CAPEM is the certificate of the CA in PEM, nil without TLS.
	CAPEM []byte

	server  *Server
	servers []*http.Server
	work    sync.WaitGroup // connections, handlers and accept loops

	mu     sync.Mutex
	failed error // of an accept loop
}

// Start listens and serves in the background until Running.Close. A Server can be started once.
func (s *Server) Start(where Listen) (*Running, error) {
	if where.Address == "" {
		where.Address = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(where.Address)
	if err != nil {
		return nil, fmt.Errorf("listen address: %w", err)
	}
	if !where.Anywhere && !isLoopback(host) {
		return nil, fmt.Errorf("listen address %q is not loopback: the sandbox gives out secrets", where.Address)
	}
	s.mu.Lock()
	started := s.listening
	s.listening = true
	s.mu.Unlock()
	if started {
		return nil, errors.New("the sandbox listens already")
	}
	r := &Running{server: s}
	if err := r.listen(where, host); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (r *Running) listen(where Listen, host string) error {
	var handler http.Handler = r.server
	controlHost := "127.0.0.1"
	if isLoopback(host) {
		controlHost = host
	} else {
		handler = r.server.PublicHandler()
	}
	control, err := listenTCP(net.JoinHostPort(controlHost, "0"))
	if err != nil {
		return err
	}
	r.ControlURL = "http://" + control.Addr().String() + controlPrefix
	r.serve(control, r.server.ControlHandler(), nil)

	main, err := listenTCP(where.Address)
	if err != nil {
		return err
	}
	var config *tls.Config
	scheme := "http://"
	if where.TLS {
		scheme = "https://"
		if config, r.CAPEM, err = newTLS(host); err != nil {
			return errors.Join(err, main.Close())
		}
	}
	r.BaseURL = scheme + reachable(main.Addr())
	r.server.mu.Lock()
	if r.server.issuer == "" {
		r.server.issuer = r.BaseURL
	}
	r.server.mu.Unlock()
	r.serve(r.server.Listener(main, where.TLS), handler, config)
	if where.MTLS != nil {
		return r.listenMTLS(*where.MTLS, host, handler, config)
	}
	return nil
}

// listenMTLS adds the listener for client certificates, below the same CA as the first one's.
func (r *Running) listenMTLS(how MTLS, host string, handler http.Handler, config *tls.Config) error {
	if config == nil {
		var err error
		if config, r.CAPEM, err = newTLS(host); err != nil {
			return err
		}
	}
	listener, err := listenTCP(net.JoinHostPort(host, "0"))
	if err != nil {
		return err
	}
	config = config.Clone()
	config.ClientCAs, config.ClientAuth = how.CAs, tls.RequestClientCert
	if how.Required {
		config.ClientAuth = tls.RequireAndVerifyClientCert
		config.Time = r.server.Now
	}
	r.MTLSURL = "https://" + reachable(listener.Addr())
	r.server.mu.Lock()
	r.server.mtlsURL, r.server.clientCAs = r.MTLSURL, how.CAs
	r.server.mu.Unlock()
	r.serve(listener, handler, config)
	return nil
}

func listenTCP(address string) (net.Listener, error) {
	return (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
}

// reachable is the address under which a client of this machine finds the listener.
func reachable(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
	}
	return addr.String()
}

// serve serves in the background; config is nil for plain HTTP.
func (r *Running) serve(listener net.Listener, handler http.Handler, config *tls.Config) {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // faults act on connections, which HTTP/2 shares among requests
	server := &http.Server{
		Handler:   r.tracked(handler),
		TLSConfig: config,
		Protocols: protocols,
		ConnState: r.trackConnection,
		ErrorLog:  log.New(io.Discard, "", 0), // failed handshakes are part of the tests
		// Long enough that neither a client that stalls nor one that is stalled is ever cut off by it.
		ReadHeaderTimeout: time.Hour,
	}
	r.servers = append(r.servers, server)
	r.work.Go(func() {
		serve := server.Serve
		if config != nil {
			serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
		}
		if err := serve(listener); !errors.Is(err, http.ErrServerClosed) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.failed = errors.Join(r.failed, err)
		}
	})
}

// tracked counts running handlers: http.Server.Close does not wait for them.
func (r *Running) tracked(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.work.Add(1)
		defer r.work.Done()
		handler.ServeHTTP(w, request)
	})
}

// trackConnection counts open connections. A hijacked one is covered by the handler that took it.
func (r *Running) trackConnection(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		r.work.Add(1)
	case http.StateClosed, http.StateHijacked:
		r.work.Done()
	}
}

// Close stops listening, drops every connection, held ones included, and returns when all is over. It may be called
// again.
func (r *Running) Close() error {
	r.server.Close()
	var errs []error
	for _, server := range r.servers {
		errs = append(errs, server.Close())
	}
	r.work.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(append(errs, r.failed)...)
}
