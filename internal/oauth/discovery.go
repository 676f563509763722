package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// DiscoveryError says why nothing is known of an issuer's server. Nothing but the questions was sent to it.
type DiscoveryError struct {
	Issuer    string
	Tried     []DiscoveryAttempt // at least one, in their order
	Transient bool               // asking again may help
}

// DiscoveryAttempt is a document that could not be had, or used.
type DiscoveryAttempt struct {
	URL string
	Why error
}

// Error names every document that was tried.
func (e *DiscoveryError) Error() string {
	var tried []string
	for _, a := range e.Tried {
		tried = append(tried, fmt.Sprintf("%s: %s", a.URL, a.Why))
	}
	return fmt.Sprintf("the metadata of the issuer %s could not be used: %s", e.Issuer, strings.Join(tried, "; "))
}

// CheckIssuer returns an error, wrapping ErrRequest, unless issuer is one whose metadata can be asked for: an endpoint (see
// CheckEndpoint) without a query (RFC 8414 §2).
func CheckIssuer(issuer string, allowInsecureHTTP bool) error {
	if strings.Contains(issuer, "?") {
		return endpointError("an issuer has no query")
	}
	return CheckEndpoint(issuer, allowInsecureHTTP)
}

// metadataPlaces are where the metadata of issuer may be: between host and path (RFC 8414 §3.1), else behind the path, which is
// what OpenID Connect Discovery 1.0 §4 wants and RFC 8414 §5 allows.
func metadataPlaces(issuer string) ([]string, error) {
	u, err := url.Parse(issuer)
	if err != nil { // its text quotes the URL
		return nil, endpointError("it is not a URL")
	}
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	origin := u.Scheme + "://" + u.Host
	return []string{
		origin + "/.well-known/oauth-authorization-server" + path,
		origin + path + "/.well-known/openid-configuration",
	}, nil
}

// Discover asks the authorization server of issuer for its metadata. The second place is asked where the first one has none;
// metadata of another issuer end the search. Both questions share the timeout of one call. An error is a *DiscoveryError, one
// that wraps ErrRequest, or that of ctx.
func (c *Caller) Discover(ctx context.Context, issuer string) (Metadata, error) {
	if err := CheckIssuer(issuer, c.allowInsecureHTTP); err != nil {
		return Metadata{}, err
	}
	places, err := metadataPlaces(issuer)
	if err != nil {
		return Metadata{}, err
	}
	limited, cancel := withRunningTime(ctx, c.timeout)
	defer cancel()
	failed := &DiscoveryError{Issuer: issuer}
	for _, place := range places {
		text, transient, err := c.document(limited, place)
		if ctx.Err() != nil {
			return Metadata{}, ctx.Err()
		}
		var m Metadata
		if err == nil {
			m, err = ParseMetadata(text, issuer, c.allowInsecureHTTP)
		}
		if err == nil {
			return m, nil
		}
		failed.Tried = append(failed.Tried, DiscoveryAttempt{URL: place, Why: err})
		failed.Transient = failed.Transient || transient
		if other := (*IssuerMismatchError)(nil); errors.As(err, &other) {
			failed.Transient = false
			break
		}
	}
	return Metadata{}, failed
}

// document gets a text. transient tells whether asking again may help.
func (c *Caller) document(ctx context.Context, place string) (text string, transient bool, err error) {
	if ctx.Err() != nil {
		return "", true, errors.New("not asked: the time was over")
	}
	response, _, err := c.get(ctx, place, Access{}, "application/json") //nolint:bodyclose // readBody closes it
	if err != nil {
		return "", true, err
	}
	body, err := readBody(response.Body)
	switch status := response.StatusCode; {
	case status >= 300 && status < 400:
		return "", false, fmt.Errorf("the answer was HTTP %d, a redirect, which is not followed", status)
	case status != http.StatusOK: // RFC 8414 §3.2
		again := status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
		return "", again, fmt.Errorf("the answer was HTTP %d", status)
	case errors.Is(err, ErrReplyTooLong):
		return "", false, ErrReplyTooLong
	case err != nil:
		return "", true, errors.New("the answer is not complete")
	}
	return body.Reveal(), false, nil
}
