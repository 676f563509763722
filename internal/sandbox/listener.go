package sandbox

import (
	"net"
	"sync"
)

// Listener wraps the TCP listener under a Server, below TLS if overTLS is set. It counts connections and the bytes
// read from them, and carries out the stall faults. Start uses it; whoever serves the Server in another way may, too.
func (s *Server) Listener(inner net.Listener, overTLS bool) net.Listener {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listening, s.overTLS = true, overTLS
	return &countingListener{Listener: inner, server: s}
}

type countingListener struct {
	net.Listener
	server *Server
}

func (l *countingListener) Accept() (net.Conn, error) {
	inner, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.server.wire.connections.Add(1)
	c := &countedConn{Conn: inner, server: l.server, leave: func() {}, gone: make(chan struct{})}
	if l.server.takeStall() {
		c.gate, c.leave = l.server.holds.enter(Held{Stage: Stalled})
	}
	return c, nil
}

// countedConn counts what is read, and reads nothing before its gate opens.
type countedConn struct {
	net.Conn
	server *Server
	gate   <-chan struct{} // nil if the connection was not stalled
	leave  func()
	once   sync.Once
	gone   chan struct{} // closed by Close
}

func (c *countedConn) Read(p []byte) (int, error) {
	if c.gate != nil {
		select {
		case <-c.gate:
		case <-c.gone:
			return 0, net.ErrClosed
		case <-c.server.holds.closed:
			return 0, net.ErrClosed
		}
	}
	n, err := c.Conn.Read(p)
	c.server.wire.bytes.Add(int64(n))
	return n, err
}

func (c *countedConn) Close() error {
	c.once.Do(func() {
		close(c.gone)
		c.leave()
	})
	return c.Conn.Close()
}
