package oauth_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

const (
	noteNoExpiry = "the reply does not say expires_in"
	noteDamaged  = "the reply is damaged or incomplete; the members that could be read whole were kept"
	noteExpiry   = "expires_in is not a usable number of seconds"
)

func success(t *testing.T, r oauth.Reply) oauth.Token {
	t.Helper()
	verdict := oauth.Judge(r)
	if verdict.Class != oauth.Success {
		t.Fatalf("verdict = %+v", verdict)
	}
	return verdict.Token
}

// show writes a token out, so that one text can be compared. Empty members are left out.
func show(token oauth.Token) string {
	var lines []string
	line := func(name, value string) {
		if value != "" {
			lines = append(lines, name+"="+value)
		}
	}
	line("access", token.AccessToken.Reveal())
	line("refresh", token.RefreshToken.Reveal())
	line("id", token.IDToken.Reveal())
	line("type", token.TokenType)
	if token.ExpiresIn != 0 {
		line("expires", token.ExpiresIn.String())
	}
	if token.RefreshTokenExpiresIn != 0 {
		line("refresh expires", token.RefreshTokenExpiresIn.String())
	}
	if token.Scopes != nil {
		line("scopes", fmt.Sprintf("%q", token.Scopes))
	}
	for _, name := range slices.Sorted(maps.Keys(token.Extra)) {
		line("extra "+name, token.Extra[name].Reveal())
	}
	if token.Salvaged {
		line("salvaged", "yes")
	}
	if token.SuccessorLost {
		line("successor lost", "yes")
	}
	for _, note := range token.Notes {
		line("note", note)
	}
	return strings.Join(lines, "\n")
}

