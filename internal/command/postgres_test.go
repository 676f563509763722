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
