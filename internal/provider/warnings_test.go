package provider

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func summaries(diags diag.Diagnostics) []string {
	var all []string
	for _, d := range diags {
		all = append(all, d.Summary())
	}
	return all
}

// A warning stands as long as it is true and somebody can act on it: not earlier than its threshold, and not for what
// does not work anyhow.
func TestStandingWarnings(t *testing.T) {
	t.Parallel()
	const (
		dies   = "Refresh Token Dies Soon: exact"
		ends   = "Authorization Ends Soon: exact"
		alone  = "Single-Use Refresh Token Kept in the State Only"
		runner = "Token Store on a CI Runner's Own Disk"
		hour   = time.Hour
	)
	now := day(15)
	record := func(change func(*credential.Record)) credential.Record {
		r := credential.Record{
			Family: "f", Generation: 1, Status: credential.StatusActive, AuthorizedAt: now.Add(-hour),
			Tokens: credential.Tokens{Access: secret.New("a"), Refresh: secret.New("r"), IssuedAt: now.Add(-hour), ExpiresAt: now.Add(hour)},
		}
		change(&r)
		return r
	}
	idle := func(left time.Duration) credential.Record {
		return record(func(r *credential.Record) { r.Tokens.RefreshTokenExpiresAt = now.Add(left) })
	}
	absolute := func(left time.Duration) credential.Record {
		return record(func(r *credential.Record) { r.Client.Policy.AbsoluteLifetime = hour + left })
	}
	same := func(*credential.Record) {}
	reusable := record(func(r *credential.Record) { r.Client.Policy.Rotation = credential.RotationNone })
	noRefresh := record(func(r *credential.Record) { r.Tokens.Refresh = secret.String{} })
	ci := func(string) string { return "true" }
	noCI := func(string) string { return "" }
	type mode struct {
		stateOnly, implicit bool
		getenv              func(string) string
	}
	for _, c := range []struct {
		name   string
		record credential.Record
		mode   mode
		want   []string
	}{
		{name: "nothing to say", record: record(same)},
		{name: "the refresh token has 7 days", record: idle(168 * hour)},
		{name: "a second less", record: idle(168*hour - time.Second), want: []string{dies}},
		{name: "an hour", record: idle(hour), want: []string{dies}},
		{name: "it is dead already", record: idle(-hour)},
		{name: "the authorization has 30 days", record: absolute(720 * hour)},
		{name: "a second less of it", record: absolute(720*hour - time.Second), want: []string{ends}},
		{name: "it has ended", record: absolute(-30 * time.Minute), want: []string{ends}},
		{name: "both", record: record(func(r *credential.Record) {
			r.Tokens.RefreshTokenExpiresAt, r.Client.Policy.AbsoluteLifetime = now.Add(hour), 2*hour
		}), want: []string{dies, ends}},
		{name: "what does not work has no deadline", record: record(func(r *credential.Record) {
			r.Status, r.Tokens.RefreshTokenExpiresAt = credential.StatusAuthorizationRequired, now.Add(hour)
		})},
		{name: "in the state alone", record: record(same), mode: mode{stateOnly: true}, want: []string{alone}},
		{name: "in the state alone, not single-use", record: reusable, mode: mode{stateOnly: true}},
		{name: "in the state alone, no refresh token", record: noRefresh, mode: mode{stateOnly: true}},
		{name: "default store in a CI job", record: record(same), mode: mode{implicit: true, getenv: ci}, want: []string{runner}},
		{name: "default store elsewhere", record: record(same), mode: mode{implicit: true, getenv: noCI}},
		{name: "chosen store in a CI job", record: record(same), mode: mode{getenv: ci}},
		{name: "default store in a CI job, nothing to lose", record: noRefresh, mode: mode{implicit: true, getenv: ci}},
	} {
		s := &session{stateOnly: c.mode.stateOnly, implicit: c.mode.implicit, location: "file:///store", deps: Deps{Clock: stopped(now), Getenv: c.mode.getenv}}
		r := &tokenPairResource{configuredResource{configured{s}}}
		var diags diag.Diagnostics
		r.warnStanding(subject{kind: "oauth_token_pair", name: "exact", session: s}, c.record, true, &diags)
		if got := summaries(diags); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
		if diags.HasError() {
			t.Errorf("%s: a warning is an error: %v", c.name, diags)
		}
	}
}

