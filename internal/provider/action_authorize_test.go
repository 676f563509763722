package provider

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/login"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// aLogin is a configuration of the action that is right.
func aLogin() object {
	return object{
		"name": "x", "client": object{"client_id": "id", "token_endpoint": "https://as.example/token", "authorization_endpoint": "https://as.example/authorize"},
		"authorization_code": object{"redirect_uri": "http://127.0.0.1:8912/callback"},
	}
}

// What cannot work is told before anything is read or sent: by validate, and once more by a plan, which knows the variables.
func TestBadAuthorizeValues(t *testing.T) {
	t.Parallel()
	byDevice := with(with(aLogin(), "authorization_code", nil), "device_code", object{})
	for _, b := range []badValue{
		{base: aLogin(), at: "name", value: "a/b", says: nameRule},
		{base: aLogin(), at: "wait", value: "9s", says: "wait must be"},
		{base: aLogin(), at: "wait", value: "61m", says: "wait must be"},
		{base: aLogin(), at: "client.client_id", value: nil, says: "client.client_id is needed."},
		{base: aLogin(), at: "client.token_endpoint", value: nil, says: "client.token_endpoint is needed."},
		{base: aLogin(), at: "client.authorization_endpoint", value: nil, says: "client.authorization_endpoint is needed"},
		{base: aLogin(), at: "client.platform", value: "nowhere", says: "nowhere"},
		{base: aLogin(), at: "authorization_code.redirect_uri", value: "https://example.com/callback", says: "nothing here can receive it"},
		{base: aLogin(), at: "authorization_code.redirect_uri", value: "https://127.0.0.1:8912/callback", says: "nothing here can receive it"},
		{base: aLogin(), at: "authorization_code.redirect_uri", value: "http://localhost.example:8912/", says: "nothing here can receive it"},
		{base: aLogin(), at: "authorization_code.redirect_uri", value: nil, says: "authorization_code.redirect_uri is needed"},
		{base: aLogin(), at: "authorization_code.extra_parameters", value: object{"state": "mine"}, says: "authorization_code.extra_parameters cannot be used"},
		{base: aLogin(), at: "authorization_code.scopes", value: []any{"a b"}, says: "scope", path: "authorization_code.scopes[*]"},
		{base: aLogin(), at: "authorization_code", value: nil, says: "With client, the action needs to know what a person is asked for"},
		{base: aLogin(), at: "device_code", value: object{}, says: "authorization_code and device_code cannot be used together."},
		{base: byDevice, at: "client.device_authorization_endpoint", value: nil, says: "client.device_authorization_endpoint is needed to get a device code."},
		{base: aLogin(), provider: object{"token_store": "state"}, phase: inPlan, path: "-", says: `action.oauth_authorize looks tokens up by name in a token store, and token_store = "state" has none.`},
		{base: aLogin(), at: "client.token_endpoint", value: "http://as.example/token", phase: inPlan, says: "Insecure Endpoint"},
	} {
		p := newPeer(t, nil)
		config := b.base
		if b.at != "" {
			config = with(config, b.at, b.value)
		}
		phase, all := p.tryAction("oauth_authorize", b.provider, config)
		b.check(t, phase, all)
		p.world.mustBeUntouched(t)
	}
	for _, config := range []object{
		aLogin(), {"name": "x"}, {"name": unknown, "client": unknown, "authorization_code": unknown, "device_code": unknown, "wait": unknown, "open_browser": unknown},
		with(aLogin(), "authorization_code.redirect_uri", unknown), with(aLogin(), "client.client_secret", unknown),
	} {
		p := newPeer(t, nil)
		if phase, all := p.tryAction("oauth_authorize", nil, config); len(all) > 0 {
			t.Errorf("%v in %s: %v", config, phase, all)
		}
		p.world.mustBeUntouched(t)
	}
}

// What a server calls the granted scopes moves no cursor of a terminal.
func TestAuthorizedShowsNoControls(t *testing.T) {
	t.Parallel()
	out := login.Outcome{Record: credential.Record{Tokens: credential.Tokens{Scopes: []string{"\x1b[31mred", "read"}}}}
	if text := authorized(subject{kind: "oauth_token_pair", name: "x"}, out); !strings.Contains(text, "Granted: [31mred read.") || strings.Contains(text, "\x1b") {
		t.Errorf("%q", text)
	}
}

