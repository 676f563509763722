package oauth_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func refusal(t *testing.T, code, description, uri string) oauth.Reply {
	t.Helper()
	body, err := json.Marshal(map[string]string{"error": code, "error_description": description, "error_uri": uri})
	if err != nil {
		t.Fatal(err)
	}
	return answer(400, string(body))
}

func TestTheServersWordsAreFitToBeShown(t *testing.T) {
	tests := map[string]struct{ description, want string }{
		"plain":                {"Token expired.", "Token expired."},
		"control characters":   {"\x1b[31mred\x00\x07 text\u0085", "[31mred text"},
		"line breaks":          {"one\r\ntwo\n\n\tthree\u2028four", "one two three four"},
		"direction of writing": {"a\u202Eb\u200Bc\u2066d", "abcd"},
		"blank":                {" \n ", ""},
		"300 characters":       {strings.Repeat("é", 300), strings.Repeat("é", 300)},
		"301 characters":       {strings.Repeat("é", 301), strings.Repeat("é", 299) + "…"},
		"cut at a space":       {strings.Repeat("a", 298) + " bcd", strings.Repeat("a", 298) + "…"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			verdict := oauth.Judge(refusal(t, "x", test.description, ""))
			if verdict.Description != test.want {
				t.Errorf("= %q, want %q", verdict.Description, test.want)
			}
		})
	}
	if got := oauth.Judge(refusal(t, "invalid\n"+strings.Repeat("x", 200), "", "")); got.Code != "invalid "+strings.Repeat("x", 91)+"…" {
		t.Errorf("code = %q", got.Code)
	}
	if got := oauth.Judge(answer(400, "{\"error\":\"x\",\"error_description\":\"\xff\xfe!\"}")); got.Description != "\uFFFD!" {
		t.Errorf("not UTF-8: %q", got.Description)
	}
	if got := oauth.Judge(refusal(t, "x", "d", "")).Words(); got != "x: d (HTTP 400)" {
		t.Errorf("words = %q", got)
	}
	if got := oauth.Judge(refusal(t, "x", "", "https://as.example/e?token=t0ken-1"), secret.New("t0ken-1")).Words(); got != "x (HTTP 400), see https://as.example/e?token=(redacted)" {
		t.Errorf("words = %q", got)
	}
}

func TestErrorURI(t *testing.T) {
	for uri, want := range map[string]string{
		"https://as.example/e?x=1":                         "https://as.example/e?x=1",
		"http://as.example/e":                              "http://as.example/e",
		"javascript:alert(1)":                              "",
		"ftp://as.example":                                 "",
		"/relative":                                        "",
		"https://as.example/\x1b[31m":                      "",
		"https://as.example/" + strings.Repeat("x", 300):   "",
		"https://as.example/%zz":                           "",
		"https://as.example/?token=t0ken-1&again=t0ken-1":  "https://as.example/?token=(redacted)&again=(redacted)",
		"https://as.example/" + strings.Repeat("x", 281):   "https://as.example/" + strings.Repeat("x", 281),
		"https://as.example/" + strings.Repeat("x", 282):   "",
		" https://as.example/leading-space-is-cleaned-off": "https://as.example/leading-space-is-cleaned-off",
	} {
		if got := oauth.Judge(refusal(t, "x", "", uri), secret.New("t0ken-1")).ErrorURI; got != want {
			t.Errorf("%q: %q, want %q", uri, got, want)
		}
	}
}

// The encoded forms below were made with other programs than this one.
func TestSecretsAreHiddenInTheServersWords(t *testing.T) {
	const token = `s3cr3t/to+ken "é" !9`
	tests := map[string]struct{ description, want string }{
		"as it is":               {`Token s3cr3t/to+ken "é" !9 is dead`, "Token (redacted) is dead"},
		"twice":                  {`s3cr3t/to+ken "é" !9s3cr3t/to+ken "é" !9`, "(redacted)(redacted)"},
		"form-encoded":           {"Token s3cr3t%2Fto%2Bken+%22%C3%A9%22+%219 is dead", "Token (redacted) is dead"},
		"form-encoded, lower":    {"Token s3cr3t%2fto%2bken+%22%c3%a9%22+%219 is dead", "Token (redacted) is dead"},
		"path-encoded":           {"Token s3cr3t%2Fto+ken%20%22%C3%A9%22%20%219 is dead", "Token (redacted) is dead"},
		"JSON in JSON":           {`Token s3cr3t/to+ken \"é\" !9 is dead`, "Token (redacted) is dead"},
		"HTML":                   {`Token s3cr3t/to+ken &#34;é&#34; !9 is dead`, "Token (redacted) is dead"},
		"base64":                 {"Token czNjcjN0L3RvK2tlbiAiw6kiICE5 is dead", "Token (redacted) is dead"},
		"base64 after one byte":  {"OnMzY3IzdC90bytrZW4gIsOpIiAhOQ==", "On(redacted)Q=="},
		"base64 after two bytes": {"YTpzM2NyM3QvdG8ra2VuICLDqSIgITk=", "YTp(redacted)k="},
		"base64 in the middle":   {"YWI6czNjcjN0L3RvK2tlbiAiw6kiICE5Onh5", "YWI6(redacted)Onh5"},
		"split by white space":   {"Token s3cr3t/to+ken\n\"é\"\t!9 is dead", "Token (redacted) is dead"},
		"split by no character":  {"Token s3cr\u200B3t/to+ken \"é\" !9 is dead", "Token (redacted) is dead"},
		"where it would be cut":  {strings.Repeat("x", 290) + token, strings.Repeat("x", 290) + "(redacted)"},
		"cut":                    {strings.Repeat("x", 295) + token, strings.Repeat("x", 295) + "(red…"},
		"another text":           {"Token s3cr3t/to+kin is dead", "Token s3cr3t/to+kin is dead"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			reply := refusal(t, "x", test.description, "")
			verdict := oauth.Judge(reply, secret.New("other"), secret.New(token), secret.String{})
			if verdict.Description != test.want {
				t.Errorf("= %q, want %q", verdict.Description, test.want)
			}
			if unhidden := oauth.Judge(reply); strings.Contains(unhidden.Description, "(redacted)") {
				t.Errorf("without hidden texts: %q", unhidden.Description)
			}
		})
	}
}

