package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// terraform runs the program in one folder.
type terraform struct {
	cli     cli
	dir     string
	env     []string
	out     *screen
	verbose bool
}

// outcome is how a command ended. Its parts come from the machine-readable messages (-json), which Terraform and
// OpenTofu keep stable, unlike the text on the screen.
type outcome struct {
	code    int
	summary string // such as "Plan: 0 to add, 0 to change, 0 to destroy."
	changes int    // how many resources that speaks of
	told    []diagnostic
	outputs map[string]json.RawMessage
	all     []string // every message, for -v and for when things go wrong
}

type diagnostic struct {
	Severity string `json:"severity"`
	Summary  string `json:"summary"`
	Detail   string `json:"detail"`
}

// find returns the diagnostic with the summary, or with that of one pair, whose name stands behind it.
func (o outcome) find(severity, summary string) (diagnostic, bool) {
	for _, d := range o.told {
		if d.Severity == severity && (d.Summary == summary || strings.HasPrefix(d.Summary, summary+": ")) {
			return d, true
		}
	}
	return diagnostic{}, false
}

// text returns an output that is a string, and "" where it is none.
func (o outcome) text(name string) string {
	var text string
	if json.Unmarshal(o.outputs[name], &text) != nil {
		return ""
	}
	return text
}

// parseMessages reads what a command with -json printed. A line that is no message is kept as it is.
func parseMessages(text []byte) outcome {
	var o outcome
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, len(text)+1)
	for lines.Scan() {
		var m struct {
			Message    string      `json:"@message"`
			Type       string      `json:"type"`
			Diagnostic *diagnostic `json:"diagnostic"`
			Changes    struct {
				Add    int `json:"add"`
				Change int `json:"change"`
				Remove int `json:"remove"`
			} `json:"changes"`
			Outputs map[string]struct {
				Value json.RawMessage `json:"value"`
			} `json:"outputs"`
		}
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil || m.Message == "" {
			o.all = append(o.all, lines.Text())
			continue
		}
		o.all = append(o.all, m.Message)
		switch {
		case m.Diagnostic != nil:
			o.told = append(o.told, *m.Diagnostic)
			o.all = append(o.all, strings.Split(m.Diagnostic.Detail, "\n")...)
		case m.Type == "change_summary":
			o.summary, o.changes = m.Message, m.Changes.Add+m.Changes.Change+m.Changes.Remove
		case m.Type == "outputs":
			o.outputs = map[string]json.RawMessage{}
			for name, output := range m.Outputs {
				o.outputs[name] = output.Value
			}
		}
	}
	return o
}

// running is a command that goes on, in a process group of its own.
type running struct {
	t     *terraform
	args  []string
	group int
	ended chan struct{}
	text  bytes.Buffer // complete when ended is closed
	code  int          // likewise
}

// start starts a command. When ctx ends, it is killed with all that it started: what it does is worth nothing then.
func (t *terraform) start(ctx context.Context, args ...string) (*running, error) {
	cmd := program(ctx, t.cli.path, args...)
	cmd.Dir, cmd.Env = t.dir, t.env
	r := &running{t: t, args: args, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &r.text, &r.text
	ownGroup(cmd)
	cmd.Cancel = func() error { return killGroup(cmd.Process.Pid) }
	cmd.WaitDelay = 5 * time.Second // what outlives it may hold its output open
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", t.cli.path, err)
	}
	r.group = cmd.Process.Pid
	go func() {
		_ = cmd.Wait() // the code tells
		r.code = cmd.ProcessState.ExitCode()
		close(r.ended)
	}()
	return r, nil
}

// wait waits for the end and returns what was said.
func (r *running) wait(ctx context.Context) (outcome, error) {
	<-r.ended // it is killed when the context ends
	if err := ctx.Err(); err != nil {
		return outcome{}, err
	}
	o := parseMessages(r.text.Bytes())
	o.code = r.code
	if r.t.verbose {
		for _, line := range o.all {
			r.t.out.print(indent + "  : " + line)
		}
	}
	return o, nil
}

// run runs a command that must succeed.
func (t *terraform) run(ctx context.Context, args ...string) (outcome, error) {
	r, err := t.start(ctx, args...)
	if err != nil {
		return outcome{}, err
	}
	o, err := r.wait(ctx)
	if err == nil && o.code != 0 {
		err = &surprise{fmt.Sprintf("%s %s ended with code %d:\n\n%s",
			t.cli.path, strings.Join(args, " "), o.code, strings.Join(o.all, "\n"))}
	}
	return o, err
}

// initialize installs the provider from the mirror.
func (t *terraform) initialize(ctx context.Context) error {
	_, err := t.run(ctx, "init", "-input=false", "-no-color")
	return err
}

// The commands that the demo is about.
func planCommand() []string  { return []string{"plan", "-input=false", "-json"} }
func applyCommand() []string { return []string{"apply", "-input=false", "-json", "-auto-approve"} }

// pairState is what the Terraform state holds of the token pair.
type pairState struct {
	Status      string `json:"status"`
	Generation  int    `json:"generation"`
	AccessToken string `json:"access_token"`
}

// state reads the state.
func (t *terraform) state(ctx context.Context) (pairState, error) {
	r, err := t.start(ctx, "show", "-json", "-no-color")
	if err != nil {
		return pairState{}, err
	}
	<-r.ended
	if err := ctx.Err(); err != nil {
		return pairState{}, err
	}
	return parseState(r.text.Bytes())
}

// parseState finds the token pair in what "show -json" prints.
func parseState(text []byte) (pairState, error) {
	var s struct {
		Values struct {
			Root struct {
				Resources []struct {
					Type   string          `json:"type"`
					Values json.RawMessage `json:"values"`
				} `json:"resources"`
			} `json:"root_module"`
		} `json:"values"`
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return pairState{}, fmt.Errorf("read the state: %w", err)
	}
	for _, r := range s.Values.Root.Resources {
		if r.Type == "oauth_token_pair" {
			var p pairState
			if err := json.Unmarshal(r.Values, &p); err != nil {
				return pairState{}, fmt.Errorf("read the state: %w", err)
			}
			return p, nil
		}
	}
	return pairState{}, &surprise{"The state holds no oauth_token_pair."}
}
