package provider

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// Keys made for these tests.
const (
	ageKeyOne = "AGE-SECRET-KEY-1T4GASQMYV2KLW8H8G88F8S783ZU2922FCRE2NULA7K4GS0A9HKEQ8NJZWJ"
	ageKeyTwo = "AGE-SECRET-KEY-1QTA6TADETHM8W7GQJXGDPUCR4QA8JS8VAYZ8DLJQTHNR4Z6Z06UQC046X5"
)

// verdictOf runs validators over a text and returns the detail of what they say, which is empty if they take it.
func verdictOf(t *testing.T, v types.String, validators ...validator.String) string {
	t.Helper()
	var resp validator.StringResponse
	for _, one := range validators {
		one.ValidateString(t.Context(), validator.StringRequest{Path: path.Root("it"), ConfigValue: v}, &resp)
		if one.Description(t.Context()) == "" || one.MarkdownDescription(t.Context()) == "" {
			t.Errorf("%T does not tell what it wants", one)
		}
	}
	var all []string
	for _, d := range resp.Diagnostics {
		all = append(all, d.Detail())
	}
	return strings.Join(all, "\n")
}

func TestValidators(t *testing.T) {
	t.Parallel()
	durations := "it must be a duration like 30s, 5m or 1h, from 5s to 1h: "
	endpoints := "it must be an absolute https:// URL (http:// only to this machine, or with allow_insecure_http): unusable request: the endpoint: "
	redirects := "it must be an absolute URI without a fragment: "
	times := "it must be a time like 2030-01-31T23:59:59Z (RFC 3339): "
	texts := "it must be 1 to 10 printable ASCII characters: "
	scopes := "it must be a scope without spaces: it is empty, too long, or holds a space, a quote or another character that RFC 6749 does not allow."
	verifiers := "it must be 43 to 128 letters, digits, hyphens, dots, underscores and tildes (RFC 7636): unusable request: "
	callbacks := "it must be the whole address that the browser showed after the consent: unusable callback URL: "
	margin := []validator.String{durationBetween(5*time.Second, time.Hour)}
	for _, c := range []struct {
		name       string
		validators []validator.String
		text, want string
	}{
		{"duration", margin, "5s", ""},
		{"duration", margin, "1h0m0s", ""},
		{"duration", margin, "3600s", ""},
		{"duration", margin, "4.999s", durations + "it is 4.999s."},
		{"duration", margin, "1h0m1s", durations + "it is 1h0m1s."},
		{"duration", margin, "90m", durations + "it is 1h30m."},
		{"duration", margin, "-30s", durations + "it is -30s."},
		{"duration", margin, "30", durations + "it is not a duration."},
		{"duration", margin, "30 s", durations + "it is not a duration."},
		{"duration", margin, "1d", durations + "it is not a duration."},
		{"duration", margin, "", durations + "it is not a duration."},
		{"duration", margin, "9999999999h", durations + "it is not a duration."},

		{"endpoint", []validator.String{endpointURL()}, "https://as.example.com/token?tenant=x", ""},
		{"endpoint", []validator.String{endpointURL()}, "http://elsewhere.example.com/token", ""}, // decided with the provider's settings
		{"endpoint", []validator.String{endpointURL()}, "", endpoints + "it is empty."},
		{"endpoint", []validator.String{endpointURL()}, "as.example.com/token", endpoints + "it is not an absolute URL with a host."},
		{"endpoint", []validator.String{endpointURL()}, "https:///token", endpoints + "it is not an absolute URL with a host."},
		{"endpoint", []validator.String{endpointURL()}, "ftp://as.example.com/token", endpoints + "its scheme is not https."},
		{"endpoint", []validator.String{endpointURL()}, "https://as.example.com/token#part", endpoints + "it has a fragment."},
		{"endpoint", []validator.String{endpointURL()}, "https://as.example.com/token#", endpoints + "it has a fragment."},
		{"endpoint", []validator.String{endpointURL()}, "https://me:hidden@as.example.com/token", endpoints + "it carries user information."},
		{"endpoint", []validator.String{endpointURL()}, "https://as.example.com/%zz", endpoints + "it is not a URL."},
		{"endpoint", []validator.String{endpointURL()}, "https://as.example.com/" + strings.Repeat("a", 2048), strings.TrimSuffix(endpoints, "unusable request: the endpoint: ") + "it is longer than 2048 bytes."},

		{"redirect URI", []validator.String{redirectURI()}, "https://app.example.com/callback?x=1", ""},
		{"redirect URI", []validator.String{redirectURI()}, "com.example.app:/callback", ""},
		{"redirect URI", []validator.String{redirectURI()}, "urn:ietf:wg:oauth:2.0:oob", ""},
		{"redirect URI", []validator.String{redirectURI()}, "http://127.0.0.1:8080/", ""},
		{"redirect URI", []validator.String{redirectURI()}, "", redirects + "it has no scheme."},
		{"redirect URI", []validator.String{redirectURI()}, "/callback", redirects + "it has no scheme."},
		{"redirect URI", []validator.String{redirectURI()}, "https://app.example.com/#/callback", redirects + "it has a fragment."},
		{"redirect URI", []validator.String{redirectURI()}, "https://app.example.com/callback#", redirects + "it has a fragment."},
		{"redirect URI", []validator.String{redirectURI()}, "https://app.example.com/\n", redirects + "it is not a URI."},
		{"redirect URI", []validator.String{redirectURI()}, "https:", redirects + "it names no host."},
		{"redirect URI", []validator.String{redirectURI()}, "https:///callback", redirects + "it names no host."},
		{"redirect URI", []validator.String{redirectURI()}, "https://app.example.com/call back", redirects + "it holds white space."},
		{"redirect URI", []validator.String{redirectURI()}, "https://app.example.com/" + strings.Repeat("a", 2048), redirects + "it is longer than 2048 bytes."},

		{"time", []validator.String{rfc3339()}, "2030-01-31T23:59:59Z", ""},
		{"time", []validator.String{rfc3339()}, "2030-01-31T23:59:59.5+02:00", ""},
		{"time", []validator.String{rfc3339()}, "", times + "it is not such a time."},
		{"time", []validator.String{rfc3339()}, "2030-01-31", times + "it is not such a time."},
		{"time", []validator.String{rfc3339()}, "2030-02-31T23:59:59Z", times + "it is not such a time."},
		{"time", []validator.String{rfc3339()}, "1893456000", times + "it is not such a time."},
		{"time", []validator.String{rfc3339()}, "1999-12-31T23:59:59Z", times + "its year is out of bounds."},
		{"time", []validator.String{rfc3339()}, "9001-01-01T00:00:00Z", times + "its year is out of bounds."},

		{"printable", []validator.String{printable(10)}, "a b~!\"\\%", ""},
		{"printable", []validator.String{printable(10)}, "0123456789", ""},
		{"printable", []validator.String{printable(10)}, "", texts + "it is empty."},
		{"printable", []validator.String{printable(10)}, "0123456789a", texts + "it is longer."},
		{"printable", []validator.String{printable(10)}, "secret\n", texts + "it holds other characters; a line break is often copied along."},
		{"printable", []validator.String{printable(10)}, "sécret", texts + "it holds other characters; a line break is often copied along."},
		{"printable", []validator.String{printable(10)}, "a\x7f", texts + "it holds other characters; a line break is often copied along."},

		{"scope", []validator.String{scopeToken()}, "https://graph.example.com/.default", ""},
		{"scope", []validator.String{scopeToken()}, "openid", ""},
		{"scope", []validator.String{scopeToken()}, "", scopes},
		{"scope", []validator.String{scopeToken()}, "read write", scopes},
		{"scope", []validator.String{scopeToken()}, `a"b`, scopes},
		{"scope", []validator.String{scopeToken()}, `a\b`, scopes},
		{"scope", []validator.String{scopeToken()}, strings.Repeat("a", 1025), scopes},

		{"code_verifier", []validator.String{codeVerifier()}, strings.Repeat("a", 43), ""},
		{"code_verifier", []validator.String{codeVerifier()}, strings.Repeat("-._~", 32), ""},
		{"code_verifier", []validator.String{codeVerifier()}, strings.Repeat("a", 42), verifiers + "the code verifier must have 43 to 128 characters."},
		{"code_verifier", []validator.String{codeVerifier()}, strings.Repeat("a", 129), verifiers + "the code verifier must have 43 to 128 characters."},
		{"code_verifier", []validator.String{codeVerifier()}, strings.Repeat("a", 42) + "+", verifiers + "the code verifier may hold only letters, digits and -._~."},

		{"callback", []validator.String{callbackURL()}, "https://app.example.com/callback?code=c%21&state=s", ""},
		{"callback", []validator.String{callbackURL()}, "https://app.example.com/callback?error=access_denied&state=s", ""},
		{"callback", []validator.String{callbackURL()}, "", callbacks + "it is empty."},
		{"callback", []validator.String{callbackURL()}, "hidden-code", callbacks + "paste it whole, from the scheme (https://) on."},
		{"callback", []validator.String{callbackURL()}, "https://app.example.com/callback?state=hidden", callbacks + "it has neither code nor error in its query."},
		{"callback", []validator.String{callbackURL()}, "https://app.example.com/callback?code=hidden&error=x", callbacks + "it has both code and error."},
		{"callback", []validator.String{callbackURL()}, "https://app.example.com/callback?code=hidden&code=hidden", callbacks + "parameter code stands in it more than once."},
		{"callback", []validator.String{callbackURL()}, "https://app.example.com/callback?code=%zzhidden", callbacks + "a parameter is not properly percent-encoded."},
		{"callback", []validator.String{callbackURL()}, "https://app.example.com/callback?code=hid\nden", callbacks + "it has white space inside; paste it on one line."},
		{"callback", []validator.String{callbackURL()}, "https://app.example.com/callback#access_token=hidden", callbacks + "the reply stands after the #, not in the query: the server used response mode fragment or the implicit grant."},

		{"platform", []validator.String{platformID()}, "exact_online", ""},
		{"platform", []validator.String{platformID()}, "basecone", "it must be a platform preset: Basecone does not speak OAuth: "},
		{"platform", []validator.String{platformID()}, "snelstart", "it must be a platform preset: SnelStart has a grant of its own, which this version does not speak: "},
		{"platform", []validator.String{platformID()}, "exact", `it must be a platform preset: there is no preset of the platform "exact" in this version of the provider; known are `},
		{"platform", []validator.String{platformID()}, "../data/exact_online", `it must be a platform preset: there is no preset of the platform "../data/exact_online" in this version of the provider; known are `},

		{"age key", []validator.String{ageKeys{}}, ageKeyOne, ""},
		{"age key", []validator.String{ageKeys{}}, ageKeyOne + ", " + ageKeyTwo, ""},
		{"age key", []validator.String{ageKeys{}}, "", "it cannot be used: there is no key."},
		{"age key", []validator.String{ageKeys{}}, " , ", "it cannot be used: there is no key."},
		{"age key", []validator.String{ageKeys{}}, "hidden", "it cannot be used: key 1 does not begin with AGE-SECRET-KEY-1 or AGE-SECRET-KEY-PQ-1."},
		{"age key", []validator.String{ageKeys{}}, ageKeyOne + ",AGE-SECRET-KEY-1HIDDEN", "it cannot be used: key 2 is not a valid age secret key: it is cut off or has a typing error."},
		{"age key", []validator.String{ageKeys{}}, "age1hidden", "it cannot be used: key 1 is a public key; the secret one is needed, which begins with AGE-SECRET-KEY-."},
	} {
		got := verdictOf(t, types.StringValue(c.text), c.validators...)
		if got != c.want && (c.name != "platform" || c.want == "" || !strings.HasPrefix(got, c.want)) { // what follows is for the data to say
			t.Errorf("%s %q:\n got %q\nwant %q", c.name, c.text, got, c.want)
		}
		if strings.Contains(strings.ToLower(got), "hidden") {
			t.Errorf("%s %q: the answer shows it: %s", c.name, c.text, got)
		}
		for what, v := range map[string]types.String{"null": types.StringNull(), "unknown": types.StringUnknown()} {
			if got := verdictOf(t, v, c.validators...); got != "" {
				t.Errorf("%s: %s is refused: %s", c.name, what, got)
			}
		}
	}
}

