package oauth_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

var registrationToken = secret.New("registration-token-1")

// managingCalls are the four calls about a registration, at one address.
func managingCalls(url string) map[string]oauth.Request {
	metadata := map[string]secret.String{"client_name": secret.New(`"A & B"`), "redirect_uris": secret.New(`["https://a.example/"]`)}
	return map[string]oauth.Request{
		"POST":   oauth.RegisterRequest(url, metadata, registrationToken),
		"GET":    oauth.ReadRegistrationRequest(url, registrationToken),
		"PUT":    oauth.UpdateRegistrationRequest(url, metadata, registrationToken),
		"DELETE": oauth.DeleteRegistrationRequest(url, registrationToken),
	}
}

func TestManagingCalls(t *testing.T) {
	const content = `{"client_name":"A & B","redirect_uris":["https://a.example/"]}`
	want := map[string]string{"POST": content, "GET": "", "PUT": content, "DELETE": ""}
	for method, request := range managingCalls("") {
		t.Run(method, func(t *testing.T) {
			var got *http.Request
			var body string
			url, stop := rawServer(t, func(c net.Conn) {
				r, err := http.ReadRequest(bufio.NewReader(c))
				if err != nil {
					t.Error(err)
					return
				}
				text, _ := io.ReadAll(r.Body)
				got, body = r, string(text)
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
			})
			request.Endpoint = url
			calls := 0
			request.BeforeSend = func() error { calls++; return nil }
			reply := newCaller(t, oauth.CallerOptions{}).Post(t.Context(), request)
			if connections := stop(); connections != 1 || calls != 1 || !reply.Sent || reply.Status != 200 || reply.Err != nil {
				t.Fatalf("%d connections, %d calls of BeforeSend, reply %+v", connections, calls, reply)
			}
			if got.Method != method || body != want[method] || got.ContentLength != int64(len(want[method])) || len(got.TransferEncoding) != 0 {
				t.Errorf("%s %q, length %d, transfer encoding %v", got.Method, body, got.ContentLength, got.TransferEncoding)
			}
			wantType := map[bool]string{true: "application/json"}[want[method] != ""]
			if got.Header.Get("Authorization") != "Bearer registration-token-1" || got.Header.Get("Content-Type") != wantType {
				t.Errorf("header = %v", got.Header)
			}
		})
	}
}

// Neither may a call without content leave its header behind.
func TestARefusedManagingCallLeavesTheConnectionUntouched(t *testing.T) {
	errLate := errors.New("too late to send")
	for method, request := range managingCalls("") {
		for name, token := range map[string]string{"small": "t", "large": strings.Repeat("t", 32<<10)} {
			t.Run(method+" "+name, func(t *testing.T) {
				var received []byte
				accepted := make(chan struct{}, 9)
				url, stop := rawServer(t, func(c net.Conn) {
					accepted <- struct{}{}
					received, _ = io.ReadAll(c)
				})
				request := request
				if method == "GET" {
					request = oauth.ReadRegistrationRequest(url, secret.New(token))
				}
				request.Endpoint = url
				request.BeforeSend = func() error { return errLate }
				reply := newCaller(t, oauth.CallerOptions{}).Post(t.Context(), request)
				<-accepted
				if connections := stop(); connections != 1 || len(received) != 0 || reply.Sent || !errors.Is(reply.Err, errLate) {
					t.Errorf("%d connections, %d bytes: %.80q; reply %+v", connections, len(received), received, reply)
				}
			})
		}
	}
}

func TestARefusedManagingCallOverTLS(t *testing.T) {
	server := tlsServer(t, func(*httptest.Server) {})
	caller := newCaller(t, oauth.CallerOptions{CACertificatePEM: certificatePEM(server)})
	errLate := errors.New("too late to send")
	request := oauth.DeleteRegistrationRequest(server.URL, registrationToken)
	request.BeforeSend = func() error { return errLate }
	if reply := caller.Post(t.Context(), request); reply.Sent || !errors.Is(reply.Err, errLate) {
		t.Errorf("refused: %+v", reply)
	}
	request.BeforeSend = nil
	if reply := caller.Post(t.Context(), request); !reply.Sent || reply.Status != 200 {
		t.Errorf("let through: %+v", reply)
	}
}

