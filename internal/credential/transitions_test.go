package credential

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func refreshAttempt(change func(*Attempt)) Attempt {
	a := Attempt{
		Key: theKey, ID: "me", Purpose: PurposeRefresh, Family: "f1", Base: 3, Scopes: []string{"asked"},
		ClaimedAt: now.Add(-time.Second), TTL: 2 * time.Minute, SentAt: now,
	}
	if change != nil {
		change(&a)
	}
	return a
}

func exchangeAttempt(*Attempt) Attempt {
	return refreshAttempt(func(a *Attempt) { a.Purpose, a.NewFamily, a.State = PurposeExchange, "f2", "s1" })
}

var fullReply = oauth.Token{
	AccessToken: secret.New("A"), RefreshToken: secret.New("R"), IDToken: secret.New("I"), TokenType: "Bearer",
	ExpiresIn: time.Hour, RefreshTokenExpiresIn: 24 * time.Hour, Scopes: []string{"granted"},
	Extra: map[string]secret.String{"x": secret.New("y")},
}

// claimedBy is a record with a refresh claim on generation 3.
func claimedBy(attempt string) *Claim {
	return &Claim{Attempt: attempt, Purpose: PurposeRefresh, Base: 3, TTL: 2 * time.Minute, ClaimedAt: now.Add(-time.Second)}
}

