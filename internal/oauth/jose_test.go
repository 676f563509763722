package oauth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func rsaKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func ecKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func edKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pkcs8(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pemOf("PRIVATE KEY", der)
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func private(k *ecdsa.PrivateKey) []byte {
	d, err := k.Bytes()
	if err != nil {
		panic(err)
	}
	return d
}

// jwkOf writes a key by RFC 7518 §6 and RFC 8037 §2, without the library under test.
func jwkOf(key any, more string) string {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		e := big.NewInt(int64(k.E)).Bytes()
		return fmt.Sprintf(`{"kty":"RSA","n":%q,"e":%q,"d":%q,"p":%q,"q":%q%s}`,
			b64(k.N.Bytes()), b64(e), b64(k.D.Bytes()), b64(k.Primes[0].Bytes()), b64(k.Primes[1].Bytes()), more)
	case *ecdsa.PrivateKey:
		size := (k.Curve.Params().BitSize + 7) / 8
		point, err := k.PublicKey.Bytes() // 4, x, y
		if err != nil {
			panic(err)
		}
		x, y := b64(point[1:1+size]), b64(point[1+size:])
		return fmt.Sprintf(`{"kty":"EC","crv":%q,"x":%q,"y":%q,"d":%q%s}`, k.Curve.Params().Name, x, y, b64(private(k)), more)
	case ed25519.PrivateKey:
		return fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","x":%q,"d":%q%s}`, b64(k[32:]), b64(k.Seed()), more)
	}
	return ""
}

// verifyJWT checks a compact JWS with the standard library alone, and returns header and claims.
func verifyJWT(t *testing.T, token secret.String, key crypto.PublicKey) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(token.Reveal(), ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts", len(parts))
	}
	decode := func(text string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for i, into := range []*map[string]any{&header, &claims} {
		if err := json.Unmarshal(decode(parts[i]), into); err != nil {
			t.Fatal(err)
		}
	}
	alg, _ := header["alg"].(string)
	signed, signature := []byte(parts[0]+"."+parts[1]), decode(parts[2])
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[alg[min(2, len(alg)):]]
	digest := func() []byte {
		h := hash.New()
		h.Write(signed)
		return h.Sum(nil)
	}
	good := false
	switch k := key.(type) {
	case *rsa.PublicKey:
		if alg[0] == 'R' {
			good = rsa.VerifyPKCS1v15(k, hash, digest(), signature) == nil
		} else { // RFC 7518 §3.5: the salt is as long as the hash
			good = rsa.VerifyPSS(k, hash, digest(), signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
	case *ecdsa.PublicKey:
		half := len(signature) / 2
		r, s := new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])
		good = half == (k.Curve.Params().BitSize+7)/8 && ecdsa.Verify(k, digest(), r, s)
	case ed25519.PublicKey:
		good = alg == "EdDSA" && ed25519.Verify(k, signed, signature)
	case []byte:
		mac := hmac.New(hash.New, k)
		mac.Write(signed)
		good = hmac.Equal(mac.Sum(nil), signature)
	}
	if !good {
		t.Errorf("the signature by %s does not fit the key", alg)
	}
	return header, claims
}

