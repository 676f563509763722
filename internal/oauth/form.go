package oauth

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/url"
	"slices"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Form is the body of a request. It cannot be printed: like a secret.String it redacts itself.
type Form struct {
	fields []field
}

type field struct {
	name  string
	value secret.String
}

// newForm joins the protocol's own fields with extra. A field without a value is not sent (RFC 6749 §3.2), but its name
// stays reserved: extra can neither replace nor repeat what belongs to the protocol.
func newForm(protocol []field, extra map[string]string) (Form, error) {
	if err := checkExtra(slices.Sorted(maps.Keys(extra)), reserved(protocol)); err != nil {
		return Form{}, err
	}
	var fields []field
	for _, f := range protocol {
		if !f.value.IsEmpty() {
			fields = append(fields, f)
		}
	}
	for name, value := range extra {
		fields = append(fields, field{name, secret.New(value)})
	}
	return Form{fields}, nil
}

// reserved are the names that no extra parameter may have. What proves the client belongs to ClientAuth, whatever the form is for.
func reserved(protocol []field) []string {
	names := []string{"client_id", "client_secret", "client_assertion", "client_assertion_type"}
	for _, f := range protocol {
		names = append(names, f.name)
	}
	return names
}

func checkExtra(names, reserved []string) error {
	for _, name := range names {
		if name == "" {
			return fmt.Errorf("%w: an extra parameter has no name", ErrRequest)
		}
		if slices.Contains(reserved, name) {
			return fmt.Errorf("%w: extra parameter %q belongs to the protocol", ErrRequest, name)
		}
	}
	return nil
}

// values reveals the form for the wire. A name may come more than once (RFC 8707 §2).
func (f Form) values() url.Values {
	v := make(url.Values, len(f.fields))
	for _, field := range f.fields {
		v.Add(field.name, field.value.Reveal())
	}
	return v
}

// Hash tells forms with the same fields for the same purpose from others, and nothing else of them.
func (f Form) Hash(purpose string) string {
	return secret.New(purpose + "?" + f.values().Encode()).SHA256()
}

// String implements fmt.Stringer.
func (f Form) String() string { return secret.Redacted }

// GoString implements fmt.GoStringer.
func (f Form) GoString() string { return "oauth.Form(" + secret.Redacted + ")" }

// Format implements fmt.Formatter, so that no verb reaches the fields.
func (f Form) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, secret.Redacted) }

// MarshalText implements encoding.TextMarshaler.
func (f Form) MarshalText() ([]byte, error) { return []byte(secret.Redacted), nil }

// LogValue implements slog.LogValuer.
func (f Form) LogValue() slog.Value { return slog.StringValue(secret.Redacted) }
