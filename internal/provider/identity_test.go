package provider

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/memstore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

// Rule 7 of DESIGN.md: the identity is the name, on every path of Create, Read and Update, early returns and warnings
// included, and none leaves an unknown. Core sends no identity here, as it does for a state of a version without: so what
// comes back is the provider's own.

// estate is a server, and stores by their path that outlive a provider process.
type estate struct {
	t      *testing.T
	server *sandbox.Server
	base   string
	stores map[string]*shakyStore
}

// shakyStore can be broken.
type shakyStore struct {
	store.Store
	broken bool
}

func (s *shakyStore) Get(ctx context.Context, key string) (store.Entry, error) {
	if s.broken {
		return store.Entry{}, errors.New("the disk is gone")
	}
	return s.Store.Get(ctx, key)
}

func newEstate(t *testing.T) *estate {
	t.Helper()
	s, err := sandbox.New(sandbox.Options{Clients: []sandbox.Client{{ID: "id", Secret: "secret", RedirectURIs: []string{"https://app.example.com/callback", "http://127.0.0.1/callback"}}}})
	must(t, err)
	running, err := s.Start(sandbox.Listen{})
	must(t, err)
	t.Cleanup(func() { must(t, running.Close()) })
	return &estate{t: t, server: s, base: running.BaseURL, stores: map[string]*shakyStore{}}
}

// peer starts a provider process with the settings.
func (e *estate) peer(settings object) *peer {
	e.t.Helper()
	p := newPeerWith(e.t, wiring.System(map[string]wiring.StoreKind{
		"file": {Open: func(url string) (store.Store, error) {
			if e.stores[url] == nil {
				e.stores[url] = &shakyStore{Store: memstore.New(url)}
			}
			return e.stores[url], nil
		}},
	}, func(location string) store.Store { return memstore.New(location) }))
	if all := p.configure(settings); len(all) > 0 {
		e.t.Fatal(all)
	}
	return p
}

func (e *estate) issue() string {
	e.t.Helper()
	issued, err := e.server.Issue("id")
	must(e.t, err)
	return issued.RefreshToken
}

func (e *estate) client() object {
	return object{"client_id": "id", "client_secret": "secret", "token_endpoint": e.base + "/token", "authorization_endpoint": e.base + "/authorize", "revocation_endpoint": e.base + "/revoke"}
}

// pair refreshes at every Read, so that every Read has something to tell.
func (e *estate) pair() object {
	return object{"name": "x", "client": e.client(), "preauthenticated": object{"refresh_token": e.issue()}, "refresh": object{"strategy": "every_read"}}
}

func (e *estate) registration() object {
	c := e.client()
	c["name"] = "x"
	return c
}

// managed is a resource with what core keeps of it between two calls.
type managed struct {
	typeName string
	state    *tfprotov6.DynamicValue
	private  []byte
}

func (p *peer) schema(m *managed) *tfprotov6.Schema { return p.schemas.ResourceSchemas[m.typeName] }

// named checks that an identity is the name, and known.
func named(p *peer, what, typeName string, got *tfprotov6.ResourceIdentityData) {
	p.t.Helper()
	if got == nil || got.IdentityData == nil {
		p.t.Errorf("%s of %s: no identity", what, typeName)
		return
	}
	all, err := p.server.GetResourceIdentitySchemas(p.t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	must(p.t, err)
	v, err := got.IdentityData.Unmarshal(all.IdentitySchemas[typeName].ValueType())
	must(p.t, err)
	if id := fromValue(p.t, v); !reflect.DeepEqual(id, object{"name": "x"}) {
		p.t.Errorf("%s of %s: the identity is %v", what, typeName, id)
	}
}

// change plans and applies a configuration, and checks the identity that comes back with a state.
func (p *peer) change(what string, m *managed, config object) []problem {
	p.t.Helper()
	s := p.schema(m)
	if m.state == nil {
		m.state = p.encode(s, nil)
	}
	next := p.proposedValue(s, config, m.state)
	plan, err := p.server.PlanResourceChange(p.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: m.typeName, PriorState: m.state, Config: p.encode(s, config), ProposedNewState: next, PriorPrivate: m.private,
	})
	must(p.t, err)
	if all := errorsOf(problems(plan.Diagnostics)); len(all) > 0 {
		p.t.Fatalf("%s: %v", what, all)
	}
	done, err := p.server.ApplyResourceChange(p.t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: m.typeName, PriorState: m.state, Config: p.encode(s, config), PlannedState: plan.PlannedState, PlannedPrivate: plan.PlannedPrivate,
	})
	must(p.t, err)
	if v, err := done.NewState.Unmarshal(s.ValueType()); err != nil || !v.IsNull() {
		m.state, m.private = done.NewState, done.Private
		named(p, what, m.typeName, done.NewIdentity)
	}
	return problems(done.Diagnostics)
}

// proposedValue is what core proposes: the configuration, and the prior values of what it leaves to the provider.
func (p *peer) proposedValue(s *tfprotov6.Schema, config object, prior *tfprotov6.DynamicValue) *tfprotov6.DynamicValue {
	p.t.Helper()
	old, err := prior.Unmarshal(s.ValueType())
	must(p.t, err)
	var was, is map[string]tftypes.Value
	must(p.t, toValue(p.t, s.ValueType(), withoutSuffix(config, "_wo")).As(&is))
	if !old.IsNull() {
		must(p.t, old.As(&was))
		for _, a := range s.Block.Attributes {
			if a.Computed && is[a.Name].IsNull() {
				is[a.Name] = was[a.Name]
			}
		}
	}
	d, err := tfprotov6.NewDynamicValue(s.ValueType(), tftypes.NewValue(s.ValueType(), is))
	must(p.t, err)
	return &d
}

// refresh reads the resource and checks its identity.
func (p *peer) refresh(what string, m *managed) []problem {
	p.t.Helper()
	resp, err := p.server.ReadResource(p.t.Context(), &tfprotov6.ReadResourceRequest{TypeName: m.typeName, CurrentState: m.state, Private: m.private})
	must(p.t, err)
	named(p, what, m.typeName, resp.NewIdentity)
	plan, err := p.server.PlanResourceChange(p.t.Context(), &tfprotov6.PlanResourceChangeRequest{ // which tells what Read leaves to it
		TypeName: m.typeName, PriorState: resp.NewState, ProposedNewState: resp.NewState, Config: resp.NewState, PriorPrivate: resp.Private,
	})
	must(p.t, err)
	all := problems(append(resp.Diagnostics, plan.Diagnostics...))
	if len(errorsOf(all)) == 0 {
		m.state, m.private = resp.NewState, resp.Private
	}
	if v, err := resp.NewState.Unmarshal(p.schema(m).ValueType()); err != nil || v.IsNull() {
		p.t.Errorf("%s: Read removed the resource", what)
	}
	return all
}

// wants checks the diagnostics: their number, and what one of them begins with.
func wants(t *testing.T, what string, all []problem, n int, summary string) {
	t.Helper()
	found := summary == ""
	for _, p := range all {
		found = found || len(p.text) >= len(summary) && p.text[:len(summary)] == summary
	}
	if len(all) != n || !found {
		t.Errorf("%s: %d diagnostics, want %d with %q: %v", what, len(all), n, summary, all)
	}
}
