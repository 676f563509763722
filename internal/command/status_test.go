package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/pgtest"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/rescue"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/pgstore"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// hours is a time so many hours from noon.
func hours(n float64) time.Time { return noon.Add(time.Duration(n * float64(time.Hour))) }

// live is a credential that was refreshed an hour ago.
func live(change func(*credential.Record)) credential.Record {
	r := credential.Record{
		Family: "f", Generation: 3, Status: credential.StatusActive, AuthorizedAt: hours(-100),
		Client: credential.Client{ClientID: "app", Issuer: "https://as.example/tenant"}, Source: "authorization_code",
		Tokens: credential.Tokens{
			Access: secret.New("access-hunter2"), Refresh: secret.New("refresh-hunter2"), IssuedAt: hours(-1), ExpiresAt: hours(1),
		},
	}
	change(&r)
	return r
}

// TestJudge: who has to do what, by a record.
func TestJudge(t *testing.T) {
	t.Parallel()
	policy := func(idle, absolute time.Duration) func(*credential.Record) {
		return func(r *credential.Record) {
			r.Client.Policy.IdleLifetime, r.Client.Policy.AbsoluteLifetime = idle, absolute
		}
	}
	dead := func(r *credential.Record) {
		r.Status, r.History = credential.StatusAuthorizationRequired, []credential.Event{{At: hours(-2), Verdict: "refused"}}
	}
	lost := credential.Unknown{Attempt: "a", Host: "here", ClaimedAt: hours(-0.5), TTL: 2 * time.Minute}
	for name, tt := range map[string]struct {
		change   func(*credential.Record)
		err      error
		status   string
		needs    needs
		deadline string // as a table shows it
		note     string // in the only note; empty: there is none
	}{
		"good":          {func(*credential.Record) {}, nil, "active", needsNothing, "-", ""},
		"idle":          {policy(720*time.Hour, 0), nil, "active", needsNothing, "idle 29d (2026-03-31)", ""},
		"idle and used": {policy(3*time.Hour, 0), nil, "active", needsNothing, "idle 2h (2026-03-01)", ""},
		"idle and due":  {policy(80*time.Minute, 0), nil, "active", needsSoon, "idle 20m (2026-03-01)", "unless a run uses it"},
		"idle and over": {policy(30*time.Minute, 0), nil, "active", needsNow, "idle over (2026-03-01)", "has not been used in time"},
		"absolute":      {policy(0, 8760*time.Hour), nil, "active", needsNothing, "absolute 360d (2027-02-25)", ""},
		"absolute soon": {policy(0, 200*time.Hour), nil, "active", needsSoon, "absolute 4d (2026-03-05)", "must authorize again by then"},
		"absolute over": {policy(0, 50*time.Hour), nil, "active", needsNow, "absolute over (2026-02-27)", "its authorization has ended"},
		"both":          {policy(720*time.Hour, 8760*time.Hour), nil, "active", needsNothing, "idle 29d (2026-03-31)", ""},
		"idle before absolute": {policy(30*time.Hour, 200*time.Hour), nil, "active", needsSoon, "idle 29h (2026-03-02)",
			"its authorization ends at 2026-03-05 16:00:00Z, however often it is refreshed; a person must authorize again by then"},
		"no refresh token": {func(r *credential.Record) { r.Tokens.Refresh = secret.String{} }, nil, "active", needsSoon, "token 60m (2026-03-01)",
			"its authorization ends"},
		"no refresh token, over": {func(r *credential.Record) { r.Tokens.Refresh, r.Tokens.ExpiresAt = secret.String{}, hours(-0.5) }, nil,
			"authorization_required", needsNow, "-", "it is dead; run terraform-provider-oauth authorize --name exact"},
		"minted": {func(r *credential.Record) {
			r.Grant, r.Tokens.Refresh, r.Tokens.ExpiresAt = &credential.Grant{}, secret.String{}, hours(-0.5)
		}, nil, "active", needsNothing, "-", ""},
		"dead": {dead, nil, "authorization_required", needsNow, "-", "it is dead, since 2026-03-01 10:00:00Z: refused; run terraform-provider-oauth authorize --name exact, or apply its configuration"},
		"dead, URL": {func(r *credential.Record) {
			dead(r)
			r.Pending = []credential.Pending{{State: "s", URL: "https://as.example/authorize?x"}}
		}, nil, "authorization_required", needsNow, "-", "refused; run terraform-provider-oauth authorize --name exact, or open its authorization_url"},
		"dead, URL over": {func(r *credential.Record) {
			dead(r)
			r.Pending = []credential.Pending{{State: "s", URL: "https://as.example/authorize?x", ExpiresAt: hours(-1)}}
		}, nil, "authorization_required", needsNow, "-", "refused; run terraform-provider-oauth authorize --name exact, or apply its configuration"},
		"new": {func(r *credential.Record) {
			*r = credential.Record{Status: credential.StatusAuthorizationRequired, Source: "device_code", Device: &credential.Device{
				Code: secret.New("device-hunter2"), UserCode: "ABCD-EFGH", VerificationURI: "https://as.example/device", ExpiresAt: hours(0.1)}}
		}, nil, "authorization_required", needsNow, "-", "nobody has authorized it yet; enter the code ABCD-EFGH at https://as.example/device"},
		"revoked": {func(r *credential.Record) { r.Status = credential.StatusRevoked }, nil, "revoked", needsNow, "-", "it is dead; run terraform-provider-oauth authorize --name exact"},
		"unknown, once more": {func(r *credential.Record) {
			u := lost
			r.Status, r.Unknown, r.Client.Policy.OnReuse = credential.StatusOutcomeUnknown, &u, credential.ReuseReject
		}, nil, "outcome_unknown", needsNothing, "-", "the next run that needs a token sends the refresh token once more"},
		"unknown, later": {func(r *credential.Record) {
			u := lost
			r.Status, r.Unknown, r.Client.Policy.OnReuse = credential.StatusOutcomeUnknown, &u, credential.ReuseRevokeFamily
		}, nil, "outcome_unknown", needsNothing, "-", "may be sent once more from 2026-03-01 13:00:00Z on"},
		"unknown for good": {func(r *credential.Record) {
			u := lost
			r.Status, r.Unknown, r.Client.Policy.OnReuse = credential.StatusOutcomeUnknown, &u, credential.ReuseRevokeClientUser
		}, nil, "outcome_unknown", needsNow, "-", "not sent again, since it may be spent. A person must authorize again"},
		"never, over": {func(r *credential.Record) {
			r.Refresh.Strategy, r.Tokens.ExpiresAt = credential.StrategyNever, hours(-1)
		}, nil, "active", needsNow, "token over (2026-03-01)", "no access token that works, and refresh.strategy is never; choose another"},
		"never, without": {func(r *credential.Record) {
			r.Refresh.Strategy, r.Tokens.ExpiresAt, r.Tokens.Access = credential.StrategyNever, time.Time{}, secret.String{}
		}, nil, "active", needsNow, "-", "no access token that works, and refresh.strategy is never"},
		"never, soon": {func(r *credential.Record) {
			r.Refresh.Strategy, r.Tokens.ExpiresAt = credential.StrategyNever, hours(5)
		}, nil, "active", needsSoon, "token 5h (2026-03-01)", "its access token ends at the deadline, and refresh.strategy is never"},
		"never, endless": {func(r *credential.Record) {
			r.Refresh.Strategy, r.Tokens.ExpiresAt = credential.StrategyNever, time.Time{}
		}, nil, "active", needsNothing, "-", ""},
		"at_apply, over": {func(r *credential.Record) {
			r.Refresh.Strategy, r.Tokens.ExpiresAt = credential.StrategyAtApply, hours(-1)
		}, nil, "active", needsNothing, "-", "refresh.strategy is at_apply: only an apply"},
		"claimed": {func(r *credential.Record) {
			r.Claim = &credential.Claim{Owner: "runner-7", Purpose: credential.PurposeRefresh, ClaimedAt: noon.Add(-12 * time.Second), TTL: 2 * time.Minute}
		}, nil, "active", needsNothing, "-", ""},
		"claimed long ago": {func(r *credential.Record) {
			r.Claim = &credential.Claim{Owner: "runner-7", Purpose: credential.PurposeRefresh, ClaimedAt: hours(-1), TTL: 2 * time.Minute}
		}, nil, "active", needsNothing, "-", "the next run that needs a token takes over"},
		"moving": {func(r *credential.Record) {
			r.Claim = &credential.Claim{Purpose: credential.PurposeMove, ClaimedAt: noon, TTL: 2 * time.Minute, Peer: "file:///b"}
		}, nil, "active", needsNothing, "-", "it is being moved to or from file:///b"},
		"moving for long": {func(r *credential.Record) {
			r.Claim = &credential.Claim{Purpose: credential.PurposeMove, ClaimedAt: hours(-1), TTL: 2 * time.Minute, Peer: "file:///b"}
		}, nil, "active", needsNow, "-", "run terraform-provider-oauth move again"},
		"moved": {func(r *credential.Record) {
			*r = credential.Record{DeletedAt: hours(-1), MovedTo: credential.MovedTo{StoreID: "x", Location: "file:///b"}}
		}, nil, "moved", needsNothing, "-", "it was moved to file:///b"},
		"unreadable": {func(r *credential.Record) { *r = credential.Record{} }, &credential.Error{Kind: credential.KindStore, Err: fmt.Errorf("sealed with 1a2b: %w", seal.ErrNoKey)},
			"unreadable", needsNow, "-", "sealed with 1a2b: no key opens the record; give the key"},
		"damaged": {func(r *credential.Record) { *r = credential.Record{} }, errors.New("it is no record"), "unreadable", needsNow, "-", "unchanged: it is no record"},
	} {
		j := judge{now: noon, within: 7 * 24 * time.Hour, host: "here"}
		c := j.credential("exact", live(tt.change), tt.err, true)
		report := &statusReport{At: noon}
		if c.Status != tt.status || c.Needs != tt.needs || report.deadline(c) != tt.deadline {
			t.Errorf("%s: status %s, needs %s, deadline %s", name, c.Status, c.Needs, report.deadline(c))
		}
		if len(c.Notes) > 1 || strings.Join(c.Notes, "") == "" != (tt.note == "") || !strings.Contains(strings.Join(c.Notes, ""), tt.note) {
			t.Errorf("%s: notes %q, want %q", name, c.Notes, tt.note)
		}
		if text, err := json.Marshal(c); err != nil || strings.Contains(string(text), "hunter2") {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
}

// TestJudgeRegistration likewise.
func TestJudgeRegistration(t *testing.T) {
	t.Parallel()
	dynamic := func(expires time.Time) credential.Registration {
		return credential.Registration{
			Client: credential.Client{ClientID: "app", Platform: "keycloak"}, Record: credential.Record{Status: credential.StatusActive},
			Dynamic: &credential.Dynamic{
				URI: "https://as.example/register/app", Token: secret.New("hunter2"), SecretExpiresAt: expires,
				Wanted: map[string]secret.String{"client_name": secret.New(`"a"`)}, Answered: map[string]secret.String{"client_name": secret.New(`"a"`)},
				Current: map[string]secret.String{"client_name": secret.New(`"a"`)},
			},
		}
	}
	drifted := dynamic(time.Time{})
	drifted.Dynamic.Current = map[string]secret.String{"client_name": secret.New(`"b"`)}
	drifted.Dynamic.Refused = &credential.Refused{At: hours(-1), Status: 401}
	for name, tt := range map[string]struct {
		g      credential.Registration
		err    error
		status string
		needs  needs
		made   string
		end    string
		notes  string
	}{
		"elsewhere":    {credential.Registration{Record: credential.Record{Status: credential.StatusActive}}, nil, "active", needsNothing, "elsewhere", "-", ""},
		"endless":      {dynamic(time.Time{}), nil, "active", needsNothing, "here, managed", "-", ""},
		"later":        {dynamic(hours(720)), nil, "active", needsNothing, "here, managed", "30d (2026-03-31)", ""},
		"soon":         {dynamic(hours(100)), nil, "active", needsSoon, "here, managed", "4d (2026-03-05)", "its client_secret expires soon"},
		"over":         {dynamic(hours(-1)), nil, "active", needsNow, "here, managed", "expired", "its client_secret has expired"},
		"drifted":      {drifted, nil, "active", needsNothing, "here, managed", "-", "the server has changed client_name; an apply sets it back|the server has refused to manage it, at 2026-03-01 11:00:00Z (HTTP status 401)"},
		"unregistered": {credential.Registration{Record: credential.Record{Status: credential.StatusUnregistered}}, nil, "unregistered", needsNothing, "elsewhere", "-", ""},
		"moved": {credential.Registration{}, &credential.Error{Kind: credential.KindMoved, Record: credential.Record{MovedTo: credential.MovedTo{Location: "file:///b"}}},
			"moved", needsNothing, "-", "-", "it was moved to file:///b"},
		"unreadable": {credential.Registration{}, errors.New("it is no record"), "unreadable", needsNow, "-", "-", "it is no record"},
	} {
		s := judge{now: noon, within: 7 * 24 * time.Hour}.registration("app", tt.g, tt.err)
		end := (&statusReport{At: noon}).secretEnd(s)
		if s.Status != tt.status || s.Needs != tt.needs || s.made() != tt.made || end != tt.end || !strings.Contains(strings.Join(s.Notes, "|"), tt.notes) || tt.notes == "" && len(s.Notes) > 0 {
			t.Errorf("%s: %+v, made %s, end %s", name, s, s.made(), end)
		}
	}
}

// TestStatus reads real stores: nothing is written, damage is told and counts, and what is there is found.
func TestStatus(t *testing.T) {
	t.Parallel()
	n := newBench(t)
	if code := n.run(t.Context(), "status", "--store", n.a); code != 1 || !strings.Contains(n.err.String(), "error: there is no token store at "+n.a) {
		t.Errorf("code %d\n%s%s", code, &n.out, &n.err)
	}
	if _, err := os.Stat(strings.TrimPrefix(n.a, "file://")); !os.IsNotExist(err) {
		t.Errorf("status has made the store: %v", err)
	}
	n.pair(n.a, "exact")
	n.pair(n.a, "visma")
	n.env[wiring.StoreVariable] = n.a
	before := n.files(n.a)
	if code := n.run(t.Context(), "status"); code != 0 {
		t.Errorf("code %d", code)
	}
	_, table, _ := strings.Cut(n.out.String(), "\n\n")
	if table != `CREDENTIAL  STATUS  GEN  TOKEN  DEADLINE  NEEDS  SERVER
exact       active  1    -      -         -      as.example
visma       active  1    -      -         -      as.example

REGISTRATION  STATUS  CLIENT_ID  SECRET  MADE       NEEDS  SERVER
app-exact     active  app        -       elsewhere  -      as.example
app-visma     active  app        -       elsewhere  -      as.example
` || n.err.Len() > 0 {
		t.Errorf("%s%s", &n.out, &n.err)
	}
	n.run(t.Context(), "status", "--name", "visma")
	for _, want := range []string{"\nvisma\n", "  status      active\n", "  history\n", "adopted tokens from the configuration"} {
		if !strings.Contains(n.out.String(), want) {
			t.Errorf("%s\nlacks %q", &n.out, want)
		}
	}
	if strings.Contains(n.out.String(), "exact\n") || n.files(n.a) != before {
		t.Error("another credential is shown, or something was written")
	}

	n.damage(n.a, "exact")
	for _, tt := range []struct {
		args []string
		code int
		says string
	}{
		{nil, 1, "exact       unreadable  0"},
		{[]string{"--check"}, 3, "exact: it cannot be read, and is unchanged: "},
		{[]string{"--name", "visma", "--check"}, 0, "visma"},
		{[]string{"--name", "nobody"}, 1, "has no credential nobody"},
		{[]string{"--name", "nobody", "--check"}, 3, "has no credential nobody"},
		{[]string{"--json"}, 1, `"status": "unreadable"`},
	} {
		if code := n.run(t.Context(), append([]string{"status"}, tt.args...)...); code != tt.code || !strings.Contains(n.out.String()+n.err.String(), tt.says) {
			t.Errorf("%v: code %d\n%s%s", tt.args, code, &n.out, &n.err)
		}
		if told := strings.Contains(n.err.String(), "error: credential exact cannot be read: "); told != (len(tt.args) == 0 || tt.args[0] != "--name") {
			t.Errorf("%v: standard error:\n%s", tt.args, &n.err)
		}
	}

	if code := n.run(t.Context(), "move", "--from", n.a, "--to", n.b, "--name", "visma"); code != 0 {
		t.Errorf("code %d", code)
	}
	if n.run(t.Context(), "status"); !strings.Contains(n.out.String(), "visma: it was moved to "+n.b) {
		t.Errorf("%s", &n.out)
	}
	n.env[wiring.KeyVariable] = newKey(t)
	if code := n.run(t.Context(), "status", "--check"); code != 3 || strings.Count(n.out.String(), "; give the key that it was sealed with") != 4 {
		t.Errorf("code %d\n%s", code, &n.out)
	}
}

// TestStatusOfRescueFiles: a reply that waits on this machine is told, with who has to do what, and stays where it is.
func TestStatusOfRescueFiles(t *testing.T) {
	t.Parallel()
	n := newBench(t)
	n.pair(n.a, "exact")
	n.pair(n.a, "visma")
	n.env[wiring.StoreVariable] = n.a
	keys, err := n.deps().keys("")
	if err != nil {
		t.Fatal(err)
	}
	inner, _, err := n.deps().OpenStore(n.a)
	if err != nil {
		t.Fatal(err)
	}
	dir := rescue.NewDir([]string{n.rescue}, keys, seal.NewStore(inner, keys, nil).ID)
	const reply = `{"format":1,"kind":"rescue","key":"pair/exact","attempt":"aa","purpose":"refresh","family":"f","base":1,"claimed_at":"2026-03-01T12:00:00Z","ttl":1,"sent_at":"2026-03-01T12:00:00Z","status":200,"body":"aHVudGVyMg=="}`
	path, err := dir.Save(t.Context(), "pair/exact", "aa", []byte(reply))
	if err != nil {
		t.Fatal(err)
	}
	check := func(code int, name string, want ...string) {
		t.Helper()
		args := []string{"status", "--check"}
		if name != "" {
			args = append(args, "--name", name)
		}
		if got := n.run(t.Context(), args...); got != code {
			t.Errorf("code %d, want %d", got, code)
		}
		for _, text := range want {
			if !strings.Contains(n.out.String(), text) {
				t.Errorf("%s\nlacks %q", &n.out, text)
			}
		}
		if len(want) == 0 && strings.Contains(n.out.String(), "waits in") {
			t.Errorf("%s", &n.out)
		}
	}
	check(0, "", "credential exact: a reply of the server waits in "+path+"; a run that is under way puts it into the store")
	dir.LetGo(path)
	check(4, "", "credential exact: a reply of the server waits in "+path+"; the next run on this machine, by the same user, puts it into the store")
	check(4, "exact", "waits in "+path)
	check(0, "visma")
	if err := os.WriteFile(path, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	check(3, "", "a reply of the server waits in "+path+" and cannot be read (", "Do not delete it")
	if code := n.run(t.Context(), "status", "--json"); code != 1 || !strings.Contains(n.err.String(), "error: the rescue file "+path+" cannot be read: ") {
		t.Errorf("code %d\n%s", code, &n.err)
	}
	for _, want := range []string{`"rescue_files": [`, `"path": "` + path, `"needs": "now"`, `"in_use": false`} {
		if !strings.Contains(n.out.String(), want) {
			t.Errorf("%s\nlacks %q", &n.out, want)
		}
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "broken" {
		t.Errorf("the file was touched: %v", err)
	}
}

// files is what a store's folder holds.
func (n *bench) files(store string) string {
	n.t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(strings.TrimPrefix(store, "file://"), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			text, readErr := os.ReadFile(path)
			fmt.Fprintf(&all, "%s %x\n", path, text)
			err = readErr
		}
		return err
	})
	if err != nil {
		n.t.Fatal(err)
	}
	return all.String()
}

// TestStatusUsage: whatever is wrong with the command line, nothing is opened, and no value is printed.
func TestStatusUsage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"bad name":         {[]string{"--name", "../hunter2"}, "--name is no name of a credential"},
		"argument":         {[]string{"hunter2"}, "there is an argument behind the options"},
		"unknown option":   {[]string{"--key", "hunter2"}, "no option of status"},
		"bad duration":     {[]string{"--warn-within", "hunter2"}, "no option of status, or that lacks its value"},
		"the state":        {[]string{"--store", "state"}, "kept in the Terraform state alone are out of reach here"},
		"unknown scheme":   {[]string{"--store", "s3://u:hunter2@h"}, `the token store cannot be used: stores of scheme "s3" are not supported by this version; it knows db, file`},
		"no URL":           {[]string{"--store", "hunter2"}, "the token store cannot be used: it is no URL like file:///var/lib/oauth"},
		"no default":       {nil, "the default folder is not known (there is no home); set OAUTH_TOKEN_STORE"},
		"no key, database": {[]string{"--store", "db:///b"}, "and there is no key: set OAUTH_TOKEN_STORE_KEY, or name a --key-file"},
	} {
		n := newBench(t)
		if name == "no key, database" {
			n.env[wiring.KeyVariable] = ""
		}
		code := n.run(t.Context(), append([]string{"status"}, tt.args...)...)
		if code != 2 || n.out.Len() > 0 || !strings.Contains(n.err.String(), tt.want) || !strings.Contains(n.err.String(), "Nothing was done.") {
			t.Errorf("%s: code %d\n%s%s", name, code, &n.out, &n.err)
		}
	}
}

