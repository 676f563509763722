package credential

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Rest is what a newer version of the same format has added to one object of a record, and what this version does not know. It stays
// with that object and is written back with it: two versions that share a store must not take from each other what only one of
// them understands. It goes when its object goes; what has to outlive a rotation does not belong into the tokens. nil: nothing.
// It is never changed, so copies of an object share it.
type Rest struct {
	members map[string]secret.String // JSON by name; nobody here knows which of it is secret
}

// decodeAs decodes exactly one value of the given kind, or of one of the given kinds, with what it does not know in the Rests of into. It
// hides encoding/json's errors, which may quote a piece of the text.
func decodeAs(text []byte, into any, kinds ...string) error {
	v := reflect.ValueOf(into).Elem()
	if decodeWhole(text, into, true) == nil {
		return wireFormat{Format: int(v.FieldByName("Format").Int()), Kind: v.FieldByName("Kind").String()}.check(kinds)
	}
	v.SetZero()
	f, err := formatOf(text)
	if err == nil {
		err = f.check(kinds) // first, since nothing else is known of the members of a newer format
	}
	if err == nil {
		err = decodeWhole(text, into, false)
	}
	if err == nil {
		err = keepRest(text, v)
	}
	return err
}

func decodeWhole(text []byte, into any, strict bool) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if strict {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(into); err != nil {
		return errors.New("the record is not valid JSON of its format")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the record has something behind its end")
	}
	return nil
}

func isRest(f reflect.StructField) bool { return f.Type == reflect.TypeFor[*Rest]() }

// hasRest tells whether objects of that type keep what they do not know.
func hasRest(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	f, ok := t.FieldByName("Rest")
	return ok && isRest(f)
}

// keepRest puts what the JSON text has and v has not into the Rests of v and of all within it.
func keepRest(text []byte, v reflect.Value) error {
	switch {
	case v.Kind() == reflect.Pointer && !v.IsNil():
		return keepRest(text, v.Elem())
	case v.Kind() == reflect.Slice && hasRest(v.Type().Elem()):
		var elements []json.RawMessage
		if err := json.Unmarshal(text, &elements); err != nil || len(elements) != v.Len() {
			return errors.New("the record is not valid JSON of its format")
		}
		for i, element := range elements {
			if err := keepRest(element, v.Index(i)); err != nil {
				return err
			}
		}
	case hasRest(v.Type()):
		var all map[string]json.RawMessage
		if err := json.Unmarshal(text, &all); err != nil {
			return errors.New("the record is not valid JSON of its format")
		}
		rest := map[string]secret.String{}
		for name, member := range all {
			field, known := fieldOf(v, name)
			if !known {
				rest[name] = secret.New(string(member))
			} else if err := keepRest(member, field); err != nil {
				return err
			}
		}
		if len(rest) > 0 {
			v.FieldByName("Rest").Set(reflect.ValueOf(&Rest{members: rest}))
		}
	}
	return nil
}

// fieldOf returns the field that encoding/json puts a member into: names are told apart by case only if nothing else fits.
func fieldOf(v reflect.Value, member string) (reflect.Value, bool) {
	for _, f := range reflect.VisibleFields(v.Type()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" && strings.EqualFold(name, member) {
			return v.FieldByIndex(f.Index), true
		}
	}
	return reflect.Value{}, false
}

// encodeWhole is the JSON of a wire value, with its Rests and those of all within it.
func encodeWhole(w any) ([]byte, error) {
	text, err := encodeText(w)
	if err != nil {
		return nil, err
	}
	if v := reflect.ValueOf(w); anyRest(v) {
		return withRest(text, v)
	}
	return text, nil
}

func encodeText(w any) ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false) // < > & would grow sixfold, beyond what a store takes
	if err := e.Encode(w); err != nil {
		return nil, err
	}
	return bytes.TrimRight(text.Bytes(), "\n"), nil
}

func anyRest(v reflect.Value) bool {
	switch {
	case v.Kind() == reflect.Pointer && !v.IsNil():
		return anyRest(v.Elem())
	case v.Kind() == reflect.Slice && hasRest(v.Type().Elem()):
		for i := range v.Len() {
			if anyRest(v.Index(i)) {
				return true
			}
		}
	case hasRest(v.Type()):
		if !v.FieldByName("Rest").IsNil() {
			return true
		}
		for i := range v.NumField() {
			if !isRest(v.Type().Field(i)) && anyRest(v.Field(i)) {
				return true
			}
		}
	}
	return false
}

// withRest puts the Rests of v and of all within it into the JSON text of v.
func withRest(text []byte, v reflect.Value) ([]byte, error) {
	switch {
	case v.Kind() == reflect.Pointer && !v.IsNil():
		return withRest(text, v.Elem())
	case v.Kind() == reflect.Slice && hasRest(v.Type().Elem()):
		var elements []json.RawMessage
		if err := json.Unmarshal(text, &elements); err != nil {
			return nil, err
		}
		for i := range elements {
			var err error
			if elements[i], err = withRest(elements[i], v.Index(i)); err != nil {
				return nil, err
			}
		}
		return encodeText(elements)
	case hasRest(v.Type()):
		var all map[string]json.RawMessage
		if err := json.Unmarshal(text, &all); err != nil {
			return nil, err
		}
		for name, member := range all {
			field, known := fieldOf(v, name)
			if !known {
				continue
			}
			var err error
			if all[name], err = withRest(member, field); err != nil {
				return nil, err
			}
		}
		if rest, _ := v.FieldByName("Rest").Interface().(*Rest); rest != nil {
			for name, member := range rest.members {
				all[name] = json.RawMessage(member.Reveal())
			}
		}
		return encodeText(all)
	}
	return text, nil
}
