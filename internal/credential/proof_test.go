package credential

import (
	"bytes"
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

// proofServer is a fakeServer that wants a DPoP proof with its newest nonce in every token request. A request whose proof is
// refused never gets to it.
type proofServer struct {
	*fakeServer
	w *world

	mu      sync.Mutex
	wants   string // the nonce; empty: none is asked for
	stays   bool   // it is not changed by a request that is taken
	before  func() // after an answer that only asks for a nonce; once
	refused int    // for want of the nonce
	proofs  []proofSeen
}

type proofSeen struct{ jkt, jti, method, target, nonce string }

func (s *proofServer) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path != "/token" {
		return s.fakeServer.RoundTrip(r)
	}
	seen, err := readProof(r.Header.Get("DPoP"))
	if err != nil {
		s.w.t.Errorf("the proof: %v", err)
		return nil, err
	}
	if (s.wants == "" || seen.nonce == s.wants) && len(s.plan) > 0 && s.plan[0] == callNotSent {
		return s.fakeServer.RoundTrip(r)
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err // it refused to be read: nothing has been sent
	}
	r.Body = io.NopCloser(bytes.NewReader(text))
	s.mu.Lock()
	s.proofs = append(s.proofs, seen)
	wants, before := s.wants, s.before
	if wants != "" && !s.stays {
		s.wants = fmt.Sprintf("nonce-%d", len(s.proofs))
	}
	next := s.wants
	s.mu.Unlock()
	if wants != "" && seen.nonce != wants {
		s.mu.Lock()
		s.refused++
		s.before = nil
		s.mu.Unlock()
		if before != nil {
			before()
		}
		reply := answer(400, `{"error":"use_dpop_nonce","error_description":"again"}`, "")
		reply.Header.Set("DPoP-Nonce", next)
		return reply, nil
	}
	reply, err := s.fakeServer.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if next != "" {
		reply.Header.Set("DPoP-Nonce", next)
	}
	return reply, nil
}

// readProof checks a proof with another library call than the one that has made it.
func readProof(text string) (proofSeen, error) {
	signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA, jose.RS256})
	if err != nil {
		return proofSeen{}, err
	}
	header := signed.Signatures[0].Protected
	if header.JSONWebKey == nil || !header.JSONWebKey.IsPublic() || header.ExtraHeaders["typ"] != "dpop+jwt" {
		return proofSeen{}, fmt.Errorf("its header is %+v", header)
	}
	payload, err := signed.Verify(header.JSONWebKey)
	if err != nil {
		return proofSeen{}, err
	}
	var claims struct{ JTI, HTM, HTU, Nonce string }
	if err := json.Unmarshal(payload, &claims); err != nil {
		return proofSeen{}, err
	}
	sum, err := header.JSONWebKey.Thumbprint(crypto.SHA256)
	return proofSeen{base64.RawURLEncoding.EncodeToString(sum), claims.JTI, claims.HTM, claims.HTU, claims.Nonce}, err
}

// boundWorld makes a world with an expired credential of a client that binds its tokens, at a server that wants nonces.
func boundWorld(t testing.TB, change ...func(*Record)) (*world, *proofServer) {
	w := newWorld(t)
	s := &proofServer{fakeServer: w.server, w: w, wants: "nonce-0"}
	w.authorized(func(r *Record) {
		r.Client.DPoPBoundAccessTokens = true
		for _, f := range change {
			f(r)
		}
	})
	return w, s
}

// options is a process of its own.
func (s *proofServer) options(o *Options) {
	caller, err := oauth.NewCaller(oauth.CallerOptions{Transport: s, Now: s.w.clock.Now, Random: s.w.random})
	if err != nil {
		s.w.t.Fatal(err)
	}
	o.Caller = caller
}

