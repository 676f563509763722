// Package secret holds text that must never be printed: tokens, client secrets, codes, keys.
//
// A String redacts itself in every formatting, logging and encoding path of the standard library. The only way to the text
// is Reveal, so that a search for "Reveal(" lists every place where a secret leaves its wrapping. The package keeps nobody
// from writing down what Reveal returned; that is for its callers to get right.
package secret

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
)

// Redacted is what a String shows instead of its text.
const Redacted = "(redacted)"

// String is a text that cannot be printed by accident. The zero value is the empty text.
//
// The text lies behind a pointer: fmt cannot call methods on unexported fields and would otherwise print the
// text of a String inside a struct; through the pointer it prints an address. The func array makes == a compile
// error, because it would compare pointers; use Equal.
type String struct {
	_    [0]func()
	text *string
}

// New wraps text.
func New(text string) String {
	if text == "" {
		return String{}
	}
	return String{text: &text}
}

// Reveal returns the text. Callers hand it to the wire, the sealed record or Terraform's sensitive values, and to nothing else.
func (s String) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsEmpty tells whether there is no text.
func (s String) IsEmpty() bool { return s.text == nil }

// Equal compares in constant time for texts of equal length.
func (s String) Equal(other String) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// SHA256 returns the lower-case hex SHA-256 of the text: enough to recognise a consumed input, not enough to use it.
func (s String) SHA256() string {
	sum := sha256.Sum256([]byte(s.Reveal()))
	return hex.EncodeToString(sum[:])
}

// String implements fmt.Stringer.
func (s String) String() string {
	if s.IsEmpty() {
		return ""
	}
	return Redacted
}

// GoString implements fmt.GoStringer.
func (s String) GoString() string { return "secret.String(" + s.String() + ")" }

// Format implements fmt.Formatter, so that no verb (%x and %q included) reaches the text.
func (s String) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText implements encoding.TextMarshaler.
func (s String) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON implements json.Marshaler.
func (s String) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// LogValue implements slog.LogValuer.
func (s String) LogValue() slog.Value { return slog.StringValue(s.String()) }
