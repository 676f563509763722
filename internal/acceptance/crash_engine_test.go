//go:build unix

package acceptance_test

import (
	"context"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Processes of the engine that ships are killed, and stopped for longer than a claim lives, at every place: on each token
// store, and with each thing that a server may do when a spent refresh token comes again.
func TestEngineCrashMatrix(t *testing.T) {
	t.Parallel()
	m := newMatrix()
	t.Cleanup(func() { m.print(t) })
	for _, row := range []struct {
		at              behaviour
		postgres        bool
		killed, stopped map[string]fate
		overtaken       []string
	}{
		{at: rejects, killed: killed, stopped: takenOver},
		{at: revokes, killed: killed, stopped: takenOverFatally},
		{at: forgives, killed: killedInGrace, stopped: takenOverInGrace},
		{at: rejects, postgres: true, killed: killedRemotely, stopped: takenOverRemotely},
		{at: revokes, postgres: true, killed: killedRemotely, stopped: takenOverFatallyRemotely, overtaken: overtakenOnPostgres},
		{at: forgives, postgres: true, killed: killedInGraceRemotely, stopped: takenOverInGraceRemotely},
	} {
		store, places := "file", placesOf(row.at)
		toKill := places
		if row.postgres {
			store, places = "postgres", remotePlacesOf(row.at)
			toKill = behindKilled(places)
		}
		newSite := func(t *testing.T) *site {
			c := newEngineSite(t, row.at)
			if row.postgres {
				c.onPostgres()
			}
			return c
		}
		kill, stop := "SIGKILL, "+store+", "+row.at.name, "SIGSTOP, "+store+", "+row.at.name
		t.Run(kill, func(t *testing.T) {
			t.Parallel()
			c := newSite(t)
			c.configure(toKill, "")
			c.settle()
			for _, p := range toKill {
				killGroup.strike(c.bring(p))
				c.expectDone(p.name, rowOf(t, row.killed, p.name).done)
			}
			c.follow(m, kill, row.killed, claimTTL)
		})
		t.Run(stop, func(t *testing.T) {
			t.Parallel()
			c := newSite(t)
			c.overtaken = row.overtaken
			c.configure(places, "")
			c.stoppedBeyondTTL("", m, stop, row.stopped)
		})
	}
}

// engineDriver asks the engine alone, in processes without Terraform.
type engineDriver struct{ last map[string]answer }

// newEngineSite makes a site whose commands are engines.
func newEngineSite(t testing.TB, b behaviour) *site {
	t.Helper()
	c := newSite(t, b)
	c.driver = &engineDriver{}
	c.w = c.w.engines()
	return c
}

// configure puts the records into the token store as an apply does that brings tokens along.
func (*engineDriver) configure(c *site, tokens map[string]sandbox.Issued, _ string) {
	c.t.Helper()
	c.trust()
	for name, issued := range tokens {
		c.w.adopt(pairName(name), c.s, c.b.tokenPolicy, issued)
	}
}

func pairName(place string) string { return "crash-" + place }

// adopt makes the record of a token pair that was obtained elsewhere.
func (w *workspace) adopt(name string, s *server, policy credential.RefreshTokenPolicy, issued sandbox.Issued) {
	w.t.Helper()
	w.adoptFor(clientID, name, s, policy, issued)
}

func (w *workspace) adoptFor(client, name string, s *server, policy credential.RefreshTokenPolicy, issued sandbox.Issued) {
	w.t.Helper()
	m := w.engine()
	_, err := m.Attach(context.Background(), name, name, credential.Setup{Client: credential.Client{
		ClientID: client, ClientSecret: secret.New(clientSecret), TokenEndpoint: s.base + "/token", Policy: policy,
	}})
	if err == nil {
		_, _, err = m.Adopt(context.Background(), name, credential.Brought{
			Access: secret.New(issued.AccessToken), Refresh: secret.New(issued.RefreshToken), ExpiresAt: time.Now().Add(10 * time.Minute),
		})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func (*engineDriver) settle(*site) {}

func (*engineDriver) args(_ *site, name string, _ []string) []string { return []string{pairName(name)} }

func (d *engineDriver) apply(c *site, _ ...string) map[string][]printed {
	c.t.Helper()
	var names []string
	for _, p := range c.places {
		names = append(names, pairName(p.name))
	}
	d.last = c.w.terraform(names...).answers(c.t)
	said := map[string][]printed{}
	for _, p := range c.places {
		a := d.last[pairName(p.name)]
		summary := map[credential.Kind]string{
			credential.KindUnknown: "Outcome of a Refresh Unknown", credential.KindAuthorize: "Authorization Required",
		}[a.Kind]
		switch {
		case summary != "":
			said[c.address(p.name)] = []printed{{Severity: "warning", Summary: summary + ": " + pairName(p.name), Detail: a.Error}}
		case a.Error != "":
			c.t.Errorf("%s: the engine says %s", p.name, a.Error)
		}
	}
	return said
}

func (d *engineDriver) state(c *site) map[string]values {
	got := map[string]values{}
	for _, p := range c.places {
		a := d.last[pairName(p.name)]
		got[p.name] = values{"status": string(a.Status), "refresh_token": a.Refresh}
	}
	return got
}