// TestApplyTokens says when a successor is taken, and when it comes too late to be one.
func TestApplyTokens(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		cur        Record
		attempt    Attempt
		want       commitOutcome
		family     string
		generation int64
	}{
		{"own claim", active(func(r *Record) { r.Claim = claimedBy("me") }), refreshAttempt(nil), commitNow, "f1", 4},
		{"claim of somebody else", active(func(r *Record) { r.Claim = claimedBy("you") }), refreshAttempt(nil), commitNow, "f1", 4},
		{"taken over", unknown(now, func(r *Record) { r.Unknown.TakenOver = true }), refreshAttempt(nil), commitNow, "f1", 4},
		{"taken over and refused", unknown(now, func(r *Record) { r.Unknown.RejectedAt = now }), refreshAttempt(nil), commitNow, "f1", 4},
		{"believed dead", active(func(r *Record) { *r = dead(*r) }), refreshAttempt(nil), commitNow, "f1", 4},
		{"store put back", active(func(r *Record) { r.Generation = 1 }), refreshAttempt(nil), commitNow, "f1", 4},
		{"done before", active(func(r *Record) { r.Generation, r.LastAttempt = 4, "me" }), refreshAttempt(nil), commitDone, "f1", 4},
		{"generation higher", active(func(r *Record) { r.Generation = 4 }), refreshAttempt(nil), commitObsolete, "f1", 4},
		{"family changed", active(func(r *Record) { r.Family = "f9" }), refreshAttempt(nil), commitObsolete, "f9", 3},
		{"deleted", active(func(r *Record) { *r = r.tombstone(now) }), refreshAttempt(nil), commitObsolete, "f1", 3},
		{"the very generation that is missing", unknown(now, func(r *Record) { r.Generation, r.Unknown.Behind = 4, true }), refreshAttempt(nil), commitNow, "f1", 4},
		{"a generation before the missing one", unknown(now, func(r *Record) { r.Generation, r.Unknown.Behind = 5, true }), refreshAttempt(nil), commitObsolete, "f1", 5},
		{"a generation after the missing one", unknown(now, func(r *Record) { r.Generation, r.Unknown.Behind = 3, true }), refreshAttempt(nil), commitNow, "f1", 4},
		{"exchange", active(nil), exchangeAttempt(nil), commitNow, "f2", 1},
		{"exchange, rotated meanwhile", active(func(r *Record) { r.Generation = 9 }), exchangeAttempt(nil), commitNow, "f2", 1},
		{"exchange, another one was first", active(func(r *Record) { r.Family = "f9" }), exchangeAttempt(nil), commitObsolete, "f9", 3},
		{"exchange, deleted", active(func(r *Record) { *r = r.tombstone(now) }), exchangeAttempt(nil), commitObsolete, "f1", 3},
	} {
		before := tt.cur.clone()
		got, outcome := applyTokens(tt.cur.clone(), tt.attempt, fullReply, Event{At: now, Host: "h"})
		if outcome != tt.want || got.Family != tt.family || got.Generation != tt.generation {
			t.Errorf("%s: outcome %d, family %s, generation %d; want %d, %s, %d", tt.name, outcome, got.Family, got.Generation, tt.want, tt.family, tt.generation)
			continue
		}
		if outcome != commitNow {
			if len(got.History) != len(before.History) || !got.Tokens.Refresh.Equal(before.Tokens.Refresh) {
				t.Errorf("%s: the record was changed", tt.name)
			}
			continue
		}
		if got.Status != StatusActive || got.Claim != nil || got.Unknown != nil || got.LastAttempt != "me" || !got.NotBefore.IsZero() {
			t.Errorf("%s: status %s, claim %v, unknown %v, last attempt %s", tt.name, got.Status, got.Claim, got.Unknown, got.LastAttempt)
		}
		if err := got.check(); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// TestApplyTokensReadsTheReply says which token, time and scope comes from where.
func TestApplyTokensReadsTheReply(t *testing.T) {
	t.Parallel()
	old := Tokens{
		Access: secret.New("oa"), Refresh: secret.New("or"), ID: secret.New("oi"), IssuedAt: issued, ExpiresAt: expires,
		RefreshTokenExpiresAt: now.Add(time.Minute), Scopes: []string{"old"},
	}
	cur := active(func(r *Record) { r.Tokens = old })
	for _, tt := range []struct {
		name     string
		attempt  Attempt
		reply    oauth.Token
		want     Tokens
		consumed bool
		verdict  string
	}{
		{"everything", refreshAttempt(nil), fullReply, Tokens{
			Access: secret.New("A"), Refresh: secret.New("R"), ID: secret.New("I"), Type: "Bearer", Scopes: []string{"granted"},
			IssuedAt: now, ExpiresAt: now.Add(time.Hour), RefreshTokenExpiresAt: now.Add(24 * time.Hour),
		}, true, "refreshed"},
		{"access token alone", refreshAttempt(nil), oauth.Token{AccessToken: secret.New("A")}, Tokens{
			Access: secret.New("A"), Refresh: secret.New("or"), ID: secret.New("oi"), Scopes: []string{"asked"},
			IssuedAt: now, RefreshTokenExpiresAt: now.Add(time.Minute),
		}, false, "refreshed"},
		{"access token alone, with a new lifetime of the old refresh token", refreshAttempt(nil),
			oauth.Token{AccessToken: secret.New("A"), RefreshTokenExpiresIn: time.Hour}, Tokens{
				Access: secret.New("A"), Refresh: secret.New("or"), ID: secret.New("oi"), Scopes: []string{"asked"},
				IssuedAt: now, RefreshTokenExpiresAt: now.Add(time.Hour),
			}, false, "refreshed"},
		{"no scopes granted", refreshAttempt(nil), oauth.Token{AccessToken: secret.New("A"), Scopes: []string{}}, Tokens{
			Access: secret.New("A"), Refresh: secret.New("or"), ID: secret.New("oi"), Scopes: []string{},
			IssuedAt: now, RefreshTokenExpiresAt: now.Add(time.Minute),
		}, false, "refreshed"},
		{"the same refresh token again", refreshAttempt(nil), oauth.Token{AccessToken: secret.New("A"), RefreshToken: secret.New("or")}, Tokens{
			Access: secret.New("A"), Refresh: secret.New("or"), ID: secret.New("oi"), Scopes: []string{"asked"}, IssuedAt: now,
		}, false, "refreshed"},
		{"salvaged", refreshAttempt(nil), oauth.Token{RefreshToken: secret.New("R"), Salvaged: true}, Tokens{
			Access: old.Access, Refresh: secret.New("R"), ID: secret.New("oi"), Type: old.Type, Scopes: old.Scopes, IssuedAt: old.IssuedAt, ExpiresAt: old.ExpiresAt,
		}, true, "refreshed, from a broken reply"},
		{"too early, and a successor all the same", refreshAttempt(nil), oauth.Token{RefreshToken: secret.New("R"), Wait: time.Minute}, Tokens{
			Access: old.Access, Refresh: secret.New("R"), ID: secret.New("oi"), Type: old.Type, Scopes: old.Scopes, IssuedAt: old.IssuedAt, ExpiresAt: old.ExpiresAt,
		}, true, "refreshed, with a successor although it was too early"},
		{"exchange inherits nothing", exchangeAttempt(nil), oauth.Token{AccessToken: secret.New("A")}, Tokens{
			Access: secret.New("A"), Scopes: []string{"asked"}, IssuedAt: now,
		}, true, "authorized"},
	} {
		got, _ := applyTokens(cur.clone(), tt.attempt, tt.reply, Event{})
		if text := sameTokens(got.Tokens, tt.want); text != "" {
			t.Errorf("%s: %s", tt.name, text)
		}
		if got.HasConsumed(old.Refresh) != tt.consumed {
			t.Errorf("%s: old refresh token consumed %v, want %v", tt.name, !tt.consumed, tt.consumed)
		}
		if e := got.History[0]; e.Verdict != tt.verdict || e.Attempt != "me" || e.Generation != got.Generation {
			t.Errorf("%s: history %+v", tt.name, e)
		}
	}
	if got, _ := applyTokens(cur.clone(), refreshAttempt(nil), fullReply, Event{}); got.Tokens.Extra["x"].Reveal() != "y" || !got.LastRotatedAt.Equal(now) {
		t.Errorf("extra %v, rotated %s", got.Tokens.Extra, got.LastRotatedAt)
	}
}

func TestExchangeStartsAFamily(t *testing.T) {
	t.Parallel()
	cur := active(func(r *Record) {
		r.Pending = []Pending{{State: "s0"}, {State: "s1"}, {State: "s2"}}
		r.LastRotatedAt = issued
	})
	got, _ := applyTokens(cur, exchangeAttempt(nil), fullReply, Event{})
	if len(got.Pending) != 2 || got.Pending[0].State != "s0" || got.Pending[1].State != "s2" {
		t.Errorf("pending = %v, want the used one gone", got.Pending)
	}
	if !got.AuthorizedAt.Equal(now) || !got.LastRotatedAt.IsZero() {
		t.Errorf("authorized at %s, rotated at %s", got.AuthorizedAt, got.LastRotatedAt)
	}
}

// sameTokens compares all but Extra.
func sameTokens(got, want Tokens) string {
	for _, p := range []struct {
		name string
		a, b any
	}{
		{"access", got.Access.Reveal(), want.Access.Reveal()}, {"refresh", got.Refresh.Reveal(), want.Refresh.Reveal()},
		{"id", got.ID.Reveal(), want.ID.Reveal()}, {"type", got.Type, want.Type}, {"issued", got.IssuedAt, want.IssuedAt},
		{"expires", got.ExpiresAt, want.ExpiresAt}, {"refresh expires", got.RefreshTokenExpiresAt, want.RefreshTokenExpiresAt},
	} {
		if p.a != p.b {
			return fmt.Sprintf("%s is %v, want %v", p.name, p.a, p.b)
		}
	}
	if !slices.Equal(got.Scopes, want.Scopes) || (got.Scopes == nil) != (want.Scopes == nil) {
		return fmt.Sprintf("scopes are %v, want %v", got.Scopes, want.Scopes)
	}
	return ""
}

// TestApplyRefusal says what each answer without a token does to a record, whoever has a claim on it by then.
func TestApplyRefusal(t *testing.T) {
	t.Parallel()
	mine := func(change func(*Record)) Record {
		return active(func(r *Record) {
			r.Claim = claimedBy("me")
			if change != nil {
				change(r)
			}
		})
	}
	takenOver := func(resends int) Record {
		return unknown(now.Add(-time.Hour), func(r *Record) { r.Unknown.TakenOver, r.Unknown.Resends = true, resends })
	}
	for _, tt := range []struct {
		name     string
		cur      Record
		verdict  oauth.Verdict
		status   Status
		unknown  *Unknown
		claim    string
		refresh  bool // the refresh token is still there
		notAfter time.Duration
		line     string
	}{
		{"too early", mine(nil), oauth.Verdict{Class: oauth.TooEarly}, StatusActive, nil, "", true, time.Minute, "refused: too_early"},
		{"too many, with a time", mine(nil), oauth.Verdict{Class: oauth.RateLimited, RetryAfter: time.Hour}, StatusActive, nil, "", true, time.Hour, "refused: rate_limited"},
		{"bad client", mine(nil), oauth.Verdict{Class: oauth.BadClient}, StatusActive, nil, "", true, 0, "refused: bad_client"},
		{"configuration", mine(nil), oauth.Verdict{Class: oauth.Configuration}, StatusActive, nil, "", true, 0, "refused: configuration"},
		{"invalid grant", mine(nil), oauth.Verdict{Class: oauth.Reauthorize}, StatusAuthorizationRequired, nil, "", false, 0, "refused: authorization required"},
		{"reuse detected", mine(nil), oauth.Verdict{Class: oauth.ReuseDetected}, StatusAuthorizationRequired, nil, "", false, 0, "refused: authorization required"},
		{"unknown", mine(nil), oauth.Verdict{Class: oauth.OutcomeUnknown}, StatusOutcomeUnknown,
			&Unknown{Attempt: "me", ClaimedAt: now.Add(-time.Second), TTL: 2 * time.Minute}, "", true, 0, "no usable reply, outcome unknown"},
		{"unknown again", mine(func(r *Record) {
			r.Status, r.Unknown = StatusOutcomeUnknown, &Unknown{Attempt: "x", ClaimedAt: issued, TTL: time.Minute, TakenOver: true}
		}), oauth.Verdict{Class: oauth.OutcomeUnknown}, StatusOutcomeUnknown,
			&Unknown{Attempt: "x", ClaimedAt: issued, TTL: time.Minute, TakenOver: true, Resends: 1}, "", true, 0, "no usable reply, outcome unknown"},
		{"invalid grant, own lost reply before", mine(func(r *Record) { r.Status, r.Unknown = StatusOutcomeUnknown, &Unknown{Attempt: "x"} }),
			oauth.Verdict{Class: oauth.Reauthorize}, StatusAuthorizationRequired, nil, "", false, 0, "refused: authorization required"},
		{"invalid grant after a takeover", mine(func(r *Record) { r.Status, r.Unknown = StatusOutcomeUnknown, &Unknown{Attempt: "x", TakenOver: true} }),
			oauth.Verdict{Class: oauth.Reauthorize}, StatusOutcomeUnknown, &Unknown{Attempt: "x", TakenOver: true, RejectedAt: now}, "", true, 0,
			"refused after a takeover; the first holder may still bring the successor"},
		{"too early, once more", mine(func(r *Record) { r.Status, r.Unknown = StatusOutcomeUnknown, &Unknown{Attempt: "x", TakenOver: true} }),
			oauth.Verdict{Class: oauth.TooEarly}, StatusOutcomeUnknown, &Unknown{Attempt: "x", TakenOver: true}, "", true, time.Minute, "refused: too_early"},

		// The claim is gone: somebody has taken it over.
		{"late and unknown", takenOver(1), oauth.Verdict{Class: oauth.OutcomeUnknown}, StatusOutcomeUnknown,
			&Unknown{Attempt: "x", ClaimedAt: now.Add(-time.Hour), TTL: 2 * time.Minute, TakenOver: true, Resends: 1}, "", true, 0, "no usable reply, outcome unknown"},
		{"late and refused", takenOver(0), oauth.Verdict{Class: oauth.Reauthorize}, StatusOutcomeUnknown,
			&Unknown{Attempt: "x", ClaimedAt: now.Add(-time.Hour), TTL: 2 * time.Minute, TakenOver: true, RejectedAt: now}, "", true, 0,
			"refused after a takeover; the first holder may still bring the successor"},
		{"late and refused, while another sends again", func() Record {
			r := takenOver(0)
			r.Claim = claimedBy("you")
			return r
		}(), oauth.Verdict{Class: oauth.Reauthorize}, StatusOutcomeUnknown,
			&Unknown{Attempt: "x", ClaimedAt: now.Add(-time.Hour), TTL: 2 * time.Minute, TakenOver: true, RejectedAt: now}, "you", true, 0,
			"refused after a takeover; the first holder may still bring the successor"},
		{"late and unknown, believed dead meanwhile", active(func(r *Record) { *r = dead(*r) }), oauth.Verdict{Class: oauth.OutcomeUnknown},
			StatusAuthorizationRequired, nil, "", false, 0, "no usable reply, outcome unknown"},
		{"claim lost with the store's memory, and unknown", active(nil), oauth.Verdict{Class: oauth.OutcomeUnknown}, StatusOutcomeUnknown,
			&Unknown{Attempt: "me", ClaimedAt: now.Add(-time.Second), TTL: 2 * time.Minute}, "", true, 0, "no usable reply, outcome unknown"},
	} {
		got, changed := applyRefusal(tt.cur.clone(), refreshAttempt(nil), tt.verdict, now, Event{Attempt: "me"})
		if !changed || got.Status != tt.status || got.Tokens.Refresh.IsEmpty() == tt.refresh {
			t.Errorf("%s: changed %v, status %s, refresh token there %v", tt.name, changed, got.Status, !got.Tokens.Refresh.IsEmpty())
		}
		if (got.Unknown == nil) != (tt.unknown == nil) || got.Unknown != nil && *got.Unknown != *tt.unknown {
			t.Errorf("%s: unknown = %+v, want %+v", tt.name, got.Unknown, tt.unknown)
		}
		if tt.claim == "" && got.Claim != nil || tt.claim != "" && (got.Claim == nil || got.Claim.Attempt != tt.claim) {
			t.Errorf("%s: claim = %+v", tt.name, got.Claim)
		}
		if wait := got.NotBefore.Sub(now); tt.notAfter == 0 && !got.NotBefore.IsZero() || tt.notAfter != 0 && wait != tt.notAfter {
			t.Errorf("%s: not before %s", tt.name, got.NotBefore)
		}
		if last := got.History[len(got.History)-1]; last.Verdict != tt.line {
			t.Errorf("%s: history says %q, want %q", tt.name, last.Verdict, tt.line)
		}
		// The write was done and its error hid that: the next try changes nothing.
		again, changed := applyRefusal(got.clone(), refreshAttempt(nil), tt.verdict, now, Event{Attempt: "me"})
		if changed || len(again.History) != len(got.History) || again.Unknown != nil && *again.Unknown != *got.Unknown {
			t.Errorf("%s: a second time it changed something: %+v", tt.name, again.Unknown)
		}
	}
}

// TestTakeOver says what becomes of a claim whose owner is gone.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	grace := RefreshTokenPolicy{Rotation: RotationSingleUseGrace, GracePeriod: time.Hour}
	for _, tt := range []struct {
		name    string
		cur     Record
		status  Status
		unknown *Unknown
		line    string
	}{
		{"refresh", active(func(r *Record) { r.Claim = claimedBy("x") }), StatusOutcomeUnknown,
			&Unknown{Attempt: "x", ClaimedAt: now.Add(-time.Second), TTL: 2 * time.Minute, TakenOver: true},
			"claim taken over, outcome of the refresh unknown"},
		{"resend", unknown(issued, func(r *Record) { r.Claim = claimedBy("y") }), StatusOutcomeUnknown,
			&Unknown{Attempt: "x", ClaimedAt: issued, TTL: 2 * time.Minute, TakenOver: true, Resends: 1},
			"claim taken over, outcome of the refresh unknown"},
		{"resend within the grace", unknown(now.Add(-time.Minute), func(r *Record) { r.Claim, r.Client.Policy = claimedBy("y"), grace }), StatusOutcomeUnknown,
			&Unknown{Attempt: "x", ClaimedAt: now.Add(-time.Minute), TTL: 2 * time.Minute, TakenOver: true},
			"claim taken over, outcome of the refresh unknown"},
		{"refresh of an earlier generation", active(func(r *Record) { r.Claim, r.Generation = claimedBy("x"), 4 }), StatusActive, nil,
			"claim on an earlier generation ended"},
		{"refresh of a token that is dead by now", active(func(r *Record) { *r = dead(*r); r.Claim = claimedBy("x") }), StatusAuthorizationRequired, nil,
			"claim on an earlier generation ended"},
		{"exchange", active(func(r *Record) { r.Claim = claimedBy("x"); r.Claim.Purpose = PurposeExchange }), StatusActive, nil,
			"claim taken over, outcome of the code exchange unknown; the code is not sent again"},
		{"revocation", active(func(r *Record) { r.Claim = claimedBy("x"); r.Claim.Purpose = PurposeRevoke }), StatusActive, nil,
			"claim taken over, outcome of the revocation unknown"},
	} {
		got := takeOver(tt.cur.clone(), Event{At: now})
		if got.Claim != nil || got.Status != tt.status || (got.Unknown == nil) != (tt.unknown == nil) || got.Unknown != nil && *got.Unknown != *tt.unknown {
			t.Errorf("%s: claim %v, status %s, unknown %+v", tt.name, got.Claim, got.Status, got.Unknown)
		}
		if last := got.History[len(got.History)-1]; last.Verdict != tt.line || last.Attempt == "" {
			t.Errorf("%s: history says %+v", tt.name, last)
		}
	}
}

