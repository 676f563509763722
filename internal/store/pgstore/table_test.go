package pgstore_test

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/pgtest"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/pgstore"
)

// tables lists what was made in a database, as schema.table.
const tables = `SELECT string_agg(schemaname || '.' || tablename, ' ' ORDER BY 1) FROM pg_tables WHERE tableowner <> 'nobody' AND schemaname NOT IN ('pg_catalog', 'information_schema')`

func TestReadingMakesNothing(t *testing.T) {
	t.Parallel()
	s := server(t)
	for name, parameters := range map[string]string{"no table": "", "no schema": "&schema=absent"} {
		db := s.Database(t)
		st := open(t, s.URL(db)+parameters)
		_, err := st.Get(t.Context(), "pair/exact")
		expectError(t, name+": Get", err, store.ErrNotFound)
		if keys, err := st.List(t.Context(), "pair"); err != nil || keys != nil {
			t.Errorf("%s: List returns %q, %v; want nothing", name, keys, err)
		}
		const revision = "01234567-89ab-4cde-8f01-23456789abcd"
		_, err = st.Replace(t.Context(), "pair/exact", revision, []byte("x"))
		expectError(t, name+": Replace", err, store.ErrConflict)
		expectError(t, name+": Delete", st.Delete(t.Context(), "pair/exact", revision), store.ErrConflict)
		if got := s.Value(t, db, tables); got != "" {
			t.Errorf("%s: reading has made %s", name, got)
		}
		if got := s.Value(t, db, "SELECT to_regnamespace('absent')"); got != "" {
			t.Errorf("%s: reading has made the schema", name)
		}
	}
}

func TestFirstCreateMakesTheTable(t *testing.T) {
	t.Parallel()
	s := server(t)
	for parameters, want := range map[string]string{
		"":                          "public.terraform_oauth_store",
		"&schema=oauth":             "oauth.terraform_oauth_store",
		"&schema=Select&table=From": "Select.From",
		"&table=mine":               "public.mine",
	} {
		db := s.Database(t)
		st := open(t, s.URL(db)+parameters)
		r := create(t, st, "pair/exact", "one")
		if got := s.Value(t, db, tables); got != want {
			t.Errorf("%q: Create has made %q, want %q", parameters, got, want)
		}
		if _, err := st.Replace(t.Context(), "pair/exact", r, []byte("two")); err != nil {
			t.Errorf("%q: %v", parameters, err)
		}
		if got := valueOf(t, open(t, s.URL(db)+parameters), "pair/exact"); got != "two" {
			t.Errorf("%q: another handle reads %q, want two", parameters, got)
		}
	}
}

func TestNoSchemaToMakeTheTableIn(t *testing.T) {
	t.Parallel()
	s := server(t)
	st := open(t, s.URL(s.Database(t))+"&search_path=absent")
	_, err := st.Create(t.Context(), "pair/exact", []byte("one"))
	expectError(t, "Create", err, store.ErrNotDone, "no schema has been selected to create in (SQLSTATE 3F000); name a schema with the parameter schema")
}

// Twenty handles meet an empty database at once: each key has one winner, and nobody sees an error.
func TestConcurrentFirstUse(t *testing.T) {
	t.Parallel()
	s := server(t)
	for _, parameters := range []string{"", "&schema=oauth"} {
		const handles = 20
		url := s.URL(s.Database(t)) + parameters
		errs := make([]error, handles)
		start := make(chan struct{})
		var all sync.WaitGroup
		for i := range handles {
			st := open(t, url)
			all.Go(func() {
				<-start
				_, errs[i] = st.Create(t.Context(), fmt.Sprintf("pair/key-%d", i), []byte("value"))
			})
		}
		close(start)
		all.Wait()
		for i, err := range errs {
			if err != nil {
				t.Errorf("%q: handle %d: %v", parameters, i, err)
			}
		}
		if keys, err := open(t, url).List(t.Context(), "pair"); err != nil || len(keys) != handles {
			t.Errorf("%q: List returns %d keys, %v; want %d", parameters, len(keys), err, handles)
		}
	}
}

