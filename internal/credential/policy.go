package credential

import "time"

// Rotation says what a refresh does to the refresh token that was sent.
type Rotation string

// The rotation classes. An empty or unknown one counts as RotationSingleUse: the safe reading.
const (
	RotationNone               Rotation = "none"                 // the refresh token stays the same
	RotationNewOldValid        Rotation = "new_old_valid"        // a new one is returned, the old one keeps working
	RotationServerDecides      Rotation = "server_decides"       // the value may or may not change; the old one keeps working
	RotationSingleUse          Rotation = "single_use"           // the old one dies with the first use
	RotationSingleUseGrace     Rotation = "single_use_grace"     // … but may be sent again for GracePeriod
	RotationUntilSuccessorUsed Rotation = "until_successor_used" // the old one lives until its successor is used
	RotationAppSetting         Rotation = "app_setting"          // chosen per app by its operator
	RotationUnknown            Rotation = "unknown"
)

// Reuse says what a server does when a spent refresh token comes again.
type Reuse string

// The reuse behaviours. An empty or unknown one counts as ReuseRevokeFamily.
const (
	ReuseReject           Reuse = "reject"             // a plain refusal
	ReuseRevokeFamily     Reuse = "revoke_family"      // every token of that authorization dies
	ReuseRevokeClientUser Reuse = "revoke_client_user" // every token of that client and user dies
	ReuseUnknown          Reuse = "unknown"
)

// Strategy says when a token pair is refreshed.
type Strategy string

// The strategies that this version knows.
const (
	StrategyBeforeExpiry Strategy = "before_expiry"
	StrategyOnRejection  Strategy = "on_rejection"
	StrategyEveryRead    Strategy = "every_read"
	StrategyAtApply      Strategy = "at_apply"
	StrategyNever        Strategy = "never"
)

// AssumedLifetime stands in for an access token's lifetime that the server did not tell (RFC 6749 §5.1 allows that).
const AssumedLifetime = time.Hour

// Endless stands for the lifetime of an access token that does not expire.
const Endless = 100 * 365 * 24 * time.Hour

// RefreshTokenPolicy is what is known of an authorization server's refresh tokens. Zero durations mean unknown.
type RefreshTokenPolicy struct {
	Rotation         Rotation
	OnReuse          Reuse
	GracePeriod      time.Duration
	IdleLifetime     time.Duration
	AbsoluteLifetime time.Duration
	ErrorBudget      ErrorBudget
	TokenCalls       CallLimit

	idlePresumed, absolutePresumed bool // these lifetimes are the preset's, and a server that tells others knows better
}

// SingleUse tells whether a spent refresh token must be taken as dead.
func (p RefreshTokenPolicy) SingleUse() bool {
	switch p.Rotation {
	case RotationNone, RotationNewOldValid, RotationServerDecides, RotationUntilSuccessorUsed:
		return false
	default:
		return true
	}
}

// RefreshSettings are the user's choice of when to refresh; they lie in the record, because data sources and other
// configurations that know only the name must act alike.
type RefreshSettings struct {
	Strategy     Strategy      // empty: StrategyBeforeExpiry
	BeforeExpiry time.Duration // 0: the provider's margin
	Earliest     time.Duration // no refresh before this long after issue; 0: none
	ProbeURL     string        // what StrategyOnRejection calls

	Rest *Rest
}

func (s RefreshSettings) same(other RefreshSettings) bool {
	s.Rest, other.Rest = nil, nil
	return s == other
}

// Asker is who wants a token. It decides what the strategies at_apply and every_read mean.
type Asker int

// The askers.
const (
	AskerRead     Asker = iota // the resource's Read: runs in plan too
	AskerApply                 // Create and Update of the resource
	AskerConsumer              // data source and ephemeral resource
)

// Policy is all that Decide needs to know besides the record: settings, semantics and who asks.
type Policy struct {
	Margin   time.Duration // the access token must live longer than this
	Strategy Strategy
	Earliest time.Duration
	Token    RefreshTokenPolicy
	Asker    Asker
	Observer observer // by whose clock
	Force    bool     // refresh even though the access token is good (every_read, once per process)
	Renew    bool     // likewise, and nothing else will do: a token that is still good is not served instead
	Probed   Probed   // what the API has said of the access token (on_rejection)
}

// mayRotate tells whether this asker may spend the refresh token under the strategy.
func (p Policy) mayRotate() bool {
	switch p.Strategy {
	case StrategyNever:
		return false
	case StrategyAtApply:
		return p.Asker == AskerApply
	default:
		return true
	}
}
