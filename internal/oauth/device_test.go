package oauth_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func deviceReply(status int, body string) oauth.Reply {
	return oauth.Reply{Sent: true, Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: secret.New(body)}
}

func TestJudgeDevice(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body                string
		code, uri, complete string
		life, interval      time.Duration
	}{
		"as RFC 8628 §3.2 has it": {
			`{"device_code":"GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS","user_code":"WDJB-MJHT","verification_uri":"https://example.com/device",
			"verification_uri_complete":"https://example.com/device?user_code=WDJB-MJHT","expires_in":1800,"interval":5}`,
			"WDJB-MJHT", "https://example.com/device", "https://example.com/device?user_code=WDJB-MJHT", 30 * time.Minute, 5 * time.Second,
		},
		"as Google has it": {
			`{"device_code":"d","user_code":"GQVQ-JKEC","verification_url":"https://www.google.com/device","expires_in":"1800","interval":"7"}`,
			"GQVQ-JKEC", "https://www.google.com/device", "", 30 * time.Minute, 7 * time.Second,
		},
		"without times":        {`{"device_code":"d","user_code":"U","verification_uri":"https://v.example"}`, "U", "https://v.example", "", 5 * time.Minute, 5 * time.Second},
		"with times of no use": {`{"device_code":"d","user_code":"U","verification_uri":"https://v.example","expires_in":-1,"interval":"soon"}`, "U", "https://v.example", "", 5 * time.Minute, 5 * time.Second},
		"with times too long":  {`{"device_code":"d","user_code":"U","verification_uri":"https://v.example","expires_in":99999999,"interval":99999}`, "U", "https://v.example", "", 24 * time.Hour, 10 * time.Minute},
		"with odd characters":  {`{"device_code":"d","user_code":"A\u202eB\nC","verification_uri":"https://v.example","verification_uri_complete":"javascript:x"}`, "AB C", "https://v.example", "", 5 * time.Minute, 5 * time.Second},
	}
	for name, tt := range tests {
		a, v := oauth.Dialect{}.JudgeDevice(deviceReply(200, tt.body))
		if v.Class != oauth.Success || a.Code.IsEmpty() || a.UserCode != tt.code || a.VerificationURI != tt.uri || a.VerificationURIComplete != tt.complete ||
			a.ExpiresIn != tt.life || a.Interval != tt.interval {
			t.Errorf("%s: %+v, %+v", name, a, v)
		}
	}
	for name, tt := range map[string]struct {
		status int
		body   string
		class  oauth.Class
		says   string
	}{
		"no device_code":   {200, `{"user_code":"U","verification_uri":"https://v"}`, oauth.Configuration, "no device_code"},
		"no user_code":     {200, `{"device_code":"s3cret","verification_uri":"https://v"}`, oauth.Configuration, "no user_code"},
		"no address":       {200, `{"device_code":"s3cret","user_code":"U","verification_uri":"javascript:x"}`, oauth.Configuration, "no verification_uri"},
		"broken off":       {200, `{"device_code":"s3cret","user_code":"U","verif`, oauth.Configuration, "broke off"},
		"a page":           {200, `<html>`, oauth.Configuration, "broke off"},
		"refused":          {400, `{"error":"invalid_scope","error_description":"not s3cret-client"}`, oauth.Configuration, ""},
		"refused with 200": {200, `{"error":"invalid_client"}`, oauth.BadClient, ""},
		"no such place":    {404, ``, oauth.Configuration, ""},
		"broken down":      {503, ``, oauth.OutcomeUnknown, ""},
	} {
		a, v := oauth.Dialect{}.JudgeDevice(deviceReply(tt.status, tt.body), secret.New("s3cret-client"))
		text := v.Words()
		if v.Err != nil {
			text += v.Err.Error()
		}
		if v.Class != tt.class || !a.Code.IsEmpty() || !strings.Contains(text, tt.says) || strings.Contains(text, "s3cret") {
			t.Errorf("%s: %+v, %+v", name, a, v)
		}
	}
	if _, v := (oauth.Dialect{}).JudgeDevice(oauth.Reply{Err: errors.New("no route")}); v.Class != oauth.NotSent {
		t.Errorf("not sent: %+v", v)
	}
}

