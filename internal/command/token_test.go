package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

// TestTokenUsage: whatever is wrong with the command line, nothing is opened or sent, and no value is printed.
func TestTokenUsage(t *testing.T) {
	t.Parallel()
	notPEM := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(notPEM, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	git := []string{"--name", "x", "--format", "git-credential"}
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"no name":            {nil, "--name is missing"},
		"bad name":           {[]string{"--name", "../hunter2"}, "--name is no name of a credential"},
		"argument":           {[]string{"--name", "x", "hunter2"}, "there is an argument behind the options"},
		"unknown option":     {[]string{"--token", "hunter2"}, "no option of token"},
		"format":             {[]string{"--name", "x", "--format", "hunter2"}, "--format is none of plain, header, json, exec-credential and git-credential"},
		"too short":          {[]string{"--name", "x", "--min-validity", "999ms"}, "--min-validity must be from 1s to 24h0m0s"},
		"too long":           {[]string{"--name", "x", "--min-validity", "25h"}, "--min-validity must be from 1s to 24h0m0s"},
		"negative":           {[]string{"--name", "x", "--min-validity", "-5s"}, "--min-validity must be from 1s to 24h0m0s"},
		"short timeout":      {[]string{"--name", "x", "--store", "file:///a", "--request-timeout", "4s"}, "--request-timeout must be from 5s to 2m0s"},
		"long timeout":       {[]string{"--name", "x", "--store", "file:///a", "--request-timeout", "3m"}, "--request-timeout must be from 5s to 2m0s"},
		"no CA file":         {[]string{"--name", "x", "--store", "file:///a", "--ca-certificate-file", "/does/not/exist"}, "the file of --ca-certificate-file cannot be read"},
		"no certificates":    {[]string{"--name", "x", "--store", "file:///a", "--ca-certificate-file", notPEM}, "the certificates of --ca-certificate-file cannot be used"},
		"host without git":   {[]string{"--name", "x", "--host", "git.example"}, "--host and --username go with --format git-credential alone"},
		"user without git":   {[]string{"--name", "x", "--username", "me"}, "--host and --username go with --format git-credential alone"},
		"git without host":   {append(git, "get"), "--host is missing"},
		"git by a person":    {append(git, "--host", "h"), "git-credential is for git, which adds get, store or erase"},
		"username and more":  {append(git, "--host", "h", "--username", "a\npassword=b", "get"), "--username must be one line"},
		"the state":          {[]string{"--name", "x", "--store", "state"}, "kept in the Terraform state alone are out of reach here"},
		"sealed without key": {[]string{"--name", "x", "--store", "db:///b"}, "there is no key: set OAUTH_TOKEN_STORE_KEY, or name a --key-file"},
	} {
		n := newBench(t)
		if name == "sealed without key" {
			n.env[wiring.KeyVariable] = ""
		}
		code := n.run(t.Context(), append([]string{"token"}, tt.args...)...)
		if code != 2 || n.out.Len() > 0 || !strings.Contains(n.err.String(), tt.want) || !strings.Contains(n.err.String(), "Nothing was done.") {
			t.Errorf("%s: code %d\n%s%s", name, code, &n.out, &n.err)
		}
	}
	n := newBench(t)
	n.in = "hunter2"
	if code := n.run(t.Context(), "token", "--name", "x", "--format", "git-credential", "--host", "h", "get"); code != 2 || !strings.Contains(n.err.String(), "not of the form name=value") {
		t.Errorf("code %d\n%s", code, &n.err)
	}
}

