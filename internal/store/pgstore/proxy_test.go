package pgstore_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
)

// fault is what a proxy does to the next statement.
type fault int

const (
	none       fault = iota
	cutBefore        // the statement comes to the proxy and no further
	cutDuring        // the client's connection ends while the server works on the statement
	cutReply         // the server has done the statement, and its reply comes to the proxy and no further
	dropOnIdle       // the connections end now, between two statements
)

// proxy stands between the store and the server, counts what the store sends, and breaks connections on demand. It knows
// as much of the protocol as that takes; it does not speak TLS.
type proxy struct {
	listener net.Listener
	target   string
	all      sync.WaitGroup

	mu     sync.Mutex
	fault  fault
	refuse bool // new connections too
	open   map[net.Conn]bool
	counts counts
}

// counts is what went through a proxy.
type counts struct {
	connections, syncs, queries, flushes, named int
	sent, received                              int // bytes
}

func newProxy(t testing.TB, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, target: target, open: map[net.Conn]bool{}}
	p.all.Go(p.accept)
	t.Cleanup(func() {
		l.Close()
		p.breakAll()
		p.all.Wait()
	})
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

// arm sets what happens to the next statement.
func (p *proxy) arm(f fault) {
	if f == dropOnIdle {
		p.breakAll()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
}

// heal lets new connections through again after a fault.
func (p *proxy) heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = false
}

// take returns the counts and sets them to zero.
func (p *proxy) take() counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.counts
	p.counts = counts{}
	return c
}

func (p *proxy) breakAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Close()
	}
}

// track adds connections to those that breakAll ends. It returns false if the proxy lets none through.
func (p *proxy) track(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		p.open[c] = true
	}
	p.counts.connections++
	return !p.refuse
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil || !p.track(client, server) {
			client.Close()
			if err == nil {
				server.Close()
			}
			continue
		}
		withheld := make(chan struct{}) // closed: nothing of the server's goes to the client any more
		p.all.Go(func() {
			p.toServer(client, server, withheld)
			client.Close()
			server.Close()
		})
		p.all.Go(func() {
			p.toClient(client, server, withheld)
			client.Close()
			server.Close()
		})
	}
}

// toServer forwards the startup message and then message by message.
func (p *proxy) toServer(client, server net.Conn, withheld chan struct{}) {
	if startup, err := frame(client, 0); err != nil || p.forward(server, startup) != nil {
		return
	}
	for {
		message, err := frame(client, 1)
		if err != nil {
			return
		}
		switch p.seen(message) {
		case cutBefore:
			return
		case cutReply:
			close(withheld)
		case cutDuring:
			// The server has it, and goes on when we are gone.
			close(withheld)
			server.Write(message)
			client.Close()
			return
		}
		if p.forward(server, message) != nil {
			return
		}
	}
}

// seen counts a message of the client, and returns the fault if it is the one that ends a statement.
func (p *proxy) seen(message []byte) fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch message[0] {
	case 'Q':
		p.counts.queries++
	case 'H':
		p.counts.flushes++
	case 'P':
		if message[5] != 0 {
			p.counts.named++
		}
	case 'S':
		p.counts.syncs++
		f := p.fault
		p.fault = none
		p.refuse = p.refuse || f != none
		return f
	}
	return none
}

func (p *proxy) forward(server net.Conn, message []byte) error {
	p.mu.Lock()
	p.counts.sent += len(message)
	p.mu.Unlock()
	_, err := server.Write(message)
	return err
}

func (p *proxy) toClient(client, server net.Conn, withheld chan struct{}) {
	for {
		message, err := frame(server, 1)
		if err != nil {
			return
		}
		select {
		case <-withheld:
			if message[0] == 'Z' {
				return // done, and nobody will hear of it
			}
			continue
		default:
		}
		p.mu.Lock()
		p.counts.received += len(message)
		p.mu.Unlock()
		if _, err := client.Write(message); err != nil {
			return
		}
	}
}

// frame reads one message: its type, if it has one, its length and its body.
func frame(r io.Reader, typed int) ([]byte, error) {
	var message bytes.Buffer
	if _, err := io.CopyN(&message, r, int64(typed)+4); err != nil {
		return nil, err
	}
	length := int64(binary.BigEndian.Uint32(message.Bytes()[typed:])) - 4
	if length < 0 || length > 16<<20 {
		return nil, errors.New("a message of no size")
	}
	_, err := io.CopyN(&message, r, length)
	return message.Bytes(), err
}
