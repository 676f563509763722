//go:build unix

package acceptance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// fositeClient is a client in the names of RFC 7591, save for "scopes" and "audience" (lists) and "rotated_secrets", former secrets
// that are still taken. Without token_endpoint_auth_method client_secret_basic and client_secret_post both do.
type fositeClient map[string]any

// fositeOptions say what the server offers. The zero value offers authorization code with PKCE, the response type "token", rotation
// with an end of the family on reuse, client_credentials, password ("alice", "pässword of alice/+%"), revocation, introspection, pushed
// authorization requests and a metadata document (RFC 8414) to the clients "acceptance" and "machine", for the scopes read and write.
// Access tokens live 5 seconds by a clock that no test moves. By an option it takes private_key_jwt (ES256 and others, by
// token_endpoint_auth_signing_alg) and, of trusted issuers, jwt_bearer; TestFositeOptions shows how. It has no registration, device flow,
// token exchange, DPoP, mTLS or iss.
type fositeOptions struct {
	Clients        []fositeClient `json:"clients,omitempty"`
	Issuers        []fositeIssuer `json:"issuers,omitempty"`
	AccessTokenTTL int            `json:"access_token_ttl,omitempty"` // seconds
	// HideExpiry leaves expires_in out of replies: only introspection tells it.
	HideExpiry bool `json:"hide_expiry,omitempty"`
}

// fositeIssuer is trusted to say with an assertion (RFC 7523) that it speaks for the subject.
type fositeIssuer struct {
	Issuer  string         `json:"iss"`
	Subject string         `json:"sub"`
	Scopes  []string       `json:"scopes"`
	JWKS    map[string]any `json:"jwks"`
}

// fositeServer is a server made of ory/fosite, as a process.
type fositeServer struct {
	t      testing.TB
	issuer string // endpoints: /authorize, /token, /revoke, /introspect, /par
}

var fositeBinary struct {
	once sync.Once
	dir  string
	text []byte
	err  error
}

// fositePath builds the server out of the module cache.
func fositePath(t testing.TB) string {
	t.Helper()
	b := &fositeBinary
	b.once.Do(func() {
		if b.dir, b.err = os.MkdirTemp("", "fosite"); b.err != nil {
			return
		}
		cmd := exec.CommandContext(context.Background(), "go", "build", "-o", b.dir, ".")
		cmd.Dir = "testdata/fosite"
		cmd.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off", "GOTOOLCHAIN=local", "CGO_ENABLED=0")
		b.text, b.err = cmd.CombinedOutput()
	})
	if b.err != nil {
		t.Fatalf("the server of testdata/fosite cannot be built: %v\n%s\nModules that are missing are fetched by: go build -C internal/acceptance/testdata/fosite -o /dev/null .", b.err, b.text)
	}
	return filepath.Join(b.dir, "fosite")
}

func removeFosite() {
	if fositeBinary.dir != "" {
		_ = os.RemoveAll(fositeBinary.dir)
	}
}

// startFosite runs the server until the test ends.
func startFosite(t testing.TB, options fositeOptions) *fositeServer {
	t.Helper()
	options.Clients = append([]fositeClient{{
		"client_id": "acceptance", "client_secret": "acceptance secret/+%", "redirect_uris": []string{"http://127.0.0.1/callback"},
		"grant_types": []string{"authorization_code", "refresh_token"}, "response_types": []string{"code"}, "scopes": []string{"read", "write"},
	}, {
		"client_id": "machine", "client_secret": "machine secret/+%", "grant_types": []string{"client_credentials"}, "scopes": []string{"read", "write"},
	}, {
		"client_id": "observer", "client_secret": "observer-secret",
	}}, options.Clients...)
	if options.AccessTokenTTL == 0 {
		options.AccessTokenTTL = 5
	}
	text, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	f := &fositeServer{t: t}
	var ready struct{ Issuer string }
	startProcess(t, "fosite", exec.CommandContext(context.Background(), fositePath(t), string(text)), &ready)
	f.issuer = ready.Issuer
	return f
}

// fositeCounters are what the server did; see oidcCounters.
type fositeCounters struct {
	Token, Refresh, Refused, Reused, Introspected, Revoked, Pushed int
}

func (f *fositeServer) counters() fositeCounters {
	f.t.Helper()
	var c fositeCounters
	if err := json.Unmarshal(f.control("counters", nil), &c); err != nil {
		f.t.Fatal(err)
	}
	return c
}

// drop closes the connection of the next request to the path: at the stage "before" nothing has been done, at "after" everything.
func (f *fositeServer) drop(path, stage string) {
	f.t.Helper()
	f.control("fault", url.Values{"path": {path}, "stage": {stage}})
}

// newSecret gives a client another secret. The former one is taken too, until forgetSecrets.
func (f *fositeServer) newSecret(client, secret string) {
	f.t.Helper()
	f.control("secret", url.Values{"client_id": {client}, "client_secret": {secret}})
}

func (f *fositeServer) forgetSecrets(client string) {
	f.t.Helper()
	f.control("forget", url.Values{"client_id": {client}})
}

func (f *fositeServer) control(what string, query url.Values) []byte {
	f.t.Helper()
	reply, err := http.Get(f.issuer + "/control/" + what + "?" + query.Encode())
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = reply.Body.Close() }()
	text, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode != http.StatusOK {
		f.t.Fatalf("control/%s: %s %s %v", what, reply.Status, bytes.TrimSpace(text), err)
	}
	return text
}

// introspect asks the server about a token, as a resource server does.
func (f *fositeServer) introspect(token string) map[string]any {
	f.t.Helper()
	return introspect(f.t, f.issuer+"/introspect", token, "observer", "observer-secret")
}

// browse opens the URL as a browser does, and returns the address to which the server sends it.
func (f *fositeServer) browse(authorizationURL string) string {
	f.t.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	reply, err := browser.Get(authorizationURL)
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = reply.Body.Close() }()
	to := reply.Header.Get("Location")
	if to == "" || strings.HasPrefix(to, f.issuer) {
		page, err := io.ReadAll(reply.Body)
		f.t.Fatalf("the server did not send the browser back: %s %s %v", reply.Status, page, err)
	}
	return to
}

// client is the client object of a configuration.
func (f *fositeServer) client(id, secret string) string {
	return `{
    client_id              = "` + id + `"
    client_secret          = "` + secret + `"
    authorization_endpoint = "` + f.issuer + `/authorize"
    token_endpoint         = "` + f.issuer + `/token"
    revocation_endpoint    = "` + f.issuer + `/revoke"
    introspection_endpoint = "` + f.issuer + `/introspect"
    refresh_token_policy   = { rotation = "single_use", on_reuse = "revoke_family" }
  }`
}
