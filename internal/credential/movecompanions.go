package credential

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// copied is a record of the source that stays there and is wanted in the destination too.
type copied struct {
	key  string
	text []byte
}

// Registrations lists the app registrations of the source, sorted.
func (v *Mover) Registrations(ctx context.Context) ([]string, error) {
	names, err := v.from.RegistrationNames(ctx)
	if err != nil {
		return nil, v.from.told(err)
	}
	return names, nil
}

// CopyRegistration copies an app registration. One that the destination has is left as it is. preview: nothing is written.
// One whose client the server has made for this program is moved: its registration access token works in one place alone.
func (v *Mover) CopyRegistration(ctx context.Context, name string, preview bool) Moved {
	snap, err := v.from.stored(ctx, RegistrationKey(name))
	if r := snap.record; err == nil && (r.Registered.dynamic() != nil || r.IsTombstone() || r.Moving()) {
		if preview {
			return v.preview(ctx, name, RegistrationKey(name))
		}
		return v.move(ctx, name, RegistrationKey(name))
	}
	outcome, err := v.copyRegistration(ctx, name, preview)
	if err != nil {
		return Moved{Name: name, Outcome: OutcomeFailed, Err: AsError(err)}
	}
	return Moved{Name: name, Outcome: outcome}
}

func (v *Mover) copyRegistration(ctx context.Context, name string, preview bool) (Outcome, error) {
	e, err := v.from.get(ctx, RegistrationKey(name))
	if err != nil {
		kind := KindStore
		if errors.Is(err, store.ErrNotFound) {
			kind = KindNotFound
		}
		return "", v.from.told(&Error{Kind: kind, Err: fmt.Errorf("reading the registration %s: %w", name, err)})
	}
	return v.copyOver(ctx, copied{RegistrationKey(name), e.Value}, preview)
}

