package provider

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// tryAction runs a configuration through the phases of an action and returns the first that has errors.
func (p *peer) tryAction(name string, providerConfig, config object) (phase string, all []problem) {
	p.t.Helper()
	encoded := p.encode(p.schemas.ActionSchemas[name].Schema, config)
	validated, err := p.server.(tfprotov6.ActionServer).ValidateActionConfig(p.t.Context(), &tfprotov6.ValidateActionConfigRequest{ActionType: name, Config: encoded})
	must(p.t, err)
	if all := problems(validated.Diagnostics); len(all) > 0 {
		return inValidate, all
	}
	p.mustConfigure(providerConfig)
	return inPlan, p.planAction(name, config)
}

func (p *peer) mustConfigure(config object) {
	p.t.Helper()
	if all := p.configure(config); len(all) > 0 {
		p.t.Fatal(all)
	}
}

func (p *peer) planAction(name string, config object) []problem {
	p.t.Helper()
	planned, err := p.server.(tfprotov6.ActionServer).PlanAction(p.t.Context(), &tfprotov6.PlanActionRequest{ActionType: name, Config: p.encode(p.schemas.ActionSchemas[name].Schema, config)})
	must(p.t, err)
	return problems(planned.Diagnostics)
}

// invokeAction runs an action whose plan has not known its values.
func (p *peer) invokeAction(name string, config object) []problem {
	p.t.Helper()
	invoked, err := p.server.(tfprotov6.ActionServer).InvokeAction(p.t.Context(), &tfprotov6.InvokeActionRequest{ActionType: name, Config: p.encode(p.schemas.ActionSchemas[name].Schema, config)})
	must(p.t, err)
	var all []problem
	for event := range invoked.Events {
		if done, ok := event.Type.(tfprotov6.CompletedInvokeActionEventType); ok {
			all = append(all, problems(done.Diagnostics)...)
		}
	}
	return all
}

// A value that neither validate nor the plan has known is checked before anything is read or sent: a mistyped token would else revoke
// the whole authorization.
func TestActionsCheckWhatOnlyAnApplyKnows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		action string
		config object
		bad    badValue
	}{
		{"oauth_revoke", object{"token_pair": "x", "token": "acces_token"}, badValue{at: "token", says: `value must be one of: ["access_token"]`}},
		{"oauth_revoke", object{"token_pair": "a/b"}, badValue{at: "token_pair", says: nameRule}},
		{"oauth_rotate", object{"token_pair": "a/b"}, badValue{at: "token_pair", says: nameRule}},
		{"oauth_rotate", object{}, badValue{at: "token_pair", says: "token_pair is null, and it is needed."}},
		{"oauth_authorize", object{"name": "x", "wait": "2h"}, badValue{at: "wait", says: "from 10s to 1h"}},
	} {
		p := newPeer(t, nil)
		p.mustConfigure(nil)
		c.bad.phase = inPlan
		c.bad.check(t, inPlan, p.invokeAction(c.action, c.config))
		p.world.mustBeUntouched(t)
	}
}

// list returns the names and display names, the warnings and errors, and the resources.
func (p *peer) list(config object, limit int64, whole bool) (names, shown []string, all []problem, resources []object) {
	p.t.Helper()
	const name = "oauth_token_pair"
	encoded := p.encode(p.schemas.ListResourceSchemas[name], config)
	stream, err := p.server.(tfprotov6.ListResourceServer).ListResource(p.t.Context(), &tfprotov6.ListResourceRequest{TypeName: name, Config: encoded, Limit: limit, IncludeResource: whole})
	must(p.t, err)
	identity := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"name": tftypes.String}}
	for r := range stream.Results {
		all = append(all, problems(r.Diagnostics)...)
		if r.Identity == nil {
			continue
		}
		v, err := r.Identity.IdentityData.Unmarshal(identity)
		must(p.t, err)
		name, _ := fromValue(p.t, v).(object)["name"].(string)
		names, shown = append(names, name), append(shown, r.DisplayName)
		if whole {
			v, err := r.Resource.Unmarshal(p.schemas.ResourceSchemas["oauth_token_pair"].ValueType())
			must(p.t, err)
			o, _ := fromValue(p.t, v).(object)
			resources = append(resources, o)
		}
	}
	return names, shown, all, resources
}

