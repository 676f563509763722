package credential

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Registered is what the record of an app registration has besides its client.
type Registered struct {
	RedirectURIs []string // as configured, of a client that was made elsewhere
	Dynamic      *Dynamic // the client is, or is to be, registered by this program. nil: it was made elsewhere
}

// Dynamic is a client that was registered by RFC 7591. Its id and secret are those of the record's client.
type Dynamic struct {
	Endpoint        string        // where it was registered
	URI             string        // registration_client_uri; empty: the server offers no management (RFC 7592)
	Token           secret.String // registration_access_token; likewise
	IssuedAt        time.Time     // client_id_issued_at; zero: not known
	SecretExpiresAt time.Time     // client_secret_expires_at; zero: never, or not known

	// Client metadata, JSON by name: as they were sent last, what the server answered to that, and what it says now. The server
	// may replace what it is sent (RFC 7591 §3.2.1); only what has changed since its answer has drifted.
	Wanted, Answered, Current map[string]secret.String

	// Untold are metadata that the last update has sent again because the server did not tell them. If the next read does not
	// either, the server has them, and leaves them out of its answers to reads.
	Untold []string

	Refused *Refused // the last call of the management was refused

	Rest *Rest
}

// Refused says that the server does not take the registration access token, or does not know the client.
type Refused struct {
	At     time.Time
	Status int
	Code   string
	// Lost: a reply was lost before, which may have brought the successor of the token that was refused.
	Lost bool

	Rest *Rest
}

// IsManageable tells whether the registration can be read, updated and deleted. An address that is none counts as absent.
func (d *Dynamic) IsManageable() bool {
	return d != nil && !d.Token.IsEmpty() && oauth.CheckEndpoint(d.URI, true) == nil
}

// moves tells whether the server's word about where the registration is managed is to be taken: not if that is no address, or
// gives up https.
func (d *Dynamic) moves(uri string) bool {
	return oauth.CheckEndpoint(uri, true) == nil && (oauth.CheckEndpoint(d.URI, true) != nil ||
		strings.HasPrefix(uri, "https:") || !strings.HasPrefix(d.URI, "https:"))
}

