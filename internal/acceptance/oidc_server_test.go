//go:build unix

package acceptance_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// oidcClient is a client that the server knows from the start, in the names of RFC 7591. Without redirect_uris and
// response_types, which default to ["code"], they must both be empty lists.
type oidcClient map[string]any

// oidcOptions say what the server offers. The zero value offers authorization code with PKCE, rotation with reuse detection,
// client_credentials, revocation, introspection, discovery and iss in responses, to the clients "acceptance" and "machine". Access
// tokens live 5 seconds.
type oidcOptions struct {
	// Clients are known besides "acceptance", "machine" and "observer", with which introspect asks.
	Clients []oidcClient `json:"clients,omitempty"`
	// Registration is "open" (RFC 7591 alone) or "managed" (RFC 7592 too). Each update rotates the registration access token, and
	// the former one is refused from then on.
	Registration          string `json:"registration,omitempty"`
	InitialAccessToken    string `json:"initial_access_token,omitempty"`
	KeepRegistrationToken bool   `json:"keep_registration_token,omitempty"`
	// ExtraClientMetadata are further names that a registration may have.
	ExtraClientMetadata []string `json:"extra_client_metadata,omitempty"`
	// DeviceFlow is approved or denied with decideDevice. A client needs the grant type by its URN.
	DeviceFlow bool `json:"device_flow,omitempty"`
	// PAR is "optional" or "required"; a client may require it for itself with require_pushed_authorization_requests.
	PAR string `json:"par,omitempty"`
	// DPoP is "optional", or "nonce" where each proof needs one. A client with dpop_bound_access_tokens must use it.
	DPoP string `json:"dpop,omitempty"`
	// TLS is an https listener besides the one of the issuer, which takes client certificates; see newTestCA. Discovery names it
	// under mtls_endpoint_aliases. A client whose certificate is of another authority must present it unasked, as Go does only with
	// tls.Config.GetClientCertificate.
	TLS *oidcTLS `json:"tls,omitempty"`
	// Resources are those of RFC 8707, with their scopes separated by spaces. Tokens for them are JWTs, which this server neither
	// introspects nor revokes. Without any, resource is ignored.
	Resources map[string]string `json:"resources,omitempty"`
	// Scopes replace "openid" and "offline_access".
	Scopes []string `json:"scopes,omitempty"`
	// RSA adds an RSA key to the server's, so that clients may ask for RS256.
	RSA bool `json:"rsa,omitempty"`
	// Implicit allows the response types "id_token" and "id_token token" (which need a nonce). The server has no "token" alone.
	Implicit bool `json:"implicit,omitempty"`
	// Grants are those that the library leaves to its users, by grant_type; see testdata/oidc-provider/grants.js.
	Grants map[string]any `json:"grants,omitempty"`
	// KeepRefreshToken turns rotation off.
	KeepRefreshToken bool `json:"keep_refresh_token,omitempty"`
	// Deny makes the user deny every consent.
	Deny bool `json:"deny,omitempty"`
	// HideExpiry leaves expires_in out of replies, which RFC 6749 §5.1 only recommends: introspection tells it.
	HideExpiry bool `json:"hide_expiry,omitempty"`
	// TTL are lifetimes in seconds, by the server's own names: AccessToken, ClientCredentials, RefreshToken, DeviceCode …
	TTL map[string]int `json:"ttl,omitempty"`
}

// Keys of oidcOptions.Grants.
const (
	grantJWTBearer     = "urn:ietf:params:oauth:grant-type:jwt-bearer"     // value: {"issuers": [{"iss": …, "jwks": {…}}]}
	grantTokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange" // value: {}
	grantPassword      = "password"                                        // value: {}; "alice" and "pässword of alice/+%"
	grantPIN           = "urn:example:grant-type:pin"                      // value: {}; parameters user and pin ("47+11/%")
	grantDeviceCode    = "urn:ietf:params:oauth:grant-type:device_code"    // for clients; no key of Grants
)

// oidcProvider is npm's oidc-provider, a certified authorization server, as a process.
type oidcProvider struct {
	t      testing.TB
	issuer string // without path; endpoints: /auth, /token, /token/revocation, /token/introspection, /reg, /device/auth, /request
	tls    string // the https address, if oidcOptions.TLS was set
}

// startOIDCProvider runs the server until the test ends.
func startOIDCProvider(t testing.TB, options oidcOptions) *oidcProvider {
	t.Helper()
	const dir = "testdata/oidc-provider"
	if _, err := os.Stat(dir + "/node_modules/oidc-provider"); err != nil {
		t.Fatalf("oidc-provider is not installed. Install Node.js and npm, then run: npm ci --prefix internal/acceptance/%s", dir)
	}
	text, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	p := &oidcProvider{t: t}
	var ready struct{ Issuer, TLS string }
	cmd := exec.CommandContext(context.Background(), "node", "server.js", string(text))
	cmd.Dir = dir
	startProcess(t, "oidc-provider", cmd, &ready)
	p.issuer, p.tls = ready.Issuer, ready.TLS
	return p
}

