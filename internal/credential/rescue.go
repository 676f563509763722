package credential

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// Rescue keeps replies that could not be committed yet, outside the store. rescue.Dir is the one that ships.
type Rescue interface {
	// Save keeps text for the store key, durably, and returns where.
	Save(ctx context.Context, key, attempt string, text []byte) (path string, err error)
	// List returns the paths of what was saved for the store of that id, sorted. An empty id stands for the one in use.
	List(ctx context.Context, storeID string) ([]string, error)
	// Load returns what Save was given, or fs.ErrNotExist if it was removed.
	Load(ctx context.Context, path string) ([]byte, error)
	// Remove deletes it. That it is gone already is no error.
	Remove(ctx context.Context, path string) error
	// LetGo says that the process that saved it will not remove it: whoever finds it may.
	LetGo(path string)
	// InUse tells whether a living process that saved it may still remove it, as far as that can be told.
	InUse(path string) bool
}

type wireRescue struct {
	Format    int               `json:"format"`
	Kind      string            `json:"kind"`
	Key       string            `json:"key"`
	ID        string            `json:"attempt"`
	Purpose   Purpose           `json:"purpose"`
	Minted    bool              `json:"minted,omitempty"`
	Renewable bool              `json:"renewable,omitempty"`
	Subject   string            `json:"subject,omitempty"`
	Family    string            `json:"family"`
	Base      int64             `json:"base"`
	ClientID  string            `json:"client_id,omitempty"`
	NewFamily string            `json:"new_family,omitempty"`
	State     string            `json:"state,omitempty"`
	Code      string            `json:"code_sha256,omitempty"`
	Scopes    []string          `json:"scopes,omitempty"`
	ClaimedAt time.Time         `json:"claimed_at"`
	TTL       time.Duration     `json:"ttl"`
	SentAt    time.Time         `json:"sent_at"`
	Resend    bool              `json:"resend,omitempty"`
	Apart     bool              `json:"apart,omitempty"`
	Timed     bool              `json:"timed,omitempty"`
	Path      string            `json:"token_path,omitempty"`
	Separator string            `json:"scope_separator,omitempty"`
	Expiries  []oauth.Expiry    `json:"expiries,omitempty"`
	Lifetime  time.Duration     `json:"lifetime,omitempty"`
	Wait      time.Duration     `json:"wait,omitempty"`
	Members   []string          `json:"reply_members,omitempty"`
	Callback  map[string]string `json:"callback,omitempty"`
	ProofKey  string            `json:"proof_key,omitempty"`
	Nonce     string            `json:"proof_nonce,omitempty"`
	Endpoint  string            `json:"registration_endpoint,omitempty"`
	Wanted    map[string]string `json:"wanted,omitempty"`
	Status    int               `json:"status"`
	Header    http.Header       `json:"header,omitempty"`
	Body      []byte            `json:"body"`
}

const kindRescue = "rescue"

func encodeRescue(a Attempt, r oauth.Reply) ([]byte, error) {
	return json.Marshal(wireRescue{
		Format: recordFormat, Kind: kindRescue, Key: a.Key, ID: a.ID, Purpose: a.Purpose,
		Minted: a.Minted, Renewable: a.Renewable, Subject: a.Subject, Family: a.Family, Base: a.Base,
		ClientID: a.ClientID, NewFamily: a.NewFamily, State: a.State, Code: a.Code, Scopes: a.Scopes,
		ClaimedAt: a.ClaimedAt, TTL: a.TTL, SentAt: a.SentAt,
		Resend: a.Resend, Apart: a.Apart, Timed: a.Timed, Path: a.TokenPath, Separator: a.ScopeSeparator, Expiries: a.Expiries,
		Lifetime: a.Lifetime, Wait: a.Wait, ProofKey: a.ProofKey.Reveal(), Nonce: a.ProofNonce,
		Members: a.ReplyMembers, Callback: a.Callback, Endpoint: a.Endpoint, Wanted: revealed(a.Wanted),
		Status: r.Status, Header: r.Header, Body: []byte(r.Body.Reveal()),
	})
}

// ownerOf returns the credential that a rescue file is of, as far as that can be read: one of a newer format must not stop others.
func ownerOf(text []byte) string {
	var w struct {
		Key string `json:"key"`
	}
	_ = json.Unmarshal(text, &w) // then nobody knows whose it is
	if store.CheckKey(w.Key) != nil {
		return anyKey
	}
	return w.Key
}

