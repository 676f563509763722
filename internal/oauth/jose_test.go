package oauth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// testKeys are made once: RSA takes a while.
var testKeys = sync.OnceValue(func() (k struct {
	rsa, short       *rsa.PrivateKey
	p256, p384, p521 *ecdsa.PrivateKey
	p224             *ecdsa.PrivateKey
	ed               ed25519.PrivateKey
},
) {
	k.rsa, _ = rsa.GenerateKey(rand.Reader, 2048)
	k.short, _ = rsa.GenerateKey(rand.Reader, 1024)
	k.p224, _ = ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	k.p256, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	k.p384, _ = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	k.p521, _ = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	_, k.ed, _ = ed25519.GenerateKey(rand.Reader)
	return k
})

func pemOf(t *testing.T, kind string, key any) string {
	t.Helper()
	var der []byte
	var err error
	switch kind {
	case "PRIVATE KEY":
		der, err = x509.MarshalPKCS8PrivateKey(key)
	case "RSA PRIVATE KEY":
		der = x509.MarshalPKCS1PrivateKey(key.(*rsa.PrivateKey))
	case "EC PRIVATE KEY":
		der, err = x509.MarshalECPrivateKey(key.(*ecdsa.PrivateKey))
	case "PUBLIC KEY":
		der, err = x509.MarshalPKIXPublicKey(key)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func b64(octets []byte) string { return base64.RawURLEncoding.EncodeToString(octets) }

// jwkOf writes a private JWK by RFC 7518 §6 and RFC 8037 §2.
func jwkOf(key any, more string) string {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return fmt.Sprintf(`{"kty":"RSA","n":%q,"e":"AQAB","d":%q,"p":%q,"q":%q%s}`,
			b64(k.N.Bytes()), b64(k.D.Bytes()), b64(k.Primes[0].Bytes()), b64(k.Primes[1].Bytes()), more)
	case *ecdsa.PrivateKey:
		size := (k.Curve.Params().BitSize + 7) / 8
		point, _ := k.PublicKey.Bytes()
		d, _ := k.Bytes()
		return fmt.Sprintf(`{"kty":"EC","crv":%q,"x":%q,"y":%q,"d":%q%s}`, k.Curve.Params().Name, b64(point[1:1+size]), b64(point[1+size:]), b64(d), more)
	case ed25519.PrivateKey:
		return fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","x":%q,"d":%q%s}`, b64(k[32:]), b64(k.Seed()), more)
	}
	return ""
}

// verified checks a compact JWS with the standard library alone, and returns its header and claims.
func verified(t *testing.T, token secret.String, public any) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(token.Reveal(), ".")
	if len(parts) != 3 {
		t.Fatalf("a token of %d parts", len(parts))
	}
	var octets [3][]byte
	for i, part := range parts {
		var err error
		if octets[i], err = base64.RawURLEncoding.DecodeString(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(json.Unmarshal(octets[0], &header), json.Unmarshal(octets[1], &claims)); err != nil {
		t.Fatal(err)
	}
	input, signature := []byte(parts[0]+"."+parts[1]), octets[2]
	alg := header["alg"].(string)
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512, "DSA": crypto.SHA512}[alg[len(alg)-3:]]
	h := hash.New()
	h.Write(input)
	digest := h.Sum(nil)
	good := false
	switch k := public.(type) {
	case *rsa.PublicKey:
		if alg[:2] == "PS" {
			good = rsa.VerifyPSS(k, hash, digest, signature, &rsa.PSSOptions{SaltLength: hash.Size()}) == nil
		} else {
			good = rsa.VerifyPKCS1v15(k, hash, digest, signature) == nil
		}
	case *ecdsa.PublicKey:
		half := len(signature) / 2
		good = half == (k.Curve.Params().BitSize+7)/8 &&
			ecdsa.Verify(k, digest, new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:]))
	case ed25519.PublicKey:
		good = ed25519.Verify(k, input, signature)
	case []byte:
		mac := hmac.New(hash.New, k)
		mac.Write(input)
		good = hmac.Equal(mac.Sum(nil), signature)
	}
	if !good {
		t.Fatalf("the signature of a %s token is wrong", alg)
	}
	return header, claims
}

