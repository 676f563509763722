package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	shortLife = time.Second      // of an access token, until the last step
	realLife  = 10 * time.Minute // as on many a platform
)

func (d *demo) introduce(found tools) {
	d.out.print("A refresh token that works only once, and Terraform", "")
	d.out.block("", "An OAuth access token lives for minutes. A refresh token brings the next one, and on many platforms it works "+
		"only once: every refresh returns its successor and ends it. Who loses one successor must send a person to log in again.")
	d.out.print("")
	d.out.block("", "Terraform refreshes while it plans, and throws the result of a plan away unless that plan is applied. This demo "+
		"shows what becomes of the tokens then, and what when the provider is killed in the middle of a refresh.")
	d.out.print("")
	d.out.block("", fmt.Sprintf("All of it is real: %s %s (%s), this provider, and a sandbox authorization server that takes every "+
		"refresh token once and counts what arrives. Every number below comes from its counters or from what %s prints.",
		found.cli.product, found.cli.version, found.cli.path, found.cli.product))
	d.out.print("", "Building the provider and the sandbox. The first time this takes a minute or two.")
}

// authorizeFirst is the first authorization: two applies, with a person in between.
func (d *demo) authorizeFirst(ctx context.Context) error {
	d.out.say("The configuration, examples/demo/main.tf, has an app and a token pair that nobody has authorized yet. So the first " +
		"apply gets no tokens. It makes the address at which a person consents.")
	d.out.command("terraform apply")
	o, err := d.apply(ctx)
	if err != nil {
		return err
	}
	if err := d.quote(o, "Authorization Required", false); err != nil {
		return err
	}
	r, err := d.look(ctx)
	if err != nil {
		return err
	}
	d.out.say("A person opens that address in a browser and presses Allow. The demo does that for them.")
	return d.consent(ctx, r.AuthorizationURL)
}

// consent does what a person does between two applies, and then the second one.
func (d *demo) consent(ctx context.Context, authorizationURL string) error {
	callback, err := d.server.approve(ctx, authorizationURL)
	if err != nil {
		return err
	}
	d.out.say("The browser ends up at an address that holds a code. The code works once and lives for minutes:")
	d.out.print(indent+"  "+shorten(callback), "")
	d.out.say("That whole address goes into the configuration as callback_url, and an apply exchanges the code for tokens.")
	if err := d.space.setVariables("callback", map[string]string{"callback_url": callback}); err != nil {
		return err
	}
	d.out.command("terraform apply")
	o, err := d.apply(ctx)
	if err != nil {
		return err
	}
	status := o.text("status")
	d.out.note("%s", o.summary)
	d.out.note("status = %q", status)
	d.out.print("")
	return expect(status == "active", "After the consent the status is %q, and not \"active\".", status)
}

// discardPlans plans again and again and applies nothing.
func (d *demo) discardPlans(ctx context.Context) error {
	d.out.say("So that nobody has to wait, this server's access tokens live for %s. Each plan starts when the server says that the last "+
		"one has expired. So each plan must refresh, which spends the refresh token, and what it learns is thrown away, because nobody "+
		"applies it.", seconds(shortLife))
	before, err := d.server.counters(ctx)
	if err != nil {
		return err
	}
	const row = indent + "%-7s  %-42s %9s  %12s"
	d.out.print(fmt.Sprintf(row, "", "", "refreshes", "spent tokens"), fmt.Sprintf(row, "", "Terraform says", "so far", "sent again"))
	for n := 1; n <= d.opts.plans; n++ {
		if err := d.expireToken(ctx); err != nil {
			return err
		}
		o, err := d.plan(ctx)
		if err != nil {
			return err
		}
		now, err := d.server.counters(ctx)
		if err != nil {
			return err
		}
		got := now.minus(before)
		d.out.print(fmt.Sprintf(row, "plan "+strconv.Itoa(n), o.summary, strconv.Itoa(got.Refreshes), strconv.Itoa(got.ReuseDetected)))
		if err := expect(o.changes == 0 && o.summary != "", "Plan %d shows changes: %s", n, o.summary); err != nil {
			return err
		}
		if wrong := differences(got, counters{TokenRequests: n, Refreshes: n}); len(wrong) > 0 {
			return &surprise{"After " + plural(n, "plan", "plans") + " the server had counted:\n  " + strings.Join(wrong, "\n  ")}
		}
	}
	d.out.print("")
	where, err := d.whereabouts(ctx)
	if err != nil {
		return err
	}
	d.out.say("The state is as the last apply left it, and %s behind. If it were all that is kept, the second plan would have presented "+
		"a spent token, and a person would have to log in again. But the provider puts every successor into its token store before "+
		"anybody uses it. The state catches up with the next apply.", plural(where.store-where.state, "token", "tokens"))
	return expect(where.state == 1 && where.store == where.server && where.server == 1+d.opts.plans,
		"Refresh token number 1 should be in the state, and number %d in the store and at the server.", 1+d.opts.plans)
}