// ownerMakes is what the documentation of the package tells an owner to do.
var ownerMakes = []string{
	`CREATE SCHEMA oauth`,
	`CREATE TABLE oauth.terraform_oauth_store (
	  key text COLLATE "C" PRIMARY KEY,
	  revision uuid NOT NULL,
	  changed_at timestamptz NOT NULL,
	  value bytea NOT NULL
	)`,
}

// role makes a role that logs in with the password "hush-hush" and returns the URL for it. Roles belong to the whole
// server: a test names its own after its database.
func role(t testing.TB, s *pgtest.Server, db, name string) string {
	t.Helper()
	s.Exec(t, db, "CREATE ROLE "+name+" LOGIN PASSWORD 'hush-hush'")
	return "postgres://" + name + ":hush-hush@" + s.Addr() + "/" + db + "?sslmode=disable"
}

// The table that an owner makes by the documentation is the one that the store makes.
func TestDocumentedTable(t *testing.T) {
	t.Parallel()
	s := server(t)
	byOwner, byStore := s.Database(t), s.Database(t)
	s.Exec(t, byOwner, ownerMakes...)
	create(t, open(t, s.URL(byStore)+"&schema=oauth"), "pair/exact", "one")
	const columns = `SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, attcollation::regcollation), ', ' ORDER BY attnum) ||
		'; ' || (SELECT string_agg(pg_get_constraintdef(oid), ', ') FROM pg_constraint WHERE conrelid = attrelid)
		FROM pg_attribute WHERE attrelid = 'oauth.terraform_oauth_store'::regclass AND attnum > 0 GROUP BY attrelid`
	const want = `key text t "C", revision uuid t -, changed_at timestamp with time zone t -, value bytea t -; PRIMARY KEY (key)`
	for maker, db := range map[string]string{"owner": byOwner, "store": byStore} {
		if got := s.Value(t, db, columns); got != want {
			t.Errorf("the %s has made %q, want %q", maker, got, want)
		}
	}
}

func TestLeastPrivilege(t *testing.T) {
	t.Parallel()
	s := server(t)
	db := s.Database(t)
	least := "least_" + db
	url := role(t, s, db, least) + "&schema=oauth"
	s.Exec(t, db, ownerMakes...)
	st := open(t, url)

	for _, err := range []error{
		func() error { _, err := st.Get(t.Context(), "pair/exact"); return err }(),
		func() error { _, err := st.List(t.Context(), "pair"); return err }(),
	} {
		expectError(t, "reading without USAGE", err, nil, "permission denied for schema oauth (SQLSTATE 42501); the role needs "+
			`GRANT SELECT, INSERT, UPDATE, DELETE ON "oauth"."terraform_oauth_store" and GRANT USAGE ON SCHEMA "oauth"`)
	}
	s.Exec(t, db, "GRANT USAGE ON SCHEMA oauth TO "+least, "GRANT SELECT ON oauth.terraform_oauth_store TO "+least)
	if got := valueOf(t, st, "pair/exact"); got != "" {
		t.Errorf("Get sees %q, want nothing", got)
	}
	expectWrites(t, st, "pair/exact", "01234567-89ab-4cde-8f01-23456789abcd", store.ErrNotDone,
		"permission denied for table terraform_oauth_store (SQLSTATE 42501)", `GRANT SELECT, INSERT, UPDATE, DELETE ON "oauth"."terraform_oauth_store"`)

	s.Exec(t, db, "GRANT INSERT, UPDATE, DELETE ON oauth.terraform_oauth_store TO "+least)
	r := create(t, st, "pair/exact", "one")
	r, err := st.Replace(t.Context(), "pair/exact", r, []byte("two"))
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := st.List(t.Context(), "pair"); err != nil || !slices.Equal(keys, []string{"pair/exact"}) {
		t.Errorf("List returns %q, %v; want pair/exact", keys, err)
	}
	if err := st.Delete(t.Context(), "pair/exact", r); err != nil {
		t.Error(err)
	}
}

