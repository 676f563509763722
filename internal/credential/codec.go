package credential

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// The wire types spell secrets out, because a secret.String redacts itself in JSON. They exist only between here and
// the sealing.

type wireRecord struct {
	Format        int             `json:"format"`
	Kind          string          `json:"kind"`
	Family        string          `json:"family,omitempty"`
	Generation    int64           `json:"generation,omitempty"`
	Status        Status          `json:"status"`
	Client        *wireClient     `json:"client,omitempty"`
	Refresh       *wireRefresh    `json:"refresh,omitempty"`
	Tokens        *wireTokens     `json:"tokens,omitempty"`
	AuthorizedAt  *time.Time      `json:"authorized_at,omitempty"`
	LastRotatedAt *time.Time      `json:"last_rotated_at,omitempty"`
	NotBefore     *time.Time      `json:"not_before,omitempty"`
	LookUpAfter   *time.Time      `json:"look_up_after,omitempty"`
	LookUps       string          `json:"look_ups,omitempty"`
	Calls         []int64         `json:"token_calls,omitempty"` // seconds since the epoch
	LastAttempt   string          `json:"last_attempt,omitempty"`
	Input         string          `json:"input,omitempty"`
	Claim         *wireClaim      `json:"claim,omitempty"`
	Unknown       *wireUnknown    `json:"unknown,omitempty"`
	Attachment    *wireAttachment `json:"attachment,omitempty"`
	Pending       []wirePending   `json:"pending,omitempty"`
	Device        *wireDevice     `json:"device,omitempty"`
	Consumed      []string        `json:"consumed,omitempty"`
	Inputs        []string        `json:"consumed_inputs,omitempty"`
	History       []wireEvent     `json:"history,omitempty"`
	DeletedAt     *time.Time      `json:"deleted_at,omitempty"`
	MovedTo       *wireMovedTo    `json:"moved_to,omitempty"`
	Aside         []wireRecord    `json:"aside,omitempty"`

	ClientCredentials *wireGrant `json:"client_credentials,omitempty"` // of former versions, which knew no other
	Grant             *wireGrant `json:"grant,omitempty"`
	Resource          []string   `json:"resource,omitempty"`
	Source            string     `json:"source,omitempty"`

	// Of an app registration.
	RedirectURIs []string     `json:"redirect_uris,omitempty"`
	Dynamic      *wireDynamic `json:"dynamic,omitempty"`

	Rest *Rest `json:"-"`
}

type wireRefresh struct {
	Strategy     Strategy      `json:"strategy,omitempty"`
	BeforeExpiry time.Duration `json:"before_expiry,omitempty"`
	Earliest     time.Duration `json:"earliest,omitempty"`
	ProbeURL     string        `json:"probe_url,omitempty"`

	Rest *Rest `json:"-"`
}

type wireClaim struct {
	Attempt   string        `json:"attempt"`
	Owner     string        `json:"owner,omitempty"`
	Purpose   Purpose       `json:"purpose"`
	Base      int64         `json:"base"`
	TTL       time.Duration `json:"ttl"`
	ClaimedAt time.Time     `json:"claimed_at"`
	Held      bool          `json:"held,omitempty"`
	Timed     bool          `json:"timed,omitempty"`
	Apart     bool          `json:"apart,omitempty"`
	Resend    bool          `json:"resend,omitempty"`
	Peer      string        `json:"peer,omitempty"`
	PeerID    string        `json:"peer_id,omitempty"`
	Parked    bool          `json:"parked,omitempty"`

	Rest *Rest `json:"-"`
}

type wireMovedTo struct {
	StoreID  string `json:"store_id,omitempty"`
	Location string `json:"location"`

	Rest *Rest `json:"-"`
}

type wireUnknown struct {
	Attempt    string        `json:"attempt"`
	Host       string        `json:"host,omitempty"`
	Apart      bool          `json:"apart,omitempty"`
	Timed      bool          `json:"timed,omitempty"`
	ClaimedAt  time.Time     `json:"claimed_at"`
	TTL        time.Duration `json:"ttl"`
	TakenOver  bool          `json:"taken_over,omitempty"`
	Resends    int           `json:"resends,omitempty"`
	RejectedAt *time.Time    `json:"rejected_at,omitempty"`
	Behind     bool          `json:"behind,omitempty"`

	Rest *Rest `json:"-"`
}

