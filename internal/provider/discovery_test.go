package provider

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

const (
	anIssuer      = "https://as.example.com/t1"
	aMetadataURL  = "https://as.example.com/.well-known/oauth-authorization-server/t1"
	anOpenIDURL   = "https://as.example.com/t1/.well-known/openid-configuration"
	endpointsByIt = `The endpoints that the client of token pair "exact" does not name are discovered from its issuer, which failed. ` +
		"The metadata of " + anIssuer + " could not be used:\n\n"
	writeOut = " Endpoints that the client names itself are not discovered: write token_endpoint, authorization_endpoint and " +
		"revocation_endpoint out where the server has no metadata."
)

func TestDiscoveryThatFailsSaysWhatToDo(t *testing.T) {
	t.Parallel()
	failed := func(transient bool, reasons ...error) *oauth.DiscoveryError {
		e := &oauth.DiscoveryError{Issuer: anIssuer, Transient: transient}
		for i, why := range reasons {
			e.Tried = append(e.Tried, oauth.DiscoveryAttempt{URL: []string{aMetadataURL, anOpenIDURL}[i], Why: why})
		}
		return e
	}
	none, refused := errors.New("the answer was HTTP 404"), errors.New("connection refused")
	other := &oauth.IssuerMismatchError{Asked: anIssuer, Named: "https://evil.example"}
	const (
		noneThere = "  " + aMetadataURL + "\n    the answer was HTTP 404.\n  " + anOpenIDURL + "\n    the answer was HTTP 404."
		again     = "Check the network and the server, then run again."
	)
	code, destroying := aPair, aPair
	code.code, destroying.destroying = true, true
	for _, c := range []struct {
		name   string
		about  subject
		record credential.Record
		err    *oauth.DiscoveryError
		want   []string
	}{
		{"not there", aPair, aRecord(nil), failed(false, none, none), []string{
			noneThere, "Nothing else was sent. The stored credential was not used up and still works.",
			"Check that issuer is written as the server's documentation has it, then run again.",
		}},
		{"not reached", aPair, aRecord(nil), failed(true, refused, refused), []string{
			"  " + aMetadataURL + "\n    connection refused.\n  " + anOpenIDURL + "\n    connection refused.",
			"Nothing else was sent. The stored credential was not used up and still works.", again,
		}},
		{"before any authorization", aPair, credential.Record{}, failed(true, none, none), []string{noneThere, "Nothing else was sent.", again}},
		{"of a dead credential", aPair, aRecord(func(r *credential.Record) { r.Status = credential.StatusAuthorizationRequired }), failed(true, none, none), []string{
			noneThere, "Nothing else was sent.", again,
		}},
		{"with a code", code, aRecord(nil), failed(true, none, none), []string{
			noneThere, "Nothing else was sent. The code was not used; most servers let it live for minutes.", again,
		}},
		{"in a destroy", destroying, aRecord(nil), failed(true, none, none), []string{
			noneThere, "Nothing else was sent. Nothing was revoked or removed, and the stored credential still works. A destroy can be repeated; " +
				"to leave the tokens alone, set revoke_on_destroy = false, apply, and destroy then.", again,
		}},
		{"another issuer", aPair, aRecord(nil), failed(false, other), []string{
			"  " + aMetadataURL + "\n    it names the issuer \"https://evil.example\", and must name \"" + anIssuer + "\" to the letter (RFC 8414 §3.3).",
			"Nothing else was sent. The stored credential was not used up and still works.",
			"If that is the server you mean, set issuer to what it names. Else do not use it: one server may be passing for another.",
		}},
	} {
		for _, kind := range []credential.Kind{credential.KindConfiguration, credential.KindNotSent} {
			want := endpointsByIt + strings.Join(c.want, "\n\n") + writeOut
			got := engineDetail(c.about, &credential.Error{Kind: kind, Record: c.record, Err: c.err})
			if got != want {
				t.Errorf("%s, %s:\n got: %s\nwant: %s", c.name, kind, got, want)
			}
			if strings.Contains(got, secretText) {
				t.Errorf("%s shows a secret: %s", c.name, got)
			}
		}
	}
}

// asked is a network of one server, which serves one text to everybody.
type asked struct {
	text string
	urls []string
}

func (a *asked) RoundTrip(r *http.Request) (*http.Response, error) {
	a.urls = append(a.urls, r.URL.String())
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(a.text))}, nil
}

