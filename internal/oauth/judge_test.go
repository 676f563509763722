package oauth_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// answer is a whole reply with a JSON content type.
func answer(status int, body string) oauth.Reply {
	return oauth.Reply{Sent: true, Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: secret.New(body)}
}

// cut is answer, cut on the way.
func cut(status int, body string) oauth.Reply {
	r := answer(status, body)
	r.Err = io.ErrUnexpectedEOF
	return r
}

func withHeader(r oauth.Reply, name, value string) oauth.Reply {
	r.Header.Set(name, value)
	return r
}

const page = "<html><body>access_token=x&refresh_token=y {\"access_token\":\"x\"}</body></html>"

func TestJudgeClasses(t *testing.T) {
	const (
		grantError = `{"error":"invalid_grant"}`
		tokens     = `{"access_token":"a","refresh_token":"r","expires_in":60}`
	)
	tests := map[string]struct {
		reply oauth.Reply
		class oauth.Class
		words string
	}{
		"not sent":                      {oauth.Reply{Err: io.EOF}, oauth.NotSent, ""},
		"not sent, though there's more": {oauth.Reply{Status: 200, Body: secret.New(tokens)}, oauth.NotSent, ""},
		"sent, no answer":               {oauth.Reply{Sent: true, Err: io.EOF}, oauth.OutcomeUnknown, ""},

		"200 with tokens":                   {answer(200, tokens), oauth.Success, "HTTP 200"},
		"201 with tokens":                   {answer(201, tokens), oauth.Success, "HTTP 201"},
		"200 without a successor":           {answer(200, `{"access_token":"a"}`), oauth.Success, "HTTP 200"},
		"200 with a successor only":         {answer(200, `{"refresh_token":"r"}`), oauth.Success, "HTTP 200"},
		"200 with tokens and an error":      {answer(200, `{"error":"x","access_token":"a"}`), oauth.Success, "HTTP 200"},
		"200 with tokens, connection cut":   {cut(200, tokens), oauth.Success, "HTTP 200"},
		"200, cut after the successor":      {cut(200, `{"refresh_token":"r","access_tok`), oauth.Success, "HTTP 200"},
		"200, cut within the successor":     {cut(200, `{"access_token":"a","refresh_token":"r`), oauth.OutcomeUnknown, "HTTP 200"},
		"200, cut after the access token":   {cut(200, `{"access_token":"a"`), oauth.OutcomeUnknown, "HTTP 200"},
		"200, cut, not even said so":        {answer(200, `{"access_token":"a",`), oauth.OutcomeUnknown, "HTTP 200"},
		"200, garbage after a member":       {answer(200, `{"access_token":"a",]`), oauth.OutcomeUnknown, "HTTP 200"},
		"200, garbage after the successor":  {answer(200, `{"refresh_token":"r",]`), oauth.Success, "HTTP 200"},
		"200, text after the object":        {answer(200, `{"access_token":"a"} <!-- 12 ms -->`), oauth.Success, "HTTP 200"},
		"200 without tokens":                {answer(200, `{"ok":true}`), oauth.OutcomeUnknown, "HTTP 200"},
		"200, empty object":                 {answer(200, `{}`), oauth.OutcomeUnknown, "HTTP 200"},
		"200, empty":                        {answer(200, ``), oauth.OutcomeUnknown, "HTTP 200"},
		"204":                               {answer(204, ``), oauth.OutcomeUnknown, "HTTP 204"},
		"200, page":                         {answer(200, page), oauth.OutcomeUnknown, "HTTP 200"},
		"200, page said to be a form":       {withHeader(answer(200, page), "Content-Type", "application/x-www-form-urlencoded"), oauth.OutcomeUnknown, "HTTP 200"},
		"200, list":                         {answer(200, `[{"access_token":"a"}]`), oauth.OutcomeUnknown, "HTTP 200"},
		"200, text":                         {answer(200, `"access_token"`), oauth.OutcomeUnknown, "HTTP 200"},
		"200, empty access token":           {answer(200, `{"access_token":""}`), oauth.OutcomeUnknown, "HTTP 200"},
		"200, access token a truth value":   {answer(200, `{"access_token":true}`), oauth.OutcomeUnknown, "HTTP 200"},
		"200, both null":                    {answer(200, `{"access_token":null,"refresh_token":null}`), oauth.OutcomeUnknown, "HTTP 200"},
		"200 with invalid_grant":            {answer(200, grantError), oauth.Reauthorize, "invalid_grant (HTTP 200)"},
		"200 with an unknown code":          {answer(200, `{"ok":false,"error":"invalid_refresh_token"}`), oauth.Configuration, "invalid_refresh_token (HTTP 200)"},
		"200 with an error, cut":            {cut(200, `{"error":"invalid_grant","acc`), oauth.OutcomeUnknown, "invalid_grant (HTTP 200)"},
		"200, error null":                   {answer(200, `{"error":null}`), oauth.OutcomeUnknown, "HTTP 200"},
		"status 99":                         {answer(99, tokens), oauth.Success, "HTTP 99"},
		"status 101":                        {answer(101, ""), oauth.OutcomeUnknown, "HTTP 101"},
		"status 600":                        {answer(600, grantError), oauth.OutcomeUnknown, "invalid_grant (HTTP 600)"},
		"400 with tokens":                   {answer(400, `{"error":"x","refresh_token":"r"}`), oauth.OutcomeUnknown, "x (HTTP 400)"},
		"400 invalid_grant":                 {answer(400, grantError), oauth.Reauthorize, "invalid_grant (HTTP 400)"},
		"401 invalid_grant":                 {answer(401, grantError), oauth.Reauthorize, "invalid_grant (HTTP 401)"},
		"403 invalid_grant":                 {answer(403, grantError), oauth.Reauthorize, "invalid_grant (HTTP 403)"},
		"404 invalid_grant":                 {answer(404, grantError), oauth.Reauthorize, "invalid_grant (HTTP 404)"},
		"400 invalid_grant, cut":            {cut(400, `{"error":"invalid_grant","error_descr`), oauth.Reauthorize, "invalid_grant (HTTP 400)"},
		"400, cut within the code":          {cut(400, `{"error":"invalid_gra`), oauth.OutcomeUnknown, "HTTP 400"},
		"401 invalid_client":                {answer(401, `{"error":"invalid_client"}`), oauth.BadClient, "invalid_client (HTTP 401)"},
		"400 invalid_client":                {answer(400, `{"error":"invalid_client"}`), oauth.BadClient, "invalid_client (HTTP 400)"},
		"400 unauthorized_client":           {answer(400, `{"error":"unauthorized_client"}`), oauth.Configuration, "unauthorized_client (HTTP 400)"},
		"400 unsupported_grant_type":        {answer(400, `{"error":"unsupported_grant_type"}`), oauth.Configuration, "unsupported_grant_type (HTTP 400)"},
		"400 invalid_scope":                 {answer(400, `{"error":"invalid_scope"}`), oauth.Configuration, "invalid_scope (HTTP 400)"},
		"400 invalid_request":               {answer(400, `{"error":"invalid_request"}`), oauth.Configuration, "invalid_request (HTTP 400)"},
		"400 invalid_target":                {answer(400, `{"error":"invalid_target"}`), oauth.Configuration, "invalid_target (HTTP 400)"},
		"400 access_denied":                 {answer(400, `{"error":"access_denied"}`), oauth.Configuration, "access_denied (HTTP 400)"},
		"401 unknown code":                  {answer(401, `{"error":"odd"}`), oauth.Configuration, "odd (HTTP 401)"},
		"400 too_early":                     {answer(400, `{"error":"too_early"}`), oauth.TooEarly, "too_early (HTTP 400)"},
		"400 token_reused":                  {answer(400, `{"error":"token_reused"}`), oauth.ReuseDetected, "token_reused (HTTP 400)"},
		"400 refresh_token_reused":          {answer(400, `{"error":"refresh_token_reused"}`), oauth.ReuseDetected, "refresh_token_reused (HTTP 400)"},
		"400 slow_down":                     {answer(400, `{"error":"slow_down"}`), oauth.RateLimited, "slow_down (HTTP 400)"},
		"400 temporarily_unavailable":       {answer(400, `{"error":"temporarily_unavailable"}`), oauth.RateLimited, "temporarily_unavailable (HTTP 400)"},
		"400 server_error":                  {answer(400, `{"error":"server_error"}`), oauth.OutcomeUnknown, "server_error (HTTP 400)"},
		"429":                               {answer(429, ``), oauth.RateLimited, "HTTP 429"},
		"429, page":                         {answer(429, page), oauth.RateLimited, "HTTP 429"},
		"429 slow_down":                     {answer(429, `{"error":"slow_down"}`), oauth.RateLimited, "slow_down (HTTP 429)"},
		"429 invalid_grant":                 {answer(429, grantError), oauth.RateLimited, "invalid_grant (HTTP 429)"},
		"400, nested code":                  {answer(400, `{"error":{"code":"invalid_grant","type":"t","message":"Dead"}}`), oauth.Reauthorize, "invalid_grant: Dead (HTTP 400)"},
		"400, nested type":                  {answer(400, `{"error":{"code":190,"type":"OAuthException"}}`), oauth.Configuration, "OAuthException (HTTP 400)"},
		"400, nested, no usable code":       {answer(400, `{"error":{"code":190,"message":"No"}}`), oauth.OutcomeUnknown, "No (HTTP 400)"},
		"400, error a number":               {answer(400, `{"error":7}`), oauth.OutcomeUnknown, "HTTP 400"},
		"400, error empty":                  {answer(400, `{"error":""}`), oauth.OutcomeUnknown, "HTTP 400"},
		"400, a gateway's own words":        {answer(400, `{"fault":{"faultstring":"x"}}`), oauth.OutcomeUnknown, "HTTP 400"},
		"400, page":                         {answer(400, page), oauth.OutcomeUnknown, "HTTP 400"},
		"401, page":                         {answer(401, page), oauth.OutcomeUnknown, "HTTP 401"},
		"403, empty":                        {answer(403, ``), oauth.OutcomeUnknown, "HTTP 403"},
		"408":                               {answer(408, ``), oauth.OutcomeUnknown, "HTTP 408"},
		"301":                               {answer(301, ``), oauth.Configuration, "HTTP 301"},
		"307":                               {answer(307, page), oauth.Configuration, "HTTP 307"},
		"302 invalid_grant":                 {answer(302, grantError), oauth.Configuration, "invalid_grant (HTTP 302)"},
		"302 with tokens":                   {answer(302, tokens), oauth.Success, "HTTP 302"},
		"302 with an access token":          {answer(302, `{"access_token":"a"}`), oauth.OutcomeUnknown, "HTTP 302"},
		"429 with an access token":          {answer(429, `{"access_token":"a"}`), oauth.OutcomeUnknown, "HTTP 429"},
		"404":                               {answer(404, page), oauth.Configuration, "HTTP 404"},
		"405":                               {answer(405, ``), oauth.Configuration, "HTTP 405"},
		"415":                               {answer(415, ``), oauth.Configuration, "HTTP 415"},
		"500":                               {answer(500, ``), oauth.OutcomeUnknown, "HTTP 500"},
		"502, page":                         {answer(502, page), oauth.OutcomeUnknown, "HTTP 502"},
		"500 invalid_grant":                 {answer(500, grantError), oauth.OutcomeUnknown, "invalid_grant (HTTP 500)"},
		"503 temporarily_unavailable":       {answer(503, `{"error":"temporarily_unavailable"}`), oauth.OutcomeUnknown, "temporarily_unavailable (HTTP 503)"},
		"500 with tokens":                   {answer(500, tokens), oauth.Success, "HTTP 500"},
		"JSON said to be a page":            {withHeader(answer(200, tokens), "Content-Type", "text/html"), oauth.Success, "HTTP 200"},
		"JSON, no content type":             {oauth.Reply{Sent: true, Status: 200, Body: secret.New(tokens)}, oauth.Success, "HTTP 200"},
		"JSON after a mark and white space": {answer(200, "\n \uFEFF\r\n"+tokens+"\n"), oauth.Success, "HTTP 200"},
		"JSON said to be a form":            {withHeader(answer(200, tokens), "Content-Type", "application/x-www-form-urlencoded"), oauth.Success, "HTTP 200"},
		"form":                              {withHeader(answer(200, "access_token=a&scope="), "Content-Type", "application/x-www-form-urlencoded; charset=utf-8"), oauth.Success, "HTTP 200"},
		"form said to be JSON":              {answer(200, "access_token=a"), oauth.Success, "HTTP 200"},
		"form with an error":                {answer(200, "error=bad_refresh_token&error_description=It+is+expired."), oauth.Configuration, "bad_refresh_token: It is expired. (HTTP 200)"},
		"form with invalid_grant":           {answer(400, "error=invalid_grant"), oauth.Reauthorize, "invalid_grant (HTTP 400)"},
		"form, cut in its only member":      {cut(200, "refresh_token=abc"), oauth.OutcomeUnknown, "HTTP 200"},
		"form, cut after the successor":     {cut(200, "refresh_token=abc&acc"), oauth.Success, "HTTP 200"},
		"form, bad escape elsewhere":        {answer(200, "refresh_token=abc&x=%zz"), oauth.Success, "HTTP 200"},
		"form, bad escape, no successor":    {answer(200, "access_token=abc&x=%zz"), oauth.OutcomeUnknown, "HTTP 200"},
		"text that is no form":              {answer(200, "your access_token=a is ready"), oauth.OutcomeUnknown, "HTTP 200"},
		"deep nesting":                      {answer(200, `{"access_token":"a","x":`+strings.Repeat("[", 20000)+strings.Repeat("]", 20000)+`}`), oauth.OutcomeUnknown, "HTTP 200"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			verdict := oauth.Judge(test.reply)
			if verdict.Class != test.class || verdict.Words() != test.words {
				t.Errorf("= %s, %q, want %s, %q", verdict.Class, verdict.Words(), test.class, test.words)
			}
			hasToken := !verdict.Token.AccessToken.IsEmpty() || !verdict.Token.RefreshToken.IsEmpty()
			if hasToken != (test.class == oauth.Success) {
				t.Errorf("has a token: %v", hasToken)
			}
			if wantErr := test.reply.Err; test.class != oauth.Success && verdict.Err != wantErr || test.class == oauth.Success && verdict.Err != nil {
				t.Errorf("Err = %v", verdict.Err)
			}
		})
	}
}

