package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// readBeforePlan reads as core does before a plan, and not before an apply. It makes the test's store be asked.
func (p *peer) readBeforePlan(state object) {
	p.t.Helper()
	p.read("oauth_token_pair", state, memory{})
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	p.world.asked = nil
}

// Core plans once more at apply, with what it has learnt by then. A replacement would come too late there, and core calls
// it inconsistent. Another walk begins with another configuration of the provider, in the same process or not.
func TestNoReplacementAtApply(t *testing.T) {
	t.Parallel()
	was, learnt := broughtPair(), with(broughtPair(), "client.client_id", "another")
	prior := priorOf("oauth_token_pair", was)
	p := newPeer(t, nil)
	for _, walk := range []struct {
		name     string
		read     bool
		replaces int
	}{{"plan", true, 1}, {"apply", false, 0}, {"plan again", true, 1}} {
		if all := p.configure(nil); len(all) > 0 {
			t.Fatal(all)
		}
		if walk.read {
			p.readBeforePlan(prior)
		}
		r := p.plan("oauth_token_pair", learnt, prior, memory{Family: "f", Attachment: "a", StoreID: "store-1"})
		if len(r.problems) > 0 || len(r.replaces) != walk.replaces {
			t.Errorf("%s: replaced by %v, want %d; %v", walk.name, r.replaces, walk.replaces, r.problems)
		}
		if got := outcomeOf(r, prior); !walk.read && got != authorizes { // consumers wait: what they will get is of another client
			t.Errorf("%s: %+v, want %+v", walk.name, got, authorizes)
		}
	}
}

// What a plan could not read, because the provider's settings came with the apply, is looked at by the apply: its own plan
// finds no difference in the configuration, and plans the update again.
func TestUnreadIsUpdated(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	for typeName, config := range map[string]object{"oauth_token_pair": broughtPair(), "oauth_app_registration": registrationBase()} {
		if all := p.configure(object{"token_store": unknown}); len(all) > 0 {
			t.Fatal(all)
		}
		prior := priorOf(typeName, config)
		s := p.schemas.ResourceSchemas[typeName]
		read, err := p.server.ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{
			TypeName: typeName, CurrentState: p.encode(s, prior), Private: privateBytes(t, memory{Family: "f", Attachment: "a", StoreID: "store-1"}),
		})
		must(t, err)
		if all := p.configure(nil); len(all) > 0 {
			t.Fatal(all)
		}
		plan, err := p.server.PlanResourceChange(t.Context(), &tfprotov6.PlanResourceChangeRequest{
			TypeName: typeName, PriorState: read.NewState, Config: p.encode(s, config), ProposedNewState: p.encode(s, proposed(s, config, prior)),
			PriorPrivate: read.Private,
		})
		must(t, err)
		before, err := read.NewState.Unmarshal(s.ValueType())
		must(t, err)
		after, err := plan.PlannedState.Unmarshal(s.ValueType())
		must(t, err)
		if after.Equal(before) {
			t.Errorf("%s: nothing is planned", typeName)
		}
		p.world.mustBeUntouched(t)
	}
}
