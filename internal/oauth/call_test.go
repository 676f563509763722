package oauth_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func TestPost(t *testing.T) {
	var got *http.Request
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		got, body = r, string(text)
		w.Header().Set("X-Request", "7")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error":"invalid_grant"}`)
	}))
	defer server.Close()

	request := tokenRequest(server.URL + "/token?tenant=7")
	calls := 0
	request.BeforeSend = func() error { calls++; return nil }
	reply := newCaller(t, oauth.CallerOptions{UserAgent: "terraform-provider-oauth/1.2.3"}).Post(t.Context(), request)

	if !reply.Sent || reply.Status != 400 || reply.Err != nil || reply.Header.Get("X-Request") != "7" {
		t.Errorf("reply = %+v", reply)
	}
	if reply.Body.Reveal() != `{"error":"invalid_grant"}` {
		t.Errorf("body = %s", reply.Body.Reveal())
	}
	if calls != 1 {
		t.Errorf("BeforeSend was called %d times", calls)
	}
	if got.Method != "POST" || got.RequestURI != "/token?tenant=7" || body != "token=refresh-token-1" || got.ContentLength != 21 {
		t.Errorf("%s %s %q, length %d", got.Method, got.RequestURI, body, got.ContentLength)
	}
	if len(got.TransferEncoding) != 0 || !got.Close {
		t.Errorf("transfer encoding %v, close %v", got.TransferEncoding, got.Close)
	}
	want := http.Header{
		"Authorization":   {"Basic Y2xpZW50LTE6Y2xpZW50LXNlY3JldC0x"},
		"Content-Type":    {"application/x-www-form-urlencoded"},
		"Content-Length":  {"21"},
		"Accept":          {"application/json"},
		"Accept-Encoding": {"identity"},
		"User-Agent":      {"terraform-provider-oauth/1.2.3"},
		"Connection":      {"close"},
	}
	for name := range got.Header {
		if want[name] == nil {
			t.Errorf("unexpected header %s: %s", name, got.Header.Get(name))
		}
	}
	for name, values := range want {
		if got.Header.Get(name) != values[0] {
			t.Errorf("%s = %q, want %q", name, got.Header.Get(name), values[0])
		}
	}
}

func TestPostFollowsNoRedirect(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		followed := false
		mux := http.NewServeMux()
		mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			http.Redirect(w, r, "/elsewhere", status)
		})
		mux.HandleFunc("/elsewhere", func(http.ResponseWriter, *http.Request) { followed = true })
		server := httptest.NewServer(mux)
		reply := newCaller(t, oauth.CallerOptions{}).Post(t.Context(), tokenRequest(server.URL+"/token"))
		server.Close()
		if !reply.Sent || reply.Status != status || reply.Err != nil || followed {
			t.Errorf("%d: reply = %+v, followed: %v", status, reply, followed)
		}
		if verdict := oauth.Judge(reply); verdict.Class != oauth.Configuration {
			t.Errorf("%d: class = %s", status, verdict.Class)
		}
	}
}

func TestPostBoundsTheBody(t *testing.T) {
	for _, test := range []struct {
		size, want int
		err        error
	}{
		{1<<20 - 1, 1<<20 - 1, nil},
		{1 << 20, 1 << 20, nil},
		{1<<20 + 1, 1 << 20, oauth.ErrReplyTooLong},
		{5 << 20, 1 << 20, oauth.ErrReplyTooLong},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, strings.Repeat("x", test.size))
		}))
		reply := newCaller(t, oauth.CallerOptions{}).Post(t.Context(), tokenRequest(server.URL))
		server.Close()
		if len(reply.Body.Reveal()) != test.want || !errors.Is(reply.Err, test.err) || reply.Status != 200 || !reply.Sent {
			t.Errorf("%d: %d bytes, status %d, %v", test.size, len(reply.Body.Reveal()), reply.Status, reply.Err)
		}
	}
}

