package platform

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
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
// "there is none". They are as sure as documentation: whoever runs the app knows it. An error is an *OverrideError.
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
	facts := reflect.ValueOf(&e.Facts).Elem()
	fields := map[string]reflect.Value{}
	for i := range facts.NumField() {
		name, _, _ := strings.Cut(facts.Type().Field(i).Tag.Get("json"), ",")
		fields[name] = facts.Field(i)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		field, ok := fields[name]
		if !ok {
			return Entry{}, &OverrideError{fmt.Sprintf("there is no fact %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(fields)), ", "))}
		}
		into, ok := field.Addr().Interface().(interface{ override(json.RawMessage) error })
		if !ok {
			return Entry{}, &OverrideError{fmt.Sprintf("%s cannot be overridden", name)}
		}
		if err := into.override(values[name]); err != nil {
			return Entry{}, &OverrideError{fmt.Sprintf("%s: %s", name, mismatch(err))}
		}
	}
	// A preset without its server's token endpoint would lend everything else it knows to any other.
	if _, has := e.TokenEndpoint.Get(); !has && e.ID != "" {
		return Entry{}, &OverrideError{"token_endpoint: a platform has one; for another server write client.token_endpoint"}
	}
	c := &checker{e: e}
	if c.facts(); len(c.wrong) > 0 {
		return Entry{}, &OverrideError{strings.Join(c.wrong, "; ")}
	}
	return e, nil
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
		return fmt.Sprintf("a JSON %s%s does not fit; the platform's page shows the form", wrong.Value, at)
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}
