package credential

import (
	"fmt"
	"net/url"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// granting is how the server answers grants that need no browser.
type granting struct {
	refusal string // the error code of what a client asks for by itself; empty: none
	austere bool   // no refresh token comes along
	asked   []url.Values

	device  string   // the code that was given last
	devices int      // how many
	polls   []string // planned error codes of polls; an empty text, and what comes after, is a token
	polled  []time.Time
	spent   bool // the tokens of the device code were issued
}

const grantDevice = "urn:ietf:params:oauth:grant-type:device_code"

// further answers what the other handlers do not. s.mu is held.
func (s *fakeServer) further(path string, form url.Values) (int, string, bool) {
	g := &s.granting
	switch {
	case path == "/device":
		g.asked = append(g.asked, form)
		g.devices++
		s.issued++
		g.device, g.spent = fmt.Sprintf("device-%d-77aa", s.issued), false
		s.secrets = append(s.secrets, g.device)
		return 200, fmt.Sprintf(`{"device_code":%q,"user_code":"AB-%d","verification_uri":"https://as.example/d","expires_in":900,"interval":5}`, g.device, g.devices), true
	case form.Get("grant_type") == grantDevice:
		return s.poll(form)
	case form.Get("grant_type") == "":
		return 0, "", false
	}
	g.asked = append(g.asked, form)
	if g.refusal != "" {
		return 400, `{"error":"` + g.refusal + `","error_description":"not you, ` + form.Get("password") + `"}`, true
	}
	s.issued++
	family := fmt.Sprintf("grant%d", s.issued)
	refresh := ""
	if !g.austere {
		refresh = s.newRefresh(family)
	}
	return 200, s.issue(family, refresh), true
}

func (s *fakeServer) poll(form url.Values) (int, string, bool) {
	g := &s.granting
	g.polled = append(g.polled, s.clock.Now())
	planned := ""
	if len(g.polls) > 0 {
		planned, g.polls = g.polls[0], g.polls[1:]
	}
	switch {
	case form.Get("device_code") != g.device:
		planned = "invalid_grant"
	case g.spent:
		s.reuses++
		planned = "invalid_grant"
	}
	if planned != "" {
		return 400, `{"error":"` + planned + `","error_description":"of ` + form.Get("device_code") + `"}`, true
	}
	g.spent = true
	s.issued++
	family := fmt.Sprintf("grant%d", s.issued)
	return 200, s.issue(family, s.newRefresh(family)), true
}

// passwordGrant is a grant that brings refresh tokens.
func passwordGrant() *Grant {
	return &Grant{
		Type: oauth.GrantPassword, Scopes: []string{"read"}, Resource: []string{"https://r.example/"},
		Parameters: map[string]string{"username": "u"}, Secrets: map[string]secret.String{"password": secret.New("the-passw0rd")},
	}
}

func byPassword(s *Setup) { s.Grant, s.Source = passwordGrant(), "password" }

// deviceClient is a client that can get device codes.
func (w *world) deviceClient() Client {
	c := w.client()
	c.DeviceAuthorizationEndpoint = fakeHost + "/device"
	return c
}

// deviceOffered makes a record with a device code that waits.
func (w *world) deviceOffered() Record {
	w.t.Helper()
	m := w.start(func(o *Options) { o.Store = w.plain })
	_, err := m.Attach(w.t.Context(), theName, "a1", Setup{Client: w.deviceClient(), Source: "device_code"})
	if err == nil {
		_, err = m.OfferDevice(w.t.Context(), theName, DeviceRequest{Scopes: []string{"read"}})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.server.mu.Lock()
	w.server.calls = 0
	w.server.mu.Unlock()
	return w.record()
}