func newAsked(t *testing.T, text string) (*peer, *asked) {
	t.Helper()
	a := &asked{text: text}
	deps := untouchedDeps(&world{}, nil)
	deps.Transport = a
	return newPeerWith(t, deps), a
}

// readAuthorizationServer reads the data source and returns what it says.
func (p *peer) readAuthorizationServer(issuer string) (object, []problem) {
	p.t.Helper()
	const name = "oauth_authorization_server"
	s := p.schemas.DataSourceSchemas[name]
	resp, err := p.server.ReadDataSource(p.t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: name, Config: p.encode(s, object{"issuer": issuer})})
	must(p.t, err)
	if resp.State == nil {
		return nil, problems(resp.Diagnostics)
	}
	v, err := resp.State.Unmarshal(s.ValueType())
	must(p.t, err)
	state, _ := fromValue(p.t, v).(object)
	return state, problems(resp.Diagnostics)
}

// The data source needs no store: not even a known one. Many of one issuer ask once.
func TestAuthorizationServer(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]object{
		"default": nil, "store unknown": {"token_store": unknown, "secrets_in_state": unknown}, "no store": {"token_store": "state"},
	} {
		p, network := newAsked(t, `{"issuer":"`+anIssuer+`","token_endpoint":"https://as.example.com/t","scopes_supported":["b","a"],"grant_types_supported":[],`+
			`"dpop_signing_alg_values_supported":["ES256"],"token_endpoint_auth_signing_alg_values_supported":["PS256"],"require_pushed_authorization_requests":true}`)
		if all := p.configure(config); len(all) > 0 {
			t.Fatal(all)
		}
		for range 3 {
			got, all := p.readAuthorizationServer(anIssuer)
			if len(all) > 0 || got["token_endpoint"] != "https://as.example.com/t" || got["revocation_endpoint"] != nil || got["code_challenge_methods_supported"] != nil ||
				got["issuer"] != anIssuer || got["mtls_endpoint_aliases"] != nil {
				t.Errorf("%s: %v, %v", name, got, all)
			}
			if scopes, _ := got["scopes_supported"].([]any); !slices.Equal(scopes, []any{"b", "a"}) {
				t.Errorf("%s: scopes %v", name, scopes)
			}
			for name, want := range map[string]string{
				"dpop_signing_alg_values_supported": "ES256", "token_endpoint_auth_signing_alg_values_supported": "PS256",
			} {
				if algs, _ := got[name].([]any); !slices.Equal(algs, []any{want}) {
					t.Errorf("%s is %v", name, algs)
				}
			}
			if got["require_pushed_authorization_requests"] != true {
				t.Errorf("require_pushed_authorization_requests is %v", got["require_pushed_authorization_requests"])
			}
			if grants, ok := got["grant_types_supported"].([]any); len(grants) != 0 || !ok { // said, and empty
				t.Errorf("%s: grants %v", name, got["grant_types_supported"])
			}
		}
		if !slices.Equal(network.urls, []string{aMetadataURL}) {
			t.Errorf("%s: asked %v", name, network.urls)
		}
	}
}

func TestAuthorizationServerNotToBeRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"<html>": "Unable to Read Authorization Server Metadata\nThe metadata of " + anIssuer + " could not be used:\n\n  " + aMetadataURL + "\n    it is no JSON object.\n  " +
			anOpenIDURL + "\n    it is no JSON object.\n\nNothing else was sent.\n\nCheck that issuer is written as the server's documentation has it, then run again.",
		`{"issuer":"` + anIssuer + `/"}`: "Unable to Read Authorization Server Metadata\nThe metadata of " + anIssuer + " could not be used:\n\n  " + aMetadataURL +
			"\n    it names the issuer \"" + anIssuer + "/\", and must name \"" + anIssuer + "\" to the letter (RFC 8414 §3.3); the two differ in the slash at the end." +
			"\n\nNothing else was sent.\n\nIf that is the server you mean, set issuer to what it names. Else do not use it: one server may be passing for another.",
	} {
		p, _ := newAsked(t, text)
		if all := p.configure(nil); len(all) > 0 {
			t.Fatal(all)
		}
		if _, all := p.readAuthorizationServer(anIssuer); len(all) != 1 || all[0] != (problem{error: true, path: "issuer", text: want}) {
			t.Errorf("%v\nwant %s", all, want)
		}
	}
}