// A margin that no access token of the server outlives is told of, where it has an effect, with both numbers.
func TestMarginBeyondTheLifetime(t *testing.T) {
	t.Parallel()
	issued := time.Date(2026, 1, 2, 11, 55, 0, 0, time.UTC)
	const says = `The access tokens of token pair "exact" live 10m, and %s wants as much left, or more: every plan and apply refreshes it%s as soon as the server allows. Set it below 10m, unless you mean that.`
	spends := ", and spends its refresh token"
	for _, c := range []struct {
		name     string
		provider time.Duration
		change   func(*credential.Record)
		want     string
	}{
		{name: "shorter", change: func(r *credential.Record) { r.Refresh.BeforeExpiry = 9*time.Minute + 59*time.Second }},
		{name: "as long", change: func(r *credential.Record) { r.Refresh.BeforeExpiry = 10 * time.Minute }, want: fmt.Sprintf(says, `refresh.before_expiry = "10m"`, spends)},
		{name: "the provider's", provider: time.Hour, change: func(*credential.Record) {}, want: fmt.Sprintf(says, `the provider's refresh_before_expiry = "1h"`, spends)},
		{name: "the pair's own is shorter", provider: time.Hour, change: func(r *credential.Record) { r.Refresh.BeforeExpiry = time.Minute }},
		{name: "nothing is spent", change: func(r *credential.Record) {
			r.Refresh.BeforeExpiry, r.Client.Policy.Rotation = time.Hour, credential.RotationNone
		}, want: fmt.Sprintf(says, `refresh.before_expiry = "1h"`, "")},
		{name: "on rejection", change: func(r *credential.Record) {
			r.Refresh.BeforeExpiry, r.Refresh.Strategy = time.Hour, credential.StrategyOnRejection
		}},
		{name: "every read anyway", change: func(r *credential.Record) {
			r.Refresh.BeforeExpiry, r.Refresh.Strategy = time.Hour, credential.StrategyEveryRead
		}},
		{name: "no expiry is known", change: func(r *credential.Record) { r.Refresh.BeforeExpiry, r.Tokens.ExpiresAt = time.Hour, time.Time{} }},
		{name: "brought, of unknown age", change: func(r *credential.Record) { r.Refresh.BeforeExpiry, r.Input, r.Generation = time.Hour, "sum", 1 }},
		{name: "dead", change: func(r *credential.Record) {
			r.Refresh.BeforeExpiry, r.Status = time.Hour, credential.StatusAuthorizationRequired
		}},
	} {
		r := credential.Record{Generation: 2, Status: credential.StatusActive, Tokens: credential.Tokens{
			Access: secret.New("a"), Refresh: secret.New("r"), IssuedAt: issued, ExpiresAt: issued.Add(10 * time.Minute),
		}}
		c.change(&r)
		var diags diag.Diagnostics
		warnPairMargin(subject{kind: "oauth_token_pair", name: "exact", session: &session{margin: c.provider}}, r, &diags)
		got := ""
		for _, d := range diags {
			got += d.Detail()
		}
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// A refresh.earliest beyond the end of the tokens leaves a gap, and is told of.
func TestEarliestBeyondTheLifetime(t *testing.T) {
	t.Parallel()
	issued := time.Date(2026, 1, 2, 11, 55, 0, 0, time.UTC)
	for earliest, want := range map[time.Duration]string{
		0: "", 10 * time.Minute: "",
		11 * time.Minute: `The access tokens of token pair "exact" live 10m, and refresh.earliest = "11m" allows no refresh before that: in between there is no token that works. Set it to 10m at most.`,
	} {
		r := credential.Record{Generation: 2, Status: credential.StatusActive, Refresh: credential.RefreshSettings{Earliest: earliest}, Tokens: credential.Tokens{
			Access: secret.New("a"), Refresh: secret.New("r"), IssuedAt: issued, ExpiresAt: issued.Add(10 * time.Minute),
		}}
		var diags diag.Diagnostics
		warnEarliest(subject{kind: "oauth_token_pair", name: "exact", session: &session{}}, r, &diags)
		got := ""
		for _, d := range diags {
			got += d.Detail()
		}
		if got != want {
			t.Errorf("%s: %s", earliest, got)
		}
	}
}

func TestSignsOfACIJob(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, value string
		want        bool
	}{
		{"CI", "true", true}, {"CI", "1", true}, {"CI", "false", false}, {"CI", "0", false}, {"CI", "", false},
		{"GITHUB_ACTIONS", "true", true}, {"GITLAB_CI", "true", true}, {"TF_BUILD", "True", true}, {"JENKINS_URL", "https://ci.example.com/", true},
		{"TEAMCITY_VERSION", "2025.1", true}, {"BUILDKITE", "true", true}, {"CIRCLECI", "true", true}, {"HOME", "/home/me", false},
	} {
		s := &session{deps: Deps{Getenv: func(name string) string {
			if name == c.name {
				return c.value
			}
			return ""
		}}}
		if got := s.onCI(); got != c.want {
			t.Errorf("%s=%q: got %t, want %t", c.name, c.value, got, c.want)
		}
	}
}

// What a success still has to say, word by word.
func TestNotices(t *testing.T) {
	t.Parallel()
	failure := &credential.Error{Kind: credential.KindNotSent, Err: errors.New("connection refused")}
	refused := &credential.Error{Kind: credential.KindConfiguration, Verdict: oauth.Verdict{Class: oauth.Configuration, Status: 400, Code: "unsupported_token_type"}}
	for _, c := range []struct {
		name, summary, detail string
		notice                credential.Notice
	}{
		{"too early", "Refresh Put Off",
			`The access token of token pair "exact" is due for a refresh and cannot be refreshed before 2026-01-02 12:00:00 UTC: the server asked to wait. It is used as it is.`,
			credential.Notice{Code: credential.NoticePutOff, Reason: credential.ReasonNotBefore, Until: day(2)}},
		{"earliest", "Refresh Put Off",
			`The access token of token pair "exact" is due for a refresh and cannot be refreshed before 2026-01-02 12:00:00 UTC: the server refuses an earlier refresh, by refresh.earliest or by what is known of the platform. It is used as it is.`,
			credential.Notice{Code: credential.NoticePutOff, Reason: credential.ReasonEarliest, Until: day(2)}},
		{"at apply", "", "", credential.Notice{Code: credential.NoticePutOff, Reason: credential.ReasonAtApply}},
		{"never", "", "", credential.Notice{Code: credential.NoticePutOff, Reason: credential.ReasonNever}},
		{"claimed", "", "", credential.Notice{Code: credential.NoticePutOff, Reason: credential.ReasonClaimed}},
		{"failed", "Token Pair Not Refreshed",
			"The authorization server was not reached for token pair \"exact\": connection refused.\n\n" +
				"The current access token still works and is used. Nothing was sent. The stored credential was not used up and still works.\n\nCheck the network and the endpoint, then run again.",
			credential.Notice{Code: credential.NoticeFailed, Err: failure}},
		{"not probed", "Access Token Not Probed",
			`refresh.probe.url did not tell whether the access token of token pair "exact" works: it answered 503. Only a 2xx or a 401 does. The token is used as it is.`,
			credential.Notice{Code: credential.NoticeUnprobed, Err: errors.New("it answered 503")}},
		{"not probed, for the budget", "Access Token Not Probed",
			"refresh.probe.url is not called for token pair \"exact\" before 2026-01-02 12:00:00 UTC: one more refusal would make the server lock the client out. The token is used as it is.\n\n" +
				"2 refusals within 1h lock the client id out, and these stand already:\n  2026-01-02 11:00:00 UTC  host1  pair/exact  401 (probe of the API)",
			credential.Notice{Code: credential.NoticeUnprobed, Until: day(2), Err: &credential.Error{Kind: credential.KindLater, Err: &credential.BudgetError{
				Budget: credential.ErrorBudget{Limit: 2, Window: time.Hour}, Client: "id", Until: day(2),
				Spent: []credential.Spent{{At: day(2).Add(-time.Hour), Host: "host1", Key: "pair/exact", Code: "(probe of the API)", HTTP: 401}},
			}}}},
		{"not probed, for the endpoint", "Access Token Not Probed",
			"refresh.probe.url is not called for token pair \"exact\": its refusals count in the error budget of the token endpoint, which is not known. The token is used as it is.\n\n" +
				"The metadata of " + anIssuer + " could not be used:\n\n  " + aMetadataURL + "\n    disk full.",
			credential.Notice{Code: credential.NoticeUnprobed, Err: &oauth.DiscoveryError{
				Issuer: anIssuer, Tried: []oauth.DiscoveryAttempt{{URL: aMetadataURL, Why: errors.New("disk full")}},
			}}},
		{"not stored", "New Refresh Token Not in the Token Store",
			"Token pair \"exact\" was refreshed, but the token store file:///store could not be written: disk full.\n\nIt could be kept nowhere, and is lost when this run ends: a person must authorize again then. The access token works until it expires.",
			credential.Notice{Code: credential.NoticeNotStored, Err: errors.New("disk full")}},
		{"not stored, but rescued", "New Refresh Token Not in the Token Store",
			"Token pair \"exact\" was refreshed, but the token store file:///store could not be written: disk full.\n\n" +
				"It is kept in /rescue/file; the next run on this machine, by the same user, puts it into the store. Do not delete that file.",
			credential.Notice{Code: credential.NoticeNotStored, Err: errors.New("disk full"), Text: "/rescue/file"}},
		{"rescued", "Refresh Token Recovered",
			"A run that ended early had left a refresh token in /rescue/file. It is in the token store now. Nothing needs to be done.",
			credential.Notice{Code: credential.NoticeRescued, Text: "/rescue/file"}},
		{"no rescue", "No Rescue File",
			"Before a new refresh token goes to the token store it is kept in a local file, in case that the store fails. That file could not be written: read-only. The refresh itself went well.",
			credential.Notice{Code: credential.NoticeNoRescue, Err: errors.New("read-only")}},
		{"salvaged", "Broken Reply From the Token Endpoint",
			`The reply to the refresh of token pair "exact" was not well-formed. Its refresh token could be read and is kept.`,
			credential.Notice{Code: credential.NoticeSalvaged}},
		{"not looked up", "Connection Details Incomplete",
			`What API calls need besides the token of token pair "exact" could not be looked up (cloudId): the answer was HTTP 403. The token works all the same. The next run tries again.`,
			credential.Notice{Code: credential.NoticeNotLookedUp, Text: "cloudId", Err: errors.New("the answer was HTTP 403")}},
		{"not looked up, refused", "Connection Details Incomplete",
			`What API calls need besides the token of token pair "exact" could not be looked up (cloudId): the answer was HTTP 403. The token works all the same. It is asked for again from 2026-01-02 12:00:00 UTC on; look whether the user and the app may read it.`,
			credential.Notice{Code: credential.NoticeNotLookedUp, Text: "cloudId", Err: errors.New("the answer was HTTP 403"), Until: day(2)}},
		{"looked up, and not stored", "Connection Details Incomplete",
			`What API calls need besides the token of token pair "exact" could not be looked up: read-only. The token works all the same. The next run tries again.`,
			credential.Notice{Code: credential.NoticeNotLookedUp, Err: errors.New("read-only")}},
		{"not revoked", "Tokens Not Revoked",
			`Token pair "exact" was removed here, but its tokens were not revoked: the server said unsupported_token_type (HTTP 400). Revoke the app's access on the platform, where the user's connected apps are listed.`,
			credential.Notice{Code: credential.NoticeNotRevoked, Err: refused}},
		{"nowhere to revoke", "Tokens Not Revoked",
			`Token pair "exact" was removed here, but its tokens were not revoked: the client has no revocation_endpoint. Revoke the app's access on the platform, where the user's connected apps are listed.`,
			credential.Notice{Code: credential.NoticeNotRevoked, Err: credential.ErrNoRevocation}},
	} {
		var diags diag.Diagnostics
		warnNotices(aPair, []credential.Notice{c.notice}, &diags)
		switch {
		case c.summary == "":
			if len(diags) > 0 {
				t.Errorf("%s: %v", c.name, diags)
			}
		case len(diags) != 1 || diags.HasError() || diags[0].Summary() != c.summary || diags[0].Detail() != c.detail:
			t.Errorf("%s:\n got %v\nwant %s\n%s", c.name, diags, c.summary, c.detail)
		}
	}
}

// A status that nobody has told of yet is explained, with the rule that follows from the rotation semantics.
func TestStatusIsExplained(t *testing.T) {
	t.Parallel()
	unknown := func(change func(*credential.Record)) credential.Record {
		return aRecord(func(r *credential.Record) {
			r.Status = credential.StatusOutcomeUnknown
			change(r)
		})
	}
	for _, c := range []struct {
		name, summary, says string
		record              credential.Record
	}{
		{"active", "", "", aRecord(nil)},
		{"dead", "Authorization Required: exact", "no longer works", aRecord(func(r *credential.Record) { r.Status = credential.StatusAuthorizationRequired })},
		{"waiting", "Outcome of a Refresh Unknown: exact", "Until 2026-01-01 13:00:00 UTC nothing is sent", unknown(func(*credential.Record) {})},
		{"final", "Outcome of a Refresh Unknown: exact", "It was sent once more without a reply, and is not sent again.", unknown(func(r *credential.Record) { r.Unknown.Resends = 1 })},
		{"rejected", "Outcome of a Refresh Unknown: exact", "It was sent once more and refused. Until 2026-01-01 12:02:00 UTC", unknown(func(r *credential.Record) { r.Unknown.RejectedAt = day(1) })},
		{"may be sent", "Outcome of a Refresh Unknown: exact", "The server allows to send it again; the next run does.", unknown(func(r *credential.Record) { r.Client.Policy.Rotation = credential.RotationNone })},
	} {
		var diags diag.Diagnostics
		warnStatus(aPair, c.record, day(1), &diags)
		switch {
		case c.summary == "":
			if len(diags) > 0 {
				t.Errorf("%s: %v", c.name, diags)
			}
		case len(diags) != 1 || diags[0].Summary() != c.summary || !strings.Contains(diags[0].Detail(), c.says):
			t.Errorf("%s: got %v; want %s: %s", c.name, diags, c.summary, c.says)
		}
	}
}

// Whoever plans against a wrong or empty store learns where the credential lives, and that nothing was done.
func TestWordsAboutAWrongStore(t *testing.T) {
	t.Parallel()
	state := tokenPairModel{StoreID: types.StringValue("store-1"), StoreLocation: types.StringValue("file:///home-store")}
	implicit := aPair
	implicit.session = &session{location: "file:///default", implicit: true}
	keeping := aPair
	keeping.session = &session{location: "file:///store", secretsInState: true}
	for _, c := range []struct {
		name string
		tell func(*diag.Diagnostics)
		says []string
	}{
		{"another store, and no tokens in the state", func(d *diag.Diagnostics) { warnAbsent(aPair, state, "store-2", d) }, []string{
			"its tokens are not in the state either (secrets_in_state = false): put a copy of the former store back, or apply, and authorize again if the grant needs a person.",
		}},
		{"another store", func(d *diag.Diagnostics) { warnAbsent(keeping, state, "store-2", d) }, []string{
			`The token store file:///store does not hold token pair "exact", which the state says is in file:///home-store.`, "Nothing was refreshed or sent", "apply: that writes the credential of the state into it",
		}},
		{"the same store, restored", func(d *diag.Diagnostics) { warnAbsent(aPair, state, "store-1", d) }, []string{"no longer holds", "restored from an older backup", "Nothing was refreshed or sent"}},
		{"the default store", func(d *diag.Diagnostics) { warnAbsent(implicit, state, "", d) }, []string{"file:///default", "neither token_store nor OAUTH_TOKEN_STORE is set"}},
		{"an apply on the default store", func(d *diag.Diagnostics) {
			refuseImplicitSeed(path.Root("name"), implicit, "file:///home-store", d)
		}, []string{"The state says that it lives in file:///home-store.", "Nothing was sent. The credential still works where it is.", `set token_store = "file:///default" and apply again`}},
		{"a destroy elsewhere", func(d *diag.Diagnostics) { refuseForeignDestroy(aPair, state, "store-2", d) }, []string{"file:///home-store", "Nothing was revoked or removed. The credential still works."}},
		{"a destroy on an empty store", func(d *diag.Diagnostics) { refuseForeignDestroy(aPair, state, "", d) }, []string{"a store that was never written to"}},
	} {
		var diags diag.Diagnostics
		c.tell(&diags)
		if len(diags) != 1 {
			t.Fatalf("%s: %v", c.name, diags)
		}
		for _, text := range c.says {
			if !strings.Contains(diags[0].Detail(), text) {
				t.Errorf("%s does not say %q: %s", c.name, text, diags[0].Detail())
			}
		}
	}
}
