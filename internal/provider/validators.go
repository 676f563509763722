package provider

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework-validators/helpers/validatordiag"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/proxy"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

// check is a validator of strings that is known by what it wants. Its function returns what is wrong, without the value.
type check struct {
	wants string
	wrong func(string) error
}

var _ validator.String = check{}

func (c check) Description(context.Context) string         { return c.wants }
func (c check) MarkdownDescription(context.Context) string { return c.wants }

func (c check) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := c.wrong(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid Attribute Value", fmt.Sprintf("%s must be %s: %s.", req.Path, c.wants, err))
	}
}

// nameValidators bound the name of anything that is kept in a store.
func nameValidators() []validator.String {
	return []validator.String{naming{credential.ValidName, "must be 1 to 100 letters, digits, dots, underscores and hyphens, and begin with a letter or digit"}}
}

// naming is stringvalidator.RegexMatches with the rule that the engine has.
type naming struct {
	fits  func(string) bool
	wants string
}

var _ validator.String = naming{}

func (n naming) Description(context.Context) string         { return n.wants }
func (n naming) MarkdownDescription(context.Context) string { return n.wants }

func (n naming) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if name := req.ConfigValue.ValueString(); !n.fits(name) {
		resp.Diagnostics.Append(validatordiag.InvalidAttributeValueMatchDiagnostic(req.Path, n.wants, name))
	}
}

// durationBetween bounds a duration in Go syntax.
func durationBetween(least, most time.Duration) validator.String {
	wants := fmt.Sprintf("a duration like 30s, 5m or 1h, from %s to %s", credential.ShortDuration(least), credential.ShortDuration(most))
	return check{wants: wants, wrong: func(text string) error {
		d, err := time.ParseDuration(text)
		switch {
		case err != nil:
			return fmt.Errorf("it is not a duration")
		case d < least || d > most:
			return fmt.Errorf("it is %s", credential.ShortDuration(d))
		}
		return nil
	}}
}

// upstreamURL bounds the address of an API, likewise.
func upstreamURL() check {
	return check{wants: "an absolute https:// URL without query (http:// only to this machine, or with allow_insecure_http)", wrong: func(text string) error {
		if len(text) > 2048 {
			return fmt.Errorf("it is longer than 2048 bytes")
		}
		_, err := proxy.ParseUpstream(text)
		return err
	}}
}

// endpointURL bounds the URL of an endpoint as far as it is known without the provider's settings.
func endpointURL() check {
	return check{wants: "an absolute https:// URL (http:// only to this machine, or with allow_insecure_http)", wrong: func(text string) error {
		if len(text) > 2048 {
			return fmt.Errorf("it is longer than 2048 bytes")
		}
		return oauth.CheckEndpoint(text, true)
	}}
}

// issuerURL bounds an issuer identifier (RFC 8414 §2): as an endpoint, and without a query.
func issuerURL() validator.String {
	return check{wants: "an https:// URL without query and fragment", wrong: func(text string) error {
		if strings.Contains(text, "?") {
			return fmt.Errorf("it has a query")
		}
		return endpointURL().wrong(text)
	}}
}

// redirectURI bounds a redirection endpoint (RFC 6749 §3.1.2): absolute, without a fragment.
func redirectURI() validator.String {
	return check{wants: "an absolute URI without a fragment", wrong: checkRedirectURI}
}

func checkRedirectURI(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return fmt.Errorf("it is not a URI")
	case len(text) > 2048:
		return fmt.Errorf("it is longer than 2048 bytes")
	case u.Scheme == "":
		return fmt.Errorf("it has no scheme")
	case u.Fragment != "" || strings.Contains(text, "#"):
		return fmt.Errorf("it has a fragment")
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' }):
		return fmt.Errorf("it holds white space")
	case (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() == "":
		return fmt.Errorf("it names no host")
	}
	return nil
}

// scopeToken bounds one scope (RFC 6749 §3.3).
func scopeToken() validator.String {
	return check{wants: "a scope without spaces", wrong: checkScope}
}

