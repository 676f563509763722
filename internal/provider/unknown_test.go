package provider

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// unknownCase is a good configuration of which every part in turn is known only after apply.
type unknownCase struct {
	name     string
	typeName string
	config   object
	provider object
	only     []string // the inputs to try, by the beginning of their path; none: all
}

func unknownCases() []unknownCase {
	full := with(with(with(with(pairClient(), "client_secret", "s"), "platform", "exact_online"), "platform_parameters", object{"country": "nl"}),
		"refresh_token_policy", object{"rotation": "single_use_grace", "grace_period": "30s", "idle_lifetime": "24h"})
	grant := object{"redirect_uri": "https://app.example.com/callback", "scopes": []any{"a", "b"}, "extra_parameters": object{"prompt": "consent"}}
	callback := "https://app.example.com/callback?code=c&state=s"
	verifier := strings.Repeat("v", 43)
	registration := with(registrationBase(), "redirect_uris", []any{"https://app.example.com/callback"})
	sealedClient := with(with(pairClient(), "client_secret_wo", "s"), "client_secret_wo_version", 1)
	quiet := object{"secrets_in_state": false}
	visma := object{"platform": "visma_connect", "client_id": "id"}
	secrets, grants := []string{"client_secret"}, []string{"name", "authorization_code", "preauthenticated"}
	return []unknownCase{
		{"registration", "oauth_app_registration", with(registration, "client_secret", "s"), nil, nil},
		{"registration, write-only", "oauth_app_registration", with(with(registration, "client_secret_wo", "s"), "client_secret_wo_version", 1), quiet, secrets},
		{"registration without a store", "oauth_app_registration", with(registration, "client_secret", "s"), object{"token_store": "state"}, secrets},
		{"authorization code", "oauth_token_pair", object{"name": "x", "client": full, "authorization_code": grant, "refresh": object{"strategy": "at_apply"}}, nil, nil},
		{"platform alone", "oauth_token_pair", object{"name": "x", "client": object{"platform": "exact_online", "platform_parameters": object{"country": "nl"}, "client_id": "id"}, "authorization_code": grant}, nil, []string{"client"}},
		{"issuer alone", "oauth_token_pair", object{"name": "x", "client": object{"issuer": "https://as.example.com", "client_id": "id"}, "authorization_code": grant}, nil, []string{"client"}},
		{"issuer of overrides", "oauth_token_pair", object{"name": "x", "client": object{"platform": "dropbox", "platform_overrides": `{"issuer":"https://as.example.com"}`, "client_id": "id"}, "authorization_code": grant}, nil, []string{"client"}},
		{"registration by its issuer", "oauth_app_registration", object{"name": "x", "issuer": "https://as.example.com", "client_id": "id"}, nil, nil},
		{"callback", "oauth_token_pair", object{"name": "x", "client": full, "authorization_code": with(grant, "callback_url", callback)}, nil, grants},
		{"code", "oauth_token_pair", object{"name": "x", "client": full, "authorization_code": with(with(grant, "code", "c"), "code_verifier", verifier)}, nil, grants},
		{"callback, write-only", "oauth_token_pair", object{"name": "x", "client": sealedClient, "authorization_code": with(with(grant, "callback_url_wo", callback), "callback_url_wo_version", 1)}, quiet, append(grants, "client.client_secret")},
		{"tokens", "oauth_token_pair", object{"name": "x", "client": pairClient(), "preauthenticated": object{"access_token": "a", "refresh_token": "r", "expires_at": "2030-01-31T23:59:59Z"}}, nil, append(grants, "client", "refresh", "revoke_on_destroy")},
		{"probe", "oauth_token_pair", object{"name": "x", "client": pairClient(), "preauthenticated": object{"refresh_token": "r"}, "refresh": object{"strategy": "on_rejection", "probe": object{"url": "https://api.example.com/me"}}}, nil, []string{"refresh"}},
		{"tokens, write-only", "oauth_token_pair", object{"name": "x", "client": sealedClient, "preauthenticated": object{"refresh_token_wo": "r", "refresh_token_wo_version": 1}}, quiet, append(grants, "client.client_secret")},
		{"client credentials", "oauth_token_pair", object{"name": "x", "client": with(visma, "client_secret", "s"), "client_credentials": object{"scopes": []any{"a", "b"}, "extra_parameters": object{"tenant_id": "t"}}}, nil, append(grants, "client.", "client_credentials")},
		{"device code", "oauth_token_pair", with(devicePair(), "device_code", object{"scopes": []any{"a"}, "extra_parameters": object{"x": "y"}}), nil, []string{"device_code", "client"}},
		{"password", "oauth_token_pair", with(passwordPair(), "password.scopes", []any{"a"}), nil, []string{"password"}},
		{"implicit", "oauth_token_pair", with(implicitPair(), "implicit.callback_url", "https://app.example.com/callback#access_token=t&state=s"), nil, []string{"implicit"}},
		{"signed assertion", "oauth_token_pair", with(with(signingPair(), "jwt_bearer.algorithm", "ES256"), "jwt_bearer.claims", `{"scope":"x"}`), nil, []string{"jwt_bearer"}},
		{"brought assertion", "oauth_token_pair", assertionPair(), nil, []string{"jwt_bearer"}},
		{"exchange", "oauth_token_pair", with(with(exchangePair(), "token_exchange.actor_token", "a"), "token_exchange.actor_token_type", "urn:x:y"), nil, []string{"token_exchange"}},
		{"exchange of a pair", "oauth_token_pair", grantPair("token_exchange", object{"subject_token_pair": "other", "resource": []any{"https://r.example"}}), nil, []string{"token_exchange"}},
		{"extension", "oauth_token_pair", with(with(extensionPair(), "extension_grant.sensitive_parameters", object{"pin": "1"}), "extension_grant.parameters", object{"account": "1"}), nil, []string{"extension_grant"}},
		{"tokens without a store", "oauth_token_pair", object{"name": "x", "client": full, "preauthenticated": object{"refresh_token": "r"}}, object{"token_store": "state"}, append(grants, "client.client_secret")},
	}
}

