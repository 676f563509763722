package credential

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/filestore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

var consumerAsk = Ask{DefaultMargin: 30 * time.Second, Asker: AskerConsumer}

func (w *world) mustClientToken(m *Manager, s Setup) Result {
	w.t.Helper()
	res, err := m.ClientToken(context.Background(), s, consumerAsk)
	if err != nil {
		w.t.Fatalf("ClientToken: %v", err)
	}
	if !w.server.opens(res.Record.Tokens.Access.Reveal()) {
		w.t.Fatal("what was served does not open the API")
	}
	return res
}

// shared lists the keys of client tokens, past all processes.
func (w *world) shared() []string {
	w.t.Helper()
	keys, err := w.plain.List(context.Background(), kindClientToken)
	if err != nil {
		w.t.Fatal(err)
	}
	return keys
}

// sharedRecord reads the only one.
func (w *world) sharedRecord() (Record, string) {
	w.t.Helper()
	keys := w.shared()
	if len(keys) != 1 {
		w.t.Fatalf("%d client tokens in the store, want 1", len(keys))
	}
	e, err := w.plain.Get(context.Background(), keys[0])
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := DecodeRecord(e.Value)
	if err != nil {
		w.t.Fatal(err)
	}
	return r, string(e.Value)
}

// TestManyAskersShareAClientToken: nobody has made a record beforehand. All processes together send one request for each expiry.
func TestManyAskersShareAClientToken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		processes, askers int
		files             bool
	}{{1, 1000, false}, {20, 50, false}, {8, 6, true}} {
		t.Run(fmt.Sprint(tt.processes, tt.askers, tt.files), func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "store")
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.server.clock = SystemClock()
				w.server.wait = func() { time.Sleep(300 * time.Millisecond) }
				var managers []*Manager
				for range tt.processes {
					managers = append(managers, w.start(func(o *Options) {
						if o.Clock = nil; tt.files {
							var err error
							if o.Store, err = filestore.Open(dir); err != nil {
								t.Fatal(err)
							}
						}
					}))
				}
				for expiry := 1; expiry <= 3; expiry++ {
					var wg sync.WaitGroup
					for _, m := range managers {
						for range tt.askers {
							wg.Go(func() { w.mustClientToken(m, w.mintSetup()) })
						}
					}
					wg.Wait()
					w.wantMints(expiry)
					time.Sleep(fakeLifetime)
				}
			})
		})
	}
}

