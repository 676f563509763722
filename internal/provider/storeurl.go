package provider

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
)

// stateStore is the token_store that keeps tokens in the Terraform state alone.
const stateStore = "state"

// parseStoreURL reads a token_store other than "state". Nothing is opened. Its errors do not quote the URL, which may
// hold a password.
func parseStoreURL(text string, schemes []string) (*url.URL, error) {
	if text == "" {
		return nil, errors.New("it is empty")
	}
	if len(text) > 4096 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return nil, errors.New("it is not a URL")
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" {
		return nil, errors.New(`it is neither "state" nor a URL like file:///var/lib/oauth`)
	}
	if !slices.Contains(schemes, u.Scheme) {
		return nil, fmt.Errorf("stores of scheme %q are not supported by this version; it knows %s and state", u.Scheme, strings.Join(schemes, ", "))
	}
	return u, nil
}

// FilePath returns the folder that a file:// URL names: absolute, on this machine.
func FilePath(u *url.URL) (string, error) {
	if u.Host != "" && u.Host != "localhost" {
		return "", errors.New("a file URL has three slashes, as in file:///var/lib/oauth; what stands behind two is a host")
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Opaque != "" {
		return "", errors.New("a file URL has a path and nothing else")
	}
	p := filepath.FromSlash(u.Path)
	if len(p) >= 3 && filepath.Separator == '\\' && p[2] == ':' { // \C:\folder
		p = p[1:]
	}
	if !filepath.IsAbs(p) || strings.ContainsRune(p, 0) {
		return "", errors.New("the path of a file URL must be absolute")
	}
	if filepath.Clean(p) == filepath.VolumeName(p)+string(filepath.Separator) {
		return "", errors.New("the root folder cannot be a store")
	}
	return filepath.Clean(p), nil
}