// TestTokenPrinters: what other programs read of a token, and what is not printed.
func TestTokenPrinters(t *testing.T) {
	t.Parallel()
	good := credential.Record{Generation: 3, Tokens: credential.Tokens{
		Access: secret.New("at-1"), Type: "bearer", IssuedAt: hours(-1), ExpiresAt: hours(1).Add(400 * time.Millisecond), Scopes: []string{"read"},
		Connection: map[string]string{"instance_url": "https://eu1.example"}, Extra: map[string]secret.String{"account": secret.New("7")},
	}}
	with := func(change func(*credential.Tokens)) credential.Record {
		r := good
		change(&r.Tokens)
		return r
	}
	bound := with(func(x *credential.Tokens) { x.Type, x.ProofKey = "DPoP", secret.New(`{"kty":"EC"}`) })
	broken := with(func(x *credential.Tokens) { x.Access = secret.New("at\nX-Evil: 1") })
	const v1beta1 = `{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","spec":{"interactive":true}}`
	exec := `{
  "apiVersion": "client.authentication.k8s.io/v1",
  "kind": "ExecCredential",
  "status": {
    "expirationTimestamp": "2026-03-01T13:00:00Z",
    "token": "at-1"
  }
}
`
	for name, tt := range map[string]struct {
		format, info string
		record       credential.Record
		want, wrong  string
	}{
		"plain":           {formatPlain, "", good, "at-1\n", ""},
		"header":          {formatHeader, "", good, "Authorization: Bearer at-1\n", ""},
		"other type":      {formatHeader, "", with(func(x *credential.Tokens) { x.Type = "Zoho-oauthtoken" }), "Authorization: Zoho-oauthtoken at-1\n", ""},
		"no type":         {formatHeader, "", with(func(x *credential.Tokens) { x.Type = "" }), "Authorization: Bearer at-1\n", ""},
		"evil type":       {formatHeader, "", with(func(x *credential.Tokens) { x.Type = "a\nb" }), "Authorization: Bearer at-1\n", ""},
		"exec":            {formatExec, "", good, exec, ""},
		"exec, v1beta1":   {formatExec, v1beta1, good, strings.Replace(exec, "k8s.io/v1", "k8s.io/v1beta1", 1), ""},
		"exec, no expiry": {formatExec, "", with(func(x *credential.Tokens) { x.ExpiresAt = time.Time{} }), strings.Replace(exec, "\n    \"expirationTimestamp\": \"2026-03-01T13:00:00Z\",", "", 1), ""},
		"exec, v1alpha1":  {formatExec, strings.Replace(v1beta1, "v1beta1", "v1alpha1", 1), good, "", "asks for another version than"},
		"exec, nonsense":  {formatExec, "at-1", good, "", "KUBERNETES_EXEC_INFO holds no ExecCredential"},
		"json": {formatJSON, "", good, `{
  "name": "exact",
  "access_token": "at-1",
  "token_type": "bearer",
  "scopes": [
    "read"
  ],
  "generation": 3,
  "issued_at": "2026-03-01T11:00:00Z",
  "expires_at": "2026-03-01T13:00:00Z",
  "connection_details": {
    "instance_url": "https://eu1.example"
  },
  "extra": {
    "account": "7"
  }
}
`, ""},
		"bound, json": {formatJSON, "", with(func(x *credential.Tokens) {
			*x = credential.Tokens{Access: secret.New("at-1"), Type: "DPoP", ProofKey: secret.New("jwk")}
		}), "{\n  \"name\": \"exact\",\n  \"access_token\": \"at-1\",\n  \"token_type\": \"DPoP\",\n  \"dpop_private_key\": \"jwk\",\n  \"generation\": 3,\n  \"connection_details\": {},\n  \"extra\": {}\n}\n", ""},
		"bound, plain":   {formatPlain, "", bound, "", "bound to a key (DPoP, RFC 9449)"},
		"bound, header":  {formatHeader, "", bound, "", "bound to a key (DPoP, RFC 9449)"},
		"bound, exec":    {formatExec, "", bound, "", "bound to a key (DPoP, RFC 9449)"},
		"broken, plain":  {formatPlain, "", broken, "", "no word of plain characters"},
		"broken, header": {formatHeader, "", broken, "", "no word of plain characters"},
	} {
		var out strings.Builder
		err := printers()[tt.format](&out, func(string) string { return tt.info }, "exact", tt.record)
		if out.String() != tt.want || (err == nil) != (tt.wrong == "") || err != nil && (!strings.Contains(err.Error(), tt.wrong) || strings.Contains(err.Error(), "at-1")) {
			t.Errorf("%s: %v\n%s\nwant:\n%s", name, err, &out, tt.want)
		}
	}
}

