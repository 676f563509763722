package oauth

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// maxCallback bounds a callback URL; browsers and servers rarely pass on more than 8 KiB.
const maxCallback = 16 << 10

// Callback is what the server told the client through the browser (RFC 6749 §4.1.2, RFC 9207). Either Code or Error is
// there. The caller compares State and Issuer with what it expects.
type Callback struct {
	Code             secret.String
	State            string
	Issuer           string
	Error            string            // the server's code, for people bounded and without control characters
	ErrorDescription string            // likewise
	ErrorURI         string            // likewise; empty unless it is a web address
	Parameters       map[string]string // every other parameter; of a repeated one the first. Never nil
}

// ErrCallback marks a text that is not a usable callback URL. No error of ParseCallback quotes the text.
var ErrCallback = errors.New("unusable callback URL")

// callbackError is a constant reason, so that nothing of the input can get into it.
type callbackError string

func (e callbackError) Error() string { return ErrCallback.Error() + ": " + string(e) }
func (e callbackError) Unwrap() error { return ErrCallback }

// ParseCallback reads the whole URL that the browser was sent to, as pasted. The query is decoded exactly once: a code
// decoded twice, or not at all, is refused by the server, and may be spent by that. The scheme may be http, https or an
// app's own. Errors wrap ErrCallback.
func ParseCallback(raw secret.String) (Callback, error) {
	query, fragment, err := callbackReply(strings.TrimSpace(raw.Reveal()))
	if err == nil && fragment {
		err = callbackError("the reply stands after the #, not in the query: the server used response mode fragment " +
			"or the implicit grant")
	}
	if err != nil {
		return Callback{}, err
	}
	parameters, err := callbackParameters(query)
	if err != nil {
		return Callback{}, err
	}
	take := func(name string) string {
		value := parameters[name]
		delete(parameters, name)
		return value
	}
	c := Callback{
		Code:             secret.New(take("code")),
		State:            take("state"),
		Issuer:           take("iss"),
		Error:            plain(take("error"), maxCode),
		ErrorDescription: plain(take("error_description"), maxDescription),
		ErrorURI:         webAddress(take("error_uri")),
		Parameters:       parameters,
	}
	switch {
	case c.Code.IsEmpty() && c.Error == "":
		return Callback{}, callbackError("it has neither code nor error in its query")
	case !c.Code.IsEmpty() && c.Error != "":
		return Callback{}, callbackError("it has both code and error")
	}
	return c, nil
}

// CallbackParameters returns all that the server said in a callback URL, decoded exactly once: in its query, or behind the #
// where the reply stands there (RFC 6749 §4.2.2). There is a code, a token or an error among it. Errors wrap ErrCallback.
func CallbackParameters(raw secret.String) (map[string]string, error) {
	reply, _, err := callbackReply(strings.TrimSpace(raw.Reveal()))
	if err != nil {
		return nil, err
	}
	parameters, err := callbackParameters(reply)
	if err != nil {
		return nil, err
	}
	answered := false
	for _, name := range []string{"code", "access_token", "id_token"} {
		answered = answered || parameters[name] != ""
	}
	switch refused := parameters["error"] != ""; {
	case !answered && !refused:
		return nil, callbackError("it has neither code, token nor error")
	case answered && refused:
		return nil, callbackError("it has both an error and what was asked for")
	}
	return parameters, nil
}

// callbackReply returns what of text holds the reply, still encoded: the fragment if that does and the query does not.
func callbackReply(text string) (reply string, fragment bool, err error) {
	query, after, err := callbackParts(text, maxCallback)
	if err == nil && !hasReply(query) && hasReply(after) {
		return after, true, nil
	}
	return query, false, err
}

// callbackParts returns query and fragment of a callback URL of at most that many bytes, both still encoded.
func callbackParts(text string, most int) (query, fragment string, err error) {
	switch {
	case text == "":
		return "", "", callbackError("it is empty")
	case len(text) > most:
		return "", "", callbackError(fmt.Sprintf("it is longer than %d KiB", most>>10))
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		return "", "", callbackError("it has white space inside; paste it on one line")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil: // its text quotes the URL
		return "", "", callbackError("it is not a URL")
	case u.Scheme == "" || (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() == "":
		return "", "", callbackError("paste it whole, from the scheme (https://) on")
	}
	_, fragment, _ = strings.Cut(text, "#") // of u it may have been decoded and encoded again
	return u.RawQuery, fragment, nil
}

// hasReply tells whether a query or fragment holds a member of an authorization response.
func hasReply(query string) bool {
	for pair := range strings.SplitSeq(query, "&") {
		switch name, _, _ := strings.Cut(pair, "="); name {
		case "code", "error", "access_token", "id_token":
			return true
		}
	}
	return false
}

// callbackParameters decodes a query. A parameter without a value counts as not sent (RFC 6749 §3.1).
func callbackParameters(query string) (map[string]string, error) {
	parameters := map[string]string{}
	for pair := range strings.SplitSeq(query, "&") {
		encodedName, encodedValue, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(encodedName)
		value, err2 := url.QueryUnescape(encodedValue)
		if err1 != nil || err2 != nil {
			return nil, callbackError("a parameter is not properly percent-encoded")
		}
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return nil, callbackError("a parameter is not UTF-8")
		}
		if name == "" || value == "" {
			continue
		}
		if _, repeated := parameters[name]; !repeated {
			parameters[name] = value
			continue
		}
		switch name { // which of them is meant decides too much to guess (RFC 6749 §3.1)
		case "code", "state", "iss", "error", "access_token", "id_token":
			return nil, callbackError("parameter " + name + " stands in it more than once")
		}
	}
	return parameters, nil
}
