package provider

import "testing"

// badProxyValues are those of oauth_access_token, but for what a proxy has not; and its own.
func badProxyValues() []badValue {
	base := object{"token_pair": "x", "upstream": "https://api.example.com"}
	const upstreamRule = "an absolute https:// URL without query (http:// only to this machine, or with allow_insecure_http)"
	var rows []badValue
	for _, b := range badClientTokenValues() {
		if b.at == "allow_unauthorized" {
			continue
		}
		if _, own := b.base["upstream"]; !own {
			b.base = with(b.base, "upstream", "https://api.example.com")
		}
		rows = append(rows, b)
	}
	for value, why := range map[string]string{
		"": "its scheme is not https", "api.example.com": "its scheme is not https", "ftp://api.example.com": "its scheme is not https", "https://": "it names no host",
		"https://u:p@api.example.com": "it carries user information", "https://api.example.com?a=b": "it has a query", "https://api.example.com#a": "it has a fragment",
		"https://api.example.com/../a": `its path has a segment ".."`,
	} {
		rows = append(rows, badValue{base: base, at: "upstream", value: value, says: why}, badValue{base: base, at: "upstream", value: value, says: upstreamRule})
	}
	return append(rows, []badValue{
		{base: base, at: "token_pair", value: "a b", says: nameRule},
		{base: base, at: "upstream", value: "http://api.example.com", phase: inPlan, says: `upstream cannot be used: unusable request: the endpoint: http to "api.example.com" would send secrets in the clear; use https. Nothing was sent.`},
		{base: base, at: "min_validity", value: "500ms", says: "from 1s to 24h"},
		{base: base, at: "min_validity", value: "25h", says: "from 1s to 24h"},
		{base: base, at: "max_wait", value: "-1s", says: "from 0s to 10m"},
		{base: base, at: "max_wait", value: "11m", says: "from 0s to 10m"},
		{base: base, at: "max_wait", value: "60", says: "it is not a duration"},
		{base: base, at: "max_replay_bytes", value: -1, says: "value must be between 0 and 67108864"},
		{base: base, at: "max_replay_bytes", value: 64<<20 + 1, says: "value must be between 0 and 67108864"},
		{base: base, at: "token_pair", value: "x", provider: object{"token_store": "state"}, phase: inPlan, path: "-", says: `ephemeral.oauth_api_proxy looks tokens up by name in a token store`},
		{base: base, at: "token_pair", value: "x", provider: object{"ca_certificate_pem": unknown}, phase: inPlan, path: "-", says: "ephemeral.oauth_api_proxy needs the provider's ca_certificate_pem, which is known only after apply."},
	}...)
}

// The upstream may be known later than everything else.
func TestProxiesThatAreGood(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	for name, config := range map[string]object{
		"a pair":           {"token_pair": "x", "upstream": "https://api.example.com/v2"},
		"bounds":           {"token_pair": "x", "upstream": "http://127.0.0.1:80", "max_wait": "0s", "max_replay_bytes": 0, "min_validity": "1s"},
		"the other bounds": {"token_pair": "x", "upstream": "http://api.example.com", "max_wait": "10m", "max_replay_bytes": 64 << 20, "min_validity": "24h"},
		"nothing known":    {"token_pair": unknown, "upstream": unknown, "max_wait": unknown, "max_replay_bytes": unknown},
		"a client":         with(askingClient(), "upstream", "https://api.example.com"),
	} {
		if all := p.validateEphemeral("oauth_api_proxy", config); len(all) > 0 {
			t.Errorf("%s: %v", name, all)
		}
	}
	p.world.mustBeUntouched(t)
}
