package command

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

// TestRun tells subcommands from the start of the plugin.
func TestRun(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"-debug"}, {"--debug"}, {"-debug=true", "move"}} {
		n := newBench(t)
		if code, handled := Run(t.Context(), n.deps(), args); handled || code != 0 || n.out.Len()+n.err.Len() > 0 {
			t.Errorf("%v: code %d, handled %v", args, code, handled)
		}
	}
	for _, arg := range []string{"help", "-h", "--help", "-help"} {
		n := newBench(t)
		if code := n.run(t.Context(), arg); code != 0 || !strings.Contains(n.out.String(), "terraform-provider-oauth move      move credentials") || n.err.Len() > 0 {
			t.Errorf("%s: code %d\n%s%s", arg, code, &n.out, &n.err)
		}
		if code := n.run(t.Context(), "move", arg); code != 0 || n.out.String() != moveHelp || n.err.Len() > 0 {
			t.Errorf("move %s: code %d\n%s%s", arg, code, &n.out, &n.err)
		}
	}
	for _, arg := range []string{"version", "-version", "--version"} {
		n := newBench(t)
		if code := n.run(t.Context(), arg); code != 0 || n.out.String() != "terraform-provider-oauth test\n" || n.err.Len() > 0 {
			t.Errorf("%s: code %d\n%s%s", arg, code, &n.out, &n.err)
		}
	}
	n := newBench(t)
	for name, help := range map[string]string{"status": statusHelp, "token": tokenHelp} {
		if code := n.run(t.Context(), name, "--help"); code != 0 || n.out.String() != help || n.err.Len() > 0 {
			t.Errorf("%s: code %d\n%s%s", name, code, &n.out, &n.err)
		}
	}
	if code := n.run(t.Context(), "mvoe"); code != 2 || !strings.Contains(n.err.String(), "no such subcommand") || n.out.Len() > 0 {
		t.Errorf("code %d\n%s%s", code, &n.out, &n.err)
	}
}

// TestMoveUsage: whatever is wrong with the command line, nothing is opened or written, and no value is printed.
func TestMoveUsage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args []string
		env  map[string]string
		want string
	}{
		"nothing":             {nil, nil, "--from is missing"},
		"no destination":      {[]string{"--from", "file:///a", "--all"}, nil, "--to is missing"},
		"neither":             {[]string{"--from", "file:///a", "--to", "file:///b"}, nil, "say what to move: --all, or --name NAME"},
		"both":                {[]string{"--from", "file:///a", "--to", "file:///b", "--all", "--name", "x"}, nil, "--all and --name exclude each other"},
		"bad name":            {[]string{"--from", "file:///a", "--to", "file:///b", "--name", "../x"}, nil, "--name is no name of a credential"},
		"behind the options":  {[]string{"--from", "file:///a", "--to", "file:///b", "--name", "x", "y"}, nil, "there is an argument behind the options"},
		"unknown option":      {[]string{"--key", "hunter2"}, nil, "no option of move"},
		"value of a switch":   {[]string{"--all=hunter2"}, nil, "no option of move"},
		"value missing":       {[]string{"--from"}, nil, "lacks its value"},
		"the state":           {[]string{"--from", "state", "--to", "file:///b", "--all"}, nil, "the state is moved by Terraform alone"},
		"no URL":              {[]string{"--from", "hunter2", "--to", "file:///b", "--all"}, nil, "the source cannot be used: it is no URL"},
		"unknown scheme":      {[]string{"--from", "s3://u:hunter2@h", "--to", "file:///b", "--all"}, nil, "stores of scheme \"s3\" are not supported by this version; it knows db, file"},
		"wrong destination":   {[]string{"--from", "file:///a", "--to", "file:///wrong?hunter2", "--all"}, nil, "the destination cannot be used: its path is wrong"},
		"no key":              {[]string{"--from", "file:///a", "--to", "db:///b", "--all"}, map[string]string{wiring.KeyVariable: ""}, "there is no key: set OAUTH_TOKEN_STORE_KEY, or name a --key-file"},
		"bad key":             {[]string{"--from", "file:///a", "--to", "file:///b", "--all"}, map[string]string{wiring.KeyVariable: "hunter2"}, "OAUTH_TOKEN_STORE_KEY cannot be used: key 1"},
		"no key file":         {[]string{"--from", "file:///a", "--to", "file:///b", "--all", "--key-file", "/does/not/exist"}, nil, "the key file cannot be read"},
		"from the variables":  {[]string{"--all"}, map[string]string{"OAUTH_MOVE_FROM": "file:///a", "OAUTH_MOVE_TO": "file:///wrong"}, "the destination cannot be used"},
		"a folder as keyfile": {[]string{"--from", "file:///a", "--to", "file:///b", "--all", "--key-file", os.TempDir()}, nil, "is neither a file nor a pipe"},
	} {
		n := newBench(t)
		for k, v := range tt.env {
			n.env[k] = v
		}
		code := n.run(t.Context(), append([]string{"move"}, tt.args...)...)
		if code != 2 || n.out.Len() > 0 || !strings.Contains(n.err.String(), tt.want) || !strings.Contains(n.err.String(), "Nothing was done.") {
			t.Errorf("%s: code %d\n%s%s", name, code, &n.out, &n.err)
		}
	}
}

