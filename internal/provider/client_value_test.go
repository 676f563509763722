package provider

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// wholeClient has a value of its own in every field, so that a mix-up shows.
func wholeClient() credential.Client {
	return credential.Client{
		Registration: "registration", Platform: "platform", PlatformParameters: map[string]string{"country": "nl", "region": "eu"}, Issuer: "issuer",
		ClientID: "client-id", ClientSecret: secret.New("client-secret"), TokenEndpointAuthMethod: "client_secret_post",
		AuthorizationEndpoint: "authorization", TokenEndpoint: "token", RevocationEndpoint: "revocation", IntrospectionEndpoint: "introspection",
		RegistrationEndpoint: "registration-endpoint", DeviceAuthorizationEndpoint: "device", PushedAuthorizationRequestEndpoint: "pushed",
		Policy: credential.RefreshTokenPolicy{
			Rotation: credential.RotationSingleUseGrace, OnReuse: credential.ReuseReject,
			GracePeriod: 30 * time.Second, IdleLifetime: 720 * time.Hour, AbsoluteLifetime: 8760*time.Hour + time.Second,
		},
	}
}

// texts are the string members of an object, nested ones with their path.
func texts(prefix string, o types.Object) map[string]string {
	found := map[string]string{}
	for name, v := range o.Attributes() {
		switch v := v.(type) {
		case types.String:
			if !v.IsNull() {
				found[prefix+name] = v.ValueString()
			}
		case types.Object:
			for k, text := range texts(prefix+name+".", v) {
				found[k] = text
			}
		case types.Map:
			for k, e := range v.Elements() {
				found[prefix+name+"."+k] = e.(types.String).ValueString()
			}
		}
	}
	return found
}

func TestClientRoundTrip(t *testing.T) {
	t.Parallel()
	o := clientObjectFrom(wholeClient())
	want := map[string]string{
		"registration": "registration", "platform": "platform", "platform_parameters.country": "nl", "platform_parameters.region": "eu", "issuer": "issuer",
		"client_id": "client-id", "token_endpoint_auth_method": "client_secret_post",
		"authorization_endpoint": "authorization", "token_endpoint": "token", "revocation_endpoint": "revocation", "introspection_endpoint": "introspection",
		"registration_endpoint": "registration-endpoint", "device_authorization_endpoint": "device", "pushed_authorization_request_endpoint": "pushed",
		"refresh_token_policy.rotation": "single_use_grace", "refresh_token_policy.on_reuse": "reject", "refresh_token_policy.grace_period": "30s",
		"refresh_token_policy.idle_lifetime": "720h", "refresh_token_policy.absolute_lifetime": "8760h0m1s",
	}
	if got := texts("", o); !reflect.DeepEqual(got, want) {
		t.Errorf("the object is\n%v, want\n%v", got, want)
	}
	// The secret stays out of a state that an import makes, so it is not in the way back.
	back := wholeClient()
	back.ClientSecret = secret.String{}
	if got := clientFrom(o); !reflect.DeepEqual(got, back) {
		t.Errorf("the way back gives\n%+v, want\n%+v", got, back)
	}
}

func TestEmptyClientRoundTrip(t *testing.T) {
	t.Parallel()
	o := clientObjectFrom(credential.Client{})
	for name, v := range o.Attributes() {
		if !v.IsNull() {
			t.Errorf("%s is %s, want null", name, v)
		}
	}
	if got := clientFrom(o); !reflect.DeepEqual(got, credential.Client{}) {
		t.Errorf("the way back gives %+v", got)
	}
	for name, o := range map[string]types.Object{"null": types.ObjectNull(clientOfPairType()), "unknown": types.ObjectUnknown(clientOfPairType())} {
		if got := clientFrom(o); !reflect.DeepEqual(got, credential.Client{}) {
			t.Errorf("a client that is %s gives %+v", name, got)
		}
	}
}

// withMember returns o with one member changed.
func withMember(o types.Object, name string, v attr.Value) types.Object {
	values := o.Attributes()
	values[name] = v
	return types.ObjectValueMust(o.AttributeTypes(context.Background()), values)
}

