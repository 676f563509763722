package platform

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestData validates every entry: what a contributor gets wrong shows here, with the name of the fact.
func TestData(t *testing.T) {
	t.Parallel()
	for _, id := range IDs() {
		t.Run(id, func(t *testing.T) {
			text, err := data.ReadFile("data/" + id + ".json")
			if err != nil {
				t.Fatal(err)
			}
			e, err := Parse(text)
			if err != nil {
				t.Fatal(hinted(err.Error()))
			}
			if e.ID != id {
				t.Errorf("the id is %q, and the file is %s.json", e.ID, id)
			}
			for _, wrong := range check(e) {
				t.Error(hinted(wrong))
			}
		})
	}
}

// hinted adds to what is wrong with a fact how it is written.
func hinted(wrong string) string {
	if strings.Contains(wrong, "unknown field") {
		return wrong + "; entry.go lists the members of an entry, and fact.go those of a fact"
	}
	fact, _, _ := strings.Cut(wrong, ":")
	g := GuideTo(strings.TrimSuffix(fact, "[0]"))
	if g.Form == "" || strings.Contains(wrong, "; ") {
		return wrong
	}
	return fmt.Sprintf("%s; its value is %s, and is written as %s", wrong, g.Meaning, g.Form)
}

func TestHinted(t *testing.T) {
	t.Parallel()
	for wrong, want := range map[string]string{
		`access_token_lifetime: "20 minutes" is not a duration`: `access_token_lifetime: "20 minutes" is not a duration; its value is how long an access token lives; ` +
			`used only where the reply does not tell (` + "`expires_in`" + `), and is written as "15m"`,
		`json: unknown field "pkc"`:                             `json: unknown field "pkc"; entry.go lists the members of an entry, and fact.go those of a fact`,
		`pkce: "x" is not among its values; one of unsupported`: `pkce: "x" is not among its values; one of unsupported`,
		"a note is no sentence":                                 "a note is no sentence",
	} {
		if got := hinted(wrong); got != want {
			t.Errorf("%s: got %s", wrong, got)
		}
	}
}

func check(e Entry) []string {
	c := &checker{e: e}
	c.when(!regexp.MustCompile(`^[a-z][a-z0-9_]{1,40}$`).MatchString(e.ID), "id %q", e.ID)
	c.when(strings.TrimSpace(e.Name) == "", "no name")
	c.when(!slices.Contains([]Kind{OAuth2, CustomGrant, NotOAuth}, e.Kind), "kind %q", e.Kind)
	c.when(e.Kind == NotOAuth && len(e.Notes) == 0, "kind not_oauth, and no note says why")
	c.when(len(e.Docs) == 0, "no docs")
	for _, d := range e.Docs {
		c.webPage("docs", d)
	}
	for _, n := range e.Notes {
		c.when(!strings.HasSuffix(strings.TrimSpace(n), "."), "a note is no sentence: %q", n)
	}
	c.evidence()
	c.variables()
	c.endpoints()
	c.facts()
	return c.wrong
}

// evidence: whatever is said names sources that exist, and every source serves something.
func (c *checker) evidence() {
	said := map[string]Evidence{}
	for _, f := range c.e.All() {
		if f.Known() {
			said[f.Name] = f.Evidence()
			_, is := f.Text()
			write := GuideTo(f.Name).NoNull
			c.when(!is && write != "", "%s: null says nothing here; write %s", f.Name, write)
		}
	}
	for _, v := range c.e.Variables {
		said[fmt.Sprintf("variable %q", v.Name)] = v.Evidence
	}
	if c.e.Kind != OAuth2 {
		said["kind"] = c.e.KindEvidence
	}
	used := map[string]bool{}
	for what, ev := range said {
		c.when(len(ev.Sources) == 0, "%s has no source", what)
		c.when(!slices.Contains(confidences(), ev.Confidence), "%s: confidence %q", what, ev.Confidence)
		c.when(ev.Confidence == Low && ev.Note == "", "%s is not sure, and no note says what else may be true", what)
		for _, s := range ev.Sources {
			_, ok := c.e.Sources[s]
			c.when(!ok, "%s: source %q is not listed", what, s)
			used[s] = true
		}
	}
	for name, s := range c.e.Sources {
		c.when(!used[name], "source %q is of no use", name)
		c.when(strings.TrimSpace(s.Title) == "", "source %q has no title", name)
		if s.URL != "" {
			c.webPage("source "+name, s.URL)
		}
		_, err := time.Parse(time.DateOnly, s.Read)
		c.when(err != nil, "source %q was read %q", name, s.Read)
	}
}

