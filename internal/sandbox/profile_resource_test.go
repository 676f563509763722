package sandbox_test

import (
	"strings"
	"testing"
	"time"
)

// Who its bearer is, and in which administration, an API says in OData, to a live token.
func TestProfileExactOnlineMe(t *testing.T) {
	t.Parallel()
	r := newProfileRig(t, "exact_online")
	token := r.issue().AccessToken
	ask := func(path, token, accept string) answer {
		t.Helper()
		request := r.newRequest("GET", path, nil)
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("Accept", accept)
		return r.do(request)
	}
	const me = "/api/v1/current/Me"
	metadata := `"__metadata":{"uri":"` + r.running.BaseURL + `/api/v1/current/Me(guid'00000000-0000-0000-0000-000000000001')","type":"Exact.Web.Api.Models.System.Me"}`
	r.says("the division", ask(me+"?$select=CurrentDivision", token, "application/json"), 200, `{"d":{"results":[{`+metadata+`,"CurrentDivision":7095}]}}`)
	equal(t, "members", len(ask(me, token, "application/json").body) > len(metadata)+100, true)
	if got := ask(me, token, "*/*"); got.status != 200 || !strings.HasPrefix(got.body, "<feed>") {
		t.Errorf("without the wish for JSON: %d %s", got.status, got.body)
	}
	equal(t, "a wrong token", ask(me, "x", "application/json").status, 401)
	equal(t, "by POST", r.post(me).status, 405)
	equal(t, "of another profile", newProfileRig(t, "teamleader").get(me).status, 404)
	r.advance(600 * time.Second)
	equal(t, "an expired token", ask(me, token, "application/json").status, 401)
}
