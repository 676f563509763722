package sandbox

import "testing"

// A native app gets its answer at whatever port it listens on (RFC 8252 §7.3), and nobody gets it elsewhere.
func TestLoopbackPorts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		registered, given string
		want              bool
	}{
		{"http://127.0.0.1/cb", "http://127.0.0.1:4711/cb", true},
		{"http://[::1]/cb?a=b", "http://[::1]:4711/cb?a=b", true},
		{"http://127.0.0.1/cb", "http://127.0.0.1/cb", false}, // which is equal
		{"http://127.0.0.1:80/cb", "http://127.0.0.1:4711/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:4711/other", false},
		{"http://127.0.0.1/cb", "http://127.0.0.2:4711/cb", false},
		{"http://127.0.0.1/cb", "http://evil.example:4711/cb", false},
		{"http://127.0.0.1/cb", "http://me@127.0.0.1:4711/cb", false},
		{"http://localhost/cb", "http://localhost:4711/cb", false},
		{"https://127.0.0.1/cb", "https://127.0.0.1:4711/cb", false},
	} {
		if got := isLoopbackOf(c.registered, c.given); got != c.want {
			t.Errorf("%s for %s: %v", c.given, c.registered, got)
		}
	}
}
