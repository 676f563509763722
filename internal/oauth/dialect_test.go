package oauth_test

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func TestDialectRules(t *testing.T) {
	d := oauth.Dialect{Rules: []oauth.Rule{
		{Description: regexp.MustCompile(`(?i)not expired`), Class: oauth.TooEarly, Wait: 30 * time.Second},
		{Status: []int{400, 401}, Code: "unauthorized_client", Class: oauth.ReuseDetected},
		{Code: "access_denied", Class: oauth.BadClient},
		{Status: []int{200}, Code: "bad_refresh_token", Class: oauth.Reauthorize},
		{Member: "status", Code: "BAD_REFRESH_TOKEN", Class: oauth.Reauthorize},
		{Header: "Reason", HeaderValue: regexp.MustCompile("TooEarly"), Class: oauth.TooEarly},
		{Status: []int{503}, Header: "X-Maintenance", Class: oauth.RateLimited, Wait: time.Hour},
	}}
	for name, tt := range map[string]struct {
		reply oauth.Reply
		class oauth.Class
		wait  time.Duration
	}{
		"by description, any status":   {answer(401, `{"error":"access_denied","error_description":"Access_token NOT expired"}`), oauth.TooEarly, 30 * time.Second},
		"the server names a time":      {withHeader(answer(400, `{"error":"x","error_description":"not expired"}`), "Retry-After", "7"), oauth.TooEarly, 7 * time.Second},
		"by status and code":           {answer(401, `{"error":"unauthorized_client"}`), oauth.ReuseDetected, 0},
		"the code under other status":  {answer(403, `{"error":"unauthorized_client"}`), oauth.Configuration, 0},
		"the first that fits":          {answer(400, `{"error":"unauthorized_client","error_description":"not expired"}`), oauth.TooEarly, 30 * time.Second},
		"a code with another meaning":  {answer(403, `{"error":"access_denied"}`), oauth.BadClient, 0},
		"within 200":                   {answer(200, `{"error":"bad_refresh_token"}`), oauth.Reauthorize, 0},
		"a rule for 200 under 400":     {answer(400, `{"error":"bad_refresh_token"}`), oauth.Configuration, 0},
		"200, cut":                     {cut(200, `{"error":"bad_refresh_token","acc`), oauth.OutcomeUnknown, 0},
		"400, cut behind the code":     {cut(400, `{"error":"access_denied","err`), oauth.BadClient, 0},
		"no words of a broken server":  {answer(500, `{"error":"access_denied"}`), oauth.OutcomeUnknown, 0},
		"by another member":            {answer(400, `{"status":"BAD_REFRESH_TOKEN","message":"no"}`), oauth.Reauthorize, 0},
		"another member says else":     {answer(400, `{"status":"BAD_AUTH_CODE"}`), oauth.OutcomeUnknown, 0},
		"by the value of a header":     {withHeader(answer(401, ``), "Reason", "TooEarlyToRefreshTokens: wait"), oauth.TooEarly, 0},
		"another value":                {withHeader(answer(401, ``), "Reason", "Other"), oauth.OutcomeUnknown, 0},
		"a 5xx that a rule names":      {withHeader(answer(503, `busy`), "X-Maintenance", "1"), oauth.RateLimited, time.Hour},
		"… without its header":         {answer(503, `busy`), oauth.OutcomeUnknown, 0},
		"what no rule is for":          {answer(400, `{"error":"invalid_grant"}`), oauth.Reauthorize, 0},
		"a token beside the words":     {answer(400, `{"error":"access_denied","refresh_token":"r"}`), oauth.OutcomeUnknown, 0},
		"a pair beside the words":      {answer(400, `{"error":"access_denied","access_token":"a","refresh_token":"r"}`), oauth.Success, 0},
		"too early, with a successor":  {answer(400, `{"error":"x","error_description":"not expired","refresh_token":"r"}`), oauth.Success, 0},
		"too early, and cut":           {cut(400, `{"error":"x","error_description":"not expired","refresh_token":"r"`), oauth.Success, 0},
		"… within the successor":       {cut(400, `{"error":"x","error_description":"not expired","refresh_token":"r`), oauth.OutcomeUnknown, 30 * time.Second},
		"… and nothing says so":        {answer(400, `{"error":"x","error_description":"not expired","refresh_token":"r`), oauth.OutcomeUnknown, 30 * time.Second},
		"… before there was one":       {cut(400, `{"error":"x","error_description":"not expired",`), oauth.OutcomeUnknown, 30 * time.Second},
		"… in a form":                  {cut(400, `error_description=not+expired&refresh_token=r`), oauth.OutcomeUnknown, 30 * time.Second},
		"… before the body":            {withHeader(cut(401, ``), "Reason", "TooEarlyToRefreshTokens"), oauth.OutcomeUnknown, 0},
		"… behind all of it":           {cut(400, `{"error":"x","error_description":"not expired"}`), oauth.TooEarly, 30 * time.Second},
		"… with a successor of no use": {answer(400, `{"error":"x","error_description":"not expired","refresh_token":["r"]}`), oauth.OutcomeUnknown, 30 * time.Second},
		"… and a page, as ever":        {withHeader(answer(401, page), "Reason", "TooEarlyToRefreshTokens"), oauth.TooEarly, 0},
		"… with the token asked with":  {answer(400, `{"error":"x","error_description":"not expired","refresh_token":"old"}`), oauth.TooEarly, 30 * time.Second},
		"… and an access token":        {answer(400, `{"error":"x","error_description":"not expired","access_token":"a","refresh_token":"old"}`), oauth.OutcomeUnknown, 0},
		"a success stays one":          {answer(200, `{"error":"bad_refresh_token","access_token":"a"}`), oauth.Success, 0},
		"no answer":                    {oauth.Reply{Sent: true}, oauth.OutcomeUnknown, 0},
		"not sent":                     {oauth.Reply{}, oauth.NotSent, 0},
		"the plain code, torn":         {cut(400, `{"error":"too_early","refresh_token":"r`), oauth.OutcomeUnknown, 0},
		"429 is no matter of a rule's": {answer(429, ``), oauth.RateLimited, 0},
	} {
		if v := d.Judge(tt.reply, secret.New("old")); v.Class != tt.class || v.RetryAfter != tt.wait {
			t.Errorf("%s: %s, wait %s; want %s, %s", name, v.Class, v.RetryAfter, tt.class, tt.wait)
		}
	}
}

