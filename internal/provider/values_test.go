package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// The phases in which core shows an error. Validation knows neither variables nor the provider's configuration.
const (
	inValidate  = "validate"
	inConfigure = "configure"
	inPlan      = "plan"
)

// badValue is one wrong configuration and what is said to it.
type badValue struct {
	base     object // the configuration without the mistake
	at       string // the dotted path of the mistake
	value    any
	provider object // the provider's configuration
	env      map[string]string
	phase    string   // inValidate if empty
	path     string   // where the error stands, if not at the mistake; "-" for an error without a path
	says     string   // what the one error says
	hidden   []string // texts that must not be shown
}

// wantedAt is where the error must stand.
func (b badValue) wantedAt() string {
	switch b.path {
	case "":
		return b.at
	case "-":
		return ""
	}
	return b.path
}

// check compares what a phase said with the one error that is wanted.
func (b badValue) check(t *testing.T, phase string, all []problem) {
	t.Helper()
	errs := errorsOf(all)
	wantPhase := b.phase
	if wantPhase == "" {
		wantPhase = inValidate
	}
	if len(errs) != 1 || errs[0].path != b.wantedAt() || !strings.Contains(errs[0].text, b.says) || phase != wantPhase {
		t.Errorf("%s = %.100v:\nin %s: %v\nwant in %s, at %q: %s", b.at, b.value, phase, errs, wantPhase, b.wantedAt(), b.says)
	}
	// Of a nested attribute core shows nothing but the head of its block: the text itself must name it.
	for _, e := range errs {
		if parent, _, nested := strings.Cut(e.path, "."); nested && !strings.Contains(e.text, parent+".") {
			t.Errorf("%s: the error does not say where it stands: %s", e.path, e.text)
		}
	}
	for _, p := range all {
		for _, text := range b.hidden {
			if strings.Contains(p.text, text) {
				t.Errorf("%s: the diagnostic shows %q: %s", b.at, text, p.text)
			}
		}
	}
}

// tryResource runs a configuration through the phases before an apply and returns the first that has errors.
func tryResource(t *testing.T, p *peer, typeName string, providerConfig, config object) (phase string, all []problem) {
	t.Helper()
	if all = p.validateResource(typeName, config); len(errorsOf(all)) > 0 {
		return inValidate, all
	}
	if all = p.configure(providerConfig); len(errorsOf(all)) > 0 {
		return inConfigure, all
	}
	return inPlan, p.plan(typeName, config, nil, memory{}).problems
}

// checkResource runs a table for one resource type. Nothing may be read, written or sent.
func checkResource(t *testing.T, typeName string, table []badValue) {
	t.Helper()
	p := newPeer(t, nil)
	good := map[string]bool{} // the bases that were tried
	for _, b := range table {
		if key := fmt.Sprint(b.provider, b.base); !good[key] {
			if phase, all := tryResource(t, p, typeName, b.provider, b.base); len(errorsOf(all)) > 0 {
				t.Errorf("the base of %s is wrong already, in %s: %v", b.at, phase, all)
				continue
			}
			good[key] = true
		}
		phase, all := tryResource(t, p, typeName, b.provider, with(b.base, b.at, b.value))
		b.check(t, phase, all)
		p.world.mustBeUntouched(t)
	}
}

// Every input of every type has a row in these tables, or a reason here why no value of it can be wrong.
func TestNoInputIsLeftOut(t *testing.T) {
	t.Parallel()
	anything := map[string]string{
		"refresh":              "an object, whose members have rows",
		"client":               "likewise",
		"authorization_code":   "likewise",
		"preauthenticated":     "likewise",
		"client_credentials":   "likewise",
		"device_code":          "likewise",
		"refresh_token_policy": "likewise",
	}
	p := newPeer(t, nil)
	covered := map[string]map[string]bool{}
	note := func(what string, table []badValue) {
		covered[what] = map[string]bool{}
		for _, b := range table {
			covered[what][b.at] = true
			covered[what][b.path] = true
		}
	}
	note("provider", badProviderValues())
	note("oauth_app_registration", badRegistrationValues())
	note("oauth_token_pair", badTokenPairValues())
	for name, table := range badDataValues() {
		note("data "+name, table)
	}
	for name, table := range badEphemeralValues() {
		note("ephemeral "+name, table)
	}
	var missing []string
	look := func(what string, s *tfprotov6.Schema) {
		attributesOf("", s.Block.Attributes, func(path string, a *tfprotov6.SchemaAttribute) {
			_, reason := anything[a.Name]
			if !covered[what][path] && !reason && !isBool(a) {
				missing = append(missing, what+" "+path)
			}
		})
	}
	look("provider", p.schemas.Provider)
	for name, s := range p.schemas.ResourceSchemas {
		look(name, s)
	}
	for name, s := range p.schemas.DataSourceSchemas {
		look("data "+name, s)
	}
	for name, s := range p.schemas.EphemeralResourceSchemas {
		look("ephemeral "+name, s)
	}
	if slices.Sort(missing); len(missing) > 0 {
		t.Errorf("no bad value is tried for:\n%s", strings.Join(missing, "\n"))
	}
	if want := []string{
		"data oauth_access_token", "data oauth_authorization_server", "data oauth_platform", "data oauth_token_introspection", "data oauth_token_pair",
		"ephemeral oauth_access_token", "ephemeral oauth_api_proxy", "ephemeral oauth_token_introspection", "oauth_app_registration", "oauth_token_pair", "provider",
	}; !slices.Equal(slices.Sorted(maps.Keys(covered)), want) {
		t.Errorf("tables: %v", covered)
	}
}
