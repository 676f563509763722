package provider

import (
	"reflect"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func day(n int) time.Time { return time.Date(2026, 1, n, 12, 0, 0, 0, time.UTC) }

func TestDeadlines(t *testing.T) {
	t.Parallel()
	record := func(idle, absolute time.Duration, told, authorized time.Time, refresh string) credential.Record {
		return credential.Record{
			AuthorizedAt: authorized,
			Client:       credential.Client{Policy: credential.RefreshTokenPolicy{IdleLifetime: idle, AbsoluteLifetime: absolute}},
			Tokens:       credential.Tokens{Refresh: secret.New(refresh), IssuedAt: day(1), RefreshTokenExpiresAt: told},
		}
	}
	const oneDay = 24 * time.Hour
	for _, c := range []struct {
		name           string
		r              credential.Record
		idle, absolute time.Time
	}{
		{name: "nothing known", r: record(0, 0, time.Time{}, day(1), "r")},
		{name: "told", r: record(0, 0, day(9), day(1), "r"), idle: day(9)},
		{name: "by policy", r: record(4*oneDay, 0, time.Time{}, day(1), "r"), idle: day(5)},
		{name: "told is sooner", r: record(20*oneDay, 0, day(9), day(1), "r"), idle: day(9)},
		{name: "policy is sooner", r: record(4*oneDay, 0, day(9), day(1), "r"), idle: day(5)},
		{name: "no refresh token", r: record(4*oneDay, 0, day(9), day(1), "")},
		{name: "absolute", r: record(0, 10*oneDay, time.Time{}, day(2), "r"), absolute: day(12)},
		{name: "authorized elsewhere", r: record(0, 10*oneDay, time.Time{}, time.Time{}, "r")},
	} {
		if got := c.r.IdleDeadline(); !got.Equal(c.idle) {
			t.Errorf("%s: the refresh token dies at %s, want %s", c.name, got, c.idle)
		}
		if got := c.r.AbsoluteDeadline(); !got.Equal(c.absolute) {
			t.Errorf("%s: the authorization ends at %s, want %s", c.name, got, c.absolute)
		}
	}
}

// filledFrom shows what a record looks like in a state: the attributes that are not null.
func filledFrom(r credential.Record, s *session) map[string]string {
	m := tokenPairModel{Name: types.StringValue("x")}
	m.fill(r, "store-1", s, day(2))
	found := map[string]string{}
	v := reflect.ValueOf(m)
	for i := range v.NumField() {
		if a := v.Field(i).Interface().(attr.Value); !a.IsNull() {
			found[v.Type().Field(i).Tag.Get("tfsdk")] = a.String()
		}
	}
	return found
}

func TestStateOfARecord(t *testing.T) {
	t.Parallel()
	open := &session{secretsInState: true, location: "file:///store"}
	quiet := &session{secretsInState: false, location: "file:///store"}
	live := credential.Record{
		Family: "f", Generation: 3, Status: credential.StatusActive, LastRotatedAt: day(2),
		Tokens: credential.Tokens{
			Access: secret.New("a"), Refresh: secret.New("r"), ID: secret.New("i"), Type: "Bearer", Scopes: []string{"one"},
			IssuedAt: day(2), ExpiresAt: day(2).Add(time.Hour), Extra: map[string]secret.String{"k": secret.New("v")},
			Connection: map[string]string{"instance_url": "https://x"},
		},
		Pending: []credential.Pending{{State: "old", URL: "https://old"}, {State: "new", URL: "https://new"}},
	}
	common := map[string]string{"name": `"x"`, "id": `"x"`, "store_id": `"store-1"`, "store_location": `"file:///store"`}
	plus := func(more map[string]string) map[string]string {
		all := map[string]string{}
		for k, v := range common {
			all[k] = v
		}
		for k, v := range more {
			all[k] = v
		}
		return all
	}
	facts := map[string]string{
		"status": `"active"`, "authorization_url": `"https://new"`, "generation": "3", "last_rotated_at": `"2026-01-02T12:00:00Z"`, "scopes": `["one"]`,
		"token_type": `"Bearer"`, "issued_at": `"2026-01-02T12:00:00Z"`, "expires_at": `"2026-01-02T13:00:00Z"`,
		"connection_details": `{"instance_url":"https://x"}`,
	}
	withSecrets := plus(facts)
	for k, v := range map[string]string{"access_token": `"a"`, "refresh_token": `"r"`, "id_token": `"i"`, "extra": `{"k":"v"}`} {
		withSecrets[k] = v
	}
	dead := live
	dead.Status, dead.Tokens.Refresh = credential.StatusAuthorizationRequired, secret.String{}
	expired := dead
	expired.Tokens.ExpiresAt = day(2).Add(-time.Hour)
	deadWant := plus(withSecrets)
	deadWant["status"] = `"authorization_required"`
	delete(deadWant, "refresh_token")

	for _, c := range []struct {
		name string
		r    credential.Record
		s    *session
		want map[string]string
	}{
		{"live", live, open, withSecrets},
		{"live, without secrets", live, quiet, plus(facts)},
		{"never authorized", credential.Record{Status: credential.StatusAuthorizationRequired}, open, plus(map[string]string{"status": `"authorization_required"`, "generation": "0"})},
		{"refused, the access token works on", dead, open, deadWant},
		{"refused and expired", expired, open, plus(map[string]string{
			"status": `"authorization_required"`, "authorization_url": `"https://new"`, "generation": "3", "last_rotated_at": `"2026-01-02T12:00:00Z"`, "scopes": `["one"]`,
			"connection_details": `{"instance_url":"https://x"}`,
		})},
		{"tombstone", credential.Record{Status: credential.StatusRevoked, Generation: 0, DeletedAt: day(1)}, open, plus(map[string]string{"status": `"authorization_required"`, "generation": "0"})},
	} {
		if got := filledFrom(c.r, c.s); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %v\nwant %v", c.name, got, c.want)
		}
	}
}