func TestKeysThatSign(t *testing.T) {
	t.Parallel()
	strong, p256, p384, p521, ed := rsaKey(t, 2048), ecKey(t, elliptic.P256()), ecKey(t, elliptic.P384()), ecKey(t, elliptic.P521()), edKey(t)
	sec1, err := x509.MarshalECPrivateKey(p256)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(strong))
	tests := map[string]struct {
		text, keyID, algorithm string
		key                    crypto.Signer
		want, wantKeyID        string
	}{
		"RSA, PKCS #8":                    {pkcs8(t, strong), "", "", strong, "RS256", ""},
		"RSA, PKCS #1, with blanks":       {"\n  " + pkcs1 + "\n\n", "k1", "", strong, "RS256", "k1"},
		"RSA, RS512":                      {pkcs1, "", "RS512", strong, "RS512", ""},
		"RSA, PS256":                      {pkcs1, "", "PS256", strong, "PS256", ""},
		"RSA, PS384":                      {pkcs1, "", "PS384", strong, "PS384", ""},
		"RSA, JWK":                        {jwkOf(strong, ""), "", "", strong, "RS256", ""},
		"RSA, JWK that says PS512":        {jwkOf(strong, `,"alg":"PS512","kid":"own","use":"sig"`), "", "", strong, "PS512", "own"},
		"RSA, JWK that is overruled":      {jwkOf(strong, `,"alg":"PS512"`), "k", "RS384", strong, "RS384", "k"},
		"P-256, PKCS #8":                  {pkcs8(t, p256), "", "", p256, "ES256", ""},
		"P-256, as openssl writes it":     {pemOf("EC PARAMETERS", []byte{6, 8}) + pemOf("EC PRIVATE KEY", sec1), "", "ES256", p256, "ES256", ""},
		"P-384":                           {pkcs8(t, p384), "", "", p384, "ES384", ""},
		"P-521, JWK":                      {jwkOf(p521, `,"kid":"same"`), "same", "", p521, "ES512", "same"},
		"Ed25519, PKCS #8":                {pkcs8(t, ed), "", "", ed, "EdDSA", ""},
		"Ed25519, JWK":                    {jwkOf(ed, ""), "k", "EdDSA", ed, "EdDSA", "k"},
		"a certificate before its key":    {pemOf("CERTIFICATE", []byte{1}) + pkcs8(t, ed), "", "", ed, "EdDSA", ""},
		"JWK with what nobody asks for":   {jwkOf(ed, `,"x5u":"https://a.example/","ext":true,"key_ops":["sign"]`), "", "", ed, "EdDSA", ""},
		"PEM with another line ending":    {strings.ReplaceAll(pkcs8(t, ed), "\n", "\r\n"), "", "", ed, "EdDSA", ""},
		"PEM with words before and after": {"my key:\n" + pkcs8(t, ed) + "end", "", "", ed, "EdDSA", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := oauth.ParsePrivateKey(secret.New(tt.text), tt.keyID, tt.algorithm)
			if err != nil {
				t.Fatal(err)
			}
			token, err := s.Sign(map[string]any{"iss": "me", "exp": 1})
			if err != nil {
				t.Fatal(err)
			}
			header, claims := verifyJWT(t, token, tt.key.Public())
			if header["alg"] != tt.want || s.Algorithm() != tt.want || header["typ"] != "JWT" {
				t.Errorf("header %v, want alg %s", header, tt.want)
			}
			if kid, _ := header["kid"].(string); kid != tt.wantKeyID || len(header) > 3 {
				t.Errorf("header %v, want kid %q and nothing else", header, tt.wantKeyID)
			}
			if len(claims) != 2 || claims["iss"] != "me" || claims["exp"] != 1.0 {
				t.Errorf("claims %v", claims)
			}
		})
	}
}

