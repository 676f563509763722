//go:build unix

package acceptance_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
)

// placed is one error or warning with its place, as terraform prints it with -json.
type placed struct {
	Severity string
	Summary  string
	Detail   string
	Address  string
	Snippet  struct{ Code string }
}

// errors reads them from the output of validate -json, or of another command with -json.
func (r result) errors(t testing.TB) []placed {
	t.Helper()
	var whole struct{ Diagnostics []placed }
	if json.Unmarshal([]byte(r.stdout), &whole) == nil && whole.Diagnostics != nil {
		return onlyErrors(whole.Diagnostics)
	}
	var all []placed
	for line := range strings.Lines(r.stdout) {
		var message struct{ Diagnostic *placed }
		if err := json.Unmarshal([]byte(line), &message); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if message.Diagnostic != nil {
			all = append(all, *message.Diagnostic)
		}
	}
	return onlyErrors(all)
}

func onlyErrors(all []placed) []placed {
	return slices.DeleteFunc(all, func(d placed) bool { return d.Severity != "error" })
}

// mistake is a block of a configuration with one mistake in it.
type mistake struct {
	name string
	kind string // what stands before the name
	body string
	line string // what core shows of the configuration; empty: the head of the block
	deep string // what core shows instead that finds nested attributes
	says string
	late bool // known to plan, and not to validate
}

func (m mistake) address() string {
	words := strings.ReplaceAll(strings.TrimPrefix(m.kind, "resource "), `"`, "")
	return strings.ReplaceAll(words, " ", ".") + "." + m.name
}

const (
	aPair         = `resource "oauth_token_pair"`
	aRegistration = `resource "oauth_app_registration"`
	aData         = `data "oauth_access_token"`
	garbage       = "https://app.example.com/callback?garbage-that-is-secret"
	pasted        = "pasted-secret-with-its-line-break"
)

