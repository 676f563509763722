package oauth_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// rawServer hands every connection to serve and closes it afterwards. stop ends it and returns how many there were.
func rawServer(t *testing.T, serve func(net.Conn)) (url string, stop func() int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var connections int
	var running sync.WaitGroup
	running.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			connections++
			running.Go(func() {
				defer func() { _ = connection.Close() }()
				serve(connection)
			})
		}
	})
	stop = sync.OnceValue(func() int {
		_ = listener.Close()
		running.Wait()
		return connections
	})
	t.Cleanup(func() { stop() })
	return "http://" + listener.Addr().String() + "/token", stop
}

func TestARefusedBodyLeavesTheConnectionUntouched(t *testing.T) {
	errLate := errors.New("too late to send")
	for name, clientSecret := range map[string]string{
		"small header": "client-secret",
		"header larger than the usual write buffer":    strings.Repeat("s3cret", 3000),
		"header larger than most servers would accept": strings.Repeat("s3cret", 7000),
	} {
		t.Run(name, func(t *testing.T) {
			var received []byte
			accepted := make(chan struct{}, 9)
			url, stop := rawServer(t, func(c net.Conn) {
				accepted <- struct{}{}
				received, _ = io.ReadAll(c)
			})
			request := tokenRequest(url)
			request.Auth.ClientSecret = secret.New(clientSecret)
			calls := 0
			request.BeforeSend = func() error { calls++; return fmt.Errorf("checked: %w", errLate) }

			reply := newCaller(t, oauth.CallerOptions{}).Post(t.Context(), request)

			<-accepted // a listener that is closed before forgets it
			connections := stop()
			if reply.Sent || reply.Status != 0 || !errors.Is(reply.Err, errLate) || reply.Err.Error() != "checked: too late to send" {
				t.Errorf("reply = %+v", reply)
			}
			if connections != 1 || calls != 1 || len(received) != 0 {
				t.Errorf("%d connections, %d calls of BeforeSend, %d bytes: %.80q", connections, calls, len(received), received)
			}
			if verdict := oauth.Judge(reply); verdict.Class != oauth.NotSent || !errors.Is(verdict.Err, errLate) {
				t.Errorf("verdict = %+v", verdict)
			}
		})
	}
}

// readRequest reads a whole request, so that closing the connection afterwards is a clean end and no reset.
func readRequest(t *testing.T, c net.Conn) {
	t.Helper()
	request, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		t.Error(err)
		return
	}
	if _, err := io.Copy(io.Discard, request.Body); err != nil {
		t.Error(err)
	}
}

func TestARequestIsNeverRepeated(t *testing.T) {
	errAny := errors.New("any")
	tests := map[string]struct {
		answer string
		status int
		body   string
		err    error // nil: none expected
		class  oauth.Class
	}{
		"closed without a reply":       {"", 0, "", io.EOF, oauth.OutcomeUnknown},
		"cut in the status line":       {"HTTP/1.1 20", 0, "", errAny, oauth.OutcomeUnknown},
		"cut in the header":            {"HTTP/1.1 200 OK\r\nContent-Ty", 0, "", errAny, oauth.OutcomeUnknown},
		"cut in the body":              {"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"access_token\":\"a\"", 200, `{"access_token":"a"`, io.ErrUnexpectedEOF, oauth.OutcomeUnknown},
		"cut after the successor":      {"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"refresh_token\":\"r\",", 200, `{"refresh_token":"r",`, io.ErrUnexpectedEOF, oauth.Success},
		"cut after all that matters":   {"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"access_token\":\"a\"}", 200, `{"access_token":"a"}`, io.ErrUnexpectedEOF, oauth.Success},
		"cut in a chunk":               {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{\"refresh", 200, `{"refresh`, io.ErrUnexpectedEOF, oauth.OutcomeUnknown},
		"body until the end":           {"HTTP/1.1 200 OK\r\n\r\n{\"access_token\":\"a\"}", 200, `{"access_token":"a"}`, nil, oauth.Success},
		"408":                          {"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n", 408, "", nil, oauth.OutcomeUnknown},
		"503 that asks to come again":  {"HTTP/1.1 503 No\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n", 503, "", nil, oauth.OutcomeUnknown},
		"401 with a challenge":         {"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n", 401, "", nil, oauth.OutcomeUnknown},
		"interim answer, then nothing": {"HTTP/1.1 100 Continue\r\n\r\n", 0, "", io.ErrUnexpectedEOF, oauth.OutcomeUnknown},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			url, stop := rawServer(t, func(c net.Conn) {
				readRequest(t, c)
				_, _ = io.WriteString(c, test.answer)
			})
			reply := newCaller(t, oauth.CallerOptions{}).Post(t.Context(), tokenRequest(url))
			if connections := stop(); connections != 1 {
				t.Errorf("%d connections", connections)
			}
			if !reply.Sent || reply.Status != test.status || reply.Body.Reveal() != test.body {
				t.Errorf("reply = %+v, body %q", reply, reply.Body.Reveal())
			}
			if test.err == errAny && reply.Err == nil || test.err != errAny && !errors.Is(reply.Err, test.err) {
				t.Errorf("error = %v, want %v", reply.Err, test.err)
			}
			if verdict := oauth.Judge(reply); verdict.Class != test.class {
				t.Errorf("class = %s, want %s", verdict.Class, test.class)
			}
		})
	}
}

// net/http quotes what it cannot read.
func TestAnErrorDoesNotQuoteTheReply(t *testing.T) {
	for name, answer := range map[string]string{
		"no HTTP":        `{"refresh_token":"s3cret"}` + "\r\n\r\n",
		"bad status":     "HTTP/1.1 s3cret\r\n\r\n",
		"bad header":     "HTTP/1.1 200 OK\r\n{\"refresh_token\":\"s3cret\"}\r\n\r\n",
		"bad length":     "HTTP/1.1 200 OK\r\nContent-Length: s3cret\r\n\r\n",
		"bad encoding":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: s3cret\r\n\r\n",
		"endless header": "HTTP/1.1 200 OK\r\nX: s3cret" + strings.Repeat("x", 512<<10) + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			url, stop := rawServer(t, func(c net.Conn) {
				readRequest(t, c)
				_, _ = io.WriteString(c, answer)
			})
			reply := newCaller(t, oauth.CallerOptions{}).Post(t.Context(), tokenRequest(url))
			stop()
			if !reply.Sent || reply.Status != 0 || reply.Err == nil {
				t.Fatalf("reply = %+v", reply)
			}
			for _, text := range []string{reply.Err.Error(), fmt.Sprintf("%+v %#v", reply, reply)} {
				if strings.Contains(text, "s3cret") {
					t.Errorf("the reply is quoted: %s", text)
				}
			}
		})
	}
}

func TestConnectionRefused(t *testing.T) {
	url, stop := rawServer(t, func(net.Conn) {})
	stop()
	reply := newCaller(t, oauth.CallerOptions{}).Post(t.Context(), tokenRequest(url))
	var networkError *net.OpError
	if reply.Sent || reply.Status != 0 || !errors.As(reply.Err, &networkError) || networkError.Op != "dial" {
		t.Errorf("reply = %+v", reply)
	}
}