// TestGitServes: the token goes to the hosts that are named, and not in clear text over a network.
func TestGitServes(t *testing.T) {
	t.Parallel()
	o := tokenOptions{hosts: names{"git.example.com", "other.example:8443", "127.0.0.1:3000", "localhost", "[::1]:80"}, username: "oauth2", operation: "get"}
	record := credential.Record{Tokens: credential.Tokens{Access: secret.New("at-1"), ExpiresAt: noon}}
	for input, want := range map[string]string{
		"protocol=https\nhost=git.example.com\n\n":                     "username=oauth2\npassword=at-1\npassword_expiry_utc=1772366400\n",
		"protocol=https\nhost=GIT.example.com\npath=a/b.git\n":         "username=oauth2\npassword=at-1\npassword_expiry_utc=1772366400\n",
		"protocol=https\nhost=git.example.com\nusername=me\nx[]=1\n\n": "username=me\npassword=at-1\npassword_expiry_utc=1772366400\n",
		"protocol=https\nhost=other.example:8443\n\n":                  "username=oauth2\npassword=at-1\npassword_expiry_utc=1772366400\n",
		"protocol=http\nhost=127.0.0.1:3000\n\n":                       "username=oauth2\npassword=at-1\npassword_expiry_utc=1772366400\n",
		"protocol=http\nhost=localhost\n\n":                            "username=oauth2\npassword=at-1\npassword_expiry_utc=1772366400\n",
		"protocol=http\nhost=[::1]:80\n\n":                             "username=oauth2\npassword=at-1\npassword_expiry_utc=1772366400\n",
		"protocol=http\nhost=git.example.com\n\n":                      "",
		"protocol=https\nhost=other.example\n\n":                       "",
		"protocol=https\nhost=evil.example\n\n":                        "",
		"protocol=https\nhost=git.example.com.evil.example\n\n":        "",
		"protocol=https\n\nhost=git.example.com\n":                     "",
		"protocol=ssh\nhost=git.example.com\n\n":                       "",
		"protocol=https\nhost=git.example.com\r\n\n":                   "", // the host of https://git.example.com%0d/
		"protocol=https\nhost=evil.example\rhost=git.example.com\n\n":  "",
		"host=git.example.com\n\n":                                     "",
		"":                                                             "",
	} {
		asked, err := readGit(strings.NewReader(input))
		if err != nil {
			t.Errorf("%q: %v", input, err)
		}
		var out strings.Builder
		if answer := o.git(asked); answer != nil {
			err = answer(&out, nil, "exact", record)
		}
		if out.String() != want || err != nil {
			t.Errorf("%q: %q, %v", input, &out, err)
		}
	}
	for _, operation := range []string{"store", "capability", "later"} {
		o.operation = operation
		if o.git(gitAsked{protocol: "https", host: "git.example.com"}) != nil {
			t.Errorf("%s is answered", operation)
		}
	}
}

// FuzzReadGit: what is not of the form is refused without being quoted; a value never becomes another line.
func FuzzReadGit(f *testing.F) {
	for _, seed := range []string{"", "\n", "protocol=https\nhost=h\npassword=p\n\n", "host=h", "x", "=", "password==\x00", "host=a\r\nhost=b\n", strings.Repeat("a", 70000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, input string) {
		asked, err := readGit(strings.NewReader(input))
		if err != nil {
			if len(input) > 12 && strings.Contains(err.Error(), input) {
				t.Errorf("%q is quoted: %v", input, err)
			}
			return
		}
		for _, value := range []string{asked.protocol, asked.host, asked.username, asked.password.Reveal()} {
			if strings.Contains(value, "\n") || !strings.Contains(input, value) {
				t.Errorf("%q has become %q", input, value)
			}
		}
	})
}