// CopyInputs copies what the whole source knows of codes and tokens that configurations brought, and says how many.
func (v *Mover) CopyInputs(ctx context.Context) (int, error) {
	if err := v.readInputs(ctx); err != nil {
		return 0, err
	}
	n := 0
	for _, inputs := range v.inputs {
		for _, c := range inputs {
			if _, err := v.copyOver(ctx, c, false); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}

// companions copies what the credential r needs in the destination: its registrations, and the inputs it has used.
func (r *moveRun) companions(ctx context.Context, source Record) (notes []string, err error) {
	for _, name := range source.registrations() {
		moved := r.CopyRegistration(ctx, name, false)
		switch {
		case IsKind(moved.Err, KindNotFound): // the pair may have a secret of its own
		case moved.Err != nil:
			return notes, moved.Err
		case moved.Outcome == OutcomeDifferent:
			notes = append(notes, fmt.Sprintf("the destination has another registration %s, which stays as it is", name))
		}
	}
	if err := r.copyBudgets(ctx, source.Client.completed()); err != nil {
		return notes, err
	}
	if err := r.readInputs(ctx); err != nil {
		return notes, err
	}
	for _, c := range r.inputs[r.name] {
		if r.key != PairKey(r.name) {
			break // a registration has used none
		}
		if _, err := r.copyOver(ctx, c, false); err != nil {
			return notes, err
		}
	}
	return notes, nil
}

// copyBudgets copies the error budget of a client. Which token endpoint its issuer names is not asked in a move: then every
// budget of the client_id goes along.
func (v *Mover) copyBudgets(ctx context.Context, client Client) error {
	if !lacksToken(client) {
		return v.copyBudget(ctx, client)
	}
	keys, err := v.from.keys(ctx, kindBudget)
	if err != nil {
		return v.from.told(err)
	}
	for _, key := range keys {
		e, err := v.from.get(ctx, key)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		var known ledger
		if err == nil {
			err = decodeAs(e.Value, &known, kindBudget)
		}
		if err != nil {
			return v.from.told(storeError("reading "+key, err))
		}
		if known.ClientID != client.ClientID {
			continue
		}
		if err := v.copyBudget(ctx, Client{TokenEndpoint: known.TokenEndpoint, ClientID: known.ClientID}); err != nil {
			return err
		}
	}
	return nil
}

// copyBudget adds the refusals that the client has had, and what it has under way, to what the destination knows of. Moving
// must not make the server's patience look new.
func (v *Mover) copyBudget(ctx context.Context, client Client) error {
	spent, err := v.from.ledger(ctx, client)
	if err != nil {
		return v.from.told(err)
	}
	spent.ledger = spent.clean(ErrorBudget{Window: spent.Window}, spent.now)
	if len(spent.Refusals)+len(spent.UnderWay) == 0 {
		return nil
	}
	err = v.to.insist(ctx, aFew, func() error {
		l, err := v.to.ledger(ctx, client)
		if err != nil {
			return err
		}
		if l.revision == "" { // what is not there does not tell the store's time
			l.Rest = spent.Rest
			if err := v.to.putLedger(ctx, client, l); err != nil {
				return err
			}
			if l, err = v.to.ledger(ctx, client); err != nil {
				return err
			}
		}
		var news bool
		if l.ledger, news = l.join(spent.ledger, l.now.Sub(spent.now)); !news {
			return nil
		}
		return v.to.putLedger(ctx, client, l)
	})
	if err != nil {
		return v.to.told(err)
	}
	return nil
}

// registrations lists those that the credential, or what it has set aside, takes its secret from.
func (r Record) registrations() []string {
	var names []string
	for _, h := range append([]Record{r}, r.Aside...) {
		if h.Client.Registration != "" {
			names = append(names, h.Client.Registration)
		}
	}
	return names
}

func (v *Mover) readInputs(ctx context.Context) error {
	if v.inputs != nil {
		return nil
	}
	keys, err := v.from.keys(ctx, kindInput)
	if err != nil {
		return v.from.told(err)
	}
	inputs := map[string][]copied{}
	for _, key := range keys {
		e, err := v.from.get(ctx, key)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		var w wireInput
		if err == nil {
			err = decodeAs(e.Value, &w, kindInput)
		}
		if err != nil {
			return v.from.told(storeError("reading "+key, err))
		}
		inputs[w.Name] = append(inputs[w.Name], copied{key, e.Value})
	}
	v.inputs = inputs
	return nil
}

// copyOver writes c into the destination unless it has something there already.
func (v *Mover) copyOver(ctx context.Context, c copied, preview bool) (Outcome, error) {
	outcome, doubt := OutcomeCopied, false
	err := v.to.insist(ctx, aFew, func() error {
		e, err := v.to.get(ctx, c.key)
		switch {
		case errors.Is(err, store.ErrNotFound) && preview:
			outcome = OutcomeCopied
			return nil
		case errors.Is(err, store.ErrNotFound):
			outcome, doubt = OutcomeCopied, true
			return v.to.put(ctx, c.key, "", c.text)
		case err != nil:
			return err
		case !bytes.Equal(e.Value, c.text):
			outcome = OutcomeDifferent
		case !doubt:
			outcome = OutcomeSame
		}
		return nil
	})
	if err != nil {
		return "", v.to.told(storeError("copying "+c.key, err))
	}
	return outcome, nil
}

// bringStragglers commits, in the destination, what rescue files of the source hold of a credential that has gone: a reply
// that came when its claim had been taken over, and the credential moved. It returns the record with the last of them.
func (r *moveRun) bringStragglers(ctx context.Context) (last Record, err error) {
	found, unread := r.from.rescuesOf(ctx, "", r.key)
	for _, s := range found {
		if last, err = r.to.commit(ctx, s, aFew); err != nil {
			return last, r.to.told(writing(err))
		}
		r.from.removeRescue(ctx, s.path)
	}
	return last, unread
}