// decodeRescue reads what encodeRescue wrote. Its errors never quote the text; of a file that is no use it tells the key alone.
func decodeRescue(text []byte) (Attempt, oauth.Reply, error) {
	var w wireRescue
	if err := decodeAs(text, &w, kindRescue); err != nil {
		return Attempt{Key: ownerOf(text)}, oauth.Reply{}, err
	}
	if w.Key == "" || w.ID == "" || !w.Purpose.bringsReply() || w.Base < 0 {
		return Attempt{}, oauth.Reply{}, errors.New("the rescue file is incomplete")
	}
	a := Attempt{
		Key: w.Key, ID: w.ID, Purpose: w.Purpose, Minted: w.Minted, Renewable: w.Renewable, Subject: w.Subject,
		Family: w.Family, Base: w.Base, ClientID: w.ClientID,
		NewFamily: w.NewFamily, State: w.State, Code: w.Code,
		Scopes: w.Scopes, ClaimedAt: w.ClaimedAt, TTL: w.TTL, SentAt: w.SentAt, Resend: w.Resend, Apart: w.Apart, Timed: w.Timed,
		TokenPath: w.Path, ScopeSeparator: w.Separator, Expiries: w.Expiries, Lifetime: w.Lifetime, Wait: w.Wait,
		ReplyMembers: w.Members, Callback: w.Callback, ProofKey: secret.New(w.ProofKey), ProofNonce: w.Nonce,
		Endpoint: w.Endpoint, Wanted: wrapped(w.Wanted),
	}
	return a, oauth.Reply{Sent: true, Status: w.Status, Header: w.Header, Body: secret.New(string(w.Body))}, nil
}

// saveRescue keeps a reply outside the store and returns where.
func (m *Manager) saveRescue(ctx context.Context, a Attempt, r oauth.Reply) (path string, err error) {
	if m.rescue == nil {
		return "", errors.New("there is no rescue folder")
	}
	text, err := encodeRescue(a, r)
	if err != nil {
		return "", err
	}
	ctx, cancel := m.detach(ctx)
	defer cancel()
	return m.rescue.Save(ctx, a.Key, a.ID, text)
}

// removeRescue removes a rescue file whose successor is in the store; an empty path stands for none.
func (m *Manager) removeRescue(ctx context.Context, path string) {
	if path == "" {
		return
	}
	ctx, cancel := m.detach(ctx)
	defer cancel()
	if err := m.rescue.Remove(ctx, path); err != nil {
		m.log.Warn("could not remove a rescue file; its token is stored", "path", path, "error", err)
	}
}

// searchAgain makes the next look for rescue files happen.
func (m *Manager) searchAgain() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.searched = false
}

// lookForRescues commits what rescue files of this machine hold for this store, once per process and whenever one may
// have come since. The caller holds m.preparing, so that nobody goes on with a spent token meanwhile.
// Those that a living process has in use are left to it, but for the files of the credential wanted, whose token is about to
// be spent or given up.
func (m *Manager) lookForRescues(ctx context.Context, wanted string) []Notice {
	m.mu.Lock()
	done := m.searched
	m.searched = true
	m.mu.Unlock()
	if m.rescue == nil || done && wanted == "" { // whoever wants one looks himself: others pass by what is not theirs
		return nil
	}
	end, err := m.sections.Begin()
	if err != nil {
		m.searchAgain()
		return nil
	}
	defer end()
	bounded, cancel := context.WithTimeout(ctx, m.timings.StoreTimeout)
	defer cancel()
	paths, err := m.rescue.List(bounded, "")
	trouble := map[string]error{}
	defer m.setTrouble(trouble)
	if err != nil {
		m.log.Warn("could not look for rescue files", "error", err)
		m.searchAgain()
		trouble[anyKey] = fmt.Errorf("looking for rescue files: %w", err)
		return nil
	}
	var notices []Notice
	for _, path := range paths {
		n, key, err := m.recover(ctx, path, wanted)
		if err != nil {
			m.log.Error("a rescue file could not be used", "path", path, "error", err)
			m.searchAgain()
			trouble[key] = fmt.Errorf("the rescue file %s may hold the newest refresh token and cannot be used: %w", path, err)
			n = Notice{Code: NoticeNotStored, Err: err, Text: path}
		}
		if n.Code != "" {
			notices = append(notices, n)
		}
	}
	return notices
}

// anyKey stands for a rescue file whose credential cannot be told.
const anyKey = ""

func (m *Manager) setTrouble(trouble map[string]error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.trouble = trouble
}