func TestJudgeRevocation(t *testing.T) {
	tests := map[string]struct {
		reply oauth.Reply
		class oauth.Class
		words string
	}{
		"not sent":                    {oauth.Reply{Err: io.EOF}, oauth.NotSent, ""},
		"no answer":                   {oauth.Reply{Sent: true, Err: io.EOF}, oauth.OutcomeUnknown, ""},
		"200, empty":                  {answer(200, ""), oauth.Success, "HTTP 200"},
		"200, the body means nothing": {answer(200, `{"error":"odd"}`), oauth.Success, "HTTP 200"},
		"200, body cut":               {cut(200, "{"), oauth.Success, "HTTP 200"},
		"204":                         {answer(204, ""), oauth.Success, "HTTP 204"},
		"400 unsupported_token_type":  {answer(400, `{"error":"unsupported_token_type"}`), oauth.Configuration, "unsupported_token_type (HTTP 400)"},
		"400 invalid_token":           {answer(400, `{"error":"invalid_token"}`), oauth.Success, "HTTP 400"},
		"401 invalid_token":           {answer(401, `{"error":"invalid_token"}`), oauth.Configuration, "invalid_token (HTTP 401)"},
		"401 invalid_client":          {answer(401, `{"error":"invalid_client","error_description":"no"}`), oauth.BadClient, "invalid_client: no (HTTP 401)"},
		"403, page":                   {answer(403, page), oauth.OutcomeUnknown, "HTTP 403"},
		"404":                         {answer(404, page), oauth.Configuration, "HTTP 404"},
		"302":                         {answer(302, ""), oauth.Configuration, "HTTP 302"},
		"429":                         {answer(429, ""), oauth.RateLimited, "HTTP 429"},
		"503":                         {answer(503, ""), oauth.OutcomeUnknown, "HTTP 503"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			verdict := oauth.JudgeRevocation(test.reply)
			if verdict.Class != test.class || verdict.Words() != test.words {
				t.Errorf("= %s, %q, want %s, %q", verdict.Class, verdict.Words(), test.class, test.words)
			}
			if !verdict.Token.AccessToken.IsEmpty() || verdict.Class == oauth.Success && verdict.Err != nil {
				t.Errorf("verdict = %+v", verdict)
			}
		})
	}
	verdict := oauth.JudgeRevocation(withHeader(answer(503, `{"error":"x","error_description":"token t0ken-1"}`), "Retry-After", "7"), secret.New("t0ken-1"))
	if verdict.RetryAfter != 7*time.Second || verdict.Description != "token (redacted)" {
		t.Errorf("verdict = %+v", verdict)
	}
}