func TestHidingGoesForTheLongestAndSkipsTheShortest(t *testing.T) {
	reply := refusal(t, "bad_abcdef", "abc abcd abcdef", "")
	verdict := oauth.Judge(reply, secret.New("abcd"), secret.New("abcdef"), secret.New("abc"))
	if verdict.Code != "bad_(redacted)" || verdict.Description != "abc (redacted) (redacted)" {
		t.Errorf("verdict = %+v", verdict)
	}
	if verdict.Class != oauth.Configuration {
		t.Errorf("class = %s", verdict.Class)
	}
	// The class comes from what the server said, not from what is shown of it.
	if hidden := oauth.Judge(refusal(t, "invalid_grant", "", ""), secret.New("grant")); hidden.Class != oauth.Reauthorize || hidden.Code != "invalid_(redacted)" {
		t.Errorf("verdict = %+v", hidden)
	}
}

func TestTokensOfTheReplyAreHiddenToo(t *testing.T) {
	verdict := oauth.Judge(answer(500, `{"access_token":"access-1","id_token":"id-1-of-it","error":"x","error_description":"lost access-1 and id-1-of-it"}`))
	if verdict.Class != oauth.OutcomeUnknown || verdict.Description != "lost (redacted) and (redacted)" {
		t.Errorf("verdict = %+v", verdict)
	}
}

// A refresh token behind a stray byte, or under a wrong status, is kept. One that only quotes the request is not a successor.
func TestSuccessorIsKeptWheneverItCanBeRead(t *testing.T) {
	sent := secret.New("the-token-that-was-sent")
	for name, test := range map[string]struct {
		reply   oauth.Reply
		refresh string // empty: outcome unknown
	}{
		"escape that JSON does not know":   {answer(200, `{"access_token":"a","name":"O\'Brien","refresh_token":"r"}`), "r"},
		"line break in a text":             {answer(200, "{\"access_token\":\"a\",\"scope\":\"x\ny\",\"refresh_token\":\"r\"}"), "r"},
		"number with a zero before it":     {answer(200, `{"expires_in":03600,"refresh_token":"r","access_token":"a"}`), "r"},
		"no value":                         {answer(200, `{"expires_in":,"refresh_token":"r","access_token":"a"}`), "r"},
		"cut behind the token":             {cut(200, `{"access_token":"a","refresh_token":"r"`), "r"},
		"cut in the token":                 {cut(200, `{"access_token":"a","refresh_token":"r`), ""},
		"a notice before the object":       {answer(200, `<br />Notice: x {"access_token":"a","refresh_token":"r"}`), "r"},
		"a list":                           {answer(200, `[{"access_token":"a","refresh_token":"r"}]`), "r"},
		"an object in an object":           {answer(200, `{"data":{"access_token":"a","refresh_token":"r"},}`), "r"},
		"no refresh token, as PHP says":    {answer(200, `{"access_token":"a","refresh_token":false}`), ""},
		"a page that quotes the request":   {answer(500, `<pre>{"refresh_token":"the-token-that-was-sent"}</pre>`), ""},
		"an error that quotes it":          {answer(500, `{"access_token":"a","refresh_token":"the-token-that-was-sent"}`), ""},
		"a broken 200 that quotes it":      {answer(200, `{"request":{"refresh_token":"the-token-that-was-sent"},}`), ""},
		"a 200 that repeats what was sent": {answer(200, `{"access_token":"a","refresh_token":"the-token-that-was-sent"}`), "the-token-that-was-sent"},
	} {
		t.Run(name, func(t *testing.T) {
			v := oauth.Judge(test.reply, sent)
			if name == "no refresh token, as PHP says" {
				if v.Class != oauth.Success || !v.Token.RefreshToken.IsEmpty() || v.Token.SuccessorLost {
					t.Errorf("%s, successor lost: %t", v.Class, v.Token.SuccessorLost)
				}
				return
			}
			if kept := v.Class == oauth.Success; kept != (test.refresh != "") || v.Token.RefreshToken.Reveal() != test.refresh {
				t.Errorf("%s, refresh token %q; want %q", v.Class, v.Token.RefreshToken.Reveal(), test.refresh)
			}
		})
	}
}
