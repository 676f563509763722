package oauth_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

const probed = "access-token-4711"

func probe(t *testing.T, o oauth.CallerOptions, resource string) oauth.ProbeReply {
	t.Helper()
	reply := newCaller(t, o).Probe(t.Context(), resource, oauth.Access{Token: secret.New(probed)})
	if reply.Err != nil && strings.Contains(reply.Err.Error(), probed) {
		t.Errorf("the error shows the token: %v", reply.Err)
	}
	return reply
}

func TestProbe(t *testing.T) {
	var got *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r }))
	defer server.Close()
	reply := probe(t, oauth.CallerOptions{UserAgent: "terraform-provider-oauth/1.2.3"}, server.URL+"/me?fields=id")
	if !reply.Sent || reply.Status != 200 || reply.Err != nil || !reply.Accepted() || reply.Rejected() {
		t.Errorf("reply = %+v", reply)
	}
	if got.Method != "GET" || got.RequestURI != "/me?fields=id" || got.ContentLength != 0 || len(got.TransferEncoding) != 0 || !got.Close {
		t.Errorf("%s %s, length %d, %v, close %v", got.Method, got.RequestURI, got.ContentLength, got.TransferEncoding, got.Close)
	}
	want := map[string]string{
		"Authorization": "Bearer access-token-4711", "Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "terraform-provider-oauth/1.2.3", "Connection": "close",
	}
	for name := range got.Header {
		if want[name] == "" {
			t.Errorf("unexpected header %s: %s", name, got.Header.Get(name))
		}
	}
	for name, value := range want {
		if got.Header.Get(name) != value {
			t.Errorf("%s = %q, want %q", name, got.Header.Get(name), value)
		}
	}
}

// TestLookUpSendsTheTokenOnce: in the header, or in the address where that asks for it, escaped, and then nowhere else.
func TestLookUpSendsTheTokenOnce(t *testing.T) {
	var got *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r }))
	defer server.Close()
	for address, want := range map[string][2]string{
		"/me": {"/me", "Bearer a+/= &"}, "/valid?token={access_token}&x=1": {"/valid?token=a%2B%2F%3D+%26&x=1", ""},
	} {
		reply := newCaller(t, oauth.CallerOptions{}).LookUp(t.Context(), server.URL+address, oauth.Access{Token: secret.New("a+/= &")})
		if !reply.Sent || reply.Err != nil || got.RequestURI != want[0] || got.Header.Get("Authorization") != want[1] {
			t.Errorf("%s, Authorization %q, %+v", got.RequestURI, got.Header.Get("Authorization"), reply)
		}
	}
}

func TestProbeReadsTheStatusAlone(t *testing.T) {
	for status, want := range map[int][2]bool{ // accepted, rejected
		200: {true, false}, 204: {true, false}, 299: {true, false}, 401: {false, true},
		302: {}, 307: {}, 400: {}, 403: {}, 404: {}, 429: {}, 500: {}, 503: {},
	} {
		calls := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			calls++
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
			for status == 401 || status == 200 { // without end
				if _, err := w.Write(make([]byte, 1<<16)); err != nil || r.Context().Err() != nil {
					return
				}
			}
		}))
		reply := probe(t, oauth.CallerOptions{}, server.URL+"/me")
		server.Close()
		if reply.Status != status || reply.Err != nil || reply.Accepted() != want[0] || reply.Rejected() != want[1] || calls != 1 {
			t.Errorf("%d: reply = %+v after %d calls", status, reply, calls)
		}
	}
}

func TestProbeThatGetsNoAnswer(t *testing.T) {
	for name, answer := range map[string]string{
		"closed": "", "cut in the status line": "HTTP/1.1 20", "not HTTP": "SSH-2.0 " + probed + "\r\n\r\n", "cut in the header": "HTTP/1.1 200 OK\r\nX",
	} {
		url, stop := rawServer(t, func(c net.Conn) {
			readRequest(t, c)
			_, _ = io.WriteString(c, answer)
		})
		reply := probe(t, oauth.CallerOptions{}, url)
		if n := stop(); n != 1 || !reply.Sent || reply.Status != 0 || reply.Err == nil {
			t.Errorf("%s: reply = %+v after %d connections", name, reply, n)
		}
	}
	url, stop := rawServer(t, func(net.Conn) {})
	stop()
	if reply := probe(t, oauth.CallerOptions{}, url); reply.Sent || reply.Status != 0 || reply.Err == nil {
		t.Errorf("nobody listens: reply = %+v", reply)
	}
	release := make(chan struct{})
	silent, stop := rawServer(t, func(net.Conn) { <-release })
	reply := probe(t, oauth.CallerOptions{Timeout: 50 * time.Millisecond}, silent)
	close(release)
	if stop(); reply.Status != 0 || !errors.Is(reply.Err, context.DeadlineExceeded) {
		t.Errorf("silence: reply = %+v", reply)
	}
	ctx, cancel := context.WithCancel(t.Context())
	impatient, stop := rawServer(t, func(c net.Conn) {
		readRequest(t, c)
		cancel()
		<-ctx.Done()
	})
	reply = newCaller(t, oauth.CallerOptions{}).Probe(ctx, impatient, oauth.Access{Token: secret.New(probed)})
	if stop(); !reply.Sent || reply.Status != 0 || reply.Err == nil {
		t.Errorf("given up: reply = %+v", reply)
	}
}

func TestProbeGoesOnlyWhereATokenMayGo(t *testing.T) {
	none := transportFunc(func(*http.Request) (*http.Response, error) {
		t.Error("something was sent")
		return nil, errors.New("no")
	})
	for _, resource := range []string{"", "http://api.example/me", "https://user@api.example/me", "https://api.example/me#x", "ftp://api.example/me"} {
		if reply := probe(t, oauth.CallerOptions{Transport: none}, resource); reply.Sent || !errors.Is(reply.Err, oauth.ErrRequest) {
			t.Errorf("%s: reply = %+v", resource, reply)
		}
	}
	reached := ""
	insecure := oauth.CallerOptions{AllowInsecureHTTP: true, Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
		reached = r.URL.String()
		return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
	})}
	if reply := probe(t, insecure, "http://api.example/me"); !reply.Accepted() || !reply.Sent || reached != "http://api.example/me" {
		t.Errorf("reply = %+v from %s", reply, reached)
	}

	server := tlsServer(t, func(*httptest.Server) {})
	if reply := probe(t, oauth.CallerOptions{}, server.URL); reply.Sent || reply.Status != 0 || reply.Err == nil {
		t.Errorf("unknown CA: reply = %+v", reply)
	}
	if reply := probe(t, oauth.CallerOptions{CACertificatePEM: certificatePEM(server)}, server.URL); !reply.Accepted() {
		t.Errorf("known CA: reply = %+v", reply)
	}
}

func TestProbeHidesTheTokenInErrors(t *testing.T) {
	for _, text := range []string{"cannot send " + probed, "cannot send Bearer " + probed} {
		quoting := transportFunc(func(*http.Request) (*http.Response, error) { return nil, errors.New(text) })
		if reply := probe(t, oauth.CallerOptions{Transport: quoting}, "https://api.example/me"); reply.Err == nil || !strings.Contains(reply.Err.Error(), "cannot send") {
			t.Errorf("reply = %+v", reply)
		}
	}
}
