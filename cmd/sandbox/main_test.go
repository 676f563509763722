package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets the tests start this binary as the command.
func TestMain(m *testing.M) {
	if os.Getenv("SANDBOX_TEST_AS_COMMAND") != "" {
		main()
	}
	os.Exit(m.Run())
}

// line is what is promised on standard output, written down once more.
type line struct {
	Issuer                string `json:"issuer"`
	AuthorizationEndpoint string `json:"authorization_endpoint"`
	TokenEndpoint         string `json:"token_endpoint"`
	RevocationEndpoint    string `json:"revocation_endpoint"`
	ClientID              string `json:"client_id"`
	ClientSecret          string `json:"client_secret"`
	RedirectURI           string `json:"redirect_uri"`
	Control               string `json:"control"`
	CAFile                string `json:"ca_file"`
	PID                   int    `json:"pid"`
}

// inside runs the command in this process until the test ends, and returns its line.
func inside(t *testing.T, env map[string]string, args ...string) line {
	t.Helper()
	stdin, closeStdin := io.Pipe()
	stdout, printed := io.Pipe()
	var stderr bytes.Buffer
	ended := make(chan int)
	go func() {
		code := run(context.Background(), append(args, "-exit-with-stdin"), func(name string) string { return env[name] }, stdin, printed, &stderr)
		_ = printed.Close()
		ended <- code
	}()
	reader := json.NewDecoder(stdout)
	var got line
	if err := reader.Decode(&got); err != nil {
		t.Fatalf("no ready line: %v; %s", err, stderr.String())
	}
	t.Cleanup(func() {
		_ = closeStdin.Close()
		if rest, err := io.ReadAll(io.MultiReader(reader.Buffered(), stdout)); err != nil || strings.TrimSpace(string(rest)) != "" {
			t.Errorf("more on stdout: %q, %v", rest, err)
		}
		if code := <-ended; code != 0 || stderr.Len() > 0 {
			t.Errorf("exit code %d, stderr %q", code, stderr.String())
		}
	})
	return got
}

func post(t *testing.T, client *http.Client, address, contentType, body string) map[string]any {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), "POST", address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(response.Body).Decode(&out); err != nil {
		t.Fatalf("%s: status %d: %v", address, response.StatusCode, err)
	}
	return out
}

// exchange goes through a whole authorization with what the line says.
func exchange(t *testing.T, client *http.Client, l line) map[string]any {
	t.Helper()
	query := url.Values{"response_type": {"code"}, "client_id": {l.ClientID}, "redirect_uri": {l.RedirectURI}}
	body, err := json.Marshal(map[string]string{"authorization_url": l.AuthorizationEndpoint + "?" + query.Encode()})
	if err != nil {
		t.Fatal(err)
	}
	callback, _ := post(t, http.DefaultClient, l.Control+"approve", "application/json", string(body))["callback_url"].(string)
	u, err := url.Parse(callback)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(callback, l.RedirectURI+"?") {
		t.Errorf("callback %q, redirect URI %q", callback, l.RedirectURI)
	}
	return post(t, client, l.TokenEndpoint, "application/x-www-form-urlencoded", url.Values{
		"grant_type": {"authorization_code"}, "code": {u.Query().Get("code")}, "redirect_uri": {l.RedirectURI},
		"client_id": {l.ClientID}, "client_secret": {l.ClientSecret},
	}.Encode())
}