// wantProofs checks all proofs that came: each is new, and of one key, whose thumbprint it returns.
func (s *proofServer) wantProofs(t testing.TB, requests, refused int) string {
	t.Helper()
	if len(s.proofs) != requests || s.refused != refused {
		t.Fatalf("%d requests came, %d without the nonce; want %d and %d: %+v", len(s.proofs), s.refused, requests, refused, s.proofs)
	}
	var ids []string
	for _, p := range s.proofs {
		if slices.Contains(ids, p.jti) || p.jkt != s.proofs[0].jkt || p.method != "POST" || p.target != fakeHost+"/token" {
			t.Errorf("a proof like %+v among %+v", p, s.proofs)
		}
		ids = append(ids, p.jti)
	}
	return s.proofs[0].jkt
}

func thumbprint(t testing.TB, key secret.String) string {
	t.Helper()
	text, err := oauth.ProofThumbprint(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A nonce that is wanted costs one request more, in the same attempt. The record keeps key and nonce, so the next process needs
// no second one.
func TestNonceIsAskedForOnce(t *testing.T) {
	t.Parallel()
	w, s := boundWorld(t)
	w.mustToken(w.start(s.options))
	jkt := s.wantProofs(t, 2, 1)
	r := w.wantStatus(StatusActive)
	if r.Tokens.ProofNonce != "nonce-2" || thumbprint(t, r.Tokens.ProofKey) != jkt {
		t.Errorf("the record has the nonce %q", r.Tokens.ProofNonce)
	}
	w.wantServer(1, 1, 0)
	w.clock.pass(fakeLifetime)
	w.mustToken(w.start(s.options))
	s.wantProofs(t, 3, 1)
	w.wantServer(2, 2, 0)
	if lines := w.record().History; len(lines) != 2 {
		t.Errorf("history %v", lines)
	}

	// A server need not say again what stays good.
	s.stays = true
	w.clock.pass(fakeLifetime)
	w.mustToken(w.start(s.options))
	s.wantProofs(t, 4, 1)
}

// The key is in the store with the claim, before anything is sent that tokens could be bound to it by.
func TestKeyIsStoredBeforeTheRequest(t *testing.T) {
	t.Parallel()
	w, s := boundWorld(t)
	w.server.during = []func(){func() {
		r := w.record()
		if r.Claim == nil || r.Tokens.ProofKey.IsEmpty() || thumbprint(t, r.Tokens.ProofKey) != s.proofs[len(s.proofs)-1].jkt {
			t.Error("the key of the request is not in the store")
		}
	}}
	w.mustToken(w.start(s.options))
}

// What may go wrong with the second of two requests is what may go wrong with any: nothing is sent a third time, and what was
// certainly not sent is taken back.
func TestNonceAndFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		plan              []callPlan
		rotation          Rotation
		before            func(*world) func()
		status            Status
		requests, refused int
		rotations         int
	}{
		"lost, done":     {[]callPlan{callLostDone}, RotationSingleUse, nil, StatusOutcomeUnknown, 2, 1, 1},
		"lost, not done": {[]callPlan{callLostUndone}, RotationSingleUse, nil, StatusOutcomeUnknown, 2, 1, 0},
		"resent at once": {[]callPlan{callLostDone}, RotationNone, nil, StatusActive, 3, 1, 2},
		"not sent":       {[]callPlan{callNotSent}, RotationSingleUse, nil, StatusActive, 2, 1, 1},
		"bad client":     {[]callPlan{callBadClient}, RotationSingleUse, nil, StatusActive, 2, 1, 0},
		"too many":       {[]callPlan{callTooMany}, RotationSingleUse, nil, StatusActive, 2, 1, 0},
		"cut early":      {[]callPlan{callCutEarly}, RotationSingleUse, nil, StatusOutcomeUnknown, 2, 1, 1},
		// The answer that asks for the nonce takes longer than an old token may lie about. The next claim has the nonce.
		"late": {nil, RotationSingleUse, func(w *world) func() { return func() { w.clock.pass(DefaultTimings().SendBy + time.Second) } },
			StatusActive, 2, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := boundWorld(t, func(r *Record) { r.Client.Policy.Rotation = test.rotation })
			w.server.rotates = test.rotation != RotationNone
			s.stays = true
			w.server.plan = test.plan
			if test.before != nil {
				s.before = test.before(w)
			}
			_, err := w.token(w.start(s.options))
			r := w.wantStatus(test.status)
			s.wantProofs(t, test.requests, test.refused)
			if w.server.rotations != test.rotations || w.server.reuses != 0 {
				t.Errorf("%d rotations and %d reuses: %v", w.server.rotations, w.server.reuses, err)
			}
			if r.Claim != nil || thumbprint(t, r.Tokens.ProofKey) != s.proofs[0].jkt {
				t.Errorf("claim %v", r.Claim)
			}
			if len(r.Calls) != 0 {
				t.Errorf("calls %v", r.Calls)
			}
		})
	}
}

