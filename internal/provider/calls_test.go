package provider

import (
	"encoding/json"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func (p *peer) validateProvider(config object) []problem {
	p.t.Helper()
	resp, err := p.server.ValidateProviderConfig(p.t.Context(), &tfprotov6.ValidateProviderConfigRequest{Config: p.encode(p.schemas.Provider, config)})
	must(p.t, err)
	return problems(resp.Diagnostics)
}

func (p *peer) configure(config object) []problem {
	p.t.Helper()
	if config == nil {
		config = object{} // core sends an empty block
	}
	resp, err := p.server.ConfigureProvider(p.t.Context(), &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: "1.14.0", Config: p.encode(p.schemas.Provider, config),
	})
	must(p.t, err)
	return problems(resp.Diagnostics)
}

func (p *peer) validateResource(typeName string, config object) []problem {
	p.t.Helper()
	resp, err := p.server.ValidateResourceConfig(p.t.Context(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: typeName, Config: p.encode(p.schemas.ResourceSchemas[typeName], config),
		ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
	})
	must(p.t, err)
	return problems(resp.Diagnostics)
}

func (p *peer) validateData(typeName string, config object) []problem {
	p.t.Helper()
	resp, err := p.server.ValidateDataResourceConfig(p.t.Context(), &tfprotov6.ValidateDataResourceConfigRequest{
		TypeName: typeName, Config: p.encode(p.schemas.DataSourceSchemas[typeName], config),
	})
	must(p.t, err)
	return problems(resp.Diagnostics)
}

func (p *peer) readData(typeName string, config object) []problem {
	p.t.Helper()
	resp, err := p.server.ReadDataSource(p.t.Context(), &tfprotov6.ReadDataSourceRequest{
		TypeName: typeName, Config: p.encode(p.schemas.DataSourceSchemas[typeName], config),
	})
	must(p.t, err)
	return problems(resp.Diagnostics)
}

func (p *peer) validateEphemeral(typeName string, config object) []problem {
	p.t.Helper()
	resp, err := p.server.ValidateEphemeralResourceConfig(p.t.Context(), &tfprotov6.ValidateEphemeralResourceConfigRequest{
		TypeName: typeName, Config: p.encode(p.schemas.EphemeralResourceSchemas[typeName], config),
	})
	must(p.t, err)
	return problems(resp.Diagnostics)
}

func (p *peer) openEphemeral(typeName string, config object) []problem {
	p.t.Helper()
	resp, err := p.server.OpenEphemeralResource(p.t.Context(), &tfprotov6.OpenEphemeralResourceRequest{
		TypeName: typeName, Config: p.encode(p.schemas.EphemeralResourceSchemas[typeName], config),
	})
	must(p.t, err)
	return problems(resp.Diagnostics)
}

// planned is what a plan came to.
type planned struct {
	problems []problem
	state    object // the planned state
	replaces []string
	private  []byte
}

// plan plans a resource as core does: prior is the state, nil to create, and private what the resource keeps beside it.
func (p *peer) plan(typeName string, config, prior object, private memory) planned {
	p.t.Helper()
	s := p.schemas.ResourceSchemas[typeName]
	resp, err := p.server.PlanResourceChange(p.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: typeName, PriorState: p.encode(s, prior), Config: p.encode(s, config),
		ProposedNewState: p.encode(s, proposed(s, config, prior)), PriorPrivate: privateBytes(p.t, private),
	})
	must(p.t, err)
	result := planned{problems: problems(resp.Diagnostics), private: resp.PlannedPrivate}
	for _, r := range resp.RequiresReplace {
		result.replaces = append(result.replaces, dotted(r))
	}
	if resp.PlannedState != nil {
		v, err := resp.PlannedState.Unmarshal(s.ValueType())
		must(p.t, err)
		result.state, _ = fromValue(p.t, v).(object)
	}
	return result
}

// read reads a resource and returns its new state.
func (p *peer) read(typeName string, state object, private memory) (object, []problem) {
	p.t.Helper()
	s := p.schemas.ResourceSchemas[typeName]
	resp, err := p.server.ReadResource(p.t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName: typeName, CurrentState: p.encode(s, state), Private: privateBytes(p.t, private),
	})
	must(p.t, err)
	v, err := resp.NewState.Unmarshal(s.ValueType())
	must(p.t, err)
	next, _ := fromValue(p.t, v).(object)
	return next, problems(resp.Diagnostics)
}

// apply applies a change: to create without a prior state, to destroy without a planned one.
func (p *peer) apply(typeName string, config, prior, plan object, private memory) []problem {
	p.t.Helper()
	s := p.schemas.ResourceSchemas[typeName]
	resp, err := p.server.ApplyResourceChange(p.t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: typeName, Config: p.encode(s, config), PriorState: p.encode(s, prior), PlannedState: p.encode(s, plan),
		PlannedPrivate: privateBytes(p.t, private),
	})
	must(p.t, err)
	return problems(resp.Diagnostics)
}

// privateBytes is the framework's form of a private state.
func privateBytes(t interface {
	Helper()
	Fatal(...any)
}, m memory) []byte {
	t.Helper()
	inner, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string][]byte{memoryKey: inner})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// proposed is what core proposes: the configuration, without what is write-only, and the prior values of what the
// configuration leaves to the provider.
func proposed(s *tfprotov6.Schema, config, prior object) object {
	if config == nil {
		return nil
	}
	next := withoutSuffix(config, "_wo")
	for _, a := range s.Block.Attributes {
		if a.Computed && next[a.Name] == nil && prior != nil {
			next[a.Name] = prior[a.Name]
		}
	}
	return next
}

func withoutSuffix(o object, suffix string) object {
	c := object{}
	for name, v := range o {
		if strings.HasSuffix(name, suffix) {
			continue
		}
		if inner, ok := v.(object); ok {
			v = withoutSuffix(inner, suffix)
		}
		c[name] = v
	}
	return c
}

// attributesOf lists the inputs of a schema with their dotted paths.
func attributesOf(prefix string, attributes []*tfprotov6.SchemaAttribute, each func(path string, a *tfprotov6.SchemaAttribute)) {
	for _, a := range attributes {
		if !a.Optional && !a.Required {
			continue
		}
		each(prefix+a.Name, a)
		if a.NestedType != nil {
			attributesOf(prefix+a.Name+".", a.NestedType.Attributes, each)
		}
	}
}

func isBool(a *tfprotov6.SchemaAttribute) bool { return a.Type != nil && a.Type.Is(tftypes.Bool) }