func TestDialectTokens(t *testing.T) {
	d := oauth.Dialect{TokenPath: "authed_user", ScopeSeparator: ","}
	for name, tt := range map[string]struct {
		body           string
		access, second string // tokens
		scopes         []string
		class          oauth.Class
	}{
		"nested":            {`{"ok":true,"authed_user":{"access_token":"a","refresh_token":"r","scope":"y,x"}}`, "a", "r", []string{"x", "y"}, oauth.Success},
		"nested, and above": {`{"access_token":"b","refresh_token":"s","authed_user":{"access_token":"a","refresh_token":"r"}}`, "b", "s", nil, oauth.Success},
		"one of each":       {`{"refresh_token":"s","authed_user":{"access_token":"a","refresh_token":"r"}}`, "", "s", nil, oauth.Success},
		"above alone":       {`{"access_token":"b","refresh_token":"s","scope":"x","authed_user":{"id":"U1"}}`, "b", "s", []string{"x"}, oauth.Success},
		"no object":         {`{"access_token":"b","authed_user":"a"}`, "b", "", nil, oauth.Success},
		"cut in the object": {`{"authed_user":{"access_token":"a","refresh_token":"r","sco`, "a", "r", nil, oauth.Success},
		"cut in the token":  {`{"authed_user":{"access_token":"a","refresh_token":"r`, "", "", nil, oauth.OutcomeUnknown},
	} {
		v := d.Judge(answer(200, tt.body))
		got := v.Token
		if v.Class != tt.class || got.AccessToken.Reveal() != tt.access || got.RefreshToken.Reveal() != tt.second || !slices.Equal(got.Scopes, tt.scopes) {
			t.Errorf("%s: %s, %q, %q, %q", name, v.Class, got.AccessToken.Reveal(), got.RefreshToken.Reveal(), got.Scopes)
		}
	}
}

// TestResetHeaders: when a limit ends, as the servers say it. The time is theirs as well.
func TestResetHeaders(t *testing.T) {
	d := oauth.Dialect{Resets: []oauth.ResetHeader{
		{Name: "X-Reset", Unit: oauth.ResetEpochMillis}, {Name: "X-Minutely", Unit: oauth.ResetEpochMillis}, {Name: "X-Seconds", Unit: oauth.ResetSeconds},
		{Name: "X-Epoch", Unit: oauth.ResetEpochSeconds}, {Name: "X-Time", Unit: oauth.ResetTime},
	}}
	const date, epoch = "Sat, 21 Nov 2026 10:00:00 GMT", 1795255200
	for name, tt := range map[string]struct {
		status int
		header map[string]string
		want   time.Duration
	}{
		"milliseconds":              {429, map[string]string{"Date": date, "X-Reset": "1795255230000"}, 30 * time.Second},
		"the shortest":              {429, map[string]string{"Date": date, "X-Reset": "1795255230000", "X-Minutely": "1795255260000"}, 30 * time.Second},
		"seconds":                   {429, map[string]string{"X-Seconds": "45"}, 45 * time.Second},
		"epoch":                     {429, map[string]string{"Date": date, "X-Epoch": "1795255290"}, 90 * time.Second},
		"a time":                    {429, map[string]string{"Date": date, "X-Time": "2026-11-21T10:02:00Z"}, 2 * time.Minute},
		"a time elsewhere":          {429, map[string]string{"Date": date, "X-Time": "2026-11-21T11:02:00+01:00"}, 2 * time.Minute},
		"over":                      {429, map[string]string{"Date": date, "X-Epoch": "1795255199"}, 0},
		"far off":                   {429, map[string]string{"Date": date, "X-Epoch": "9999999999"}, 24 * time.Hour},
		"beyond all bounds":         {429, map[string]string{"Date": date, "X-Reset": "9223372036854775807", "X-Seconds": "9223372036854775807"}, 24 * time.Hour},
		"garbage":                   {429, map[string]string{"Date": date, "X-Reset": "soon", "X-Time": "1", "X-Seconds": "-5"}, 0},
		"without the server's time": {429, map[string]string{"X-Reset": "1795255230000"}, 0},
		"Retry-After wins":          {429, map[string]string{"Date": date, "X-Reset": "1795255230000", "Retry-After": "5"}, 5 * time.Second},
		"no limit was met":          {400, map[string]string{"Date": date, "X-Reset": "1795255230000"}, 0},
	} {
		r := answer(tt.status, `{"error":"x"}`)
		for k, v := range tt.header {
			r.Header.Set(k, v)
		}
		if got := d.Judge(r).RetryAfter; got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	if at, err := time.Parse(time.RFC1123, date); err != nil || at.Unix() != epoch {
		t.Errorf("the test's own times do not agree: %v, %v", at.Unix(), err)
	}
}
