package credential

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func metadata(pairs ...string) map[string]secret.String {
	m := map[string]secret.String{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = secret.New(pairs[i+1])
	}
	return m
}

// registeredRecord is a registration of generation 3 with a claim of this attempt.
func registeredRecord(change func(*Record)) Record {
	r := Record{
		Family: "f1", Generation: 3, Status: StatusActive, Client: Client{ClientID: "c", ClientSecret: secret.New("s3")},
		Claim: &Claim{Attempt: "me", Purpose: PurposeRead, Base: 3, TTL: 2 * time.Minute, ClaimedAt: now.Add(-time.Second)},
		Registered: &Registered{Dynamic: &Dynamic{
			URI: "https://as.example/r/c", Token: secret.New("t3"), SecretExpiresAt: now.Add(time.Hour),
			Wanted: metadata("client_name", `"w"`), Answered: metadata("client_name", `"w"`), Current: metadata("client_name", `"w"`),
		}},
	}
	if change != nil {
		change(&r)
	}
	return r
}

func managingAttempt(p Purpose) Attempt {
	return Attempt{Key: appKey, ID: "me", Purpose: p, Family: "f1", Base: 3, ClaimedAt: now.Add(-time.Second), TTL: 2 * time.Minute, SentAt: now}
}

func TestApplyRegistration(t *testing.T) {
	t.Parallel()
	said := oauth.Registration{ClientID: "c", ClientSecret: secret.New("s4"), Token: secret.New("t4"), Metadata: metadata("client_name", `"now"`)}
	for _, tt := range []struct {
		name   string
		cur    Record
		want   commitOutcome
		events int
	}{
		{"own claim", registeredRecord(nil), commitNow, 1},
		{"claim of somebody else", registeredRecord(func(r *Record) { r.Claim.Attempt = "you" }), commitNow, 1},
		{"taken over", registeredRecord(func(r *Record) { *r = takeOver(*r, Event{}) }), commitNow, 2},
		{"taken over and refused", registeredRecord(func(r *Record) { r.Registered.Dynamic.Refused = &Refused{Lost: true} }), commitNow, 1},
		{"done before", registeredRecord(func(r *Record) { r.Generation, r.LastAttempt = 4, "me" }), commitDone, 0},
		{"generation higher", registeredRecord(func(r *Record) { r.Generation = 4 }), commitObsolete, 0},
		{"registered anew", registeredRecord(func(r *Record) { r.Family = "f2" }), commitObsolete, 0},
		{"deleted", registeredRecord(func(r *Record) { *r = r.tombstone(now) }), commitObsolete, 0},
		{"made elsewhere by now", registeredRecord(func(r *Record) { r.Registered.Dynamic = nil }), commitObsolete, 0},
		{"moved", registeredRecord(func(r *Record) { *r = r.tombstone(now); r.MovedTo.Location = "x" }), commitMoved, 0},
	} {
		before := tt.cur.clone()
		got, outcome := applyRegistration(tt.cur, managingAttempt(PurposeRead), said, Event{At: now})
		if outcome != tt.want || len(got.History) != tt.events {
			t.Errorf("%s: outcome %d, history %v", tt.name, outcome, got.History)
		}
		if d := got.Registered.dynamic(); outcome == commitNow && (got.Claim != nil || got.Unknown != nil || got.Generation != 4 || got.LastAttempt != "me" ||
			d.Token.Reveal() != "t4" || got.Client.ClientSecret.Reveal() != "s4" || !d.SecretExpiresAt.IsZero() || d.Refused != nil || d.URI == "" ||
			d.Answered["client_name"].Reveal() != `"w"` || d.Current["client_name"].Reveal() != `"now"`) {
			t.Errorf("%s: %+v %+v", tt.name, got, d)
		}
		if before.Registered.dynamic() != nil && outcome == commitNow && tt.cur.Registered.Dynamic.Token.Reveal() != before.Registered.Dynamic.Token.Reveal() {
			t.Errorf("%s: the record that was given was changed", tt.name)
		}
	}
}