// FuzzExecInfo: no text gives another version than the two.
func FuzzExecInfo(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential"}`, `{"kind":1}`, "null"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, info string) {
		version, err := execVersion(info)
		if (err == nil) == (version == "") || err == nil && version != "client.authentication.k8s.io/v1" && version != "client.authentication.k8s.io/v1beta1" {
			t.Errorf("%q: %q, %v", info, version, err)
		}
	})
}

// TestTokenOfGit gets tokens of a sandbox: one that a server has not taken is replaced, unless it is fresh or not the one in use.
func TestTokenOfGit(t *testing.T) {
	t.Parallel()
	n, as := newBench(t), newSandbox(t)
	as.pair(n, "git")
	n.env[wiring.StoreVariable] = n.a
	git := func(operation, password string) string {
		t.Helper()
		n.in = "protocol=https\nhost=git.example.com\nusername=me\npassword=" + password + "\n\n"
		if code := n.run(t.Context(), "token", "--name", "git", "--format", "git-credential", "--host", "git.example.com", operation); code != 0 || n.err.Len() > 0 {
			t.Errorf("%s: code %d\n%s", operation, code, &n.err)
		}
		_, answer, _ := strings.Cut(n.out.String(), "password=")
		answer, _, _ = strings.Cut(answer, "\n")
		return answer
	}
	first := git("get", "")
	as.expect(1)
	git("store", first)
	if git("erase", first) != "" || git("get", "") != first {
		t.Error("a fresh token was given up")
	}
	as.expect(1)
	n.later = 2 * time.Minute
	if git("erase", "another"); git("get", "") != first {
		t.Error("another token than the one in use has made it be replaced")
	}
	as.expect(1)
	if git("erase", first) != "" || n.out.Len() > 0 {
		t.Errorf("erase says %q", &n.out)
	}
	as.expect(2)
	if second := git("get", ""); second == first || second == "" {
		t.Errorf("%q after %q", second, first)
	}
	as.expect(2)
}

// TestTokenToNobody: the pipe is closed, and what was refreshed is stored all the same.
func TestTokenToNobody(t *testing.T) {
	t.Parallel()
	n, as := newBench(t), newSandbox(t)
	as.pair(n, "exact")
	n.env[wiring.StoreVariable] = n.a
	for _, format := range []string{formatPlain, formatHeader, formatJSON, formatExec} {
		n.sink = closedPipe{}
		if code := n.run(t.Context(), "token", "--name", "exact", "--format", format, "--verbose"); code != 1 || !strings.Contains(n.err.String(), "could not be written to standard output: the pipe is closed\nThe credential is stored, and still works.\n") {
			t.Errorf("%s: code %d\n%s", format, code, &n.err)
		}
	}
	as.expect(1)
	for _, args := range [][]string{nil, {"--json"}, {"--name", "exact"}} {
		if code := n.run(t.Context(), append([]string{"status"}, args...)...); code != 1 || !strings.Contains(n.err.String(), "error: the output could not be written: the pipe is closed") {
			t.Errorf("%v: code %d\n%s", args, code, &n.err)
		}
	}
	n.sink = nil
	if code := n.run(t.Context(), "token", "--name", "exact", "--min-validity", "20m"); code != 0 || !strings.Contains(n.err.String(), "warning: the access token lives 9m more, which is less than --min-validity") {
		t.Errorf("code %d\n%s", code, &n.err)
	}
	as.expect(2)
	if code := n.run(t.Context(), "token", "--name", "exact", "--store", n.b); code != 1 || !strings.Contains(n.err.String(), "error: there is no token store at "+n.b) {
		t.Errorf("code %d\n%s", code, &n.err)
	}
}

