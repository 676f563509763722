package oauth

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// maxJWT bounds a token that is decoded; headers that carry one are rarely longer than 16 KiB.
const maxJWT = 64 << 10

// maxJWTDepth bounds how deep its objects and arrays lie in each other.
const maxJWTDepth = 32

// ErrJWT marks a text that is not a signed JWT. No error of DecodeJWT quotes the text.
var ErrJWT = errors.New("not a readable JWT")

// jwtError is a constant reason, so that nothing of the token can get into it.
type jwtError string

func (e jwtError) Error() string { return ErrJWT.Error() + ": " + string(e) }
func (e jwtError) Unwrap() error { return ErrJWT }

// JWT is what a token says of itself. Nobody has looked at its signature: it may say anything.
//
// Values are nil, bool, json.Number, string, []any and map[string]any. Numbers are as they stand in the token.
type JWT struct {
	Header map[string]any
	Claims map[string]any
}

// DecodeJWT reads a JWT in the compact form of a JWS (RFC 7519 §7.2, RFC 7515 §7.1) and verifies nothing. Whoever repeats a
// member is refused: which of the two counts would depend on the reader (RFC 7519 §4). Errors wrap ErrJWT.
func DecodeJWT(token secret.String) (JWT, error) {
	parts, err := jwtParts(token.Reveal())
	if err != nil {
		return JWT{}, err
	}
	var j JWT
	if j.Header, err = jwtObject("header", parts[0]); err != nil {
		return JWT{}, err
	}
	if _, ok := j.Header["alg"].(string); !ok { // RFC 7515 §4.1.1
		return JWT{}, jwtError("its header names no alg")
	}
	j.Claims, err = jwtObject("payload", parts[1])
	return j, err
}

func jwtParts(text string) ([]string, error) {
	switch {
	case text == "":
		return nil, jwtError("it is empty")
	case len(text) > maxJWT:
		return nil, jwtError("it is longer than 64 KiB")
	case strings.ContainsAny(text, " \t\r\n"):
		return nil, jwtError("it has white space; a line break is often copied along")
	case strings.ContainsFunc(text, func(r rune) bool { return !isBase64URL(r) && r != '.' }):
		return nil, jwtError("it has characters other than letters, digits, hyphens, underscores and dots")
	}
	parts := strings.Split(text, ".")
	switch len(parts) {
	case 3:
		return parts, nil
	case 5: // RFC 7516 §3.1
		return nil, jwtError("it is encrypted (JWE), and only its addressee can read it")
	case 1:
		return nil, jwtError("it has no dots, so it is an opaque token; ask its server about it (introspection)")
	}
	return nil, jwtError("it has other than three parts between dots")
}

func isBase64URL(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
}

// jwtObject reads one part; name is what the part is called.
func jwtObject(name, part string) (map[string]any, error) {
	text, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return nil, jwtError("its " + name + " is not base64url (RFC 7515 §2)")
	}
	if !utf8.Valid(text) {
		return nil, jwtError("its " + name + " is not UTF-8")
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	value, err := strictValue(decoder, maxJWTDepth)
	if err == nil {
		_, err = decoder.Token()
	}
	o, isObject := value.(map[string]any)
	var told jwtError
	switch {
	case errors.As(err, &told):
		return nil, jwtError("its " + name + " " + string(told))
	case !errors.Is(err, io.EOF):
		return nil, jwtError("its " + name + " is not JSON")
	case !isObject:
		return nil, jwtError("its " + name + " is not a JSON object")
	}
	return o, nil
}

// strictValue reads one value, at most depth deep. An error that is a jwtError says what is wrong beside the syntax.
func strictValue(d *json.Decoder, depth int) (any, error) {
	t, err := d.Token()
	delim, isDelim := t.(json.Delim)
	if err != nil || !isDelim {
		return t, notEnd(err)
	}
	if depth == 0 {
		return nil, jwtError("is nested more than 32 deep")
	}
	object, list := map[string]any{}, []any{}
	for d.More() {
		var name string
		if delim == '{' {
			if t, err = d.Token(); err != nil {
				return nil, notEnd(err)
			}
			name, _ = t.(string) // the decoder takes nothing else for a name
			if _, repeated := object[name]; repeated {
				return nil, jwtError("repeats a member, so that nobody can tell which one counts")
			}
		}
		value, err := strictValue(d, depth-1)
		if err != nil {
			return nil, err
		}
		object[name] = value
		list = append(list, value)
	}
	if _, err := d.Token(); err != nil {
		return nil, notEnd(err)
	}
	if delim == '{' {
		return object, nil
	}
	return list, nil
}

// notEnd keeps the end of the text apart from the end of a value.
func notEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