type wireAttachment struct {
	ID       string `json:"id"`
	Attached bool   `json:"attached,omitempty"`

	Rest *Rest `json:"-"`
}

type wirePending struct {
	State       string     `json:"state"`
	Verifier    string     `json:"code_verifier,omitempty"`
	ProofKey    string     `json:"proof_key,omitempty"`
	RedirectURI string     `json:"redirect_uri,omitempty"`
	URL         string     `json:"authorization_url,omitempty"`
	Inputs      string     `json:"inputs,omitempty"`
	CreatedAt   time.Time  `json:"created_at"`
	ExpiresAt   *time.Time `json:"expires_at,omitempty"`

	Rest *Rest `json:"-"`
}

type wireEvent struct {
	At         time.Time `json:"at"`
	Host       string    `json:"host,omitempty"`
	Attempt    string    `json:"attempt,omitempty"`
	Generation int64     `json:"generation,omitempty"`
	Verdict    string    `json:"verdict"`

	Rest *Rest `json:"-"`
}

// kind is that of the record of r.
func (r Record) kind() string {
	if r.Shared {
		return kindClientToken
	}
	return kindPair
}

// EncodeRecord returns the record as JSON with its secrets spelt out: for the sealing store, for a rescue file and for
// Terraform's private state only. A record that DecodeRecord would refuse is an error.
func EncodeRecord(r Record) ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	return encodeWhole(encodeRecord(r))
}

func encodeRecord(r Record) wireRecord {
	w := wireRecord{
		Format: recordFormat, Kind: r.kind(), Family: r.Family, Generation: r.Generation, Status: r.Status,
		AuthorizedAt: optional(r.AuthorizedAt), LastRotatedAt: optional(r.LastRotatedAt), NotBefore: optional(r.NotBefore),
		LookUpAfter: optional(r.LookUpAfter), LookUps: r.LookUps, LastAttempt: r.LastAttempt, Input: r.Input,
		Claim: (*wireClaim)(r.Claim), DeletedAt: optional(r.DeletedAt), Rest: r.Rest,
	}
	if !r.IsTombstone() {
		w.Client, w.Tokens = encodeClient(r.keptClient()), encodeTokens(r.Tokens)
		w.Refresh = (*wireRefresh)(&r.Refresh)
		w.ClientCredentials, w.Grant = encodeGrant(r.keptGrant())
		w.Resource, w.Source = r.Resource, r.Source
	}
	if u := r.Unknown; u != nil {
		w.Unknown = &wireUnknown{
			Attempt: u.Attempt, Host: u.Host, Apart: u.Apart, Timed: u.Timed, ClaimedAt: u.ClaimedAt, TTL: u.TTL,
			TakenOver: u.TakenOver, Resends: u.Resends,
			RejectedAt: optional(u.RejectedAt), Behind: u.Behind, Rest: u.Rest,
		}
	}
	if r.Registered != nil {
		w.Kind, w.RedirectURIs, w.Dynamic = kindRegistration, r.Registered.RedirectURIs, encodeDynamic(r.Registered.Dynamic)
	}
	if r.IsMoved() {
		w.MovedTo = (*wireMovedTo)(&r.MovedTo)
	}
	if r.Attachment != (Attachment{}) {
		w.Attachment = (*wireAttachment)(&r.Attachment)
	}
	for _, at := range r.Calls {
		w.Calls = append(w.Calls, at.Unix())
	}
	for _, p := range r.Pending {
		w.Pending = append(w.Pending, wirePending{
			State: p.State, Verifier: p.Verifier.Reveal(), RedirectURI: p.RedirectURI, URL: p.URL, Inputs: p.Inputs, CreatedAt: p.CreatedAt,
			ExpiresAt: optional(p.ExpiresAt), ProofKey: p.ProofKey.Reveal(), Rest: p.Rest,
		})
	}
	w.Device = encodeDevice(r.Device)
	for _, c := range r.Consumed {
		if c.Input {
			w.Inputs = append(w.Inputs, c.SHA256)
		} else {
			w.Consumed = append(w.Consumed, c.SHA256)
		}
	}
	for _, e := range r.History {
		w.History = append(w.History, wireEvent(e))
	}
	for _, h := range r.Aside {
		w.Aside = append(w.Aside, encodeRecord(h))
	}
	return w
}