func TestPostCanBeCancelledBeforehand(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	request := tokenRequest("https://127.0.0.1:1/token")
	request.BeforeSend = func() error { t.Error("BeforeSend was called"); return nil }
	reply := newCaller(t, oauth.CallerOptions{}).Post(ctx, request)
	if reply.Sent || reply.Status != 0 || !errors.Is(reply.Err, context.Canceled) {
		t.Errorf("reply = %+v", reply)
	}
}

// A transport may ask for the body after it has returned: the write loop of net/http runs by itself.
func TestALateReadOfTheBodyIsRefused(t *testing.T) {
	var late io.Reader
	caller := newCaller(t, oauth.CallerOptions{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
		late = r.Body
		return nil, errors.New("gave up")
	})})
	request := tokenRequest("https://as.example/token")
	request.BeforeSend = func() error { t.Error("BeforeSend was called"); return nil }
	reply := caller.Post(t.Context(), request)
	if reply.Sent || reply.Err == nil || reply.Err.Error() != "gave up" {
		t.Errorf("reply = %+v", reply)
	}
	if n, err := late.Read(make([]byte, 100)); n != 0 || err == nil || err == io.EOF {
		t.Errorf("a late read got %d bytes, %v", n, err)
	}
}

func TestAStatusDoesNotMakeARequestSent(t *testing.T) {
	caller := newCaller(t, oauth.CallerOptions{Transport: transportFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"access_token":"a"}`))}, nil
	})})
	reply := caller.Post(t.Context(), tokenRequest("https://as.example/token"))
	if reply.Sent || reply.Status != 200 || reply.Err == nil {
		t.Errorf("reply = %+v", reply)
	}
	if verdict := oauth.Judge(reply); verdict.Class != oauth.NotSent || verdict.Err != reply.Err {
		t.Errorf("verdict = %+v", verdict)
	}
}

func TestATransportWithoutAnAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		response *http.Response
		read     bool
		want     oauth.Reply
	}{
		"nothing at all":  {nil, true, oauth.Reply{Sent: true}},
		"nothing, unread": {nil, false, oauth.Reply{}},
		"no body":         {&http.Response{StatusCode: 204}, true, oauth.Reply{Sent: true, Status: 204}},
	} {
		caller := newCaller(t, oauth.CallerOptions{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
			if test.read {
				_, _ = io.ReadAll(r.Body)
			}
			return test.response, nil
		})})
		reply := caller.Post(t.Context(), tokenRequest("https://as.example/token"))
		if reply.Sent != test.want.Sent || reply.Status != test.want.Status || !reply.Body.IsEmpty() || (reply.Err == nil) != (test.response != nil) {
			t.Errorf("%s: reply = %+v", name, reply)
		}
	}
}

func TestErrorsShowNoSecrets(t *testing.T) {
	request := tokenRequest("https://as.example/token?key=query-secret")
	form, err := oauth.RefreshForm(secret.New("refresh-token-1"), nil, map[string]string{"assertion": "extra-secret"})
	if err != nil {
		t.Fatal(err)
	}
	request.Form = form
	for name, read := range map[string]bool{"sent": true, "not sent": false} {
		t.Run(name, func(t *testing.T) {
			caller := newCaller(t, oauth.CallerOptions{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
				text := "refresh-token-1 refresh-token-1%20 extra-secret"
				if read {
					raw, _ := io.ReadAll(r.Body)
					text = string(raw)
				}
				inner := errors.New("broken after " + text + " " + r.Header.Get("Authorization") + " " + r.URL.String() + "\r\nnext line")
				return nil, &url.Error{Op: "Post", URL: r.URL.String(), Err: inner}
			})})
			reply := caller.Post(t.Context(), request)
			if reply.Err == nil || reply.Sent != read {
				t.Fatalf("reply = %+v", reply)
			}
			for _, leak := range []string{"refresh-token-1", "extra-secret", "query-secret", "Y2xpZW50LTE6", "\r", "\n"} {
				if strings.Contains(reply.Err.Error(), leak) {
					t.Errorf("the error shows %q: %v", leak, reply.Err)
				}
			}
			if !read && !strings.HasPrefix(reply.Err.Error(), "broken after (redacted)") {
				t.Errorf("the error of an unsent request lost its words: %v", reply.Err)
			}
		})
	}
}
