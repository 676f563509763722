package credential

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// fakeLooker answers look-ups.
type fakeLooker struct {
	replies map[string]oauth.Reply // by URL
	asked   []string               // URL and token
}

func (f *fakeLooker) LookUp(_ context.Context, resource string, access oauth.Access) oauth.Reply {
	token := access.Token
	f.asked = append(f.asked, resource+" "+token.Reveal())
	return f.replies[resource]
}

func found(status int, body string) oauth.Reply {
	return oauth.Reply{Sent: true, Status: status, Body: secret.New(body)}
}

// TestLookUp: what the reply does not say is looked up once, kept, counted if it is refused, and never a reason to fail.
func TestLookUp(t *testing.T) {
	t.Parallel()
	preset := Preset{
		TokenEndpoint: "https://acme.example/token", Policy: RefreshTokenPolicy{ErrorBudget: ErrorBudget{Limit: 5, Window: time.Hour}},
		LookUps: []LookUp{{"cloudId", "https://api.example/sites", "$[0].id"}, {"region", "https://api.example/region", "$.region"}},
	}
	w, _, _ := platformed(t, preset)
	api := &fakeLooker{replies: map[string]oauth.Reply{"https://api.example/sites": found(200, `[{"id":"c-1"}]`), "https://api.example/region": found(403, `{}`)}}
	start := func() *Manager {
		return w.start(func(o *Options) {
			o.Looker = api
			o.Presets = func(string, map[string]string, string) (Preset, error) { return preset, nil }
		})
	}
	alive := w.record()
	alive.Tokens.ExpiresAt = w.clock.Now().Add(time.Hour)
	access := alive.Tokens.Access.Reveal()
	w.put(alive)
	m := start()
	look := func(m *Manager) (Record, []Notice) {
		t.Helper()
		r, err := m.Peek(t.Context(), theName)
		if err != nil {
			t.Fatal(err)
		}
		return m.LookUp(t.Context(), theName, r)
	}
	r, notices := look(m)
	w.wantNotices(notices, NoticeNotLookedUp)
	if notices[0].Text != "region" || notices[0].Err.Error() != "the answer was HTTP 403" {
		t.Errorf("notice %+v", notices[0])
	}
	if got := w.record().Tokens.Connection; !maps.Equal(got, map[string]string{"cloudId": "c-1"}) || !maps.Equal(r.Tokens.Connection, got) {
		t.Errorf("connection %v, returned %v", got, r.Tokens.Connection)
	}
	if l, err := m.ledger(t.Context(), w.record().Client); err != nil || len(l.Refusals) != 0 {
		t.Errorf("a budget of another endpoint: %v, %v", l.Refusals, err)
	}
	l, err := m.ledger(t.Context(), m.known(w.record().Client).completed())
	if err != nil || len(l.Refusals) != 1 || len(l.UnderWay) != 0 || l.Refusals[0].HTTP != 403 || l.Refusals[0].Code != lookUpCode {
		t.Errorf("the budget holds %v, %v", l.Refusals, err)
	}
	if _, notices := look(m); notices != nil || len(api.asked) != 2 {
		t.Errorf("asked again in the same process: %v, %q", notices, api.asked)
	}

	w.clock.pass(59 * time.Minute)
	alive.Tokens.ExpiresAt = w.clock.Now().Add(time.Hour)
	refused := w.record()
	refused.Tokens.ExpiresAt = alive.Tokens.ExpiresAt
	w.put(refused)
	if _, notices := look(start()); len(notices) != 1 || notices[0].Err.Error() != "it was refused within the last hour" || len(api.asked) != 2 {
		t.Errorf("within an hour of a refusal: %+v, %q", notices, api.asked)
	}
	w.clock.pass(time.Minute)
	api.replies["https://api.example/region"] = found(200, `{"region":"eu"}`)
	if _, notices := look(start()); notices != nil || len(api.asked) != 3 || api.asked[2] != "https://api.example/region "+access {
		t.Errorf("%v, %q", notices, api.asked)
	}
	if _, notices := look(start()); notices != nil || len(api.asked) != 3 {
		t.Errorf("asked for what is known: %v, %q", notices, api.asked)
	}
	for body, wrong := range map[string]string{
		`{"region":"` + access + `"}`: "the answer repeats a token", `{"region":"https://x/?t=1"}`: "what the answer says is no address or id", `<html>`: "the answer is not JSON",
	} {
		api.replies["https://api.example/region"] = found(200, body)
		r := w.record()
		delete(r.Tokens.Connection, "region")
		w.put(r)
		if _, notices := look(start()); len(notices) != 1 || notices[0].Err.Error() != wrong {
			t.Errorf("%s: %+v", body, notices)
		}
	}

	asked := len(api.asked)
	for what, change := range map[string]func(*Record){
		"another server's tokens":  func(r *Record) { r.Client.TokenEndpoint = "https://other.example/token" },
		"an expired token":         func(r *Record) { r.Tokens.ExpiresAt = w.clock.Now() },
		"a token that was refused": func(r *Record) { r.Status = StatusAuthorizationRequired },
	} {
		r := w.record()
		change(&r)
		w.put(r)
		if _, notices := look(start()); notices != nil || len(api.asked) != asked {
			t.Errorf("%s: %v, asked %q", what, notices, api.asked[asked:])
		}
		w.put(alive)
	}
}