func TestKeysSign(t *testing.T) {
	k := testKeys()
	tests := map[string]struct {
		key, keyID, alg string
		public          any
		wantAlg, wantID string
	}{
		"PKCS #8, RSA":                 {pemOf(t, "PRIVATE KEY", k.rsa), "", "", &k.rsa.PublicKey, "RS256", ""},
		"PKCS #8, RSA, PS384":          {pemOf(t, "PRIVATE KEY", k.rsa), "7", "PS384", &k.rsa.PublicKey, "PS384", "7"},
		"PKCS #8, RSA, RS512":          {pemOf(t, "PRIVATE KEY", k.rsa), "", "RS512", &k.rsa.PublicKey, "RS512", ""},
		"PKCS #1":                      {pemOf(t, "RSA PRIVATE KEY", k.rsa), "", "PS256", &k.rsa.PublicKey, "PS256", ""},
		"SEC 1":                        {pemOf(t, "EC PRIVATE KEY", k.p256), "", "", &k.p256.PublicKey, "ES256", ""},
		"SEC 1 behind its parameters":  {"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + pemOf(t, "EC PRIVATE KEY", k.p256), "", "", &k.p256.PublicKey, "ES256", ""},
		"PKCS #8, P-384":               {pemOf(t, "PRIVATE KEY", k.p384), "", "ES384", &k.p384.PublicKey, "ES384", ""},
		"PKCS #8, P-521":               {pemOf(t, "PRIVATE KEY", k.p521), "", "", &k.p521.PublicKey, "ES512", ""},
		"PKCS #8, Ed25519":             {pemOf(t, "PRIVATE KEY", k.ed), "", "", k.ed.Public(), "EdDSA", ""},
		"text before the PEM":          {"Bag Attributes\n    localKeyID: 01\n\n" + pemOf(t, "PRIVATE KEY", k.ed) + "\n", "", "EdDSA", k.ed.Public(), "EdDSA", ""},
		"JWK, RSA":                     {jwkOf(k.rsa, `,"kid":"a","use":"sig"`), "", "", &k.rsa.PublicKey, "RS256", "a"},
		"JWK, RSA, names its alg":      {jwkOf(k.rsa, `,"kid":"a","alg":"PS256"`), "", "", &k.rsa.PublicKey, "PS256", "a"},
		"JWK, EC, another kid":         {jwkOf(k.p256, `,"kid":"a"`), "b", "ES256", &k.p256.PublicKey, "ES256", "b"},
		"JWK, P-521":                   {jwkOf(k.p521, ""), "", "", &k.p521.PublicKey, "ES512", ""},
		"JWK, Ed25519, space about it": {"\n " + jwkOf(k.ed, `,"kid":"ü"`) + "\n", "", "", k.ed.Public(), "EdDSA", "ü"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := oauth.ParsePrivateKey(secret.New(test.key), test.keyID, test.alg)
			if err != nil {
				t.Fatal(err)
			}
			token, err := s.Sign(map[string]any{"iss": "c"})
			if err != nil {
				t.Fatal(err)
			}
			header, claims := verified(t, token, test.public)
			if header["alg"] != test.wantAlg || header["typ"] != "JWT" {
				t.Errorf("header %v, want alg %s", header, test.wantAlg)
			}
			if id, ok := header["kid"]; ok != (test.wantID != "") || ok && id != test.wantID {
				t.Errorf("header %v, want kid %q", header, test.wantID)
			}
			if len(claims) != 1 || claims["iss"] != "c" {
				t.Errorf("claims = %v", claims)
			}
		})
	}
}