func TestMayNotMakeTheTable(t *testing.T) {
	t.Parallel()
	s := server(t)
	db := s.Database(t)
	url := role(t, s, db, "maker_"+db)
	const hint = "; its owner makes the table before and grants the role what it needs, or grants it CREATE on the schema"
	for parameters, words := range map[string]string{
		"":              "make the table for pair/exact: permission denied for schema public (SQLSTATE 42501)" + hint,
		"&schema=oauth": "make the table for pair/exact: permission denied for database " + db + " (SQLSTATE 42501)" + hint,
	} {
		_, err := open(t, url+parameters).Create(t.Context(), "pair/exact", []byte("one"))
		expectError(t, "Create", err, store.ErrNotDone, words)
	}
	// CREATE on the schema alone is enough where the schema is there.
	s.Exec(t, db, "CREATE SCHEMA oauth", "GRANT CREATE, USAGE ON SCHEMA oauth TO maker_"+db)
	create(t, open(t, url+"&schema=oauth"), "pair/exact", "one")
}

func TestOtherLayouts(t *testing.T) {
	t.Parallel()
	s := server(t)
	for name, statement := range map[string]string{
		"other columns":   "CREATE TABLE other (id int PRIMARY KEY, name text)",
		"other type":      "CREATE TABLE other (key int PRIMARY KEY, revision uuid, changed_at timestamptz, value bytea)",
		"no unique key":   "CREATE TABLE other (key text, revision uuid, changed_at timestamptz, value bytea)",
		"another column":  "CREATE TABLE other (key text PRIMARY KEY, revision uuid, changed_at timestamptz, value bytea, more int NOT NULL)",
		"no table at all": "CREATE SEQUENCE other",
	} {
		db := s.Database(t)
		s.Exec(t, db, statement)
		st := open(t, s.URL(db)+"&table=other")
		_, err := st.Create(t.Context(), "pair/exact", []byte("one"))
		expectError(t, name+": Create", err, store.ErrNotDone, `"other" is not a table that this provider made; name another with the parameter table`)
		if name == "other columns" || name == "other type" {
			_, err = st.Get(t.Context(), "pair/exact")
			expectError(t, name+": Get", err, nil, `"other" is not a table that this provider made`)
		}
	}
	db := s.Database(t)
	s.Exec(t, db, "CREATE TABLE other (key text PRIMARY KEY, revision uuid, changed_at timestamptz, value bytea)", "INSERT INTO other VALUES ('pair/exact')")
	_, err := open(t, s.URL(db)+"&table=other").Get(t.Context(), "pair/exact")
	expectError(t, "Get of NULLs", err, nil, `read pair/exact: "other" is not a table that this provider made`)
}

func TestForeignRows(t *testing.T) {
	t.Parallel()
	s := server(t)
	db := s.Database(t)
	st := open(t, s.URL(db))
	create(t, st, "pair/exact", "one")
	s.Exec(t, db,
		"INSERT INTO terraform_oauth_store VALUES ('pair/not a key', gen_random_uuid(), now(), '')",
		"INSERT INTO terraform_oauth_store VALUES ('pair/large', gen_random_uuid(), now(), decode(repeat('00', 5000000), 'hex'))")
	if keys, err := st.List(t.Context(), "pair"); err != nil || !slices.Equal(keys, []string{"pair/exact", "pair/large"}) {
		t.Errorf("List returns %q, %v; want what is a key", keys, err)
	}
	_, err := st.Get(t.Context(), "pair/large")
	expectError(t, "Get of 5 MB", err, nil, `read pair/large: "terraform_oauth_store" holds a value that is larger than one may be`)
	if got := valueOf(t, st, "pair/exact"); got != "one" {
		t.Errorf("the next Get sees %q, want one", got)
	}
}