func TestAManagingCallIsNeverRepeated(t *testing.T) {
	for method, request := range managingCalls("") {
		url, stop := rawServer(t, func(c net.Conn) { readRequest(t, c) })
		request.Endpoint = url
		reply := newCaller(t, oauth.CallerOptions{}).Post(t.Context(), request)
		if connections := stop(); connections != 1 || !reply.Sent || !errors.Is(reply.Err, io.EOF) {
			t.Errorf("%s: %d connections, reply %+v", method, connections, reply)
		}
	}
}

func TestUnusableManagingCalls(t *testing.T) {
	for name, request := range map[string]oauth.Request{
		"http to another machine": oauth.ReadRegistrationRequest("http://as.example/register/1", registrationToken),
		"no address":              oauth.ReadRegistrationRequest("", registrationToken),
		"line break in the token": oauth.ReadRegistrationRequest("https://as.example/", secret.New("a\nb")),
		"endless token":           oauth.ReadRegistrationRequest("https://as.example/", secret.New(strings.Repeat("a", 32<<10+1))),
		"metadata":                oauth.RegisterRequest("https://as.example/", map[string]secret.String{"x": secret.New("{")}, secret.String{}),
	} {
		reply := newCaller(t, oauth.CallerOptions{}).Post(t.Context(), request)
		if reply.Sent || !errors.Is(reply.Err, oauth.ErrRequest) || strings.Contains(reply.Err.Error(), "registration-token-1") {
			t.Errorf("%s: %+v", name, reply)
		}
	}
}

// showRegistration writes a registration out, without what is empty.
func showRegistration(r oauth.Registration) string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+"="+value)
		}
	}
	add("id", r.ClientID)
	add("secret", r.ClientSecret.Reveal())
	add("token", r.Token.Reveal())
	add("uri", r.URI)
	if !r.IssuedAt.IsZero() {
		add("issued", r.IssuedAt.Format(time.RFC3339))
	}
	if r.SecretExpirySaid {
		add("expires", map[bool]string{true: "never", false: r.SecretExpiresAt.Format(time.RFC3339)}[r.SecretExpiresAt.IsZero()])
	}
	for _, name := range slices.Sorted(maps.Keys(r.Metadata)) {
		add(name, r.Metadata[name].Reveal())
	}
	if r.Salvaged {
		parts = append(parts, "salvaged")
	}
	if r.TokenLost {
		parts = append(parts, "token lost")
	}
	return strings.Join(parts, " ")
}

func TestJudgeRegistration(t *testing.T) {
	const whole = `{"client_id":"c","client_secret":"s","client_id_issued_at":1700000000,"client_secret_expires_at":0,` +
		`"registration_access_token":"t","registration_client_uri":"https://as.example/r/c","client_name":"A<&>","grant_types":[ "x" ],"logo_uri":null}`
	for _, tt := range []struct {
		name    string
		creates bool
		status  int
		body    string
		class   oauth.Class
		want    string
	}{
		{"whole", true, 201, whole, oauth.Success,
			`id=c secret=s token=t uri=https://as.example/r/c issued=2023-11-14T22:13:20Z expires=never client_name="A<&>" grant_types=["x"]`},
		{"numbers as texts", true, 201, `{"client_id":"c","client_id_issued_at":"1700000000","client_secret_expires_at":"1700000060"}`, oauth.Success,
			"id=c issued=2023-11-14T22:13:20Z expires=2023-11-14T22:14:20Z"},
		{"numbers for texts", true, 200, `{"client_id":17,"client_secret":4}`, oauth.Success, "id=17 secret=4"},
		{"unusable expiry", true, 201, `{"client_id":"c","client_secret_expires_at":"soon"}`, oauth.Success, "id=c"},
		{"token that cannot be sent", true, 201, `{"client_id":"c","registration_access_token":{"t":1}}`, oauth.Success, "id=c token lost"},
		{"token with a line break", false, 200, `{"client_id":"c","registration_access_token":"a\nb"}`, oauth.Success, "id=c token lost"},
		{"no client", true, 201, `{"client_name":"x"}`, oauth.OutcomeUnknown, ""},
		{"a page", true, 200, `<html>`, oauth.OutcomeUnknown, ""},
		{"cut before the client", true, 201, `{"client_na`, oauth.OutcomeUnknown, ""},
		{"cut behind the client", true, 201, `{"client_id":"c","client_secret":"s","registr`, oauth.Success, "id=c secret=s salvaged token lost"},
		{"a fault before the token", true, 201, `{"client_id":"c",?,"registration_access_token":"t","x":1}`, oauth.Success, "id=c token=t salvaged"},
		{"read without the client", false, 200, `{"client_name":"x"}`, oauth.Success, `client_name="x"`},
		{"read cut before anything", false, 200, `{"client_id":"c","cli`, oauth.OutcomeUnknown, ""},
		{"read cut behind the secret", false, 200, `{"client_secret":"s2","reg`, oauth.Success, "secret=s2 salvaged token lost"},
		{"read cut behind the token", false, 200, `{"registration_access_token":"t2","client_sec`, oauth.Success, "token=t2 salvaged"},
		{"an error in a success", false, 200, `{"error":"invalid_client_metadata"}`, oauth.Configuration, ""},
		{"nothing", false, 200, ``, oauth.OutcomeUnknown, ""},
		{"bad metadata", true, 400, `{"error":"invalid_redirect_uri","error_description":"no t"}`, oauth.Configuration, ""},
		{"no initial token", true, 401, ``, oauth.BadClient, ""},
		{"forbidden", true, 403, `{"error":"unapproved_software_statement"}`, oauth.Configuration, ""},
		{"gone", false, 401, ``, oauth.Reauthorize, ""},
		{"no permission", false, 403, ``, oauth.Configuration, ""},
		{"not there", false, 404, `no`, oauth.Configuration, ""},
		{"redirect", false, 302, ``, oauth.Configuration, ""},
		{"timeout", false, 408, ``, oauth.OutcomeUnknown, ""},
		{"busy", true, 429, ``, oauth.RateLimited, ""},
		{"broken", true, 500, `{"error":"invalid_client_metadata"}`, oauth.OutcomeUnknown, ""},
		{"a client under an error", true, 502, whole, oauth.OutcomeUnknown, ""},
	} {
		got, verdict := oauth.JudgeRegistration(answer(tt.status, tt.body), tt.creates)
		if verdict.Class != tt.class || showRegistration(got) != tt.want {
			t.Errorf("%s: %s %s\nwant %s %s", tt.name, verdict.Class, showRegistration(got), tt.class, tt.want)
		}
	}
	if _, v := oauth.JudgeRegistration(oauth.Reply{Err: io.EOF}, true); v.Class != oauth.NotSent {
		t.Errorf("not sent: %+v", v)
	}
}