// What a reply leaves out stays; what breaks off may have held a successor.
func TestApplyPartOfARegistration(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name                   string
		said                   oauth.Registration
		token, secret, current string
		expires, unknown       bool
	}{
		{"nothing", oauth.Registration{Metadata: metadata("client_name", `"w"`)}, "t3", "s3", `"w"`, true, false},
		{"expiry alone", oauth.Registration{SecretExpirySaid: true, Metadata: metadata()}, "t3", "s3", "", false, false},
		{"the same secret", oauth.Registration{ClientSecret: secret.New("s3"), Metadata: metadata()}, "t3", "s3", "", true, false},
		{"another secret without end", oauth.Registration{ClientSecret: secret.New("s4"), SecretExpirySaid: true, Metadata: metadata()}, "t3", "s4", "", false, false},
		{"cut behind the token", oauth.Registration{Token: secret.New("t4"), Salvaged: true}, "t4", "s3", `"w"`, true, false},
		{"cut before the token", oauth.Registration{ClientSecret: secret.New("s4"), Salvaged: true, TokenLost: true}, "t3", "s4", `"w"`, false, true},
		{"public by now", oauth.Registration{Metadata: metadata("token_endpoint_auth_method", `"none"`)}, "t3", "", "", false, false},
	} {
		got, _ := applyRegistration(registeredRecord(nil), managingAttempt(PurposeUpdate), tt.said, Event{At: now})
		d := got.Registered.Dynamic
		if d.Token.Reveal() != tt.token || got.Client.ClientSecret.Reveal() != tt.secret || d.Current["client_name"].Reveal() != tt.current ||
			d.SecretExpiresAt.IsZero() == tt.expires || (got.Unknown != nil) != tt.unknown {
			t.Errorf("%s: token %s, secret %s, %+v, unknown %v", tt.name, d.Token.Reveal(), got.Client.ClientSecret.Reveal(), d, got.Unknown)
		}
	}
	a := managingAttempt(PurposeUpdate)
	a.Wanted = metadata("client_name", `"x"`)
	got, _ := applyRegistration(registeredRecord(nil), a, oauth.Registration{Metadata: metadata("client_name", `"y"`)}, Event{})
	d := got.Registered.Dynamic
	if names := d.Replaced(); !slices.Equal(names, []string{"client_name"}) || len(d.Drifted()) != 0 {
		t.Errorf("replaced %v, drifted %v", names, d.Drifted())
	}
}

func TestApplyManagingRefusal(t *testing.T) {
	t.Parallel()
	unknown := func(r *Record) { r.Unknown = &Unknown{Attempt: "other"} }
	for _, tt := range []struct {
		name          string
		purpose       Purpose
		verdict       oauth.Verdict
		cur           func(*Record)
		unknown       bool
		refused, lost bool
	}{
		{"lost", PurposeRead, oauth.Verdict{Class: oauth.OutcomeUnknown}, nil, true, false, false},
		{"lost registration", PurposeRegister, oauth.Verdict{Class: oauth.OutcomeUnknown}, nil, true, false, false},
		{"lost delete", PurposeDelete, oauth.Verdict{Class: oauth.OutcomeUnknown}, nil, false, false, false},
		{"401", PurposeRead, oauth.Verdict{Class: oauth.Reauthorize, Status: 401}, nil, false, true, false},
		{"401 after a lost reply", PurposeUpdate, oauth.Verdict{Class: oauth.Reauthorize, Status: 401}, unknown, false, true, true},
		{"403", PurposeRead, oauth.Verdict{Class: oauth.Configuration, Status: 403}, nil, false, true, false},
		{"404", PurposeRead, oauth.Verdict{Class: oauth.Configuration, Status: 404}, nil, false, true, false},
		{"400 after a lost reply", PurposeUpdate, oauth.Verdict{Class: oauth.Configuration, Status: 400}, unknown, false, false, false},
		{"429 after a lost reply", PurposeUpdate, oauth.Verdict{Class: oauth.RateLimited, Status: 429}, unknown, true, false, false},
		{"registration refused after a lost one", PurposeRegister, oauth.Verdict{Class: oauth.Configuration, Status: 400}, unknown, true, false, false},
	} {
		cur := registeredRecord(tt.cur)
		got, changed := applyManagingRefusal(cur, managingAttempt(tt.purpose), tt.verdict, now, Event{At: now})
		d := got.Registered.Dynamic
		if !changed || got.Claim != nil || (got.Unknown != nil) != tt.unknown || (d.Refused != nil) != tt.refused ||
			d.Refused != nil && d.Refused.Lost != tt.lost || got.Status != StatusActive || d.Token.Reveal() != "t3" || len(got.History) != 1 {
			t.Errorf("%s: changed %v, unknown %v, refused %+v, history %v", tt.name, changed, got.Unknown, d.Refused, got.History)
		}
	}
	moved := registeredRecord(func(r *Record) { r.Generation = 4; r.Claim.Attempt = "you" })
	if got, changed := applyManagingRefusal(moved, managingAttempt(PurposeRead), oauth.Verdict{Class: oauth.Reauthorize}, now, Event{}); changed || got.Registered.Dynamic.Refused != nil {
		t.Error("a refusal of an older token was believed")
	}
}

