package provider

import (
	"cmp"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// notAccepted says that the server does not take the client for who it says it is.
func notAccepted(about subject, e *credential.Error) string {
	if e.Verdict.Status == 0 && e.Err != nil {
		return fmt.Sprintf("The authorization server does not accept the client of %s: it ended the TLS handshake for the certificate, or for want of one (%s).", about, e.Err)
	}
	return fmt.Sprintf("The authorization server does not accept the client of %s.", about)
}

// checkProofOf says what to look at, by what the client has proved itself with: its record need not tell, where a registration has
// the key or the server names the methods.
func checkProofOf(e *credential.Error) string {
	const renewed = "; %s that was renewed on the platform must be renewed here too."
	c := e.Record.Client
	switch method := cmp.Or(e.Verdict.AuthMethod, c.TokenEndpointAuthMethod); {
	case oauth.ByCertificate(method), e.Verdict.Status == 0:
		return "Check client_id, tls_client_certificate and token_endpoint_auth_method, and that the server takes certificates at the endpoint in use" + expiredWords(c.TLSClientCertificate) + fmt.Sprintf(renewed, "a certificate")
	case method == oauth.PrivateKeyJWT, method == "" && c.ClientSecret.IsEmpty() && !c.PrivateKey.IsEmpty():
		return clockWords(e.Verdict.ClockOff) + "Check client_id, private_key, private_key_id and token_endpoint_auth_signing_alg, and that the platform has the public key; " +
			"set issuer to what the server calls itself, since the assertion is made out to that, and without it to the token_endpoint."
	case method == oauth.ClientSecretJWT:
		return clockWords(e.Verdict.ClockOff) + "Check client_id, client_secret and token_endpoint_auth_signing_alg" + fmt.Sprintf(renewed, "a secret")
	}
	return "Check client_id, client_secret and token_endpoint_auth_method" + fmt.Sprintf(renewed, "a secret")
}

// clockWords tells of clocks that differ: an assertion holds by the server's.
func clockWords(off time.Duration) string {
	switch {
	case off > 0:
		return fmt.Sprintf("The clock of this machine is %s ahead of the server's, and the client's signed assertion holds by the clock: set it right first. ", credential.ShortDuration(off))
	case off < 0:
		return fmt.Sprintf("The clock of this machine is %s behind the server's, and the client's signed assertion holds by the clock: set it right first. ", credential.ShortDuration(-off))
	}
	return ""
}

// expiredWords tells until when the certificate is good, where it is at hand.
func expiredWords(chain string) string {
	at, err := oauth.CheckCertificateChain(chain)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("; this certificate is good until %s", moment(at))
}

// warnCertificate is from how long before the end of a certificate on plans tell of it.
const warnCertificate = 14 * 24 * time.Hour

// warnCertificateEnds tells of a client certificate that has ended or soon will. The server decides whether it takes one that has.
func warnCertificateEnds(about subject, c credential.Client, now time.Time, diags *diag.Diagnostics) {
	at, err := oauth.CheckCertificateChain(c.TLSClientCertificate)
	if c.TLSClientCertificate == "" || err != nil || at.Sub(now) > warnCertificate {
		return
	}
	what := "ends at"
	if !at.After(now) {
		what = "ended at"
	}
	diags.AddWarning("Client Certificate Ends", fmt.Sprintf("The tls_client_certificate of the client of %s %s %s. A server that checks this takes the client no more after that. "+
		"Put a new one, with its tls_client_private_key, into the client, and make it known to the server first if that knows the certificate itself.", about, what, moment(at)))
}
