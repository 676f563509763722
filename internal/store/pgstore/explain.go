package pgstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// attempt is what was tried, as a verb.
type attempt string

const (
	reading  attempt = "read"
	listing  attempt = "list"
	writing  attempt = "write"
	deleting attempt = "delete"
	making   attempt = "make the table for" // a write that was refused because there is none
)

// failure is an error for people. It wraps sentinels and the error of a context, and nothing of the driver, whose errors
// hold the configuration with the password: each word of the text is chosen here, or goes through clean.
type failure struct {
	text  string
	kinds []error
}

func (f *failure) Error() string {
	text := f.text
	for _, kind := range f.kinds {
		text += ": " + kind.Error()
	}
	return text
}

func (f *failure) Unwrap() []error { return f.kinds }

// failed makes the error of a call from what went wrong under it.
func (s *Store) failed(ctx context.Context, tried attempt, key string, err error) error {
	changes := tried != reading && tried != listing
	if changes && code(err) == serializationFailure {
		// Somebody else came first, though this transaction may not see who.
		return conflict(key)
	}
	f := &failure{text: fmt.Sprintf("%s %s: %s", tried, key, s.explain(ctx, tried, err))}
	switch {
	case !changes:
	case tried == making || hadNoEffect(err):
		f.kinds = append(f.kinds, store.ErrNotDone)
	default:
		f.text += "; it is not known whether the " + string(tried) + " was done"
	}
	if ctx.Err() != nil && code(err) == "" {
		f.kinds = append(f.kinds, ctx.Err())
	}
	return f
}

// explain says what went wrong and, where that is known, what to do.
func (s *Store) explain(ctx context.Context, tried attempt, err error) string {
	var refusal *pgconn.PgError
	switch {
	case errors.Is(err, errClosed):
		return errClosed.Error()
	case errors.As(err, new(connectError)) && ctx.Err() != nil:
		return "given up while connecting to " + s.settings.hostList()
	case errors.As(err, new(connectError)):
		return s.explainConnect(err)
	case errors.As(err, &refusal):
		return s.explainRefusal(tried, refusal)
	case errors.As(err, new(*pgproto3.ExceededMaxBodyLenErr)):
		return s.settings.table.String() + " holds a value that is larger than one may be"
	case ctx.Err() != nil:
		return "given up while waiting for " + s.settings.hostList()
	default:
		return fmt.Sprintf("the connection to %s was lost: %s", s.settings.hostList(), strings.Join(s.settings.causes(err), "; "))
	}
}

func (s *Store) explainConnect(err error) string {
	said := fmt.Sprintf("cannot connect to %s: %s", s.settings.hostList(), strings.Join(s.settings.causes(err), "; "))
	var refusal *pgconn.PgError
	if errors.As(err, &refusal) && refusal.Code == tooManyConnections {
		said += "; lower pool_max_conns or Terraform's -parallelism, or raise the server's max_connections"
	}
	return said
}

func (s *Store) explainRefusal(tried attempt, refusal *pgconn.PgError) string {
	said, table := s.settings.refusal(refusal), s.settings.table
	switch {
	case refusal.Code == readOnlyTransaction:
		return "writes are refused: " + said + "; the URL leads to a standby, or default_transaction_read_only is on"
	case refusal.Code == noPrivilege && tried == making:
		return said + "; its owner makes the table before and grants the role what it needs, or grants it CREATE on the schema"
	case refusal.Code == noPrivilege:
		return said + "; the role needs " + table.grants()
	case refusal.Code == diskFull:
		return said + "; the server needs free space on its disk"
	case refusal.Code == undefinedTable:
		return "the table was made and is not found under that name: " + said
	case refusal.Code == invalidSchemaName:
		return said + "; name a schema with the parameter schema"
	case isWrongLayout(refusal.Code):
		return fmt.Sprintf("%s %s, or the server is older than PostgreSQL 13: %s", table, errNotOurs, said)
	}
	return said
}

// grants are the rights that a role needs, as SQL.
func (t table) grants() string {
	grants := "GRANT SELECT, INSERT, UPDATE, DELETE ON " + t.String()
	if t.schema != "" {
		grants += ` and GRANT USAGE ON SCHEMA "` + t.schema + `"`
	}
	return grants
}

func (s settings) hostList() string {
	var names []string
	for _, h := range s.hosts() {
		names = append(names, h.String())
	}
	return strings.Join(names, ", ")
}

// causes returns the innermost reason of each place that was tried, each once.
func (s settings) causes(err error) []string {
	//nolint:errorlint // the tree itself is walked here
	switch e := err.(type) {
	case *pgconn.PgError:
		return []string{s.refusal(e)}
	case interface{ Unwrap() []error }:
		var all []string
		for _, one := range e.Unwrap() {
			for _, c := range s.causes(one) {
				if !slices.Contains(all, c) {
					all = append(all, c)
				}
			}
		}
		return all
	case *net.DNSError:
		return []string{e.Err}
	}
	if inner := errors.Unwrap(err); inner != nil {
		return s.causes(inner)
	}
	if errors.Is(err, context.DeadlineExceeded) { // not the caller's, who is asked first
		return []string{fmt.Sprintf("no answer within %s", s.pool.ConnConfig.ConnectTimeout)}
	}
	return []string{s.clean(err.Error())}
}

// refusal is what the server said. Its detail, which may quote a record, is left out.
func (s settings) refusal(e *pgconn.PgError) string {
	return fmt.Sprintf("%s (SQLSTATE %s)", s.clean(e.Message), s.clean(e.Code))
}

var quotedPattern = regexp.MustCompile(`"[^"]+"`)

// clean makes words from the other side fit for people: on one line, of some length, without the password, and without
// what is quoted of the user and the other parameters.
func (s settings) clean(words string) string {
	c := s.pool.ConnConfig
	words = quotedPattern.ReplaceAllStringFunc(words, func(quoted string) string {
		if s.isHidden(strings.Trim(quoted, `"`)) {
			return `"…"`
		}
		return quoted
	})
	words = strings.TrimSuffix(words, ": "+c.User) // as PgBouncer says it
	if c.Password != "" {
		words = strings.ReplaceAll(words, c.Password, "…")
	}
	words = strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return ' '
	}, words)
	const most = 300
	if runes := []rune(words); len(runes) > most {
		words = string(runes[:most]) + "…"
	}
	return words
}

// isHidden tells whether the words are the user, or a piece of a parameter like options. The name of the database is shown
// anyway.
func (s settings) isHidden(words string) bool {
	c := s.pool.ConnConfig
	if words == c.User || words == c.Database {
		return words != c.Database
	}
	for _, value := range c.RuntimeParams {
		if strings.Contains(value, words) {
			return true
		}
	}
	return false
}
