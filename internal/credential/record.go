package credential

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Status is what a person is told about a credential.
type Status string

// The statuses.
const (
	StatusAuthorizationRequired Status = "authorization_required" // a person must authorize
	StatusActive                Status = "active"
	StatusOutcomeUnknown        Status = "outcome_unknown" // a refresh was sent (or may have been) and its reply never came
	StatusRevoked               Status = "revoked"         // on purpose: by Revoke, or with the record (a tombstone)
	StatusUnregistered          Status = "unregistered"    // of an app registration: the server has given no client yet
)

// Ended tells whether there is nothing to refresh with: somebody has to authorize, or an apply to ask by the grant again.
func (s Status) Ended() bool { return s == StatusAuthorizationRequired || s == StatusRevoked }

// Record is one credential as the store keeps it.
//
// A generation counts the rotations within a family; a family is one authorization. Generations of different families
// are never compared.
type Record struct {
	Family     string // random; empty while nothing was ever authorized
	Generation int64  // 0 while there are no tokens; 1 with the first ones
	Status     Status

	Client  Client // as configured: nothing of it is resolved
	Refresh RefreshSettings
	// Grant: the client asks for the tokens by itself. nil: they come from an authorization.
	Grant    *Grant
	Resource []string // where the tokens of an authorization are for (RFC 8707); each refresh says so
	Source   string   // the grant by its name in the configuration, for people; empty: not known

	// Shared: everybody who asks with the same client for the same has this token. Client and Grant are those of whoever asked
	// last; their secrets are not kept.
	Shared bool
	// Registered: this is an app registration. nil: it is a token pair.
	Registered *Registered

	Tokens        Tokens
	AuthorizedAt  time.Time   // when the family began; zero: not known, as for tokens obtained elsewhere
	LastRotatedAt time.Time   // zero: never
	NotBefore     time.Time   // the server said "too early" or "too many": nothing is sent before this
	Calls         []time.Time // of the token endpoint, oldest first, to the second; noted only where CallLimit bounds them
	LookUpAfter   time.Time   // a look-up was refused: LookUps are not made before this
	LookUps       string      // the hash of those that were refused
	LastAttempt   string      // the attempt whose commit made this generation
	Input         string      // hash of the token that a configuration brought for this family; empty: none

	Claim   *Claim
	Unknown *Unknown

	// Aside is what was held before, oldest first: for other client_ids, with which it returns, and for this one until
	// the tokens that a configuration brought instead have proved good.
	Aside []Record

	Attachment Attachment
	Pending    []Pending // newest last, at most maxPending
	Device     *Device   // nil: none was ever offered
	Consumed   []Consumed
	History    []Event

	DeletedAt time.Time // not zero: a tombstone without secrets
	MovedTo   MovedTo   // of a tombstone: who has the credential now; zero: nobody

	Rest *Rest
}

// MovedTo is the store that a credential has been moved to.
type MovedTo struct {
	StoreID  string
	Location string // its URL without user, password and query

	Rest *Rest
}

// Tokens are what a token endpoint returned, or what a person brought along.
type Tokens struct {
	Access, Refresh, ID   secret.String
	Type                  string
	Scopes                []string
	IssuedAt              time.Time
	ExpiresAt             time.Time     // zero: not known
	Lifetime              time.Duration // from IssuedAt on, where ExpiresAt is not known; 0: AssumedLifetime; or Endless
	RefreshTokenExpiresAt time.Time     // unless it is used, as the server says; zero: not known
	AuthorizationEndsAt   time.Time     // in all, as the server says; zero: not known
	RefreshIssuedAt       time.Time     // of one that came without an access token; zero: with it
	Extra                 map[string]secret.String
	// Connection is what API calls need besides the token and is no secret: addresses and ids that the platform names.
	Connection map[string]string
	LookedUp   map[string]string // what of it was looked up, by name: the hash of the look-up that found it
	ProofKey   secret.String     // that they are bound to, or will be with the next refresh (RFC 9449): a JWK; empty: none
	Proved     bool              // the access token came in answer to a proof with ProofKey
	ProofNonce string            // for the next proof at the token endpoint, as far as is known
	// DerivedFrom is the family of the token pair whose access token was exchanged for this one; empty: none was.
	DerivedFrom string

	Rest *Rest
}

// Expiry is when the access token is taken as dead: told, else assumed.
func (t Tokens) Expiry() time.Time {
	if !t.ExpiresAt.IsZero() || t.Access.IsEmpty() {
		return t.ExpiresAt
	}
	return t.IssuedAt.Add(cmp.Or(t.Lifetime, AssumedLifetime))
}

// endless tells whether the access token counts as one that does not expire.
func (t Tokens) endless() bool { return t.ExpiresAt.IsZero() && t.Lifetime == Endless }

