// Package seal encrypts records before they reach a store: the only cryptography at rest. NewStore wraps a store;
// Keyring.Seal and Keyring.Open are for what is kept elsewhere.
//
// A sealed record can be read by who has the key, and by nobody else, and only under the name and in the store that it
// was written for: copied or moved, it is refused. Whoever can write to the store can still put an old record of the same
// name back. A record in plain text is opened too, so that a key can be added to a store in use, unless the Keyring is
// SealedOnly. Keeping strangers from writing is the store's business.
package seal

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"filippo.io/age"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// fingerprintLength is in hex digits.
const fingerprintLength = 16

// Keyring holds the keys of a store. The zero value has none and writes records in plain text. A Keyring can not be
// printed.
type Keyring struct {
	keys       []key
	sealedOnly bool // what is in plain text is refused
}

type key struct {
	fingerprint string
	identity    age.Identity
	recipient   age.Recipient
}

// ParseKeys reads age secret keys (AGE-SECRET-KEY-1…, AGE-SECRET-KEY-PQ-1…) separated by commas. The first seals, all
// open. White space and empty parts between them do not matter, a key given twice counts once, and no key at all is an
// error. Errors name the position of the key, never its text.
func ParseKeys(text secret.String) (Keyring, error) {
	var ring Keyring
	position := 0
	for part := range strings.SplitSeq(text.Reveal(), ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		position++
		k, err := parseKey(part)
		if err != nil {
			return Keyring{}, fmt.Errorf("key %d %w", position, err)
		}
		if _, known := ring.find(k.fingerprint); !known {
			ring.keys = append(ring.keys, k)
		}
	}
	if position == 0 {
		return Keyring{}, errors.New("there is no key")
	}
	return ring, nil
}

// parseKey leaves age's own errors out, because they quote the text.
func parseKey(text string) (key, error) {
	switch {
	case strings.HasPrefix(text, "AGE-SECRET-KEY-PQ-1"):
		if identity, err := age.ParseHybridIdentity(text); err == nil {
			recipient := identity.Recipient()
			return key{fingerprint(recipient), identity, recipient}, nil
		}
	case strings.HasPrefix(text, "AGE-SECRET-KEY-1"):
		if identity, err := age.ParseX25519Identity(text); err == nil {
			recipient := identity.Recipient()
			return key{fingerprint(recipient), identity, recipient}, nil
		}
	case strings.HasPrefix(text, "age1"):
		return key{}, errors.New("is a public key; the secret one is needed, which begins with AGE-SECRET-KEY-")
	default:
		return key{}, errors.New("does not begin with AGE-SECRET-KEY-1 or AGE-SECRET-KEY-PQ-1")
	}
	return key{}, errors.New("is not a valid age secret key: it is cut off or has a typing error")
}

// fingerprint names a key in public: the beginning of the SHA-256 of its public half as age writes it.
func fingerprint(recipient fmt.Stringer) string {
	sum := sha256.Sum256([]byte(recipient.String()))
	return hex.EncodeToString(sum[:])[:fingerprintLength]
}

// SealedOnly returns the same keys for a store that never holds anything in plain text: who can write to it, and has no key,
// could else make up a record, with endpoints that secrets would be sent to.
func (k Keyring) SealedOnly() Keyring {
	k.sealedOnly = true
	return k
}

// IsZero tells whether there is no key.
func (k Keyring) IsZero() bool { return len(k.keys) == 0 }

// Fingerprints names the keys, the sealing one first: for each the first 16 hex digits of the SHA-256 of its public half
// (age1…). They are no secret.
func (k Keyring) Fingerprints() []string {
	names := make([]string, 0, len(k.keys))
	for _, key := range k.keys {
		names = append(names, key.fingerprint)
	}
	return names
}

func (k Keyring) find(fingerprint string) (key, bool) {
	i := slices.IndexFunc(k.keys, func(key key) bool { return key.fingerprint == fingerprint })
	if i < 0 {
		return key{}, false
	}
	return k.keys[i], true
}

// String implements fmt.Stringer with the fingerprints.
func (k Keyring) String() string { return "keys[" + strings.Join(k.Fingerprints(), " ") + "]" }

// GoString implements fmt.GoStringer.
func (k Keyring) GoString() string { return "seal.Keyring(" + k.String() + ")" }

// Format implements fmt.Formatter, so that no verb reaches the keys.
func (k Keyring) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// MarshalText implements encoding.TextMarshaler, for JSON as well.
func (k Keyring) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// LogValue implements slog.LogValuer.
func (k Keyring) LogValue() slog.Value { return slog.StringValue(k.String()) }
