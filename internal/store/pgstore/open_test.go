package pgstore_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/pgstore"
)

func isConflict(err error) bool { return errors.Is(err, store.ErrConflict) }

func TestLocation(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"postgres://u:p@db.example.com/app":                              "postgres://db.example.com/app",
		"postgresql://u:p@db.example.com:5432/app?sslmode=require":       "postgres://db.example.com/app",
		"postgres://u:p@db.example.com:6432/app?schema=a&table=b":        "postgres://db.example.com:6432/app/a.b",
		"postgres://u:p@h/app?schema=OAuth":                              "postgres://h/app/OAuth.terraform_oauth_store",
		"postgres://u:p@h/app?table=mine&sslmode=require":                "postgres://h/app/mine",
		"postgres://u:p@h/app?table=terraform_oauth_store":               "postgres://h/app",
		"postgres://u:p@h/app?table=terraform_oauth_store&schema=public": "postgres://h/app/public.terraform_oauth_store",
		"postgres://u:p@h?table=mine":                                    "postgres://h//mine",
		"postgres://u:p@one:5433,two/app?sslmode=prefer":                 "postgres://one:5433,two/app",
		"postgres://u:p@[::1]:5433/app":                                  "postgres://[::1]:5433/app",
		"postgres://u:p@%2Fvar%2Frun%2Fpostgresql/app":                   "postgres://%2Fvar%2Frun%2Fpostgresql/app",
		"postgres:///app?host=/var/run/postgresql&port=5433&user=u":      "postgres://%2Fvar%2Frun%2Fpostgresql:5433/app",
		"postgres://u:p%40ss%2Fword@h/my%20app?host=other&password=pw":   "postgres://other/my%20app",
		"postgres://u:p?ss#word@h/app":                                   "postgres://h/app",
		"postgres://h/app?dbname=other&application_name=x&options=-c%20": "postgres://h/other",
	} {
		s := open(t, text)
		if got := s.Location(); got != want {
			t.Errorf("Location of %s = %s, want %s", text, got, want)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	const at = "an @ stands behind the user part"
	const name = "is not a plain name"
	for text, words := range map[string]string{
		"":                                                      "does not begin with postgres://",
		"host=h password=planted":                               "does not begin with postgres://",
		"mysql://u:planted@h/app":                               "does not begin with postgres://",
		"postgres:u:planted@h":                                  "does not begin with postgres://",
		"postgres://u:pla/nted@h/app":                           at,
		"postgres://u:12/planted@h/app":                         at,
		"postgres://u:pl@nted@h/app":                            at,
		"postgres://u:1?/planted@h/app":                         at,
		"postgres://u:planted":                                  "port is not a number",
		"postgres://u:p@h:planted/app":                          "port is not a number",
		"postgres://u:p@h:0/app":                                "port is not a number",
		"postgres://u:p@h,i:1,j:2/app?port=":                    "",
		"postgres://u:p@h/app?port=1,2":                         "port is not a number",
		"postgres://u:planted%zz@h/app":                         "not a well-formed URL",
		"postgres://u:planted%00@h/app":                         "not a well-formed URL",
		"postgres://u:p@h/app?planted":                          "not a well-formed URL",
		"postgres://u:p@[::1/app":                               "not a well-formed URL",
		"postgres://u:p@h/app&password=planted":                 "the name of the database has one of",
		"postgres://h/app/oauth.planted":                        "a query begins with ?, and names schema and table", // a location
		"postgres://u:p@h&password=planted/app":                 "one of its hosts is neither",
		"postgres://h?user=me@h&password=planted":               "one of its hosts is neither",
		"postgres://u:p@h/app?sslmode=planted":                  "its sslmode is unknown",
		"postgres://u:p@h/app?sslrootcert=/planted":             "a file named by sslrootcert, sslcert or sslkey cannot be read: no such file or directory",
		"postgres://u:p@h/app?service=planted":                  "its service is not in the service file",
		"postgres://u:p@h/app?connect_timeout=planted":          "its parameter connect_timeout has",
		"postgres://u:p@h/app?target_session_attrs=pla":         "its parameter target_session_attrs has",
		"postgres://u:p@h/app?pool_max_conns=planted":           "its parameter pool_max_conns has",
		"postgres://u:p@h/app?pool_max_conns=0":                 "its parameter pool_max_conns has",
		"postgres://u:p@h/app?channel_binding=planted":          "its parameter channel_binding has",
		"postgres://u:p@h/app?gssencmode=require":               "gssencmode=require is not supported",
		"postgres://u:p@h/app?schema=":                          "its parameter schema " + name,
		"postgres://u:p@h/app?schema=pla%20nted":                "its parameter schema " + name,
		"postgres://u:p@h/app?table=a.planted":                  "its parameter table " + name,
		"postgres://u:p@h/app?table=planted%22":                 "its parameter table " + name,
		"postgres://u:p@h/app?table=1planted":                   "its parameter table " + name,
		"postgres://u:p@h/app?table=" + strings.Repeat("x", 64): "its parameter table " + name,
	} {
		s, err := pgstore.Open(text)
		if words == "" {
			if err != nil {
				t.Errorf("Open(%q): %v", text, err)
			}
			continue
		}
		if err == nil {
			t.Errorf("Open(%q) succeeds at %s", text, s.Location())
			continue
		}
		if !strings.Contains(err.Error(), words) {
			t.Errorf("Open(%q) returns %q, want %q in it", text, err, words)
		}
		if strings.Contains(err.Error(), "plan") || strings.Contains(err.Error(), "nted") {
			t.Errorf("Open(%q) returns %q, which quotes it", text, err)
		}
	}
}

// What libpq takes and the server does not must not reach the server.
func TestOpenTakesWhatLibpqTakes(t *testing.T) {
	t.Parallel()
	s := server(t)
	db := s.Database(t)
	for _, parameters := range []string{
		"&keepalives=1&keepalives_idle=5&keepalives_interval=5&keepalives_count=2&tcp_user_timeout=0&gssencmode=prefer&sslcompression=0",
		"&connect_timeout=3&options=-c%20statement_timeout%3D9s&client_encoding=UTF8&target_session_attrs=read-write",
		"&channel_binding=disable&require_auth=none&sslnegotiation=postgres&sslsni=0&min_protocol_version=3.0",
		"&default_query_exec_mode=cache_statement&statement_cache_capacity=3&pool_max_conns=2&pool_min_conns=0",
		"&pool_max_conn_idle_time=1s&pool_health_check_period=1s&pool_max_conn_lifetime=1m",
	} {
		if _, err := open(t, s.URL(db)+parameters).Create(t.Context(), "pair/exact", nil); err != nil && !isConflict(err) {
			t.Errorf("%s: %v", parameters, err)
		}
	}
	name := func(parameters string) string {
		st := open(t, s.URL(db)+parameters)
		valueOf(t, st, "pair/exact")
		got := s.Value(t, db, "SELECT application_name FROM pg_stat_activity WHERE query LIKE 'SELECT value%' AND datname = '"+db+"' ORDER BY query_start DESC LIMIT 1")
		st.Close()
		return got
	}
	for parameters, want := range map[string]string{
		"":                                "terraform-provider-oauth",
		"&application_name=mine":          "mine",
		"&fallback_application_name=mine": "mine",
		"&fallback_application_name=fallback&application_name=mine": "mine",
	} {
		if got := name(parameters); got != want {
			t.Errorf("%q: application_name is %q, want %q", parameters, got, want)
		}
	}
}

// Everything may come from outside of the URL. t.Setenv keeps this test from running beside others.
func TestEnvironmentServiceAndPassfile(t *testing.T) {
	s := server(t)
	db := s.Database(t)
	outside := "outside_" + db
	role(t, s, db, outside)
	s.Exec(t, db, "CREATE SCHEMA oauth AUTHORIZATION "+outside)
	host, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	passfile := write("passfile", host+":"+port+":"+db+":"+outside+":hush-hush\n")
	wrongfile := write("wrongfile", host+":"+port+":"+db+":"+outside+":wrong-planted\n")
	service := "[oauth]\nhost=" + host + "\nport=" + port + "\ndbname=" + db + "\nuser=" + outside + "\n"
	servicefile := write("services", service+"sslmode=disable\n\n[secret]\npassword=hush-hush\n"+strings.TrimPrefix(service, "[oauth]\n"))

	for _, tt := range []struct {
		name, url string
		env       map[string]string
		works     bool
	}{
		{"environment", "postgres://?schema=oauth", map[string]string{"PGHOST": host, "PGPORT": port, "PGDATABASE": db, "PGUSER": outside, "PGPASSWORD": "hush-hush"}, true},
		{"wrong password", "postgres://?schema=oauth", map[string]string{"PGHOST": host, "PGPORT": port, "PGDATABASE": db, "PGUSER": outside, "PGPASSWORD": "wrong-planted"}, false},
		{"password file", "postgres://" + outside + "@" + s.Addr() + "/" + db + "?schema=oauth&passfile=" + passfile, nil, true},
		{"password file by environment", "postgres://" + outside + "@" + s.Addr() + "/" + db + "?schema=oauth", map[string]string{"PGPASSFILE": passfile}, true},
		{"wrong password file", "postgres://" + outside + "@" + s.Addr() + "/" + db + "?schema=oauth", map[string]string{"PGPASSFILE": wrongfile}, false},
		{"service", "postgres://?service=oauth&schema=oauth&passfile=" + passfile, map[string]string{"PGSERVICEFILE": servicefile}, true},
		{"service by environment", "postgres://?schema=oauth", map[string]string{"PGSERVICEFILE": servicefile, "PGSERVICE": "secret"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			st := open(t, tt.url)
			if got, want := st.Location(), "postgres://"+s.Addr()+"/"+db+"/oauth.terraform_oauth_store"; got != want {
				t.Errorf("Location() = %s, want %s", got, want)
			}
			_, err := st.Create(t.Context(), "pair/exact", nil)
			if tt.works {
				if err != nil && !isConflict(err) {
					t.Errorf("Create: %v", err)
				}
				return
			}
			expectError(t, "Create", err, store.ErrNotDone, "write pair/exact: cannot connect to "+s.Addr()+
				`: password authentication failed for user "…" (SQLSTATE 28P01): nothing was written to the token store`)
			for _, hidden := range []string{"wrong-planted", outside} {
				if strings.Contains(err.Error(), hidden) {
					t.Errorf("the error %q holds %s", err, hidden)
				}
			}
		})
	}
}