// TestMoveAll goes there and back between two sealed stores.
func TestMoveAll(t *testing.T) {
	t.Parallel()
	n := newBench(t)
	n.pair(n.a, "exact")
	n.pair(n.a, "visma")

	if code := n.run(t.Context(), "move", "--from", n.a, "--to", n.b, "--all", "--dry-run"); code != 0 || !n.has(n.a, "exact") || n.has(n.b, "exact") {
		t.Errorf("dry run: code %d", code)
	}
	n.want(`KIND          NAME       OUTCOME  GENERATION
registration  app-exact  copied   -
registration  app-visma  copied   -
credential    exact      moved    1
credential    visma      moved    1
`, "dry run: nothing was written\n")
	if _, err := os.Stat(strings.TrimPrefix(n.b, "file://")); !os.IsNotExist(err) {
		t.Errorf("the dry run has made the destination: %v", err)
	}

	if code := n.run(t.Context(), "move", "--from", n.a, "--to", n.b, "--all"); code != 0 || n.has(n.a, "exact") || !n.has(n.b, "exact") || !n.has(n.b, "visma") {
		t.Errorf("code %d", code)
	}
	n.want(`KIND          NAME       OUTCOME  GENERATION
registration  app-exact  copied   -
registration  app-visma  copied   -
credential    exact      moved    1
credential    visma      moved    1
`)

	n.env["OAUTH_MOVE_FROM"], n.env["OAUTH_MOVE_TO"] = n.a, n.b
	if code := n.run(t.Context(), "move", "--all", "--json"); code != 0 {
		t.Errorf("again: code %d", code)
	}
	n.want(`{
  "from": "` + n.a + `",
  "to": "` + n.b + `",
  "dry_run": false,
  "ok": true,
  "lines": [
    {
      "kind": "registration",
      "name": "app-exact",
      "outcome": "same"
    },
    {
      "kind": "registration",
      "name": "app-visma",
      "outcome": "same"
    },
    {
      "kind": "credential",
      "name": "exact",
      "outcome": "already",
      "generation": 1
    },
    {
      "kind": "credential",
      "name": "visma",
      "outcome": "already",
      "generation": 1
    }
  ]
}
`)

	if code := n.run(t.Context(), "move", "--from", n.b, "--to", n.a, "--name", "visma", "--name", "none", "--name", "visma"); code != 1 || !n.has(n.a, "visma") {
		t.Errorf("back: code %d", code)
	}
	n.want(`KIND        NAME   OUTCOME  GENERATION
credential  visma  moved    1
credential  none   failed   -
`, "error: credential none: the source has no such credential\n")
}

// TestMoveFailures: what cannot be opened stays where it is, is told, and stops nothing else.
func TestMoveFailures(t *testing.T) {
	t.Parallel()
	n := newBench(t)
	n.pair(n.a, "exact")
	n.pair(n.a, "visma")
	n.damage(n.a, "exact")
	if code := n.run(t.Context(), "move", "--from", n.a, "--to", n.b, "--all", "--json"); code != 1 || !n.has(n.b, "visma") {
		t.Errorf("code %d", code)
	}
	if out := n.out.String(); !strings.Contains(out, `"ok": false`) || !strings.Contains(out, `"outcome": "failed"`) || !strings.Contains(out, `"error": "`+n.a) {
		t.Errorf("standard output:\n%s", out)
	}
	if !strings.Contains(n.err.String(), "error: credential exact: "+n.a+": reading the token store") {
		t.Errorf("standard error:\n%s", &n.err)
	}

	mine := n.env[wiring.KeyVariable]
	n.env[wiring.KeyVariable] = newKey(t)
	other := newBench(t)
	other.env[wiring.KeyVariable] = n.env[wiring.KeyVariable]
	other.pair(other.a, "own")
	for _, tt := range []struct {
		from, to, want string
	}{
		{n.b, n.b + "2", "error: credential visma: " + n.b + ": reading the token store: open pair/visma: no key opens the record"},
		{other.a, n.b, "error: the destination is sealed with another key: "},
		{n.a + "nothing", n.b, "error: there is no token store at " + n.a + "nothing"},
		{n.b, n.b, "error: source and destination are the same token store, or one is a copy of the other"},
	} {
		if code := n.run(t.Context(), "move", "--from", tt.from, "--to", tt.to, "--name", "visma"); code != 1 || !strings.Contains(n.err.String(), tt.want) {
			t.Errorf("code %d\n%s\nwant:\n%s", code, &n.err, tt.want)
		}
	}
	n.env[wiring.KeyVariable] = mine
	if !n.has(n.b, "visma") {
		t.Error("the credential is gone")
	}
}