func TestKeysThatDoNotSign(t *testing.T) {
	t.Parallel()
	strong, p256, ed := rsaKey(t, 2048), ecKey(t, elliptic.P256()), edKey(t)
	other := ecKey(t, elliptic.P256())
	public, err := x509.MarshalPKIXPublicKey(strong.Public())
	if err != nil {
		t.Fatal(err)
	}
	mixed := *p256
	mixed.PublicKey = other.PublicKey
	tests := map[string]struct{ text, keyID, algorithm, want string }{
		"nothing":             {" \n", "", "", "it is empty"},
		"some text":           {"s3cret", "", "", "neither PEM (-----BEGIN PRIVATE KEY-----) nor a JWK"},
		"too long":            {"{" + strings.Repeat("s3cret", 20000), "", "", "longer than 64 KiB"},
		"encrypted, PKCS #8":  {pemOf("ENCRYPTED PRIVATE KEY", []byte("s3cret")), "", "", "encrypted with a passphrase"},
		"encrypted, of old":   {"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nczNjcmV0\n-----END RSA PRIVATE KEY-----\n", "", "", "encrypted with a passphrase"},
		"public":              {pemOf("PUBLIC KEY", public), "", "", "it is a public key"},
		"certificate":         {pemOf("CERTIFICATE", []byte("s3cret")), "", "", "it is a certificate"},
		"two keys":            {pkcs8(t, ed) + pkcs8(t, p256), "", "", "more than one private key"},
		"cut off":             {pkcs8(t, strong)[:300], "", "", "no whole PEM block"},
		"one line":            {strings.ReplaceAll(pkcs8(t, strong), "\n", " "), "", "", "line breaks may have got lost"},
		"rubbish in PEM":      {pemOf("PRIVATE KEY", []byte("s3cret")), "", "", "no private key of a supported kind"},
		"OpenSSH":             {pemOf("OPENSSH PRIVATE KEY", []byte("s3cret")), "", "", "no private key of a supported kind"},
		"weak":                {pkcs8(t, rsaKey(t, 1024)), "", "", "at least 2048 bits (RFC 7518 §3.3), and it has 1024"},
		"weak, JWK":           {jwkOf(rsaKey(t, 1024), ""), "", "", "at least 2048 bits"},
		"P-224":               {pkcs8(t, ecKey(t, elliptic.P224())), "", "", "none of P-256, P-384 and P-521"},
		"no JSON":             {`{"kty":"RSA","d":"s3cret`, "", "", "not valid JSON"},
		"JSON without kty":    {`{"d":"s3cret"}`, "", "", "without kty"},
		"JWK set":             {`{"keys":[` + jwkOf(ed, "") + `]}`, "", "", "it is a JWK set"},
		"incomplete JWK":      {`{"kty":"RSA","n":"s3cret","e":"AQAB","d":"s3cret"}`, "", "", "no complete private key"},
		"unknown kind":        {`{"kty":"s3cret","d":"s3cret"}`, "", "", "no complete private key"},
		"symmetric":           {`{"kty":"oct","k":"czNjcmV0"}`, "", "", "it is a symmetric key"},
		"public JWK":          {`{"kty":"OKP","crv":"Ed25519","x":"` + b64(ed[32:]) + `"}`, "", "", "it is a public key"},
		"for encryption":      {jwkOf(ed, `,"use":"enc"`), "", "", "for encryption"},
		"another kid":         {jwkOf(ed, `,"kid":"s3cret-kid"`), "k", "", "its own kid is another one"},
		"another half":        {jwkOf(&mixed, ""), "", "", "key"},
		"RSA by EC algorithm": {pkcs8(t, strong), "", "ES256", "does not sign with ES256; a key of its kind does with RS256, RS384, RS512, PS256, PS384, PS512"},
		"EC by another curve": {pkcs8(t, p256), "", "ES384", "does not sign with ES384; a key of its kind does with ES256"},
		"Ed25519 by RSA":      {pkcs8(t, ed), "", "RS256", "does with EdDSA"},
		"none":                {pkcs8(t, ed), "", "none", "does with EdDSA"},
		"JWK of another alg":  {jwkOf(ed, `,"alg":"s3cret"`), "", "", "does with EdDSA"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := oauth.ParsePrivateKey(secret.New(tt.text), tt.keyID, tt.algorithm)
			if err == nil || !errors.Is(err, oauth.ErrKey) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want one with %q", err, tt.want)
			}
			for _, leak := range []string{"s3cret", b64([]byte("s3cret")), b64(private(p256))[:8], b64(strong.D.Bytes())[:8]} {
				if strings.Contains(err.Error(), leak) {
					t.Errorf("the error shows the key: %v", err)
				}
			}
		})
	}
}