// A state gives back what a record put there, so that a store that fell behind can be healed from it.
func TestReplicaOfAState(t *testing.T) {
	t.Parallel()
	r := credential.Record{
		Family: "f", Generation: 3, Status: credential.StatusActive,
		Tokens: credential.Tokens{
			Access: secret.New("a"), Refresh: secret.New("r"), ID: secret.New("i"), Type: "Bearer", Scopes: []string{"one", "two"},
			IssuedAt: day(2), ExpiresAt: day(2).Add(time.Hour), RefreshTokenExpiresAt: day(9), Extra: map[string]secret.String{"k": secret.New("v")},
			Connection: map[string]string{"instance_url": "https://x"},
		},
	}
	m := tokenPairModel{Name: types.StringValue("x")}
	m.fill(r, "store-1", &session{secretsInState: true}, day(2))
	p := m.replica("f")
	if p.Family != "f" || p.Generation != 3 || !reflect.DeepEqual(p.Tokens, r.Tokens) {
		t.Errorf("got %+v, want %+v", p, r)
	}
	m.fill(r, "store-1", &session{secretsInState: false}, day(2))
	if p := m.replica("f"); p.HasTokens() || p.Generation != 3 {
		t.Errorf("a state without secrets gives %+v", p)
	}
}

func TestScopesOfAGrant(t *testing.T) {
	t.Parallel()
	grant := func(scopes attr.Value) types.Object {
		return types.ObjectValueMust(map[string]attr.Type{"scopes": types.SetType{ElemType: types.StringType}}, map[string]attr.Value{"scopes": scopes})
	}
	for name, c := range map[string]struct {
		o    types.Object
		want []string
	}{
		"null":    {grant(types.SetNull(types.StringType)), nil},
		"none":    {grant(types.SetValueMust(types.StringType, nil)), []string{}},
		"several": {grant(setOf([]string{"b", "a"})), []string{"a", "b"}},
		"absent":  {types.ObjectNull(nil), nil},
	} {
		if got := scopesOf(c.o); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %#v, want %#v", name, got, c.want)
		}
	}
}
