package credential

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

const (
	kindClientToken = "client_token"

	// sharedFor is how long the record of a client token is kept beyond the end of its token. The calls that it counts are of
	// the last day.
	sharedFor = 7 * 24 * time.Hour
	// sweepMost is how many old records are looked at when a new one is made. As long as one in five is still of use, a store
	// does not grow by those that are not.
	sweepMost = 5
	// refusalFor is how long a process takes a refusal for the answer to the same request.
	refusalFor = 5 * time.Minute
	// stretching makes it dear to guess what a key was made from, where that may be a person's password.
	stretching = 100_000
)

// source is what a client token comes from. Who asks brings it along: the record of the token keeps no secret but the token.
type source struct {
	key    string
	client Client // as configured, with its preset
	grant  *Grant
}

// over returns a record as s sees it. What a later version has put into the record stays in it.
func (s *source) over(r Record) Record {
	if s == nil || !r.Shared {
		return r
	}
	client, grant := s.client, s.grant
	client.Rest = r.Client.Rest
	if r.Grant != nil {
		grant = grant.withRest(r.Grant)
	}
	r.Client, r.Grant = client, grant
	return r
}

// ClientToken returns an access token that the client of s gets for itself, for all who ask with the same client for the same:
// within the process and, through the store, beyond it. Nothing but that token is kept; Token does the rest. Its error is
// an *Error, or the context's.
func (m *Manager) ClientToken(ctx context.Context, s Setup, ask Ask) (Result, error) {
	if s.Grant == nil {
		return Result{}, errors.New("a client token needs a grant")
	}
	// What cannot be asked for leaves nothing in the store.
	client := m.known(s.Client)
	wanted := Record{Status: StatusActive, Client: client, Grant: s.Grant, Shared: true}
	resolved, err := m.Resolve(ctx, client)
	if err == nil {
		err = s.Grant.check(resolved)
	}
	if err != nil {
		return Result{}, speakingOf(configurationError(err, wanted), wanted)
	}
	src, err := m.sourceOf(client, resolved, s.Grant)
	if err != nil {
		return Result{}, speakingOf(storeError("asking for a client token", err), wanted)
	}
	ask.source = src
	for tries := 0; ; tries++ {
		res, err := m.tokenOf(ctx, src.key, ask)
		if !IsKind(err, KindNotFound) || tries == maxLooks { // else it is asked for the first time, or was swept meanwhile
			return res, speakingOf(err, wanted)
		}
		if err := m.begin(ctx, src); err != nil {
			return res, speakingOf(err, wanted)
		}
	}
}

// speakingOf returns err with the record that it speaks of.
func speakingOf(err error, r Record) error {
	var e *Error
	if !errors.As(err, &e) || e.Record.Status != "" || e.Record.Client.ClientID != "" {
		return err
	}
	told := *e
	told.Record = r
	return &told
}

// begin makes the record of a token that was never asked for, and sweeps a few that nobody will ask for again.
func (m *Manager) begin(ctx context.Context, s *source) error {
	family, err := m.newID()
	if err != nil {
		return storeError("writing the token store", err)
	}
	r := Record{Family: family, Status: StatusActive, Client: s.client, Grant: s.grant, Shared: true}
	r.note(m.event("", 0, "asked for the first time"))
	err = m.insist(ctx, aFew, func() error {
		err := m.write(ctx, s.key, "", r)
		if errors.Is(err, store.ErrConflict) {
			return decided{err} // somebody else has just made it
		}
		return err
	})
	var d decided
	if err != nil && !errors.As(err, &d) {
		return writeError(ctx, err)
	}
	m.sweep(ctx)
	return nil
}

// sweep deletes records of client tokens that ended long ago: at most sweepMost, from a place by chance, so that all get their
// turn. Whatever goes wrong is tried again by the next one.
func (m *Manager) sweep(ctx context.Context) {
	keys, err := m.keys(ctx, kindClientToken)
	if err != nil || len(keys) == 0 {
		return
	}
	var b [2]byte
	if _, err := io.ReadFull(m.random, b[:]); err != nil {
		return
	}
	first := (int(b[0])<<8 | int(b[1])) % len(keys)
	for i := range min(sweepMost, len(keys)) {
		key := keys[(first+i)%len(keys)]
		snap, err := m.stored(ctx, key)
		if err != nil || !snap.record.outlived(m.Now()) {
			continue
		}
		if err := m.remove(ctx, key, snap.revision); err != nil {
			m.log.Debug("could not delete the record of an old client token", "key", key, "error", err)
			continue
		}
		m.log.Info("deleted the record of an old client token", "key", key)
	}
}

// outlived tells whether nobody will have use for the record any more.
func (r Record) outlived(now time.Time) bool {
	last := latest(r.Tokens.Expiry(), r.NotBefore)
	if r.Claim != nil {
		last = latest(last, r.Claim.ClaimedAt)
	}
	if n := len(r.History); n > 0 {
		last = latest(last, r.History[n-1].At)
	}
	return r.Shared && now.After(last.Add(sharedFor))
}

// keptClient is what a record keeps of a client: of a shared one no secret, since whoever asks brings his own.
func (r Record) keptClient() Client {
	c := r.Client
	if r.Shared {
		c.ClientSecret, c.PrivateKey, c.TLSClientPrivateKey = secret.String{}, secret.String{}, secret.String{}
	}
	return c
}

