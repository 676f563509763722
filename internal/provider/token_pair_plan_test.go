package provider

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

const (
	callbackA = "https://app.example.com/callback?code=a&state=s"
	callbackB = "https://app.example.com/callback?code=b&state=s"
)

// outcome is what a plan leaves of the attributes that others refer to: "kept", "unknown", or the planned value.
type outcome struct{ id, storeID, volatile string }

func outcomeOf(r planned, prior object) outcome {
	word := func(name string) string {
		switch v := r.state[name]; {
		case v == unknown:
			return "unknown"
		case reflect.DeepEqual(v, prior[name]):
			return "kept"
		default:
			return "other"
		}
	}
	o := outcome{id: word("id"), storeID: word("store_id"), volatile: word("status")}
	// All that is volatile goes together, and the store's place with its id.
	for _, name := range []string{
		"authorization_url", "access_token", "refresh_token", "id_token", "token_type", "scopes", "issued_at", "expires_at", "refresh_token_expires_at",
		"reauthorize_by", "last_rotated_at", "extra",
	} {
		if got := word(name); got != o.volatile {
			o.volatile += " but " + name + " " + got
		}
	}
	if got := word("store_location"); got != o.storeID {
		o.storeID += " but its location " + got
	}
	return o
}

var (
	nothing    = outcome{"kept", "kept", "kept"}
	inPlace    = outcome{"kept", "kept", "unknown"}
	authorizes = outcome{"unknown", "kept", "unknown"}
	moves      = outcome{"unknown", "unknown", "unknown"}
)

// What grant, client and settings never give is not planned as known after apply; what may come is.
func TestPlanListsWhatMayCome(t *testing.T) {
	t.Parallel()
	device := []string{"user_code", "verification_uri", "verification_uri_complete"}
	url := []string{"authorization_url_expires_at"}
	tokens := []string{"access_token", "refresh_token", "id_token", "extra"}
	const key = "dpop_private_key"
	hidden := with(with(with(with(broughtPair(), "client.client_secret", nil), "preauthenticated.refresh_token", nil),
		"preauthenticated.refresh_token_wo", "r"), "preauthenticated.refresh_token_wo_version", 1)
	for _, tt := range []struct {
		name     string
		settings object
		config   object
		state    object   // what is not null in the prior state; nil: there is none
		never    []string // the rest is unknown
	}{
		{"a code", nil, codePair(), nil, append([]string{key}, device...)},
		{"brought tokens", nil, broughtPair(), nil, append(append([]string{key}, device...), url...)},
		{"a bound client", nil, with(codePair(), "client.dpop_bound_access_tokens", true), nil, device},
		{"a client that may be bound", nil, with(codePair(), "client.dpop_bound_access_tokens", unknown), nil, device},
		{"an unknown client", nil, with(codePair(), "client", unknown), nil, device},
		{"no secrets in the state", object{"secrets_in_state": false}, hidden, nil, append(append(append([]string{key}, tokens...), device...), url...)},
		{"an unknown grant", nil, with(codePair(), "authorization_code", unknown), nil, append([]string{key}, device...)},
		{"what is there goes", nil, with(broughtPair(), "preauthenticated.refresh_token", "another"),
			object{"user_code": "u", "verification_uri": "v", key: "k"}, []string{"verification_uri_complete", "authorization_url_expires_at"}},
	} {
		p := newPeer(t, nil)
		if all := p.configure(tt.settings); len(all) > 0 {
			t.Fatal(all)
		}
		var prior object
		if tt.state != nil {
			prior = priorOf("oauth_token_pair", tt.config)
			prior = with(prior, "preauthenticated.refresh_token", "former")
			for name, v := range tt.state {
				prior = with(prior, name, v)
			}
		}
		r := p.plan("oauth_token_pair", tt.config, prior, memory{Family: "f", Attachment: "a", StoreID: "store-1"})
		if len(r.problems) > 0 {
			t.Errorf("%s: %v", tt.name, r.problems)
		}
		for _, name := range slices.Concat(device, url, tokens, []string{key}) {
			want := any(unknown)
			if slices.Contains(tt.never, name) {
				want = nil
			}
			if got := r.state[name]; got != want {
				t.Errorf("%s: %s is planned as %v, want %v", tt.name, name, got, want)
			}
		}
	}
}