func TestValueTooLarge(t *testing.T) {
	t.Parallel()
	s := server(t)
	st := open(t, s.URL(s.Database(t)))
	most := bytes.Repeat([]byte("x"), 4<<20)
	r := create(t, st, "pair/exact", string(most))
	if got := valueOf(t, st, "pair/exact"); got != string(most) {
		t.Errorf("a value of 4 MiB comes back with %d bytes", len(got))
	}
	const words = "write pair/exact: 4194305 bytes are more than a value may have (4194304)"
	_, err := st.Create(t.Context(), "pair/exact", append(most, 'x'))
	expectError(t, "Create", err, store.ErrNotDone, words)
	_, err = st.Replace(t.Context(), "pair/exact", r, append(most, 'x'))
	expectError(t, "Replace", err, store.ErrNotDone, words)
}

// The age is what the server's clock says, whatever the client's clock and time zone are.
func TestAge(t *testing.T) {
	t.Parallel()
	s := server(t)
	db := s.Database(t)
	st := open(t, s.URL(db)+"&timezone=Asia/Kolkata")
	create(t, st, "pair/exact", "one")
	for changed, within := range map[string][2]time.Duration{
		"clock_timestamp()":                       {0, time.Minute},
		"clock_timestamp() - interval '1 hour'":   {time.Hour, time.Hour + time.Minute},
		"clock_timestamp() - interval '400 days'": {400 * 24 * time.Hour, 400*24*time.Hour + time.Minute},
		"clock_timestamp() + interval '1 hour'":   {0, 0}, // the server's clock was set back
	} {
		s.Exec(t, db, "UPDATE terraform_oauth_store SET changed_at = "+changed)
		e, err := st.Get(t.Context(), "pair/exact")
		if err != nil || e.Age < within[0] || e.Age > within[1] {
			t.Errorf("changed at %s: Get returns the age %s, %v; want %s to %s", changed, e.Age, err, within[0], within[1])
		}
	}
	s.Exec(t, db, "UPDATE terraform_oauth_store SET changed_at = clock_timestamp() - interval '1 hour'")
	e, err := st.Get(t.Context(), "pair/exact")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.Replace(t.Context(), "pair/exact", e.Revision, e.Value); err != nil {
		t.Fatal(err)
	}
	if e, err = st.Get(t.Context(), "pair/exact"); err != nil || e.Age >= time.Hour {
		t.Errorf("after Replace Get returns the age %s, %v; want a new one", e.Age, err)
	}
	said := s.Value(t, db, "SELECT to_char(timezone('UTC', clock_timestamp()), 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
	if now, err := time.Parse(time.RFC3339, said); err != nil || e.Now.After(now) || now.Sub(e.Now) > time.Minute {
		t.Errorf("Get returns the time %s, and later the server says %s, %v", e.Now, said, err)
	}
}

func TestIsRemoteAndHoldsNothing(t *testing.T) {
	t.Parallel()
	var s store.Store = open(t, "postgres://localhost/db")
	if r, ok := s.(store.Remote); !ok || !r.Remote() {
		t.Error("a store in a database is across a network")
	}
	if _, ok := s.(store.Holder); ok {
		t.Error("a store in a database proves nobody dead")
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	s := server(t)
	st, err := pgstore.Open(s.URL(s.Database(t)))
	if err != nil {
		t.Fatal(err)
	}
	r := create(t, st, "pair/exact", "one")
	for range 2 {
		if err := st.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	_, err = st.Get(t.Context(), "pair/exact")
	expectError(t, "Get", err, nil, "read pair/exact: the store is closed")
	expectWrites(t, st, "pair/exact", r, store.ErrNotDone, "the store is closed")
}
