package credential

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// WaitingKind says what a reply in a rescue file is of.
type WaitingKind string

// The kinds.
const (
	WaitingPair         WaitingKind = "credential"
	WaitingRegistration WaitingKind = "registration"
)

// Waiting is a reply in a rescue file of this machine that has not reached the store. The next run that may write puts it there.
type Waiting struct {
	Path  string
	Kind  WaitingKind // empty: it cannot be read
	Name  string
	InUse bool  // a process that lives is about to put it into the store
	Err   error // the file cannot be read
}

// Waiting lists the rescue files of this machine for the store, and leaves them where they are.
func (m *Manager) Waiting(ctx context.Context) ([]Waiting, error) {
	if m.rescue == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, m.timings.StoreTimeout)
	defer cancel()
	paths, err := m.rescue.List(ctx, "")
	switch {
	case errors.Is(err, store.ErrNotFound): // nothing was ever written, and nothing can wait for it
		return nil, nil
	case err != nil:
		return nil, storeError("looking for rescue files", err)
	}
	var found []Waiting
	for _, path := range paths {
		w := Waiting{Path: path, InUse: m.rescue.InUse(path)}
		text, err := m.rescue.Load(ctx, path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it is in the store by now
		}
		var a Attempt
		if err == nil {
			a, _, err = decodeRescue(text)
		}
		w.Err = err
		if name, ok := strings.CutPrefix(a.Key, PairKey("")); ok {
			w.Kind, w.Name = WaitingPair, name
		} else if name, ok := strings.CutPrefix(a.Key, RegistrationKey("")); ok {
			w.Kind, w.Name = WaitingRegistration, name
		}
		found = append(found, w)
	}
	return found, nil
}