func TestTokenMembers(t *testing.T) {
	long := strings.Repeat("x", 256<<10)
	tests := map[string]struct {
		reply oauth.Reply
		want  []string
	}{
		"RFC 6749 §5.1": {
			answer(200, `{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"example","expires_in":3600,"refresh_token":"tGzv3JOkF0XG5Qx2TlKWIA","example_parameter":"example_value"}`),
			[]string{"access=2YotnFZFEjr1zCsicMWpAA", "refresh=tGzv3JOkF0XG5Qx2TlKWIA", "type=example", "expires=1h0m0s", "extra example_parameter=example_value"},
		},
		"everything": {
			answer(200, `{"access_token":"a!\u0041\/","refresh_token":"r","id_token":"i","token_type":"Bearer","expires_in":"600","refresh_token_expires_in":2592000,
				"scope":"write read  read","list":[1, 2],"object":{"b": "x y", "a":null},"number":1.50,"yes":true,"nothing":null,"empty":"","error":""}`),
			[]string{
				"access=a!A/", "refresh=r", "id=i", "type=Bearer", "expires=10m0s", "refresh expires=720h0m0s", `scopes=["read" "write"]`,
				"extra list=[1,2]", `extra nothing=null`, "extra number=1.50", `extra object={"b":"x y","a":null}`, "extra yes=true",
			},
		},
		"least": {
			answer(200, `{"access_token":"a"}`),
			[]string{"access=a", "note=" + noteNoExpiry},
		},
		"a successor only": {
			answer(200, `{"refresh_token":"r","expires_in":1}`),
			[]string{"refresh=r", "expires=1s", "note=the reply has no access token"},
		},
		"null and empty are absent": {
			answer(200, `{"access_token":"a","refresh_token":null,"id_token":"","token_type":null,"expires_in":null,"refresh_token_expires_in":null,"scope":null}`),
			[]string{"access=a", "note=" + noteNoExpiry},
		},
		"unusable tokens": {
			answer(200, `{"access_token":{"x":1},"refresh_token":"r","id_token":true,"expires_in":1}`),
			[]string{"refresh=r", "expires=1s", "note=access_token is not a usable token", "note=id_token is not a usable token", "note=the reply has no access token"},
		},
		"an unusable successor": {
			answer(200, `{"access_token":"a","refresh_token":["r"],"expires_in":1}`),
			[]string{"access=a", "expires=1s", "successor lost=yes", "note=refresh_token is not a usable token"},
		},
		"numbers as tokens": {
			answer(200, `{"access_token":7,"refresh_token":120000000000000000001,"expires_in":1}`),
			[]string{"access=7", "refresh=120000000000000000001", "expires=1s"},
		},
		"as long as may be": {
			answer(200, `{"access_token":"`+long+`","expires_in":1}`),
			[]string{"access=" + long, "expires=1s"},
		},
		"too long": {
			answer(200, `{"access_token":"a","refresh_token":"`+long+`x","big":"`+long+`x","expires_in":1}`),
			[]string{"access=a", "refresh=" + long + "x", "expires=1s", "note=the reply has too many or too large members; some were left out"},
		},
		"not UTF-8": {
			answer(200, "{\"access_token\":\"a\xff\",\"x\":[\"\xfe\"],\"expires_in\":1}"),
			[]string{"access=a\uFFFD", "expires=1s", "extra x=[\"\uFFFD\"]", "note=access_token has characters that could not be read"},
		},
		"odd token type and scope": {
			answer(200, `{"access_token":"a","token_type":["Bearer"],"scope":{"a":1},"expires_in":1}`),
			[]string{"access=a", "expires=1s", "note=token_type is not a usable text", "note=scope is neither a text nor a list of texts"},
		},
		"token type with a line break": {
			answer(200, `{"access_token":"a","token_type":"Bearer\n","expires_in":1}`),
			[]string{"access=a", "expires=1s", "note=token_type is not a usable text"},
		},
		"scope as a list": {
			answer(200, `{"access_token":"a","scope":["b a","c"],"expires_in":1}`),
			[]string{"access=a", "expires=1s", `scopes=["a" "b" "c"]`},
		},
		"scope, empty": {
			answer(200, `{"access_token":"a","scope":"","expires_in":1}`),
			[]string{"access=a", "expires=1s", `scopes=[]`},
		},
		"scope, list of numbers": {
			answer(200, `{"access_token":"a","scope":[1],"expires_in":1}`),
			[]string{"access=a", "expires=1s", "note=scope is neither a text nor a list of texts"},
		},
		"names count as written": {
			answer(200, `{"Access_Token":"A","access_token":"a","expires_in":1}`),
			[]string{"access=a", "expires=1s", "extra Access_Token=A"},
		},
		"repeated: the last counts": {
			answer(200, `{"access_token":"a","refresh_token":"r1","refresh_token":"r2","expires_in":1}`),
			[]string{"access=a", "refresh=r2", "expires=1s", "note=the reply repeats a member; its last value counts"},
		},
		"repeated: nothing does not count": {
			answer(200, `{"refresh_token":"r1","refresh_token":null,"access_token":"a","access_token":"","expires_in":1}`),
			[]string{"access=a", "refresh=r1", "expires=1s", "note=the reply repeats a member; its last value counts"},
		},
		"cut: what is whole is kept": {
			cut(200, `{"access_token":"a","refresh_token":"r","x":{"y":1},"scope":"read wri`),
			[]string{"access=a", "refresh=r", "extra x={\"y\":1}", "salvaged=yes", "note=" + noteDamaged, "note=" + noteNoExpiry},
		},
		"cut: half a number is no number": {
			cut(200, `{"refresh_token":"r","expires_in":36`),
			[]string{"refresh=r", "salvaged=yes", "note=" + noteDamaged, "note=" + noteNoExpiry, "note=the reply has no access token"},
		},
		"cut: a number with its end": {
			cut(200, `{"refresh_token":"r","expires_in":36 ,`),
			[]string{"refresh=r", "expires=36s", "salvaged=yes", "note=" + noteDamaged, "note=the reply has no access token"},
		},
		"damaged: a comma too many": {
			answer(200, `{"access_token":"a","refresh_token":"r","expires_in":1,}`),
			[]string{"access=a", "refresh=r", "expires=1s", "salvaged=yes", "note=" + noteDamaged},
		},
		"text after the object": {
			answer(200, `{"access_token":"a","expires_in":1}{"refresh_token":"r"}`),
			[]string{"access=a", "expires=1s", "note=the reply has text after its JSON object, which was ignored"},
		},
		"cut, but only after the object": {
			cut(200, `{"access_token":"a","expires_in":1}`),
			[]string{"access=a", "expires=1s"},
		},
		"form": {
			answer(200, "access_token=a%21b&expires_in=28800&refresh_token=r+1&refresh_token_expires_in=15897600&scope=repo+gist&token_type=bearer&x=%C3%A9&flag"),
			[]string{"access=a!b", "refresh=r 1", "type=bearer", "expires=8h0m0s", "refresh expires=4416h0m0s", `scopes=["gist" "repo"]`, "extra x=é"},
		},
		"form, cut in the successor": {
			cut(200, "refresh_token=r1&access_token=a&refresh_token=r"),
			[]string{"access=a", "refresh=r1", "salvaged=yes", "note=" + noteDamaged, "note=" + noteNoExpiry},
		},
		"form, not UTF-8": {
			answer(200, "access_token=a&expires_in=1&x=%ff"),
			[]string{"access=a", "expires=1s", "extra x=\uFFFD"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got, want := show(success(t, test.reply)), strings.Join(test.want, "\n"); got != want {
				t.Errorf("got\n%.500s\nwant\n%.500s", got, want)
			}
		})
	}
}

