package sandbox_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// The whole reply to client credentials is known to the byte except for the token, which is 48 characters long.
const wholeLength = len(`{"access_token":"","token_type":"Bearer","expires_in":600}`) + 48

func TestPartialReplies(t *testing.T) {
	for name, test := range map[string]struct {
		fault  sandbox.Fault
		body   int // bytes that arrive
		length string
		cut    bool // the transport reports that something is missing
	}{
		"truncate":               {sandbox.Fault{Action: sandbox.ActionTruncate}, 53, "106", true},
		"truncate to nothing":    {sandbox.Fault{Action: sandbox.ActionTruncate, Bytes: new(0)}, 0, "106", true},
		"truncate bytes":         {sandbox.Fault{Action: sandbox.ActionTruncate, Bytes: new(105)}, 105, "106", true},
		"truncate beyond":        {sandbox.Fault{Action: sandbox.ActionTruncate, Bytes: new(1000)}, 106, "106", false},
		"truncate fraction":      {sandbox.Fault{Action: sandbox.ActionTruncate, Fraction: new(0.9)}, 95, "106", true},
		"truncate_clean":         {sandbox.Fault{Action: sandbox.ActionTruncateClean, Bytes: new(105)}, 105, "105", false},
		"truncate_clean nothing": {sandbox.Fault{Action: sandbox.ActionTruncateClean, Fraction: new(0.0)}, 0, "0", false},
		"chunked_drop":           {sandbox.Fault{Action: sandbox.ActionChunkedDrop}, 53, "", true},
		"chunked_drop late":      {sandbox.Fault{Action: sandbox.ActionChunkedDrop, Fraction: new(1.0)}, 106, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			equal(t, "length of the whole reply", wholeLength, 106)
			r := newRig(t)
			r.plant(test.fault)
			got, err := r.try(r.postRequest("/token", form(asApp("grant_type", "client_credentials")...)))
			equal(t, "unexpected EOF", errors.Is(err, io.ErrUnexpectedEOF), test.cut)
			equal(t, "status", got.status, 200)
			equal(t, "bytes", len(got.body), test.body)
			equal(t, "announced", got.header.Get("Content-Length"), test.length)
			equal(t, "processed", r.Counters().ClientCredentials, 1)
			equal(t, "logged", r.lastEntry().Fault, "after:"+test.fault.Action)
		})
	}
}

func TestHalfThenHold(t *testing.T) {
	for then, cut := range map[string]bool{"": false, "finish": false, "drop": true} {
		t.Run("then "+then, func(t *testing.T) {
			r := newRig(t)
			r.plant(sandbox.Fault{Action: sandbox.ActionHalfThenHold, Bytes: new(10), Then: then})
			response, err := r.client.Do(r.postRequest("/token", form(asApp("grant_type", "client_credentials")...)))
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			begin := make([]byte, 10)
			if _, err := io.ReadFull(response.Body, begin); err != nil {
				t.Fatal(err)
			}
			equal(t, "begin", string(begin), `{"access_t`)
			r.waitHeld(1)
			equal(t, "stage", r.Held()[0].Stage, sandbox.Half)
			equal(t, "processed", r.Counters().ClientCredentials, 1)
			r.Release()
			rest, err := io.ReadAll(response.Body)
			equal(t, "cut", errors.Is(err, io.ErrUnexpectedEOF), cut)
			if !cut {
				equal(t, "length", len(rest), 96)
			}
		})
	}
}

