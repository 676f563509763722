//go:build unix

package acceptance_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// stopGroups are those in which terraform and provider stand still for a while, and others act.
func stopGroups() []group {
	return []group{
		{"SIGSTOP, others wait", othersWait, revokes, false},
		{"SIGSTOP, others take over", func(c *site, m *matrix, column string) {
			c.configure(placesOf(c.b), "")
			c.stoppedBeyondTTL("plan", m, column, takenOverFatally)
		}, revokes, false},
		{"SIGSTOP of an update, others take over", func(c *site, m *matrix, column string) {
			c.configure(placesOf(c.b, turns...), `refresh = { strategy = "at_apply" }`)
			c.stoppedBeyondTTL("apply", m, column, takenOver)
		}, rejects, false},
		{"SIGSTOP, others serve", othersServe, revokes, false},
	}
}

// freeze brings a plan or an apply to each place and stops it there.
func (c *site) freeze(command string) []*standing {
	c.t.Helper()
	args := []string{command, "-input=false", "-no-color", "-lock=false"}
	if command == "apply" {
		args = append(args, "-auto-approve")
	}
	var all []*standing
	for _, p := range c.places {
		st := c.bring(p, args...)
		st.run.signalGroup(syscall.SIGSTOP)
		eventually(c.t, "the provider process at "+p.name+" has stopped", func() bool { return isStopped(st.pid) })
		all = append(all, st)
	}
	return all
}

func isStopped(pid int) bool {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		return true // as good as known where no /proc tells: nothing can refuse the signal
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(text), ") ")
	return err == nil && strings.HasPrefix(rest, "T")
}

// thaw lets all of them go on, at once, and waits for their end. What the server holds stays held if hold is set: then
// the time of those requests runs out.
func (c *site) thaw(all []*standing, hold bool) {
	c.t.Helper()
	for _, st := range all {
		if st.place.fault == nil || !hold {
			st.goOn()
		}
		st.run.signalGroup(syscall.SIGCONT)
	}
	for _, st := range all {
		if r := st.run.wait(); r.code != 0 {
			c.t.Errorf("%s: what was stopped exited with %d:\n%s\n%s", st.place.name, r.code, r.stdout, r.stderr)
		}
		waitGone(c.t, st.pid)
	}
	c.s.Release()
}

// Others come while the claim is good: they wait, and take what the first brings.
func othersWait(c *site, m *matrix, column string) {
	c.configure(placesOf(c.b, turns...), "")
	c.settle()
	timings := credential.DefaultTimings()
	// Longer than all of this takes.
	timings.SendBy, timings.RequestTimeout, timings.StoreTimeout = 100*time.Second, 100*time.Second, 100*time.Second
	c.w.timings(timings)

	all := c.freeze("plan")
	waiting := c.w.stopAt("sleep")
	other := c.w.start("apply", "-json", "-input=false", "-auto-approve", "-lock=false", "-parallelism=20")
	c.w.noStop()
	waiting.reached(other, "sleep")
	waiting.letGo("sleep")
	select {
	case <-other.done:
		c.t.Errorf("the other apply did not wait")
	default:
	}
	c.thaw(all, false)
	r := other.wait()
	if r.code != 0 {
		c.t.Errorf("the other apply exited with %d:\n%s\n%s", r.code, r.stdout, r.stderr)
	}
	c.expectRound(0, told, c.diagnostics(r))
	c.settleUp(m, column, told)
}

// shortTimings make a claim's TTL short enough to wait for it, and long enough for what must happen within one more: 24 s.
func shortTimings() credential.Timings {
	t := credential.DefaultTimings()
	t.SendBy, t.RequestTimeout, t.CommitRetry, t.Slack = 3*time.Second, 4*time.Second, 500*time.Millisecond, 16500*time.Millisecond
	return t
}

// stoppedBeyondTTL stops a process at each place. Others come, the access token has expired, and the claim's TTL passes:
// they take over and go by the rules of an unknown outcome. Then those that were stopped go on.
func (c *site) stoppedBeyondTTL(command string, m *matrix, column string, fates map[string]fate) {
	c.t.Helper()
	c.settle()
	c.w.timings(shortTimings())
	all := c.freeze(command)
	for _, p := range c.places {
		c.expectDone(p.name, rowOf(c.t, fates, p.name).done)
	}
	if c.table != nil {
		c.later(claimTTL) // by the clock of the token store; a folder has none, and the others look on for as long
	}
	c.expectRound(0, fates, c.driver.apply(c, "-lock=false", "-parallelism=20"))
	c.thaw(all, true)
	c.expectRound(1, fates, c.driver.apply(c))
	c.later(time.Hour)
	c.expectRound(2, fates, c.driver.apply(c))
	c.settleUp(m, column, fates)
}

// Others come, and the access token still works: it is served, and nobody takes over.
func othersServe(c *site, m *matrix, column string) {
	c.configure(placesOf(c.b, turns...), `refresh = { before_expiry = "5m" }`)
	c.w.apply()
	c.w.plan()
	c.later(6 * time.Minute) // of ten
	c.mark()
	c.w.timings(shortTimings())
	all := c.freeze("plan")
	c.expectRound(0, served, c.driver.apply(c, "-lock=false", "-parallelism=20"))
	c.thaw(all, true)
	c.expectRound(1, served, c.driver.apply(c))
	c.later(time.Hour)
	c.expectRound(2, served, c.driver.apply(c))
	c.settleUp(m, column, served)
}