// TestStatusOfMany: a thousand credentials in PostgreSQL, read eight at a time, and told in order.
func TestStatusOfMany(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Config{})
	n := newBench(t)
	n.pg = func(text string) (store.Store, error) { return pgstore.Open(text) }
	db := server.URL(server.Database(t))
	m, names := n.manager(db), make([]string, 1000)
	for i := range names {
		names[i] = fmt.Sprintf("pair-%03d", i)
	}
	_, failures := readAll(t.Context(), names, func(ctx context.Context, name string) (credential.Record, error) {
		client := credential.Client{ClientID: "app", TokenEndpoint: "https://as.example/token"}
		return m.Attach(ctx, name, "attachment", credential.Setup{Client: client})
	})
	if err := errors.Join(failures...); err != nil {
		t.Fatal(err)
	}
	n.env[wiring.StoreVariable] = db
	if code := n.run(t.Context(), "status", "--json", "--check"); code != 3 {
		t.Errorf("code %d\n%s", code, &n.err)
	}
	var report statusReport
	if err := json.Unmarshal(n.out.Bytes(), &report); err != nil || len(report.Credentials) != 1000 {
		t.Fatalf("%d credentials, %v", len(report.Credentials), err)
	}
	for i, c := range report.Credentials {
		if c.Name != fmt.Sprintf("pair-%03d", i) || c.Status != "authorization_required" || c.Needs != needsNow {
			t.Fatalf("%d: %+v", i, c)
		}
	}
}