// TestBoundToken: a token that is bound to a key is printed with it, or not at all; either way what the refresh brought is kept.
func TestBoundToken(t *testing.T) {
	t.Parallel()
	n, as := newBench(t), newSandbox(t)
	as.pairOf(n, "exact", true)
	n.env[wiring.StoreVariable] = n.a
	for _, format := range []string{formatPlain, formatHeader, formatExec} {
		if code := n.run(t.Context(), "token", "--name", "exact", "--format", format); code != 1 || n.out.Len() > 0 || !strings.Contains(n.err.String(), "error: the access token is bound to a key (DPoP, RFC 9449)") {
			t.Errorf("%s: code %d\n%s", format, code, &n.err)
		}
	}
	if code := n.run(t.Context(), "token", "--name", "exact", "--format", "json"); code != 0 {
		t.Errorf("code %d\n%s", code, &n.err)
	}
	var printed struct {
		TokenType string `json:"token_type"`
		Key       string `json:"dpop_private_key"`
	}
	if err := json.Unmarshal(n.out.Bytes(), &printed); err != nil || printed.TokenType != "DPoP" || !strings.Contains(printed.Key, `"kty"`) {
		t.Errorf("%v: %+v", err, printed)
	}
	as.expect(1)
}

// TestPasswordAmongArguments works, and is warned of.
func TestPasswordAmongArguments(t *testing.T) {
	t.Parallel()
	n := newBench(t)
	n.pair(n.a, "exact")
	url := strings.Replace(n.a, "file://", "db://u:hunter2@localhost", 1)
	const warning = "warning: a URL among the arguments holds a password"
	if code := n.run(t.Context(), "status", "--store", url); code != 0 || !strings.Contains(n.err.String(), warning) || !strings.Contains(n.err.String(), "Use OAUTH_TOKEN_STORE, or PGPASSFILE") {
		t.Errorf("code %d\n%s", code, &n.err)
	}
	n.env[wiring.StoreVariable] = url
	if code := n.run(t.Context(), "status"); code != 0 || n.err.Len() > 0 {
		t.Errorf("code %d\n%s", code, &n.err)
	}
}

// TestTokenStoppedWhileWaiting: who waits for somebody else's refresh can go at any time.
func TestTokenStoppedWhileWaiting(t *testing.T) {
	t.Parallel()
	n, as := newBench(t), newSandbox(t)
	as.pair(n, "exact")
	n.env[wiring.StoreVariable] = n.a
	if _, err := as.AddFault(sandbox.Fault{Action: sandbox.ActionHold, When: sandbox.After, GrantType: "refresh_token"}); err != nil {
		t.Fatal(err)
	}
	first := make(chan int)
	go func() { first <- n.run(t.Context(), "token", "--name", "exact") }()
	if err := as.WaitHeld(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	other := newBench(t)
	other.env = n.env
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel) // however soon: it must end then
	if code := other.run(ctx, "token", "--name", "exact"); code != 1 || other.out.Len() > 0 || !strings.HasPrefix(other.err.String(), "error: stopped before there was a token. Nothing that was sent is lost") {
		t.Errorf("code %d\n%s%s", code, &other.out, &other.err)
	}
	if code := other.run(t.Context(), "status"); code != 0 || !strings.Contains(other.out.String(), "CLAIM\nexact") || !strings.Contains(other.out.String(), "refresh by here, ") {
		t.Errorf("code %d\n%s%s", code, &other.out, &other.err)
	}
	as.Release()
	if code := <-first; code != 0 {
		t.Errorf("code %d\n%s", code, &n.err)
	}
	as.expect(1)
}

type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, errors.New("the pipe is closed") }

// server is a sandbox.
type server struct {
	t *testing.T
	*sandbox.Server
	base string
}

