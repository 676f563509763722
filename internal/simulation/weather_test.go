package simulation

import (
	"math"
	"time"
)

// weather is how often things go wrong. The first ones are chances of one call, the others happen so many times a day on
// each machine, or to each account.
type weather struct {
	crash, stop                                                                       float64
	storeRefuse, storeFail, storeLie, storeSlow, storeSilent, storeDeaf, storeLate    float64
	netRefuse, netLost, netDeaf, netSlow, netCut, busyBefore, busyAfter, tooMany, bad float64

	noStore, noNetwork, sleeps, clockSet, diskFull, destroyed float64 // a day and machine
	badClient, revoked                                        float64 // a day and account
	wrongSecret                                               float64 // a day and client
}

// newWeather draws the weather of a world: each kind of trouble is rare or frequent. Unless the world is to have everything,
// many kinds are absent, so that one does not hide what another would show. harsh is how frequent at most, in calls.
func (w *world) newWeather(harsh float64) weather {
	absent := 0.4
	if w.config.everything {
		absent = 0
	}
	rate := func() float64 {
		if w.chance(absent) {
			return 0
		}
		return harsh * math.Pow(10, -2*w.dice.Float64())
	}
	daily := func(most float64) float64 {
		if w.chance(absent) {
			return 0
		}
		return most * w.dice.Float64()
	}
	x := weather{
		crash: rate(), stop: rate(),
		storeRefuse: rate(), storeFail: rate(), storeLie: rate(), storeSlow: rate(), storeSilent: rate(), storeDeaf: rate(),
		netRefuse: rate(), netLost: 2 * rate(), netDeaf: 2 * rate(), netSlow: rate(), netCut: rate(),
		busyBefore: rate(), busyAfter: rate(), tooMany: rate(), bad: rate(),
		noStore: daily(6), noNetwork: daily(6), sleeps: daily(4), diskFull: daily(1), destroyed: daily(0.2), clockSet: daily(2),
		badClient: daily(0.2), revoked: daily(0.02),
	}
	if w.config.late > 0 {
		x.storeLate = rate()
	}
	if len(w.config.budgets) > 0 {
		x.wrongSecret = daily(4)
	}
	return x
}

// hazard is what may befall a process wherever it waits.
func (w *world) hazard(p *process) {
	if w.calm || p.dead {
		return
	}
	if w.chance(w.weather.crash) {
		w.after(w.between(0, pick(w.scheduler, 10*time.Millisecond, time.Second)), func() {
			if !p.dead && !w.calm {
				w.figures.crashes++
				w.kill(p, "crash")
			}
		})
	}
	if w.chance(w.weather.stop) {
		d := pick(w.scheduler, time.Second, 12*time.Second, 50*time.Second, 3*time.Minute, 2*time.Hour)
		w.after(w.between(0, 50*time.Millisecond), func() {
			if !w.calm {
				w.stop(p, d)
			}
		})
	}
}

// disasters starts what goes wrong without anybody's doing.
func (w *world) disasters() {
	for _, s := range w.sites {
		for i := range s.machines {
			on := func() *machine { return s.machines[i] } // another one, if this is lost
			w.often(w.weather.noStore, func() { w.cut(on(), &on().noStore, "its store") })
			w.often(w.weather.noNetwork, func() { w.cut(on(), &on().noNetwork, "the server") })
			w.often(w.weather.sleeps, func() { w.sleep(on(), w.between(time.Minute, 10*time.Hour)) })
			if w.maxSkew(s) > 0 {
				w.often(w.weather.clockSet, func() { w.setClock(on()) })
			}
			w.often(w.weather.diskFull, func() { on().rescueBroken = w.now + w.between(time.Minute, time.Hour) })
			if s.kind != local { // whose store would be gone too
				w.often(w.weather.destroyed, func() { w.loseMachine(on()) })
			}
		}
		for _, c := range s.clients {
			w.often(w.weather.wrongSecret, func() { c.wrongUntil = w.now + w.between(time.Minute, 3*time.Hour) })
		}
	}
	for _, a := range w.server.accounts {
		w.often(w.weather.badClient, func() { a.badClientUntil = w.now + w.between(time.Minute, 3*time.Hour) })
		w.often(w.weather.revoked, func() {
			if a.current > 0 {
				w.server.revoke(a.families[a.current-1], "operator", nil)
			}
		})
	}
}

// often runs f so many times a day, at random, in bad weather.
func (w *world) often(daily float64, f func()) {
	if daily <= 0 {
		return
	}
	w.after(time.Duration(w.dice.ExpFloat64()/daily*float64(24*time.Hour)), func() {
		if w.calm {
			return
		}
		f()
		w.often(daily, f)
	})
}

func (w *world) cut(m *machine, o *outage, from string) {
	*o = outage{until: w.now + w.between(time.Second, 3*time.Hour), silence: w.chance(0.5)}
	w.figures.partitions++
	w.note("", "%s is cut off from %s until %s, in silence: %t", m.name, from, o.until, o.silence)
}

// calmDown ends all trouble. What is under way goes on, and what stands still runs again.
func (w *world) calmDown() {
	w.calm, w.calmSince = true, w.now
	for _, s := range w.sites {
		for _, m := range s.machines {
			m.noStore, m.noNetwork, m.rescueBroken = outage{}, outage{}, 0
		}
		for _, c := range s.clients {
			c.wrongUntil = 0
		}
	}
	for _, a := range w.server.accounts {
		a.badClientUntil = 0
	}
}