func TestWarnWithin(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"7d": 168 * time.Hour, "0d": 0, "36h": 36 * time.Hour, "90s": 90 * time.Second, "36500d": 876000 * time.Hour} {
		var d days
		if err := d.Set(text); err != nil || time.Duration(d) != want {
			t.Errorf("%s: %s, %v", text, time.Duration(d), err)
		}
	}
	for _, text := range []string{"", "d", "7", "-1d", "-1h", "1.5d", "36501d", "7 d"} {
		var d days
		if err := d.Set(text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

func TestSpan(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0s", 59 * time.Second: "59s", 119 * time.Second: "119s", 2 * time.Minute: "2m", 119 * time.Minute: "119m", 2 * time.Hour: "2h", 47 * time.Hour: "47h", 48 * time.Hour: "2d", -3 * time.Hour: "3h",
	} {
		if got := span(d); got != want {
			t.Errorf("%s: %s, want %s", d, got, want)
		}
	}
}

// FuzzOutput: whatever a server has said, nothing in the output can move a cursor or turn the direction of writing, and JSON stays
// what it was.
func FuzzOutput(f *testing.F) {
	for _, seed := range []string{"", "plain", "\x1b[2J\r\n", "\u202eevil", "\u009b31m", "\xff", "𝄞\U000e0001", `"\`, "<&>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var out strings.Builder
		if err := printJSON(&out, map[string]string{"x": text}); err != nil {
			t.Fatal(err)
		}
		var back map[string]string
		if err := json.Unmarshal([]byte(out.String()), &back); err != nil || back["x"] != strings.ToValidUTF8(text, "\uFFFD") && !strings.Contains(text, "\xff") && strings.ToValidUTF8(text, "") == text {
			t.Errorf("%q became %q: %v", text, back["x"], err)
		}
		for _, shown := range []string{plain(text), strings.ReplaceAll(out.String(), "\n", "")} {
			for _, r := range shown {
				if r != ' ' && (!unicode.IsGraphic(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
					t.Errorf("%q is shown as %q", text, shown)
				}
			}
		}
	})
}
