package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/pgstore"
)

const planted = "Pl4nted-Pa55word"

// expectHidden searches everything that can be printed of an error, and of the errors in it.
func expectHidden(t testing.TB, what string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
		if strings.Contains(text, planted) {
			t.Errorf("%s: the error holds the password: %s", what, text)
		}
	}
	if errors.As(err, new(*pgconn.ParseConfigError)) || errors.As(err, new(*pgconn.ConnectError)) {
		t.Errorf("%s: the error wraps one of the driver, which holds the configuration", what)
	}
}

// Wherever a password stands, rightly or by a slip, it is in no error and no location.
func TestPasswordIsNowhere(t *testing.T) {
	t.Parallel()
	s := server(t)
	db := s.Database(t)
	for _, template := range []string{
		"postgres://test:PW@HOST/DB?sslmode=disable", // trusted: asks for no password
		"postgres://nobody:PW@HOST/DB?sslmode=disable",
		"postgres://nobody@HOST/DB?sslmode=disable&password=PW",
		"postgres://HOST/DB?sslmode=disable&user=nobody&password=PW",
		"postgres://nobody:PW@HOST/absent?sslmode=disable",
		"postgres://nobody:PW@127.0.0.1:1/DB?sslmode=disable",
		"postgres://nobody:PW@absent.invalid/DB",
		"postgres://nobody:PW@HOST/DB?sslmode=verify-full",
		"postgres://nobody:PW@HOST/DB?sslmode=disable&require_auth=none",
		"postgres://PW@HOST/DB?sslmode=disable",
		"postgres://test@HOST/DB?sslmode=disable&statement_timeout=PW",
		"postgres://test@HOST/DB?sslmode=disable&options=-c%20statement_timeout%3DPW",
		"postgres://nobody:PW@HOST/PW?sslmode=disable",
		// Slips.
		"postgres://nobody:PW",
		"postgres://nobody:PW/DB",
		"postgres://nobody:PWHOST/DB",
		"postgres://nobody:x/PW@HOST/DB",
		"postgres://nobody:1/PW@HOST/DB",
		"postgres://nobody:1?PW@HOST/DB",
		"postgres://nobody:1?x=/PW@HOST/DB",
		"postgres://nobody:1#PW@HOST/DB",
		"postgres://nobody:x@PW@HOST/DB",
		"postgres://nobody:%PW@HOST/DB",
		"postgres://nobody:PW%@HOST/DB",
		"postgres://nobody:PW@HOST:PW/DB",
		"postgres://nobody@HOST/DB&password=PW",
		"postgres://nobody@HOST&password=PW",
		"postgres://HOST/DB?user=nobody:PW@HOST",
		"postgres://HOST/DB?PW",
		"postgres://HOST/DB?password=x&PW",
		"postgres://[PW/DB",
		"postgres:nobody:PW@HOST/DB",
		"postgres//nobody:PW@HOST/DB",
		"host=HOST password=PW",
		"PW",
	} {
		text := strings.NewReplacer("PW", planted, "HOST", s.Addr(), "DB", db).Replace(template)
		st, err := pgstore.Open(text)
		expectHidden(t, template, err)
		if err != nil {
			continue
		}
		// A database of that name is the one thing that is shown as it is.
		if !strings.Contains(template, "/PW?") && strings.Contains(st.Location(), planted) {
			t.Errorf("%s: the location is %s", template, st.Location())
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		_, err = st.Create(ctx, "pair/exact", []byte("value"))
		expectHidden(t, template, err)
		_, err = st.Get(ctx, "pair/exact")
		expectHidden(t, template, err)
		if text := fmt.Sprintf("%v %+v %#v", st, st, st); strings.Contains(text, planted) {
			t.Errorf("%s: the store itself prints the password", template)
		}
		cancel()
		st.Close()
	}
}

// FuzzOpen plants a password between arbitrary text, and wants it neither in an error nor in the location, and nothing
// else to happen than that a URL is taken or refused.
func FuzzOpen(f *testing.F) {
	for _, seed := range [][4]string{
		{"user", "", "", "host/db"},
		{"user", "", "", "[::1]:5433/db?sslmode=disable&schema=oauth&table=mine"},
		{"user", "a/", "", "host:1,other:2/db?sslmode=prefer"},
		{"us@er", "?x=", "#", "host/db"},
		{"us/er", "%", "%zz", "host/db"},
		{"", "@", "&password=", "%2Ftmp/db"},
		{"h?user=x", "&", "=", "?host=/tmp"},
		{"[", "]", ",", "]/"},
		{"user", "1/", "/", "host/db?table=a.b&pool_max_conns=0"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	f.Fuzz(func(t *testing.T, user, before, after, rest string) {
		s, err := pgstore.Open("postgres://" + user + ":" + before + planted + after + "@" + rest)
		expectHidden(t, "Open", err)
		if err != nil {
			return
		}
		location := s.Location()
		if strings.Contains(location, planted) {
			t.Errorf("the location is %s", location)
		}
		if !strings.HasPrefix(location, "postgres://") || strings.ContainsAny(location, "@?#") {
			t.Errorf("the location %q has more than hosts, a database and a table", location)
		}
		if u, err := url.Parse(location); err == nil && (u.User != nil || u.RawQuery != "" || u.Fragment != "") {
			t.Errorf("the location %q has a user, a query or a fragment", location)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}