// TestWhatAClientTokenIsMadeFrom: whatever makes another token is another record, and nothing else is.
func TestWhatAClientTokenIsMadeFrom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.start()
	key := func(change func(*Setup)) string {
		s := w.mintSetup()
		s.Grant.Secrets = map[string]secret.String{"assertion": secret.New("one")}
		change(&s)
		src, err := m.sourceOf(m.known(s.Client), m.known(s.Client), s.Grant)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.CheckKey(src.key); err != nil {
			t.Error(err)
		}
		return src.key
	}
	base := key(func(*Setup) {})
	for name, change := range map[string]func(*Setup){
		"secret":       func(s *Setup) { s.Client.ClientSecret = secret.New("other") },
		"registration": func(s *Setup) { s.Client.Registration = "r" },
		"policy": func(s *Setup) {
			s.Client.Policy = RefreshTokenPolicy{TokenCalls: CallLimit{Limit: 1, Window: time.Hour}}
		},
		"other endpoints": func(s *Setup) { s.Client.RevocationEndpoint, s.Client.IntrospectionEndpoint = "", fakeHost+"/i" },
		"order of scopes": func(s *Setup) { s.Grant.Scopes = []string{"read", "read"} },
	} {
		if key(change) != base {
			t.Errorf("%s makes another token", name)
		}
	}
	seen := map[string]string{base: "nothing"}
	for name, change := range map[string]func(*Setup){
		"client_id":       func(s *Setup) { s.Client.ClientID = "other" },
		"token_endpoint":  func(s *Setup) { s.Client.TokenEndpoint = fakeHost + "/other" },
		"issuer":          func(s *Setup) { s.Client.Issuer = fakeHost },
		"method":          func(s *Setup) { s.Client.TokenEndpointAuthMethod = "client_secret_post" },
		"dpop":            func(s *Setup) { s.Client.DPoPBoundAccessTokens = true },
		"certificate":     func(s *Setup) { s.Client.TLSClientCertificate = "pem" },
		"overrides":       func(s *Setup) { s.Client.PlatformOverrides = "{}" },
		"grant":           func(s *Setup) { s.Grant.Type = "urn:other" },
		"scopes":          func(s *Setup) { s.Grant.Scopes = nil },
		"resource":        func(s *Setup) { s.Grant.Resource = []string{"https://a.example"} },
		"audience":        func(s *Setup) { s.Grant.Audience = []string{"https://a.example"} },
		"parameter":       func(s *Setup) { s.Grant.Parameters = map[string]string{"tenant_id": "t2"} },
		"assertion":       func(s *Setup) { s.Grant.Secrets = map[string]secret.String{"assertion": secret.New("two")} },
		"its name":        func(s *Setup) { s.Grant.Secrets = map[string]secret.String{"password": secret.New("one")} },
		"none of those":   func(s *Setup) { s.Grant.Secrets = nil },
		"more parameters": func(s *Setup) { s.Grant.Parameters = map[string]string{"tenant_id": "t1", "x": ""} },
	} {
		k := key(change)
		if other, taken := seen[k]; taken {
			t.Errorf("%s makes the same token as %s", name, other)
		}
		seen[k] = name
	}
}

// TestAClientTokenKeepsNoSecretOfItsClient: the token alone is worth keeping. Whoever asks has the rest.
func TestAClientTokenKeepsNoSecretOfItsClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.mintSetup()
	s.Client.PrivateKey = secret.New("private-key-1")
	s.Client.TokenEndpointAuthMethod = "client_secret_basic" // or there is a doubt which of them counts
	s.Grant.Secrets = map[string]secret.String{"assertion": secret.New("assertion-1")}
	w.mustClientToken(w.start(), s)
	r, text := w.sharedRecord()
	for _, hidden := range []string{fakeSecret, "private-key-1", "assertion-1"} {
		if strings.Contains(text, hidden) || strings.Contains(w.shared()[0], hidden) {
			t.Errorf("the record holds %s", hidden)
		}
	}
	if !strings.Contains(text, `"kind":"client_token"`) || !r.Shared || !r.Mints() || r.Client.ClientID != fakeClientID || r.Generation != 1 {
		t.Errorf("the record is %s", text)
	}
	if got := w.mustClientToken(w.start(), s); got.Rotated || got.Record.Client.ClientSecret.IsEmpty() {
		t.Errorf("rotated: %v", got.Rotated)
	}
	w.wantMints(1)
}

// TestAnotherSecretOfTheSameClient: a token that is good is served whoever got it; when it ends, each asks with his own secret,
// and one that the server refuses harms nobody else.
func TestAnotherSecretOfTheSameClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m, wrong := w.start(), w.mintSetup()
	wrong.Client.ClientSecret = secret.New("old-secret")
	_, err := m.ClientToken(t.Context(), wrong, consumerAsk)
	if e := w.wantKind(err, KindBadClient); !e.Record.Mints() || e.Record.Client.ClientID != fakeClientID {
		t.Errorf("the error speaks of %+v", e.Record.Client)
	}
	w.mustClientToken(m, w.mintSetup())
	w.mustClientToken(w.start(), wrong)
	w.clock.pass(fakeLifetime)
	_, err = w.start().ClientToken(t.Context(), wrong, consumerAsk)
	w.wantKind(err, KindBadClient)
	w.mustClientToken(m, w.mintSetup())
	w.wantMints(2)
	w.wantServer(4, 0, 0)
}

