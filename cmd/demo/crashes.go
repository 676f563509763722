package main

import (
	"context"
	"fmt"
	"time"
)

// unknown is the summary of the provider's warning.
const unknown = "Outcome of a Refresh Unknown"

// crashBefore kills the provider while its TLS handshake hangs: the request cannot have left.
func (d *demo) crashBefore(ctx context.Context) error {
	d.out.say("The server accepts the next connection and then keeps silent, so the TLS handshake hangs and the request cannot leave. " +
		"At that moment the provider is killed with SIGKILL. It can do nothing about that, as with a power cut.")
	seen, err := d.killWhile(ctx, map[string]any{"action": "stall_handshake"}, "stalled", "waits in the handshake")
	if err != nil {
		return err
	}
	d.out.say("The server counted %s and %s: nothing was spent.", plural(seen.Connections, "connection", "connections"),
		plural(seen.TokenArrivals, "token request", "token requests"))
	if err := expect(seen.Connections == 1 && seen.TokenArrivals == 0, "The request should not have left."); err != nil {
		return err
	}
	d.out.say("Before every refresh the provider writes a claim into the token store: who is about to spend which token. The next run " +
		"finds the claim of the killed process, sees that its owner is dead, and takes it over. But it cannot know how far the " +
		"request got, so it sends nothing:")
	r, err := d.findUnknown(ctx)
	if err != nil {
		return err
	}
	if d.opts.quick {
		d.out.say("With -quick the demo does not wait for that time, and so does not show the recovery: the first run after %s UTC would "+
			"send the token again. A person who cannot wait authorizes again, at the address above:", r.NextAttemptAt.Format(time.TimeOnly))
		return d.authorizeAgain(ctx, r)
	}
	return d.recover(ctx, r)
}

// findUnknown runs a plan that finds what the killed process left.
func (d *demo) findUnknown(ctx context.Context) (record, error) {
	before, err := d.server.counters(ctx)
	if err != nil {
		return record{}, err
	}
	d.out.command("terraform plan")
	o, err := d.plan(ctx)
	if err != nil {
		return record{}, err
	}
	if err := d.quote(o, unknown, true); err != nil {
		return record{}, err
	}
	now, err := d.server.counters(ctx)
	if err != nil {
		return record{}, err
	}
	if err := expect(now.Connections == before.Connections, "That plan should not have called the server."); err != nil {
		return record{}, err
	}
	r, err := d.look(ctx)
	if err != nil {
		return record{}, err
	}
	err = expect(r.Status == "outcome_unknown" && !r.NextAttemptAt.IsZero() && len(r.History) > 0,
		"The status should be \"outcome_unknown\" with a time for the next attempt; it is %q.", r.Status)
	if err != nil {
		return record{}, err
	}
	d.out.say("In the token store the status is %q now, and its history ends with %q.", r.Status, r.History[len(r.History)-1].Verdict)
	return r, nil
}

// recover waits until the token may be sent again, and lets a plan do it.
func (d *demo) recover(ctx context.Context, r record) error {
	d.out.say("That is the rule for a server that refuses a spent token and does nothing worse (single_use and reject in the " +
		"configuration). The demo waits for that time.")
	// The time is printed in whole seconds; the rule counts the rest of the second, too.
	at := r.NextAttemptAt.Add(time.Second)
	if err := d.out.waitUntil(ctx, at, "Waiting until "+r.NextAttemptAt.Format(time.TimeOnly)+" UTC"); err != nil {
		return err
	}
	before, err := d.server.counters(ctx)
	if err != nil {
		return err
	}
	d.out.command("terraform plan")
	o, err := d.plan(ctx)
	if err != nil {
		return err
	}
	now, err := d.server.counters(ctx)
	if err != nil {
		return err
	}
	after, err := d.look(ctx)
	if err != nil {
		return err
	}
	got := now.minus(before)
	d.out.note("%s", o.summary)
	d.out.note("status = %q", after.Status)
	d.out.print("")
	d.out.say("The server counted %s, and %s sent again: the token had never been used. The credential is alive, and nobody had to log in.",
		plural(got.Refreshes, "refresh", "refreshes"), plural(got.ReuseDetected, "spent token", "spent tokens"))
	return expect(after.Status == "active" && got.Refreshes == 1 && after.Generation == r.Generation+1, "The credential should be active again.")
}