func checkScope(text string) error {
	if text == "" || len(text) > 1024 || strings.ContainsFunc(text, func(r rune) bool { return r <= 0x20 || r > 0x7e || r == '"' || r == '\\' }) {
		return fmt.Errorf("it is empty, too long, or holds a space, a quote or another character that RFC 6749 does not allow")
	}
	return nil
}

// rfc3339 bounds a time.
func rfc3339() validator.String {
	return check{wants: "a time like 2030-01-31T23:59:59Z (RFC 3339)", wrong: func(text string) error {
		t, err := time.Parse(time.RFC3339, text)
		switch {
		case err != nil:
			return fmt.Errorf("it is not such a time")
		case t.Year() < 2000 || t.Year() > 9000:
			return fmt.Errorf("its year is out of bounds")
		}
		return nil
	}}
}

// printable bounds a secret or identifier: visible ASCII (RFC 6749 appendix A), at most n bytes. Its message does not
// quote the value.
func printable(n int) check {
	return check{wants: fmt.Sprintf("1 to %d printable ASCII characters", n), wrong: func(text string) error {
		switch {
		case text == "":
			return fmt.Errorf("it is empty")
		case len(text) > n:
			return fmt.Errorf("it is longer")
		case strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r > 0x7e }):
			return fmt.Errorf("it holds other characters; a line break is often copied along")
		}
		return nil
	}}
}

// codeVerifier bounds a PKCE code_verifier.
func codeVerifier() validator.String {
	return check{wants: "43 to 128 letters, digits, hyphens, dots, underscores and tildes (RFC 7636)", wrong: func(text string) error {
		return oauth.CheckCodeVerifier(secret.New(text))
	}}
}

// callbackURL bounds a pasted callback. What it says of the authorization is read at apply.
func callbackURL() validator.String {
	return check{wants: "the whole address that the browser showed after the consent", wrong: func(text string) error {
		_, err := oauth.ParseCallback(secret.New(text))
		return err
	}}
}

type ageKeys struct{}

func (ageKeys) Description(context.Context) string {
	return "one or more age secret keys, separated by commas"
}
func (a ageKeys) MarkdownDescription(ctx context.Context) string { return a.Description(ctx) }

func (ageKeys) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := seal.ParseKeys(secret.New(req.ConfigValue.ValueString())); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid Token Store Key", fmt.Sprintf("%s cannot be used: %s.", req.Path, err))
	}
}

const maxCertificates = 1 << 20

type pemCertificates struct{}

func (pemCertificates) Description(context.Context) string               { return "PEM certificates" }
func (p pemCertificates) MarkdownDescription(ctx context.Context) string { return p.Description(ctx) }

func (pemCertificates) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	rest := []byte(req.ConfigValue.ValueString())
	if len(rest) > maxCertificates {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid CA Certificates", fmt.Sprintf("%s is longer than 1 MiB.", req.Path))
		return
	}
	for found := 0; ; found++ {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			switch {
			case found == 0:
				resp.Diagnostics.AddAttributeError(req.Path, "Invalid CA Certificates", fmt.Sprintf("%s holds no PEM block.", req.Path))
			case bytes.Contains(rest, []byte("-----BEGIN")):
				resp.Diagnostics.AddAttributeError(req.Path, "Invalid CA Certificates", fmt.Sprintf("PEM block %d of %s is cut off or damaged.", found+1, req.Path))
			}
			return
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil || block.Type != "CERTIFICATE" {
			resp.Diagnostics.AddAttributeError(req.Path, "Invalid CA Certificates", fmt.Sprintf("PEM block %d of %s is not a certificate.", found+1, req.Path))
			return
		}
	}
}

// tokenStoreURL bounds token_store as far as it can be told without opening it.
func tokenStoreURL(d Deps) validator.String {
	return check{wants: `"state", or the URL of a store like file:///var/lib/oauth`, wrong: func(text string) error {
		if text == wiring.StateStore {
			return nil
		}
		scheme, err := wiring.StoreScheme(text, d.Schemes(), wiring.StateStore)
		if err == nil && scheme == "file" {
			_, err = wiring.FilePath(text)
		}
		return err
	}}
}

// noNulls refuses null elements in a collection. Unlike the framework's own validators it names the attribute.
type noNulls struct{}

