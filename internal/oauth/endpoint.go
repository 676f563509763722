package oauth

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// ErrRequest marks a request that cannot be made as asked for: a bad endpoint, client authentication or parameter.
// Nothing was sent, and trying again does not help.
var ErrRequest = errors.New("unusable request")

// CheckEndpoint returns an error, wrapping ErrRequest, unless rawURL is an absolute https URL with a host and without
// fragment (RFC 6749 §3.2) and user information. http is good enough for loopback, and beyond it only with
// allowInsecureHTTP. The error never quotes the query or user information.
func CheckEndpoint(rawURL string, allowInsecureHTTP bool) error {
	u, err := url.Parse(rawURL)
	switch {
	case rawURL == "":
		return endpointError("it is empty")
	case err != nil: // its text quotes the URL
		return endpointError("it is not a URL")
	case u.User != nil:
		return endpointError("it carries user information")
	case strings.Contains(rawURL, "#"):
		return endpointError("it has a fragment")
	case u.Scheme == "" || u.Hostname() == "":
		return endpointError("it is not an absolute URL with a host")
	case u.Scheme == "http" && !allowInsecureHTTP && !isLoopback(u.Hostname()):
		return endpointError(fmt.Sprintf("http to %q would send secrets in the clear; use https", u.Hostname()))
	case u.Scheme != "http" && u.Scheme != "https":
		return endpointError("its scheme is not https")
	}
	return nil
}

func endpointError(why string) error { return fmt.Errorf("%w: the endpoint: %s", ErrRequest, why) }

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}
