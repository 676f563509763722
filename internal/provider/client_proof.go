package provider

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// proof is what a configuration says of how the client proves who it is.
type proof struct {
	at    path.Path
	get   func(string) types.String
	diags *diag.Diagnostics
}

// checkProof compares the authentication method with the secret, key and certificate that there are, and reads what is known of
// these. What comes from the registration is known to the store alone, and is checked before anything is sent.
func checkProof(at path.Path, get func(string) types.String, diags *diag.Diagnostics) {
	p := proof{at, get, diags}
	method := get("token_endpoint_auth_method")
	if !method.IsUnknown() {
		p.method(method)
	}
	p.key(method.ValueString())
	p.certificate()
}

// said tells how much is known of a member that has a write-only twin, and where it stands.
func (p proof) said(name string) (known string, is presence, at path.Path) {
	for _, name := range []string{name, name + "_wo"} {
		switch v := p.get(name); {
		case isGiven(v):
			return v.ValueString(), given, p.at.AtName(name)
		case v.IsUnknown():
			is = undecided
		}
	}
	if !p.get(name + "_wo_version").IsNull() {
		is = undecided // an earlier run may have brought it
	}
	return "", is, p.at.AtName(name)
}

func (p proof) lacks(name string) bool {
	_, is, _ := p.said(name)
	return is == absent
}

// borrows tells whether what is missing may come from a registration.
func (p proof) borrows() bool {
	return !p.get("registration").IsNull() && p.lacks("client_secret") && p.lacks("private_key") && p.lacks("tls_client_private_key")
}

func (p proof) missing(name, why string) {
	at := p.at.AtName(name)
	p.diags.AddAttributeError(at, "Missing Attribute", fmt.Sprintf("%s is needed: %s", at, why))
}

func (p proof) wrong(at path.Path, why error) {
	p.diags.AddAttributeError(at, "Invalid Attribute Value", fmt.Sprintf("%s cannot be used: %s.", at, bare(why)))
}

// bare is an error about a key or certificate without what the attribute's name says already.
func bare(err error) error {
	text := err.Error()
	for _, head := range []error{oauth.ErrRequest, oauth.ErrPrivateKey, oauth.ErrCertificate, oauth.ErrCertificateKey} {
		text = strings.TrimPrefix(text, head.Error()+": ")
	}
	return errors.New(text)
}

// maxChain bounds a chain, in bytes.
const maxChain = 64 << 10

func bounded(wants string, most int, wrong func(string) error) validator.String {
	return check{wants: wants, wrong: func(text string) error {
		if len(text) > most {
			return fmt.Errorf("it is longer than %d bytes", most)
		}
		if err := wrong(text); err != nil {
			return bare(err)
		}
		return nil
	}}
}

func privateKey() validator.String {
	return bounded("a private key, as PEM or as a JWK", maxSecret, func(text string) error {
		_, err := oauth.ParsePrivateKey(secret.New(text), "", "")
		return err
	})
}

// proofKey is one form alone, for that is what consumers get.
func proofKey() validator.String {
	return bounded("a private key as a JWK", maxSecret, func(text string) error {
		if !strings.HasPrefix(strings.TrimSpace(text), "{") {
			return errors.New("it is no JSON object")
		}
		_, err := oauth.ProofThumbprint(secret.New(text))
		return err
	})
}

func certificateKey() validator.String {
	return bounded("the private key of a certificate, as PEM", maxSecret, func(text string) error { return oauth.CheckCertificateKey(secret.New(text)) })
}

func certificateChain() validator.String {
	return bounded("one or more certificates as PEM, the client's own first", maxChain, func(text string) error {
		_, err := oauth.CheckCertificateChain(text)
		return err
	})
}

// method checks that there is what a method needs, and that there is no doubt about the method.
func (p proof) method(configured types.String) {
	method := configured.ValueString()
	if method == oauth.None {
		for _, name := range []string{"client_secret", "private_key"} {
			if _, is, at := p.said(name); is == given {
				p.diags.AddAttributeError(at, "Contradicting Attributes", fmt.Sprintf(`%s is not used: token_endpoint_auth_method is "none". Remove one of them.`, at))
			}
		}
		return
	}
	if configured.IsNull() {
		p.unnamed()
		return
	}
	if p.borrows() || p.get("client_id").IsNull() { // the server gives the secret, or somebody else holds the key
		return
	}
	why := fmt.Sprintf("token_endpoint_auth_method is %q.", method)
	switch {
	case oauth.BySecret(method) && p.lacks("client_secret"):
		p.missing("client_secret", why)
	case method == oauth.PrivateKeyJWT && p.lacks("private_key"):
		p.missing("private_key", why)
	case oauth.ByCertificate(method) && p.get("tls_client_certificate").IsNull():
		p.missing("tls_client_certificate", why)
	}
}

