package command

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// Outcomes that the engine does not know.
const (
	outcomeElsewhere = "elsewhere"
	outcomeRemaining = "remaining"
)

// moveLine is what is told of one credential or registration.
type moveLine struct {
	Kind       string   `json:"kind"` // "credential" or "registration"
	Name       string   `json:"name"`
	Outcome    string   `json:"outcome"`
	Generation int64    `json:"generation,omitempty"`
	Notes      []string `json:"notes,omitempty"`
	Error      string   `json:"error,omitempty"`
}

// moveDocument is all that is told.
type moveDocument struct {
	From   string     `json:"from"`
	To     string     `json:"to"`
	DryRun bool       `json:"dry_run"`
	OK     bool       `json:"ok"`
	Lines  []moveLine `json:"lines"`
}

// moveReport does the moves and collects what there is to tell.
type moveReport struct {
	deps     Deps
	options  moveOptions
	from, to string
	lines    []moveLine
	failed   bool
}

// run moves what was asked for. Its error is one that concerns all; what concerns one credential stands in its line.
func (r *moveReport) run(ctx context.Context, from, to *tokenStore) error {
	mover := credential.NewMover(from.manager, to.manager)
	if err := checkStores(ctx, from, to, mover); err != nil {
		return err
	}
	wanted := []string(r.options.names)
	if r.options.all {
		var err error
		if wanted, err = mover.Names(ctx); err != nil {
			return err
		}
		if err := r.companions(ctx, mover); err != nil {
			return err
		}
	}
	move := mover.Move
	if r.options.dryRun {
		move = mover.Preview
	}
	for _, name := range wanted {
		if ctx.Err() != nil {
			r.add("credential", credential.Moved{Name: name, Outcome: outcomeRemaining})
			continue
		}
		m := move(ctx, name)
		if m.Outcome == credential.OutcomeFailed && m.Err != nil && ctx.Err() != nil && errors.Is(m.Err, ctx.Err()) {
			m.Outcome, m.Err = outcomeRemaining, nil // it was still waiting
		}
		r.add("credential", m)
	}
	if ctx.Err() != nil {
		return errors.New("stopped; what remains is listed, and running the same again goes on")
	}
	return nil
}

// companions copies all registrations, and all that the source knows of used inputs.
func (r *moveReport) companions(ctx context.Context, mover *credential.Mover) error {
	registrations, err := mover.Registrations(ctx)
	if err != nil {
		return err
	}
	for _, name := range registrations {
		r.add("registration", mover.CopyRegistration(ctx, name, r.options.dryRun))
	}
	if r.options.dryRun {
		return nil
	}
	_, err = mover.CopyInputs(ctx)
	return err
}

func (r *moveReport) add(kind string, m credential.Moved) {
	line := moveLine{Kind: kind, Name: m.Name, Outcome: string(m.Outcome), Generation: m.Generation, Notes: m.Notes}
	switch {
	case r.options.all && credential.IsKind(m.Err, credential.KindMoved):
		line.Outcome, line.Notes = outcomeElsewhere, append(line.Notes, reason(m.Err))
	case m.Err != nil:
		line.Error = reason(m.Err)
	}
	r.failed = r.failed || line.Error != "" || line.Outcome == outcomeRemaining
	r.lines = append(r.lines, line)
}

// reason is an error without the engine's classification, where it says more than that.
func reason(err error) string {
	var e *credential.Error
	if errors.As(err, &e) && e.Err != nil {
		return e.Err.Error()
	}
	return err.Error()
}

// print writes the outcome, and returns the exit code.
func (r *moveReport) print() int {
	for _, l := range r.lines {
		for _, note := range l.Notes {
			fmt.Fprintf(r.deps.Stderr, "note: %s %s: %s\n", l.Kind, plain(l.Name), plain(note))
		}
		switch {
		case l.Error != "":
			fmt.Fprintf(r.deps.Stderr, "error: %s %s: %s\n", l.Kind, plain(l.Name), plain(l.Error))
		case l.Outcome == string(credential.OutcomeDifferent):
			fmt.Fprintf(r.deps.Stderr, "warning: the destination has another registration %s, which stays as it is\n", plain(l.Name))
		}
	}
	if r.options.dryRun {
		fmt.Fprintln(r.deps.Stderr, "dry run: nothing was written")
	}
	written := r.printTable
	if r.options.json {
		written = r.printJSON
	}
	if err := written(); err != nil { // a pipe that was closed, a disk that is full
		fmt.Fprintf(r.deps.Stderr, "error: the output could not be written: %v\nWhat was moved stays moved. The same command again tells the outcome.\n", err)
		r.failed = true
	}
	if r.failed {
		return exitFailed
	}
	return exitDone
}

func (r *moveReport) printTable() error {
	if len(r.lines) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(r.deps.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KIND\tNAME\tOUTCOME\tGENERATION")
	for _, l := range r.lines {
		generation := "-"
		if l.Generation > 0 {
			generation = fmt.Sprint(l.Generation)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", l.Kind, plain(l.Name), l.Outcome, generation)
	}
	return table.Flush()
}

func (r *moveReport) printJSON() error {
	out := moveDocument{r.from, r.to, r.options.dryRun, !r.failed, r.lines}
	if out.Lines == nil {
		out.Lines = []moveLine{}
	}
	return printJSON(r.deps.Stdout, out)
}