func TestCACertificates(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	block := func(kind string, content []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}))
	}
	good := block("CERTIFICATE", der)
	for _, c := range []struct{ name, text, want string }{
		{"one", good, ""},
		{"two, with remarks", "# first\n" + good + "\n# second\n" + good, ""},
		{"none", "hidden", "it holds no PEM block."},
		{"a key", block("PRIVATE KEY", der), "PEM block 1 of it is not a certificate."},
		{"broken", good + block("CERTIFICATE", []byte("hidden")), "PEM block 2 of it is not a certificate."},
		{"cut off", good[:len(good)/2], "it holds no PEM block."},
		{"the second cut off", good + good[:len(good)/2], "PEM block 2 of it is cut off or damaged."},
	} {
		if got := verdictOf(t, types.StringValue(c.text), pemCertificates{}); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// FuzzName: a name is good exactly if every store takes its key, by a rule that is written here once more.
func FuzzName(f *testing.F) {
	for _, seed := range []string{"a", "exact-prod", "A.b_c-9", "", ".a", "-a", "_a", "a b", "a/b", "a\n", "ä", "a\x00", "..", strings.Repeat("x", 100), strings.Repeat("x", 101)} {
		f.Add(seed)
	}
	const first = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	f.Fuzz(func(t *testing.T, name string) {
		want := len(name) >= 1 && len(name) <= 100 && strings.ContainsRune(first, rune(name[0])) && strings.Trim(name, first+"._-") == ""
		if got := verdictOf(t, types.StringValue(name), nameValidators()...) == ""; got != want {
			t.Errorf("%q: taken: %t, want %t", name, got, want)
		}
		if got := store.CheckKey("pair/"+name) == nil; got != want {
			t.Errorf("%q: a store takes it: %t, want %t", name, got, want)
		}
	})
}
