package platform

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Variable is what differs between the tenants, countries or hosts of a platform. It stands in templates as {name}.
type Variable struct {
	Name        string            `json:"name"`
	Description string            `json:"description"`
	Default     string            `json:"default,omitempty"` // empty: the user must give it
	Values      map[string]string `json:"values,omitempty"`  // what may be given, and what stands for it; nil: Pattern decides
	Pattern     string            `json:"pattern,omitempty"` // the whole value must match it
	Example     string            `json:"example,omitempty"` // for people and tests, where neither Default nor Values give one

	Evidence
}

// defaultPattern lets nothing through that could lead a URL elsewhere.
const defaultPattern = `[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?`

// maxParameter bounds what users may give for a variable, in bytes.
const maxParameter = 253

// placeholder stands for a variable in a template.
var placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)

// ParameterError is a parameter that an entry cannot take.
type ParameterError struct {
	Name string // of the parameter
	Why  string // a clause for people; it does not quote the value
}

// Error implements error.
func (e *ParameterError) Error() string { return e.Name + ": " + e.Why }

// bind returns what stands for each variable. Its error is a *ParameterError.
func (e Entry) bind(parameters map[string]string) (map[string]string, error) {
	bound := map[string]string{}
	for _, v := range e.Variables {
		given, ok := parameters[v.Name]
		if !ok {
			given = v.Default
		}
		value, err := v.take(given)
		if err != nil {
			return nil, err
		}
		bound[v.Name] = value
	}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		if _, ok := bound[name]; !ok {
			return nil, &ParameterError{name, "the platform " + e.ID + " has no such parameter" + e.parameterNames()}
		}
	}
	return bound, nil
}

func (e Entry) parameterNames() string {
	var names []string
	for _, v := range e.Variables {
		names = append(names, v.Name)
	}
	if names == nil {
		return "; it takes none"
	}
	return "; it takes " + strings.Join(names, ", ")
}

func (v Variable) take(given string) (string, error) {
	if given == "" {
		return "", &ParameterError{v.Name, "it is needed: " + v.Description}
	}
	if len(given) > maxParameter {
		return "", &ParameterError{v.Name, fmt.Sprintf("it is longer than %d bytes", maxParameter)}
	}
	if v.Values != nil {
		value, ok := v.Values[given]
		if !ok {
			return "", &ParameterError{v.Name, "it must be one of " + strings.Join(slices.Sorted(maps.Keys(v.Values)), ", ")}
		}
		return value, nil
	}
	pattern := v.Pattern
	if pattern == "" {
		pattern = defaultPattern
	}
	whole, err := regexp.Compile(`\A(?:` + pattern + `)\z`)
	if err != nil || !whole.MatchString(given) {
		return "", &ParameterError{v.Name, "it is not of the right form: " + v.Description}
	}
	return given, nil
}

// Resolve returns e with its variables filled in. Its error is a *ParameterError.
func (e Entry) Resolve(parameters map[string]string) (Entry, error) {
	bound, err := e.bind(parameters)
	if err != nil {
		return Entry{}, err
	}
	for _, f := range []*Fact[string]{
		&e.Issuer, &e.AuthorizationEndpoint, &e.TokenEndpoint, &e.RevocationEndpoint, &e.IntrospectionEndpoint, &e.RegistrationEndpoint,
		&e.DeviceAuthorizationEndpoint, &e.PushedAuthorizationRequestEndpoint, &e.UserinfoEndpoint,
	} {
		if text, ok := f.Get(); ok {
			f.set(fill(text, bound))
		}
	}
	for _, f := range []*Fact[map[string]string]{&e.AuthorizationParameters, &e.TokenParameters, &e.RefreshParameters} {
		if all, ok := f.Get(); ok {
			filled := map[string]string{}
			for name, value := range all {
				filled[name] = fill(value, bound)
			}
			f.set(filled)
		}
	}
	if all, ok := e.LookUps.Get(); ok {
		filled := slices.Clone(all)
		for i := range filled {
			filled[i].URL = fill(filled[i].URL, bound)
		}
		e.LookUps.set(filled)
	}
	return e, nil
}

// fill puts bound variables into a template. Others stay as they are.
func fill(template string, bound map[string]string) string {
	return placeholder.ReplaceAllStringFunc(template, func(found string) string {
		if value, ok := bound[found[1:len(found)-1]]; ok {
			return value
		}
		return found
	})
}
