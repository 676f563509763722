package login

import (
	"context"
	"errors"
	"net"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// target is a redirect URI whose answers this machine receives (RFC 8252 §7.3).
type target struct {
	host string // 127.0.0.1, ::1 or localhost
	port string // empty: any
	path string // as a browser asks for it
	tail string // of the URI: what stands behind host and port
}

// Loopback tells whether answers to that redirect URI come to this machine, and can be received here.
func Loopback(redirectURI string) bool {
	_, ok := parseTarget(redirectURI)
	return ok
}

func parseTarget(redirectURI string) (target, bool) {
	u, err := url.Parse(redirectURI)
	if err != nil || u.Scheme != "http" || u.User != nil || u.Opaque != "" || u.Fragment != "" || strings.HasSuffix(u.Host, ":") {
		return target{}, false
	}
	host := strings.ToLower(u.Hostname())
	if !slices.Contains([]string{"127.0.0.1", "::1", "localhost"}, host) || !isPort(u.Port()) {
		return target{}, false
	}
	path := u.EscapedPath()
	tail := path
	if path == "" {
		path = "/"
	}
	if u.RawQuery != "" || u.ForceQuery {
		tail += "?" + u.RawQuery
	}
	return target{host: host, port: u.Port(), path: path, tail: tail}, true
}

// isPort tells whether text is a port as a browser writes it into the Host header; none is fine.
func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return text == "" || err == nil && n > 0 && strconv.FormatUint(n, 10) == text
}

// uri is the redirect URI with a port.
func (t target) uri(port string) string { return "http://" + net.JoinHostPort(t.host, port) + t.tail }

// address is what the Host header of a request says that is meant for t.
func (t target) address() string { return net.JoinHostPort(t.host, t.port) }

// networks are where a browser may look for the host. localhost may be either.
func (t target) networks() [][2]string {
	v4, v6 := [2]string{"tcp4", "127.0.0.1"}, [2]string{"tcp6", "::1"}
	switch t.host {
	case "127.0.0.1":
		return [][2]string{v4}
	case "::1":
		return [][2]string{v6}
	}
	return [][2]string{v4, v6}
}

// listen listens where the answer comes to. Without a port it takes one of those, if it is free: what was offered there before is then
// found again. Else it takes any free one.
func (a *attempt) listen(ctx context.Context, t target, before []string) ([]net.Listener, target, error) {
	if t.port != "" {
		all, _, err := a.listenAt(ctx, t, t.port)
		if err != nil {
			e := a.fail(ReasonPort)
			e.Address, e.Err = t.address(), err
			return nil, t, e
		}
		return all, t, nil
	}
	var last error
	for _, port := range append(slices.Clone(before), slices.Repeat([]string{"0"}, freeTries)...) {
		all, taken, err := a.listenAt(ctx, t, port)
		if err == nil {
			t.port = taken
			return all, t, nil
		}
		last = err
	}
	e := a.fail(ReasonPort)
	e.Address, e.Err = t.host, last
	return nil, t, e
}

// freeTries is how often a free port is looked for: that of the one family may be taken in the other.
const freeTries = 5

// listenAt listens on every network of t. A family that the machine does not have is left out.
func (a *attempt) listenAt(ctx context.Context, t target, port string) (all []net.Listener, taken string, err error) {
	var failed error
	for _, n := range t.networks() {
		l, err := a.Listen(ctx, n[0], net.JoinHostPort(n[1], port))
		if err == nil {
			all = append(all, l)
			_, port, err = net.SplitHostPort(l.Addr().String())
		}
		if err != nil {
			failed = err
			if isTaken(err) { // its owner would get answers that are meant for us
				break
			}
		}
	}
	if len(all) > 0 && (failed == nil || !isTaken(failed)) {
		return all, port, nil
	}
	closeAll(all)
	return nil, "", plainCause(failed)
}

// winTaken is WSAEADDRINUSE.
const winTaken = syscall.Errno(10048)

func isTaken(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) && (errno == syscall.EADDRINUSE || runtime.GOOS == "windows" && errno == winTaken)
}

// plainCause is a network error without the address, which is told already.
func plainCause(err error) error {
	if isTaken(err) {
		return errors.New("another program uses this port")
	}
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return op.Err
	}
	return err
}

func closeAll(all []net.Listener) {
	for _, l := range all {
		_ = l.Close() // nobody has connected
	}
}

// portsOf are those at which answers to t were expected before, newest first.
func portsOf(r credential.Record, t target) []string {
	var ports []string
	for _, p := range slices.Backward(r.Pending) {
		if b, ok := parseTarget(p.RedirectURI); ok && b.port != "" && b.host == t.host && b.tail == t.tail {
			ports = append(ports, b.port)
		}
	}
	return ports
}
