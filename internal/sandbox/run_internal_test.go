package sandbox

import (
	"net"
	"testing"
)

func TestReachable(t *testing.T) {
	for want, addr := range map[string]net.Addr{
		"127.0.0.1:80": &net.TCPAddr{IP: net.IPv4zero, Port: 80},
		"127.0.0.1:81": &net.TCPAddr{IP: net.IPv6unspecified, Port: 81},
		"192.0.2.1:82": &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 82},
		"[::1]:83":     &net.TCPAddr{IP: net.IPv6loopback, Port: 83},
	} {
		if got := reachable(addr); got != want {
			t.Errorf("%v: got %s, want %s", addr, got, want)
		}
	}
}