// mistakes are the wrong values of blocks. Everything else in them is right.
func mistakes(base string) []mistake {
	client := fmt.Sprintf(`client = {
    client_id              = "id"
    authorization_endpoint = "%[1]s/authorize"
    token_endpoint         = "%[1]s/token"
  }`, base)
	code := client + "\n  authorization_code = {\n    redirect_uri = \"https://app.example.com/callback\"\n    %s\n  }"
	brought := client + "\n  preauthenticated = {\n    %s\n  }"
	pair := func(name, format, more, deep, says string) mistake {
		return mistake{name: name, kind: aPair, body: fmt.Sprintf("name = %q\n  ", name) + fmt.Sprintf(format, more), deep: deep, says: says}
	}
	late := func(m mistake) mistake {
		m.late = true
		return m
	}
	return []mistake{
		{name: "bad_name", kind: aPair, body: "name = \"a/b\"\n  " + fmt.Sprintf(brought, `refresh_token = "r"`), line: `name = "a/b"`, says: "1 to 100 letters, digits, dots, underscores and hyphens"},
		{name: "no_grant", kind: aPair, body: "name = \"no_grant\"\n  " + client, says: "A token pair needs to know where its tokens come from"},
		pair("no_token", brought, "", "preauthenticated = {", "preauthenticated.refresh_token is needed, or preauthenticated.access_token, or both."),
		pair("bad_margin", brought+"\n  refresh = { before_expiry = \"3h\" }", `refresh_token = "r"`, `before_expiry = "3h"`, "refresh.before_expiry must be a duration like 30s, 5m or 1h, from 5s to 1h: it is 3h."),
		pair("bad_strategy", brought+"\n  refresh = { strategy = \"daily\" }", `refresh_token = "r"`, `strategy = "daily"`, `Attribute refresh.strategy value must be one of: ["before_expiry"`),
		pair("bad_time", brought, "access_token = \"a\"\n    expires_at = \"tomorrow\"", `expires_at = "tomorrow"`, "preauthenticated.expires_at must be a time like 2030-01-31T23:59:59Z (RFC 3339): it is not such a time."),
		pair("bad_parameter", code, `extra_parameters = { state = "mine" }`, "extra_parameters = {", `authorization_code.extra_parameters cannot be used: unusable request: extra parameter "state" belongs to the protocol.`),
		pair("bad_scope", code, `scopes = ["read write"]`, "scopes = [", "a scope without spaces"),
		pair("both", code, "code = \"c\"\n    callback_url = \"https://app.example.com/callback?code=c&state=s\"", `code = "c"`, "authorization_code.callback_url holds the code already."),
		late(pair("bad_callback", code, "callback_url = var.garbage", "callback_url = var.garbage", "authorization_code.callback_url must be the whole address that the browser showed after the consent: unusable callback URL: it has neither code nor error in its query.")),
		late(pair("pasted", brought, "refresh_token = var.pasted", "refresh_token = var.pasted", "preauthenticated.refresh_token must be 1 to 65536 printable ASCII characters: it holds other characters; a line break is often copied along.")),
		{
			name: "fragment", kind: aRegistration, line: `token_endpoint = "https://as.example.com/token#x"`, says: "it has a fragment.",
			body: "name = \"fragment\"\n  client_id = \"id\"\n  token_endpoint = \"https://as.example.com/token#x\"",
		},
		{
			name: "no_endpoint", kind: aRegistration, says: "token_endpoint is needed.",
			body: "name = \"no_endpoint\"\n  client_id = \"id\"",
		},
		{
			name: "grace", kind: aRegistration, deep: "refresh_token_policy = {", says: `refresh_token_policy.grace_period is needed: rotation is "single_use_grace".`,
			body: "name = \"grace\"\n  client_id = \"id\"\n  token_endpoint = \"https://as.example.com/token\"\n  refresh_token_policy = { rotation = \"single_use_grace\" }",
		},
		late(mistake{
			name: "insecure", kind: aRegistration, line: `token_endpoint = "http://as.example.com/token"`, says: "token_endpoint uses http:// to another machine",
			body: "name = \"insecure\"\n  client_id = \"id\"\n  token_endpoint = \"http://as.example.com/token\"",
		}),
		{name: "validity", kind: aData, body: "token_pair = \"x\"\n  min_validity = \"0s\"", line: `min_validity = "0s"`, says: "from 1s to 24h: it is 0s."},
		{name: "unnamed", kind: aData, body: `token_pair = ""`, line: `token_pair = ""`, says: "1 to 100 letters, digits, dots, underscores and hyphens"},
	}
}

// Every mistake is reported at its place, all in one run, and nothing is read, written or sent for any of them. Validation
// runs first in a plan too, and does not know the values of variables.
func TestMistakesAreToldAtTheirPlace(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.env["TF_VAR_garbage"], w.env["TF_VAR_pasted"] = garbage, pasted+"\n"
	for late, commands := range map[bool][][]string{false: {{"validate", "-json"}}, true: {{"plan", "-json", "-input=false"}, {"apply", "-json", "-input=false", "-auto-approve"}}} {
		var all []mistake
		config := "variable \"garbage\" {}\nvariable \"pasted\" {}\n"
		for _, m := range mistakes(s.base) {
			if m.late == late {
				all = append(all, m)
				config += fmt.Sprintf("%s %q {\n  %s\n}\n", m.kind, m.name, m.body)
			}
		}
		w.write(config)
		for _, args := range commands {
			r := w.terraform(args...)
			told := r.errors(t)
			for _, m := range all {
				m.expect(t, args[0], told, w.knows(nestedAttributesShown))
			}
			if r.code == 0 || len(told) != len(all) {
				t.Errorf("%s exited with %d and told of %d errors; want %d", args[0], r.code, len(told), len(all))
			}
			r.mustNotSay(t, "garbage-that-is-secret", pasted)
		}
	}
	expectNothingHappened(t, s, w)
}

