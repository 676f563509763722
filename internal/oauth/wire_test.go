package oauth_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// transportFunc is an http.RoundTripper.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func newCaller(t *testing.T, o oauth.CallerOptions) *oauth.Caller {
	t.Helper()
	caller, err := oauth.NewCaller(o)
	if err != nil {
		t.Fatal(err)
	}
	return caller
}

// wire posts r and returns what a transport would put on the wire.
func wire(t *testing.T, r oauth.Request) (header http.Header, body string) {
	t.Helper()
	if r.Endpoint == "" {
		r.Endpoint = "https://as.example/token"
	}
	transport := transportFunc(func(request *http.Request) (*http.Response, error) {
		if request.GetBody != nil {
			t.Error("GetBody is set")
		}
		text, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		if request.ContentLength != int64(len(text)) {
			t.Errorf("ContentLength = %d for %d bytes", request.ContentLength, len(text))
		}
		header, body = request.Header, string(text)
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}"))}, nil
	})
	reply := newCaller(t, oauth.CallerOptions{Transport: transport}).Post(t.Context(), r)
	if reply.Err != nil || !reply.Sent || reply.Status != 200 || reply.Body.Reveal() != "{}" {
		t.Fatalf("reply = %+v", reply)
	}
	return header, body
}

func public(id string) oauth.ClientAuth { return oauth.ClientAuth{Method: oauth.None, ClientID: id} }

// tokenRequest is a request that is good enough for any test of the transport.
func tokenRequest(endpoint string) oauth.Request {
	return oauth.Request{
		Endpoint: endpoint,
		Auth:     oauth.ClientAuth{Method: oauth.ClientSecretBasic, ClientID: "client-1", ClientSecret: secret.New("client-secret-1")},
		Form:     oauth.RevokeForm(secret.New("refresh-token-1"), ""),
	}
}