func TestVerdictKeepsTheNetworkError(t *testing.T) {
	failure := errors.New("reset")
	verdict := oauth.Judge(oauth.Reply{Sent: true, Err: failure})
	if verdict.Class != oauth.OutcomeUnknown || verdict.Err != failure || verdict.Status != 0 {
		t.Errorf("verdict = %+v", verdict)
	}
}

func TestRetryAfter(t *testing.T) {
	const date = "Sat, 21 Nov 2026 10:00:00 GMT"
	tests := map[string]struct {
		value, date string
		want        time.Duration
	}{
		"absent":              {"", date, 0},
		"seconds":             {"120", "", 2 * time.Minute},
		"zero":                {"0", "", 0},
		"white space":         {"  5 ", "", 5 * time.Second},
		"a day":               {"86400", "", 24 * time.Hour},
		"more than a day":     {"86401", "", 24 * time.Hour},
		"more than 32 bits":   {"4294967296", "", 24 * time.Hour},
		"more than 64 bits":   {"99999999999999999999", "", 24 * time.Hour},
		"negative":            {"-5", "", 0},
		"signed":              {"+5", "", 0},
		"fraction":            {"1.5", "", 0},
		"words":               {"soon", date, 0},
		"date":                {"Sat, 21 Nov 2026 10:01:30 GMT", date, 90 * time.Second},
		"date, older format":  {"Saturday, 21-Nov-26 10:01:30 GMT", date, 90 * time.Second},
		"date in the past":    {"Sat, 21 Nov 2026 09:59:00 GMT", date, 0},
		"date far off":        {"Sat, 21 Nov 2076 10:00:00 GMT", date, 24 * time.Hour},
		"date without Date":   {"Sat, 21 Nov 2026 10:01:30 GMT", "", 0},
		"date with odd Date":  {"Sat, 21 Nov 2026 10:01:30 GMT", "today", 0},
		"seconds beside Date": {"3", date, 3 * time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			reply := withHeader(withHeader(answer(429, ""), "Retry-After", test.value), "Date", test.date)
			if got := oauth.Judge(reply).RetryAfter; got != test.want {
				t.Errorf("= %s, want %s", got, test.want)
			}
		})
	}
}