func (m mistake) expect(t *testing.T, command string, told []placed, deep bool) {
	t.Helper()
	var seen []placed
	for _, d := range told {
		if d.Address == m.address() {
			seen = append(seen, d)
		}
	}
	line := m.line
	switch {
	case deep && m.deep != "":
		line = m.deep
	case line == "":
		line = fmt.Sprintf("%s %q", m.kind, m.name)
	}
	if len(seen) != 1 || !strings.Contains(seen[0].Detail, m.says) || !strings.Contains(seen[0].Snippet.Code, line) {
		t.Errorf("%s of %s: got %+v; want one error at %s: %s", command, m.address(), seen, line, m.says)
	}
}

// expectNothingHappened checks that no request came, no store was made and no state was written.
func expectNothingHappened(t *testing.T, s *server, w *workspace) {
	t.Helper()
	s.expectCalls(calls{})
	if c := s.Counters(); c.Connections != 0 {
		t.Errorf("%d connections were made", c.Connections)
	}
	for _, path := range []string{w.store, w.statePath()} {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is there: %v", path, err)
		}
	}
}

// The provider's own settings are judged before any resource is looked at.
func TestMistakesInTheProviderBlock(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspaceOn(t, cliWith(t, writeOnlyArguments))
	token := s.issue().RefreshToken
	for _, c := range []struct{ settings, env, line, head, says string }{ // Terraform 1.11 shows the head of the block instead of a line within
		{settings: `token_store = "mysql://me:pass-word@db/oauth"`, line: "token_store", says: `stores of scheme "mysql" are not supported by this version; it knows file, `},
		{settings: `token_store = "postgres://me:pass-word@db/oauth"`, line: `provider "oauth"`, says: "The token store postgres://db/oauth is read by others than you"},
		{settings: `token_store = "postgres://me:pass-word@db/oauth?table=no-table"`, line: "token_store", says: "its parameter table is not a plain name"},
		{settings: `token_store = "file://relative/folder"`, line: "token_store", says: "a file URL has three slashes"},
		{settings: `token_store_key = var.key`, line: "token_store_key", says: "key 1 does not begin with AGE-SECRET-KEY-1"},
		{settings: `secrets_in_state = false`, line: `refresh_token = var.key`, head: `resource "oauth_token_pair" "this"`, says: "preauthenticated.refresh_token is kept in state and plan. Use refresh_token_wo and refresh_token_wo_version instead."},
		{settings: "secrets_in_state = false\n  token_store = \"state\"", line: "secrets_in_state", says: "keeps the tokens in the state and nowhere else, so secrets_in_state cannot be false."},
		{env: "relative/folder", line: `provider "oauth"`, says: `OAUTH_TOKEN_STORE cannot be used: it is neither "state" nor a URL like file:///var/lib/oauth. Nothing was read, written or sent.`},
	} {
		w.write(fmt.Sprintf("variable \"key\" {}\nprovider \"oauth\" {\n  %s\n}\n", c.settings) + strings.Replace(s.pair("x", "r", strict, ""), `refresh_token = "r"`, "refresh_token = var.key", 1) +
			"\n")
		w.replace(fmt.Sprintf("client_secret          = %q", clientSecret), "token_endpoint_auth_method = \"none\"")
		w.env["TF_VAR_key"] = token
		kept := w.env["OAUTH_TOKEN_STORE"]
		if c.env != "" {
			w.env["OAUTH_TOKEN_STORE"] = c.env
		}
		r := w.terraform("plan", "-json", "-input=false")
		w.env["OAUTH_TOKEN_STORE"] = kept
		errs := r.errors(t)
		if r.code == 0 || len(errs) != 1 || !strings.Contains(errs[0].Detail, c.says) || !strings.Contains(errs[0].Snippet.Code, c.line) && (c.head == "" || !strings.Contains(errs[0].Snippet.Code, c.head)) {
			t.Errorf("%s%s: exit %d, %+v; want at %s: %s", c.settings, c.env, r.code, errs, c.line, c.says)
		}
		r.mustNotSay(t, token)
		for _, e := range errs { // the line of the configuration beside it is core's
			if strings.Contains(e.Detail, "pass-word") {
				t.Errorf("the error shows the password: %s", e.Detail)
			}
		}
	}
	expectNothingHappened(t, s, w)
}
