package oauth_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636, Appendix B

func TestFormsOnTheWire(t *testing.T) {
	must := func(f oauth.Form, err error) oauth.Form {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	code := secret.New("stampNL001.x!IAAA/+ =&")
	tests := map[string]struct {
		form oauth.Form
		want string
	}{
		"refresh": {
			must(oauth.RefreshForm(secret.New("rt!1"), nil, nil)),
			"client_id=c&grant_type=refresh_token&refresh_token=rt%211",
		},
		"refresh with a resource and extras": {
			must(oauth.RefreshForm(secret.New("rt"), []string{"https://r.example"}, map[string]string{"redirect_uri": "https://c.example/cb", "a": "ü"})),
			"a=%C3%BC&client_id=c&grant_type=refresh_token&redirect_uri=https%3A%2F%2Fc.example%2Fcb&refresh_token=rt&resource=https%3A%2F%2Fr.example",
		},
		"client credentials": {
			must(oauth.GrantRequest{Type: oauth.GrantClientCredentials, Scopes: []string{"write", "read", "write", ""}, Extra: map[string]string{"tenant_id": "t/1"}}.Form()),
			"client_id=c&grant_type=client_credentials&scope=read+write&tenant_id=t%2F1",
		},
		"client credentials with another separator": {
			must(oauth.GrantRequest{Type: oauth.GrantClientCredentials, Scopes: []string{"write", "read"}, Separator: ","}.Form()), "client_id=c&grant_type=client_credentials&scope=read%2Cwrite",
		},
		"client credentials without scopes": {must(oauth.GrantRequest{Type: oauth.GrantClientCredentials, Scopes: []string{}, Separator: ","}.Form()), "client_id=c&grant_type=client_credentials"},
		"grant with targets, in their order": {
			must(oauth.GrantRequest{Type: "urn:x", Resource: []string{"https://b.example/", "urn:a"}, Audience: []string{"z", "y"}}.Form()),
			"audience=z&audience=y&client_id=c&grant_type=urn%3Ax&resource=https%3A%2F%2Fb.example%2F&resource=urn%3Aa",
		},
		"grant with parameters of its own": {
			must(oauth.GrantRequest{
				Type: "password", Own: map[string]secret.String{"password": secret.New("p w"), "username": secret.New("u")}, Extra: map[string]string{"resource": "r"},
			}.Form()),
			"client_id=c&grant_type=password&password=p+w&resource=r&username=u",
		},
		"exchange": {
			must(oauth.ExchangeForm(code, "https://c.example/cb?x=1", secret.New(verifier), []string{"urn:b", "urn:a"}, map[string]string{"scope": "s"})),
			"client_id=c&code=stampNL001.x%21IAAA%2F%2B+%3D%26&code_verifier=" + verifier +
				"&grant_type=authorization_code&redirect_uri=https%3A%2F%2Fc.example%2Fcb%3Fx%3D1&resource=urn%3Ab&resource=urn%3Aa&scope=s",
		},
		"exchange without redirect URI and PKCE": {
			must(oauth.ExchangeForm(secret.New("c0de"), "", secret.String{}, nil, nil)),
			"client_id=c&code=c0de&grant_type=authorization_code",
		},
		"revoke": {
			oauth.RevokeForm(secret.New("rt"), "refresh_token"),
			"client_id=c&token=rt&token_type_hint=refresh_token",
		},
		"revoke without hint": {
			oauth.RevokeForm(secret.New("rt"), ""),
			"client_id=c&token=rt",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, body := wire(t, oauth.Request{Auth: public("c"), Form: test.form}); body != test.want {
				t.Errorf("body = %s\nwant   %s", body, test.want)
			}
		})
	}
}

