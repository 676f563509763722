package storetest

import (
	"context"
	"slices"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/memstore"
)

// TestSuiteCatchesBrokenStores breaks one thing at a time. Each row lists the checks that must fail, so that no check is
// there for show; others may fail as well.
func TestSuiteCatchesBrokenStores(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		open func() func() store.Store
		want []string
	}{
		{"replace ignores the revision", single(replaceIgnoresRevision),
			[]string{"replace", "revisions", "handles", "concurrent replace", "linearizable"}},
		{"replace makes what is absent", single(replaceCreates), []string{"replace", "delete", "linearizable"}},
		{"compare and swap in two steps", single(replaceInTwoSteps),
			[]string{"concurrent replace", "concurrent increments"}},
		{"create writes over", single(createOverwrites), []string{"create", "concurrent create", "linearizable"}},
		{"write lost", single(replaceLost), []string{"replace", "delete", "values", "concurrent increments", "linearizable"}},
		{"replace says not found", single(replaceNotFound), []string{"replace", "delete", "linearizable"}},
		{"absent reads as empty", single(absentIsEmpty), []string{"get", "delete", "handles", "concurrent delete", "linearizable"}},
		{"entry beside the error", single(entryBesideError), []string{"get"}},
		{"revision of the content", single(revisionOfContent), []string{"revisions"}},
		{"no revision", single(noRevision), []string{"create", "get", "revisions"}},
		{"delete ignores the revision", single(deleteIgnoresRevision),
			[]string{"delete", "revisions", "concurrent delete", "linearizable"}},
		{"delete leaves the value", single(deleteLost), []string{"delete", "list", "handles", "linearizable"}},
		{"list not sorted", single(listReversed), []string{"list", "names"}},
		{"list of kinds that begin alike", single(listPrefix), []string{"list", "names"}},
		{"list with leftovers", single(listLeftovers), []string{"list", "handles"}},
		{"any key goes", func() func() store.Store { return same(newLoose()) }, []string{"keys"}},
		{"names without case", single(foldCase), []string{"names", "list"}},
		{"empty value is none", single(emptyIsNone), []string{"values"}},
		{"values cut at a line feed", single(cutAtLineFeed), []string{"values"}},
		{"value longer than 64 KiB cut", single(cutLong), []string{"values", "concurrent reads"}},
		{"keeps the given bytes", func() func() store.Store { return same(newLoose()) }, []string{"aliasing"}},
		{"hands out its bytes", func() func() store.Store { return same(&loose{clone: true}) }, []string{"aliasing"}},
		{"handles apart", func() func() store.Store {
			return func() store.Store { return memstore.New("state:") }
		}, []string{"handles", "concurrent create", "concurrent increments", "linearizable"}},
		{"password in the location", single(func(s store.Store) store.Store {
			return broken{Store: s, where: "postgres://u:p@h/db"}
		}), []string{"location"}},
		{"query in the location", single(func(s store.Store) store.Store {
			return broken{Store: s, where: "postgres://h/db?password=p"}
		}), []string{"location"}},
		{"canceled is not found", single(canceledIsNotFound), []string{"canceled"}},
		{"canceled says failed and did", single(canceledLies), []string{"canceled"}},
		{"reads of the past", single(staleReads), []string{"linearizable"}},
		{"conflict, but done", single(conflictButDone), []string{"linearizable"}},
		{"failed, then done after all", single(failedThenDone), []string{"linearizable"}},
		{"torn reads", single(tornReads), []string{"concurrent reads"}},
		{"anybody holds", holding(func() store.Holder { return anybody{} }), []string{"hold", "concurrent hold"}},
		{"release frees another's", holding(func() store.Holder { return &holder{} }), []string{"hold"}},
		{"release frees nothing", holding(func() store.Holder { return &holder{forever: true} }), []string{"hold"}},
		{"one lock for all keys", holding(func() store.Holder { return &holder{one: true} }), []string{"hold"}},
		{"hold takes any key", holding(func() store.Holder { return &holder{} }), []string{"hold"}},
		{"no hold, but only at first", holding(func() store.Holder { return &holder{noHoldOnce: true} }), []string{"hold"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			failed := failing(t.Context(), tt.open)
			for _, want := range tt.want {
				if !slices.Contains(failed, want) {
					t.Errorf("check %q passes; failing are %q", want, failed)
				}
			}
		})
	}
}

// failing returns the names of the checks that a new place does not pass.
func failing(ctx context.Context, open func() func() store.Store) []string {
	var names []string
	for _, c := range checks() {
		if c.run(ctx, open()) != nil {
			names = append(names, c.name)
		}
	}
	return names
}

func same(s store.Store) func() store.Store { return func() store.Store { return s } }

func TestChecksPassOnASoundStore(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func() func() store.Store{
		"plain":  single(func(s store.Store) store.Store { return s }),
		"holder": holding(func() store.Holder { return &soundHolder{held: map[string]int{}} }),
		"no hold": holding(func() store.Holder {
			return holdFunc(func(_ context.Context, key string) (func(), error) {
				if err := store.CheckKey(key); err != nil {
					return nil, err
				}
				return nil, store.ErrNoHold
			})
		}),
	} {
		if failed := failing(t.Context(), open); failed != nil {
			t.Errorf("%s: checks %q fail", name, failed)
		}
	}
}
