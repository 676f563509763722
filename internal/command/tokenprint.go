package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// errBound says why a bound token is not printed alone.
var errBound = errors.New("the access token is bound to a key (DPoP, RFC 9449), and no API takes it without a proof made with that key. " +
	"--format json prints both; oauth_access_token gives them to Terraform")

func printers() map[string]printer {
	return map[string]printer{formatPlain: printPlain, formatHeader: printHeader, formatJSON: printTokenJSON, formatExec: printExec}
}

// bare is an access token that is of use by itself, and that is one word.
func bare(r credential.Record) (string, error) {
	token := r.Tokens.Access.Reveal()
	switch {
	case r.Tokens.Bound():
		return "", errBound
	case token == "" || strings.ContainsFunc(token, isNoWord):
		return "", errors.New("the access token is no word of plain characters (RFC 6749 A.12), so it is not printed in this format; --format json prints it")
	}
	return token, nil
}

// isNoWord tells whether a character is none of VCHAR (RFC 5234): it could begin another line, or another header.
func isNoWord(r rune) bool { return isControl(r) || r == ' ' || r > 0x7f }

// write hands a whole text over, or says that nobody takes it.
func write(w io.Writer, text string) error {
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("the access token could not be written to standard output: %w", err)
	}
	return nil
}

func printPlain(w io.Writer, _ func(string) string, _ string, r credential.Record) error {
	token, err := bare(r)
	if err != nil {
		return err
	}
	return write(w, token+"\n")
}

func printHeader(w io.Writer, _ func(string) string, _ string, r credential.Record) error {
	token, err := bare(r)
	if err != nil {
		return err
	}
	return write(w, "Authorization: "+scheme(r.Tokens.Type)+" "+token+"\n")
}

// scheme is the authentication scheme (RFC 9110 §11.1) of a token type. Servers write bearer in many ways, APIs want it in one.
func scheme(kind string) string {
	if kind == "" || strings.EqualFold(kind, "bearer") || strings.ContainsFunc(kind, isNoWord) {
		return "Bearer"
	}
	return kind
}

// tokenJSON is what --format json prints. The names of its members are documented in the guide "Command line", and stay.
type tokenJSON struct {
	Name              string            `json:"name"`
	AccessToken       string            `json:"access_token"`
	TokenType         string            `json:"token_type,omitempty"`
	DPoPPrivateKey    string            `json:"dpop_private_key,omitempty"`
	Scopes            []string          `json:"scopes,omitempty"`
	Generation        int64             `json:"generation"`
	IssuedAt          *time.Time        `json:"issued_at,omitempty"`
	ExpiresAt         *time.Time        `json:"expires_at,omitempty"`
	ConnectionDetails map[string]string `json:"connection_details"`
	Extra             map[string]string `json:"extra"`
}

func printTokenJSON(w io.Writer, _ func(string) string, name string, r credential.Record) error {
	t := r.Tokens
	out := tokenJSON{
		Name: name, AccessToken: t.Access.Reveal(), TokenType: t.Type, Scopes: t.Scopes, Generation: r.Generation,
		IssuedAt: when(t.IssuedAt), ExpiresAt: when(t.ExpiresAt), ConnectionDetails: map[string]string{}, Extra: revealed(t.Extra),
	}
	if t.Bound() {
		out.DPoPPrivateKey = t.ProofKey.Reveal()
	}
	for name, value := range t.Connection {
		out.ConnectionDetails[name] = value
	}
	if err := printJSON(w, out); err != nil {
		return fmt.Errorf("the access token could not be written to standard output: %w", err)
	}
	return nil
}

func revealed(extra map[string]secret.String) map[string]string {
	out := map[string]string{}
	for name, value := range extra {
		out[name] = value.Reveal()
	}
	return out
}

// The versions of ExecCredential that hold a token alike.
const (
	execGroup   = "client.authentication.k8s.io/"
	execV1      = execGroup + "v1"
	execV1beta1 = execGroup + "v1beta1"
)

// execInfo is the variable by which such a client says what it wants.
const execInfo = "KUBERNETES_EXEC_INFO"

// execCredential is what a Kubernetes client reads of its credential plugin.
type execCredential struct {
	APIVersion string     `json:"apiVersion"`
	Kind       string     `json:"kind"`
	Status     execStatus `json:"status"`
}

type execStatus struct {
	ExpirationTimestamp *time.Time `json:"expirationTimestamp,omitempty"`
	Token               string     `json:"token"`
}

func printExec(w io.Writer, env func(string) string, _ string, r credential.Record) error {
	version, err := execVersion(env(execInfo))
	if err != nil {
		return err
	}
	token, err := bare(r)
	if err != nil {
		return err
	}
	out := execCredential{APIVersion: version, Kind: "ExecCredential", Status: execStatus{ExpirationTimestamp: when(r.Tokens.ExpiresAt), Token: token}}
	if err := printJSON(w, out); err != nil {
		return fmt.Errorf("the access token could not be written to standard output: %w", err)
	}
	return nil
}

// execVersion is the version that the client wants, by its KUBERNETES_EXEC_INFO.
func execVersion(info string) (string, error) {
	if info == "" {
		return execV1, nil
	}
	var asked struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err := json.Unmarshal([]byte(info), &asked); err != nil || asked.Kind != "ExecCredential" {
		return "", errors.New("KUBERNETES_EXEC_INFO holds no ExecCredential")
	}
	if asked.APIVersion != execV1 && asked.APIVersion != execV1beta1 {
		return "", fmt.Errorf("KUBERNETES_EXEC_INFO asks for another version than %s and %s; set apiVersion in the kubeconfig", execV1, execV1beta1)
	}
	return asked.APIVersion, nil
}