// Whoever gives up between the two requests stops the second.
func TestCancelledBetweenTheTwo(t *testing.T) {
	t.Parallel()
	w, s := boundWorld(t)
	ctx, cancel := context.WithCancel(context.Background())
	s.before = cancel
	_, err := w.start(s.options).Token(ctx, theName, Ask{DefaultMargin: 30 * time.Second})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	s.wantProofs(t, 1, 1)
	w.wantServer(0, 0, 0)
	if r := w.wantStatus(StatusActive); r.Claim != nil {
		t.Errorf("the claim stands: %+v", r.Claim)
	}
}

// A server that is content with no nonce is asked twice, and the token is not used up.
func TestNonceThatIsNeverRight(t *testing.T) {
	t.Parallel()
	w, s := boundWorld(t)
	var again func()
	again = func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.wants, s.before = s.wants+"-other", again
	}
	s.before = again
	_, err := w.token(w.start(s.options))
	if e := w.wantKind(err, KindConfiguration); e.Verdict.Code != "use_dpop_nonce" {
		t.Errorf("got %v", err)
	}
	s.wantProofs(t, 2, 2)
	w.wantServer(0, 0, 0)
	w.wantStatus(StatusActive)
}

// A refusal for want of a nonce is one like any other to a platform that counts them. Nothing is sent when the second request
// could be the one that locks the client out.
func TestNonceInTheErrorBudget(t *testing.T) {
	t.Parallel()
	budget := func(limit int) func(*Record) {
		return func(r *Record) { r.Client.Policy.ErrorBudget = ErrorBudget{Limit: limit, Window: time.Hour} }
	}
	w, s := boundWorld(t, budget(3))
	m := w.start(s.options)
	w.mustToken(m)
	s.wantProofs(t, 2, 1)
	l, err := m.ledger(t.Context(), w.record().Client)
	if err != nil || len(l.Refusals) != 1 || len(l.UnderWay) != 0 || l.Refusals[0].Code != "use_dpop_nonce" {
		t.Errorf("the budget holds %+v, %v", l.ledger, err)
	}

	w, s = boundWorld(t, budget(2))
	_, err = w.token(w.start(s.options))
	if e := w.wantKind(err, KindLater); e.Reason != ReasonBudget {
		t.Errorf("got %v", err)
	}
	s.wantProofs(t, 1, 1)
	w.wantServer(0, 0, 0)
	if r := w.wantStatus(StatusActive); r.Claim != nil {
		t.Errorf("the claim stands: %+v", r.Claim)
	}
	w.clock.pass(2 * time.Hour)
	w.mustToken(w.start(s.options))
	w.wantServer(1, 1, 0)
}