func TestTakeOverOfRegistrations(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		purpose Purpose
		base    int64
		unknown bool
		says    string
	}{
		{PurposeRegister, 3, true, "claim taken over, outcome of the register unknown"},
		{PurposeRead, 3, true, "claim taken over, outcome of the read unknown"},
		{PurposeUpdate, 3, true, "claim taken over, outcome of the update unknown"},
		{PurposeDelete, 3, false, "claim taken over, outcome of the delete unknown"},
		{PurposeRead, 2, false, "claim on an earlier generation ended"},
	} {
		got := takeOver(registeredRecord(func(r *Record) { r.Claim.Purpose, r.Claim.Base = tt.purpose, tt.base }), Event{At: now})
		if got.Claim != nil || (got.Unknown != nil) != tt.unknown || got.Status != StatusActive || got.History[0].Verdict != tt.says {
			t.Errorf("%s: %+v", tt.purpose, got)
		}
	}
}

func TestDriftedMetadata(t *testing.T) {
	t.Parallel()
	d := Dynamic{
		Wanted:   metadata("scope", `"b a"`, "contacts", `["x","y"]`, "client_name", `"n"`, "logo_uri", `"l"`, "jwks", `{"keys":[{"a":1,"b":2}]}`, "grant_types", `["g"]`),
		Answered: metadata("scope", `"a"`, "contacts", `["x","y"]`, "client_name", `"n"`, "logo_uri", `"l"`, "jwks", `{"keys":[{"b":2,"a":1}]}`, "grant_types", `["g"]`),
		Current:  metadata("scope", `"a"`, "contacts", `["y","x"]`, "client_name", `"other"`, "jwks", `{ "keys":[{"b":2,"a":1}] }`, "grant_types", `["g","h"]`, "extra", `1`),
	}
	if got := strings.Join(d.Drifted(), " "); got != "client_name grant_types logo_uri" {
		t.Errorf("drifted: %s", got)
	}
	if got := strings.Join(d.Replaced(), " "); got != "scope" {
		t.Errorf("replaced: %s", got)
	}
	if got := strings.Join(d.Changes(metadata("scope", `"a b"`, "client_name", `"n"`, "new", `true`, "contacts", `["x","y"]`, "grant_types", `[]`)), " "); got != "grant_types jwks logo_uri new" {
		t.Errorf("changes: %s", got)
	}
	c := Client{ClientID: "c", ClientSecret: secret.New("s")}
	update := d.update(c, metadata("scope", `"a b"`), now)
	if got := strings.Join(slices.Sorted(maps.Keys(update)), " "); got != "client_id client_secret extra scope" {
		t.Errorf("an update has %s", got)
	}
	d.SecretExpiresAt = now
	if _, ok := d.update(c, nil, now)["client_secret"]; ok {
		t.Error("an update has a secret that has expired")
	}
}

func TestRoomForARegistration(t *testing.T) {
	t.Parallel()
	m := newWorld(t).start()
	wish := theWish("a2")
	for _, tt := range []struct {
		name   string
		cur    Record
		kind   Kind
		family string
	}{
		{"nothing", Record{}, "", "new"},
		{"a tombstone", registeredRecord(func(r *Record) { *r = r.tombstone(now) }), "", "new"},
		{"moved away", registeredRecord(func(r *Record) { *r = r.tombstone(now); r.MovedTo.Location = "x" }), KindMoved, ""},
		{"managed by another", registeredRecord(func(r *Record) { r.Attachment = Attachment{ID: "a1", Attached: true} }), KindAttached, ""},
		{"left by an apply that died", registeredRecord(func(r *Record) { r.Attachment.ID = "a1"; r.Client.RegistrationEndpoint = fakeHost + "/register" }), "", "f1"},
		{"… at another server", registeredRecord(func(r *Record) { r.Attachment.ID = "a1"; r.Client.RegistrationEndpoint = "https://x.example/" }), KindAttached, ""},
		{"made elsewhere, left by an apply that died", registeredRecord(func(r *Record) { r.Registered.Dynamic = nil }), "", "new"},
		{"under a move", registeredRecord(func(r *Record) { r.Claim.Purpose, r.Claim.Peer = PurposeMove, "x" }), KindMoving, ""},
	} {
		got, err := m.room(tt.cur, wish, "new")
		if (err != nil) != (tt.kind != "") || err != nil && !IsKind(err, tt.kind) || got.Family != tt.family {
			t.Errorf("%s: %v, family %q", tt.name, err, got.Family)
		}
	}
}
