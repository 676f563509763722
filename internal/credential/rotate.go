package credential

import "context"

// rotation names one generation of one family.
type rotation struct {
	family     string
	generation int64
}

// passes tells whether ask wants another token than the one of r.
func (a Ask) passes(r Record) bool {
	return a.past != rotation{} && a.past == rotation{r.Family, r.Generation}
}

// Rotate refreshes the token pair of that name, however long its access token lives: it asks as an apply does, and is bound by waits,
// budgets and the strategy never like any other. A refresh that another run makes meanwhile is as good as one of its own, so what is
// sent is one. Unlike Token it does not serve the token at hand instead: whatever keeps it from refreshing is an error.
func (m *Manager) Rotate(ctx context.Context, name string, ask Ask) (Result, error) {
	notices := m.prepare(ctx) // a successor that lies in a rescue file is no answer to this
	before, err := m.Peek(ctx, name)
	if err != nil {
		return Result{Notices: notices}, err
	}
	ask.Asker, ask.past = AskerApply, rotation{before.Family, before.Generation}
	res, err := m.Token(ctx, name, ask)
	res.Notices = append(notices, res.Notices...)
	return res, err
}
