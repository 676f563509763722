package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// checkKeys offers keys that are none. The answer is neither ErrNotFound nor ErrConflict: both would say something of
// the store.
func checkKeys(ctx context.Context, open func() store.Store) error {
	s := open()
	bad := []string{
		"", "pair", "pair/", "/exact", "pair/.hidden", "pair/..", "../exact", "pair/a/b", "pair/a b", "pair/ä", "Pair/exact",
		"pair/-x", "pair/a\x00", "pair/a\n", "pair/" + strings.Repeat("a", 101), strings.Repeat("k", 33) + "/exact",
	}
	for _, k := range bad {
		_, get := s.Get(ctx, k)
		_, create := s.Create(ctx, k, []byte("x"))
		_, replace := s.Replace(ctx, k, "1", []byte("x"))
		remove := s.Delete(ctx, k, "1")
		for call, err := range map[string]error{"Get": get, "Create": create, "Replace": replace, "Delete": remove} {
			if err == nil || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConflict) {
				return fmt.Errorf("%s(%q) returns %v, want the key refused", call, k, err)
			}
		}
	}
	for _, kind := range []string{"", "..", "Pair", "pair/x", "pair/", "*", "%"} {
		if keys, err := s.List(ctx, kind); err == nil {
			return fmt.Errorf("List(%q) returns %q, want the kind refused", kind, keys)
		}
	}
	return nil
}

// checkNames uses names that differ, but that a careless store takes for one, or for something of its own.
func checkNames(ctx context.Context, open func() store.Store) error {
	s := open()
	keys := []string{
		"pair/ab", "pair/aB", "pair/Ab", "pair/AB", "pair/a", "pair/a.", "pair/a..", "pair/a.lock", "pair/a.LOCK",
		"pair/a.rotating", "pair/a.tmp", "pair/a.json", "pair/a_b", "pair/a-b", "pair/con", "pair/CON", "pair/con.txt",
		"pair/nul", "pair/com1", "pair/aux", "pair/0", "pair/00", "pair/1e3", "pair/" + strings.Repeat("Z", 100),
		"pair/" + strings.Repeat("z", 100), "budget/a", "p/a", "pair_/a",
	}
	revisions := map[string]store.Revision{}
	for _, k := range keys {
		r, err := created(ctx, s, k, "value of "+k)
		if err != nil {
			return err
		}
		revisions[k] = r
	}
	for _, k := range keys {
		if err := expectValue(ctx, s, k, "value of "+k, revisions[k]); err != nil {
			return err
		}
	}
	want := slices.DeleteFunc(slices.Sorted(slices.Values(keys)), func(k string) bool {
		return !strings.HasPrefix(k, "pair/")
	})
	return expectKeys(ctx, s, "pair", want...)
}

func checkValues(ctx context.Context, open func() store.Store) error {
	s := open()
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	values := map[string][]byte{
		"nil":          nil,
		"empty":        {},
		"one byte":     {0},
		"every byte":   every,
		"line feeds":   []byte("\n\r\n\n"),
		"not UTF-8":    {0xff, 0xfe, 0x80},
		"one mebibyte": bytes.Repeat(every, 4096),
	}
	for name, value := range values {
		k := "pair/" + strings.ReplaceAll(name, " ", "-")
		r, err := created(ctx, s, k, string(value))
		if err != nil {
			return fmt.Errorf("value %s: %w", name, err)
		}
		if err := expectValue(ctx, s, k, string(value), r); err != nil {
			return fmt.Errorf("value %s: %w", name, err)
		}
		r, err = replaced(ctx, s, k, r, "short")
		if err != nil {
			return fmt.Errorf("over value %s: %w", name, err)
		}
		if err := expectValue(ctx, s, k, "short", r); err != nil {
			return fmt.Errorf("over value %s: %w", name, err)
		}
		if r, err = replaced(ctx, s, k, r, string(value)); err != nil {
			return fmt.Errorf("value %s: %w", name, err)
		}
		if err := expectValue(ctx, s, k, string(value), r); err != nil {
			return fmt.Errorf("value %s: %w", name, err)
		}
	}
	return nil
}