// Bad values of actions and lists are told before anything is read or sent.
func TestBadActionAndListValues(t *testing.T) {
	t.Parallel()
	const oneOf = `value must be one of: ["access_token"]`
	base := object{"token_pair": "x"}
	stateStore := object{"token_store": "state"}
	for name, table := range map[string][]badValue{
		"oauth_rotate": {
			{base: base, at: "token_pair", value: "", says: nameRule},
			{base: base, at: "token_pair", value: "a/b", says: nameRule},
			{base: base, provider: stateStore, phase: inPlan, path: "-", says: `action.oauth_rotate looks tokens up by name in a token store, and token_store = "state" has none.`},
		},
		"oauth_revoke": {
			{base: base, at: "token_pair", value: ".x", says: nameRule},
			{base: base, at: "token", value: "", says: oneOf},
			{base: base, at: "token", value: "refresh_token", says: oneOf},
			{base: base, provider: stateStore, phase: inPlan, path: "-", says: `action.oauth_revoke looks tokens up by name in a token store, and token_store = "state" has none.`},
		},
	} {
		for _, b := range table {
			p := newPeer(t, nil)
			config := b.base
			if b.at != "" {
				config = with(config, b.at, b.value)
			}
			phase, all := p.tryAction(name, b.provider, config)
			b.check(t, phase, all)
			if b.at != "" { // a variable's value is known to the plan alone, which checks it by itself
				p.mustConfigure(nil)
				b.phase = inPlan
				b.check(t, inPlan, p.planAction(name, config))
			}
			p.world.mustBeUntouched(t)
		}
		p := newPeer(t, nil)
		p.mustConfigure(nil)
		badValue{at: "token_pair", phase: inPlan, says: "token_pair is null, and it is needed."}.check(t, inPlan, p.planAction(name, object{}))
		for _, config := range []object{base, {"token_pair": unknown}} {
			if all := p.planAction(name, config); len(all) > 0 {
				t.Errorf("%s, %v: %v", name, config, all)
			}
		}
		p = newPeer(t, nil)
		p.mustConfigure(object{"token_store": unknown})
		if all := p.planAction(name, base); len(all) > 0 {
			t.Errorf("%s, whose store is known at apply: %v", name, all)
		}
		p.world.mustBeUntouched(t)
	}
	for _, b := range []badValue{
		{at: "name_prefix", value: "a b", says: "name_prefix must be the beginning of a name"},
		{at: "status", value: "dead", says: `status value must be one of: ["active" "authorization_required" "outcome_unknown" "revoked"]`},
	} {
		p := newPeer(t, nil)
		resp, err := p.server.(tfprotov6.ListResourceServer).ValidateListResourceConfig(t.Context(), &tfprotov6.ValidateListResourceConfigRequest{
			TypeName: "oauth_token_pair", Config: p.encode(p.schemas.ListResourceSchemas["oauth_token_pair"], object{b.at: b.value}),
		})
		must(t, err)
		b.check(t, inValidate, problems(resp.Diagnostics))
		p.world.mustBeUntouched(t)
	}
	p := newPeer(t, nil)
	p.mustConfigure(stateStore)
	_, _, all, _ := p.list(object{}, 10, false)
	badValue{path: "-", says: `list.oauth_token_pair looks tokens up by name in a token store, and token_store = "state" has none.`}.check(t, inValidate, all)
	p.world.mustBeUntouched(t)
}

// invoke runs an action, and returns what it says and how it ends.
func (p *peer) invoke(name string, config object) (said []string, all []problem) {
	p.t.Helper()
	stream, err := p.server.(tfprotov6.ActionServer).InvokeAction(p.t.Context(), &tfprotov6.InvokeActionRequest{
		ActionType: name, Config: p.encode(p.schemas.ActionSchemas[name].Schema, config),
	})
	must(p.t, err)
	for e := range stream.Events {
		switch e := e.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			said = append(said, e.Message)
		case tfprotov6.CompletedInvokeActionEventType:
			all = problems(e.Diagnostics)
		}
	}
	return said, all
}

