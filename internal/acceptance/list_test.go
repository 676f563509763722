//go:build unix

package acceptance_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestListTokenPairs(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), acting(t)
	named := func(name, config string) string { return strings.Replace(config, `"this"`, `"`+name+`"`, 1) }
	w.write(named("one", s.pair("one", s.issue().RefreshToken, strict, "")) + named("two", s.codePair("two", "")) + named("three", s.minting("", "")))
	w.apply()
	q := acting(t)
	q.env["OAUTH_TOKEN_STORE"] = w.env["OAUTH_TOKEN_STORE"]
	q.write("")
	writeFile(t, filepath.Join(q.dir, "all.tfquery.hcl"), `
list "oauth_token_pair" "all" {
  provider = oauth
}
`)
	t.Log(q.ok("query", "-no-color").stdout)
	r := q.terraform("query", "-no-color", "-generate-config-out=gen.tf")
	t.Log(r.stdout, r.stderr)
	text, _ := os.ReadFile(filepath.Join(q.dir, "gen.tf"))
	t.Log(string(text))
	t.Log(q.ok("query", "-no-color", "-json").stdout)
}