// nothingLeftBehind looks for rescue files once more before a refresh token is spent: a file that holds the successor of
// the token in the store shows that it is spent already. Where that cannot be told, nothing may be sent.
func (m *Manager) nothingLeftBehind(ctx context.Context, key string) ([]Notice, error) {
	notices := m.prepareFor(ctx, key)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := errors.Join(m.trouble[anyKey], m.trouble[key]); err != nil {
		return notices, storeError("bringing home what an earlier run has left", err)
	}
	return notices, nil
}

// recover commits one rescue file and removes it when its successor is in the store, or a newer one is. It returns the
// zero Notice where there is nothing to tell; key is the credential it belongs to, as far as that can be read.
func (m *Manager) recover(ctx context.Context, path, wanted string) (n Notice, key string, err error) {
	key = anyKey
	ctx, cancel := m.detach(ctx)
	defer cancel()
	used := m.rescue.InUse(path)
	text, err := m.rescue.Load(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return Notice{}, key, nil // its process, or another finder, was faster
	}
	if err != nil {
		return Notice{}, key, err
	}
	s, err := readRescue(text)
	if err != nil {
		return Notice{}, s.attempt.Key, err
	}
	a := s.attempt
	key = a.Key
	if used && key != wanted {
		return Notice{}, key, nil // its process is about to commit it
	}
	r, err := m.commit(ctx, s, aFew)
	if err != nil {
		return Notice{}, key, err
	}
	m.log.Info("the successor of a rescue file is stored", "key", a.Key, "attempt", a.ID, "generation", r.Generation)
	m.removeRescue(ctx, path)
	if r.LastAttempt != a.ID || used {
		return Notice{}, key, nil // a newer one is in the store; or its process lives, and would have done the same in a moment
	}
	return Notice{Code: NoticeRescued, Text: path, Minted: a.Minted, Managing: a.manages()}, key, nil
}

// readRescue understands what a rescue file holds. Its key is told even where the rest is of no use.
func readRescue(text []byte) (successor, error) {
	a, reply, err := decodeRescue(text)
	if err != nil {
		return successor{attempt: a}, err
	}
	if a.manages() {
		said, v := oauth.JudgeRegistration(reply, a.Purpose == PurposeRegister)
		if v.Class != oauth.Success {
			err = errors.New("the reply in it tells of no client")
		}
		return successor{attempt: a, registration: &said}, err
	}
	v := oauth.Dialect{TokenPath: a.TokenPath, ScopeSeparator: a.ScopeSeparator, Expiries: a.Expiries}.JudgeKept(reply)
	if v.Class != oauth.Success {
		err = errors.New("the reply in it holds no token")
	}
	token := v.Token
	token.Wait = a.Wait
	return successor{attempt: a, token: token}, err
}

// leftBehind returns what rescue files of the state's former store hold of its credential. The record that the state makes
// in this store would else hold a spent token. A file that cannot be read may be such a one; then nothing may be made.
func (m *Manager) leftBehind(ctx context.Context, key, clientID string, p Replica) ([]successor, error) {
	if p.StoreID == "" {
		return nil, nil
	}
	left, err := m.rescuesOf(ctx, p.StoreID, key)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(left, func(s successor) bool { // of another credential
		return s.attempt.Family != p.Family || s.attempt.Family == "" && s.attempt.ClientID != clientID
	}), nil
}

// rescuesOf reads the rescue files of a key, oldest generation first, for the store of that id; an empty one stands for that in use.
// Beside an error, which may be about the newest of them, it returns those that could be read before.
func (m *Manager) rescuesOf(ctx context.Context, storeID, key string) ([]successor, error) {
	if m.rescue == nil {
		return nil, nil
	}
	ctx, cancel := m.detach(ctx)
	defer cancel()
	paths, err := m.rescue.List(ctx, storeID)
	if err != nil {
		return nil, storeError("looking for rescue files", err)
	}
	var found []successor
	for _, path := range paths {
		text, err := m.rescue.Load(ctx, path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var s successor
		if err == nil {
			s, err = readRescue(text)
		}
		switch {
		case err != nil && (s.attempt.Key == "" || s.attempt.Key == key):
			return found, storeError("reading "+path, fmt.Errorf("it may hold the newest refresh token and cannot be used: %w", err))
		case err != nil, s.attempt.Key != key:
			continue
		}
		s.path = path
		found = append(found, s)
	}
	slices.SortFunc(found, func(x, y successor) int { return cmp.Compare(x.attempt.Base, y.attempt.Base) })
	return found, nil
}
