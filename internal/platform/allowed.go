package platform

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// Bounds of durations and rates.
const (
	minDuration = time.Second
	maxDuration = 30 * 365 * 24 * time.Hour
	maxLimit    = 1000
	minWindow   = time.Minute
	maxWindow   = 24 * time.Hour
	maxWait     = 24 * time.Hour
)

// minLimit is the least limit of a rate. One refusal that locks out would leave none to spend; one call may be all there is.
func minLimit(fact string) int {
	if fact == "error_budget" {
		return 2
	}
	return 1
}

// allowed are the values that a fact may have; nil: not a matter of a list.
func allowed(fact string) []string {
	switch fact {
	case "grant_types_supported":
		return []string{
			"authorization_code", "refresh_token", "client_credentials", "password", "implicit",
			"urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:jwt-bearer",
			"urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:grant-type:saml2-bearer", "clientkey",
		}
	case "token_endpoint_auth_methods_supported", "revocation_endpoint_auth_method":
		return oauth.AuthMethods()
	case "client_assertion_audience":
		return []string{credential.AudienceIssuer, credential.AudienceTokenEndpoint, credential.AudienceEndpoint}
	case "pkce":
		return texts(PKCEUnsupported, PKCEOptional, PKCERequired, PKCEPerApp)
	case "response_mode":
		return []string{"query", "form_post"}
	case "scope_separator":
		return []string{" ", ","}
	case "access_token_lifetime_source":
		return texts(FromReply, FromIntrospection, Assumed)
	case "access_token_format":
		return []string{"opaque", "jwt"}
	case "rotation":
		return texts(credential.RotationNone, credential.RotationNewOldValid, credential.RotationServerDecides, credential.RotationSingleUse,
			credential.RotationSingleUseGrace, credential.RotationUntilSuccessorUsed, credential.RotationAppSetting)
	case "on_reuse":
		return texts(credential.ReuseReject, credential.ReuseRevokeFamily, credential.ReuseRevokeClientUser)
	}
	return nil
}

// What members of facts may be.
func limitUnits() []string {
	return texts(unitCount, oauth.ResetSeconds, oauth.ResetEpochSeconds, oauth.ResetEpochMillis, oauth.ResetTime)
}

func connectionSources() []string { return []string{"response", "callback"} }
func expiryMeanings() []string    { return []string{meansIdle, meansAbsolute} }
func loopbacks() []string         { return []string{"allowed", "port_ignored", "refused"} }
func registrations() []string     { return []string{"none", "rfc7591", "vendor"} }

func classes() []string {
	return texts(oauth.TooEarly, oauth.RateLimited, oauth.BadClient, oauth.Reauthorize, oauth.ReuseDetected, oauth.Configuration, oauth.OutcomeUnknown)
}

func texts[T ~string](values ...T) []string {
	var all []string
	for _, v := range values {
		all = append(all, string(v))
	}
	return all
}

// oneOf lists what is allowed for people. What they would not see stands in quotes.
func oneOf(values []string) string {
	shown := slices.Clone(values)
	for i, v := range shown {
		if strings.ContainsAny(v, " ,") {
			shown[i] = fmt.Sprintf("%q", v)
		}
	}
	return "one of " + strings.Join(shown, ", ")
}

func durationBounds() string {
	return fmt.Sprintf("from %s to %s", minDuration, credential.ShortDuration(maxDuration))
}

func rateBounds(fact string) string {
	return fmt.Sprintf("limit from %d to %d, window from %s to %s", minLimit(fact), maxLimit,
		credential.ShortDuration(minWindow), credential.ShortDuration(maxWindow))
}
