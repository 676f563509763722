package provider

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

func checkRedirectURI(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return fmt.Errorf("it is not a URI")
	case len(text) > 2048:
		return fmt.Errorf("it is longer than 2048 bytes")
	case u.Scheme == "":
		return fmt.Errorf("it has no scheme")
	case u.Fragment != "" || strings.Contains(text, "#"):
		return fmt.Errorf("it has a fragment")
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' }):
		return fmt.Errorf("it holds white space")
	case (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() == "":
		return fmt.Errorf("it names no host")
	}
	return nil
}

// scopeToken bounds one scope (RFC 6749 §3.3).
func scopeToken() validator.String {
	return check{wants: "a scope without spaces", wrong: checkScope}
}

func checkScope(text string) error {
	if text == "" || len(text) > 1024 || strings.ContainsFunc(text, func(r rune) bool { return r <= 0x20 || r > 0x7e || r == '"' || r == '\\' }) {
		return fmt.Errorf("it is empty, too long, or holds a space, a quote or another character that RFC 6749 does not allow")
	}
	return nil
}
