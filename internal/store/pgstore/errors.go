package pgstore

import (
	"errors"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// SQLSTATE codes (PostgreSQL documentation, appendix A).
const (
	uniqueViolation      = "23505"
	readOnlyTransaction  = "25006"
	invalidSchemaName    = "3F000"
	serializationFailure = "40001"
	unknownCompletion    = "40003"
	deadlockDetected     = "40P01"
	noPrivilege          = "42501"
	undefinedTable       = "42P01"
	duplicateSchema      = "42P06"
	duplicateTable       = "42P07"
	duplicateObject      = "42710"
	diskFull             = "53100"
	tooManyConnections   = "53300"
	queryCanceled        = "57014"
)

// errNotOurs ends a sentence that begins with the table.
var errNotOurs = errors.New("is not a table that this provider made; name another with the parameter table")

// isWrongLayout tells whether a code says that the statement does not fit the table: another column, type, function, key
// or kind of object, or a constraint of somebody else's.
func isWrongLayout(code string) bool {
	return slices.Contains([]string{"42703", "42804", "42846", "42883", "42P10", "42809", "23502", "23514"}, code)
}

// connectError is an error that came before a statement was sent.
type connectError struct{ error }

func (e connectError) Unwrap() error { return e.error }

// code returns the SQLSTATE with which the server refused a statement, or "".
func code(err error) string {
	var refusal *pgconn.PgError
	if errors.As(err, &refusal) && !errors.As(err, new(connectError)) {
		return refusal.Code
	}
	return ""
}

// missing tells whether a statement found no table, or no schema to look for it.
func missing(err error) bool {
	c := code(err)
	return c == undefinedTable || c == invalidSchemaName
}

// passing tells whether a read may succeed when it is done again at once: the connection was lost under it, or others were
// in its way.
func passing(err error) bool {
	var refusal *pgconn.PgError
	switch {
	case errors.As(err, new(connectError)), errors.As(err, new(*pgproto3.ExceededMaxBodyLenErr)):
		return false
	case errors.As(err, &refusal):
		return refusal.Code == serializationFailure || refusal.Code == deadlockDetected || refusal.SeverityUnlocalized == "FATAL"
	default:
		return true
	}
}

// hadNoEffect tells whether a write that failed with err certainly changed nothing.
//
// A statement is a transaction by itself, and an ERROR aborts it. FATAL and PANIC may come when it is committed already.
// What somebody between us and the server, or a server that is no PostgreSQL, may say of a commit that it lost sight of is
// left out: class 08, 40003, 57P01 and its kin.
func hadNoEffect(err error) bool {
	var refusal *pgconn.PgError
	switch {
	case errors.As(err, new(connectError)):
		return true
	case !errors.As(err, &refusal):
		return pgconn.SafeToRetry(err)
	case refusal.SeverityUnlocalized != "ERROR" || len(refusal.Code) != 5 || refusal.Code == unknownCompletion:
		return false
	}
	classes := []string{"0A", "22", "23", "25", "28", "3D", "3F", "40", "42", "44", "53", "54", "55", "P0"}
	return slices.Contains(classes, refusal.Code[:2]) || refusal.Code == queryCanceled
}