// The second request has the nonce that came with the answer to the first, whatever this process has heard since; an API at the
// same address has nonces of its own.
func TestNonceOfTheAnswer(t *testing.T) {
	t.Parallel()
	w, s := boundWorld(t, func(r *Record) { r.Client.Policy.ErrorBudget = ErrorBudget{Limit: 5, Window: time.Hour} })
	var m *Manager
	w.faulty(storetest.Hooks{Fault: func(op storetest.Op, _ string, _ int) storetest.Fault {
		if op == storetest.OpReplace && s.refused == 1 { // between the two requests
			m.noteNonce(serverAt(fakeHost), "of-another-request")
		}
		m.noteNonce(apiAt(fakeHost), "of-the-api")
		return storetest.None
	}})
	m = w.start(s.options)
	w.mustToken(m)
	s.wantProofs(t, 2, 1)
	w.wantServer(1, 1, 0)
}

// A reply that only a rescue file holds brings its key along, also one that the record has never seen.
func TestRescuedWithItsKey(t *testing.T) {
	t.Parallel()
	w, s := boundWorld(t)
	w.store = remoteStore{w.plain}
	replaces := 0
	w.faulty(storetest.Hooks{Fault: func(op storetest.Op, _ string, _ int) storetest.Fault {
		if op == storetest.OpReplace {
			if replaces++; replaces > 1 { // all but the claim
				return storetest.NothingDone
			}
		}
		return storetest.None
	}})
	res := w.mustToken(w.start(s.options))
	key := res.Record.Tokens.ProofKey
	r := w.record()
	r.Tokens.ProofKey = secret.String{} // as if it had been lost
	w.put(r)
	w.store = remoteStore{w.plain}
	w.clock.pass(time.Second)
	got := w.mustToken(w.start(s.options)).Record
	if !got.Tokens.ProofKey.Equal(key) || !w.record().Tokens.ProofKey.Equal(key) {
		t.Error("the key did not come home")
	}
	w.wantServer(1, 1, 0)
}

// A token that was there before tokens were to be bound is none that the server has left unbound, although the key of the next one
// is in the record already.
func TestUnboundSinceItWasAskedFor(t *testing.T) {
	t.Parallel()
	w, s := boundWorld(t, func(r *Record) { r.Tokens.Type = "Bearer" })
	s.wants = ""
	w.server.plan = []callPlan{callTooMany}
	_, err := w.token(w.start(s.options))
	w.wantKind(err, KindLater)
	if r := w.record(); r.Tokens.ProofKey.IsEmpty() || r.Unbound() {
		t.Errorf("unbound, before the server was asked for another: %v", err)
	}
	w.clock.pass(time.Hour)
	w.mustToken(w.start(s.options))
	r := w.record()
	if r.Tokens.Type = "Bearer"; !r.Unbound() {
		t.Error("nothing tells that the server has not bound the token")
	}
	if r.Tokens.Type = "DPoP"; r.Unbound() {
		t.Error("a bound token is taken for unbound")
	}
}

// Each authorization has a key of its own, which is in the store when its URL is offered. A bare code that answers none has one too.
func TestEachAuthorizationHasItsKey(t *testing.T) {
	t.Parallel()
	w, s := boundWorld(t)
	s.wants = ""
	m := w.start(s.options)
	w.mustToken(m)
	first := w.record().Tokens.ProofKey
	r, err := m.OfferAuthorization(t.Context(), theName, Authorization{RedirectURI: fakeRedirect})
	if err != nil {
		t.Fatal(err)
	}
	p, _ := r.NewestPending()
	jkt := thumbprint(t, p.ProofKey)
	if !strings.Contains(p.URL, "dpop_jkt="+jkt) || p.ProofKey.Equal(first) {
		t.Errorf("the URL is %s", p.URL)
	}
	if again, err := m.OfferAuthorization(t.Context(), theName, Authorization{RedirectURI: fakeRedirect}); err != nil || again.Pending[0].URL != p.URL {
		t.Errorf("the URL is not stable: %v", err)
	}
	code := secret.New(w.server.code(p.URL))
	if _, err := m.ExchangeCode(t.Context(), theName, Exchange{FromCallback: true, Code: code, State: p.State, RedirectURI: fakeRedirect}); err != nil {
		t.Fatal(err)
	}
	if got := w.record(); !got.Tokens.ProofKey.Equal(p.ProofKey) || s.proofs[len(s.proofs)-1].jkt != jkt {
		t.Error("the tokens have another key than the code")
	}
	w.server.codes["bare"] = &fakeCode{redirectURI: fakeRedirect}
	if _, err := m.ExchangeCode(t.Context(), theName, Exchange{Code: secret.New("bare"), RedirectURI: fakeRedirect}); err != nil {
		t.Fatal(err)
	}
	if got := w.record().Tokens.ProofKey; got.Equal(p.ProofKey) || thumbprint(t, got) != s.proofs[len(s.proofs)-1].jkt {
		t.Error("the bare code has no key of its own")
	}
}