// unnamed: what there is decides the method where it is not configured, if it can be one only.
func (p proof) unnamed() {
	method := p.at.AtName("token_endpoint_auth_method")
	_, secrets, _ := p.said("client_secret")
	_, keys, _ := p.said("private_key")
	switch {
	case secrets == given && keys == given:
		p.diags.AddAttributeError(method, "Missing Attribute", fmt.Sprintf(
			"%s is needed: there is a client_secret and a private_key. Set it to %q to use the key, or to the method that uses the secret.", method, oauth.PrivateKeyJWT))
	case secrets == absent && keys == absent && isGiven(p.get("tls_client_certificate")) && p.get("registration").IsNull():
		p.diags.AddAttributeError(method, "Missing Attribute", fmt.Sprintf("%s is needed: there is a tls_client_certificate, which the server may know by the CA "+
			"that made it (%q), or by itself (%q). If it does not know the client by it at all, and only binds tokens to it, write %q.",
			method, oauth.TLSClientAuth, oauth.SelfSignedTLSClientAuth, oauth.None))
	}
}

// key reads the key, or the secret, that signs, with the algorithm.
func (p proof) key(method string) {
	alg := p.get("token_endpoint_auth_signing_alg")
	at := p.at.AtName("token_endpoint_auth_signing_alg")
	if key, is, _ := p.said("private_key"); is == given && method != oauth.ClientSecretJWT {
		_, err := oauth.ParsePrivateKey(secret.New(key), "", "") // which the attribute's own validator tells
		if _, unfit := oauth.ParsePrivateKey(secret.New(key), "", alg.ValueString()); err == nil && unfit != nil {
			p.wrong(at, unfit)
		}
	}
	named := p.get("private_key_id").ValueString() != "" && method != oauth.PrivateKeyJWT // else it has been told
	if named && p.lacks("private_key") && p.get("registration").IsNull() && !p.get("client_id").IsNull() {
		p.missing("private_key", "there is a private_key_id.")
	}
	text, is, of := p.said("client_secret")
	switch {
	case method == oauth.ClientSecretJWT && alg.ValueString() != "" && !slices.Contains([]string{"HS256", "HS384", "HS512"}, alg.ValueString()):
		p.wrong(at, fmt.Errorf("%s does not go with a client secret, which signs with HS256, HS384 or HS512", alg.ValueString()))
	case method == oauth.ClientSecretJWT && is == given && !alg.IsUnknown():
		if _, err := oauth.SecretSigner(secret.New(text), alg.ValueString()); err != nil {
			p.wrong(of, err)
		}
	case method != "" && method != oauth.ClientSecretJWT && method != oauth.PrivateKeyJWT && !alg.IsNull():
		p.diags.AddAttributeError(at, "Contradicting Attributes", fmt.Sprintf("%s is not used: token_endpoint_auth_method is %q. Remove one of them.", at, method))
	}
}

// certificate reads the certificate and its key.
func (p proof) certificate() {
	chain := p.get("tls_client_certificate")
	key, is, of := p.said("tls_client_private_key")
	switch {
	case chain.IsUnknown():
		return
	case chain.IsNull() && is == given && p.get("registration").IsNull():
		p.missing("tls_client_certificate", "there is a tls_client_private_key.")
		return
	case chain.IsNull():
		return
	case is == absent && p.get("registration").IsNull():
		p.missing("tls_client_private_key", "there is a tls_client_certificate.")
	}
	p.secure()
	if is != given {
		return
	}
	// What is wrong with one of them alone, its own validator tells.
	_, err := oauth.CheckCertificateChain(chain.ValueString())
	if err = errors.Join(err, oauth.CheckCertificateKey(secret.New(key))); err != nil {
		return
	}
	if _, err := oauth.ParseClientCertificate(chain.ValueString(), secret.New(key)); err != nil {
		p.wrong(of, err)
	}
}

// secure: a certificate is shown in the TLS handshake, and http:// has none.
func (p proof) secure() {
	for _, f := range clientFields() {
		v := p.get(f.name)
		if !isEndpoint(f.name) || f.name == "authorization_endpoint" || !isGiven(v) || oauth.TakesCertificate(v.ValueString()) {
			continue
		}
		at := p.at.AtName(f.name)
		p.diags.AddAttributeError(at, "Contradicting Attributes",
			fmt.Sprintf("%s uses http://, and tls_client_certificate can be shown to https:// only. Use the address that the server has for certificates.", at))
	}
}
