package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// demo is one showing.
type demo struct {
	opts   options
	out    *screen
	space  *workspace
	server *sandbox
	tf     *terraform // examples/demo
	watch  *terraform // examples/demo/watch
	runs   int        // of plan and apply in the current step
}

// step is a part of the demo, and what the server must have counted when it is over.
type step struct {
	title string
	short string // in the table at the end
	play  func(context.Context) error
	want  counters
}

func (d *demo) steps() []step {
	n := d.opts.plans
	once := counters{TokenRequests: 1, Refreshes: 1}
	if d.opts.quick {
		once = counters{TokenRequests: 1, Consents: 1, Exchanges: 1} // a person instead of the recovery
	}
	return []step{
		{"A person authorizes", "first authorization", d.authorizeFirst, counters{TokenRequests: 1, Consents: 1, Exchanges: 1}},
		{plural(n, "plan is", "plans are") + " thrown away", "plans thrown away", d.discardPlans, counters{TokenRequests: n, Refreshes: n}},
		{"A crash before the request has left", "crash, nothing sent", d.crashBefore, once},
		{"A crash after the server has answered", "crash, answer lost", d.crashAfter,
			counters{TokenRequests: 2, Refreshes: 1, Consents: 1, Exchanges: 1}},
		{"An apply", "apply", d.lastApply, counters{TokenRequests: 1, Refreshes: 1, APIOK: 1}},
	}
}

// play sets everything up, plays the steps and sums up.
func (d *demo) play(ctx context.Context, environ []string) error {
	found, err := findTools(ctx, d.opts, environ)
	if err != nil {
		return err
	}
	d.introduce(found)
	if err := d.setUp(ctx, found, environ); err != nil {
		return err
	}
	table := [][]string{{"", "Terraform", "", "token", "", "spent tokens"},
		{"", "runs", "logins", "requests", "refreshes", "sent again"}}
	var total counters
	totalRuns := 0
	for i, s := range d.steps() {
		number := strconv.Itoa(i+1) + ". "
		d.out.heading(number + s.title)
		d.runs = 0
		if err := s.play(ctx); err != nil {
			return d.withLog(ctx, err)
		}
		now, err := d.server.counters(ctx)
		if err != nil {
			return err
		}
		got := now.minus(total)
		if wrong := differences(got, s.want); len(wrong) > 0 {
			return d.withLog(ctx, &surprise{"In step " + strconv.Itoa(i+1) + " the server counted:\n  " + strings.Join(wrong, "\n  ")})
		}
		table = append(table, got.cells(number+s.short, d.runs))
		total = now
		totalRuns += d.runs
	}
	table = append(table, total.cells("in all", totalRuns))
	return d.sumUp(ctx, table, total)
}

// setUp makes the folder, builds, and starts the server.
func (d *demo) setUp(ctx context.Context, found tools, environ []string) (err error) {
	if d.space, err = newWorkspace(found, environ); err != nil {
		return err
	}
	if err = d.space.build(ctx, found, environ); err != nil {
		return err
	}
	if d.server, err = startSandbox(ctx, d.space.sandbox, d.space.caFile); err != nil {
		return err
	}
	err = d.space.setVariables("sandbox", map[string]string{
		"server": d.server.Issuer, "ca_file": d.server.CAFile, "redirect_uri": d.server.RedirectURI,
		"client_id": d.server.ClientID, "client_secret": d.server.ClientSecret,
	})
	if err != nil {
		return err
	}
	d.tf = &terraform{cli: found.cli, dir: d.space.work, env: d.space.env, out: d.out, verbose: d.opts.verbose}
	d.watch = &terraform{cli: found.cli, dir: d.space.watch, env: d.space.env, out: d.out}
	return errors.Join(d.tf.initialize(ctx), d.watch.initialize(ctx))
}

// close stops and removes what there is. It may be called after any part of setUp.
func (d *demo) close(ctx context.Context) error {
	if d.space == nil {
		return nil
	}
	var errs []error
	if d.server != nil {
		if d.opts.keep {
			errs = append(errs, d.keepLog(ctx))
		}
		errs = append(errs, d.server.close())
	}
	if d.opts.keep {
		errs = append(errs, d.space.writeEnvironment())
		d.out.say("Everything was stopped. What was made is kept in %s: the configuration and its state in work, the sealed "+
			"token store in token-store, the server's log in sandbox.log; env.sh holds the environment.", d.space.dir)
		return errors.Join(errs...)
	}
	return errors.Join(append(errs, d.space.remove(ctx))...)
}

func (d *demo) keepLog(ctx context.Context) error {
	lines, err := d.server.log(ctx)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(d.space.dir, "sandbox.log"), []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

// withLog adds the end of the server's log to a surprise.
func (d *demo) withLog(ctx context.Context, err error) error {
	var wrong *surprise
	if !errors.As(err, &wrong) {
		return err
	}
	lines, logErr := d.server.log(ctx)
	if logErr != nil {
		return err
	}
	const most = 12
	lines = lines[max(0, len(lines)-most):]
	return &surprise{wrong.what + "\n\nThe end of the server's log:\n  " + strings.Join(lines, "\n  ")}
}

// plan and apply run the command and count it.
func (d *demo) plan(ctx context.Context) (outcome, error) { return d.run(ctx, planCommand()...) }

func (d *demo) apply(ctx context.Context) (outcome, error) { return d.run(ctx, applyCommand()...) }

func (d *demo) run(ctx context.Context, args ...string) (outcome, error) {
	d.runs++
	return d.tf.run(ctx, args...)
}

// record is what the token store says of the credential, as the configuration that watches it sees it.
type record struct {
	Status           string    `json:"status"`
	Generation       int       `json:"generation"`
	AuthorizationURL string    `json:"authorization_url"`
	NextAttemptAt    time.Time `json:"next_attempt_at"`
	History          []event   `json:"history"`
}

type event struct {
	At         time.Time `json:"at"`
	Generation int       `json:"generation"`
	Verdict    string    `json:"verdict"`
}

// look reads the record through Terraform.
func (d *demo) look(ctx context.Context) (record, error) {
	o, err := d.watch.run(ctx, applyCommand()...)
	if err != nil {
		return record{}, err
	}
	var r record
	if err := json.Unmarshal(o.outputs["credential"], &r); err != nil {
		return record{}, &surprise{"The output of examples/demo/watch could not be read: " + err.Error()}
	}
	return r, nil
}

// expireToken waits until no access token is alive, by the server's own word.
func (d *demo) expireToken(ctx context.Context) error {
	for range 1200 {
		a, err := d.server.newest(ctx)
		if err != nil || a.LiveAccessTokens == 0 {
			return err
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return &surprise{"The access token has not expired within a minute."}
}
