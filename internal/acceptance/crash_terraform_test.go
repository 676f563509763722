//go:build unix

package acceptance_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

// terraformDriver drives the real terraform, with the provider that ships.
type terraformDriver struct{}

func (terraformDriver) configure(c *site, tokens map[string]sandbox.Issued, more string) {
	c.t.Helper()
	var lines strings.Builder
	for _, p := range c.places {
		fmt.Fprintf(&lines, "    %q = %q\n", p.name, tokens[p.name].RefreshToken)
	}
	c.w.write(c.providerBlock() + fmt.Sprintf(`
resource "oauth_token_pair" "p" {
  for_each = {
%s  }
  name             = "crash-${each.key}"
  client           = %s
  preauthenticated = { refresh_token = each.value }
  %s
}
`, lines.String(), c.s.client(c.b.policy), more))
}

// providerBlock makes the provider trust the server, and so does the stepping transport.
func (c *site) providerBlock() string {
	path := c.trust()
	if path == "" {
		return ""
	}
	return fmt.Sprintf("provider \"oauth\" {\n  ca_certificate_pem = file(%q)\n}\n", path)
}

// settle applies, and lets a Read find what Create has left.
func (terraformDriver) settle(c *site) {
	c.t.Helper()
	c.w.apply()
	c.w.plan()
}

func (terraformDriver) args(c *site, name string, command []string) []string {
	return append(command[:len(command):len(command)], "-target="+c.address(name))
}

// state reads the attributes of every pair from the state file, without the cost of a command.
func (terraformDriver) state(c *site) map[string]values {
	c.t.Helper()
	got := map[string]values{}
	text, err := os.ReadFile(c.w.statePath())
	if os.IsNotExist(err) || (err == nil && len(text) == 0) { // a killed core leaves that
		return got
	}
	if err != nil {
		c.t.Fatal(err)
	}
	var state struct {
		Resources []struct {
			Type      string `json:"type"`
			Instances []struct {
				Key        string `json:"index_key"`
				Attributes values `json:"attributes"`
				Status     string `json:"status"`
			} `json:"instances"`
		} `json:"resources"`
	}
	if err := json.Unmarshal(text, &state); err != nil {
		c.t.Fatal(err)
	}
	for _, r := range state.Resources {
		for _, i := range r.Instances {
			if i.Status != "" {
				c.t.Errorf("%s is %s in the state", c.address(i.Key), i.Status)
			}
			if r.Type == "oauth_token_pair" {
				got[i.Key] = i.Attributes
			}
		}
	}
	return got
}

// printed is one warning or error, as terraform prints it with -json: not collapsed with its likes.
type printed struct {
	Severity string `json:"severity"`
	Summary  string `json:"summary"`
	Detail   string `json:"detail"`
	Address  string `json:"address"`
}

func (d printed) String() string { return d.Severity + ": " + d.Summary + ": " + d.Detail }

// run runs a command with -json and returns its diagnostics by the address of the resource.
func (c *site) run(args ...string) (result, map[string][]printed) {
	c.t.Helper()
	r := c.w.terraform(append(args[:1:1], append([]string{"-json", "-input=false"}, args[1:]...)...)...)
	return r, c.diagnostics(r)
}

func (c *site) diagnostics(r result) map[string][]printed {
	c.t.Helper()
	all := map[string][]printed{}
	for line := range strings.Lines(r.stdout) {
		var message struct {
			Diagnostic *printed `json:"diagnostic"`
		}
		if json.Unmarshal([]byte(line), &message) == nil && message.Diagnostic != nil {
			d := *message.Diagnostic
			all[d.Address] = append(all[d.Address], d)
		}
	}
	return all
}

// apply runs one apply of the whole configuration.
func (terraformDriver) apply(c *site, more ...string) map[string][]printed {
	c.t.Helper()
	r, said := c.run(append([]string{"apply", "-auto-approve"}, more...)...)
	if r.code != 0 {
		c.t.Fatalf("apply exited with %d:\n%s\n%s", r.code, r.stdout, r.stderr)
	}
	return said
}