// places is how many refresh tokens there have been since the person consented, as each of the three knows it.
type places struct{ state, store, server int }

// whereabouts asks all three, and shows what they say.
func (d *demo) whereabouts(ctx context.Context) (places, error) {
	state, err := d.tf.state(ctx)
	if err != nil {
		return places{}, err
	}
	r, err := d.look(ctx)
	if err != nil {
		return places{}, err
	}
	a, err := d.server.newest(ctx)
	if err != nil {
		return places{}, err
	}
	d.out.print(indent + "Of the refresh tokens since the person consented,")
	d.out.table([][]string{
		{"  the server accepts number", strconv.Itoa(a.Generation)},
		{"  the token store holds number", strconv.Itoa(r.Generation)},
		{"  Terraform's state holds number", strconv.Itoa(state.Generation)},
	})
	return places{state.Generation, r.Generation, a.Generation}, nil
}

// lastApply applies without changes, and uses the access token.
func (d *demo) lastApply(ctx context.Context) error {
	d.out.say("A plain apply without changes. The access token has expired, so it refreshes; and unlike a plan it keeps what it learns. "+
		"The server's access tokens live for %s from now on, as on many a platform.", minutes(realLife))
	if err := d.server.setLifetime(ctx, realLife); err != nil {
		return err
	}
	if err := d.expireToken(ctx); err != nil {
		return err
	}
	d.out.command("terraform apply")
	o, err := d.apply(ctx)
	if err != nil {
		return err
	}
	d.out.note("%s", o.summary)
	d.out.print("")
	where, err := d.whereabouts(ctx)
	if err != nil {
		return err
	}
	state, err := d.tf.state(ctx)
	if err != nil {
		return err
	}
	answer, err := d.server.useAPI(ctx, state.AccessToken)
	if err != nil {
		return err
	}
	d.out.say("All three agree. An application that takes the access token from Terraform and calls the server's API gets: %s.", answer)
	if err := expect(o.changes == 0 && where == places{2, 2, 2}, "Number 2 should be everywhere, without a change."); err != nil {
		return err
	}
	return expect(answer == "200 OK", "The API did not take the access token: %s.", answer)
}

// sumUp ends the story.
func (d *demo) sumUp(ctx context.Context, table [][]string, total counters) error {
	d.out.heading("What the server counted")
	d.out.table(table)
	d.out.say("Each of the %s spent a refresh token, and %s came a second time, although %s thrown away and the provider was killed "+
		"twice. One was lost in step 4: the successor in an answer whose reader was killed. No client can get that one back. What it can "+
		"do is to know, to say so, and not to make it worse.",
		plural(total.Refreshes, "refresh", "refreshes"), plural(total.ReuseDetected, "spent token", "spent tokens"),
		plural(d.opts.plans, "plan was", "plans were"))
	r, err := d.look(ctx)
	if err != nil {
		return err
	}
	d.out.say("The credential's own history, read by another configuration (examples/demo/watch), UTC:")
	var rows [][]string
	for _, e := range collapse(r.History) {
		rows = append(rows, []string{e.At.Format(time.TimeOnly) + "   " + e.Verdict})
	}
	d.out.table(rows)
	d.out.say("To go on by hand: examples/demo/README.md.")
	return nil
}

// collapse makes one line of equal ones that follow each other.
func collapse(history []event) []event {
	var short []event
	for start := 0; start < len(history); {
		end := start + 1
		for end < len(history) && history[end].Verdict == history[start].Verdict {
			end++
		}
		last := history[end-1]
		if end-start > 1 {
			last.Verdict += fmt.Sprintf(" (%d times)", end-start)
		}
		short = append(short, last)
		start = end
	}
	return short
}

// quote prints a warning of the provider word by word, but for long addresses if brief is set.
func (d *demo) quote(o outcome, summary string, brief bool) error {
	w, ok := o.find("warning", summary)
	if !ok {
		return &surprise{fmt.Sprintf("Terraform did not show the warning %q:\n\n%s", summary, strings.Join(o.all, "\n"))}
	}
	text := w.Detail
	if brief && !d.opts.verbose {
		text = shortenAll(text)
	}
	d.out.quote("Warning: "+w.Summary, text)
	return nil
}

// shortenAll shortens the lines that are addresses.
func shortenAll(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "https://") || strings.HasPrefix(line, "http://") {
			lines[i] = shorten(line)
		}
	}
	return strings.Join(lines, "\n")
}

// shorten cuts an address to a length that can be read.
func shorten(address string) string {
	const most = 64
	if runes := []rune(address); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return address
}

// minutes and seconds print a whole number of them.
func minutes(d time.Duration) string { return plural(int(d/time.Minute), "minute", "minutes") }

func seconds(d time.Duration) string { return plural(int(d/time.Second), "second", "seconds") }
