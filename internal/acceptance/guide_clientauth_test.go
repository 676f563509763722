//go:build unix

package acceptance_test

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// The commands of the guide make keys that its configurations work with, at a server that was given what the guide says.
func TestClientAuthenticationGuide(t *testing.T) {
	t.Parallel()
	guide := readFile(t, filepath.Join("..", "..", "templates", "guides", "client-authentication.md.tmpl"))
	dir := t.TempDir()
	for _, script := range fenced(guide, "shell") {
		cmd := exec.CommandContext(t.Context(), "sh", "-e", "-c", script)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s\n%s", err, script, out)
		}
	}
	file := func(name string) string { return readFile(t, filepath.Join(dir, name)) }
	decode := func(name string) []byte {
		block, _ := pem.Decode([]byte(file(name)))
		if block == nil {
			t.Fatalf("%s is no PEM", name)
		}
		return block.Bytes
	}
	public, err := x509.ParsePKIXPublicKey(decode("key.pub.pem"))
	if err != nil {
		t.Fatal(err)
	}
	jwks, err := json.Marshal(jwksOf(publicJWK(t, public, "terraform-1", nil)))
	if err != nil {
		t.Fatal(err)
	}
	uris := []string{redirectURI}
	p := startServer(t, sandbox.Options{Clients: []sandbox.Client{{ID: "terraform", JWKS: string(jwks), AuthMethod: sandbox.AuthPrivateKeyJWT, RedirectURIs: uris}}}, sandbox.Listen{})
	signing, certified := guideExample(t, clientByKey), guideExample(t, clientByCert)
	for _, key := range []string{"key.pem", "bundle.pem"} {
		w := newWorkspace(t)
		w.env["TF_VAR_private_key"] = file(key)
		write := func(config string) {
			writeFile(t, filepath.Join(w.dir, "main.tf"), strings.ReplaceAll(config, exampleServer, p.base))
		}
		write(signing)
		w.apply()
		callback := p.consent(w.string("oauth_token_pair.sso", "authorization_url"))
		write(strings.Replace(signing, "authorization_code = {}", "authorization_code = { "+attribute("callback_url", callback)+" }", 1))
		w.apply()
		w.expect("oauth_token_pair.sso", values{"status": "active"})
	}

	s := startServer(t, sandbox.Options{Clients: []sandbox.Client{{ID: "terraform", Certificate: decode("client.crt"), AuthMethod: sandbox.AuthSelfSignedTLS}}},
		sandbox.Listen{MTLS: &sandbox.MTLS{}})
	w := newWorkspace(t)
	w.env["TF_VAR_certificate"], w.env["TF_VAR_certificate_key"] = file("client.crt"), file("client.key")
	writeFile(t, filepath.Join(w.dir, "main.tf"), strings.ReplaceAll(certified, exampleServer, s.base)+
		"\nprovider \"oauth\" {\n"+heredoc("ca_certificate_pem", string(s.running.CAPEM))+"}\n")
	w.apply()
	w.expect("oauth_token_pair.bank", values{"status": "active"})

	// The other kinds of key that the guide makes.
	for key, says := range map[string]string{"ec.pem": "has not been authorized yet", "ed.pem": "has not been authorized yet"} {
		w := newWorkspace(t)
		w.env["TF_VAR_private_key"] = file(key)
		writeFile(t, filepath.Join(w.dir, "main.tf"), strings.ReplaceAll(signing, exampleServer, p.base))
		w.apply().mustSay(t, says)
	}
}

// A client that was registered with a key gets tokens for itself, and the key is in no state.
func TestPrivateKeyExample(t *testing.T) {
	t.Parallel()
	key := newECKey(t)
	jwks, err := json.Marshal(jwksOf(publicJWK(t, key.Public(), "k1", nil)))
	if err != nil {
		t.Fatal(err)
	}
	s := startServer(t, sandbox.Options{Clients: []sandbox.Client{{ID: exampleClient + "-keyed", JWKS: string(jwks), AuthMethod: sandbox.AuthPrivateKeyJWT}}}, sandbox.Listen{})
	w := newExample(t, s, providerExample, registrationByKey)
	w.env["TF_VAR_login_private_key"] = privateKeyPEM(t, key)
	w.apply().mustSay(t, "2 added")
	w.expect("oauth_token_pair.robot", values{"status": "active"})
	w.plan("-detailed-exitcode").mustSay(t, "No changes.")
	if strings.Contains(w.stateText(), strings.Split(privateKeyPEM(t, key), "\n")[1]) {
		t.Error("the state holds the key")
	}
	w.ok("destroy", "-no-color", "-auto-approve")
}