func TestAttach(t *testing.T) {
	t.Parallel()
	app := Client{ClientID: "app", TokenEndpoint: "https://as/token"}
	other := Client{ClientID: "other", TokenEndpoint: "https://as/token"}
	left := func(change func(*Record)) Record {
		return active(func(r *Record) {
			r.Client, r.Attachment = app, Attachment{ID: "before"}
			r.Pending = []Pending{{State: "s"}}
			r.Input = secret.New("brought").SHA256()
			if change != nil {
				change(r)
			}
		})
	}
	refused := func(r *Record) {
		r.Status, r.Generation, r.Input = StatusAuthorizationRequired, 1, secret.New("mistyped").SHA256()
		r.Tokens.Access, r.Tokens.Refresh = secret.String{}, secret.String{}
	}
	hashes := []Consumed{{SHA256: "h", Input: true}}
	tombstone := func(age time.Duration) Record {
		return Record{Status: StatusRevoked, Family: "f1", Generation: 3, DeletedAt: now.Add(-age), Consumed: hashes, History: []Event{{Verdict: "deleted"}}}
	}
	for _, tt := range []struct {
		name       string
		cur        Record
		client     Client
		err        error // ErrOtherApp; nil with kind: attached
		kind       Kind
		generation int64
		consumed   int
		pending    int
	}{
		{"nothing there", Record{}, app, nil, "", 0, 0, 0},
		{"tombstone", tombstone(90*24*time.Hour - 1), app, nil, "", 0, 1, 0},
		{"tombstone, 90 days old", tombstone(90 * 24 * time.Hour), app, nil, "", 0, 0, 0},
		{"left by an apply that died", left(nil), app, nil, "", 3, 0, 1},
		{"left, and wanted by another configuration", left(func(r *Record) { r.Input = "" }), app, nil, KindAttached, 0, 0, 0},
		{"left by an apply that died, of another app", left(nil), other, ErrOtherApp, KindAttached, 0, 0, 0},
		{"left, of another app, but the same resource", left(func(r *Record) { r.Attachment.ID = "mine" }), other, nil, "", 3, 0, 0},
		{"left without tokens, of another app", left(func(r *Record) { r.Generation = 0 }), other, nil, "", 0, 0, 0},
		{"left with tokens that were refused at once", left(refused), app, nil, "", 1, 0, 1},
		{"the same, of another app", left(refused), other, nil, "", 1, 0, 0},
		{"refused at once, and its access token lives", left(func(r *Record) { refused(r); r.Tokens.Access = secret.New("a") }), app, nil, KindAttached, 0, 0, 0},
		{"refused after another holder had used them", left(func(r *Record) { refused(r); r.note(Event{Verdict: verdictNoSuccessor}) }), app, nil, KindAttached, 0, 0, 0},
		{"refused later", left(func(r *Record) { refused(r); r.Generation = 2 }), app, nil, KindAttached, 0, 0, 0},
		{"refused at once, and managed", left(func(r *Record) { refused(r); r.Attachment.Attached = true }), app, nil, KindAttached, 0, 0, 0},
		{"managed by another resource", left(func(r *Record) { r.Attachment.Attached = true }), app, nil, KindAttached, 0, 0, 0},
	} {
		got, err := attach(tt.cur, "mine", Setup{
			Client: tt.client, Refresh: RefreshSettings{Earliest: 1}, Inputs: []secret.String{{}, secret.New("brought")},
		}, now)
		if tt.kind != "" {
			if !IsKind(err, tt.kind) || tt.err != nil && !errors.Is(err, tt.err) {
				t.Errorf("%s: error %v", tt.name, err)
			}
			continue
		}
		if err != nil || got.Attachment != (Attachment{ID: "mine"}) || got.Client.ClientID != tt.client.ClientID || got.Refresh.Earliest != 1 || got.IsTombstone() {
			t.Errorf("%s: %v, record %+v", tt.name, err, got.Attachment)
		}
		if got.Generation != tt.generation || len(got.Consumed) != tt.consumed || len(got.Pending) != tt.pending {
			t.Errorf("%s: generation %d, %d consumed, %d pending", tt.name, got.Generation, len(got.Consumed), len(got.Pending))
		}
	}
}
