package platform

import "github.com/seed-55355b43/terraform-provider-oauth/internal/credential"

// Kind says what an entry is about.
type Kind string

// The kinds.
const (
	OAuth2      Kind = "oauth2"       // an authorization server of RFC 6749
	CustomGrant Kind = "custom_grant" // a token endpoint with a grant of its own
	NotOAuth    Kind = "not_oauth"    // out of scope; the notes say why
)

// Entry is one platform. Members are named as in the data; endpoints as in RFC 8414. Texts with {braces} are templates over
// the variables.
type Entry struct {
	ID           string            `json:"id"`
	Name         string            `json:"name"`
	Kind         Kind              `json:"kind"`
	KindEvidence Evidence          `json:"kind_evidence"` // of a kind other than oauth2, for which the endpoints speak
	Docs         []string          `json:"docs"`
	Sources      map[string]Source `json:"sources"`
	Variables    []Variable        `json:"variables,omitempty"`
	Notes        []string          `json:"notes,omitempty"` // for people; each a sentence or more

	Facts
}

// Facts are what is known of a platform. One that is absent is unknown.
type Facts struct {
	Issuer                             Fact[string] `json:"issuer"`
	AuthorizationEndpoint              Fact[string] `json:"authorization_endpoint"`
	TokenEndpoint                      Fact[string] `json:"token_endpoint"`
	RevocationEndpoint                 Fact[string] `json:"revocation_endpoint"`
	IntrospectionEndpoint              Fact[string] `json:"introspection_endpoint"`
	RegistrationEndpoint               Fact[string] `json:"registration_endpoint"`
	DeviceAuthorizationEndpoint        Fact[string] `json:"device_authorization_endpoint"`
	PushedAuthorizationRequestEndpoint Fact[string] `json:"pushed_authorization_request_endpoint"`
	UserinfoEndpoint                   Fact[string] `json:"userinfo_endpoint"`

	GrantTypes Fact[[]string] `json:"grant_types_supported"`

	// The first is the one to use.
	TokenEndpointAuthMethods     Fact[[]string] `json:"token_endpoint_auth_methods_supported"`
	RevocationEndpointAuthMethod Fact[string]   `json:"revocation_endpoint_auth_method"`
	ClientAssertionAudience      Fact[string]   `json:"client_assertion_audience"` // whom a signed assertion is made out to
	ClientSecretLifetime         Fact[Duration] `json:"client_secret_lifetime"`

	PKCE         Fact[PKCE]   `json:"pkce"`
	ResponseMode Fact[string] `json:"response_mode"`

	// Parameters that every request of that kind carries.
	AuthorizationParameters Fact[map[string]string] `json:"authorization_parameters"`
	TokenParameters         Fact[map[string]string] `json:"token_parameters"`   // code exchange
	RefreshParameters       Fact[map[string]string] `json:"refresh_parameters"` // refresh
	// Parameters of a client_credentials request that the user must give.
	ClientCredentialsParameters Fact[[]string] `json:"client_credentials_parameters"`

	DefaultScopes      Fact[[]string] `json:"default_scopes"`  // to ask for where the user names none
	RequiredScopes     Fact[[]string] `json:"required_scopes"` // without which there is no token pair
	ScopeSeparator     Fact[string]   `json:"scope_separator"`
	ScopesIgnored      Fact[bool]     `json:"scopes_ignored"`        // rights are set at the app; sending none is right
	SendScopeOnRefresh Fact[bool]     `json:"send_scope_on_refresh"` // false: it must not be sent

	RedirectURI  Fact[RedirectRules] `json:"redirect_uri"`
	CodeLifetime Fact[Duration]      `json:"code_lifetime"`

	AccessTokenLifetime Fact[Duration]       `json:"access_token_lifetime"`
	LifetimeSource      Fact[LifetimeSource] `json:"access_token_lifetime_source"`
	AccessTokenFormat   Fact[string]         `json:"access_token_format"` // opaque or jwt

	Rotation             Fact[credential.Rotation] `json:"rotation"`
	OnReuse              Fact[credential.Reuse]    `json:"on_reuse"`
	GracePeriod          Fact[Duration]            `json:"grace_period"`
	IdleLifetime         Fact[Duration]            `json:"idle_lifetime"`
	AbsoluteLifetime     Fact[Duration]            `json:"absolute_lifetime"`
	RefreshTokenExpiry   Fact[[]ExpiryMember]      `json:"refresh_token_expiry"`
	MaxLiveRefreshTokens Fact[MaxLive]             `json:"max_live_refresh_tokens"`

	EarliestRefresh Fact[Duration] `json:"earliest_refresh"` // after the issue; an earlier one is refused
	ErrorBudget     Fact[Rate]     `json:"error_budget"`     // refusals (4xx) that lock the client out
	TokenCalls      Fact[Rate]     `json:"token_calls"`      // calls of the token endpoint
	LimitHeaders    Fact[[]Header] `json:"limit_headers"`

	TokenPath  Fact[string]   `json:"token_path"` // the member of the reply that holds the tokens; none: its top level
	Connection Fact[[]Member] `json:"connection_details"`
	LookUps    Fact[[]LookUp] `json:"look_ups"`
	Errors     Fact[[]Rule]   `json:"errors"`

	AppRegistration Fact[AppRegistration] `json:"app_registration"`
}