// variables: each stands in a template, and each template knows its variables.
func (c *checker) variables() {
	templates := c.templates()
	known := map[string]bool{}
	for _, v := range c.e.Variables {
		known[v.Name] = true
		c.when(!strings.Contains(strings.Join(templates, " "), "{"+v.Name+"}"), "variable %q stands in no template", v.Name)
		c.when(v.Description == "" || strings.HasSuffix(v.Description, "."), "variable %q: the description is a clause without a full stop", v.Name)
		c.when(v.Values != nil && v.Pattern != "", "variable %q has values and a pattern", v.Name)
		for _, example := range examples(v) {
			_, err := v.take(example)
			c.when(err != nil, "variable %q does not take %q: %v", v.Name, example, err)
		}
		c.when(len(examples(v)) == 0, "variable %q has no example", v.Name)
		for _, evil := range []string{"", "a/b", "a@b", "a#b", "a?b", "a b", "a\nb", "a%2fb", strings.Repeat("a", 300)} {
			value, err := v.take(evil)
			u, parseErr := url.Parse(value)
			c.when(err == nil && evil != v.Default && (parseErr != nil || u.Scheme != "https"), "variable %q takes %q", v.Name, evil)
		}
	}
	for _, t := range templates {
		for _, found := range placeholder.FindAllStringSubmatch(t, -1) {
			c.when(!known[found[1]] && found[1] != "access_token" && found[1] != "state", "%q has an unknown variable", t)
		}
	}
}

// examples are values to try a variable with.
func examples(v Variable) []string {
	all := slices.Sorted(maps.Keys(v.Values))
	for _, one := range []string{v.Default, v.Example} {
		if one != "" {
			all = append(all, one)
		}
	}
	return all
}

// templates are all texts in which variables may stand.
func (c *checker) templates() []string {
	all := slices.Collect(maps.Values(c.endpointTemplates()))
	for _, p := range []Fact[map[string]string]{c.e.AuthorizationParameters, c.e.TokenParameters, c.e.RefreshParameters} {
		all = slices.AppendSeq(all, maps.Values(p.Or(nil)))
	}
	for _, l := range c.e.LookUps.Or(nil) {
		all = append(all, l.URL)
	}
	return all
}

// endpoints: with every value of every variable they are URLs that the engine would call.
func (c *checker) endpoints() {
	_, hasToken := c.e.TokenEndpoint.Get()
	c.when(c.e.Kind != NotOAuth && !hasToken, "no token_endpoint")
	_, introspection := c.e.IntrospectionEndpoint.Get()
	_, lifetime := c.e.AccessTokenLifetime.Get()
	c.when(c.e.LifetimeSource.Or("") == FromIntrospection && (!introspection || !lifetime), "an introspected lifetime without introspection_endpoint, or access_token_lifetime to assume")
	for _, p := range everyParameters(c.e) {
		resolved, err := c.e.Resolve(p)
		if err != nil {
			c.when(true, "%v: %v", p, err)
			continue
		}
		addresses := &checker{e: resolved}
		addresses.addresses()
		for _, wrong := range addresses.wrong {
			c.when(true, "%s with %v", wrong, p)
		}
	}
}

// everyParameters varies one variable at a time.
func everyParameters(e Entry) []map[string]string {
	first := map[string]string{}
	for _, v := range e.Variables {
		if all := examples(v); len(all) > 0 {
			first[v.Name] = all[0]
		}
	}
	all := []map[string]string{first}
	for _, v := range e.Variables {
		for _, example := range examples(v) {
			p := maps.Clone(first)
			p[v.Name] = example
			all = append(all, p)
		}
	}
	return all
}