func TestMutate(t *testing.T) {
	raw := func(pairs ...string) map[string]json.RawMessage {
		m := map[string]json.RawMessage{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = json.RawMessage(pairs[i+1])
		}
		return m
	}
	const token = `{"access_token":"T",`
	for name, test := range map[string]struct {
		fault       sandbox.Fault
		want        string // with the access token replaced by T
		contentType string
	}{
		"text":      {sandbox.Fault{Set: raw("expires_in", `"3600"`)}, token + `"token_type":"Bearer","expires_in":"3600"}`, "application/json"},
		"fraction":  {sandbox.Fault{Set: raw("expires_in", `3600.5`)}, token + `"token_type":"Bearer","expires_in":3600.5}`, "application/json"},
		"huge":      {sandbox.Fault{Set: raw("expires_in", `1e300`)}, token + `"token_type":"Bearer","expires_in":1e300}`, "application/json"},
		"no number": {sandbox.Fault{Set: raw("expires_in", `NaN`)}, token + `"token_type":"Bearer","expires_in":NaN}`, "application/json"},
		"null":      {sandbox.Fault{Set: raw("expires_in", `null`)}, token + `"token_type":"Bearer","expires_in":null}`, "application/json"},
		"missing":   {sandbox.Fault{Remove: []string{"expires_in", "token_type"}}, `{"access_token":"T"}`, "application/json"},
		"added": {
			sandbox.Fault{Set: raw("b", `[1]`, "a", `{"c":true}`)},
			token + `"token_type":"Bearer","expires_in":600,"a":{"c":true},"b":[1]}`, "application/json",
		},
		"moved":        {sandbox.Fault{Remove: []string{"token_type"}, Set: raw("token_type", `"bearer"`)}, token + `"expires_in":600,"token_type":"bearer"}`, "application/json"},
		"content type": {sandbox.Fault{ContentType: "text/html"}, token + `"token_type":"Bearer","expires_in":600}`, "text/html"},
		"BOM":          {sandbox.Fault{BOM: true}, "\ufeff" + token + `"token_type":"Bearer","expires_in":600}`, "application/json"},
		"form": {
			sandbox.Fault{ContentType: "application/x-www-form-urlencoded; charset=utf-8", Set: raw("scope", `"a b"`)},
			"access_token=T&token_type=Bearer&expires_in=600&scope=a+b", "application/x-www-form-urlencoded; charset=utf-8",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			test.fault.Action = sandbox.ActionMutate
			r.plant(test.fault)
			got := r.post("/token", asApp("grant_type", "client_credentials")...)
			secrets := r.Secrets()
			issued := secrets[len(secrets)-1].Value
			equal(t, "body", strings.Replace(got.body, issued, "T", 1), test.want)
			equal(t, "content type", got.header.Get("Content-Type"), test.contentType)
			equal(t, "status", got.status, 200)
			equal(t, "the token works", r.me(issued), 200)
		})
	}
}

func TestMutateWaitsForSuccess(t *testing.T) {
	r := newRig(t)
	r.plant(sandbox.Fault{Action: sandbox.ActionMutate, Remove: []string{"refresh_token"}})
	equal(t, "an error", r.refresh("unknown").status, 400)
	equal(t, "not fired", r.Counters().FaultsFired, 0)
	got := r.refresh(r.issue().RefreshToken)
	equal(t, "refresh token", got.text("refresh_token"), "")
	equal(t, "fired", r.Counters().FaultsFired, 1)
}

func TestMutateMetadata(t *testing.T) {
	r := newRig(t)
	r.plant(sandbox.Fault{
		Action: sandbox.ActionMutate, Path: "/.well-known/oauth-authorization-server",
		Set: map[string]json.RawMessage{"issuer": json.RawMessage(`"https://evil.example"`)},
	})
	equal(t, "issuer", r.get("/.well-known/oauth-authorization-server").text("issuer"), "https://evil.example")
	equal(t, "afterwards", r.get("/.well-known/oauth-authorization-server").text("issuer"), r.running.BaseURL)
}

func TestOversize(t *testing.T) {
	for position, want := range map[string]string{"": `{"padding":"xxx`, "first": `{"padding":"xxx`, "last": `{"access_token":"`} {
		r := newRig(t)
		r.plant(sandbox.Fault{Action: sandbox.ActionOversize, Position: position})
		got := r.post("/token", asApp("grant_type", "client_credentials")...)
		equal(t, position+" begins", strings.HasPrefix(got.body, want), true)
		equal(t, position+" length", len(got.body), 4<<20+wholeLength+len(`,"padding":""`))
		equal(t, position+" still JSON", len(got.text("padding")), 4<<20)
		equal(t, position+" token", r.me(got.text("access_token")), 200)
	}
}