func TestSecretsThatSign(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("client-secret-", 5)
	for algorithm, want := range map[string]string{"": "HS256", "HS384": "HS384", "HS512": "HS512"} {
		s, err := oauth.SecretSigner(secret.New(long), algorithm)
		if err != nil {
			t.Fatal(err)
		}
		token, err := s.Sign(map[string]any{"iss": "me"})
		if err != nil {
			t.Fatal(err)
		}
		if header, _ := verifyJWT(t, token, []byte(long)); header["alg"] != want {
			t.Errorf("%q: header %v", algorithm, header)
		}
		if _, err := s.PublicJWK(); err == nil {
			t.Error("a client secret has no public half")
		}
		if _, err := s.Thumbprint(); err == nil {
			t.Error("a client secret has no public half")
		}
	}
	for algorithm, text := range map[string]string{"HS256": "s3cret", "HS512": long[:63], "RS256": long} {
		if _, err := oauth.SecretSigner(secret.New(text), algorithm); !errors.Is(err, oauth.ErrKey) || strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", algorithm, err)
		}
	}
}

// The public half as RFC 7638 §3 has it: its example gives the thumbprint of a fixed key; here the members are put together by hand.
func TestPublicHalf(t *testing.T) {
	t.Parallel()
	p256 := ecKey(t, elliptic.P256())
	s, err := oauth.ParsePrivateKey(secret.New(jwkOf(p256, `,"kid":"k"`)), "", "")
	if err != nil {
		t.Fatal(err)
	}
	point, err := p256.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	x, y := b64(point[1:33]), b64(point[33:])
	members, err := s.PublicJWK()
	if err != nil || len(members) != 4 || members["kty"] != "EC" || members["crv"] != "P-256" || members["x"] != x || members["y"] != y {
		t.Errorf("members %v, %v", members, err)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, `{"crv":"P-256","kty":"EC","x":%q,"y":%q}`, x, y))
	if got, err := s.Thumbprint(); err != nil || got != b64(sum[:]) {
		t.Errorf("thumbprint %s, %v", got, err)
	}
	token, err := s.SignWith(map[string]any{"typ": "dpop+jwt", "jwk": members}, map[string]any{"htm": "POST"})
	if err != nil {
		t.Fatal(err)
	}
	if header, _ := verifyJWT(t, token, p256.Public()); header["typ"] != "dpop+jwt" || header["jwk"] == nil {
		t.Errorf("header %v", header)
	}
}

func TestSignerCannotBePrinted(t *testing.T) {
	t.Parallel()
	key := ecKey(t, elliptic.P256())
	s, err := oauth.ParsePrivateKey(secret.New(pkcs8(t, key)), "", "")
	if err != nil {
		t.Fatal(err)
	}
	type wrapper struct {
		Exported oauth.Signer
		hidden   oauth.Signer
	}
	w := wrapper{s, s}
	out := s.String() + s.GoString()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
		out += fmt.Sprintf(strings.Repeat(verb+"\n", 4), s, &s, w, &w)
	}
	encoded, err := json.Marshal([]any{s, w})
	if err != nil {
		t.Fatal(err)
	}
	out += string(encoded)
	d := private(key)
	for _, leak := range []string{new(big.Int).SetBytes(d).String(), fmt.Sprintf("%x", d), fmt.Sprintf("%X", d), b64(d)} {
		if strings.Contains(out, leak) {
			t.Errorf("the output shows the key:\n%s", out)
		}
	}
	if _, err := (oauth.Signer{}).Sign(nil); !errors.Is(err, oauth.ErrKey) {
		t.Errorf("the zero value: %v", err)
	}
}

func FuzzParsePrivateKey(f *testing.F) {
	f.Add("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----", "", "")
	f.Add(`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}`, "k", "EdDSA")
	f.Add(`{"kty":"oct","k":"AAAA"}`, "", "HS256")
	f.Fuzz(func(t *testing.T, text, keyID, algorithm string) {
		s, err := oauth.ParsePrivateKey(secret.New(text), keyID, algorithm)
		if err != nil {
			if !errors.Is(err, oauth.ErrKey) || len(text) > 40 && strings.Contains(err.Error(), text) {
				t.Errorf("error %v", err)
			}
			return
		}
		if _, err := s.Sign(map[string]any{"a": 1}); err != nil {
			t.Errorf("a key that was taken does not sign: %v", err)
		}
	})
}