func TestExpiresIn(t *testing.T) {
	tests := map[string]time.Duration{
		`3600`:                               time.Hour,
		`"3600"`:                             time.Hour,
		`" 3600\n"`:                          time.Hour,
		`3600.5`:                             time.Hour,
		`"3600.999"`:                         time.Hour,
		`3.6e3`:                              time.Hour,
		`36E+2`:                              time.Hour,
		`"0600"`:                             10 * time.Minute,
		`1`:                                  time.Second,
		`1.999`:                              time.Second,
		`315360000`:                          87600 * time.Hour,
		`315360001`:                          0,
		`0`:                                  0,
		`0.9`:                                0,
		`"0"`:                                0,
		`-1`:                                 0,
		`-0`:                                 0,
		`"-3600"`:                            0,
		`"+3600"`:                            0,
		`1e300`:                              0,
		`1e999`:                              0,
		`"1e99999"`:                          0,
		`"NaN"`:                              0,
		`"Inf"`:                              0,
		`"0x10"`:                             0,
		`"1_000"`:                            0,
		`"1,000"`:                            0,
		`"soon"`:                             0,
		`"3600s"`:                            0,
		`"36 00"`:                            0,
		`""`:                                 0,
		`" "`:                                0,
		`true`:                               0,
		`[]`:                                 0,
		`[3600]`:                             0,
		`{"s":3600}`:                         0,
		`".5"`:                               0,
		`"5."`:                               0,
		`"` + strings.Repeat("0", 30) + `5"`: 0,
	}
	for value, want := range tests {
		token := success(t, answer(200, `{"access_token":"a","expires_in":`+value+`}`))
		if token.ExpiresIn != want {
			t.Errorf("%s: %s, want %s", value, token.ExpiresIn, want)
		}
		if noted := slices.Contains(token.Notes, noteExpiry); noted != (want == 0) {
			t.Errorf("%s: notes = %q", value, token.Notes)
		}
	}
}

func TestRefreshTokenExpiresIn(t *testing.T) {
	const note = "the refresh token's lifetime is not a usable number of seconds"
	tests := map[string]struct {
		want  time.Duration
		noted bool
	}{
		`"refresh_token_expires_in":60`:                             {time.Minute, false},
		`"refresh_expires_in":"60"`:                                 {time.Minute, false},
		`"refresh_expires_in":60,"refresh_token_expires_in":120`:    {2 * time.Minute, false},
		`"refresh_token_expires_in":120,"refresh_expires_in":60`:    {2 * time.Minute, false},
		`"refresh_expires_in":0`:                                    {oauth.NoEnd, false},
		`"refresh_expires_in":60,"refresh_token_expires_in":"soon"`: {time.Minute, true},
		`"refresh_token_expires_in":-1`:                             {0, true},
		`"other":1`:                                                 {0, false},
	}
	for members, test := range tests {
		token := success(t, answer(200, `{"access_token":"a","expires_in":1,`+members+`}`))
		if token.RefreshTokenExpiresIn != test.want || slices.Contains(token.Notes, note) != test.noted {
			t.Errorf("%s: %s, notes %q", members, token.RefreshTokenExpiresIn, token.Notes)
		}
	}
}

// TestDeadlinesOfADialect: what a member means may be the server's own, also of one that is in common use.
func TestDeadlinesOfADialect(t *testing.T) {
	own := oauth.Dialect{Expiries: []oauth.Expiry{{Member: "idle_for"}, {Member: "hard_end", Absolute: true}, {Member: "refresh_token_expires_in", Absolute: true}}}
	for members, want := range map[string][2]time.Duration{
		`"idle_for":60,"hard_end":"3600"`:                 {time.Minute, time.Hour},
		`"refresh_token_expires_in":60`:                   {0, time.Minute},
		`"refresh_expires_in":60,"hard_end":0`:            {time.Minute, oauth.NoEnd},
		`"idle_for":"soon","hard_end":-1`:                 {0, 0},
		`"refresh_expires_in":60,"idle_for":9,"other":10`: {time.Minute, 0},
	} {
		token := own.Judge(answer(200, `{"access_token":"a","refresh_token":"r","expires_in":1,`+members+`}`)).Token
		if got := [2]time.Duration{token.RefreshTokenExpiresIn, token.AuthorizationEndsIn}; got != want {
			t.Errorf("%s: %v, want %v", members, got, want)
		}
		if _, extra := token.Extra["idle_for"]; extra {
			t.Errorf("%s: what is understood is not among the rest", members)
		}
	}
}

