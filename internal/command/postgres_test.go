package command

import (
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/pgtest"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/pgstore"
)

// TestMovePostgres goes from a folder into a real PostgreSQL and back.
func TestMovePostgres(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Config{})
	n := newBench(t)
	n.pg = func(text string) (store.Store, error) { return pgstore.Open(text) }
	n.pair(n.a, "exact")
	n.pair(n.a, "visma")
	db := server.URL(server.Database(t))
	for _, step := range []struct{ from, to, what, want string }{
		{n.a, db, "--all", "credential    exact      moved    1\ncredential    visma      moved    1\n"},
		{n.a, db, "--all", "credential    exact      already  1\ncredential    visma      already  1\n"},
		{db, n.a, "--name=exact", "credential  exact  moved    1\n"},
		{n.a, db, "--name=exact", "credential  exact  moved    1\n"},
		{db, db + "&table=other_table", "--all", "credential    exact      moved    1\ncredential    visma      moved    1\n"}, // to seal all anew
		{db + "&table=other_table", n.b, "--all", "credential    exact      moved    1\ncredential    visma      moved    1\n"},
	} {
		if code := n.run(t.Context(), "move", "--from", step.from, "--to", step.to, step.what); code != 0 || !strings.HasSuffix(n.out.String(), step.want) {
			t.Fatalf("%v: code %d\n%s%s", step, code, &n.out, &n.err)
		}
	}
	if !n.has(n.b, "exact") || !n.has(n.b, "visma") || n.has(n.a, "exact") {
		t.Error("the credentials are elsewhere")
	}
}

// TestMoveBetweenTables goes from one table of a database into another one. What is told of it names two places.
func TestMoveBetweenTables(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Config{})
	n := newBench(t)
	n.pg = func(text string) (store.Store, error) { return pgstore.Open(text) }
	n.pair(n.a, "exact")
	db := server.Database(t)
	first, second := server.URL(db)+"&schema=oauth", server.URL(db)+"&schema=oauth&table=second"
	if code := n.run(t.Context(), "move", "--from", n.a, "--to", first, "--all"); code != 0 {
		t.Fatalf("code %d\n%s%s", code, &n.out, &n.err)
	}
	one, two := "postgres://"+server.Addr()+"/"+db+"/oauth.terraform_oauth_store", "postgres://"+server.Addr()+"/"+db+"/oauth.second"
	code := n.run(t.Context(), "move", "--from", first, "--to", second, "--all", "--json")
	for _, want := range []string{`"from": "` + one + `"`, `"to": "` + two + `"`} {
		if code != 0 || !strings.Contains(n.out.String(), want) {
			t.Errorf("code %d\n%s%s\nwant in it: %s", code, &n.out, &n.err, want)
		}
	}
	if code := n.run(t.Context(), "move", "--from", first, "--to", n.b, "--name=exact"); code != 1 || !strings.Contains(n.err.String(), "it was moved to "+two) {
		t.Errorf("code %d\n%s%s\nwant in it: it was moved to %s", code, &n.out, &n.err, two)
	}
	// Who takes the location for a URL is not led to another table.
	if code := n.run(t.Context(), "move", "--from", two, "--to", n.b, "--name=exact"); code != 2 || !strings.Contains(n.err.String(), "names schema and table") {
		t.Errorf("code %d\n%s%s", code, &n.out, &n.err)
	}
	if code := n.run(t.Context(), "move", "--from", second, "--to", n.b, "--all"); code != 0 || !n.has(n.b, "exact") {
		t.Errorf("code %d\n%s%s", code, &n.out, &n.err)
	}
}