func newSandbox(t *testing.T) *server {
	s, err := sandbox.New(sandbox.Options{Clients: []sandbox.Client{{ID: "id", Secret: "secret-hunter2"}}})
	if err != nil {
		t.Fatal(err)
	}
	running, err := s.Start(sandbox.Listen{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	return &server{t, s, running.BaseURL}
}

// pair makes a credential with a refresh token and no access token.
func (s *server) pair(n *bench, name string) { s.pairOf(n, name, false) }

func (s *server) pairOf(n *bench, name string, bound bool) {
	s.t.Helper()
	issued, err := s.Issue("id")
	if err != nil {
		s.t.Fatal(err)
	}
	n.secrets = append(n.secrets, issued.RefreshToken)
	m, ctx := n.manager(n.a), s.t.Context()
	client := credential.Client{ClientID: "id", ClientSecret: secret.New("secret-hunter2"), TokenEndpoint: s.base + "/token", DPoPBoundAccessTokens: bound}
	if _, err := m.Attach(ctx, name, "attachment", credential.Setup{Client: client}); err != nil {
		s.t.Fatal(err)
	}
	if _, _, err := m.Adopt(ctx, name, credential.Brought{Refresh: secret.New(issued.RefreshToken)}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) expect(refreshes int) {
	s.t.Helper()
	if c := s.Counters(); c.Refreshes != refreshes || c.ReuseDetected != 0 {
		s.t.Errorf("%d refreshes, %d reuses; want %d", c.Refreshes, c.ReuseDetected, refreshes)
	}
}

// TestFailureWords: what was tried, whether the credential works, what to do, in this order; and whether a person is needed.
func TestFailureWords(t *testing.T) {
	t.Parallel()
	w := words{name: "exact", location: "file:///a"}
	refused := oauth.Verdict{Class: oauth.Reauthorize, Status: 400, Code: "invalid_grant", Description: "gone"}
	for _, tt := range []struct {
		err    error
		lines  []string
		person bool
	}{
		{&credential.Error{Kind: credential.KindAuthorize, Record: credential.Record{Generation: 2}, Verdict: refused},
			[]string{"credential exact no longer works", "Nothing else", "run terraform-provider-oauth authorize --name exact", "The server's own words: invalid_grant: gone (HTTP 400)"}, true},
		{&credential.Error{Kind: credential.KindAuthorize, Reason: credential.ReasonNotAuthorized}, []string{"nobody has authorized credential exact yet", "Nothing is wrong", "A person must authorize"}, true},
		{&credential.Error{Kind: credential.KindAuthorize, Reason: credential.ReasonNoRefreshToken, Record: credential.Record{Generation: 1}}, []string{"there is no refresh token", "Nothing else", "A person must"}, true},
		{&credential.Error{Kind: credential.KindUnknown, Reason: credential.ReasonUnknownFinal}, []string{"its reply never came", "not sent again", "A person must authorize again."}, true},
		{&credential.Error{Kind: credential.KindUnknown, Reason: credential.ReasonUnknownWaiting, Until: noon}, []string{"its reply never came", "from 2026-03-01 12:00:00Z on", "Run it again after that time."}, false},
		{&credential.Error{Kind: credential.KindUnknown, Reason: credential.ReasonOwnerAlive}, []string{"stands still", "nothing was sent", "kill -CONT"}, false},
		{&credential.Error{Kind: credential.KindUnknown}, []string{"its reply never came", "the next run decides", "Run it again."}, false},
		{&credential.Error{Kind: credential.KindUnknown, Record: credential.Record{Grant: &credential.Grant{}}}, []string{"asked for a token", "Nothing was used up", "Run it again."}, false},
		{&credential.Error{Kind: credential.KindStore, Err: errors.New("disk full")}, []string{"the token store file:///a could not be used for credential exact: disk full.", "was not used up", "Make the store reachable"}, false},
		{&credential.Error{Kind: credential.KindStore, Err: fmt.Errorf("x: %w", seal.ErrNoKey)}, []string{"cannot be opened", "unchanged", "Give the key"}, true},
		{&credential.Error{Kind: credential.KindStore, Err: seal.ErrWrongPlace}, []string{"cannot be opened", "unchanged", "Put it back"}, true},
		{&credential.Error{Kind: credential.KindStore, Err: seal.ErrMalformed}, []string{"cannot be opened", "unchanged", "damaged"}, true},
		{&credential.Error{Kind: credential.KindStore, Err: credential.ErrNewerRecord}, []string{"cannot be opened", "unchanged", "Use a newer version"}, true},
		{&credential.Error{Kind: credential.KindNotFound}, []string{"holds no credential exact", "Nothing was sent", "status lists"}, true},
		{&credential.Error{Kind: credential.KindMoved, Record: credential.Record{MovedTo: credential.MovedTo{Location: "file:///b"}}}, []string{"was moved to file:///b", "still works there", "--store"}, true},
		{&credential.Error{Kind: credential.KindMoving}, []string{"between two token stores", "is good", "move again"}, false},
		{&credential.Error{Kind: credential.KindNotSent, Err: errors.New("refused")}, []string{"was not reached for credential exact: refused.", "still works", "Check the network"}, false},
		{&credential.Error{Kind: credential.KindBadClient}, []string{"does not accept the client", "still works", "Check the client_id"}, true},
		{&credential.Error{Kind: credential.KindConfiguration, Err: errors.New("odd")}, []string{"as it is configured: odd.", "still works", "Correct"}, true},
		{&credential.Error{Kind: credential.KindLater, Reason: credential.ReasonNotBefore, Until: noon}, []string{"before 2026-03-01 12:00:00Z: the server asked to wait.", "still works", "Run it again after"}, false},
		{&credential.Error{Kind: credential.KindStrategy, Reason: credential.ReasonAtApply}, []string{"refresh.strategy is at_apply", "still works", "Apply"}, false},
		{&credential.Error{Kind: credential.KindStrategy, Reason: credential.ReasonNever}, []string{"refresh.strategy is never", "still works", "Choose another refresh.strategy"}, true},
		{&credential.Error{Kind: credential.KindAuthorize, Reason: credential.ReasonRevoked, Record: credential.Record{Generation: 2}}, []string{"credential exact was revoked.", "do not work", "A person must authorize"}, true},
		{&credential.Error{Kind: credential.KindAuthorize, Reason: credential.ReasonGrantRefused, Record: credential.Record{Grant: &credential.Grant{}}, Verdict: refused},
			[]string{"refuses what the grant of credential exact sends", "Nobody has to authorize", "Correct the client or the grant", "The server's own words: invalid_grant"}, true},
		{&credential.Error{Kind: credential.KindSubject, Err: &credential.SubjectError{Name: "first", Err: &credential.Error{Kind: credential.KindNotSent, Err: errors.New("no route")}}},
			[]string{"in exchange for that of credential first, which gives none", "not reached for credential first: no route", "still works", "Check the network"}, false},
		{&credential.Error{Kind: credential.KindSubject, Err: &credential.SubjectError{Name: "first", Err: &credential.Error{Kind: credential.KindAuthorize, Record: credential.Record{Generation: 2}}}},
			[]string{"which gives none", "credential first no longer works", "Nothing else", "authorize --name first"}, true},
		{&credential.Error{Kind: credential.KindSubject, Err: &credential.SubjectError{Name: "first", Err: credential.ErrCircle}}, []string{"and cannot: it is derived", "Nothing was sent", "Correct"}, true},
		{&credential.Error{Kind: credential.KindRefused}, []string{"does not take the access token", "is good", "refresh.probe.url"}, false},
		{&credential.Error{Kind: credential.KindShuttingDown}, []string{"stopped before anything was sent", "still works", "Run it again"}, false},
		{context.Canceled, []string{"stopped before there was a token. Nothing that was sent is lost"}, false},
	} {
		lines := w.failure(tt.err)
		if len(lines) != len(tt.lines) || needsPerson(tt.err) != tt.person {
			t.Errorf("%v: %q", tt.err, lines)
			continue
		}
		for i, want := range tt.lines {
			if !strings.Contains(lines[i], want) {
				t.Errorf("%v: %q lacks %q", tt.err, lines[i], want)
			}
		}
	}
}
