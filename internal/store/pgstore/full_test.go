package pgstore_test

import (
	"crypto/rand"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/pgtest"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// On a full server the old value stays, and is served. The server is full by a limit of the size of its files, which every
// user may set. Where a part of the page still fits, PostgreSQL up to 15 says of it what every version says of a full disk.
// Else it is an internal error: a proxy that lost sight of a write may say that too, so the write is not known to be refused.
func TestServerFull(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int64{"within a page": 1<<20 + 4096, "at the end of a page": 1 << 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := pgtest.Start(t, pgtest.Config{FileSize: size})
			want := "XX000"
			if size%8192 != 0 && s.Value(t, "postgres", "SELECT current_setting('server_version_num')::int < 160000") == "t" {
				want = "53100"
			}
			serverFull(t, s, want)
		})
	}
}

// serverFull wants the server to say code, and the store to say what that means.
func serverFull(t *testing.T, s *pgtest.Server, code string) {
	db := s.Database(t)
	st := open(t, s.URL(db))
	r, other := create(t, st, "pair/exact", "old"), create(t, st, "pair/other", "old")
	const insert = `INSERT INTO terraform_oauth_store
SELECT left(md5(random()::text), 7), gen_random_uuid(), now(), convert_to(repeat('x', $1), 'UTF8') ON CONFLICT DO NOTHING`
	if got := s.Fill(t, db, "terraform_oauth_store", insert); got != code {
		t.Fatalf("the server refuses with %s, want %s", got, code)
	}
	kind, said := store.ErrNotDone, "(SQLSTATE 53100); the server needs free space on its disk: nothing was written to the token store"
	if code == "XX000" {
		kind, said = nil, "File too large (SQLSTATE XX000); it is not known whether the write was done"
	}
	refused := func(what, key string, err error) {
		t.Helper()
		expectError(t, what, err, kind, "write "+key+": could not extend file ", said)
	}
	large := make([]byte, 2<<20) // more than fits into a file, and nothing that could be compressed
	rand.Read(large)

	for what, value := range map[string][]byte{"a small value": []byte("new"), "a large value": large} {
		_, err := st.Replace(t.Context(), "pair/exact", r, value)
		refused("Replace by "+what, "pair/exact", err)
		_, err = st.Create(t.Context(), "pair/new", value)
		refused("Create of "+what, "pair/new", err)
	}
	e, err := st.Get(t.Context(), "pair/exact")
	if err != nil || e.Revision != r || string(e.Value) != "old" {
		t.Errorf("Get returns %q at revision %q, %v; want the last one written, %q", e.Value, e.Revision, err, r)
	}
	if got := valueOf(t, st, "pair/new"); got != "" {
		t.Errorf("Get sees %d bytes of a value that was refused", len(got))
	}
	if err := st.Delete(t.Context(), "pair/other", other); err != nil {
		t.Errorf("Delete, which needs no room: %v", err)
	}

	s.Exec(t, db, "DELETE FROM terraform_oauth_store WHERE key NOT LIKE 'pair/%'", "VACUUM terraform_oauth_store")
	if _, err := st.Replace(t.Context(), "pair/exact", r, []byte("new")); err != nil {
		t.Errorf("with room again: %v", err)
	}
	r = create(t, st, "pair/new", "new")
	// There is room for small values, and none for this one: it goes where large values go, and that cannot grow.
	_, err = st.Replace(t.Context(), "pair/new", r, large)
	refused("Replace by what is larger than the room", "pair/new", err)
	if got := valueOf(t, st, "pair/new"); got != "new" {
		t.Errorf("Get sees %d bytes, want the old value", len(got))
	}
}
