package oauth

import (
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// randomOctets gives 43 characters of base64url: what RFC 7636 §4.1 recommends, and more than RFC 6749 §10.10 asks for.
const randomOctets = 32

// NewState returns a new value for the state parameter, with 256 bits from rand.
func NewState(rand io.Reader) (string, error) { return randomText(rand) }

// NewCodeVerifier returns a new code verifier (RFC 7636 §4.1), with 256 bits from rand.
func NewCodeVerifier(rand io.Reader) (secret.String, error) {
	text, err := randomText(rand)
	return secret.New(text), err
}

func randomText(rand io.Reader) (string, error) {
	var octets [randomOctets]byte
	if _, err := io.ReadFull(rand, octets[:]); err != nil {
		return "", fmt.Errorf("reading randomness: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(octets[:]), nil
}

const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

// CheckCodeVerifier returns an error, wrapping ErrRequest, unless verifier has 43 to 128 characters, all of them
// unreserved (RFC 7636 §4.1).
func CheckCodeVerifier(verifier secret.String) error {
	text := verifier.Reveal()
	if len(text) < 43 || len(text) > 128 {
		return fmt.Errorf("%w: the code verifier must have 43 to 128 characters", ErrRequest)
	}
	if strings.Trim(text, unreserved) != "" {
		return fmt.Errorf("%w: the code verifier may hold only letters, digits and -._~", ErrRequest)
	}
	return nil
}