func TestExtraMembersAreBounded(t *testing.T) {
	var body strings.Builder
	for i := range 1100 {
		_, _ = fmt.Fprintf(&body, `"m%04d":%d,`, i, i)
	}
	name := strings.Repeat("n", 257)
	token := success(t, answer(200, `{`+body.String()+`"`+name+`":1,"access_token":"a","refresh_token":"r","expires_in":1}`))
	if len(token.Extra) != 1000 || token.Extra["m0999"].Reveal() != "999" || token.RefreshToken.Reveal() != "r" {
		t.Errorf("%d extra members, refresh token %q", len(token.Extra), token.RefreshToken.Reveal())
	}
	if len(token.Notes) != 1 || token.Notes[0] != "the reply has too many or too large members; some were left out" {
		t.Errorf("notes = %q", token.Notes)
	}
	short := success(t, answer(200, `{"`+name+`":1,"`+name[:256]+`":2,"access_token":"a","expires_in":1}`))
	if len(short.Extra) != 1 || short.Extra[name[:256]].Reveal() != "2" {
		t.Errorf("extra = %v", short.Extra)
	}
}

func TestACompressedReplyIsRead(t *testing.T) {
	var compressed bytes.Buffer
	writer := gzip.NewWriter(&compressed)
	_, _ = writer.Write([]byte(`{"refresh_token":"r","expires_in":1,"pad":"` + strings.Repeat("x", 100) + `"}`))
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	whole := compressed.String()
	token := success(t, withHeader(answer(200, whole), "Content-Encoding", "GZIP"))
	if token.RefreshToken.Reveal() != "r" || token.Salvaged {
		t.Errorf("token = %s", show(token))
	}
	checksumCut := success(t, withHeader(cut(200, whole[:len(whole)-4]), "Content-Encoding", "gzip"))
	if checksumCut.RefreshToken.Reveal() != "r" || checksumCut.Salvaged {
		t.Errorf("token = %s", show(checksumCut))
	}
	for name, reply := range map[string]oauth.Reply{
		"not compressed at all": withHeader(answer(200, `{"refresh_token":"r"}`), "Content-Encoding", "gzip"),
		"other coding":          withHeader(answer(200, `{"refresh_token":"r"}`), "Content-Encoding", "identity"),
	} {
		if token := success(t, reply); token.RefreshToken.Reveal() != "r" {
			t.Errorf("%s: %s", name, show(token))
		}
	}
	if verdict := oauth.Judge(withHeader(answer(200, whole), "Content-Encoding", "br")); verdict.Class != oauth.OutcomeUnknown {
		t.Errorf("verdict = %+v", verdict)
	}
	if verdict := oauth.Judge(withHeader(cut(200, whole[:12]), "Content-Encoding", "gzip")); verdict.Class != oauth.OutcomeUnknown {
		t.Errorf("verdict = %+v", verdict)
	}
}

func TestACompressedReplyIsBounded(t *testing.T) {
	var compressed bytes.Buffer
	writer := gzip.NewWriter(&compressed)
	_, _ = writer.Write([]byte(`{"refresh_token":"r","pad":"` + strings.Repeat("x", 8<<20) + `","late":1}`))
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	token := success(t, withHeader(answer(200, compressed.String()), "Content-Encoding", "gzip"))
	if token.RefreshToken.Reveal() != "r" || !token.Salvaged || len(token.Extra) != 0 {
		t.Errorf("token = %s", show(token))
	}
}

func TestAVerdictPrintsNoSecret(t *testing.T) {
	reply := answer(200, `{"access_token":"s3cret-a","refresh_token":"s3cret-r","id_token":"s3cret-i","extra":"s3cret-e"}`)
	verdict := oauth.Judge(reply, secret.New("s3cret-h"))
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		if text := fmt.Sprintf(verb+verb, verdict, reply); strings.Contains(text, "s3cret") {
			t.Errorf("%s shows a secret: %s", verb, text)
		}
	}
}