func (noNulls) Description(context.Context) string               { return "no element is null" }
func (n noNulls) MarkdownDescription(ctx context.Context) string { return n.Description(ctx) }

func (n noNulls) ValidateList(_ context.Context, req validator.ListRequest, resp *validator.ListResponse) {
	n.check(req.Path, req.ConfigValue.Elements(), &resp.Diagnostics)
}

func (n noNulls) ValidateSet(_ context.Context, req validator.SetRequest, resp *validator.SetResponse) {
	n.check(req.Path, req.ConfigValue.Elements(), &resp.Diagnostics)
}

func (n noNulls) ValidateMap(_ context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	n.check(req.Path, slices.Collect(maps.Values(req.ConfigValue.Elements())), &resp.Diagnostics)
}

func (noNulls) check(at path.Path, elements []attr.Value, diags *diag.Diagnostics) {
	if slices.ContainsFunc(elements, attr.Value.IsNull) {
		diags.AddAttributeError(at, "Invalid Attribute Value", fmt.Sprintf("%s must not hold null.", at))
	}
}

// noRepeats refuses a text that stands in a list twice. Unlike the framework's own validator it names the attribute.
type noRepeats struct{}

func (noRepeats) Description(context.Context) string               { return "no element stands in it twice" }
func (n noRepeats) MarkdownDescription(ctx context.Context) string { return n.Description(ctx) }

func (noRepeats) ValidateList(_ context.Context, req validator.ListRequest, resp *validator.ListResponse) {
	elements := req.ConfigValue.Elements()
	for i, e := range elements {
		if !e.IsUnknown() && slices.ContainsFunc(elements[:i], e.Equal) {
			resp.Diagnostics.AddAttributeError(req.Path.AtListIndex(i), "Invalid Attribute Value", fmt.Sprintf("%s must hold each element once: this one stands in it twice.", req.Path))
			return
		}
	}
}

// personText bounds a text that a person may have chosen: any characters but controls (RFC 6749 appendix A.15), at most n bytes. Its
// message does not quote the value.
func personText(n int) check {
	return check{wants: fmt.Sprintf("1 to %d bytes without control characters", n), wrong: func(text string) error {
		switch {
		case text == "":
			return fmt.Errorf("it is empty")
		case len(text) > n:
			return fmt.Errorf("it is longer")
		case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
			return fmt.Errorf("it holds a control character; a line break is often copied along")
		}
		return nil
	}}
}

// absoluteURI bounds an identifier like that of a token type.
func absoluteURI() check {
	return check{wants: "an absolute URI, like urn:ietf:params:oauth:token-type:access_token", wrong: func(text string) error {
		if err := printable(2048).wrong(text); err != nil {
			return err
		}
		if u, err := url.Parse(text); err != nil || u.Scheme == "" || strings.Contains(text, " ") {
			return fmt.Errorf("it is not one")
		}
		return nil
	}}
}

// implicitCallback bounds a pasted callback of the implicit grant.
func implicitCallback() check {
	return check{wants: "the whole address that the browser showed after the consent, with what stands behind the #", wrong: func(text string) error {
		_, err := oauth.ParseImplicit(secret.New(text), oauth.Dialect{})
		return err
	}}
}

// extensionType bounds a grant_type that no other attribute is for.
func extensionType() check {
	return check{wants: "an absolute URI or the plain name of a grant", wrong: func(text string) error {
		if err := printable(2048).wrong(text); err != nil {
			return err
		}
		if strings.Contains(text, " ") {
			return fmt.Errorf("it holds a space")
		}
		attribute := map[string]string{
			"authorization_code": grantAuthorizationCode, "refresh_token": grantPreauthenticated, oauth.GrantClientCredentials: grantClientCredentials,
			oauth.GrantPassword: grantPassword, oauth.GrantDeviceCode: grantDeviceCode, oauth.GrantJWTBearer: grantJWTBearer,
			oauth.GrantTokenExchange: grantTokenExchange, "implicit": grantImplicit,
		}[text]
		if attribute != "" {
			return fmt.Errorf("the attribute %s is for that grant", attribute)
		}
		return nil
	}}
}