func TestReadyLine(t *testing.T) {
	readyFile := filepath.Join(t.TempDir(), "ready.json")
	got := inside(t, map[string]string{"SANDBOX_CLIENT_SECRET": "from-the-environment"},
		"-client-id", "me", "-access-token-lifetime", "90s", "-ready-file", readyFile)
	if !strings.HasPrefix(got.Issuer, "http://127.0.0.1:") {
		t.Errorf("issuer %q", got.Issuer)
	}
	want := line{
		Issuer: got.Issuer, AuthorizationEndpoint: got.Issuer + "/authorize", TokenEndpoint: got.Issuer + "/token",
		RevocationEndpoint: got.Issuer + "/revoke", ClientID: "me", ClientSecret: "from-the-environment",
		RedirectURI: got.Issuer + "/callback", Control: got.Control, PID: os.Getpid(),
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if tokens := exchange(t, http.DefaultClient, got); tokens["expires_in"] != 90.0 {
		t.Errorf("expires_in %v", tokens["expires_in"])
	}
	content, err := os.ReadFile(readyFile)
	if err != nil {
		t.Fatal(err)
	}
	var fromFile line
	if err := json.Unmarshal(content, &fromFile); err != nil || fromFile != got {
		t.Errorf("ready file: %s, %v", content, err)
	}
	left, err := os.ReadDir(filepath.Dir(readyFile))
	if err != nil || len(left) != 1 {
		t.Errorf("files left: %v, %v", left, err)
	}
}

func TestTLS(t *testing.T) {
	caFile := filepath.Join(t.TempDir(), "ca.pem")
	got := inside(t, nil, "-tls", "-ca-out", caFile, "-redirect-uri", "https://app.example/cb")
	if got.CAFile != caFile || !strings.HasPrefix(got.Issuer, "https://127.0.0.1:") || got.RedirectURI != "https://app.example/cb" {
		t.Errorf("got %+v", got)
	}
	ca, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		t.Fatal("the CA file is not PEM")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	if tokens := exchange(t, &http.Client{Transport: transport}, got); tokens["access_token"] == nil {
		t.Errorf("got %v", tokens)
	}
}

func TestFlagsReachTheServer(t *testing.T) {
	got := inside(t, nil, "-rotation", "single_use_grace", "-grace", "7s", "-on-reuse", "reject",
		"-access-token-lifetime", "0", "-refresh-token-lifetime", "1h", "-client-secret", "given")
	if got.ClientSecret != "given" {
		t.Errorf("client secret %q", got.ClientSecret)
	}
	settings := post(t, http.DefaultClient, got.Control+"settings", "application/json", "{}")
	for name, want := range map[string]any{
		"rotation": "single_use_grace", "grace_period": "7s", "on_reuse": "reject",
		"access_token_lifetime": "0s", "refresh_token_idle_lifetime": "1h0m0s",
	} {
		if settings[name] != want {
			t.Errorf("%s: got %v, want %v", name, settings[name], want)
		}
	}
}

// A profile decides what the other flags leave open.
func TestProfile(t *testing.T) {
	got := inside(t, nil, "-grace", "7s", "-profile", "visma_connect:longest_grace", "-on-reuse", "reject")
	settings := post(t, http.DefaultClient, got.Control+"settings", "application/json", "{}")
	for name, want := range map[string]any{
		"rotation": "single_use_grace", "grace_period": "7s", "on_reuse": "reject", "access_token_lifetime": "1h0m0s",
	} {
		if settings[name] != want {
			t.Errorf("%s: got %v, want %v", name, settings[name], want)
		}
	}
	got = inside(t, nil, "-profile", "exact_online")
	if tokens := exchange(t, http.DefaultClient, got); tokens["expires_in"] != "600" {
		t.Errorf("expires_in %v", tokens["expires_in"])
	}
}

func TestASecretIsMade(t *testing.T) {
	first, second := inside(t, nil), inside(t, nil)
	if len(first.ClientSecret) < 20 || first.ClientSecret == second.ClientSecret {
		t.Error("the generated secrets are short, or the same")
	}
}

func TestWrongUsage(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		code int
		says string
	}{
		"unknown flag":     {[]string{"-nope"}, 2, "-help lists the flags"},
		"argument":         {[]string{"now"}, 2, "only flags"},
		"rotation":         {[]string{"-rotation", "sometimes"}, 2, `unknown rotation "sometimes"`},
		"reuse":            {[]string{"-on-reuse", "shrug"}, 2, `unknown on_reuse "shrug"`},
		"profile":          {[]string{"-profile", "nobody"}, 2, `unknown profile "nobody"; there are exact_online, `},
		"negative":         {[]string{"-grace", "-1s"}, 2, "grace_period is negative"},
		"client id":        {[]string{"-client-id", ""}, 2, "-client-id is empty"},
		"TLS without CA":   {[]string{"-tls"}, 2, "-tls needs -ca-out"},
		"CA without TLS":   {[]string{"-ca-out", "x"}, 2, "-ca-out needs -tls"},
		"not loopback":     {[]string{"-listen", "0.0.0.0:0"}, 1, "not loopback"},
		"redirect":         {[]string{"-redirect-uri", "callback"}, 1, "redirect URI"},
		"ready file":       {[]string{"-ready-file", filepath.Join("no", "such", "folder", "f")}, 1, "no such"},
		"help is no error": {[]string{"-help"}, 0, "single_use_grace"},
		"help on profiles": {[]string{"-help"}, 0, "exact_online, twinfield, visma_connect, salesforce, teamleader, atlassian, microsoft, slack, zoho, quickbooks, shopify, xero, github_app, hubspot"},
		"help on variants": {[]string{"-help"}, 0, "  exact_online:too_early_401\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), test.args, func(string) string { return "s3cr3t" }, strings.NewReader(""), &stdout, &stderr)
			if code != test.code || !strings.Contains(stderr.String(), test.says) {
				t.Errorf("exit code %d, stderr %q", code, stderr.String())
			}
			if strings.Contains(stderr.String(), "s3cr3t") {
				t.Error("the secret stands on stderr")
			}
		})
	}
}

func TestListenAnywhere(t *testing.T) {
	got := inside(t, nil, "-listen", "LOCALHOST:0", "-listen-anywhere") // loopback under a name that the sandbox does not know
	if !strings.HasPrefix(got.Control, "http://127.0.0.1:") {
		t.Errorf("control %q", got.Control)
	}
}
