package wiring

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// StateStore is the token_store that keeps tokens in the Terraform state alone.
const StateStore = "state"

var schemePattern = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*):`)

// StoreScheme returns the scheme of a store's URL, in lower case. What stands behind it is the store's own: a URL of a database
// may name several hosts, which net/url does not read. words are what the setting takes besides URLs. Its errors do not quote
// the URL, which may hold a password.
func StoreScheme(text string, schemes []string, words ...string) (string, error) {
	if text == "" {
		return "", errors.New("it is empty")
	}
	if len(text) > 4096 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", errors.New("it is not a URL")
	}
	found := schemePattern.FindStringSubmatch(text)
	switch {
	case found == nil && len(words) > 0:
		return "", fmt.Errorf("it is neither %q nor a URL like file:///var/lib/oauth", words[0])
	case found == nil:
		return "", errors.New("it is no URL like file:///var/lib/oauth")
	}
	scheme := strings.ToLower(found[1])
	if !slices.Contains(schemes, scheme) {
		known := strings.Join(schemes, ", ")
		if len(words) > 0 {
			known += " and " + words[0]
		}
		return "", fmt.Errorf("stores of scheme %q are not supported by this version; it knows %s", scheme, known)
	}
	return scheme, nil
}

// FilePath returns the folder that a file:// URL names: absolute, on this machine. Its errors do not quote the URL.
func FilePath(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil {
		return "", errors.New("it is not a URL")
	}
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

// slashed makes a folder the path of a file URL.
func slashed(dir string) string {
	p := filepath.ToSlash(dir)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p // C:/folder
	}
	return p
}
