package pgstore_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// selfSigned returns a certificate for localhost that its own key has signed, and the key, both as PEM.
func selfSigned(t testing.TB) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER})
}

func TestTLS(t *testing.T) {
	t.Parallel()
	s := server(t)
	db := s.Database(t)
	_, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	right, wrong := filepath.Join(t.TempDir(), "right.pem"), filepath.Join(t.TempDir(), "wrong.pem")
	content, err := os.ReadFile(filepath.Join(s.SocketDir(), "data", "server.crt"))
	if err != nil {
		t.Fatal(err)
	}
	other, _ := selfSigned(t)
	for path, content := range map[string][]byte{right: content, wrong: other} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := func(host string) string { return "postgres://test@" + host + ":" + port + "/" + db }

	for _, url := range []string{
		at("127.0.0.1") + "?sslmode=require",
		at("localhost") + "?sslmode=verify-full&sslrootcert=" + right,
		at("127.0.0.1") + "?sslmode=verify-ca&sslrootcert=" + right,
	} {
		if _, err := open(t, url+"&schema=oauth").Create(t.Context(), "pair/exact", nil); err != nil && !isConflict(err) {
			t.Errorf("%s: %v", url, err)
		}
	}
	for url, words := range map[string]string{
		at("127.0.0.1") + "?sslmode=verify-full&sslrootcert=" + right: "127.0.0.1",
		at("localhost") + "?sslmode=verify-full&sslrootcert=" + wrong: "x509: certificate signed by unknown authority",
	} {
		_, err := open(t, url).Create(t.Context(), "pair/exact", nil)
		expectError(t, url, err, store.ErrNotDone, "write pair/exact: cannot connect to ", words)
	}
}
