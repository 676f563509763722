package provider

import (
	"strings"
	"testing"
)

func badProviderValues() []badValue {
	const (
		store    = `token_store must be "state", or the URL of a store like file:///var/lib/oauth: `
		margin   = "refresh_before_expiry must be a duration like 30s, 5m or 1h, from 5s to 1h: "
		timeout  = "request_timeout must be a duration like 30s, 5m or 1h, from 5s to 2m: "
		keys     = "token_store_key cannot be used: "
		password = "pass-word"
	)
	return []badValue{
		{at: "token_store", value: "", says: store + "it is empty."},
		{at: "token_store", value: "/var/lib/oauth", says: store + `it is neither "state" nor a URL like file:///var/lib/oauth.`},
		{at: "token_store", value: "STATE", says: store + `it is neither "state" nor a URL like file:///var/lib/oauth.`},
		{at: "token_store", value: "file://var/lib/oauth", says: store + "a file URL has three slashes, as in file:///var/lib/oauth; what stands behind two is a host."},
		{at: "token_store", value: "file:oauth", says: store + "a file URL has a path and nothing else."},
		{at: "token_store", value: "file:///", says: store + "the root folder cannot be a store."},
		{at: "token_store", value: "file:///oauth?key=" + password, says: store + "a file URL has a path and nothing else.", hidden: []string{password}},
		{
			at: "token_store", value: "mysql://me:" + password + "@db/oauth", hidden: []string{password},
			says: store + `stores of scheme "mysql" are not supported by this version; it knows file and state.`,
		},
		{at: "token_store", value: "file:///a\nb", says: store + "it is not a URL."},

		{at: "token_store_key", value: "", says: keys + "there is no key."},
		{at: "token_store_key", value: password, says: keys + "key 1 does not begin with AGE-SECRET-KEY-1 or AGE-SECRET-KEY-PQ-1.", hidden: []string{password}},
		{
			at: "token_store_key", value: ageKeyOne + ",AGE-SECRET-KEY-1" + strings.ToUpper(password), hidden: []string{"PASS-WORD", ageKeyOne},
			says: keys + "key 2 is not a valid age secret key: it is cut off or has a typing error.",
		},
		{
			at: "token_store_key", value: "age1" + password, hidden: []string{password},
			says: keys + "key 1 is a public key; the secret one is needed, which begins with AGE-SECRET-KEY-.",
		},

		{at: "refresh_before_expiry", value: "4s", says: margin + "it is 4s."},
		{at: "refresh_before_expiry", value: "61m", says: margin + "it is 1h1m."},
		{at: "refresh_before_expiry", value: "30", says: margin + "it is not a duration."},
		{at: "refresh_before_expiry", value: "", says: margin + "it is not a duration."},
		{at: "request_timeout", value: "4.9s", says: timeout + "it is 4.9s."},
		{at: "request_timeout", value: "121s", says: timeout + "it is 2m1s."},
		{at: "request_timeout", value: "soon", says: timeout + "it is not a duration."},

		{at: "ca_certificate_pem", value: password, says: "ca_certificate_pem holds no PEM block.", hidden: []string{password}},
		{
			at: "ca_certificate_pem", value: "-----BEGIN CERTIFICATE-----\ncGFzcy13b3Jk\n-----END CERTIFICATE-----\n",
			says: "PEM block 1 of ca_certificate_pem is not a certificate.", hidden: []string{"cGFzcy13b3Jk"},
		},
		{at: "ca_certificate_pem", value: strings.Repeat("a", 1<<20+1), says: "ca_certificate_pem is longer than 1 MiB."},

		// What the environment says is judged when the provider is configured.
		{
			at: "OAUTH_TOKEN_STORE", path: "token_store", phase: inConfigure, env: map[string]string{"OAUTH_TOKEN_STORE": "postgres://me:" + password + "@db"},
			says: `OAUTH_TOKEN_STORE cannot be used: stores of scheme "postgres" are not supported by this version; it knows file and state. Nothing was read, written or sent.`, hidden: []string{password},
		},
		{
			at: "OAUTH_TOKEN_STORE", path: "token_store", phase: inConfigure, env: map[string]string{"OAUTH_TOKEN_STORE": "file://relative/folder"},
			says: "OAUTH_TOKEN_STORE cannot be used: a file URL has three slashes, as in file:///var/lib/oauth; what stands behind two is a host. Nothing was read, written or sent.",
		},
		{
			at: "OAUTH_TOKEN_STORE_KEY", path: "token_store_key", phase: inConfigure, env: map[string]string{"OAUTH_TOKEN_STORE_KEY": password},
			says: "OAUTH_TOKEN_STORE_KEY cannot be used: key 1 does not begin with AGE-SECRET-KEY-1 or AGE-SECRET-KEY-PQ-1. Nothing was read, written or sent.", hidden: []string{password},
		},
		{
			at: "secrets_in_state", value: false, phase: inConfigure, env: map[string]string{"OAUTH_TOKEN_STORE": "state"},
			says: `token_store = "state" keeps the tokens in the state and nowhere else, so secrets_in_state cannot be false.`,
		},
		{
			base: object{"token_store": "state"}, at: "secrets_in_state", value: false, phase: inConfigure,
			says: `token_store = "state" keeps the tokens in the state and nowhere else, so secrets_in_state cannot be false.`,
		},
	}
}

func TestBadProviderValues(t *testing.T) {
	t.Parallel()
	for _, b := range badProviderValues() {
		p := newPeer(t, b.env)
		config := b.base
		if config == nil {
			config = object{}
		}
		if b.value != nil {
			config = with(config, b.at, b.value)
		}
		phase, all := inValidate, p.validateProvider(config)
		if len(errorsOf(all)) == 0 {
			phase, all = inConfigure, p.configure(config)
		}
		b.check(t, phase, all)
		p.world.mustBeUntouched(t)
	}
}

// What stands in the configuration wins over the environment, and what is wrong there is not looked at.
func TestProviderConfigurationWinsOverTheEnvironment(t *testing.T) {
	t.Parallel()
	p := newPeer(t, map[string]string{"OAUTH_TOKEN_STORE": "nonsense", "OAUTH_TOKEN_STORE_KEY": "nonsense"})
	if all := p.configure(object{"token_store": "file:///here", "token_store_key": ageKeyOne}); len(all) > 0 {
		t.Error(all)
	}
	for _, env := range []map[string]string{
		nil, {"OAUTH_TOKEN_STORE": "", "OAUTH_TOKEN_STORE_KEY": ""}, {"OAUTH_TOKEN_STORE": "state"}, {"OAUTH_TOKEN_STORE": "file:///there", "OAUTH_TOKEN_STORE_KEY": ageKeyTwo + "," + ageKeyOne},
	} {
		p := newPeer(t, env)
		if all := p.configure(object{}); len(all) > 0 {
			t.Errorf("%v: %v", env, all)
		}
		p.world.mustBeUntouched(t)
	}
}