// Drifted lists the metadata that have changed at the server since it answered to what was sent, sorted.
func (d *Dynamic) Drifted() []string {
	var names []string
	for name, wanted := range d.Wanted {
		now := d.Current[name]
		if name == "software_statement" && now.IsEmpty() {
			continue // it has done its work, and some servers say it once at most
		}
		if d.Current != nil && !oauth.SameMetadata(name, now, wanted) && !oauth.SameMetadata(name, now, d.Answered[name]) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// untold lists the metadata that were sent before, and that the server does not tell, sorted.
func (d *Dynamic) untold(wanted map[string]secret.String) []string {
	var names []string
	for name := range wanted {
		if before := d.Wanted[name]; d.Current != nil && !before.IsEmpty() && oauth.SameMetadata(name, d.Current[name], secret.String{}) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// believe ends the drift of what the server has just been sent and does not tell.
func (d *Dynamic) believe() {
	for _, name := range d.Untold {
		if oauth.SameMetadata(name, d.Current[name], secret.String{}) {
			delete(d.Answered, name)
		}
	}
	d.Untold = nil
}

// Replaced lists the metadata that the server has replaced by others when it was sent them, sorted.
func (d *Dynamic) Replaced() []string {
	var names []string
	for name, wanted := range d.Wanted {
		if d.Answered != nil && !oauth.SameMetadata(name, d.Answered[name], wanted) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Changes lists the metadata that are wanted otherwise than they were sent last, sorted.
func (d *Dynamic) Changes(metadata map[string]secret.String) []string {
	var changed []string
	for _, names := range []map[string]secret.String{d.Wanted, metadata} {
		for name := range names {
			if !oauth.SameMetadata(name, d.Wanted[name], metadata[name]) && !slices.Contains(changed, name) {
				changed = append(changed, name)
			}
		}
	}
	slices.Sort(changed)
	return changed
}

// update is the whole of the metadata for an update: those that the server has, but for what is not wanted any more, with
// what is wanted over them (RFC 7592 §2.2). A secret that has expired is left out: it must match the one in use.
func (d *Dynamic) update(c Client, wanted map[string]secret.String, now time.Time) map[string]secret.String {
	all := map[string]secret.String{}
	maps.Copy(all, d.Current)
	for name := range d.Wanted {
		delete(all, name)
	}
	maps.Copy(all, wanted)
	all["client_id"] = secret.New(oauth.JSONText(c.ClientID))
	if !c.ClientSecret.IsEmpty() && !d.secretExpired(now) {
		all["client_secret"] = secret.New(oauth.JSONText(c.ClientSecret.Reveal()))
	}
	return all
}

func (d *Dynamic) secretExpired(now time.Time) bool {
	return !d.SecretExpiresAt.IsZero() && !now.Before(d.SecretExpiresAt)
}

// manages tells whether a call of that purpose is about the registration of a client.
func (p Purpose) manages() bool {
	return p == PurposeRegister || p == PurposeRead || p == PurposeUpdate || p == PurposeDelete
}

// bringsReply tells whether the reply to a call of that purpose may hold what must not be lost.
func (p Purpose) bringsReply() bool {
	return p == PurposeRefresh || p == PurposeExchange || p == PurposeDevice || p.manages()
}

func (r *Registered) clone() *Registered {
	if r == nil {
		return nil
	}
	next := Registered{RedirectURIs: slices.Clone(r.RedirectURIs)}
	if r.Dynamic != nil {
		d := *r.Dynamic
		d.Wanted, d.Answered, d.Current = maps.Clone(d.Wanted), maps.Clone(d.Answered), maps.Clone(d.Current)
		d.Untold = slices.Clone(d.Untold)
		if d.Refused != nil {
			refused := *d.Refused
			d.Refused = &refused
		}
		next.Dynamic = &d
	}
	return &next
}

func (r *Registered) tombstone() *Registered {
	if r == nil {
		return nil
	}
	return &Registered{}
}

type wireDynamic struct {
	Endpoint        string            `json:"registration_endpoint,omitempty"`
	URI             string            `json:"registration_client_uri,omitempty"`
	Token           string            `json:"registration_access_token,omitempty"`
	IssuedAt        *time.Time        `json:"client_id_issued_at,omitempty"`
	SecretExpiresAt *time.Time        `json:"client_secret_expires_at,omitempty"`
	Wanted          map[string]string `json:"wanted"`
	Answered        map[string]string `json:"answered"`
	Current         map[string]string `json:"current"`
	Untold          []string          `json:"untold,omitempty"`
	Refused         *wireRefused      `json:"refused,omitempty"`

	Rest *Rest `json:"-"`
}

type wireRefused struct {
	At     time.Time `json:"at"`
	Status int       `json:"status"`
	Code   string    `json:"code,omitempty"`
	Lost   bool      `json:"lost,omitempty"`

	Rest *Rest `json:"-"`
}

func encodeDynamic(d *Dynamic) *wireDynamic {
	if d == nil {
		return nil
	}
	return &wireDynamic{
		Endpoint: d.Endpoint, URI: d.URI, Token: d.Token.Reveal(), IssuedAt: optional(d.IssuedAt), SecretExpiresAt: optional(d.SecretExpiresAt),
		Wanted: revealed(d.Wanted), Answered: revealed(d.Answered), Current: revealed(d.Current), Untold: d.Untold,
		Refused: (*wireRefused)(d.Refused), Rest: d.Rest,
	}
}

func decodeDynamic(w *wireDynamic) *Dynamic {
	if w == nil {
		return nil
	}
	return &Dynamic{
		Endpoint: w.Endpoint, URI: w.URI, Token: secret.New(w.Token), IssuedAt: value(w.IssuedAt), SecretExpiresAt: value(w.SecretExpiresAt),
		Wanted: wrapped(w.Wanted), Answered: wrapped(w.Answered), Current: wrapped(w.Current), Untold: w.Untold,
		Refused: (*Refused)(w.Refused), Rest: w.Rest,
	}
}
