//go:build unix

package acceptance_test

import (
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/pgtest"
)

// outage is a credential in a PostgreSQL server of its own, which goes away in the middle of a refresh.
type outage struct {
	t         *testing.T
	s         *server
	w         *workspace
	db        *pgtest.Server
	refreshes int
}

// The server of the token store goes away when a refresh is on its way, and comes back sooner or later. Nothing is lost:
// either the refresh completes, or the reply lies in a rescue file and the next run brings it home.
func TestPostgresOutage(t *testing.T) {
	t.Parallel()
	o := &outage{t: t, s: newServer(t, nil), w: newWorkspace(t), db: pgtest.Start(t, pgtest.Config{})}
	o.w.onPostgres(o.db)
	o.w.write(o.s.pair("outage", o.s.issue().RefreshToken, strict, ""))
	o.w.apply()
	o.w.plan()
	o.refreshes = 1

	t.Run("killed with the reply in hand, plan", func(t *testing.T) { o.rescue("plan", o.db.Kill) })
	t.Run("stopped with the reply in hand, apply", func(t *testing.T) { o.rescue("apply", o.db.Stop) })
	t.Run("back before time is up", o.backInTime)
	t.Run("restarted between claim and call", o.restarted)
	t.Run("gone before the claim", o.goneBefore)
}

// begin starts a command that stops at the step of a refresh.
func (o *outage) begin(step, command string, retry time.Duration) (*running, *stop) {
	o.t.Helper()
	o.s.later(time.Hour, o.w)
	timings := credential.DefaultTimings()
	timings.CommitRetry = retry
	o.w.timings(timings)
	st := o.w.stopAt(step)
	args := []string{command, "-input=false", "-no-color"}
	if command == "apply" {
		args = append(args, "-auto-approve")
	}
	r := o.w.start(args...)
	o.w.noStop()
	st.reached(r, step)
	return r, st
}

// end checks how a command has ended, and how often the server has refreshed by now.
func (o *outage) end(r *running, code, more int) result {
	o.t.Helper()
	done := r.wait()
	if done.code != code {
		o.t.Fatalf("it exited with %d, want %d:\n%s\n%s", done.code, code, done.stdout, done.stderr)
	}
	o.refreshes += more
	o.s.expect(o.refreshes, 0)
	return done
}

func (o *outage) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// good shows that the credential works, now and after its next expiry.
func (o *outage) good() {
	o.t.Helper()
	if left := rescueFiles(o.t, o.w); len(left) != 0 {
		o.t.Errorf("rescue files are left: %q", left)
	}
	o.w.apply()
	o.s.expect(o.refreshes, 0)
	o.w.expectLive(o.s, o.refreshes+1)
	o.s.later(time.Hour, o.w)
	o.w.apply()
	o.refreshes++
	o.s.expect(o.refreshes, 0)
	o.w.expectLive(o.s, o.refreshes+1)
}

func (o *outage) rescue(command string, away func() error) {
	r, st := o.begin("reply", command, time.Second)
	o.must(away())
	st.letGo("reply")
	o.end(r, 0, 1).mustSay(o.t, "New Refresh Token Not in the Token Store", "cannot connect to 127.0.0.1", rescueFile(o.t, o.w), "Do not delete that file.")
	o.w.fails([]string{"cannot connect to 127.0.0.1", "Nothing was sent."}, "plan", "-input=false", "-no-color")
	o.s.expect(o.refreshes, 0)
	o.must(o.db.Resume())
	o.w.plan().mustSay(o.t, "Refresh Token Recovered")
	o.s.expect(o.refreshes, 0)
	o.good()
}

func (o *outage) backInTime(*testing.T) {
	r, st := o.begin("reply", "plan", time.Minute)
	o.must(o.db.Kill())
	st.letGo("reply")
	eventually(o.t, "the reply lies in a rescue file", func() bool { return len(rescueFiles(o.t, o.w)) == 1 })
	o.must(o.db.Resume())
	o.end(r, 0, 1).mustNotSay(o.t, "Warning: New Refresh Token")
	o.good()
}

