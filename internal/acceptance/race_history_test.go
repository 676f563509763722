//go:build unix

package acceptance_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/storetest"
)

// runWalk is one client of a token store in a process of its own. It prints what it did.
func runWalk(client string) error {
	deps, err := dependencies()
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(client)
	if err != nil {
		return err
	}
	s, err := openStore(deps, deps.Getenv("OAUTH_TOKEN_STORE"))
	if err != nil {
		return err
	}
	steps := storetest.Walk{
		Client: n, Random: rand.New(rand.NewPCG(2, uint64(n))), Now: machineTime,
		Keys: []string{"pair/a", "pair/b"}, Steps: 60, Faulty: true,
	}.Do(context.Background(), s)
	return json.NewEncoder(os.Stdout).Encode(steps)
}

// machineTime is a clock that all processes of this machine share.
func machineTime() int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return 0 // then nothing came before anything, and the history says nothing
	}
	return now.Nano()
}

// What several processes do to one token store looks as if they had done it one after the other.
func TestLinearizableAcrossProcesses(t *testing.T) {
	t.Parallel()
	const processes = 6
	for _, name := range []string{"file", "postgres"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkspace(t)
			if name == "postgres" {
				w.onPostgres(sharedPostgres(t))
			}
			gate := w.closeGate()
			clients := w.engines()
			var all []*running
			for i := range processes {
				clients.env[envEngine] = "walk"
				all = append(all, clients.start(strconv.Itoa(i)))
			}
			gate.open(processes)
			var history []storetest.Step
			verdicts := map[storetest.Verdict]int{}
			for _, one := range all {
				var steps []storetest.Step
				if r := one.wait(); r.code != 0 || json.Unmarshal([]byte(r.stdout), &steps) != nil {
					t.Fatalf("a client exited with %d: %s", r.code, r.stderr)
				}
				for _, s := range steps {
					verdicts[s.Verdict]++
				}
				history = append(history, steps...)
			}
			if history[0].Call == 0 || verdicts[storetest.Conflict] == 0 || verdicts[storetest.Unclear] == 0 {
				t.Errorf("the clients did not come into each other's way: %v", verdicts)
			}
			if err := storetest.Linearizable(history); err != nil {
				t.Error(err)
			}
		})
	}
}