func TestSecretsSign(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 4)
	for alg, n := range map[string]int{"": 32, "HS256": 32, "HS384": 48, "HS512": 64} {
		s, err := oauth.SecretSigner(secret.New(long[:n]), alg)
		if err != nil {
			t.Fatal(err)
		}
		token, err := s.Sign(map[string]any{"iss": "c"})
		if err != nil {
			t.Fatal(err)
		}
		if header, _ := verified(t, token, []byte(long[:n])); header["kid"] != nil || alg != "" && header["alg"] != alg {
			t.Errorf("header = %v", header)
		}
		if _, err := s.Thumbprint(); !errors.Is(err, oauth.ErrRequest) {
			t.Errorf("a secret has a public half: %v", err)
		}
		_, err = oauth.SecretSigner(secret.New(long[:n-1]), alg)
		if !errors.Is(err, oauth.ErrRequest) || !strings.Contains(fmt.Sprint(err), fmt.Sprintf("has %d octets", n-1)) {
			t.Errorf("%s with %d octets: %v", alg, n-1, err)
		}
	}
	if _, err := oauth.SecretSigner(secret.New(long), "RS256"); err == nil || !strings.Contains(err.Error(), "RS256 needs a private key") {
		t.Error(err)
	}
	if _, err := oauth.SecretSigner(secret.String{}, ""); err == nil || !strings.Contains(err.Error(), "there is no client secret") {
		t.Error(err)
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	k := testKeys()
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, otherEd, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	torn := strings.Replace(jwkOf(k.p256, ""), jwkMember(t, jwkOf(k.p256, ""), "d"), jwkMember(t, jwkOf(other, ""), "d"), 1)
	tornEd := strings.Replace(jwkOf(k.ed, ""), jwkMember(t, jwkOf(k.ed, ""), "x"), jwkMember(t, jwkOf(otherEd, ""), "x"), 1)
	pkcs8 := pemOf(t, "PRIVATE KEY", k.p256)
	body := strings.ReplaceAll(strings.TrimSpace(strings.Split(pkcs8, "-----")[2]), "\n", "")
	tests := map[string]struct{ key, alg, want string }{
		"empty":              {" \n", "", "it is empty"},
		"a word":             {"hunter2", "", "neither PEM nor a JWK"},
		"bare base64":        {body, "", "neither PEM nor a JWK"},
		"cut":                {pkcs8[:len(pkcs8)-40], "", "its PEM is broken"},
		"encrypted, PKCS #8": {strings.ReplaceAll(pkcs8, "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"), "", "it is encrypted"},
		"encrypted, old":     {strings.Replace(pkcs8, "KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n", 1), "", "it is encrypted"},
		"public":             {pemOf(t, "PUBLIC KEY", &k.p256.PublicKey), "", "it is a public key"},
		"certificate":        {certificateOf(t, k.p256, time.Time{}), "", "it is a certificate"},
		"other certificate":  {pkcs8 + certificateOf(t, k.ed, time.Time{}), "", "the certificate beside it is of another key"},
		"no certificate":     {strings.ReplaceAll(pkcs8, "PRIVATE KEY", "CERTIFICATE"), "", "the certificate beside it cannot be read"},
		"OpenSSH":            {strings.ReplaceAll(pkcs8, "PRIVATE KEY", "OPENSSH PRIVATE KEY"), "", "format of OpenSSH"},
		"other block":        {strings.ReplaceAll(pkcs8, "PRIVATE KEY", "PGP THING"), "", "another type"},
		"two":                {pkcs8 + pemOf(t, "PRIVATE KEY", k.ed), "", "more than one key"},
		"no key within":      {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "", "no private key that can be read"},
		"RSA, short":         {pemOf(t, "PRIVATE KEY", k.short), "", "it has 1024 bits"},
		"RSA, short, JWK":    {jwkOf(k.short, ""), "", "it has 1024 bits"},
		"P-224":              {pemOf(t, "PRIVATE KEY", k.p224), "", "use P-256, P-384 or P-521"},
		"RSA for ES256":      {pemOf(t, "PRIVATE KEY", k.rsa), "ES256", "an RSA key does not sign with ES256, but with RS256,"},
		"P-256 for ES384":    {pkcs8, "ES384", "a key on the curve P-256 does not sign with ES384, but with ES256"},
		"Ed25519 for HS256":  {pemOf(t, "PRIVATE KEY", k.ed), "HS256", "an Ed25519 key does not sign with HS256, but with EdDSA"},
		"unknown alg":        {pkcs8, body, "does not sign with another algorithm"},
		"JWK of another alg": {jwkOf(k.rsa, `,"alg":"PS256"`), "RS256", "the JWK is for PS256, not for RS256"},
		"JWK to encrypt":     {jwkOf(k.rsa, `,"use":"enc"`), "", "its use is not sig"},
		"JWK to encrypt, 2":  {jwkOf(k.rsa, `,"key_ops":["decrypt","unwrapKey"]`), "", "its key_ops do not hold sign"},
		"JWK of odd ops":     {jwkOf(k.rsa, `,"key_ops":"sign"`), "", "its key_ops do not hold sign"},
		"JWK without primes": {strings.NewReplacer(`"p":`, `"_p":`, `"q":`, `"_q":`).Replace(jwkOf(k.rsa, "")), "", "an RSA key without its primes"},
		"a broken block":     {strings.Replace(pkcs8, body[8:16], "!!!!!!!!", 1) + certificateOf(t, k.p256, time.Time{}), "", "its PEM is broken"},
		"a file's name":      {"./keys/key.pem", "", "neither PEM nor a JWK; if it is the name of a file, give what is in it: file(…)"},
		"JWK, public":        {strings.Replace(jwkOf(k.p256, ""), `"d":`, `"_":`, 1), "", "it is a public key"},
		"JWK, symmetric":     {`{"kty":"oct","k":"` + body[:44] + `"}`, "", "it is a symmetric key"},
		"JWK, torn":          {torn, "", "do not belong together"},
		"JWK, torn Ed25519":  {tornEd, "", "a JWK that cannot be read"},
		"JWK, other kind":    {`{"kty":"OKP","crv":"X25519","x":"` + body[:43] + `"}`, "", "a JWK that cannot be read"},
		"JWK set":            {`{"keys":[` + jwkOf(k.p256, "") + `]}`, "", "it is a set of keys"},
		"no JSON":            {`{"kty":"EC","d":"` + body, "", "it is no JSON"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := oauth.ParsePrivateKey(secret.New(test.key), "", test.alg)
			if !errors.Is(err, oauth.ErrRequest) || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error = %v, want one with %q", err, test.want)
			}
			if part := body[20:40]; strings.Contains(err.Error(), part) || len(test.key) > 40 && strings.Contains(err.Error(), test.key[30:40]) {
				t.Errorf("the error quotes the key: %v", err)
			}
		})
	}
}