func (r Record) keptGrant() *Grant {
	g := r.Grant.clone()
	if r.Shared && g != nil {
		g.Secrets = nil
		if g.Assertion != nil {
			g.Assertion.PrivateKey = secret.String{}
		}
	}
	return g
}

// identity is all that a client token is made from. The client's own secret is not among it: a token that is good stays so
// under another, and whoever asks the server proves himself by his own.
type identity struct {
	Issuer, TokenEndpoint, ClientID, AuthMethod, Certificate string
	Platform, Overrides                                      string
	PlatformParameters                                       map[string]string
	DPoP                                                     bool
	Grant                                                    string
	Scopes, Resource, Audience                               []string
	Parameters                                               map[string]string
	Secrets                                                  string // stretched
	Assertion                                                *Assertion
	SubjectPair                                              string
}

// sourceOf returns the one source of this process for that client and request, so that askers with the same can be told.
func (m *Manager) sourceOf(client, resolved Client, g *Grant) (*source, error) {
	completed := client.completed()
	id := identity{
		Issuer: completed.Issuer, TokenEndpoint: completed.TokenEndpoint, ClientID: client.ClientID,
		AuthMethod: client.TokenEndpointAuthMethod, Certificate: resolved.TLSClientCertificate, // RFC 8705 §3 binds the token to it
		Platform: client.Platform, PlatformParameters: client.PlatformParameters, Overrides: client.PlatformOverrides,
		DPoP: client.DPoPBoundAccessTokens, Grant: g.Type, Scopes: slices.Compact(slices.Sorted(slices.Values(g.Scopes))),
		Resource: g.Resource, Audience: g.Audience, Parameters: g.Parameters,
		SubjectPair: g.SubjectPair,
	}
	if g.Assertion != nil { // any key that the server takes will do
		a := *g.Assertion
		a.PrivateKey, a.KeyID, a.Algorithm = secret.String{}, "", ""
		id.Assertion = &a
	}
	whole, err := EncodeRecord(Record{Status: StatusActive, Client: client, Grant: g})
	if err != nil {
		return nil, err
	}
	own := sha256.Sum256(whole) // in this process alone; the secrets are among it
	m.mu.Lock()
	known := m.sources[own]
	m.mu.Unlock()
	if known != nil {
		return known, nil
	}
	if id.Secrets, err = stretched(id, g); err != nil {
		return nil, err
	}
	text, err := json.Marshal(id)
	if err != nil {
		return nil, fmt.Errorf("encoding what a client token is made from: %w", err)
	}
	sum := sha256.Sum256(text)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sources[own] == nil {
		m.sources[own] = &source{key: kindClientToken + "/" + hex.EncodeToString(sum[:]), client: client, grant: g.clone()}
	}
	return m.sources[own], nil
}

// stretched is what of a request is secret, in a form that a key may show. The key alone must not let anybody find out a
// person's password by trying.
func stretched(id identity, g *Grant) (string, error) {
	if len(g.Secrets) == 0 {
		return "", nil
	}
	salt, err := json.Marshal(id)
	if err != nil {
		return "", fmt.Errorf("encoding what a client token is made from: %w", err)
	}
	var text []byte
	for _, name := range slices.Sorted(maps.Keys(g.Secrets)) {
		text = fmt.Appendf(text, "%d %s %d %s\n", len(name), name, len(g.Secrets[name].Reveal()), g.Secrets[name].Reveal())
	}
	sum, err := pbkdf2.Key(sha256.New, string(text), salt, stretching, sha256.Size)
	return hex.EncodeToString(sum), err
}

// refusedRequest is what a server has said to a request that it does not take.
type refusedRequest struct {
	err *Error
	at  time.Duration // by the monotonic clock
}

// requestID tells requests for tokens apart: who asks, how he proves himself, and for what.
func requestID(resolved Client, g *Grant) [sha256.Size]byte {
	text, err := EncodeRecord(Record{Status: StatusActive, Client: resolved, Grant: g})
	if err != nil {
		return [sha256.Size]byte{}
	}
	return sha256.Sum256(text)
}

// refusedBefore returns the refusal that this process got for the same client token a moment ago: a thousand data sources of
// one run must not repeat it.
func (m *Manager) refusedBefore(resolved Client, r Record) error {
	if !r.Shared {
		return nil
	}
	id := requestID(resolved, r.Grant)
	m.mu.Lock()
	defer m.mu.Unlock()
	before, ok := m.refusals[id]
	if !ok || m.clock.Monotonic()-before.at >= refusalFor {
		return nil
	}
	told := *before.err
	told.Record = r
	return &told
}

// noteRefusal remembers err, which came of a request for the client token r, if the same request would be refused again.
func (m *Manager) noteRefusal(resolved Client, r Record, err error) {
	var e *Error
	if !r.Shared || !errors.As(err, &e) || e.Kind != KindBadClient && e.Kind != KindConfiguration {
		return
	}
	id := requestID(resolved, r.Grant)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refusals[id] = refusedRequest{err: e, at: m.clock.Monotonic()}
}
