package platform

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// maxOverrides bounds what users may write, in bytes.
const maxOverrides = 16 << 10

// OverrideError is something in a user's facts that cannot be used.
type OverrideError struct{ Why string } // a clause for people

// Error implements error.
func (e *OverrideError) Error() string { return e.Why }

// Custom is the entry of a server that has none: nothing is known of it but what overrides say.
func Custom() Entry { return Entry{Name: "this server", Kind: OAuth2} }

// Override returns e with facts that a user knows better, as a JSON object of values by the names of the data; null stands for
// "there is none", where no value says so. They are as sure as documentation: whoever runs the app knows it. An error is an *OverrideError.
func (e Entry) Override(text string) (Entry, error) {
	if text == "" {
		return e, nil
	}
	if len(text) > maxOverrides {
		return Entry{}, &OverrideError{fmt.Sprintf("it is longer than %d bytes", maxOverrides)}
	}
	var values map[string]json.RawMessage
	if err := strictly([]byte(text), &values); err != nil || values == nil {
		return Entry{}, &OverrideError{"it is no JSON object"}
	}
	if name := repeated(json.NewDecoder(strings.NewReader(text))); name != "" {
		return Entry{}, &OverrideError{fmt.Sprintf("%q stands twice in one JSON object", name)}
	}
	fields := e.fields()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		field, ok := fields[name]
		if !ok {
			return Entry{}, &OverrideError{fmt.Sprintf("there is no fact %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(fields)), ", "))}
		}
		into, ok := field.Addr().Interface().(interface{ override(json.RawMessage) error })
		if !ok {
			return Entry{}, &OverrideError{fmt.Sprintf("%s cannot be overridden", name)}
		}
		guide := GuideTo(name)
		if guide.NoNull != "" && string(values[name]) == "null" {
			return Entry{}, &OverrideError{fmt.Sprintf("%s: null says nothing here; write %s", name, guide.NoNull)}
		}
		if err := into.override(values[name]); err != nil {
			return Entry{}, &OverrideError{fmt.Sprintf("%s: %s; it is written as %s", name, mismatch(err), guide.Form)}
		}
	}
	c := &checker{e: e}
	if c.facts(); len(c.wrong) == 0 {
		c.overridden(values)
	}
	if len(c.wrong) > 0 {
		return Entry{}, &OverrideError{strings.Join(c.wrong, "; ")}
	}
	return e, nil
}

// overridden checks what may stand in the data and not in overrides.
func (c *checker) overridden(values map[string]json.RawMessage) {
	given := func(name string) bool { return values[name] != nil }
	// A preset without its server's token endpoint would lend everything else it knows to any other.
	_, endpoint := c.e.TokenEndpoint.Get()
	c.when(c.e.ID != "" && !endpoint,
		"token_endpoint: a platform has one; write its address here, or that of another server in the client's attribute token_endpoint")
	// Another issuer is another server, and only the attribute replaces the token pairs.
	c.when(c.e.ID == "" && given("issuer"), "issuer: without a platform it stands in the client's attribute issuer, not here")
	if methods, some := c.e.TokenEndpointAuthMethods.Get(); some && given("token_endpoint_auth_methods_supported") {
		c.when(len(methods) == 0, "token_endpoint_auth_methods_supported: the list is empty; it takes at least %s", oneOf(oauth.AuthMethods()))
	}
	if method, some := c.e.RevocationEndpointAuthMethod.Get(); some && given("revocation_endpoint_auth_method") {
		c.when(!slices.Contains(spokenSecrets(), method), "revocation_endpoint_auth_method: %q is no choice of a client with a secret; %s",
			method, oneOf(spokenSecrets()))
	}
}

// repeated finds a member that an object holds twice, at any depth, of which the decoder would take the last in silence. The
// text is known to be JSON.
func repeated(d *json.Decoder) string {
	open, err := d.Token()
	if delim, nested := open.(json.Delim); err != nil || !nested || delim != '{' && delim != '[' {
		return ""
	}
	seen := map[string]bool{}
	for d.More() {
		if open == json.Delim('{') {
			key, _ := d.Token()
			name, _ := key.(string)
			if seen[name] {
				return name
			}
			seen[name] = true
		}
		if name := repeated(d); name != "" {
			return name
		}
	}
	_, _ = d.Token() // the end
	return ""
}

// override sets a value that a user has given.
func (f *Fact[T]) override(value json.RawMessage) error {
	var v *T
	if err := strictly(value, &v); err != nil {
		return err
	}
	*f = Fact[T]{value: v, known: true, Confidence: High, Note: "as configured"}
	return nil
}

// mismatch is what is wrong with a value, in the words of JSON and not of Go.
func mismatch(err error) string {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		at := ""
		if wrong.Field != "" {
			at = " in " + wrong.Field
		}
		return fmt.Sprintf("a JSON %s%s does not fit", wrong.Value, at)
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}
