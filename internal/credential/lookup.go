package credential

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// LookUp is a call that tells what API calls need and the token reply does not say.
type LookUp struct {
	Name string // in the connection
	URL  string // {access_token} in it stands for the token; else that goes into the header
	Pick string // see oauth.Pick
}

// Looker reads a protected resource, once. *oauth.Caller is the one that ships.
type Looker interface {
	LookUp(ctx context.Context, resource string, access oauth.Access) oauth.Reply
}

// lookUpPause is how long nothing is looked up after a refusal. What a user may not read is refused in every run, and each
// refusal counts where a platform locks clients out.
const lookUpPause = time.Hour

// lookUpCode stands for the server's words in the list of an error budget.
const lookUpCode = "(look-up)"

var errRefusedLately = errors.New("it was refused within the last hour")

// lacks lists what is still to be looked up for r. Nothing is, where its tokens are of another server than the preset's: they
// are nobody else's business.
func (r Record) lacks() []LookUp {
	p := r.Client.Preset()
	if r.Status != StatusActive || !p.Serves(r.Client.TokenEndpoint) {
		return nil
	}
	var lacks []LookUp
	for _, l := range p.LookUps {
		if _, ok := r.Tokens.Connection[l.Name]; !ok || r.Tokens.LookedUp[l.Name] != hashOf(l) {
			lacks = append(lacks, l)
		}
	}
	return lacks
}

// hashOf tells look-ups apart: one that was corrected is made again.
func hashOf(all ...LookUp) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", all))
	return hex.EncodeToString(sum[:16])
}

// stale lists what was looked up once and is no more.
func (t Tokens) stale(all []LookUp) []string {
	var names []string
	for name := range t.LookedUp {
		if !slices.ContainsFunc(all, func(l LookUp) bool { return l.Name == name }) {
			names = append(names, name)
		}
	}
	return names
}

// LookUp completes the connection of a credential that has a working access token, and returns its record. Whatever goes
// wrong is a notice: the token works all the same. What could not be looked up is tried again in another process, and
// after a refusal an hour later.
func (m *Manager) LookUp(ctx context.Context, name string, r Record) (Record, []Notice) {
	key, lacks := PairKey(name), r.lacks()
	all := r.Client.Preset().LookUps
	stale := r.Tokens.stale(all)
	if m.looker == nil || len(lacks) == 0 && len(stale) == 0 || !m.works(key, r) || !m.looksFirst(key) {
		return r, nil
	}
	now := m.Now()
	ahead := r.LookUpAfter.After(now.Add(lookUpPause)) // a clock was
	if now.Before(r.LookUpAfter) && !ahead && len(lacks) > 0 && r.LookUps == hashOf(all...) {
		return r, []Notice{{Code: NoticeNotLookedUp, Text: lacks[0].Name, Err: errRefusedLately, Until: r.LookUpAfter}}
	}
	found := map[string]string{}
	var notices []Notice
	var again time.Time
	for _, l := range lacks {
		value, err := m.lookUp(ctx, key, r, l)
		if err == nil {
			found[l.Name] = value
			continue
		}
		n := Notice{Code: NoticeNotLookedUp, Text: l.Name, Err: err}
		var refused lookUpRefused
		if errors.As(err, &refused) {
			again = m.Now().Add(lookUpPause).Round(0).UTC()
			n.Until = again
		}
		notices = append(notices, n)
	}
	if len(found) == 0 && len(stale) == 0 && again.IsZero() {
		return r, notices
	}
	next, err := m.change(ctx, key, func(cur Record) (Record, bool) {
		if cur.IsTombstone() || cur.Family != r.Family {
			return cur, false
		}
		cur.LookUpAfter, cur.LookUps = again, ""
		if !again.IsZero() {
			cur.LookUps = hashOf(all...)
		}
		t := &cur.Tokens
		t.Connection, t.LookedUp = notNil(t.Connection), notNil(t.LookedUp)
		for _, name := range stale {
			delete(t.Connection, name)
			delete(t.LookedUp, name)
		}
		for _, l := range lacks {
			if value, ok := found[l.Name]; ok {
				t.Connection[l.Name], t.LookedUp[l.Name] = value, hashOf(l)
			}
		}
		return cur, true
	})
	if err != nil {
		return r, append(notices, Notice{Code: NoticeNotLookedUp, Err: err})
	}
	switch {
	case next.IsTombstone() || next.Family != r.Family: // somebody has deleted or authorized meanwhile; r's token is the one at hand
	case next.Tokens.Access.Equal(r.Tokens.Access):
		r = next
	default:
		r.Tokens.Connection, r.Tokens.LookedUp = next.Tokens.Connection, next.Tokens.LookedUp
	}
	return r, notices
}

func notNil(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// looksFirst tells whether this process has not looked up anything for key yet.
func (m *Manager) looksFirst(key string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	done := m.looked[key]
	m.looked[key] = true
	return !done
}

// lookUp makes the call, once more if the API wants a nonce in the proof and has given it now.
func (m *Manager) lookUp(ctx context.Context, key string, r Record, l LookUp) (string, error) {
	value, err := m.lookUpOnce(ctx, key, r, l)
	if errors.Is(err, errOtherNonce) {
		value, err = m.lookUpOnce(ctx, key, r, l)
	}
	return value, err
}

func (m *Manager) lookUpOnce(ctx context.Context, key string, r Record, l LookUp) (string, error) {
	client, err := m.accountable(ctx, r.Client)
	if err != nil {
		return "", err
	}
	b, err := m.enterAside(ctx, key, client)
	if err != nil {
		return "", err
	}
	reply := oauth.Reply{Err: ErrLate}
	if b.stands(m) {
		reply = m.looker.LookUp(ctx, l.URL, m.access(r.Tokens, l.URL))
		m.noteNonce(apiAt(l.URL), oauth.ProofNonce(reply.Header))
	}
	m.leave(ctx, b, chargedFor(reply.Sent, reply.Status, lookUpCode))
	m.log.Info("looked up", "key", key, "name", l.Name, "status", reply.Status)
	switch {
	case reply.Err != nil:
		return "", reply.Err
	case reply.APIWantsNonce():
		return "", errOtherNonce
	case reply.Status >= 400 && reply.Status < 500:
		return "", lookUpRefused(reply.Status)
	case reply.Status < 200 || reply.Status > 299:
		return "", fmt.Errorf("the answer was HTTP %d", reply.Status)
	}
	value, err := oauth.Pick(reply.Body, l.Pick)
	if err != nil {
		return "", err
	}
	if shows(value, r.Tokens.Access) || shows(value, r.Tokens.Refresh) {
		return "", errors.New("the answer repeats a token")
	}
	picked := map[string]string{}
	if connectTo(picked, l.Name, value); len(picked) == 0 {
		return "", errors.New("what the answer says is no address or id")
	}
	return value, nil
}

// lookUpRefused is the status 4xx of a look-up.
type lookUpRefused int

func (r lookUpRefused) Error() string { return fmt.Sprintf("the answer was HTTP %d", int(r)) }