// certificateOf makes a self-signed certificate of key.
func certificateOf(t *testing.T, key crypto.Signer, until time.Time) string {
	t.Helper()
	if until.IsZero() {
		until = time.Now().Add(time.Hour)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "client"}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// A server that knows the key by its certificate finds it by the thumbprints (RFC 7515 §4.1.7 and §4.1.8), wherever the
// certificate stands.
func TestCertificatesNameTheKey(t *testing.T) {
	k := testKeys()
	certificate := certificateOf(t, k.rsa, time.Time{})
	block, _ := pem.Decode([]byte(certificate))
	one, two := sha1.Sum(block.Bytes), sha256.Sum256(block.Bytes)
	for name, key := range map[string]string{
		"before": certificate + pemOf(t, "PRIVATE KEY", k.rsa),
		"behind": pemOf(t, "PRIVATE KEY", k.rsa) + certificateOf(t, k.ed, time.Time{}) + certificate,
		"JWK":    jwkOf(k.rsa, fmt.Sprintf(`,"x5t":%q,"x5t#S256":%q`, b64(one[:]), b64(two[:]))),
	} {
		s, err := oauth.ParsePrivateKey(secret.New(key), "", "")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		token, err := s.Sign(map[string]any{"iss": "c"})
		if err != nil {
			t.Fatal(err)
		}
		header, _ := verified(t, token, &k.rsa.PublicKey)
		if len(header) != 4 || header["x5t"] != b64(one[:]) || header["x5t#S256"] != b64(two[:]) {
			t.Errorf("%s: header %v", name, header)
		}
	}
}

func jwkMember(t *testing.T, jwk, name string) string {
	t.Helper()
	var members map[string]string
	if err := json.Unmarshal([]byte(jwk), &members); err != nil {
		t.Fatal(err)
	}
	return members[name]
}

// The key and its thumbprint are those of RFC 8037, appendices A.1 to A.3.
func TestPublicHalf(t *testing.T) {
	s, err := oauth.ParsePrivateKey(secret.New(`{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
		"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`), "k1", "")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Thumbprint(); err != nil || got != "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" {
		t.Errorf("thumbprint %q, %v", got, err)
	}
	token, err := s.SignWithKey("dpop+jwt", map[string]any{"jti": "1"})
	if err != nil {
		t.Fatal(err)
	}
	const x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
	octets, _ := base64.RawURLEncoding.DecodeString(x)
	header, _ := verified(t, token, ed25519.PublicKey(octets))
	want := map[string]any{"kty": "OKP", "crv": "Ed25519", "x": x}
	if header["typ"] != "dpop+jwt" || header["kid"] != nil || fmt.Sprint(header["jwk"]) != fmt.Sprint(want) {
		t.Errorf("header = %v", header)
	}
}

func TestSignersCannotBePrinted(t *testing.T) {
	k := testKeys()
	s, err := oauth.ParsePrivateKey(secret.New(pemOf(t, "PRIVATE KEY", k.ed)), "", "")
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%v %+v %#v", s, s, s)
	d := fmt.Sprintf("%v", k.ed.Seed())
	if strings.Contains(text, d[1:20]) || strings.Contains(text, fmt.Sprintf("%#v", k.ed.Seed())[8:30]) {
		t.Error("a signer prints its key")
	}
}

func FuzzParsePrivateKey(f *testing.F) {
	const ed = `{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	f.Add(ed, "k", "EdDSA")
	f.Add(`{"keys":[`+ed+`]}`, "", "")
	f.Add(`{"kty":"RSA","n":"AQAB","e":"AQAB","d":"AQAB"}`, "", "RS256")
	f.Add(`{"kty":"EC","crv":"P-256","x":"AQAB","y":"AQAB","d":"AQAB"}`, "", "")
	f.Add(`{"kty":"oct","k":"AQAB"}`, "", "HS256")
	f.Add("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n", "", "")
	f.Add("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n", "", "ES256")
	f.Fuzz(func(t *testing.T, text, keyID, alg string) {
		s, err := oauth.ParsePrivateKey(secret.New(text), keyID, alg)
		if err != nil {
			if !errors.Is(err, oauth.ErrRequest) || len(err.Error()) > 200 {
				t.Errorf("error %v", err)
			}
			return
		}
		token, err := s.Sign(map[string]any{"iss": "c"})
		if err != nil || strings.Count(token.Reveal(), ".") != 2 {
			t.Errorf("a key that was read does not sign: %v", err)
		}
		if _, err := s.Thumbprint(); err != nil {
			t.Error(err)
		}
		signed, err := s.SignWithKey("dpop+jwt", map[string]any{"jti": "1"})
		head, _, _ := strings.Cut(signed.Reveal(), ".")
		if header, _ := base64.RawURLEncoding.DecodeString(head); err != nil || strings.Contains(string(header), `"d"`) {
			t.Errorf("the private half goes along: %v", err)
		}
	})
}
