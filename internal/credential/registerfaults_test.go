package credential

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// managingOps are the four calls, as the provider makes them.
var managingOps = map[string]func(context.Context, *Manager) (Registration, error){
	"register": func(ctx context.Context, m *Manager) (Registration, error) {
		reg, _, err := m.Register(ctx, theName, theWish("a1"))
		return reg, err
	},
	"read": func(ctx context.Context, m *Manager) (Registration, error) {
		reg, _, err := m.CheckRegistration(ctx, theName)
		return reg, err
	},
	"update": func(ctx context.Context, m *Manager) (Registration, error) {
		reg, _, err := m.UpdateRegistration(ctx, theName, theWish("a1", "ledger"), false)
		return reg, err
	},
	"delete": func(ctx context.Context, m *Manager) (Registration, error) {
		_, err := m.Deregister(ctx, theName, "a1", true)
		return Registration{}, err
	},
}

// TestManagingUnderFaults makes each call for every call of the store × every way to fail × every fate of the request, and
// then lets the faults end. What reached the process is kept, and nothing dead is ever sent by one that knows better.
func TestManagingUnderFaults(t *testing.T) {
	t.Parallel()
	for _, sh := range shapes {
		for op := range managingOps {
			for name, plan := range allCalls {
				t.Run(sh.name+", "+op+", "+name, func(t *testing.T) {
					t.Parallel()
					mustBeSound(t, func(f fault) (int, []string) {
						r := managingRun{op: op, plan: plan}
						calls := r.try(t, sh, f)
						return calls, r.found
					})
				})
			}
		}
	}
}

type managingRun struct {
	op    string
	plan  callPlan
	found []string

	broken func(*Options)
	alone  bool // another process goes on
}

func (r *managingRun) wrong(format string, args ...any) {
	r.found = append(r.found, fmt.Sprintf(format, args...))
}

// try returns the number of store calls of the call under faults.
func (r *managingRun) try(t *testing.T, sh shape, f fault) (calls int) {
	w := sh.world(t)
	s := newRegistrar(w)
	ctx := context.Background()
	if r.op != "register" {
		if _, err := managingOps["register"](ctx, s.start(t)); err != nil {
			t.Fatal(err)
		}
	}
	s.plan, s.delivered = []callPlan{r.plan}, false
	u := w.under(f)
	m := s.start(t, func(o *Options) {
		if r.broken != nil {
			r.broken(o)
		}
	})
	reg, err := managingOps[r.op](ctx, m)
	calls = u.count()
	errorIsTold(t, err)
	if s.refused > 0 && r.op != "delete" {
		r.wrong("a dead token was sent")
	}
	newest, reached, asked := s.newest, s.delivered && r.op != "delete", s.calls["POST"]
	if err != nil && !f.lasting() && reached {
		r.wrong("one failure of the store cost the registration: %v", err)
	}
	if f.mode == faultCrash || r.alone {
		m, reg = nil, Registration{}
	}
	s.plan = nil
	u.over()
	kept := r.keeps(u, m, reg, newest)
	if reached && !kept && f.mode != faultCrash {
		r.wrong("a token that reached the process is lost")
	}
	r.afterwards(t, s, u, m, reached && kept, asked)
	return calls
}

// keeps tells where the token that was issued last can be found.
func (r *managingRun) keeps(u *run, m *Manager, reg Registration, newest string) bool {
	d := u.app().Registered.dynamic()
	if d != nil && d.Token.Reveal() == newest || u.rescue.holds(newest) {
		return true
	}
	if m != nil {
		if own, ok := m.unsavedOf(appKey); ok && own.registration.Token.Reveal() == newest {
			return true
		}
	}
	return u.fault.lasting() && u.rescue == nil && reg.Dynamic != nil && reg.Dynamic.Token.Reveal() == newest
}

// afterwards lets time pass and the same be asked again.
func (r *managingRun) afterwards(t *testing.T, s *fakeRegistrar, u *run, m *Manager, kept bool, asked int) {
	ctx := context.Background()
	if m == nil {
		m = s.start(t)
	}
	for _, pause := range []time.Duration{0, time.Second, 121 * time.Second, time.Second} {
		u.clock.pass(pause)
		m.looked = map[string]bool{}
		again, cancel := u.clock.timeout(ctx, 5*time.Second)
		_, err := managingOps[r.op](again, m)
		cancel()
		errorIsTold(t, err)
	}
	rec := u.app()
	switch {
	case rec.Claim != nil:
		r.wrong("a claim stands for ever")
	case u.rescue != nil && len(u.rescue.paths()) > 0:
		r.wrong("a rescue file is left behind")
	case r.op == "delete":
		if !rec.IsTombstone() || len(s.clients) > 0 {
			r.wrong("ends with %d clients, history %v", len(s.clients), rec.History)
		}
		return
	case kept && !s.accepts(rec):
		r.wrong("what was kept is not what the server takes: %+v", rec.History)
	case kept && s.refused > 0:
		r.wrong("%d calls came with a dead token", s.refused)
	}
	if r.op == "register" {
		if kept && s.calls["POST"] != asked {
			r.wrong("registered once more although the reply was there")
		}
		if len(s.clients) > 2 || rec.Client.ClientID == "" {
			r.wrong("ends with %d clients, history %v", len(s.clients), rec.History)
		}
		if r.plan == callCutEarly && rec.Registered.Dynamic.Token.IsEmpty() {
			return // the token was behind the cut
		}
	}
	if d := rec.Registered.dynamic(); !s.accepts(rec) && (d.Refused == nil || !d.Refused.Lost) {
		r.wrong("management is lost and the record does not say so: %+v, history %v", d.Refused, rec.History)
	}
	if s.clients[rec.Client.ClientID] == nil {
		r.wrong("the client is gone")
	}
}

// The harness catches an engine whose compare-and-swap is none, and one that keeps no reply.
func TestManagingHarnessCatchesBrokenEngines(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		shape  shape
		broken func(*Options)
		fault  fault
	}{
		"no rescue file": {shapes[2], func(o *Options) { o.Rescue = forgetfulRescue{o.Rescue} }, fault{faultDown, 4}},
		"sent twice":     {shapes[0], func(o *Options) { o.Caller = stutteringCaller{o.Caller} }, fault{}},
	} {
		found := 0
		for at := 1; at < 12; at++ {
			f := tt.fault
			if f.at > 0 {
				f.at = at
			}
			r := managingRun{op: "read", plan: callGood, broken: tt.broken, alone: true}
			r.try(t, tt.shape, f)
			found += len(r.found)
		}
		if found == 0 {
			t.Errorf("%s: nothing was found", name)
		}
	}
}
