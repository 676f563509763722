package oauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Assertion is what a JWT says that stands for an authorization, or proves a client (RFC 7523 §3).
type Assertion struct {
	Issuer   string
	Subject  string   // empty: not said
	Audience []string // one is written as a text, more as a list (RFC 7519 §4.1.3)
	Lifetime time.Duration
	Claims   string // further ones, a JSON object; empty: none
}

// Sign makes the JWT that says so from now on. id is its jti and has to be new.
func (a Assertion) Sign(s Signer, now time.Time, id string) (secret.String, error) {
	claims, err := readClaims(a.Claims)
	if err != nil {
		return secret.String{}, fmt.Errorf("%w: claims: %w", ErrRequest, err)
	}
	claims["iss"], claims["jti"] = a.Issuer, id
	claims["iat"], claims["exp"] = now.Unix(), now.Add(a.Lifetime).Unix()
	if a.Subject != "" {
		claims["sub"] = a.Subject
	}
	if claims["aud"] = a.Audience; len(a.Audience) == 1 {
		claims["aud"] = a.Audience[0]
	}
	return s.Sign(claims)
}

// ownClaims are those that an Assertion has members for, or makes itself.
func ownClaims() []string { return []string{"iss", "sub", "aud", "exp", "iat", "jti"} }

// maxClaims bounds further claims, in bytes.
const maxClaims = 16 << 10

// CheckClaims says why text is no JSON object of further claims. It does not quote the text.
func CheckClaims(text string) error {
	_, err := readClaims(text)
	return err
}

func readClaims(text string) (map[string]any, error) {
	if text == "" {
		return map[string]any{}, nil
	}
	if len(text) > maxClaims {
		return nil, errors.New("it is longer than 16 KiB")
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber() // large ones stay as they are written
	var claims map[string]any
	if err := decoder.Decode(&claims); err != nil || claims == nil {
		return nil, errors.New("it is not a JSON object")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something stands behind the JSON object")
	}
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		if slices.Contains(ownClaims(), name) {
			return nil, fmt.Errorf("the claim %s is made from an attribute, or by the provider itself", name)
		}
	}
	return claims, nil
}