// A secret that is written out is shown by plans: that is told. With secrets_in_state = false it is refused.
func TestSecretsOfAuthorize(t *testing.T) {
	t.Parallel()
	config := with(aLogin(), "client.client_secret", "hunter2")
	p := newPeer(t, nil)
	_, all := p.tryAction("oauth_authorize", nil, config)
	if len(all) != 1 || all[0].error || all[0].path != "client.client_secret" || !strings.Contains(all[0].text, "Secret Shown in Plans") || strings.Contains(all[0].text, "hunter2") {
		t.Errorf("%v", all)
	}
	p = newPeer(t, nil)
	p.mustConfigure(object{"secrets_in_state": false})
	badValue{at: "client.client_secret", phase: inPlan, says: "client.client_secret of an action is kept in the plan"}.check(t, inPlan, p.planAction("oauth_authorize", config))
}

// login invokes the action; person answers what it is told to open.
func (p *peer) login(config object, person func(address string)) (said string, all []problem) {
	p.t.Helper()
	stream, err := p.server.(tfprotov6.ActionServer).InvokeAction(p.t.Context(), &tfprotov6.InvokeActionRequest{
		ActionType: "oauth_authorize", Config: p.encode(p.schemas.ActionSchemas["oauth_authorize"].Schema, config),
	})
	must(p.t, err)
	done := make(chan struct{})
	close(done)
	for e := range stream.Events {
		switch e := e.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			said += e.Message + "\n"
			if _, address, ok := strings.Cut(e.Message, "on this machine: "); ok {
				done = make(chan struct{})
				go func() {
					defer close(done)
					person(address)
				}()
			}
		case tfprotov6.CompletedInvokeActionEventType:
			all = problems(e.Diagnostics)
		}
	}
	<-done
	return said, all
}

// As core runs it, on any version: the first authorization, the resource that takes it over, a refusal, and an exchange that fails.
func TestAuthorizeAsCoreDoes(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	visit := func(callback string, err error) string {
		if err != nil {
			t.Error(err)
			return ""
		}
		resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(callback)
		if err != nil {
			t.Error(err)
			return ""
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return string(text)
	}
	config := object{
		"name": "x", "client": e.client(), "open_browser": false,
		"authorization_code": object{"redirect_uri": "http://127.0.0.1/callback", "scopes": []any{"read"}},
	}
	here := object{"token_store": "file:///here"}
	said, all := e.peer(here).login(config, func(address string) { visit(e.server.Deny(address)) })
	if len(all) != 1 || !strings.Contains(all[0].text, `The person, or the authorization server, has refused the access for token pair "x": access_denied, the user said no.`) ||
		all[0].path != "authorization_code" || strings.Contains(said, "browser was asked") {
		t.Errorf("%v\n%s", all, said)
	}

	_, err := e.server.AddFault(sandbox.Fault{Action: sandbox.ActionDrop, When: sandbox.After})
	must(t, err)
	_, all = e.peer(here).login(config, func(address string) { visit(e.server.Approve(address)) })
	if len(all) != 1 || !strings.Contains(all[0].text, `The code for token pair "x" was sent, and no usable reply came`) || !strings.Contains(all[0].text, "The code is not sent again.") {
		t.Errorf("%v", all)
	}

	said, all = e.peer(here).login(config, func(address string) { visit(e.server.Approve(address)) })
	if len(errorsOf(all)) > 0 || !strings.Contains(said, `Token pair "x" is authorized. Granted: read.`) {
		t.Fatalf("%v\n%s", all, said)
	}
	pair := object{"name": "x", "client": e.client(), "authorization_code": object{"redirect_uri": "http://127.0.0.1/callback", "scopes": []any{"read"}}}
	made := &managed{typeName: "oauth_token_pair"}
	if all := e.peer(here).change("create", made, pair); len(errorsOf(all)) > 0 {
		t.Fatal(all)
	}

	other := with(config, "client.client_id", "another")
	_, all = e.peer(here).login(other, func(string) { t.Error("something was offered") })
	if len(all) != 1 || !strings.Contains(all[0].text, "of another client_id or token_endpoint than the action's client, and a resource manages it.") {
		t.Errorf("%v", all)
	}
	replays := 0
	for _, entry := range e.server.Log() {
		if entry.GrantType == "authorization_code" {
			replays++
		}
	}
	if replays != 2 || e.server.Counters().CodeReplays != 0 {
		t.Errorf("%d codes were sent", replays)
	}
}
