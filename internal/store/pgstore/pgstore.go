package pgstore

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// MaxValue is the most bytes that a value may have.
const MaxValue = 4 << 20

// revisionPattern is what gen_random_uuid makes. Anything else is no revision of this store.
var revisionPattern = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

var (
	_ store.Store  = (*Store)(nil)
	_ store.Remote = (*Store)(nil)
)

// Store implements store.Store. Make one with Open, and end it with Close.
type Store struct {
	settings settings
	sql      statements

	mu     sync.Mutex // guards what is below, and is never held during a call to the server
	pool   *pgxpool.Pool
	closed bool
}

// Open returns the store that the URL names. It reads the environment, the service file and the password file, and
// neither connects nor writes. Its errors quote nothing of the URL.
func Open(text string) (*Store, error) {
	s, err := parse(text)
	if err != nil {
		return nil, err
	}
	return &Store{settings: s, sql: newStatements(s.table)}, nil
}

// Close ends the connections, and waits for the calls that use them. Later calls fail. It returns nil.
func (s *Store) Close() error {
	s.mu.Lock()
	pool := s.pool
	s.closed, s.pool = true, nil
	s.mu.Unlock()
	if pool != nil {
		pool.Close()
	}
	return nil
}

// Location implements store.Store: "postgres://", hosts and database, and behind them /schema.table if the URL names a
// schema, or /table if it names another table than the default. Two tables of one database have two locations. It is no URL
// for Open, which takes schema and table as parameters.
func (s *Store) Location() string { return s.settings.location() }

// Remote implements store.Remote: true.
func (*Store) Remote() bool { return true }

// Get implements store.Store. Entry.Age is by the clock of the server, and never negative.
func (s *Store) Get(ctx context.Context, key string) (store.Entry, error) {
	if err := check(ctx, key); err != nil {
		return store.Entry{}, err
	}
	rows, err := s.read(ctx, s.sql.get, text(key))
	switch {
	case missing(err) || err == nil && len(rows) == 0:
		return store.Entry{}, fmt.Errorf("%s: %w", key, store.ErrNotFound)
	case err != nil:
		return store.Entry{}, s.failed(ctx, reading, key, err)
	}
	e, err := entry(rows[0])
	if err != nil {
		return store.Entry{}, fmt.Errorf("read %s: %s %w", key, s.settings.table, err)
	}
	return e, nil
}

// entry makes an Entry of the columns value, revision, age and time, the latter two in microseconds.
func entry(row [][]byte) (store.Entry, error) {
	age, err := strconv.ParseInt(string(row[2]), 10, 64)
	now, nowErr := strconv.ParseInt(string(row[3]), 10, 64)
	if err != nil || nowErr != nil || row[0] == nil || !revisionPattern.Match(row[1]) {
		return store.Entry{}, errNotOurs
	}
	return store.Entry{
		Value: row[0], Revision: store.Revision(row[1]), Age: time.Duration(age) * time.Microsecond, Now: time.UnixMicro(now).UTC(),
	}, nil
}

// Create implements store.Store. It makes the table if there is none.
func (s *Store) Create(ctx context.Context, key string, value []byte) (store.Revision, error) {
	if err := checkWrite(ctx, key, value); err != nil {
		return "", err
	}
	rows, err := s.run(ctx, s.sql.create, text(key), opaque(value))
	if missing(err) {
		if err := s.makeTable(ctx); err != nil {
			return "", s.failed(ctx, making, key, err)
		}
		rows, err = s.run(ctx, s.sql.create, text(key), opaque(value))
	}
	if err != nil {
		return "", s.failed(ctx, writing, key, err)
	}
	return written(key, rows)
}

// Replace implements store.Store.
func (s *Store) Replace(ctx context.Context, key string, old store.Revision, value []byte) (store.Revision, error) {
	if err := checkWrite(ctx, key, value); err != nil {
		return "", err
	}
	if !revisionPattern.MatchString(string(old)) {
		return "", conflict(key)
	}
	rows, err := s.run(ctx, s.sql.replace, text(key), uuid(old), opaque(value))
	if missing(err) {
		return "", conflict(key)
	} else if err != nil {
		return "", s.failed(ctx, writing, key, err)
	}
	return written(key, rows)
}

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, key string, old store.Revision) error {
	if err := checkWrite(ctx, key, nil); err != nil {
		return err
	}
	if !revisionPattern.MatchString(string(old)) {
		return conflict(key)
	}
	rows, err := s.run(ctx, s.sql.remove, text(key), uuid(old))
	if missing(err) {
		return conflict(key)
	} else if err != nil {
		return s.failed(ctx, deleting, key, err)
	}
	_, err = written(key, rows)
	return err
}

// written returns the revision of the one row that a write has touched, and store.ErrConflict if it touched none.
func written(key string, rows [][][]byte) (store.Revision, error) {
	if len(rows) == 0 {
		return "", conflict(key)
	}
	return store.Revision(rows[0][0]), nil
}

// List implements store.Store.
func (s *Store) List(ctx context.Context, kind string) ([]string, error) {
	// Any name will do to have the kind checked.
	if err := check(ctx, kind+"/x"); err != nil {
		return nil, err
	}
	// "0" comes after "/": these are the keys that begin with kind and a slash.
	rows, err := s.read(ctx, s.sql.list, text(kind+"/"), text(kind+"0"))
	if missing(err) {
		return nil, nil
	} else if err != nil {
		return nil, s.failed(ctx, listing, kind, err)
	}
	var keys []string
	for _, row := range rows {
		// What others have put there is not ours to serve.
		if key := string(row[0]); store.CheckKey(key) == nil {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

func check(ctx context.Context, key string) error {
	if err := store.CheckKey(key); err != nil {
		return err
	}
	return ctx.Err()
}

func checkWrite(ctx context.Context, key string, value []byte) error {
	if err := store.CheckKey(key); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return errors.Join(store.ErrNotDone, err)
	}
	if len(value) > MaxValue {
		return fmt.Errorf("write %s: %d bytes are more than a value may have (%d): %w", key, len(value), MaxValue, store.ErrNotDone)
	}
	return nil
}

func conflict(key string) error { return fmt.Errorf("%s: %w", key, store.ErrConflict) }
