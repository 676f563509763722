package main

import (
	"bytes"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseVersion(t *testing.T) {
	for text, want := range map[string]struct {
		found cli
		wrong string
	}{
		"Terraform v1.11.4\non linux_amd64\n": {found: cli{product: "Terraform", version: "1.11.4", platform: "linux_amd64"}},
		"OpenTofu v1.12.6\non darwin_arm64\n+ provider x\n": {
			found: cli{product: "OpenTofu", version: "1.12.6", platform: "darwin_arm64"}},
		"Terraform v1.15.0-rc1\non linux_arm64\n\nYour version of Terraform is out of date!": {
			found: cli{product: "Terraform", version: "1.15.0-rc1", platform: "linux_arm64"}},
		"Terraform v1.8.0\non linux_amd64":  {found: cli{product: "Terraform", version: "1.8.0", platform: "linux_amd64"}},
		"Terraform v1.7.5\non linux_amd64":  {wrong: "Terraform 1.8 or later; this is 1.7.5"},
		"Terraform v0.15.5\non linux_amd64": {wrong: "this is 0.15.5"},
		"total 12\n":                        {wrong: "not a terraform or tofu"},
	} {
		got, err := parseVersion(text)
		switch {
		case want.wrong != "":
			if err == nil || !strings.Contains(err.Error(), want.wrong) {
				t.Errorf("%q: %v, want %q", text, err, want.wrong)
			}
		case err != nil || got != want.found:
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want.found)
		}
	}
}

// Each program looks a provider without a host up under its own.
func TestRegistry(t *testing.T) {
	for product, want := range map[string]string{"Terraform": "registry.terraform.io", "OpenTofu": "registry.opentofu.org"} {
		if got := (cli{product: product}).registry(); got != want {
			t.Errorf("%s: %s, want %s", product, got, want)
		}
	}
}

func TestParseMessages(t *testing.T) {
	got := parseMessages([]byte(`{"@level":"info","@message":"Terraform 1.11.4","type":"version"}
not a message
{"@level":"info","@message":"Plan: 1 to add, 2 to change, 3 to destroy.","changes":{"add":1,"change":2,"remove":3},"type":"change_summary"}
{"@level":"warn","@message":"Warning: Odd","diagnostic":{"severity":"warning","summary":"Odd","detail":"One.\n\nTwo."},"type":"diagnostic"}
{"@message":"Outputs: 2","outputs":{"status":{"sensitive":false,"type":"string","value":"active"},"n":{"value":3}},"type":"outputs"}
`))
	want := outcome{
		summary: "Plan: 1 to add, 2 to change, 3 to destroy.", changes: 6,
		told: []diagnostic{{Severity: "warning", Summary: "Odd", Detail: "One.\n\nTwo."}},
		all: []string{"Terraform 1.11.4", "not a message", "Plan: 1 to add, 2 to change, 3 to destroy.",
			"Warning: Odd", "One.", "", "Two.", "Outputs: 2"},
	}
	outputs := got.outputs
	got.outputs = nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	if len(outputs) != 2 {
		t.Errorf("outputs %v", outputs)
	}
	got.outputs = outputs
	if got.text("status") != "active" || got.text("n") != "" || got.text("absent") != "" {
		t.Errorf("texts %q %q %q", got.text("status"), got.text("n"), got.text("absent"))
	}
	if d, ok := got.find("warning", "Odd"); !ok || d.Detail != "One.\n\nTwo." {
		t.Errorf("found %+v, %v", d, ok)
	}
	if _, ok := got.find("error", "Odd"); ok {
		t.Error("a warning was found as an error")
	}
}

