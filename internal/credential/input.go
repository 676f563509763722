package credential

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// inputKey is the store key under which a code or token that a configuration brought is known to the whole store: a
// renamed pair, or a second one with the same input, must not send it again.
func inputKey(s secret.String) string { return "input/" + s.SHA256() }

type wireInput struct {
	Format int    `json:"format"`
	Kind   string `json:"kind"`
	Name   string `json:"name"` // of the pair that took it
}

const kindInput = "input"

// reserve notes that the pair of that name takes the input s. It returns false if another pair has taken it before, and
// may have used it. Of two that try at once, one wins.
func (m *Manager) reserve(ctx context.Context, name string, s secret.String) (bool, error) {
	text, err := json.Marshal(wireInput{Format: recordFormat, Kind: kindInput, Name: name})
	if err != nil {
		return false, storeError("encoding an input", err)
	}
	ours := false
	err = m.insist(ctx, aFew, func() error {
		e, err := m.get(ctx, inputKey(s))
		if errors.Is(err, store.ErrNotFound) {
			ours = true
			return m.put(ctx, inputKey(s), "", text)
		}
		if err != nil {
			return err
		}
		var taken wireInput
		if err := decodeAs(e.Value, &taken, kindInput); err != nil {
			return storeError("reading an input", unusable(err))
		}
		if ours = taken.Name == name; ours {
			return nil
		}
		unused, err := m.neverUsed(ctx, taken.Name, s)
		if err != nil || !unused {
			return err
		}
		ours = true
		return m.put(ctx, inputKey(s), e.Revision, text)
	})
	if err != nil {
		return false, writeError(ctx, err)
	}
	return ours, nil
}

// neverUsed tells whether the pair that took an input was deleted without having sent it.
func (m *Manager) neverUsed(ctx context.Context, name string, s secret.String) (bool, error) {
	snap, err := m.load(ctx, PairKey(name))
	if IsKind(err, KindNotFound) {
		return false, nil
	}
	return err == nil && snap.record.IsTombstone() && !snap.record.HasConsumed(s), err
}

// knows tells whether the record was made from the input s, or has used it.
func (r Record) knows(s secret.String) bool {
	return !s.IsEmpty() && (r.Input == s.SHA256() || r.HasConsumed(s) || r.Tokens.Refresh.Equal(s) || r.Tokens.Access.Equal(s))
}