func TestFormsRefuse(t *testing.T) {
	refresh := func(extra map[string]string) error {
		_, err := oauth.RefreshForm(secret.New("rt"), nil, extra)
		return err
	}
	exchange := func(code, verifier string, extra map[string]string) error {
		_, err := oauth.ExchangeForm(secret.New(code), "", secret.New(verifier), nil, extra)
		return err
	}
	client := func(name string) error {
		_, err := oauth.GrantRequest{Type: oauth.GrantClientCredentials, Extra: map[string]string{name: "x"}}.Form()
		return err
	}
	grant := func(r oauth.GrantRequest) error {
		_, err := r.Form()
		return err
	}
	own := func(name string) map[string]secret.String { return map[string]secret.String{name: secret.New("x")} }
	_, noToken := oauth.RefreshForm(secret.String{}, nil, nil)
	tests := map[string]struct {
		err  error
		want string
	}{
		"refresh without token":         {noToken, "there is no refresh token"},
		"refresh: grant_type":           {refresh(map[string]string{"grant_type": "password"}), `"grant_type" belongs to the protocol`},
		"refresh: refresh_token":        {refresh(map[string]string{"refresh_token": "x"}), `"refresh_token" belongs`},
		"refresh: scope, though unsent": {refresh(map[string]string{"scope": "x"}), `"scope" belongs`},
		"refresh: client_id":            {refresh(map[string]string{"client_id": "x"}), `"client_id" belongs`},
		"refresh: client_secret":        {refresh(map[string]string{"client_secret": "x"}), `"client_secret" belongs`},
		"refresh: client_assertion":     {refresh(map[string]string{"client_assertion": "x"}), `"client_assertion" belongs`},
		"refresh: first by name":        {refresh(map[string]string{"scope": "x", "client_id": "x"}), `"client_id" belongs`},
		"refresh: nameless":             {refresh(map[string]string{"": "x"}), "has no name"},
		"client: grant_type":            {client("grant_type"), `"grant_type" belongs`},
		"client: scope, though unsent":  {client("scope"), `"scope" belongs`},
		"client: client_secret":         {client("client_secret"), `"client_secret" belongs`},
		"grant without type":            {grant(oauth.GrantRequest{}), "there is no grant_type"},
		"grant: own client_id":          {grant(oauth.GrantRequest{Type: "x", Own: own("client_id")}), `"client_id" belongs`},
		"grant: own name of protocol":   {grant(oauth.GrantRequest{Type: "x", Own: own("scope")}), `"scope" belongs`},
		"grant: extra is own":           {grant(oauth.GrantRequest{Type: "x", Own: own("password"), Extra: map[string]string{"password": "x"}}), `"password" belongs`},
		"grant: extra beside resource":  {grant(oauth.GrantRequest{Type: "x", Resource: []string{"urn:a"}, Extra: map[string]string{"resource": "x"}}), `"resource" belongs`},
		"grant: relative resource":      {grant(oauth.GrantRequest{Type: "x", Resource: []string{"/a"}}), "not an absolute URI"},
		"grant: fragment":               {grant(oauth.GrantRequest{Type: "x", Resource: []string{"https://a.example/#"}}), "it has a fragment"},
		"exchange without code":         {exchange("", "", nil), "there is no authorization code"},
		"exchange: bad verifier":        {exchange("c", "short", nil), "43 to 128 characters"},
		"exchange: code":                {exchange("c", "", map[string]string{"code": "x"}), `"code" belongs`},
		"exchange: redirect_uri":        {exchange("c", "", map[string]string{"redirect_uri": "x"}), `"redirect_uri" belongs`},
		"exchange: code_verifier":       {exchange("c", "", map[string]string{"code_verifier": "x"}), `"code_verifier" belongs`},
		"exchange: grant_type":          {exchange("c", "", map[string]string{"grant_type": "x"}), `"grant_type" belongs`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.err == nil || !strings.Contains(test.err.Error(), test.want) || !errors.Is(test.err, oauth.ErrRequest) {
				t.Errorf("error = %v, want one with %q", test.err, test.want)
			}
		})
	}
}

func TestFormCannotBePrinted(t *testing.T) {
	form, err := oauth.RefreshForm(secret.New("s3cret-token"), nil, map[string]string{"assertion": "s3cret-extra"})
	if err != nil {
		t.Fatal(err)
	}
	type wrapper struct {
		Exported oauth.Form
		hidden   oauth.Form
	}
	w := wrapper{form, form}
	request := oauth.Request{Form: form, Auth: oauth.ClientAuth{Method: "client_secret_basic", ClientSecret: secret.New("s3cret-client")}}
	var out bytes.Buffer
	out.WriteString(form.String() + form.GoString())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		_, _ = fmt.Fprintf(&out, strings.Repeat(verb+"\n", 5), form, &form, w, &w, request)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "form", form, "wrapper", w)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "form", form, "wrapper", w)
	encoded, err := json.Marshal([]any{form, w, request.Auth})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	for _, leak := range []string{"s3cret", fmt.Sprintf("%x", "s3cret"), fmt.Sprintf("%X", "s3cret")} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("the output shows a secret:\n%s", out.String())
		}
	}
	if !strings.Contains(out.String(), "(redacted)") {
		t.Error("the output shows no redacted form; the search proves nothing")
	}
}