// checkAliasing writes into every slice that went into or came out of the store.
func checkAliasing(ctx context.Context, open func() store.Store) error {
	s := open()
	given := []byte("one")
	r, err := s.Create(ctx, key, given)
	if err != nil {
		return fmt.Errorf("Create(%s): %w", key, err)
	}
	clear(given)
	if err := expectValue(ctx, s, key, "one", r); err != nil {
		return fmt.Errorf("after writing into the bytes given to Create: %w", err)
	}
	given = []byte("two")
	if r, err = s.Replace(ctx, key, r, given); err != nil {
		return fmt.Errorf("Replace(%s): %w", key, err)
	}
	clear(given)
	if err := expectValue(ctx, s, key, "two", r); err != nil {
		return fmt.Errorf("after writing into the bytes given to Replace: %w", err)
	}
	e, err := s.Get(ctx, key)
	if err != nil {
		return fmt.Errorf("Get(%s): %w", key, err)
	}
	clear(e.Value)
	_ = append(e.Value[:0], "xyzxyz"...)
	if err := expectValue(ctx, s, key, "two", r); err != nil {
		return fmt.Errorf("after writing into the bytes that Get returned: %w", err)
	}
	return nil
}

// checkHandles uses a handle for each step: what one did, every other sees.
func checkHandles(ctx context.Context, open func() store.Store) error {
	one, err := created(ctx, open(), key, "one")
	if err != nil {
		return err
	}
	if err := expectValue(ctx, open(), key, "one", one); err != nil {
		return fmt.Errorf("another handle: %w", err)
	}
	early, late := open(), open()
	two, err := replaced(ctx, late, key, one, "two")
	if err != nil {
		return err
	}
	_, err = early.Replace(ctx, key, one, []byte("lost"))
	if err := expectConflict("Replace at a revision that another handle replaced", err); err != nil {
		return err
	}
	if err := expectValue(ctx, early, key, "two", two); err != nil {
		return fmt.Errorf("another handle: %w", err)
	}
	if err := expectKeys(ctx, early, "pair", key); err != nil {
		return fmt.Errorf("another handle: %w", err)
	}
	if err := early.Delete(ctx, key, two); err != nil {
		return fmt.Errorf("Delete through another handle: %w", err)
	}
	return expectAbsent(ctx, late, key)
}

func checkLocation(_ context.Context, open func() store.Store) error {
	location := open().Location()
	u, err := url.Parse(location)
	switch {
	case err != nil:
		// The parser's error quotes the text, which may be a password.
		return errors.New("Location() is not a URL")
	case u.Scheme == "":
		return fmt.Errorf("Location() = %q has no scheme", location)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return errors.New("Location() has a user, a query or a fragment, where a password may stand")
	case open().Location() != location:
		return errors.New("Location() differs between two handles to the same place")
	}
	return nil
}

// checkCanceled calls with a context that has ended. Each call may do its work or end with the context's error, and
// nothing else: above all it must not say ErrNotFound of what is there.
func checkCanceled(ctx context.Context, open func() store.Store) error {
	s := open()
	r, err := created(ctx, s, key, "one")
	if err != nil {
		return err
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, get := s.Get(ended, key)
	_, list := s.List(ended, "pair")
	_, create := s.Create(ended, otherKey, []byte("other"))
	_, replace := s.Replace(ended, key, r, []byte("two"))
	for call, err := range map[string]error{"Get": get, "List": list, "Create": create, "Replace": replace} {
		if err != nil && !errors.Is(err, context.Canceled) {
			return fmt.Errorf("%s with a canceled context returns %w", call, err)
		}
	}
	e, err := s.Get(ctx, key)
	if err != nil {
		return fmt.Errorf("Get(%s) after calls with a canceled context: %w", key, err)
	}
	switch v := string(e.Value); {
	case v == "two":
	case v == "one" && replace != nil:
	default:
		return fmt.Errorf("Replace with a canceled context returns %v and leaves %q", replace, v)
	}
	if err := s.Delete(ended, key, e.Revision); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("Delete with a canceled context returns %w", err)
	}
	return nil
}
