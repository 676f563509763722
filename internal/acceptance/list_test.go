//go:build unix

package acceptance_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// as gives the resource "this" of a configuration another name.
func as(name, config string) string { return strings.ReplaceAll(config, `"this"`, `"`+name+`"`) }

// query writes a list block of that body, and makes a query of it.
func (w *workspace) query(body string, more ...string) result {
	w.t.Helper()
	writeFile(w.t, filepath.Join(w.dir, "pairs.tfquery.hcl"), "list \"oauth_token_pair\" \"all\" {\n  provider = oauth\n  "+body+"\n}\n")
	return w.terraform(append([]string{"query", "-no-color"}, more...)...)
}

// expectListed compares the names that a query has found, in order.
func (r result) expectListed(t testing.TB, want ...string) {
	t.Helper()
	var got []string
	for _, line := range strings.Split(r.stdout, "\n") {
		if _, rest, ok := strings.Cut(line, "list.oauth_token_pair.all   name="); ok {
			got = append(got, strings.Fields(rest)[0])
		}
	}
	if r.code != 0 || strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the query found %q, want %q:\n%s\n%s", got, want, r.stdout, r.stderr)
	}
}

// Every pair of a store is listed with its status. What Terraform generates from that can be applied, and takes the pairs over: their
// secrets stay in the store, and no secret is shown.
func TestListTokenPairs(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), acting(t)
	pairs := as("one", s.pair("one", s.issue().RefreshToken, strict, "")) + as("two", s.codePair("two", "")) + as("three", s.minting(`scopes = ["a"], extra_parameters = { audience = "x" }`, ""))
	w.write(pairs + as("gone", s.pair("gone", s.issue().RefreshToken, strict, "")))
	w.apply()
	w.write(pairs)
	w.apply()
	w.plan()
	asked := len(s.Log())

	q := w.sibling()
	q.write("")
	all := q.query("")
	all.expectListed(t, "machine", "one", "two")
	all.mustSay(t, "machine (active, generation 1)", "one (active, generation 2)", "two (authorization_required)")
	q.query(`config { name_prefix = "o" }`).expectListed(t, "one")
	q.query(`config { status = "authorization_required" }`).expectListed(t, "two")
	q.query(`limit = 2`).expectListed(t, "machine", "one")
	q.query(`config { status = "dead" }`).mustSay(t, "Attribute status value must be one of:")

	unreadable := filepath.Join(w.store, "pair", "aaa")
	if err := os.WriteFile(unreadable, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{"", "limit = 3"} {
		r := q.query(body)
		r.expectListed(t, "machine", "one", "two")
		r.mustSay(t, "Warning: Token Pairs Not Readable", "aaa:")
	}
	if err := os.Remove(unreadable); err != nil {
		t.Fatal(err)
	}

	r := q.query("include_resource = true", "-json")
	for _, secret := range []string{clientSecret, s.family(0, 2).RefreshToken, w.string("oauth_token_pair.one", "access_token")} {
		if strings.Contains(r.stdout, secret) {
			t.Errorf("the query shows %q", secret)
		}
	}
	if len(s.Log()) != asked {
		t.Errorf("a query asks the server: %+v", s.Log()[asked:])
	}
	if r := q.query("", "-generate-config-out=generated.tf"); r.code != 0 {
		t.Fatalf("%s\n%s", r.stdout, r.stderr)
	}
	q.plan().mustSay(t, "Plan: 3 to import, 0 to add, 3 to change, 0 to destroy.")
	q.apply().mustSay(t, "3 imported, 0 added, 3 changed")
	s.later(time.Hour, w, q)
	q.apply()
	q.expect("oauth_token_pair.all_1", values{"name": "one", "status": "active", "generation": 3})
	q.expect("oauth_token_pair.all_0", values{"name": "machine", "status": "active", "generation": 2})
	q.plan("-detailed-exitcode").mustSay(t, "No changes.")
}
