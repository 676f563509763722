package oauth

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// PushForm is the request of RFC 9126 §2.1: everything that AuthorizationURL puts into the URL, but for what the endpoint's own
// query says.
func PushForm(r AuthorizationRequest) (Form, error) {
	text, err := AuthorizationURL(r)
	if err != nil {
		return Form{}, err
	}
	u, err := url.Parse(text)
	endpoint, endpointErr := url.Parse(r.Endpoint)
	if err != nil || endpointErr != nil { // its text quotes the URL
		return Form{}, endpointError("it is not a URL")
	}
	own, query := endpoint.Query(), u.Query()
	var fields []field
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if own.Has(name) {
			continue
		}
		for _, value := range query[name] {
			fields = append(fields, field{name, secret.New(value)})
		}
	}
	return Form{fields}, nil
}

// PushedURL returns the URL to open for a request that was pushed: it names the client and the request, and nothing else (RFC
// 9126 §4).
func PushedURL(endpoint, clientID, requestURI string) (string, error) {
	if err := CheckEndpoint(endpoint, true); err != nil {
		return "", err
	}
	endpoint = strings.TrimRight(endpoint, "?&")
	separator := "?"
	if strings.Contains(endpoint, "?") {
		separator = "&"
	}
	return endpoint + separator + url.Values{"client_id": {clientID}, "request_uri": {requestURI}}.Encode(), nil
}

// Pushed is the answer to a PushForm (RFC 9126 §2.2).
type Pushed struct {
	RequestURI string
	ExpiresIn  time.Duration
}

// assumedPush is how long a request_uri counts as good that comes without an expires_in, which RFC 9126 §2.2 requires. Servers
// that say it name from 5 to 600 seconds.
const assumedPush = time.Minute

const maxRequestURI = 4 << 10

// JudgePush says what r means as the answer to a PushForm. A push uses nothing up, so it may be sent again whatever the verdict.
// For hidden see Judge.
func JudgePush(r Reply, hidden ...secret.String) (Pushed, Verdict) {
	if v, ok := unanswered(r); ok {
		return Pushed{}, v
	}
	c := Dialect{}.content(r)
	if uri := c.body.text("request_uri"); isSuccess(r.Status) && c.whole && usableRequestURI(uri) {
		p := Pushed{RequestURI: uri, ExpiresIn: assumedPush}
		if lifetime, ok := readSeconds(c.body.members["expires_in"].text); ok {
			p.ExpiresIn = lifetime
		}
		return p, Verdict{Class: Success, Status: r.Status}
	}
	v := Dialect{}.refused(r, c, hidden)
	if isSuccess(r.Status) && c.whole && r.Err == nil && v.Code == "" {
		v.Class, v.Err = Configuration, errNoRequestURI
	}
	return Pushed{}, v
}

// usableRequestURI: what a person is to open must be no other parameter, and nothing that an address bar breaks off.
func usableRequestURI(uri string) bool {
	return uri != "" && len(uri) <= maxRequestURI && plain(uri, maxRequestURI) == uri && !strings.Contains(uri, " ")
}

const errNoRequestURI = pushError("the answer has no usable request_uri (RFC 9126 §2.2)")

// pushError is a constant reason.
type pushError string

func (e pushError) Error() string { return string(e) }