func TestTokenPairPlan(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	if all := p.configure(nil); len(all) > 0 {
		t.Fatal(all)
	}
	brought, code := broughtPair(), codePair()
	brought = with(brought, "client.issuer", "https://as.example.com")
	p.readBeforePlan(priorOf("oauth_token_pair", brought))
	for _, c := range []struct {
		name     string
		was      object // the configuration that was applied
		forget   string // an attribute that the state has not
		verdict  verdict
		is       object // the configuration to plan
		want     outcome
		replaces []string
	}{
		{name: "no change", was: brought, is: brought, want: nothing},
		{name: "no change, code", was: code, is: code, want: nothing},
		{name: "due at apply", was: brought, verdict: verdictRotate, is: brought, want: authorizes},
		{name: "not in the store", was: brought, verdict: verdictSeed, is: brought, want: moves},
		{name: "a tombstone in the store", was: brought, verdict: verdictAuthorize, is: brought, want: authorizes},
		{name: "client refused", was: brought, verdict: verdictClient, is: brought, want: nothing},
		{name: "client refused, and changed now", was: brought, verdict: verdictClient, is: with(brought, "client.client_secret", "new"), want: authorizes},
		{name: "client refused, and it will change", was: brought, verdict: verdictClient, is: with(brought, "client.registration", unknown), want: authorizes},
		{name: "client refused, another change", was: brought, verdict: verdictClient, is: with(brought, "revoke_on_destroy", false), want: inPlace},
		{name: "a state that knows no store", was: brought, forget: "store_id", is: with(brought, "revoke_on_destroy", false), want: outcome{"kept", "unknown", "unknown"}},

		{name: "secret", was: brought, is: with(brought, "client.client_secret", "new"), want: inPlace},
		{name: "endpoint", was: brought, is: with(brought, "client.token_endpoint", "https://as.example.com/v2/token"), want: inPlace},
		{name: "policy", was: brought, is: with(brought, "client.refresh_token_policy", object{"rotation": "none"}), want: inPlace},
		{name: "strategy", was: brought, is: with(brought, "refresh", object{"strategy": "never"}), want: inPlace},
		{name: "revoke_on_destroy", was: brought, is: with(brought, "revoke_on_destroy", false), want: inPlace},
		{name: "expires_at alone", was: with(brought, "preauthenticated.access_token", "a"), is: with(with(brought, "preauthenticated.access_token", "a"), "preauthenticated.expires_at", "2030-01-31T23:59:59Z"), want: inPlace},
		{name: "version of the client's secret", was: brought, is: with(with(brought, "client.client_secret_wo", "s"), "client.client_secret_wo_version", 1), want: inPlace},
		{name: "scopes", was: code, is: with(code, "authorization_code.scopes", []any{"a"}), want: inPlace},
		{name: "verifier", was: with(code, "authorization_code.code", "c"), is: with(with(code, "authorization_code.code", "c"), "authorization_code.code_verifier", strings.Repeat("v", 43)), want: inPlace},
		{name: "grant without anything brought", was: brought, is: code, want: inPlace},

		{name: "callback comes", was: code, is: with(code, "authorization_code.callback_url", callbackA), want: authorizes},
		{name: "callback stays", was: with(code, "authorization_code.callback_url", callbackA), is: with(code, "authorization_code.callback_url", callbackA), want: nothing},
		{name: "callback changes", was: with(code, "authorization_code.callback_url", callbackA), is: with(code, "authorization_code.callback_url", callbackB), want: authorizes},
		{name: "callback goes", was: with(code, "authorization_code.callback_url", callbackA), is: code, want: inPlace},
		{name: "callback unknown", was: code, is: with(code, "authorization_code.callback_url", unknown), want: authorizes},
		{name: "callback unknown after one", was: with(code, "authorization_code.callback_url", callbackA), is: with(code, "authorization_code.callback_url", unknown), want: authorizes},
		{name: "code comes", was: code, is: with(code, "authorization_code.code", "c"), want: authorizes},
		{name: "write-only callback comes", was: code, is: with(with(code, "authorization_code.callback_url_wo", callbackA), "authorization_code.callback_url_wo_version", 1), want: authorizes},
		{name: "its version stays", was: with(code, "authorization_code.callback_url_wo_version", 1), is: with(with(code, "authorization_code.callback_url_wo", callbackB), "authorization_code.callback_url_wo_version", 1), want: nothing},
		{name: "its version is raised", was: with(code, "authorization_code.callback_url_wo_version", 1), is: with(with(code, "authorization_code.callback_url_wo", callbackB), "authorization_code.callback_url_wo_version", 2), want: authorizes},
		{name: "its version goes", was: with(code, "authorization_code.callback_url_wo_version", 1), is: code, want: inPlace},
		{name: "its version is unknown", was: with(code, "authorization_code.callback_url_wo_version", 1), is: with(code, "authorization_code.callback_url_wo_version", unknown), want: authorizes},
		{name: "refresh token changes", was: brought, is: with(brought, "preauthenticated.refresh_token", "r2"), want: authorizes},
		{name: "access token comes", was: brought, is: with(brought, "preauthenticated.access_token", "a2"), want: authorizes},
		{name: "grant with tokens", was: code, is: with(brought, "client.issuer", nil), want: authorizes},
		{name: "grant with a callback", was: brought, is: with(with(code, "client.issuer", "https://as.example.com"), "authorization_code.callback_url", callbackA), want: authorizes},
		{name: "grant unknown", was: brought, is: with(brought, "preauthenticated", unknown), want: authorizes},

		{name: "name", was: brought, is: with(brought, "name", "y"), want: moves, replaces: []string{"name"}},
		{name: "client_id", was: brought, is: with(brought, "client.client_id", "id2"), want: moves, replaces: []string{"client.client_id"}},
		{name: "issuer", was: brought, is: with(brought, "client.issuer", "https://other.example.com"), want: moves, replaces: []string{"client.issuer"}},
		{name: "both", was: brought, is: with(with(brought, "client.client_id", "id2"), "client.issuer", "https://other.example.com"), want: moves, replaces: []string{"client.client_id", "client.issuer"}},
		{name: "client_id, due as well", was: brought, verdict: verdictRotate, is: with(brought, "client.client_id", "id2"), want: moves, replaces: []string{"client.client_id"}},
		{name: "client_id unknown", was: brought, is: with(brought, "client.client_id", unknown), want: authorizes},
		{name: "issuer unknown", was: brought, is: with(brought, "client.issuer", unknown), want: inPlace},
		{name: "issuer comes", was: broughtPair(), is: brought, want: inPlace},
		{name: "issuer goes", was: brought, is: broughtPair(), want: inPlace},
		{name: "client unknown", was: brought, is: with(brought, "client", unknown), want: authorizes},
		{name: "client not in the state", was: brought, forget: "client", is: with(brought, "client.client_id", "id2"), want: inPlace},
	} {
		prior := priorOf("oauth_token_pair", c.was)
		delete(prior, c.forget)
		r := p.plan("oauth_token_pair", c.is, prior, memory{Family: "f", Attachment: "a", StoreID: "store-1", Verdict: c.verdict})
		if len(r.problems) > 0 {
			t.Errorf("%s: %v", c.name, r.problems)
		}
		if got := outcomeOf(r, prior); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
		if slices.Sort(r.replaces); !slices.Equal(r.replaces, c.replaces) {
			t.Errorf("%s: replaced by %v, want %v", c.name, r.replaces, c.replaces)
		}
		p.world.mustBeUntouched(t)
	}
}