// Whose key a request is proved with.
func TestBind(t *testing.T) {
	t.Parallel()
	old, pending := secret.New("old"), secret.New("pending")
	has := Record{Generation: 1, Tokens: Tokens{ProofKey: old}}
	for name, test := range map[string]struct {
		attempt Attempt
		record  Record
		want    string // old, pending, new, or empty
		kept    string // likewise, in the record
	}{
		"refresh, bound":                     {Attempt{Purpose: PurposeRefresh, binding: binding{binds: true}}, has, "old", "old"},
		"refresh, to be bound":               {Attempt{Purpose: PurposeRefresh, binding: binding{binds: true}}, Record{Generation: 1}, "new", "new"},
		"refresh, not bound":                 {Attempt{Purpose: PurposeRefresh}, Record{Generation: 1}, "", ""},
		"refresh, not to be bound any more":  {Attempt{Purpose: PurposeRefresh}, has, "", "old"},
		"… of a public client":               {Attempt{Purpose: PurposeRefresh, binding: binding{public: true}}, has, "old", "old"},
		"exchange, bound code":               {Attempt{Purpose: PurposeExchange, ProofKey: pending, binding: binding{binds: true}}, has, "pending", "old"},
		"exchange, bound code, not any more": {Attempt{Purpose: PurposeExchange, ProofKey: pending}, has, "pending", "old"},
		"exchange, bare code":                {Attempt{Purpose: PurposeExchange, binding: binding{binds: true}}, has, "new", "old"},
		"exchange, the first":                {Attempt{Purpose: PurposeExchange, binding: binding{binds: true}}, Record{}, "new", "new"},
		"device code, the first":             {Attempt{Purpose: PurposeDevice, binding: binding{binds: true}}, Record{}, "new", "new"},
		"device code, another poll":          {Attempt{Purpose: PurposeDevice, binding: binding{binds: true}}, Record{Tokens: Tokens{ProofKey: old}}, "old", "old"},
		"device code, beside other tokens":   {Attempt{Purpose: PurposeDevice, binding: binding{binds: true}}, has, "new", "old"},
		"registration":                       {Attempt{Purpose: PurposeRegister}, Record{}, "", ""},
		"revocation":                         {Attempt{Purpose: PurposeRevoke, binding: binding{binds: true}}, has, "", "old"},
	} {
		w := newWorld(t)
		a, r := test.attempt, test.record.clone()
		if err := w.start().bind(&a, &r); err != nil {
			t.Fatal(err)
		}
		for what, key := range map[string]struct {
			got  secret.String
			want string
		}{"the request": {a.ProofKey, test.want}, "the record": {r.Tokens.ProofKey, test.kept}} {
			got := key.got.Reveal()
			if strings.HasPrefix(got, "{") {
				got = "new"
			}
			if got != key.want {
				t.Errorf("%s: %s has %q, want %q", name, what, got, key.want)
			}
		}
	}
	if err := newWorld(t).start().bind(&Attempt{binding: binding{binds: true, algs: []string{"ES512"}}}, &Record{}); !errors.Is(err, oauth.ErrProofAlgorithm) {
		t.Errorf("an algorithm that nobody here signs with: %v", err)
	}
}

