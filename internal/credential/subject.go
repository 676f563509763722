package credential

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// SubjectError says that the pair whose access token another one is derived from gives none.
type SubjectError struct {
	Name string // of that pair
	Err  error  // an *Error, or the context's
}

func (e *SubjectError) Error() string {
	return fmt.Sprintf("the token pair %q, whose access token is to be exchanged: %s", e.Name, e.Err)
}

// Unwrap returns why it gives none.
func (e *SubjectError) Unwrap() error { return e.Err }

// ErrCircle says that pairs are derived from each other, so that none could be the first.
var ErrCircle = errors.New("it is derived, by way of other pairs or directly, from the very pair that is to be derived from it")

// maxDerived bounds how many pairs may be derived from each other.
const maxDerived = 10

// subject is the access token of the token pair of that name, got as any asker would: refreshed if need be, by its own rules. Its
// refresh token goes nowhere but to its own server. family tells that authorization from others.
func (m *Manager) subject(
	ctx context.Context, key, name string, margin time.Duration,
) (token secret.String, family string, told []Notice, err error) {
	fail := func(notices []Notice, err error) (secret.String, string, []Notice, error) {
		if ctx.Err() != nil {
			return secret.String{}, "", notices, ctx.Err()
		}
		return secret.String{}, "", notices, &Error{Kind: KindSubject, Err: &SubjectError{Name: name, Err: err}}
	}
	// Pairs in a circle would wait for each other for ever.
	for next, seen := name, 0; next != ""; seen++ {
		if seen == maxDerived || PairKey(next) == key {
			return fail(nil, ErrCircle)
		}
		r, err := m.Peek(ctx, next)
		if err != nil && next != name { // the pair between may have a token that works; it tells what it lacks
			break
		}
		if err != nil {
			return fail(nil, err)
		}
		if next = ""; r.Grant != nil {
			next = r.Grant.SubjectPair
		}
	}
	res, err := m.Token(ctx, name, Ask{DefaultMargin: margin, Asker: AskerConsumer})
	// Whatever concerns the safety of its tokens is to be told, whoever asked.
	told = slices.DeleteFunc(slices.Clone(res.Notices), func(n Notice) bool {
		return n.Code != NoticeNotStored && n.Code != NoticeNoRescue && n.Code != NoticeRescued && n.Code != NoticeSalvaged
	})
	for i := range told {
		told[i].Of = name
	}
	if err != nil {
		return fail(told, err)
	}
	return res.Record.Tokens.Access, res.Record.Family, told, nil
}

// ofSubject is r without a token that was derived from another authorization than its subject pair has now: that may be another
// person's. Of a pair that is gone, or cannot be read, nothing is known.
func (m *Manager) ofSubject(ctx context.Context, r Record) Record {
	if r.Grant == nil || r.Grant.SubjectPair == "" || r.Tokens.DerivedFrom == "" {
		return r
	}
	of, err := m.Peek(ctx, r.Grant.SubjectPair)
	if err != nil || of.IsTombstone() || of.IsMoved() || of.Generation == 0 || of.Family == r.Tokens.DerivedFrom {
		return r
	}
	r = r.clone()
	r.consume(r.Tokens.Refresh, false)
	r.Tokens.Access, r.Tokens.Refresh = secret.String{}, secret.String{}
	return r
}
