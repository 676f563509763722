//go:build unix

package acceptance_test

import (
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/pgtest"
)

// fullServer is an outage of another kind: the server answers, and has no room.
type fullServer struct {
	*outage
	store *pgTable
	table string
}

// The server of the token store has no room for one more row. Before the claim that is found out without anything being
// spent. After it the reply lies in a rescue file, until there is room again.
//
// The two sizes make PostgreSQL 15 refuse in two ways: as a full disk, which is definite, and as an internal error, after
// which the engine has to find out by itself that nothing was written.
func TestPostgresFull(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int64{"within a page": 1<<20 + 4096, "at the end of a page": 1 << 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &outage{t: t, s: newServer(t, nil), w: newWorkspace(t), db: pgtest.Start(t, pgtest.Config{FileSize: size})}
			store := o.w.onPostgres(o.db)
			f := &fullServer{o, store, store.schema + ".terraform_oauth_store"}
			o.w.write(o.s.pair("full", o.s.issue().RefreshToken, strict, ""))
			o.w.apply()
			o.w.plan()
			o.refreshes = 1

			t.Run("before the claim", f.beforeTheClaim)
			t.Run("with the reply in hand, plan", func(*testing.T) { f.withTheReply("plan") })
			t.Run("with the reply in hand, apply", func(*testing.T) { f.withTheReply("apply") })
			t.Run("room before time is up", f.roomInTime)
		})
	}
}

// fill makes the token store full, down to the room that an old version of a record leaves for the next.
func (f *fullServer) fill() {
	f.t.Helper()
	f.db.Fill(f.t, "postgres", f.table, "INSERT INTO "+f.table+
		" SELECT left(md5(random()::text), 7), gen_random_uuid(), now(), convert_to(repeat('x', $1), 'UTF8') ON CONFLICT DO NOTHING")
}

// free makes room again. The keys of records have a slash in them.
func (f *fullServer) free() {
	f.t.Helper()
	f.db.Exec(f.t, "postgres", "DELETE FROM "+f.table+" WHERE key NOT LIKE '%/%'", "VACUUM "+f.table)
}

func (f *fullServer) beforeTheClaim(t *testing.T) {
	s, w := f.s, f.w
	f.fill()
	before := s.Counters().TokenArrivals
	w.plan("-detailed-exitcode").mustSay(t, "No changes.") // nothing is due, nothing is to be written
	s.later(10*time.Minute-20*time.Second, w)              // due, and still alive
	w.plan().mustSay(t, "No changes.", "Warning: Token Pair Not Refreshed", "The current access token still works and is used.", "could not extend file")
	s.later(time.Hour, w)
	for _, command := range []string{"plan", "apply"} {
		w.fails([]string{"Unable to Refresh Token Pair", `write pair/full: could not extend file "base/`,
			"Nothing was sent. The stored credential was not used up and still works.", "with space left on its disk"},
			command, "-input=false", "-no-color").mustNotSay(t, "goroutine")
	}
	first, other := newServer(t, nil), w.sibling()
	other.write(first.pair("first", first.issue().RefreshToken, strict, ""))
	other.fails([]string{"Unable to Create Token Pair", "could not extend file", "Nothing was sent."}, "apply", "-input=false", "-no-color", "-auto-approve")
	first.expectCalls(calls{})
	if got := s.Counters().TokenArrivals; got != before {
		t.Errorf("%d requests were sent", got-before)
	}
	f.free()
	w.plan().mustSay(t, "No changes.")
	f.refreshes++
	f.good()
}

func (f *fullServer) withTheReply(command string) {
	r, st := f.begin("reply", command, time.Second)
	f.store.later(f.t, claimTTL) // nobody has to wait for the claim that will be left
	f.fill()
	st.letGo("reply")
	f.end(r, 0, 1).mustSay(f.t, "New Refresh Token Not in the Token Store", "could not extend file", rescueFile(f.t, f.w), "Do not delete that file.")
	f.w.fails([]string{"could not extend file", "Nothing was sent."}, "plan", "-input=false", "-no-color")
	f.s.expect(f.refreshes, 0)
	f.free()
	f.w.plan().mustSay(f.t, "Refresh Token Recovered")
	f.s.expect(f.refreshes, 0)
	f.good()
}

func (f *fullServer) roomInTime(*testing.T) {
	r, st := f.begin("reply", "plan", time.Minute)
	f.fill()
	st.letGo("reply")
	eventually(f.t, "the reply lies in a rescue file", func() bool { return len(rescueFiles(f.t, f.w)) == 1 })
	f.free()
	f.end(r, 0, 1).mustNotSay(f.t, "Warning: New Refresh Token")
	f.good()
}