// clockSlack is how far the clocks of two machines may be apart before a time that the other wrote is not believed.
const clockSlack = 5 * time.Minute

// Alive tells whether the access token still works margin after now.
func (t Tokens) Alive(now time.Time, margin time.Duration) bool {
	// Issued in the future: the clock of whoever refreshed was ahead, and so is the expiry that it wrote down.
	ahead := now.Before(t.IssuedAt.Add(-clockSlack))
	return !t.Access.IsEmpty() && !ahead && now.Add(margin).Before(t.Expiry())
}

// mayWork tells whether the server may still take the access token: it is not known to have expired.
func (t Tokens) mayWork(now time.Time) bool {
	return !t.Access.IsEmpty() && (t.ExpiresAt.IsZero() || now.Before(t.ExpiresAt))
}

// Purpose is what a claim is for.
type Purpose string

// The purposes of a claim.
const (
	PurposeRefresh  Purpose = "refresh"
	PurposeExchange Purpose = "exchange"
	PurposeDevice   Purpose = "device_code" // one poll for it
	PurposeRevoke   Purpose = "revoke"
	PurposeRegister Purpose = "register" // a client (RFC 7591)
	PurposeRead     Purpose = "read"     // its registration (RFC 7592)
	PurposeUpdate   Purpose = "update"   // likewise
	PurposeDelete   Purpose = "delete"   // likewise
	PurposeMove     Purpose = "move"     // to or from another store; it is never taken over, only finished or taken back
)

// Claim is the right to call the token endpoint for this record. It carries a TTL and no deadline: another machine's
// clock proves nothing.
type Claim struct {
	Attempt   string
	Owner     string // for people
	Purpose   Purpose
	Base      int64 // the generation it starts from
	TTL       time.Duration
	ClaimedAt time.Time // by the owner's clock: for people, and for rules that count from the claim
	Held      bool      // the owner keeps the store's lock, which its death frees
	Timed     bool      // ClaimedAt is by the store's clock
	Apart     bool      // it is by a clock that others need not share: no lock shows one machine, and the store has no clock
	Resend    bool      // sends again what an earlier attempt may have sent

	Peer   string // of a move: the location of the other store
	PeerID string // … and its id; empty: not known
	Parked bool   // of a move: this is the copy in the destination, of no use until the source has given up its own

	Rest *Rest
}

// Unknown is a refresh whose reply never came, kept until a commit or a definite refusal clears it.
type Unknown struct {
	Attempt    string
	Host       string // the claim's owner
	Timed      bool   // as in Claim
	Apart      bool   // likewise
	ClaimedAt  time.Time
	TTL        time.Duration
	TakenOver  bool      // the first holder did not say so itself, and may still bring the successor
	Resends    int       // how often the token was sent again, at a risk, since
	RejectedAt time.Time // the server refused the token after a takeover
	Behind     bool      // a state has seen the record's generation, and the store has lost its tokens: those here are older

	Rest *Rest
}

// Attachment ties a record to the one Terraform resource that manages it.
type Attachment struct {
	ID       string
	Attached bool // a Read has seen the ID in state: the apply that made it was kept

	Rest *Rest
}

// Pending is an authorization that was offered to a person and not used yet.
type Pending struct {
	State       string
	Verifier    secret.String // RFC 7636 code_verifier; empty: no PKCE
	ProofKey    secret.String // that the code, and the tokens, will be bound to (RFC 9449 §10): a JWK; empty: none
	RedirectURI string
	URL         string // what the person opens
	Inputs      string // hash of everything that shapes the URL
	CreatedAt   time.Time
	ExpiresAt   time.Time // of the URL, where the request was pushed (RFC 9126 §2.2); zero: it stays good. The state always does

	Rest *Rest
}

// Consumed is the hash of a code or refresh token that was sent, and must never be sent again as an input.
type Consumed struct {
	SHA256 string
	Input  bool // came from a configuration: such a hash is never dropped
}

const (
	maxPending = 3
	// maxConsumed bounds the hashes of rotated refresh tokens. A configuration holds a token that was copied at some
	// time; the bound covers more than a year of refreshing every two hours. Hashes of inputs are kept beyond it.
	maxConsumed = 4096
	// TombstoneFor is how long the hashes of a deleted credential are remembered.
	TombstoneFor = 90 * 24 * time.Hour
)

// IsTombstone tells whether the credential was deleted.
func (r Record) IsTombstone() bool { return !r.DeletedAt.IsZero() }

// Moving tells whether a move to or from another store was begun and not finished. Nothing else may change such a record.
func (r Record) Moving() bool { return r.Claim != nil && r.Claim.Purpose == PurposeMove }

// IsMoved tells whether another store has the credential now: MovedTo says which.
func (r Record) IsMoved() bool { return r.MovedTo != (MovedTo{}) }