// PKCE says whether a server takes part in RFC 7636.
type PKCE string

// What a server may do with PKCE. Unknown is none of them.
const (
	PKCEUnsupported PKCE = "unsupported"
	PKCEOptional    PKCE = "optional"
	PKCERequired    PKCE = "required"
	PKCEPerApp      PKCE = "per_app"
)

// LifetimeSource says where the lifetime of an access token is learnt.
type LifetimeSource string

// The sources of a lifetime.
const (
	FromReply         LifetimeSource = "response"      // expires_in
	FromIntrospection LifetimeSource = "introspection" // RFC 7662
	Assumed           LifetimeSource = "assumed"       // access_token_lifetime, since nothing tells
)

// RedirectRules are what a platform asks of redirection URIs. A null member is unknown.
type RedirectRules struct {
	HTTPS    *bool  `json:"https_required,omitempty"`
	Exact    *bool  `json:"exact_match,omitempty"`
	Loopback string `json:"loopback,omitempty"` // allowed, port_ignored or refused
	Max      int    `json:"max_count,omitempty"`
}

// ExpiryMember is a member of a reply that says for how many seconds a refresh token lives.
type ExpiryMember struct {
	Name    string `json:"name"`
	Meaning string `json:"meaning"` // idle (unless it is used) or absolute (its successors too)
}

// MaxLive is how many refresh tokens live side by side. What comes on top ends the oldest.
type MaxLive struct {
	Count int    `json:"count"`
	Per   string `json:"per"` // for people: whom the count is for
}

// Rate is so many within a window.
type Rate struct {
	Limit  int      `json:"limit"`
	Window Duration `json:"window"`
	Per    string   `json:"per,omitempty"` // for people: whom the count is for
}

// Header is one that tells of a limit.
type Header struct {
	Name string `json:"name"`
	Unit string `json:"unit"` // unitCount, or one of oauth's for when the limit ends
}

// unitCount is the unit of a header that counts calls.
const unitCount = "count"

// Member is one entry of a token pair's connection: a member of the token reply, or a parameter of the callback.
type Member struct {
	Name string `json:"name"`
	From string `json:"from"` // response or callback
}

// LookUp is a call after an authorization, whose answer names what API calls need.
type LookUp struct {
	Name string `json:"name"` // in the connection
	URL  string `json:"url"`  // the access token goes into the Authorization header, or for {access_token}
	Pick string `json:"pick"` // path of the value, such as $[0].id
}

// Rule judges an answer of the token endpoint that brought no token. What it does not name may be anything. The first rule
// that fits decides.
type Rule struct {
	Status      []int  `json:"status,omitempty"`
	Member      string `json:"member,omitempty"`            // the member that says the code; empty: error
	Code        string `json:"error,omitempty"`             // what it says
	Description string `json:"error_description,omitempty"` // a regular expression found in error_description
	Header      string `json:"header,omitempty"`            // the name of a header that must be there
	HeaderValue string `json:"header_value,omitempty"`      // a regular expression found in it
	Class       string `json:"class"`                       // one of oauth's classes
	Wait        string `json:"wait,omitempty"`              // of too_early and rate_limited, where the server names no time

	Confidence Confidence `json:"confidence,omitempty"` // of this rule, where it is not that of the list
}

// AppRegistration says how a client comes to be.
type AppRegistration struct {
	API    string `json:"api"` // none, rfc7591 or vendor
	Portal string `json:"portal,omitempty"`
}