// TestCheckFindsFaults breaks a sound entry in one way each.
func TestCheckFindsFaults(t *testing.T) {
	t.Parallel()
	text, err := data.ReadFile("data/exact_online.json")
	if err != nil {
		t.Fatal(err)
	}
	fact := func(value string) string { return `{"value":` + value + `,"sources":["picqer"],"confidence":"low"}` }
	for name, tt := range map[string]struct{ member, value, want string }{
		"id":                   {"id", `"Exact"`, `id "Exact"`},
		"no docs":              {"docs", `[]`, "no docs"},
		"kind":                 {"kind", `"oauth1"`, `kind "oauth1"`},
		"note":                 {"notes", `["no sentence"]`, "no sentence"},
		"no source":            {"pkce", `{"value":"optional","sources":[],"confidence":"low"}`, "pkce has no source"},
		"unlisted source":      {"pkce", `{"value":"optional","sources":["nobody"],"confidence":"low"}`, `source "nobody" is not listed`},
		"confidence":           {"pkce", `{"value":"optional","sources":["picqer"],"confidence":"sure"}`, `confidence "sure"`},
		"doubt without note":   {"pkce", `{"value":"optional","sources":["picqer"],"confidence":"low"}`, "pkce is not sure, and no note"},
		"groundless variable":  {"variables", `[{"name":"country","description":"a thing","example":"h","confidence":"high"}]`, `variable "country" has no source`},
		"doubtful variable":    {"variables", `[{"name":"country","description":"a thing","example":"h","sources":["picqer"]}]`, `variable "country": confidence ""`},
		"groundless kind":      {"kind", `"not_oauth"`, "kind has no source"},
		"unused source":        {"sources", `{"x":{"title":"x","read":"2026-11-21"}}`, `source "x" is of no use`},
		"unknown variable":     {"token_endpoint", fact(`"https://{host}/token"`), "unknown variable"},
		"endpoint in clear":    {"token_endpoint", fact(`"http://{country}/token"`), "token_endpoint: unusable request"},
		"no token endpoint":    {"token_endpoint", fact(`null`), "no token_endpoint"},
		"variable for nothing": {"variables", `[{"name":"x","description":"a thing","default":"y"}]`, `variable "x" stands in no template`},
		"open pattern":         {"variables", `[{"name":"country","description":"a thing","pattern":".*","example":"h"}]`, `takes "a/b"`},
		"grant":                {"grant_types_supported", fact(`["magic"]`), `grant_types_supported: "magic"`},
		"method":               {"token_endpoint_auth_methods_supported", fact(`["auto"]`), `supported: "auto"`},
		"rotation":             {"rotation", fact(`"often"`), `rotation: "often"`},
		"grace":                {"rotation", fact(`"single_use_grace"`), "without grace_period"},
		"introspection":        {"access_token_lifetime_source", fact(`"introspection"`), "an introspected lifetime without introspection_endpoint"},
		"zero for none":        {"idle_lifetime", fact(`"0s"`), "or null for none"},
		"never too early":      {"earliest_refresh", fact(`"601s"`), "earliest_refresh: 10m1s is above access_token_lifetime, which is 10m"},
		"budget":               {"error_budget", fact(`{"limit":1,"window":"1h"}`), "error_budget"},
		"protocol parameter":   {"authorization_parameters", fact(`{"state":"x"}`), `"state" belongs to the protocol`},
		"null for a word":      {"pkce", fact(`null`), `pkce: null says nothing here; write "unsupported"`},
		"separator":            {"scope_separator", fact(`";"`), "scope_separator"},
		"rule for everything":  {"errors", fact(`[{"class":"too_early"}]`), "fits everything"},
		"class":                {"errors", fact(`[{"status":[400],"class":"odd"}]`), `class "odd"`},
		"rule's confidence":    {"errors", fact(`[{"status":[400],"class":"too_early","confidence":"sure"}]`), `errors[0]: confidence "sure"`},
		"expression":           {"errors", fact(`[{"error_description":"(","class":"too_early"}]`), "missing closing"},
		"wait":                 {"errors", fact(`[{"status":[400],"class":"too_early","wait":"-1s"}]`), "wait"},
		"pick":                 {"look_ups", fact(`[{"name":"x","url":"https://{country}/","pick":"id"}]`), "look_ups"},
		"look-up in clear":     {"look_ups", fact(`[{"name":"x","url":"http://{country}/","pick":"$"}]`), "look_ups x: unusable request"},
		"connection":           {"connection_details", fact(`[{"name":"x","from":"nowhere"}]`), "connection"},
	} {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(text, &members); err != nil {
			t.Fatal(err)
		}
		members[tt.member] = json.RawMessage(tt.value)
		broken, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		e, err := Parse(broken)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if found := strings.Join(check(e), "\n"); !strings.Contains(found, tt.want) {
			t.Errorf("%s: not found: %q; found instead: %q", name, tt.want, found)
		}
	}
}