// crashAfter kills the provider while the server's answer is on its way.
func (d *demo) crashAfter(ctx context.Context) error {
	d.out.say("Now the worst moment. The server takes the refresh token, makes its successor, and has sent half of the answer when the " +
		"provider is killed.")
	fault := map[string]any{"action": "half_then_hold", "grant_type": "refresh_token", "then": "drop"}
	seen, err := d.killWhile(ctx, fault, "half", "has half of the answer")
	if err != nil {
		return err
	}
	d.out.say("The server counted %s: the old token is spent. Its successor was in the answer and nowhere else.",
		plural(seen.Refreshes, "refresh", "refreshes"))
	if err := expect(seen.Refreshes == 1, "The refresh should have been carried out."); err != nil {
		return err
	}
	d.out.say("The provider does not know that. It has the same evidence as in step 3, and comes to the same verdict:")
	r, err := d.findUnknown(ctx)
	if err != nil {
		return err
	}
	d.out.say("This time the token is spent. The first run after %s UTC would send it once more, the server would refuse, and the "+
		"status would become authorization_required. The demo does not wait for that, because nothing brings this successor back. "+
		"It takes the way out that the message offers: a person authorizes again.", r.NextAttemptAt.Format(time.TimeOnly))
	return d.authorizeAgain(ctx, r)
}

// authorizeAgain lets a person consent once more, in place.
func (d *demo) authorizeAgain(ctx context.Context, r record) error {
	if err := d.consent(ctx, r.AuthorizationURL); err != nil {
		return err
	}
	d.out.say("It is the same resource with the same name. What depends on it goes on with the new tokens.")
	return nil
}

// killWhile plants a fault, starts a plan, kills the provider when the server holds it at the stage, and returns what
// the server has counted by then.
func (d *demo) killWhile(ctx context.Context, fault map[string]any, stage, doing string) (counters, error) {
	if err := d.expireToken(ctx); err != nil {
		return counters{}, err
	}
	before, err := d.server.counters(ctx)
	if err != nil {
		return counters{}, err
	}
	if err := d.server.plantFault(ctx, fault); err != nil {
		return counters{}, err
	}
	d.out.command("terraform plan")
	d.runs++
	running, err := d.tf.start(ctx, planCommand()...)
	if err != nil {
		return counters{}, err
	}
	if err := d.waitHeld(ctx, running, stage); err != nil {
		return counters{}, err
	}
	ids, err := providersOf(ctx, running.group)
	if err != nil {
		return counters{}, err
	}
	if len(ids) != 1 {
		return counters{}, &surprise{fmt.Sprintf("One provider process should be running, not %d.", len(ids))}
	}
	now, err := d.server.counters(ctx)
	if err != nil {
		return counters{}, err
	}
	d.out.note("The provider, process %d, %s: killed.", ids[0], doing)
	if err := kill(ids[0]); err != nil {
		return counters{}, fmt.Errorf("kill the provider: %w", err)
	}
	o, err := running.wait(ctx)
	if err != nil {
		return counters{}, err
	}
	for _, t := range o.told {
		if t.Severity == "error" {
			d.out.note("Terraform says: Error: %s", t.Summary)
		}
	}
	d.out.print("")
	if err := expect(o.code != 0, "Terraform should have failed."); err != nil {
		return counters{}, err
	}
	return now.minus(before), d.server.release(ctx)
}

// waitHeld waits until the server holds the provider at the stage.
func (d *demo) waitHeld(ctx context.Context, r *running, stage string) error {
	for {
		held, err := d.server.heldAt(ctx, stage)
		if held || err != nil {
			return err
		}
		select {
		case <-r.ended:
			o, err := r.wait(ctx)
			if err != nil {
				return err
			}
			return &surprise{fmt.Sprintf("The plan ended before the provider could be killed:\n\n%v", o.all)}
		default:
		}
		if err := sleep(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
}