func TestClientSecretOfEitherKind(t *testing.T) {
	t.Parallel()
	o := clientObjectFrom(wholeClient())
	for name, c := range map[string]struct {
		o    types.Object
		want string
	}{
		"none":       {o, ""},
		"plain":      {withMember(o, "client_secret", types.StringValue("plain")), "plain"},
		"write-only": {withMember(o, "client_secret_wo", types.StringValue("hidden")), "hidden"},
	} {
		if got := clientFrom(c.o).ClientSecret.Reveal(); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// The framework says null of a member of an unknown object; that once made a plan that destroyed a credential.
func TestMembersOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	known := clientObjectFrom(wholeClient())
	for _, c := range []struct {
		name    string
		o       types.Object
		unknown bool
	}{
		{"null", types.ObjectNull(clientOfPairType()), false},
		{"unknown", types.ObjectUnknown(clientOfPairType()), true},
		{"zero", types.Object{}, false},
	} {
		if s := member(c.o, "client_id"); s.IsUnknown() != c.unknown || s.IsNull() == c.unknown {
			t.Errorf("%s: client_id is %s", c.name, s)
		}
		if n := memberInt(c.o, "client_secret_wo_version"); n.IsUnknown() != c.unknown || n.IsNull() == c.unknown {
			t.Errorf("%s: client_secret_wo_version is %s", c.name, n)
		}
	}
	if s := member(known, "no_such"); !s.IsNull() {
		t.Errorf("a member that does not exist is %s", s)
	}
	if s := member(withMember(known, "issuer", types.StringUnknown()), "issuer"); !s.IsUnknown() {
		t.Errorf("an unknown member is %s", s)
	}
}

func TestEither(t *testing.T) {
	t.Parallel()
	null, some, unknown := types.StringNull(), types.StringValue("x"), types.StringUnknown()
	o := clientObjectFrom(wholeClient())
	for _, c := range []struct {
		plain, hidden types.String
		want          presence
	}{
		{null, null, absent}, {some, null, given}, {null, some, given}, {some, unknown, given}, {unknown, some, given},
		{unknown, null, undecided}, {null, unknown, undecided}, {unknown, unknown, undecided},
	} {
		got := either(withMember(withMember(o, "client_secret", c.plain), "client_secret_wo", c.hidden), "client_secret")
		if got != c.want {
			t.Errorf("plain %s, write-only %s: got %d, want %d", c.plain, c.hidden, got, c.want)
		}
	}
	if got := either(types.ObjectUnknown(clientOfPairType()), "client_secret"); got != undecided {
		t.Errorf("of an unknown object: got %d", got)
	}
}

func TestWithoutWriteOnly(t *testing.T) {
	t.Parallel()
	o := withMember(withMember(withMember(clientObjectFrom(wholeClient()), "client_secret", types.StringValue("plain")),
		"client_secret_wo", types.StringValue("hidden")), "client_secret_wo_version", types.Int64Value(7))
	got := withoutWriteOnly(o)
	if !got.Equal(withMember(o, "client_secret_wo", types.StringNull())) {
		t.Errorf("more or less than the write-only member was taken out: %s", got)
	}
	if member(o, "client_secret_wo").ValueString() != "hidden" {
		t.Error("the object that was given has changed")
	}
	for _, o := range []types.Object{types.ObjectNull(clientOfPairType()), types.ObjectUnknown(clientOfPairType())} {
		if got := withoutWriteOnly(o); !got.Equal(o) {
			t.Errorf("%s became %s", o, got)
		}
	}
	// An unknown secret is no less write-only.
	if got := withoutWriteOnly(withMember(o, "client_secret_wo", types.StringUnknown())); !member(got, "client_secret_wo").IsNull() {
		t.Errorf("an unknown write-only member became %s", got)
	}
}

// What configuration and state may hold has the same shape as what is computed: a client can be passed on whole.
func TestClientShapes(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	types := map[string]map[string]string{}
	note := func(where, name string, text string) {
		if types[name] == nil {
			types[name] = map[string]string{}
		}
		types[name][where] = text
	}
	for _, a := range p.schemas.ResourceSchemas["oauth_app_registration"].Block.Attributes {
		if a.Name == "client" {
			for _, m := range a.NestedType.Attributes {
				note("computed", m.Name, m.ValueType().String())
			}
		}
	}
	for _, a := range p.schemas.ResourceSchemas["oauth_token_pair"].Block.Attributes {
		if a.Name == "client" {
			for _, m := range a.NestedType.Attributes {
				note("configured", m.Name, m.ValueType().String())
			}
		}
	}
	for name, where := range types {
		if strings.HasSuffix(strings.TrimSuffix(name, "_version"), "_wo") {
			continue
		}
		if where["computed"] == "" || where["computed"] != where["configured"] {
			t.Errorf("%s: computed %q, configured %q", name, where["computed"], where["configured"])
		}
	}
	if len(types) != 29 {
		t.Errorf("a client has %d members, want 29", len(types))
	}
}

// Where there are no write-only arguments none is recommended.
func TestLacksWriteOnly(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{
		"1.8.5": true, "1.10.10": true, "1.11.0": false, "1.11.0-rc1": false, "1.15.9": false, "2.0.0": false, "": false, "1.x": false, "dev": false,
	} {
		if got := lacksWriteOnly(version); got != want {
			t.Errorf("%s: %v", version, got)
		}
	}
}