// A state that is ahead brings its key along; one without keeps that of the record, for there is one for each authorization.
func TestHealedWithItsKey(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]string{"from the state": "of the state", "from the record": ""} {
		w := newWorld(t)
		w.authorized(func(r *Record) { r.Tokens.ProofKey = secret.New("of the record") })
		want := "of the record"
		if key != "" {
			want = key
		}
		p := Replica{Family: "f1", Generation: 3, Tokens: Tokens{
			Access: secret.New("a3"), Refresh: secret.New("r3"), IssuedAt: w.clock.Now(), ExpiresAt: w.clock.Now().Add(time.Hour), ProofKey: secret.New(key),
		}}
		r, err := w.start().Heal(t.Context(), theName, p)
		if err != nil || r.Generation != 3 || r.Tokens.ProofKey.Reveal() != want {
			t.Errorf("%s: generation %d, %v", name, r.Generation, err)
		}
	}
}

// The API that judges an access token sees it with a proof, and has nonces of its own. Its demand for one says nothing about the
// token.
func TestProbeWithProof(t *testing.T) {
	t.Parallel()
	wants := oauth.ProbeReply{Sent: true, Status: 401, WantsNonce: true, Nonce: "api-1"}
	for name, test := range map[string]struct {
		answers []oauth.ProbeReply
		asked   int
		said    Probed
	}{
		"content":       {[]oauth.ProbeReply{answered(200)}, 1, ProbedGood},
		"wants a nonce": {[]oauth.ProbeReply{wants, answered(200)}, 2, ProbedGood},
		"… and rejects": {[]oauth.ProbeReply{wants, answered(401)}, 2, ProbedRejected},
		"never content": {[]oauth.ProbeReply{wants, wants}, 2, ProbedSilent},
	} {
		w := newWorld(t)
		key, err := oauth.NewProofKey("ES256", w.random)
		if err != nil {
			t.Fatal(err)
		}
		r := w.authorized(func(r *Record) {
			r.Refresh = RefreshSettings{Strategy: StrategyOnRejection, ProbeURL: fakeAPI}
			r.Tokens.Type, r.Tokens.ProofKey = "dpop", key
		})
		api := &fakeProber{server: w.server, answers: test.answers}
		m := w.start(api.options)
		if err := m.probe(t.Context(), theKey, r); err != nil {
			t.Fatal(err)
		}
		if got := m.probingOf(theKey, r.Tokens.Access).said; got != test.said || len(api.asked) != test.asked {
			t.Errorf("%s: %q after %d calls", name, got, len(api.asked))
		}
		access := m.access(r.Tokens, fakeAPI)
		if nonce := access.Proof.Nonce; !access.Proof.Key.Equal(key) || (nonce == "api-1") != (test.asked == 2) || m.nonceOf(serverAt(fakeAPI)) != "" {
			t.Errorf("%s: the next proof has the nonce %q", name, nonce)
		}
		r.Tokens.Type = "Bearer"
		if !m.access(r.Tokens, fakeAPI).Proof.Key.IsEmpty() {
			t.Errorf("%s: a bearer token is presented with a proof", name)
		}
	}
}

// What a code exchange in vain has learnt of the server's nonces is kept like anything else: the next process pays for none.
func TestNonceOfAnExchangeInVain(t *testing.T) {
	t.Parallel()
	w, s := boundWorld(t)
	_, err := w.start(s.options).ExchangeCode(t.Context(), theName, Exchange{Code: secret.New("mistyped"), RedirectURI: fakeRedirect})
	w.wantKind(err, KindAuthorize)
	w.mustToken(w.start(s.options))
	if len(s.proofs) != 3 || s.refused != 1 {
		t.Errorf("%d requests came, %d without the nonce; want 3 and 1", len(s.proofs), s.refused)
	}
}