// Actions and lists as core runs them: what they say, and what they leave out.
func TestActionsAndLists(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	here, pair := object{"token_store": "file:///here", "secrets_in_state": false}, object{"token_pair": "x"}
	config := with(e.pair(), "refresh", nil)
	secret := at(config, "preauthenticated.refresh_token").(string)
	config = with(config, "preauthenticated", object{"refresh_token_wo": secret, "refresh_token_wo_version": 1})
	config = with(with(with(config, "client.client_secret", nil), "client.client_secret_wo", "secret"), "client.client_secret_wo_version", 1)
	if all := e.peer(here).change("create", &managed{typeName: "oauth_token_pair"}, config); len(errorsOf(all)) > 0 {
		t.Fatal(all)
	}
	asked := len(e.server.Log())
	for _, settings := range []object{here, {"token_store": "file:///here"}} {
		names, shown, all, resources := e.peer(settings).list(object{}, 10, true)
		if !slices.Equal(names, []string{"x"}) || !slices.Equal(shown, []string{"x (active, generation 2)"}) || len(all) > 0 {
			t.Errorf("listed %v as %v: %v", names, shown, all)
		}
		for _, name := range []string{"access_token", "refresh_token", "id_token", "dpop_private_key", "extra"} {
			if resources[0][name] != nil {
				t.Errorf("the list gives %s", name)
			}
		}
		if resources[0]["status"] != "active" || at(resources[0], "client.client_id") != "id" || at(resources[0], "client.client_secret") != nil ||
			at(resources[0], "preauthenticated.refresh_token_wo") != nil {
			t.Errorf("the list gives %v", resources[0])
		}
	}
	if len(e.server.Log()) != asked {
		t.Error("a list asks the server")
	}

	said, all := e.peer(here).invoke("oauth_rotate", pair)
	if len(all) > 0 || len(said) != 2 || !strings.HasPrefix(said[1], `Token pair "x" was refreshed: generation 3.`) {
		t.Errorf("rotate: %q, %v", said, all)
	}
	// The answer is lost: the token may be spent, and the next one who asks must not send it.
	_, err := e.server.AddFault(sandbox.Fault{Action: sandbox.ActionDrop, When: sandbox.After})
	must(t, err)
	said, all = e.peer(here).invoke("oauth_rotate", pair)
	wants(t, "rotate, reply lost", all, 1, "Unable to Rotate Token Pair")
	if len(said) != 1 {
		t.Errorf("a rotation that failed says %q", said)
	}
	said, all = e.peer(here).invoke("oauth_revoke", pair)
	if len(all) > 0 || len(said) != 2 || !strings.HasPrefix(said[1], "The server has revoked the tokens of token pair \"x\".") {
		t.Errorf("revoke: %q, %v", said, all)
	}
	_, shown, _, _ := e.peer(here).list(object{"status": "revoked"}, 10, false)
	if !slices.Equal(shown, []string{"x (revoked)"}) {
		t.Errorf("listed as %v", shown)
	}
	e.stores["file:///here"].broken = true
	_, all = e.peer(here).invoke("oauth_revoke", pair)
	wants(t, "revoke, broken store", all, 1, "Unable to Revoke Token Pair")
	_, all = e.peer(here).invoke("oauth_rotate", pair)
	wants(t, "rotate, broken store", all, 1, "Unable to Rotate Token Pair")
	_, _, all, _ = e.peer(here).list(object{}, 10, false)
	wants(t, "list, broken store", all, 1, "Unable to List Token Pairs")

	_, all = e.peer(object{"token_store": unknown}).invoke("oauth_rotate", pair)
	wants(t, "rotate, store unknown", all, 1, "Provider Configuration Not Known Yet")
}