// A plan is made again at apply, in another process, from the same configuration, state and private state: it must come
// to the same result, whatever the time and the store are by then.
func TestPlansArePure(t *testing.T) {
	t.Parallel()
	for _, c := range unknownCases() {
		for _, v := range []verdict{verdictNone, verdictRotate, verdictSeed, verdictAuthorize} {
			for _, prior := range []object{nil, priorOf(c.typeName, c.config)} {
				var results []planned
				for range 2 {
					p := newPeer(t, nil)
					if all := p.configure(c.provider); len(all) > 0 {
						t.Fatal(all)
					}
					mem := memory{}
					if prior != nil {
						mem = memory{Family: "f", Attachment: "a", StoreID: "store-1", Verdict: v}
					}
					results = append(results, p.plan(c.typeName, c.config, prior, mem), p.plan(c.typeName, c.config, prior, mem))
					p.world.mustBeUntouched(t)
				}
				for _, again := range results[1:] {
					if !reflect.DeepEqual(again, results[0]) {
						t.Errorf("%s, verdict %q: one plan is %v, another %v", c.name, v, results[0], again)
					}
				}
			}
		}
	}
}

// The plan of a destroy says nothing, so that no mistake in a configuration keeps anybody from it.
func TestDestroyIsPlannedWithoutQuestions(t *testing.T) {
	t.Parallel()
	for _, settings := range []object{nil, {"secrets_in_state": false}, {"token_store": "state"}, {"token_store": unknown}} {
		p := newPeer(t, nil)
		if all := p.configure(settings); len(all) > 0 {
			t.Fatal(all)
		}
		for typeName, config := range map[string]object{"oauth_token_pair": broughtPair(), "oauth_app_registration": registrationBase()} {
			if r := p.plan(typeName, nil, priorOf(typeName, config), memory{Family: "f"}); len(r.problems) > 0 || r.state != nil {
				t.Errorf("%s with %v: %v, %v", typeName, settings, r.problems, r.state)
			}
		}
		p.world.mustBeUntouched(t)
	}
}