func (o *outage) restarted(*testing.T) {
	r, st := o.begin("dial", "plan", time.Minute)
	o.must(o.db.Stop())
	o.must(o.db.Resume())
	st.letGo("dial")
	o.end(r, 0, 1).mustNotSay(o.t, "Warning: New Refresh Token")
	o.good()
}

func (o *outage) goneBefore(*testing.T) {
	before := o.s.Counters().TokenArrivals
	r, st := o.begin("replace-1-before", "plan", time.Second)
	o.must(o.db.Kill())
	st.letGo("replace-1-before")
	o.end(r, 1, 0).mustSay(o.t, "Unable to Refresh Token Pair", "Nothing was sent.")
	if got := o.s.Counters().TokenArrivals; got != before {
		o.t.Errorf("%d requests were sent", got-before)
	}
	o.must(o.db.Resume())
	o.w.plan()
	o.refreshes++
	o.good()
}

// A server that only reads, or a role that may only read, is refused before anything is spent.
func TestPostgresReadOnly(t *testing.T) {
	t.Parallel()
	s, w, db := newServer(t, nil), newWorkspace(t), pgtest.Start(t, pgtest.Config{})
	table := w.onPostgres(db)
	w.write(s.pair("read-only", s.issue().RefreshToken, strict, ""))
	w.apply()
	w.plan()
	standby := db.Standby(t)
	standby.AwaitReplay(t, db)
	db.Exec(t, "postgres", "CREATE ROLE reader LOGIN PASSWORD 'hush-hush'",
		"GRANT USAGE ON SCHEMA "+table.schema+" TO reader", "GRANT SELECT ON "+table.schema+".terraform_oauth_store TO reader")
	before := s.Counters().TokenArrivals
	s.later(10*time.Minute-20*time.Second, w) // due, and still alive
	w.env["OAUTH_TOKEN_STORE"] = standby.URL("postgres") + "&schema=" + table.schema
	w.plan().mustSay(t, "No changes.", "Warning: Token Pair Not Refreshed", "The current access token still works and is used.", "cannot execute UPDATE in a read-only transaction")
	s.later(time.Hour, w)
	monitor := newGuide(t, s, nil, alertMonitor).shares(w) // tells of the status, and needs no more
	for _, tt := range []struct{ name, url, says string }{
		{"role", "postgres://reader:hush-hush@" + db.Addr() + "/postgres?sslmode=disable&schema=" + table.schema,
			`permission denied for table terraform_oauth_store (SQLSTATE 42501); the role needs GRANT SELECT, INSERT, UPDATE, DELETE ON "` + table.schema + `"."terraform_oauth_store"`},
		{"standby", standby.URL("postgres") + "&schema=" + table.schema,
			"cannot execute UPDATE in a read-only transaction (SQLSTATE 25006); the URL leads to a standby, or default_transaction_read_only is on"},
		{"transactions", db.URL("postgres") + "&schema=" + table.schema + "&default_transaction_read_only=on",
			"cannot execute UPDATE in a read-only transaction (SQLSTATE 25006); the URL leads to a standby, or default_transaction_read_only is on"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.env["OAUTH_TOKEN_STORE"], monitor.env["OAUTH_TOKEN_STORE"] = tt.url, tt.url
			monitor.plan().mustSay(t, "No changes.")
			for _, command := range []string{"plan", "apply"} {
				r := w.fails([]string{"Unable to Refresh Token Pair", tt.says, "Nothing was sent. The stored credential was not used up and still works."},
					command, "-input=false", "-no-color")
				r.mustNotSay(t, "hush-hush")
			}
			if got := s.Counters().TokenArrivals; got != before {
				t.Errorf("%d requests were sent", got-before)
			}
		})
	}
	w.env["OAUTH_TOKEN_STORE"] = table.url
	w.apply()
	s.expect(2, 0)
	w.expectLive(s, 3)
}