// TestMoveStopped: the credential under way is finished, and what remains is listed.
func TestMoveStopped(t *testing.T) {
	t.Parallel()
	n := newBench(t)
	n.pair(n.a, "exact")
	n.pair(n.a, "visma")
	ctx, cancel := context.WithCancel(t.Context())
	n.creates = func(key string) {
		if key == "pair/exact" {
			cancel()
		}
	}
	if code := n.run(ctx, "move", "--from", n.a, "--to", n.b, "--all"); code != 1 || !n.has(n.b, "exact") || !n.has(n.a, "visma") {
		t.Errorf("code %d", code)
	}
	n.want(`KIND          NAME       OUTCOME    GENERATION
registration  app-exact  copied     -
registration  app-visma  copied     -
credential    exact      moved      1
credential    visma      remaining  -
`, "error: stopped; what remains is listed, and running the same again goes on\n")
}

// TestKeyFile: as age-keygen writes it; one that others may read is refused.
func TestKeyFile(t *testing.T) {
	t.Parallel()
	n := newBench(t)
	n.pair(n.a, "exact")
	second := newKey(t)
	n.secrets = append(n.secrets, second)
	file := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(file, []byte("# created: today\n# public key: age1x\n"+n.key+"\n\n"+second+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	n.env[wiring.KeyVariable] = ""
	if code := n.run(t.Context(), "move", "--from", n.a, "--to", "db://"+strings.TrimPrefix(n.b, "file://"), "--name", "exact", "--key-file", file); code != 0 {
		t.Fatalf("code %d\n%s", code, &n.err)
	}
	n.want("KIND        NAME   OUTCOME  GENERATION\ncredential  exact  moved    1\n")
	n.env[wiring.KeyVariable] = n.key
	if !n.has(n.b, "exact") {
		t.Error("not moved")
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if code := n.run(t.Context(), "move", "--from", n.b, "--to", n.a, "--all", "--key-file", file); code != 2 || !strings.Contains(n.err.String(), "can be read by others (mode 0640)") {
		t.Errorf("code %d\n%s", code, &n.err)
	}
}

// TestPlainStores: without a key tokens are written in plain text, which is told.
func TestPlainStores(t *testing.T) {
	t.Parallel()
	n := newBench(t)
	n.env[wiring.KeyVariable] = ""
	n.pair(n.a, "exact")
	if code := n.run(t.Context(), "move", "--from", n.a, "--to", n.b, "--all"); code != 0 || !n.has(n.b, "exact") {
		t.Errorf("code %d", code)
	}
	if !strings.Contains(n.err.String(), "warning: there is no key; the destination will hold the tokens in plain text") {
		t.Errorf("standard error:\n%s", &n.err)
	}
}

func TestHoldsPassword(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]bool{
		"file:///var/lib/oauth":                     false,
		"postgres://db.example.com/oauth":           false,
		"postgres://u@db.example.com/oauth":         false,
		"postgres://u:@db.example.com/oauth":        false,
		"postgres://u:p@db.example.com/oauth":       true,
		"postgres://u:p?ss@db.example.com/oauth":    true,
		"postgres://one:5433,two/oauth":             false,
		"postgres://u:p@one:5433,two/oauth":         true,
		"postgres://h:5432/oauth?user=a@b":          false,
		"postgres:///oauth?host=/run&password=p":    true,
		"postgres://u@h/oauth?password=p":           true,
		"postgres://u@h/oauth?password=":            false,
		"postgres://u@h/oauth?sslpassword=p&x=y":    true,
		"postgres://u@h/oauth?passfile=/home/u/.pg": false,
	} {
		if got := holdsPassword(url); got != want {
			t.Errorf("%s: %v, want %v", url, got, want)
		}
	}
	n := newBench(t)
	n.pair(n.a, "exact")
	n.run(t.Context(), "move", "--from", strings.Replace(n.a, "file://", "db://u:hunter2@localhost", 1), "--to", n.b, "--all")
	if !strings.Contains(n.err.String(), "warning: a URL among the arguments holds a password") {
		t.Errorf("standard error:\n%s", &n.err)
	}
}