// priorOf is a state that an apply of the configuration left behind.
func priorOf(typeName string, config object) object {
	state := withoutSuffix(config, "_wo")
	state["id"] = config["name"]
	if typeName == "oauth_app_registration" {
		client := object{"registration": config["name"]}
		for _, name := range []string{"client_id", "token_endpoint", "client_secret"} {
			client[name] = state[name]
		}
		state["client"] = client
		return state
	}
	for name, v := range map[string]any{
		"store_id": "store-1", "store_location": "file:///untouched", "status": "active", "access_token": "a1", "refresh_token": "r1", "token_type": "Bearer",
		"issued_at": "2026-01-01T00:00:00Z", "expires_at": "2026-01-01T00:10:00Z", "generation": 1, "revoke_on_destroy": true, "scopes": []any{"a", "b"},
	} {
		state[name] = v
	}
	return state
}

// everyUnknown calls try with the configuration in which one part is unknown: each input of the type, known or null in
// the configuration, at every depth, and each element of a collection.
func everyUnknown(t *testing.T, p *peer, c unknownCase, try func(path string, config object)) {
	t.Helper()
	n, config := 0, c.config
	attributesOf("", p.schemas.ResourceSchemas[c.typeName].Block.Attributes, func(path string, a *tfprotov6.SchemaAttribute) {
		i := strings.LastIndex(path, ".")
		if i >= 0 && at(config, path[:i]) == nil {
			return // a member of a grant that is not used
		}
		if len(c.only) > 0 && !slices.ContainsFunc(c.only, func(begin string) bool { return strings.HasPrefix(path, begin) }) {
			return
		}
		if n++; n%stride != 0 {
			return
		}
		try(path, with(config, path, unknown))
		switch v := at(config, path).(type) {
		case []any:
			try(path+"[*]", with(config, path, []any{unknown}))
			try(path+"[0]", with(config, path, append(slices.Clone(v), unknown)))
		case object:
			if a.Type != nil && a.Type.Is(tftypes.Map{}) {
				try(path+"[key]", with(config, path, with(v, "key", unknown)))
			}
		}
	})
	least := 18
	if len(c.only) > 0 {
		least = 3
	}
	if n < least {
		t.Errorf("%s: only %d inputs were tried", c.name, n)
	}
}

func at(o object, path string) any {
	name, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		return o[name]
	}
	inner, _ := o[name].(object)
	return at(inner, rest)
}

// Whatever is not known yet gives no error, replaces nothing, and makes nobody ask the store or the network. Of an
// existing resource the name must be known: it might mean another credential.
func TestEveryUnknownValueCanBePlanned(t *testing.T) {
	t.Parallel()
	for _, c := range unknownCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, nil)
			if all := p.configure(c.provider); len(all) > 0 {
				t.Fatal(all)
			}
			prior := priorOf(c.typeName, c.config)
			mem := memory{Family: "f", Attachment: "a", StoreID: "store-1"}
			everyUnknown(t, p, c, func(path string, config object) {
				if all := p.validateResource(c.typeName, config); len(all) > 0 {
					t.Errorf("validate with unknown %s: %v", path, all)
				}
				if created := p.plan(c.typeName, config, nil, memory{}); len(created.problems) > 0 {
					t.Errorf("plan to create with unknown %s: %v", path, created.problems)
				}
				updated := p.plan(c.typeName, config, prior, mem)
				switch {
				case path == "name":
					if errs := errorsOf(updated.problems); len(errs) != 1 || errs[0].path != "name" || !strings.Contains(errs[0].text, "Name Not Known Yet") {
						t.Errorf("plan to update with an unknown name: %v", updated.problems)
					}
				case len(updated.problems) > 0 || len(updated.replaces) > 0:
					t.Errorf("plan to update with unknown %s: %v, replaced by %v", path, updated.problems, updated.replaces)
				}
				p.world.mustBeUntouched(t)
			})
		})
	}
}

