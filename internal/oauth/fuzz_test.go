package oauth_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func classes() []oauth.Class {
	return []oauth.Class{
		oauth.Success, oauth.TooEarly, oauth.RateLimited, oauth.BadClient, oauth.Reauthorize, oauth.ReuseDetected,
		oauth.NotSent, oauth.Configuration, oauth.OutcomeUnknown,
	}
}

func FuzzJudge(f *testing.F) {
	for _, seed := range []struct {
		status            int
		contentType, body string
	}{
		{200, "application/json", `{"access_token":"a","refresh_token":"r","expires_in":"3600","scope":"b a","x":[1]}`},
		{200, "application/x-www-form-urlencoded", "access_token=a&refresh_token=r&expires_in=1"},
		{200, "", `{"refresh_token":"r","expires_in":36`},
		{400, "application/json", `{"error":"invalid_grant","error_description":"Token refresh-token-1 is dead","error_uri":"https://as.example/"}`},
		{400, "", `{"error":{"code":"x","message":"y"}}`},
		{429, "text/html", "<html>"},
		{500, "", "\uFEFF{}"},
	} {
		f.Add(seed.status, seed.contentType, seed.body, "7", false)
		f.Add(seed.status, seed.contentType, seed.body, "Sat, 21 Nov 2026 10:00:00 GMT", true)
	}
	const hidden = "refresh-token-1"
	f.Fuzz(func(t *testing.T, status int, contentType, body, retryAfter string, isCut bool) {
		reply := oauth.Reply{Sent: true, Status: status, Body: secret.New(body), Header: http.Header{
			"Content-Type": {contentType}, "Retry-After": {retryAfter}, "Date": {"Sat, 21 Nov 2026 09:00:00 GMT"},
		}}
		if isCut {
			reply.Err = io.ErrUnexpectedEOF
		}
		revocation := oauth.JudgeRevocation(reply, secret.New(hidden))
		verdict := oauth.Judge(reply, secret.New(hidden))
		checkVerdict(t, verdict, status, hidden)
		checkVerdict(t, revocation, status, hidden)
		hasToken := !verdict.Token.AccessToken.IsEmpty() || !verdict.Token.RefreshToken.IsEmpty()
		if hasToken != (verdict.Class == oauth.Success) {
			t.Errorf("class %s, token: %v", verdict.Class, hasToken)
		}
		for name, value := range verdict.Token.Extra {
			if !utf8.ValidString(name) || !utf8.ValidString(value.Reveal()) {
				t.Errorf("extra member %q is not UTF-8", name)
			}
		}
		if lifetime := verdict.Token.ExpiresIn; lifetime < 0 || lifetime > 87600*time.Hour || lifetime%time.Second != 0 {
			t.Errorf("expires in %s", lifetime)
		}
	})
}

func checkVerdict(t *testing.T, verdict oauth.Verdict, status int, hidden string) {
	t.Helper()
	if !slices.Contains(classes(), verdict.Class) || verdict.Class == oauth.NotSent {
		t.Errorf("class = %q", verdict.Class)
	}
	// A proxy may have changed the status of a reply that gives a whole pair.
	pair := verdict.Class == oauth.Success && !verdict.Token.AccessToken.IsEmpty() && !verdict.Token.RefreshToken.IsEmpty()
	if verdict.Class == oauth.Success && (status < 200 || status > 299) && status != 400 && !pair {
		t.Errorf("success under status %d", status)
	}
	if pair {
		return
	}
	if status >= 500 && verdict.Class != oauth.OutcomeUnknown || status == 429 && verdict.Class != oauth.RateLimited {
		t.Errorf("status %d is %s", status, verdict.Class)
	}
	words := verdict.Words() + verdict.ErrorURI
	if !utf8.ValidString(words) || strings.ContainsFunc(words, unicode.IsControl) || strings.Contains(words, hidden) {
		t.Errorf("words are not fit to be shown: %q", words)
	}
	if utf8.RuneCountInString(words) > 800 {
		t.Errorf("%d characters", utf8.RuneCountInString(words))
	}
	if verdict.RetryAfter < 0 || verdict.RetryAfter > 24*time.Hour {
		t.Errorf("retry after %s", verdict.RetryAfter)
	}
}

