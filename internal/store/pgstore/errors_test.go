package pgstore

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// What the server says proves that a write was not done, or leaves it open. Most of it no server can be made to say in a
// test, least of all at the moment of the commit.
func TestHadNoEffect(t *testing.T) {
	t.Parallel()
	said := func(severity, code string) error { return &pgconn.PgError{SeverityUnlocalized: severity, Code: code} }
	for _, tt := range []struct {
		what string
		err  error
		want bool
	}{
		{"read-only transaction", said("ERROR", "25006"), true},
		{"insufficient privilege", said("ERROR", "42501"), true},
		{"undefined table", said("ERROR", "42P01"), true},
		{"disk full", said("ERROR", "53100"), true},
		{"out of memory", said("ERROR", "53200"), true},
		{"serialization failure", said("ERROR", "40001"), true},
		{"deadlock", said("ERROR", "40P01"), true},
		{"deferred constraint", said("ERROR", "23505"), true},
		{"raised by a trigger", said("ERROR", "P0001"), true},
		{"canceled", said("ERROR", "57014"), true},
		{"too many connections, at login", connectError{said("FATAL", "53300")}, true},
		{"starting up, at login", connectError{said("FATAL", "57P03")}, true},
		{"no network", connectError{io.EOF}, true},

		{"statement completion unknown", said("ERROR", "40003"), false},
		{"connection failure, by a proxy", said("ERROR", "08006"), false},
		{"protocol violation, by PgBouncer", said("FATAL", "08P01"), false},
		{"administrator's shutdown", said("FATAL", "57P01"), false},
		{"crash of another backend", said("WARNING", "57P02"), false},
		{"starting up, during a statement", said("FATAL", "57P03"), false},
		{"shutdown as an error, by a proxy", said("ERROR", "57P01"), false},
		{"disk full under the log", said("PANIC", "53100"), false},
		{"disk full, and the connection ends", said("FATAL", "53100"), false},
		{"I/O error", said("ERROR", "58030"), false},
		{"internal error", said("ERROR", "XX000"), false},
		{"no severity", said("", "42501"), false},
		{"no code", said("ERROR", ""), false},
		{"connection lost", io.ErrUnexpectedEOF, false},
	} {
		for _, err := range []error{tt.err, fmt.Errorf("wrapped: %w", tt.err)} {
			if got := hadNoEffect(err); got != tt.want {
				t.Errorf("%s: %t, want %t", tt.what, got, tt.want)
			}
		}
	}
}

// A read is done again only where that may help.
func TestPassing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want bool
	}{
		{io.ErrUnexpectedEOF, true},
		{&pgconn.PgError{SeverityUnlocalized: "FATAL", Code: "57P01"}, true},
		{&pgconn.PgError{SeverityUnlocalized: "ERROR", Code: "40001"}, true},
		{&pgconn.PgError{SeverityUnlocalized: "ERROR", Code: "42501"}, false},
		{connectError{errors.New("connection refused")}, false},
	} {
		if got := passing(tt.err); got != tt.want {
			t.Errorf("%v: %t, want %t", tt.err, got, tt.want)
		}
	}
}