// TestARefusalIsNotRepeated: of a thousand data sources of one run, one asks. The next run asks again, and so does this one after a
// while.
func TestARefusalIsNotRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.minting.refusal = "invalid_scope"
	m := w.start()
	for range 1000 {
		_, err := m.ClientToken(t.Context(), w.mintSetup(), consumerAsk)
		e := w.wantKind(err, KindConfiguration)
		if e.Verdict.Code != "invalid_scope" || e.Record.Status != StatusActive {
			t.Fatalf("%+v", e)
		}
	}
	w.wantMints(1)
	other := w.mintSetup()
	other.Grant.Scopes = []string{"write"}
	if _, err := m.ClientToken(t.Context(), other, consumerAsk); !IsKind(err, KindConfiguration) {
		t.Fatal(err)
	}
	w.wantMints(2)
	if _, err := w.start().ClientToken(t.Context(), w.mintSetup(), consumerAsk); !IsKind(err, KindConfiguration) {
		t.Fatal(err)
	}
	w.wantMints(3)
	w.server.minting.refusal = ""
	w.clock.pass(refusalFor - time.Second)
	if _, err := m.ClientToken(t.Context(), w.mintSetup(), consumerAsk); !IsKind(err, KindConfiguration) {
		t.Fatal(err)
	}
	w.clock.pass(time.Second)
	w.mustClientToken(m, w.mintSetup())
	w.wantMints(4)
}

// TestWhatCannotBeAskedForLeavesNothing: neither in the store nor at the server.
func TestWhatCannotBeAskedForLeavesNothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Setup){
		"public client": func(s *Setup) { s.Client.ClientSecret = secret.String{} },
		"no endpoint":   func(s *Setup) { s.Client.TokenEndpoint = "" },
		"registration":  func(s *Setup) { s.Client.Registration, s.Client.ClientSecret = "none", secret.String{} },
		"parameter":     func(s *Setup) { s.Grant.Parameters = map[string]string{"client_id": "x"} },
	} {
		w := newWorld(t)
		s := w.mintSetup()
		change(&s)
		_, err := w.start().ClientToken(t.Context(), s, consumerAsk)
		if e := w.wantKind(err, KindConfiguration); !e.Record.Mints() || len(w.shared()) != 0 {
			t.Errorf("%s: %v, and %d records", name, err, len(w.shared()))
		}
		w.wantServer(0, 0, 0)
	}
}

// TestMoreValidityThanTokensHave: a margin that no token of the server meets must not make each asker get another one.
func TestMoreValidityThanTokensHave(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask := consumerAsk
	ask.MinValidity = 2 * fakeLifetime
	m := w.start()
	for range 10 {
		if _, err := m.ClientToken(t.Context(), w.mintSetup(), ask); err != nil {
			t.Fatal(err)
		}
	}
	w.wantMints(1)
	w.clock.pass(fakeLifetime/2 + time.Second)
	if _, err := m.ClientToken(t.Context(), w.mintSetup(), ask); err != nil {
		t.Fatal(err)
	}
	w.wantMints(2)
	ask.MinValidity = fakeLifetime - time.Minute
	w.clock.pass(2 * time.Minute)
	if _, err := m.ClientToken(t.Context(), w.mintSetup(), ask); err != nil {
		t.Fatal(err)
	}
	w.wantMints(3)
}

