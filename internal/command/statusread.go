package command

import (
	"context"
	"slices"
	"sync"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// readers is how many records are read at the same time. A database far away answers one in tens of milliseconds, and a store may
// hold a thousand.
const readers = 8

// readAll reads what is called so, and returns in the same order what there was and what went wrong.
func readAll[T any](ctx context.Context, names []string, read func(context.Context, string) (T, error)) ([]T, []error) {
	found, failures := make([]T, len(names)), make([]error, len(names))
	next := make(chan int)
	var all sync.WaitGroup
	for range min(readers, len(names)) {
		all.Go(func() {
			for i := range next {
				found[i], failures[i] = read(ctx, names[i])
			}
		})
	}
	for i := range names {
		next <- i
	}
	close(next)
	all.Wait()
	return found, failures
}

// rescues lists the replies that wait beside the store; of the credentials of these names, if there are any.
func rescues(ctx context.Context, s *tokenStore, names names) ([]rescueStatus, error) {
	found, err := s.manager.Waiting(ctx)
	if err != nil {
		return nil, err
	}
	files := []rescueStatus{}
	for _, w := range found {
		f := rescueStatus{Path: w.Path, Kind: string(w.Kind), Name: w.Name, InUse: w.InUse, Needs: needsSoon}
		switch {
		case w.Err != nil:
			f.Needs, f.Error = needsNow, reason(w.Err)
		case w.InUse:
			f.Needs = needsNothing
		}
		if len(names) == 0 || f.Name == "" || w.Kind == credential.WaitingPair && slices.Contains(names, f.Name) {
			files = append(files, f)
		}
	}
	return files, nil
}
