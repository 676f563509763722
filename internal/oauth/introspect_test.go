package oauth_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// introspected is what a reply says of the life of a token.
func introspected(r oauth.Reply) (oauth.Introspection, error) {
	info, v := oauth.JudgeIntrospection(r)
	if v.Class != oauth.Success && v.Err == nil {
		return info.Introspection, errors.New(v.Words())
	}
	return info.Introspection, v.Err
}

func TestIntrospectionOfALife(t *testing.T) {
	t.Parallel()
	at := func(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
	whole := oauth.Introspection{Active: true, ExpiresAt: at(1767330000), IssuedAt: at(1767322800)}
	const notOne = "the answer is not one of RFC 7662"
	for _, tt := range []struct {
		body string
		want oauth.Introspection
		err  string
	}{
		{`{"active":true,"scope":"api","client_id":"c","token_type":"Bearer","exp":1767330000,"iat":1767322800,"nbf":1}`, whole, ""},
		{`{"active":true,"exp":1767330000.9,"iat":"1767322800"}`, whole, ""},
		{`{"active":"true","exp":" 1767330000 ","iat":1.7673228e9}`, whole, ""},
		{"\uFEFF" + `{"active":true,"exp":1767330000,"iat":1767322800}`, whole, ""},
		{`{"active":true}`, oauth.Introspection{Active: true}, ""},
		{`{"active":true,"exp":null,"iat":[]}`, oauth.Introspection{Active: true}, ""},
		{`{"active":true,"exp":0,"iat":-5}`, oauth.Introspection{Active: true}, ""},
		{`{"active":true,"exp":1767330000000,"iat":1e300}`, oauth.Introspection{Active: true}, ""}, // milliseconds
		{`{"active":true,"exp":"tomorrow","iat":"0x10"}`, oauth.Introspection{Active: true}, ""},
		{`{"active":true,"exp":"2026-01-02T05:00:00Z"}`, oauth.Introspection{Active: true}, ""},
		{`{"active":false}`, oauth.Introspection{}, ""},
		{`{"active":false,"exp":1767330000}`, oauth.Introspection{}, ""},
		{`{"exp":1767330000}`, oauth.Introspection{}, notOne},
		{`{"active":null,"exp":1767330000}`, oauth.Introspection{}, notOne},
		{`{"active":1,"exp":1767330000}`, oauth.Introspection{}, notOne},
		{`{"active":true,"exp":17673`, oauth.Introspection{}, notOne},
		{`{"error":"invalid_request"}`, oauth.Introspection{}, notOne},
		{`[{"active":true}]`, oauth.Introspection{}, notOne},
		{`eyJhbGciOiJSUzI1NiJ9.e30.c2ln`, oauth.Introspection{}, notOne},
		{`<html>active: true</html>`, oauth.Introspection{}, notOne},
		{``, oauth.Introspection{}, notOne},
	} {
		got, err := introspected(answer(200, tt.body))
		if got != tt.want || (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
			t.Errorf("%s: %+v, %v", tt.body, got, err)
		}
	}
	for status, want := range map[int]string{302: "HTTP 302", 401: "HTTP 401", 403: "HTTP 403", 500: "HTTP 500"} {
		if _, err := introspected(answer(status, `{"active":true,"exp":1767330000}`)); err == nil || err.Error() != want {
			t.Errorf("status %d: %v", status, err)
		}
	}
	if _, err := introspected(cut(200, `{"active":true,"exp":1767330000}`)); err == nil {
		t.Error("an answer that was cut counts")
	}
	if _, err := introspected(oauth.Reply{Err: http.ErrHandlerTimeout}); err == nil {
		t.Error("an answer that never came counts")
	}
}

// TestIntrospectionExpiry: never later than the token lives, wherever the clocks stand, and never what cannot be.
func TestIntrospectionExpiry(t *testing.T) {
	t.Parallel()
	issued := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	now := issued.Add(2 * time.Second)
	const never = -1
	for name, tt := range map[string]struct {
		exp, iat time.Duration // from issued on, by the server's clock; never: not said
		inactive bool
		want     time.Duration // 0: none
	}{
		"both":                          {exp: 2*time.Hour + time.Second, iat: time.Second, want: 2 * time.Hour},
		"exp alone":                     {exp: 2 * time.Hour, iat: never, want: 2 * time.Hour},
		"nothing":                       {exp: never, iat: time.Second},
		"inactive":                      {exp: 2 * time.Hour, iat: time.Second, inactive: true},
		"the clock here is behind":      {exp: 12 * time.Hour, iat: 10 * time.Hour, want: 2 * time.Hour},
		"the clock here is ahead":       {exp: 90 * time.Minute, iat: -30 * time.Minute, want: 90 * time.Minute},
		"the token was given before":    {exp: 20 * time.Minute, iat: -100 * time.Minute, want: 20 * time.Minute},
		"the clock here is far ahead":   {exp: -5 * time.Minute, iat: -20 * time.Minute, want: 15 * time.Minute},
		"over":                          {exp: 2 * time.Second, iat: never},
		"over by the lifetime":          {exp: time.Hour, iat: time.Hour},
		"a moment":                      {exp: 3 * time.Second, iat: time.Second / 2, want: 2500 * time.Millisecond},
		"it ends before it begins":      {exp: time.Hour, iat: 2 * time.Hour},
		"ten years":                     {exp: 87600 * time.Hour, iat: never, want: 87600 * time.Hour},
		"more than ten years":           {exp: 87601 * time.Hour, iat: never},
		"more than ten years to live":   {exp: 100000 * time.Hour, iat: 0},
		"ten years by a clock far away": {exp: 100000 * time.Hour, iat: 99999 * time.Hour, want: time.Hour},
	} {
		i := oauth.Introspection{Active: !tt.inactive}
		if tt.exp != never {
			i.ExpiresAt = issued.Add(tt.exp)
		}
		if tt.iat != never {
			i.IssuedAt = issued.Add(tt.iat)
		}
		got := i.Expiry(issued, now)
		if want := issued.Add(tt.want); tt.want == 0 && !got.IsZero() || tt.want != 0 && !got.Equal(want) {
			t.Errorf("%s: %s, want %s after the issue", name, got, tt.want)
		}
	}
}

// TestIntrospectForm: the token goes into the body, with the hint and the client's authentication; a redirect is not followed.
func TestIntrospectForm(t *testing.T) {
	t.Parallel()
	var seen []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, password, _ := r.BasicAuth()
		seen = append(seen, strings.Join([]string{r.Method, r.URL.RequestURI(), id, password, r.Header.Get("Accept"), r.PostFormValue("token"), r.PostFormValue("token_type_hint")}, " "))
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	caller, err := oauth.NewCaller(oauth.CallerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	reply := caller.Post(t.Context(), oauth.Request{
		Endpoint: server.URL + "/introspect", Form: oauth.IntrospectForm(secret.New("the-token"), "access_token"),
		Auth: oauth.ClientAuth{Method: oauth.ClientSecretBasic, ClientID: "app", ClientSecret: secret.New("s")},
	})
	if _, err := introspected(reply); err == nil || err.Error() != "HTTP 307" {
		t.Errorf("a redirect: %v", err)
	}
	if len(seen) != 1 || seen[0] != "POST /introspect app s application/json the-token access_token" {
		t.Errorf("sent %q", seen)
	}
}

func FuzzIntrospection(f *testing.F) {
	for _, seed := range []string{
		`{"active":true,"exp":1767330000,"iat":1767322800}`, `{"active":"true","exp":"1767330000.5"}`, `{"active":true,"exp":1e11,"iat":1}`,
		`{"active":true,"exp":9e18}`, `{"active":true,"exp":"99999999999999999999"}`, `active=true&exp=1`, `{"active":true,"exp":1e-300}`, `{`,
	} {
		f.Add(seed, int64(1767322800), int64(2))
		f.Add(seed, int64(1), int64(-1))
	}
	f.Fuzz(func(t *testing.T, body string, issuedAt, passed int64) {
		got, err := introspected(answer(200, body))
		if err != nil {
			if got != (oauth.Introspection{}) || len(body) > 20 && strings.Contains(err.Error(), body) {
				t.Errorf("%+v, %v", got, err)
			}
			return
		}
		const last = 1 << 37 // seconds: what a record can hold
		issued := time.Unix(issuedAt%last, 0)
		now := issued.Add(time.Duration(passed))
		at := got.Expiry(issued, now)
		switch {
		case at.IsZero():
		case !got.Active || !at.After(now) || at.Sub(now) > 87600*time.Hour:
			t.Errorf("expires at %s, issued at %s, now %s: %+v", at, issued, now, got)
		case at.After(got.ExpiresAt) && got.ExpiresAt.After(now): // else the clock here is ahead, and the lifetime alone tells
			t.Errorf("expires at %s, later than %s", at, got.ExpiresAt)
		}
	})
}