// TestOldClientTokensAreSwept: a few of those that ended long ago go with each new one; what is of use stays.
func TestOldClientTokensAreSwept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.start()
	for i := range 12 {
		s := w.mintSetup()
		s.Grant.Scopes = []string{fmt.Sprint("s", i)}
		w.mustClientToken(m, s)
	}
	w.clock.pass(fakeLifetime + sharedFor)
	fresh := w.mintSetup()
	w.mustClientToken(m, fresh)
	if n := len(w.shared()); n != 13 {
		t.Fatalf("%d records at the end of their time, want 13", n)
	}
	w.clock.pass(time.Second)
	most := 13
	for i := range 40 {
		s := w.mintSetup()
		s.Grant.Scopes = []string{fmt.Sprint("t", i)}
		before := len(w.shared())
		w.mustClientToken(m, s)
		after := len(w.shared())
		if gone := before + 1 - after; gone < 0 || gone > sweepMost {
			t.Fatalf("%d records were deleted at once", gone)
		}
		most = max(most, after)
	}
	if n := len(w.shared()); n != 41 || most > 45 {
		t.Errorf("%d records in the end, want the 41 that are in use; %d at most", n, most)
	}
	mints := w.server.mints()
	w.mustClientToken(m, fresh)
	w.wantMints(mints)
}

