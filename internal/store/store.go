// Package store says what the engine needs of a place that keeps records: opaque bytes under a key, changed only by
// compare-and-swap. It knows nothing of tokens, sealing or Terraform. Implementations lie in the folders below;
// storetest is the suite that every one of them passes.
package store

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Errors that every Store returns, possibly wrapped. They are definite: nothing was written.
var (
	// ErrNotFound says that the key holds no value.
	ErrNotFound = errors.New("not found in the token store")
	// ErrConflict says that the compare-and-swap lost: the key exists already (Create), or its revision is
	// another one than the caller read, or it is gone (Replace, Delete).
	ErrConflict = errors.New("changed by somebody else in the token store")
	// ErrNotDone says that a write was refused, or never left, and had no effect: a store that only reads, a full disk, no
	// connection. The error around it says which.
	ErrNotDone = errors.New("nothing was written to the token store")
	// ErrMalformed says that what lies under the key is nothing that the store wrote. It is neither served nor written over.
	ErrMalformed = errors.New("malformed file in the token store")
)

// Revision names one version of a value. It is opaque, never empty, and never the same again for another value of the same key.
type Revision string

// Entry is one value as read.
type Entry struct {
	Value    []byte
	Revision Revision
	// Age is how long this revision has stood by the store's own clock, and negative where the store has none.
	// A file store has none: the times of files belong to whoever wrote them.
	Age time.Duration
	// Now is the store's own clock when it read this, and zero where the store has none. Who shares the store shares it,
	// which no two machines' clocks can be relied on for.
	Now time.Time
}

// Store keeps opaque values under keys of the form kind/name.
//
// Consistency: a Get that starts after a write returned sees that write or a later one, from every process that shares
// the store. Create, Replace and Delete are atomic, and of several that name the same revision at most one succeeds.
//
// Durability: when a write returns nil, the value survives the death of the process and of the machine.
//
// Errors: ErrNotFound, ErrConflict and ErrNotDone are definite. Any other error of a write leaves it unknown whether the
// write was done; the caller re-reads. The store itself never repeats a write. A canceled context may end a call with its error.
//
// All methods may be called from many goroutines.
type Store interface {
	// Get returns the value of key, or ErrNotFound.
	Get(ctx context.Context, key string) (Entry, error)
	// Create writes the first value of key, or returns ErrConflict if it has one.
	Create(ctx context.Context, key string, value []byte) (Revision, error)
	// Replace writes value if key is still at revision old, else returns ErrConflict.
	Replace(ctx context.Context, key string, old Revision, value []byte) (Revision, error)
	// Delete removes key if it is still at revision old, else returns ErrConflict.
	Delete(ctx context.Context, key string, old Revision) error
	// List returns the keys of one kind ("pair"), sorted. Keys written or removed meanwhile may or may not be there.
	List(ctx context.Context, kind string) ([]string, error)
	// Location says where the store is, for people: a URL without user, password and query.
	Location() string
}

// Holder is implemented by a store that can prove the owner of a claim dead: the holding process keeps a lock that the
// kernel frees when the process ends, however it ends.
type Holder interface {
	// Hold tries, without waiting, to take the lock of key. It returns ErrHeld when somebody else has it (another Hold
	// in the same process included), and ErrNoHold where such a lock proves nothing, as on a network filesystem.
	// release frees the lock and may be called more than once.
	Hold(ctx context.Context, key string) (release func(), err error)
}

// Remote is implemented by a store that lies across a network: a reply is kept in a local rescue file before it is
// committed there.
type Remote interface {
	Remote() bool
}

// Errors of Holder.
var (
	ErrHeld   = errors.New("held by somebody else")
	ErrNoHold = errors.New("this store cannot prove an owner dead")
)

// keyPattern leaves the lengths to CheckKey: an expression that counts is unrolled, at every start of the program.
var keyPattern = regexp.MustCompile(`^[a-z][a-z_]*/[A-Za-z0-9][A-Za-z0-9._-]*$`)

const maxKind, maxName = 32, 100

// CheckKey returns an error unless key has the form kind/NAME, where kind is lower case and NAME is
// [A-Za-z0-9][A-Za-z0-9._-]{0,99}. Every Store refuses other keys before it touches anything.
func CheckKey(key string) error {
	kind, name, _ := strings.Cut(key, "/")
	if len(kind) > maxKind || len(name) > maxName || !keyPattern.MatchString(key) {
		return fmt.Errorf("store key %q is not of the form kind/NAME", key)
	}
	return nil
}
