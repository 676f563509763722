package credential

import (
	"errors"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// A state that is ahead of the store, which was restored from a backup, brings token and secret back before any is sent.
func TestHealRegistration(t *testing.T) {
	t.Parallel()
	replica := func(reg Registration) RegistrationReplica {
		return RegistrationReplica{Family: reg.Record.Family, Generation: reg.Record.Generation, Client: reg.Client, Dynamic: *reg.Dynamic}
	}
	for _, tt := range []struct {
		name   string
		change func(*RegistrationReplica)
		heals  bool
		lost   bool // what is refused then counts as lost
	}{
		{"ahead", func(*RegistrationReplica) {}, true, false},
		{"not ahead", func(p *RegistrationReplica) { p.Generation = 1 }, false, false},
		{"of another family", func(p *RegistrationReplica) { p.Family = "other" }, false, false},
		{"of no known family", func(p *RegistrationReplica) { p.Family = "" }, false, false},
		{"without secrets", func(p *RegistrationReplica) {
			p.Client.ClientSecret, p.Dynamic.Token = secret.String{}, secret.String{}
		}, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := newRegistrar(w)
			if _, _, err := s.start(t).Register(t.Context(), theName, theWish("a1")); err != nil {
				t.Fatal(err)
			}
			backup := w.app()
			backup.Attachment.Attached = true
			reg, _, err := s.start(t).CheckRegistration(t.Context(), theName)
			if err != nil {
				t.Fatal(err)
			}
			w.appMust(t, func(r *Record) { *r = backup.clone() })
			p := replica(reg)
			tt.change(&p)
			m := s.start(t)
			for range 2 {
				if err := m.HealRegistration(t.Context(), theName, p); err != nil {
					t.Fatal(err)
				}
			}
			if got := w.app(); s.accepts(got) != tt.heals {
				t.Errorf("the record has %+v", got)
			}
			_, notices, err := m.CheckRegistration(t.Context(), theName)
			r := w.app()
			if err != nil || (len(notices) == 0) != tt.heals || s.accepts(r) != tt.heals {
				t.Errorf("then read: %v %v, %+v", notices, err, r)
			}
			if tt.lost != (r.Registered.Dynamic.Refused != nil && r.Registered.Dynamic.Refused.Lost) {
				t.Errorf("refused: %+v", r.Registered.Dynamic.Refused)
			}
		})
	}
	w := newWorld(t)
	if err := newRegistrar(w).start(t).HealRegistration(t.Context(), theName, RegistrationReplica{Family: "f", Generation: 2}); err != nil || w.app().Status != "" {
		t.Errorf("a store without a record: %v", err)
	}
}

// Where a registration is managed is the server's to say, and not every word of it is fit to send a token to.
func TestManagementAddress(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, uri  string
		manageable bool
		kind       Kind // of the notice; empty: none
	}{
		{"relative", "/register/client-1", false, ""},
		{"not a web address", "urn:client-1", false, ""},
		{"in the clear", "http://as.example/register/client-1", true, KindConfiguration},
		{"another host", "https://other.example/register/client-1", true, ""},
	} {
		t.Run("at first, "+tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := newRegistrar(w)
			s.uri = tt.uri
			reg, notices, err := s.start(t).Register(t.Context(), theName, theWish("a1"))
			if err != nil || reg.Client.ClientID != "client-1" || reg.Dynamic.IsManageable() != tt.manageable {
				t.Fatalf("%+v, %v", reg, err)
			}
			if len(notices) > 0 != (tt.kind != "") || tt.kind != "" && !errors.Is(notices[0].Err, ErrManagementAddress) {
				t.Errorf("notices: %v", notices)
			}
			_, notices, err = s.start(t).CheckRegistration(t.Context(), theName)
			if err != nil || len(notices) > 0 != (tt.kind != "") || tt.kind != "" && s.calls["GET"] > 0 {
				t.Errorf("%d reads, %v, %v", s.calls["GET"], notices, err)
			}
		})
		t.Run("later, "+tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := newRegistrar(w)
			if _, _, err := s.start(t).Register(t.Context(), theName, theWish("a1")); err != nil {
				t.Fatal(err)
			}
			s.uri = tt.uri
			reg, _, err := s.start(t).CheckRegistration(t.Context(), theName)
			if err != nil {
				t.Fatal(err)
			}
			want := fakeHost + "/register/client-1"
			if tt.name == "another host" {
				want = tt.uri
			}
			if reg.Dynamic.URI != want || !s.accepts(w.app()) {
				t.Errorf("managed at %s", reg.Dynamic.URI)
			}
		})
	}
}

// A secret that nobody needs may end.
func TestExpiredSecretThatIsNotUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := newRegistrar(w).start(t)
	if _, _, err := m.Register(t.Context(), theName, theWish("a1")); err != nil {
		t.Fatal(err)
	}
	w.appMust(t, func(r *Record) {
		r.Registered.Dynamic.SecretExpiresAt = w.clock.Now()
		r.Registered.Dynamic.Current["token_endpoint_auth_method"] = secret.New(`"none"`)
	})
	pair := Client{Registration: theName, ClientID: "client-1", TokenEndpoint: fakeHost + "/token"}
	if _, err := m.Resolve(t.Context(), pair); err != nil {
		t.Error(err)
	}
}

// Some servers do not repeat a software statement; that is no drift.
func TestSoftwareStatementLeftOut(t *testing.T) {
	t.Parallel()
	all := map[string]secret.String{"software_statement": secret.New(`"signed"`), "client_name": secret.New(`"books"`)}
	d := Dynamic{Wanted: all, Answered: all, Current: map[string]secret.String{"client_name": secret.New(`"books"`)}}
	if got := d.Drifted(); len(got) > 0 {
		t.Error(got)
	}
	d.Current["software_statement"] = secret.New(`"other"`)
	if got := d.Drifted(); len(got) != 1 {
		t.Error(got)
	}
}

// Another order of the same redirect URIs is nothing to tell the server, and what token pairs take the first of.
func TestRedirectURIsInAnotherOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := newRegistrar(w)
	s.unmanaged = true
	wish := func(attachment, uris string) Wish {
		w := theWish(attachment)
		w.Metadata["redirect_uris"] = secret.New(uris)
		return w
	}
	m := s.start(t)
	if _, _, err := m.Register(t.Context(), theName, wish("died", `["https://a.example/","https://b.example/"]`)); err != nil {
		t.Fatal(err)
	}
	reg, _, err := m.Register(t.Context(), theName, wish("a1", `["https://b.example/","https://a.example/"]`))
	if err != nil || reg.RedirectURIs[0] != "https://b.example/" {
		t.Errorf("taken over: %v, %v", reg.RedirectURIs, err)
	}
	reg, _, err = m.UpdateRegistration(t.Context(), theName, wish("a1", `["https://a.example/","https://b.example/"]`), false)
	if err != nil || reg.RedirectURIs[0] != "https://a.example/" || s.calls["PUT"] > 0 {
		t.Errorf("updated: %v, %v", reg.RedirectURIs, err)
	}
}