// The client object of a registration is planned member by member; registration alone waits for the apply that writes
// the record.
func TestRegistrationPlan(t *testing.T) {
	t.Parallel()
	base := with(registrationBase(), "client_secret", "s")
	for _, c := range []struct {
		name         string
		settings     object
		prior        object
		verdict      verdict
		is           object
		registration any
		secret       any
		replaces     []string
	}{
		{name: "create", is: base, registration: unknown, secret: "s"},
		{name: "no change", prior: base, is: base, registration: "x", secret: "s"},
		{name: "not in the store", prior: base, verdict: verdictSeed, is: base, registration: unknown, secret: "s"},
		{name: "endpoint", prior: base, is: with(base, "token_endpoint", "https://as.example.com/v2/token"), registration: unknown, secret: "s"},
		{name: "redirect URIs", prior: base, is: with(base, "redirect_uris", []any{"https://app.example.com/"}), registration: unknown, secret: "s"},
		{name: "secret unknown", prior: base, is: with(base, "client_secret", unknown), registration: unknown, secret: unknown},
		{name: "version", prior: registrationBase(), is: with(with(registrationBase(), "client_secret_wo", "s2"), "client_secret_wo_version", 2), registration: unknown},
		{name: "name", prior: base, is: with(base, "name", "y"), registration: unknown, secret: "s", replaces: []string{"name"}},
		{name: "create without secrets in state", settings: object{"secrets_in_state": false}, is: registrationBase(), registration: unknown},
		{name: "unknown settings", settings: object{"secrets_in_state": unknown}, prior: base, is: base, registration: unknown, secret: "s"},
	} {
		p := newPeer(t, nil)
		if all := p.configure(c.settings); len(all) > 0 {
			t.Fatal(all)
		}
		var prior object
		if c.prior != nil {
			prior = priorOf("oauth_app_registration", c.prior)
		}
		r := p.plan("oauth_app_registration", c.is, prior, memory{Attachment: "a", StoreID: "store-1", Verdict: c.verdict})
		if len(r.problems) > 0 || !slices.Equal(r.replaces, c.replaces) {
			t.Errorf("%s: %v, replaced by %v", c.name, r.problems, r.replaces)
		}
		client, _ := r.state["client"].(object)
		if client["registration"] != c.registration || client["client_secret"] != c.secret || client["client_id"] != "id" || client["token_endpoint"] != c.is["token_endpoint"] {
			t.Errorf("%s: the client is planned as %v", c.name, client)
		}
		p.world.mustBeUntouched(t)
	}
}
