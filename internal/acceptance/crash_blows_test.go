//go:build unix

package acceptance_test

import (
	"path/filepath"
	"syscall"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
)

// blow is what befalls the processes that stand at a place.
type blow struct {
	name   string
	logs   bool // the provider writes its log to standard error all the time
	kills  bool // the provider process
	strike func(*standing)
}

// The blows. Each returns when terraform and the provider process are gone.
var (
	killProvider = blow{name: "SIGKILL provider", kills: true, strike: func(st *standing) {
		st.signal(st.pid, syscall.SIGKILL)
		st.gone()
	}}
	killGroup = blow{name: "SIGKILL group", kills: true, strike: func(st *standing) {
		st.run.signalGroup(syscall.SIGKILL)
		st.gone()
	}}
	// The provider goes on without its parent.
	killCore = blow{name: "SIGKILL core", strike: orphan}
	// The same while it logs: each line goes to a pipe that nobody reads, and would end it with SIGPIPE.
	closeStderr = blow{name: "closed stderr", logs: true, strike: orphan}
	// What CI runners do when a job is cancelled.
	terminateGroup = blow{name: "SIGTERM group", strike: func(st *standing) {
		st.run.signalGroup(syscall.SIGTERM)
		st.stop.cancelled()
		st.goOn()
		st.gone()
	}}
	// A machine that sleeps for longer than a request may take to leave.
	holdUp = blow{name: "SIGSTOP group", strike: func(st *standing) {
		st.run.signalGroup(syscall.SIGSTOP)
		eventually(st.c.t, "the provider process at "+st.place.name+" has stopped", func() bool { return isStopped(st.pid) })
		st.c.w.advance(credential.DefaultTimings().SendBy + time.Second)
		st.goOn()
		st.run.signalGroup(syscall.SIGCONT)
		st.gone()
	}}
	interruptCore = blow{name: "SIGINT core", strike: func(st *standing) {
		st.signal(st.run.cmd.Process.Pid, syscall.SIGINT)
		st.stop.cancelled()
		st.goOn()
		st.gone()
	}}
)

func orphan(st *standing) {
	st.signal(st.run.cmd.Process.Pid, syscall.SIGKILL)
	st.stop.cancelled()
	st.goOn()
	st.gone()
}

func (st *standing) signal(pid int, s syscall.Signal) {
	st.c.t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		st.c.t.Fatalf("%s: %v", st.place.name, err)
	}
}

// gone waits until terraform and the provider have ended and the server holds nothing of theirs.
func (st *standing) gone() {
	st.c.t.Helper()
	st.run.wait()
	waitGone(st.c.t, st.pid)
	if st.place.tls {
		st.c.s.Release() // a server that reads nothing does not notice
	}
	eventually(st.c.t, "the server has let go of "+st.place.name, func() bool { return len(st.c.s.Held()) == 0 })
}

// befall prepares the workspace for the blow.
func (b blow) befall(c *site) {
	if b.logs {
		c.w.env["TF_LOG_PROVIDER"] = "TRACE"
		c.w.env["TF_LOG_PATH"] = filepath.Join(filepath.Dir(c.w.dir), "log")
	}
}