// HasConsumed tells whether the secret was sent before. The refresh token in use now is not among those.
func (r Record) HasConsumed(s secret.String) bool {
	sum := s.SHA256()
	return slices.ContainsFunc(r.Consumed, func(c Consumed) bool { return c.SHA256 == sum })
}

// clone copies the record so deep that changing the copy leaves the original alone.
func (r Record) clone() Record {
	if r.Claim != nil {
		c := *r.Claim
		r.Claim = &c
	}
	if r.Unknown != nil {
		u := *r.Unknown
		r.Unknown = &u
	}
	r.Client.PlatformParameters = maps.Clone(r.Client.PlatformParameters)
	r.Tokens.Scopes = slices.Clone(r.Tokens.Scopes)
	r.Tokens.Extra, r.Tokens.Connection = maps.Clone(r.Tokens.Extra), maps.Clone(r.Tokens.Connection)
	r.Tokens.LookedUp = maps.Clone(r.Tokens.LookedUp)
	r.Grant = r.Grant.clone()
	r.Resource = slices.Clone(r.Resource)
	r.Device = r.Device.clone()
	r.Registered = r.Registered.clone()
	r.Calls = slices.Clone(r.Calls)
	r.Pending = slices.Clone(r.Pending)
	r.Consumed = slices.Clone(r.Consumed)
	r.History = slices.Clone(r.History)
	r.Aside = slices.Clone(r.Aside)
	for i := range r.Aside {
		r.Aside[i] = r.Aside[i].clone()
	}
	return r
}

// consume remembers a secret as sent. input marks it as one that a configuration brought.
func (r *Record) consume(s secret.String, input bool) {
	if s.IsEmpty() {
		return
	}
	sum := s.SHA256()
	input = input || sum == r.Input
	for i := range r.Consumed {
		if r.Consumed[i].SHA256 == sum {
			r.Consumed[i].Input = r.Consumed[i].Input || input
			return
		}
	}
	r.Consumed = append(r.Consumed, Consumed{SHA256: sum, Input: input})
	for i := 0; len(r.Consumed) > maxConsumed && i < len(r.Consumed); {
		if r.Consumed[i].Input {
			i++
			continue
		}
		r.Consumed = slices.Delete(r.Consumed, i, i+1)
	}
}

// consumeInput remembers the hash of a code as that of a used input.
func (r *Record) consumeInput(sum string) {
	if sum != "" && !slices.ContainsFunc(r.Consumed, func(c Consumed) bool { return c.SHA256 == sum }) {
		r.Consumed = append(r.Consumed, Consumed{SHA256: sum, Input: true})
	}
}

// remember marks what a configuration brought before as used. A token that is still the one in use is the input of this
// family.
func (r *Record) remember(inputs []secret.String) {
	for _, input := range inputs {
		if !input.IsEmpty() && (input.Equal(r.Tokens.Refresh) || input.Equal(r.Tokens.Access)) {
			r.Input = input.SHA256()
			continue
		}
		r.consume(input, true)
	}
}

// rememberSpent does so with the hashes that Spent has returned.
func (r *Record) rememberSpent(sums []string) {
	for _, sum := range sums {
		if sum != r.Input && sum != r.Tokens.Refresh.SHA256() && sum != r.Tokens.Access.SHA256() {
			r.consumeInput(sum)
		}
	}
}

// Spent are the hashes of the codes and tokens that configurations have brought and that are not in use any more.
func (r Record) Spent() []string {
	var sums []string
	for _, c := range r.Consumed {
		if c.Input {
			sums = append(sums, c.SHA256)
		}
	}
	return sums
}

// unconsume forgets a code that certainly was not sent, and a token that is in use again.
func (r *Record) unconsume(s secret.String) {
	sum := s.SHA256()
	r.Consumed = slices.DeleteFunc(r.Consumed, func(c Consumed) bool { return c.SHA256 == sum })
}

// tombstone returns what is left after a deletion: the hashes, no secret, and nothing of which nobody here knows whether it is one.
func (r Record) tombstone(at time.Time) Record {
	history := slices.Clone(r.History)
	for i := range history {
		history[i].Rest = nil
	}
	return Record{
		Registered: r.Registered.tombstone(),

		Family:     r.Family,
		Generation: r.Generation,
		Status:     StatusRevoked,
		Consumed:   slices.Clone(r.Consumed),
		History:    history,
		DeletedAt:  at,
	}
}

// StatusAt is the status at now: where no refresh token came, the end of the access token is that of the authorization.
func (r Record) StatusAt(now time.Time) Status {
	over := r.Generation > 0 && r.Tokens.Refresh.IsEmpty() && !r.Mints() && r.Refresh.Strategy != StrategyOnRejection
	if r.Status == StatusActive && over && !r.Tokens.Alive(now, 0) {
		return StatusAuthorizationRequired
	}
	return r.Status
}