func TestParseState(t *testing.T) {
	got, err := parseState([]byte(`{"values":{"root_module":{"resources":[{"type":"other","values":{"generation":9}},
		{"type":"oauth_token_pair","values":{"status":"active","generation":4,"access_token":"a","scopes":["x"]}}]}}}`))
	if want := (pairState{Status: "active", Generation: 4, AccessToken: "a"}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	for _, text := range []string{"", "{}", "[]", `{"values":{"root_module":{"resources":[{"type":"other"}]}}}`} {
		if _, err := parseState([]byte(text)); err == nil {
			t.Errorf("%q is no state", text)
		}
	}
}

func TestProcessTable(t *testing.T) {
	for stat, want := range map[string]int{
		"3172 (terraform-provi) S 3137 2976 2949 0 -1": 2976,
		"7 (a) b) S 1 5 5": 5,
		"7 (a":             0,
		"":                 0,
		"7 (a) S 1 x":      0,
	} {
		if got := groupOf(stat); got != want {
			t.Errorf("%q: group %d, want %d", stat, got, want)
		}
	}
	got := parseTable("    1     1 /sbin/launchd\n  40    38 /Applications/My App/terraform\nrubbish\n  x 1 y\n")
	want := []process{{1, 1, "/sbin/launchd"}, {40, 38, "/Applications/My App/terraform"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestDifferences(t *testing.T) {
	got := differences(counters{Connections: 9, TokenRequests: 2, Refreshes: 1, ReuseDetected: 1}, counters{TokenRequests: 1, Refreshes: 1})
	want := []string{"token requests: 2, and not 1", "spent refresh tokens that were sent again: 1, and not 0"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
	since := counters{Refreshes: 12, Consents: 2, APIOK: 1}.minus(counters{Refreshes: 10, Consents: 2})
	if since != (counters{Refreshes: 2, APIOK: 1}) {
		t.Errorf("%+v", since)
	}
}

// Every counter is subtracted: one left out would hide what an earlier step did.
func TestMinusLeavesNothing(t *testing.T) {
	var c counters
	v := reflect.ValueOf(&c).Elem()
	for i := range v.NumField() {
		v.Field(i).SetInt(int64(i + 1))
	}
	if got := c.minus(c); got != (counters{}) {
		t.Errorf("%+v", got)
	}
}

func TestCollapse(t *testing.T) {
	at := func(second int) time.Time { return time.Date(2026, 1, 2, 3, 4, second, 0, time.UTC) }
	got := collapse([]event{{at(1), 1, "authorized"}, {at(2), 2, "refreshed"}, {at(3), 3, "refreshed"}, {at(4), 3, "lost"}, {at(5), 4, "refreshed"}})
	want := []event{{at(1), 1, "authorized"}, {at(3), 3, "refreshed (2 times)"}, {at(4), 3, "lost"}, {at(5), 4, "refreshed"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if got := collapse(nil); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestScreen(t *testing.T) {
	var b bytes.Buffer
	s := newScreen(&b, nil)
	s.heading("1. One")
	s.say("%s", strings.Repeat("twelve chars ", 8))
	s.quote("Warning: W", "First.\n\nhttps://host/"+strings.Repeat("x", 80))
	s.table([][]string{{"", "n"}, {"é", "10"}, {"long", "1"}})
	want := `
1. One
------

   twelve chars twelve chars twelve chars twelve chars twelve chars twelve chars
   twelve chars twelve chars

   | Warning: W
   |
   |   First.
   |
   |   https://host/` + strings.Repeat("x", 80) + `

          n
   é     10
   long   1

`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestFillKeepsWhatIsIndented(t *testing.T) {
	got := fill("one two three\n  as it  is\n\nlast", 8)
	if want := []string{"one two", "three", "  as it  is", "", "last"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
}

func TestWaitUntilThePast(t *testing.T) {
	var b bytes.Buffer
	if err := newScreen(&b, nil).waitUntil(t.Context(), time.Now().Add(-time.Hour), "Waiting"); err != nil || b.String() != "\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
}

func TestShorten(t *testing.T) {
	long := "https://127.0.0.1:1/authorize?client_id=demo&code_challenge=" + strings.Repeat("x", 40)
	text := "Open this:\n\n" + long + "\nhttps://short"
	want := "Open this:\n\nhttps://127.0.0.1:1/authorize?client_id=demo&code_challenge=xxxx…\nhttps://short"
	if got := shortenAll(text); got != want {
		t.Errorf("%q", got)
	}
}

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		plural(1, "plan", "plans"): "1 plan", plural(0, "plan", "plans"): "0 plans", minutes(10 * time.Minute): "10 minutes",
		seconds(time.Second): "1 second", clock(119600 * time.Millisecond): "2:00", clock(9 * time.Second): "0:09",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestEnvironment(t *testing.T) {
	environ := []string{"PATH=/bin", "TF_LOG=TRACE", "OAUTH_TOKEN_STORE=x", "HOME=/a", "HOMEPAGE=b", "HOME=/c"}
	if got := without(environ, "TF_", "OAUTH_", "HOME="); !reflect.DeepEqual(got, []string{"PATH=/bin", "HOMEPAGE=b"}) {
		t.Errorf("%q", got)
	}
	if valueOf(environ, "HOME") != "/c" || valueOf(environ, "HO") != "" || len(environ) != 6 {
		t.Errorf("%q %q %d", valueOf(environ, "HOME"), valueOf(environ, "HO"), len(environ))
	}
}

func TestFlags(t *testing.T) {
	for _, args := range [][]string{{"-plans", "3"}, {"stray"}, {"-terraform"}} {
		var stderr bytes.Buffer
		if code := run(t.Context(), args, nil, io.Discard, &stderr); code != 2 || !strings.Contains(stderr.String(), "-help lists the flags") {
			t.Errorf("%q: code %d, %s", args, code, stderr.String())
		}
	}
	var help bytes.Buffer
	if code := run(t.Context(), []string{"-h"}, nil, io.Discard, &help); code != 0 || !strings.Contains(help.String(), "-quick") {
		t.Errorf("code %d, %s", code, help.String())
	}
}

func TestMissingTools(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var stderr bytes.Buffer
	code := run(t.Context(), nil, nil, io.Discard, &stderr)
	for _, want := range []string{"missing: Go", "go.dev/dl", "missing: terraform or tofu", "developer.hashicorp.com/terraform/install", "opentofu.org"} {
		if code != 1 || !strings.Contains(stderr.String(), want) {
			t.Errorf("code %d, %q does not say %q", code, stderr.String(), want)
		}
	}
}