// With everything unknown at once, as in validate and where a module passes all of it on, there is no error either.
func TestEverythingUnknownAtOnce(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	if all := p.configure(nil); len(all) > 0 {
		t.Fatal(all)
	}
	for _, typeName := range []string{"oauth_app_registration", "oauth_token_pair"} {
		flat, deep := object{}, object{}
		for _, a := range p.schemas.ResourceSchemas[typeName].Block.Attributes {
			if a.Optional || a.Required {
				flat[a.Name] = unknown
				deep[a.Name] = allUnknown(a)
			}
		}
		delete(deep, "preauthenticated") // an object contradicts another, whatever its members will be
		for _, grant := range []string{"client_credentials", "device_code", "password", "implicit", "jwt_bearer", "token_exchange", "extension_grant"} {
			delete(deep, grant)
		}
		for _, config := range []object{flat, deep} {
			if all := p.validateResource(typeName, config); len(all) > 0 {
				t.Errorf("%s: %v", typeName, all)
			}
			if r := p.plan(typeName, config, nil, memory{}); len(r.problems) > 0 {
				t.Errorf("%s: %v", typeName, r.problems)
			}
		}
	}
	p.world.mustBeUntouched(t)
}

func allUnknown(a *tfprotov6.SchemaAttribute) any {
	if a.NestedType == nil {
		return unknown
	}
	o := object{}
	for _, member := range a.NestedType.Attributes {
		o[member.Name] = allUnknown(member)
	}
	return o
}

// The provider's own settings may be unknown, each of them: a plan goes on without reading or refreshing anything.
func TestUnknownProviderSettings(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"token_store", "token_store_key", "refresh_before_expiry", "secrets_in_state", "request_timeout", "ca_certificate_pem", "allow_insecure_http",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// What the environment says must not stand in for a setting that is there and not known yet.
			p := newPeer(t, map[string]string{"OAUTH_TOKEN_STORE": "file:///environment", "OAUTH_TOKEN_STORE_KEY": ageKeyOne})
			settings := object{name: unknown}
			if all := append(p.validateProvider(settings), p.configure(settings)...); len(all) > 0 {
				t.Fatal(all)
			}
			for _, c := range unknownCases() {
				if c.provider != nil {
					continue
				}
				checkUnknownProvider(t, p, c, name)
			}
			for what, all := range map[string][]problem{
				"data oauth_access_token":      p.readData("oauth_access_token", object{"token_pair": "x"}),
				"data oauth_token_pair":        p.readData("oauth_token_pair", object{"name": "x"}),
				"ephemeral oauth_access_token": p.openEphemeral("oauth_access_token", object{"token_pair": "x"}),
			} {
				want := "needs the provider's " + name + ", which is known only after apply. Nothing was read or sent."
				if len(all) != 1 || !all[0].error || !strings.Contains(all[0].text, want) {
					t.Errorf("%s: %v", what, all)
				}
			}
			p.world.mustBeUntouched(t)
		})
	}
}

func checkUnknownProvider(t *testing.T, p *peer, c unknownCase, setting string) {
	t.Helper()
	prior, mem := priorOf(c.typeName, c.config), memory{Family: "f", Attachment: "a", StoreID: "store-1"}
	if r := p.plan(c.typeName, c.config, nil, memory{}); len(r.problems) > 0 {
		t.Errorf("%s: plan to create: %v", c.name, r.problems)
	}
	r := p.plan(c.typeName, c.config, prior, mem)
	if len(r.problems) > 0 || len(r.replaces) > 0 {
		t.Errorf("%s: plan to update: %v", c.name, r.problems)
	}
	if c.typeName == "oauth_token_pair" {
		for _, name := range []string{"id", "store_id", "store_location", "status", "access_token", "refresh_token", "generation", "scopes", "expires_at"} {
			if r.state[name] != unknown {
				t.Errorf("%s: %s is planned as %v, although the store is not known", c.name, name, r.state[name])
			}
		}
	}
	next, all := p.read(c.typeName, prior, mem)
	if len(all) != 1 || all[0].error || all[0].path != setting || !strings.Contains(all[0].text, "was neither read nor refreshed. Its state is used as it is.") {
		t.Errorf("%s: read: %v", c.name, all)
	}
	if next["id"] != "x" || at(next, "client.client_id") != "id" || next["access_token"] != prior["access_token"] {
		t.Errorf("%s: read changed the state to %v", c.name, next)
	}
	// Core knows every setting by the time it applies. If it did not, nothing may be done with half of them.
	for what, all := range map[string][]problem{
		"create":  p.apply(c.typeName, c.config, nil, withoutSuffix(c.config, "_wo"), memory{}),
		"update":  p.apply(c.typeName, c.config, prior, prior, mem),
		"destroy": p.apply(c.typeName, nil, prior, nil, mem),
	} {
		if len(errorsOf(all)) == 0 {
			t.Errorf("%s: %s does not fail", c.name, what)
		}
	}
}