// TestWhatOutlivesAClientToken by table: a claim, a wait that the server asked for, and the last event keep a record.
func TestWhatOutlivesAClientToken(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	old, recent := now.Add(-sharedFor-time.Hour), now.Add(-sharedFor+time.Second)
	ended := Tokens{Access: secret.New("x"), IssuedAt: old, ExpiresAt: old}
	for name, tt := range map[string]struct {
		r    Record
		want bool
	}{
		"ended":             {Record{Shared: true, Tokens: ended}, true},
		"never got one":     {Record{Shared: true, History: []Event{{At: old}}}, true},
		"a pair":            {Record{Tokens: ended}, false},
		"ended recently":    {Record{Shared: true, Tokens: Tokens{Access: secret.New("x"), IssuedAt: old, ExpiresAt: recent}}, false},
		"refused recently":  {Record{Shared: true, Tokens: ended, History: []Event{{At: old}, {At: recent}}}, false},
		"claimed recently":  {Record{Shared: true, Tokens: ended, Claim: &Claim{ClaimedAt: recent}}, false},
		"claimed long ago":  {Record{Shared: true, Tokens: ended, Claim: &Claim{ClaimedAt: old}}, true},
		"to wait":           {Record{Shared: true, Tokens: ended, NotBefore: recent}, false},
		"without an end":    {Record{Shared: true, Tokens: Tokens{Access: secret.New("x"), IssuedAt: old, Lifetime: Endless}}, false},
		"of unknown length": {Record{Shared: true, Tokens: Tokens{Access: secret.New("x"), IssuedAt: old.Add(-time.Hour)}}, true},
	} {
		if got := tt.r.outlived(now); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestAClientTokenThatIsSweptMeanwhile: whoever was about to use the record makes another.
func TestAClientTokenThatIsSweptMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustClientToken(w.start(), w.mintSetup())
	w.clock.pass(fakeLifetime)
	swept := false
	w.faulty(storetest.Hooks{Before: func(c storetest.Call) {
		if c.Op != storetest.OpReplace || swept {
			return
		}
		swept = true
		e, err := w.plain.Get(context.Background(), c.Key)
		if err == nil {
			err = w.plain.Delete(context.Background(), c.Key, e.Revision)
		}
		if err != nil {
			t.Error(err)
		}
	}})
	w.mustClientToken(w.start(), w.mintSetup())
	w.wantMints(2)
	if r, _ := w.sharedRecord(); !swept || r.Generation != 1 {
		t.Errorf("generation %d", r.Generation)
	}
}

// TestAnOwnerOfAClientTokenThatDies: nothing is uncertain. Who comes after asks again, once the claim is over.
func TestAnOwnerOfAClientTokenThatDies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.plan = []callPlan{callLostDone, callLostDone, callLostDone}
	if _, err := w.start().ClientToken(t.Context(), w.mintSetup(), consumerAsk); !IsKind(err, KindUnknown) {
		t.Fatal(err)
	}
	w.mustClientToken(w.start(), w.mintSetup())
	r, _ := w.sharedRecord()
	if r.Status != StatusActive || r.Unknown != nil || r.Claim != nil {
		t.Errorf("the record is %s", r.Status)
	}
	w.clock.pass(fakeLifetime)
	r.Claim = &Claim{Attempt: "dead", Purpose: PurposeRefresh, Base: 1, TTL: time.Minute, ClaimedAt: w.clock.Now()}
	text, err := EncodeRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	e, err := w.plain.Get(t.Context(), w.shared()[0])
	if err == nil {
		_, err = w.plain.Replace(t.Context(), w.shared()[0], e.Revision, text)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.mustClientToken(w.start(), w.mintSetup())
	w.wantMints(5)
}

// TestEveryFaultOfAClientToken: with each call of the store failing, in both ways, nobody is told that something was used up, no
// process asks more than it may, and the next one gets a token.
func TestEveryFaultOfAClientToken(t *testing.T) {
	t.Parallel()
	for _, fault := range []storetest.Fault{storetest.NothingDone, storetest.Done} {
		for _, lasting := range []bool{false, true} {
			hit := true
			for n := 1; hit && n < 40; n++ {
				hit = clientTokenUnder(t, fault, n, lasting)
			}
			if hit {
				t.Error("there is no end of calls")
			}
		}
	}
}

// clientTokenUnder asks once with the nth call failing, or all from that on. It returns whether there were so many.
func clientTokenUnder(t *testing.T, fault storetest.Fault, nth int, lasting bool) (hit bool) {
	t.Helper()
	w := newWorld(t)
	sound := w.store
	var mu sync.Mutex
	w.faulty(storetest.Hooks{Fault: func(_ storetest.Op, _ string, n int) storetest.Fault {
		mu.Lock()
		defer mu.Unlock()
		if n == nth || lasting && n > nth {
			hit = true
			return fault
		}
		return storetest.None
	}})
	m := w.start()
	res, err := m.ClientToken(t.Context(), w.mintSetup(), consumerAsk)
	where := fmt.Sprintf("call %d, fault %v, lasting %v", nth, fault, lasting)
	if err == nil && !w.server.opens(res.Record.Tokens.Access.Reveal()) || err != nil && !IsKind(err, KindStore) {
		t.Errorf("%s: %v", where, err)
	}
	if err != nil && !lasting && !errors.Is(err, storetest.ErrInjected) {
		t.Errorf("%s: %v", where, err)
	}
	if n := w.server.mints(); n > 1 {
		t.Errorf("%s: %d requests", where, n)
	}
	if len(w.rescue.files) > 0 {
		t.Errorf("%s: a rescue file", where)
	}
	w.store = sound
	w.mustClientToken(w.start(), w.mintSetup())
	if n := w.server.mints(); n > 2 {
		t.Errorf("%s: %d requests in the end", where, n)
	}
	return hit
}

// TestASharedTokenOfAPerson: nobody applies a data source, so a refused password is asked about again by the next run, and not by this
// one. A refresh token in the reply is dropped: each asker has the grant at hand.
func TestASharedTokenOfAPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.mintSetup()
	s.Grant = &Grant{Type: "urn:example:person", Secrets: map[string]secret.String{"password": secret.New("pass-word-1")}}
	w.server.minting.refusal = "invalid_grant"
	m := w.start()
	for range 3 {
		_, err := m.ClientToken(t.Context(), s, consumerAsk)
		if e := w.wantKind(err, KindConfiguration); e.Verdict.Code != "invalid_grant" {
			t.Fatal(err)
		}
	}
	w.wantMints(1)
	w.server.minting.refusal, w.server.minting.generous = "", true
	w.mustClientToken(w.start(), s)
	w.wantMints(2)
	if r, text := w.sharedRecord(); !r.Tokens.Refresh.IsEmpty() || strings.Contains(text, "pass-word-1") || r.Status != StatusActive {
		t.Errorf("the record is %s", text)
	}
	w.clock.pass(fakeLifetime)
	w.mustClientToken(w.start(), s)
	w.wantMints(3)
}
