package pgstore_test

import (
	"strings"
	"testing"
)

// A trigger that is deferred to the commit writes down what the commit will go by: off would let a crash of the server
// take back a write that returned nil.
func TestCommitIsDurable(t *testing.T) {
	t.Parallel()
	s := server(t)
	db := s.Database(t)
	create(t, open(t, s.URL(db)), "pair/other", "other")
	s.Exec(t, db,
		"CREATE TABLE commits (number serial, operation text, level text)",
		`CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
		 $$BEGIN INSERT INTO commits (operation, level) VALUES (TG_OP, current_setting('synchronous_commit')); RETURN NULL; END$$`,
		`CREATE CONSTRAINT TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON terraform_oauth_store
		 DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note()`)
	for set, want := range map[string]string{"off": "on", "false": "on", "on": "on", "local": "local", "remote_apply": "remote_apply"} {
		s.Exec(t, db, "ALTER DATABASE "+db+" SET synchronous_commit = "+set, "TRUNCATE commits")
		st := open(t, s.URL(db)+"&pool_max_conns=1")
		r := create(t, st, "pair/exact", "one")
		r, err := st.Replace(t.Context(), "pair/exact", r, []byte("two"))
		if err != nil {
			t.Fatal(err)
		}
		if err := st.Delete(t.Context(), "pair/exact", r); err != nil {
			t.Fatal(err)
		}
		levels := strings.ReplaceAll("INSERT=? UPDATE=? DELETE=?", "?", want)
		if got := s.Value(t, db, "SELECT string_agg(operation || '=' || level, ' ' ORDER BY number) FROM commits"); got != levels {
			t.Errorf("with synchronous_commit = %s the commits were %s, want %s", set, got, levels)
		}
	}
}