// A body cut anywhere gives the successor or says that it may be lost; it never gives another one.
func FuzzACutBodyGivesNoOtherToken(f *testing.F) {
	f.Add("access", "refresh", "pad", 10, false)
	f.Add("a\"b\\", "é\u2028", "{\"refresh_token\":\"x\"", 40, true)
	f.Fuzz(func(t *testing.T, access, refresh, pad string, length int, refreshFirst bool) {
		if access == "" || refresh == "" || !utf8.ValidString(access) || !utf8.ValidString(refresh) {
			return
		}
		member := func(name, value string) string {
			encoded, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			return `"` + name + `":` + string(encoded)
		}
		members := []string{member("access_token", access), member("pad", pad), member("refresh_token", refresh), `"expires_in":3600`}
		if refreshFirst {
			slices.Reverse(members)
		}
		body := "{" + strings.Join(members, ",") + "}"
		if length < 0 || length > len(body) {
			return
		}
		verdict := oauth.Judge(cut(200, body[:length]))
		switch token := verdict.Token; {
		case length == len(body) && (verdict.Class != oauth.Success || token.Salvaged || token.AccessToken.Reveal() != access):
			t.Errorf("whole body: %+v", verdict)
		case verdict.Class == oauth.Success && token.RefreshToken.Reveal() != refresh:
			t.Errorf("refresh token %q became %q", refresh, token.RefreshToken.Reveal())
		case token.ExpiresIn != 0 && token.ExpiresIn != time.Hour:
			t.Errorf("expires in %s", token.ExpiresIn)
		case verdict.Class != oauth.Success && verdict.Class != oauth.OutcomeUnknown:
			t.Errorf("class = %s", verdict.Class)
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"1", "99999999999", "Sat, 21 Nov 2026 10:00:00 GMT", "-1", " 7", "٣"} {
		f.Add(seed, "Sat, 21 Nov 2026 09:00:00 GMT")
		f.Add("Sat, 21 Nov 2026 09:00:00 GMT", seed)
	}
	f.Fuzz(func(t *testing.T, value, date string) {
		reply := oauth.Reply{Sent: true, Status: 429, Header: http.Header{"Retry-After": {value}, "Date": {date}}}
		if got := oauth.Judge(reply).RetryAfter; got < 0 || got > 24*time.Hour {
			t.Errorf("= %s", got)
		}
	})
}

func FuzzExpiresIn(f *testing.F) {
	for _, seed := range []string{`3600`, `"3600.5"`, `1e300`, `"NaN"`, `null`, `{}`, `"\u0033"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if !json.Valid([]byte(value)) && strings.Contains(value, `"`) {
			return // it could go on to name the successor again
		}
		verdict := oauth.Judge(answer(200, `{"refresh_token":"r","expires_in":`+value+`}`))
		if verdict.Class != oauth.Success {
			t.Fatalf("the successor was lost: %+v", verdict)
		}
		if got := verdict.Token.ExpiresIn; got != 0 && (got < time.Second || got > 87600*time.Hour) {
			t.Errorf("= %s", got)
		}
	})
}

// Whatever id and secret are, the header holds both, and gives back exactly these (RFC 6749 §2.3.1).
func FuzzBasicHeader(f *testing.F) {
	f.Add("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw")
	f.Add("a:b", "x +%")
	f.Add("", "\x00é")
	f.Fuzz(func(t *testing.T, id, password string) {
		encoded, ok := strings.CutPrefix(oauth.BasicHeader(id, secret.New(password)).Reveal(), "Basic ")
		text, err := base64.StdEncoding.DecodeString(encoded)
		first, second, colon := strings.Cut(string(text), ":")
		gotID, err1 := url.QueryUnescape(first)
		gotPassword, err2 := url.QueryUnescape(second)
		if !ok || !colon || err != nil || err1 != nil || err2 != nil || gotID != id || gotPassword != password {
			t.Errorf("%q and %q came back as %q and %q", id, password, gotID, gotPassword)
		}
	})
}