func TestWordsOfARegistration(t *testing.T) {
	r := answer(401, "")
	r.Header = http.Header{"Www-Authenticate": {`Bearer realm="x", error="invalid_token", error_description="registration-token-1 has expired"`}}
	_, v := oauth.JudgeRegistration(r, false, registrationToken)
	if got, want := v.Words(), "invalid_token: (redacted) has expired (HTTP 401)"; got != want {
		t.Errorf("words = %q, want %q", got, want)
	}
	if v := oauth.JudgeDeregistration(answer(204, ""), registrationToken); v.Class != oauth.Success {
		t.Errorf("deleted: %+v", v)
	}
	if v := oauth.JudgeDeregistration(answer(401, "")); v.Class != oauth.Reauthorize {
		t.Errorf("gone: %+v", v)
	}
}

func FuzzJudgeRegistration(f *testing.F) {
	f.Add(201, `{"client_id":"c","client_secret":"s","registration_access_token":"t","client_secret_expires_at":0}`, true, false)
	f.Add(200, `{"client_id":"c",?"registration_access_token":"t"`, false, true)
	f.Add(400, `{"error":{"code":"x"}}`, true, false)
	f.Fuzz(func(t *testing.T, status int, body string, creates, isCut bool) {
		reply := answer(status, body)
		if isCut {
			reply = cut(status, body)
		}
		got, v := oauth.JudgeRegistration(reply, creates, registrationToken)
		if !slices.Contains(classes(), v.Class) || v.Class == oauth.NotSent {
			t.Errorf("class = %q", v.Class)
		}
		if v.Class == oauth.Success && (status < 200 || status > 299 || creates && got.ClientID == "") {
			t.Errorf("success: %d, %+v", status, got)
		}
		if v.Class != oauth.Success && showRegistration(got) != "" {
			t.Errorf("%s with %s", v.Class, showRegistration(got))
		}
		if oauth.CheckBearer(got.Token) != nil {
			t.Error("a token that cannot be sent")
		}
		for name, value := range got.Metadata {
			if !json.Valid([]byte(value.Reveal())) || !utf8.ValidString(name) {
				t.Errorf("%q is no JSON: %q", name, value.Reveal())
			}
		}
		if strings.Contains(v.Words(), "registration-token-1") {
			t.Errorf("words = %q", v.Words())
		}
	})
}