// startProcess runs a server that tells in a line of JSON that it is ready, and that ends with its standard input.
func startProcess(t testing.TB, name string, cmd *exec.Cmd, ready any) {
	t.Helper()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end := func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err == nil {
		err = json.Unmarshal([]byte(line), ready)
	}
	if err != nil {
		end()
		t.Fatalf("%s did not start: %v %q\n%s", name, err, line, stderr.String())
	}
	t.Cleanup(end)
}

// oidcCounters are what the server did. Refused are token requests answered with an error, Reused those of them that brought a
// code or refresh token for the second time.
type oidcCounters struct {
	Token, Refresh, Refused, Reused, Introspected, Revoked, Pushed, Device, Registered, Updated, Deleted int
}

// oidcRequest is a line of the server's log. Parameters are the names of those that the server took, Auth is the client
// authentication that it took.
type oidcRequest struct {
	Method, Path, Error, Auth string
	Status                    int
	Parameters                []string
	TLS, Certificate, DPoP    bool
	Description               string `json:"error_description"`
	ClientID                  string `json:"client_id"`
	GrantType                 string `json:"grant_type"`
}

func (p *oidcProvider) counters() oidcCounters {
	p.t.Helper()
	var c oidcCounters
	p.control("counters", nil, &c)
	return c
}

// log is every request since the start, the tests' own included.
func (p *oidcProvider) log() []oidcRequest {
	p.t.Helper()
	var all []oidcRequest
	p.control("log", nil, &all)
	return all
}

// later moves the clocks of the server and of the workspaces' provider processes.
func (p *oidcProvider) later(d time.Duration, ws ...*workspace) {
	p.t.Helper()
	p.control("clock", url.Values{"advance": {fmt.Sprint(d.Seconds())}}, nil)
	for _, w := range ws {
		w.advance(d)
	}
}

// drop closes the connection of the next request to the path: at the stage "before" nothing has been done, at "after" everything,
// and only the reply is lost.
func (p *oidcProvider) drop(path, stage string) {
	p.t.Helper()
	p.control("fault", url.Values{"path": {path}, "stage": {stage}, "count": {"1"}}, nil)
}

func (p *oidcProvider) control(what string, query url.Values, into any) {
	p.t.Helper()
	reply, err := http.Get(p.issuer + "/control/" + what + "?" + query.Encode())
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = reply.Body.Close() }()
	if into == nil {
		return
	}
	if err := json.NewDecoder(reply.Body).Decode(into); err != nil {
		p.t.Fatal(err)
	}
}

// introspect asks the server about an opaque token, as a resource server does.
func (p *oidcProvider) introspect(token string) map[string]any {
	p.t.Helper()
	return introspect(p.t, p.issuer+"/token/introspection", token, "observer", "observer-secret")
}

func introspect(t testing.TB, endpoint, token, id, secret string) map[string]any {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint, strings.NewReader(url.Values{"token": {token}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(id, secret)
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reply.Body.Close() }()
	var answer map[string]any
	if err := json.NewDecoder(reply.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if _, told := answer["active"].(bool); !told {
		t.Fatalf("introspection answers %s %v", reply.Status, answer)
	}
	return answer
}

// browse opens the URL as a browser does, and returns the address at which it leaves the server.
func (p *oidcProvider) browse(authorizationURL string) string {
	p.t.Helper()
	left, page := p.visit(newBrowser(p.t), authorizationURL, nil)
	if left == "" {
		p.t.Fatalf("the server did not send the browser back: %s", page)
	}
	return left
}

func newBrowser(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

// visit opens a page, or sends a form, and returns the page at which this ends, or the address to which the server sends away.
func (p *oidcProvider) visit(browser *http.Client, address string, form url.Values) (left, page string) {
	p.t.Helper()
	browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), p.issuer) {
			return nil
		}
		left = r.URL.String()
		return http.ErrUseLastResponse
	}
	var reply *http.Response
	var err error
	if form == nil {
		reply, err = browser.Get(address)
	} else {
		reply, err = browser.PostForm(address, form)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = reply.Body.Close() }()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return left, reply.Status + "\n" + string(text)
}

var hiddenXSRF = regexp.MustCompile(`name="xsrf" value="([^"]+)"`)

// decideDevice does what a person does with a user code: types it into the server's page, and allows or denies.
func (p *oidcProvider) decideDevice(userCode string, allow bool) {
	p.t.Helper()
	browser := newBrowser(p.t)
	_, page := p.visit(browser, p.issuer+"/device", nil)
	match := hiddenXSRF.FindStringSubmatch(page)
	if match == nil {
		p.t.Fatalf("the page has no form: %s", page)
	}
	form := url.Values{"xsrf": {match[1]}, "user_code": {userCode}}
	if _, page = p.visit(browser, p.issuer+"/device", form); !strings.Contains(page, "deviceConfirmForm") {
		p.t.Fatalf("the server does not ask for a confirmation of %s: %s", userCode, page)
	}
	decision, want := "confirm", "Sign-in Success"
	if !allow {
		decision, want = "abort", "request was interrupted"
	}
	form.Set(decision, "yes")
	if _, page = p.visit(browser, p.issuer+"/device", form); !strings.Contains(page, want) {
		p.t.Fatalf("the server does not take the decision on %s: %s", userCode, page)
	}
}