// DecodeRecord reads what EncodeRecord wrote of a token pair. Its errors never quote the text.
func DecodeRecord(text []byte) (Record, error) { return decodeKind(text, kindPair) }

func decodeKind(text []byte, kind string) (Record, error) {
	var w wireRecord
	kinds := []string{kind}
	if kind == kindPair {
		kinds = append(kinds, kindClientToken)
	}
	if err := decodeAs(text, &w, kinds...); err != nil {
		return Record{}, err
	}
	r := decodeRecord(w)
	r.Shared = w.Kind == kindClientToken
	return r, r.check()
}

func decodeRecord(w wireRecord) Record {
	r := Record{
		Family: w.Family, Generation: w.Generation, Status: w.Status, AuthorizedAt: value(w.AuthorizedAt), LastRotatedAt: value(w.LastRotatedAt),
		NotBefore: value(w.NotBefore), LookUpAfter: value(w.LookUpAfter), LookUps: w.LookUps, LastAttempt: w.LastAttempt, Input: w.Input,
		Claim: (*Claim)(w.Claim), DeletedAt: value(w.DeletedAt), Rest: w.Rest,
		Client: decodeClient(w.Client), Tokens: decodeTokens(w.Tokens),
		Grant: decodeGrant(cmp.Or(w.Grant, w.ClientCredentials)), Resource: w.Resource, Source: w.Source,
	}
	if w.Kind == kindRegistration {
		r.Registered = &Registered{RedirectURIs: w.RedirectURIs, Dynamic: decodeDynamic(w.Dynamic)}
		r.Status = cmp.Or(r.Status, StatusActive) // once it was not written
	}
	if w.Refresh != nil {
		r.Refresh = RefreshSettings(*w.Refresh)
	}
	if u := w.Unknown; u != nil {
		r.Unknown = &Unknown{
			Attempt: u.Attempt, Host: u.Host, Apart: u.Apart, Timed: u.Timed, ClaimedAt: u.ClaimedAt, TTL: u.TTL,
			TakenOver: u.TakenOver, Resends: u.Resends,
			RejectedAt: value(u.RejectedAt), Behind: u.Behind, Rest: u.Rest,
		}
	}
	if w.MovedTo != nil {
		r.MovedTo = MovedTo(*w.MovedTo)
	}
	if w.Attachment != nil {
		r.Attachment = Attachment(*w.Attachment)
	}
	for _, at := range w.Calls {
		r.Calls = append(r.Calls, time.Unix(at, 0).UTC())
	}
	for _, p := range w.Pending {
		r.Pending = append(r.Pending, Pending{
			State: p.State, Verifier: secret.New(p.Verifier), RedirectURI: p.RedirectURI, URL: p.URL, Inputs: p.Inputs, CreatedAt: p.CreatedAt,
			ExpiresAt: value(p.ExpiresAt), ProofKey: secret.New(p.ProofKey), Rest: p.Rest,
		})
	}
	r.Device = decodeDevice(w.Device)
	for _, sum := range w.Inputs {
		r.Consumed = append(r.Consumed, Consumed{SHA256: sum, Input: true})
	}
	for _, sum := range w.Consumed {
		r.Consumed = append(r.Consumed, Consumed{SHA256: sum})
	}
	for _, e := range w.History {
		r.History = append(r.History, Event(e))
	}
	for _, h := range w.Aside {
		r.Aside = append(r.Aside, decodeRecord(h))
	}
	return r
}

// check refuses a record that no version could have written; acting on one might spend a token.
func (r Record) check() error {
	switch r.Status {
	case StatusAuthorizationRequired, StatusActive, StatusOutcomeUnknown, StatusRevoked, StatusUnregistered:
	default:
		return errors.New("the record has no valid status")
	}
	switch {
	case r.Generation < 0:
		return errors.New("the record has a negative generation")
	case r.Generation > 0 && r.Family == "":
		return errors.New("the record has a generation without a family")
	case r.Claim != nil && (r.Claim.Attempt == "" || r.Claim.TTL <= 0):
		return errors.New("the record has an incomplete claim")
	case r.Status == StatusOutcomeUnknown && r.Unknown == nil:
		return errors.New("the record has an unknown outcome without its attempt")
	}
	for _, h := range r.Aside {
		if err := h.check(); err != nil {
			return fmt.Errorf("set aside: %w", err)
		}
	}
	return nil
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	u := t.Round(0).UTC()
	return &u
}

func value(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