func TestPollOf(t *testing.T) {
	t.Parallel()
	refusal := func(status int, code string) oauth.Verdict {
		return oauth.Judge(deviceReply(status, `{"error":"`+code+`"}`))
	}
	for name, tt := range map[string]struct {
		verdict oauth.Verdict
		want    oauth.Poll
	}{
		"pending":             {refusal(400, "authorization_pending"), oauth.PollPending},
		"pending, as GitHub":  {refusal(200, "authorization_pending"), oauth.PollPending},
		"pending, with 403":   {refusal(403, "authorization_pending"), oauth.PollPending},
		"slower":              {refusal(400, "slow_down"), oauth.PollSlower},
		"too many":            {refusal(429, ""), oauth.PollSlower},
		"denied":              {refusal(400, "access_denied"), oauth.PollDenied},
		"denied, Microsoft":   {refusal(400, "authorization_declined"), oauth.PollDenied},
		"expired":             {refusal(400, "expired_token"), oauth.PollExpired},
		"used or unknown":     {refusal(400, "invalid_grant"), oauth.PollExpired},
		"the client":          {refusal(401, "invalid_client"), oauth.PollFailed},
		"the request":         {refusal(400, "invalid_request"), oauth.PollFailed},
		"broken down":         {refusal(503, ""), oauth.PollNoReply},
		"broke down, it says": {refusal(500, "server_error"), oauth.PollFailed},
		"no reply":            {oauth.Judge(oauth.Reply{Sent: true, Err: errors.New("reset")}), oauth.PollNoReply},
		"not sent":            {oauth.Judge(oauth.Reply{Err: errors.New("refused")}), oauth.PollNoReply},
		"tokens":              {oauth.Judge(deviceReply(200, `{"access_token":"a","token_type":"Bearer"}`)), oauth.PollToken},
	} {
		if got := oauth.PollOf(tt.verdict); got != tt.want {
			t.Errorf("%s: %s, want %s (%+v)", name, got, tt.want, tt.verdict)
		}
	}
}

func TestDeviceForms(t *testing.T) {
	t.Parallel()
	form, err := oauth.DeviceForm([]string{"b", "a"}, ",", []string{"urn:r"}, []string{"x"}, map[string]string{"p": "q"})
	if err != nil {
		t.Fatal(err)
	}
	if _, body := wire(t, oauth.Request{Auth: public("c"), Form: form}); body != "audience=x&client_id=c&p=q&resource=urn%3Ar&scope=a%2Cb" {
		t.Errorf("asks for a code with %s", body)
	}
	if _, err := oauth.DeviceForm(nil, "", nil, nil, map[string]string{"client_id": "x"}); !errors.Is(err, oauth.ErrRequest) {
		t.Errorf("error %v", err)
	}
	if form, err = oauth.DeviceTokenForm(secret.New("d/+"), []string{"urn:r"}); err != nil {
		t.Fatal(err)
	}
	want := "client_id=c&device_code=d%2F%2B&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&resource=urn%3Ar"
	if _, body := wire(t, oauth.Request{Auth: public("c"), Form: form}); body != want {
		t.Errorf("polls with %s", body)
	}
}

func FuzzJudgeDevice(f *testing.F) {
	f.Add(200, `{"device_code":"d","user_code":"U","verification_uri":"https://v.example","expires_in":1800,"interval":5}`)
	f.Add(400, `{"error":"slow_down"}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		a, v := oauth.Dialect{}.JudgeDevice(deviceReply(status, body))
		if (v.Class == oauth.Success) != !a.Code.IsEmpty() || v.Class == oauth.Success && (a.UserCode == "" || a.VerificationURI == "" || a.Interval <= 0 || a.ExpiresIn <= 0) {
			t.Errorf("%+v, %+v", a, v)
		}
		_ = oauth.PollOf(v)
	})
}
